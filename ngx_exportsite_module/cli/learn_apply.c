/* What a chunk of entries means: states, counters and lines are computed. */
#include "../redis/keys.h"
#include "learn.h"


#define ES_LEARN_STRINGS  24           /* of a lead, or a rejected entry */
#define ES_LEARN_SHOWN    256          /* bytes of a rejected entry's value */
#define ES_LEARN_TEXT     1024         /* of a lead's reasons, or pages */
#define ES_LEARN_VALUES   2000         /* of one set, that a chunk may add to */


static void
es_learn_state_settings(const es_settings_t *settings, bool leads,
    es_state_settings_t *state)
{
    state->visit_gap = (uint64_t) settings->visit_minutes * 60000;
    state->half_life = (double) settings->interest_days * 86400000;
    state->lead_threshold = leads ? settings->lead_threshold : INT64_MAX;
}


/* A new line for a target, of at most ES_LEARN_STRINGS strings */
static es_learn_line_t *
es_learn_line(es_learn_t *learn, es_learn_target_t *target)
{
    es_pool_t        *pool = es_heap_pool(learn->heap);
    es_learn_line_t  *line;

    line = es_alloc(pool, sizeof(es_learn_line_t));
    line->strings = es_alloc(pool, ES_LEARN_STRINGS * sizeof(es_str_t));
    line->n = 0;
    line->next = NULL;

    *target->last = line;
    target->last = &line->next;
    target->nlines++;

    return line;
}


static void
es_learn_put(es_learn_line_t *line, es_str_t name, es_str_t value)
{
    if (value.len > 0 && line->n + 2 <= ES_LEARN_STRINGS) {
        line->strings[line->n++] = name;
        line->strings[line->n++] = value;
    }
}


/* "quote 25, pumps 3x5": points, and how often they were given */
static es_str_t
es_learn_reasons(es_learn_t *learn, const es_state_t *state)
{
    char                     *buf, *p, *end;
    size_t                    i;
    const es_state_reason_t  *reason;

    buf = es_alloc(es_heap_pool(learn->heap), ES_LEARN_TEXT + 1);
    end = buf + ES_LEARN_TEXT;

    for (i = 0, p = buf; i < state->nreasons; i++) {
        reason = &state->reasons[i];

        if (end - p < (ptrdiff_t) reason->name.len + 48) {
            break;
        }

        p += sprintf(p, "%s%.*s ", i ? ", " : "", (int) reason->name.len,
                     reason->name.data);

        if (reason->times > 1) {
            p += sprintf(p, "%ux", reason->times);
        }

        p += sprintf(p, "%lld", (long long) (reason->points
                                             / (int64_t) reason->times));
    }

    return (es_str_t) { p - buf, buf };
}


/* The last pages, newest first, with blanks between */
static es_str_t
es_learn_pages(es_learn_t *learn, const es_state_t *state)
{
    char    *buf, *p;
    size_t   i;

    buf = es_alloc(es_heap_pool(learn->heap),
                   ES_STATE_RECENT * (ES_STATE_PATH + 1));

    for (i = 0, p = buf; i < state->nrecent; i++) {
        if (i > 0) {
            *p++ = ' ';
        }

        memcpy(p, state->recent[i].data, state->recent[i].len);
        p += state->recent[i].len;
    }

    return (es_str_t) { p - buf, buf };
}


static es_str_t
es_learn_number(es_learn_t *learn, uint64_t n)
{
    char  *buf = es_alloc(es_heap_pool(learn->heap), 24);

    return (es_str_t) { snprintf(buf, 24, "%llu", (unsigned long long) n),
                        buf };
}


static void
es_learn_lead(es_learn_t *learn, es_learn_chunk_t *chunk,
    const es_learn_item_t *item, const es_learn_visitor_t *visitor)
{
    const es_str_t    *field = item->entry.field;
    const es_state_t  *state = visitor->state;
    es_learn_line_t   *line;

    if (es_entry_id_compare(item->entry.at, chunk->leads.upto) <= 0) {
        return;
    }

    line = es_learn_line(learn, &chunk->leads);
    chunk->leads.upto = item->entry.at;

    es_learn_put(line, es_str("visitor"), visitor->id);
    es_learn_put(line, es_str("ts"), field[ES_EVENT_TS]);
    es_learn_put(line, es_str("score"),
                 es_learn_number(learn, (uint64_t) state->points));
    es_learn_put(line, es_str("reasons"), es_learn_reasons(learn, state));
    es_learn_put(line, es_str("country"), state->country);
    es_learn_put(line, es_str("language"), state->language);
    es_learn_put(line, es_str("industry"),
                 field[ES_EVENT_INDUSTRY].len ? field[ES_EVENT_INDUSTRY]
                                              : state->own[ES_OWN_INDUSTRY]);
    es_learn_put(line, es_str("interest"), es_state_interest(state));
    es_learn_put(line, es_str("pages"), es_learn_pages(learn, state));
    es_learn_put(line, es_str("host"), field[ES_EVENT_HOST]);
}


/* A value of a rejected entry, as far as it is kept */
static es_str_t
es_learn_piece(const redisReply *reply)
{
    es_str_t  text = es_reply_text(reply);

    return text.len > ES_LEARN_SHOWN
           ? (es_str_t) { ES_LEARN_SHOWN, text.data } : text;
}


