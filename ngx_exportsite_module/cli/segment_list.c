/* Segments shown: all in a table, or one rule. */
#include <stdlib.h>
#include <unistd.h>

#include "segment.h"


enum {
    ES_LIST_QUICK
};

typedef struct {
    uint64_t    *matches;              /* by number in the set */
    uint32_t    *number;               /* by place in the catalog */
    es_person_t *person;
    es_match_t   match;
    bool         counted;
} es_list_t;


static void
es_list_each(es_match_t *match, es_person_t *person, es_str_t id)
{
    size_t      i, n = es_segments_count(person->catalog->set);
    es_list_t  *list = match->data;

    for (i = 0; i < n; i++) {
        list->matches[i] += es_person_is_in(person, (uint32_t) i);
    }
}


/*
 * Counts the profiles in each segment, if this user may; false after saying
 * what is wrong.
 */
static bool
es_list_count(es_cli_t *cli, es_catalog_t *catalog, es_list_t *list,
    bool quick)
{
    size_t      i, n = es_segments_count(catalog->set);
    es_pool_t  *pool = es_heap_pool(catalog->heap);

    memset(list, 0, sizeof(es_list_t));
    list->matches = es_alloc(pool, (n + 1) * sizeof(uint64_t));
    list->number = es_alloc(pool, (catalog->n + 1) * sizeof(uint32_t));
    memset(list->matches, 0, (n + 1) * sizeof(uint64_t));
    list->person = es_person_create(catalog);
    list->match.each = es_list_each;
    list->match.data = list;

    for (i = 0; i < catalog->n; i++) {
        list->number[i] = es_catalog_number(catalog, catalog->entry[i]);
        es_person_expect(list->person, list->number[i]);
    }

    if (quick || catalog->n == 0) {
        return true;
    }

    cli->denied = false;
    list->counted = es_match_profiles(cli, list->person, &list->match);

    if (!list->counted && cli->denied) {
        es_fail("so profiles are not counted (\"?\"); --quick does not try to");
    }

    return list->counted || cli->denied;
}


static void
es_list_row(es_table_t *table, const es_list_t *list,
    const es_segment_entry_t *entry, uint32_t number, const char *unknown)
{
    es_table_cell(table, entry->name);

    if (number == ES_SEGMENT_UNKNOWN) {
        es_table_cell(table, es_str("-"));

    } else if (list->counted) {
        es_table_cellf(table, "%llu%s",
                       (unsigned long long) list->matches[number],
                       unknown[0] ? "*" : "");

    } else {
        es_table_cell(table, es_str("?"));
    }

    if (entry->error != NULL || entry->site != NULL) {
        es_table_cell(table, es_str("refused"));
        es_table_color(table, ES_COLOR_BAD);

    } else {
        es_table_cell(table, es_str("taken"));
        es_table_color(table, entry->warning ? ES_COLOR_WARN : ES_COLOR_GOOD);
    }

    es_table_cell(table, entry->rule);
}


/* What is to be said of a segment below the table */
static void
es_list_note(es_cli_t *cli, const es_segment_entry_t *entry)
{
    const char  *what;

    what = entry->error ? entry->error : entry->site ? entry->site
                                                     : entry->warning;
    if (what == NULL) {
        return;
    }

    printf("\n");
    es_print(stdout, entry->name);
    printf(": ");
    es_color(cli, what == entry->warning ? ES_COLOR_WARN : ES_COLOR_BAD);
    es_print(stdout, es_text(what));
    es_color(cli, ES_COLOR_NONE);
    printf("\n");

    if (entry->error == NULL && entry->site != NULL) {
        printf("  so a site said; it is right as it stands now, if no other "
               "version of exportsite runs there\n");

    } else if (es_caret_column(what) != 0) {
        es_caret(stdout, entry->rule, what);
    }
}


