/* Contents of slots shown in a table. */
#include <stdlib.h>

#include "../redis/keys.h"
#include "scan.h"
#include "slot.h"


typedef struct {
    es_str_t     key;
    int64_t      size;                 /* -1: it is no string */
    int64_t      ttl;                  /* s, or negative: it stays */
    const char  *site;                 /* what es:errors says, or NULL */
} es_slot_t;

typedef struct {
    es_heap_t  *heap;
    es_slot_t  *slot;
    size_t      n, room;
} es_slots_t;


/* What keeps sites from taking it, or NULL */
static const char *
es_slot_wrong(const es_slot_t *slot)
{
    if (!es_slot_key_valid(slot->key)) {
        return "no site asks for such a key: rename it";
    }

    if (slot->size < 0) {
        return "not a string: delete it (slot rm) and set it";
    }

    if (slot->size > ES_SLOT_MAX) {
        return "longer than 1 MB: the page's own stays";
    }

    return slot->size == 0 ? "empty: the page's own stays" : slot->site;
}


static es_slot_t *
es_slots_add(es_slots_t *slots, es_str_t key)
{
    es_slot_t  *wider;

    if (slots->n == slots->room) {
        slots->room = slots->room ? 2 * slots->room : 64;
        wider = es_alloc(es_heap_pool(slots->heap),
                         slots->room * sizeof(es_slot_t));

        if (slots->n > 0) {
            memcpy(wider, slots->slot, slots->n * sizeof(es_slot_t));
        }

        slots->slot = wider;
    }

    wider = &slots->slot[slots->n++];
    memset(wider, 0, sizeof(es_slot_t));
    wider->key = es_heap_copy(slots->heap, key);

    return wider;
}


/* An integer that is on the way; a key of another type has none. */
static bool
es_slots_number(es_cli_t *cli, const char *what, int64_t *number)
{
    redisReply  *reply = NULL;

    (void) redisGetReply(cli->link, (void **) &reply);
    *number = -1;

    if (reply == NULL) {
        es_link_complain(cli, what, cli->link->errstr);
        es_link_close(cli);
        return false;
    }

    if (reply->type == REDIS_REPLY_INTEGER) {
        *number = reply->integer;

    } else if (reply->type != REDIS_REPLY_ERROR
               || strncmp(reply->str, "WRONGTYPE", 9) != 0)
    {
        es_link_complain(cli, what, reply->type == REDIS_REPLY_ERROR
                                    ? reply->str : "not a number");
        freeReplyObject(reply);
        es_link_close(cli);
        return false;
    }

    freeReplyObject(reply);

    return true;
}


static bool
es_slots_page(es_cli_t *cli, es_slots_t *slots, es_scan_t *scan,
    const es_str_t *keys, int n)
{
    int         i;
    es_slot_t  *slot;

    for (i = 0; i < n; i++) {
        redisAppendCommand(cli->link, "STRLEN %b", keys[i].data, keys[i].len);
        redisAppendCommand(cli->link, "TTL %b", keys[i].data, keys[i].len);
    }

    for (i = 0; i < n; i++) {
        slot = es_slots_add(slots, es_scan_name(scan, keys[i]));

        if (!es_slots_number(cli, "STRLEN", &slot->size)
            || !es_slots_number(cli, "TTL", &slot->ttl))
        {
            return false;
        }

        if (slot->ttl == -2) {
            /* it went while we were asking */
            slots->n--;
        }
    }

    return true;
}


static int
es_slots_order(const void *one, const void *two)
{
    const es_slot_t  *a = one, *b = two;

    return es_str_compare(a->key, b->key);
}


/* What the sites say; without that right the rest is shown. */
static void
es_slots_ask_sites(es_cli_t *cli, es_slots_t *slots)
{
    size_t       i;
    es_str_t     field;
    es_slot_t    wanted, *slot;
    redisReply  *reply;

    reply = es_ask(cli, "HGETALL %s", es_keyf(cli, ES_KEY_ERRORS));

    if (reply == NULL) {
        return;
    }

    for (i = 0; i + 1 < reply->elements && slots->n > 0; i += 2) {
        field = es_reply_text(reply->element[i]);

        if (!es_str_skip(&field, es_str("slot:"))) {
            continue;
        }

        wanted.key = field;
        slot = bsearch(&wanted, slots->slot, slots->n, sizeof(es_slot_t),
                       es_slots_order);

        if (slot != NULL) {
            slot->site = es_heap_copy(slots->heap,
                             es_reply_text(reply->element[i + 1])).data;
        }
    }

    freeReplyObject(reply);
}


