/*
 * A chunk of entries, and what Redis holds of the visitors and counters that it
 * touches: two round trips, a third where ids were merged.
 */
#include <stdlib.h>

#include "../core/visitor.h"
#include "../redis/keys.h"
#include "learn.h"



static es_str_t
es_learn_copy(es_learn_t *learn, es_str_t text)
{
    return es_heap_copy(learn->heap, text);
}


static void *
es_learn_alloc(es_learn_t *learn, size_t size)
{
    void  *p = es_alloc(es_heap_pool(learn->heap), size);

    memset(p, 0, size);

    return p;
}


/* The visitor of that id in this chunk, made if need be. */
static es_learn_visitor_t *
es_learn_visitor(es_learn_t *learn, es_learn_chunk_t *chunk, es_str_t id)
{
    uint64_t             hash;
    es_learn_visitor_t  *visitor, **bucket;

    hash = es_siphash13(learn->hash_key, id.data, id.len);
    bucket = &chunk->buckets[hash & (chunk->nbuckets - 1)];

    for (visitor = *bucket; visitor != NULL; visitor = visitor->bucket) {
        if (es_str_eq(visitor->id, id)) {
            return visitor;
        }
    }

    visitor = es_learn_alloc(learn, sizeof(es_learn_visitor_t));
    visitor->id = id;
    visitor->log = es_str_starts(id, es_str("log-"));
    visitor->bucket = *bucket;
    *bucket = visitor;
    *chunk->last = visitor;
    chunk->last = &visitor->next;

    return visitor;
}


/*
 * The day on which something is counted, with its sets of counters; empty if
 * they would have expired by now. Mostly it is that of the entry before.
 */
static es_str_t
es_learn_date(es_learn_t *learn, es_learn_chunk_t *chunk, uint64_t ms)
{
    char      date[11];
    es_str_t  day;

    if (ms + (uint64_t) learn->lessons.settings.counter_days * 86400000
        < chunk->now)
    {
        return es_null_str;
    }

    /* zones change at quarters of an hour, if they do */

    if (chunk->date.len > 0 && chunk->quarter == ms / 900000) {
        return chunk->date;
    }

    if (!es_lessons_date(ms, date)) {
        return es_null_str;
    }

    day = (es_str_t) { 10, date };
    chunk->quarter = ms / 900000;

    if (!es_str_eq(day, chunk->date)) {
        chunk->date = es_learn_copy(learn, day);
        (void) es_tally_sets(chunk->tally, chunk->date);
    }

    return chunk->date;
}


static void
es_learn_item(es_learn_t *learn, es_learn_chunk_t *chunk,
    es_learn_item_t *item, const redisReply *reply)
{
    size_t             i, n;
    es_str_t          *strings;
    es_entry_id_t      at;
    const redisReply  *list;

    item->reply = reply;
    list = reply->element[1];
    n = list->type == REDIS_REPLY_ARRAY ? list->elements : 0;
    strings = es_learn_alloc(learn, (n + 1) * sizeof(es_str_t));

    for (i = 0; i < n; i++) {
        strings[i] = es_reply_text(list->element[i]);
    }

    (void) es_entry_id_parse(&at, es_reply_text(reply->element[0]));
    item->fault = es_entry_read(&item->entry, at, strings, n, &item->culprit);
    item->entry.at = at;
    item->date = es_learn_date(learn, chunk,
                               item->fault == ES_ENTRY_GOOD ? item->entry.ts
                                                            : at.ms);

    if (item->fault == ES_ENTRY_GOOD
        && item->entry.field[ES_EVENT_VISITOR].len > 0)
    {
        item->visitor = es_learn_visitor(learn, chunk,
                                         item->entry.field[ES_EVENT_VISITOR]);
    }

    chunk->end = at;
}


static void
es_learn_ask(es_learn_t *learn, const char *command, es_str_t key)
{
    es_out_begin(&learn->out, 2);
    es_out_arg(&learn->out, es_text(command));
    es_out_arg(&learn->out, key);
}


/*
 * Asks for the visitors from `first` on. What became of ids is asked after all
 * states: so an id that is merged meanwhile is seen as such, or the state of
 * the other one has not got it yet, and cannot be written.
 */
