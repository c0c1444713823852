/* What the learner remembers of a visitor, as JSON. */
#include "visitor.h"


static json_t *
es_visitor_strings(const es_str_t *list, uint32_t n)
{
    uint32_t   i;
    json_t    *array;

    array = json_array();

    for (i = 0; i < n; i++) {
        json_array_append_new(array, es_json_text(list[i]));
    }

    return array;
}


static json_t *
es_visitor_touch(uint64_t ms, const es_str_t strings[ES_TOUCH_FIELDS])
{
    return json_pack("{s:I, s:o, s:o, s:o, s:o}", "ms", (json_int_t) ms,
                     "source", es_json_text(strings[ES_TOUCH_SOURCE]),
                     "medium", es_json_text(strings[ES_TOUCH_MEDIUM]),
                     "campaign", es_json_text(strings[ES_TOUCH_CAMPAIGN]),
                     "referrer", es_json_text(strings[ES_TOUCH_REFERRER]));
}


static json_t *
es_visitor_topics(const es_state_t *state)
{
    uint32_t   i;
    json_t    *object;

    object = json_object();

    for (i = 0; i < state->ntopics; i++) {
        es_visitor_put(object, state->topics[i].name,
                       json_real((double) state->topics[i].score / 1e6));
    }

    return object;
}


static json_t *
es_visitor_reasons(const es_state_t *state)
{
    uint32_t   i;
    json_t    *object;

    object = json_object();

    for (i = 0; i < state->nreasons; i++) {
        es_visitor_put(object, state->reasons[i].name,
                       json_pack("{s:I, s:I}", "points",
                                 (json_int_t) state->reasons[i].points,
                                 "times",
                                 (json_int_t) state->reasons[i].times));
    }

    return object;
}


static json_t *
es_visitor_numbers(const es_state_t *state)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
                     "visits", (json_int_t) state->visits,
                     "views", (json_int_t) state->views,
                     "goals", (json_int_t) state->goals,
                     "clicks", (json_int_t) state->clicks,
                     "dwell", (json_int_t) state->dwell,
                     "first_seen", (json_int_t) state->first_seen,
                     "last_seen", (json_int_t) state->last_seen,
                     "points", (json_int_t) state->points,
                     "lead", (json_int_t) state->lead);
}


json_t *
es_visitor_learned(const es_state_t *state)
{
    char     mark[ES_ENTRY_ID_TEXT];
    json_t  *json, *visit;

    json = es_visitor_numbers(state);

    visit = json_pack("{s:I, s:I, s:o, s:o, s:o}",
                      "active", (json_int_t) state->active,
                      "viewed", (json_int_t) state->viewed,
                      "campaign", es_json_text(state->campaign),
                      "referrer", es_json_text(state->referrer),
                      "pages", es_visitor_strings(state->pages,
                                                  state->npages));

    json_object_set_new(json, "device", es_json_text(state->device));
    json_object_set_new(json, "country", es_json_text(state->country));
    json_object_set_new(json, "language", es_json_text(state->language));
    json_object_set_new(json, "first_touch",
                        es_visitor_touch(state->first_touch, state->first));
    json_object_set_new(json, "last_touch",
                        es_visitor_touch(state->last_touch, state->last));
    json_object_set_new(json, "visit", visit);
    json_object_set_new(json, "recent",
                        es_visitor_strings(state->recent, state->nrecent));
    json_object_set_new(json, "scored", json_integer((json_int_t)
                                                     state->scored));
    json_object_set_new(json, "topics", es_visitor_topics(state));
    json_object_set_new(json, "reasons", es_visitor_reasons(state));
    json_object_set_new(json, "written",
                        es_visitor_strings(state->own, ES_OWN_FIELDS));

    (void) es_entry_id_format(mark, state->mark);
    json_object_set_new(json, "mark", json_string(mark));
    json_object_set_new(json, "version", json_integer((json_int_t)
                                                      state->version));

    return json;
}
