/*
 * Pages with what is to be found in them. A case is a page in which these stand
 * where an event is to be, and are taken out before it is read:
 *
 *     {a    slot a opens here (or b, or h for hero)
 *     }     and closes
 *     ^     HEAD_END or BODY_END
 *     ~     at the end of the case: RAW, with L, D, or U for why
 *
 * Each page is read as a whole, byte by byte, and cut at many other places.
 */
#include "../../ngx_exportsite_module/core/html.h"
#include "check.h"


#define PAGE_MAX  (1024 * 1024)

/* What holds for every call, and is counted once a page */
static bool  kept;

static void
must(bool condition)
{
    kept = kept && condition;
}


static const char  *names[] = { "a", "b", "hero", "x-1_y" };

static int
find(void *data, es_str_t name)
{
    int  i;

    must(data == names && name.len > 0 && name.len <= ES_HTML_NAME_MAX);

    for (i = 0; i < 4; i++) {
        if (name.len == strlen(names[i])
            && memcmp(name.data, names[i], name.len) == 0)
        {
            return i;
        }
    }

    return -1;
}


typedef struct {
    char      type;            /* as in a case */
    char      slot;
    uint64_t  where;
} event_t;

typedef struct {
    size_t    n;
    event_t   events[256];
} events_t;


static void
add(events_t *found, char type, char slot, uint64_t where)
{
    if (found->n < 256) {
        found->events[found->n++] = (event_t) { type, slot, where };
    }
}


/* Notes an event; false after RAW. */
static bool
note(events_t *found, const es_html_t *h, es_html_event_e event)
{
    switch (event) {

    case ES_HTML_OPEN:
        must(h->where == h->at && es_html_in_slot(h));
        must(h->slot >= 0 && h->slot < 4);
        add(found, '{', names[h->slot][0], h->where);
        return true;

    case ES_HTML_CLOSE:
        must(h->where <= h->at && !es_html_in_slot(h));
        add(found, '}', 0, h->where);
        return true;

    case ES_HTML_HEAD_END:
    case ES_HTML_BODY_END:
        add(found, '^', event == ES_HTML_HEAD_END ? 'h' : 'b', h->where);
        return true;

    case ES_HTML_RAW:
        add(found, '~', "FLDU"[h->why], 0);
        return false;

    default:
        must(false);
        return false;
    }
}


/* A piece of the page, in memory of its own: false after RAW. */
static bool
piece(events_t *found, es_html_t *h, const char *text, size_t len)
{
    char             *copy;
    bool              on;
    size_t            pending;
    uint64_t          from;
    es_str_t          s;
    es_html_event_e   event;

    copy = malloc(len + 1);
    memcpy(copy, text, len);
    s = (es_str_t) { len, copy };
    on = true;

    do {
        from = h->at;
        pending = es_html_pending(h);
        must(pending <= 6);
        event = es_html_scan(h, s);
        must(h->at - from <= s.len);
        must(event != ES_HTML_MORE || h->at - from == s.len);
        s.data += h->at - from;
        s.len -= (size_t) (h->at - from);

        if (event == ES_HTML_HEAD_END || event == ES_HTML_BODY_END) {
            must(h->where + pending >= from);
        }

        on = event == ES_HTML_MORE || note(found, h, event);
    } while (on && event != ES_HTML_MORE);

    free(copy);

    return on;
}


/* Reads a page in pieces of up to max bytes; of that length if not random. */
static void
scan(events_t *found, const char *page, size_t len, size_t max, bool random)
{
    size_t            i, n;
    es_html_t         h;
    es_html_event_e   event;

    kept = true;
    found->n = 0;
    memset(&h, 0x5a, sizeof(h));
    es_html_init(&h, find, names);

    for (i = 0; i < len; i += n) {
        n = random ? (size_t) rand() % max + 1 : max;
        n = n > len - i ? len - i : n;

        if (!piece(found, &h, page + i, n)) {
            check(kept);
            return;
        }
    }

    must(h.at == len);
    event = es_html_end(&h);

    if (event != ES_HTML_MORE) {
        must(event == ES_HTML_CLOSE || event == ES_HTML_RAW);
        note(found, &h, event);
    }

    check(kept);
}


static bool
same(const events_t *a, const events_t *b)
{
    size_t  i;

    if (a->n != b->n) {
        return false;
    }

    for (i = 0; i < a->n; i++) {
        if (a->events[i].type != b->events[i].type
            || a->events[i].slot != b->events[i].slot
            || a->events[i].where != b->events[i].where)
        {
            return false;
        }
    }

    return true;
}


/* All the ways to cut it */
static void
scan_all(events_t *found, const char *page, size_t len)
{
    size_t    i;
    events_t  cut;

    scan(found, page, len, len ? len : 1, false);

    for (i = 1; i < 20; i++) {
        scan(&cut, page, len, i, false);
        check(same(found, &cut));
    }

    for (i = 2; i < 50; i++) {
        scan(&cut, page, len, i, true);
        check(same(found, &cut));
    }
}


/* The page with what was found. */
static void
render(const events_t *found, const char *page, size_t len, char *out)
{
    size_t          i, k;
    const event_t  *e;

    k = 0;

    for (i = 0; i <= len; i++) {
        for ( ; k < found->n; k++) {
            e = &found->events[k];

            if (e->type == '~' ? i < len : e->where > i) {
                break;
            }

            *out++ = e->type;

            if (e->type == '{' || e->type == '~') {
                *out++ = e->slot;
            }
        }

        if (i < len) {
            *out++ = page[i];
        }
    }

    *out = '\0';
}


static void
test_case(int line, const char *want, size_t want_len)
{
    size_t    i, len;
    events_t  found;

    static char  page[65536], got[131072];

    len = 0;

    for (i = 0; i < want_len && want[i] != '~'; i++) {
        if (want[i] == '{') {
            i++;

        } else if (want[i] != '}' && want[i] != '^') {
            page[len++] = want[i];
        }
    }

    scan_all(&found, page, len);
    render(&found, page, len, got);

    if (memcmp(got, want, want_len) != 0 || got[want_len] != '\0') {
        check_failed++;
        fprintf(stderr, "%s:%d: got \"%s\", want \"%s\"\n", __FILE__, line, got,
                want);
        return;
    }

    check_passed++;
}

#define is(text)  test_case(__LINE__, text, sizeof(text) - 1)

