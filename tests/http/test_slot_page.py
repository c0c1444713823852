"""Slots found in pages as a browser would find them, however they are cut."""

import os
import random
import time

import pytest

import slotsite
from slotsite import SIZES, SLOTS, STATUS

# {{name:own}} is where a slot's content is expected; see slotsite.OWN.
# Everything else must come out byte for byte.
CASES = {
    # -- comments
    "pair-with-own": "a<!-- es:hero -->{{hero: <h1>Pumps</h1> }}"
                     "<!-- /es:hero -->b",
    "pair-empty": "a<!-- es:hero -->{{hero:}}<!-- /es:hero -->b",
    "pair-without-blanks": "<!--es:hero-->{{hero:old}}<!--/es:hero-->",
    "pair-with-more-blanks": "<!--\n\t es:hero \r\n-->{{hero:old}}"
                             "<!--   /es:hero   -->",
    "pair-ended-with-a-bang": "<!-- es:hero --!>{{hero:old}}"
                              "<!-- /es:hero --!>",
    "pair-in-a-fragment": "just text <!-- es:hero -->{{hero:<p>a<p>b}}"
                          "<!-- /es:hero --> and more",
    "pair-over-broken-html": "<!-- es:hero -->{{hero:</div></p><b>}}"
                             "<!-- /es:hero --></b>",
    "pairs-in-a-row": "<!-- es:hero -->{{hero:1}}<!-- /es:hero -->"
                      "<!-- es:teaser -->{{teaser:2}}<!-- /es:teaser -->"
                      "<!-- es:third -->{{third:3}}<!-- /es:third -->",
    "one-slot-twice": "<!-- es:hero -->{{hero:1}}<!-- /es:hero --><hr>"
                      "<!-- es:hero -->{{hero:2}}<!-- /es:hero -->",
    "pair-no-end": "<p>a<!-- es:hero -->own <b data-es-slot=teaser>x</b>",
    "pair-no-beginning": "a<!-- /es:hero -->b",
    "pair-of-two-names": "<!-- es:hero -->{{hero:a<!-- /es:teaser -->b}}"
                         "<!-- /es:hero -->c",
    "pair-two-ends": "<!-- es:hero -->{{hero:a}}<!-- /es:hero -->b"
                     "<!-- /es:hero -->c",
    "pair-in-a-pair": "<!-- es:hero -->{{hero:a<!-- es:teaser -->b"
                      "<!-- /es:teaser -->c}}<!-- /es:hero -->d",
    "element-in-a-pair": "<!-- es:hero -->{{hero:"
                         "<p data-es-slot=\"teaser\">x</p>}}<!-- /es:hero -->",
    "pair-in-an-element": "<div data-es-slot=hero>{{hero:"
                          "a<!-- es:teaser -->b<!-- /es:teaser -->}}</div>",
    "after-a-nested-one": "<!-- es:hero -->{{hero:<i data-es-slot=third>a</i>"
                          "}}<!-- /es:hero --><i data-es-slot=third>"
                          "{{third:b}}</i>",
    "unknown-pair": "<!-- es:nosuch -->a<!-- /es:nosuch -->",
    "slot-in-an-unknown-one": "<!-- es:nosuch --><b data-es-slot=hero>"
                              "{{hero:a}}</b><!-- /es:nosuch -->",
    "a-longer-name": "<!-- es:heroes -->a<!-- /es:heroes -->"
                     "<!-- es:her -->a<!-- /es:her -->",
    "a-mark-with-more": "<!-- es:hero now -->a<!-- /es:hero -->"
                        "<!-- x es:hero -->a<!-- /es:hero -->",
    "a-mark-with-a-blank": "<!-- es: hero -->a<!-- /es:hero -->",
    "a-name-in-capitals": "<!-- es:HERO -->a<!-- /es:HERO -->"
                          "<p data-es-slot=HERO>x</p>",
    "a-very-long-comment": "<!-- es:hero" + " " * 3000 + "x -->a"
                           "<!-- /es:hero -->",
    "whole-comments": "<!--> <!-- es:hero -->{{hero:a}}<!-- /es:hero -->"
                      "<!---> <!-- es:hero -->{{hero:b}}<!-- /es:hero -->",
    "dashes": "<!------ --- -- > ---><!-- es:hero -->{{hero:a}}"
              "<!-- /es:hero --><!-- a -- b ->",
    "a-comment-in-a-comment": "<!-- <!-- es:hero --> a <!-- /es:hero -->",
    "a-mark-in-a-comment": "<!-- see\n<p data-es-slot=hero>x</p>\n-->"
                           "<p data-es-slot=hero>{{hero:y}}</p>",
    "an-unfinished-comment": "<p>a</p><!-- es:hero ",
    "bogus-comments": "<? es:hero ?>a<? /es:hero ?><!es:hero>b<!/es:hero>"
                      "</ es:hero>c</ /es:hero><!- es:hero -->d<!- /es:hero -->",
    "a-bogus-comment-ends-early": "<?xml a=\"><!-- es:hero -->{{hero:x}}"
                                  "<!-- /es:hero -->\"?>",
    "doctype": "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" "
               "\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\">\n"
               "<p data-es-slot=hero>{{hero:x}}</p>",

    # -- attributes
    "double-quoted": "<h1 data-es-slot=\"hero\">{{hero:Pumps}}</h1>",
    "single-quoted": "<h1 data-es-slot='hero'>{{hero:Pumps}}</h1>",
    "unquoted": "<h1 data-es-slot=hero>{{hero:Pumps}}</h1>",
    "unquoted-and-more": "<h1 data-es-slot=hero class=x>{{hero:Pumps}}</h1>",
    "capitals": "<H1 DATA-ES-Slot=\"hero\">{{hero:Pumps}}</h1>",
    "capital-end": "<h1 data-es-slot=\"hero\">{{hero:Pumps}}</H1>",
    "blanks": "<h1\n data-es-slot \t=\r\n \"hero\"\n>{{hero:Pumps}}</h1\n>",
    "among-others": "<h1 id=a hidden data-es-slot=\"hero\" class='b'>"
                    "{{hero:x}}</h1>",
    "without-a-blank": "<h1 id=\"a\"data-es-slot=\"hero\"class='b'>"
                       "{{hero:x}}</h1>",
    "a-slash-between": "<h1 id=\"a\"/data-es-slot=\"hero\">{{hero:x}}</h1>",
    "angle-in-a-value": "<a title=\"x > y\" data-es-slot=\"hero\" rel='>'>"
                        "{{hero:x}}</a>",
    "quote-in-a-value": "<a title='\"' data-es-slot=hero alt=\"'\">"
                        "{{hero:x}}</a>",
    "the-first-of-two": "<p data-es-slot=hero data-es-slot=teaser>"
                        "{{hero:x}}</p>",
    "empty-value": "<p data-es-slot=\"\">x</p><p data-es-slot>y</p>"
                   "<p data-es-slot=>z</p>",
    "a-longer-attribute": "<p data-es-slots=hero>x</p>"
                          "<p xdata-es-slot=hero>x</p>",
    "in-a-value": "<p title=\" data-es-slot='hero' \">x</p>"
                  "<p title=' data-es-slot=\"hero\" '>x</p>",
    "a-pair-in-a-value": "<p title=\"<!-- es:hero -->\">x"
                         "<!-- /es:hero -->",
    "in-an-end-tag": "<p>x</p data-es-slot=hero>y</p>",
    "end-tag-with-attributes": "<h1 data-es-slot=hero>{{hero:x}}"
                               "</h1 class=\"a>b\">y",
    "other-slot": "<p data-es-slot=nosuch>x</p>",
    "unfinished-tag": "<p>x</p><p data-es-slot=\"hero\"",
    "unfinished-value": "<p>x</p><p data-es-slot=\"hero>x</p>",
    "odd-attributes": "<p =x \"y' data-es-slot=hero <>{{hero:x}}</p>",

    # -- elements
    "nested": "<div data-es-slot=hero>{{hero:a<div>b<div>c</div></div>d}}"
              "</div>e</div>",
    "nested-capitals": "<div data-es-slot=hero>{{hero:<DIV>b</DIV>}}</dIv>e",
    "other-elements-in-it": "<div data-es-slot=hero>{{hero:<p>a<b>c</b></p>"
                            "<span>d</span>}}</div>",
    "unclosed-in-it": "<div data-es-slot=hero>{{hero:<p>a<p>b<b>}}</div>c",
    "void-in-it": "<div data-es-slot=hero>{{hero:a<br>b<img src=x>c<hr/>"
                  "<input><wbr>d}}</div>e",
    "longer-name-in-it": "<b data-es-slot=hero>{{hero:<blockquote>x"
                         "</blockquote>}}</b>",
    "void": "<img data-es-slot=hero>a<br data-es-slot=\"hero\">b"
            "<input data-es-slot='hero'/>c<META data-es-slot=\"hero\">d",
    "self-closing-is-not": "<p data-es-slot=\"hero\"/>{{hero:x}}</p>y",
    "slash-in-the-value": "<p data-es-slot=hero/>x</p>",
    "ends-with-the-page": "<p>a</p><div data-es-slot=hero>{{hero:b<p>c}}",
    "ends-with-its-parent": "<ul><li data-es-slot=hero>{{hero:x}}</ul>y",
    "ends-with-the-next": "<ul><li data-es-slot=hero>{{hero:x}}<li "
                          "data-es-slot=third>{{third:y}}</ul>z",
    "inner-lists-do-not": "<ul><li data-es-slot=hero>{{hero:<ul><li>x<li>y"
                          "</ul>}}</li></ul>z",
    "ends-with-a-block": "<p data-es-slot=hero>{{hero:x}}<div>y</div></p>",
    "ends-with-a-row": "<table><tr><td data-es-slot=hero>{{hero:x}}<td>y"
                       "<tr><th data-es-slot=third>{{third:z}}</table>a",
    "stray-ends-in-it": "<b><div data-es-slot=hero>{{hero:a</p></img>b}}"
                        "</div></b>c",
    "ends-with-the-body": "<html><body><div data-es-slot=hero>{{hero:x}}"
                          "</body></html>",
    "empty-element": "<div data-es-slot=hero>{{hero:}}</div>",
    "two-elements": "<h1 data-es-slot=hero>{{hero:a}}</h1>"
                    "<h2 data-es-slot=teaser>{{teaser:b}}</h2>",
    "custom-element": "<x-y data-es-slot=hero>{{hero:a<x-z>b</x-z>}}</x-y>",
    "title-as-a-slot": "<title data-es-slot=hero>{{hero:a <p>}}</title>b",
    "script-in-it": "<div data-es-slot=hero>{{hero:<script>\"</div>\""
                    "</script>x}}</div>y",
    "comment-in-it": "<div data-es-slot=hero>{{hero:<!-- </div> -->x}}</div>y",
    "value-in-it": "<div data-es-slot=hero>{{hero:<p title=\"</div>\">x}}"
                   "</div>y",
    "textarea-in-it": "<div data-es-slot=hero>{{hero:<textarea></div>"
                      "</textarea>}}</div>y",
    "end-mark-in-a-script": "<!-- es:hero -->{{hero:<script>'<!-- /es:hero -->'"
                            "</script>}}<!-- /es:hero -->",

    # -- what is no markup
    "script": "<script>a='<p data-es-slot=\"hero\">x</p>';"
              "<!-- es:hero -->x<!-- /es:hero --></script>"
              "<p data-es-slot=hero>{{hero:x}}</p>",
    "script-ends": "<SCRIPT>'</scriptx> <p data-es-slot=hero>'</Script\n>"
                   "<p data-es-slot=hero>{{hero:x}}</p>",
    "script-with-a-comment": "<script><!--<script></script>"
                             "<p data-es-slot=\"hero\">x</p>--></script>"
                             "<p data-es-slot=hero>{{hero:x}}</p>",
    "script-comment-left-open": "<script><!-- x</script>"
                                "<p data-es-slot=hero>{{hero:x}}</p>",
    "style": "<style>p:before { content: '<!-- es:hero -->' }"
             "<!-- /es:hero --></style>",
    "textarea": "<textarea><!-- es:hero -->x<!-- /es:hero --></textarea>",
    "title": "<title><!-- es:hero -->x<!-- /es:hero --></title>",
    "xmp": "<xmp><p data-es-slot=hero>x</p></xmp>",
    "iframe": "<iframe><p data-es-slot=hero>x</p></iframe>",
    "noembed": "<noembed><p data-es-slot=hero>x</p></noembed>",
    "noframes": "<noframes><p data-es-slot=hero>x</p></noframes>",
    "plaintext": "<p data-es-slot=hero>{{hero:x}}</p><plaintext>"
                 "<p data-es-slot=hero>x</p></plaintext><p data-es-slot=hero>",
    "less-than": "a < b <3 <> << <=x </> <!-- es:hero -->{{hero:x}}"
                 "<!-- /es:hero -->",
    "less-than-at-a-tag": "<<p data-es-slot=hero>{{hero:x}}</p>",
    "blank-before-the-name": "< p data-es-slot=hero>x</p>",
    "an-odd-end-tag": "</3 data-es-slot=hero><p data-es-slot=hero>"
                      "{{hero:x}}</p>",
    "escaped": "&lt;!-- es:hero --&gt;x&lt;!-- /es:hero --&gt;",

    # -- svg and math
    "svg": "<svg><text data-es-slot=hero>{{hero:x}}</text></svg>",
    "svg-self-closing": "<svg><g data-es-slot=\"hero\"/><text>x</text></svg>"
                        "<p data-es-slot=hero>{{hero:y}}</p>",
    "svg-cdata": "<svg><![CDATA[ > <!-- es:hero -->x<!-- /es:hero --> ]]>"
                 "</svg><p data-es-slot=hero>{{hero:x}}</p>",
    "svg-cdata-ends": "<svg><![CDATA[x]]]]><p>]]></p></svg>",
    "math-cdata": "<math><![CDATA[ ><p data-es-slot=hero>x</p>]]></math>",
    "html-cdata": "<![CDATA[ > <!-- es:hero -->{{hero:x}}"
                  "<!-- /es:hero --> ]]>",
    "after-svg-no-cdata": "<svg></svg><![CDATA[ > <b data-es-slot=hero>"
                          "{{hero:x}}</b>]]>",
    "svg-html-in-it": "<svg><foreignObject><p data-es-slot=hero>{{hero:x}}</p>"
                      "</foreignObject></svg>",

    # -- bytes
    "crlf": "<p>\r\n<!-- es:hero -->{{hero:\r\nx\r\n}}<!-- /es:hero -->\r\n",
    "utf-8": "<p>ö</p><!-- es:hero -->{{hero:ü€}}<!-- /es:hero -->ß",
    "latin-1": b"<p>\xf6</p><!-- es:hero -->{{hero:\xfc}}<!-- /es:hero -->\xdf",
    "bom": b"\xef\xbb\xbf<p data-es-slot=hero>{{hero:x}}</p>",
    "nul": b"\0<p\0>a\0</p><!-- es:hero -->{{hero:\0}}<!-- /es:hero -->\0",
    "a-tag-at-the-end": "<p data-es-slot=hero>{{hero:x}}</p><",
    "half-an-end-tag": "<p data-es-slot=hero>{{hero:x}}</p></bod",
    "empty": "",

    # -- how long a slot may be
    "longest-pair": "<!-- es:hero -->{{hero:" + "x" * 32768 + "}}"
                    "<!-- /es:hero --><b data-es-slot=third>{{third:a}}</b>",
    "too-long-a-pair": "<b data-es-slot=third>{{third:a}}</b><!-- es:hero -->"
                       + "x" * 32769 + "<!-- /es:hero -->",
    "longest-element": "<p data-es-slot=hero>{{hero:" + "x" * 32768
                       + "}}</p><b data-es-slot=third>{{third:a}}</b>",
    "too-long-an-element": "<b data-es-slot=third>{{third:a}}</b>"
                           "<p data-es-slot=hero>" + "x" * 32769 + "</p>",
}


