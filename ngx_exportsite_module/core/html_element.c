#include "html_element.h"


#define IS(kind, end, flags)                                                  \
    es_html_is(ES_HTML_##kind, ES_HTML_END_##end, (uint32_t) (flags))

#define STRICT        (ES_HTML_SPECIAL | ES_HTML_STOPS)

#define IS_VOID       IS(OTHER, NONE, ES_HTML_VOID | STRICT)
#define IS_BR         IS(BR, NONE, ES_HTML_VOID | ES_HTML_BREAKOUT | STRICT)
#define IS_COL        IS(COL, NONE, ES_HTML_VOID | ES_HTML_TABLE_PART | STRICT)
#define IS_VOID_HTML  IS(OTHER, NONE, ES_HTML_VOID | ES_HTML_BREAKOUT | STRICT)
#define IS_HR         IS(OTHER, NONE,                                         \
                           ES_HTML_VOID | ES_HTML_BREAKOUT | ES_HTML_CLOSES_P \
                           | STRICT)
#define IS_RAW        IS(OTHER, NONE, ES_HTML_RAWTEXT | STRICT)
#define IS_SCRIPT     IS(SCRIPT, NONE, ES_HTML_RAWTEXT | STRICT)
#define IS_TITLE      IS(OTHER, NONE,                                         \
                           ES_HTML_RAWTEXT | ES_HTML_SVG_POINT | STRICT)
#define IS_XMP        IS(OTHER, NONE,                                         \
                           ES_HTML_RAWTEXT | ES_HTML_CLOSES_P | STRICT)
#define IS_BLOCK      IS(OTHER, BLOCK, ES_HTML_CLOSES_P | STRICT)
#define IS_ADDRESS    IS(OTHER, BLOCK, ES_HTML_CLOSES_P | ES_HTML_SPECIAL)
#define IS_DIV        IS(OTHER, BLOCK,                                        \
                           ES_HTML_CLOSES_P | ES_HTML_BREAKOUT                \
                           | ES_HTML_SPECIAL)
#define IS_DIALOG     IS(OTHER, BLOCK, ES_HTML_CLOSES_P)
#define IS_BLOCK_HTML IS(OTHER, BLOCK,                                        \
                           ES_HTML_CLOSES_P | ES_HTML_BREAKOUT | STRICT)
#define IS_LIST       IS(OTHER, BLOCK,                                        \
                           ES_HTML_CLOSES_P | ES_HTML_BREAKOUT                \
                           | ES_HTML_SCOPE_LIST | STRICT)
#define IS_BUTTON     IS(BUTTON, BLOCK, ES_HTML_SCOPE_BUTTON | STRICT)
#define IS_SELECT     IS(SELECT, BLOCK, ES_HTML_SCOPE | STRICT)
#define IS_OBJECT     IS(OTHER, BLOCK, ES_HTML_SCOPE | STRICT)
#define IS_FORM       IS(FORM, FORM, ES_HTML_CLOSES_P | STRICT)
#define IS_P          IS(P, P,                                                \
                           ES_HTML_CLOSES_P | ES_HTML_BREAKOUT                \
                           | ES_HTML_IMPLIED | ES_HTML_SPECIAL)
#define IS_LI         IS(LI, LI,                                              \
                           ES_HTML_CLOSES_P | ES_HTML_BREAKOUT                \
                           | ES_HTML_IMPLIED | STRICT)
#define IS_DD         IS(DD, BLOCK,                                           \
                           ES_HTML_CLOSES_P | ES_HTML_BREAKOUT                \
                           | ES_HTML_IMPLIED | STRICT)
#define IS_HEADING    IS(HEADING, HEADING,                                    \
                           ES_HTML_CLOSES_P | ES_HTML_BREAKOUT | STRICT)
#define IS_A          IS(A, FORMAT, 0)
#define IS_NOBR       IS(NOBR, FORMAT, ES_HTML_BREAKOUT)
#define IS_FONT       IS(FONT, FORMAT, 0)
#define IS_FORMAT     IS(OTHER, FORMAT, ES_HTML_BREAKOUT)
#define IS_INLINE     IS(OTHER, ORDINARY, ES_HTML_BREAKOUT)
#define IS_RUBY       IS(RUBY, ORDINARY, ES_HTML_IMPLIED)
#define IS_OPTION     IS(OPTION, ORDINARY, ES_HTML_IMPLIED)
#define IS_OPTGROUP   IS(OPTGROUP, ORDINARY, ES_HTML_IMPLIED)
#define IS_TABLE      IS(TABLE, TABLE,                                        \
                           ES_HTML_CLOSES_P | ES_HTML_BREAKOUT | ES_HTML_SCOPE\
                           | ES_HTML_SCOPE_TABLE | STRICT)
