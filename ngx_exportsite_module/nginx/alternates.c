/*
 * What search engines are told of a page's languages: the one it is in, and
 * where it is in the others.
 */
#include "compat.h"

#include "../core/asset.h"
#include "../core/language_tag.h"
#include "../core/url.h"
#include "alternates.h"
#include "beacon.h"
#include "depend.h"
#include "gpc.h"
#include "headers.h"
#include "headers_out.h"
#include "resolve.h"
#include "status.h"


#define NGX_EXPORTSITE_LINK_MAX   8192            /* longer ones are left out */

#define NGX_EXPORTSITE_LINK_TEXT                                              \
    (sizeof(", <>; rel=\"alternate\"; hreflang=\"x-default\"") - 1)


static ngx_uint_t ngx_exportsite_has_language(ngx_http_request_t *r,
    ngx_exportsite_visit_t *visit);
static ngx_int_t ngx_exportsite_content_language(ngx_http_request_t *r,
    ngx_exportsite_visit_t *visit);
static ngx_int_t ngx_exportsite_link(ngx_http_request_t *r,
    ngx_exportsite_visit_t *visit, ngx_exportsite_hreflang_t *conf);
static ngx_int_t ngx_exportsite_link_part(ngx_exportsite_visit_t *visit,
    ngx_exportsite_value_t *value, ngx_str_t *part);
static u_char *ngx_exportsite_link_url(u_char *p, ngx_str_t *parts,
    ngx_uint_t n, ngx_str_t *language);


ngx_int_t
ngx_exportsite_alternates(ngx_http_request_t *r, ngx_exportsite_visit_t *visit)
{
    ngx_exportsite_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_exportsite_module);

    if ((lcf->hreflang == NULL && !visit->language_shown) || !lcf->enable
        || !ngx_exportsite_has_language(r, visit))
    {
        return NGX_OK;
    }

    if (lcf->hreflang != NULL
        && ngx_exportsite_link(r, visit, lcf->hreflang) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_exportsite_content_language(r, visit);
}


/* An answer of the module itself */
static ngx_uint_t
ngx_exportsite_is_endpoint(ngx_http_request_t *r)
{
    ngx_http_handler_pt  handler = r->content_handler;

    return handler == ngx_exportsite_beacon_handler
           || handler == ngx_exportsite_whoami_handler
           || handler == ngx_exportsite_status_handler
           || handler == ngx_exportsite_gpc_handler;
}


