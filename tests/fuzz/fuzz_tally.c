/*
 * Events of some visitors, counted three times: all of them; the first few, as
 * if the learner had been killed then; and all again with the marks that those
 * left. The last two together must be the first, whatever the events are; and
 * the first is held against counting by hand where that is simple.
 */
#include "../../ngx_exportsite_module/learn/tally.h"
#include "events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EVENTS  32

static const uint8_t              key[ES_SIPHASH_KEY];
static const es_state_settings_t  settings = { 1800000, 1209600000.0, 50 };

static const es_str_t  dates[2] = { { 10, "2026-11-22" }, { 1, "2" } };

typedef struct {
    fuzz_event_t        event;
    es_state_outcome_t  outcome;
    es_str_t            seen[ES_STATE_PAGES];
    bool                good;
} told_t;


static es_tally_value_t *
find(const es_tally_set_t *set, es_str_t value)
{
    es_tally_value_t  *v;

    for (v = set->values; v != NULL && !es_str_eq(v->value, value);
         v = v->next)
    {
        /* void */
    }

    return v;
}


static bool
has_visitor(const es_tally_value_t *v, es_str_t id)
{
    es_tally_visitor_t  *visitor;

    for (visitor = v ? v->visitors : NULL; visitor != NULL;
         visitor = visitor->next)
    {
        if (es_str_eq(visitor->id, id)) {
            return true;
        }
    }

    return false;
}


static es_tally_t *
tally_of(const told_t *told, int n, const es_tally_t *marks)
{
    int              i;
    es_str_t         date;
    es_tally_t      *tally;
    es_tally_set_t  *set, *left;

    tally = es_tally_create(&events_pool.pool, key);
    must(es_tally_sets(tally, dates[0]) && es_tally_sets(tally, dates[1]));

    if (marks != NULL) {
        set = es_tally_first(tally);

        for (left = es_tally_first(marks); left; left = left->next) {
            set->mark = left->upto;
            set = set->next;
        }
    }

    for (i = 0; i < n; i++) {
        date = dates[told[i].event.entry.ts % 2];

        if (told[i].good) {
            must(es_tally_event(tally, &told[i].event.entry,
                                told[i].event.visitor ? &told[i].outcome
                                                      : NULL,
                                &told[i].event.facts, date));

        } else {
            must(es_tally_rejected(tally,
                                   (es_entry_id_t) { UINT64_MAX,
                                                     (uint64_t) i + 1 },
                                   ES_ENTRY_FORM, date));
        }
    }

    return tally;
}


/* all is a and b together: no value more, no number else, nobody else */
static void
must_add_up(const es_tally_set_t *all, const es_tally_set_t *a,
    const es_tally_set_t *b)
{
    int                  i;
    size_t               n;
    int64_t              sum;
    es_tally_value_t    *v, *in_a, *in_b;
    es_tally_visitor_t  *visitor;

    for (n = 0, v = all->values; v != NULL; v = v->next, n++) {
        in_a = find(a, v->value);
        in_b = find(b, v->value);
        must(find(all, v->value) == v);
        must(v->value.len > 0 && v->metrics[ES_METRIC_EVENTS] > 0);
        must(v->value.len <= 2 * ES_TALLY_VALUE + 1);

        for (i = 0; i < ES_METRICS; i++) {
            sum = (in_a ? in_a->metrics[i] : 0)
                  + (in_b ? in_b->metrics[i] : 0);
            must(sum == v->metrics[i]);
        }

        for (visitor = v->visitors; visitor; visitor = visitor->next) {
            must(has_visitor(in_a, visitor->id)
                 || has_visitor(in_b, visitor->id));
            must(!has_visitor(&(es_tally_value_t) {
                                  .visitors = visitor->next }, visitor->id));
        }
    }

    must(n == all->nvalues);

    for (v = a->values; v != NULL; v = v->next) {
        must(find(all, v->value) != NULL);
    }

    for (v = b->values; v != NULL; v = v->next) {
        must(find(all, v->value) != NULL);
    }
}


/* By hand: what happened in all, and on each page */
static void
must_be_all(const es_tally_set_t *set, const told_t *told, int n)
{
    int                i;
    bool               page;
    int64_t            events, views, visits;
    es_tally_value_t  *v;

    page = set->dimension == ES_DIMENSION_PAGE;

    for (v = set->values; v != NULL; v = v->next) {
        events = views = visits = 0;

        for (i = 0; i < n; i++) {
            if (!told[i].good
                || !es_str_eq(dates[told[i].event.entry.ts % 2], set->date)
                || (page && !es_str_eq(told[i].event.entry.field[
                                           ES_EVENT_PATH], v->value)))
            {
                continue;
            }

            events++;
            views += told[i].event.entry.kind == ES_ENTRY_VIEW;
            visits += told[i].event.visitor && told[i].outcome.visit;
        }

        must(v->metrics[ES_METRIC_EVENTS] == events);
        must(v->metrics[ES_METRIC_VIEWS] == views);
        must(v->metrics[ES_METRIC_VISITS] == visits);
    }
}


static void
check_tallies(const told_t *told, int n, int first)
{
    es_tally_t      *all, *some, *rest;
    es_tally_set_t  *set, *a, *b;

    all = tally_of(told, n, NULL);
    some = tally_of(told, first, NULL);
    rest = tally_of(told, n, some);

    a = es_tally_first(some);
    b = es_tally_first(rest);

    for (set = es_tally_first(all); set != NULL; set = set->next) {
        must_add_up(set, a, b);

        if (set->dimension == ES_DIMENSION_ALL
            || set->dimension == ES_DIMENSION_PAGE)
        {
            must_be_all(set, told, n);
        }

        a = a->next;
        b = b->next;
    }

    must(a == NULL && b == NULL);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int         n, first;
    input_t     in = { data, data + size };
    told_t     *t;
    es_state_t  states[4];

    static told_t  told[EVENTS];

    memset(states, 0, sizeof(states));
    memset(told, 0, sizeof(told));
    first = (int) take(&in, 1);

    for (n = 0; n < EVENTS && in.p < in.end; n++) {
        t = &told[n];
        t->good = take_event(&in, (es_entry_id_t) { UINT64_MAX,
                                                    (uint64_t) n + 1 },
                             &t->event);

        if (t->good && t->event.visitor) {
            es_state_apply(&states[t->event.visitor], &t->event.entry,
                           &t->event.facts, &settings, &t->outcome);

            /* they are good until the visitor's next event only */
            memcpy(t->seen, t->outcome.seen ? t->outcome.seen : t->seen,
                   sizeof(es_str_t) * t->outcome.nseen);
            t->outcome.seen = t->seen;
        }
    }

    check_tallies(told, n, n ? first % (n + 1) : 0);
    check_pool_free(&events_pool);

    return 0;
}
