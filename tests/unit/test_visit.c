/*
 * What an event does to its visitor's visit, and to what is known of them.
 */
#include "learn.h"


static void
test_first(void)
{
    visitor_t  v = { 0 };

    apply(&v, view(0, "/a"));
    check(v.outcome.visit);
    check(v.state.visits == 1 && v.state.views == 1);
    check(v.state.first_seen == T0 && v.state.last_seen == T0);
    check(v.state.active == T0);
    check_str(v.outcome.page, "/a");
    check(v.outcome.from.len == 0 && v.outcome.nseen == 0);
    check(v.state.mark.seq == learn_entries);
}


/* A view begins a visit if it is more than the gap behind, not else. */
static void
test_gap(void)
{
    visitor_t  v = { 0 };

    apply(&v, view(0, "/a"));
    apply(&v, view(30 * MINUTE - SECOND, "/a"));
    check(!v.outcome.visit && v.state.visits == 1);

    memset(&v, 0, sizeof(v));
    apply(&v, view(0, "/a"));
    apply(&v, view(30 * MINUTE, "/a"));
    check(!v.outcome.visit && v.state.visits == 1);

    memset(&v, 0, sizeof(v));
    apply(&v, view(0, "/a"));
    apply(&v, view(30 * MINUTE + 1, "/a"));
    check(v.outcome.visit && v.state.visits == 2);

    memset(&v, 0, sizeof(v));
    apply(&v, view(0, "/a"));
    apply(&v, view(30 * MINUTE + SECOND, "/a"));
    check(v.outcome.visit && v.state.visits == 2);
    check(v.state.first_seen == T0);
    check(v.state.last_seen == T0 + 30 * MINUTE + SECOND);

    /* each view counts from the one before, not from the first */
    apply(&v, view(60 * MINUTE, "/a"));
    apply(&v, view(90 * MINUTE, "/a"));
    apply(&v, view(120 * MINUTE, "/a"));
    check(v.state.visits == 2 && v.state.views == 5);

    settings.visit_gap = 5 * MINUTE;
    apply(&v, view(126 * MINUTE, "/a"));
    check(v.outcome.visit && v.state.visits == 3);
    settings.visit_gap = 30 * MINUTE;
}


/* Other events lengthen a visit that is there, and never make one. */
static void
test_others(void)
{
    visitor_t  v = { 0 };

    apply(&v, dwell(0, "1000"));
    apply(&v, event("goal", 1, NULL));
    check(v.state.visits == 0 && v.state.active == 0);
    check(v.state.dwell == 1000 && v.state.goals == 1);
    check(v.state.first_seen == T0);

    apply(&v, view(SECOND, "/a"));
    check(v.outcome.visit && v.state.visits == 1);

    apply(&v, dwell(29 * MINUTE, "60000"));
    apply(&v, view(58 * MINUTE, "/b"));
    check(!v.outcome.visit && v.state.visits == 1);

    /* beyond the gap: it counts, but the visit is over, and stays so */
    apply(&v, dwell(58 * MINUTE + 30 * MINUTE + 1, "5000"));
    check(!v.outcome.visit);
    check(v.state.active == T0 + 58 * MINUTE);
    check(v.state.last_seen == T0 + 88 * MINUTE + 1);
    check(v.state.dwell == 66000);

    apply(&v, view(89 * MINUTE, "/c"));
    check(v.outcome.visit && v.state.visits == 2);
    check(v.outcome.from.len == 0);

    /* on the gap it is within */
    apply(&v, event("click", 119 * MINUTE, NULL));
    check(v.state.active == T0 + 119 * MINUTE);
    check(v.state.clicks == 1);

    apply(&v, event("scroll", 120 * MINUTE, "value", "50", NULL));
    apply(&v, event("own", 121 * MINUTE, NULL));
    check(v.state.active == T0 + 121 * MINUTE);
    check(v.state.views == 3 && v.state.goals == 1 && v.state.clicks == 1);
}


/* A ts that is older than what is known sets nothing back. */
static void
test_late(void)
{
    visitor_t  v = { 0 };

    apply(&v, view(60 * MINUTE, "/b"));
    apply(&v, view(59 * MINUTE, "/a"));
    check(!v.outcome.visit && v.state.visits == 1 && v.state.views == 2);
    check(v.state.last_seen == T0 + 60 * MINUTE);
    check(v.state.active == T0 + 60 * MINUTE);
    check(v.state.first_seen == T0 + 59 * MINUTE);

    /* an hour old, and still none of its own */
    apply(&v, view(0, "/c"));
    check(!v.outcome.visit && v.state.visits == 1);
    check(v.state.first_seen == T0);
    check(v.state.last_seen == T0 + 60 * MINUTE);

    apply(&v, dwell(0, "10"));
    check(v.state.active == T0 + 60 * MINUTE && v.state.dwell == 10);
    check(v.state.last_seen == T0 + 60 * MINUTE);
}


