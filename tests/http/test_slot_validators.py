"""What caches and browsers are told of a page with slots."""

import os

import pytest

import slotsite
import upstream
from upstream import reply
from wait import until

backend = upstream.fixture(upstream.Upstream, "module")

PAGE = "<h1 data-es-slot=hero>own</h1><p data-es-slot=second>own</p>" + "." * 99
CHOICE = ("exportsite on; exportsite_languages en de;"
          "exportsite_slot hero text:$exportsite_language;\n")
CONDITIONS = ("Range", "If-Range", "If-Modified-Since", "If-None-Match")
THEN = "Thu, 01 Jan 2015 00:00:00 GMT"
FUTURE = "Thu, 01 Jan 2037 00:00:00 GMT"
DE = {"Accept-Language": "de"}


def make_site(nginx, backend, when=1_500_000_000):
    """A site with all that the tests need; two of them are alike."""
    site = nginx(
        CHOICE + "proxy_cache_path @dir@/cache keys_zone=pages:1m;",
        "location /up/ { proxy_pass http://@up@; }"
        "location /cached/ { proxy_pass http://@up@; proxy_cache pages;"
        " proxy_cache_valid 1h; }"
        "location /uri/ { alias @html@/; exportsite_slot hero uri:/c; }"
        "location /both/ { alias @html@/; exportsite_slot hero text:a;"
        " exportsite_slot second uri:/c; }"
        "location /two/ { alias @html@/;"
        " exportsite_slot hero text:$arg_a; exportsite_slot second text:$arg_b;"
        "}"
        "location /file/ { alias @html@/; exportsite_slot hero file:/c.html; }"
        "location /unasked/ { alias @html@/; exportsite_slot nosuch text:$arg_a;"
        "}"
        "location /script/ { alias @html@/; exportsite_script $arg_a; }"
        "location /noetag/ { alias @html@/; etag off; }"
        "location /plain/ { alias @html@/; exportsite off; }"
        "location = /c { return 200 c; }"
        + slotsite.STATUS, up=backend)
    for name in ("page.html", "other.html", "data.txt", "style.css", "file"):
        path = site.write(f"html/{name}", PAGE)
        os.utime(path, (when, when))
    return site


@pytest.fixture(scope="module")
def site(module_nginx, backend):
    return make_site(module_nginx, backend)


def etag(reply):
    """The weak ETag of a page that is as it should be."""
    tag = reply.header("ETag")
    assert reply.status in (200, 304), reply
    assert tag and tag.startswith('W/"') and tag.endswith('"') \
        and len(tag) > 8 and '"' not in tag[3:-1], reply
    assert len(reply.all("ETag")) == 1
    return tag


# -- the header of a page with slots

def test_what_is_not_there(site):
    """No Last-Modified, Content-Length, Accept-Ranges."""
    got = site.get("/page.html")
    assert ">en</h1>" in got.text
    for name in ("Last-Modified", "Content-Length", "Accept-Ranges"):
        assert got.header(name) is None, name
    assert got.header("Transfer-Encoding") == "chunked"
    etag(got)


@pytest.mark.parametrize("path", ["/page.html", "/up/page", "/two/page.html"])
def test_head_is_a_gets_header(site, backend, path):
    """HEAD says what GET says."""
    backend.on("/up/page", reply(PAGE, "ETag: \"x\"",
                                 f"Last-Modified: {THEN}"))

    def header(method):
        got = site.request(method, path)
        assert got.status == 200
        return sorted((n, v) for n, v in got.headers
                      if n not in ("Date", "Transfer-Encoding"))

    assert header("HEAD") == header("GET")
    assert site.request("HEAD", path).body == b""


def test_not_a_thing_is_changed_without_slots(site):
    """exportsite off in the same server: nginx's own header."""
    got = site.get("/plain/page.html")
    assert got.text == PAGE and not got.header("ETag").startswith("W/")
    assert got.header("Last-Modified") and got.header("Accept-Ranges")


# -- the ETag

def test_the_same_for_the_same(site, module_nginx, backend):
    """On every request, and on another server with the same files."""
    tag = etag(site.get("/page.html"))
    assert {etag(site.get("/page.html")) for _ in range(5)} == {tag}
    other = make_site(module_nginx, backend)
    assert etag(other.get("/page.html")) == tag
    assert etag(other.get("/page.html", DE)) == etag(site.get("/page.html", DE))
    site.write("html/c.html", "x")
    other.write("html/c.html", "x")
    assert etag(other.get("/file/page.html")) == etag(
        site.get("/file/page.html"))


