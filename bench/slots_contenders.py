"""What bench/slots measures: its three cases, and the contenders of each."""

from dataclasses import dataclass
from pathlib import Path

import crowd
import slots_pages as pages
from contenders import EXPORTSITE, LANGUAGE, REALIP, SITE, STATUS, Contender
from workbench import MODULES

UPSTREAM_PORT = 25002        # and the next: where the proxied pages come from

SENDFILE = "sendfile on;\ntcp_nopush on;\n"

OURS = f"""
    exportsite_languages {' '.join(crowd.LANGUAGES)};
    exportsite_language_from accept;
    exportsite_secret @secret@;
"""

CONTENTS = "".join(
    "    map $language $%s {\n%s    }\n" % (slot, "".join(
        f"        {language} '{pages.content(slot, language)}';\n"
        for language in crowd.LANGUAGES)) for slot in pages.SLOTS)

PROXY = """
    upstream pages {
        server 127.0.0.1:@upstream@;
        keepalive 64;
        keepalive_requests 1000000000;
    }
"""

PASS = """
        location / {
            proxy_pass http://pages;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffers 16 4k;
        }
"""


def slots(source):
    """The directives; `source` with @slot@ for the slot's name."""
    return "".join(f"exportsite_slot {slot} {source.replace('@slot@', slot)};\n"
                   for slot in pages.SLOTS)


def substitutions(directive, options=""):
    """The same by patterns: what a slot has, spelled out, and its content."""
    return "".join(
        f"{directive} '<!-- es:{slot} -->{pages.own(slot)}<!-- /es:{slot} -->'\n"
        f"    '<!-- es:{slot} -->${slot}<!-- /es:{slot} -->'{options};\n"
        for slot in pages.SLOTS)


FILES = "exportsite on;\n" + slots(
    "file:/slots/$exportsite_language/general/@slot@.html")
NO_STATUS = STATUS.replace("{", "{ exportsite off;")
SUB_FILTER = substitutions("sub_filter") + "sub_filter_once on;\n"
SHORT = "sub_filter_once on;\n" + "".join(
    f"sub_filter '<!-- es:{slot} -->' '${slot}';\n" for slot in pages.SLOTS)
SUBS_FILTER = substitutions("subs_filter", " o")

LUA = LANGUAGE + """
    lua_package_path "@here@/?.lua;;";
    init_by_lua_block {
        peer = require "peer-slots"
        peer.init("@www@/slots")
    }
"""
LUA_FILTERS = """
    header_filter_by_lua_block { peer.header() }
    body_filter_by_lua_block { peer.body() }
"""

LUA_MODULE = MODULES / "ngx_http_lua_module.so"
SUBS_MODULE = MODULES / "ngx_http_subs_filter_module.so"
LOAD_LUA = "load_module @modules@/ndk_http_module.so;\n" f"load_module {LUA_MODULE};\n"
LOAD_SUBS = f"load_module {SUBS_MODULE};\n"


@dataclass
class Row(Contender):
    """`base` is what ratios are to, `over` what the rest is added to; `needs` a
    module without which this one is left out."""
    base: str = "bare"
    over: str = "bare-read"
    needs: Path = Path("/")
    port: int = UPSTREAM_PORT    # of the proxied page


@dataclass
class Case:
    name: str
    title: str
    rows: list
    proxied: bool = False


def raw(text):
    return lambda q: text


def by_language(q):
    return pages.filled(q.language)


def by_industry(q):
    return pages.filled(q.language, q.industry or "general")


def static(page):
    return f"location / {{ try_files /{page}.html =404; }}\n"


MARKED, PLAIN = static("page"), static("plain")


def marked():
    """The page with three slots, from a file."""
    def row(name, load="", http="", server="", page=by_language, read=False, **more):
        return Row(name, load, http, ("" if read else SENDFILE) + server + MARKED,
                   page, **more)

    return [
        row("bare", page=raw(pages.PAGE)),
        row("bare-read", page=raw(pages.PAGE), read=True),
        row("slots", EXPORTSITE, OURS, NO_STATUS + FILES),
        row("slots-beside", EXPORTSITE + "\n" + LOAD_SUBS, OURS, NO_STATUS + FILES,
            needs=SUBS_MODULE),
        row("redis", EXPORTSITE, OURS + "    exportsite_stream off;\n"
            "    exportsite_redis 127.0.0.1:@redis@ prefix=@name@:;\n",
            NO_STATUS + "exportsite on;\n"
            + slots("redis:@slot@:$exportsite_language")),
        row("full", EXPORTSITE, SITE + "    exportsite_visitor $cookie_vid;\n"
            '    map $exportsite_industry $kind { "" general; '
            "default $exportsite_industry; }\n", NO_STATUS + "exportsite on;\n"
            + slots("file:/slots/$exportsite_language/$kind/@slot@.html"),
            by_industry, event=lambda q: q.event(False)),
        row("sub_filter", http=LANGUAGE + CONTENTS, server=SUB_FILTER),
        row("subs_filter", LOAD_SUBS, LANGUAGE + CONTENTS, SUBS_FILTER,
            needs=SUBS_MODULE),
        row("lua", LOAD_LUA, LUA, LUA_FILTERS, needs=LUA_MODULE)]


def plain():
    """The same page without marks, from a file."""
    def row(name, load="", http="", server="", read=True, **more):
        return Row(name, load, http, ("" if read else SENDFILE) + server + PLAIN,
                   raw(pages.PLAIN), **more)

    return [
        row("bare", read=False),
        row("bare-read"),
        row("off", EXPORTSITE, SITE.replace(REALIP, ""),
            STATUS + FILES.replace(" on;", " off;")),
        row("slots", EXPORTSITE, OURS, NO_STATUS + FILES),
        row("slots-sendfile", EXPORTSITE, OURS, NO_STATUS + FILES, read=False),
        row("slots-beside", EXPORTSITE + "\n" + LOAD_SUBS, OURS, NO_STATUS + FILES,
            needs=SUBS_MODULE),
        row("sub_filter", http=LANGUAGE + CONTENTS, server=SUB_FILTER),
        row("sub_filter-short", http=LANGUAGE + CONTENTS, server=SHORT),
        row("lua", LOAD_LUA, LUA, LUA_FILTERS, needs=LUA_MODULE)]


def proxied():
    """Both pages, from another nginx."""
    rows = []
    for port, page, after in ((UPSTREAM_PORT, pages.PAGE, ""),
                              (UPSTREAM_PORT + 1, pages.PLAIN, "-plain")):
        done = by_language if page == pages.PAGE else raw(page)
        bare = "proxy-bare" + after

        def row(name, load="", http="", server="", page=done):
            rows.append(Row(f"proxy-{name}{after}", load, PROXY + http, server + PASS,
                            page, base=bare, over=bare, port=port,
                            needs=LUA_MODULE if name == "lua" else Path("/")))

        row("bare", page=raw(page))
        row("slots", EXPORTSITE, OURS, NO_STATUS + FILES)
        row("sub_filter", http=LANGUAGE + CONTENTS, server=SUB_FILTER)
        row("lua", LOAD_LUA, LUA, LUA_FILTERS)
    return rows


UPSTREAMS = [Contender("pages", server=SENDFILE + MARKED),
             Contender("plain-pages", server=SENDFILE + PLAIN)]

CASES = [Case("A", "A static page of 32 KB with three slots", marked()),
         Case("B", "The same page without marks", plain()),
         Case("C", "Both, from another nginx", proxied(), True)]
