#include "html_state.h"
#include "html_tree.h"


/* "script", as a word */
#define RAW_SCRIPT    UINT64_C(0x747069726373)

#define RAW_MISMATCH  0xff


/* '<' of a script, style, title … */
static const char *
raw_text(es_html_t *h, const char *p, const char *end)
{
    for ( ;; ) {
        p = memchr(p, '<', (size_t) (end - p));

        if (p == NULL) {
            return end;
        }

        if (++p == end || *p == '/' || *p == '!') {
            h->begun = html_offset(h, p - 1);
            h->state = HTML_RAW_LESS;
            return p;
        }
    }
}


static const char *
raw_less(es_html_t *h, const char *p)
{
    h->matched = 0;

    if (*p == '/') {
        h->state = HTML_RAW_END;
        return p + 1;
    }

    if (*p == '!' && h->raw == RAW_SCRIPT) {
        h->dashes = 0;
        h->state = HTML_SCRIPT_BANG;
        return p + 1;
    }

    h->state = HTML_RAW;

    return p;
}


/*
 * Goes along a name, letter by letter, up to the byte after it; true there, if
 * it is this name. h->matched is RAW_MISMATCH if it is not.
 */
static bool
raw_match(es_html_t *h, uint64_t name, const char **pp, const char *end)
{
    uint8_t      letter;
    const char  *p;

    for (p = *pp; p < end; p++) {
        letter = h->matched < 8 ? (uint8_t) (name >> 8 * h->matched) : 0;

        if (letter == 0 && html_tag_stop(*p)) {
            *pp = p;
            return true;
        }

        if (letter == 0 || (uint8_t) es_lower(*p) != letter) {
            h->matched = RAW_MISMATCH;
            break;
        }

        h->matched++;
    }

    *pp = p;

    return false;
}


static const char *
raw_end(es_html_t *h, const char *p, const char *end)
{
    if (raw_match(h, h->raw, &p, end)) {
        es_html_slot_raw_ended(h);

    } else if (h->matched == RAW_MISMATCH) {
        h->state = h->level ? HTML_ESCAPED : HTML_RAW;
    }

    return p;
}


static const char *
raw_bang(es_html_t *h, const char *p)
{
    if (*p != '-') {
        h->state = HTML_RAW;
        return p;
    }

    if (++h->dashes == 2) {
        h->level = 1;
        h->state = HTML_ESCAPED;
    }

    return p + 1;
}


/*
 * Between <!-- and --> a script may have scripts of its own: </script> ends
 * only the inner one, if there is one (level 2).
 */
static const char *
raw_escaped(es_html_t *h, const char *p, const char *end)
{
    char     c;
    uint8_t  dashes;

    dashes = h->dashes;

    while (p < end) {
        c = *p++;

        if (c == '-') {
            dashes = dashes < 2 ? dashes + 1 : 2;
            continue;
        }

        if (c == '<') {
            h->begun = html_offset(h, p - 1);
            h->state = HTML_ESCAPED_LESS;
            dashes = 0;
            break;
        }

        if (c == '>' && dashes == 2) {
            h->level = 0;
            h->state = HTML_RAW;
            break;
        }

        dashes = 0;
    }

    h->dashes = dashes;

    return p;
}


static const char *
raw_escaped_less(es_html_t *h, const char *p)
{
    h->matched = 0;

    if (*p == '/') {
        h->state = h->level == 1 ? HTML_RAW_END : HTML_ESCAPED_NAME;
        return p + 1;
    }

    h->state = h->level == 1 && html_letter(*p) ? HTML_ESCAPED_NAME
                                                : HTML_ESCAPED;

    return p;
}


static const char *
raw_escaped_name(es_html_t *h, const char *p, const char *end)
{
    if (raw_match(h, RAW_SCRIPT, &p, end)) {
        h->level = h->level == 1 ? 2 : 1;
        h->state = HTML_ESCAPED;
        return p + 1;
    }

    if (h->matched == RAW_MISMATCH) {
        h->state = HTML_ESCAPED;
    }

    return p;
}


const char *
es_html_raw(es_html_t *h, const char *p, const char *end)
{
    switch (h->state) {
    case HTML_RAW:
        return raw_text(h, p, end);
    case HTML_RAW_LESS:
        return raw_less(h, p);
    case HTML_RAW_END:
        return raw_end(h, p, end);
    case HTML_SCRIPT_BANG:
        return raw_bang(h, p);
    case HTML_ESCAPED:
        return raw_escaped(h, p, end);
    case HTML_ESCAPED_LESS:
        return raw_escaped_less(h, p);
    case HTML_ESCAPED_NAME:
        return raw_escaped_name(h, p, end);
    default:
        return end;
    }
}
