/* Rules over an event are asked. */
#include <time.h>

#include "lessons.h"


typedef struct {
    es_rule_env_t      env;
    const es_entry_t  *entry;
    const es_state_t  *state;
    const es_rule_t   *rule;
    struct tm          when;
    bool               timed;
    char               buf[24];
} es_lessons_env_t;


/* The fields of rules that simply are fields of the event; 0: it is not one */
static const uint8_t  es_lessons_fields[ES_FIELD_COUNT] = {
    [ES_FIELD_COUNTRY] = ES_EVENT_COUNTRY,
    [ES_FIELD_LANGUAGE] = ES_EVENT_LANGUAGE,
    [ES_FIELD_INDUSTRY] = ES_EVENT_INDUSTRY,
    [ES_FIELD_PATH] = ES_EVENT_PATH,
    [ES_FIELD_HOST] = ES_EVENT_HOST,
    [ES_FIELD_REFERRER] = ES_EVENT_REFERRER,
    [ES_FIELD_DEVICE] = ES_EVENT_DEVICE,
    [ES_FIELD_TYPE] = ES_EVENT_TYPE,
    [ES_FIELD_LABEL] = ES_EVENT_LABEL,
    [ES_FIELD_VALUE] = ES_EVENT_VALUE,
    [ES_FIELD_MS] = ES_EVENT_MS,
    [ES_FIELD_STATUS] = ES_EVENT_STATUS,
    [ES_FIELD_SOURCE] = ES_EVENT_SOURCE,
    [ES_FIELD_MEDIUM] = ES_EVENT_MEDIUM,
    [ES_FIELD_CAMPAIGN] = ES_EVENT_CAMPAIGN,
    [ES_FIELD_VISITOR] = ES_EVENT_VISITOR,
    [ES_FIELD_PAGE] = ES_EVENT_PAGE
};


bool
es_lessons_date(uint64_t ms, char date[11])
{
    time_t     seconds = (time_t) (ms / 1000);
    struct tm  when;

    return localtime_r(&seconds, &when) != NULL
           && strftime(date, 11, "%Y-%m-%d", &when) == 10;
}


static es_str_t
es_lessons_time(es_lessons_env_t *e, es_field_e field)
{
    time_t                    seconds;
    static const char *const  days[] = { "sun", "mon", "tue", "wed", "thu",
                                         "fri", "sat" };

    if (!e->timed) {
        seconds = (time_t) (e->entry->ts / 1000);
        localtime_r(&seconds, &e->when);
        e->timed = true;
    }

    if (field == ES_FIELD_WEEKDAY) {
        return es_text(days[e->when.tm_wday]);
    }

    if (field == ES_FIELD_HOUR) {
        snprintf(e->buf, sizeof(e->buf), "%d", e->when.tm_hour);

    } else {
        strftime(e->buf, sizeof(e->buf), "%Y-%m-%d", &e->when);
    }

    return es_text(e->buf);
}


static es_str_t
es_lessons_choice(const es_entry_t *entry, es_str_t name)
{
    es_str_t  rest, part;

    rest = entry->field[ES_EVENT_VARIANTS];

    while (es_entry_list(&rest, &part)) {
        if (part.len > name.len && part.data[name.len] == '='
            && memcmp(part.data, name.data, name.len) == 0)
        {
            return (es_str_t) { part.len - name.len - 1,
                                part.data + name.len + 1 };
        }
    }

    return es_null_str;
}


static bool
es_lessons_field(es_rule_env_t *env, const es_rule_field_t *field,
    es_str_t *value)
{
    uint64_t           n;
    es_lessons_env_t  *e = (es_lessons_env_t *) env;

    switch (field->kind) {

    case ES_FIELD_HOUR:
    case ES_FIELD_WEEKDAY:
    case ES_FIELD_DATE:
        *value = es_lessons_time(e, field->kind);
        return true;

    case ES_FIELD_VISITS:
    case ES_FIELD_VIEWS:
        if (e->state == NULL) {
            return false;
        }

        n = field->kind == ES_FIELD_VISITS ? e->state->visits
                                           : e->state->views;
        snprintf(e->buf, sizeof(e->buf), "%llu", (unsigned long long) n);
        *value = es_text(e->buf);
        return true;

    case ES_FIELD_CHOICE:
        *value = es_lessons_choice(e->entry, field->name);
        return value->len > 0;

    case ES_FIELD_COUNTRY:
        *value = e->entry->field[ES_EVENT_COUNTRY];
        return value->len > 0 && !es_str_eq(*value, es_str("XX"));

    default:
        *value = e->entry->field[es_lessons_fields[field->kind]];
        return es_lessons_fields[field->kind] != 0 && value->len > 0;
    }
}


/* A rule's own segments are bound to themselves. */
static bool
es_lessons_segment(es_rule_env_t *env, uint32_t index)
{
    es_str_t           rest, part;
    es_lessons_env_t  *e = (es_lessons_env_t *) env;

    rest = e->entry->field[ES_EVENT_SEGMENTS];

    while (es_entry_list(&rest, &part)) {
        if (es_str_eq(part, e->rule->segments[index].name)) {
            return true;
        }
    }

    return false;
}


static void
es_lessons_env(es_lessons_env_t *env, es_rule_scratch_t *scratch,
    const es_entry_t *entry, const es_state_t *state)
{
    memset(&env->env, 0, sizeof(es_rule_env_t));
    env->env.field = es_lessons_field;
    env->env.segment = es_lessons_segment;
    env->env.scratch = scratch;
    env->entry = entry;
    env->state = state;
    env->timed = false;
}


static bool
es_lessons_eval(es_lessons_env_t *env, const es_lesson_t *lesson)
{
    size_t  i;

    for (i = 0; i < lesson->rule->nsegments; i++) {
        lesson->rule->segments[i].index = (uint32_t) i;
    }

    env->rule = lesson->rule;

    return es_rule_eval(lesson->rule, &env->env);
}


void
es_lessons_ask(es_lessons_t *lessons, const es_entry_t *entry,
    const es_state_t *state, es_lessons_facts_t *facts)
{
    size_t             i, n;
    es_lessons_env_t   env;
    es_state_facts_t  *f = &facts->facts;

    es_lessons_env(&env, lessons->scratch, entry, state);

    for (i = 0, n = 0; i < lessons->ntopics; i++) {
        if (es_lessons_eval(&env, &lessons->topics[i])) {
            facts->topics[n++] = lessons->topics[i].name;
        }
    }

    f->topics = facts->topics;
    f->ntopics = n;

    for (i = 0, n = 0; state != NULL && i < lessons->nscores; i++) {
        if (es_lessons_eval(&env, &lessons->scores[i])) {
            facts->reasons[n] = lessons->scores[i].name;
            facts->points[n++] = lessons->scores[i].points;
        }
    }

    f->reasons = facts->reasons;
    f->points = facts->points;
    f->nreasons = n;
}


bool
es_lessons_holds(es_rule_scratch_t *scratch, const es_lesson_t *lesson,
    const es_entry_t *entry)
{
    es_lessons_env_t  env;

    es_lessons_env(&env, scratch, entry, NULL);

    return es_lessons_eval(&env, lesson);
}
