/*
 * Pages, read as a whole, byte by byte, and cut where their own bytes say: what
 * is found must be the same, and what html.h says of it must hold. A page that
 * begins with \1 is a long one: each further \1 stands for 16,380 bytes
 * (two of them almost fill a slot), and the pieces are longer.
 */
#include "../../ngx_exportsite_module/core/html.h"

#include <stdlib.h>


#define EVENTS  1024
#define PIECE   37
#define LONG    65536
#define FILLER  16380

typedef struct {
    uint64_t         where;
    es_html_event_e  event;
    int              slot;
} event_t;

typedef struct {
    size_t           n;
    event_t          events[EVENTS];
} events_t;

static const char  *names[] = { "a", "hero", "x" };


static void
must(bool condition)
{
    if (!condition) {
        abort();
    }
}


static int
find(void *data, es_str_t name)
{
    int  i;

    must(data == names && name.len > 0 && name.len <= ES_HTML_NAME_MAX);

    for (i = 0; i < 3; i++) {
        if (name.len == strlen(names[i])
            && memcmp(name.data, names[i], name.len) == 0)
        {
            return i;
        }
    }

    return -1;
}


/* What html.h says of every event */
static void
check_event(const es_html_t *h, es_html_event_e event, bool was_open,
    uint64_t opened, es_str_t page)
{
    switch (event) {

    case ES_HTML_OPEN:
        must(!was_open && es_html_in_slot(h));
        must(h->where == h->at && h->slot >= 0 && h->slot < 3);
        must(page.data[h->where - 1] == '>');
        return;

    case ES_HTML_CLOSE:
        must(was_open && !es_html_in_slot(h) && h->where <= h->at);
        must(h->where >= opened && h->where - opened <= ES_HTML_SLOT_MAX);
        return;

    case ES_HTML_HEAD_END:
    case ES_HTML_BODY_END:
        must(!was_open && !es_html_in_slot(h) && h->where + 6 == h->at);
        must(page.data[h->where] == '<' && page.data[h->where + 1] == '/');
        return;

    case ES_HTML_RAW:
        must(h->why != ES_HTML_FINE && !es_html_in_slot(h));
        must(was_open || h->why == ES_HTML_DEEP);
        return;

    default:
        must(was_open == es_html_in_slot(h));
    }
}


static void
note(events_t *found, const es_html_t *h, es_html_event_e event)
{
    must(found->n < EVENTS);
    found->events[found->n++] = (event_t) {
        event == ES_HTML_RAW ? (uint64_t) h->why : h->where, event,
        event == ES_HTML_OPEN || event == ES_HTML_CLOSE ? h->slot : 0
    };
}


/*
 * Reads a page in pieces: of one length, or, if that is 0, of lengths that the
 * page says. A piece is put at the end of a buffer, so that a byte that is read
 * beyond it is noticed.
 */
static void
scan(events_t *found, es_str_t page, size_t length)
{
    bool              open;
    char             *buf, *copy;
    size_t            n, size, times, pending;
    uint64_t          from, piece;
    es_html_t         h;
    es_html_event_e   event;

    found->n = 0;
    times = page.len > FILLER ? 61 : 1;
    size = length ? length : PIECE * times;
    buf = malloc(size);
    must(buf != NULL);
    es_html_init(&h, find, names);

    for (piece = 0; piece < page.len; piece += n) {
        n = length ? length
                   : ((uint8_t) page.data[page.len - 1 - piece] % PIECE + 1)
                     * times;
        n = n < page.len - piece ? n : (size_t) (page.len - piece);
        copy = buf + size - n;
        memcpy(copy, page.data + piece, n);

        do {
            from = h.at;
            open = es_html_in_slot(&h);
            pending = es_html_pending(&h);
            must(pending <= 6 && pending <= from);

            event = es_html_scan(&h, (es_str_t) { n - (from - piece),
                                                  copy + (from - piece) });

            must(h.at >= from && h.at <= piece + n);
            must(event != ES_HTML_MORE || h.at == piece + n);
            must(!open || h.at - h.opened <= ES_HTML_SLOT_MAX + 256);
            check_event(&h, event, open, h.opened, page);

            if (event != ES_HTML_MORE) {
                note(found, &h, event);
            }

            if (event == ES_HTML_CLOSE) {
                must(page.data[h.where] == '<');
            }

            if (event == ES_HTML_HEAD_END || event == ES_HTML_BODY_END) {
                must(h.where + pending >= from);
            }
        } while (event != ES_HTML_MORE && event != ES_HTML_RAW);

        if (event == ES_HTML_RAW) {
            free(buf);
            return;
        }
    }

    free(buf);

    open = es_html_in_slot(&h);
    event = es_html_end(&h);
    must(open == (event != ES_HTML_MORE));

    if (open) {
        must(event == ES_HTML_CLOSE || event == ES_HTML_RAW);
        must(event == ES_HTML_RAW || (h.element && h.where == page.len));
        check_event(&h, event, open, h.opened, page);
        note(found, &h, event);
    }
}


static void
check_same(const events_t *a, const events_t *b)
{
    size_t  i;

    must(a->n == b->n);

    for (i = 0; i < a->n; i++) {
        must(a->events[i].event == b->events[i].event);
        must(a->events[i].where == b->events[i].where);
        must(a->events[i].slot == b->events[i].slot);
    }
}


/* A long page of a short one */
static es_str_t
lengthen(es_str_t page)
{
    size_t        i, len;

    static char   out[LONG];

    for (i = 1, len = 0; i < page.len && len < LONG; i++) {
        if (page.data[i] != '\1') {
            out[len++] = page.data[i];

        } else if (len + FILLER <= LONG) {
            memset(out + len, 'x', FILLER);
            len += FILLER;
        }
    }

    return (es_str_t) { len, out };
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    es_str_t         page;

    static events_t  whole, cut;

    page = (es_str_t) { size, (const char *) data };

    if (size > EVENTS) {
        return 0;
    }

    if (size && data[0] == 1) {
        page = lengthen(page);
    }

    scan(&whole, page, page.len ? page.len : 1);

    if (page.len <= FILLER) {
        scan(&cut, page, 1);
        check_same(&whole, &cut);
    }

    scan(&cut, page, 0);
    check_same(&whole, &cut);

    return 0;
}
