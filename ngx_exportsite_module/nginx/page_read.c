/*
 * The slots of a page are found and filled as it streams through. What a slot
 * encloses is held back until its end is seen, so a page that is not what it
 * seems goes out as it came.
 */
#include "compat.h"

#include "page_out.h"
#include "page_plan.h"
#include "page_read.h"
#include "page_uri.h"
#include "visit.h"
#include "worker.h"


/* One thing in the page that matters: as the scanner or a plan tells it. */
typedef struct {
    es_html_event_e            what;
    uint64_t                   where;
    ngx_uint_t                 slot;              /* or es_html_why_e */
} ngx_exportsite_found_t;


static ngx_int_t ngx_exportsite_page_start(ngx_exportsite_page_t *page);
static ngx_int_t ngx_exportsite_page_read(ngx_exportsite_page_t *page,
    u_char *last);
static ngx_int_t ngx_exportsite_page_end(ngx_exportsite_page_t *page);
static ngx_int_t ngx_exportsite_page_found(ngx_exportsite_page_t *page,
    ngx_exportsite_found_t *found, u_char **from);
static ngx_int_t ngx_exportsite_page_open(ngx_exportsite_page_t *page,
    ngx_exportsite_found_t *found, u_char **from);
static ngx_int_t ngx_exportsite_page_close(ngx_exportsite_page_t *page,
    ngx_exportsite_found_t *found, u_char **from);
static ngx_int_t ngx_exportsite_page_script(ngx_exportsite_page_t *page,
    ngx_exportsite_found_t *found, u_char **from);
static ngx_int_t ngx_exportsite_page_hold(ngx_exportsite_page_t *page,
    u_char *from, u_char *to);
static ngx_int_t ngx_exportsite_page_wait(ngx_exportsite_page_t *page,
    u_char *from, u_char *last);
static ngx_int_t ngx_exportsite_page_raw(ngx_exportsite_page_t *page);
static ngx_int_t ngx_exportsite_page_carried(ngx_exportsite_page_t *page);