@pytest.fixture(scope="module")
def site(module_nginx):
    site = module_nginx("", slotsite.cuts(SLOTS) + STATUS)
    site.write("html/c/teaser", slotsite.CONTENT[b"teaser"])
    for name, page in CASES.items():
        slotsite.put(site, f"{name}.html", page)
    slotsite.settle()                  # so that plans are tested, too
    return site


@pytest.fixture(scope="module")
def session(site):
    with site.session() as session:
        yield session


@pytest.mark.parametrize("name", CASES)
def test_page(session, name):
    """The same page, filled where it should be, whatever the cut: when it is
    read, and when it is known."""
    want = slotsite.filled(CASES[name])
    for size in SIZES:
        for known in (False, True):
            reply = session.get(f"/n{size}/{name}.html")
            assert reply.status == 200
            assert reply.body == want, (size, known)


def test_all_in_one_page(session, site):
    """What closes all it opens can stand in one page, one after the other."""
    page = "\n".join(
        CASES[name] for name in CASES if name.startswith((
            "pair-with", "pairs", "one-", "double", "single", "unquoted",
            "capital", "nested", "void", "script", "style", "svg", "whole",
            "angle", "quote", "longer")) and name != "script-comment-left-open"
        and isinstance(CASES[name], str))
    want = slotsite.put(site, "all.html", page)
    assert want.count(b"NEW") > 25
    for size in SIZES * 2:
        assert session.get(f"/n{size}/all.html").body == want, size


