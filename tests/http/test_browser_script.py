"""The browser script in a real Chromium, against a collector in Python.

What it tells, and that a page never notices it. With nginx and Redis behind
it: test_browser.py.
"""

import json
import time

import pytest

import scriptfile
from browser import WATCH, Browser
from scriptsite import SCRIPT, Site
from wait import until

LINK = "<a id=link href=/next>next</a>"


@pytest.fixture(scope="module")
def chromium():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def browser(chromium):
    return chromium.fresh()


@pytest.fixture(scope="module")
def the_site():
    site = Site()
    yield site
    site.close()


@pytest.fixture
def site(the_site, browser):
    """After a test no batch was one that the collector refuses, and no page
    has complained."""
    the_site.reset()
    yield the_site
    assert not the_site.faults, the_site.faults
    assert not browser.complaints()


# -- clicks

ELEMENTS = """
<script>
  // a page that goes nowhere
  addEventListener("click", (event) => event.preventDefault());
  addEventListener("auxclick", (event) => event.preventDefault());
</script>
<style>* { line-height: 1.6 }</style>
<p><a id=own href="/pumps/p%20200?token=1#top">own</a>
<a id=umlaut href="/b%C3%BCcher">b</a>
<a id=broken-escape href="/100%25">b</a>
<a id=relative href="sub/x">relative</a>
<a id=here href="#top">here</a>
<a id=out href="https://www.example.com/a/b?user=anna#x">out</a>
<a id=out-port href="http://127.0.0.1:1/a">port</a>
<a id=out-pdf href="https://www.example.com/a.pdf">pdf</a>
<a id=out-login href="https://anna:secret@www.example.com/">login</a>
<a id=pdf href="/files/P-200.PDF?x=1">pdf</a>
<a id=saved href="/report" download>saved</a>
<a id=mail href="mailto:anna@example.com">mail</a>
<a id=tel href="tel:+431234">tel</a>
<a id=bad href="https://[">bad</a>
<p><a id=labelled href="/x" data-es-label="cta">labelled</a>
<a id=no-label href="/x" data-es-label="  ">no label</a>
<a href="/x"><span id=inner data-es-label="inner">inner</span></a>
<a href="/x"><b><i id=deep>deep</i></b></a>
<span data-es-label="card"><a id=in-card href="/x">in a card</a></span>
<button id=button data-es-label="buy now">button</button>
<button id=form-button form=none data-es-label="send">button</button>
<p><label id=label data-es-label="agree"><input type=checkbox>label</label>
<label data-es-label="agree"><input type=checkbox id=box>label</label>
<svg width=60 height=20><a href="/drawing"><rect id=svg width=60 height=20 />
</a></svg>
<map name=m><area id=area shape=default href="/area"></map>
<button id=quiet>quiet</button> <a id=no-link>no link</a>
<p><a id=goal-link href="/buy" data-es-goal="order">goal</a>
<button id=goal data-es-goal="quote" data-es-value="12.50">goal</button>
<button id=goal-label data-es-goal="g" data-es-label="l">goal</button>
<span data-es-goal="outer"><button id=goal-in>goal</button></span>
"""

CLICKS = {
    "own": [("click", "/pumps/p 200", None)],
    "umlaut": [("click", "/bücher", None)],
    "broken-escape": [("click", "/100%", None)],
    "relative": [("click", "/dir/sub/x", None)],
    "here": [("click", "/dir/page", None)],
    "out": [("click", "outbound:https://www.example.com/a/b", None)],
    "out-port": [("click", "outbound:http://127.0.0.1:1/a", None)],
    "out-pdf": [("click", "outbound:https://www.example.com/a.pdf", None)],
    "out-login": [("click", "outbound:https://www.example.com/", None)],
    "pdf": [("click", "download:/files/P-200.PDF", None)],
    "saved": [("click", "download:/report", None)],
    "mail": [("click", "mailto:", None)],
    "tel": [("click", "tel:", None)],
    "bad": [("click", None, None)],
    "labelled": [("click", "cta", None)],
    "no-label": [("click", "/x", None)],
    "inner": [("click", "inner", None)],
    "deep": [("click", "/x", None)],
    "in-card": [("click", "card", None)],
    "button": [("click", "buy now", None)],
    "form-button": [("click", "send", None)],
    "label": [("click", "agree", None)],
    "box": [("click", "agree", None)],
    "svg": [("click", "/drawing", None)],
    "quiet": [],
    "no-link": [],
    "goal-link": [("click", "/buy", None), ("goal", "order", None)],
    "goal": [("goal", "quote", 12.5)],
    "goal-label": [("click", "l", None), ("goal", "g", None)],
    "goal-in": [("goal", "outer", None)],
}


