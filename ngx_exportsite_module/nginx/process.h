/*
 * A worker's beginning, its round once a second, and its end.
 */
#ifndef NGX_EXPORTSITE_PROCESS_H
#define NGX_EXPORTSITE_PROCESS_H

#include "compat.h"


ngx_int_t ngx_exportsite_init_process(ngx_cycle_t *cycle);
void ngx_exportsite_exit_process(ngx_cycle_t *cycle);

#endif
