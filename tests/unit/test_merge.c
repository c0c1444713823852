/*
 * Two visitors who turn out to be one.
 */
#include "learn.h"


static es_state_t
state_of(const char *text)
{
    es_state_t  state;

    check(es_state_parse(&state, str_exact(text, strlen(text))));

    return state;
}


/* One who came by a campaign, and was on the site on two days */
static const char  early[] =
    "1795305600000-5 2\n"
    "n 2 7 1 3 61000\n"
    "t 1795305600000 1795478400000 1795478400000 1795478300000\n"
    "d mobile\tDE\t\n"
    "f 1795305600000 google\tcpc\tspring\tgoogle.com\n"
    "l 1795478300000 mail\t\t\t\n"
    "o DE\tde\tmachinery\n"
    "v spring\tgoogle.com\n"
    "s 1795478400000\n"
    "w 40 0\n"
    "p /a\t/b\n"
    "r /b\t/a\n"
    "i 2000000 pumps\n"
    "i 1000000 valves\n"
    "x 15 3 pumps\n"
    "x 25 1 quote\n";

/* And one who came before that, and a half-life after */
static const char  late[] =
    "1796688000000-1 0\n"
    "n 1 3 0 1 9000\n"
    "t 1795200000000 1796688000000 1796688000000 1796687000000\n"
    "d desktop\t\tfr\n"
    "f 1795200000000 \t\t\texample.net\n"
    "l 1795200000000 \t\t\texample.net\n"
    "o FR\tfr\t\n"
    "s 1796688000000\n"
    "w 30 0\n"
    "p /z\n"
    "r /z\t/y\n"
    "i 500000 medical\n"
    "i 1000000 pumps\n"
    "x -5 1 jobs\n"
    "x 35 7 pumps\n";


static void
test_merge(void)
{
    es_state_t  a = state_of(early), b = state_of(late);

    es_state_merge(&a, &b, 14.0 * DAY);

    check_str(state_text(&a),
        "1796688000000-1 3\n"
        "n 3 10 1 4 70000\n"
        "t 1795200000000 1796688000000 1796688000000 1796687000000\n"
        "d desktop\tDE\tfr\n"
        "f 1795200000000 \t\t\texample.net\n"
        "l 1795478300000 mail\t\t\t\n"
        "o DE\tde\tmachinery\n"
        "s 1796688000000\n"
        "w 70 0\n"
        "p /z\n"
        "r /z\t/y\n"
        "i 500000 medical\n"
        "i 2000000 pumps\n"
        "i 500000 valves\n"
        "x -5 1 jobs\n"
        "x 50 10 pumps\n"
        "x 25 1 quote\n");
}


/* The other way round all is the same but whose notes they are. */
static void
test_commutes(void)
{
    es_state_t  a = state_of(early), b = state_of(late);
    es_state_t  c = state_of(late), d = state_of(early);

    es_state_merge(&a, &b, 14.0 * DAY);
    es_state_merge(&c, &d, 14.0 * DAY);

    check(c.mark.ms == 1796688000000 && c.version == 1);
    check_str(c.own[ES_OWN_COUNTRY], "FR");

    c.version = a.version;
    memcpy(c.own, a.own, sizeof(c.own));
    check(es_str_eq(state_text(&a), state_text(&c)));
}


/* With somebody who is nobody nothing is lost, and nothing won. */
static void
test_nobody(void)
{
    es_state_t  a = state_of(early), none = state_of("");
    es_str_t    text = state_text(&a);

    es_state_merge(&a, &none, 14.0 * DAY);
    check(a.version == 3);
    a.version = 2;
    check(es_str_eq(state_text(&a), text));

    es_state_merge(&none, &a, 14.0 * DAY);
    check(none.version == 1);
    none.version = a.version;
    memcpy(none.own, a.own, sizeof(none.own));
    check(es_str_eq(state_text(&none), text));
}


static void
test_lead(void)
{
    visitor_t  v = { 0 };
    es_state_t  a = state_of(early), b = state_of(late);

    /* together they have enough, and are a lead with the next event */
    v.state = a;
    es_state_merge(&v.state, &b, 14.0 * DAY);
    v.text = state_text(&v.state);
    apply(&v, view(20 * DAY, "/"));
    check(v.outcome.lead);

    /* one of them was: once is enough, and the earlier one counts */
    b.lead = T0 + 7;
    v.state = a;
    es_state_merge(&v.state, &b, 14.0 * DAY);
    v.text = state_text(&v.state);
    check(v.state.lead == T0 + 7);
    apply(&v, view(20 * DAY, "/"));
    check(!v.outcome.lead);

    a.lead = T0 + 5;
    es_state_merge(&a, &b, 14.0 * DAY);
    check(a.lead == T0 + 5);
}


/* Of all topics and reasons of both the strongest stay. */
static void
test_many(void)
{
    int         i;
    char        name[8];
    es_state_t  a = { 0 }, b = { 0 }, c, d;

    a.scored = b.scored = T0;

    for (i = 0; i < 32; i++) {
        snprintf(name, sizeof(name), "t%02d", i % 100);
        a.topics[i] = (es_state_topic_t) { str_exact(name, 3), 100000 + i };

        snprintf(name, sizeof(name), "t%02d", (i + 20) % 100);
        b.topics[i] = (es_state_topic_t) { str_exact(name, 3), 100000 + i };

        if (i < 16) {
            a.reasons[i] = (es_state_reason_t) { a.topics[i].name, i + 1, 1 };
            b.reasons[i] = (es_state_reason_t) { b.topics[i].name, -i - 1, 1 };
        }
    }

    a.ntopics = b.ntopics = 32;
    a.nreasons = b.nreasons = 16;
    c = b;
    d = a;

    es_state_merge(&a, &b, 14.0 * DAY);
    es_state_merge(&c, &d, 14.0 * DAY);

    check(a.ntopics == 32 && a.nreasons == 16);
    check(es_str_eq(state_text(&a), state_text(&c)));

    /* t20 to t31 are of both; 16 of the others are of the second */
    for (i = 0; i < 12; i++) {
        check(a.topics[4 + i].score == 100000 + 20 + i + 100000 + i);
    }

    check_str(a.topics[0].name, "t16");
    check_str(a.topics[4].name, "t20");
    check_str(a.topics[16].name, "t36");
    check_str(a.topics[31].name, "t51");
    check_str(a.reasons[0].name, "t08");
    check(a.reasons[0].points == 9);
}


int
main(void)
{
    test_merge();
    test_commutes();
    test_nobody();
    test_lead();
    test_many();

    check_pool_free(&learn_pool);

    return check_done();
}
