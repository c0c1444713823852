/*
 * exportsite_status and exportsite_whoami: for operators, and for scripts.
 */
#ifndef NGX_EXPORTSITE_STATUS_H
#define NGX_EXPORTSITE_STATUS_H

#include "compat.h"


ngx_int_t ngx_exportsite_status_handler(ngx_http_request_t *r);
ngx_int_t ngx_exportsite_whoami_handler(ngx_http_request_t *r);

#endif