ngx_int_t
ngx_exportsite_page_buffer(ngx_exportsite_page_t *page, ngx_buf_t *b)
{
    page->source = b;
    page->slice = NULL;
    page->text = b->pos;

    if (ngx_buf_in_memory(b) && b->pos != b->last
        && !ngx_exportsite_plan_holds(page, b)
        && page->html == NULL && page->base != 0
        && ngx_exportsite_page_raw(page) != NGX_OK)
    {
        /* it was read by a plan so far, so it cannot be scanned now */
        return NGX_ERROR;
    }

    if (page->html == NULL && page->plan == NULL
        && ngx_exportsite_page_start(page) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_buf_in_memory(b)) {
        if (ngx_exportsite_page_read(page, b->last) != NGX_OK) {
            return NGX_ERROR;
        }

        page->base += b->last - b->pos;
        page->text = b->last;

    } else if (b->in_file) {
        /* nobody read the file into memory: its slots cannot be seen */

        if (ngx_exportsite_page_raw(page) != NGX_OK
            || ngx_exportsite_out_file(page) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (!page->ended
        && (b->last_buf
            || (b->last_in_chain && page->request != page->request->main)))
    {
        page->ended = 1;

        if (ngx_exportsite_page_end(page) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_exportsite_out_read(page);
}


/* The number of a slot that is configured here. */
static int
ngx_exportsite_page_slot(void *data, es_str_t name)
{
    ngx_uint_t                   i;
    ngx_array_t                 *slots = data;
    ngx_exportsite_slot_conf_t  *slot;

    if (slots == NULL) {
        return -1;
    }

    slot = slots->elts;

    for (i = 0; i < slots->nelts; i++) {
        if (es_str_eq(ngx_exportsite_es(slot[i].name), name)) {
            return (int) i;
        }
    }

    return -1;
}


static ngx_int_t
ngx_exportsite_page_start(ngx_exportsite_page_t *page)
{
    page->html = ngx_palloc(page->request->pool, sizeof(es_html_t));
    if (page->html == NULL) {
        return NGX_ERROR;
    }

    es_html_init(page->html, ngx_exportsite_page_slot, page->conf->slots);

    return NGX_OK;
}


/* UTF-16 tells itself by its first two bytes, which may come one by one. */
static ngx_uint_t
ngx_exportsite_page_wide(ngx_exportsite_page_t *page, u_char *last)
{
    u_char  first, second;

    if (page->base == 0 && last - page->text > 1) {
        first = page->text[0];
        second = page->text[1];

    } else if (page->base == 1 && last > page->text) {
        first = page->bom;
        second = page->text[0];

    } else {
        if (page->base == 0 && last > page->text) {
            page->bom = page->text[0];
        }

        return 0;
    }

    return (first == 0xff && second == 0xfe)
           || (first == 0xfe && second == 0xff);
}


/* What the scanner told. */
static ngx_uint_t
ngx_exportsite_page_told(es_html_t *html, es_html_event_e what,
    ngx_exportsite_found_t *found)
{
    found->what = what;
    found->where = html->where;
    found->slot = what == ES_HTML_RAW ? (ngx_uint_t) html->why
                                      : (ngx_uint_t) html->slot;

    return what != ES_HTML_MORE;
}


/* True if something was found in the buffer. */
static ngx_uint_t
ngx_exportsite_page_next(ngx_exportsite_page_t *page, u_char *last,
    ngx_exportsite_found_t *found)
{
    u_char     *p;
    es_html_t  *html = page->html;

    if (page->plan != NULL) {
        found->what = ngx_exportsite_plan_next(page,
                                    page->base + (last - page->text),
                                    &found->where, &found->slot);

        return found->what != ES_HTML_MORE;
    }

    p = page->text + (html->at - page->base);

    return ngx_exportsite_page_told(html,
                                    es_html_scan(html, (es_str_t)
                                                 { last - p, (char *) p }),
                                    found);
}


static ngx_int_t
ngx_exportsite_page_read(ngx_exportsite_page_t *page, u_char *last)
{
    u_char                  *from = page->text;
    ngx_exportsite_found_t   found;

    if (!page->raw && page->base < 2 && ngx_exportsite_page_wide(page, last)) {
        ngx_exportsite_count(slots_passed_encoding);
        page->notes = NULL;

        if (ngx_exportsite_page_raw(page) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (!page->raw && page->html != NULL) {
        ngx_exportsite_worker.counters->slots_bytes += last - from;
    }

    while (!page->raw && ngx_exportsite_page_next(page, last, &found)) {
        if (ngx_exportsite_page_found(page, &found, &from) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (page->raw) {
        return ngx_exportsite_out_slice(page, from, last);
    }

    return ngx_exportsite_page_wait(page, from, last);
}


/* The page is over: what was open or waiting is decided. */
static ngx_int_t
ngx_exportsite_page_end(ngx_exportsite_page_t *page)
{
    u_char                  *from = page->text;
    ngx_exportsite_found_t   found;

    if (!page->raw && page->plan != NULL) {

        while ((found.what = ngx_exportsite_plan_next(page, (uint64_t) -1,
                                                      &found.where,
                                                      &found.slot))
               != ES_HTML_MORE)
        {
            if (ngx_exportsite_page_found(page, &found, &from) != NGX_OK) {
                return NGX_ERROR;
            }
        }

    } else if (!page->raw) {

        if (es_html_unfinished(page->html)) {
            ngx_exportsite_count(slots_passed_unfinished);
        }

        if (ngx_exportsite_page_told(page->html, es_html_end(page->html),
                                     &found)
            && ngx_exportsite_page_found(page, &found, &from) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_exportsite_plan_keep(page);

    return ngx_exportsite_page_carried(page);
}


/* From is what of the buffer was not put out yet. */
static ngx_int_t
ngx_exportsite_page_found(ngx_exportsite_page_t *page,
    ngx_exportsite_found_t *found, u_char **from)
{
    switch (found->what) {

    case ES_HTML_OPEN:
        return ngx_exportsite_page_open(page, found, from);

    case ES_HTML_CLOSE:
        return ngx_exportsite_page_close(page, found, from);

    case ES_HTML_HEAD_END:
    case ES_HTML_BODY_END:
        return ngx_exportsite_page_script(page, found, from);

    default: /* ES_HTML_RAW */
        break;
    }

    ngx_exportsite_plan_note(page, found->what, found->where, found->slot);

    switch (found->slot) {

    case ES_HTML_LONG:
        ngx_exportsite_count(slots_left_long);
        break;

    case ES_HTML_DEEP:
        ngx_exportsite_count(slots_left_deep);
        break;

    default: /* ES_HTML_UNCLOSED */
        ngx_exportsite_count(slots_left_unclosed);
    }

    return ngx_exportsite_page_raw(page);
}


/* Puts out what lies before an event in this buffer. */
static ngx_int_t
ngx_exportsite_page_before(ngx_exportsite_page_t *page, uint64_t where,
    u_char **from)
{
    u_char  *to = page->text + (where - page->base);

    if (ngx_exportsite_page_carried(page) != NGX_OK
        || ngx_exportsite_out_slice(page, *from, to) != NGX_OK)
    {
        return NGX_ERROR;
    }

    *from = to;

    return NGX_OK;
}


static ngx_int_t
ngx_exportsite_page_open(ngx_exportsite_page_t *page,
    ngx_exportsite_found_t *found, u_char **from)
{
    ngx_exportsite_fill_t  *fill = &page->fills[found->slot];

    ngx_exportsite_plan_note(page, found->what, found->where, found->slot);
    ngx_exportsite_count(slots_seen);

    if (fill->left != ngx_exportsite_filled) {
        ngx_exportsite_count(slots_left[fill->left]);
        return NGX_OK;
    }

    if (page->fill_count == NGX_EXPORTSITE_FILLS_MAX) {
        ngx_exportsite_count(slots_left_many);
        page->notes = NULL;
        return ngx_exportsite_page_raw(page);
    }

    if (fill->content == NULL
        && ++page->uri_count > NGX_EXPORTSITE_URIS_MAX)
    {
        /* each holds a connection, and a megabyte for a slow reader */
        ngx_exportsite_count(slots_left_many);
        return NGX_OK;
    }

    page->fill_count++;
    page->open = fill;
    page->held = 0;

    return ngx_exportsite_page_before(page, found->where, from);
}


static ngx_int_t
ngx_exportsite_page_close(ngx_exportsite_page_t *page,
    ngx_exportsite_found_t *found, u_char **from)
{
    size_t                  mark;
    u_char                 *to, *copy;
    ngx_int_t               rc;
    ngx_str_t               own;
    ngx_exportsite_fill_t  *fill = page->open;

    ngx_exportsite_plan_note(page, found->what, found->where, found->slot);

    if (fill == NULL) {
        return NGX_OK;
    }

    page->open = NULL;

    /* the mark that ends the slot may have begun in what is held */

    mark = found->where < page->base ? (size_t) (page->base - found->where) : 0;
    to = mark ? *from : page->text + (found->where - page->base);

    if (fill->content != NULL) {
        ngx_exportsite_count(slots_filled);
        rc = ngx_exportsite_out_bytes(page, fill->content->data,
                                      fill->content->len);
    } else {
        rc = ngx_exportsite_page_hold(page, *from, to);

        if (rc == NGX_OK) {
            own.data = page->hold;
            own.len = page->held - mark;
            rc = ngx_exportsite_page_uri(page, &fill->uri, &own);
        }
    }

    *from = to;

    if (rc != NGX_OK || mark == 0) {
        return rc;
    }

    if (mark <= sizeof(page->carry)) {
        /* it may be </body>, before which the script is put */
        ngx_memcpy(page->carry, page->hold + page->held - mark, mark);
        page->carried = mark;
        return NGX_OK;
    }

    copy = ngx_pnalloc(page->request->pool, mark);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy, page->hold + page->held - mark, mark);

    return ngx_exportsite_out_bytes(page, copy, mark);
}


/* The script's tag goes before the end of the head, else of the body; once. */
static ngx_int_t
ngx_exportsite_page_script(ngx_exportsite_page_t *page,
    ngx_exportsite_found_t *found, u_char **from)
{
    size_t                   n;
    ngx_exportsite_visit_t  *visit;

    if (page->conf->script == NULL || page->scripted) {
        return NGX_OK;
    }

    ngx_exportsite_plan_note(page, found->what, found->where, 0);
    page->scripted = 1;

    /* a page made of several has it in the first that has a place for it */

    visit = ngx_exportsite_visit(page->request);

    if (page->script.len == 0 || (visit != NULL && visit->scripted)) {
        return NGX_OK;
    }

    if (visit != NULL) {
        visit->scripted = 1;
    }

    ngx_exportsite_count(slots_scripts);

    if (found->where >= page->base) {
        return ngx_exportsite_page_before(page, found->where, from) == NGX_OK
               ? ngx_exportsite_out_bytes(page, page->script.data,
                                          page->script.len)
               : NGX_ERROR;
    }

    /* the end tag began in the buffers before */

    n = (size_t) (page->base - found->where);
    n = page->carried - ngx_min(n, page->carried);

    if (ngx_exportsite_out_few(page, page->carry, n) != NGX_OK
        || ngx_exportsite_out_bytes(page, page->script.data,
                                    page->script.len)
           != NGX_OK
        || ngx_exportsite_out_few(page, page->carry + n, page->carried - n)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    page->carried = 0;

    return NGX_OK;
}


/* Keeps bytes of an open slot. */
static ngx_int_t
ngx_exportsite_page_hold(ngx_exportsite_page_t *page, u_char *from, u_char *to)
{
    if (page->hold == NULL) {
        page->hold = ngx_pnalloc(page->request->pool,
                                 NGX_EXPORTSITE_HOLD_MAX);
        if (page->hold == NULL) {
            return NGX_ERROR;
        }
    }

    if (from != to) {
        ngx_memcpy(page->hold + page->held, from, to - from);
        page->held += to - from;
    }

    return NGX_OK;
}


/* The rest of a buffer: what of it must wait for what comes next is kept. */
static ngx_int_t
ngx_exportsite_page_wait(ngx_exportsite_page_t *page, u_char *from,
    u_char *last)
{
    size_t  pending;

    if (page->open != NULL) {

        if (page->held + (last - from) <= NGX_EXPORTSITE_HOLD_MAX) {
            return ngx_exportsite_page_hold(page, from, last);
        }

        /* only a plan can promise more than a scanner will keep */

        if (ngx_exportsite_page_raw(page) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_exportsite_out_slice(page, from, last);
    }

    pending = 0;

    if (page->html != NULL && page->script.len > 0 && !page->scripted) {
        pending = es_html_pending(page->html);
    }

    if (pending <= (size_t) (last - from)) {
        if (ngx_exportsite_page_carried(page) != NGX_OK
            || ngx_exportsite_out_slice(page, from, last - pending) != NGX_OK)
        {
            return NGX_ERROR;
        }

        from = last - pending;
    }

    ngx_memcpy(page->carry + page->carried, from, last - from);
    page->carried += last - from;

    return NGX_OK;
}


/* Puts out what waited. */
static ngx_int_t
ngx_exportsite_page_carried(ngx_exportsite_page_t *page)
{
    size_t  n = page->carried;

    page->carried = 0;

    return ngx_exportsite_out_few(page, page->carry, n);
}


/* From here on the page goes out as it comes. */
static ngx_int_t
ngx_exportsite_page_raw(ngx_exportsite_page_t *page)
{
    page->raw = 1;

    if (page->open != NULL) {
        page->open = NULL;
        return ngx_exportsite_out_bytes(page, page->hold, page->held);
    }

    return ngx_exportsite_page_carried(page);
}