def test_clicks(site, browser):
    """One event for each click that leads somewhere or is labelled."""
    browser.open(site.put(ELEMENTS, "/dir/page"))
    want = []
    for name, events in CLICKS.items():
        browser.click(f"#{name}")
        want += events
    assert site.told(browser, "label", "value") == want
    assert {event["path"] for event in site.events()} == {"/dir/page"}
    assert {event["page"] for event in site.events()} == {site.views[0][1]}


def test_area(site, browser):
    """A part of an image is a link."""
    browser.open(site.put(
        "<img usemap=#m width=50 height=50 id=image src=data:,>"
        "<map name=m><area shape=default href='#part'></map>", "/map"))
    browser.js("document.querySelector('area').click()")
    assert site.told(browser, "label") == [("click", "/map")]


def test_middle_click(site, browser):
    """A link opened in another tab is a click; on a label alone it is none,
    and the right button is none at all."""
    browser.open(site.put(
        ELEMENTS + "<script>addEventListener('contextmenu',"
        " (event) => event.preventDefault());</script>"))
    browser.middle_click("#own")
    browser.middle_click("#button")
    browser.middle_click("#goal-link")
    browser.middle_click("#pdf", "right")
    browser.click("#labelled")
    assert site.told(browser, "label") == [
        ("click", "/pumps/p 200"), ("click", "/buy"), ("goal", "order"),
        ("click", "cta")]


def test_keys_click_too(site, browser):
    """Enter on a link."""
    browser.open(site.put(ELEMENTS))
    browser.type("#labelled", "\n")
    assert site.told(browser, "label") == [("click", "cta")]


def test_two_clicks_are_two(site, browser):
    """One on a label is one, though its box gets another, and two are two."""
    browser.open(site.put("<label data-es-label=agree><input type=checkbox "
                          "id=box><span id=label>agree</span></label>"))
    for _ in range(3):
        browser.click("#label")
        time.sleep(0.05)
    assert browser.js("return document.getElementById('box').checked")
    assert site.told(browser, "label") == [("click", "agree")] * 3


def test_shadow_tree(site, browser):
    """Inside a component, and out of it to the label around it."""
    browser.open(site.put(
        "<x-card></x-card><p data-es-label=around><x-plain></x-plain></p>"
        "<script>"
        "addEventListener('click', (event) => event.preventDefault());"
        "for (const [name, text] of [['x-card', '<a href=/in>link</a>'],"
        "                            ['x-plain', '<b>text</b>']])"
        "  document.querySelector(name).attachShadow({ mode: 'open' })"
        "    .innerHTML = text;"
        "</script>"))
    browser.js("document.querySelector('x-card').shadowRoot.firstChild.click()")
    browser.click("x-plain")
    assert site.told(browser, "label") == [("click", "/in"),
                                           ("click", "around")]


def test_handlers_that_stop_events(site, browser):
    """Whatever a page does with its events, the script has seen them first."""
    browser.open(site.put(
        LINK + "<form id=form data-es-goal=ask><button id=send>x</button>"
        "</form><script>for (const type of ['click', 'submit'])"
        "  document.addEventListener(type, (event) => {"
        "    event.preventDefault(); event.stopImmediatePropagation();"
        "  }, true);</script>"))
    browser.click("#link")
    browser.click("#send")      # its click is stopped: no submit
    browser.js("document.querySelector('form').requestSubmit()")
    assert site.told(browser, "label") == [("click", "/next"),
                                           ("goal", "ask")]


def test_link_that_leaves(site, browser):
    """A click that leaves the page is told before its dwell, at once."""
    url = site.put(LINK)
    site.put("next", "/next")
    browser.open(url)
    started = time.monotonic()
    browser.click("#link")
    until(lambda: site.batches, what="a batch")
    assert time.monotonic() - started < 5
    assert [event["type"] for event in site.batches[0]] == ["click", "dwell"]
    assert {event["page"] for event in site.batches[0]} == {site.views[0][1]}
    events = site.all(browser, 2)
    assert [(event["type"], event["path"], event["page"]) for event in
            events[2:]] == [("dwell", "/next", site.views[1][1])]


# -- forms

def test_forms(site, browser):
    """A goal when a form is sent; not when it is not complete, nor when it
    has no name."""
    browser.open(site.put(
        "<form action=/thanks method=post data-es-goal=quote"
        " data-es-value=100><input required id=mail name=mail>"
        "<button id=send>send</button></form>"
        "<form id=other onsubmit='return false'><button id=nothing>x"
        "</button></form>"))
    browser.click("#nothing")
    browser.click("#send")
    browser.type("#mail", "anna@example.com")
    browser.click("#send")
    until(lambda: browser.js("return document.body.textContent") == "thanks",
          what="the form to be sent")
    until(site.dwells, what="the events")
    assert [(event["type"], event.get("label"), event.get("value"))
            for event in site.events()][:-1] == [("goal", "quote", 100)]
    assert "anna" not in repr(site.events())


