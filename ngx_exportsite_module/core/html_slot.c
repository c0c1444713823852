#include "html_element.h"
#include "html_state.h"
#include "html_tree.h"
#include "text.h"


static void
html_event(es_html_t *h, es_html_event_e event, uint64_t where)
{
    h->event = (uint8_t) event;
    h->where = where;
}


void
es_html_slot_give_up(es_html_t *h, es_html_why_e why)
{
    h->in_slot = false;
    h->why = why;
    html_event(h, ES_HTML_RAW, h->begun);
}


static void
html_open(es_html_t *h, int slot, bool element, const char *after)
{
    h->slot = slot;
    h->element = element;
    h->in_slot = true;
    h->opened = html_offset(h, after);
    html_event(h, ES_HTML_OPEN, h->opened);
}


void
es_html_slot_close(es_html_t *h, uint64_t where)
{
    if (where - h->opened > ES_HTML_SLOT_MAX) {
        es_html_slot_give_up(h, ES_HTML_LONG);
        return;
    }

    h->in_slot = false;
    html_event(h, ES_HTML_CLOSE, where);
}


/* After anything that may have ended a slot's element. */
void
es_html_slot_check(es_html_t *h)
{
    if (h->in_slot && h->element && !es_html_tree_in_slot(&h->tree)) {
        es_html_slot_close(h, h->begun);
    }
}


void
es_html_slot_mark(es_html_t *h, es_str_t data, const char *after)
{
    int   slot;
    bool  closes;

    while (data.len && html_space(data.data[0])) {
        data.data++;
        data.len--;
    }

    while (data.len && html_space(data.data[data.len - 1])) {
        data.len--;
    }

    closes = data.len && data.data[0] == '/';
    data.data += closes;
    data.len -= closes;

    if (data.len < 4 || memcmp(data.data, "es:", 3) != 0
        || closes != h->in_slot || (closes && h->element))
    {
        return;
    }

    data.data += 3;
    data.len -= 3;

    if (!es_name_valid(data)) {
        return;
    }

    slot = h->find(h->data, data);

    if (slot < 0) {
        return;
    }

    if (!closes) {
        html_open(h, slot, false, after);

    } else if (slot == h->slot) {
        es_html_slot_close(h, h->begun);
    }
}


void
es_html_slot_raw_ended(es_html_t *h)
{
    h->end_tag = true;
    h->tag.is = 0;
    h->state = HTML_BEFORE_NAME;
    es_html_tree_pop(&h->tree);
    es_html_slot_check(h);
}


/* The end tags of head and body, and of what is open. */
void
es_html_slot_end_tag(es_html_t *h)
{
    es_html_event_e  event;

    if (h->tree.depth) {
        es_html_tree_end(&h->tree, h->tag);
        es_html_slot_check(h);
    }

    switch (es_html_kind(h->tag.is)) {
    case ES_HTML_HEAD:
        event = ES_HTML_HEAD_END;
        break;
    case ES_HTML_BODY:
        event = ES_HTML_BODY_END;
        break;
    default:
        return;
    }

    if (h->event) {
        h->owed = (uint8_t) event;

    } else if (!h->in_slot) {
        html_event(h, event, h->begun);
    }
}


/* The number of the slot that a start tag names, or -1. */
static int
html_tag_slot(es_html_t *h)
{
    es_str_t  name;

    if (h->slot_name == HTML_NAME_NONE || h->in_slot) {
        return -1;
    }

    name = (es_str_t) { h->kept, h->mark };

    return es_name_valid(name) ? h->find(h->data, name) : -1;
}


/* A start tag that opens a slot, or whose element has a text of its own. */
void
es_html_slot_start_tag(es_html_t *h, const char *after)
{
    int   slot;
    bool  foreign;

    foreign = es_html_tree_foreign(&h->tree, h->tag);

    if (foreign || (h->tag.is & ES_HTML_FOREIGN)) {
        if (h->self_closing) {
            return;
        }

    } else if (h->tag.is & ES_HTML_VOID) {
        return;

    } else if (h->tag.is & ES_HTML_RAWTEXT) {
        h->raw = h->tag.name;
        h->level = 0;
        h->state = es_html_kind(h->tag.is) == ES_HTML_PLAINTEXT ? HTML_PLAIN
                                                                : HTML_RAW;
    }

    slot = html_tag_slot(h);

    if (slot < 0 && h->tree.depth == 0 && !(h->tag.is & ES_HTML_FOREIGN)) {
        return;
    }

    if (!es_html_tree_push(&h->tree, h->tag, slot >= 0)) {
        es_html_slot_give_up(h, ES_HTML_DEEP);
        return;
    }

    if (slot >= 0) {
        html_open(h, slot, true, after);
    }
}
