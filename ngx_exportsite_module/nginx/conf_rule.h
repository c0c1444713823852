/*
 * The rules of the configuration, and its values with variables.
 */
#ifndef NGX_EXPORTSITE_CONF_RULE_H
#define NGX_EXPORTSITE_CONF_RULE_H

#include "settings.h"


/*
 * Compiles a rule of the configuration, remembering it for the fields it reads.
 * An error is logged with file and line, and NULL returned.
 */
es_rule_t *ngx_exportsite_conf_rule(ngx_conf_t *cf, ngx_str_t *text);

/* Compiles a value that may hold variables; NGX_ERROR: logged. */
ngx_int_t ngx_exportsite_conf_value(ngx_conf_t *cf, ngx_str_t *text,
    ngx_exportsite_value_t *value);

/* Is there a variable in it? */
static ngx_inline ngx_uint_t
ngx_exportsite_has_variable(const ngx_str_t *text)
{
    return ngx_strlchr(text->data, text->data + text->len, '$') != NULL;
}


/* May it be part of a variable's name? */
static ngx_inline ngx_uint_t
ngx_exportsite_name_char(u_char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '_';
}

#endif
