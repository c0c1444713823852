/*
 * Topics: what they weigh, how they fade, and what is interest and industry.
 */
#include "learn.h"

#include <math.h>


static int64_t
score(const visitor_t *v, const char *name)
{
    uint32_t  i;

    for (i = 0; i < v->state.ntopics; i++) {
        if (es_str_eq(v->state.topics[i].name, str(name))) {
            return v->state.topics[i].score;
        }
    }

    return 0;
}


/* The event is one of these topics; a NULL ends them. */
static void
about(visitor_t *v, const es_entry_t *entry, ...)
{
    va_list      args;
    es_str_t     names[64];
    const char  *name;

    facts = (es_state_facts_t) { .topics = names };
    va_start(args, entry);

    while ((name = va_arg(args, const char *)) != NULL) {
        names[facts.ntopics++] = str(name);
    }

    va_end(args);
    apply(v, entry);
    facts = (es_state_facts_t) { 0 };
}


static void
test_weights(void)
{
    visitor_t  v = { 0 };

    about(&v, view(0, "/a"), "pumps", "valves", NULL);
    check(score(&v, "pumps") == 1000000 && score(&v, "valves") == 1000000);
    check(v.state.scored == T0);

    about(&v, event("click", 0, NULL), "pumps", NULL);
    check(score(&v, "pumps") == 2000000 && score(&v, "valves") == 1000000);

    about(&v, event("goal", 0, "value", "1000", NULL), "pumps", NULL);
    check(score(&v, "pumps") == 7000000);

    /* a view's weight for each 30 seconds, in fractions, four at most */
    about(&v, dwell(0, "30000"), "pumps", NULL);
    check(score(&v, "pumps") == 8000000);
    about(&v, dwell(0, "15000"), "pumps", NULL);
    check(score(&v, "pumps") == 8500000);
    about(&v, dwell(0, "100"), "pumps", NULL);
    check(score(&v, "pumps") == 8503333);
    about(&v, dwell(0, "120000"), "pumps", NULL);
    check(score(&v, "pumps") == 12503333);
    about(&v, dwell(0, "9007199254740991"), "pumps", NULL);
    check(score(&v, "pumps") == 16503333);

    about(&v, event("scroll", 0, "value", "100", NULL), "pumps", "x", NULL);
    about(&v, event("own", 0, "value", "100", NULL), "pumps", "x", NULL);
    about(&v, dwell(0, "0"), "x", NULL);
    check(score(&v, "pumps") == 16503333 && score(&v, "x") == 0);
    check(v.state.ntopics == 2);
}


static void
test_decay(void)
{
    visitor_t  v = { 0 };

    /* a half-life later, whatever the event is */
    about(&v, view(0, "/a"), "pumps", NULL);
    about(&v, event("scroll", 14 * DAY, NULL), NULL);
    check(score(&v, "pumps") == 500000);
    check(v.state.scored == T0 + 14 * DAY);

    about(&v, view(28 * DAY, "/a"), "pumps", NULL);
    check(score(&v, "pumps") == 1250000);

    about(&v, event("own", 35 * DAY, NULL), NULL);
    check(score(&v, "pumps") == llround(1250000 * exp2(-0.5)));

    /* time never goes back: what is late adds, and nothing fades for it */
    memset(&v, 0, sizeof(v));
    about(&v, view(14 * DAY, "/a"), "pumps", NULL);
    about(&v, view(0, "/a"), "pumps", NULL);
    check(score(&v, "pumps") == 2000000);
    check(v.state.scored == T0 + 14 * DAY);
    about(&v, event("own", 28 * DAY, NULL), NULL);
    check(score(&v, "pumps") == 1000000);

    settings.half_life = (double) DAY;
    about(&v, event("own", 29 * DAY, NULL), NULL);
    check(score(&v, "pumps") == 500000);
    settings.half_life = 0;
    about(&v, event("own", 290 * DAY, NULL), NULL);
    check(score(&v, "pumps") == 500000);
    settings.half_life = 14.0 * DAY;
}


