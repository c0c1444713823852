#include "../core/text.h"
#include "state_parts.h"


static void
visit_begin(es_state_t *state, uint64_t ts)
{
    state->active = ts;
    state->campaign = es_null_str;
    state->referrer = es_null_str;
    state->npages = 0;
}


/* A late one goes behind the newest, which stays what it is. */
static void
visit_recent(es_state_t *state, es_str_t page, bool late)
{
    uint32_t  i, place;

    place = late && state->nrecent > 0 ? 1 : 0;

    if (state->nrecent < ES_STATE_RECENT) {
        state->nrecent++;
    }

    for (i = state->nrecent - 1; i > place; i--) {
        state->recent[i] = state->recent[i - 1];
    }

    state->recent[place] = page;
}


/* Is it one of the first pages of this visit, and new among them? */
static void
visit_seen(es_state_t *state, es_str_t page, es_state_outcome_t *outcome)
{
    uint32_t  i;

    if (state->npages == ES_STATE_PAGES) {
        return;
    }

    for (i = 0; i < state->npages; i++) {
        if (es_str_eq(state->pages[i], page)) {
            return;
        }
    }

    outcome->seen = state->pages;
    outcome->nseen = state->npages;

    state->pages[state->npages++] = page;
}


static void
visit_page(es_state_t *state, es_str_t page, uint64_t ts,
    es_state_outcome_t *outcome)
{
    bool  late;

    late = ts < state->viewed;

    if (!late) {
        /* pages before this visit are in recent, too */

        if (state->npages > 0 && state->nrecent > 0
            && !es_str_eq(state->recent[0], page))
        {
            outcome->from = state->recent[0];
        }

        state->viewed = ts;
    }

    visit_recent(state, page, late);
    visit_seen(state, page, outcome);
}


void
es_visit_apply(es_state_t *state, const es_entry_t *entry, uint64_t gap,
    es_state_outcome_t *outcome)
{
    bool      view, within;
    es_str_t  path;

    path = entry->field[ES_EVENT_PATH];
    path.len = es_text_cut(path, ES_STATE_PATH);

    view = entry->kind == ES_ENTRY_VIEW;
    within = state->active > 0 && (entry->ts <= state->active
                                   || entry->ts - state->active <= gap);

    if (view && !within) {
        visit_begin(state, entry->ts);
        outcome->visit = true;

    } else if (within && entry->ts > state->active) {
        state->active = entry->ts;
    }

    if (view) {
        if (state->campaign.len == 0) {
            state->campaign = entry->field[ES_EVENT_CAMPAIGN];
        }

        if (state->referrer.len == 0) {
            state->referrer = es_entry_referrer(entry);
        }

        if (path.len > 0) {
            visit_page(state, path, entry->ts, outcome);
        }
    }

    outcome->page = path;
    outcome->campaign = state->campaign;
    outcome->referrer = state->referrer;
}
