/* Two visitors become one: the fields and the state that come of it. */
#include "learned.h"
#include "visitor.h"


typedef struct {
    es_heap_t  *heap;
    es_str_t   *args;
    size_t      n;
} es_join_t;


static void
es_join_arg(es_join_t *join, es_str_t arg)
{
    join->args[join->n++] = arg;
}


static void
es_join_number(es_join_t *join, uint64_t n)
{
    char  buf[24];

    es_join_arg(join, es_heap_copy(join->heap, (es_str_t) {
        snprintf(buf, sizeof(buf), "%llu", (unsigned long long) n), buf }));
}


static es_str_t
es_join_field(const redisReply *profile, es_str_t name)
{
    const redisReply  *value = es_reply_named(profile, name);

    return value ? es_reply_text(value) : es_null_str;
}


/*
 * What the learner wrote into the other's profile and the new one takes from
 * there is as if it had written it here.
 */
static void
es_join_own(es_state_t *state, const es_joined_t *into,
    const es_joined_t *other)
{
    size_t    i;
    es_str_t  value;

    for (i = 0; i < ES_OWN_FIELDS; i++) {
        value = es_join_field(other->profile, es_learned_own[i]);

        if (value.len > 0 && es_str_eq(value, other->state.own[i])
            && es_reply_named(into->profile, es_learned_own[i]) == NULL)
        {
            state->own[i] = value;
        }
    }
}


/* Is it one of the fields that come of the state? */
static bool
es_join_learned(const es_learned_field_t *fields, size_t n, es_str_t name)
{
    size_t  i;

    if (name.len > 6 && memcmp(name.data, "topic:", 6) == 0) {
        return true;
    }

    for (i = 0; i < n; i++) {
        if (es_str_eq(fields[i].name, name)) {
            return true;
        }
    }

    return false;
}


/*
 * The other one's fields, for those that the new one does not have. What came
 * of its state has come into the new one's.
 */
static void
es_join_others(es_join_t *join, const es_joined_t *other)
{
    size_t              i, n;
    es_str_t            name, value;
    es_state_t          none;
    es_learned_field_t  learned[ES_LEARNED_FIELDS];

    memset(&none, 0, sizeof(es_state_t));
    n = es_learned_fields(&other->state, &none, es_heap_pool(join->heap),
                          learned);

    /* its source may come only behind the industry itself */

    value = es_join_field(other->profile, es_str("industry"));

    if (value.len > 0) {
        es_join_arg(join, es_str("industry"));
        es_join_arg(join, value);
    }

    for (i = 0; other->profile && i + 1 < other->profile->elements; i += 2) {
        name = es_reply_text(other->profile->element[i]);
        value = es_reply_text(other->profile->element[i + 1]);

        if (!es_str_eq(name, es_str("industry"))
            && !(other->text.len > 0 && es_join_learned(learned, n, name)))
        {
            es_join_arg(join, name);
            es_join_arg(join, value);
        }
    }
}


size_t
es_visitor_join(es_heap_t *heap, const es_settings_t *settings,
    const es_joined_t *into, const es_joined_t *other, es_str_t other_id,
    es_str_t token, es_str_t **args)
{
    char                text[ES_STATE_MAX],
                        note[sizeof(ES_VISITOR_MERGED) + ES_VISITOR_NAME];
    size_t              i, n, most;
    es_join_t           join = { heap, NULL, 0 };
    es_state_t          state, before;
    es_learned_field_t  fields[ES_LEARNED_FIELDS];

    state = into->state;
    es_state_merge(&state, &other->state,
                   (double) settings->interest_days * 86400000);
    es_join_own(&state, into, other);

    /* as the learner does: no profile of its own, nothing was written yet */

    memset(&before, 0, sizeof(es_state_t));

    if (es_reply_named(into->profile, es_str("last_seen")) != NULL) {
        before = into->state;
    }

    n = es_learned_fields(&state, &before, es_heap_pool(heap), fields);
    most = 6 + 2 * n + 2 + (other->profile ? other->profile->elements : 0);
    join.args = es_alloc(es_heap_pool(heap), most * sizeof(es_str_t));

    es_join_arg(&join, es_state_head(into->text));
    es_join_arg(&join, es_heap_copy(heap, (es_str_t) {
        es_state_format(&state, text), text }));
    es_join_number(&join, (uint64_t) settings->profile_days
                          * ES_DAY);
    es_join_arg(&join, es_heap_copy(heap, (es_str_t) {
        snprintf(note, sizeof(note), ES_VISITOR_MERGED "%.*s",
                 (int) other_id.len, other_id.data), note }));
    es_join_arg(&join, token);
    es_join_number(&join, n);

    for (i = 0; i < n; i++) {
        es_join_arg(&join, fields[i].name);
        es_join_arg(&join, fields[i].value);
    }

    es_join_others(&join, other);

    *args = join.args;

    return join.n;
}
