#include "html_state.h"
#include "html_tree.h"


#define COMMENT_HEAD  4          /* <!-- */


const char *
es_html_bogus(es_html_t *h, const char *p, const char *end)
{
    p = memchr(p, '>', (size_t) (end - p));

    if (p == NULL) {
        return end;
    }

    h->state = HTML_TEXT;

    return p + 1;
}


static const char *
markup_cdata(es_html_t *h, const char *p, const char *end)
{
    static const char  word[] = "CDATA[";

    for ( ; p < end; p++) {
        if (*p != word[h->matched]) {
            h->state = HTML_BOGUS;
            return p;
        }

        if (++h->matched == sizeof(word) - 1) {
            h->tail = 0;
            h->state = HTML_CDATA;
            return p + 1;
        }
    }

    return p;
}


const char *
es_html_markup(es_html_t *h, const char *p, const char *end)
{
    switch (h->state) {

    case HTML_MARKUP:
        if (*p == '-') {
            h->state = HTML_MARKUP_DASH;
            return p + 1;
        }

        if (*p == '[' && es_html_tree_cdata(&h->tree)) {
            h->matched = 0;
            h->state = HTML_MARKUP_CDATA;
            return p + 1;
        }

        break;

    case HTML_MARKUP_DASH:
        if (*p == '-') {
            /* these two dashes may be those of the end: <!--> */
            h->tail = (uint32_t) '-' << 8 | '-';
            h->kept = 0;
            h->state = HTML_COMMENT;
            return p + 1;
        }

        break;

    default:
        return markup_cdata(h, p, end);
    }

    h->state = HTML_BOGUS;

    return p;
}


/* The three bytes before p, of which those before from are in tail. */
static uint32_t
comment_tail(uint32_t tail, const char *from, const char *p)
{
    if (p - from > 3) {
        from = p - 3;
    }

    while (from < p) {
        tail = tail << 8 | (uint8_t) *from++;
    }

    return tail & 0xffffff;
}


/* --> or --!>, where the dashes of the latter are not those of <!-- */
static bool
comment_ends(uint32_t tail, uint64_t length)
{
    return (tail & 0xffff) == ((uint32_t) '-' << 8 | '-')
           || (tail == ((uint32_t) '-' << 16 | (uint32_t) '-' << 8 | '!')
               && length >= COMMENT_HEAD + 3);
}


/* The end of what is read, or NULL: then h->tail is brought up to date. */
static const char *
comment_end(es_html_t *h, const char *p, const char *end)
{
    uint32_t     tail;
    const char  *from;

    for (from = p; p < end; p++) {
        p = memchr(p, '>', (size_t) (end - p));

        if (p == NULL) {
            break;
        }

        tail = comment_tail(h->tail, from, p);

        if (h->state == HTML_CDATA
            ? (tail & 0xffff) == ((uint32_t) ']' << 8 | ']')
            : comment_ends(tail, html_offset(h, p) - h->begun))
        {
            h->tail = tail;
            return p;
        }
    }

    h->tail = comment_tail(h->tail, from, end);

    return NULL;
}


/* Keeps what may be a mark, and a byte more of what is too long for one. */
static void
comment_keep(es_html_t *h, const char *p, const char *end)
{
    size_t  n;

    n = sizeof(h->mark) - h->kept;

    if (n > (size_t) (end - p)) {
        n = (size_t) (end - p);
    }

    memcpy(h->mark + h->kept, p, n);
    h->kept += (uint32_t) n;
}


const char *
es_html_comment(es_html_t *h, const char *p, const char *end)
{
    uint64_t     length, dashes;
    es_str_t     data;
    const char  *q;

    q = comment_end(h, p, end);

    if (q == NULL) {
        comment_keep(h, p, end);
        return end;
    }

    h->state = HTML_TEXT;
    length = html_offset(h, q) - h->begun;
    dashes = (h->tail & 0xff) == '!' ? 3 : 2;

    if (length >= COMMENT_HEAD + dashes
        && length - COMMENT_HEAD - dashes <= ES_HTML_MARK_MAX)
    {
        data.len = (size_t) (length - COMMENT_HEAD - dashes);
        data.data = p;

        if (h->kept) {
            comment_keep(h, p, q);
            data.data = h->mark;
        }

        es_html_slot_mark(h, data, q + 1);
    }

    return q + 1;
}


const char *
es_html_cdata(es_html_t *h, const char *p, const char *end)
{
    p = comment_end(h, p, end);

    if (p == NULL) {
        return end;
    }

    h->state = HTML_TEXT;

    return p + 1;
}