static void
es_learn_ask_visitors(es_learn_t *learn, const es_learn_visitor_t *first)
{
    char                       buf[ES_KEY_MAX];
    es_str_t                   prefix = learn->cli->prefix;
    const es_learn_visitor_t  *visitor;

    for (visitor = first; visitor != NULL; visitor = visitor->next) {
        es_learn_ask(learn, "GET", es_state_key(buf, prefix, visitor->id));

        es_out_begin(&learn->out, 3);
        es_out_arg(&learn->out, es_str("HEXISTS"));
        es_out_arg(&learn->out, es_profile_key(buf, prefix, visitor->id));
        es_out_arg(&learn->out, es_str("last_seen"));
    }

    for (visitor = first; visitor != NULL; visitor = visitor->next) {
        es_learn_ask(learn, "GET", es_gone_key(buf, prefix, visitor->id));
    }

    es_out_send(&learn->out, learn->cli->link);
}


static void
es_learn_ask_counters(es_learn_t *learn, es_learn_chunk_t *chunk)
{
    char             buf[ES_LONG_KEY_MAX];
    es_tally_set_t  *set;

    for (set = es_tally_first(chunk->tally); set != NULL; set = set->next) {
        es_out_begin(&learn->out, 3);
        es_out_arg(&learn->out, es_str("HGET"));
        es_out_arg(&learn->out,
                   es_count_key(buf, learn->cli->prefix, set->date,
                                es_text(es_dimension_name(set->dimension))));
        es_out_arg(&learn->out, es_str("mark"));
    }

    es_learn_ask(learn, "GET", chunk->leads.mark_key);
    es_learn_ask(learn, "GET", chunk->rejected.mark_key);
}


/* Whether an answer only tells that a key is of another type */
static bool
es_learn_wrong(const redisReply *reply)
{
    return reply != NULL && reply->type == REDIS_REPLY_ERROR
           && strncmp(reply->str, "WRONGTYPE", 9) == 0;
}


/*
 * The next answer as a text, empty if there is none, or the key is of another
 * type: the script that is to write it names the key.
 */
static es_learn_e
es_learn_text(es_learn_t *learn, es_str_t *text)
{
    es_learn_e   rc;
    redisReply  *reply = NULL;

    (void) redisGetReply(learn->cli->link, (void **) &reply);
    *text = es_null_str;

    if (reply != NULL && reply->type == REDIS_REPLY_STRING) {
        *text = es_learn_copy(learn, es_reply_text(reply));
        freeReplyObject(reply);
        return ES_LEARN_GOOD;
    }

    rc = es_learn_wrong(reply)
         || (reply != NULL && reply->type == REDIS_REPLY_NIL)
         ? ES_LEARN_GOOD : es_learn_answer(learn, reply);

    freeReplyObject(reply);

    return rc;
}


/* "forgotten MS" or "merged ID", which is followed if it may be */
static void
es_learn_gone(es_learn_t *learn, es_learn_chunk_t *chunk,
    es_learn_visitor_t *visitor, bool follow)
{
    es_str_t  text = visitor->gone;

    if (es_str_skip(&text, es_str("forgotten "))) {
        visitor->forgotten = strtoull(text.data, NULL, 10);

    } else if (follow && es_str_skip(&text, es_str("merged "))
               && es_visitor_id_valid(text)
               && !es_str_eq(text, visitor->id))
    {
        visitor->other = es_learn_visitor(learn, chunk, text);
    }
}


static void
es_learn_state(es_learn_t *learn, es_learn_visitor_t *visitor)
{
    visitor->before = es_learn_alloc(learn, sizeof(es_state_t));
    visitor->state = es_learn_alloc(learn, sizeof(es_state_t));

    if (!es_state_parse(visitor->state, visitor->text)) {
        visitor->broken = true;
        es_learn_unreadable(learn, visitor->id);
        return;
    }

    if (visitor->shown) {
        *visitor->before = *visitor->state;
        memcpy(visitor->own, visitor->state->own, sizeof(visitor->own));
    }
}


/* Is there a profile that the learner wrote? */
static es_learn_e
es_learn_shown(es_learn_t *learn, es_learn_visitor_t *visitor)
{
    es_learn_e   rc;
    redisReply  *reply = NULL;

    (void) redisGetReply(learn->cli->link, (void **) &reply);

    if (reply != NULL && reply->type == REDIS_REPLY_INTEGER) {
        visitor->shown = reply->integer == 1;
        rc = ES_LEARN_GOOD;

    } else {
        rc = es_learn_wrong(reply) ? ES_LEARN_GOOD
                                   : es_learn_answer(learn, reply);
    }

    freeReplyObject(reply);

    return rc;
}


/*
 * Asks for the visitors from `first` on, and hears of them; so many times ids
 * may lead to other ids.
 */
