/*
 * What the parts of the scanner share: its states, and the steps that read on
 * in one of them. A step reads p up to end, at most, changes the state, and
 * returns how far it came; each takes what it has read in this call and the
 * state alone into account, never how the text is cut.
 */
#ifndef ES_HTML_STATE_H
#define ES_HTML_STATE_H

#include "html.h"


typedef enum {
    HTML_TEXT = 0,
    HTML_TAG_OPEN,         /* < */
    HTML_END_TAG_OPEN,     /* </ */
    HTML_TAG_NAME,
    HTML_BEFORE_NAME,      /* of an attribute */
    HTML_NAME,
    HTML_AFTER_NAME,
    HTML_BEFORE_VALUE,
    HTML_VALUE,            /* in quotes */
    HTML_VALUE_BARE,
    HTML_SELF_CLOSING,     /* / in a tag */

    HTML_MARKUP,           /* <! */
    HTML_MARKUP_DASH,      /* <!- */
    HTML_MARKUP_CDATA,     /* <![ and more of <![CDATA[ */
    HTML_COMMENT,
    HTML_CDATA,
    HTML_BOGUS,            /* up to the next > */

    HTML_RAW,              /* the text of a script, style, title … */
    HTML_RAW_LESS,         /* < in it */
    HTML_RAW_END,          /* </ and more of what ends it */
    HTML_SCRIPT_BANG,      /* <! and a dash in a script */
    HTML_ESCAPED,          /* after <!-- in a script */
    HTML_ESCAPED_LESS,     /* < there */
    HTML_ESCAPED_NAME,     /* <script there, or </script once again */
    HTML_PLAIN             /* the rest of the page */
} html_state_e;


/* Whether the slot's name was seen in a tag: the first such attribute counts */
enum { HTML_NAME_NONE = 0, HTML_NAME_AT, HTML_NAME_TAKEN };


static inline uint64_t
html_offset(const es_html_t *h, const char *p)
{
    return h->at + (uint64_t) (p - h->start);
}


static inline bool
html_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}


static inline bool
html_letter(char c)
{
    return (uint8_t) (((uint8_t) c | 0x20) - 'a') < 26;
}


/* What ends the name of a tag */
static inline bool
html_tag_stop(char c)
{
    return c == '>' || c == '/' || html_space(c);
}


/* From <! on to the end of the comment or of what is treated as one */
const char *es_html_markup(es_html_t *h, const char *p, const char *end);
const char *es_html_comment(es_html_t *h, const char *p, const char *end);
const char *es_html_cdata(es_html_t *h, const char *p, const char *end);
const char *es_html_bogus(es_html_t *h, const char *p, const char *end);

/* Text without tags but the one that ends it: states from HTML_RAW on */
const char *es_html_raw(es_html_t *h, const char *p, const char *end);

/* -- what is read leads to: html_slot.c */

/* The slot is too long, or the like. */
void es_html_slot_give_up(es_html_t *h, es_html_why_e why);

/* The open slot ends at an offset. */
void es_html_slot_close(es_html_t *h, uint64_t where);

/* The open elements changed: that of the slot may be no more among them. */
void es_html_slot_check(es_html_t *h);

/* A comment with this text was read, up to after. */
void es_html_slot_mark(es_html_t *h, es_str_t data, const char *after);

/* A start tag was read up to after; an end tag's name was; or a raw text's. */
void es_html_slot_start_tag(es_html_t *h, const char *after);
void es_html_slot_end_tag(es_html_t *h);
void es_html_slot_raw_ended(es_html_t *h);

#endif
