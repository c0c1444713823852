"""exportsite_script: the tag that gets into pages."""

import re

import pytest

import slotsite
from slotsite import SIZES, STATUS

TAG = '<script src="/x.js" defer></script>'

# {} is where the tag is expected; cases without get none
CASES = {
    "head": "<html><head><title>a</title>{}</head><body>b</body></html>",
    "capitals": "<HTML><HEAD>a{}</HEAD><BODY>b</BODY>",
    "blank": "<head>a{}</head\n ><body>b</body>",
    "attributes": "<head>a{}</head x=\"</body>\"><body>b</body>",
    "slash": "<head>a{}</head/><body>b</body>",
    "body-only": "<html><body>b{}</body></html>",
    "neither": "<p>a</p>",
    "empty": "",
    "text": "head body",
    "two-heads": "<head>a{}</head><head>b</head><body>c</body>",
    "two-bodies": "a{}</body>b</body>",
    "in-a-script": "<head><script>'</head>'</script>a{}</head></body>",
    "in-a-comment": "<head><!-- </head> -->a{}</head></body>",
    "in-a-conditional-comment": "<head><!--[if IE]></head><![endif]-->a{}"
                                "</head></body>",
    "in-a-style": "<head><style></head></style>a{}</head></body>",
    "in-a-title": "<head><title></head></title>a{}</head></body>",
    "in-a-value": "<head><meta content=\"</head>\">a{}</head></body>",
    "in-a-textarea": "<textarea></head></body></textarea>a{}</body>",
    "longer-names": "<head><header>a</header></heading></headx>b{}</head>",
    "longer-body": "<bodyx>a</bodyx>{}</body>",
    "no-end-tag": "a</ head>b</!head>c&lt;/head&gt;d",
    "start-tag": "<head ><body >",
    "almost": "a</hea",
    "unfinished": "<head>a</head",
    "less-than": "<head>a < {}</head>",
    "twice-less-than": "<head>a <<{}</head>",
}

SLOT = {
    "slot-before": "<head>{}</head><p data-es-slot=hero>own</p>",
    "slot-in-the-head": "<head><title data-es-slot=hero>own</title>{}</head>",
    "end-in-a-slot": "<head><!-- es:hero --></head><body><!-- /es:hero -->"
                     "a{}</body>",
    "slot-at-the-end": "<body><p data-es-slot=hero>own</p>{}</body>",
    "slot-ended-by-the-body": "<body><p data-es-slot=hero>own{}</body>",
}


@pytest.fixture(scope="module")
def site(module_nginx):
    site = module_nginx(
        "",
        slotsite.cuts("exportsite_script /x.js;") + slotsite.cuts(
            "exportsite_script /x.js; exportsite_slot hero "
            "'text:</head>N</body>';", name="s") + STATUS
        + "location /nonce/ { exportsite on; alias @html@/;"
        " exportsite_script /x.js nonce=$http_x_nonce; }"
        "location /uri/ { exportsite on; alias @html@/;"
        " exportsite_script /x.js?v=$arg_v; }"
        "location /fixed/ { exportsite on; alias @html@/;"
        " exportsite_script 'https://example.com/a?b=1&c=<\"2\">' nonce=abc; }"
        "location /types/ { exportsite on; alias @html@/;"
        " types { application/xhtml+xml html; } exportsite_script /x.js;"
        " exportsite_slot_types application/xhtml+xml; }"
        "location /plain/ { exportsite on; alias @html@/; types { }"
        " exportsite_script /x.js;"
        " default_type text/plain; }")
    for name, page in {**CASES, **SLOT}.items():
        site.write(f"html/{name}.html", page.replace("{}", ""))
    return site


@pytest.mark.parametrize("name", CASES)
def test_where_it_stands(site, name):
    """Once, before the end of head, else of body, whatever the cut."""
    want = CASES[name].replace("{}", TAG)
    with site.session() as session:
        for size in SIZES * 2:
            before = slotsite.counts(site)
            got = session.get(f"/n{size}/{name}.html")
            assert got.text == want, f"cut into {size} bytes"
            if "{}" in CASES[name]:
                assert got.header("Content-Length") is None
            assert slotsite.moved(before, slotsite.counts(site)).get(
                "scripts", 0) == CASES[name].count("{}")


