/*
 * The handlers of module.c's directive table.
 */
#ifndef NGX_EXPORTSITE_DIRECTIVES_H
#define NGX_EXPORTSITE_DIRECTIVES_H

#include "../core/visitor.h"
#include "geo.h"
#include "settings.h"


typedef struct {
    time_t                     max_age;
    ngx_str_t                  domain;
    ngx_str_t                  path;
    ngx_str_t                  samesite;
} ngx_exportsite_cookie_args_t;


char *ngx_exportsite_on(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_geo(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_secret(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_profile(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_stream(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_languages(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_industries(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_exportsite_from(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_hint(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_set_switch(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_exportsite_set_visitor(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_exportsite_optout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_set_cookie(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_exportsite_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_endpoint(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

#endif
