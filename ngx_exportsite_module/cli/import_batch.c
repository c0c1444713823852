/*
 * Batches of events on their way to Redis: one is made while Redis works on the
 * one before. There is never more than one on the way: if one is refused, the
 * next must not be taken, or its mark would cover what is missing.
 */
#include <stdlib.h>

#include "../core/visitor.h"
#include "import.h"


#define ES_IMPORT_BYTES      (1024 * 1024)       /* of a batch */
#define ES_IMPORT_COUNT_LEN  8                   /* "$2\r\n28\r\n" */
#define ES_IMPORT_NO_TRIM    (UINT64_MAX / 2)    /* the longest stream */


bool
es_import_connect(es_import_t *import)
{
    redisReply         *reply;
    es_import_batch_t  *batch = &import->batch;

    batch->buf = malloc(ES_IMPORT_BYTES + ES_EVENT_SIZE + ES_IMPORT_COUNT_LEN);
    if (batch->buf == NULL) {
        es_fail("no memory");
        return false;
    }

    reply = es_ask(import->cli, "SCRIPT LOAD %s", es_batch_script);
    if (reply == NULL) {
        return false;
    }

    snprintf(batch->sha, sizeof(batch->sha), "%s",
             reply->type == REDIS_REPLY_STRING ? reply->str : "");
    freeReplyObject(reply);

    return es_import_pace_begin(import);
}


/* The mark of the log, as it is now */
static bool
es_import_mark(es_import_t *import)
{
    char                command[ES_MARK_COMMAND_MAX];
    size_t              len;
    redisReply         *reply;
    es_import_batch_t  *batch = &import->batch;

    len = es_mark_command(command, import->cli->prefix, import->cli->stream,
                          batch->producer);
    redisAppendFormattedCommand(import->cli->link, command, len);

    reply = es_answer(import->cli, "GET of the log's mark");
    if (reply == NULL) {
        return false;
    }

    batch->mark = reply->type == REDIS_REPLY_STRING
                  ? strtoull(reply->str, NULL, 10) : 0;
    freeReplyObject(reply);

    return true;
}


bool
es_import_begin(es_import_t *import, const char *line, size_t len)
{
    char                text[256 + ES_IMPORT_LINE];
    size_t              n;
    es_import_batch_t  *batch = &import->batch;
    static const uint8_t  key[ES_SIPHASH_KEY] = "exportsite log ";

    n = 0;

    if (import->machine != NULL) {
        n = strlen(import->machine) + 1;
        memcpy(text, import->machine, n);
    }

    memcpy(text + n, line, len);

    batch->producer.ring = es_siphash(key, text, n + len);
    batch->producer.part = 0;
    batch->mark = 0;
    batch->line = 0;
    batch->good_line = 0;

    return import->dry || es_import_mark(import);
}


/* The same event always has the same id, and no other one has it. */
static void
es_import_event_id(const es_import_batch_t *batch, uint64_t number,
    char id[ES_EVENT_ID_LEN])
{
    uint8_t   hash[16];
    uint64_t  of[2] = { batch->producer.ring, number };
    static const uint8_t  key[ES_SIPHASH_KEY] = "exportsite view";

    es_siphash128(key, of, sizeof(of), hash);
    es_hex(id, hash, ES_EVENT_ID_LEN / 2);
}


bool
es_import_add(es_import_t *import, uint64_t number, uint64_t line)
{
    char                id[ES_EVENT_ID_LEN], ts[ES_EVENT_TS_LEN + 1], *p;
    char                visitor[ES_IMPORT_VISITOR];
    es_str_t            who = { 0, visitor };
    es_event_t          e;
    es_import_batch_t  *batch = &import->batch;

    if (import->visitors) {
        if ((!es_import_day(import)->salted && !es_import_settle(import))
            || !es_import_visitor(import, visitor))
        {
            return false;
        }

        who.len = sizeof(visitor);
    }

    p = batch->buf + batch->used;
    es_import_event_id(batch, number, id);
    snprintf(ts, sizeof(ts), "%013llu",
             (unsigned long long) import->view.line.time);

    es_event_init(&e, p + ES_IMPORT_COUNT_LEN, ES_EVENT_SIZE);
    es_event_begin(&e, id, ts, es_str("view"));
    es_import_fields(import, &e, who);

    memcpy(p, "$2\r\n00\r\n", ES_IMPORT_COUNT_LEN);
    p[4] = (char) ('0' + e.args / 10);
    p[5] = (char) ('0' + e.args % 10);

    if (batch->events == 0) {
        batch->first = number;
    }

    batch->used = (size_t) (e.p - batch->buf);
    batch->args += e.args + 1;
    batch->line = line;
    batch->events++;

    return (batch->events < ES_IMPORT_BATCH && batch->used < ES_IMPORT_BYTES)
           || es_import_send(import);
}


bool
es_import_settle(es_import_t *import)
{
    redisReply         *reply;
    es_import_batch_t  *batch = &import->batch;

    if (!batch->sent) {
        return true;
    }

    batch->sent = false;

    reply = es_answer(import->cli, "EVALSHA");
    if (reply == NULL) {
        return false;
    }

    import->written += (uint64_t) reply->integer;
    batch->good_line = batch->sent_line;
    freeReplyObject(reply);

    return true;
}


bool
es_import_send(es_import_t *import)
{
    int                 done;
    char                head[ES_BATCH_HEAD_MAX];
    size_t              len;
    redisContext       *link = import->cli->link;
    es_import_batch_t  *batch = &import->batch;

    if (batch->events == 0) {
        return true;
    }

    if (!es_import_settle(import) || !es_import_pace(import, batch->events)) {
        return false;
    }

    len = es_batch_head(head, batch->sha, import->cli->prefix,
                        import->cli->stream, batch->producer,
                        ES_IMPORT_NO_TRIM, batch->first, batch->args);

    redisAppendFormattedCommand(link, head, len);
    redisAppendFormattedCommand(link, batch->buf, batch->used);

    for (done = 0; !done; /* void */) {
        if (redisBufferWrite(link, &done) == REDIS_ERR) {
            es_link_complain(import->cli, "EVALSHA", link->errstr);
            return false;
        }
    }

    batch->sent = true;
    batch->sent_line = batch->line;
    batch->events = 0;
    batch->used = 0;
    batch->args = 0;

    return true;
}