#define A    "<!--es:a-->"
#define A_   "<!--/es:a-->"


static void
test_comments(void)
{
    is("");
    is("no page at all");
    is("<!-- es:a -->{aold}<!-- /es:a --> <!--es:b-->{bx}<!--/es:b-->");
    is("<!--es:hero-->{h}<!--/es:hero-->");
    is("<!--\t\r\n\f es:a \n-->{ax}<!--\n/es:a\t-->");
    is("<!-- es:x-1_y -->{xx}<!-- /es:x-1_y -->");

    /* all the ways to end a comment */
    is("<!--es:a--!>{ax}<!--/es:a--!>");
    is("<!-->" A "{ax}" A_);
    is("<!--->" A "{ax}" A_);
    is("<!---->" A "{ax}" A_);
    is("<!----->" A "{ax}" A_);
    is("<!--x--->" A "{ax}" A_);
    is("<!----!>" A "{ax}" A_);
    is("<!---!>" A "-->");
    is("<!--!>" A "-->");
    is("<!--- >" A "-->");
    is("<!--x-!>" A "-->");
    is("<!--x-- >" A "-->");
    is("<!--x--!-->" A "{ax}" A_);
    is("<!--x--!->" A);
    is("<!--x--!!>" A "-->");
    is("<!--x--!--!>" A "{ax}" A_);
    is("<!--x---!>" A "{ax}" A_);
    is("<!--<!-->" A "{ax}" A_);
    is("<!--<!--->" A "{ax}" A_);
    is("<!--<!--x-->" A "{ax}" A_);
    is("<!--a>b->c-->" A "{ax}" A_);

    /* comments that are no marks */
    is("<!--es:a --->x<!--/es:a-->");
    is("<!--->es:a-->x");
    is("<!---es:a-->x");
    is("<!-- es: a -->x<!-- /es:a -->");
    is("<!-- es:a b -->x<!-- /es:a -->");
    is("<!-- es :a -->x");
    is("<!-- ES:a -->x<!-- es:A -->x<!-- Es:a -->");
    is("<!-- / es:a -->x<!-- /es:a -->");
    is("<!-- es:-->x<!-- es:/a -->x<!-- //es:a -->");
    is("<!-- es:unknown -->x<!-- /es:unknown -->");
    is("<!-- es:1a -->x<!-- es:a. -->x<!-- es:\303\244 -->");
    is("<!-- es:a/ -->x");
    is("<!-- es:a\v -->x<!--\302\240es:a-->");
    is("<!-- es:a\0 -->x<!-- \0es:a -->x");
    is("<! -- es:a -->x<!- -es:a-->x<!es:a>x<!/es:a>");
    is("<!-es:a-->x<!->" A "{ax}" A_);
    is("<? es:a ?><?-- es:a -->");
    is("<!DOCTYPE html " A "x" A_);
    is("<!DOCTYPE html>" A "{ax}" A_);
    is("<!doctype html PUBLIC \"a>b" A "{ax}" A_);

    /* two in one piece of text, empty, and one after the other */
    is(A "{a}" A_ A "{a}" A_);
    is(A "{a<b>" A "</b>}" A_ A_);
    is(A_ "x" A "{ax}" A_);

    /* they do not nest */
    is(A "{a<!--es:b-->x<!--/es:b-->}" A_ "<!--/es:b-->");
    is(A "{a<p data-es-slot=b>x</p>}" A_);
    is(A "{a<!--/es:b--><!-- /es:unknown -->x}" A_);
    is(A "{a<!-- es:b" A_ "x<!-- /es:b -->}" A_);
    is(A "{a</div></p></head></body></html>}" A_ "^</body>");
    is(A "{a" "~U");
    is(A "{a<p>x<!--/es:b-->" "~U");
    is(A "{a<p title='" A_ "~U");
    is(A "{a<script>" A_ "</script>x}" A_);
    is("<!-- es:a" "-->{a" "~U");
    is("<!-- es:a --");
}


static void
test_mark_length(void)
{
    int   n;
    char  s[512];

    /* data of n bytes: a mark up to 128 */
    for (n = 120; n < 140; n++) {
        snprintf(s, sizeof(s), "<!--%*ses:a-->%sx%s<!--/es:a-->", n - 4, "",
                 n <= ES_HTML_MARK_MAX ? "{a" : "",
                 n <= ES_HTML_MARK_MAX ? "}" : "");
        test_case(__LINE__, s, strlen(s));

        snprintf(s, sizeof(s), "<!--es:a%*s--!>%sx%s<!--/es:a-->", n - 4, "",
                 n <= ES_HTML_MARK_MAX ? "{a" : "",
                 n <= ES_HTML_MARK_MAX ? "}" : "");
        test_case(__LINE__, s, strlen(s));
    }
}


static void
test_text(void)
{
    is("a < b <3 <" A "{ax}" A_);
    is("<<!--es:a-->{ax<}" A_);
    is("< !--es:a-->");
    is("</>" A "{ax}" A_);
    is("</ " A A "{ax}" A_);
    is("</3 <p title='" A A "{ax}" A_);
    is("</!--es:a-->x");
    is("</<!--es:a-->x");
    is("<\0" A "{ax}" A_);
    is("\0\0\0\377\376" A "{a\0}" A_);
    is("<=" A "{ax}" A_);
    is("<\303\244 title='" A "{ax}" A_ "'>");
}


