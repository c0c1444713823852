"""/.well-known/gpc.json: what the site says of Global Privacy Control."""

import pytest

PLACE = "location = /.well-known/gpc.json { %s }\n"


@pytest.fixture(scope="module")
def site(module_nginx):
    return module_nginx(
        "exportsite_secret @dir@/secret; exportsite_consent on;",
        "exportsite on; exportsite_hreflang https://x/$exportsite_language;"
        + PLACE % "exportsite_gpc;"
        + "location = /dated { exportsite_gpc 2026-11-22; }\n"
        "location = /gpc { exportsite_optout gpc; exportsite_gpc; }\n"
        "location = /dnt { exportsite_optout dnt; exportsite_gpc; }\n"
        "location = /deaf { exportsite_optout off; exportsite_gpc 2024-02-29; }"
        "location /off/ { exportsite_optout off;"
        "  location = /off/x { exportsite off; exportsite_gpc; } }\n")


@pytest.mark.parametrize("target, text", [
    ("/.well-known/gpc.json", '{"gpc":true}\n'),
    ("/dated", '{"gpc":true,"lastUpdate":"2026-11-22"}\n'),
    ("/gpc", '{"gpc":true}\n'),
    ("/dnt", '{"gpc":false}\n'),
    ("/deaf", '{"gpc":false,"lastUpdate":"2024-02-29"}\n'),
    ("/off/x", '{"gpc":false}\n')])
def test_the_answer(site, target, text):
    """It says what exportsite_optout does, and nothing of the visitor."""
    reply = site.get(target)
    assert reply.status == 200 and reply.text == text
    assert reply.all("Content-Type") == ["application/json"]
    assert reply.all("Cache-Control") == ["public, max-age=86400"]
    for name in ("Set-Cookie", "Vary", "Link", "Content-Language"):
        assert reply.all(name) == [], name
    again = site.get(target, {"If-None-Match": reply.header("ETag")})
    assert again.status == 304 and again.body == b""
    head = site.request("HEAD", target)
    assert head.status == 200 and head.body == b""
    assert head.header("Content-Length") == str(len(text))


def test_another_word_another_etag(site):
    """A browser that has the old answer gets the new one."""
    tags = [site.get(t).header("ETag") for t in
            ("/gpc", "/dnt", "/dated", "/deaf")]
    assert len(set(tags)) == 4


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods(site, method):
    """405, and which it takes."""
    reply = site.request(method, "/.well-known/gpc.json")
    assert reply.status == 405
    assert reply.all("Allow") == ["GET, HEAD"]
