"""Real pages by the thousand: what has no slot comes out as it went in."""

import os
import random
import re

import pytest

import slotsite
from slotsite import STATUS

DOCS = "/usr/share/doc"
MIN = 1000
MB = 1024 * 1024
TAG = b'<script src="/x.js" defer></script>'

# names that no page has
NAMES = "exportsite_slot zz-hero text:x; exportsite_slot zz-b file:/none;\n"
SCRIPT = "exportsite_script /x.js;\n"


def readable(path):
    return os.stat(path).st_mode & 0o004


def collect():
    """The pages under DOCS, each file once, as names below it."""
    found = {}
    for folder, folders, names in os.walk(DOCS):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name.endswith(".html") and os.path.exists(path) \
                    and readable(path) and "%" not in path:
                found.setdefault(os.path.realpath(path),
                                 os.path.relpath(path, DOCS))
    return [(path, name) for path, name in found.items()]


@pytest.fixture(scope="module")
def pages():
    """(name, bytes) of every page."""
    found = collect()
    assert len(found) >= MIN, (
        f"only {len(found)} HTML files in {DOCS}; `scripts/install-deps test` "
        "installs a package with enough of them")
    pages = []
    for path, name in found:
        with open(path, "rb") as file:
            pages.append((name, file.read()))
    return pages


@pytest.fixture(scope="module")
def site(module_nginx):
    return module_nginx(
        "", slotsite.cuts(NAMES, folder=DOCS)
        + slotsite.cut(0, NAMES, "known", DOCS)
        + slotsite.cuts(NAMES + SCRIPT, folder=DOCS, name="s") + STATUS
        + f"location /sendfile0/ {{ alias {DOCS}/; sendfile on; {NAMES}"
          "exportsite on; }")


def sample(pages, size):
    """As many as can be done soon in buffers of `size` bytes."""
    if size not in (1, 7, 64):
        return pages
    most, limit = {1: (60, 16_000), 7: (200, 32_000),
                   64: (500, 64_000)}[size]
    small = [page for page in pages if len(page[1]) <= limit]
    return random.Random(size).sample(small, min(most, len(small)))


def compare(site, prefix, pages, want=lambda page: page):
    with site.session() as session:
        for name, page in pages:
            reply = session.get(f"/{prefix}/{name}")
            assert reply.status == 200, name
            if reply.body != want(page):
                at = next((n for n, (a, b) in enumerate(
                    zip(reply.body, want(page))) if a != b), None)
                raise AssertionError(
                    f"{name} differs at {at}, {len(reply.body)} bytes of "
                    f"{len(want(page))}: {reply.body[at or 0:][:80]!r}")


@pytest.mark.parametrize("prefix", ["n1", "n7", "n64", "n4096", "n0",
                                    "sendfile0", "known0"])
def test_identity(site, pages, prefix):
    """A page without slots is what it was, and was looked at."""
    chosen = sample(pages, int(re.sub(r"\D", "", prefix)))
    if prefix == "known0":
        chosen = chosen[:300]
        compare(site, prefix, chosen)
    before = slotsite.counts(site)
    compare(site, prefix, chosen)
    got = slotsite.moved(before, slotsite.counts(site))
    utf16 = sum(page[:2] in (b"\xff\xfe", b"\xfe\xff") for _, page in chosen)
    assert got["pages"] == len(chosen) - utf16
    assert not {"seen", "filled", "scripts"} & got.keys(), got
    size = sum(len(page) for _, page in chosen)
    assert got["bytes"] < size / 2 if prefix == "known0" \
        else got["bytes"] >= size - utf16 * MB


# -- with a script: an oracle that knows as little as possible

RAW = re.compile(
    rb"<!--(?:>|->|.*?--!?>|.*\Z)"
    rb"|<(script|style|textarea|title|xmp|iframe|noembed|noframes)\b"
    rb"(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>.*?</\1(?=[\s/>])", re.S | re.I)


def with_tag(page):
    """The page with the script's tag where it belongs."""
    bare = RAW.sub(lambda m: b" " * len(m.group()), page)
    for end in (rb"</head[\s/>]", rb"</body[\s/>]"):
        found = re.search(end, bare, re.I)
        if found:
            return page[:found.start()] + TAG + page[found.start():]
    return page


@pytest.mark.parametrize("prefix", ["s1", "s7", "s64", "s4096", "s0"])
def test_script(site, pages, prefix):
    """The tag stands once before the first real </head>, else </body>."""
    chosen = sample(pages, int(prefix[1:]))
    marked = sum(with_tag(page) != page for _, page in chosen)
    assert marked > len(chosen) / 2
    before = slotsite.counts(site)
    compare(site, prefix, chosen, with_tag)
    got = slotsite.moved(before, slotsite.counts(site))
    assert got["scripts"] == marked


def slotted(page):
    """A page whose body, as far as a slot may hold it, is a pair's; or None.

    The pair's end mark is put where no comment or raw text is open.
    """
    bare = RAW.sub(lambda m: b" " * len(m.group()), page)
    start = re.search(rb"<body(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>", bare, re.I)
    end = re.search(rb"</body[\s/>]", bare, re.I)
    if not start or not end or end.start() - start.end() > 32768:
        return None
    return (page[:start.end()] + b"<!-- es:hero -->{{hero:"
            + page[start.end():end.start()] + b"}}<!-- /es:hero -->"
            + page[end.start():])


def test_filled(nginx, pages):
    """A real page's whole body as a slot is filled, and nothing else."""
    site = nginx("", slotsite.cuts(slotsite.SLOTS, (7, 4096, 0)))
    site.write("html/c/teaser", "x")
    made = [slotted(page) for _, page in pages
            if b"{{" not in page and b"}}" not in page]
    made = [page for page in made if page][:200]
    assert len(made) == 200
    with site.session() as session:
        for n, page in enumerate(made):
            want = slotsite.put(site, f"p{n}.html", page)
            for size in (7, 4096, 0, 0):
                assert session.get(f"/n{size}/p{n}.html").body == want, (
                    size, slotsite.served(page)[:200])