static void
test_raw_text(void)
{
    is("<script>" A "</script>" A "{ax}" A_);
    is("<SCRIPT>" A "</Script >" A "{ax}" A_);
    is("<script>" A "</scriptx>" A "</script/>" A "{ax}" A_);
    is("<script>" A "</ script>" A "</script\n>" A "{ax}" A_);
    is("<script>" A "<</script>" A "{ax}" A_);
    is("<script>" A "</</script>" A "{ax}" A_);
    is("<script>" A "</scrip</script>" A "{ax}" A_);
    is("<script>a<b; a</b/; '<p>' < /x/" A "</script>" A "{ax}" A_);
    is("<script>" A "</style>" A "</script>" A "{ax}" A_);
    is("<script>" A "</script title='>" A "'>" A "{ax}" A_);
    is("<script/>" A "</script>" A "{ax}" A_);
    is("<script src='a>b'>" A "</script>" A "{ax}" A_);

    is("<style>" A "</style>" A "{ax}" A_);
    is("<style>" A "<!--</style>" A "{ax}" A_);
    is("<textarea>" A "</textarea>" A "{ax}" A_);
    is("<title>" A "</title>" A "{ax}" A_);
    is("<title><!--</title>-->" A "{ax}" A_);
    is("<xmp>" A "</xmp>" A "{ax}" A_);
    is("<iframe>" A "</iframe>" A "{ax}" A_);
    is("<noembed>" A "</noembed>" A "{ax}" A_);
    is("<noframes>" A "</noframes>" A "{ax}" A_);
    is("<noframes>" A "</noframesx>" A "</noframes" A);
    is("<noscript>" A "{ax}" A_ "</noscript>");
    is("<plaintext>" A "</plaintext>" A);
    is("<plaintextx>" A "{ax}" A_);
    is("<scrip>" A "{ax}" A_ "<scriptx>" A "{ax}" A_);
    is("<script\0>" A "{ax}" A_);
    is("<style>" A);
    is("</script>" A "{ax}" A_ "</style></title></textarea>");

    /* what a script does after <!-- */
    is("<script><!-- <script> </script>" A " --></script>" A "{ax}" A_);
    is("<script><!-- <script> </script>" A "</script>" A "{ax}" A_);
    is("<script><!-- <SCRIPT/ </ScRiPt/" A "</script>" A "{ax}" A_);
    is("<script><!-- </script>" A "{ax}" A_);
    is("<script><!-- <scriptx> </script>" A "{ax}" A_);
    is("<script><!-- <script> --></script>" A "{ax}" A_);
    is("<script><!--> <script> </script>" A "{ax}" A_);
    is("<script><!---> <script> </script>" A "{ax}" A_);
    is("<script><!-- -- > <script> </script>" A "</script>" A "{ax}" A_);
    is("<script><!-- ----> <script> </script>" A "{ax}" A_);
    is("<script><!-- -<-> <script> </script> </script>" A "{ax}" A_);
    is("<script><!-- --<> <script> </script> </script>" A "{ax}" A_);
    is("<script><!- <script> </script>" A "{ax}" A_);
    is("<script><! -- <script> </script>" A "{ax}" A_);
    is("<script><!-- < script> </script>" A "{ax}" A_);
    is("<script><!--<script> <script> </script> </script>" A "{ax}" A_);
    is("<script><!--<script>--></script>" A "{ax}" A_);
    is("<script><!--<script></script ></scrip></script>" A "{ax}" A_);
    is("<script><!--<script></scripty></script></script>" A "{ax}" A_);
    is("<script><!--<script>x</ script></script></script>" A "{ax}" A_);
    is("<script><!--<script>x</script>-->x</script>" A "{ax}" A_);
    is("<style><!-- <style> </style>" A "{ax}" A_);
    is("<script></script><script><!--x--></script>" A "{ax}" A_);
    is("<script><!--x</script><style>y</style>" A "{ax}" A_);
}


static void
test_attributes(void)
{
    is("<p title=\"" A "\">" A "{ax}" A_);
    is("<p title='" A "'>" A "{ax}" A_);
    is("<p title = \"" A "\">" A "{ax}" A_);
    is("<p\n\ttitle\n=\n'" A "'>" A "{ax}" A_);
    is("<p title=it's>" A "{ax}" A_ "'");
    is("<a b=c=\"d>" A "{ax}" A_);
    is("<a b=c\"d>" A "{ax}" A_ "\">");
    is("<a b=c=\"d>e\">" A "{ax}" A_);
    is("<a \"foo>" A "{ax}" A_ "\">");
    is("<a 'foo'='>" A "'>" A "{ax}" A_);
    is("<a =\"foo>" A "{ax}" A_ "\">");
    is("<a ==\"foo>" A "\">" A "{ax}" A_);
    is("<a/=\"foo>" A "{ax}" A_ "\">");
    is("<a=\"foo>" A "{ax}" A_ "\">");
    is("<a\"foo>" A "{ax}" A_);
    is("<a b=>" A "{ax}" A_);
    is("<a b= >" A "{ax}" A_);
    is("<a b = >" A "{ax}" A_);
    is("<a b \"c>" A "{ax}" A_);
    is("<a b \"c>" A "{ax}" A_ "\">");
    is("<a b/\"c>" A "{ax}" A_ "\">");
    is("<a b='c'\"d>" A "{ax}" A_ "\">");
    is("<a b /\"c>" A "{ax}" A_);
    is("<a b/=\"c>" A "{ax}" A_ "\">");
    is("<a b/c=\"" A "\">" A "{ax}" A_);
    is("<a b=/\"c>" A "{ax}" A_);
    is("<a b=\"c\"d=\"" A "\">" A "{ax}" A_);
    is("<a b=\"c\"=\">" A "{ax}" A_ "\">");
    is("<a b='\"'c='" A "'>" A "{ax}" A_);
    is("<a b=\"'\" c='" A "'>" A "{ax}" A_);
    is("<a b=`>" A "{ax}" A_);
    is("<a b<c=\"" A "\">" A "{ax}" A_);
    is("<a <!--es:a-->x");
    is("<a b\0=\"" A "\">" A "{ax}" A_);
    is("<a \1b=\"" A "\">" A "{ax}" A_);
    is("<a b\1=\"" A "\">" A "{ax}" A_);
    is("<a b\v=\"" A "\">" A "{ax}" A_);
    is("<a b=\0\"c>" A "{ax}" A_);
    is("<p a-very-long-attribute-name=\"" A "\">" A "{ax}" A_);
    is("<p another=\"1\" and more checked x='y' z=1>" A "{ax}" A_);
    is("<p 12345678=\"" A "\" 123456789=\"" A "\">" A "{ax}" A_);
    is("<p 1234567=\"" A "\" 123456789012345=\"" A "\">" A "{ax}" A_);
    is("<p 1234567890123456=\"" A "\">" A "{ax}" A_);
    is("</p title=\"" A "\">" A "{ax}" A_);
    is("</p data-es-slot=a>x</p>");
    is("<p title=\"" A "</p>");
    is("<p " A);
}


