#include "html_element.h"
#include "html_tree.h"


#define TREE_NO_SLOT  ES_HTML_DEPTH

enum { TREE_HTML = 0, TREE_SVG, TREE_MATH };

/* What a search of the stack came to: an index, or one of these */
enum { TREE_BARRED = -1, TREE_OUTSIDE = -2 };

/* How far a search goes: up to the first element that has one of these. */
typedef uint32_t tree_mask_t;


void
es_html_tree_init(es_html_tree_t *t)
{
    t->depth = 0;
    t->slot = TREE_NO_SLOT;
    t->misplaced = false;
}


bool
es_html_tree_in_slot(const es_html_tree_t *t)
{
    return t->slot != TREE_NO_SLOT;
}


/* Closes all elements from the nth on. */
static void
tree_cut(es_html_tree_t *t, int n)
{
    t->depth = n;

    if (t->slot >= n) {
        t->slot = TREE_NO_SLOT;
    }
}


/* Closes the nth element, and leaves open what is inside it. */
static void
tree_remove(es_html_tree_t *t, int n)
{
    t->depth--;
    memmove(&t->open[n], &t->open[n + 1],
            (size_t) (t->depth - n) * sizeof(es_html_open_t));

    if (t->slot == n) {
        t->slot = TREE_NO_SLOT;

        if (n == 0) {
            t->depth = 0;
        }

    } else if (t->slot != TREE_NO_SLOT && t->slot > n) {
        t->slot--;
    }
}


/* An element of svg or math whose children are HTML's again. */
static bool
tree_point(const es_html_open_t *e)
{
    return (e->space == TREE_SVG && (e->is & ES_HTML_SVG_POINT))
           || (e->space == TREE_MATH && (e->is & ES_HTML_MATH_POINT));
}


static bool
tree_bars(const es_html_open_t *e, tree_mask_t mask)
{
    if (e->space == TREE_HTML) {
        return e->is & mask;
    }

    return (mask & (ES_HTML_SCOPE | ES_HTML_SPECIAL | ES_HTML_STOPS))
           && tree_point(e);
}


/* The innermost open element of a name, or of a kind. */
static int
tree_find(const es_html_tree_t *t, uint64_t name, es_html_kind_e kind,
    tree_mask_t mask)
{
    int                    i;
    const es_html_open_t  *e;

    for (i = t->depth - 1; i >= 0; i--) {
        e = &t->open[i];

        if (e->space == TREE_HTML
            && (kind ? es_html_kind(e->is) == kind : e->name == name))
        {
            return i;
        }

        if (tree_bars(e, mask)) {
            return TREE_BARRED;
        }
    }

    return TREE_OUTSIDE;
}


static es_html_kind_e
tree_current(const es_html_tree_t *t)
{
    const es_html_open_t  *e;

    if (t->depth == 0) {
        return ES_HTML_OTHER;
    }

    e = &t->open[t->depth - 1];

    return e->space == TREE_HTML ? es_html_kind(e->is) : ES_HTML_OTHER;
}


static void
tree_close(es_html_tree_t *t, es_html_kind_e kind, tree_mask_t mask)
{
    int  n;

    n = tree_find(t, 0, kind, mask);

    if (n >= 0) {
        tree_cut(t, n);
    }
}


void
es_html_tree_pop(es_html_tree_t *t)
{
    if (t->depth) {
        tree_cut(t, t->depth - 1);
    }
}


bool
es_html_tree_cdata(const es_html_tree_t *t)
{
    return t->depth && t->open[t->depth - 1].space != TREE_HTML;
}


bool
es_html_tree_foreign(const es_html_tree_t *t, es_html_tag_t tag)
{
    const es_html_open_t  *e;

    if (t->depth == 0) {
        return false;
    }

    e = &t->open[t->depth - 1];

    if (e->space == TREE_HTML) {
        return false;
    }

    /* in mi and its like, these two are math's */
    return !tree_point(e) || (e->space == TREE_MATH
                              && es_html_kind(tag.is) == ES_HTML_GLYPH);
}


/* Closes elements of svg and math until HTML's rules are in force. */
static void
tree_leave(es_html_tree_t *t)
{
    int  n;

    for (n = t->depth; n > 0; n--) {
        if (t->open[n - 1].space == TREE_HTML || tree_point(&t->open[n - 1])) {
            break;
        }
    }

    tree_cut(t, n);
}


/*
 * Where a part of a table begins, all ends that is open up to the innermost
 * part, or table, that can hold it. If that is not here, but around, the parts
 * end that cannot hold it.
 */
