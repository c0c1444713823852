"""A visitor with a real browser, and the stream that tells of it.

nginx, Redis and Chromium. All the ways in which a page may be strange to the
script are in test_browser_script.py.
"""

import gzip
import time

import pytest

from browser import WATCH, Browser
from wait import until

BASE = ("exportsite_redis @redis@ timeout=1s;\n"
        "exportsite_secret @dir@/secret;\n"
        "exportsite_languages en de; exportsite_consent $cookie_consent;\n")
SERVER = """
    exportsite on;
    gzip on; gzip_min_length 20; gzip_types application/javascript;
    location / { exportsite_script /_exportsite; }
    location /de/ { exportsite_script /_exportsite;
                    exportsite_language_from url; }
    location /strict/ {
        exportsite_script /_exportsite;
        add_header Content-Security-Policy
            "default-src 'none'; script-src 'self'; connect-src 'self'";
    }
    location = /_exportsite { exportsite_beacon; }
    location = /status { exportsite_status; }
"""

@pytest.fixture(scope="module")
def the_redis(module_redis):
    return module_redis()


@pytest.fixture(scope="module")
def nginx_site(the_redis, module_nginx):
    return module_nginx(BASE, SERVER, redis=the_redis)


@pytest.fixture(scope="module")
def chromium(nginx_site):
    # it goes before nginx, which would wait for the connections that a browser
    # opens to have them
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def browser(chromium):
    browser = chromium.fresh()
    yield browser
    assert not browser.complaints()


class Visited:
    """The site as one test has it: pages under a folder of its own."""

    def __init__(self, nginx, redis, folder):
        self.nginx = nginx
        self.redis = redis
        self.folder = folder

    def put(self, name, body, head=""):
        """Write a page; returns its address."""
        self.nginx.write(
            f"html/{self.folder}/{name}",
            "<!DOCTYPE html><html><head><meta charset=utf-8>"
            f"<title>{name}</title>{head}</head>"
            f"<body>{body}</body></html>")
        return self.url(name)

    def url(self, name):
        return f"http://localhost:{self.nginx.port}/{self.folder}/{name}"

    def events(self):
        return [event for event in self.redis.stream()
                if event["path"].startswith(f"/{self.folder}/")]

    def views(self):
        """Those that nginx has answered."""
        return [event for event in self.events()
                if event["type"] == "view" and "page" not in event]

    def of(self, view):
        """What belongs to a view, in order: (type, name, label, value)."""
        return [(event["type"], event["path"].split("/")[-1],
                 event.get("label"), event.get("value"))
                for event in self.events() if event.get("page") == view["id"]]

    def count(self, kind):
        return sum(event["type"] == kind for event in self.events())

    def wait(self, kind, count):
        until(lambda: self.count(kind) >= count, 10,
              f"{count} of {kind} in the stream")

    def end(self, browser, dwells=1):
        """Leave the page; all events, with the last of so many dwells."""
        browser.leave()
        self.wait("dwell", dwells)
        return self.events()


@pytest.fixture
def site(nginx_site, the_redis, browser, request):
    return Visited(nginx_site, the_redis,
                   request.node.name.removeprefix("test_"))


