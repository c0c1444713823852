/*
 * Who is it? The visitor's id, from the site's own login or from our signed
 * cookie, and whether he may be recognised at all.
 */
#ifndef NGX_EXPORTSITE_VISITOR_H
#define NGX_EXPORTSITE_VISITOR_H

#include "visit.h"


/* Consent by the directive's value, and neither Sec-GPC nor DNT against it. */
ngx_uint_t ngx_exportsite_consent(ngx_exportsite_visit_t *visit);

/* The id a visitor came with; empty for a new one or without consent. */
ngx_str_t ngx_exportsite_visitor_known(ngx_exportsite_visit_t *visit);

/* The id, made now if this is a new visitor who may have one. */
ngx_str_t ngx_exportsite_visitor(ngx_exportsite_visit_t *visit);

/* Whoever it is, here it is nobody: as without consent. */
void ngx_exportsite_visitor_nobody(ngx_exportsite_visit_t *visit);

/* Kind of device and crawler, into the visit. */
void ngx_exportsite_agent(ngx_exportsite_visit_t *visit);

/* The crawler alone; one that is, is nobody: no visitor, no profile. */
ngx_uint_t ngx_exportsite_is_crawler(ngx_exportsite_visit_t *visit);

/* A cookie of the request; false if there is none of that name. */
ngx_uint_t ngx_exportsite_cookie(ngx_http_request_t *r, ngx_str_t *name,
    es_str_t *value);

/* A view is being answered: sets, signs anew or deletes the cookie. */
ngx_int_t ngx_exportsite_visitor_answer(ngx_exportsite_visit_t *visit);

/* The value of an on | off | value directive for this request. */
ngx_uint_t ngx_exportsite_switch(ngx_http_request_t *r,
    ngx_exportsite_switch_t *sw);

#endif