/* Below 0.05 nothing is left of a topic. */
static void
test_least(void)
{
    visitor_t  v = { 0 };

    about(&v, dwell(0, "1500"), "a", NULL);
    check(score(&v, "a") == 50000);
    about(&v, event("own", MINUTE, NULL), NULL);
    check(v.state.ntopics == 0 && v.state.scored == 0);

    about(&v, dwell(0, "1499"), "a", NULL);
    check(v.state.ntopics == 0);

    /* 1.0 is 0.0625 after four half-lives, and 0.03 after five */
    about(&v, view(0, "/a"), "a", "b", NULL);
    about(&v, view(4 * 14 * DAY, "/b"), "b", NULL);
    check(score(&v, "a") == 62500 && score(&v, "b") == 1062500);
    about(&v, event("own", 5 * 14 * DAY, NULL), NULL);
    check(v.state.ntopics == 1 && score(&v, "b") == 531250);
}


/* Of 33 topics the weakest goes; of equals the last by name. */
static void
test_many(void)
{
    int        i;
    char       names[40][8];
    visitor_t  v = { 0 };

    for (i = 0; i < 40; i++) {
        snprintf(names[i], sizeof(names[i]), "t%02d", i % 100);
    }

    for (i = 1; i <= 32; i++) {
        about(&v, i == 7 ? dwell(0, "27000") : view(0, "/"), names[i], NULL);
    }

    check(v.state.ntopics == 32 && score(&v, "t07") == 900000);

    /* stronger than t07 */
    about(&v, event("goal", 0, NULL), "t33", NULL);
    check(v.state.ntopics == 32);
    check(score(&v, "t33") == 5000000 && score(&v, "t07") == 0);

    /* weaker than all */
    about(&v, dwell(0, "15000"), "t07", NULL);
    check(score(&v, "t07") == 0 && v.state.ntopics == 32);

    /* as strong as the weakest: by name */
    about(&v, view(0, "/"), "t40", NULL);
    check(score(&v, "t40") == 0 && score(&v, "t32") == 1000000);
    about(&v, view(0, "/"), "t00", NULL);
    check(score(&v, "t00") == 1000000 && score(&v, "t32") == 0);
    check(v.state.ntopics == 32);

    /* a topic of the event does not go for another of the same event */
    about(&v, view(0, "/"), "t99", "t31", NULL);
    check(score(&v, "t31") == 2000000 && score(&v, "t99") == 0);
}


/* In whatever order the topics of an event are told */
static void
test_order(void)
{
    int        i;
    char       names[40][8];
    visitor_t  a = { 0 }, b = { 0 };

    for (i = 0; i < 40; i++) {
        snprintf(names[i], sizeof(names[i]), "t%02d", i % 100);
    }

    for (i = 0; i < 31; i++) {
        learn_entries = 1000 + i;
        about(&a, view(i, "/"), names[i], NULL);
        learn_entries = 1000 + i;
        about(&b, view(i, "/"), names[i], NULL);
    }

    learn_entries = 2000;
    about(&a, event("goal", 100, NULL), "t35", "t00", "t34", "t36", NULL);
    learn_entries = 2000;
    about(&b, event("goal", 100, NULL), "t36", "t34", "t00", "t35", NULL);

    check(score(&a, "t00") == 6000000 && score(&a, "t36") == 5000000);
    check(es_str_eq(a.text, b.text));
}


static void
test_interest(void)
{
    visitor_t  v = { 0 };

    check(es_state_interest(&v.state).len == 0);

    about(&v, view(0, "/"), "valves", NULL);
    check_str(es_state_interest(&v.state), "valves");
    about(&v, view(0, "/"), "pumps", NULL);
    check_str(es_state_interest(&v.state), "pumps");
    about(&v, view(0, "/"), "valves", NULL);
    check_str(es_state_interest(&v.state), "valves");
    about(&v, event("goal", 0, NULL), "zebras", NULL);
    check_str(es_state_interest(&v.state), "zebras");
}