static void
es_learn_reject(es_learn_t *learn, es_learn_chunk_t *chunk,
    const es_learn_item_t *item)
{
    size_t             i;
    es_learn_line_t   *line;
    const redisReply  *list = item->reply->element[1];

    if (item->date.len > 0) {
        (void) es_tally_rejected(chunk->tally, item->entry.at, item->fault,
                                 item->date);
    }

    if (es_entry_id_compare(item->entry.at, chunk->rejected.upto) <= 0) {
        return;
    }

    line = es_learn_line(learn, &chunk->rejected);
    chunk->rejected.upto = item->entry.at;

    es_learn_put(line, es_str("entry"),
                 es_reply_text(item->reply->element[0]));
    es_learn_put(line, es_str("reason"),
                 es_text(es_entry_fault_name(item->fault)));
    es_learn_put(line, es_str("field"),
                 (es_str_t) { item->culprit.len < ES_LEARN_SHOWN
                              ? item->culprit.len : ES_LEARN_SHOWN,
                              item->culprit.data });

    if (list->type != REDIS_REPLY_ARRAY) {
        return;
    }

    for (i = 0; i + 1 < list->elements; i += 2) {
        if (list->element[i]->len > 0) {
            es_learn_put(line, es_learn_piece(list->element[i]),
                         es_learn_piece(list->element[i + 1]));
        }
    }
}


/*
 * What we would write of those fields of the profile that others set, too. It
 * is settled with each event: an industry that was clear for a moment stays
 * until another one is, wherever a chunk ends.
 */
static void
es_learn_own(es_learn_t *learn, es_state_t *state)
{
    es_str_t        industry;
    es_settings_t  *settings = &learn->lessons.settings;

    industry = es_state_industry(state,
                                 (int64_t) (settings->industry_score * 1e6),
                                 settings->industry_margin,
                                 es_lessons_industry, settings);

    if (industry.len > 0) {
        state->own[ES_OWN_INDUSTRY] = industry;
    }

    state->own[ES_OWN_COUNTRY] = state->country;
    state->own[ES_OWN_LANGUAGE] = state->language;
}


/*
 * The one for whom an event counts; NULL if it is nobody's. An id may have been
 * merged into one that was itself merged later.
 */
static es_learn_visitor_t *
es_learn_whose(const es_learn_item_t *item)
{
    size_t               hops;
    es_learn_visitor_t  *visitor = item->visitor;

    for (hops = 0; visitor != NULL && visitor->other != NULL; hops++) {
        if (hops == ES_LEARN_HOPS) {
            /* a circle, which the program does not make */
            visitor = item->visitor;
            break;
        }

        visitor = visitor->other;
    }

    return visitor == NULL || visitor->broken ? NULL : visitor;
}


/* Was it asked that this be forgotten? */
static bool
es_learn_forgotten(const es_learn_item_t *item)
{
    size_t                     hops;
    const es_learn_visitor_t  *visitor = item->visitor;

    for (hops = 0; visitor != NULL && hops <= ES_LEARN_HOPS; hops++) {
        if (item->entry.ts <= visitor->forgotten) {
            return true;
        }

        visitor = visitor->other;
    }

    return false;
}


static void
es_learn_event(es_learn_t *learn, es_learn_chunk_t *chunk,
    es_learn_item_t *item)
{
    es_learn_visitor_t   *visitor;
    es_lessons_facts_t    facts;
    es_state_outcome_t    outcome;
    es_state_settings_t   settings;

    if (item->entry.kind == ES_ENTRY_CRAWL) {
        /* not by people, for whom all is counted */
        chunk->nevents++;
        return;
    }

    visitor = es_learn_whose(item);

    if (visitor != NULL
        && es_entry_id_compare(item->entry.at, visitor->state->mark) <= 0)
    {
        /* all counters have it, too */
        return;
    }

    es_lessons_ask(&learn->lessons, &item->entry,
                   visitor ? visitor->state : NULL, &facts);

    if (visitor != NULL) {
        es_learn_state_settings(&learn->lessons.settings, !visitor->log,
                                &settings);
        es_state_apply(visitor->state, &item->entry, &facts.facts, &settings,
                       &outcome);
        es_learn_own(learn, visitor->state);
        visitor->changed = true;
        item->entry.field[ES_EVENT_VISITOR] = visitor->id;

        if (outcome.lead) {
            es_learn_lead(learn, chunk, item, visitor);
        }
    }

    if (item->date.len > 0) {
        (void) es_tally_event(chunk->tally, &item->entry,
                              visitor ? &outcome : NULL, &facts.facts,
                              item->date);
    }

    chunk->nevents++;
}


void
es_learn_apply(es_learn_t *learn, es_learn_chunk_t *chunk)
{
    size_t            i;
    es_learn_item_t  *item;

    for (i = 0; i < chunk->n; i++) {
        item = &chunk->items[i];

        if (item->fault != ES_ENTRY_GOOD) {
            es_learn_reject(learn, chunk, item);

        } else if (es_learn_forgotten(item)) {
            chunk->forgotten[chunk->nforgotten++] =
                                        es_reply_text(item->reply->element[0]);

        } else {
            es_learn_event(learn, chunk, item);
        }

        /* a script that takes long would have pages wait */

        if (es_tally_most(chunk->tally) > ES_LEARN_VALUES) {
            chunk->cut = i + 1 < chunk->n;
            chunk->n = i + 1;
            chunk->end = item->entry.at;
        }
    }
}
