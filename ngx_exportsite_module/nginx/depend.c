/*
 * What an answer depends on: the variables in a value, and the request headers.
 */
#include "compat.h"

#include "conf_rule.h"
#include "depend.h"
#include "worker.h"


static uint64_t ngx_exportsite_depend_value(ngx_str_t text);
static uint64_t ngx_exportsite_depend_variable(ngx_str_t name);
static uint64_t ngx_exportsite_depend_http(ngx_str_t name);


/* What stands in the URL is in every cache's key. */
static ngx_str_t  ngx_exportsite_depend_url[] = {
    ngx_string("args"),
    ngx_string("document_uri"),
    ngx_string("host"),
    ngx_string("http_host"),
    ngx_string("https"),
    ngx_string("is_args"),
    ngx_string("query_string"),
    ngx_string("request_method"),
    ngx_string("request_uri"),
    ngx_string("scheme"),
    ngx_string("server_name"),
    ngx_string("server_port"),
    ngx_string("uri"),
    ngx_null_string
};


uint64_t
ngx_exportsite_depend_header(ngx_exportsite_main_conf_t *mcf, ngx_str_t *name)
{
    ngx_str_t   *header;
    ngx_uint_t   i;

    header = mcf->vary.elts;

    for (i = 0; i < mcf->vary.nelts; i++) {
        if (es_str_case_eq(ngx_exportsite_es(header[i]),
                           ngx_exportsite_es(*name)))
        {
            return (uint64_t) 2 << i;
        }
    }

    if (i == 63 || (header = ngx_array_push(&mcf->vary)) == NULL) {
        return NGX_EXPORTSITE_DEPEND_VISITOR;
    }

    *header = *name;

    return (uint64_t) 2 << i;
}


ngx_str_t *
ngx_exportsite_depend_name(ngx_exportsite_main_conf_t *mcf, ngx_uint_t n)
{
    return n <= mcf->vary.nelts ? (ngx_str_t *) mcf->vary.elts + n - 1 : NULL;
}


ngx_int_t
ngx_exportsite_value(ngx_http_request_t *r, ngx_exportsite_visit_t *visit,
    ngx_exportsite_value_t *value, ngx_str_t *text)
{
    /* not before a worker asks: then all choices of the file are known */

    if (!value->known) {
        value->depends = ngx_exportsite_depend_value(value->complex.value);
        value->known = 1;
    }

    if (visit != NULL) {
        visit->depends |= value->depends;
    }

    return ngx_http_complex_value(r, &value->complex, text);
}


/* All variables of a text, as nginx reads them: $name and ${name}. */
static uint64_t
ngx_exportsite_depend_value(ngx_str_t text)
{
    u_char     *p, *last;
    uint64_t    depends;
    ngx_str_t   name;

    depends = 0;
    last = text.data + text.len;

    for (p = text.data; p < last; /* void */ ) {
        if (*p++ != '$') {
            continue;
        }

        if (p < last && *p == '{') {
            p++;
        }

        name.data = p;

        while (p < last && ngx_exportsite_name_char(*p)) {
            p++;
        }

        name.len = p - name.data;
        depends |= ngx_exportsite_depend_variable(name);
    }

    return depends;
}


/* Ours leave their marks themselves, whenever they are asked. */
static ngx_uint_t
ngx_exportsite_depend_ours(es_str_t name)
{
    ngx_uint_t                   i;
    ngx_array_t                 *choices;
    ngx_exportsite_choose_t    **choose;

    if (name.len >= sizeof("exportsite_") - 1
        && es_str_case_eq((es_str_t) { sizeof("exportsite_") - 1, name.data },
                          es_str("exportsite_")))
    {
        return 1;
    }

    choices = &ngx_exportsite_worker.conf->choices;
    choose = choices->elts;

    for (i = 0; i < choices->nelts; i++) {
        if (es_str_case_eq(ngx_exportsite_es(choose[i]->name), name)) {
            return 1;
        }
    }

    return 0;
}


static uint64_t
ngx_exportsite_depend_variable(ngx_str_t name)
{
    ngx_str_t  *url;

    if (ngx_exportsite_depend_ours(ngx_exportsite_es(name))
        || (name.len >= 4 && ngx_strncasecmp(name.data, (u_char *) "arg_", 4)
                             == 0))
    {
        return 0;
    }

    for (url = ngx_exportsite_depend_url; url->len > 0; url++) {
        if (es_str_case_eq(ngx_exportsite_es(*url), ngx_exportsite_es(name))) {
            return 0;
        }
    }

    if (name.len > 5 && ngx_strncasecmp(name.data, (u_char *) "http_", 5) == 0)
    {
        name.data += 5;
        name.len -= 5;
        return ngx_exportsite_depend_http(name);
    }

    return NGX_EXPORTSITE_DEPEND_VISITOR;
}


/* $http_accept_language is the header Accept-Language. */
static uint64_t
ngx_exportsite_depend_http(ngx_str_t name)
{
    size_t       i;
    ngx_str_t    header;
    ngx_uint_t   capital;

    header.len = name.len;
    header.data = ngx_pnalloc(ngx_exportsite_worker.cycle->pool, name.len);

    if (header.data == NULL) {
        return NGX_EXPORTSITE_DEPEND_VISITOR;
    }

    capital = 1;

    for (i = 0; i < name.len; i++) {
        header.data[i] = name.data[i] == '_' ? '-'
                         : capital ? ngx_toupper(name.data[i])
                         : ngx_tolower(name.data[i]);
        capital = (header.data[i] == '-');
    }

    return ngx_exportsite_depend_header(ngx_exportsite_worker.conf, &header);
}
