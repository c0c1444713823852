#include "html_element.h"
#include "html_state.h"
#include "html_tree.h"


/* How much further than a slot may go it takes to know that it did. */
#define HTML_DECIDE   256

#define HTML_WORD(a, b, c, d)  ES_WORD(a, b, c, d, 0, 0, 0, 0)

#define HTML_DATA_ES  ES_WORD('d', 'a', 't', 'a', '-', 'e', 's', '-')

/* 0x80 in the lowest byte that may end a name; some that do not are marked. */
static inline uint64_t
html_word_stops(uint64_t w)
{
    return ((w - 0x21 * ES_WORD_ONES) & ~w & ES_WORD_HIGHS)
           | es_word_has(w, '/') | es_word_has(w, '=') | es_word_has(w, '>');
}


static inline uint64_t
html_word_lower(uint64_t w)
{
    return w | es_word_between(w, 'A', 'Z') >> 2;
}


/* The name of a tag is read. */
static void
html_tag_named(es_html_t *h)
{
    h->state = HTML_BEFORE_NAME;
    h->slot_name = HTML_NAME_NONE;
    h->self_closing = false;
    h->leaves = false;

    if (h->length <= 8) {
        h->tag.name = h->word[0];
        h->tag.is = es_html_element(h->word[0]);

    } else {
        h->tag.name = (h->word[1] ^ h->rest) * UINT64_C(0x9e3779b97f4a7c15)
                      ^ h->word[0];
        h->tag.is = h->length <= 16
                    ? es_html_element_long(h->word[0], h->word[1]) : 0;
    }

    if (h->end_tag) {
        es_html_slot_end_tag(h);

    } else if (h->tree.depth) {
        es_html_tree_start(&h->tree, h->tag, false);
        es_html_slot_check(h);
    }
}


/* The '>' of a tag is at p. */
static inline const char *
html_tag_ended(es_html_t *h, const char *p)
{
    if (h->leaves) {
        h->leaves = false;
        h->state = HTML_BEFORE_NAME;
        es_html_tree_start(&h->tree, h->tag, true);
        es_html_slot_check(h);

        if (h->event) {
            return p;
        }
    }

    h->state = HTML_TEXT;

    if (!h->end_tag
        && (h->tree.depth || h->slot_name
            || (h->tag.is & (ES_HTML_RAWTEXT | ES_HTML_FOREIGN))))
    {
        es_html_slot_start_tag(h, p + 1);
    }

    return p + 1;
}


static void
html_name_begin(es_html_t *h)
{
    h->word[0] = 0;
    h->word[1] = 0;
    h->rest = 0;
    h->length = 0;
}


/* Adds to the name at hand, NUL as a byte that is in no name. */
static void
html_name_add(es_html_t *h, char c)
{
    uint64_t  byte;

    byte = c == '\0' ? 0xff : (uint8_t) es_lower(c);

    if (h->length < 16) {
        h->word[h->length / 8] |= byte << h->length % 8 * 8;

    } else {
        h->rest = (h->rest ^ byte) * UINT64_C(0x100000001b3);
    }

    /* longer ones are all the same */
    h->length += h->length < 17;
}


/*
 * An attribute as almost all are, name="value", that is here in one piece and
 * is not ours: where it ends, or NULL.
 */
static inline const char *
html_attribute(const char *p, const char *end)
{
    size_t    n;
    uint64_t  w, stops;

    if (end - p < 16) {
        return NULL;
    }

    w = es_word_load(p);
    stops = html_word_stops(w);

    if (stops == 0) {
        if (html_word_lower(w) == HTML_DATA_ES) {
            return NULL;
        }

        p += 8;
        stops = html_word_stops(es_word_load(p));

        if (stops == 0) {
            return NULL;
        }

    } else if ((stops & 0x80) != 0) {
        return NULL;
    }

    n = (size_t) __builtin_ctzll(stops) / 8;
    p += n;

    if (end - p < 3 || p[0] != '=' || (p[1] != '"' && p[1] != '\'')) {
        return NULL;
    }

    p = memchr(p + 2, p[1], (size_t) (end - p - 2));

    return p ? p + 1 : NULL;
}


