/*
 * The handlers of module.c's directive table.
 */
#ifndef NGX_EXPORTSITE_DIRECTIVES_H
#define NGX_EXPORTSITE_DIRECTIVES_H

#include "settings.h"


/* What directive_*.c share: */

/* "name=value": true, and the value, which may be empty. */
ngx_uint_t ngx_exportsite_option(ngx_str_t *arg, const char *name,
    ngx_str_t *value);

/* A time above zero; false for anything else. */
ngx_uint_t ngx_exportsite_time(ngx_str_t *text, ngx_msec_t *time);

/* Logs the argument and what to write instead; NGX_CONF_ERROR. */
char *ngx_exportsite_invalid(ngx_conf_t *cf, ngx_str_t *arg,
    const char *remedy);

/* A small file's content without the line end; NGX_ERROR: logged. */
ngx_int_t ngx_exportsite_read_file(ngx_conf_t *cf, ngx_str_t *file,
    ngx_str_t *content);


/* What defaults.c needs of them; NULL, or not NGX_CONF_OK: logged. */

char *ngx_exportsite_set_languages(ngx_conf_t *cf,
    ngx_exportsite_loc_conf_t *lcf, ngx_str_t *tags, ngx_uint_t n);

/* which: 0 country, 1 language, 2 industry */
ngx_array_t *ngx_exportsite_ladder(ngx_conf_t *cf, ngx_uint_t which,
    ngx_str_t *words, ngx_uint_t n);
ngx_exportsite_cookie_t *ngx_exportsite_default_cookie(ngx_conf_t *cf);

/* The last of a location's merge: a collector's script, and its limits. */
char *ngx_exportsite_merge_beacon(ngx_conf_t *cf,
    ngx_exportsite_loc_conf_t *prev, ngx_exportsite_loc_conf_t *conf);


/* The table's handlers: */

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
char *ngx_exportsite_set_record(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_exportsite_crawlers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_set_hreflang(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_exportsite_set_visitor(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_exportsite_optout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_set_cookie(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_exportsite_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_slot_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_exportsite_script(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_beacon(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_exportsite_endpoint(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

#endif
