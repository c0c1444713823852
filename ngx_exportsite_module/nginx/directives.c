/*
 * The directives' arguments. Whatever is wrong is an [emerg] that names the
 * place and says what to write instead.
 */
#include "compat.h"

#include "../core/text.h"
#include "conf_rule.h"
#include "directives.h"


#define NGX_EXPORTSITE_ZONE_MIN  (512 * 1024)


ngx_uint_t
ngx_exportsite_option(ngx_str_t *arg, const char *name, ngx_str_t *value)
{
    size_t  len = ngx_strlen(name);

    if (arg->len <= len || arg->data[len] != '='
        || ngx_strncmp(arg->data, name, len) != 0)
    {
        return 0;
    }

    value->len = arg->len - len - 1;
    value->data = arg->data + len + 1;

    return 1;
}


char *
ngx_exportsite_invalid(ngx_conf_t *cf, ngx_str_t *arg, const char *remedy)
{
    ngx_str_t  *directive = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" of \"%V\": %s", arg,
                       directive, remedy);

    return NGX_CONF_ERROR;
}


char *
ngx_exportsite_on(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                   *value, option;
    ngx_exportsite_loc_conf_t   *lcf = conf;
    ngx_exportsite_main_conf_t  *mcf;

    if (lcf->enable != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "on") == 0) {
        lcf->enable = 1;
        mcf = ngx_http_conf_get_module_main_conf(cf, ngx_exportsite_module);
        mcf->used = 1;

    } else if (ngx_strcmp(value[1].data, "off") == 0) {
        lcf->enable = 0;

    } else {
        return ngx_exportsite_invalid(cf, &value[1], "use \"on\" or \"off\"");
    }

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    if (!ngx_exportsite_option(&value[2], "phase", &option)) {
        return ngx_exportsite_invalid(cf, &value[2],
                                  "use \"phase=rewrite\" or \"phase=access\"");
    }

    if (ngx_strcmp(option.data, "rewrite") == 0) {
        lcf->phase = NGX_EXPORTSITE_PHASE_REWRITE;

    } else if (ngx_strcmp(option.data, "access") == 0) {
        lcf->phase = NGX_EXPORTSITE_PHASE_ACCESS;

    } else {
        return ngx_exportsite_invalid(cf, &value[2],
                                  "use \"phase=rewrite\" or \"phase=access\"");
    }

    return NGX_CONF_OK;
}


char *
ngx_exportsite_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char                      *colon;
    ssize_t                      size;
    ngx_str_t                   *value, text;
    ngx_exportsite_main_conf_t  *mcf = conf;

    if (mcf->zone_size != 0) {
        return "is duplicate";
    }

    value = cf->args->elts;
    colon = ngx_strlchr(value[1].data, value[1].data + value[1].len, ':');

    if (colon == NULL || colon == value[1].data) {
        return ngx_exportsite_invalid(cf, &value[1],
                                      "use name:size, as in exportsite:32m");
    }

    text.data = colon + 1;
    text.len = value[1].data + value[1].len - text.data;
    size = ngx_parse_size(&text);

    if (size == NGX_ERROR) {
        return ngx_exportsite_invalid(cf, &value[1],
                       "the size is a number with k or m, as in "
                       "exportsite:32m");
    }

    if (size < NGX_EXPORTSITE_ZONE_MIN) {
        return ngx_exportsite_invalid(cf, &value[1],
                                      "too small, 512k is the least");
    }

    mcf->zone_name.data = value[1].data;
    mcf->zone_name.len = colon - value[1].data;
    mcf->zone_size = size;

    return NGX_CONF_OK;
}


char *
ngx_exportsite_geo(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_exportsite_main_conf_t  *mcf = conf;

    return ngx_exportsite_geo_add(cf, &mcf->geo);
}


ngx_uint_t
ngx_exportsite_time(ngx_str_t *text, ngx_msec_t *time)
{
    ngx_int_t  msec = ngx_parse_time(text, 0);

    if (msec == NGX_ERROR || msec <= 0) {
        return 0;
    }

    *time = (ngx_msec_t) msec;

    return 1;
}


