/*
 * Settings: made, given their defaults, and handed down from level to level.
 */
#include "compat.h"

#include "defaults.h"
#include "directives.h"
#include "pool.h"


static char *ngx_exportsite_merge_languages(ngx_conf_t *cf,
    ngx_exportsite_loc_conf_t *prev, ngx_exportsite_loc_conf_t *conf);
static char *ngx_exportsite_merge_ladders(ngx_conf_t *cf,
    ngx_exportsite_loc_conf_t *prev, ngx_exportsite_loc_conf_t *conf);
static char *ngx_exportsite_check_hints(ngx_conf_t *cf,
    ngx_exportsite_loc_conf_t *conf);


void *
ngx_exportsite_create_main_conf(ngx_conf_t *cf)
{
    ngx_str_t                   *header;
    ngx_exportsite_main_conf_t  *mcf;

    mcf = ngx_pcalloc(cf->pool, sizeof(ngx_exportsite_main_conf_t));
    if (mcf == NULL) {
        return NULL;
    }

    mcf->profile_ttl = NGX_CONF_UNSET_MSEC;
    mcf->pool = ngx_exportsite_pool(cf->pool);

    if (mcf->pool == NULL
        || ngx_array_init(&mcf->secrets, cf->pool, 2,
                          sizeof(ngx_exportsite_key_t)) != NGX_OK
        || ngx_array_init(&mcf->choices, cf->pool, 4, sizeof(void *)) != NGX_OK
        || ngx_array_init(&mcf->rules, cf->pool, 16, sizeof(void *)) != NGX_OK
        || ngx_array_init(&mcf->profile_sources, cf->pool, 4, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&mcf->vary, cf->pool, 4, sizeof(ngx_str_t)) != NGX_OK)
    {
        return NULL;
    }

    /* its bit is NGX_EXPORTSITE_DEPEND_LANGUAGE */
    header = ngx_array_push(&mcf->vary);
    ngx_str_set(header, "Accept-Language");

    return mcf;
}


char *
ngx_exportsite_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_exportsite_main_conf_t  *mcf = conf;

    ngx_conf_init_msec_value(mcf->profile_ttl, 60000);

    if (mcf->zone_size == 0) {
        ngx_str_set(&mcf->zone_name, "exportsite");
        mcf->zone_size = 16 * 1024 * 1024;
    }

    if (!mcf->stream.set) {
        ngx_str_set(&mcf->stream.key, "events");
        mcf->stream.maxlen = 1000000;
        mcf->stream.flush = 100;
        mcf->stream.buffer = 4 * 1024 * 1024;
    }

    return NGX_CONF_OK;
}


void *
ngx_exportsite_create_loc_conf(ngx_conf_t *cf)
{
    ngx_exportsite_loc_conf_t  *lcf;

    lcf = ngx_pcalloc(cf->pool, sizeof(ngx_exportsite_loc_conf_t));
    if (lcf == NULL) {
        return NULL;
    }

    lcf->enable = NGX_CONF_UNSET;
    lcf->phase = NGX_CONF_UNSET_UINT;
    lcf->language_tags = NGX_CONF_UNSET_PTR;
    lcf->industries = NGX_CONF_UNSET_PTR;
    lcf->country_from = NGX_CONF_UNSET_PTR;
    lcf->language_from = NGX_CONF_UNSET_PTR;
    lcf->industry_from = NGX_CONF_UNSET_PTR;
    lcf->hints = NGX_CONF_UNSET_PTR;
    lcf->cookie = NGX_CONF_UNSET_PTR;
    lcf->visitor = NGX_CONF_UNSET_PTR;
    lcf->consent.flag = NGX_CONF_UNSET;
    lcf->record.flag = NGX_CONF_UNSET;
    lcf->optout = NGX_CONF_UNSET_UINT;
    lcf->key = NGX_CONF_UNSET_PTR;
    lcf->vary = NGX_CONF_UNSET;
    lcf->slots = NGX_CONF_UNSET_PTR;
    lcf->script = NGX_CONF_UNSET_PTR;
    lcf->hreflang = NGX_CONF_UNSET_PTR;

    return lcf;
}


static void
ngx_exportsite_merge_switch(ngx_exportsite_switch_t *prev,
    ngx_exportsite_switch_t *conf, ngx_flag_t value)
{
    if (conf->flag == NGX_CONF_UNSET) {
        conf->flag = prev->flag == NGX_CONF_UNSET ? value : prev->flag;
        conf->value = prev->value;
    }
}