@pytest.mark.parametrize("name", SLOT)
def test_with_slots(site, name):
    """Neither a slot's own content nor its new one is looked at."""
    page = SLOT[name].replace("{}", TAG)
    page = re.sub("own|</head><body>(?=<!-- /es)",
                  "&lt;/head&gt;N&lt;/body&gt;", page)
    with site.session() as session:
        for size in SIZES * 2:
            assert session.get(f"/s{size}/{name}.html").text == page, size


@pytest.mark.parametrize("nonce", [
    "abc", "a+b/c_d-e==", "4711", "=", "A" * 100])
def test_nonce(site, nonce):
    """A nonce of the letters that nonces have."""
    got = site.get("/nonce/head.html", {"X-Nonce": nonce}).text
    tag = re.search("<script[^>]*></script>", got).group()
    assert re.sub(f' nonce="{re.escape(nonce)}"', "", tag, count=1) == TAG
    assert got.replace(tag, "") == CASES["head"].replace("{}", "")


@pytest.mark.parametrize("nonce", [
    None, "a b", "a\"b", "a'b", "a>b", "<", "a&b", "a;b", "a,b", "ä", "a\\b",
    "\" onload=\"x", "a=\"b\""])
def test_nonce_that_is_none(site, nonce):
    """Anything else is no nonce, and the tag stands without."""
    headers = {} if nonce is None else {"X-Nonce": nonce.encode()}
    got = site.get("/nonce/head.html", headers).text
    assert got == CASES["head"].replace("{}", TAG)


@pytest.mark.parametrize("value, want", [
    ("1", "1"), ("%22", "%22"),
    ('"><script>', "&quot;&gt;&lt;script&gt;"), ("'", "'"),
    ("x" * 2000, "x" * 2000)])
def test_uri_of_a_variable(site, value, want):
    """What a visitor sends cannot leave the attribute."""
    raw = site.raw(b"GET /uri/head.html?v=" + value.encode()
                   + b" HTTP/1.0\r\n\r\n").decode()
    page = raw.split("\r\n\r\n", 1)[1]
    src = re.search('<script src="/x.js\\?v=([^"<>]*)" defer></script>',
                    page).group(1)
    assert src.replace("&#39;", "'").replace("&#34;", "&quot;") == want
    assert page.count("<script") == 1


def test_fixed(site):
    """A constant URI is escaped; a constant nonce stands there."""
    got = site.get("/fixed/head.html").text
    assert 'src="https://example.com/a?b=1&amp;c=&lt;&quot;2&quot;&gt;"' in got
    assert 'nonce="abc"' in got and got.count("<script") == 1


def test_empty_uri(nginx):
    """A URI that is empty for this visitor: no tag."""
    site = nginx("exportsite on; exportsite_script $arg_x;")
    site.write("html/x.html", "<head></head>")
    assert site.get("/x.html").text == "<head></head>"
    assert site.get("/x.html?x=/y").text == (
        '<head><script src="/y" defer></script></head>')


def test_types(site):
    """exportsite_slot_types tells for scripts, too."""
    assert TAG in site.get("/types/head.html").text
    got = site.get("/plain/head.html")
    assert TAG not in got.text and got.header("Last-Modified")


def test_without_slots_the_header_is_right(site):
    """A page with a script only: weak ETag, 304, no length, no ranges."""
    got = site.get("/n0/head.html")
    tag = got.header("ETag")
    assert tag.startswith("W/")
    for name in ("Last-Modified", "Content-Length", "Accept-Ranges"):
        assert got.header(name) is None
    assert site.get("/n0/head.html", {"If-None-Match": tag}).status == 304
    assert site.get("/n0/head.html", {"Range": "bytes=0-1"}).body == got.body


def test_etag_and_nonce(site):
    """304 would leave the browser with another response's nonce: the page's
    tag differs with it, or there is none."""
    tags = [site.get("/nonce/head.html", {"X-Nonce": n}).header("ETag")
            for n in ("one", "two")]
    assert tags[0] != tags[1] or tags == [None, None]
