/*
 * Somebody whom rules are asked about: what a profile knows, and what was given
 * on the command line.
 */
#include "../core/text.h"
#include "segment.h"


#define ES_PERSON_VALUE_MAX  512       /* of a profile; sites pass over more */


/* Fields that are the profile's own of that name; others depend on a visit. */
static const struct {
    es_field_e   kind;
    es_str_t     source;
} es_person_sources[] = {
    { ES_FIELD_COUNTRY, { 7, "country" } },
    { ES_FIELD_LANGUAGE, { 8, "language" } },
    { ES_FIELD_INDUSTRY, { 8, "industry" } },
    { ES_FIELD_DEVICE, { 6, "device" } },
    { ES_FIELD_VISITS, { 6, "visits" } },
    { ES_FIELD_VIEWS, { 5, "views" } },
    { ES_FIELD_COUNT, { 0, NULL } }
};


static es_str_t
es_person_source(const es_rule_field_t *field)
{
    size_t  i;

    if (field->kind == ES_FIELD_PROFILE) {
        return field->name;
    }

    for (i = 0; es_person_sources[i].kind != ES_FIELD_COUNT; i++) {
        if (es_person_sources[i].kind == field->kind) {
            break;
        }
    }

    return es_person_sources[i].source;
}


static bool
es_person_ask(es_rule_env_t *env, const es_rule_field_t *field,
    es_str_t *value)
{
    es_person_t        *person = (es_person_t *) env;
    es_person_field_t  *f;

    if (field->bind == 0) {
        return false;
    }

    f = &person->field[field->bind - 1];
    *value = f->value;

    return f->found;
}


static bool
es_person_segment(es_rule_env_t *env, uint32_t index)
{
    return es_person_is_in((es_person_t *) env, index);
}


es_person_t *
es_person_create(es_catalog_t *catalog)
{
    size_t        n = es_segments_count(catalog->set);
    es_pool_t    *pool = es_heap_pool(catalog->heap);
    es_person_t  *person = es_alloc(pool, sizeof(es_person_t));

    memset(person, 0, sizeof(es_person_t));
    person->env.field = es_person_ask;
    person->env.segment = es_person_segment;
    person->env.scratch = es_rule_scratch_create(pool);
    person->catalog = catalog;
    person->memo = es_alloc(pool, n + 1);
    person->reached = es_alloc(pool, (n + 1) * sizeof(bool));
    memset(person->memo, 0, n + 1);
    memset(person->reached, 0, (n + 1) * sizeof(bool));

    return person;
}


static es_person_field_t *
es_person_find(es_person_t *person, es_field_e kind, es_str_t name)
{
    size_t  i;

    for (i = 0; i < person->n; i++) {
        if (person->field[i].kind == kind
            && es_str_eq(person->field[i].name, name))
        {
            return &person->field[i];
        }
    }

    return NULL;
}


/* Those with a source come in the order in which a profile is asked. */
static es_person_field_t *
es_person_add(es_person_t *person, const es_rule_field_t *field)
{
    es_pool_t          *pool = es_heap_pool(person->catalog->heap);
    es_person_field_t  *wider, *added;

    if (person->n == person->room) {
        person->room = person->room ? 2 * person->room : 32;
        wider = es_alloc(pool, person->room * sizeof(es_person_field_t));

        if (person->n > 0) {
            memcpy(wider, person->field,
                   person->n * sizeof(es_person_field_t));
        }

        person->field = wider;
    }

    added = &person->field[person->n++];
    memset(added, 0, sizeof(es_person_field_t));
    added->kind = field->kind;
    added->name = field->name;
    added->source = es_person_source(field);
    person->nsources += added->source.len > 0;

    return added;
}


static void
es_person_expect_fields(es_person_t *person, es_rule_t *rule)
{
    size_t              i;
    es_rule_field_t    *field;
    es_person_field_t  *known;

    for (i = 0; i < rule->nfields; i++) {
        field = &rule->fields[i];

        if (field->kind == ES_FIELD_SEGMENT) {
            continue;
        }

        known = es_person_find(person, field->kind, field->name);

        if (known == NULL) {
            known = es_person_add(person, field);
        }

        field->bind = (uint32_t) (known - person->field) + 1;
    }
}


