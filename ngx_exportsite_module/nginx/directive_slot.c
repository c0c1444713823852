/*
 * exportsite_slot and exportsite_script.
 */
#include "compat.h"

#include "../core/text.h"
#include "../redis/keys.h"
#include "conf_rule.h"
#include "directives.h"


typedef struct {
    ngx_str_t                      scheme;
    ngx_exportsite_slot_source_e   source;
} ngx_exportsite_scheme_t;


static ngx_exportsite_scheme_t  ngx_exportsite_schemes[] = {
    { ngx_string("file:"), ngx_exportsite_slot_file },
    { ngx_string("redis:"), ngx_exportsite_slot_redis },
    { ngx_string("uri:"), ngx_exportsite_slot_uri },
    { ngx_string("text:"), ngx_exportsite_slot_text },
    { ngx_null_string, 0 }
};


/* Cuts the scheme off; NULL if it is none. */
static ngx_exportsite_scheme_t *
ngx_exportsite_scheme(ngx_str_t *text)
{
    ngx_exportsite_scheme_t  *s;

    for (s = ngx_exportsite_schemes; s->scheme.len != 0; s++) {
        if (text->len >= s->scheme.len
            && ngx_strncmp(text->data, s->scheme.data, s->scheme.len) == 0)
        {
            text->data += s->scheme.len;
            text->len -= s->scheme.len;
            return s;
        }
    }

    return NULL;
}


/* What is wrong with the text after the scheme; NULL if nothing. */
static const char *
ngx_exportsite_slot_wrong(ngx_conf_t *cf, ngx_exportsite_slot_source_e source,
    ngx_str_t *text)
{
    ngx_exportsite_main_conf_t  *mcf;

    if (text->len == 0) {
        return "after the colon must stand what to take, as in "
               "file:/slots/hero.html";
    }

    switch (source) {

    case ngx_exportsite_slot_uri:
        return (text->data[0] == '/' || text->data[0] == '$') ? NULL
               : "a URI of this server, it begins with \"/\"";

    case ngx_exportsite_slot_file:
        return es_text_safe(ngx_exportsite_es(*text)) ? NULL
               : "the path is under the root, without \"..\"";

    case ngx_exportsite_slot_redis:
        mcf = ngx_http_conf_get_module_main_conf(cf, ngx_exportsite_module);
        if (!mcf->redis_slots) {
            mcf->redis_slots = 1;
            mcf->redis_slot_file = cf->conf_file->file.name.data;
            mcf->redis_slot_line = cf->conf_file->line;
        }

        return (ngx_exportsite_has_variable(text)
                || es_slot_key_valid(ngx_exportsite_es(*text))) ? NULL
               : "a key of up to 200 letters, digits and _ . : / + @ * -";

    default:
        return NULL;
    }
}


char *
ngx_exportsite_slot_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                   *value, text;
    ngx_uint_t                   i;
    const char                  *wrong;
    ngx_exportsite_scheme_t     *scheme;
    ngx_exportsite_loc_conf_t   *lcf = conf;
    ngx_exportsite_slot_conf_t  *slot;

    value = cf->args->elts;

    if (!es_name_valid(ngx_exportsite_es(value[1]))) {
        return ngx_exportsite_invalid(cf, &value[1],
                      "a slot's name is of small letters, digits, \"_\" and "
                      "\"-\", begins with a letter, and has 64 at most");
    }

    text = value[2];
    scheme = ngx_exportsite_scheme(&text);

    if (scheme == NULL) {
        return ngx_exportsite_invalid(cf, &value[2],
                      "the source is file:PATH, redis:KEY, uri:URI or "
                      "text:VALUE");
    }

    wrong = ngx_exportsite_slot_wrong(cf, scheme->source, &text);

    if (wrong != NULL) {
        return ngx_exportsite_invalid(cf, &value[2], wrong);
    }

    if (lcf->slots == NGX_CONF_UNSET_PTR) {
        lcf->slots = ngx_array_create(cf->pool, 4,
                                      sizeof(ngx_exportsite_slot_conf_t));
        if (lcf->slots == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    slot = lcf->slots->elts;

    for (i = 0; i < lcf->slots->nelts; i++) {
        if (slot[i].name.len == value[1].len
            && ngx_memcmp(slot[i].name.data, value[1].data, value[1].len) == 0)
        {
            return ngx_exportsite_invalid(cf, &value[1],
                                          "this slot is filled here already");
        }
    }

    slot = ngx_array_push(lcf->slots);
    if (slot == NULL) {
        return NGX_CONF_ERROR;
    }

    slot->name = value[1];
    slot->source = scheme->source;

    return ngx_exportsite_conf_value(cf, &text, &slot->value) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_exportsite_script(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value, option;
    ngx_exportsite_loc_conf_t  *lcf = conf;

    if (lcf->script != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    lcf->script = ngx_pcalloc(cf->pool, sizeof(ngx_exportsite_script_t));
    if (lcf->script == NULL
        || ngx_exportsite_conf_value(cf, &value[1], &lcf->script->uri)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    if (!ngx_exportsite_option(&value[2], "nonce", &option)) {
        return ngx_exportsite_invalid(cf, &value[2],
                                      "known is nonce=, as in "
                                      "nonce=$request_id");
    }

    lcf->script->nonce = ngx_palloc(cf->pool, sizeof(ngx_exportsite_value_t));
    if (lcf->script->nonce == NULL
        || ngx_exportsite_conf_value(cf, &option, lcf->script->nonce) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
