/*
 * A visitor's state as text: one text for each state, nothing else is read,
 * and the fullest one fits.
 */
#include "learn.h"


static es_state_t  state;


static bool
parses(const char *text)
{
    es_str_t  exact = str_exact(text, strlen(text));

    return es_state_parse(&state, exact);
}


/* What is read is written again as it was. */
static void
same(int line, const char *text)
{
    if (!parses(text)) {
        fprintf(stderr, "%s:%d: not read: %s\n", __FILE__, line, text);
        check(false);
        return;
    }

    check_str_(__FILE__, line, state_text(&state), text);
}

#define check_same(text)  same(__LINE__, text)


static void
test_whole(void)
{
    check_same("1795307443534-9 3\n"
               "n 2 7 1 3 61000\n"
               "t 1795300000000 1795307443384 1795307443000 1795307442000\n"
               "d mobile\tDE\tde\n"
               "f 1795300000000 google\tcpc\tspring sale\twww.google.com\n"
               "l 1795307440000 \t\t\texample.net\n"
               "o DE\tde\tmachinery\n"
               "v spring sale\twww.google.com\n"
               "s 1795307443384\n"
               "w 55 1795307443384\n"
               "p /\t/pumps/\n"
               "r /pumps/\t/\t/old\n"
               "i 1500000 medical\n"
               "i 2500000 pumps and more\n"
               "x -5 1 jobs\n"
               "x 60 4 quote\n");

    check(state.mark.ms == 1795307443534 && state.mark.seq == 9);
    check(state.version == 3);
    check(state.visits == 2 && state.views == 7 && state.goals == 1);
    check(state.clicks == 3 && state.dwell == 61000);
    check(state.first_seen == 1795300000000);
    check(state.last_seen == 1795307443384);
    check(state.active == 1795307443000 && state.viewed == 1795307442000);
    check_str(state.device, "mobile");
    check_str(state.country, "DE");
    check_str(state.language, "de");
    check(state.first_touch == 1795300000000);
    check_str(state.first[ES_TOUCH_SOURCE], "google");
    check_str(state.first[ES_TOUCH_CAMPAIGN], "spring sale");
    check(state.last_touch == 1795307440000);
    check(state.last[ES_TOUCH_SOURCE].len == 0);
    check_str(state.last[ES_TOUCH_REFERRER], "example.net");
    check_str(state.own[ES_OWN_INDUSTRY], "machinery");
    check_str(state.campaign, "spring sale");
    check_str(state.referrer, "www.google.com");
    check(state.npages == 2 && state.nrecent == 3);
    check_str(state.pages[1], "/pumps/");
    check_str(state.recent[2], "/old");
    check(state.scored == 1795307443384 && state.ntopics == 2);
    check_str(state.topics[1].name, "pumps and more");
    check(state.topics[1].score == 2500000);
    check(state.points == 55 && state.lead == 1795307443384);
    check(state.nreasons == 2 && state.reasons[0].points == -5);
    check_str(state.reasons[1].name, "quote");
    check(state.reasons[1].points == 60 && state.reasons[1].times == 4);
}


static void
test_small(void)
{
    check_same("0-0 0\n");
    check_same("18446744073709551615-18446744073709551615 "
               "18446744073709551615\n");
    check_same("1-0 0\nn 0 0 0 0 999999999999999999\n");
    check_same("1-0 0\nd \tDE\t\n");
    check_same("1-0 0\nl 5 \t\t\t\n");
    check_same("1-0 0\np /a\n");
    check_same("1-0 0\nr /a\t/a\n");
    check_same("1-0 0\nx 0 4294967295 a\n");

    /* nothing is a visitor never seen */
    check(es_state_parse(&state, es_null_str));
    check(state.visits == 0 && state.mark.ms == 0 && state.ntopics == 0);
    check_str(state_text(&state), "0-0 0\n");
}