char *
ngx_exportsite_profile(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                   *value, option;
    ngx_exportsite_main_conf_t  *mcf = conf;

    if (mcf->profile_ttl != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    mcf->profile_ttl = 60000;

    if (cf->args->nelts == 1) {
        return NGX_CONF_OK;
    }

    value = cf->args->elts;

    if (!ngx_exportsite_option(&value[1], "ttl", &option)
        || !ngx_exportsite_time(&option, &mcf->profile_ttl))
    {
        return ngx_exportsite_invalid(cf, &value[1],
                                      "use ttl= and a time above zero, as in "
                                      "ttl=60s");
    }

    return NGX_CONF_OK;
}


char *
ngx_exportsite_languages(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value = cf->args->elts;
    ngx_uint_t                  i;
    ngx_exportsite_loc_conf_t  *lcf = conf;

    if (lcf->language_tags != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    for (i = 1; i < cf->args->nelts; i++) {
        if (strcspn((char *) value[i].data, "-") > 3) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "no browser asks for \"%V\", languages have "
                               "codes of two letters, or three, as in de",
                               &value[i]);
        }
    }

    return ngx_exportsite_set_languages(cf, lcf, value + 1,
                                        cf->args->nelts - 1);
}


char *
ngx_exportsite_set_languages(ngx_conf_t *cf, ngx_exportsite_loc_conf_t *lcf,
    ngx_str_t *tags, ngx_uint_t n)
{
    size_t                       bad;
    es_str_t                    *list;
    ngx_str_t                   *tag;
    ngx_uint_t                   i;
    const char                  *err;
    static ngx_uint_t            salt;
    ngx_exportsite_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_exportsite_module);

    list = ngx_palloc(cf->pool, n * sizeof(es_str_t));
    lcf->language_events = ngx_palloc(cf->pool, n * sizeof(es_event_ready_t));
    lcf->language_tags = ngx_array_create(cf->pool, n, sizeof(ngx_str_t));

    if (list == NULL || lcf->language_events == NULL
        || lcf->language_tags == NULL)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < n; i++) {
        list[i] = ngx_exportsite_es(tags[i]);
        tag = ngx_array_push(lcf->language_tags);
        *tag = tags[i];

        es_event_prepare(&lcf->language_events[i], ES_EVENT_LANGUAGE, list[i]);
    }

    lcf->languages = es_languages_create(list, n, mcf->pool, &err, &bad);
    lcf->languages_salt = ++salt;

    if (lcf->languages == NULL) {
        return ngx_exportsite_invalid(cf, &tags[bad], err);
    }

    return NGX_CONF_OK;
}


