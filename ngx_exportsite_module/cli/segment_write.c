/* Segments defined and deleted, one by one. */
#include <stdlib.h>

#include "../core/text.h"
#include "../redis/keys.h"
#include "segment.h"


/* Whether others can be as they are beside it; says so if not. */
static bool
es_set_others(const es_catalog_t *catalog, const es_segment_entry_t *entry)
{
    bool                 good;
    size_t               i;
    es_segment_entry_t  *other;

    good = true;

    for (i = 0; i < catalog->n; i++) {
        other = catalog->entry[i];

        if (other != entry && other->error != NULL && other->before == NULL) {
            es_segment_complain(NULL, other, false);
            good = false;
        }
    }

    if (!good) {
        es_fail("so segment \"%s\" was not set", es_shown(entry->name));
    }

    return good;
}


static void
es_set_said(es_cli_t *cli, const es_segment_entry_t *entry)
{
    char     site[600];
    bool     said;
    json_t  *json;

    said = es_sites_view(cli, "segment", entry->name, site, sizeof(site));

    if (cli->json) {
        json = es_segment_json(entry);
        json_object_set_new(json, "site", said ? es_json_text(es_text(site))
                                               : json_null());
        es_json_print(json);

    } else {
        printf("segment \"%s\" is set\n", es_shown(entry->name));
    }

    if (entry->warning != NULL) {
        es_segment_complain(NULL, entry, true);
    }

    if (said) {
        es_fail("the sites have not taken back what they said before: %s; is "
                "nginx running, and connected?", site);
    }
}


int
es_segment_set(es_cli_t *cli, const es_args_t *args)
{
    int                  status;
    es_str_t             name = es_text(args->argv[0]);
    redisReply          *reply;
    es_catalog_t        *catalog;
    es_segment_entry_t  *entry;

    if (!es_name_valid(name)) {
        return es_misuse("segment set", "\"%s\" is no name: it has small "
                         "letters, digits, \"-\" and \"_\", begins with a "
                         "letter and is at most 64 long", es_shown(name));
    }

    catalog = es_catalog_load(cli);

    if (catalog == NULL) {
        return ES_EXIT_FAIL;
    }

    entry = es_catalog_put(catalog, name, es_text(args->argv[1]));
    es_catalog_link(catalog);
    status = ES_EXIT_FAIL;

    if (entry->error != NULL) {
        es_segment_complain(NULL, entry, false);

    } else if (es_set_others(catalog, entry)) {
        reply = es_ask(cli, "HSET %s %b %b", es_keyf(cli, ES_KEY_SEGMENTS),
                       name.data, name.len, entry->rule.data, entry->rule.len);

        if (reply != NULL) {
            freeReplyObject(reply);
            es_set_said(cli, entry);
            status = ES_EXIT_GOOD;
        }
    }

    es_catalog_destroy(catalog);

    return status;
}


/* Rules that referred to what is gone */
static void
es_rm_missed(es_catalog_t *catalog)
{
    size_t                i;
    const char          **before;
    es_segment_entry_t   *entry;

    before = es_alloc(es_heap_pool(catalog->heap),
                      (catalog->n + 1) * sizeof(char *));

    for (i = 0; i < catalog->n; i++) {
        before[i] = catalog->entry[i]->warning;
    }

    es_catalog_link(catalog);

    for (i = 0; i < catalog->n; i++) {
        entry = catalog->entry[i];

        if (entry->warning != NULL
            && (before[i] == NULL || strcmp(before[i], entry->warning) != 0))
        {
            es_segment_complain(NULL, entry, true);
        }
    }
}


/* Deletes one; false after saying what is wrong. */
static bool
es_rm_one(es_cli_t *cli, es_catalog_t *catalog, es_str_t name)
{
    bool         gone;
    redisReply  *reply;

    reply = es_ask(cli, "HDEL %s %b", es_keyf(cli, ES_KEY_SEGMENTS), name.data,
                   name.len);

    if (reply == NULL) {
        return false;
    }

    gone = reply->integer == 1;
    freeReplyObject(reply);

    if (!gone) {
        es_fail("there is no segment \"%s\"; exportsite segment list shows "
                "all", es_shown(name));
        return false;
    }

    es_catalog_remove(catalog, name);

    if (!cli->json) {
        printf("segment \"%s\" is deleted\n", es_shown(name));
    }

    return true;
}


int
es_segment_rm(es_cli_t *cli, const es_args_t *args)
{
    int            i, status;
    json_t        *gone;
    es_catalog_t  *catalog = es_catalog_load(cli);

    if (catalog == NULL) {
        return ES_EXIT_FAIL;
    }

    status = ES_EXIT_GOOD;
    gone = json_array();

    for (i = 0; i < args->argc; i++) {
        if (es_rm_one(cli, catalog, es_text(args->argv[i]))) {
            json_array_append_new(gone, es_json_text(es_text(args->argv[i])));

        } else {
            status = ES_EXIT_FAIL;
        }
    }

    if (cli->json) {
        es_json_print(gone);

    } else {
        json_decref(gone);
    }

    es_rm_missed(catalog);
    es_catalog_destroy(catalog);

    return status;
}
