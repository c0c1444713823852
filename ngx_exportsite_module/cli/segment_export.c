/* Segments written to a text file, for version control. */
#include <stdlib.h>
#include <unistd.h>

#include "../core/text.h"
#include "segment.h"


/* One line; false after saying why it cannot be one. */
static bool
es_export_line(es_catalog_t *catalog, const es_segment_entry_t *entry)
{
    es_str_t  line;

    if (!es_name_valid(entry->name)) {
        es_fail("\"%s\" is no name of a segment, and was left out",
                es_shown(entry->name));
        return false;
    }

    if (!es_segment_one_line(catalog->heap, entry->rule, &line)) {
        es_fail("segment \"%s\" has a line break inside quotes, which a line "
                "cannot hold, and was left out", es_shown(entry->name));
        return false;
    }

    printf("%s = ", entry->name.data);

    if (isatty(STDOUT_FILENO)) {
        es_print(stdout, line);

    } else {
        fwrite(line.data, 1, line.len, stdout);
    }

    printf("\n");

    if (entry->error != NULL) {
        es_segment_complain(NULL, entry, false);
    }

    return true;
}


static json_t *
es_export_json(const es_catalog_t *catalog)
{
    char    *name;
    size_t   i;
    json_t  *json = json_object();

    for (i = 0; i < catalog->n; i++) {
        if (es_name_valid(catalog->entry[i]->name)) {
            name = (char *) catalog->entry[i]->name.data;
            json_object_set_new(json, name,
                                es_json_text(catalog->entry[i]->rule));
        }
    }

    return json;
}


int
es_segment_export(es_cli_t *cli, const es_args_t *args)
{
    bool           good;
    size_t         i;
    es_catalog_t  *catalog = es_catalog_load(cli);

    if (catalog == NULL) {
        return ES_EXIT_FAIL;
    }

    good = true;

    if (cli->json) {
        es_json_print(es_export_json(catalog));

    } else {
        printf("# Segments, a line each: name = rule\n");

        for (i = 0; i < catalog->n; i++) {
            good &= es_export_line(catalog, catalog->entry[i]);
        }
    }

    es_catalog_destroy(catalog);

    return good ? ES_EXIT_GOOD : ES_EXIT_FAIL;
}
