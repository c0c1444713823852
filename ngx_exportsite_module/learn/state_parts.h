/*
 * What the files of a visitor's state share and nobody else includes: a file
 * for each thing that an event changes.
 */
#ifndef ES_STATE_PARTS_H
#define ES_STATE_PARTS_H

#include "common.h"
#include "state.h"


/* a + b, from 0 to ES_STATE_MOST */
static inline int64_t
es_state_sum(int64_t a, int64_t b)
{
    int64_t  sum;

    if (__builtin_add_overflow(a, b, &sum) || sum > ES_STATE_MOST) {
        return ES_STATE_MOST;
    }

    return sum > 0 ? sum : 0;
}


static inline uint64_t
es_state_count(uint64_t count, uint64_t more)
{
    return more < (uint64_t) ES_STATE_MOST - count ? count + more
                                                   : (uint64_t) ES_STATE_MOST;
}


/* Who tells something of the visitor latest is right. */
static inline void
es_state_told(es_str_t *known, es_str_t told, bool latest)
{
    if (told.len > 0 && (latest || known->len == 0)) {
        *known = told;
    }
}


/* May this be kept as a name? Rules and their names are others' input, too. */
static inline bool
es_state_name(es_str_t name)
{
    return name.len > 0 && name.len <= ES_STATE_NAME && es_entry_text(name);
}


/* visit.c: the visit that the event is of, its pages and where it came from */
void es_visit_apply(es_state_t *state, const es_entry_t *entry, uint64_t gap,
    es_state_outcome_t *outcome);

/* interest.c: brings the scores of topics to that time; nothing goes back. */
void es_interest_decay(es_state_t *state, uint64_t ts, double half_life);

/*
 * Adds to a topic's score, in millionths: to one that is there, or if fresh is
 * true only as one that is not. Give all of an event to both, first without: so
 * a new one never takes the place of one that is about to grow, and what comes
 * out does not depend on their order.
 */
void es_interest_add(es_state_t *state, es_str_t name, int64_t score,
    bool fresh);

/* Drops topics that are too weak to keep. */
void es_interest_tidy(es_state_t *state);

/* All that an event means for the topics */
void es_interest_apply(es_state_t *state, const es_entry_t *entry,
    const es_state_facts_t *facts, double half_life);

/* lead.c: adds to what a reason gave, fresh as above. */
void es_lead_reason(es_state_t *state, es_str_t name, int64_t points,
    uint32_t times, bool fresh);

/* True if the visitor became a lead by this. */
bool es_lead_apply(es_state_t *state, const es_entry_t *entry,
    const es_state_facts_t *facts, int64_t threshold);

#endif
