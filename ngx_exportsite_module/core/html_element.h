/*
 * What a tag's name says about its element: how its text is read (WHATWG HTML,
 * section 13.2.5) and which open elements its tags close (section 13.2.6, as
 * far as it concerns the end of an element).
 */
#ifndef ES_HTML_ELEMENT_H
#define ES_HTML_ELEMENT_H

#include "html.h"
#include "word.h"


/* Elements with rules of their own, or groups of them. */
typedef enum {
    ES_HTML_OTHER = 0,
    ES_HTML_A,
    ES_HTML_NOBR,
    ES_HTML_FONT,
    ES_HTML_P,
    ES_HTML_BR,
    ES_HTML_LI,
    ES_HTML_DD,            /* and dt */
    ES_HTML_HEADING,       /* h1 to h6 */
    ES_HTML_BUTTON,
    ES_HTML_SELECT,
    ES_HTML_OPTION,
    ES_HTML_OPTGROUP,
    ES_HTML_RUBY,          /* rb, rt, rp */
    ES_HTML_FORM,
    ES_HTML_TABLE,
    ES_HTML_CAPTION,
    ES_HTML_COLGROUP,
    ES_HTML_COL,
    ES_HTML_SECTION,       /* tbody, thead, tfoot */
    ES_HTML_ROW,
    ES_HTML_CELL,          /* td, th */
    ES_HTML_TEMPLATE,
    ES_HTML_HTML,
    ES_HTML_HEAD,
    ES_HTML_BODY,
    ES_HTML_SCRIPT,
    ES_HTML_PLAINTEXT,
    ES_HTML_SVG,
    ES_HTML_MATH,
    ES_HTML_GLYPH          /* mglyph, malignmark */
} es_html_kind_e;

/* What an end tag looks for; see html_tree.c for how far each looks. */
typedef enum {
    ES_HTML_END_ORDINARY = 0,
    ES_HTML_END_FORMAT,
    ES_HTML_END_BLOCK,
    ES_HTML_END_LI,
    ES_HTML_END_P,
    ES_HTML_END_HEADING,
    ES_HTML_END_TABLE,
    ES_HTML_END_ANY,
    ES_HTML_END_FORM,
    ES_HTML_END_NONE       /* nothing: such an element is never open */
} es_html_end_e;

/* The word that tells all about an element: kind, end, and these */
#define ES_HTML_VOID          0x000400
#define ES_HTML_RAWTEXT       0x000800   /* no tags in it but its end */
#define ES_HTML_SPECIAL       0x001000
#define ES_HTML_STOPS         0x002000   /* special, but address, div, p */
#define ES_HTML_BREAKOUT      0x004000   /* its start tag ends svg, math */
#define ES_HTML_CLOSES_P      0x008000
#define ES_HTML_IMPLIED       0x010000   /* its end tag may be left out */
#define ES_HTML_SCOPE         0x020000   /* ends the scope of what is inside */
#define ES_HTML_SCOPE_LIST    0x040000
#define ES_HTML_SCOPE_BUTTON  0x080000
#define ES_HTML_SCOPE_TABLE   0x100000
#define ES_HTML_TABLE_PART    0x200000
#define ES_HTML_SVG_POINT     0x400000   /* HTML again, as a child of svg's */
#define ES_HTML_MATH_POINT    0x800000   /* … or math's */
#define ES_HTML_FOREIGN       0x1000000  /* svg, math */
#define ES_HTML_TOLD          0x2000000  /* its end tag is an event */

#define es_html_is(kind, end, flags)  ((kind) | (end) << 6 | (flags))
#define es_html_kind(is)              ((es_html_kind_e) ((is) & 0x3f))
#define es_html_end_of(is)            ((es_html_end_e) ((is) >> 6 & 0xf))

#define ES_HTML_ELEMENTS  512
#define ES_HTML_ELEMENT_HASH(word)                                            \
    ((word) * UINT64_C(0x79bf460678d3b455) >> 55)

typedef struct {
    uint64_t  name;
    uint32_t  is;
} es_html_element_t;

extern const es_html_element_t  es_html_elements[ES_HTML_ELEMENTS];


/*
 * About the element whose name, in lower case, are the eight bytes of the word;
 * 0 for one that has no rules of its own.
 */
static inline uint32_t
es_html_element(uint64_t name)
{
    const es_html_element_t  *e;

    e = &es_html_elements[ES_HTML_ELEMENT_HASH(name)];

    return e->name == name ? e->is : 0;
}


/* The same for a name of 9 to 16 bytes, in two words. */
uint32_t es_html_element_long(uint64_t first, uint64_t second);

#endif