#define IS_CAPTION    IS(CAPTION, TABLE,                                      \
                           ES_HTML_SCOPE | ES_HTML_TABLE_PART | STRICT)
#define IS_COLGROUP   IS(COLGROUP, TABLE, ES_HTML_TABLE_PART | STRICT)
#define IS_SECTION    IS(SECTION, TABLE, ES_HTML_TABLE_PART | STRICT)
#define IS_ROW        IS(ROW, TABLE, ES_HTML_TABLE_PART | STRICT)
#define IS_CELL       IS(CELL, TABLE,                                         \
                           ES_HTML_SCOPE | ES_HTML_TABLE_PART | STRICT)
#define IS_TEMPLATE   IS(TEMPLATE, ANY,                                       \
                           ES_HTML_SCOPE | ES_HTML_SCOPE_TABLE | STRICT)
#define IS_HTML       IS(HTML, ANY,                                           \
                           ES_HTML_SCOPE | ES_HTML_SCOPE_TABLE | STRICT)
#define IS_HEAD       IS(HEAD, ANY, ES_HTML_TOLD | ES_HTML_BREAKOUT | STRICT)
#define IS_BODY       IS(BODY, ANY, ES_HTML_TOLD | ES_HTML_BREAKOUT | STRICT)
#define IS_ANY        IS(OTHER, ANY, STRICT)
#define IS_SVG        IS(SVG, ORDINARY, ES_HTML_FOREIGN)
#define IS_MATH       IS(MATH, ORDINARY, ES_HTML_FOREIGN)
#define IS_SVG_TEXT   IS(OTHER, ORDINARY, ES_HTML_SVG_POINT)
#define IS_MATH_TEXT  IS(OTHER, ORDINARY, ES_HTML_MATH_POINT)
#define IS_GLYPH      IS(GLYPH, ORDINARY, 0)

/*
 * A row stands where the hash of its name says. Were two rows to have the same
 * place, the compiler would say so; then another multiplier has to be found.
 */
#define ROW(is, ...)  ROW_(is, __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0)
#define ROW_(is, a, b, c, d, e, f, g, h, ...)                                 \
    [ES_HTML_ELEMENT_HASH(ES_WORD(a, b, c, d, e, f, g, h))] =                 \
        { ES_WORD(a, b, c, d, e, f, g, h), is }

