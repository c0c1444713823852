"""What the tests of slots share: pages, and the ways to cut them."""

import time
import re

# the sizes of buffers that a page is cut into; 0 is nginx's own
SIZES = (1, 7, 64, 4096, 0)

# {{name:own}} in a page: the slot's own content, and where its new one goes
OWN = re.compile(rb"\{\{([a-z0-9_-]+):(.*?)\}\}", re.S)

CONTENT = {b"hero": b"NEW", b"teaser": b"<b>T</b> &amp; more",
           b"third": b"3"}

SLOTS = ("exportsite_slot hero text:NEW; "
         "exportsite_slot teaser file:/c/teaser; "
         "exportsite_slot third text:3;\n")

STATUS = "location = /status { exportsite_status; }\n"


def served(page):
    """The page as the site has it."""
    page = page if isinstance(page, bytes) else page.encode()
    return OWN.sub(rb"\2", page)


def filled(page, content=CONTENT):
    """The page as a visitor gets it."""
    page = page if isinstance(page, bytes) else page.encode()
    return OWN.sub(lambda m: content[m.group(1)], page)


def cut(size, slots, name="n", folder="@html@"):
    """A location /nSIZE/ that hands out a folder's files cut into buffers.

    Each has slots (and a script) of its own: where a file's slots lie is
    remembered by them, so what one has read another must read again.
    """
    buffers = f"output_buffers 1 {size};" if size else ""
    return (f"location /{name}{size}/ {{ alias {folder}/; sendfile off; "
            f"{buffers} exportsite on; {slots} }}\n")


def cuts(slots, sizes=SIZES, **options):
    return "".join(cut(size, slots, **options) for size in sizes)


def put(site, name, page):
    """Write a page under the root; what a visitor should get."""
    site.write(f"html/{name}", served(page))
    return filled(page)


def settle():
    """Wait until what was written is old enough to be remembered."""
    time.sleep(2.1)


COUNTERS = ["pages", "bytes", "seen", "filled", "scripts",
            "left.missing", "left.large", "left.failed", "left.refused",
            "left.long", "left.deep", "left.unclosed", "left.many",
            "passed.compressed", "passed.encoding"]


def counts(site):
    """The status page's `slots`, flat: {"filled": 3, "left.long": 0, …}."""
    slots = site.json()["slots"]
    flat = {}
    for name in COUNTERS:
        value = slots
        for part in name.split("."):
            value = value[part]
        flat[name] = value
    return flat


def moved(before, after):
    """The counters that changed, and by how much."""
    return {name: after[name] - before[name] for name in after
            if after[name] != before[name]}
