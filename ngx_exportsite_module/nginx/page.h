/*
 * A page on its way out, with slots to be filled. Made by the early header
 * filter, when the contents for this visitor are chosen, since its ETag is made
 * of them; carried out by the late filter, when the bytes come.
 */
#ifndef NGX_EXPORTSITE_PAGE_H
#define NGX_EXPORTSITE_PAGE_H

#include "content.h"
#include "settings.h"
#include "../core/html.h"


/* So many slots of one page are filled; bounds the buffers of a request. */
#define NGX_EXPORTSITE_FILLS_MAX   128

/* So many of them by subrequests. */
#define NGX_EXPORTSITE_URIS_MAX    16

/* What is held back of an open slot, with a mark that may end it. */
#define NGX_EXPORTSITE_HOLD_MAX    (ES_HTML_SLOT_MAX + 512)

typedef struct ngx_exportsite_plan_s  ngx_exportsite_plan_t;

/* What a slot of the configuration gets in this page. */
typedef struct {
    ngx_exportsite_content_t      *content;       /* NULL: see left, or uri */
    ngx_exportsite_left_e          left;
    ngx_str_t                      uri;           /* of a uri: slot */
} ngx_exportsite_fill_t;

typedef struct {
    ngx_http_request_t            *request;
    ngx_exportsite_loc_conf_t     *conf;
    ngx_exportsite_fill_t         *fills;         /* as conf->slots */
    ngx_str_t                      script;        /* the tag, or empty */
    ngx_str_t                      charset;       /* as it came */

    /* what comes in: offset base of the page is at text */
    uint64_t                       base;
    u_char                        *text;
    es_html_t                     *html;          /* or a plan: */
    ngx_exportsite_plan_t         *plan;
    ngx_uint_t                     step;          /* of the plan */
    ngx_exportsite_plan_t         *notes;         /* for a plan to come */

    /* what goes out */
    ngx_chain_t                   *out;
    ngx_chain_t                  **last;
    ngx_buf_t                     *tail;          /* the last of out */
    ngx_chain_t                   *busy;
    ngx_chain_t                   *free;
    ngx_buf_t                     *source;        /* the buffer being read */
    ngx_buf_t                     *slice;         /* the last one made of it */

    ngx_exportsite_fill_t         *open;          /* slot that will be filled */
    ngx_uint_t                     fill_count;
    ngx_uint_t                     uri_count;
    u_char                        *hold;          /* of the open slot */
    size_t                         held;
    u_char                         carry[8];      /* of an unfinished tag */
    size_t                         carried;

    u_char                         bom;           /* the page's first byte */
    unsigned                       gzip_tested:1; /* what they were before */
    unsigned                       gzip_ok:1;
    unsigned                       encoded:1;     /* it came compressed */
    unsigned                       passing:1;     /* the header went out */
    unsigned                       begun:1;       /* bytes came */
    unsigned                       raw:1;         /* the rest as it is */
    unsigned                       scripted:1;    /* its place was found */
    unsigned                       ended:1;
} ngx_exportsite_page_t;


extern ngx_module_t  ngx_exportsite_page_filter_module;


#define ngx_exportsite_page(r)                                                \
    ((ngx_exportsite_page_t *)                                                \
         ngx_http_get_module_ctx(r, ngx_exportsite_page_filter_module))

/* The response is compressed, or encoded in another way. */
#define ngx_exportsite_encoded(r)                                             \
    ((r)->headers_out.content_encoding != NULL                                \
     && (r)->headers_out.content_encoding->value.len != 0)

/* Pages have something to be put in here. */
#define ngx_exportsite_has_slots(lcf)                                         \
    ((lcf)->enable && ((lcf)->slots != NULL || (lcf)->script != NULL))

/*
 * The early header filter: if this response has slots, chooses their contents
 * and makes its validators those of this visitor's page.
 */
ngx_int_t ngx_exportsite_page_header(ngx_http_request_t *r);

/* The early body filter: how the page's bytes are to come. */
void ngx_exportsite_page_body(ngx_http_request_t *r, ngx_chain_t *in);

#endif
