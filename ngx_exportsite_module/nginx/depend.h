/*
 * What an answer depends on. Whatever is asked of a visit for the answer leaves
 * its mark in visit->depends, until the header goes out (cache_filter.c): one
 * bit for the visitor, and one for each request header that a shared cache can
 * tell apart by itself. What is in the URL leaves none.
 */
#ifndef NGX_EXPORTSITE_DEPEND_H
#define NGX_EXPORTSITE_DEPEND_H

#include "settings.h"
#include "visit.h"


#define NGX_EXPORTSITE_DEPEND_VISITOR   0x1
#define NGX_EXPORTSITE_DEPEND_LANGUAGE  0x2       /* Accept-Language */


/*
 * The bit of a request header. There are 63; what comes after them, or without
 * memory, is taken for the visitor's.
 */
uint64_t ngx_exportsite_depend_header(ngx_exportsite_main_conf_t *mcf,
    ngx_str_t *name);

/* The header of bit number n, n from 1; NULL after the last. */
ngx_str_t *ngx_exportsite_depend_name(ngx_exportsite_main_conf_t *mcf,
    ngx_uint_t n);

/*
 * Evaluates a value of the configuration; what it depends on is noted in the
 * visit, which may be NULL. NGX_ERROR without memory.
 */
ngx_int_t ngx_exportsite_value(ngx_http_request_t *r,
    ngx_exportsite_visit_t *visit, ngx_exportsite_value_t *value,
    ngx_str_t *text);


static ngx_inline void
ngx_exportsite_depend_visitor(ngx_exportsite_visit_t *visit)
{
    visit->depends |= NGX_EXPORTSITE_DEPEND_VISITOR;
}

#endif