@pytest.mark.parametrize("value, want", [
    ("0", 0), ("-3.25", -3.25), (" 7 ", 7), ("1e3", 1000), ("1,5", None),
    ("abc", None), ("", None), ("  ", None), ("1e999", None),
    ("NaN", None), ("12 EUR", None), (None, None)])
def test_values(site, browser, value, want):
    """A value that is no finite number is left out, the goal is not."""
    browser.open(site.put(
        "<button id=goal data-es-goal=quote></button><script>"
        "document.getElementById('goal').dataset.esGoal = 'quote';</script>"))
    if value is not None:
        browser.js("document.getElementById('goal').dataset.esValue ="
                   " arguments[0]", value)
    browser.click("#goal")
    event = site.all(browser)[0]
    assert event["type"] == "goal" and event["label"] == "quote"
    assert event.get("value") == want and ("value" in event) == (want is not None)


# -- scrolling

TALL = "<div style='height: 4000px'>tall</div>"


def depth(browser):
    return browser.js(
        "return Math.round(100 * (scrollY + innerHeight)"
        " / document.documentElement.scrollHeight)")


def test_scroll(site, browser):
    """The deepest percent, once the page is left; going up changes nothing,
    and only what is deeper is told again."""
    browser.open(site.put(TALL))
    browser.wheel(1000)
    first = depth(browser)
    browser.wheel(-900)
    browser.hide()
    site.wait(2)
    browser.show()
    browser.wheel(300)
    browser.hide()
    until(lambda: len(site.dwells()) == 2, what="the second dwell")
    browser.show()
    browser.wheel(2000)
    second = depth(browser)
    assert 25 < first < second < 100
    assert site.told(browser, "value", dwells=3) == [("scroll", first),
                                           ("scroll", second)]


def test_scroll_to_the_end(site, browser):
    """All of it is 100."""
    browser.open(site.put(TALL))
    browser.wheel(browser.js(
        "return document.documentElement.scrollHeight - innerHeight"))
    assert site.told(browser, "value") == [("scroll", 100)]


@pytest.mark.parametrize("doctype", ["", "quirks"])
def test_no_scroll(site, browser, doctype):
    """Who does not scroll has no depth, nor who scrolls something inside."""
    url = site.put("<div id=box style='height: 50px; overflow: auto'>"
                   + TALL + "</div>" + TALL)
    if doctype:
        body, more = site.pages["/page"]
        site.pages["/page"] = (body.replace("<!DOCTYPE html>", ""), more)
    browser.open(url)
    browser.js("document.getElementById('box').scrollTop = 500;"
               "return new Promise(requestAnimationFrame)")
    assert site.told(browser, "value") == []


# -- time

def test_dwell(site, browser):
    """What was seen, in as many parts as it was left, and nothing else."""
    url = site.put("x", head=WATCH)
    site.put("y", "/quiet", script="")
    browser.open(url)
    for _ in range(2):
        time.sleep(0.3)
        browser.hide()
        time.sleep(0.4)
        browser.show()
    time.sleep(0.2)
    browser.open(site.url + "/quiet")
    until(lambda: len(site.dwells()) == 3, what="three dwells")
    dwells = [event["ms"] for event in site.events()]
    assert all(isinstance(ms, int) and ms > 0 for ms in dwells)
    assert browser.near(sum(dwells)) and sum(dwells) >= 800


def test_behind_from_the_beginning(site, browser):
    """A page that was opened behind another begins when it is looked at."""
    url = site.put("x", "/behind", head=WATCH)
    browser.open(site.put(f"<a id=link target=_blank href='{url}'>x</a>",
                          script=""))
    browser.middle_click("#link")
    until(lambda: len(browser.driver.window_handles) == 2, what="the tab")
    until(lambda: ("/behind", site.views[-1][1]) in site.views, what="a view")
    time.sleep(0.6)
    assert site.events() == []
    front, behind = browser.driver.window_handles
    browser.driver.switch_to.window(behind)
    until(lambda: browser.js("return document.visibilityState") == "visible",
          what="the tab to be seen")
    time.sleep(0.2)
    browser.open(site.put("y", "/quiet", script=""))
    until(site.dwells, what="the dwell")
    assert browser.near(site.dwells()[0]["ms"])
    assert site.dwells()[0]["path"] == "/behind"


def test_never_seen(site, browser):
    """A tab that is closed before anybody looked says nothing."""
    url = site.put("x", "/behind")
    browser.open(site.put(f"<a id=link target=_blank href='{url}'>x</a>",
                          script=""))
    browser.middle_click("#link")
    until(lambda: len(browser.driver.window_handles) == 2, what="the tab")
    until(lambda: site.views[-1][0] == "/behind", what="the view")
    front, behind = browser.driver.window_handles
    browser.cdp("Target.closeTarget", targetId=behind)
    browser.open(site.put("z", "/seen"))
    assert {event["path"] for event in site.all(browser)} == {"/seen"}


