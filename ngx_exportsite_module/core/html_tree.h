/*
 * The elements that are open inside a slot, or inside svg and math: as much of
 * WHATWG HTML's tree construction (section 13.2.6) as tells where an element
 * ends. There are no insertion modes; what is open is told by the stack alone,
 * and what was open before the stack began is not known: an end tag that finds
 * nothing of its own here is taken to be about one of those.
 */
#ifndef ES_HTML_TREE_H
#define ES_HTML_TREE_H

#include "html.h"


void es_html_tree_init(es_html_tree_t *t);

/*
 * The name of a start tag was read: what it ends is closed. With leaves, the
 * tag ends svg and math whatever its name.
 */
void es_html_tree_start(es_html_tree_t *t, es_html_tag_t tag, bool leaves);

/*
 * The same start tag to its end: an element that stays open is put on the
 * stack, as that of a slot if slot is set. False if there is no room.
 */
bool es_html_tree_push(es_html_tree_t *t, es_html_tag_t tag, bool slot);

/* An end tag. */
void es_html_tree_end(es_html_tree_t *t, es_html_tag_t tag);

/* The current element ends: its text was raw, and its end tag was found. */
void es_html_tree_pop(es_html_tree_t *t);

/* True if a start tag of this name has svg's or math's rules here. */
bool es_html_tree_foreign(const es_html_tree_t *t, es_html_tag_t tag);

/* True if the current element is svg's or math's: CDATA is possible. */
bool es_html_tree_cdata(const es_html_tree_t *t);

/* True while the element of a slot is open. */
bool es_html_tree_in_slot(const es_html_tree_t *t);

#endif
