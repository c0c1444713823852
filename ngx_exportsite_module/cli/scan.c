/* Keys found by SCAN. */
#include <stdlib.h>

#include "../core/siphash.h"
#include "../redis/keys.h"
#include "scan.h"


#define ES_SCAN_COUNT   "1000"
#define ES_SCAN_CURSOR  24
#define ES_SCAN_FIRST   4096            /* places for hashes, a power of two */


struct es_scan_s {
    es_cli_t    *cli;
    char         pattern[2 * ES_KEY_MAX];
    char         cursor[ES_SCAN_CURSOR];
    size_t       head;                 /* of a key: prefix and family */
    bool         over;

    redisReply  *page;
    es_str_t    *keys;
    size_t       room;

    uint64_t    *seen;                 /* 0: a free place */
    size_t       nseen, places;
};


static void *
es_scan_memory(void *p)
{
    if (p == NULL) {
        es_fail("no memory");
        exit(ES_EXIT_FAIL);
    }

    return p;
}


/* What is a wildcard stands for itself. */
static char *
es_scan_literal(char *p, const char *text, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (strchr("*?[]^\\", text[i]) != NULL) {
            *p++ = '\\';
        }

        *p++ = text[i];
    }

    return p;
}


es_scan_t *
es_scan_begin(es_cli_t *cli, const char *family)
{
    char       *p;
    es_scan_t  *scan;

    scan = es_scan_memory(calloc(1, sizeof(es_scan_t)));
    scan->cli = cli;
    scan->head = cli->prefix.len + strlen(family);

    p = es_scan_literal(scan->pattern, cli->prefix.data, cli->prefix.len);
    p = es_scan_literal(p, family, strlen(family));
    memcpy(p, "*", 2);

    strcpy(scan->cursor, "0");
    scan->places = ES_SCAN_FIRST;
    scan->seen = es_scan_memory(calloc(scan->places, sizeof(uint64_t)));

    return scan;
}


/* Notes a hash; false if it was there. */
static bool
es_scan_note(uint64_t *seen, size_t places, uint64_t hash)
{
    size_t  i;

    for (i = hash & (places - 1); seen[i] != 0; i = (i + 1) & (places - 1)) {
        if (seen[i] == hash) {
            return false;
        }
    }

    seen[i] = hash;

    return true;
}


static void
es_scan_grow(es_scan_t *scan)
{
    size_t     i;
    uint64_t  *wider;

    wider = es_scan_memory(calloc(2 * scan->places, sizeof(uint64_t)));

    for (i = 0; i < scan->places; i++) {
        if (scan->seen[i] != 0) {
            (void) es_scan_note(wider, 2 * scan->places, scan->seen[i]);
        }
    }

    free(scan->seen);
    scan->seen = wider;
    scan->places *= 2;
}


static bool
es_scan_new(es_scan_t *scan, es_str_t key)
{
    uint64_t              hash;
    static const uint8_t  salt[ES_SIPHASH_KEY];

    hash = es_siphash13(salt, key.data, key.len);

    if (!es_scan_note(scan->seen, scan->places, hash ? hash : 1)) {
        return false;
    }

    scan->nseen++;

    if (2 * scan->nseen > scan->places) {
        es_scan_grow(scan);
    }

    return true;
}


/* The keys of a page that were not seen before */
static size_t
es_scan_gather(es_scan_t *scan, const redisReply *list)
{
    size_t    i, n;
    es_str_t  key;

    if (list->elements > scan->room) {
        scan->room = list->elements;
        scan->keys = es_scan_memory(realloc(scan->keys, scan->room
                                                        * sizeof(es_str_t)));
    }

    for (i = 0, n = 0; i < list->elements; i++) {
        key = es_reply_text(list->element[i]);

        if (list->element[i]->type == REDIS_REPLY_STRING
            && key.len >= scan->head && es_scan_new(scan, key))
        {
            scan->keys[n++] = key;
        }
    }

    return n;
}


/* A cursor, which is a number, and keys */
static bool
es_scan_answer(const redisReply *page)
{
    es_str_t  cursor;

    if (page->type != REDIS_REPLY_ARRAY || page->elements != 2
        || page->element[0]->type != REDIS_REPLY_STRING
        || page->element[1]->type != REDIS_REPLY_ARRAY)
    {
        return false;
    }

    cursor = es_reply_text(page->element[0]);

    return cursor.len > 0 && cursor.len < ES_SCAN_CURSOR
           && strspn(cursor.data, "0123456789") == cursor.len;
}


int
es_scan_next(es_scan_t *scan, const es_str_t **keys)
{
    size_t       n;
    redisReply  *page;

    for (n = 0; n == 0 && !scan->over; /* void */) {
        page = es_ask(scan->cli, "SCAN %s MATCH %s COUNT " ES_SCAN_COUNT,
                      scan->cursor, scan->pattern);

        if (page == NULL) {
            return -1;
        }

        freeReplyObject(scan->page);
        scan->page = page;

        if (!es_scan_answer(page)) {
            es_fail("Redis, SCAN: not the answer of a Redis");
            return -1;
        }

        snprintf(scan->cursor, sizeof(scan->cursor), "%s",
                 page->element[0]->str);
        scan->over = strcmp(scan->cursor, "0") == 0;
        n = es_scan_gather(scan, page->element[1]);
    }

    *keys = scan->keys;

    return (int) n;
}


es_str_t
es_scan_name(const es_scan_t *scan, es_str_t key)
{
    return (es_str_t) { key.len - scan->head, key.data + scan->head };
}


void
es_scan_end(es_scan_t *scan)
{
    freeReplyObject(scan->page);
    free(scan->keys);
    free(scan->seen);
    free(scan);
}