static void
tree_start_table_part(es_html_tree_t *t, es_html_kind_e kind)
{
    int                    i, cut;
    uint64_t               ends;
    const es_html_open_t  *e;

    ends = UINT64_C(1) << ES_HTML_CAPTION | UINT64_C(1) << ES_HTML_CELL;

    if (kind != ES_HTML_COL) {
        ends |= UINT64_C(1) << ES_HTML_COLGROUP;

        if (kind != ES_HTML_CELL) {
            ends |= UINT64_C(1) << ES_HTML_ROW;

            if (kind != ES_HTML_ROW) {
                ends |= UINT64_C(1) << ES_HTML_SECTION;
            }
        }

    } else {
        ends |= UINT64_C(1) << ES_HTML_ROW | UINT64_C(1) << ES_HTML_SECTION;
    }

    cut = t->depth;

    for (i = t->depth - 1; i >= 0; i--) {
        e = &t->open[i];

        if (e->space != TREE_HTML
            || !(e->is & (ES_HTML_TABLE_PART | ES_HTML_SCOPE_TABLE)))
        {
            continue;
        }

        if (ends >> es_html_kind(e->is) & 1) {
            cut = i;
            continue;
        }

        if ((e->is & ES_HTML_TABLE_PART)
            || es_html_kind(e->is) == ES_HTML_TABLE)
        {
            cut = i + 1;
        }

        break;
    }

    tree_cut(t, cut);
}


/* Ends what the start tag of one of its kind ends. */
static void
tree_start_kind(es_html_tree_t *t, es_html_kind_e kind)
{
    int  n;

    switch (kind) {

    case ES_HTML_LI:
    case ES_HTML_DD:
        tree_close(t, kind, ES_HTML_STOPS);
        break;

    case ES_HTML_BUTTON:
    case ES_HTML_SELECT:
        tree_close(t, kind, ES_HTML_SCOPE);
        break;

    case ES_HTML_A:
    case ES_HTML_NOBR:
        n = tree_find(t, 0, kind, ES_HTML_SCOPE);

        if (n >= 0) {
            tree_remove(t, n);
        }

        break;

    case ES_HTML_OPTION:
    case ES_HTML_OPTGROUP:
        if (tree_current(t) == ES_HTML_OPTION) {
            es_html_tree_pop(t);
        }

        if (kind == ES_HTML_OPTGROUP && tree_current(t) == kind) {
            es_html_tree_pop(t);
        }

        break;

    case ES_HTML_RUBY:
        while (tree_current(t) == ES_HTML_RUBY) {
            es_html_tree_pop(t);
        }

        break;

    case ES_HTML_TABLE:
        switch (tree_current(t)) {
        case ES_HTML_TABLE:
        case ES_HTML_SECTION:
        case ES_HTML_ROW:
            tree_close(t, kind, ES_HTML_SCOPE_TABLE);
            break;
        default:
            break;
        }

        break;

    case ES_HTML_BODY:
        if (tree_current(t) == ES_HTML_HEAD) {
            es_html_tree_pop(t);
        }

        break;

    default:
        break;
    }
}


void
es_html_tree_start(es_html_tree_t *t, es_html_tag_t tag, bool leaves)
{
    es_html_kind_e  kind;

    kind = es_html_kind(tag.is);

    if (es_html_tree_foreign(t, tag)) {
        if (!leaves && !(tag.is & ES_HTML_BREAKOUT)) {
            return;
        }

        tree_leave(t);
    }

    if (tag.is & ES_HTML_TABLE_PART) {
        tree_start_table_part(t, kind);
        return;
    }

    tree_start_kind(t, kind);

    if (tag.is & ES_HTML_CLOSES_P) {
        tree_close(t, ES_HTML_P, ES_HTML_SCOPE | ES_HTML_SCOPE_BUTTON);
    }

    if (kind == ES_HTML_HEADING && tree_current(t) == kind) {
        es_html_tree_pop(t);
    }
}


/* A start tag without effect: the element it would begin cannot be here. */
static bool
tree_misplaced(const es_html_tree_t *t, es_html_tag_t tag)
{
    int  i;

    switch (es_html_kind(tag.is)) {

    case ES_HTML_FORM:
        return tree_find(t, 0, ES_HTML_FORM, 0) >= 0
               && tree_find(t, 0, ES_HTML_TEMPLATE, 0) < 0;

    case ES_HTML_HTML:
        return true;

    case ES_HTML_HEAD:
    case ES_HTML_BODY:
        return tree_current(t) != ES_HTML_HTML;

    default:
        break;
    }

    if (!(tag.is & ES_HTML_TABLE_PART)) {
        return false;
    }

    for (i = t->depth - 1; i >= 0; i--) {
        if (t->open[i].space == TREE_HTML
            && (t->open[i].is & (ES_HTML_TABLE_PART | ES_HTML_SCOPE_TABLE)))
        {
            return false;
        }
    }

    return true;
}