static void
test_slot_attribute(void)
{
    is("<p data-es-slot=\"a\">{ax}</p>");
    is("<p data-es-slot='a'>{ax}</p>");
    is("<p data-es-slot=a>{ax}</p>");
    is("<p data-es-slot = a >{ax}</p>");
    is("<P DATA-ES-SLOT=a>{ax}</P>");
    is("<p Data-eS-sloT=\"a\">{ax}</p>");
    is("<p class=\"c\" data-es-slot=\"hero\" id='i'>{hx}</p>");
    is("<p\ndata-es-slot\n=\n\"x-1_y\"\n>{xx}</p>");
    is("<p title data-es-slot=a hidden>{ax}</p>");
    is("<p title=1 data-es-slot=a>{ax}</p>");
    is("<p/data-es-slot=\"a\">{ax}</p>");
    is("<p title=''data-es-slot=\"a\"id=1>{ax}</p>");
    is("<p data-es-slot=\"a\"/>{ax}</p>");

    is("<p data-es-slot=\"\">x</p>");
    is("<p data-es-slot>x</p>");
    is("<p data-es-slot=>x</p>");
    is("<p data-es-slot a>x</p>");
    is("<p data-es-slot=A>x</p>");
    is("<p data-es-slot=' a'>x</p>");
    is("<p data-es-slot='a '>x</p>");
    is("<p data-es-slot=a/>x</p>");
    is("<p data-es-slot='a\0'>x</p>");
    is("<p data-es-slot=&#97;>x</p>");
    is("<p data-es-slot=unknown>x</p>");
    is("<p data-es-slot=aa>x</p>");
    is("<p data-es-slots=a>x</p>");
    is("<p data-es-slot-=a>x</p>");
    is("<p data-es-slo=a>x</p>");
    is("<p data-es-=a>x</p>");
    is("<p data-es=a>x</p>");
    is("<p xdata-es-slot=a>x</p>");
    is("<p =data-es-slot=a>x</p>");
    is("<p title=data-es-slot=a>x</p>");
    is("<p title='data-es-slot=\"a\"'>x</p>");
    is("<p data-es-slot\0=a>x</p>");
    is("<p data-es-slot=b data-es-slot=a>{bx}</p>");
    is("<p data-es-slot=unknown data-es-slot=a>x</p>");
    is("<p data-es-slot data-es-slot=a>x</p>");
    is("<pdata-es-slot=a>x</p>");

    /* where nothing is looked at */
    is("<script><p data-es-slot=a>x</p></script>");
    is("<!-- <p data-es-slot=a>x</p> -->");
    is("<textarea><p data-es-slot=a>x</p></textarea>");

    /* no content, no slot */
    is("<img data-es-slot=a><p data-es-slot=b>{bx}</p>");
    is("<br data-es-slot=a><input data-es-slot=a><meta data-es-slot=a>x");
    is("<hr data-es-slot=a/><link data-es-slot=a><wbr data-es-slot=a>x");
    is("<area data-es-slot=a><base data-es-slot=a><col data-es-slot=a>x");
    is("<embed data-es-slot=a><source data-es-slot=a><track data-es-slot=a>");
    is("<svg data-es-slot=\"a\"/><p data-es-slot=b>{bx}</p>");
    is("<svg><g data-es-slot=\"a\"/><g data-es-slot=b>{b<g></g>}</g></svg>");
    is("<p data-es-slot=a");
    is("<p data-es-slot='a'");
    is("<p data-es-slot='a' title='>x</p>");
}


static void
test_slot_name_length(void)
{
    char  s[256], name[70];
    int   n;

    for (n = 60; n < 70; n++) {
        memset(name, 'a', (size_t) n);
        name[n] = '\0';
        snprintf(s, sizeof(s), "<p data-es-slot=\"%s\">x</p><!--es:%s-->", name,
                 name);
        test_case(__LINE__, s, strlen(s));
    }
}


static void
test_element_end(void)
{
    /* elements of the same name inside, and others */
    is("<div data-es-slot=a>{a<div><div></div></div>x}</div>");
    is("<DIV data-es-slot=a>{a<div>x</DIV>}</div >");
    is("<div data-es-slot=a>{a<p><b><i>x</i></b></p><img><br>}</div>x");
    is("<x-y data-es-slot=a>{a<x-y></x-y><x-yz></x-yz>}</x-y>");
    is("<a-long-custom-name-indeed data-es-slot=a>{a"
       "<a-long-custom-name-indee></a-long-custom-name-indee>"
       "}</a-long-custom-name-indeed>");
    is("<div data-es-slot=a>{a<!-- </div> -->x}</div>");
    is("<div data-es-slot=a>{a<p title='</div>'>x</p>}</div>");
    is("<div data-es-slot=a>{a<script>'</div>'</script>x}</div>");
    is("<div data-es-slot=a>{a<textarea></div></textarea>x}</div>");
    is("<div data-es-slot=a>{a<div/></div>x}</div>");
    is("<div data-es-slot=a>{a}</div class=\">\">x");
    is("<div data-es-slot=a>{a}</div/>x");

    /* the slot's own element is of any kind */
    is("<title data-es-slot=a>{aold <b>}</title>");
    is("<textarea data-es-slot=a>{aold </p>}</textarea>x");
    is("<style data-es-slot=a>{ap > a:b}</style>");
    is("<script data-es-slot=a>{a'</p>'<!-- <script></script> -->}</script>x");
    is("<plaintext data-es-slot=a>{a</plaintext></body>}");
    is("<body data-es-slot=a>{a<p>x</p>}^</body>");
    is("<head data-es-slot=a>{a<title>x</title>}^</head>");
    is("<html data-es-slot=a>{a<head></head><body></body>}</html>");
    is("<table data-es-slot=a>{a<tr><td><table></table>}</table></table>");

    /* the page ends first */
    is("<div data-es-slot=a>{a<p>x}");
    is("<p data-es-slot=a>{a}");
    is("<p data-es-slot=a>{ax<!-- y}");
    is("<p data-es-slot=a>{ax<b title='}");
    is("<p data-es-slot=a>{ax</p}");

    /* a parent ends */
    is("<div><p data-es-slot=a>{ax}</div>");
    is("<div><div data-es-slot=a>{a<div></div>}</div></section>");
    is("<section><div data-es-slot=a>{ax<div>}</section>");
    is("<ul><li data-es-slot=a>{ax}</ul>");
    is("<table><tr><td data-es-slot=a>{ax}</table>");
    is("<table><tr><td><div data-es-slot=a>{ax}</td></table>");
    is("<table><tr><td><div data-es-slot=a>{ax<p>}</tr></table>");
    is("<body><p data-es-slot=a>{ax}^</body>");
    is("<body><div data-es-slot=a>{ax<div>}</html>");
    is("<head><title></title><noscript data-es-slot=a>{ax}^</head>");
    is("<noscript><div data-es-slot=a>{ax}</noscript>");
    is("<template><div data-es-slot=a>{ax}</template>");
    is("<div><span data-es-slot=a>{ax}</div>");
    is("<b><span data-es-slot=a>{ax}</b>");
    is("<label><span data-es-slot=a>{ax<i>}</label>");
    is("<p><span data-es-slot=a>{ax}</p>");
    is("<h1><span data-es-slot=a>{ax}</h1>");
    is("<h1 data-es-slot=a>{ax}</h2>");
    is("<li><div data-es-slot=a>{ax}</li>");
    is("<form><p data-es-slot=a>{ax}</form>");

}