def test_another_for_another(site):
    """Another variant, another page, another time: another ETag."""
    tags = [etag(site.get("/page.html")), etag(site.get("/page.html", DE))]
    path = site.path("html/other.html")
    for when in (1_500_000_000, 1_500_000_001):
        os.utime(path, (when, when))
        tags.append(etag(site.get("/other.html")))
    assert tags[0] == tags[2]          # the same bytes of the same time
    assert len(set(tags)) == 3


def test_of_all_contents(site):
    """Contents are not mixed up among the slots."""
    tags = [etag(site.get(f"/two/page.html?a={a}&b={b}"))
            for a, b in (("x", "y"), ("y", "x"), ("xy", ""), ("", "xy"),
                         ("", ""), ("x", "x"), ("y", "y"), ("xy", "xy"))]
    assert len(set(tags)) == len(tags)


def test_of_slots_that_the_page_has_not(site):
    """An ETag is of all that is configured, found in the page or not."""
    assert etag(site.get("/unasked/page.html?a=1")) != etag(
        site.get("/unasked/page.html?a=2"))


def test_of_the_script(site):
    """Another script is another page."""
    assert etag(site.get("/script/page.html?a=/x.js")) != etag(
        site.get("/script/page.html?a=/y.js"))


def test_none_with_a_uri(site):
    """A uri's content is not known before the header goes out."""
    for path in ("/uri/page.html", "/both/page.html"):
        got = site.get(path)
        assert got.status == 200 and ">c<" in got.text
        for name in ("ETag", "Last-Modified", "Accept-Ranges"):
            assert got.header(name) is None, (path, name)
        for headers in ({"If-None-Match": '"x"'},
                        {"If-Modified-Since": FUTURE}):
            assert site.get(path, headers).status == 200, (path, headers)


def test_none_where_the_page_has_none(site, backend):
    """etag off, or an upstream without."""
    backend.on("/up/none", reply(PAGE, f"Last-Modified: {THEN}"))
    for path in ("/noetag/page.html", "/up/none"):
        got = site.get(path)
        assert ">en<" in got.text
        assert got.header("ETag") is None, path
        assert got.header("Last-Modified") is None, path
        assert site.get(path, {"If-Modified-Since": FUTURE}).status == 200


# -- 304

@pytest.mark.parametrize("path", ["/page.html", "/up/tagged"])
def test_not_modified(site, backend, path):
    """304 for who has this variant of the page, and for nobody else."""
    backend.on("/up/tagged", reply(PAGE, "ETag: \"v1\""))
    en, de = etag(site.get(path)), etag(site.get(path, DE))

    def status(value, **headers):
        got = site.get(path, {"If-None-Match": value, **headers})
        assert etag(got) == (de if headers else en)
        assert got.header("Last-Modified") is None
        assert (got.body == b"") is (got.status == 304)
        return got.status

    assert status(en) == 304
    assert status(de, **DE) == 304
    assert status(de) == 200
    assert status(en, **DE) == 200
    assert status(en[2:]) == 304                 # weak comparison
    assert status(f'"a", {en}') == 304
    assert status(f'W/"a" , {de},"b" ,{en} , "c"') == 304
    assert status(f'"a", {de}') == 200
    assert status("*") == 304
    assert status(en[:-2] + '"') == 200
    assert status('"v1"') == 200
    assert status('W/"v1"') == 200
    assert status('""') == 200


def test_the_files_own_etag_is_no_pages(site):
    """What nginx would have said of the raw page matches nothing."""
    raw = site.get("/plain/page.html").header("ETag")
    for value in (raw, "W/" + raw):
        got = site.get("/page.html", {"If-None-Match": value})
        assert got.status == 200 and ">en<" in got.text


def test_dates_are_not_honoured(site, backend):
    """If-Modified-Since is nothing to a page that has no date."""
    backend.on("/up/dated", reply(PAGE, "ETag: \"v1\"",
                                  f"Last-Modified: {THEN}"))
    for path in ("/page.html", "/up/dated"):
        for value in (FUTURE, THEN, "Fri, 14 Jul 2017 02:40:00 GMT",
                      "nonsense"):
            got = site.get(path, {"If-Modified-Since": value})
            assert got.status == 200 and ">en<" in got.text, (path, value)
        both = {"If-Modified-Since": THEN,
                "If-None-Match": etag(site.get(path))}
        assert site.get(path, both).status == 304


