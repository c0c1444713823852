/*
 * A page read as a browser's tokenizer reads it (WHATWG HTML, section 13.2.5),
 * as far as it takes to find where slots begin and end. The page comes in
 * pieces, cut anywhere; what is found does not depend on the cuts. Nothing of
 * the page is kept but the name at hand and the elements open inside a slot,
 * so the memory is this struct, whatever the page.
 *
 * A slot is a pair of comments
 *
 *     <!-- es:hero --> … <!-- /es:hero -->
 *
 * or an element with the attribute data-es-slot="hero". What stands in scripts,
 * styles, comments, attribute values and CDATA sections is not looked at. Slots
 * do not nest: inside one, further marks are plain text.
 */
#ifndef ES_HTML_H
#define ES_HTML_H

#include "es.h"


/* What a slot may enclose at most, in bytes. */
#define ES_HTML_SLOT_MAX   32768

/* Elements open at a time inside a slot or inside svg and math. */
#define ES_HTML_DEPTH      256

#define ES_HTML_NAME_MAX   64          /* of a slot */
#define ES_HTML_MARK_MAX   128         /* of a comment that is one's mark */

typedef enum {
    ES_HTML_MORE = 0,      /* all there is was read */
    ES_HTML_OPEN,          /* a slot begins */
    ES_HTML_CLOSE,         /* and ends */
    ES_HTML_HEAD_END,      /* here stands </head */
    ES_HTML_BODY_END,      /* here stands </body */
    ES_HTML_RAW            /* the rest of the page is not looked at, see why */
} es_html_event_e;

typedef enum {
    ES_HTML_FINE = 0,
    ES_HTML_LONG,          /* a slot is longer than ES_HTML_SLOT_MAX */
    ES_HTML_DEEP,          /* more than ES_HTML_DEPTH elements are open */
    ES_HTML_UNCLOSED       /* the page ended before a pair's second comment */
} es_html_why_e;

/* The number of a slot by its name, or -1 if this page has none of it. */
typedef int (*es_html_find_pt)(void *data, es_str_t name);

/* A tag, or an element, as html_element.h knows it. */
typedef struct {
    uint64_t           name;       /* in lower case; a hash if it is long */
    uint32_t           is;
} es_html_tag_t;

typedef struct {
    uint64_t           name;
    uint32_t           is;
    uint32_t           space;      /* of HTML, svg or math */
} es_html_open_t;

/* What is open inside a slot, or inside svg or math: html_tree.h */
typedef struct {
    int                depth;
    int                slot;       /* the index of the slot's element */
    bool               misplaced;  /* it had parts of a table without one */
    es_html_open_t     open[ES_HTML_DEPTH];
} es_html_tree_t;

typedef struct {
    uint64_t           at;         /* offset of the next byte to be read */
    uint64_t           where;      /* of the last event */
    int                slot;       /* its number: OPEN, CLOSE */
    bool               element;    /* the slot is an element's content */
    es_html_why_e      why;        /* of RAW */

    /* from here on private to html*.c */
    es_html_find_pt    find;
    void              *data;

    const char        *start;      /* of the text at hand, at offset at */
    uint64_t           begun;      /* offset of the token's '<' */
    uint64_t           opened;     /* where the open slot begins */

    uint8_t            state;
    uint8_t            event;      /* what the text at hand led to */
    uint8_t            owed;       /* the event that comes after a CLOSE */
    uint8_t            quote;      /* of the attribute's value */
    uint8_t            slot_name;  /* whether a tag's data-es-slot was seen */
    uint8_t            level;      /* of <!-- and <script> in a script */
    uint8_t            dashes;     /* how many were just read */
    uint8_t            matched;    /* so many bytes are as they should be */
    bool               in_slot;
    bool               end_tag;
    bool               self_closing;
    bool               leaves;     /* a font that ends svg or math */

    uint64_t           word[2];    /* a name being read, in lower case */
    uint64_t           rest;       /* and a hash of what is beyond */
    uint32_t           length;     /* of it */
    uint32_t           tail;       /* the last bytes read of a comment */
    uint64_t           raw;        /* what ends a raw text: its tag's name */
    es_html_tag_t      tag;

    uint32_t           kept;       /* bytes of a comment or of a slot's name */
    char               mark[ES_HTML_MARK_MAX + 4];

    es_html_tree_t     tree;
} es_html_t;


/*
 * Begins a page. find(data, name) tells which slots there are; its answer must
 * be the same for the whole page.
 */
void es_html_init(es_html_t *h, es_html_find_pt find, void *data);

/*
 * Reads on: text is what follows at offset h->at. Reads up to the next event,
 * or all of it: h->at tells how far. After an event call it again with the rest
 * of the text (which may be empty).
 *
 *   OPEN      slot h->slot begins at h->where, which is h->at: just after the
 *             comment, or after the element's start tag
 *   CLOSE     slot h->slot ends at h->where, at most h->at: where the second
 *             comment, or the tag that ends the element, begins. Of a tag only
 *             the name was read then, up to h->at
 *   HEAD_END, BODY_END
 *             an end tag of head or body, outside of slots, begins at h->where,
 *             at most es_html_pending() bytes before what is read in this call.
 *             If that tag ends a slot as well, CLOSE with the same h->where was
 *             told first, and the next call tells this and reads nothing
 *   RAW       h->why; an open slot is none; do not call again
 *
 * A slot never is longer than ES_HTML_SLOT_MAX: CLOSE - OPEN is at most that.
 * Its end is told, or RAW, before more than ES_HTML_SLOT_MAX + 256 bytes of it
 * were read, whatever they are.
 *
 * Where an element ends is known from what is open inside it; what is open
 * around it is not. An end tag about nothing inside ends the slot, if it is a
 * block's (its parent is taken to end), or if all is inline, as in a span: as a
 * browser would, were that parent open.
 */
es_html_event_e es_html_scan(es_html_t *h, es_str_t text);

/*
 * The page is over. CLOSE if an element's slot is open: it ends here, as every
 * element does. RAW if a pair of comments was not closed. Else MORE.
 */
es_html_event_e es_html_end(es_html_t *h);

/*
 * How many of the bytes last read may turn out to be the beginning of </head or
 * </body: 0 to 6. Where something is to be put before these tags, so many bytes
 * must wait for what comes next. It may be asked after any event.
 */
size_t es_html_pending(const es_html_t *h);

/* True while a slot is open; then CLOSE or RAW will follow. */
bool es_html_in_slot(const es_html_t *h);

/*
 * True if the page ended, or stands, inside a tag, a comment, or the text of an
 * element like script or title: what follows is not read as more of the page.
 */
bool es_html_unfinished(const es_html_t *h);

#endif