static void
test_element_goes_on(void)
{
    /* end tags that are about nothing a browser has open here */
    is("<div data-es-slot=a>{a</p></b></span></x-y>x}</div>");
    is("<div data-es-slot=a>{a</br></img></script></title>x}</div>");
    is("<div data-es-slot=a>{a<p></b></span></x-y></p>x}</div>");
    is("<span data-es-slot=a>{a</br>x</img>}</span>");
    is("<span data-es-slot=a>{a<svg/></svg></math>x}</span>");
    is("<span data-es-slot=a>{a<div></b></span></p></div>x}</span>");
    is("<div data-es-slot=a>{a<table><tr><td></section></p></table>}</div>");
    is("<div data-es-slot=a>{a<object></section></object>}</div>");
    is("<div data-es-slot=a>{a<ul></li><li></ul>}</div>");
    is("<td data-es-slot=a>{a</div></b>x}</td>");
    is("<div data-es-slot=a>{a<template></section></td></template>}</div>");
    is("<div data-es-slot=a>{a<table></td></tr></table>}</div>");
    is("<table data-es-slot=a>{a<tr><td></td></tr></tr></td>}</table>");

    /* badly nested, as a browser mends it */
    is("<div data-es-slot=a>{a<b><div></b></div>x}</div>");
    is("<div data-es-slot=a>{a<b><i></b></i><p><b></p></b>x}</div>");
    is("<a data-es-slot=a>{a<b><i></b></i>x}</a>");
    is("<b data-es-slot=a>{a1<div>2}</b>3</div>");
    is("<div data-es-slot=a>{a<span><p></span></p></span>x}</div>");
    is("<div data-es-slot=a>{a<form><div></form></div>x}</div>");
    is("<form data-es-slot=a>{a<form>}</form>x</form>");
}


static void
test_implied_end(void)
{
    is("<ul><li data-es-slot=a>{ax}<li>y</ul>");
    is("<ul><li data-es-slot=a>{ax}<li data-es-slot=b>{by}</ul>");
    is("<ul><li data-es-slot=a>{a<ul><li>1<li>2</ul>}<li>y</ul>");
    is("<ul><li data-es-slot=a>{a<p>x}<li>y</ul>");
    is("<ul><li data-es-slot=a>{a<div><p>x}<li>y</div></ul>");
    is("<ul><li data-es-slot=a>{a<section><li>x</li></section>}</ul>");
    is("<dl><dt data-es-slot=a>{ax}<dd data-es-slot=b>{by}<dt>z</dl>");
    is("<p data-es-slot=a>{ax}<p data-es-slot=b>{by}</p>");
    is("<p data-es-slot=a>{ax<b>}<div>y</div>");
    is("<p data-es-slot=a>{ax}<h2>y</h2>");
    is("<p data-es-slot=a>{ax}<table>");
    is("<p data-es-slot=a>{ax}<hr>");
    is("<p data-es-slot=a>{ax}<blockquote>");
    is("<p data-es-slot=a>{ax}<figcaption>");
    is("<p data-es-slot=a>{ax}<plaintext>");
    is("<p data-es-slot=a>{ax}<xmp></p></xmp>");
    is("<p data-es-slot=a>{ax}<ul><li>");
    is("<p data-es-slot=a>{a<span><br><img><video><label>x</label>}</p>");
    is("<p data-es-slot=a>{a<button><p>x</p></button><object><p></object>}");
    is("<div data-es-slot=a>{a<p>1<p>2<li>3}</div>");
    is("<select><option data-es-slot=a>{ax}<option data-es-slot=b>{b}");
    is("<select><option data-es-slot=a>{ax}<optgroup><option>y</select>");
    is("<select><optgroup data-es-slot=a>{a<option>x}<optgroup></select>");
    is("<select data-es-slot=a>{a<option>x}<select>");
    is("<table><tr><td data-es-slot=a>{ax}<td data-es-slot=b>{by}<tr></table>");
    is("<table><tr><td data-es-slot=a>{ax<p>y}<th>");
    is("<table><tr data-es-slot=a>{a<td>x<td>y}<tr data-es-slot=b>{b}</table>");
    is("<table><tbody data-es-slot=a>{a<tr><td>x}<tfoot></table>");
    is("<table><thead data-es-slot=a>{a<tr><td>x}<tbody></table>");
    is("<table><caption data-es-slot=a>{ax<p>}<tr><td></table>");
    is("<table><colgroup data-es-slot=a>{a<col>}<tr><td></table>");
    is("<table><colgroup data-es-slot=a>{a<col><col>}</colgroup></table>");
    is("<td data-es-slot=a>{a<table><tr><td>1<td>2</table>}<td>x");
    is("<tr data-es-slot=a>{a<td><table><tr><td></table><td>}<tr>");
    is("<table data-es-slot=a>{a<tr>}<table data-es-slot=b>{b}</table>");
    is("<table data-es-slot=a>{a<object><thead></thead>}<table>");
    is("<table data-es-slot=a>{a<tr><td><object><tr></object>x}</table>");
    is("<ruby><rt data-es-slot=a>{ax}<rp>(<rt data-es-slot=b>{by}</ruby>");
    is("<head data-es-slot=a>{a<title>x</title>}<body data-es-slot=b>{bx}");
    is("<a data-es-slot=a>{ax}<a data-es-slot=b>{by}</a>");
    is("<a data-es-slot=a>{a<b>x}<a>y</a></a>");
    is("<a data-es-slot=a>{a<object><a></a></object>x}</a>");
    is("<nobr data-es-slot=a>{ax}<nobr>");
    is("<button data-es-slot=a>{a<p>x}<button>y</button>");
    is("<h1 data-es-slot=a>{ax}<h2 data-es-slot=b>{by}</h2>");
    is("<h1 data-es-slot=a>{a<div><h2>x</h2></div>}</h1>");

    /* misplaced tags do nothing */
    is("<div data-es-slot=a>{a<td><tr><tbody><caption><col>x}</div></div>");
    is("<div data-es-slot=a>{a<td></td></tr>x}</div>");
    is("<div data-es-slot=a>{a<td></td>}</table>x</div>");
    is("<p data-es-slot=a>{a<td>}</p><td><p data-es-slot=b>{b}</td></p>");
    is("<div data-es-slot=a>{a<html><head><body>x}</div></div>");
    is("<div data-es-slot=a>{a<template><td></div></td></template>x}</div>");
}


