/*
 * exportsite_hreflang.
 */
#include "compat.h"

#include "conf_rule.h"
#include "directives.h"


static ngx_str_t  ngx_exportsite_language_names[] = {
    ngx_string("${exportsite_language}"),
    ngx_string("$exportsite_language"),
    ngx_null_string
};


/*
 * Where $exportsite_language stands in a text, and how long it is; NULL if
 * nowhere.
 */
static u_char *
ngx_exportsite_language_at(ngx_str_t *text, size_t *len)
{
    u_char     *p, *last, *end;
    ngx_str_t  *name;

    last = text->data + text->len;

    for (p = text->data; p < last; p++) {
        for (name = ngx_exportsite_language_names; name->len != 0; name++) {
            end = p + name->len;

            if (end <= last && ngx_memcmp(p, name->data, name->len) == 0
                && (end[-1] == '}' || end == last
                    || !ngx_exportsite_name_char(*end)))
            {
                *len = name->len;
                return p;
            }
        }
    }

    return NULL;
}


/*
 * An absolute URL, as far as that can be seen; search engines want no other. So
 * what begins with "/" gets the request's own scheme and host.
 */
static ngx_uint_t
ngx_exportsite_url_absolute(ngx_conf_t *cf, ngx_str_t *text)
{
    size_t             i;
    u_char            *p;
    static ngx_str_t   own = ngx_string("$scheme://$host");
    static ngx_str_t   begin[] = {
        ngx_string("http://"), ngx_string("https://"), ngx_string("$")
    };

    if (text->len > 0 && text->data[0] == '/'
        && (text->len == 1 || text->data[1] != '/'))
    {
        p = ngx_pnalloc(cf->pool, own.len + text->len);
        if (p == NULL) {
            return 0;
        }

        ngx_memcpy(ngx_cpymem(p, own.data, own.len), text->data, text->len);
        *text = (ngx_str_t) { own.len + text->len, p };
    }

    for (i = 0; i < sizeof(begin) / sizeof(begin[0]); i++) {
        if (text->len > begin[i].len
            && ngx_strncasecmp(text->data, begin[i].data, begin[i].len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static char *
ngx_exportsite_hreflang_parts(ngx_conf_t *cf, ngx_str_t *pattern,
    ngx_exportsite_hreflang_t *conf)
{
    size_t                     len;
    u_char                    *at;
    ngx_str_t                  rest, part;
    ngx_exportsite_value_t    *value;

    rest = *pattern;

    do {
        at = ngx_exportsite_language_at(&rest, &len);

        part = rest;

        if (at != NULL) {
            part.len = at - rest.data;
            rest.len -= part.len + len;
            rest.data = at + len;
        }

        value = ngx_array_push(&conf->parts);

        if (value == NULL
            || ngx_exportsite_conf_value(cf, &part, value) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

    } while (at != NULL);

    return NGX_CONF_OK;
}


static char *
ngx_exportsite_hreflang_default(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_exportsite_hreflang_t *conf)
{
    size_t     len;
    ngx_str_t  text;

    if (!ngx_exportsite_option(arg, "x-default", &text)
        || !ngx_exportsite_url_absolute(cf, &text))
    {
        return ngx_exportsite_invalid(cf, arg,
                      "known is x-default= and a whole URL, as in "
                      "x-default=https://www.example.com$exportsite_path");
    }

    if (ngx_exportsite_language_at(&text, &len) != NULL) {
        return ngx_exportsite_invalid(cf, arg,
                      "this is where visitors of no language in particular "
                      "go: leave $exportsite_language out");
    }

    conf->x_default = ngx_palloc(cf->pool, sizeof(ngx_exportsite_value_t));

    if (conf->x_default == NULL
        || ngx_exportsite_conf_value(cf, &text, conf->x_default) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_exportsite_set_hreflang(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    size_t                      len;
    ngx_str_t                  *value = cf->args->elts;
    ngx_exportsite_loc_conf_t  *lcf = conf;

    if (lcf->hreflang != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        lcf->hreflang = NULL;
        return NGX_CONF_OK;
    }

    if (!ngx_exportsite_url_absolute(cf, &value[1])) {
        return ngx_exportsite_invalid(cf, &value[1],
                      "a whole URL is wanted, as in https://www.example.com/"
                      "$exportsite_language$exportsite_path, or \"off\"");
    }

    if (ngx_exportsite_language_at(&value[1], &len) == NULL) {
        return ngx_exportsite_invalid(cf, &value[1],
                      "$exportsite_language must stand where the languages "
                      "differ");
    }

    lcf->hreflang = ngx_pcalloc(cf->pool, sizeof(ngx_exportsite_hreflang_t));

    if (lcf->hreflang == NULL
        || ngx_array_init(&lcf->hreflang->parts, cf->pool, 2,
                          sizeof(ngx_exportsite_value_t))
           != NGX_OK
        || ngx_exportsite_hreflang_parts(cf, &value[1], lcf->hreflang)
           != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return cf->args->nelts == 2 ? NGX_CONF_OK
           : ngx_exportsite_hreflang_default(cf, &value[2], lcf->hreflang);
}
