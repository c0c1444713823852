/* A set of ids: a visitor's own, and those that were merged into it. */
#include <stdlib.h>

#include "../core/visitor.h"
#include "scan.h"
#include "visitor.h"


void
es_ids_init(es_ids_t *ids)
{
    memset(ids, 0, sizeof(es_ids_t));
    ids->heap = es_heap_create();
}


void
es_ids_free(es_ids_t *ids)
{
    es_heap_destroy(ids->heap);
}


/* The place of the first that is not in front of this id */
static size_t
es_ids_place(const es_ids_t *ids, es_str_t id)
{
    size_t  low, high, middle;

    for (low = 0, high = ids->n; low < high; /* void */) {
        middle = (low + high) / 2;

        if (es_str_compare(ids->ids[middle], id) < 0) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


bool
es_ids_has(const es_ids_t *ids, es_str_t id)
{
    size_t  place;

    if (id.len == 0 || id.len > ES_VISITOR_NAME) {
        return false;
    }

    place = es_ids_place(ids, id);

    return place < ids->n && es_str_eq(ids->ids[place], id);
}


bool
es_ids_add(es_ids_t *ids, es_str_t id)
{
    size_t     place;
    es_str_t  *wider;

    if (es_ids_has(ids, id)) {
        return false;
    }

    if (ids->n == ids->room) {
        ids->room = 2 * ids->room + 8;
        wider = es_alloc(es_heap_pool(ids->heap),
                         ids->room * sizeof(es_str_t));

        if (ids->n > 0) {
            memcpy(wider, ids->ids, ids->n * sizeof(es_str_t));
        }

        ids->ids = wider;
    }

    place = es_ids_place(ids, id);
    memmove(&ids->ids[place + 1], &ids->ids[place],
            (ids->n - place) * sizeof(es_str_t));
    ids->ids[place] = es_heap_copy(ids->heap, id);
    ids->n++;

    return true;
}


void
es_ids_noted(es_ids_t *ids, const redisReply *profile)
{
    size_t    i;
    es_str_t  name;

    for (i = 0; profile != NULL && i + 1 < profile->elements; i += 2) {
        name = es_reply_text(profile->element[i]);

        if (es_str_skip(&name, es_str(ES_VISITOR_MERGED))
            && es_visitor_id_valid(name))
        {
            (void) es_ids_add(ids, name);
        }
    }
}


bool
es_ids_known(es_cli_t *cli, es_ids_t *ids, const es_visitor_t *visitor,
    const redisReply *profile)
{
    bool           good;
    size_t         i;
    es_ids_t       noted;
    es_gone_t      gone;
    es_visitor_t   other;

    es_ids_init(&noted);
    es_ids_noted(&noted, profile);
    (void) es_ids_add(ids, visitor->id);

    for (i = 0, good = true; i < noted.n && good; i++) {
        es_visitor_keys(cli, noted.ids[i], &other);
        good = es_visitor_gone(cli, &other, &gone);

        if (good && (gone.what == ES_GONE_NOT
                     || (gone.what == ES_GONE_MERGED
                         && strcmp(gone.into, visitor->name) == 0)))
        {
            (void) es_ids_add(ids, noted.ids[i]);
        }
    }

    es_ids_free(&noted);

    return good;
}


/* Adds those of a page of keys that say "merged ID" of one of these. */
static bool
es_ids_page(es_cli_t *cli, es_ids_t *ids, const es_scan_t *scan,
    const es_str_t *keys, size_t n, bool *more)
{
    size_t       i;
    es_str_t     id, text;
    redisReply  *reply;

    for (i = 0; i < n; i++) {
        redisAppendCommand(cli->link, "GET %b", keys[i].data, keys[i].len);
    }

    for (i = 0; i < n; i++) {
        reply = NULL;

        if (redisGetReply(cli->link, (void **) &reply) != REDIS_OK) {
            es_link_complain(cli, "GET", cli->link->errstr);
            es_link_close(cli);
            return false;
        }

        /* what is no text there is nobody's tombstone */

        text = reply->type == REDIS_REPLY_STRING ? es_reply_text(reply)
                                                 : es_null_str;
        id = es_scan_name(scan, keys[i]);
        id.len -= id.len > 0;

        if (es_str_skip(&text, es_str("merged ")) && es_ids_has(ids, text)
            && es_visitor_id_valid(id))
        {
            *more |= es_ids_add(ids, id);
        }

        freeReplyObject(reply);
    }

    return true;
}


bool
es_ids_merged(es_cli_t *cli, es_ids_t *ids)
{
    int              n;
    char             family[ES_KEY_MAX];
    bool             more, good;
    size_t           len;
    uint64_t         done;
    es_scan_t       *scan;
    const es_str_t  *keys;

    /* the key of an id, without the id and the brace behind it */

    len = es_gone_key(family, cli->prefix, es_str("x")).len - 2;
    family[len] = '\0';

    for (more = true, good = true, done = 0; more && good; /* void */) {
        more = false;
        scan = es_scan_begin(cli, family + cli->prefix.len);

        for (n = es_scan_next(scan, &keys);
             n > 0 && good;
             n = good ? es_scan_next(scan, &keys) : -1)
        {
            good = es_ids_page(cli, ids, scan, keys, (size_t) n, &more);
            es_progress("looking for merged ids", done += (size_t) n, 0);
        }

        good = good && n == 0;
        es_scan_end(scan);
    }

    es_progress_end();

    return good;
}
