/*
 * exportsite_choose: a variable whose value is that of the first rule that
 * holds.
 */
#ifndef NGX_EXPORTSITE_CHOOSE_H
#define NGX_EXPORTSITE_CHOOSE_H

#include "settings.h"
#include "visit.h"


char *ngx_exportsite_choose_block(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* Evaluates all there are, whatever nginx remembers of them as variables. */
void ngx_exportsite_choose_all(ngx_exportsite_visit_t *visit);

/* The handler of their variables. */
ngx_int_t ngx_exportsite_choose_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

/* The choices evaluated so far, "hero=german,cta=green", in pool. */
ngx_str_t ngx_exportsite_variants(ngx_exportsite_visit_t *visit);

#endif
