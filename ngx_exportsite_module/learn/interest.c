#include "state_parts.h"

#include <math.h>


#define INTEREST_ONE      INT64_C(1000000)      /* the weight of a view */
#define INTEREST_LEAST    (INTEREST_ONE / 20)   /* what is less is dropped */
#define INTEREST_DWELL    UINT64_C(30000)       /* ms that weigh as much */
#define INTEREST_DWELLS   4                     /* of them an event, at most */


static int64_t
interest_weight(const es_entry_t *entry)
{
    uint64_t  ms;

    switch (entry->kind) {

    case ES_ENTRY_VIEW:
    case ES_ENTRY_CLICK:
        return INTEREST_ONE;

    case ES_ENTRY_GOAL:
        return 5 * INTEREST_ONE;

    case ES_ENTRY_DWELL:
        ms = entry->ms < INTEREST_DWELLS * INTEREST_DWELL
             ? entry->ms : INTEREST_DWELLS * INTEREST_DWELL;

        return (int64_t) ((ms * INTEREST_ONE + INTEREST_DWELL / 2)
                          / INTEREST_DWELL);

    default:
        return 0;
    }
}


void
es_interest_decay(es_state_t *state, uint64_t ts, double half_life)
{
    double    factor;
    uint32_t  i;

    if (ts <= state->scored) {
        return;
    }

    if (half_life > 0 && state->ntopics > 0) {
        factor = exp2(-(double) (ts - state->scored) / half_life);

        for (i = 0; i < state->ntopics; i++) {
            state->topics[i].score =
                llround((double) state->topics[i].score * factor);
        }
    }

    state->scored = ts;
}


static bool
interest_find(const es_state_t *state, es_str_t name, uint32_t *place)
{
    int       order;
    uint32_t  i;

    for (i = 0; i < state->ntopics; i++) {
        order = es_str_compare(state->topics[i].name, name);

        if (order >= 0) {
            *place = i;
            return order == 0;
        }
    }

    *place = i;

    return false;
}


/* Makes room for one of that score; false if it is the weakest itself. */
static bool
interest_room(es_state_t *state, es_str_t name, int64_t score)
{
    uint32_t           i, weakest;
    es_state_topic_t  *topics = state->topics;

    if (state->ntopics < ES_STATE_TOPICS) {
        return true;
    }

    /* of equals the last by name, as the first is the strongest of them */

    for (weakest = 0, i = 1; i < ES_STATE_TOPICS; i++) {
        if (topics[i].score <= topics[weakest].score) {
            weakest = i;
        }
    }

    if (score < topics[weakest].score
        || (score == topics[weakest].score
            && es_str_compare(name, topics[weakest].name) > 0))
    {
        return false;
    }

    state->ntopics--;
    memmove(&topics[weakest], &topics[weakest + 1],
            (state->ntopics - weakest) * sizeof(es_state_topic_t));

    return true;
}


void
es_interest_add(es_state_t *state, es_str_t name, int64_t score, bool fresh)
{
    int64_t            sum;
    uint32_t           place;
    es_state_topic_t  *topic;

    if (interest_find(state, name, &place)) {
        if (!fresh) {
            sum = es_state_sum(state->topics[place].score, score);
            state->topics[place].score = sum < ES_STATE_SCORE ? sum
                                                          : ES_STATE_SCORE;
        }

        return;
    }

    if (!fresh || !es_state_name(name) || !interest_room(state, name, score)) {
        return;
    }

    /* its place may have moved */

    (void) interest_find(state, name, &place);

    topic = &state->topics[place];
    memmove(topic + 1, topic,
            (state->ntopics - place) * sizeof(es_state_topic_t));
    *topic = (es_state_topic_t) { name, score };
    state->ntopics++;
}


void
es_interest_tidy(es_state_t *state)
{
    uint32_t  i, n;

    for (i = 0, n = 0; i < state->ntopics; i++) {
        if (state->topics[i].score >= INTEREST_LEAST) {
            state->topics[n++] = state->topics[i];
        }
    }

    state->ntopics = n;

    if (n == 0) {
        state->scored = 0;
    }
}


void
es_interest_apply(es_state_t *state, const es_entry_t *entry,
    const es_state_facts_t *facts, double half_life)
{
    int       fresh;
    size_t    i;
    int64_t   weight;

    es_interest_decay(state, entry->ts, half_life);
    weight = interest_weight(entry);

    if (weight > 0) {
        for (fresh = 0; fresh < 2; fresh++) {
            for (i = 0; i < facts->ntopics; i++) {
                es_interest_add(state, facts->topics[i], weight, fresh);
            }
        }
    }

    es_interest_tidy(state);
}


es_str_t
es_state_interest(const es_state_t *state)
{
    uint32_t  i, best;

    if (state->ntopics == 0) {
        return es_null_str;
    }

    for (best = 0, i = 1; i < state->ntopics; i++) {
        if (state->topics[i].score > state->topics[best].score) {
            best = i;
        }
    }

    return state->topics[best].name;
}


es_str_t
es_state_industry(const es_state_t *state, int64_t score, double margin,
    bool (*is_industry)(void *data, es_str_t topic), void *data)
{
    int64_t   first, second;
    uint32_t  i;
    es_str_t  industry;

    first = 0;
    second = 0;
    industry = es_null_str;

    for (i = 0; i < state->ntopics; i++) {
        if (!is_industry(data, state->topics[i].name)) {
            continue;
        }

        if (state->topics[i].score > first) {
            second = first;
            first = state->topics[i].score;
            industry = state->topics[i].name;

        } else if (state->topics[i].score > second) {
            second = state->topics[i].score;
        }
    }

    return first >= score && (double) first >= margin * (double) second
           ? industry : es_null_str;
}