/* Is the answer something to read, a page or a document? */
static ngx_uint_t
ngx_exportsite_has_language(ngx_http_request_t *r,
    ngx_exportsite_visit_t *visit)
{
    es_str_t  path = ngx_exportsite_es(visit->path);

    return r == r->main && (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
           && (r->headers_out.status == NGX_HTTP_OK
               || r->headers_out.status == NGX_HTTP_PARTIAL_CONTENT
               || r->headers_out.status == NGX_HTTP_NOT_MODIFIED)
           && !ngx_exportsite_headers(visit)->subresource
           && (!es_path_is_asset(path) || es_path_is_document(path))
           && !ngx_exportsite_is_endpoint(r);
}


/*
 * The language of the answer, as far as that can be known: the one that a
 * variable told, or the only one, or the URL's. Asking further would make the
 * answer depend on what it is not made of.
 */
static ngx_uint_t
ngx_exportsite_language_known(ngx_exportsite_visit_t *visit,
    ngx_str_t *language)
{
    int           found;
    ngx_str_t    *tag;
    ngx_array_t  *tags = visit->conf->language_tags;

    if (visit->language_shown) {
        *language = ngx_exportsite_language(visit);
        return 1;
    }

    tag = tags->elts;
    found = tags->nelts == 1 ? 0
            : es_languages_find(visit->conf->languages,
                                ngx_exportsite_url_segment(visit));

    if (found < 0) {
        return 0;
    }

    *language = tag[found];

    return 1;
}


static ngx_int_t
ngx_exportsite_content_language(ngx_http_request_t *r,
    ngx_exportsite_visit_t *visit)
{
    ngx_str_t                    language, value;
    ngx_exportsite_header_at_t   at;
    static const char            name[] = "Content-Language";

    at = ngx_exportsite_header_walk(r, name);

    if (ngx_exportsite_header_next(&at) != NULL) {
        /* who made the answer knows better */
        return NGX_OK;
    }

    if (!ngx_exportsite_language_known(visit, &language)) {
        return NGX_OK;
    }

    value.len = language.len;
    value.data = ngx_pnalloc(r->pool, language.len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    es_tag_write((char *) value.data, ngx_exportsite_es(language));

    return ngx_exportsite_header_add(r, name, value) ? NGX_OK : NGX_ERROR;
}


/* One line for all languages. */
static ngx_int_t
ngx_exportsite_link(ngx_http_request_t *r, ngx_exportsite_visit_t *visit,
    ngx_exportsite_hreflang_t *conf)
{
    size_t                     size;
    u_char                    *p, *line;
    ngx_str_t                 *part, *tag, x_default;
    ngx_uint_t                 i, n, nparts;
    ngx_exportsite_value_t    *value;

    nparts = conf->parts.nelts;
    value = conf->parts.elts;
    tag = visit->conf->language_tags->elts;
    n = visit->conf->language_tags->nelts;

    part = ngx_palloc(r->pool, nparts * sizeof(ngx_str_t));
    if (part == NULL) {
        return NGX_ERROR;
    }

    ngx_str_null(&x_default);
    size = NGX_EXPORTSITE_LINK_TEXT;

    for (i = 0; i < nparts; i++) {
        if (ngx_exportsite_link_part(visit, &value[i], &part[i]) != NGX_OK) {
            return NGX_ERROR;
        }

        size += part[i].len;
    }

    if (conf->x_default != NULL
        && ngx_exportsite_link_part(visit, conf->x_default, &x_default)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    size = x_default.len ? size * n + NGX_EXPORTSITE_LINK_TEXT + x_default.len
                         : size * (n + 1) + tag[0].len * nparts;

    for (i = 0; i < n; i++) {
        size += tag[i].len * nparts;
    }

    if (size > NGX_EXPORTSITE_LINK_MAX) {
        return NGX_OK;
    }

    line = ngx_pnalloc(r->pool, size);
    if (line == NULL) {
        return NGX_ERROR;
    }

    for (p = line, i = 0; i < n; i++) {
        p = ngx_exportsite_link_url(p, part, nparts, &tag[i]);
        p = ngx_cpymem(p, ">; rel=\"alternate\"; hreflang=\"",
                       sizeof(">; rel=\"alternate\"; hreflang=\"") - 1);
        es_tag_write((char *) p, ngx_exportsite_es(tag[i]));
        p += tag[i].len;
        p = ngx_cpymem(p, "\", ", 3);
    }

    p = x_default.len ? ngx_exportsite_link_url(p, &x_default, 1, NULL)
                      : ngx_exportsite_link_url(p, part, nparts, &tag[0]);
    p = ngx_cpymem(p, ">; rel=\"alternate\"; hreflang=\"x-default\"",
                   sizeof(">; rel=\"alternate\"; hreflang=\"x-default\"") - 1);

    return ngx_exportsite_header_add(r, "Link",
                                     (ngx_str_t) { p - line, line })
           ? NGX_OK : NGX_ERROR;
}


/* A part of the URLs, with what no URL has escaped. */
static ngx_int_t
ngx_exportsite_link_part(ngx_exportsite_visit_t *visit,
    ngx_exportsite_value_t *value, ngx_str_t *part)
{
    char                *p;
    ngx_str_t            text;
    ngx_http_request_t  *r = visit->request;

    if (ngx_exportsite_value(r, visit, value, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(r->pool, ES_URL_ESCAPED * text.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    part->len = es_url_escape(p, ngx_exportsite_es(text));
    part->data = (u_char *) p;

    return NGX_OK;
}


static u_char *
ngx_exportsite_link_url(u_char *p, ngx_str_t *parts, ngx_uint_t n,
    ngx_str_t *language)
{
    ngx_uint_t  i;

    *p++ = '<';

    for (i = 0; i < n; i++) {
        if (i > 0) {
            p = ngx_cpymem(p, language->data, language->len);
        }

        p = ngx_cpymem(p, parts[i].data, parts[i].len);
    }

    return p;
}


/*
 * As the client sent it, so that "%2B" does not become a "+"; but where nginx
 * understood its segments otherwise than they stand there, as nginx did.
 */
static ngx_int_t
ngx_exportsite_encoded_path(ngx_exportsite_visit_t *visit, ngx_str_t *encoded)
{
    char                *p;
    es_str_t             path;
    ngx_uint_t           sent;
    ngx_http_request_t  *r = visit->request;

    path = es_url_path(ngx_exportsite_es(r->unparsed_uri));
    sent = !visit->beacon && es_url_path_plain(path);

    if (!sent) {
        path = ngx_exportsite_es(visit->path);
    }

    p = ngx_pnalloc(r->pool, ES_URL_ESCAPED * path.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    encoded->len = sent ? es_url_escape(p, path) : es_url_encode_path(p, path);
    encoded->data = (u_char *) p;

    return NGX_OK;
}


ngx_str_t
ngx_exportsite_page_path(ngx_exportsite_visit_t *visit)
{
    u_char     *slash;
    es_str_t    segment;
    ngx_str_t   path;

    if (ngx_exportsite_encoded_path(visit, &path) != NGX_OK) {
        return (ngx_str_t) ngx_null_string;
    }

    segment = ngx_exportsite_url_segment(visit);

    if (segment.len == 0
        || es_languages_find(visit->conf->languages, segment) < 0)
    {
        return path;
    }

    slash = ngx_strlchr(path.data + 1, path.data + path.len, '/');
    slash = slash ? slash : path.data + path.len;

    return (ngx_str_t) { path.data + path.len - slash, slash };
}
