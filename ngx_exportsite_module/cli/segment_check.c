/* Rules checked: those in Redis, those of a file, or one. */
#include <stdlib.h>
#include <sys/stat.h>

#include "segment.h"


#define ES_CHECK_FILE_MAX  (16 * 1024 * 1024)


/* A rule by itself, which may refer to any segment */
static int
es_check_rule(es_cli_t *cli, es_str_t text)
{
    json_t              *json;
    es_heap_t           *heap = es_heap_create();
    es_rule_t           *rule;
    es_rule_error_t      err;
    es_segment_entry_t   entry;

    memset(&entry, 0, sizeof(es_segment_entry_t));
    entry.rule = text;
    rule = es_rule_compile(text, ES_RULE_VISITOR, es_heap_pool(heap), &err);
    entry.error = rule ? NULL : err.text;
    entry.warning = rule ? rule->warning : NULL;

    if (cli->json) {
        json = es_segment_json(&entry);
        json_object_del(json, "segment");
        json_object_del(json, "site");
        es_json_print(json);

    } else if (rule == NULL) {
        es_fail("%s", err.text);
        es_caret(stderr, text, err.text);

    } else if (rule->warning != NULL) {
        es_fail("warning: %s", rule->warning);
        es_caret(stderr, text, rule->warning);

    } else {
        printf("the rule is right\n");
    }

    if (rule != NULL) {
        es_rule_destroy(rule);
    }

    es_heap_destroy(heap);

    return entry.error ? ES_EXIT_FAIL : ES_EXIT_GOOD;
}


/*
 * Says what is wrong with all of a catalog; 0 is good. So many lines of the
 * file are not in it.
 */
static int
es_check_catalog(es_cli_t *cli, const es_catalog_t *catalog, const char *file,
    size_t faults)
{
    size_t               i, refused, warnings;
    json_t              *all;
    es_segment_entry_t  *entry;

    all = json_array();

    for (i = 0, refused = 0, warnings = 0; i < catalog->n; i++) {
        entry = catalog->entry[i];
        refused += entry->error != NULL || entry->site != NULL;
        warnings += entry->warning != NULL;

        if (cli->json) {
            json_array_append_new(all, es_segment_json(entry));
            continue;
        }

        if (entry->error != NULL) {
            es_segment_complain(file, entry, false);

        } else if (entry->site != NULL) {
            es_fail("segment \"%s\": a site says: %s", es_shown(entry->name),
                    es_shown(es_text(entry->site)));
        }

        if (entry->warning != NULL) {
            es_segment_complain(file, entry, true);
        }
    }

    if (cli->json) {
        es_json_print(all);

    } else {
        json_decref(all);
        printf("%zu segment%s, %zu refused, %zu warning%s", catalog->n,
               catalog->n == 1 ? "" : "s", refused, warnings,
               warnings == 1 ? "" : "s");

        if (faults > 0) {
            printf(", %zu line%s left out", faults, faults == 1 ? "" : "s");
        }

        printf("\n");
    }

    return refused + faults > 0 ? ES_EXIT_FAIL : ES_EXIT_GOOD;
}


static int
es_check_file(es_cli_t *cli, const char *name)
{
    int            status;
    size_t         faults;
    es_str_t       text;
    es_catalog_t  *catalog = es_catalog_create();

    status = ES_EXIT_FAIL;
    text = es_file_read(catalog->heap, name, ES_CHECK_FILE_MAX);

    if (text.data != NULL) {
        faults = es_segment_file_read(catalog, name, text);
        es_catalog_link(catalog);
        status = es_check_catalog(cli, catalog,
                                  strcmp(name, "-") == 0 ? "stdin" : name,
                                  faults);
    }

    es_catalog_destroy(catalog);

    return status;
}


/* A file, or a rule; what is wrong as a rule may have been meant as a file. */
static int
es_check_text(es_cli_t *cli, const char *text)
{
    int          status;
    bool         there;
    struct stat  st;

    there = stat(text, &st) == 0;

    if (strcmp(text, "-") == 0 || (there && !S_ISDIR(st.st_mode))) {
        return es_check_file(cli, text);
    }

    status = es_check_rule(cli, es_text(text));

    if (status != ES_EXIT_GOOD && strpbrk(text, "./") != NULL
        && strpbrk(text, " \t\r\n=<>~()\"'") == NULL)
    {
        es_fail(there ? "\"%s\" is a folder" : "there is no file \"%s\"",
                es_shown(es_text(text)));
    }

    return status;
}


int
es_segment_check(es_cli_t *cli, const es_args_t *args)
{
    int            status;
    es_catalog_t  *catalog;

    if (args->argc == 1) {
        return es_check_text(cli, args->argv[0]);
    }

    catalog = es_catalog_load(cli);

    if (catalog == NULL) {
        return ES_EXIT_FAIL;
    }

    status = es_check_catalog(cli, catalog, NULL, 0);
    es_catalog_destroy(catalog);

    return status;
}
