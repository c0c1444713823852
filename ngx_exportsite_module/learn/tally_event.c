#include "../core/text.h"
#include "common.h"
#include "tally_parts.h"


/* Adds to a value that lasts, cut to the length that counts. */
static bool
tally_add(es_tally_t *tally, es_tally_day_t *day, es_dimension_e dimension,
    es_str_t text, const es_tally_delta_t *delta)
{
    text.len = es_text_cut(text, ES_TALLY_VALUE);

    return es_tally_put(tally, &day->sets[dimension], text, false, delta);
}


static bool
tally_list(es_tally_t *tally, es_tally_day_t *day, es_dimension_e dimension,
    es_str_t list, const es_tally_delta_t *delta)
{
    es_str_t  part;

    while (es_entry_list(&list, &part)) {
        if (!tally_add(tally, day, dimension, part, delta)) {
            return false;
        }
    }

    return true;
}


static bool
tally_pair(es_tally_t *tally, es_tally_day_t *day, es_dimension_e dimension,
    es_str_t a, es_str_t b, const es_tally_delta_t *delta)
{
    char  text[2 * ES_TALLY_VALUE + 1];

    a.len = es_text_cut(a, ES_TALLY_VALUE);
    b.len = es_text_cut(b, ES_TALLY_VALUE);

    memcpy(text, a.data, a.len);
    text[a.len] = '\t';
    memcpy(text + a.len + 1, b.data, b.len);

    return es_tally_put(tally, &day->sets[dimension],
                        (es_str_t) { a.len + 1 + b.len, text }, true, delta);
}


static void
tally_delta(es_tally_t *tally, es_tally_delta_t *delta, const es_entry_t *entry,
    const es_state_outcome_t *outcome)
{
    memset(delta, 0, sizeof(es_tally_delta_t));

    delta->at = entry->at;
    delta->metrics[ES_METRIC_EVENTS] = 1;
    delta->metrics[ES_METRIC_VIEWS] = entry->kind == ES_ENTRY_VIEW;
    delta->metrics[ES_METRIC_GOALS] = entry->kind == ES_ENTRY_GOAL;
    delta->metrics[ES_METRIC_CLICKS] = entry->kind == ES_ENTRY_CLICK;
    delta->metrics[ES_METRIC_DWELL] = (int64_t) entry->ms;
    delta->metrics[ES_METRIC_WORTH] = entry->worth;

    if (outcome != NULL) {
        delta->metrics[ES_METRIC_VISITS] = outcome->visit;
        delta->visitor = entry->field[ES_EVENT_VISITOR];
        delta->visitor_hash = es_siphash13(tally->key, delta->visitor.data,
                                           delta->visitor.len);
    }
}


static bool
tally_lists(es_tally_t *tally, es_tally_day_t *day, const es_entry_t *entry,
    const es_state_facts_t *facts, const es_tally_delta_t *delta)
{
    size_t  i;

    for (i = 0; facts != NULL && i < facts->ntopics; i++) {
        if (!tally_add(tally, day, ES_DIMENSION_TOPIC, facts->topics[i],
                       delta))
        {
            return false;
        }
    }

    return tally_list(tally, day, ES_DIMENSION_SEGMENT,
                      entry->field[ES_EVENT_SEGMENTS], delta)
           && tally_list(tally, day, ES_DIMENSION_CHOICE,
                         entry->field[ES_EVENT_VARIANTS], delta);
}


/* How a visitor goes about: from page to page, and which in one visit */
static bool
tally_ways(es_tally_t *tally, es_tally_day_t *day, es_entry_id_t at,
    const es_state_outcome_t *outcome)
{
    bool           before;
    uint32_t       i;
    es_str_t       seen;
    es_tally_delta_t  delta;

    memset(&delta, 0, sizeof(delta));
    delta.at = at;
    delta.metrics[ES_METRIC_EVENTS] = 1;
    delta.metrics[ES_METRIC_VIEWS] = 1;

    if (outcome->from.len > 0
        && !tally_pair(tally, day, ES_DIMENSION_TRANSITION, outcome->from,
                       outcome->page, &delta))
    {
        return false;
    }

    delta.metrics[ES_METRIC_VIEWS] = 0;
    delta.metrics[ES_METRIC_VISITS] = 1;

    for (i = 0; i < outcome->nseen; i++) {
        seen = outcome->seen[i];
        before = es_str_compare(seen, outcome->page) < 0;

        if (!tally_pair(tally, day, ES_DIMENSION_TOGETHER,
                        before ? seen : outcome->page,
                        before ? outcome->page : seen, &delta))
        {
            return false;
        }
    }

    return true;
}


static bool
tally_plain(es_tally_t *tally, es_tally_day_t *day, const es_entry_t *entry,
    const es_state_outcome_t *outcome, const es_tally_delta_t *delta)
{
    size_t  i;

    const struct {
        es_dimension_e  dimension;
        es_str_t        value;
    } plain[] = {
        { ES_DIMENSION_ALL,      es_str("all") },
        { ES_DIMENSION_COUNTRY,  entry->field[ES_EVENT_COUNTRY] },
        { ES_DIMENSION_LANGUAGE, entry->field[ES_EVENT_LANGUAGE] },
        { ES_DIMENSION_INDUSTRY, entry->field[ES_EVENT_INDUSTRY] },
        { ES_DIMENSION_DEVICE,   entry->field[ES_EVENT_DEVICE] },
        { ES_DIMENSION_PAGE,     entry->field[ES_EVENT_PATH] },
        { ES_DIMENSION_CAMPAIGN, outcome ? outcome->campaign
                                         : entry->field[ES_EVENT_CAMPAIGN] },
        { ES_DIMENSION_REFERRER, outcome ? outcome->referrer
                                         : es_entry_referrer(entry) },
    };

    for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (!tally_add(tally, day, plain[i].dimension, plain[i].value, delta))
        {
            return false;
        }
    }

    return true;
}


bool
es_tally_event(es_tally_t *tally, const es_entry_t *entry,
    const es_state_outcome_t *outcome, const es_state_facts_t *facts,
    es_str_t date)
{
    es_tally_day_t    *day;
    es_tally_delta_t   delta;

    day = es_tally_day(tally, date);

    if (day == NULL) {
        return false;
    }

    tally->nevents++;
    tally_delta(tally, &delta, entry, outcome);

    return tally_plain(tally, day, entry, outcome, &delta)
           && tally_lists(tally, day, entry, facts, &delta)
           && (outcome == NULL || tally_ways(tally, day, entry->at, outcome));
}


bool
es_tally_rejected(es_tally_t *tally, es_entry_id_t at, es_entry_fault_e fault,
    es_str_t date)
{
    es_str_t           name;
    es_tally_day_t    *day;
    es_tally_delta_t   delta;

    day = es_tally_day(tally, date);

    if (day == NULL) {
        return false;
    }

    tally->nevents++;

    memset(&delta, 0, sizeof(delta));
    delta.at = at;
    delta.metrics[ES_METRIC_EVENTS] = 1;

    name.data = es_entry_fault_name(fault);
    name.len = strlen(name.data);

    return tally_add(tally, day, ES_DIMENSION_REJECTED, name, &delta);
}
