#include "state_parts.h"


static void
apply_counts(es_state_t *state, const es_entry_t *entry)
{
    switch (entry->kind) {

    case ES_ENTRY_VIEW:
        state->views = es_state_count(state->views, 1);
        break;

    case ES_ENTRY_CLICK:
        state->clicks = es_state_count(state->clicks, 1);
        break;

    case ES_ENTRY_GOAL:
        state->goals = es_state_count(state->goals, 1);
        break;

    case ES_ENTRY_DWELL:
        state->dwell = es_state_count(state->dwell, entry->ms);
        break;

    default:
        break;
    }
}


static void
apply_seen(es_state_t *state, const es_entry_t *entry)
{
    bool      latest;
    es_str_t  country;

    country = entry->field[ES_EVENT_COUNTRY];

    if (es_str_eq(country, es_str("XX"))) {
        country = es_null_str;
    }

    latest = entry->ts >= state->last_seen;

    es_state_told(&state->device, entry->field[ES_EVENT_DEVICE], latest);
    es_state_told(&state->country, country, latest);
    es_state_told(&state->language, entry->field[ES_EVENT_LANGUAGE], latest);

    if (latest) {
        state->last_seen = entry->ts;
    }

    if (state->first_seen == 0 || entry->ts < state->first_seen) {
        state->first_seen = entry->ts;
    }
}


/* How the visitor came to the site, at first and at last */
static void
apply_touch(es_state_t *state, const es_entry_t *entry)
{
    size_t    i, len;
    es_str_t  touch[ES_TOUCH_FIELDS];

    if (entry->kind != ES_ENTRY_VIEW) {
        return;
    }

    touch[ES_TOUCH_SOURCE] = entry->field[ES_EVENT_SOURCE];
    touch[ES_TOUCH_MEDIUM] = entry->field[ES_EVENT_MEDIUM];
    touch[ES_TOUCH_CAMPAIGN] = entry->field[ES_EVENT_CAMPAIGN];
    touch[ES_TOUCH_REFERRER] = es_entry_referrer(entry);

    for (len = 0, i = 0; i < ES_TOUCH_FIELDS; i++) {
        len += touch[i].len;
    }

    if (len == 0) {
        return;
    }

    if (state->first_touch == 0 || entry->ts < state->first_touch) {
        state->first_touch = entry->ts;
        memcpy(state->first, touch, sizeof(touch));
    }

    if (entry->ts >= state->last_touch) {
        state->last_touch = entry->ts;
        memcpy(state->last, touch, sizeof(touch));
    }
}


void
es_state_apply(es_state_t *state, const es_entry_t *entry,
    const es_state_facts_t *facts, const es_state_settings_t *settings,
    es_state_outcome_t *outcome)
{
    memset(outcome, 0, sizeof(es_state_outcome_t));

    state->mark = entry->at;

    apply_counts(state, entry);
    apply_seen(state, entry);
    apply_touch(state, entry);

    es_visit_apply(state, entry, settings->visit_gap, outcome);

    if (outcome->visit) {
        state->visits = es_state_count(state->visits, 1);
    }

    es_interest_apply(state, entry, facts, settings->half_life);

    outcome->lead = es_lead_apply(state, entry, facts,
                                  settings->lead_threshold);
}