def test_a_visit(site, browser):
    """All that was done, in its order, once, and nothing else; and how long
    each page was seen, the time behind another tab left out."""
    first = site.put(
        "a.html", "<a id=next href='b.html?token=geheim'>Pumps</a> "
        "<button id=cta data-es-label='call me'>Call me</button> "
        "<button id=nothing>x</button>"
        "<div style='height: 3000px'>tall</div>", WATCH)
    site.put(
        "b.html", "<a id=pdf href='P-200.pdf?v=3' download>Data sheet</a>"
        "<a id=out href='https://www.example.com/x?user=anna'>Partner</a>"
        "<form action=c.html data-es-goal=quote data-es-value=12.5>"
        "<input name=mail id=mail><button id=send>Send</button></form>"
        "<script>addEventListener('click', (event) => {"
        " if (event.target.id == 'out') event.preventDefault(); });</script>",
        WATCH)
    site.put("c.html", "<h1>Thanks</h1>", WATCH)
    site.put("P-200.pdf", "no PDF")

    browser.open(first)
    browser.click("#nothing")
    browser.click("#cta")
    browser.wheel(600)
    deepest = browser.js("return Math.round(100 * (scrollY + innerHeight)"
                         " / document.documentElement.scrollHeight)")
    browser.hide()
    time.sleep(0.4)
    browser.show()
    browser.wheel(-600)
    browser.click("#next")
    browser.click("#pdf")
    browser.click("#out")
    browser.type("#mail", "anna@example.com")
    browser.click("#send")
    until(lambda: browser.js("return document.title") == "c.html",
          what="the last page")
    time.sleep(0.3)
    browser.open(site.put("d.html", "x"))
    site.wait("dwell", 4)
    site.wait("view", 4)
    events = site.events()
    told = sum(int(event["ms"]) for event in events if event["type"] == "dwell")
    assert browser.near(told)

    views = site.views()
    assert [view["path"].split("/")[-1] for view in views] == [
        "a.html", "b.html", "c.html", "d.html"]
    assert site.of(views[0]) == [
        ("click", "a.html", "call me", None), ("dwell", "a.html", None, None),
        ("scroll", "a.html", None, str(deepest)),
        ("click", "a.html", f"/{site.folder}/b.html", None),
        ("dwell", "a.html", None, None)]
    assert site.of(views[1]) == [
        ("click", "b.html", f"download:/{site.folder}/P-200.pdf", None),
        ("click", "b.html", "outbound:https://www.example.com/x", None),
        ("goal", "b.html", "quote", "12.5"),
        ("dwell", "b.html", None, None)]
    assert site.of(views[2]) == [("dwell", "c.html", None, None)]
    assert len(events) == 4 + 5 + 4 + 1
    assert len({event["id"] for event in events}) == len(events)
    assert "anna" not in repr(events) and "geheim" not in repr(events)


def test_what_the_server_adds(site, browser):
    """An event is the visitor's as much as the view is."""
    site.folder = "de/" + site.folder
    browser.open(site.put("a.html", "<button data-es-label=x>x</button>"))
    browser.click("button")
    site.end(browser)
    view, click = site.events()[0], site.events()[1]
    for name in ("host", "path", "country", "language", "device"):
        assert click[name] == view[name]
    assert click["language"] == "de" and click["type"] == "click"
    assert not {"status", "referrer", "visitor"} & set(click)
    assert int(view["ts"]) <= int(click["ts"]) < int(view["ts"]) + 60000


def test_consent_given_later(site, browser):
    """Nobody at first; the view after the yes is somebody's, and so is what
    is done there; after a no nobody's again."""
    url = site.put("a.html", "<button data-es-label=x>x</button>")
    browser.open(url)
    browser.click("button")
    assert browser.js("return document.cookie") == ""
    assert browser.js("return exportsite.consent(true)") is True
    site.wait("click", 1)
    browser.open(url)
    browser.click("button")
    site.wait("click", 2)
    assert browser.js("return exportsite.consent(false)") is True
    browser.open(url)
    browser.click("button")
    site.end(browser, 3)
    first, second, third = site.views()

    def visitors(view, *types):
        return {event.get("visitor") for event in site.events()
                if view["id"] in (event["id"], event.get("page"))
                and event["type"] in types}

    # the first page's dwell is told when the next has brought the cookie
    assert visitors(first, "view", "click", "dwell") == {None}
    assert visitors(third, "view", "click", "dwell") == {None}
    assert visitors(second, "view", "click") == {second["visitor"]}
    assert len(second["visitor"]) == 32


def test_without_cookies(site, browser):
    """A browser that keeps none: all is told, as nobody's."""
    browser.open(site.put("a.html", "<button data-es-label=x>x</button>"))
    browser.cdp("Emulation.setDocumentCookieDisabled", disabled=True)
    assert browser.js("return exportsite.consent(true)") is False
    browser.click("button")
    site.end(browser)
    browser.cdp("Emulation.setDocumentCookieDisabled", disabled=False)
    assert [event["type"] for event in site.events()] == ["view", "click",
                                                          "dwell"]
    assert not any("visitor" in event for event in site.events())