static void
es_list_table(es_cli_t *cli, es_catalog_t *catalog, const es_list_t *list)
{
    bool         starred;
    char         unknown[512];
    size_t       i;
    es_table_t  *table;

    table = es_table(cli, "SEGMENT", ">PROFILES", "SITES", "RULE",
                     (char *) NULL);

    for (i = 0, starred = false; i < catalog->n; i++) {
        es_person_unknown(list->person, list->number[i], unknown,
                          sizeof(unknown));
        es_list_row(table, list, catalog->entry[i], list->number[i], unknown);
        starred |= unknown[0] != '\0' && list->counted;
    }

    es_table_print(table);

    if (starred) {
        printf("\n* its rule also asks for what only a visit has (path, hour "
               "and the like), which is\n  taken as missing here; segment "
               "test tells more\n");
    }

    for (i = 0; i < catalog->n; i++) {
        es_list_note(cli, catalog->entry[i]);
    }
}


static void
es_list_json(es_catalog_t *catalog, const es_list_t *list)
{
    char                 unknown[512];
    size_t               i;
    json_t              *all, *json;
    uint32_t             number;
    es_segment_entry_t  *entry;

    all = json_array();

    for (i = 0; i < catalog->n; i++) {
        entry = catalog->entry[i];
        number = list->number[i];
        json = es_segment_json(entry);
        es_person_unknown(list->person, number, unknown, sizeof(unknown));
        json_object_set_new(json, "taken",
                            json_boolean(!entry->error && !entry->site));
        json_object_set_new(json, "profiles",
                            list->counted && number != ES_SEGMENT_UNKNOWN
                            ? json_integer((json_int_t) list->matches[number])
                            : json_null());
        json_object_set_new(json, "taken_as_missing",
                            es_json_text(es_text(unknown)));
        json_array_append_new(all, json);
    }

    es_json_print(all);
}


int
es_segment_list(es_cli_t *cli, const es_args_t *args)
{
    bool           good;
    es_list_t      list;
    es_catalog_t  *catalog = es_catalog_load(cli);

    if (catalog == NULL) {
        return ES_EXIT_FAIL;
    }

    good = es_list_count(cli, catalog, &list,
                         args->option[ES_LIST_QUICK] != NULL);

    if (cli->json) {
        es_list_json(catalog, &list);

    } else if (catalog->n == 0) {
        printf("there are no segments; exportsite segment set --help tells "
               "how to make one\n");

    } else {
        es_list_table(cli, catalog, &list);
    }

    es_catalog_destroy(catalog);

    return good ? ES_EXIT_GOOD : ES_EXIT_FAIL;
}


static int
es_show_entry(es_cli_t *cli, const es_segment_entry_t *entry)
{
    if (cli->json) {
        es_json_print(es_segment_json(entry));
        return ES_EXIT_GOOD;
    }

    if (isatty(STDOUT_FILENO)) {
        es_print(stdout, entry->rule);

    } else {
        fwrite(entry->rule.data, 1, entry->rule.len, stdout);
    }

    printf("\n");

    if (entry->error != NULL) {
        es_segment_complain(NULL, entry, false);

    } else if (entry->site != NULL) {
        es_fail("a site says: %s", es_shown(es_text(entry->site)));
    }

    if (entry->warning != NULL) {
        es_segment_complain(NULL, entry, true);
    }

    return ES_EXIT_GOOD;
}


int
es_segment_show(es_cli_t *cli, const es_args_t *args)
{
    int                  status;
    es_str_t             name = es_text(args->argv[0]);
    es_catalog_t        *catalog = es_catalog_load(cli);
    es_segment_entry_t  *entry;

    if (catalog == NULL) {
        return ES_EXIT_FAIL;
    }

    entry = es_catalog_find(catalog, name);

    status = entry ? es_show_entry(cli, entry)
                   : es_fail("there is no segment \"%s\"; exportsite segment "
                             "list shows all", es_shown(name));

    es_catalog_destroy(catalog);

    return status;
}