bool
es_html_tree_push(es_html_tree_t *t, es_html_tag_t tag, bool slot)
{
    uint32_t         space;
    es_html_open_t  *e;

    if (es_html_tree_foreign(t, tag)) {
        space = t->open[t->depth - 1].space;

    } else {
        if (!slot && tree_misplaced(t, tag)) {
            t->misplaced |= (tag.is & ES_HTML_TABLE_PART) != 0;
            return true;
        }

        space = es_html_kind(tag.is) == ES_HTML_SVG ? TREE_SVG
                : es_html_kind(tag.is) == ES_HTML_MATH ? TREE_MATH : TREE_HTML;
    }

    if (t->depth == ES_HTML_DEPTH) {
        return false;
    }

    if (slot) {
        t->slot = t->depth;
        t->misplaced = false;
    }

    e = &t->open[t->depth++];
    e->name = tag.name;
    e->is = tag.is;
    e->space = space;

    return true;
}


/* Is one of HTML's special elements open? */
static bool
tree_block(const es_html_tree_t *t)
{
    int  i;

    for (i = 0; i < t->depth; i++) {
        if (tree_bars(&t->open[i], ES_HTML_SPECIAL)) {
            return true;
        }
    }

    return false;
}


/* </form> ends the form, but not what is open inside. */
static void
tree_end_form(es_html_tree_t *t)
{
    int                    n;
    const es_html_open_t  *e;

    for (n = t->depth; n > 0; n--) {
        e = &t->open[n - 1];

        if (e->space != TREE_HTML || !(e->is & ES_HTML_IMPLIED)) {
            break;
        }
    }

    tree_cut(t, n);
    n = tree_find(t, 0, ES_HTML_FORM, ES_HTML_SCOPE);

    if (n >= 0) {
        tree_remove(t, n);
    }
}


/*
 * An end tag that is about nothing that is open here, and is not barred from
 * what is around: does it end that, and so all of this?
 */
static bool
tree_ends_parent(const es_html_tree_t *t, es_html_tag_t tag)
{
    if (tag.is & ES_HTML_TABLE_PART) {
        /* or it is the end of one that was not begun */
        return !t->misplaced;
    }

    switch (es_html_end_of(tag.is)) {

    case ES_HTML_END_ORDINARY:
        /* a stray </g> in svg is more likely than an element around it */
        if ((tag.is & ES_HTML_FOREIGN)
            || (t->open[0].space != TREE_HTML
                && !(tag.is & ES_HTML_BREAKOUT)))
        {
            return false;
        }

        /* fall through */

    case ES_HTML_END_FORMAT:
    case ES_HTML_END_P:
        return !tree_block(t);

    default:
        return true;
    }
}


/* An end tag by HTML's rules. */
static void
tree_end_html(es_html_tree_t *t, es_html_tag_t tag)
{
    int             n;
    es_html_end_e   end;
    es_html_kind_e  kind;

    static const tree_mask_t  masks[] = {
        [ES_HTML_END_ORDINARY] = ES_HTML_SPECIAL,
        [ES_HTML_END_FORMAT] = ES_HTML_SCOPE,
        [ES_HTML_END_BLOCK] = ES_HTML_SCOPE,
        [ES_HTML_END_LI] = ES_HTML_SCOPE | ES_HTML_SCOPE_LIST,
        [ES_HTML_END_P] = ES_HTML_SCOPE | ES_HTML_SCOPE_BUTTON,
        [ES_HTML_END_HEADING] = ES_HTML_SCOPE,
        [ES_HTML_END_TABLE] = ES_HTML_SCOPE_TABLE,
        [ES_HTML_END_ANY] = 0,
    };

    end = es_html_end_of(tag.is);

    if (end == ES_HTML_END_NONE) {
        return;
    }

    if (end == ES_HTML_END_FORM) {
        tree_end_form(t);
        return;
    }

    /* any heading's end tag ends any heading */
    kind = end == ES_HTML_END_HEADING ? ES_HTML_HEADING : ES_HTML_OTHER;
    n = tree_find(t, tag.name, kind, masks[end]);

    if (n >= 0 && end == ES_HTML_END_FORMAT) {
        /* what is inside stays open, or is opened again by a browser */
        tree_remove(t, n);

    } else if (n >= 0) {
        tree_cut(t, n);

    } else if (n == TREE_OUTSIDE && tree_ends_parent(t, tag)) {
        tree_cut(t, 0);
    }
}


void
es_html_tree_end(es_html_tree_t *t, es_html_tag_t tag)
{
    int                    i;
    const es_html_open_t  *e;

    e = &t->open[t->depth - 1];

    if (e->space != TREE_HTML && (es_html_kind(tag.is) == ES_HTML_P
                                  || es_html_kind(tag.is) == ES_HTML_BR))
    {
        tree_leave(t);
    }

    for (i = t->depth - 1; i >= 0; i--) {
        e = &t->open[i];

        if (e->space == TREE_HTML) {
            break;
        }

        if (e->name == tag.name) {
            tree_cut(t, i);
            return;
        }
    }

    if (t->depth) {
        tree_end_html(t, tag);
    }
}