static void
test_transitions(void)
{
    visitor_t  v = { 0 };

    apply(&v, view(0, "/a"));
    apply(&v, view(1000, "/b"));
    check_str(v.outcome.from, "/a");
    check_str(v.outcome.page, "/b");

    /* the same page again is no step, nor is a click on it */
    apply(&v, view(2000, "/b"));
    check(v.outcome.from.len == 0);
    apply(&v, event("click", 3000, "path", "/x", NULL));
    check(v.outcome.from.len == 0 && v.outcome.nseen == 0);
    check_str(v.outcome.page, "/x");

    apply(&v, view(4000, "/c"));
    check_str(v.outcome.from, "/b");
    apply(&v, view(5000, "/a"));
    check_str(v.outcome.from, "/c");

    /* a view without a path is nowhere */
    apply(&v, event("view", 6000, NULL));
    check(v.outcome.from.len == 0 && v.outcome.page.len == 0);
    apply(&v, view(7000, "/d"));
    check_str(v.outcome.from, "/a");

    /* late: neither to it nor from it */
    apply(&v, view(6500, "/late"));
    check(v.outcome.from.len == 0);
    apply(&v, view(8000, "/e"));
    check_str(v.outcome.from, "/d");

    /* a dwell that was faster than the view is no reason */
    apply(&v, dwell(9050, "1000"));
    apply(&v, view(9000, "/f"));
    check_str(v.outcome.from, "/e");
    apply(&v, view(9020, "/f2"));
    check_str(v.outcome.from, "/f");

    /* none over the end of a visit, though its pages are remembered */
    apply(&v, view(3 * DAY, "/g"));
    check(v.outcome.visit && v.outcome.from.len == 0);
    check(v.outcome.nseen == 0 && v.state.nrecent == 5);

    /* also if the new one begins nowhere */
    apply(&v, event("view", 6 * DAY, NULL));
    check(v.outcome.visit);
    apply(&v, view(6 * DAY + 1, "/h"));
    check(v.outcome.from.len == 0 && v.outcome.nseen == 0);
}


static void
test_together(void)
{
    int        i;
    char       path[16];
    visitor_t  v = { 0 };

    apply(&v, view(0, "/a"));
    check(v.outcome.nseen == 0);
    apply(&v, view(1, "/b"));
    check(v.outcome.nseen == 1);
    check_str(v.outcome.seen[0], "/a");
    apply(&v, view(2, "/c"));
    check(v.outcome.nseen == 2);
    check_str(v.outcome.seen[0], "/a");
    check_str(v.outcome.seen[1], "/b");

    /* once a visit */
    apply(&v, view(3, "/a"));
    apply(&v, view(4, "/b"));
    check(v.outcome.nseen == 0);

    /* a late page was seen in the visit like any other */
    apply(&v, view(0, "/d"));
    check(v.outcome.nseen == 3);

    for (i = 4; i < 20; i++) {
        snprintf(path, sizeof(path), "/%d", i);
        apply(&v, view(10 + i, path));
        check(v.outcome.nseen == (i < 16 ? (uint32_t) i : 0));
    }

    check(v.state.npages == 16);

    apply(&v, view(DAY, "/a"));
    check(v.outcome.nseen == 0 && v.state.npages == 1);
    apply(&v, view(DAY + 1, "/b"));
    check(v.outcome.nseen == 1);
}


/* Pages are counted by the first 200 bytes of their paths. */
static void
test_paths(void)
{
    char       path[301];
    visitor_t  v = { 0 };

    memset(path, 'a', 300);
    path[0] = '/';
    path[300] = '\0';
    memcpy(path + 199, "\xc3\xbc", 2);

    apply(&v, view(0, path));
    check(v.outcome.page.len == 199);

    path[250] = 'b';
    apply(&v, view(1, path));
    check(v.outcome.from.len == 0 && v.state.npages == 1);

    path[199] = path[200] = 'a';
    apply(&v, view(2, path));
    check(v.outcome.page.len == 200);
    check(v.outcome.from.len == 199 && v.state.npages == 2);
}


static void
test_recent(void)
{
    int        i;
    char       path[16];
    visitor_t  v = { 0 };

    for (i = 0; i < 7; i++) {
        snprintf(path, sizeof(path), "/%d", i);
        apply(&v, view(i * 1000, path));
    }

    check(v.state.nrecent == 5);
    check_str(v.state.recent[0], "/6");
    check_str(v.state.recent[4], "/2");

    apply(&v, view(100, "/late"));
    check_str(v.state.recent[0], "/6");
    check_str(v.state.recent[1], "/late");
    check_str(v.state.recent[4], "/3");
}


