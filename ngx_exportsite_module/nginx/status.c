/*
 * exportsite_status: how the module is, in the form that is asked for.
 */
#include "compat.h"

#include "../core/query.h"
#include "reply.h"
#include "status.h"
#include "status_html.h"
#include "status_json.h"
#include "status_prometheus.h"
#include "status_sums.h"


typedef ngx_int_t (*ngx_exportsite_status_pt)(ngx_http_request_t *r,
    ngx_exportsite_status_t *status);

typedef struct {
    es_str_t                  name;
    ngx_exportsite_status_pt  answer;
} ngx_exportsite_status_form_t;


static ngx_exportsite_status_pt ngx_exportsite_status_form(
    ngx_http_request_t *r);
static ngx_int_t ngx_exportsite_status_unknown(ngx_http_request_t *r);
static ngx_int_t ngx_exportsite_status_answer_json(ngx_http_request_t *r,
    ngx_exportsite_status_t *status);
static ngx_int_t ngx_exportsite_status_answer_html(ngx_http_request_t *r,
    ngx_exportsite_status_t *status);
static ngx_int_t ngx_exportsite_status_answer_prometheus(
    ngx_http_request_t *r, ngx_exportsite_status_t *status);


/* the first is the default */
static const ngx_exportsite_status_form_t  ngx_exportsite_status_forms[] = {
    { { 4, "json" }, ngx_exportsite_status_answer_json },
    { { 4, "html" }, ngx_exportsite_status_answer_html },
    { { 10, "prometheus" }, ngx_exportsite_status_answer_prometheus }
};


ngx_int_t
ngx_exportsite_status_handler(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_exportsite_status_t   status;
    ngx_exportsite_status_pt  answer;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    answer = ngx_exportsite_status_form(r);
    if (answer == NULL) {
        return ngx_exportsite_status_unknown(r);
    }

    rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

    if (ngx_exportsite_status_gather(r, &status) == NGX_OK) {
        rc = answer(r, &status);
    }

    ngx_exportsite_status_free(&status);

    return rc;
}


/* NULL: the request asks for a form that there is not. */
static ngx_exportsite_status_pt
ngx_exportsite_status_form(ngx_http_request_t *r)
{
    char        *buf;
    es_str_t     value;
    ngx_uint_t   i;

    /* a value that is decoded cannot be longer than all of them */

    buf = ngx_pnalloc(r->pool, r->args.len + 1);
    if (buf == NULL) {
        return NULL;
    }

    if (!es_query_find(ngx_exportsite_es(r->args), es_str("format"), buf,
                       r->args.len, &value))
    {
        return ngx_exportsite_status_forms[0].answer;
    }

    for (i = 0; i < sizeof(ngx_exportsite_status_forms)
                    / sizeof(ngx_exportsite_status_forms[0]); i++)
    {
        if (es_str_eq(value, ngx_exportsite_status_forms[i].name)) {
            return ngx_exportsite_status_forms[i].answer;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_exportsite_status_unknown(ngx_http_request_t *r)
{
    ngx_exportsite_reply_t  reply;

    ngx_exportsite_reply_init(&reply, r);
    ngx_exportsite_reply_text(&reply,
        "the format is not known: take format=json, format=html or "
        "format=prometheus\n");

    return ngx_exportsite_reply_send(&reply, NGX_HTTP_BAD_REQUEST,
                                     "text/plain; charset=utf-8");
}


static ngx_int_t
ngx_exportsite_status_answer_json(ngx_http_request_t *r,
    ngx_exportsite_status_t *status)
{
    return ngx_exportsite_json_send(r, ngx_exportsite_status_json(status));
}


static ngx_int_t
ngx_exportsite_status_answer_html(ngx_http_request_t *r,
    ngx_exportsite_status_t *status)
{
    ngx_exportsite_reply_t  reply;

    ngx_exportsite_reply_init(&reply, r);
    ngx_exportsite_status_html(&reply, status);

    /* the page needs nothing but its own style, and runs nothing */
    ngx_exportsite_reply_header(&reply, "Content-Security-Policy",
                                "default-src 'none'; "
                                "style-src 'unsafe-inline'");

    return ngx_exportsite_reply_send(&reply, NGX_HTTP_OK,
                                     "text/html; charset=utf-8");
}


static ngx_int_t
ngx_exportsite_status_answer_prometheus(ngx_http_request_t *r,
    ngx_exportsite_status_t *status)
{
    ngx_exportsite_reply_t  reply;

    ngx_exportsite_reply_init(&reply, r);
    ngx_exportsite_status_prometheus(&reply, status);

    return ngx_exportsite_reply_send(&reply, NGX_HTTP_OK,
                              "text/plain; version=0.0.4; charset=utf-8");
}
