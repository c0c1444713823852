/* Topics and scores shown in a table, and checked. */
#include "lesson.h"
#include "segment.h"


/* More than the learner takes; says so. */
static bool
es_list_many(const es_lesson_catalog_t *catalog)
{
    size_t  n = es_lesson_good(catalog, NULL);

    if (n > ES_LESSONS_RULES) {
        es_fail("there are %zu %ss, and the learner takes %d of them: delete "
                "some", n, catalog->kind->name, ES_LESSONS_RULES);
    }

    return n > ES_LESSONS_RULES;
}


/* What is to be said of one below the table */
static void
es_list_note(es_cli_t *cli, const es_lesson_entry_t *entry)
{
    const char  *what = entry->error ? entry->error : entry->warning;

    if (what == NULL) {
        return;
    }

    printf("\n");
    es_print(stdout, entry->lesson.name);
    printf(": ");
    es_color(cli, entry->error ? ES_COLOR_BAD : ES_COLOR_WARN);
    es_print(stdout, es_text(what));
    es_color(cli, ES_COLOR_NONE);
    printf("\n");

    if (es_caret_column(what) != 0) {
        es_caret(stdout, entry->text, what);
    }
}


static void
es_list_table(es_cli_t *cli, const es_lesson_catalog_t *catalog)
{
    size_t                    i;
    es_table_t               *table;
    const es_lesson_entry_t  *entry;

    table = es_table(cli, catalog->kind->topic ? "TOPIC" : "SCORE", "LEARNER",
                     catalog->kind->topic ? "RULE" : "POINTS WHEN RULE",
                     (char *) NULL);

    for (i = 0; i < catalog->n; i++) {
        entry = &catalog->entry[i];
        es_table_cell(table, entry->lesson.name);
        es_table_cell(table, entry->error ? es_str("refused")
                                          : es_str("taken"));
        es_table_color(table, entry->error ? ES_COLOR_BAD
                              : entry->warning ? ES_COLOR_WARN
                                               : ES_COLOR_GOOD);
        es_table_cell(table, entry->text);
    }

    es_table_print(table);

    for (i = 0; i < catalog->n; i++) {
        es_list_note(cli, &catalog->entry[i]);
    }
}


static void
es_list_json(const es_lesson_catalog_t *catalog)
{
    size_t   i;
    json_t  *all = json_array();

    for (i = 0; i < catalog->n; i++) {
        json_array_append_new(all, es_lesson_json(catalog->kind,
                                                  &catalog->entry[i]));
    }

    es_json_print(all);
}


int
es_lesson_list(es_cli_t *cli, const es_lesson_kind_t *kind)
{
    int                  status;
    es_lesson_catalog_t  catalog;

    status = ES_EXIT_FAIL;

    if (es_lesson_load(cli, kind, &catalog)) {
        status = ES_EXIT_GOOD;

        if (cli->json) {
            es_list_json(&catalog);

        } else if (catalog.n == 0) {
            printf("there are no %ss; exportsite %s set --help tells how to "
                   "make one\n", kind->name, kind->name);

        } else {
            es_list_table(cli, &catalog);
        }

        (void) es_list_many(&catalog);
    }

    es_lesson_free(&catalog);

    return status;
}


/* One text, without Redis */
static int
es_check_text(es_cli_t *cli, const es_lesson_kind_t *kind, es_str_t text)
{
    int                 status;
    es_heap_t          *heap = es_heap_create();
    es_lesson_entry_t   entry;

    es_lesson_make(kind, heap, NULL, text, &entry);
    status = entry.error ? ES_EXIT_FAIL : ES_EXIT_GOOD;

    if (cli->json) {
        es_json_print(es_lesson_json(kind, &entry));

    } else if (entry.error != NULL || entry.warning != NULL) {
        es_lesson_complain(kind, &entry, entry.error == NULL);

    } else {
        printf("the %s is right\n", kind->topic ? "rule" : "score");
    }

    es_lesson_drop(&entry);
    es_heap_destroy(heap);

    return status;
}


static int
es_check_catalog(es_cli_t *cli, const es_lesson_catalog_t *catalog)
{
    bool                      many;
    size_t                    i, refused, warnings;
    const es_lesson_entry_t  *entry;

    for (i = 0, refused = 0, warnings = 0; i < catalog->n; i++) {
        entry = &catalog->entry[i];
        refused += entry->error != NULL;
        warnings += entry->warning != NULL;

        if (!cli->json && (entry->error != NULL || entry->warning != NULL)) {
            es_lesson_complain(catalog->kind, entry, entry->error == NULL);
        }
    }

    if (cli->json) {
        es_list_json(catalog);

    } else {
        printf("%zu %s%s, %zu refused, %zu warning%s\n", catalog->n,
               catalog->kind->name, catalog->n == 1 ? "" : "s", refused,
               warnings, warnings == 1 ? "" : "s");
    }

    many = es_list_many(catalog);

    return refused > 0 || many ? ES_EXIT_FAIL : ES_EXIT_GOOD;
}


int
es_lesson_check(es_cli_t *cli, const es_args_t *args,
    const es_lesson_kind_t *kind)
{
    int                  status;
    es_lesson_catalog_t  catalog;

    if (args->argc == 1) {
        return es_check_text(cli, kind, es_text(args->argv[0]));
    }

    status = es_lesson_load(cli, kind, &catalog)
             ? es_check_catalog(cli, &catalog) : ES_EXIT_FAIL;
    es_lesson_free(&catalog);

    return status;
}
