/*
 * exportsite_cookie: the visitor's cookie, its attributes ready for Set-Cookie.
 */
#include "compat.h"

#include "../core/visitor.h"
#include "directives.h"


typedef struct {
    time_t                     max_age;
    ngx_str_t                  domain;
    ngx_str_t                  path;
    ngx_str_t                  samesite;
} ngx_exportsite_cookie_args_t;


static void ngx_exportsite_cookie_defaults(ngx_exportsite_cookie_t *cookie,
    ngx_exportsite_cookie_args_t *args);
static char *ngx_exportsite_cookie_attributes(ngx_conf_t *cf,
    ngx_exportsite_cookie_t *cookie, ngx_exportsite_cookie_args_t *args);


char *
ngx_exportsite_set_cookie(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                     *value, option;
    ngx_uint_t                     i;
    ngx_exportsite_cookie_t       *cookie;
    ngx_exportsite_loc_conf_t     *lcf = conf;
    ngx_exportsite_cookie_args_t   args;

    if (lcf->cookie != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    cookie = ngx_pcalloc(cf->pool, sizeof(ngx_exportsite_cookie_t));
    if (cookie == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_exportsite_cookie_defaults(cookie, &args);
    cookie->name = value[1];

    if (!es_visitor_id_valid(ngx_exportsite_es(value[1]))) {
        return ngx_exportsite_invalid(cf, &value[1],
                      "a cookie's name is of letters, digits, \"_\", \"-\" "
                      "and \".\", 64 at most");
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_exportsite_option(&value[i], "max_age", &option)) {
            args.max_age = ngx_parse_time(&option, 1);
            if (args.max_age == (time_t) NGX_ERROR || args.max_age <= 0) {
                return ngx_exportsite_invalid(cf, &value[i],
                                      "a time above zero, as in 180d");
            }

        } else if (ngx_exportsite_option(&value[i], "domain", &option)) {
            args.domain = option;

        } else if (ngx_exportsite_option(&value[i], "path", &option)) {
            args.path = option;

        } else if (ngx_exportsite_option(&value[i], "samesite", &option)) {
            args.samesite = option;

        } else if (ngx_exportsite_option(&value[i], "secure", &option)) {

            if (ngx_strcmp(option.data, "auto") == 0) {
                cookie->secure = 2;

            } else if (ngx_strcmp(option.data, "on") == 0) {
                cookie->secure = 1;

            } else if (ngx_strcmp(option.data, "off") == 0) {
                cookie->secure = 0;

            } else {
                return ngx_exportsite_invalid(cf, &value[i],
                                              "use auto, on or off");
            }

        } else {
            return ngx_exportsite_invalid(cf, &value[i],
                  "known are max_age=, domain=, path=, samesite= and secure=");
        }
    }

    lcf->cookie = cookie;

    return ngx_exportsite_cookie_attributes(cf, cookie, &args);
}


static void
ngx_exportsite_cookie_defaults(ngx_exportsite_cookie_t *cookie,
    ngx_exportsite_cookie_args_t *args)
{
    ngx_str_set(&cookie->name, "es_vid");
    cookie->secure = 2;

    args->max_age = 180 * 24 * 60 * 60;
    ngx_str_null(&args->domain);
    ngx_str_set(&args->path, "/");
    ngx_str_set(&args->samesite, "lax");
}


ngx_exportsite_cookie_t *
ngx_exportsite_default_cookie(ngx_conf_t *cf)
{
    ngx_exportsite_cookie_t       *cookie;
    ngx_exportsite_cookie_args_t   args;

    cookie = ngx_pcalloc(cf->pool, sizeof(ngx_exportsite_cookie_t));
    if (cookie == NULL) {
        return NULL;
    }

    ngx_exportsite_cookie_defaults(cookie, &args);

    return ngx_exportsite_cookie_attributes(cf, cookie, &args) == NGX_CONF_OK
           ? cookie : NULL;
}


/* An attribute's value: nothing that could end it. */
static ngx_uint_t
ngx_exportsite_cookie_safe(ngx_str_t *value)
{
    ngx_uint_t  i;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] <= ' ' || value->data[i] >= 0x7f
            || value->data[i] == ';' || value->data[i] == ',')
        {
            return 0;
        }
    }

    return 1;
}


static char *
ngx_exportsite_cookie_attributes(ngx_conf_t *cf,
    ngx_exportsite_cookie_t *cookie, ngx_exportsite_cookie_args_t *args)
{
    u_char       *p;
    size_t        len;
    ngx_uint_t    i;
    const char   *samesite;

    if (!ngx_exportsite_cookie_safe(&args->domain)) {
        return ngx_exportsite_invalid(cf, &args->domain,
                                      "not the name of a domain");
    }

    if (!ngx_exportsite_cookie_safe(&args->path) || args->path.len == 0
        || args->path.data[0] != '/')
    {
        return ngx_exportsite_invalid(cf, &args->path,
                                      "a cookie's path begins with \"/\"");
    }

    if (ngx_strcmp(args->samesite.data, "lax") == 0) {
        samesite = "Lax";

    } else if (ngx_strcmp(args->samesite.data, "strict") == 0) {
        samesite = "Strict";

    } else if (ngx_strcmp(args->samesite.data, "none") == 0) {
        samesite = "None";

        if (cookie->secure == 0) {
            return ngx_exportsite_invalid(cf, &args->samesite,
                      "browsers take samesite=none only with secure=on");
        }

    } else {
        return ngx_exportsite_invalid(cf, &args->samesite,
                                      "samesite= is lax, strict or none");
    }

    len = args->domain.len + args->path.len + 128;

    cookie->attributes.data = ngx_pnalloc(cf->pool, len);
    cookie->expired.data = ngx_pnalloc(cf->pool, len);

    if (cookie->attributes.data == NULL || cookie->expired.data == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < 2; i++) {
        p = i ? cookie->expired.data : cookie->attributes.data;

        p = ngx_sprintf(p, "; Max-Age=%T", i ? (time_t) 0 : args->max_age);
        p = ngx_sprintf(p, "; Path=%V", &args->path);

        if (args->domain.len) {
            p = ngx_sprintf(p, "; Domain=%V", &args->domain);
        }

        p = ngx_sprintf(p, "; HttpOnly; SameSite=%s", samesite);

        if (i) {
            cookie->expired.len = p - cookie->expired.data;

        } else {
            cookie->attributes.len = p - cookie->attributes.data;
        }
    }

    return NGX_CONF_OK;
}
