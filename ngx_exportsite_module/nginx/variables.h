/*
 * What the module knows, as nginx variables.
 */
#ifndef NGX_EXPORTSITE_VARIABLES_H
#define NGX_EXPORTSITE_VARIABLES_H

#include "compat.h"
#include "visit.h"


ngx_int_t ngx_exportsite_add_variables(ngx_conf_t *cf);

/* Gives the profile fields that the configuration's variables name numbers. */
ngx_int_t ngx_exportsite_bind_variables(void);

/* The cache key of what this visitor is shown, in pool. */
ngx_str_t ngx_exportsite_cache_key(ngx_exportsite_visit_t *visit);

#endif