def test_pagehide_alone(site, browser):
    """Browsers that say pagehide only, and those that say both: once."""
    browser.open(site.put("x"))
    browser.js("""
        window.seen = "visible";
        Object.defineProperty(document, "visibilityState",
                              { get: () => window.seen });
        exportsite.track("one");
        dispatchEvent(new PageTransitionEvent("pagehide"));""")
    events = site.wait(2)
    assert [event["type"] for event in events] == ["one", "dwell"]
    browser.js("""
        window.seen = "hidden";
        document.dispatchEvent(new Event("visibilitychange"));
        exportsite.track("two");""")
    assert [event["type"] for event in site.wait(3)][2:] == ["two"]
    time.sleep(0.3)
    assert len(site.events()) == 3
    browser.js("""
        window.seen = "visible";
        dispatchEvent(new PageTransitionEvent("pageshow"));""")
    time.sleep(0.2)
    assert 200 <= site.all(browser, 2)[-1]["ms"] < 5000


def test_back_and_forward(site, browser):
    """A page that the browser kept goes on where it was."""
    browser.open(site.put(LINK + TALL))
    browser.wheel(500)
    site.put("next", "/next")
    browser.open(site.url + "/next")
    asked = len(site.views)
    until(site.dwells, what="the first dwell")
    time.sleep(0.5)
    browser.driver.back()
    until(lambda: browser.js("return location.pathname") == "/page",
          what="the page")
    kept = browser.js("return performance.getEntriesByType('navigation')[0]"
                      ".type") == "navigate" and len(site.views) == asked
    browser.click("#link")
    until(lambda: len(site.dwells()) == 3, 10, "the third dwell")
    mine = [event for event in site.events() if event["path"] == "/page"]
    assert kept, "Chromium did not keep the page"
    assert [event["type"] for event in mine] == ["dwell", "scroll", "click",
                                                 "dwell"]
    assert len({event["page"] for event in mine}) == 1


# -- batches

def test_a_second_later(site, browser):
    """What happens within a second goes out together."""
    browser.open(site.put("x"))
    browser.js("exportsite.track('one')")
    started = time.monotonic()
    browser.js("exportsite.track('two')")
    site.wait(2)
    assert 0.7 < time.monotonic() - started < 5
    assert [event["type"] for event in site.batches[0]] == ["one", "two"]


def test_many(site, browser):
    """Never more in a batch than the collector takes; in it, in order."""
    browser.open(site.put("x"))
    browser.js("for (let n = 0; n < 100; n++)"
               "  exportsite.track('many', { value: n });")
    site.all(browser)
    site.wait(101)
    # each goes its own way, and a later one may be there first
    batches = sorted(site.batches, key=lambda batch: batch[0]["value"])
    assert [event["value"] for batch in batches for event in batch
            if event["type"] == "many"] == list(range(100))
    assert [len(batch) for batch in batches] == [32, 32, 32, 5]


