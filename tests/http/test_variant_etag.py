"""Files chosen for their visitors: a 304 never means another visitor's."""

import os

import pytest

import conf

GERMAN = {"Accept-Language": "de"}
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture(scope="module")
def site(module_nginx):
    """Variants that are alike in size and time, as a build may make them."""
    site = module_nginx(
        "exportsite_languages en de;\n"
        + conf.choices([("language = de", "de")], "$folder", "en"),
        """
        exportsite on;
        location / { try_files /$exportsite_language$uri =404; }
        location /root/ { root @html@/$folder; }
        location /slot/ { exportsite_slot none text:x;
                          try_files /$exportsite_language/a.html =404; }
        location /plain/ { }
        """)
    for name in ("en/a.html", "de/a.html", "en/root/a.html", "de/root/a.html",
                 "plain/a.html"):
        path = site.write(f"html/{name}", f"<p>{name[:2]}</p>")
        os.utime(path, (1700000000, 1700000000))
    return site


@pytest.mark.parametrize("target", ["/a.html", "/root/a.html", "/slot/a.html"])
def test_each_variant_has_its_own(site, target):
    etags = {}
    for wish in GERMAN, ENGLISH:
        reply = site.get(target, wish)
        assert reply.status == 200
        etags[reply.text] = etag = reply.header("ETag")
        assert site.get(target, {**wish, "If-None-Match": etag}).status == 304
    assert len(etags) == 2
    assert etags["<p>de</p>"] != etags["<p>en</p>"]
    other = site.get(target, {**GERMAN, "If-None-Match": etags["<p>en</p>"]})
    assert (other.status, other.text) == (200, "<p>de</p>")


def test_parts_of_a_variant(site):
    """The ETag is a strong one, as nginx' own."""
    etag = site.get("/a.html", GERMAN).header("ETag")
    part = {"Range": "bytes=3-4", "If-Range": etag}
    assert etag.startswith('"')
    assert site.get("/a.html", {**GERMAN, **part}).text == "de"
    assert site.get("/a.html", {**ENGLISH, **part}).text == "<p>en</p>"


def test_what_is_the_same_for_all_keeps_nginx_own(site):
    assert site.get("/plain/a.html", GERMAN).header("ETag") == '"6553f100-9"'
