/*
 * exportsite_beacon: its arguments checked, its script made.
 */
#include "compat.h"

#include <jansson.h>

#include "../core/origin.h"
#include "../core/script.h"
#include "../core/siphash.h"
#include "../core/visitor.h"
#include "beacon.h"
#include "directives.h"


static char *ngx_exportsite_beacon_origins(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_exportsite_beacon_conf_t *beacon);
static ngx_int_t ngx_exportsite_make_script(ngx_conf_t *cf,
    ngx_exportsite_loc_conf_t *lcf);
static ngx_str_t ngx_exportsite_consent_cookie(
    ngx_exportsite_loc_conf_t *lcf);


char *
ngx_exportsite_beacon(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                     *value = cf->args->elts;
    ngx_uint_t                     i;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_exportsite_loc_conf_t     *lcf = conf;
    ngx_exportsite_main_conf_t    *mcf;
    ngx_exportsite_beacon_conf_t  *beacon;

    if (lcf->beacon != NULL) {
        return "is duplicate";
    }

    beacon = ngx_pcalloc(cf->pool, sizeof(ngx_exportsite_beacon_conf_t));
    if (beacon == NULL
        || ngx_array_init(&beacon->origins, cf->pool, 4,
                          sizeof(es_authority_t))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    beacon->file = cf->conf_file->file.name.data;
    beacon->line = cf->conf_file->line;
    lcf->beacon = beacon;

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_exportsite_beacon_origins(cf, &value[i], beacon)
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_exportsite_beacon_handler;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_exportsite_module);
    mcf->used = 1;

    /* a random one, so that nobody finds member names of one hash */
    json_object_seed(0);

    return NGX_CONF_OK;
}


/* One "origin=host,host:port". */
static char *
ngx_exportsite_beacon_origins(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_exportsite_beacon_conf_t *beacon)
{
    u_char          *p, *end, *comma;
    ngx_str_t        list;
    es_authority_t  *origin;

    if (!ngx_exportsite_option(arg, "origin", &list)) {
        return ngx_exportsite_invalid(cf, arg,
                      "known is origin=, as in origin=shop.example.com");
    }

    end = list.data + list.len;

    for (p = list.data; p <= end; p = comma + 1) {
        comma = ngx_strlchr(p, end, ',');
        comma = comma ? comma : end;

        origin = ngx_array_push(&beacon->origins);
        if (origin == NULL) {
            return NGX_CONF_ERROR;
        }

        if (!es_authority_parse((es_str_t) { comma - p, (char *) p }, origin))
        {
            return ngx_exportsite_invalid(cf, arg,
                      "an origin is a host or host:port of other pages, "
                      "without \"https://\" and path, several with \",\" "
                      "between them");
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_exportsite_merge_beacon(ngx_conf_t *cf, ngx_exportsite_loc_conf_t *prev,
    ngx_exportsite_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->beacon == NULL && prev->beacon != NULL && clcf->noname
        && clcf->handler == NULL)
    {
        /* an "if" or a "limit_except" of the location, which has no more */

        conf->beacon = ngx_palloc(cf->pool,
                                  sizeof(ngx_exportsite_beacon_conf_t));
        if (conf->beacon == NULL) {
            return NGX_CONF_ERROR;
        }

        *conf->beacon = *prev->beacon;
        clcf->handler = ngx_exportsite_beacon_handler;
    }

    if (conf->beacon == NULL) {
        return NGX_CONF_OK;
    }

    if (!conf->enable && !clcf->noname) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "exportsite_beacon takes events, but exportsite is off "
                      "here, so none is recorded in %s:%ui",
                      conf->beacon->file, conf->beacon->line);
    }

    /* core's own merge is done: what is larger than that it refuses for us */

    if (clcf->client_max_body_size == 0
        || clcf->client_max_body_size > NGX_EXPORTSITE_BEACON_READ)
    {
        clcf->client_max_body_size = NGX_EXPORTSITE_BEACON_READ;
    }

    /* a script is no page, whatever exportsite_slot_types says */

    conf->slots = NULL;
    conf->script = NULL;

    return ngx_exportsite_make_script(cf, conf) == NGX_OK ? NGX_CONF_OK
                                                          : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_exportsite_make_script(ngx_conf_t *cf, ngx_exportsite_loc_conf_t *lcf)
{
    u_char                         hash[16], *p;
    ngx_str_t                      cookie;
    ngx_uint_t                     optout = lcf->optout;
    ngx_exportsite_beacon_conf_t  *beacon = lcf->beacon;
    static const uint8_t           key[ES_SIPHASH_KEY];

    cookie = ngx_exportsite_consent_cookie(lcf);

    beacon->script.data = ngx_pnalloc(cf->pool, es_script_len + cookie.len
                                      + sizeof("(\"\",\"gpc dnt\");\n") - 1);
    beacon->etag.len = 2 * sizeof(hash) + 2;
    beacon->etag.data = ngx_pnalloc(cf->pool, beacon->etag.len);

    if (beacon->script.data == NULL || beacon->etag.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(beacon->script.data, es_script, es_script_len);
    p = ngx_sprintf(p, "(\"%V\",\"%s%s%s\");\n", &cookie,
                    optout & NGX_EXPORTSITE_OPTOUT_GPC ? "gpc" : "",
                    (optout & NGX_EXPORTSITE_OPTOUT_GPC)
                    && (optout & NGX_EXPORTSITE_OPTOUT_DNT) ? " " : "",
                    optout & NGX_EXPORTSITE_OPTOUT_DNT ? "dnt" : "");
    beacon->script.len = p - beacon->script.data;

    es_siphash128(key, beacon->script.data, beacon->script.len, hash);

    beacon->etag.data[0] = '"';
    es_hex((char *) beacon->etag.data + 1, hash, sizeof(hash));
    beacon->etag.data[beacon->etag.len - 1] = '"';

    return NGX_OK;
}


/* NAME, where exportsite_consent is $cookie_NAME; else nothing. */
static ngx_str_t
ngx_exportsite_consent_cookie(ngx_exportsite_loc_conf_t *lcf)
{
    size_t            i;
    u_char            c;
    ngx_str_t         name, none = ngx_null_string;
    static ngx_str_t  cookie = ngx_string("$cookie_");

    if (lcf->consent.value == NULL) {
        return none;
    }

    name = lcf->consent.value->complex.value;

    if (name.len <= cookie.len
        || ngx_strncmp(name.data, cookie.data, cookie.len) != 0)
    {
        return none;
    }

    name.data += cookie.len;
    name.len -= cookie.len;

    for (i = 0; i < name.len; i++) {
        c = ngx_tolower(name.data[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
            return none;
        }
    }

    return name;
}
