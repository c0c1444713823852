/*
 * Settings: made, given their defaults, and handed down from level to level.
 */
#ifndef NGX_EXPORTSITE_DEFAULTS_H
#define NGX_EXPORTSITE_DEFAULTS_H

#include "settings.h"


void *ngx_exportsite_create_main_conf(ngx_conf_t *cf);
char *ngx_exportsite_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_exportsite_create_loc_conf(ngx_conf_t *cf);
char *ngx_exportsite_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);

#endif
