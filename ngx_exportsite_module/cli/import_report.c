/* What became of the lines of all logs. */
#include "import.h"


static const struct {
    const char  *name;                 /* in JSON */
    const char  *title;
} es_import_fates[ES_IMPORT_FATES] = {
    [ES_IMPORT_VIEW]     = { "views", "views" },
    [ES_IMPORT_DONE]     = { "imported", "imported before" },
    [ES_IMPORT_UNPARSED] = { "unparsed", "not in the combined format" },
    [ES_IMPORT_METHOD]   = { "method", "no GET" },
    [ES_IMPORT_STATUS]   = { "status", "neither status 200 nor 304" },
    [ES_IMPORT_TIME]     = { "time", "outside --until, or in the future" },
    [ES_IMPORT_ASSET]    = { "asset", "pictures, style sheets and the like" },
    [ES_IMPORT_CRAWLER]  = { "crawler", "crawlers" }
};


static void
es_import_json(es_import_t *import, uint64_t ms, const char *first,
    const char *last)
{
    size_t   i;
    json_t  *json, *skipped;

    json = json_object();
    skipped = json_object();

    json_object_set_new(json, "lines", json_integer((json_int_t)
                                                    import->lines));
    json_object_set_new(json, "views", json_integer((json_int_t)
                        import->fates[ES_IMPORT_VIEW]));
    json_object_set_new(json, "written", json_integer((json_int_t)
                                                      import->written));

    for (i = ES_IMPORT_VIEW + 1; i < ES_IMPORT_FATES; i++) {
        json_object_set_new(skipped, es_import_fates[i].name,
                            json_integer((json_int_t) import->fates[i]));
    }

    json_object_set_new(json, "skipped", skipped);
    json_object_set_new(json, "days", json_integer(import->ndays));

    if (import->ndays > 0) {
        json_object_set_new(json, "first_day", json_string(first));
        json_object_set_new(json, "last_day", json_string(last));
    }

    json_object_set_new(json, "ms", json_integer((json_int_t) ms));
    es_json_print(json);
}


void
es_import_report(es_import_t *import)
{
    char         first[ES_DAY_TEXT + 1], last[ES_DAY_TEXT + 1];
    size_t       i;
    double       seconds;
    uint64_t     ms;
    es_table_t  *table;

    ms = es_now() - import->now + 1;
    seconds = (double) ms / 1000;

    es_day_format(first, import->first_day);
    es_day_format(last, import->last_day);
    first[ES_DAY_TEXT] = '\0';
    last[ES_DAY_TEXT] = '\0';

    if (import->cli->json) {
        es_import_json(import, ms, first, last);
        return;
    }

    table = es_table(import->cli, ">LINES", "", (const char *) NULL);

    for (i = 0; i < ES_IMPORT_FATES; i++) {
        es_table_cellf(table, "%llu", (unsigned long long) import->fates[i]);
        es_table_cell(table, es_text(es_import_fates[i].title));

        if (i == ES_IMPORT_UNPARSED && import->fates[i] > 0) {
            es_table_color(table, ES_COLOR_WARN);
        }
    }

    es_table_cellf(table, "%llu", (unsigned long long) import->lines);
    es_table_cell(table, es_str("in all"));
    es_table_print(table);

    if (import->lines > 0
        && import->fates[ES_IMPORT_UNPARSED] == import->lines)
    {
        printf("\nno line is in the combined format: nothing was imported\n");
        return;
    }

    printf("\n%llu events %swritten", (unsigned long long) import->written,
           import->dry ? "(dry run) " : "");

    if (import->ndays == 1) {
        printf(", views of %s", first);

    } else if (import->ndays > 1) {
        printf(", views of %u days from %s to %s", import->ndays, first,
               last);
    }

    printf("; %.1f s, %.0f lines a second\n", seconds,
           (double) import->lines / seconds);
}