/*
 * A tag that means nothing here, and is written as almost all are: the byte
 * after it, or NULL for one that takes a closer look.
 */
static inline const char *
html_skip_tag(const char *p, const char *end)
{
    size_t    n;
    uint64_t  w, stops;

    if (end - p < 12) {
        return NULL;
    }

    p += 1 + (p[1] == '/');
    w = es_word_load(p);
    stops = html_word_stops(w);

    if (stops == 0 || !html_letter(*p)) {
        return NULL;
    }

    n = (size_t) __builtin_ctzll(stops) / 8;
    w = html_word_lower(w & ((UINT64_C(1) << 8 * n) - 1));

    if (es_html_element(w)
        & (ES_HTML_RAWTEXT | ES_HTML_FOREIGN | ES_HTML_TOLD))
    {
        return NULL;
    }

    for (p += n; *p != '>'; /* void */) {
        if (!html_space(*p) && *p != '/') {
            return NULL;
        }

        do {
            if (++p == end) {
                return NULL;
            }
        } while (html_space(*p));

        if (*p != '>') {
            p = html_attribute(p, end);
        }

        if (p == NULL || p == end) {
            return NULL;
        }
    }

    return p + 1;
}


/*
 * Most of most pages: text, and tags that can be skipped. Returns the first '<'
 * of something else. The next '<' is looked for without waiting for the end of
 * the tag, so that a processor does both at a time.
 */
static const char *
html_skip(const char *p, const char *end)
{
    const char  *after;

    for (p = memchr(p, '<', (size_t) (end - p)); p != NULL; /* void */) {
        after = html_skip_tag(p, end);

        if (after == NULL) {
            return p;
        }

        p = memchr(p + 1, '<', (size_t) (end - p - 1));

        if (p != NULL && p < after) {
            p = memchr(after, '<', (size_t) (end - after));
        }
    }

    return end;
}


static const char *
html_text(es_html_t *h, const char *p, const char *end)
{
    p = h->tree.depth ? memchr(p, '<', (size_t) (end - p))
                      : html_skip(p, end);

    if (p == NULL || p == end) {
        return end;
    }

    h->begun = html_offset(h, p);
    h->state = HTML_TAG_OPEN;

    return p + 1;
}


static const char *
html_tag_open(es_html_t *h, const char *p)
{
    if (html_letter(*p)) {
        h->end_tag = false;
        h->state = HTML_TAG_NAME;
        html_name_begin(h);
        return p;
    }

    switch (*p) {

    case '/':
        h->state = HTML_END_TAG_OPEN;
        return p + 1;

    case '!':
        h->state = HTML_MARKUP;
        return p + 1;

    case '?':
        h->state = HTML_BOGUS;
        return p;

    default:
        h->state = HTML_TEXT;
        return p;
    }
}


static const char *
html_end_tag_open(es_html_t *h, const char *p)
{
    if (html_letter(*p)) {
        h->end_tag = true;
        h->state = HTML_TAG_NAME;
        html_name_begin(h);
        return p;
    }

    /* </> is nothing, which is what a bogus comment without text is here */
    h->state = HTML_BOGUS;

    return p;
}


static const char *
html_tag_name(es_html_t *h, const char *p, const char *end)
{
    size_t    n;
    uint64_t  w, stops;

    if (h->length == 0 && end - p >= 8) {
        w = es_word_load(p);
        stops = html_word_stops(w);

        if (stops) {
            n = (size_t) __builtin_ctzll(stops) / 8;

            if (html_tag_stop(p[n])) {
                h->word[0] = html_word_lower(w & ((UINT64_C(1) << 8 * n) - 1));
                h->length = (uint32_t) n;
                html_tag_named(h);
                return p + n;
            }
        }
    }

    for ( ; p < end; p++) {
        if (html_tag_stop(*p)) {
            html_tag_named(h);
            return p;
        }

        html_name_add(h, *p);
    }

    return p;
}


