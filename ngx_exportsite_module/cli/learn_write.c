/* A computed chunk is written, in three steps. */
#include "../learn/day.h"
#include "../redis/keys.h"
#include "learn.h"
#include "learned.h"


#define ES_LEARN_LOG_DAYS  2           /* that an imported visitor is kept */


static es_str_t
es_learn_id(char *buf, es_entry_id_t id)
{
    return id.ms || id.seq ? es_entry_id_format(buf, id) : es_null_str;
}


/* "EVALSHA sha keys", of a command of n arguments behind these */
static void
es_learn_eval(es_learn_t *learn, es_learn_script_e script, size_t nkeys,
    size_t n)
{
    es_out_begin(&learn->out, n + 3);
    es_out_arg(&learn->out, es_str("EVALSHA"));
    es_out_arg(&learn->out, (es_str_t) { 40, learn->sha[script] });
    es_out_int(&learn->out, (int64_t) nkeys);
}


/* Reads n answers; the worst of what they say. */
static es_learn_e
es_learn_hear(es_learn_t *learn, size_t n)
{
    es_learn_e   rc, worst;
    redisReply  *reply;

    for (worst = ES_LEARN_GOOD; n > 0; n--) {
        reply = NULL;

        if (redisGetReply(learn->cli->link, (void **) &reply) != REDIS_OK) {
            return es_learn_answer(learn, NULL);
        }

        rc = es_learn_answer(learn, reply);
        worst = rc > worst ? rc : worst;
        freeReplyObject(reply);
    }

    return worst;
}


static size_t
es_learn_metrics(const es_tally_value_t *value)
{
    size_t  i, n;

    for (i = 0, n = 0; i < ES_METRICS; i++) {
        n += value->metrics[i] != 0;
    }

    return n;
}


static void
es_learn_value(es_learn_t *learn, const es_tally_value_t *value)
{
    size_t               i;
    es_out_t            *out = &learn->out;
    es_tally_visitor_t  *visitor;

    es_out_arg(out, value->value);
    es_out_int(out, (int64_t) es_learn_metrics(value));

    for (i = 0; i < ES_METRICS; i++) {
        if (value->metrics[i] != 0) {
            es_out_arg(out, es_text(es_metric_name(i)));
            es_out_int(out, value->metrics[i]);
        }
    }

    es_out_int(out, (int64_t) value->nvisitors);

    for (visitor = value->visitors; visitor != NULL; visitor = visitor->next) {
        es_out_arg(out, visitor->id);
    }
}


/* The time in seconds when counters of that day go */
static int64_t
es_learn_expiry(es_learn_t *learn, es_str_t date)
{
    int   year, month, day;
    char  text[ES_DAY_TEXT + 1] = "";

    memcpy(text, date.data, ES_DAY_TEXT);
    (void) sscanf(text, "%d-%d-%d", &year, &month, &day);

    return (es_day_number(year, month, day) + 1
            + learn->lessons.settings.counter_days) * ES_DAY;
}


/* Does any value have visitors? */
static bool
es_learn_seen(const es_tally_set_t *set)
{
    const es_tally_value_t  *value;

    for (value = set->values; value != NULL; value = value->next) {
        if (value->nvisitors > 0) {
            return true;
        }
    }

    return false;
}


static void
es_learn_set(es_learn_t *learn, es_tally_set_t *set)
{
    char               key[ES_LONG_KEY_MAX], id[ES_ENTRY_ID_TEXT];
    size_t             n, nkeys;
    es_str_t           prefix, dimension;
    es_out_t          *out = &learn->out;
    es_tally_value_t  *value;

    prefix = learn->cli->prefix;
    dimension = es_text(es_dimension_name(set->dimension));

    for (n = 0, value = set->values; value != NULL; value = value->next) {
        n += 3 + 2 * es_learn_metrics(value) + value->nvisitors;
    }

    nkeys = es_learn_seen(set) ? 2 + set->nvalues : 1;

    es_learn_eval(learn, ES_LEARN_COUNT, nkeys, nkeys + 4 + n);
    es_out_arg(out, es_count_key(key, prefix, set->date, dimension));

    for (value = set->values; nkeys > 1 && value; value = value->next) {
        es_out_arg(out, es_visitors_key(key, prefix, set->date, dimension,
                                        value->value));
    }

    if (nkeys > 1) {
        es_out_arg(out, es_visitors_key(key, prefix, set->date, dimension,
                                        es_str("(other)")));
    }

    es_out_arg(out, set->marked);
    es_out_arg(out, es_learn_id(id, set->upto));
    es_out_int(out, learn->lessons.settings.counter_values);
    es_out_int(out, es_learn_expiry(learn, set->date));

    for (value = set->values; value != NULL; value = value->next) {
        es_learn_value(learn, value);
    }
}


