/*
 * Plans of files, in a table of this worker's. A file is known by its inode,
 * size and time of change in nanoseconds (ctime: nobody can set it back), as
 * fstat() tells them of the very descriptor that will be read.
 */
#include "compat.h"

#include "page_plan.h"


#define NGX_EXPORTSITE_PLANS       8192
#define NGX_EXPORTSITE_PLAN_STEPS  (2 * NGX_EXPORTSITE_FILLS_MAX + 2)


typedef struct {
    uint64_t                       where;
    uint32_t                       slot;
    uint32_t                       event;         /* es_html_event_e */
} ngx_exportsite_step_t;

typedef struct {
    uint64_t                       dev;
    uint64_t                       ino;
    uint64_t                       sec;
    uint64_t                       nsec;
    uint64_t                       size;
    uint64_t                       from;          /* where the page begins */
    void                          *slots;         /* it was read for */
    void                          *script;
} ngx_exportsite_plan_key_t;

struct ngx_exportsite_plan_s {
    ngx_exportsite_plan_key_t      key;
    ngx_uint_t                     refs;
    ngx_uint_t                     n;
    ngx_exportsite_step_t          steps[];
};


static ngx_int_t ngx_exportsite_plan_key(ngx_exportsite_page_t *page,
    ngx_chain_t *in, ngx_exportsite_plan_key_t *key);
static ngx_exportsite_plan_t **ngx_exportsite_plan_place(
    ngx_exportsite_plan_key_t *key);
static void ngx_exportsite_plan_release(void *data);


extern ngx_module_t            ngx_http_copy_filter_module;

static ngx_exportsite_plan_t  *ngx_exportsite_plans[NGX_EXPORTSITE_PLANS];
static ngx_uint_t              ngx_exportsite_plans_alone;


/*
 * Offsets in a file are offsets in the page only if nobody between our two
 * filters changes it. nginx' own there do not, but others might: are there any?
 */