# -- ranges

@pytest.mark.parametrize("path", ["/page.html", "/up/ranged",
                                  "/cached/ranged", "/uri/page.html"])
@pytest.mark.parametrize("value", ["bytes=0-3", "bytes=-5", "bytes=5-",
                                   "bytes=0-0,5-6", "bytes=99999-", "x"])
def test_ranges_are_not_honoured(site, backend, path, value):
    """Any Range: the whole page, filled."""
    ranged = reply(PAGE, "ETag: \"v1\"", f"Last-Modified: {THEN}",
                   "Accept-Ranges: bytes")
    backend.on("/up/ranged", ranged)
    backend.on("/cached/ranged", ranged)
    whole = site.get(path)
    for more in ({}, {"If-Range": whole.header("ETag") or '"v1"'},
                 {"If-Range": '"v1"'}, {"If-Range": THEN}):
        got = site.get(path, {"Range": value, **more})
        assert got.status == 200 and got.body == whole.body
        assert got.header("Content-Range") is None
        assert got.header("Accept-Ranges") is None


# -- what goes upstream

@pytest.mark.parametrize("path", ["/up/page", "/up/", "/up/x.html",
                                  "/up/x.php", "/up/x?y=a.css", "/up/a.b/c"])
@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_are_not_passed_on(site, backend, path, name):
    """An upstream never sees a condition on a page it does not know."""
    values = {"Range": "bytes=0-3", "If-Range": "\"v1\"",
              "If-Modified-Since": FUTURE, "If-None-Match": "\"v1\""}

    def answer(request, send):
        if request.header("Range"):
            send(reply(PAGE[:4], "Content-Range: bytes 0-3/200",
                       status="206 Partial Content"))
        elif request.header("If-None-Match") \
                or request.header("If-Modified-Since"):
            send(reply(status="304 Not Modified", length=False))
        else:
            send(reply(PAGE, "ETag: \"v1\"", f"Last-Modified: {THEN}"))

    backend.on(path.split("?")[0], answer)
    already = len(backend.requests)
    got = site.get(path, {name: values[name], "X-Mine": "1"})
    assert got.status == 200 and ">en<" in got.text
    request, = backend.requests[already:]
    assert request.header("X-Mine") == "1"
    for each in CONDITIONS:
        assert request.header(each) is None


def test_conditions_are_passed_on_for_assets(site, backend):
    """What cannot be a page keeps its conditions and its ranges."""
    backend.on("/up/x.css", lambda request, send: send(
        reply("p { }", type="text/css", status="206 Partial Content")
        if request.header("Range") else
        reply(status="304 Not Modified", type=None, length=False)))
    assert site.get("/up/x.css", {"If-None-Match": "\"a\"",
                                  "If-Modified-Since": THEN}).status == 304
    assert site.get("/up/x.css", {"Range": "bytes=0-4", "If-Range": "\"a\""}
                    ).status == 206
    first, second = backend.seen("/up/x.css")
    assert first.header("If-None-Match") == "\"a\""
    assert first.header("If-Modified-Since") == THEN
    assert second.header("Range") == "bytes=0-4"
    assert second.header("If-Range") == "\"a\""


# -- what is no page

@pytest.mark.parametrize("name", ["data.txt", "style.css", "file"])
def test_other_files_are_nginxs(site, name):
    """A file that is no page: Last-Modified, ranges, 304, as ever."""
    got = site.get(f"/{name}")
    assert got.text == PAGE
    assert got.header("Content-Length") == str(len(PAGE))
    assert got.header("Accept-Ranges") == "bytes"
    assert not got.header("ETag").startswith("W/")
    date, tag = got.header("Last-Modified"), got.header("ETag")
    assert site.get(f"/{name}", {"If-Modified-Since": date}).status == 304
    assert site.get(f"/{name}", {"If-None-Match": tag}).status == 304
    assert site.get(f"/{name}", {"If-None-Match": '"x"'}).status == 200
    part = site.get(f"/{name}", {"Range": "bytes=1-3"})
    assert part.status == 206 and part.text == PAGE[1:4]
    assert site.get(f"/{name}", {"Range": "bytes=1-3", "If-Range": tag}
                    ).status == 206
    assert site.get(f"/{name}", {"Range": "bytes=1-3", "If-Range": '"x"'}
                    ).status == 200