def test_global_privacy_control(site, browser):
    """The signal is heeded: the view is all that is known."""
    browser.before("Object.defineProperty(Navigator.prototype,"
                   " 'globalPrivacyControl', { get: () => true });")
    browser.open(site.put("a.html", "<button data-es-label=x>x</button>"))
    browser.click("button")
    assert browser.js("return exportsite.track('x')") is False
    browser.open(site.put("b.html", "x"))
    browser.leave()
    time.sleep(1.3)
    assert [event["type"] for event in site.events()] == ["view", "view"]


def test_single_page_application(site, browser):
    """Each of its pages is a view, told by the browser."""
    browser.open(site.put("a.html", "<button data-es-label=x>x</button>"))
    for name in ("b.html", "c.html"):
        browser.js("history.pushState({}, '', arguments[0] + '?q=geheim')",
                   name)
        browser.click("button")
    browser.js("history.back()")
    until(lambda: browser.js("return location.pathname").endswith("b.html"),
          what="the way back")
    browser.js("exportsite.track('own', { label: 'l', value: 3, ms: 7 })")
    site.end(browser, 4)
    view = site.views()
    assert len(view) == 1
    assert [(kind, name) for kind, name, _, _ in site.of(view[0])] == [
        ("dwell", "a.html"), ("view", "b.html"), ("click", "b.html"),
        ("dwell", "b.html"), ("view", "c.html"), ("click", "c.html"),
        ("dwell", "c.html"), ("view", "b.html"), ("own", "b.html"),
        ("dwell", "b.html")]
    soft = [event for event in site.events()
            if event["type"] == "view" and "page" in event]
    assert not any("status" in event for event in soft)
    own = [event for event in site.events() if event["type"] == "own"][0]
    assert (own["label"], own["value"], own["ms"]) == ("l", "3", "7")


def test_reload(site, browser):
    """A page that has not changed names the new view, not the old."""
    browser.open(site.put("a.html", "x"))
    browser.driver.refresh()
    site.end(browser, 2)
    first, second = site.views()
    assert (first["status"], second["status"]) == ("200", "304")
    for view in (first, second):
        assert [kind for kind, _, _, _ in site.of(view)] == ["dwell"]


def test_back_and_forward(site, browser):
    """A page that the browser kept goes on under its view."""
    browser.open(site.put("a.html", "<button data-es-label=x>x</button>"))
    browser.js("window.kept = true")
    browser.open(site.put("b.html", "x"))
    site.wait("dwell", 1)
    browser.driver.back()
    until(lambda: browser.js("return location.pathname").endswith("a.html"),
          what="the page")
    assert browser.js("return window.kept") is True
    browser.click("button")
    site.end(browser, 3)
    assert [kind for kind, _, _, _ in site.of(site.views()[0])] == [
        "dwell", "click", "dwell"]


def test_policy(site, browser):
    """script-src 'self' and connect-src 'self' are all that it needs."""
    site.folder = "strict/" + site.folder
    browser.open(site.put("a.html", "<button data-es-label=x>x</button>"))
    browser.click("button")
    assert [e["type"] for e in site.end(browser)] == ["view", "click",
                                                      "dwell"]


def test_by_hand(site, browser):
    """The tag in the page as well: one script."""
    browser.open(site.put(
        "a.html", "<button data-es-label=x>x</button>",
        "<script src=/_exportsite defer></script>"))
    browser.click("button")
    assert browser.js("return document.querySelectorAll("
                      "'script[src=\"/_exportsite\"]').length") == 2
    assert [e["type"] for e in site.end(browser)] == ["view", "click",
                                                      "dwell"]


def test_a_burst(site, browser):
    """More than a batch holds: all of it, once."""
    browser.open(site.put("a.html", "x"))
    browser.js("for (let n = 0; n < 150; n++)"
               "  exportsite.track('burst', { value: n, label: 'ü\\r\\n' });")
    site.end(browser)
    site.wait("burst", 150)
    values = [int(event["value"]) for event in site.events()
              if event["type"] == "burst"]
    assert sorted(values) == list(range(150))


def test_the_script_is_small(nginx_site):
    """Compressed by nginx, kept by the browser for a day."""
    got = nginx_site.get("/_exportsite", {"Accept-Encoding": "gzip"})
    assert got.header("Content-Encoding") == "gzip"
    assert got.header("Cache-Control") == "public, max-age=86400"
    text = gzip.decompress(got.body)
    assert len(got.body) < 2300 and len(text) <= 4096
    assert text.endswith(b'("consent","gpc dnt");\n')
