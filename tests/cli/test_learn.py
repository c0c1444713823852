"""What the learner makes of events: all of it against the model, and one by one."""

import json
import time
from datetime import datetime, timezone

import pytest

from learning import (STREAM, Feed, Written, as_model, entries, group, model, pairs,
                      teach)
from traffic import Traffic, fill
from wait import until

DAY = 86400000
MINUTE = 60000


def today(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc).strftime("%Y-%m-%d")


@pytest.fixture
def feed(redis):
    """feed(type, visitor, after=ms, …) adds events of the day before yesterday."""
    return Feed(redis, int(time.time() * 1000) // DAY * DAY - 2 * DAY + 8 * 3600000)


@pytest.fixture
def learn(run):
    """learn() to the stream's end; its Result."""
    def once(*args):
        result = run("learn", "--once", *args, timeout=20)
        assert result.code == 0, result
        return result
    return once


@pytest.fixture
def profile(redis):
    def of(visitor="v1"):
        return pairs(redis("HGETALL", f"es:profile:{visitor}"))
    return of


@pytest.fixture
def count(redis, feed):
    """count(dimension, field) of the events fed, as a number."""
    def of(dimension, field, day=None):
        key = f"es:count:{{{day or today(feed.now)}:{dimension}}}"
        return int(redis("HGET", key, field) or 0)
    return of


# -- all of it

def test_everything_is_as_the_model_says(redis, learn):
    fill(redis.socket, Traffic(seed=1, events=20000, visitors=1000))
    teach(redis)
    wanted = model().learn(entries(redis))
    result = learn()
    as_model(redis, wanted)
    assert len(wanted.leads) > 5 and len(wanted.rejected) > 20
    at = group(redis)
    assert at["last-delivered-id"] == redis("XREVRANGE", STREAM, "+", "-")[0][0]
    assert at["pending"] == 0 and at["lag"] == 0 and at["entries-read"] == 20000
    events = 20000 - len(wanted.rejected)
    assert f"{events} events" in result.out
    assert f"{len(wanted.rejected)} rejected" in result.out
    assert f"{len(wanted.leads)} leads" in result.out


def test_the_tail_goes_to_others(redis, learn):
    settings = {"counter_values": "7", "visit_minutes": "5", "lead_threshold": "20",
                "interest_days": "1", "industry_margin": "1.5"}
    fill(redis.socket, Traffic(seed=2, events=6000, visitors=300, pages=200))
    teach(redis, settings)
    wanted = model(settings).learn(entries(redis))
    learn()
    written = as_model(redis, wanted)
    assert set(written.values.values()) <= set(range(8))
    assert any("(other)" in field for counts in written.counts.values()
               for field in counts)
    for key, counts in written.counts.items():
        if ":page}" in key and sum(counts.values()) > 10000:
            assert counts["events:(other)"] > 0
            assert len([f for f in counts if f.startswith("events:")]) == 8


def test_the_zone_decides_on_the_day(redis, learn):
    settings = {"timezone": "America/New_York"}
    fill(redis.socket, Traffic(seed=3, events=3000, visitors=200, days=2))
    teach(redis, settings)
    wanted = model(settings).learn(entries(redis))
    learn()
    as_model(redis, wanted)
    assert len({key.split("{")[1][:10] for key in wanted.counts}) == 3


def test_it_does_not_matter_how_many_at_a_time(redis, new_redis, run):
    """Pieces of a few events, each learned by a run of its own, and all at once."""
    settings = {"industry_score": "1", "lead_threshold": "15"}
    begin = int(time.time() * 1000) // DAY * DAY - 3 * DAY
    events = list(Traffic(seed=4, events=4000, visitors=40, begin=begin))
    whole = new_redis()
    for one in (redis, whole):
        teach(one, settings)
    fill(whole.socket, events)
    assert run("learn", "--once", "--redis", str(whole)).code == 0
    done = 0
    for n in [1, 2, 3, 5, 8, 13, 21, 1, 1, 400, 1, 1000, 77, 1, 600, 9] + [300] * 9:
        fill(redis.socket, events[done:done + n])
        done += n
        assert run("learn", "--once").code == 0
    fill(redis.socket, events[done:])
    assert run("learn", "--once").code == 0
    Written(redis).same_as(Written(whole))


# -- visits

@pytest.mark.parametrize("pause, visits", [
    (30 * MINUTE, 1), (30 * MINUTE + 1, 2), (1, 1), (5 * DAY // 24, 2)])
def test_a_visit_ends_after_half_an_hour(feed, learn, profile, count, pause, visits):
    feed(path="/")
    feed(path="/", after=pause)
    learn()
    assert profile()["visits"] == str(visits) and profile()["views"] == "2"
    assert count("all", "visits:all") == visits


def test_what_is_done_on_a_page_goes_on_with_the_visit(feed, learn, profile):
    feed(path="/")
    feed("dwell", after=20 * MINUTE, ms=1000)
    feed("click", after=20 * MINUTE)
    feed(path="/", after=20 * MINUTE)
    learn()
    assert profile()["visits"] == "1"


def test_but_does_not_begin_one(feed, learn, profile, count):
    """Neither at first, nor when the visit is over."""
    feed("dwell", ms=1000)
    learn()
    assert "visits" not in profile()
    feed(path="/")
    feed("click", after=31 * MINUTE)
    feed(path="/", after=10 * MINUTE)
    learn()
    assert profile()["visits"] == "2"
    assert count("all", "visits:all") == 2 and count("all", "events:all") == 4


def test_what_comes_late_sets_nothing_back(feed, learn, profile):
    feed(path="/", device="desktop", language="de", country="DE")
    late = feed.now - 7200000
    feed(path="/late", ts=late, device="mobile", language="en", country="FR")
    feed(path="/", after=MINUTE)
    learn()
    assert profile()["visits"] == "1" and profile()["views"] == "3"
    assert profile()["first_seen"] == str(late)
    assert profile()["last_seen"] == str(feed.now)
    assert [profile()[f] for f in ("device", "language", "country")] == [
        "desktop", "de", "DE"]


def test_an_event_counts_on_its_own_day(feed, learn, count):
    feed(path="/")
    before = feed.now - DAY
    feed(path="/", ts=before)
    learn()
    assert count("all", "views:all") == 1
    assert count("all", "views:all", today(before)) == 1


# -- where visitors come from

def test_campaign_and_referrer_are_those_of_the_visit(feed, learn, count):
    feed(path="/", host="a.example", referrer="www.google.com")
    feed(path="/x", host="a.example", referrer="a.example", campaign="spring",
         source="newsletter")
    feed("goal", label="quote", value="19.9")
    feed(path="/", campaign="other", after=1)
    learn()
    assert count("referrer", "events:www.google.com") == 4
    assert count("referrer", "visits:www.google.com") == 1
    assert count("campaign", "events:spring") == 3
    assert count("campaign", "goals:spring") == 1
    assert count("campaign", "worth:spring") == 19900
    assert count("campaign", "events:other") == 0
    assert count("referrer", "events:a.example") == 0


def test_the_next_visit_has_its_own(feed, learn, count):
    feed(path="/", campaign="spring")
    feed(path="/", after=DAY // 24)
    learn()
    assert count("campaign", "events:spring") == 1


def test_first_and_last_touch(feed, learn, profile):
    feed(path="/", host="a.example", source="google", medium="cpc", campaign="spring")
    feed(path="/", host="a.example", referrer="a.example")
    feed(path="/", host="a.example", referrer="t.co", after=DAY // 24)
    learn()
    assert {f: v for f, v in profile().items() if f.startswith(("first_", "last_"))
            and not f.endswith("seen")} == {
        "first_source": "google", "first_medium": "cpc", "first_campaign": "spring",
        "last_referrer": "t.co"}


# -- counters

def test_what_each_dimension_counts(feed, learn, redis, count):
    feed(path="/pumps/", host="a.example", country="DE", language="de",
         industry="food", segments="dach,trial,dach", variants="hero=german,cta=green",
         device="mobile")
    learn()
    for dimension, values in {
            "all": ["all"], "country": ["DE"], "language": ["de"],
            "industry": ["food"], "segment": ["dach", "trial"], "device": ["mobile"],
            "choice": ["hero=german", "cta=green"], "page": ["/pumps/"]}.items():
        key = f"{{{today(feed.now)}:{dimension}}}"
        fields = pairs(redis("HGETALL", f"es:count:{key}"))
        assert fields.pop("values") == str(len(values))
        assert fields.pop("mark") == redis("XREVRANGE", STREAM, "+", "-")[0][0].decode()
        assert fields == {f"{metric}:{value}": "1" for value in values
                          for metric in ("events", "views", "visits")}
        for value in values:
            assert redis("PFCOUNT", f"es:visitors:{key}:{value}") == 1
    assert redis("KEYS", "es:count:*campaign*") == []


def test_an_unknown_country_is_one(feed, learn, count, profile):
    feed(path="/", country="XX")
    feed(path="/", country=None)
    learn()
    assert count("country", "events:XX") == 1
    assert count("country", "values") == 1
    assert "country" not in profile()


def test_crawlers_are_not_counted(feed, learn, redis, count):
    feed("crawl", visitor=None, path="/a")
    feed(path="/a", visitor="v1")
    feed("crawl", visitor=None, path="/b")
    assert "3 events learned" in learn().out
    assert [count("all", f"{m}:all") for m in ("events", "views", "visits")] == [
        1, 1, 1]
    assert count("page", "events:/a") == 1 and count("page", "events:/b") == 0
    assert group(redis)["lag"] == 0


def test_who_did_not_consent_is_counted_as_nobody(feed, learn, redis, count):
    feed(path="/a", visitor=None, campaign="spring", host="a.example",
         referrer="a.example")
    feed(path="/b", visitor=None)
    feed("goal", visitor=None, value="3", label="call")
    feed("dwell", visitor=None, ms=5000)
    learn()
    assert [count("all", f"{m}:all") for m in (
        "events", "views", "goals", "dwell", "worth", "visits")] == [
            4, 2, 1, 5000, 3000, 0]
    assert count("campaign", "events:spring") == 1
    for pattern in ("es:visitors:*", "es:profile:*", "es:state:*", "*transition*",
                    "*referrer*"):
        assert redis("KEYS", pattern) == []


def test_ways_from_page_to_page(feed, learn, redis, count):
    for path in ("/a", "/b", "/b", "/a", "/c"):
        feed(path=path)
        feed("click", path=path, after=1)
    feed(path="/a", visitor="v2")
    feed(path="/z", after=DAY // 24)
    learn()
    day = today(feed.now)
    transitions = pairs(redis("HGETALL", f"es:count:{{{day}:transition}}"))
    assert {k: v for k, v in transitions.items() if ":" in k} == {
        f"{metric}:{ways}": "1" for metric in ("events", "views")
        for ways in ("/a\t/b", "/b\t/a", "/a\t/c")}
    together = pairs(redis("HGETALL", f"es:count:{{{day}:together}}"))
    assert {k: v for k, v in together.items() if ":" in k} == {
        f"{metric}:{ways}": "1" for metric in ("events", "visits")
        for ways in ("/a\t/b", "/a\t/c", "/b\t/c")}
    assert transitions["values"] == together["values"] == "3"


def test_what_is_counted_of_pages_together_is_bounded(feed, learn, count):
    for n in range(20):
        feed(path=f"/{n}")
    learn()
    assert count("together", "values") == 16 * 15 / 2
    assert count("transition", "values") == 19


def test_values_of_these_are_known_again(feed, learn, count):
    """In later chunks as well."""
    for n in range(6):
        feed(path=f"/{n % 2}", after=40 * MINUTE * (n % 2 == 0) + 1000)
        learn()
    assert count("together", "values") == 1
    assert count("together", "visits:/0\t/1") == 3
    assert count("transition", "values") == 1


def test_long_paths_are_cut_between_letters(feed, learn, count):
    feed(path="/" + "x" * 198 + "ö/a")
    feed(path="/" + "x" * 198 + "ö/b")
    learn()
    assert count("page", "events:/" + "x" * 198) == 2
    assert count("page", "values") == 1


def test_the_worth_of_goals(feed, learn, count):
    for value in ("19.9", "0.0005", "-3", "1e3", None):
        feed("goal", label="x", value=value)
    feed("scroll", value="100")
    learn()
    assert count("all", "worth:all") == 19900 + 1 - 3000 + 1000000
    assert count("all", "goals:all") == 5


# -- topics

def test_what_an_event_weighs(feed, learn, redis, profile):
    redis("HSET", "es:topics", *[word for name in (
        "view", "click", "goal", "scroll", "dwell", "video") for word in (
            name, f"type = {name}")])
    redis("HSET", "es:topics", "all", "type exists")
    for type in ("view", "click", "goal", "scroll", "video"):
        feed(type, after=0)
    feed("dwell", after=0, ms=45000)
    feed("dwell", after=0, ms=3600000)
    learn()
    assert {f: v for f, v in profile().items() if f.startswith("topic:")} == {
        "topic:view": "1.00", "topic:click": "1.00", "topic:goal": "5.00",
        "topic:dwell": "5.50", "topic:all": "12.50"}
    assert profile()["interest"] == "all"


def test_interest_fades(feed, learn, redis, profile):
    redis("HSET", "es:topics", "pumps", "path starts with /pumps/", "rest",
          "path = /")
    feed(path="/pumps/", after=-30 * DAY)
    feed(path="/pumps/", after=1)
    feed(path="/", after=14 * DAY)
    learn()
    assert profile()["topic:pumps"] == "1.00" and profile()["topic:rest"] == "1.00"
    feed("scroll", after=14 * DAY)
    learn()
    assert profile()["topic:pumps"] == profile()["topic:rest"] == "0.50"
    assert profile()["interest"] == "pumps"


def test_what_is_faded_goes(feed, learn, redis, profile):
    redis("HSET", "es:settings", "interest_days", "1")
    redis("HSET", "es:topics", "pumps", "path starts with /pumps/")
    feed(path="/pumps/", after=-9 * DAY)
    learn()
    assert profile()["topic:pumps"] == "1.00"
    feed(path="/", after=4 * DAY)
    learn()
    assert profile()["topic:pumps"] == "0.06"
    feed(path="/", after=DAY)
    learn()
    assert "topic:pumps" not in profile() and "interest" not in profile()


def test_the_weakest_of_many_topics_goes(feed, learn, redis, profile):
    redis("HSET", "es:topics", *[word for n in range(40) for word in (
        f"t{n:02}", f"path = /{n}")])
    for n in list(range(40)) + [5]:
        feed(path=f"/{n}", after=1)
    learn()
    topics = [f[6:] for f in profile() if f.startswith("topic:")]
    assert len(topics) == 32
    assert profile()["interest"] == "t05" and {"t05"} <= set(topics)


# -- industries

@pytest.fixture
def industries(redis):
    redis("HSET", "es:settings", "industries", "food medical")
    redis("HSET", "es:topics", "food", "path = /food", "medical", "path = /medical",
          "pumps", "path exists")


def test_an_industry_is_learned_once_it_is_clear(industries, feed, learn, profile):
    feed(path="/food")
    feed(path="/food", after=0)
    feed(path="/medical", after=0)
    learn()
    assert "industry" not in profile()
    feed(path="/food", after=0)
    learn()
    assert profile()["industry"] == "food"
    assert profile()["industry_source"] == "learned"


def test_a_lead_of_two_to_one_is_needed(industries, feed, learn, profile):
    for path in ("/food", "/medical") * 2 + ("/food",) * 1:
        feed(path=path, after=0)
    learn()
    assert "industry" not in profile()
    feed(path="/food", after=0)
    learn()
    assert profile()["industry"] == "food"


def test_what_was_learned_may_change(industries, feed, learn, profile):
    for path in ("/food",) * 3 + ("/medical",) * 3:
        feed(path=path, after=0)
    learn()
    assert profile()["industry"] == "food"          # the last that was clear
    for _ in range(3):
        feed(path="/medical", after=0)
    learn()
    assert profile()["industry"] == "medical"


def test_never_over_one_set_by_hand(industries, feed, learn, redis, profile):
    redis("HSET", "es:profile:v1", "industry", "machinery", "company", "ACME")
    for _ in range(3):
        feed(path="/food")
    learn()
    assert profile()["industry"] == "machinery" and profile()["company"] == "ACME"
    assert "industry_source" not in profile()


def test_nor_over_one_set_later(industries, feed, learn, redis, profile):
    for _ in range(3):
        feed(path="/food")
    learn()
    redis("HSET", "es:profile:v1", "industry", "machinery")
    for _ in range(9):
        feed(path="/medical")
    learn()
    assert profile()["industry"] == "machinery"
    assert "industry_source" not in profile()
    redis("HDEL", "es:profile:v1", "industry")
    feed(path="/medical")
    learn()
    assert profile()["industry"] == "medical"
    assert profile()["industry_source"] == "learned"


def test_country_and_language_of_a_crm_stay(feed, learn, redis, profile):
    redis("HSET", "es:profile:v1", "country", "AT", "language", "de")
    feed(path="/", country="FR", language="fr")
    learn()
    assert profile()["country"] == "AT" and profile()["language"] == "de"
    redis("HDEL", "es:profile:v1", "country")
    feed(path="/", country="FR", language="fr")
    learn()
    assert profile()["country"] == "FR"
    feed(path="/", country="IT", language="it")
    learn()
    assert profile()["country"] == "IT" and profile()["language"] == "de"


# -- leads

def test_a_lead_once_and_with_reasons(feed, learn, redis, profile):
    redis("HSET", "es:scores", "quote", "25 when type = goal and label = quote",
          "pumps", "5 when type = view and path starts with /pumps/",
          "jobs", "-10 when path = /jobs")
    redis("HSET", "es:topics", "pumping", "path starts with /pumps/")
    for path in ("/pumps/1", "/pumps/2", "/", "/pumps/3", "/jobs"):
        feed(path=path, country="DE", language="de", host="a.example")
    feed("goal", label="quote", host="a.example", country="DE", language="de")
    learn()
    assert redis("XLEN", "es:leads") == 0 and profile()["score"] == "30"
    feed("goal", label="quote", host="a.example", industry="food")
    at = feed.now
    feed("goal", label="quote", host="a.example")
    learn()
    feed("goal", label="quote", host="a.example")
    learn()
    (_, lead), = redis("XRANGE", "es:leads", "-", "+")
    lead = pairs(lead)
    reasons = lead.pop("reasons").split(", ")
    assert sorted(reasons) == ["jobs -10", "pumps 3x5", "quote 2x25"]
    assert lead == {
        "visitor": "v1", "ts": str(at), "score": "55", "country": "DE",
        "language": "de", "industry": "food", "interest": "pumping",
        "pages": "/jobs /pumps/3 / /pumps/2 /pumps/1", "host": "a.example"}
    assert profile()["lead"] == str(at) and profile()["score"] == "105"


def test_points_do_not_go_below_nothing(feed, learn, redis, profile):
    redis("HSET", "es:scores", "jobs", "-10 when path = /jobs", "up",
          "3 when path = /up")
    feed(path="/jobs")
    feed(path="/up")
    learn()
    assert profile()["score"] == "3"


def test_the_industry_of_a_lead_is_the_one_that_is_clear(industries, feed, learn,
                                                         redis):
    """However many events were taken at a time."""
    redis("HSET", "es:scores", "x", "50 when type = goal")
    for _ in range(4):
        feed(path="/food")
    feed("goal")
    learn()
    (_, lead), = redis("XRANGE", "es:leads", "-", "+")
    assert pairs(lead)["industry"] == "food"


# -- visitors of logs, of the past, and no more

def test_imported_visitors_have_no_profile(feed, learn, redis, count):
    redis("HSET", "es:scores", "x", "100 when type = view")
    feed(path="/a", visitor="log-0123456789abcdef")
    feed(path="/b", visitor="log-0123456789abcdef")
    learn()
    assert redis("KEYS", "es:profile:*") == [] and redis("XLEN", "es:leads") == 0
    assert count("all", "visits:all") == 1
    assert count("transition", "views:/a\t/b") == 1
    key = f"es:visitors:{{{today(feed.now)}:all}}:all"
    assert redis("PFCOUNT", key) == 1
    state = "es:state:{es:profile:log-0123456789abcdef}"
    assert 0 < redis("TTL", state) <= 2 * 86400


def test_how_long_things_are_kept(feed, learn, redis):
    redis("HSET", "es:topics", "x", "path exists")
    feed(path="/a", country="DE")
    feed(path="/b")
    learn()
    half_year = 180 * 86400
    for key in ("es:profile:v1", "es:state:{es:profile:v1}"):
        assert half_year - 60 <= redis("TTL", key) <= half_year
    counters = redis("KEYS", "es:count:*") + redis("KEYS", "es:visitors:*")
    assert len(counters) > 8
    midnight = feed.now // DAY * 86400
    for key in counters:
        kept = redis("EXPIRETIME", key) - midnight
        assert 730 * 86400 <= kept <= 732 * 86400, key


def test_settings_say_how_long(feed, learn, redis):
    redis("HSET", "es:settings", "profile_days", "10", "counter_days", "20")
    feed(path="/a")
    learn()
    assert 10 * 86400 - 60 <= redis("TTL", "es:profile:v1") <= 10 * 86400
    key = f"es:count:{{{today(feed.now)}:all}}"
    assert 17 * 86400 <= redis("TTL", key) <= 20 * 86400


def test_who_comes_again_is_kept_longer(feed, learn, redis):
    feed(path="/a")
    learn()
    for key in ("es:profile:v1", "es:state:{es:profile:v1}"):
        redis("EXPIRE", key, 5000)
    feed(path="/a", after=1)
    learn()
    for key in ("es:profile:v1", "es:state:{es:profile:v1}"):
        assert redis("TTL", key) > 179 * 86400


def test_a_profile_that_was_deleted_comes_back_whole(feed, learn, redis, profile):
    redis("HSET", "es:topics", "x", "path exists")
    feed(path="/a", country="DE", source="google")
    learn()
    before = profile()
    redis("DEL", "es:profile:v1")
    feed("scroll", after=0, country="DE")
    learn()
    assert profile() == before


def test_what_is_older_than_counters_are_kept(feed, learn, redis, profile):
    """Nothing that has expired by now is counted anew."""
    feed(path="/a", after=-800 * DAY)
    learn()
    assert redis("KEYS", "es:count:*") == [] == redis("KEYS", "es:visitors:*")
    assert profile()["views"] == "1"


# -- tombstones

def test_forgotten(feed, learn, redis, count, profile):
    feed(path="/a", visitor="v2")
    first = feed(path="/a")
    second = feed(path="/b")
    redis("SET", "es:gone:{es:profile:v1}", f"forgotten {feed.now}")
    third = feed(path="/c", after=1)
    result = learn()
    assert "2 forgotten" in result.out
    left = [id.decode() for id, _ in redis("XRANGE", STREAM, "-", "+")]
    assert first not in left and second not in left and third in left
    assert count("all", "events:all") == 2 and count("page", "events:/b") == 0
    assert profile()["views"] == "1" and profile()["first_seen"] == str(feed.now)


def test_forgotten_as_a_whole(feed, learn, redis):
    for n in range(5):
        feed(path="/a")
    redis("SET", "es:gone:{es:profile:v1}", f"forgotten {feed.now + DAY}")
    learn()
    assert redis("XLEN", STREAM) == 0
    assert redis("KEYS", "es:profile:*") == [] == redis("KEYS", "es:state:*")
    assert redis("KEYS", "es:count:*") == [] and group(redis)["lag"] in (0, None)
    feed(path="/b", visitor="v2")
    learn()
    assert redis("HGET", "es:profile:v2", "views") == b"1"


def test_merged(feed, learn, redis, count, profile):
    redis("SET", "es:gone:{es:profile:v1}", "merged v2")
    feed(path="/a")
    feed(path="/b", visitor="v2")
    learn()
    assert redis("EXISTS", "es:profile:v1", "es:state:{es:profile:v1}") == 0
    assert profile("v2")["views"] == "2" and profile("v2")["visits"] == "1"
    assert count("transition", "views:/a\t/b") == 1
    key = f"es:visitors:{{{today(feed.now)}:all}}:all"
    assert redis("PFCOUNT", key) == 1
    redis("PFADD", "scratch", "v2")
    assert redis("PFCOUNT", key, "scratch") == 1


def test_merged_twice(feed, learn, redis, profile):
    """A into B, then B into C: it is all C's."""
    redis("SET", "es:gone:{es:profile:v1}", "merged v2")
    redis("SET", "es:gone:{es:profile:v2}", "merged v3")
    feed(path="/a")
    feed(path="/b", visitor="v2")
    learn()
    assert profile("v3")["views"] == "2"
    assert redis("KEYS", "es:profile:*") == [b"es:profile:v3"]


def test_merged_in_a_circle(feed, learn, redis, count):
    redis("SET", "es:gone:{es:profile:v1}", "merged v2")
    redis("SET", "es:gone:{es:profile:v2}", "merged v1")
    redis("SET", "es:gone:{es:profile:v3}", "merged v3")
    for visitor in ("v1", "v2", "v3"):
        feed(path="/a", visitor=visitor)
    learn()
    assert count("all", "events:all") == 3
    views = [int(redis("HGET", key, "views")) for key in redis("KEYS", "es:profile:*")]
    assert sum(views) == 3


def test_merged_into_one_who_was_forgotten(feed, learn, redis, count):
    redis("SET", "es:gone:{es:profile:v1}", "merged v2")
    redis("SET", "es:gone:{es:profile:v2}", f"forgotten {feed.now + DAY}")
    feed(path="/a")
    learn()
    assert redis("KEYS", "es:profile:*") == [] and count("all", "events:all") == 0


@pytest.mark.parametrize("nonsense", [
    "", "forgotten", "forgotten x", "merged ", "merged a b", "merged " + "x" * 65,
    "lost", b"\xff\x00", "merged ../../x"])
def test_a_tombstone_that_is_none(feed, learn, redis, profile, nonsense):
    redis("SET", "es:gone:{es:profile:v1}", nonsense)
    feed(path="/a")
    learn()
    assert profile()["views"] == "1"


# -- changes in the middle

def test_topics_are_learned_of_while_it_runs(feed, start, redis, profile):
    running = start("learn")
    feed(path="/pumps/")
    until(lambda: profile().get("views") == "1", what="the first view")
    redis("HSET", "es:topics", "pumps", "path starts with /pumps/")
    redis("HSET", "es:scores", "pumps", "7 when path starts with /pumps/")
    time.sleep(1.6)
    feed(path="/pumps/")
    until(lambda: profile().get("views") == "2", what="the second view")
    assert profile()["interest"] == "pumps" and profile()["score"] == "7"
    redis("DEL", "es:topics", "es:scores")
    time.sleep(1.6)
    feed(path="/pumps/")
    until(lambda: profile().get("views") == "3", what="the third view")
    assert profile()["topic:pumps"] == "1.00" and profile()["score"] == "7"
    assert running.stop().code == 0


def test_once_takes_what_is_there_and_ends(feed, learn, redis, run):
    assert run("learn", "--once").code == 0          # no stream at all
    assert redis("TYPE", STREAM) in (b"stream", b"none")
    feed(path="/a")
    assert "1 events" in learn().out
    assert "0 events" in learn().out
    assert redis("EXISTS", "es:lease:{es:events}:learn") == 0


def test_json(feed, run):
    feed(path="/a")
    feed(path="bad")
    result = run("learn", "--once", "--json")
    assert json.loads(result.out) == {
        "events": 1, "rejected": 1, "forgotten": 0, "leads": 0}


def test_another_stream_and_prefix(redis, run):
    redis("XADD", "web:clicks", "*", "id", "0" * 24, "ts",
          str(int(time.time() * 1000)), "type", "view", "visitor", "v1")
    assert run("learn", "--once", "--prefix", "web:", "--stream", "clicks").code == 0
    names = [key.decode() for key in redis("KEYS", "*")]
    assert "web:profile:v1" in names and all(k.startswith("web:") for k in names)
    assert redis("XINFO", "GROUPS", "web:clicks")[0][1] == b"learn"


def test_another_group(feed, run, redis):
    feed(path="/a")
    assert run("learn", "--once", "--group", "other").code == 0
    assert group(redis, b"other")["lag"] == 0 and group(redis) is None
