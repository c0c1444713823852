/*
 * exportsite_gpc: /.well-known/gpc.json, where a site says whether it heeds the
 * browser's "do not sell or share" (the Global Privacy Control specification).
 */
#ifndef NGX_EXPORTSITE_GPC_H
#define NGX_EXPORTSITE_GPC_H

#include "compat.h"


/* The directive's handler. */
char *ngx_exportsite_gpc(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

ngx_int_t ngx_exportsite_gpc_handler(ngx_http_request_t *r);

#endif