static void
test_refused(void)
{
    size_t  i;

    static const char *const  bad[] = {
        "1", "1-0", "1-0 0", "1-0 0\n\n", "1-0 0\nn 1 1 1 1 1", "x", "\n",
        "01-0 0\n", "1-00 0\n", "1-0 00\n", "1-0  0\n", " 1-0 0\n",
        "1-0 0 \n", "1_0 0\n", "18446744073709551616-0 0\n", "-1-0 0\n",

        /* a line that is left out where it says nothing */
        "1-0 0\nn 0 0 0 0 0\n", "1-0 0\nd \t\t\n", "1-0 0\ns 0\n",
        "1-0 0\nf 0 \t\t\t\n", "1-0 0\np \n", "1-0 0\nr \n",

        /* too few, too many, out of order, unknown */
        "1-0 0\nn 1 1 1 1\n", "1-0 0\nn 1 1 1 1 1 1\n", "1-0 0\nd a\tb\n",
        "1-0 0\nd a\tb\tc\td\n", "1-0 0\nn 1 1 1 1 1\nn 1 1 1 1 1\n",
        "1-0 0\ns 5\nn 1 1 1 1 1\n", "1-0 0\nz 1\n", "1-0 0\nn\n",
        "1-0 0\nr /a\np /a\n", "1-0 0\nx 1 1 a\ni 1 a\n",

        /* numbers */
        "1-0 0\nn 01 1 1 1 1\n", "1-0 0\nn -1 1 1 1 1\n",
        "1-0 0\nn 1000000000000000000 1 1 1 1\n", "1-0 0\nn 1 1  1 1 1\n",
        "1-0 0\nx -0 1 a\n", "1-0 0\nx 1 0 a\n", "1-0 0\nx 1 4294967296 a\n",
        "1-0 0\nx --1 1 a\n", "1-0 0\nx +1 1 a\n", "1-0 0\nw -1 0\n",
        "1-0 0\ni 0 a\n", "1-0 0\ni -1 a\n",
        "1-0 0\ni 1000000000000001 a\n",

        /* names in order, each once; pages each once */
        "1-0 0\ni 1 b\ni 1 a\n", "1-0 0\ni 1 a\ni 1 a\n",
        "1-0 0\nx 1 1 ab\nx 1 1 a\n", "1-0 0\nx 1 1 a\nx 1 1 a\n",
        "1-0 0\np /a\t/b\t/a\n", "1-0 0\np /a\t\t/b\n", "1-0 0\np /a\t\n",
        "1-0 0\ni 1 \n", "1-0 0\nx 1 1 \n",

        /* no text */
        "1-0 0\nd a\r\tb\tc\n", "1-0 0\nd \xff\tb\tc\n", "1-0 0\np /\x1b\n",
        "1-0 0\ni 1 a\x7f\n", "1-0 0\ni 1 a\tb\n", "1-0 0\nx 1 1 a\tb\n",
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (parses(bad[i])) {
            fprintf(stderr, "taken: %s\n", bad[i]);
            check(false);
        }

        /* and nothing of it is left */
        check(state.mark.ms == 0 && state.npages == 0 && state.visits == 0
              && state.ntopics == 0 && state.nreasons == 0);
    }
}


/* A line of n letters as one string */
static bool
parses_long(const char *front, size_t n, const char *behind)
{
    char  text[600];
    char  as[400];

    memset(as, 'a', sizeof(as));
    snprintf(text, sizeof(text), "1-0 0\n%s%.*s%s\n", front, (int) n, as,
             behind);

    return parses(text);
}