/* The visit's campaign and referrer: of its first view that had one */
static void
test_campaign(void)
{
    visitor_t  v = { 0 };

    apply(&v, event("click", 0, "campaign", "none", NULL));
    check(v.outcome.campaign.len == 0);

    apply(&v, event("view", 1, "path", "/a", "host", "example.org",
                    "referrer", "google.com", NULL));
    check(v.outcome.campaign.len == 0);
    check_str(v.outcome.referrer, "google.com");

    apply(&v, event("view", 2, "path", "/b", "host", "example.org",
                    "campaign", "spring", "referrer", "other.net", NULL));
    check_str(v.outcome.campaign, "spring");
    check_str(v.outcome.referrer, "google.com");

    apply(&v, event("view", 3, "path", "/c", "campaign", "summer", NULL));
    check_str(v.outcome.campaign, "spring");

    apply(&v, event("goal", 4, NULL));
    check_str(v.outcome.campaign, "spring");
    check_str(v.outcome.referrer, "google.com");

    /* a new visit has its own, or none; the site itself is no referrer */
    apply(&v, event("view", DAY, "path", "/a", "host", "example.org",
                    "referrer", "example.org", NULL));
    check(v.outcome.visit);
    check(v.outcome.campaign.len == 0 && v.outcome.referrer.len == 0);
}


static void
test_touches(void)
{
    visitor_t  v = { 0 };

    apply(&v, view(0, "/a"));
    check(v.state.first_touch == 0 && v.state.last_touch == 0);

    apply(&v, event("click", 1, "source", "click", NULL));
    check(v.state.first_touch == 0);

    apply(&v, event("view", 2, "host", "example.org",
                    "referrer", "example.org", NULL));
    check(v.state.first_touch == 0);

    apply(&v, event("view", 1000, "medium", "mail", NULL));
    check(v.state.first_touch == T0 + 1000);
    check_str(v.state.first[ES_TOUCH_MEDIUM], "mail");
    check_str(v.state.last[ES_TOUCH_MEDIUM], "mail");

    /* all four of one view, not a mixture of several */
    apply(&v, event("view", 2000, "source", "google", "campaign", "spring",
                    "referrer", "google.com", NULL));
    check_str(v.state.first[ES_TOUCH_MEDIUM], "mail");
    check(v.state.first[ES_TOUCH_SOURCE].len == 0);
    check_str(v.state.last[ES_TOUCH_SOURCE], "google");
    check(v.state.last[ES_TOUCH_MEDIUM].len == 0);
    check_str(v.state.last[ES_TOUCH_CAMPAIGN], "spring");
    check_str(v.state.last[ES_TOUCH_REFERRER], "google.com");

    /* late, between the two: neither; before the first: the first */
    apply(&v, event("view", 1500, "source", "between", NULL));
    check_str(v.state.last[ES_TOUCH_SOURCE], "google");
    check_str(v.state.first[ES_TOUCH_MEDIUM], "mail");
    apply(&v, event("view", 500, "source", "before", NULL));
    check_str(v.state.first[ES_TOUCH_SOURCE], "before");
    check(v.state.first[ES_TOUCH_MEDIUM].len == 0);
    check_str(v.state.last[ES_TOUCH_SOURCE], "google");

    /* views that had none do not blot it out */
    apply(&v, view(DAY, "/a"));
    check_str(v.state.last[ES_TOUCH_SOURCE], "google");
}


static void
test_told(void)
{
    visitor_t  v = { 0 };

    apply(&v, event("view", 1000, "country", "DE", "device", "mobile", NULL));
    apply(&v, event("view", 2000, "country", "XX", "language", "fr", NULL));
    check_str(v.state.country, "DE");
    check_str(v.state.device, "mobile");
    check_str(v.state.language, "fr");

    apply(&v, event("dwell", 1500, "country", "AT", "device", "tablet",
                    "ms", "1", NULL));
    check_str(v.state.country, "DE");
    check_str(v.state.device, "mobile");

    apply(&v, event("click", 3000, "country", "CH", NULL));
    check_str(v.state.country, "CH");
    check_str(v.state.device, "mobile");

    /* what is told late is better than nothing */
    memset(&v, 0, sizeof(v));
    apply(&v, view(1000, "/a"));
    apply(&v, event("view", 0, "country", "DE", NULL));
    check_str(v.state.country, "DE");
}


/* Strangers say what they like: no sum runs over. */
static void
test_most(void)
{
    visitor_t  v = { 0 };

    check(es_state_parse(&v.state, es_str("1-0 0\nn 999999999999999999 "
        "999999999999999998 0 0 999999999999999000\n")));
    v.text = state_text(&v.state);

    apply(&v, view(0, "/a"));
    check(v.state.visits == (uint64_t) ES_STATE_MOST);
    check(v.state.views == (uint64_t) ES_STATE_MOST);
    apply(&v, view(0, "/a"));
    check(v.state.views == (uint64_t) ES_STATE_MOST);
    apply(&v, dwell(0, "9007199254740991"));
    check(v.state.dwell == (uint64_t) ES_STATE_MOST);
}


int
main(void)
{
    test_first();
    test_gap();
    test_others();
    test_late();
    test_transitions();
    test_together();
    test_paths();
    test_recent();
    test_campaign();
    test_touches();
    test_told();
    test_most();

    check_pool_free(&learn_pool);

    return check_done();
}