ngx_int_t
ngx_exportsite_plan_init(ngx_cycle_t *cycle)
{
    char         **name;
    ngx_uint_t     i, between;
    static char   *known[] = {
        "ngx_http_gunzip_filter_module", "ngx_http_userid_filter_module",
        "ngx_http_headers_filter_module", "ngx_http_copy_filter_module",
        "ngx_http_range_body_filter_module",
        "ngx_http_not_modified_filter_module", "ngx_http_slice_filter_module",
        "ngx_exportsite_module",
        "ngx_http_headers_more_filter_module", NULL
    };

    between = 0;
    ngx_exportsite_plans_alone = 0;

    for (i = 0; cycle->modules[i]; i++) {

        if (cycle->modules[i] == &ngx_exportsite_page_filter_module) {
            between = 1;
            continue;
        }

        if (ngx_strcmp(cycle->modules[i]->name,
                       "ngx_exportsite_header_filter_module")
            == 0)
        {
            ngx_exportsite_plans_alone = between;
            return NGX_OK;
        }

        if (!between) {
            continue;
        }

        for (name = known; *name != NULL; name++) {
            if (ngx_strcmp(cycle->modules[i]->name, *name) == 0) {
                break;
            }
        }

        if (*name == NULL) {
            return NGX_OK;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_exportsite_plan_begin(ngx_exportsite_page_t *page, ngx_chain_t *in)
{
    ngx_pool_cleanup_t         *cln;
    ngx_exportsite_plan_t      *plan;
    ngx_exportsite_plan_key_t   key;

    if (ngx_exportsite_plan_key(page, in, &key) != NGX_OK) {
        return NGX_DECLINED;
    }

    plan = *ngx_exportsite_plan_place(&key);

    if (plan != NULL
        && ngx_memcmp(&plan->key, &key, sizeof(ngx_exportsite_plan_key_t)) == 0)
    {
        if (plan->n == 0 && ngx_exportsite_plans_alone) {
            return NGX_DONE;
        }

        cln = ngx_pool_cleanup_add(page->request->pool, 0);
        if (cln == NULL) {
            return NGX_DECLINED;
        }

        cln->handler = ngx_exportsite_plan_release;
        cln->data = plan;

        plan->refs++;
        page->plan = plan;

        return NGX_OK;
    }

    /* what was just changed may change again and keep its time */

    if (!ngx_exportsite_file_settled(key.sec)) {
        return NGX_DECLINED;
    }

    page->notes = ngx_palloc(page->request->pool,
                             sizeof(ngx_exportsite_plan_t)
                             + NGX_EXPORTSITE_PLAN_STEPS
                               * sizeof(ngx_exportsite_step_t));

    if (page->notes != NULL) {
        page->notes->key = key;
        page->notes->n = 0;
    }

    return NGX_DECLINED;
}


/* NGX_DECLINED if the response is not a file, or its bytes will be changed. */
static ngx_int_t
ngx_exportsite_plan_key(ngx_exportsite_page_t *page, ngx_chain_t *in,
    ngx_exportsite_plan_key_t *key)
{
    ngx_buf_t        *b = in->buf;
    ngx_file_info_t   fi;

    if (page->encoded || in->next != NULL
        || !b->in_file || ngx_buf_in_memory(b)
        || !(b->last_buf || (b->last_in_chain
                             && page->request != page->request->main))
        || ngx_fd_info(b->file->fd, &fi) == NGX_FILE_ERROR
        || fi.st_size != b->file_last)
    {
        return NGX_DECLINED;
    }

    ngx_memzero(key, sizeof(ngx_exportsite_plan_key_t));

    key->dev = fi.st_dev;
    key->ino = fi.st_ino;
    key->sec = fi.st_ctim.tv_sec;
    key->nsec = fi.st_ctim.tv_nsec;
    key->size = fi.st_size;
    key->from = b->file_pos;
    key->slots = page->conf->slots;
    key->script = page->conf->script;

    return NGX_OK;
}


static ngx_exportsite_plan_t **
ngx_exportsite_plan_place(ngx_exportsite_plan_key_t *key)
{
    uint64_t  h;

    h = key->ino * 0x9e3779b97f4a7c15 ^ (uintptr_t) key->slots
        ^ (uintptr_t) key->script;

    return &ngx_exportsite_plans[(h ^ (h >> 32)) % NGX_EXPORTSITE_PLANS];
}


ngx_uint_t
ngx_exportsite_plan_holds(ngx_exportsite_page_t *page, ngx_buf_t *b)
{
    if (ngx_exportsite_plans_alone
        || (page->plan == NULL && page->notes == NULL)
        || (b->tag == (ngx_buf_tag_t) &ngx_http_copy_filter_module
            && b->pos == b->start))
    {
        return 1;
    }

    page->plan = NULL;
    page->notes = NULL;

    return 0;
}


void
ngx_exportsite_plan_note(ngx_exportsite_page_t *page, es_html_event_e event,
    uint64_t where, ngx_uint_t slot)
{
    ngx_exportsite_step_t  *step;
    ngx_exportsite_plan_t  *notes = page->notes;

    if (notes == NULL) {
        return;
    }

    if (notes->n == NGX_EXPORTSITE_PLAN_STEPS) {
        page->notes = NULL;
        return;
    }

    step = &notes->steps[notes->n++];
    step->where = where;
    step->slot = (uint32_t) slot;
    step->event = event;
}


void
ngx_exportsite_plan_keep(ngx_exportsite_page_t *page)
{
    size_t                   size;
    ngx_exportsite_plan_t   *plan, **place, *notes = page->notes;

    if (notes == NULL || page->base != notes->key.size - notes->key.from) {
        return;
    }

    page->notes = NULL;

    size = sizeof(ngx_exportsite_plan_t)
           + notes->n * sizeof(ngx_exportsite_step_t);

    plan = ngx_alloc(size, page->request->connection->log);
    if (plan == NULL) {
        return;
    }

    ngx_memcpy(plan, notes, size);
    plan->refs = 1;

    place = ngx_exportsite_plan_place(&plan->key);

    if (*place != NULL) {
        ngx_exportsite_plan_release(*place);
    }

    *place = plan;
}


static void
ngx_exportsite_plan_release(void *data)
{
    ngx_exportsite_plan_t  *plan = data;

    if (--plan->refs == 0) {
        ngx_free(plan);
    }
}


es_html_event_e
ngx_exportsite_plan_next(ngx_exportsite_page_t *page, uint64_t end,
    uint64_t *where, ngx_uint_t *slot)
{
    ngx_exportsite_step_t  *step;

    if (page->step == page->plan->n) {
        return ES_HTML_MORE;
    }

    step = &page->plan->steps[page->step];

    /* what happens at the very end of a buffer can wait for the next */

    if (step->where >= end) {
        return ES_HTML_MORE;
    }

    page->step++;
    *where = step->where;
    *slot = step->slot;

    return step->event;
}


void
ngx_exportsite_plan_exit(ngx_cycle_t *cycle)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_EXPORTSITE_PLANS; i++) {
        if (ngx_exportsite_plans[i] != NULL) {
            ngx_exportsite_plan_release(ngx_exportsite_plans[i]);
            ngx_exportsite_plans[i] = NULL;
        }
    }
}