def test_other_answers_keep_their_header(site, backend):
    """Proxied JSON: its header as it is, and 304 by its ETag from nginx."""
    backend.on("/up/api", reply("{}", "ETag: \"v1\"", "Last-Modified: " + THEN,
                                type="application/json"))
    got = site.get("/up/api")
    assert got.header("ETag") == '"v1"' and got.text == "{}"
    assert got.header("Last-Modified") == THEN
    assert got.header("Content-Length") == "2"
    assert site.get("/up/api", {"If-None-Match": '"v1"'}).status == 304
    assert site.get("/up/api", {"If-None-Match": '"v0"'}).status == 200
    assert site.get("/up/api", {"If-None-Match": 'W/"v1"'}).status == 304


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops",
                                    "201 Created", "301 Moved Permanently",
                                    "206 Partial Content"])
def test_other_statuses_are_untouched(site, backend, status):
    """Only a 200 has slots."""
    backend.on("/up/status", reply(
        PAGE, "ETag: \"v1\"", f"Last-Modified: {THEN}", status=status))
    got = site.get("/up/status")
    assert got.status == int(status[:3]) and got.text == PAGE
    assert got.header("ETag") == '"v1"'
    assert got.header("Last-Modified") == THEN
    assert got.header("Content-Length") == str(len(PAGE))


# -- nginx's own cache

def test_cached_pages(site, backend):
    """A page from proxy_cache is filled, tagged and answered as others are."""
    backend.on("/cached/x", reply(PAGE, "ETag: \"v1\"",
                                  f"Last-Modified: {THEN}"))
    en, de = etag(site.get("/cached/x")), etag(site.get("/cached/x", DE))
    assert en != de
    assert ">de<" in site.get("/cached/x", DE).text
    assert len(backend.seen("/cached/x")) == 1
    for value, want in ((en, 304), (de, 200), ('"v1"', 200), ("*", 304)):
        got = site.get("/cached/x", {"If-None-Match": value})
        assert got.status == want
        assert etag(got) == en
    got = site.get("/cached/x", {"If-Modified-Since": FUTURE})
    assert got.status == 200 and ">en<" in got.text
    assert len(backend.seen("/cached/x")) == 1


def test_conditions_on_a_page_that_is_not_cached_yet(site, backend):
    """The first to ask comes with a condition: the whole page is cached."""
    for n, headers in enumerate((
            {"If-None-Match": '"v1"'}, {"If-Modified-Since": FUTURE},
            {"Range": "bytes=0-3"})):
        path = f"/cached/first{n}"
        backend.on(path, reply(PAGE, "ETag: \"v1\"",
                               f"Last-Modified: {THEN}"))
        got = site.get(path, headers)
        assert got.status == 200 and ">en<" in got.text
        assert ">de<" in site.get(path, DE).text
        seen, = backend.seen(path)
        assert all(seen.header(name) is None for name in CONDITIONS)


def test_revalidation_by_nginx(nginx, backend):
    """proxy_cache_revalidate asks with nginx's own conditions."""
    def answer(request, send):
        if request.header("If-None-Match") == '"v1"':
            send(reply(status="304 Not Modified", type=None, length=False))
        else:
            send(reply(PAGE, "ETag: \"v1\"", "Cache-Control: max-age=1"))

    backend.on("/again", answer)
    site = nginx(
        CHOICE + "proxy_cache_path @dir@/cache keys_zone=pages:1m;",
        "location / { proxy_pass http://@up@; proxy_cache pages;"
        " proxy_cache_revalidate on; proxy_cache_valid 200 1s;"
        " add_header X-Cache $upstream_cache_status; }", up=backend)
    already = len(backend.seen("/again"))
    tag = etag(site.get("/again"))

    def revalidated():
        got = site.get("/again")
        return got.header("X-Cache") == "REVALIDATED" and got

    got = until(revalidated, 5, "a revalidation", every=0.1)
    assert ">en<" in got.text and etag(got) == tag
    assert len(backend.seen("/again")) > already + 1
