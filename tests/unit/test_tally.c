/*
 * What a chunk of events adds to the counters.
 */
#include "../../ngx_exportsite_module/learn/tally.h"
#include "learn.h"

#include <time.h>


#define ANNE   "53bddabeeb142555067c92abefcccf06"
#define TODAY  es_str("2026-11-22")

static const uint8_t  key[ES_SIPHASH_KEY] = "a key of no use";

static es_tally_t    *tally;
static visitor_t      anne, bob;


static void
begin(void)
{
    memset(&anne, 0, sizeof(anne));
    memset(&bob, 0, sizeof(bob));
    facts = (es_state_facts_t) { 0 };

    tally = es_tally_create(&learn_pool.pool, key);
    check(es_tally_sets(tally, TODAY));
}


/* An event of that visitor, or of nobody in particular */
static void
tell(visitor_t *v, const es_entry_t *entry)
{
    if (v != NULL) {
        apply(v, entry);
    }

    check(es_tally_event(tally, entry, v ? &v->outcome : NULL, &facts,
                         TODAY));
}


static es_tally_set_t *
set_of(es_dimension_e dimension, es_str_t date)
{
    es_tally_set_t  *set;

    for (set = es_tally_first(tally); set != NULL; set = set->next) {
        if (set->dimension == dimension && es_str_eq(set->date, date)) {
            return set;
        }
    }

    return NULL;
}


static es_tally_value_t *
value_of(es_dimension_e dimension, const char *value)
{
    size_t             n;
    es_tally_set_t    *set;
    es_tally_value_t  *found, *v;

    set = set_of(dimension, TODAY);
    found = NULL;
    n = 0;

    for (v = set->values; v != NULL; v = v->next, n++) {
        if (es_str_eq(v->value, str(value))) {
            check(found == NULL);
            found = v;
        }
    }

    check(n == set->nvalues);

    return found;
}


/* "events views visits goals clicks dwell worth / visitors", or "" */
static void
count(int line, es_dimension_e dimension, const char *value, const char *want)
{
    int                  i, n;
    char                 text[256];
    size_t               visitors;
    es_tally_value_t    *v;
    es_tally_visitor_t  *visitor;

    v = value_of(dimension, value);
    text[0] = '\0';

    if (v != NULL) {
        for (i = 0, n = 0; i < ES_METRICS; i++) {
            n += sprintf(text + n, "%lld ", (long long) v->metrics[i]);
        }

        for (visitors = 0, visitor = v->visitors; visitor != NULL;
             visitor = visitor->next)
        {
            visitors++;
        }

        check(visitors == v->nvisitors);
        sprintf(text + n, "/ %zu", visitors);
    }

    check_str_(__FILE__, line, str(text), want);
}