def test_every_cut_of_one_page(session, site):
    """A page is shifted byte by byte through buffers of 64."""
    page = ("<!DOCTYPE html><title>a</title><p data-es-slot=\"hero\">"
            "{{hero:x}}</p><script>'</p>'</script><!-- es:teaser -->{{teaser:"
            "y}}<!-- /es:teaser --><b data-es-slot='third'>{{third:z}}</b>")
    for shift in range(64):
        want = slotsite.put(site, "shift.html", "." * shift + page)
        assert session.get("/n64/shift.html").body == want, shift


TOKENS = [
    "<!-- es:hero -->", "<!-- /es:hero -->", "<!-- es:third -->",
    "<!-- /es:third -->", "<!-- es:late -->", "<!-- /es:late -->",
    "<!-- es:nosuch -->", "<p data-es-slot=hero>", "<b data-es-slot='third'>",
    "<div data-es-slot=\"late\">", "<div data-es-slot=gone>", "<p>", "</p>",
    "<b>", "</b>", "<div>", "</div>", "<li data-es-slot=hero>", "</ul>",
    "</head>", "</HEAD >", "</body>", "</html>", "<script>", "</script>",
    "<!--", "-->", "<", "</", "</hea", "</bod", ">", "text", " ", "x" * 200,
    "<br>", "<svg>", "</svg>", "<![CDATA[", "]]>", "<textarea>",
    "</textarea>", "<a title='>", "'", "\"", "<!doctype html>"]