static void
es_learn_lines(es_learn_t *learn, es_learn_target_t *target)
{
    char              id[ES_ENTRY_ID_TEXT];
    size_t            i, n;
    es_out_t         *out = &learn->out;
    es_learn_line_t  *line;

    if (target->nlines == 0) {
        return;
    }

    for (n = 0, line = target->lines; line != NULL; line = line->next) {
        n += 1 + line->n;
    }

    es_learn_eval(learn, ES_LEARN_APPEND, 2, 5 + n);
    es_out_arg(out, target->key);
    es_out_arg(out, target->mark_key);
    es_out_arg(out, target->mark);
    es_out_arg(out, es_learn_id(id, target->upto));
    es_out_int(out, target->maxlen);

    for (line = target->lines; line != NULL; line = line->next) {
        es_out_int(out, (int64_t) line->n);

        for (i = 0; i < line->n; i++) {
            es_out_arg(out, line->strings[i]);
        }
    }
}


static es_learn_e
es_learn_write_sets(es_learn_t *learn, es_learn_chunk_t *chunk)
{
    es_tally_set_t  *set;

    for (set = es_tally_first(chunk->tally); set != NULL; set = set->next) {
        if (set->nvalues > 0) {
            es_learn_set(learn, set);
        }
    }

    es_learn_lines(learn, &chunk->leads);
    es_learn_lines(learn, &chunk->rejected);

    return es_learn_hear(learn, es_out_send(&learn->out, learn->cli->link));
}


static void
es_learn_visitor(es_learn_t *learn, es_learn_visitor_t *visitor)
{
    char                 buf[ES_STATE_MAX], key[ES_KEY_MAX];
    size_t               i, n, nown;
    int64_t              days;
    es_out_t            *out = &learn->out;
    es_str_t             prefix = learn->cli->prefix;
    es_learned_field_t   fields[ES_LEARNED_FIELDS];

    n = 0;
    nown = 0;
    days = ES_LEARN_LOG_DAYS;

    if (!visitor->log) {
        n = es_learned_fields(visitor->state, visitor->before,
                              es_heap_pool(learn->heap), fields);
        nown = ES_OWN_FIELDS;
        days = learn->lessons.settings.profile_days;
    }

    es_learn_eval(learn, ES_LEARN_VISITOR, 3, 8 + 3 * nown + 2 * n);
    es_out_arg(out, es_state_key(key, prefix, visitor->id));
    es_out_arg(out, es_profile_key(key, prefix, visitor->id));
    es_out_arg(out, es_gone_key(key, prefix, visitor->id));

    es_out_arg(out, es_state_head(visitor->text));
    es_out_arg(out, visitor->gone);
    es_out_arg(out, (es_str_t) { es_state_format(visitor->state, buf), buf });
    es_out_int(out, days * ES_DAY);
    es_out_int(out, (int64_t) nown);

    for (i = 0; i < nown; i++) {
        es_out_arg(out, es_learned_own[i]);
        es_out_arg(out, visitor->own[i]);
        es_out_arg(out, visitor->state->own[i]);
    }

    for (i = 0; i < n; i++) {
        es_out_arg(out, fields[i].name);
        es_out_arg(out, fields[i].value);
    }
}


static es_learn_e
es_learn_write_visitors(es_learn_t *learn, es_learn_chunk_t *chunk)
{
    es_learn_visitor_t  *visitor;

    for (visitor = chunk->visitors; visitor != NULL; visitor = visitor->next) {
        if (visitor->changed) {
            es_learn_visitor(learn, visitor);
        }
    }

    return es_learn_hear(learn, es_out_send(&learn->out, learn->cli->link));
}


/* What was to be forgotten, and came late, goes from the stream as well. */
static es_learn_e
es_learn_forget(es_learn_t *learn, es_learn_chunk_t *chunk)
{
    size_t       i;
    es_learn_e   rc;
    redisReply  *reply = NULL;

    if (chunk->nforgotten == 0) {
        return ES_LEARN_GOOD;
    }

    es_out_begin(&learn->out, 2 + chunk->nforgotten);
    es_out_arg(&learn->out, es_str("XDEL"));
    es_out_arg(&learn->out, es_text(learn->key));

    for (i = 0; i < chunk->nforgotten; i++) {
        es_out_arg(&learn->out, chunk->forgotten[i]);
    }

    es_out_send(&learn->out, learn->cli->link);
    (void) redisGetReply(learn->cli->link, (void **) &reply);

    rc = ES_LEARN_GOOD;

    if (reply == NULL || reply->type != REDIS_REPLY_INTEGER) {
        (void) es_learn_answer(learn, reply);
        rc = ES_LEARN_FAIL;
    }

    freeReplyObject(reply);

    return rc;
}


es_learn_e
es_learn_write(es_learn_t *learn, es_learn_chunk_t *chunk)
{
    es_learn_e  rc;

    rc = es_learn_write_sets(learn, chunk);

    if (rc == ES_LEARN_GOOD) {
        rc = es_learn_write_visitors(learn, chunk);
    }

    if (rc == ES_LEARN_GOOD) {
        rc = es_learn_forget(learn, chunk);
    }

    return rc == ES_LEARN_GOOD ? es_learn_advance(learn, chunk->end, chunk->n)
                               : rc;
}
