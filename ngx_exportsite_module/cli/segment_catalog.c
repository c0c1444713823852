/* The segments of Redis, taken as a site takes them. */
#include <stdlib.h>

#include "../redis/keys.h"
#include "segment.h"


#define ES_CATALOG_MAX  (2 * ES_SEGMENTS_MAX)   /* beyond it sites take none */


/* Rules live as long as the catalog: what the set gives back stays there. */
static es_pool_t *
es_catalog_pool(void *data)
{
    return es_heap_pool(data);
}


static void
es_catalog_pool_end(void *data, es_pool_t *pool)
{
}


es_catalog_t *
es_catalog_create(void)
{
    es_heap_t           *heap = es_heap_create();
    es_catalog_t        *catalog;
    es_segments_host_t   host;

    host.pool_create = es_catalog_pool;
    host.pool_destroy = es_catalog_pool_end;
    host.data = heap;

    catalog = es_alloc(es_heap_pool(heap), sizeof(es_catalog_t));
    memset(catalog, 0, sizeof(es_catalog_t));
    catalog->heap = heap;
    catalog->set = es_segments_create(es_heap_pool(heap), &host);

    return catalog;
}


void
es_catalog_destroy(es_catalog_t *catalog)
{
    es_segments_destroy(catalog->set);
    es_heap_destroy(catalog->heap);
}


static size_t
es_catalog_place(const es_catalog_t *catalog, es_str_t name, bool *found)
{
    int     rc;
    size_t  low, high, middle;

    low = 0;
    high = catalog->n;
    *found = false;

    while (low < high) {
        middle = low + (high - low) / 2;
        rc = es_str_compare(name, catalog->entry[middle]->name);

        if (rc == 0) {
            *found = true;
            return middle;
        }

        if (rc < 0) {
            high = middle;

        } else {
            low = middle + 1;
        }
    }

    return low;
}


es_segment_entry_t *
es_catalog_find(const es_catalog_t *catalog, es_str_t name)
{
    bool    found;
    size_t  i;

    i = es_catalog_place(catalog, name, &found);

    return found ? catalog->entry[i] : NULL;
}


static es_segment_entry_t *
es_catalog_insert(es_catalog_t *catalog, size_t i, es_str_t name)
{
    es_segment_entry_t   *entry, **wider;

    if (catalog->n == catalog->room) {
        catalog->room = catalog->room ? 2 * catalog->room : 64;
        wider = es_alloc(es_heap_pool(catalog->heap),
                         catalog->room * sizeof(es_segment_entry_t *));

        if (catalog->n > 0) {
            memcpy(wider, catalog->entry,
                   catalog->n * sizeof(es_segment_entry_t *));
        }

        catalog->entry = wider;
    }

    entry = es_alloc(es_heap_pool(catalog->heap), sizeof(es_segment_entry_t));
    memset(entry, 0, sizeof(es_segment_entry_t));
    entry->name = es_heap_copy(catalog->heap, name);

    memmove(catalog->entry + i + 1, catalog->entry + i,
            (catalog->n - i) * sizeof(es_segment_entry_t *));
    catalog->entry[i] = entry;
    catalog->n++;

    return entry;
}


es_segment_entry_t *
es_catalog_put(es_catalog_t *catalog, es_str_t name, es_str_t rule)
{
    bool                 found;
    size_t               i;
    es_rule_error_t      err;
    es_segment_entry_t  *entry;

    i = es_catalog_place(catalog, name, &found);
    entry = found ? catalog->entry[i] : es_catalog_insert(catalog, i, name);

    entry->rule = es_heap_copy(catalog->heap, rule);
    entry->error = NULL;
    entry->site = NULL;

    if (!es_segments_put(catalog->set, entry->name, entry->rule, &err)) {
        entry->error = es_heap_copy(catalog->heap, es_text(err.text)).data;
    }

    return entry;
}


void
es_catalog_remove(es_catalog_t *catalog, es_str_t name)
{
    bool    found;
    size_t  i;

    i = es_catalog_place(catalog, name, &found);

    if (found) {
        es_segments_remove(catalog->set, name);
        catalog->n--;
        memmove(catalog->entry + i, catalog->entry + i + 1,
                (catalog->n - i) * sizeof(es_segment_entry_t *));
    }
}