RANDOM = ("exportsite_script /x.js; exportsite_slot hero text:NEW;"
          "exportsite_slot third file:/c/teaser; exportsite_slot late uri:/c/l;"
          "exportsite_slot gone uri:/c/none;")


def test_random_pages(nginx):
    """Any jumble of tags and marks: the same page for every cut, read or
    known, by a file or an upstream."""
    sizes = (0, 1, 2, 3, 5, 7, 13, 64)
    site = nginx(
        "upstream own { server 127.0.0.1:@port@; }",
        slotsite.cuts(RANDOM, sizes)
        + "".join(f"location /up{n}/ {{ exportsite on; {RANDOM}"
                  f" proxy_pass http://own/raw{n}/; proxy_buffering off; }}"
                  f"location /raw{n}/ {{ alias @html@/; sendfile off;"
                  f" output_buffers 1 {n}; postpone_output 0; }}"
                  for n in (1, 7))
        + "location /c/ { alias @html@/c/; }" + STATUS)
    site.write("html/c/teaser", slotsite.CONTENT[b"teaser"])
    site.write("html/c/l", "late")
    source = random.Random(3)
    with site.session() as session:
        for n in range(100):
            page = "".join(source.choices(TOKENS, k=source.randint(1, 40)))
            site.write(f"html/r{n}.html", page)
            want = session.get(f"/n0/r{n}.html").body
            for prefix in [f"n{size}" for size in sizes * 2] + ["up1", "up7"]:
                got = session.get(f"/{prefix}/r{n}.html")
                assert got.body == want, (prefix, page)
    counted = slotsite.counts(site)
    assert counted["filled"] > 1000 and counted["scripts"] > 500
    assert counted["left.unclosed"] > 100