#define check_count(dimension, value, want)                                   \
    count(__LINE__, ES_DIMENSION_##dimension, value, want)


/* The values of a set in their order, with commas */
static void
values(int line, es_dimension_e dimension, const char *want)
{
    char               text[4096];
    size_t             n;
    es_tally_value_t  *v;

    n = 0;

    for (v = set_of(dimension, TODAY)->values; v != NULL; v = v->next) {
        n += (size_t) snprintf(text + n, sizeof(text) - n, "%s%.*s",
                               n ? "," : "", (int) v->value.len,
                               v->value.data);
    }

    check_str_(__FILE__, line, (es_str_t) { n, text }, want);
}

#define check_values(dimension, want)                                         \
    values(__LINE__, ES_DIMENSION_##dimension, want)


static void
test_dimensions(void)
{
    es_str_t  topics[] = { es_str("pumps"), es_str("jobs"), es_str("pumps") };

    begin();
    facts.topics = topics;
    facts.ntopics = 3;

    tell(&anne, event("view", 0, "visitor", ANNE, "host", "example.org",
                      "path", "/a", "country", "DE", "language", "de",
                      "industry", "machinery", "device", "mobile",
                      "segments", "dach,new,dach",
                      "variants", "hero=german,cta=green",
                      "experiments", "e=1", "referrer", "google.com",
                      "source", "google", "medium", "cpc",
                      "campaign", "spring", "label", "l", NULL));

    check_count(ALL, "all", "1 1 1 0 0 0 0 / 1");
    check_count(COUNTRY, "DE", "1 1 1 0 0 0 0 / 1");
    check_values(LANGUAGE, "de");
    check_values(INDUSTRY, "machinery");
    check_values(DEVICE, "mobile");
    check_values(SEGMENT, "dach,new");
    check_count(SEGMENT, "dach", "1 1 1 0 0 0 0 / 1");
    check_values(CAMPAIGN, "spring");
    check_values(REFERRER, "google.com");
    check_values(PAGE, "/a");
    check_values(TOPIC, "pumps,jobs");
    check_count(TOPIC, "pumps", "1 1 1 0 0 0 0 / 1");
    check_values(CHOICE, "hero=german,cta=green");
    check_count(CHOICE, "cta=green", "1 1 1 0 0 0 0 / 1");
    check_values(TRANSITION, "");
    check_values(TOGETHER, "");
    check_values(REJECTED, "");
    check_str(value_of(ES_DIMENSION_ALL, "all")->visitors->id, ANNE);

    /* what an event does not have is not counted there; XX is a country */
    begin();
    tell(&anne, event("view", 0, "visitor", ANNE, "country", "XX", NULL));
    check_count(COUNTRY, "XX", "1 1 1 0 0 0 0 / 1");
    check_values(LANGUAGE, "");
    check_values(PAGE, "");
    check_values(CAMPAIGN, "");
}


static void
test_metrics(void)
{
    begin();
    tell(&anne, event("view", 0, "visitor", ANNE, "path", "/a", NULL));
    tell(&anne, event("dwell", 1, "visitor", ANNE, "path", "/a",
                      "ms", "1500", NULL));
    tell(&anne, event("goal", 2, "visitor", ANNE, "path", "/a",
                      "value", "19.9", NULL));
    tell(&anne, event("goal", 3, "visitor", ANNE, "path", "/b",
                      "value", "-0.0015", NULL));
    tell(&anne, event("click", 4, "visitor", ANNE, "path", "/a",
                      "value", "7", NULL));
    tell(&anne, event("scroll", 5, "visitor", ANNE, "path", "/a",
                      "value", "50", NULL));
    tell(&anne, event("own", 6, "visitor", ANNE, "path", "/a",
                      "ms", "77", NULL));

    check_count(ALL, "all", "7 1 1 2 1 1500 19898 / 1");
    check_count(PAGE, "/a", "6 1 1 1 1 1500 19900 / 1");
    check_count(PAGE, "/b", "1 0 0 1 0 0 -2 / 1");
}


/* Of those without consent is known what happened, never who. */
static void
test_anonymous(void)
{
    begin();
    tell(NULL, event("view", 0, "host", "example.org", "path", "/a",
                     "country", "DE", "campaign", "spring",
                     "referrer", "google.com", NULL));
    tell(NULL, event("view", 1, "host", "example.org", "path", "/b",
                     "country", "DE", "referrer", "example.org", NULL));
    tell(NULL, event("dwell", 2, "path", "/b", "ms", "10", NULL));
    tell(NULL, event("goal", 3, "path", "/b", "value", "1", NULL));

    check_count(ALL, "all", "4 2 0 1 0 10 1000 / 0");
    check_count(COUNTRY, "DE", "2 2 0 0 0 0 0 / 0");
    check_count(CAMPAIGN, "spring", "1 1 0 0 0 0 0 / 0");
    check_values(REFERRER, "google.com");
    check_values(TRANSITION, "");
    check_values(TOGETHER, "");
}


/* A visit counts where the view that began it does; all else by the visit. */
static void
test_visit(void)
{
    begin();
    tell(&anne, event("view", 0, "visitor", ANNE, "path", "/a",
                      "country", "DE", "campaign", "spring", NULL));
    tell(&anne, event("view", 1000, "visitor", ANNE, "path", "/b",
                      "country", "FR", "campaign", "summer", NULL));
    tell(&anne, event("goal", 2000, "visitor", ANNE, "path", "/b", NULL));
    tell(&anne, event("view", 3600000, "visitor", ANNE, "path", "/b",
                      "country", "FR", NULL));

    check_count(ALL, "all", "4 3 2 1 0 0 0 / 1");
    check_count(CAMPAIGN, "spring", "3 2 1 1 0 0 0 / 1");
    check_values(CAMPAIGN, "spring");
    check_count(COUNTRY, "DE", "1 1 1 0 0 0 0 / 1");
    check_count(COUNTRY, "FR", "2 2 1 0 0 0 0 / 1");
    check_count(PAGE, "/b", "3 2 1 1 0 0 0 / 1");
}


static void
test_visitors(void)
{
    int  i;

    begin();

    for (i = 0; i < 3; i++) {
        tell(&anne, event("view", i, "visitor", "anne", "path", "/a",
                          "country", "DE", NULL));
        tell(&bob, event("view", i, "visitor", "bob", "path",
                         i ? "/a" : "/b", "country", "DE", NULL));
        tell(&bob, event("dwell", i, "visitor", "bob", "path", "/c",
                         "ms", "1", NULL));
    }

    check_count(ALL, "all", "9 6 2 0 0 3 0 / 2");
    check_count(COUNTRY, "DE", "6 6 2 0 0 0 0 / 2");
    check_count(PAGE, "/a", "5 5 1 0 0 0 0 / 2");
    check_count(PAGE, "/b", "1 1 1 0 0 0 0 / 1");
    check_count(PAGE, "/c", "3 0 0 0 0 3 0 / 1");
    check_str(value_of(ES_DIMENSION_PAGE, "/c")->visitors->id, "bob");
}


static void
test_ways(void)
{
    begin();
    tell(&anne, event("view", 0, "visitor", "a", "path", "/b", NULL));
    tell(&anne, event("view", 1, "visitor", "a", "path", "/a", NULL));
    tell(&anne, event("view", 2, "visitor", "a", "path", "/b", NULL));
    tell(&anne, event("view", 3, "visitor", "a", "path", "/a", NULL));
    tell(&anne, event("view", 4, "visitor", "a", "path", "/c", NULL));
    tell(&bob, event("view", 0, "visitor", "b", "path", "/a", NULL));
    tell(&bob, event("view", 1, "visitor", "b", "path", "/b", NULL));

    check_values(TRANSITION, "/b\t/a,/a\t/b,/a\t/c");
    check_count(TRANSITION, "/b\t/a", "2 2 0 0 0 0 0 / 0");
    check_count(TRANSITION, "/a\t/b", "2 2 0 0 0 0 0 / 0");
    check_count(TRANSITION, "/a\t/c", "1 1 0 0 0 0 0 / 0");

    check_values(TOGETHER, "/a\t/b,/b\t/c,/a\t/c");
    check_count(TOGETHER, "/a\t/b", "2 0 2 0 0 0 0 / 0");
    check_count(TOGETHER, "/b\t/c", "1 0 1 0 0 0 0 / 0");
}


/* Values are cut at 200 bytes, and then the same. */
static void
test_cut(void)
{
    char  path[302], other[302], list[602];

    memset(path, 'a', 301);
    path[0] = '/';
    path[301] = '\0';
    memcpy(path + 198, "\xe6\x97\xa5", 3);
    memcpy(other, path, sizeof(path));
    other[300] = 'b';

    memset(list, 's', 601);
    list[300] = ',';
    list[601] = '\0';

    begin();
    tell(&anne, event("view", 0, "visitor", "a", "path", path, NULL));
    tell(&anne, event("view", 1, "visitor", "a", "path", other,
                      "segments", list, NULL));
    tell(NULL, event("view", 2, "path", other, NULL));
    tell(&anne, event("view", 3, "visitor", "a", "path", "/b", NULL));

    check(set_of(ES_DIMENSION_PAGE, TODAY)->nvalues == 2);
    check(set_of(ES_DIMENSION_PAGE, TODAY)->values->value.len == 198);
    check(set_of(ES_DIMENSION_SEGMENT, TODAY)->nvalues == 1);
    check(set_of(ES_DIMENSION_SEGMENT, TODAY)->values->value.len == 200);
    check(set_of(ES_DIMENSION_SEGMENT, TODAY)->values->metrics[0] == 1);
    check(set_of(ES_DIMENSION_TRANSITION, TODAY)->nvalues == 1);
    check(set_of(ES_DIMENSION_TRANSITION, TODAY)->values->value.len == 201);
}


/* An event at or below a set's mark was counted there before. */
static void
test_marks(void)
{
    uint64_t         first;
    es_tally_set_t  *all, *country;

    begin();
    all = set_of(ES_DIMENSION_ALL, TODAY);
    country = set_of(ES_DIMENSION_COUNTRY, TODAY);
    check(all->upto.ms == 0 && all->upto.seq == 0);

    first = learn_entries + 1;
    country->mark = (es_entry_id_t) { T0 + 400 * DAY, first + 1 };

    tell(&anne, event("view", 0, "visitor", "a", "country", "DE", NULL));
    tell(&anne, event("view", 1, "visitor", "a", "country", "FR", NULL));
    check(all->upto.seq == first + 1);
    check(country->values == NULL && country->upto.seq == 0);

    tell(&anne, event("view", 2, "visitor", "a", "country", "DE", NULL));
    tell(NULL, event("view", 3, NULL));

    check_count(ALL, "all", "4 4 1 0 0 0 0 / 1");
    check_values(COUNTRY, "DE");
    check_count(COUNTRY, "DE", "1 1 0 0 0 0 0 / 1");
    check(all->upto.seq == first + 3);

    /* the last event had none */
    check(country->upto.seq == first + 2);
}


static void
test_days(void)
{
    int              n;
    char             date[16];
    es_tally_set_t  *set;

    begin();
    check(es_tally_sets(tally, TODAY));
    check(es_tally_sets(tally, str_exact("2026-11-21", 10)));
    check(es_tally_sets(tally, TODAY));

    for (n = 0, set = es_tally_first(tally); set != NULL; set = set->next) {
        check((int) set->dimension == n % ES_DIMENSIONS);
        check_str(set->date, n < ES_DIMENSIONS ? "2026-11-22" : "2026-11-21");
        n++;
    }

    check(n == 2 * ES_DIMENSIONS);

    check(es_tally_event(tally, event("view", 0, NULL), NULL, NULL,
                         es_str("2026-11-21")));
    check_values(ALL, "");
    set = set_of(ES_DIMENSION_ALL, es_str("2026-11-21"));
    check(set->nvalues == 1 && set->values->metrics[0] == 1);

    for (n = 0; n < 1000; n++) {
        snprintf(date, sizeof(date), "2020-%02d-%02d", n / 31 % 100, n % 31);
        check(es_tally_sets(tally, str_exact(date, 10)));
        check(es_tally_sets(tally, es_str("2026-11-21")));
    }

    check(set_of(ES_DIMENSION_ALL, es_str("2026-11-21")) == set);
    check(set_of(ES_DIMENSION_PAGE, es_str("2020-00-30")) != NULL);
}


static void
test_rejected(void)
{
    es_tally_set_t  *set;

    begin();
    check(es_tally_rejected(tally, (es_entry_id_t) { 5, 1 }, ES_ENTRY_LONG,
                            TODAY));
    check(es_tally_rejected(tally, (es_entry_id_t) { 5, 2 }, ES_ENTRY_TIME,
                            TODAY));
    check(es_tally_rejected(tally, (es_entry_id_t) { 5, 3 }, ES_ENTRY_LONG,
                            TODAY));

    check_values(REJECTED, "long,time");
    check_count(REJECTED, "long", "2 0 0 0 0 0 0 / 0");
    check_values(ALL, "");
    set = set_of(ES_DIMENSION_REJECTED, TODAY);
    check(set->upto.seq == 3);

    set->mark = (es_entry_id_t) { 5, 9 };
    check(es_tally_rejected(tally, (es_entry_id_t) { 5, 9 }, ES_ENTRY_LONG,
                            TODAY));
    check_count(REJECTED, "long", "2 0 0 0 0 0 0 / 0");
}


/* Sums stop where a number of Redis would, and do not turn round. */
static void
test_most(void)
{
    int         i;
    es_entry_t  entry;

    begin();

    for (i = 0; i < 3; i++) {
        entry = *event("dwell", i, NULL);
        entry.ms = (uint64_t) INT64_MAX / 2;
        tell(NULL, &entry);
    }

    check(value_of(ES_DIMENSION_ALL, "all")->metrics[ES_METRIC_DWELL]
          == INT64_MAX);

    for (i = 0; i < 3; i++) {
        entry = *event("goal", i, NULL);
        entry.worth = INT64_MIN / 2 - 1;
        tell(NULL, &entry);
    }

    check(value_of(ES_DIMENSION_ALL, "all")->metrics[ES_METRIC_WORTH]
          == INT64_MIN);
}


static double
processor_time(void)
{
    return (double) clock() / CLOCKS_PER_SEC;
}


/* Twice as many of what nobody saw before take twice the time, not four. */
static void
test_many(void)
{
    int                i, n, round;
    char               text[64];
    double             start, took[2];
    visitor_t          v;
    const es_entry_t  *entries[4096];

    for (i = 0; i < 4096; i++) {
        snprintf(text, sizeof(text), "/strange/%d", i);
        entries[i] = event("view", i, "visitor", text + 9, "path", text,
                           "campaign", text, "country", "DE", NULL);
    }

    for (round = 0, n = 512; round < 2; round++, n = 4096) {
        begin();
        start = processor_time();

        for (i = 0; i < n; i++) {
            memset(&v.state, 0, sizeof(v.state));
            es_state_apply(&v.state, entries[i], &facts, &settings,
                           &v.outcome);
            check(es_tally_event(tally, entries[i], &v.outcome, &facts,
                                 TODAY));
        }

        took[round] = processor_time() - start;
    }

    check(set_of(ES_DIMENSION_PAGE, TODAY)->nvalues == 4096);
    check(value_of(ES_DIMENSION_COUNTRY, "DE")->nvisitors == 4096);
    check_count(CAMPAIGN, "/strange/4095", "1 1 1 0 0 0 0 / 1");

    /* eight times as many; 64 if each looked at all the others */
    check(took[1] < 24 * took[0] + 0.05);
}


/* However early memory ends, it is said and nothing is broken. */
typedef struct {
    es_pool_t      pool;
    int            left;
} poor_pool_t;

static void *
poor_alloc(es_pool_t *pool, size_t size)
{
    poor_pool_t  *poor = (poor_pool_t *) pool;

    return poor->left-- > 0 ? es_alloc(&learn_pool.pool, size) : NULL;
}


static void
test_no_memory(void)
{
    int                left;
    bool               done;
    poor_pool_t        poor;
    const es_entry_t  *entry;

    begin();
    apply(&anne, view(0, "/a"));
    entry = event("view", 1, "visitor", "a", "path", "/b", "segments", "x,y",
                  "variants", "h=1", NULL);
    apply(&anne, entry);

    for (left = 0, done = false; !done; left++) {
        poor = (poor_pool_t) { { poor_alloc }, left };
        tally = es_tally_create(&poor.pool, key);
        done = tally != NULL
               && es_tally_event(tally, entry, &anne.outcome, &facts, TODAY);
        check(left < 40);
    }

    check(left > 10);
    check_count(TOGETHER, "/a\t/b", "1 0 1 0 0 0 0 / 0");
}


static void
test_names(void)
{
    static const char *const  metrics[] = {
        "events", "views", "visits", "goals", "clicks", "dwell", "worth"
    };

    static const char *const  dimensions[] = {
        "all", "country", "language", "industry", "device", "segment",
        "campaign", "referrer", "page", "topic", "choice", "transition",
        "together", "rejected"
    };

    int  i;

    check(sizeof(metrics) / sizeof(metrics[0]) == ES_METRICS);
    check(sizeof(dimensions) / sizeof(dimensions[0]) == ES_DIMENSIONS);

    for (i = 0; i < ES_METRICS; i++) {
        check(strcmp(es_metric_name((es_metric_e) i), metrics[i]) == 0);
    }

    for (i = 0; i < ES_DIMENSIONS; i++) {
        check(strcmp(es_dimension_name((es_dimension_e) i), dimensions[i])
              == 0);
    }
}


int
main(void)
{
    test_dimensions();
    test_metrics();
    test_anonymous();
    test_visit();
    test_visitors();
    test_ways();
    test_cut();
    test_marks();
    test_days();
    test_rejected();
    test_most();
    test_many();
    test_no_memory();
    test_names();

    check_pool_free(&learn_pool);

    return check_done();
}