static bool
es_slots_load(es_cli_t *cli, es_slots_t *slots)
{
    int              n;
    es_scan_t       *scan;
    const es_str_t  *keys;

    scan = es_scan_begin(cli, ES_KEY_SLOT);

    for (n = es_scan_next(scan, &keys);
         n > 0;
         n = es_scan_next(scan, &keys))
    {
        if (!es_slots_page(cli, slots, scan, keys, n)) {
            n = -1;
            break;
        }

        es_progress("contents", slots->n, 0);
    }

    es_progress_end();
    es_scan_end(scan);

    if (n != 0) {
        return false;
    }

    if (slots->n > 0) {
        qsort(slots->slot, slots->n, sizeof(es_slot_t), es_slots_order);
    }

    es_slots_ask_sites(cli, slots);

    return true;
}


/* "3 days", "2 h", "40 s" */
static void
es_slot_age(es_table_t *table, int64_t s)
{
    if (s < 0) {
        es_table_cell(table, es_str("never"));

    } else if (s < 120) {
        es_table_cellf(table, "in %lld s", (long long) s);

    } else if (s < 7200) {
        es_table_cellf(table, "in %lld min", (long long) s / 60);

    } else if (s < 172800) {
        es_table_cellf(table, "in %lld h", (long long) s / 3600);

    } else {
        es_table_cellf(table, "in %lld days", (long long) s / 86400);
    }
}


static void
es_slots_table(es_cli_t *cli, const es_slots_t *slots)
{
    size_t             i;
    es_table_t        *table;
    const char        *wrong;
    const es_slot_t   *slot;

    table = es_table(cli, "KEY", ">BYTES", "EXPIRES", "SITES", (char *) NULL);

    for (i = 0; i < slots->n; i++) {
        slot = &slots->slot[i];
        wrong = es_slot_wrong(slot);

        es_table_cell(table, slot->key);

        if (slot->size >= 0) {
            es_table_cellf(table, "%lld", (long long) slot->size);

        } else {
            es_table_cell(table, es_str("-"));
        }

        es_slot_age(table, slot->ttl);
        es_table_cell(table, wrong ? es_text(wrong) : es_str("in order"));
        es_table_color(table, wrong == NULL ? ES_COLOR_GOOD
                              : slot->size == 0 ? ES_COLOR_WARN
                                                : ES_COLOR_BAD);
    }

    es_table_print(table);
}


static void
es_slots_json(const es_slots_t *slots)
{
    size_t            i;
    json_t           *all, *json;
    const char       *wrong;
    const es_slot_t  *slot;

    all = json_array();

    for (i = 0; i < slots->n; i++) {
        slot = &slots->slot[i];
        wrong = es_slot_wrong(slot);
        json = json_object();

        json_object_set_new(json, "slot", es_json_text(slot->key));
        json_object_set_new(json, "bytes", slot->size < 0
                            ? json_null() : json_integer(slot->size));
        json_object_set_new(json, "expires", slot->ttl < 0
                            ? json_null() : json_integer(slot->ttl));
        json_object_set_new(json, "error", wrong
                            ? es_json_text(es_text(wrong)) : json_null());
        json_array_append_new(all, json);
    }

    es_json_print(all);
}


int
es_slot_list(es_cli_t *cli, const es_args_t *args)
{
    int         status;
    es_slots_t  slots;

    memset(&slots, 0, sizeof(es_slots_t));
    slots.heap = es_heap_create();
    status = ES_EXIT_GOOD;

    if (!es_slots_load(cli, &slots)) {
        status = ES_EXIT_FAIL;

    } else if (cli->json) {
        es_slots_json(&slots);

    } else if (slots.n == 0) {
        printf("there are no contents of slots; exportsite slot set --help "
               "tells how to make one\n");

    } else {
        es_slots_table(cli, &slots);
    }

    es_heap_destroy(slots.heap);

    return status;
}