def test_what_counts(session, site):
    """The status page tells how many pages and bytes, what was filled."""
    cases = ("pairs-in-a-row", "one-slot-twice", "unknown-pair", "svg")
    for name in cases:
        site.write(f"html/count-{name}.html", slotsite.served(CASES[name]))
    want = {"pages": 4, "seen": 6, "filled": 6,
            "bytes": sum(len(slotsite.served(CASES[name])) for name in cases)}
    slotsite.settle()
    for _ in range(2):
        before = slotsite.counts(site)
        for name in cases:
            assert session.get(f"/n7/count-{name}.html").status == 200
        assert slotsite.moved(before, slotsite.counts(site)) == want
        want.pop("bytes", None)        # a file that is known is not read


def test_a_file_that_changes(session, site):
    """What is remembered of a file is forgotten as soon as it changes."""
    pages = ["<p data-es-slot=hero>{{hero:own}}</p>......",
             ".....<p data-es-slot=hero>{{hero:own}}</p>.",
             "..............................................",
             "<!-- es:third -->{{third:o}}<!-- /es:third -->",
             "<p data-es-slot=hero>{{hero:longer}}</p>"]
    path = site.path("html/changes.html")

    def look(page):
        for size in (64, 0) * 2:
            assert session.get(f"/n{size}/changes.html"
                               ).body == slotsite.filled(page), (size, page)

    for n in range(40):
        page = pages[n % len(pages)]
        site.write("html/changes.html", slotsite.served(page))
        look(page)
        time.sleep(0.005)              # a tick of the file system's clock
    for page in pages:                 # by renaming
        site.write("html/changes.new", slotsite.served(page))
        os.rename(site.path("html/changes.new"), path)
        look(page)