static const char *
html_before_name(es_html_t *h, const char *p, const char *end)
{
    const char  *q;

    for ( ;; ) {
        while (html_space(*p)) {
            if (++p == end) {
                return p;
            }
        }

        if (*p == '>') {
            return html_tag_ended(h, p);
        }

        if (*p == '/') {
            h->state = HTML_SELF_CLOSING;
            return p + 1;
        }

        /* a font's attributes are of interest */
        q = es_html_kind(h->tag.is) == ES_HTML_FONT ? NULL
                                                    : html_attribute(p, end);

        if (q == NULL) {
            break;
        }

        p = q;

        if (p == end) {
            return p;
        }
    }

    html_name_begin(h);
    h->state = HTML_NAME;

    if (*p == '=') {
        /* a name may begin with it */
        html_name_add(h, *p++);
    }

    return p;
}


/* The name of an attribute is read. */
static void
html_named(es_html_t *h)
{
    if (h->length == 12 && h->word[0] == HTML_DATA_ES
        && h->word[1] == HTML_WORD('s', 'l', 'o', 't')
        && h->slot_name == HTML_NAME_NONE && !h->end_tag)
    {
        h->slot_name = HTML_NAME_AT;
        h->kept = 0;
    }

    if (es_html_kind(h->tag.is) == ES_HTML_FONT && !h->end_tag
        && (h->word[0] == ES_WORD('c', 'o', 'l', 'o', 'r', 0, 0, 0)
            || h->word[0] == HTML_WORD('f', 'a', 'c', 'e')
            || h->word[0] == HTML_WORD('s', 'i', 'z', 'e'))
        && es_html_tree_foreign(&h->tree, h->tag))
    {
        h->leaves = true;
    }
}


static const char *
html_name(es_html_t *h, const char *p, const char *end)
{
    for ( ; p < end; p++) {
        if (*p == '=') {
            html_named(h);
            h->state = HTML_BEFORE_VALUE;
            return p + 1;
        }

        if (html_tag_stop(*p)) {
            html_named(h);
            h->state = HTML_AFTER_NAME;
            return p;
        }

        html_name_add(h, *p);
    }

    return p;
}


/* A value ended, or there is none. */
static void
html_valued(es_html_t *h)
{
    h->state = HTML_BEFORE_NAME;

    if (h->slot_name == HTML_NAME_AT) {
        h->slot_name = HTML_NAME_TAKEN;
    }
}


static const char *
html_after_name(es_html_t *h, const char *p, const char *end)
{
    while (html_space(*p)) {
        if (++p == end) {
            return p;
        }
    }

    if (*p == '=') {
        h->state = HTML_BEFORE_VALUE;
        return p + 1;
    }

    html_valued(h);

    return p;
}


static const char *
html_before_value(es_html_t *h, const char *p, const char *end)
{
    while (html_space(*p)) {
        if (++p == end) {
            return p;
        }
    }

    if (*p == '"' || *p == '\'') {
        h->quote = (uint8_t) *p;
        h->state = HTML_VALUE;
        return p + 1;
    }

    if (*p == '>') {
        html_valued(h);
        return p;
    }

    h->state = HTML_VALUE_BARE;

    return p;
}


/* Keeps the value of our attribute, as far as a name may go. */
static void
html_keep(es_html_t *h, const char *p, const char *end)
{
    size_t  n;

    if (h->slot_name != HTML_NAME_AT) {
        return;
    }

    n = sizeof(h->mark) - h->kept;

    if (n > (size_t) (end - p)) {
        n = (size_t) (end - p);
    }

    memcpy(h->mark + h->kept, p, n);
    h->kept += (uint32_t) n;
}


static const char *
html_value(es_html_t *h, const char *p, const char *end)
{
    const char  *q;

    q = memchr(p, h->quote, (size_t) (end - p));

    if (q == NULL) {
        html_keep(h, p, end);
        return end;
    }

    html_keep(h, p, q);
    html_valued(h);

    return q + 1;
}


static const char *
html_value_bare(es_html_t *h, const char *p, const char *end)
{
    const char  *q;

    for (q = p; q < end; q++) {
        if (*q == '>' || html_space(*q)) {
            html_keep(h, p, q);
            html_valued(h);
            return q;
        }
    }

    html_keep(h, p, q);

    return q;
}