def test_long(site, browser):
    """Eight kilobytes are eight kilobytes of UTF-8. (Browsers have 64 KB under
    way at most; a page that tells more in one go loses the rest.)"""
    browser.open(site.put("x"))
    browser.js("const labels = ['\\u0001'.repeat(256), 'ü'.repeat(200),"
               "  '\"\\\\'.repeat(100), '語'.repeat(90), 'a'.repeat(300)];"
               "for (let n = 0; n < 60; n++)"
               "  exportsite.track('long', { label: labels[n % 5] });")
    site.all(browser)
    labels = [event.get("label") for event in site.wait(61)]
    for label in ("\1" * 256, "ü" * 128, '"\\' * 100, "語" * 85, "a" * 256):
        assert labels.count(label) == 12
    sizes = [len(body) for body in site.bodies]
    assert max(sizes) <= 8192 and sorted(sizes)[len(sizes) // 2] > 6000


@pytest.mark.parametrize("size, first", [(8192, 31), (8193, 30)])
def test_exactly_full(site, browser, size, first):
    """A batch may have 8,192 bytes, and not one more."""
    browser.open(site.put("x"))
    bare = json.dumps({"type": "full", "path": "/page", "label": "",
                       "page": site.views[0][1]}, separators=(",", ":"))
    letters = size - 2 - 30 - 31 * len(bare)
    browser.js("const [letters] = arguments; let rest = letters;"
               "for (let n = 31; n > 0; n--) {"
               "  const own = Math.floor(rest / n); rest -= own;"
               "  exportsite.track('full', { label: 'x'.repeat(own) }); }"
               "exportsite.track('last')", letters)
    site.all(browser)
    site.wait(33)
    assert max(len(body) for body in site.bodies) <= 8192
    assert first in [len(batch) for batch in site.batches]


# -- track()

@pytest.mark.parametrize("call, want", [
    ("'signup'", {}),
    ("'a-b_9', {}", {}),
    ("'x', { label: 'l', value: 1.5, ms: 900.4 }",
     {"label": "l", "value": 1.5, "ms": 900}),
    ("'x', { label: 12 }", {"label": "12"}),
    ("'x', { label: null, value: null, ms: undefined }", {}),
    ("'x', { label: '' }", {}),
    ("'x', { value: '3' }", {}),
    ("'x', { value: NaN, ms: Infinity }", {}),
    ("'x', { value: -0, ms: -1 }", {"value": 0}),
    ("'x', { value: 1e300, ms: 1e17 }", {"value": 1e300}),
    ("'x', { label: 'a\\r\\nb\\tc\\0d\"e\\\\f' }",
     {"label": "a\r\nb\tc?d\"e\\f"}),
    ("'x', { label: 'a\\ud800b\\udc00' }", {"label": "a\ufffdb\ufffd"}),
    ("'x', { label: 'é'.repeat(127) + 'x😀' }",
     {"label": "é" * 127 + "x"}),
    ("'x', { label: '😀'.repeat(100) }", {"label": "😀" * 64}),
    ("'x', { label: '\\u2028</script>' }", {"label": "\u2028</script>"}),
    ("'x', { other: 1 }", {}),
    ("'x', 7", {}),
    ("'x', null", {}),
    ("'x', { label: Symbol('s') }", {"label": "Symbol(s)"}),
    ("'x', { value: 1e20 }", {"value": 1e20}),
    ("'x', { value: -123456789012345680000 }", {"value": -1.2345678901234568e20}),
    ("'x', { value: 9007199254740993 }", {"value": 9007199254740992}),
])
def test_track(site, browser, call, want):
    """What is given arrives, as far as the collector would take it."""
    browser.open(site.put("x"))
    assert browser.js(f"return exportsite.track({call})") is True
    event = site.all(browser)[0]
    assert event.pop("path") == "/page"
    assert event.pop("page") == site.views[0][1]
    assert event.pop("type") in ("x", "signup", "a-b_9")
    assert event == want


@pytest.mark.parametrize("call", [
    "", "''", "'Big'", "'a b'", "'x'.repeat(33)", "null", "{}", "'a\\n'",
    "Symbol()", "'x', { get label() { throw 1; } }",
    "7", "['x']", "{ match: () => true }",
    "'x', { label: { toString() { throw 1; } } }"])
def test_track_refuses(site, browser, call):
    """No throw, no event, and the answer says so."""
    browser.open(site.put("x"))
    assert browser.js(f"return exportsite.track({call})") is False
    assert site.told(browser) == []


def test_track_when_the_page_goes(site, browser):
    """A page's last word, in handlers that run after the script's own."""
    browser.open(site.put("""<script>
        for (const type of ["pagehide", "visibilitychange", "unload"])
            window.addEventListener(type, () =>
                exportsite.track("last", { label: type }));
        </script>"""))
    site.all(browser)
    want = {"pagehide", "visibilitychange"}
    until(lambda: want <= {e.get("label") for e in site.events()},
          what="the last words")


# -- consent

def cookies(browser):
    return {c["name"]: c for c in browser.driver.get_cookies()}


def test_consent(site, browser):
    """The cookie that the server reads, for half a year, for all the site."""
    browser.open(site.put("x", "/a/b"))
    assert browser.js("return exportsite.consent(true)") is True
    cookie = cookies(browser)["consent"]
    assert cookie["value"] == "1" and cookie["path"] == "/"
    assert cookie["sameSite"] == "Lax" and not cookie["secure"]
    assert abs(cookie["expiry"] - time.time() - 180 * 86400) < 60
    browser.js("exportsite.track('later')")
    site.all(browser)
    assert "consent=1" in site.cookies[-1]
    browser.open(site.url + "/a/b")
    assert browser.js("return exportsite.consent(false)") is True
    assert cookies(browser)["consent"]["value"] == "0"
    assert site.told(browser, dwells=2) == [("later",)]


@pytest.mark.parametrize("given", ["'no'", "1", "'true'", "", "null", "{}"])
def test_only_true_is_a_yes(site, browser, given):
    browser.open(site.put("x"))
    assert browser.js(f"return exportsite.consent({given})") is True
    assert cookies(browser)["consent"]["value"] == "0"


def test_consent_without_a_cookie(site, browser):
    """Where no cookie holds the consent there is nothing to set."""
    site.reset(cookie="")
    browser.open(site.put("x"))
    assert browser.js("return exportsite.consent(true)") is False
    assert cookies(browser) == {}


def test_consent_that_cannot_be_kept(site, browser):
    """Cookies are off, or closed to scripts: false."""
    url = site.put("x")
    browser.open(url)
    browser.cdp("Network.setCookie", name="consent", value="0", url=url,
                httpOnly=True)
    assert browser.js("return exportsite.consent(true)") is False
    browser.open(site.put(
        f"<iframe id=frame sandbox=allow-scripts src='{url}'></iframe>"
        "<script>addEventListener('message', (event) =>"
        "  { window.answer = event.data; });</script>", "/frame", script=""))
    site.put("<script>addEventListener('DOMContentLoaded', () => parent"
             ".postMessage(exportsite.consent(true), '*'));</script>")
    browser.open(site.url + "/frame")
    assert until(lambda: browser.js("return [window.answer]") != [None]
                 and browser.js("return [window.answer]"),
                 what="the frame") == [False]
    browser.complaints()


def test_nothing_is_kept(site, browser):
    """No cookie and nothing else, until the page asks for it."""
    browser.open(site.put(LINK + TALL))
    site.put("next", "/next")
    browser.wheel(500)
    browser.click("#link")
    browser.open(site.url + "/page")
    assert cookies(browser) == {}
    assert browser.js("return [localStorage.length, sessionStorage.length]"
                      ) == [0, 0]
    assert browser.js("return indexedDB.databases()") == []


# -- signals

GPC = ("Object.defineProperty(Navigator.prototype, 'globalPrivacyControl',"
       " { get: () => %s });")
DNT = "Object.defineProperty(%s, 'doNotTrack', { get: () => '%s' });"


@pytest.mark.parametrize("optout, script, heard", [
    ("gpc dnt", GPC % "true", False),
    ("gpc dnt", GPC % "false", True),
    ("gpc dnt", GPC % "undefined", True),
    ("gpc", GPC % "true", False),
    ("dnt", GPC % "true", True),
    ("", GPC % "true", True),
    ("gpc dnt", DNT % ("Navigator.prototype", "1"), False),
    ("gpc dnt", DNT % ("Navigator.prototype", "0"), True),
    ("gpc dnt", DNT % ("window", "1"), False),
    ("gpc", DNT % ("Navigator.prototype", "1"), True),
    ("", DNT % ("Navigator.prototype", "1"), True),
])
def test_signals(site, browser, optout, script, heard):
    """With a signal that the site heeds nothing is sent at all."""
    site.reset(optout=optout)
    browser.before(script)
    browser.open(site.put(LINK + TALL))
    site.put("next", "/next", script="")
    assert browser.js("return exportsite.track('own')") is heard
    browser.wheel(300)
    assert browser.js("return exportsite.consent(true)") is True
    browser.click("#link")
    if not heard:
        time.sleep(1.3)
        assert site.batches == []
    else:
        until(lambda: "dwell" in [e["type"] for e in site.events()], 10,
              "the events")


# -- single pages

def test_single_page(site, browser):
    """Another path is another view; what was, goes to the one before."""
    browser.open(site.put(TALL, "/shop"))
    browser.wheel(700)
    browser.js("history.scrollRestoration = 'manual';"
               "history.pushState({}, '', '/shop/p200?x=1#y');"
               "scrollTo(0, 0)")
    browser.js("history.pushState({}, '', '/shop/p200?x=2');"
               "history.replaceState({}, '', '?x=3'); location.hash = 'z'")
    browser.js("exportsite.track('own')")
    browser.js("return new Promise(requestAnimationFrame)")
    browser.js("history.go(-3)")
    until(lambda: browser.js("return location.pathname") == "/shop",
          what="the way back")
    events = site.all(browser, 3)
    got = [(event["type"], event["path"]) for event in events]
    assert got == [
        ("dwell", "/shop"), ("scroll", "/shop"), ("view", "/shop/p200"),
        ("own", "/shop/p200"), ("dwell", "/shop/p200"), ("view", "/shop"),
        ("dwell", "/shop")]
    assert {event["page"] for event in events} == {site.views[0][1]}
    assert len(site.views) == 1


def test_depth_of_each_page(site, browser):
    """The next path's depth is its own, though it is less."""
    browser.open(site.put(TALL))
    browser.wheel(1500)
    browser.js("scrollTo(0, 0); history.pushState({}, '', '/next')")
    browser.wheel(500)
    second = depth(browser)
    told = site.told(browser, "path", "value", dwells=2)
    assert [(kind, path) for kind, path, _ in told] == [
        ("scroll", "/page"), ("view", "/next"), ("scroll", "/next")]
    assert told[0][2] > told[2][2] == second


def test_push_state_as_it_was(site, browser):
    """The same answers, the same faults, and wrapped once."""
    browser.open(site.put("x", script=SCRIPT * 2))
    assert browser.js("""
        const faults = [];
        for (const given of [[() => 1, "", "/x"],
                             [{}, "", "https://example.com/"], []])
            try { history.pushState(...given); faults.push(null); }
            catch (error) { faults.push(error.name); }
        try { history.pushState.call({}, {}, "", "/y"); }
        catch (error) { faults.push(error.name); }
        faults.push(history.pushState({ a: 1 }, "", "/z") === undefined,
                    history.state.a, history.length);
        return faults;""") == [
            "DataCloneError", "SecurityError", "TypeError", "TypeError",
            True, 1, browser.js("return history.length")]
    assert site.told(browser, "path", dwells=2) == [("view", "/z")]


@pytest.mark.parametrize("path, want", [
    ("/b%C3%BCcher", "/b%C3%BCcher"),
    ("/100%", "/100%"),
    ("/a%zz%4", "/a%zz%4"),
    ("/a%00b", "/a%3Fb"),
    ("/" + "x" * 4000, "/" + "x" * 3071),
    ("/" + "%C3%BC" * 1000, ("/" + "%C3%BC" * 1000)[:3072]),
    ("//double", "//double"),
], ids=["umlaut", "percent", "no-escapes", "nul", "long", "long-umlauts",
        "slashes"])
def test_paths(site, browser, path, want):
    """A path that the collector takes, whatever the page made of it."""
    browser.open(site.put("x"))
    browser.js("history.pushState({}, '', location.origin + arguments[0])",
               path)
    assert site.told(browser, "path", dwells=2) == [("view", want)]


# -- which view

@pytest.mark.parametrize("header", [
    'es;desc="%s"', 'es;desc=%s', 'db;dur=5, es;desc="%s", x;desc="y"',
    'es;dur=1;desc="%s"'])
def test_the_view(site, browser, header):
    """The id is found among whatever else stands there."""
    id = "0123456789abcdef01234567"
    browser.open(site.put("x", Server_Timing=header % id))
    assert [e["page"] for e in site.all(browser)] == [id]


@pytest.mark.parametrize("header", [
    "", "db;dur=5", "es", 'es;desc=""', 'es;desc="0123456789abcdef0123456"',
    'es;desc="0123456789ABCDEF01234567"', 'es;desc="0123456789abcdef012345678"',
    'other;desc="0123456789abcdef01234567"'])
def test_no_view(site, browser, header):
    """Without an id that is one, events have no page."""
    browser.open(site.put("x", Server_Timing=header))
    assert ["page" in event for event in site.all(browser)] == [False]


def test_reloaded(site, browser):
    """A page that has not changed is another view all the same."""
    browser.open(site.put("x"))
    browser.driver.refresh()
    site.all(browser, 2)
    pages = [event["page"] for event in site.events()]
    assert pages == [id for _, id in site.views]
    assert len(set(pages)) == 2


def test_no_secure_site(site, browser):
    """Plain HTTP on a name of its own."""
    browser.open(site.put("x").replace("127.0.0.1", "www.site.test"))
    assert browser.js("return isSecureContext") is False
    assert [e["page"] for e in site.all(browser)] == [site.views[0][1]]


# -- a page that is not as pages are

def test_twice(site, browser):
    """Two copies, even from two places, count once."""
    browser.open(site.put(
        ELEMENTS, script=SCRIPT + '<script src="/_es2" defer></script>',
        head=SCRIPT))
    browser.click("#labelled")
    browser.js("history.pushState({}, '', '/other')")
    assert site.told(browser, "label", dwells=2) == [("click", "cta"), ("view", None)]
    assert len(site.dwells()) == 2


def test_inline(site, browser):
    """Part of a page or a bundle, it would not know where to send to."""
    browser.open(site.put(
        LINK, script=f"<script>{scriptfile.served('consent')}</script>"))
    assert browser.js("return typeof exportsite") == "undefined"


def test_an_element_of_the_same_name(site, browser):
    """A page whose element has the id `exportsite` has a script as well."""
    browser.open(site.put("<p id=exportsite>about us</p>" + ELEMENTS))
    browser.click("#labelled")
    assert site.told(browser, "label") == [("click", "cta")]


@pytest.mark.parametrize("policy", [
    "default-src 'none'; script-src 'self'; connect-src 'self'",
    "default-src 'none'; script-src 'self'; connect-src 'self';"
    " require-trusted-types-for 'script'; trusted-types 'none'",
])
def test_policy(site, browser, policy):
    """A strict policy is enough, and is not broken."""
    browser.open(site.put("<button id=button data-es-label=b>b</button>",
                          Content_Security_Policy=policy))
    browser.click("#button")
    assert site.told(browser, "label") == [("click", "b")]
    assert browser.complaints() == []


BROKEN = {
    "sendBeacon-missing": "delete Navigator.prototype.sendBeacon",
    "sendBeacon-throws":
        "Navigator.prototype.sendBeacon = () => { throw Error('x') }",
    "sendBeacon-refuses": "Navigator.prototype.sendBeacon = () => false",
    "sendBeacon-is-none": "navigator.sendBeacon = 7",
    "Blob": "delete window.Blob",
    "JSON": "window.JSON = null",
    "toJSON": "for (const type of [String, Number])"
              " type.prototype.toJSON = function () { return 'broken' }",
    "history": "Object.defineProperty(window, 'history',"
               " { get() { throw Error('x') } })",
    "history-frozen": "Object.freeze(history)",
    "pushState-missing": "delete History.prototype.pushState",
    "performance-entries": "performance.getEntriesByType = null",
    "serverTiming": "Object.defineProperty(PerformanceResourceTiming"
                    ".prototype, 'serverTiming', { get() { throw 1 } })",
    "composedPath": "delete Event.prototype.composedPath",
    "doNotTrack": "Object.defineProperty(window, 'doNotTrack',"
                  " { value: null })",
    "fetch": "window.fetch = () => { throw Error('x') }",
    "strict-names": "window.view = window.path = window.top_ = null;"
                    " window.name = 'x'",
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_page(site, browser, what):
    """What a page has broken for itself is not broken for the script."""
    browser.before(BROKEN[what])
    browser.open(site.put(ELEMENTS))
    browser.click("#labelled")
    browser.click("#goal")
    assert site.told(browser, "label") == [("click", "cta"),
                                           ("goal", "quote")]
    events = site.events()
    assert ("page" in events[0]) == (what not in ("performance-entries",
                                                  "serverTiming"))


def test_what_is_missing_stays_so(site, browser):
    """Who looks whether there is a pushState() must find none."""
    browser.before(BROKEN["pushState-missing"])
    browser.open(site.put("x"))
    assert browser.js("return [typeof exportsite, typeof history.pushState]"
                      ) == ["object", "undefined"]


@pytest.mark.parametrize("what", ["missing", "throws", "refuses"])
def test_instead_of_a_beacon(site, browser, what):
    """A fetch() that outlives the page as well, and says the same."""
    browser.before(BROKEN[f"sendBeacon-{what}"])
    browser.before("window.asked = []; const real = window.fetch;"
                   "window.fetch = (...given) => {"
                   "  asked.push(given); return real(...given); }")
    browser.open(site.put("x"))
    browser.js("exportsite.track('x')")
    site.wait(1)
    (url, given), = browser.js("return asked")
    assert url.endswith("/_es") and "?" not in url
    assert given["keepalive"] is True and given["method"] == "POST"
    site.all(browser)


WORSE = {
    "performance": "Object.defineProperty(window, 'performance',"
                   " { get() { throw Error('x') } })",
    "performance-missing": "delete window.performance",
    "nothing-to-send-with": "delete Navigator.prototype.sendBeacon;"
                            " delete window.fetch",
    "rejected": "delete Navigator.prototype.sendBeacon;"
                " window.fetch = () => Promise.reject(Error('x'))",
    "odd-fetch": "delete Navigator.prototype.sendBeacon;"
                 " window.fetch = () => null",
    "TextEncoder": "delete window.TextEncoder; delete window.TextDecoder",
    "URL": "delete window.URL",
    "setTimeout": "window.setTimeout = () => { throw Error('x') }",
    "addEventListener": "EventTarget.prototype.addEventListener ="
                        " () => { throw Error('x') }",
    "closest": "Element.prototype.matches = () => { throw Error('x') }",
    "currentScript": "Object.defineProperty(document, 'currentScript',"
                     " { value: null })",
    "exportsite": "Object.defineProperty(window, 'exportsite',"
                  " { value: 1, writable: false })",
}


@pytest.mark.parametrize("what", WORSE)
def test_broken_beyond_use(site, browser, what):
    """A page in which the script cannot work does, all the same."""
    browser.before(WORSE[what])
    browser.before("window.errors = [];"
                   "window.onerror = window.onunhandledrejection ="
                   " (error) => { window.errors.push(String(error)) };")
    browser.open(site.put(
        "<p id=count>0</p><button id=button data-es-label=x data-es-goal=y"
        " onclick='count.textContent++'>b</button>" + TALL))
    for _ in range(2):
        browser.click("#button")
    browser.wheel(300)
    browser.js("if (window.exportsite && exportsite.track)"
               "{ exportsite.track('x', { label: 'y' });"
               "  exportsite.consent(true) }"
               "history.pushState({}, '', '/next')")
    browser.hide()
    browser.show()
    assert browser.js("return count.textContent") == "2"
    assert browser.js("return location.pathname") == "/next"
    assert browser.js("return window.errors") == []
    browser.leave()


def test_no_collector(browser):
    """Nobody takes the events: the page does not notice."""
    gone = Site()
    try:
        url = gone.put(LINK.replace("/next", "#x"), head="<script>"
                       "window.errors = []; window.onunhandledrejection ="
                       "(event) => errors.push(1);"
                       "navigator.sendBeacon = null;</script>")
        browser.open(url)
        browser.driver.set_script_timeout(5)
    finally:
        gone.close()
    browser.click("#link")
    browser.hide()
    time.sleep(0.3)
    browser.show()
    assert browser.js("return window.errors") == []
    browser.leave()
    browser.complaints()