/* A text of the set, which changes with its next link */
static const char *
es_catalog_keep(es_catalog_t *catalog, const char *text)
{
    return text ? es_heap_copy(catalog->heap, es_text(text)).data : NULL;
}


void
es_catalog_link(es_catalog_t *catalog)
{
    size_t               i;
    uint32_t             number;
    es_segment_entry_t  *entry;

    (void) es_segments_link(catalog->set);

    for (i = 0; i < catalog->n; i++) {
        entry = catalog->entry[i];
        number = es_segments_find(catalog->set, entry->name);
        entry->warning = NULL;

        /* one that the set did not keep has the error it was refused with */

        if (number != ES_SEGMENT_UNKNOWN) {
            entry->error = es_catalog_keep(catalog,
                               es_segments_error(catalog->set, number));
            entry->warning = es_catalog_keep(catalog,
                               es_segments_warning(catalog->set, number));
        }
    }
}


uint32_t
es_catalog_number(const es_catalog_t *catalog, const es_segment_entry_t *entry)
{
    uint32_t  number;

    if (entry->error != NULL) {
        return ES_SEGMENT_UNKNOWN;
    }

    number = es_segments_find(catalog->set, entry->name);

    return number != ES_SEGMENT_UNKNOWN
           && es_segments_rule(catalog->set, number) != NULL
           ? number : ES_SEGMENT_UNKNOWN;
}


/* What the sites could not take; without that right the rest is shown. */
static void
es_catalog_ask_sites(es_cli_t *cli, es_catalog_t *catalog)
{
    size_t               i;
    es_str_t             field;
    redisReply          *reply;
    es_segment_entry_t  *entry;

    reply = es_ask(cli, "HGETALL %s", es_keyf(cli, ES_KEY_ERRORS));

    if (reply == NULL) {
        return;
    }

    for (i = 0; i + 1 < reply->elements; i += 2) {
        field = es_reply_text(reply->element[i]);

        entry = es_str_skip(&field, es_str("segment:"))
                ? es_catalog_find(catalog, field) : NULL;

        if (entry != NULL) {
            entry->site = es_heap_copy(catalog->heap,
                              es_reply_text(reply->element[i + 1])).data;
        }
    }

    freeReplyObject(reply);
}


static bool
es_catalog_small(es_cli_t *cli)
{
    bool         small;
    redisReply  *reply;

    reply = es_ask(cli, "HLEN %s", es_keyf(cli, ES_KEY_SEGMENTS));

    if (reply == NULL) {
        return false;
    }

    small = reply->integer <= ES_CATALOG_MAX;

    if (!small) {
        es_fail("%s has %lld segments; sites take %d at most, and none of so "
                "many: remove some (redis-cli HDEL)",
                es_shown(es_text(es_keyf(cli, ES_KEY_SEGMENTS))),
                reply->integer, ES_SEGMENTS_MAX);
    }

    freeReplyObject(reply);

    return small;
}


static int
es_catalog_order(const void *one, const void *two)
{
    return es_str_compare(es_reply_text(*(redisReply *const *) one),
                          es_reply_text(*(redisReply *const *) two));
}


es_catalog_t *
es_catalog_load(es_cli_t *cli)
{
    size_t         i;
    redisReply    *reply;
    es_catalog_t  *catalog;

    if (!es_catalog_small(cli)) {
        return NULL;
    }

    reply = es_ask(cli, "HGETALL %s", es_keyf(cli, ES_KEY_SEGMENTS));

    if (reply == NULL) {
        return NULL;
    }

    catalog = es_catalog_create();

    /* as sites do: where there are too many, the last ones are left out */

    if (reply->elements >= 2) {
        qsort(reply->element, reply->elements / 2, 2 * sizeof(redisReply *),
              es_catalog_order);
    }

    for (i = 0; i + 1 < reply->elements; i += 2) {
        (void) es_catalog_put(catalog, es_reply_text(reply->element[i]),
                              es_reply_text(reply->element[i + 1]));
    }

    freeReplyObject(reply);

    es_catalog_link(catalog);
    es_catalog_ask_sites(cli, catalog);

    for (i = 0; i < catalog->n; i++) {
        catalog->entry[i]->before = catalog->entry[i]->error;
    }

    return catalog;
}