char *
ngx_exportsite_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_exportsite_loc_conf_t  *prev = parent;
    ngx_exportsite_loc_conf_t  *conf = child;

    ngx_conf_merge_value(conf->enable, prev->enable, 0);
    ngx_conf_merge_uint_value(conf->phase, prev->phase,
                              NGX_EXPORTSITE_PHASE_REWRITE);
    ngx_conf_merge_ptr_value(conf->industries, prev->industries, NULL);
    if (conf->visitor == NGX_CONF_UNSET_PTR) {
        conf->visitor_cookie = prev->visitor_cookie;
    }

    ngx_conf_merge_ptr_value(conf->visitor, prev->visitor, NULL);
    ngx_conf_merge_uint_value(conf->optout, prev->optout,
                              NGX_EXPORTSITE_OPTOUT_GPC
                              |NGX_EXPORTSITE_OPTOUT_DNT);
    ngx_conf_merge_ptr_value(conf->key, prev->key, NULL);
    ngx_conf_merge_value(conf->vary, prev->vary, 1);
    ngx_conf_merge_ptr_value(conf->slots, prev->slots, NULL);
    ngx_conf_merge_ptr_value(conf->script, prev->script, NULL);
    ngx_conf_merge_ptr_value(conf->hreflang, prev->hreflang, NULL);

    if (conf->record.flag == NGX_CONF_UNSET) {
        conf->record_crawlers = prev->record_crawlers;
    }

    ngx_exportsite_merge_switch(&prev->consent, &conf->consent, 0);
    ngx_exportsite_merge_switch(&prev->record, &conf->record, 1);

    if (ngx_http_merge_types(cf, &conf->slot_types_keys, &conf->slot_types,
                             &prev->slot_types_keys, &prev->slot_types,
                             ngx_http_html_default_types)
           != NGX_OK
        || ngx_exportsite_merge_languages(cf, prev, conf) != NGX_CONF_OK
        || ngx_exportsite_merge_ladders(cf, prev, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    /* a default is made once, at the top, so that all below share it */

    if (conf->cookie == NGX_CONF_UNSET_PTR) {
        if (prev->cookie == NGX_CONF_UNSET_PTR) {
            prev->cookie = ngx_exportsite_default_cookie(cf);
        }

        conf->cookie = prev->cookie;
    }

    if (conf->hints == NGX_CONF_UNSET_PTR) {
        conf->hints = prev->hints == NGX_CONF_UNSET_PTR ? NULL : prev->hints;
    }

    if (conf->cookie == NULL
        || ngx_exportsite_check_hints(cf, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_exportsite_merge_beacon(cf, prev, conf);
}


static char *
ngx_exportsite_merge_languages(ngx_conf_t *cf, ngx_exportsite_loc_conf_t *prev,
    ngx_exportsite_loc_conf_t *conf)
{
    static ngx_str_t  en = ngx_string("en");

    if (conf->language_tags != NGX_CONF_UNSET_PTR) {
        return NGX_CONF_OK;
    }

    if (prev->language_tags == NGX_CONF_UNSET_PTR
        && ngx_exportsite_set_languages(cf, prev, &en, 1) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    conf->languages = prev->languages;
    conf->languages_salt = prev->languages_salt;
    conf->language_tags = prev->language_tags;
    conf->language_events = prev->language_events;

    return NGX_CONF_OK;
}


static char *
ngx_exportsite_merge_ladders(ngx_conf_t *cf, ngx_exportsite_loc_conf_t *prev,
    ngx_exportsite_loc_conf_t *conf)
{
    ngx_uint_t         i;
    ngx_array_t      **c[] = {
        &conf->country_from, &conf->language_from, &conf->industry_from
    };
    ngx_array_t      **p[] = {
        &prev->country_from, &prev->language_from, &prev->industry_from
    };
    static ngx_str_t   country[] = { ngx_string("geo") };
    static ngx_str_t   language[] = {
        ngx_string("url"), ngx_string("accept"), ngx_string("country")
    };
    static ngx_str_t   industry[] = {
        ngx_string("profile"), ngx_string("hint")
    };
    static ngx_str_t  *words[] = { country, language, industry };
    static ngx_uint_t  n[] = { 1, 3, 2 };

    for (i = 0; i < 3; i++) {
        if (*c[i] != NGX_CONF_UNSET_PTR) {
            continue;
        }

        if (*p[i] == NGX_CONF_UNSET_PTR) {
            *p[i] = ngx_exportsite_ladder(cf, i, words[i], n[i]);
            if (*p[i] == NULL) {
                return NGX_CONF_ERROR;
            }
        }

        *c[i] = *p[i];
    }

    return NGX_CONF_OK;
}


/* A hint's industry may be declared after it, so this waits for the merge. */
static char *
ngx_exportsite_check_hints(ngx_conf_t *cf, ngx_exportsite_loc_conf_t *conf)
{
    ngx_str_t              *industry;
    ngx_uint_t              i, k;
    ngx_exportsite_hint_t  *hint;

    if (conf->hints == NULL) {
        return NGX_CONF_OK;
    }

    hint = conf->hints->elts;

    for (i = 0; i < conf->hints->nelts; i++) {
        industry = conf->industries ? conf->industries->elts : NULL;

        for (k = 0; industry && k < conf->industries->nelts; k++) {
            if (industry[k].len == hint[i].name.len
                && ngx_memcmp(industry[k].data, hint[i].name.data,
                              industry[k].len)
                   == 0)
            {
                break;
            }
        }

        if (industry == NULL || k == conf->industries->nelts) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "exportsite_hint: the industry \"%V\" is not one of "
                          "exportsite_industries, add it there in %s:%ui",
                          &hint[i].name, hint[i].file, hint[i].line);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}