static bool
not_pumps(void *data, es_str_t topic)
{
    (*(int *) data)++;

    return !es_str_eq(topic, es_str("pumps"));
}


static es_str_t
industry(const visitor_t *v, double least, double margin)
{
    int       asked;
    es_str_t  found;

    asked = 0;
    found = es_state_industry(&v->state, llround(least * 1000000), margin,
                              not_pumps, &asked);
    check(asked == (int) v->state.ntopics);

    return found;
}


static void
test_industry(void)
{
    int        i;
    visitor_t  v = { 0 };

    check(industry(&v, 3, 2).len == 0);

    for (i = 0; i < 3; i++) {
        about(&v, event("goal", 0, NULL), "pumps", NULL);
    }

    check(industry(&v, 0, 2).len == 0);

    about(&v, view(0, "/"), "machinery", NULL);
    about(&v, view(0, "/"), "machinery", NULL);
    check(industry(&v, 3, 2).len == 0);
    check_str(industry(&v, 2, 2), "machinery");
    about(&v, view(0, "/"), "machinery", NULL);
    check_str(industry(&v, 3, 2), "machinery");

    about(&v, dwell(0, "45000"), "medical", NULL);
    check_str(industry(&v, 3, 2), "machinery");
    about(&v, dwell(0, "3000"), "medical", NULL);
    check(industry(&v, 3, 2).len == 0);
    check_str(industry(&v, 3, 1.5), "machinery");

    /* the second counts, not the third */
    about(&v, view(0, "/"), "food", NULL);
    check(industry(&v, 3, 2).len == 0);
    about(&v, event("goal", 0, NULL), "medical", NULL);
    check_str(industry(&v, 3, 2), "medical");

    /* the second may come before the first, and after the third */
    about(&v, event("goal", 0, NULL), "zoo", NULL);
    about(&v, event("goal", 0, NULL), "zoo", NULL);
    check(industry(&v, 3, 2).len == 0);
    check_str(industry(&v, 3, 1.5), "zoo");
    check(industry(&v, 10.000001, 1).len == 0);
    memset(&v, 0, sizeof(v));
    about(&v, event("goal", 0, NULL), "medical", NULL);
    about(&v, dwell(0, "48000"), "medical", NULL);

    /* equals are not clear; with no margin asked for, the first by name */
    about(&v, event("goal", 0, NULL), "a", NULL);
    about(&v, dwell(0, "48000"), "a", NULL);
    check(score(&v, "a") == score(&v, "medical"));
    check(industry(&v, 3, 2).len == 0);
    check_str(industry(&v, 3, 1), "a");
}


/* Names that could not be kept are not taken. */
static void
test_names(void)
{
    char       name[66];
    visitor_t  v = { 0 };

    memset(name, 'a', sizeof(name));
    name[65] = '\0';

    about(&v, view(0, "/"), name, "", "a\nb", "a\tb", "\xff", NULL);
    check(v.state.ntopics == 0);

    name[64] = '\0';
    about(&v, view(0, "/"), name, "with blanks, too", NULL);
    check(v.state.ntopics == 2);
}


static void
test_most(void)
{
    visitor_t  v = { 0 };

    check(es_state_parse(&v.state, es_str("1-0 0\ns 1795305600000\n"
                                          "i 999999999999999 a\n")));
    v.text = state_text(&v.state);

    about(&v, event("goal", 0, NULL), "a", NULL);
    check(score(&v, "a") == ES_STATE_SCORE);
    about(&v, event("goal", 14 * DAY, NULL), NULL);
    check(score(&v, "a") == ES_STATE_SCORE / 2);

    /* a time ago that is longer than anything */
    check(es_state_parse(&v.state, es_str("1-0 0\ns 1\ni 5000000 a\n")));
    v.text = state_text(&v.state);
    about(&v, view(0, "/"), NULL);
    check(v.state.ntopics == 0);
}


int
main(void)
{
    test_weights();
    test_decay();
    test_least();
    test_many();
    test_order();
    test_interest();
    test_industry();
    test_names();
    test_most();

    check_pool_free(&learn_pool);

    return check_done();
}
