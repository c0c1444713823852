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

/*
 * Which of the values that nginx remembers for this request do not follow from
 * the visit, a byte for each variable, in pool; NULL without memory. Those of a
 * "set" and of what others asked for stay, ours do not.
 */
u_char *ngx_exportsite_variables_known(ngx_http_request_t *r);

/* nginx forgets all but the known ones: the visit is about something else. */
void ngx_exportsite_variables_forget(ngx_http_request_t *r,
    const u_char *known);

/* The cache key of what this visitor is shown, in pool. */
ngx_str_t ngx_exportsite_cache_key(ngx_exportsite_visit_t *visit);

#endif
