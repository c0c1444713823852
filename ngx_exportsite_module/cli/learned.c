/* A state as fields of the profile. */
#include <stdio.h>

#include "learned.h"


#define ES_LEARNED_NUMBER  24


const es_str_t  es_learned_own[ES_OWN_FIELDS] = {
    es_str("country"), es_str("language"), es_str("industry")
};

static const es_str_t  es_learned_first[ES_TOUCH_FIELDS] = {
    es_str("first_source"), es_str("first_medium"), es_str("first_campaign"),
    es_str("first_referrer")
};

static const es_str_t  es_learned_last[ES_TOUCH_FIELDS] = {
    es_str("last_source"), es_str("last_medium"), es_str("last_campaign"),
    es_str("last_referrer")
};


typedef struct {
    es_pool_t           *pool;
    es_learned_field_t  *fields;
    size_t               n;
} es_learned_t;


static void
es_learned_put(es_learned_t *learned, es_str_t name, es_str_t value)
{
    learned->fields[learned->n].name = name;
    learned->fields[learned->n].value = value;
    learned->n++;
}


static void
es_learned_number(es_learned_t *learned, es_str_t name, uint64_t n,
    uint64_t before)
{
    char  *buf;

    if (n == before) {
        return;
    }

    if (n == 0) {
        es_learned_put(learned, name, es_null_str);
        return;
    }

    buf = es_alloc(learned->pool, ES_LEARNED_NUMBER);

    es_learned_put(learned, name, (es_str_t) {
        snprintf(buf, ES_LEARNED_NUMBER, "%llu", (unsigned long long) n),
        buf });
}


static void
es_learned_text(es_learned_t *learned, es_str_t name, es_str_t text,
    es_str_t before)
{
    if (!es_str_eq(text, before)) {
        es_learned_put(learned, name, text);
    }
}


es_str_t
es_learned_score(es_pool_t *pool, int64_t score)
{
    int   len;
    char *buf;

    buf = es_alloc(pool, ES_LEARNED_NUMBER);
    score = (score + 5000) / 10000;
    len = snprintf(buf, ES_LEARNED_NUMBER, "%lld.%02d",
                   (long long) (score / 100), (int) (score % 100));

    return (es_str_t) { len, buf };
}


static es_str_t
es_learned_topic(es_pool_t *pool, es_str_t topic)
{
    char  *buf;

    buf = es_alloc(pool, sizeof("topic:") - 1 + topic.len);
    memcpy(buf, "topic:", sizeof("topic:") - 1);
    memcpy(buf + sizeof("topic:") - 1, topic.data, topic.len);

    return (es_str_t) { sizeof("topic:") - 1 + topic.len, buf };
}


static const es_state_topic_t *
es_learned_find(const es_state_t *state, es_str_t name)
{
    size_t  i;

    for (i = 0; i < state->ntopics; i++) {
        if (es_str_eq(state->topics[i].name, name)) {
            return &state->topics[i];
        }
    }

    return NULL;
}


static void
es_learned_topics(es_learned_t *learned, const es_state_t *state,
    const es_state_t *before)
{
    size_t                   i;
    const es_state_topic_t  *was, *topic;

    for (i = 0; i < state->ntopics; i++) {
        topic = &state->topics[i];
        was = es_learned_find(before, topic->name);

        if (was == NULL || was->score != topic->score) {
            es_learned_put(learned,
                           es_learned_topic(learned->pool, topic->name),
                           es_learned_score(learned->pool, topic->score));
        }
    }

    for (i = 0; i < before->ntopics; i++) {
        if (es_learned_find(state, before->topics[i].name) == NULL) {
            es_learned_put(learned,
                           es_learned_topic(learned->pool,
                                            before->topics[i].name),
                           es_null_str);
        }
    }
}


size_t
es_learned_fields(const es_state_t *state, const es_state_t *before,
    es_pool_t *pool, es_learned_field_t *fields)
{
    size_t        i;
    es_learned_t  l = { pool, fields, 0 };

    es_learned_number(&l, es_str("visits"), state->visits, before->visits);
    es_learned_number(&l, es_str("views"), state->views, before->views);
    es_learned_number(&l, es_str("goals"), state->goals, before->goals);
    es_learned_number(&l, es_str("clicks"), state->clicks, before->clicks);
    es_learned_number(&l, es_str("dwell"), state->dwell, before->dwell);
    es_learned_number(&l, es_str("first_seen"), state->first_seen,
                      before->first_seen);
    es_learned_number(&l, es_str("last_seen"), state->last_seen,
                      before->last_seen);
    es_learned_number(&l, es_str("score"), (uint64_t) state->points,
                      (uint64_t) before->points);
    es_learned_number(&l, es_str("lead"), state->lead, before->lead);

    es_learned_text(&l, es_str("device"), state->device, before->device);
    es_learned_text(&l, es_str("interest"), es_state_interest(state),
                    es_state_interest(before));

    for (i = 0; i < ES_TOUCH_FIELDS; i++) {
        es_learned_text(&l, es_learned_first[i], state->first[i],
                        before->first[i]);
        es_learned_text(&l, es_learned_last[i], state->last[i],
                        before->last[i]);
    }

    es_learned_topics(&l, state, before);

    return l.n;
}
