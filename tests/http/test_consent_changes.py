"""Consent that changes while a visitor is on the site: given, withdrawn, again.

A browser keeps its cookies, and everything it does is in the stream: pages and
what the script of a page tells.
"""

import re

import pytest

from beaconsite import BASE, COLLECT, URI, body
from cookies import NAME
from wait import until

PAGES = ("location /p/ { exportsite on; exportsite_script /_exportsite; "
         "default_type text/html; add_header X-Visitor $exportsite_visitor; "
         "add_header X-Company $exportsite_profile_company; "
         "add_header X-Event $exportsite_event; return 200 p; }\n"
         "location = /less { exportsite on; default_type text/html; "
         "exportsite_record $exportsite_consent; exportsite_script $script; "
         "add_header X-Event $exportsite_event; "
         "return 200 '<head></head>'; }\n"
         + COLLECT.replace("{", "{ exportsite on;"))
SCRIPT = "map $exportsite_consent $script { 1 /_exportsite; }\n"


class Browser:
    """Cookies as a browser keeps them, and the page it is on."""

    def __init__(self, site, redis):
        self.site = site
        self.redis = redis
        self.cookies = {}
        self.signals = {}
        self.page = None
        self.ids = []             # of the events it made, in order
        self.last = None

    def _ask(self, method, target, data=None):
        jar = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        reply = self.site.request(method, target, {
            **({"Cookie": jar} if jar else {}), **self.signals}, data)
        got = reply.cookie(NAME)
        if got and got[1].get("max-age") == "0":
            self.cookies.pop(NAME, None)
        elif got:
            self.cookies[NAME] = got[0]
        self.last = reply
        return reply

    def view(self):
        """Load a page; the visitor's id there."""
        reply = self._ask("GET", "/p/x")
        self.page = re.fullmatch('es;desc="([0-9a-f]{24})"',
                                 reply.header("Server-Timing")).group(1)
        return reply.header("X-Visitor", "")

    def click(self):
        """Click something on the page; the visitor's id in the event."""
        have = self.redis("XLEN", "es:events")
        assert self._ask("POST", URI, body(
            {"type": "click", "path": "/p/x", "page": self.page,
             "label": self.page})).status == 204
        assert self.last.cookie(NAME) is None
        event = until(lambda: [e for e in self.redis.stream()[have:]
                               if e["type"] == "click"], what="the click")
        self.named = event[-1].get("page")
        return event[-1].get("visitor", "")

    def recorded(self):
        """The visitor's id in the event of the page."""
        event = until(lambda: [e for e in self.redis.stream()
                               if e["id"] == self.page], what="the view")
        return event[0].get("visitor", "")


@pytest.fixture(scope="module")
def place(module_redis, module_nginx):
    redis = module_redis()
    return module_nginx(BASE + SCRIPT, PAGES, redis=redis), redis


@pytest.fixture
def browser(place):
    return Browser(*place)


def yes(browser):
    """A visitor who consents, on their second page; their id."""
    browser.cookies["consent"] = "1"
    visitor = browser.view()
    assert visitor and NAME in browser.cookies
    assert browser.view() == browser.recorded() == visitor
    assert browser.click() == visitor
    return visitor


def profile(redis, visitor):
    redis("HSET", f"es:profile:{visitor}", "company", "ACME")


def test_given(browser):
    """From the next page on there is an id; of the page before there is
    none, whatever is told of it later."""
    assert browser.view() == "" and NAME not in browser.cookies
    assert browser.recorded() == "" == browser.click()
    browser.cookies["consent"] = "1"
    assert browser.click() == ""
    assert NAME not in browser.cookies
    visitor = browser.view()
    assert visitor == browser.recorded() == browser.click() != ""


def test_withdrawn(place, browser):
    """At once there is no id in any event, the next page deletes the cookie,
    and no profile is read."""
    visitor = yes(browser)
    profile(place[1], visitor)
    until(lambda: browser.view() and browser.last.header("X-Company"),
          what="the profile")
    assert browser.recorded() == visitor  # so whatever was asked for is here
    reads = place[1].calls("hmget")

    assert browser.click() and browser.named == browser.page
    browser.cookies["consent"] = "0"
    assert browser.click() == ""          # of the page they consented on
    assert browser.named is None          # whose view has the id
    assert NAME in browser.cookies
    assert browser.view() == "" and NAME not in browser.cookies
    assert browser.last.header("X-Company", "") == ""
    assert browser.recorded() == "" == browser.click()
    assert browser.view() == browser.recorded() == ""
    assert browser.last.cookie(NAME) is None
    assert place[1].calls("hmget") == reads


def test_withdrawn_by_taking_the_answer_away(browser):
    """No answer is a no, as at first."""
    yes(browser)
    del browser.cookies["consent"]
    assert browser.click() == ""
    assert browser.view() == browser.recorded() == browser.click() == ""
    assert NAME not in browser.cookies


def test_given_again(browser):
    """Who comes back is somebody new; nothing joins the two."""
    before = yes(browser)
    browser.cookies["consent"] = "0"
    assert browser.view() == ""
    page = browser.page
    browser.cookies["consent"] = "1"
    after = browser.view()
    assert after and after != before
    assert browser.recorded() == browser.click() == after
    browser.page = page                   # back on the page without
    assert browser.click() == ""


def test_a_cookie_that_stays(browser):
    """A browser that keeps what it should delete is told each time, and is
    nobody; with a yes it is who it was."""
    visitor = yes(browser)
    kept = browser.cookies[NAME]
    for _ in range(2):
        browser.cookies.update({"consent": "0", NAME: kept})
        assert browser.view() == browser.recorded() == ""
        assert NAME not in browser.cookies
    browser.cookies.update({"consent": "1", NAME: kept})
    assert browser.view() == visitor


@pytest.mark.parametrize("signal", ["Sec-GPC", "DNT"])
def test_a_signal_appears(place, browser, signal):
    """Switched on during a visit it is a withdrawal, whatever the banner
    said; switched off again the visitor is new."""
    before = yes(browser)
    profile(place[1], before)
    reads = place[1].calls("hmget")
    browser.signals = {signal: "1"}
    assert browser.click() == ""
    assert browser.view() == browser.recorded() == browser.click() == ""
    assert NAME not in browser.cookies
    assert browser.last.status == 204
    assert place[1].calls("hmget") == reads
    browser.signals = {}
    assert browser.click() == ""          # that page was nobody's
    after = browser.view()
    assert after and after != before
    assert browser.recorded() == browser.click() == after


def test_two_windows(browser):
    """Withdrawn in one window, it counts in the other."""
    yes(browser)
    first = browser.page
    browser.cookies["consent"] = "0"
    assert browser.view() == ""
    browser.page = first
    assert browser.click() == ""


def test_less_than_that(place):
    """Without consent a site may record nothing, and leave the script out."""
    site, redis = place
    have = redis("XLEN", "es:events")
    reply = site.get("/less")
    assert reply.text == "<head></head>" and not reply.header("X-Event")
    reply = site.get("/less", {"Cookie": "consent=1"})
    assert '<script src="/_exportsite" defer></script>' in reply.text
    until(lambda: [e["id"] for e in redis.stream()[have:]
                   if e["path"] == "/less"] == [reply.header("X-Event")],
          what="the view with consent alone")