static es_learn_e
es_learn_visitors(es_learn_t *learn, es_learn_chunk_t *chunk,
    es_learn_visitor_t *first, size_t hops)
{
    es_learn_e            rc;
    es_learn_visitor_t   *visitor, **end;

    es_learn_ask_visitors(learn, first);
    end = chunk->last;
    rc = ES_LEARN_GOOD;

    for (visitor = first; visitor != NULL; visitor = visitor->next) {
        rc = es_learn_text(learn, &visitor->text);

        if (rc == ES_LEARN_GOOD) {
            rc = es_learn_shown(learn, visitor);
        }

        if (rc != ES_LEARN_GOOD) {
            return rc;
        }

        es_learn_state(learn, visitor);
    }

    for (visitor = first; visitor != *end; visitor = visitor->next) {
        rc = es_learn_text(learn, &visitor->gone);
        if (rc != ES_LEARN_GOOD) {
            return rc;
        }

        es_learn_gone(learn, chunk, visitor, hops > 0);
    }

    /* those that others were merged into have come behind them */

    return *end ? es_learn_visitors(learn, chunk, *end, hops - 1)
                : ES_LEARN_GOOD;
}


/* A target's mark as an id; a tag may stand behind it. */
static void
es_learn_marked(es_learn_target_t *target)
{
    es_str_t     text = target->mark;
    const char  *blank;

    blank = text.len ? memchr(text.data, ' ', text.len) : NULL;
    text.len = blank ? (size_t) (blank - text.data) : text.len;

    (void) es_entry_id_parse(&target->upto, text);
}


static es_learn_e
es_learn_marks(es_learn_t *learn, es_learn_chunk_t *chunk)
{
    es_learn_e       rc;
    es_tally_set_t  *set;

    es_learn_ask_counters(learn, chunk);
    es_out_send(&learn->out, learn->cli->link);

    for (set = es_tally_first(chunk->tally); set != NULL; set = set->next) {
        rc = es_learn_text(learn, &set->marked);
        if (rc != ES_LEARN_GOOD) {
            return rc;
        }

        (void) es_entry_id_parse(&set->mark, set->marked);
    }

    rc = es_learn_text(learn, &chunk->leads.mark);

    if (rc == ES_LEARN_GOOD) {
        rc = es_learn_text(learn, &chunk->rejected.mark);
    }

    es_learn_marked(&chunk->leads);
    es_learn_marked(&chunk->rejected);

    return rc;
}


static void
es_learn_target(es_learn_t *learn, es_learn_target_t *target, es_str_t name,
    int64_t maxlen)
{
    char      buf[ES_KEY_MAX];
    es_str_t  prefix = learn->cli->prefix;

    memset(target, 0, sizeof(es_learn_target_t));
    target->key = es_learn_copy(learn, es_key(buf, prefix, name));
    target->mark_key = es_learn_copy(learn, es_learned_key(buf, prefix, name));
    target->last = &target->lines;
    target->maxlen = maxlen;
}


es_learn_e
es_learn_read(es_learn_t *learn, const redisReply *reply,
    es_learn_chunk_t *chunk)
{
    char        rejected[ES_STREAM_MAX + sizeof(ES_KEY_REJECTED)];
    size_t      i;
    es_learn_e  rc;

    memset(chunk, 0, sizeof(es_learn_chunk_t));
    chunk->now = es_now();
    chunk->n = reply->elements;
    chunk->items = es_learn_alloc(learn, chunk->n * sizeof(es_learn_item_t));
    chunk->forgotten = es_learn_alloc(learn, chunk->n * sizeof(es_str_t));
    chunk->last = &chunk->visitors;
    chunk->nbuckets = 2 * ES_LEARN_CHUNK;
    chunk->buckets = es_learn_alloc(learn, chunk->nbuckets
                                           * sizeof(es_learn_visitor_t *));
    chunk->tally = es_tally_create(es_heap_pool(learn->heap),
                                   learn->hash_key);

    es_learn_target(learn, &chunk->leads, es_str(ES_KEY_LEADS), 0);
    es_learn_target(learn, &chunk->rejected, (es_str_t) {
                    snprintf(rejected, sizeof(rejected), "%.*s%s",
                             (int) learn->cli->stream.len,
                             learn->cli->stream.data, ES_KEY_REJECTED),
                    rejected }, 1000);

    for (i = 0; i < chunk->n; i++) {
        es_learn_item(learn, chunk, &chunk->items[i], reply->element[i]);
    }

    rc = es_learn_marks(learn, chunk);

    return rc == ES_LEARN_GOOD && chunk->visitors
           ? es_learn_visitors(learn, chunk, chunk->visitors, ES_LEARN_HOPS)
           : rc;
}
