#include "state_parts.h"


/* The smaller of two times, of which 0 is none */
static uint64_t
merge_first(uint64_t a, uint64_t b)
{
    return a == 0 || (b > 0 && b < a) ? b : a;
}


static uint64_t
merge_last(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}


static void
merge_seen(es_state_t *into, const es_state_t *other)
{
    bool  latest;

    into->visits = es_state_count(into->visits, other->visits);
    into->views = es_state_count(into->views, other->views);
    into->goals = es_state_count(into->goals, other->goals);
    into->clicks = es_state_count(into->clicks, other->clicks);
    into->dwell = es_state_count(into->dwell, other->dwell);

    latest = other->last_seen > into->last_seen;
    es_state_told(&into->device, other->device, latest);
    es_state_told(&into->country, other->country, latest);
    es_state_told(&into->language, other->language, latest);

    into->first_seen = merge_first(into->first_seen, other->first_seen);
    into->last_seen = merge_last(into->last_seen, other->last_seen);
}


static void
merge_touch(es_state_t *into, const es_state_t *other)
{
    uint64_t  first;

    first = merge_first(into->first_touch, other->first_touch);

    if (first != into->first_touch) {
        into->first_touch = first;
        memcpy(into->first, other->first, sizeof(into->first));
    }

    if (other->last_touch > into->last_touch) {
        into->last_touch = other->last_touch;
        memcpy(into->last, other->last, sizeof(into->last));
    }
}


static void
merge_visit(es_state_t *into, const es_state_t *other)
{
    if (other->active <= into->active) {
        return;
    }

    into->active = other->active;
    into->viewed = other->viewed;
    into->campaign = other->campaign;
    into->referrer = other->referrer;
    into->npages = other->npages;
    into->nrecent = other->nrecent;
    memcpy(into->pages, other->pages, sizeof(into->pages));
    memcpy(into->recent, other->recent, sizeof(into->recent));
}


static void
merge_topics(es_state_t *into, const es_state_t *other, double half_life)
{
    int         fresh;
    uint32_t    i;
    es_state_t  aged;

    aged = *other;
    es_interest_decay(&aged, into->scored, half_life);
    es_interest_decay(into, aged.scored, half_life);

    for (fresh = 0; fresh < 2; fresh++) {
        for (i = 0; i < aged.ntopics; i++) {
            es_interest_add(into, aged.topics[i].name, aged.topics[i].score,
                            fresh);
        }
    }

    es_interest_tidy(into);
}


static void
merge_lead(es_state_t *into, const es_state_t *other)
{
    int       fresh;
    uint32_t  i;

    into->points = es_state_sum(into->points, other->points);
    into->lead = merge_first(into->lead, other->lead);

    for (fresh = 0; fresh < 2; fresh++) {
        for (i = 0; i < other->nreasons; i++) {
            es_lead_reason(into, other->reasons[i].name,
                           other->reasons[i].points, other->reasons[i].times,
                           fresh);
        }
    }
}


void
es_state_merge(es_state_t *into, const es_state_t *other, double half_life)
{
    merge_seen(into, other);
    merge_touch(into, other);
    merge_visit(into, other);
    merge_topics(into, other, half_life);
    merge_lead(into, other);

    if (es_entry_id_compare(other->mark, into->mark) > 0) {
        into->mark = other->mark;
    }

    into->version++;
}
