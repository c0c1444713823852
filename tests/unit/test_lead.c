/*
 * Points, and who is worth a call for them.
 */
#include "learn.h"


static es_str_t  names[32];
static int64_t   points[32];


/* One more score that holds */
static void
because(const char *name, int64_t gives)
{
    names[facts.nreasons] = str(name);
    points[facts.nreasons] = gives;
    facts.reasons = names;
    facts.points = points;
    facts.nreasons++;
}


static void
then(visitor_t *v, const es_entry_t *entry)
{
    apply(v, entry);
    facts = (es_state_facts_t) { 0 };
}


static void
test_once(void)
{
    visitor_t  v = { 0 };

    because("pumps", 25);
    then(&v, view(0, "/"));
    check(!v.outcome.lead && v.state.points == 25 && v.state.lead == 0);

    because("pumps", 24);
    then(&v, view(1, "/"));
    check(!v.outcome.lead && v.state.points == 49);

    because("quote", 1);
    then(&v, event("goal", 1000, NULL));
    check(v.outcome.lead && v.state.points == 50);
    check(v.state.lead == T0 + 1000);

    /* and never again: not on more, not after less */
    because("quote", 100);
    then(&v, event("goal", 2000, NULL));
    check(!v.outcome.lead && v.state.points == 150);
    because("jobs", -1000);
    then(&v, event("goal", 3000, NULL));
    because("quote", 100);
    then(&v, event("goal", 4000, NULL));
    check(!v.outcome.lead && v.state.points == 100);
    check(v.state.lead == T0 + 1000);
}


static void
test_reasons(void)
{
    visitor_t  v = { 0 };

    because("quote", 25);
    because("pumps", 5);
    then(&v, view(0, "/"));
    because("pumps", 5);
    then(&v, view(1, "/"));
    because("pumps", 5);
    because("jobs", -3);
    then(&v, view(2, "/"));

    check(v.state.points == 37 && v.state.nreasons == 3);
    check_str(v.state.reasons[0].name, "jobs");
    check(v.state.reasons[0].points == -3 && v.state.reasons[0].times == 1);
    check_str(v.state.reasons[1].name, "pumps");
    check(v.state.reasons[1].points == 15 && v.state.reasons[1].times == 3);
    check_str(v.state.reasons[2].name, "quote");
    check(v.state.reasons[2].points == 25 && v.state.reasons[2].times == 1);
}


/* The sum of an event counts, and never goes below 0. */
static void
test_below(void)
{
    visitor_t  v = { 0 };

    because("jobs", -20);
    then(&v, view(0, "/"));
    check(v.state.points == 0);
    because("pumps", 10);
    then(&v, view(0, "/"));
    check(v.state.points == 10);

    because("jobs", -20);
    because("quote", 25);
    then(&v, view(0, "/"));
    check(v.state.points == 15);

    because("quote", 25);
    because("jobs", -20);
    then(&v, view(0, "/"));
    check(v.state.points == 20);

    because("jobs", -21);
    then(&v, view(0, "/"));
    check(v.state.points == 0);
}


/* Any event that finds enough points makes the lead. */
static void
test_threshold(void)
{
    visitor_t  v = { 0 };

    because("pumps", 30);
    then(&v, view(0, "/"));
    then(&v, view(1, "/"));
    check(!v.outcome.lead);

    settings.lead_threshold = 30;
    then(&v, event("scroll", 2, NULL));
    check(v.outcome.lead && v.state.lead == T0 + 2);
    settings.lead_threshold = 50;
}


/* Of 17 reasons the one goes that gave least, whichever way. */
static void
test_room(void)
{
    int        i;
    visitor_t  v = { 0 };

    static char  text[32][8];

    for (i = 0; i < 32; i++) {
        snprintf(text[i], sizeof(text[i]), "r%02d", i % 100);
    }

    for (i = 0; i < 16; i++) {
        because(text[i], i == 3 ? -20 : i == 5 ? 1 : 10);
    }

    then(&v, view(0, "/"));
    check(v.state.nreasons == 16);

    because("r16", 2);
    then(&v, view(0, "/"));
    check(v.state.nreasons == 16);
    check_str(v.state.reasons[5].name, "r06");
    check_str(v.state.reasons[15].name, "r16");

    /* r16 is the weakest now, and 1 is less */
    because("r17", -1);
    then(&v, view(0, "/"));
    check_str(v.state.reasons[15].name, "r16");

    because("r18", -30);
    then(&v, view(0, "/"));
    check_str(v.state.reasons[15].name, "r18");
    check(v.state.reasons[15].points == -30);

    /* the points of what is not kept were counted all the same */
    check(v.state.points == 14 * 10 + 1 - 20 + 2 - 1 - 30);
    check_str(v.state.reasons[3].name, "r03");

    /* of equals, the last by name: r15, and what comes behind it */
    because("r17", 10);
    then(&v, view(0, "/"));
    check_str(v.state.reasons[14].name, "r15");
    check_str(v.state.reasons[15].name, "r18");
    because("a", 10);
    then(&v, view(0, "/"));
    check_str(v.state.reasons[0].name, "a");
    check_str(v.state.reasons[14].name, "r14");
    check_str(v.state.reasons[15].name, "r18");
}


static void
test_extremes(void)
{
    char       name[66];
    visitor_t  v = { 0 };

    because("a", INT64_MAX);
    because("b", INT64_MAX);
    then(&v, view(0, "/"));
    check(v.state.points == ES_STATE_MOST && v.outcome.lead);
    check(v.state.reasons[0].points == ES_STATE_MOST);

    because("a", INT64_MIN);
    because("b", INT64_MIN);
    then(&v, view(0, "/"));
    check(v.state.points == 0);
    check(v.state.reasons[0].points == 0 && v.state.reasons[0].times == 2);

    because("a", INT64_MIN);
    then(&v, view(0, "/"));
    check(v.state.reasons[0].points == -ES_STATE_MOST);

    /* what cannot be kept as a name gives its points */
    memset(name, 'a', sizeof(name));
    name[65] = '\0';
    because(name, 3);
    because("a\nb", 4);
    because("", 5);
    then(&v, view(0, "/"));
    check(v.state.points == 12 && v.state.nreasons == 2);
}


int
main(void)
{
    test_once();
    test_reasons();
    test_below();
    test_threshold();
    test_room();
    test_extremes();

    check_pool_free(&learn_pool);

    return check_done();
}