const es_html_element_t  es_html_elements[ES_HTML_ELEMENTS] = {
    ROW(IS_VOID, 'a', 'r', 'e', 'a'),
    ROW(IS_VOID, 'b', 'a', 's', 'e'),
    ROW(IS_VOID, 'b', 'a', 's', 'e', 'f', 'o', 'n', 't'),
    ROW(IS_VOID, 'b', 'g', 's', 'o', 'u', 'n', 'd'),
    ROW(IS_VOID, 'f', 'r', 'a', 'm', 'e'),
    ROW(IS_VOID, 'i', 'm', 'a', 'g', 'e'),
    ROW(IS_VOID, 'i', 'n', 'p', 'u', 't'),
    ROW(IS_VOID, 'k', 'e', 'y', 'g', 'e', 'n'),
    ROW(IS_VOID, 'l', 'i', 'n', 'k'),
    ROW(IS_VOID, 'p', 'a', 'r', 'a', 'm'),
    ROW(IS_VOID, 's', 'o', 'u', 'r', 'c', 'e'),
    ROW(IS_VOID, 't', 'r', 'a', 'c', 'k'),
    ROW(IS_VOID, 'w', 'b', 'r'),
    ROW(IS_BR, 'b', 'r'),
    ROW(IS_COL, 'c', 'o', 'l'),
    ROW(IS_VOID_HTML, 'e', 'm', 'b', 'e', 'd'),
    ROW(IS_VOID_HTML, 'i', 'm', 'g'),
    ROW(IS_VOID_HTML, 'm', 'e', 't', 'a'),
    ROW(IS_HR, 'h', 'r'),
    ROW(IS_RAW, 'i', 'f', 'r', 'a', 'm', 'e'),
    ROW(IS_RAW, 'n', 'o', 'e', 'm', 'b', 'e', 'd'),
    ROW(IS_RAW, 'n', 'o', 'f', 'r', 'a', 'm', 'e', 's'),
    ROW(IS_RAW, 's', 't', 'y', 'l', 'e'),
    ROW(IS_RAW, 't', 'e', 'x', 't', 'a', 'r', 'e', 'a'),
    ROW(IS_SCRIPT, 's', 'c', 'r', 'i', 'p', 't'),
    ROW(IS_TITLE, 't', 'i', 't', 'l', 'e'),
    ROW(IS_XMP, 'x', 'm', 'p'),
    ROW(IS_BLOCK, 'a', 'r', 't', 'i', 'c', 'l', 'e'),
    ROW(IS_BLOCK, 'a', 's', 'i', 'd', 'e'),
    ROW(IS_BLOCK, 'd', 'e', 't', 'a', 'i', 'l', 's'),
    ROW(IS_BLOCK, 'd', 'i', 'r'),
    ROW(IS_BLOCK, 'f', 'i', 'e', 'l', 'd', 's', 'e', 't'),
    ROW(IS_BLOCK, 'f', 'i', 'g', 'u', 'r', 'e'),
    ROW(IS_BLOCK, 'f', 'o', 'o', 't', 'e', 'r'),
    ROW(IS_BLOCK, 'h', 'e', 'a', 'd', 'e', 'r'),
    ROW(IS_BLOCK, 'h', 'g', 'r', 'o', 'u', 'p'),
    ROW(IS_BLOCK, 'm', 'a', 'i', 'n'),
    ROW(IS_BLOCK, 'n', 'a', 'v'),
    ROW(IS_BLOCK, 's', 'e', 'a', 'r', 'c', 'h'),
    ROW(IS_BLOCK, 's', 'e', 'c', 't', 'i', 'o', 'n'),
    ROW(IS_BLOCK, 's', 'u', 'm', 'm', 'a', 'r', 'y'),
    ROW(IS_ADDRESS, 'a', 'd', 'd', 'r', 'e', 's', 's'),
    ROW(IS_DIV, 'd', 'i', 'v'),
    ROW(IS_DIALOG, 'd', 'i', 'a', 'l', 'o', 'g'),
    ROW(IS_BLOCK_HTML, 'c', 'e', 'n', 't', 'e', 'r'),
    ROW(IS_BLOCK_HTML, 'd', 'l'),
    ROW(IS_BLOCK_HTML, 'l', 'i', 's', 't', 'i', 'n', 'g'),
    ROW(IS_BLOCK_HTML, 'm', 'e', 'n', 'u'),
    ROW(IS_BLOCK_HTML, 'p', 'r', 'e'),
    ROW(IS_LIST, 'o', 'l'),
    ROW(IS_LIST, 'u', 'l'),
    ROW(IS_BUTTON, 'b', 'u', 't', 't', 'o', 'n'),
    ROW(IS_SELECT, 's', 'e', 'l', 'e', 'c', 't'),
    ROW(IS_OBJECT, 'a', 'p', 'p', 'l', 'e', 't'),
    ROW(IS_OBJECT, 'm', 'a', 'r', 'q', 'u', 'e', 'e'),
    ROW(IS_OBJECT, 'o', 'b', 'j', 'e', 'c', 't'),
    ROW(IS_FORM, 'f', 'o', 'r', 'm'),
    ROW(IS_P, 'p'),
    ROW(IS_LI, 'l', 'i'),
    ROW(IS_DD, 'd', 'd'),
    ROW(IS_DD, 'd', 't'),
    ROW(IS_HEADING, 'h', '1'),
    ROW(IS_HEADING, 'h', '2'),
    ROW(IS_HEADING, 'h', '3'),
    ROW(IS_HEADING, 'h', '4'),
    ROW(IS_HEADING, 'h', '5'),
    ROW(IS_HEADING, 'h', '6'),
    ROW(IS_A, 'a'),
    ROW(IS_NOBR, 'n', 'o', 'b', 'r'),
    ROW(IS_FONT, 'f', 'o', 'n', 't'),
    ROW(IS_FORMAT, 'b'),
    ROW(IS_FORMAT, 'b', 'i', 'g'),
    ROW(IS_FORMAT, 'c', 'o', 'd', 'e'),
    ROW(IS_FORMAT, 'e', 'm'),
    ROW(IS_FORMAT, 'i'),
    ROW(IS_FORMAT, 's'),
    ROW(IS_FORMAT, 's', 'm', 'a', 'l', 'l'),
    ROW(IS_FORMAT, 's', 't', 'r', 'i', 'k', 'e'),
    ROW(IS_FORMAT, 's', 't', 'r', 'o', 'n', 'g'),
    ROW(IS_FORMAT, 't', 't'),
    ROW(IS_FORMAT, 'u'),
    ROW(IS_INLINE, 'r', 'u', 'b', 'y'),
    ROW(IS_INLINE, 's', 'p', 'a', 'n'),
    ROW(IS_INLINE, 's', 'u', 'b'),
    ROW(IS_INLINE, 's', 'u', 'p'),
    ROW(IS_INLINE, 'v', 'a', 'r'),
    ROW(IS_RUBY, 'r', 'b'),
    ROW(IS_RUBY, 'r', 'p'),
    ROW(IS_RUBY, 'r', 't'),
    ROW(IS_OPTION, 'o', 'p', 't', 'i', 'o', 'n'),
    ROW(IS_OPTGROUP, 'o', 'p', 't', 'g', 'r', 'o', 'u', 'p'),
    ROW(IS_TABLE, 't', 'a', 'b', 'l', 'e'),
    ROW(IS_CAPTION, 'c', 'a', 'p', 't', 'i', 'o', 'n'),
    ROW(IS_COLGROUP, 'c', 'o', 'l', 'g', 'r', 'o', 'u', 'p'),
    ROW(IS_SECTION, 't', 'b', 'o', 'd', 'y'),
    ROW(IS_SECTION, 't', 'h', 'e', 'a', 'd'),
    ROW(IS_SECTION, 't', 'f', 'o', 'o', 't'),
    ROW(IS_ROW, 't', 'r'),
    ROW(IS_CELL, 't', 'd'),
    ROW(IS_CELL, 't', 'h'),
    ROW(IS_TEMPLATE, 't', 'e', 'm', 'p', 'l', 'a', 't', 'e'),
    ROW(IS_HTML, 'h', 't', 'm', 'l'),
    ROW(IS_HEAD, 'h', 'e', 'a', 'd'),
    ROW(IS_BODY, 'b', 'o', 'd', 'y'),
    ROW(IS_ANY, 'f', 'r', 'a', 'm', 'e', 's', 'e', 't'),
    ROW(IS_ANY, 'n', 'o', 's', 'c', 'r', 'i', 'p', 't'),
    ROW(IS_SVG, 's', 'v', 'g'),
    ROW(IS_MATH, 'm', 'a', 't', 'h'),
    ROW(IS_SVG_TEXT, 'd', 'e', 's', 'c'),
    ROW(IS_MATH_TEXT, 'm', 'i'),
    ROW(IS_MATH_TEXT, 'm', 'o'),
    ROW(IS_MATH_TEXT, 'm', 'n'),
    ROW(IS_MATH_TEXT, 'm', 's'),
    ROW(IS_MATH_TEXT, 'm', 't', 'e', 'x', 't'),
    ROW(IS_GLYPH, 'm', 'g', 'l', 'y', 'p', 'h')
};


uint32_t
es_html_element_long(uint64_t first, uint64_t second)
{
    size_t  i;

    static const struct {
        char      name[16];
        uint32_t  is;
    } rows[] = {
        { "annotation-xml", IS_MATH_TEXT },
        { "blockquote", IS_BLOCK_HTML },
        { "figcaption", IS_BLOCK },
        { "foreignobject", IS_SVG_TEXT },
        { "malignmark", IS_GLYPH },
        { "plaintext", IS(PLAINTEXT, NONE, ES_HTML_RAWTEXT | ES_HTML_CLOSES_P
                                           | STRICT) },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (es_word_load(rows[i].name) == first
            && es_word_load(rows[i].name + 8) == second)
        {
            return rows[i].is;
        }
    }

    return 0;
}