static const char *
html_self_closing(es_html_t *h, const char *p)
{
    if (*p == '>') {
        h->self_closing = true;
        return html_tag_ended(h, p);
    }

    h->state = HTML_BEFORE_NAME;

    return p;
}


static const char *
html_step(es_html_t *h, const char *p, const char *end)
{
    switch (h->state) {

    case HTML_TEXT:
        return html_text(h, p, end);
    case HTML_TAG_OPEN:
        return html_tag_open(h, p);
    case HTML_END_TAG_OPEN:
        return html_end_tag_open(h, p);
    case HTML_TAG_NAME:
        return html_tag_name(h, p, end);
    case HTML_BEFORE_NAME:
        return html_before_name(h, p, end);
    case HTML_NAME:
        return html_name(h, p, end);
    case HTML_AFTER_NAME:
        return html_after_name(h, p, end);
    case HTML_BEFORE_VALUE:
        return html_before_value(h, p, end);
    case HTML_VALUE:
        return html_value(h, p, end);
    case HTML_VALUE_BARE:
        return html_value_bare(h, p, end);
    case HTML_SELF_CLOSING:
        return html_self_closing(h, p);

    case HTML_COMMENT:
        return es_html_comment(h, p, end);
    case HTML_CDATA:
        return es_html_cdata(h, p, end);
    case HTML_BOGUS:
        return es_html_bogus(h, p, end);
    case HTML_MARKUP:
    case HTML_MARKUP_DASH:
    case HTML_MARKUP_CDATA:
        return es_html_markup(h, p, end);

    default:
        return es_html_raw(h, p, end);
    }
}


void
es_html_init(es_html_t *h, es_html_find_pt find, void *data)
{
    /* all but the stack */
    memset(h, 0, offsetof(es_html_t, tree));
    es_html_tree_init(&h->tree);
    h->find = find;
    h->data = data;
}


es_html_event_e
es_html_scan(es_html_t *h, es_str_t text)
{
    uint64_t     limit;
    const char  *p, *end;

    if (h->owed) {
        h->event = h->owed;
        h->owed = 0;
        h->where = h->begun;
        return (es_html_event_e) h->event;
    }

    limit = UINT64_MAX;

    if (h->in_slot) {
        limit = h->opened + ES_HTML_SLOT_MAX + HTML_DECIDE;

        if (text.len > limit - h->at) {
            text.len = (size_t) (limit - h->at);
        }
    }

    h->event = ES_HTML_MORE;
    h->start = text.data;
    p = text.data;
    end = p + text.len;

    while (p < end && h->event == ES_HTML_MORE) {
        p = html_step(h, p, end);
    }

    h->at = html_offset(h, p);

    if (h->event == ES_HTML_MORE && h->at == limit) {
        es_html_slot_give_up(h, ES_HTML_LONG);
    }

    return (es_html_event_e) h->event;
}


es_html_event_e
es_html_end(es_html_t *h)
{
    h->event = ES_HTML_MORE;

    if (h->in_slot && h->element) {
        es_html_slot_close(h, h->at);

    } else if (h->in_slot) {
        es_html_slot_give_up(h, ES_HTML_UNCLOSED);
    }

    return (es_html_event_e) h->event;
}


size_t
es_html_pending(const es_html_t *h)
{
    uint64_t  mask;

    if (h->owed) {
        return sizeof("</head") - 1;
    }

    switch (h->state) {

    case HTML_TAG_OPEN:
        return 1;

    case HTML_END_TAG_OPEN:
        return 2;

    case HTML_TAG_NAME:
        if (!h->end_tag || h->length > 4) {
            return 0;
        }

        mask = (UINT64_C(1) << 8 * h->length) - 1;

        return h->word[0] == (HTML_WORD('h', 'e', 'a', 'd') & mask)
               || h->word[0] == (HTML_WORD('b', 'o', 'd', 'y') & mask)
               ? h->length + 2 : 0;

    default:
        return 0;
    }
}


bool
es_html_in_slot(const es_html_t *h)
{
    return h->in_slot;
}


bool
es_html_unfinished(const es_html_t *h)
{
    return h->state != HTML_TEXT && h->state != HTML_PLAIN;
}