/* Segments of segments are 64 deep at most. */
void
es_person_expect(es_person_t *person, uint32_t number)
{
    size_t      i;
    es_rule_t  *rule;

    if (number == ES_SEGMENT_UNKNOWN || person->reached[number]) {
        return;
    }

    person->reached[number] = true;
    rule = es_segments_rule(person->catalog->set, number);

    if (rule == NULL) {
        return;
    }

    es_person_expect_fields(person, rule);

    for (i = 0; i < rule->nsegments; i++) {
        es_person_expect(person, rule->segments[i].index);
    }
}


void
es_person_give(es_person_t *person, es_field_e kind, es_str_t name,
    es_str_t value)
{
    es_person_field_t  *field;

    field = es_person_find(person, kind, name);

    if (field != NULL) {
        field->given = true;
        field->missing = value.data == NULL;
        field->own = value;
    }
}


/* What a site takes of a profile's value; its country XX is an unknown one. */
static bool
es_person_valid(const es_person_field_t *field, es_str_t value)
{
    if (field->kind == ES_FIELD_COUNTRY
        && es_str_case_eq(value, es_str("XX")))
    {
        return false;
    }

    return value.len > 0 && value.len <= ES_PERSON_VALUE_MAX
           && es_text_safe(value);
}


void
es_person_become(es_person_t *person, const redisReply *reply)
{
    size_t              i, n;
    es_person_field_t  *field;
    const redisReply   *value;

    memset(person->memo, 0, es_segments_count(person->catalog->set));

    for (i = 0, n = 0; i < person->n; i++) {
        field = &person->field[i];
        field->found = false;
        field->value = es_null_str;

        if (field->source.len > 0 && reply != NULL && n < reply->elements) {
            value = reply->element[n++];

            if (value->type == REDIS_REPLY_STRING
                && es_person_valid(field, es_reply_text(value)))
            {
                field->found = true;
                field->value = es_reply_text(value);
            }
        }

        if (field->kind == ES_FIELD_CONSENT && reply != NULL) {
            field->found = true;
            field->value = es_str("1");
        }

        if (field->given) {
            field->found = !field->missing;
            field->value = field->own;
        }
    }
}


bool
es_person_is_in(es_person_t *person, uint32_t number)
{
    return es_segments_eval(person->catalog->set, &person->env, number,
                            person->memo);
}


/* Marks the fields of a rule, and of those that it refers to. */
static void
es_person_mark(es_person_t *person, uint32_t number, bool *visited,
    bool *asked)
{
    size_t      i;
    es_rule_t  *rule;

    if (number == ES_SEGMENT_UNKNOWN || visited[number]) {
        return;
    }

    visited[number] = true;
    rule = es_segments_rule(person->catalog->set, number);

    if (rule == NULL) {
        return;
    }

    for (i = 0; i < rule->nfields; i++) {
        if (rule->fields[i].bind != 0) {
            asked[rule->fields[i].bind - 1] = true;
        }
    }

    for (i = 0; i < rule->nsegments; i++) {
        es_person_mark(person, rule->segments[i].index, visited, asked);
    }
}


/* A profile is that of somebody with consent, not new, and no crawler. */
static bool
es_person_flag(es_field_e kind)
{
    return kind == ES_FIELD_CONSENT || kind == ES_FIELD_NEW
           || kind == ES_FIELD_CRAWLER;
}


void
es_person_unknown(es_person_t *person, uint32_t number, char *buf,
    size_t size)
{
    size_t              i, len;
    bool               *visited, *asked;
    es_heap_t          *heap = es_heap_create();
    es_person_field_t  *field;

    visited = es_alloc(es_heap_pool(heap),
                       es_segments_count(person->catalog->set) + 1);
    asked = es_alloc(es_heap_pool(heap), person->n + 1);
    memset(visited, 0, es_segments_count(person->catalog->set) + 1);
    memset(asked, 0, person->n + 1);
    buf[0] = '\0';

    es_person_mark(person, number, visited, asked);

    for (i = 0, len = 0; i < person->n && len < size; i++) {
        field = &person->field[i];

        if (!asked[i] || field->source.len > 0
            || es_person_flag(field->kind))
        {
            continue;
        }

        len += (size_t) snprintf(buf + len, size - len, "%s%s%s%.64s",
                                 len ? ", " : "",
                                 es_rule_field_name(field->kind),
                                 field->name.len ? "." : "",
                                 es_shown(field->name));
    }

    es_heap_destroy(heap);
}