static void
test_limits(void)
{
    char      text[4000], *p;
    int       i, n;

    check(parses_long("d ", 255, "\t\t"));
    check(!parses_long("d ", 256, "\t\t"));
    check(parses_long("p /", 199, ""));
    check(!parses_long("p /", 200, ""));
    check(parses_long("i 1 ", 64, ""));
    check(!parses_long("i 1 ", 65, ""));
    check(parses_long("x 1 1 ", 64, ""));
    check(!parses_long("x 1 1 ", 65, ""));

    for (n = 5; n <= 33; n++) {
        p = text + sprintf(text, "1-0 0\n");

        for (i = 0; i < n; i++) {
            p += sprintf(p, "i 1 t%02d\n", i);
        }

        check(parses(text) == (n <= ES_STATE_TOPICS));
        p = text + sprintf(text, "1-0 0\n");

        for (i = 0; i < n; i++) {
            p += sprintf(p, "x 1 1 t%02d\n", i);
        }

        check(parses(text) == (n <= ES_STATE_REASONS));
        p = text + sprintf(text, "1-0 0\np /0");

        for (i = 1; i < n; i++) {
            p += sprintf(p, "\t/%d", i);
        }

        sprintf(p, "\n");
        check(parses(text) == (n <= ES_STATE_PAGES));
        text[6] = 'r';
        check(parses(text) == (n <= ES_STATE_RECENT));
    }
}


/* As full as can be; es_state_format() has 32 KB for it. */
static void
test_fullest(void)
{
    int          i;
    char        *a, *name;
    es_str_t     text, whole, page;
    es_state_t   full;

    a = check_pool_alloc(&learn_pool.pool, 255);
    memset(a, 'a', 255);
    whole = (es_str_t) { 255, a };
    memset(&full, 0, sizeof(full));

    full.mark = (es_entry_id_t) { UINT64_MAX, UINT64_MAX };
    full.version = UINT64_MAX;
    full.visits = full.views = full.goals = full.clicks = full.dwell =
        full.first_seen = full.last_seen = full.active = full.viewed =
        full.first_touch = full.last_touch = full.scored = full.lead =
        (uint64_t) ES_STATE_MOST;
    full.points = ES_STATE_MOST;
    full.device = full.country = full.language = full.campaign =
        full.referrer = whole;

    for (i = 0; i < ES_TOUCH_FIELDS; i++) {
        full.first[i] = full.last[i] = whole;
    }

    for (i = 0; i < ES_OWN_FIELDS; i++) {
        full.own[i] = whole;
    }

    for (i = 0; i < ES_STATE_PAGES; i++) {
        name = check_pool_alloc(&learn_pool.pool, ES_STATE_PATH);
        memset(name, 'a' + i, ES_STATE_PATH);
        page = (es_str_t) { ES_STATE_PATH, name };
        full.pages[full.npages++] = page;
        full.recent[i % ES_STATE_RECENT] = page;
    }

    full.nrecent = ES_STATE_RECENT;

    for (i = 0; i < ES_STATE_TOPICS; i++) {
        name = check_pool_alloc(&learn_pool.pool, ES_STATE_NAME);
        memset(name, '0' + i, ES_STATE_NAME);
        full.topics[full.ntopics++] = (es_state_topic_t)
            { { ES_STATE_NAME, name }, ES_STATE_SCORE };

        if (i < ES_STATE_REASONS) {
            full.reasons[full.nreasons++] = (es_state_reason_t)
                { { ES_STATE_NAME, name }, -ES_STATE_MOST, UINT32_MAX };
        }
    }

    text = state_text(&full);
    check(text.len > 8000);
    check(es_state_parse(&state, text));
    check(es_str_eq(state_text(&state), text));
    check(state.reasons[15].points == -ES_STATE_MOST);
}


static void
test_head(void)
{
    check_str(es_state_head(es_str("1795307443534-9 3\nn 1 1 0 0 0\n")),
              "1795307443534-9 3\n");
    check_str(es_state_head(es_str("0-0 0\n")), "0-0 0\n");
    check(es_state_head(es_null_str).len == 0);
    check(es_state_head(es_str("no line")).len == 0);
}


int
main(void)
{
    test_whole();
    test_small();
    test_refused();
    test_limits();
    test_fullest();
    test_head();

    check_pool_free(&learn_pool);

    return check_done();
}