static void
test_foreign(void)
{
    /* comments and CDATA where HTML has raw text */
    is("<svg><style>" A "{ax}" A_ "</style></svg>");
    is("<svg><script>" A "{ax}" A_ "</script></svg>");
    is("<svg><title>" A "{ax}" A_ "</title></svg>");
    is("<svg><![CDATA[" A "]]>" A "{ax}" A_ "</svg>");
    is("<svg><![CDATA[>]>]]" A "]]>" A "{ax}" A_ "</svg>");
    is("<svg><![CDATA[]]]>" A "{ax}" A_ "</svg>");
    is("<svg><![CDATA[]]>" A "{ax}" A_ "</svg>");
    is("<svg><![CDATA[]>" A "]]>" A "{ax}" A_ "</svg>");
    is("<svg><![CDATA[>" A "]]>" A "{ax}" A_ "</svg>");
    is("<svg><![cdata[>" A "{ax}" A_ "</svg>");
    is("<svg><![CDATA>" A "{ax}" A_ "</svg>");
    is("<svg><![CDATx[>" A "{ax}" A_ "</svg>");
    is("<svg><![CDATA[" A);
    is("<svg><path d='" A "'/><![CDATA[" A "]]></svg><![CDATA[>" A "{ax}" A_);
    is("<math><mrow><![CDATA[" A "]]></mrow></math><style>" A "</style>");
    is("<math><style>" A "{ax}" A_ "</style></math>");
    is("<![CDATA[" A A "{ax}" A_ "]]>");
    is("<![CDATA[>" A "{ax}" A_ "]]>");
    is("<svg/><![CDATA[>" A "{ax}" A_);
    is("<svg/><style>" A "</style>");
    is("<svg /><style>" A "</style>");
    is("<svg></svg><style>" A "</style>");
    is("<SVG></sVg><style>" A "</style>");
    is("<svg><g/></g></svg><style>" A "</style>");
    is("<svg><svg></svg><style>" A "{ax}" A_ "</style></svg>");
    is("<svg><g><![CDATA[>]]></svg><style>" A "</style>");

    /* HTML inside again */
    is("<svg><foreignObject><style>" A "</style></foreignObject></svg>");
    is("<svg><foreignobject><p><style>" A "</style></p></foreignObject>"
       "<style>" A "{ax}" A_ "</style></svg>");
    is("<svg><foreignObject><![CDATA[" A "]]></foreignObject></svg>");
    is("<svg><foreignObject><p><![CDATA[>" A "{ax}" A_ "</svg>");
    is("<svg><desc><style>" A "</style></desc></svg>");
    is("<svg><title><style>" A "</style></title></svg>");
    is("<math><mi><style>" A "</style></mi><mo></mo></math>");
    is("<math><mi><mglyph><style>" A "{ax}" A_ "</style></mglyph></mi></math>");
    is("<math><mi><malignmark/><style>" A "</style></mi></math>");
    is("<math><desc><style>" A "{ax}" A_ "</style></desc></math>");
    is("<svg><mi><style>" A "{ax}" A_ "</style></mi></svg>");
    is("<math><annotation-xml><svg><style>" A "{ax}" A_ "</style></svg>"
       "<style>" A "</style></annotation-xml></math>");
    is("<svg><foreignObject><svg><style>" A "{ax}" A_ "</style></svg><style>"
       A "</style></foreignObject></svg>");

}


static void
test_foreign_end(void)
{
    is("<svg><p><style>" A "</style>");
    is("<svg><g><div><![CDATA[>" A "{ax}" A_ "</div>");
    is("<svg><h3><style>" A "</style>");
    is("<svg><img><style>" A "</style>");
    is("<svg></p><style>" A "</style>");
    is("<svg></br><style>" A "</style>");
    is("<svg><g></div><style>" A "</style>");
    is("<svg><g></b><style>" A "</style>");
    is("<svg><g>^</body><style>" A "</style>");
    is("<svg><foreignObject></div><p><style>" A "</style></svg>");
    is("<svg><a><style>" A "{ax}" A_ "</style></a></svg>");
    is("<svg><x></g></rect><style>" A "{ax}" A_ "</style></x></svg>");
    is("<svg></desc></foreignObject><style>" A "{ax}" A_ "</style></svg>");
    is("<svg><g></span><style>" A "</style>");
    is("<svg><font><style>" A "{ax}" A_ "</style></font></svg>");
    is("<svg><font color=x><style>" A "</style>");
    is("<svg><font x=y FACE=\"x\"><style>" A "</style>");
    is("<svg><font SiZe><style>" A "</style>");
    is("<svg><font colors=x sized=y><style>" A "{ax}" A_ "</style></svg>");
    is("<svg></font color=x><style>" A "</style>");
    is("<font color=x><style>" A "</style>");
    is("<svg><foreignObject><font size=1><style>" A "</style></font>"
       "</foreignObject><style>" A "{ax}" A_ "</style></svg>");
    is("<svg><foreignObject><i></foreignObject><style>" A "</style></svg>");

}


