"""Pages that want to break the filter: they pass, and cost no memory."""

import os
import re

import pytest

import slotsite
from slotsite import STATUS
from upstream import Reader

MB = 1024 * 1024
SANITIZED = bool(os.environ.get("ES_PRELOAD"))

SIMPLE = b"<p data-es-slot=hero>own</p>"
SLOT = "exportsite_slot hero text:NEW;"
FILLED = b"<p data-es-slot=hero>NEW</p>"

# name: (page, what a visitor gets or None for the page itself)
PAGES = {
    "tag": (b"<p " + b"a" * MB, None),
    "tag-name": (SIMPLE + b"<" + b"a" * MB, FILLED + b"<" + b"a" * MB),
    "attribute": (b"<p title=\"" + b"a" * MB + b"\">" + SIMPLE,
                  b"<p title=\"" + b"a" * MB + b"\">" + FILLED),
    "attributes": (b"<p " + b"a=b " * (MB // 4) + b">" + SIMPLE,
                   b"<p " + b"a=b " * (MB // 4) + b">" + FILLED),
    "attribute-name": (b"<p data-es-slot" + b"a" * MB + b"=hero>x</p>", None),
    "value": (b"<p data-es-slot=\"hero" + b"o" * MB + b"\">x</p>" + SIMPLE,
              b"<p data-es-slot=\"hero" + b"o" * MB + b"\">x</p>" + FILLED),
    "blanks": (b"<p data-es-slot" + b" " * MB + b"=" + b"\n" * MB + b"hero>x",
               b"<p data-es-slot" + b" " * MB + b"=" + b"\n" * MB
               + b"hero>NEW"),
    "nested": (b"<div>" * (MB // 5) + SIMPLE, b"<div>" * (MB // 5) + FILLED),
    "nested-in-svg": (b"<svg>" * (MB // 5) + b"<g data-es-slot=hero>x</g>",
                      None),
    "ends": (b"</div>" * (MB // 6) + SIMPLE, b"</div>" * (MB // 6) + FILLED),
    "nested-in-a-slot": (b"<p data-es-slot=hero>" + b"<b>" * 1_000_000, None),
    "deep-in-a-slot": (b"<div data-es-slot=hero>" + b"<i>" * 300
                       + b"</i>" * 300 + b"</div>" + SIMPLE, None),
    "ends-in-a-slot": (b"<div data-es-slot=hero>" + b"</i>" * 7000 + b"</div>",
                       ...),
    "nul": (b"\0" * MB + SIMPLE, b"\0" * MB + FILLED),
    "nul-tags": (b"<\0p\0 \0data-es-slot=hero\0>\0" * 10000, None),
    "comment": (SIMPLE + b"<!-- " + b"x" * MB, FILLED + b"<!-- " + b"x" * MB),
    "dashes": (SIMPLE + b"<!-" + b"-" * MB, FILLED + b"<!-" + b"-" * MB),
    "comments": (b"<!-- -->" * (MB // 8) + SIMPLE,
                 b"<!-- -->" * (MB // 8) + FILLED),
    "mark": (b"<!-- es:" + b"h" * MB + b" -->" + SIMPLE,
             b"<!-- es:" + b"h" * MB + b" -->" + FILLED),
    "less-than": (b"<" * (3 * MB), None),
    "greater-than": (b">" * MB + SIMPLE, b">" * MB + FILLED),
    "quotes": (b"<p a=\"'\"" * (MB // 8), None),
    "script": (b"<script>" + b"</scrip" * (MB // 7) + SIMPLE, None),
    "script-comments": (b"<script><!--<script>" + b"-" * MB + SIMPLE, None),
    "cdata": (b"<svg><![CDATA[" + b"]" * MB + SIMPLE, None),
    "ends-of-head": (b"</hea" * (MB // 5) + b">" + SIMPLE,
                     b"</hea" * (MB // 5) + b">" + FILLED),
    "pair-marks": (b"<!-- es:hero -->" * (MB // 16), None),
    "end-marks": (b"<!-- /es:hero -->" * (MB // 17) + SIMPLE,
                  b"<!-- /es:hero -->" * (MB // 17) + FILLED),
    "many": (SIMPLE * 40_000, FILLED * 128 + SIMPLE * (40_000 - 128)),
    "many-pairs": (b"<!-- es:hero -->x<!-- /es:hero -->" * 30_000,
                   b"<!-- es:hero -->NEW<!-- /es:hero -->" * 128
                   + b"<!-- es:hero -->x<!-- /es:hero -->" * (30_000 - 128)),
    "many-unknown": (b"<p data-es-slot=nosuch>x</p>" * 40_000 + SIMPLE,
                     b"<p data-es-slot=nosuch>x</p>" * 40_000 + FILLED),
    "long": (b"<p data-es-slot=hero>" + b"x" * (3 * MB) + b"</p>" + SIMPLE,
             None),
    "long-pair": (b"<!-- es:hero -->" + b"x" * (3 * MB)
                  + b"<!-- /es:hero -->", None),
    "random": (os.urandom(MB), None),
}

LEFT = {"nested-in-a-slot": "deep", "deep-in-a-slot": "deep", "many": "many",
        "many-pairs": "many", "long": "long", "long-pair": "long"}


@pytest.fixture(scope="module")
def site(module_nginx):
    site = module_nginx(
        "", slotsite.cuts(SLOT, (64, 4096, 0))
        + slotsite.cut(0, SLOT + "exportsite_script /x.js;", "script")
        + STATUS)
    for name, (page, _) in PAGES.items():
        site.write(f"html/{name}.html", page)
    return site


def memory(site):
    """The worker's private memory, in KB."""
    worker, = site.workers()
    with open(f"/proc/{worker}/smaps_rollup") as file:
        text = file.read()
    return sum(int(n) for n in re.findall(r"Private_\w+:\s+(\d+)", text))


def peak(site):
    worker, = site.workers()
    with open(f"/proc/{worker}/status") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))


@pytest.mark.parametrize("name", PAGES)
def test_page(site, name):
    """Byte for byte what it should be, the same for every cut, and counted."""
    page, want = PAGES[name]
    if want is None:
        want = page
    with site.session() as session:
        for size in (64, 4096, 0, 0):
            before = slotsite.counts(site)
            got = session.get(f"/n{size}/{name}.html")
            assert got.status == 200
            if want is ...:
                want = got.body
                assert want[:21] == page[:21] and want[-6:] == page[-6:]
            if got.body != want:
                at = next((n for n, (a, b) in enumerate(zip(got.body, want))
                           if a != b), "the end")
                raise AssertionError(
                    f"cut into {size}: {len(got.body)} bytes of {len(want)}, "
                    f"differs at {at}")
            counted = slotsite.moved(before, slotsite.counts(site))
            if name in LEFT:
                assert counted[f"left.{LEFT[name]}"] >= 1, counted
        if b"</head" not in want and b"</body" not in want:
            assert session.get(f"/script0/{name}.html").body == want


@pytest.mark.skipif(SANITIZED, reason="sanitizers keep freed memory")
def test_memory(nginx):
    """All of these to slow readers at once: 64 KB a request at most."""
    site = nginx("", slotsite.cut(0, SLOT) + slotsite.cut(0, "", "off"))
    for name, (page, _) in PAGES.items():
        site.write(f"html/{name}.html", page)

    def held(prefix):
        """KB of the worker while everybody waits."""
        readers = []
        for name in PAGES:
            reader = Reader(site.address, f"/{prefix}/{name}.html",
                            rcvbuf=2048)
            reader.until(b"")
            readers.append(reader)
        used = memory(site)
        for reader in readers:
            reader.close()
        return used

    for prefix in ("off0", "n0"):
        site.get(f"/{prefix}/many.html")
    base = memory(site)
    bare = held("off0")
    ours = held("n0")
    assert bare - base > 0
    assert ours - bare < 64 * len(PAGES), (base, bare, ours)
    # and one after the other leaves nothing behind
    before = memory(site)
    with site.session() as session:
        for _ in range(3):
            for name in PAGES:
                session.get(f"/n0/{name}.html")
    assert memory(site) - before < 500


@pytest.mark.parametrize("name", ["nested-in-a-slot", "many", "less-than",
                                  "long", "comment"])
@pytest.mark.skipif(SANITIZED, reason="sanitizers keep freed memory")
def test_one_page_in_bounded_memory(nginx, name):
    """A few megabytes of it, read slowly: hundreds of KB at the worst."""
    site = nginx("", slotsite.cut(0, SLOT))
    page, want = PAGES[name]
    site.write("html/page.html", page)
    site.write("html/x.html", SIMPLE)
    site.get("/n0/x.html")
    before = peak(site)
    with Reader(site.address, "/n0/page.html", rcvbuf=2048) as reader:
        reader.until(b"")
        assert reader.rest() == (want or page)
    assert peak(site) - before < 400


@pytest.mark.parametrize("script", ["", "exportsite_script /x.js;"])
def test_200_mb_in_constant_memory(nginx, script):
    """A page of 200 MB."""
    site = nginx("", slotsite.cut(0, SLOT + script))
    size = 200 * MB
    path = site.write("html/big.html", SIMPLE)
    os.truncate(path, size)
    site.write("html/x.html", SIMPLE)
    site.get("/n0/x.html")
    before = peak(site)
    with Reader(site.address, "/n0/big.html") as reader:
        first = reader.until(b"")[:len(FILLED)]
        got = len(reader.body) + reader.skip()
    assert FILLED.startswith(first[:10])
    assert got == size
    if not SANITIZED:
        assert peak(site) - before < 400


def test_work_is_bounded(nginx):
    """No page costs the worker more than its length deserves: all hostile
    pages together are through in a few seconds of its time."""
    site = nginx("", slotsite.cut(0, SLOT))
    for name, (page, _) in PAGES.items():
        site.write(f"html/{name}.html", page)

    def seconds():
        worker, = site.workers()
        with open(f"/proc/{worker}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    worst = {}
    with site.session() as session:
        for name, (page, _) in PAGES.items():
            if len(page) < MB / 2:
                continue               # too short for the clock's ticks
            before = seconds()
            session.get(f"/n0/{name}.html")
            worst[name] = (seconds() - before) / len(page) * MB
    limit = 1.0 if SANITIZED else 0.15       # a megabyte
    assert max(worst.values()) < limit, sorted(
        worst.items(), key=lambda item: -item[1])[:5]
