/*
 * exportsite_gpc: the site's word on Global Privacy Control. It follows from
 * exportsite_optout, so that it cannot promise what is not done.
 */
#include "compat.h"

#include "beacon_origin.h"
#include "directives.h"
#include "gpc.h"
#include "headers_out.h"


/* A day of the calendar, "2026-12-24"; text is terminated. */
static ngx_uint_t
ngx_exportsite_is_day(ngx_str_t *text)
{
    ngx_int_t              year, month, day, days;
    static const u_char    lengths[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    if (text->len != sizeof("2026-12-24") - 1 || text->data[4] != '-'
        || text->data[7] != '-')
    {
        return 0;
    }

    year = ngx_atoi(text->data, 4);
    month = ngx_atoi(text->data + 5, 2);
    day = ngx_atoi(text->data + 8, 2);

    if (year < 1 || month < 1 || month > 12) {
        return 0;
    }

    days = lengths[month - 1];

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) {
        days = 29;
    }

    return day >= 1 && day <= days;
}


char *
ngx_exportsite_gpc(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value = cf->args->elts;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_exportsite_loc_conf_t  *lcf = conf;

    if (cf->args->nelts == 2) {
        if (!ngx_exportsite_is_day(&value[1])) {
            return ngx_exportsite_invalid(cf, &value[1],
                          "the day when this was last changed is wanted, as "
                          "in 2026-12-24");
        }

        lcf->gpc = value[1];
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == ngx_exportsite_gpc_handler) {
        return "is duplicate";
    }

    clcf->handler = ngx_exportsite_gpc_handler;

    return NGX_CONF_OK;
}


/* The answer, terminated; its first word and the day tell it apart. */
static ngx_int_t
ngx_exportsite_gpc_text(ngx_http_request_t *r, ngx_str_t *body,
    ngx_str_t *etag)
{
    size_t                      size;
    u_char                     *p;
    const char                 *heeded;
    ngx_exportsite_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_exportsite_module);

    heeded = lcf->optout & NGX_EXPORTSITE_OPTOUT_GPC ? "true" : "false";
    size = sizeof("{\"gpc\":false,\"lastUpdate\":\"\"}\n") + lcf->gpc.len;

    p = ngx_pnalloc(r->pool, 2 * size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    etag->data = p + size;
    etag->len = ngx_sprintf(etag->data, "\"%s%V\"", heeded, &lcf->gpc)
                - etag->data;

    body->data = p;
    p = ngx_sprintf(p, "{\"gpc\":%s", heeded);

    if (lcf->gpc.len != 0) {
        p = ngx_sprintf(p, ",\"lastUpdate\":\"%V\"", &lcf->gpc);
    }

    *p++ = '}';
    *p++ = '\n';
    body->len = p - body->data;

    return NGX_OK;
}


ngx_int_t
ngx_exportsite_gpc_handler(ngx_http_request_t *r)
{
    ngx_str_t                  etag;
    ngx_http_complex_value_t   body;
    static ngx_str_t           type = ngx_string("application/json");

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_exportsite_header_text(r, "Allow", "GET, HEAD")
               ? NGX_HTTP_NOT_ALLOWED : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&body, sizeof(ngx_http_complex_value_t));

    if (ngx_exportsite_gpc_text(r, &body.value, &etag) != NGX_OK
        || !ngx_exportsite_header_text(r, "Cache-Control",
                                       "public, max-age=86400"))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.etag = ngx_exportsite_header_add(r, "ETag", etag);
    if (r->headers_out.etag == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_send_response(r, NGX_HTTP_OK, &type, &body);
}