static void
test_foreign_slot(void)
{
    is("<svg data-es-slot=a>{a<g><svg></svg></g></g>}</svg>");
    is("<svg><g data-es-slot=a>{a<g></g><style>}</g></style></g></svg>");
    is("<svg><text data-es-slot=a>{ax}</svg><style>" A "</style>");
    is("<svg><title data-es-slot=a>{ax}</title><style>" A "{ax}" A_ "</svg>");
    is("<svg><g data-es-slot=a>{ax}<p data-es-slot=b>{by}</p>");
    is("<svg><g data-es-slot=a>{ax}<font size=1 data-es-slot=b>{by}</font>");
    is("<svg><g data-es-slot=a>{ax<font>y</font>}</g>");
    is("<svg><g data-es-slot=a>{ax}</div>");
    is("<svg><g data-es-slot=a>{ax}</g><![CDATA[" A "]]></svg><style>" A);
    is("<svg><a data-es-slot=a>{a<a></a>}</a></svg>");
    is("<div><svg data-es-slot=a>{a<path>}</div>");
    is("<div data-es-slot=a>{a<svg><path/><path></svg><p/>}</div>");
    is("<div data-es-slot=a>{a<svg><div></div></svg>}</div>");
    is("<div data-es-slot=a>{a<svg><![CDATA[</div>]]></svg>}</div>");
    is("<div data-es-slot=a>{a<svg><style>}</div>");
    is("<div data-es-slot=a>{a<math><mi></div></mi></math>}</div>");
    is("<div data-es-slot=a>{a<svg><g></x></g></svg>}</div>");
    is("<svg><foreignObject><div data-es-slot=a>{ax}</div></foreignObject>"
       "<style>" A "{ax}" A_ "</style></svg>");
    is("<svg><desc><b><div data-es-slot=a>{a</b><i></i>x}</div></desc></svg>");
    is("<svg><foreignObject><b><div data-es-slot=a>{a</b>x}</div></svg>" A
       "{ax}" A_);
    is(A "{a<svg><style>}" A_ "</style></svg><style>" A "</style>");
}


static void
test_head_and_body(void)
{
    is("<html><head>x^</head><body>y^</body></html>");
    is("^</HEAD >^</bOdY\n>");
    is("^</head/>^</body title='</body>'>");
    is("</header></headx></hea></bodyy></bod></tbody></b></h>");
    is("< /head></ head><head><body></head");
    is("^</head" " ");
    is("^</head></head");
    is("<!-- </head> --><script></head></script><p title='</body>'>");
    is("<textarea></head></textarea><title></body></title>^</body>");
    is("<svg>^</head><svg>^</body>");
    is(A "{a</head>}" A_ "^</head>");
    is("<p data-es-slot=a>{a}^</body>^</body>");
    is("<body data-es-slot=a>{a}^</body title='>'>x^</body>");
    is("<head data-es-slot=a>{a<p title='</head>'>}^</head>");
}


static void
test_pending(void)
{
    size_t       i;
    es_html_t    h;

    static const struct {
        const char  *text;
        size_t       pending;
        bool         unfinished;
    } cases[] = {
        { "", 0, false }, { "x", 0, false }, { "x<", 1, true },
        { "<!", 0, true }, { "<3", 0, false }, { "<p", 0, true },
        { "x</", 2, true }, { "</h", 3, true }, { "</He", 4, true },
        { "</HEA", 5, true }, { "</head", 6, true }, { "</heads", 0, true },
        { "</b", 3, true }, { "</bo", 4, true }, { "</bod", 5, true },
        { "</body", 6, true }, { "</bodd", 0, true }, { "</hb", 0, true },
        { "</hody", 0, true }, { "</p", 0, true }, { "<b", 0, true },
        { "</3", 0, true }, { "<<", 1, true }, { "<b>", 0, false },
        { "</>", 0, false }, { "<!-- </", 0, true }, { "<p a='</", 0, true },
        { "<p a", 0, true }, { "<p>x", 0, false }, { "<?", 0, true },
        { "<script></", 0, true }, { "<style>x</b", 0, true },
        { "<plaintext></body", 0, false }, { "<plaintext", 0, true },
        { "<title></title", 0, true }, { "<title></title>", 0, false },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        es_html_init(&h, find, names);
        check(es_html_scan(&h, (es_str_t) { strlen(cases[i].text),
                                            cases[i].text }) == ES_HTML_MORE);
        check(es_html_pending(&h) == cases[i].pending);
        check(es_html_unfinished(&h) == cases[i].unfinished);
        check(!es_html_in_slot(&h));
    }

    /* a tag that ends a slot and the body: both are told, and it can wait */
    es_html_init(&h, find, names);
    check(es_html_scan(&h, es_str("<p data-es-slot=a>")) == ES_HTML_OPEN);
    check(h.element && h.slot == 0 && es_html_in_slot(&h));
    check(es_html_scan(&h, es_str("x</body")) == ES_HTML_MORE);
    check(es_html_scan(&h, es_str(">")) == ES_HTML_CLOSE);
    check(h.where == 19 && h.at == 25 && es_html_pending(&h) == 6);
    check(es_html_scan(&h, es_str(">")) == ES_HTML_BODY_END);
    check(h.where == 19 && h.at == 25 && es_html_pending(&h) == 0);
    check(es_html_scan(&h, es_str(">")) == ES_HTML_MORE);
    check(h.at == 26 && !es_html_unfinished(&h));

    es_html_init(&h, find, names);
    check(es_html_scan(&h, es_str("<!--es:hero-->x")) == ES_HTML_OPEN);
    check(!h.element && h.slot == 2 && h.at == 14);
}


/* -- long ones */

static char    big[PAGE_MAX];
static size_t  big_len;

static void
put(const char *text)
{
    size_t  len = strlen(text);

    if (big_len + len > PAGE_MAX) {
        abort();
    }

    memcpy(big + big_len, text, len);
    big_len += len;
}


static void
fill(const char *text, size_t times)
{
    while (times--) {
        put(text);
    }
}


/* How far a scan came, and what it found, for several ways of cutting */
static void
scan_big(events_t *found)
{
    size_t    i;
    events_t  cut;

    static const size_t  sizes[] = { 1, 64, 4096 };

    scan(found, big, big_len, PAGE_MAX, false);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        scan(&cut, big, big_len, sizes[i], false);
        check(same(found, &cut));
        scan(&cut, big, big_len, sizes[i] + 1, true);
        check(same(found, &cut));
    }
}


