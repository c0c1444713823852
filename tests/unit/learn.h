/*
 * Visitors for tests of learn/: events made of a few words, and applied twice,
 * to a state that is kept and to one that is written and read again before each
 * event. Both have to be the same, whatever a test is about.
 */
#ifndef LEARN_H
#define LEARN_H

#include <stdarg.h>

#include "../../ngx_exportsite_module/learn/state.h"
#include "check.h"


#define T0      UINT64_C(1795305600000)          /* 2026-11-22 00:00:00 */
#define SECOND  UINT64_C(1000)
#define MINUTE  (60 * SECOND)
#define DAY     (24 * 60 * MINUTE)

typedef struct {
    es_state_t          state;
    es_state_outcome_t  outcome;
    es_str_t            text;
} visitor_t;

static check_pool_t         learn_pool = check_pool_init();
static uint64_t             learn_entries;
static es_state_facts_t     facts;
static es_state_settings_t  settings = { 30 * MINUTE, 14.0 * DAY, 50 };


static inline es_str_t
str(const char *s)
{
    return (es_str_t) { strlen(s), s };
}


/* A copy that lies on no byte beyond its own */
static inline es_str_t
str_exact(const char *data, size_t len)
{
    char  *copy = check_pool_alloc(&learn_pool.pool, len);

    memcpy(copy, data, len);

    return (es_str_t) { len, copy };
}


/* An event at T0 + ms; names and values follow, and a NULL. */
static inline const es_entry_t *
event(const char *type, int64_t ms, ...)
{
    char               ts[24];
    size_t             n;
    va_list            args;
    es_str_t           strings[2 * ES_EVENT_FIELDS], culprit;
    es_entry_t        *entry;
    const char        *arg;
    es_entry_fault_e   fault;

    snprintf(ts, sizeof(ts), "%llu",
             (unsigned long long) (T0 + (uint64_t) ms));

    n = 0;
    strings[n++] = str("id");
    strings[n++] = str("0123456789abcdef01234567");
    strings[n++] = str("ts");
    strings[n++] = str_exact(ts, strlen(ts));
    strings[n++] = str("type");
    strings[n++] = str(type);

    va_start(args, ms);

    while ((arg = va_arg(args, const char *)) != NULL) {
        strings[n++] = str_exact(arg, strlen(arg));
    }

    va_end(args);

    entry = check_pool_alloc(&learn_pool.pool, sizeof(es_entry_t));
    fault = es_entry_read(entry,
                          (es_entry_id_t) { T0 + 400 * DAY, ++learn_entries },
                          strings, n, &culprit);

    if (fault != ES_ENTRY_GOOD) {
        fprintf(stderr, "no event: %s, %.*s\n", es_entry_fault_name(fault),
                (int) culprit.len, culprit.data);
        abort();
    }

    return entry;
}

#define view(ms, path)   event("view", ms, "path", path, NULL)
#define dwell(ms, took)  event("dwell", ms, "ms", took, NULL)


static inline es_str_t
state_text(const es_state_t *state)
{
    char      *buf = check_pool_alloc(&learn_pool.pool, ES_STATE_MAX);
    size_t     len;
    es_str_t   exact;

    len = es_state_format(state, buf);
    check(len <= ES_STATE_MAX);
    exact = str_exact(buf, len);

    return exact;
}


static inline void
apply(visitor_t *v, const es_entry_t *entry)
{
    es_str_t            text;
    es_state_t          again;
    es_state_outcome_t  outcome;

    check(es_state_parse(&again, v->text));
    es_state_apply(&again, entry, &facts, &settings, &outcome);
    es_state_apply(&v->state, entry, &facts, &settings, &v->outcome);

    v->text = state_text(&v->state);
    text = state_text(&again);
    check(es_str_eq(v->text, text));

    check(outcome.visit == v->outcome.visit);
    check(outcome.lead == v->outcome.lead);
    check(es_str_eq(outcome.from, v->outcome.from));
    check(es_str_eq(outcome.page, v->outcome.page));
    check(es_str_eq(outcome.campaign, v->outcome.campaign));
    check(es_str_eq(outcome.referrer, v->outcome.referrer));
    check(outcome.nseen == v->outcome.nseen);
}

#endif