def test_a_file_that_changes_under_its_old_date(session, site):
    """As `rsync --inplace --times` does: the same inode, size and mtime."""
    for page in ("<p data-es-slot=hero>{{hero:own}}</p>......",
                 "......<p data-es-slot=hero>{{hero:own}}</p>",
                 "<p data-es-slot=teaser>{{teaser:o}}</p>......"):
        want = slotsite.put(site, "dated.html", page)
        os.utime(site.path("html/dated.html"), (1e9, 1e9))
        time.sleep(0.005)
        for size in (64, 0) * 2:
            assert session.get(f"/n{size}/dated.html").body == want, page


def test_a_file_that_shrinks_and_grows(session, site):
    """The plan of a page is not taken for another's beginning."""
    page = "<p data-es-slot=hero>{{hero:own}}</p>"
    for n in (1, 3, 2, 200, 1):
        want = slotsite.put(site, "grows.html", page * n)
        if n > 128:
            want = slotsite.filled(page * 128) + slotsite.served(
                page * (n - 128))
        for size in (7, 0) * 2:
            assert session.get(f"/n{size}/grows.html").body == want, n
        time.sleep(0.005)


@pytest.mark.parametrize("name, why", [
    ("pair-no-end", "unclosed"), ("too-long-a-pair", "long"),
    ("too-long-an-element", "long")])
def test_what_is_left_counts(session, site, name, why):
    """A slot that is left is counted with the reason, whatever the cut."""
    for size in SIZES * 2:
        before = slotsite.counts(site)
        session.get(f"/n{size}/{name}.html")
        got = slotsite.moved(before, slotsite.counts(site))
        assert got[f"left.{why}"] == 1, got
        assert sum(n for key, n in got.items() if key.startswith("left.")) == 1