/* A slot of so many bytes: does it end, or is it too long? */
static void
long_slot(const char *begin, const char *text, const char *rest,
    const char *after, size_t len)
{
    bool      fits;
    size_t    from;
    events_t  found;

    fits = len <= ES_HTML_SLOT_MAX;

    big_len = 0;
    put(begin);
    from = big_len;
    put(text);
    fill("x", len - strlen(text) - strlen(rest));
    put(rest);
    put(after);

    scan_big(&found);
    check(found.n == 2);
    check(found.events[0].type == '{' && found.events[0].where == from);
    check(found.events[1].type == (fits ? '}' : '~'));
    check(fits ? found.events[1].where == from + len
               : found.events[1].slot == 'L');
}


static void
test_slot_length(void)
{
    size_t  len;

    static const size_t  lengths[] = {
        1, 0, 2, 255, 256, 257, 1000, 40000, 500000
    };

    for (len = ES_HTML_SLOT_MAX - 2; len < ES_HTML_SLOT_MAX + 3; len++) {
        long_slot(A, "", "", A_, len);
        long_slot(A, "", "", "<!--                                          "
                  "                                                         "
                  "           /es:a        -->", len);
        long_slot("<p data-es-slot=a>", "", "", "</p>", len);
        long_slot("<p data-es-slot=a>", "", "", "<p >", len);
        long_slot("<p data-es-slot=a>", "", "", "", len);
        long_slot("<script data-es-slot=a>", "", "", "</script>", len);
        long_slot("<p data-es-slot=a>", "<b title='", "'>", "</p>", len);
        long_slot("<p data-es-slot=a>", "<!--", "-->", "</p>", len);
        long_slot("<svg data-es-slot=a>", "<![CDATA[", "]]>", "</svg>", len);
    }

    for (len = 0; len < sizeof(lengths) / sizeof(lengths[0]); len++) {
        long_slot(A, "", "", A_ "x", lengths[len]);
    }

    long_slot("<p data-es-slot=a>", "<b title='", "'>", "</p>", 500000);
    long_slot("<p data-es-slot=a>", "<script>", "</script>", "</p>", 500000);
    long_slot("<p data-es-slot=a>", "<!--", "-->", "</p>", 500000);
    long_slot("<p data-es-slot=a>", "<", ">", "</p>", 500000);
}


/* While a slot is open no more is read than a caller can hold back. */
static void
test_hold_back(void)
{
    size_t     i, len;
    es_html_t  h;

    static const char *const  begins[] = {
        A, "<p data-es-slot=a>", A "<p title='", A "<script>", A "<!--",
        "<p data-es-slot=a></", "<p data-es-slot=a><", A "<"
    };

    big_len = 0;
    fill("x", PAGE_MAX);

    for (i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        len = strlen(begins[i]);
        es_html_init(&h, find, names);
        check(es_html_scan(&h, (es_str_t) { len, begins[i] }) == ES_HTML_OPEN);
        len -= h.at;
        check(es_html_scan(&h, (es_str_t) { len, begins[i] + h.at })
              == ES_HTML_MORE);
        check(es_html_scan(&h, (es_str_t) { PAGE_MAX, big }) == ES_HTML_RAW);
        check(h.why == ES_HTML_LONG && !es_html_in_slot(&h));
        check(h.at - h.opened <= ES_HTML_SLOT_MAX + 256);
    }
}


static void
deep(const char *begin, const char *text, size_t times, const char *want)
{
    size_t    i;
    events_t  found;

    big_len = 0;
    put(begin);
    fill(text, times);
    put("</x>" A A_);
    scan_big(&found);
    check(found.n == strlen(want));

    for (i = 0; i < found.n; i++) {
        check(found.events[i].type == want[i]);
    }

    check(want[i - 1] != '~' || found.events[i - 1].slot == 'D');
}


static void
test_depth(void)
{
    /* outside of slots nothing is kept */
    deep("", "<div>", 100000, "{}");
    deep("", "<p><b><table>", 50000, "{}");

    deep("<x data-es-slot=a>", "<i>", ES_HTML_DEPTH - 1, "{}{}");
    deep("<x data-es-slot=a>", "<i>", ES_HTML_DEPTH, "{~");
    deep("<x data-es-slot=a>", "<x></x>", 2000, "{}{}");
    deep("<x data-es-slot=a>", "<br><img>", 2000, "{}{}");
    deep("<div data-es-slot=a>", "<p><li><td>", 2000, "{}");
    deep("<svg>", "<g>", ES_HTML_DEPTH - 1, "{}");
    deep("<svg>", "<g>", ES_HTML_DEPTH, "~");
    deep("<svg>", "<g>", 200000, "~");
    deep("<svg>", "<g/></g>", 50000, "{}");
    deep("<svg>", "</g>", 100000, "{}");
}


static void
hostile(const char *begin, const char *text, size_t times, const char *end)
{
    events_t  found;

    big_len = 0;
    put(begin);
    fill(text, times);
    put(end);
    scan_big(&found);
    check(found.n == 0);
}


static void
test_hostile(void)
{
    hostile("", "<", 100000, "");
    hostile("", "</", 20000, "");
    hostile("<", "a", 100000, "");
    hostile("<a ", "b", 100000, "");
    hostile("<a b='", "c", 100000, "");
    hostile("<a ", "b='c'", 100000, "");
    hostile("<a ", "= ", 20000, "");
    hostile("<a", "/", 100000, "");
    hostile("<!--", "-", 100000, "");
    hostile("<!--", ">", 100000, "");
    hostile("<!--", "-!>", 20000, "");
    hostile("<!--", "<!--es:a", 20000, "");
    hostile("<!", "[", 100000, "");
    hostile("<svg><![CDATA[", "]", 100000, "");
    hostile("<svg><![CDATA[", "] ]>", 100000, "");
    hostile("<script>", "</script", 20000, "");
    hostile("<script><!--", "<script", 20000, "");
    hostile("<script>", "<!--<script>", 20000, "");
    hostile("<script>", "<", 100000, "");
    hostile("<title>", "</titl", 20000, "");
    hostile("", "<p data-es-slot='x", 20000, "");
    hostile("", "<!-- es:unknown -->", 20000, "");
}


int
main(void)
{
    srand(1);
    test_comments();
    test_mark_length();
    test_text();
    test_raw_text();
    test_attributes();
    test_slot_attribute();
    test_slot_name_length();
    test_element_end();
    test_element_goes_on();
    test_implied_end();
    test_foreign();
    test_foreign_end();
    test_foreign_slot();
    test_head_and_body();
    test_pending();
    test_slot_length();
    test_hold_back();
    test_depth();
    test_hostile();

    return check_done();
}
