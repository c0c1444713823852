#include "state_parts.h"


static int64_t
lead_sum(int64_t a, int64_t b)
{
    int64_t  sum;

    if (__builtin_add_overflow(a, b, &sum)) {
        return b > 0 ? ES_STATE_MOST : -ES_STATE_MOST;
    }

    return sum > ES_STATE_MOST ? ES_STATE_MOST
           : sum < -ES_STATE_MOST ? -ES_STATE_MOST : sum;
}


static bool
lead_find(const es_state_t *state, es_str_t name, uint32_t *place)
{
    int       order;
    uint32_t  i;

    for (i = 0; i < state->nreasons; i++) {
        order = es_str_compare(state->reasons[i].name, name);

        if (order >= 0) {
            *place = i;
            return order == 0;
        }
    }

    *place = i;

    return false;
}


static int64_t
lead_size(int64_t points)
{
    return points < 0 ? -points : points;
}


/* Makes room for one that gave so much; false if it gave least itself. */
static bool
lead_room(es_state_t *state, es_str_t name, int64_t points)
{
    int64_t             size, least;
    uint32_t            i, weakest;
    es_state_reason_t  *reasons = state->reasons;

    if (state->nreasons < ES_STATE_REASONS) {
        return true;
    }

    least = INT64_MAX;
    weakest = 0;

    for (i = 0; i < ES_STATE_REASONS; i++) {
        size = lead_size(reasons[i].points);

        if (size <= least) {
            least = size;
            weakest = i;
        }
    }

    size = lead_size(points);

    if (size < least
        || (size == least && es_str_compare(name, reasons[weakest].name) > 0))
    {
        return false;
    }

    state->nreasons--;
    memmove(&reasons[weakest], &reasons[weakest + 1],
            (state->nreasons - weakest) * sizeof(es_state_reason_t));

    return true;
}


void
es_lead_reason(es_state_t *state, es_str_t name, int64_t points,
    uint32_t times, bool fresh)
{
    uint32_t            place;
    es_state_reason_t  *reason;

    points = lead_sum(points, 0);

    if (lead_find(state, name, &place)) {
        reason = &state->reasons[place];

        if (!fresh) {
            reason->points = lead_sum(reason->points, points);
            reason->times = times < UINT32_MAX - reason->times
                            ? reason->times + times : UINT32_MAX;
        }

        return;
    }

    if (!fresh || !es_state_name(name) || !lead_room(state, name, points)) {
        return;
    }

    (void) lead_find(state, name, &place);

    reason = &state->reasons[place];
    memmove(reason + 1, reason,
            (state->nreasons - place) * sizeof(es_state_reason_t));
    *reason = (es_state_reason_t) { name, points, times };
    state->nreasons++;
}


bool
es_lead_apply(es_state_t *state, const es_entry_t *entry,
    const es_state_facts_t *facts, int64_t threshold)
{
    int      fresh;
    size_t   i;
    int64_t  points;

    points = 0;

    for (i = 0; i < facts->nreasons; i++) {
        points = lead_sum(points, facts->points[i]);
    }

    for (fresh = 0; fresh < 2; fresh++) {
        for (i = 0; i < facts->nreasons; i++) {
            es_lead_reason(state, facts->reasons[i], facts->points[i], 1,
                           fresh);
        }
    }

    state->points = es_state_sum(state->points, points);

    if (state->lead > 0 || state->points < threshold) {
        return false;
    }

    state->lead = entry->ts;

    return true;
}