char *
ngx_exportsite_industries(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value, *tag, *known;
    ngx_uint_t                  i, k;
    ngx_exportsite_loc_conf_t  *lcf = conf;

    if (lcf->industries != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    lcf->industries = ngx_array_create(cf->pool, cf->args->nelts,
                                       sizeof(ngx_str_t));
    if (lcf->industries == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (!es_tag_valid(ngx_exportsite_es(value[i]))) {
            return ngx_exportsite_invalid(cf, &value[i],
                      "a tag is of small letters, digits and \"-\", 32 at "
                      "most");
        }

        known = lcf->industries->elts;

        for (k = 0; k < lcf->industries->nelts; k++) {
            if (known[k].len == value[i].len
                && ngx_memcmp(known[k].data, value[i].data, value[i].len) == 0)
            {
                return ngx_exportsite_invalid(cf, &value[i],
                                              "it is there twice");
            }
        }

        tag = ngx_array_push(lcf->industries);
        if (tag == NULL) {
            return NGX_CONF_ERROR;
        }

        *tag = value[i];
    }

    return NGX_CONF_OK;
}


char *
ngx_exportsite_hint(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value;
    ngx_exportsite_hint_t      *hint;
    ngx_exportsite_loc_conf_t  *lcf = conf;

    value = cf->args->elts;

    if (lcf->hints == NGX_CONF_UNSET_PTR) {
        lcf->hints = ngx_array_create(cf->pool, 4,
                                      sizeof(ngx_exportsite_hint_t));
    }

    hint = lcf->hints ? ngx_array_push(lcf->hints) : NULL;
    if (hint == NULL) {
        return NGX_CONF_ERROR;
    }

    hint->name = value[1];
    hint->file = cf->conf_file->file.name.data;
    hint->line = cf->conf_file->line;
    hint->rule = ngx_exportsite_conf_rule(cf, &value[2]);

    return hint->rule ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* on, off or a value. */
char *
ngx_exportsite_set_switch(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                         *value;
    ngx_exportsite_switch_t           *sw;

    sw = (ngx_exportsite_switch_t *) ((char *) conf + cmd->offset);

    if (sw->flag != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;
    sw->flag = 0;

    if (ngx_strcmp(value[1].data, "on") == 0) {
        sw->flag = 1;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    if (!ngx_exportsite_has_variable(&value[1])) {
        return ngx_exportsite_invalid(cf, &value[1],
                       "use on, off or a value with a variable in it");
    }

    sw->value = ngx_palloc(cf->pool, sizeof(ngx_exportsite_value_t));
    if (sw->value == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_exportsite_conf_value(cf, &value[1], sw->value) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* on, off or a value, and whether it goes for crawlers, too. */
char *
ngx_exportsite_set_record(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value = cf->args->elts;
    ngx_exportsite_loc_conf_t  *lcf = conf;

    if (cf->args->nelts > 2) {
        if (ngx_strcmp(value[2].data, "crawlers") != 0) {
            return ngx_exportsite_invalid(cf, &value[2],
                          "what may follow is \"crawlers\", to record their "
                          "views as well");
        }

        lcf->record_crawlers = 1;
    }

    return ngx_exportsite_set_switch(cf, cmd, conf);
}


char *
ngx_exportsite_set_visitor(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    size_t                      i;
    ngx_str_t                  *value = cf->args->elts;
    static ngx_str_t            cookie = ngx_string("$cookie_");
    ngx_exportsite_loc_conf_t  *lcf = conf;

    if (!ngx_exportsite_has_variable(&value[1])) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "with exportsite_visitor \"%V\" everybody is this "
                           "one visitor, a variable begins with \"$\"",
                           &value[1]);
    }

    /* the commonest value is a cookie, which is had for less than a variable */

    if (value[1].len > cookie.len
        && ngx_strncmp(value[1].data, cookie.data, cookie.len) == 0)
    {
        for (i = cookie.len; i < value[1].len; i++) {
            if (!((value[1].data[i] >= 'a' && value[1].data[i] <= 'z')
                  || (value[1].data[i] >= '0' && value[1].data[i] <= '9')))
            {
                break;
            }
        }

        if (i == value[1].len) {
            lcf->visitor_cookie.len = value[1].len - cookie.len;
            lcf->visitor_cookie.data = value[1].data + cookie.len;
        }
    }

    return ngx_http_set_complex_value_slot(cf, cmd, conf);
}


char *
ngx_exportsite_optout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value;
    ngx_uint_t                  i;
    ngx_exportsite_loc_conf_t  *lcf = conf;

    if (lcf->optout != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    lcf->optout = 0;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "gpc") == 0) {
            lcf->optout |= NGX_EXPORTSITE_OPTOUT_GPC;

        } else if (ngx_strcmp(value[i].data, "dnt") == 0) {
            lcf->optout |= NGX_EXPORTSITE_OPTOUT_DNT;

        } else if (ngx_strcmp(value[i].data, "off") == 0
                   && cf->args->nelts == 2)
        {
            lcf->optout = NGX_EXPORTSITE_OPTOUT_OFF;

        } else {
            return ngx_exportsite_invalid(cf, &value[i],
                                      "use gpc, dnt or both, or off alone");
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_exportsite_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                         *value;
    ngx_uint_t                         i;
    ngx_exportsite_value_t            *cv;
    ngx_exportsite_loc_conf_t         *lcf = conf;

    if (lcf->key != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    lcf->key = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                sizeof(ngx_exportsite_value_t));
    if (lcf->key == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        if (!ngx_exportsite_has_variable(&value[i])) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "\"%V\" in exportsite_key is the same for "
                               "everybody, a variable begins with \"$\"",
                               &value[i]);
        }

        cv = ngx_array_push(lcf->key);

        if (ngx_exportsite_conf_value(cf, &value[i], cv) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* exportsite_status and exportsite_whoami: a location's own answer. */
char *
ngx_exportsite_endpoint(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t    *clcf;
    ngx_exportsite_main_conf_t  *mcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = (ngx_http_handler_pt) cmd->post;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_exportsite_module);
    mcf->used = 1;

    return NGX_CONF_OK;
}
