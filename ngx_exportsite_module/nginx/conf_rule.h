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

#endif
