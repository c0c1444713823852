/*
 * The door: every directive has a row here, every phase its handler.
 */
#include "compat.h"

#include "beacon.h"
#include "choose.h"
#include "defaults.h"
#include "directives.h"
#include "gpc.h"
#include "process.h"
#include "record.h"
#include "status.h"
#include "unconditional.h"
#include "variables.h"
#include "visit.h"
#include "worker.h"


#define NGX_EXPORTSITE_ANY                                                    \
    (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF)


static ngx_int_t ngx_exportsite_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_exportsite_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_exportsite_server_rewrite_handler(ngx_http_request_t *r);
static ngx_int_t ngx_exportsite_rewrite_handler(ngx_http_request_t *r);
static ngx_int_t ngx_exportsite_precontent_handler(ngx_http_request_t *r);
static ngx_int_t ngx_exportsite_log_handler(ngx_http_request_t *r);


static ngx_command_t  ngx_exportsite_commands[] = {

    { ngx_string("exportsite"),
      NGX_EXPORTSITE_ANY|NGX_CONF_TAKE12,
      ngx_exportsite_on,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_exportsite_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_geo"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE123,
      ngx_exportsite_geo,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_exportsite_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_profile"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_exportsite_profile,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_secret"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_exportsite_secret,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_stream"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_exportsite_stream,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_crawlers"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_exportsite_crawlers,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_choose"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_exportsite_choose_block,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_languages"),
      NGX_EXPORTSITE_ANY|NGX_CONF_1MORE,
      ngx_exportsite_languages,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_industries"),
      NGX_EXPORTSITE_ANY|NGX_CONF_1MORE,
      ngx_exportsite_industries,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_country_from"),
      NGX_EXPORTSITE_ANY|NGX_CONF_1MORE,
      ngx_exportsite_from,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_exportsite_loc_conf_t, country_from),
      NULL },

    { ngx_string("exportsite_language_from"),
      NGX_EXPORTSITE_ANY|NGX_CONF_1MORE,
      ngx_exportsite_from,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_exportsite_loc_conf_t, language_from),
      NULL },

    { ngx_string("exportsite_industry_from"),
      NGX_EXPORTSITE_ANY|NGX_CONF_1MORE,
      ngx_exportsite_from,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_exportsite_loc_conf_t, industry_from),
      NULL },

    { ngx_string("exportsite_hint"),
      NGX_EXPORTSITE_ANY|NGX_CONF_TAKE2,
      ngx_exportsite_hint,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_cookie"),
      NGX_EXPORTSITE_ANY|NGX_CONF_1MORE,
      ngx_exportsite_set_cookie,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_visitor"),
      NGX_EXPORTSITE_ANY|NGX_CONF_TAKE1,
      ngx_exportsite_set_visitor,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_exportsite_loc_conf_t, visitor),
      NULL },

    { ngx_string("exportsite_consent"),
      NGX_EXPORTSITE_ANY|NGX_CONF_TAKE1,
      ngx_exportsite_set_switch,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_exportsite_loc_conf_t, consent),
      NULL },

    { ngx_string("exportsite_optout"),
      NGX_EXPORTSITE_ANY|NGX_CONF_TAKE12,
      ngx_exportsite_optout,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_record"),
      NGX_EXPORTSITE_ANY|NGX_CONF_TAKE12,
      ngx_exportsite_set_record,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_exportsite_loc_conf_t, record),
      NULL },

    { ngx_string("exportsite_key"),
      NGX_EXPORTSITE_ANY|NGX_CONF_1MORE,
      ngx_exportsite_key,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_vary"),
      NGX_EXPORTSITE_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_exportsite_loc_conf_t, vary),
      NULL },

    { ngx_string("exportsite_slot"),
      NGX_EXPORTSITE_ANY|NGX_CONF_TAKE2,
      ngx_exportsite_slot_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_slot_types"),
      NGX_EXPORTSITE_ANY|NGX_CONF_1MORE,
      ngx_http_types_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_exportsite_loc_conf_t, slot_types_keys),
      &ngx_http_html_default_types[0] },

    { ngx_string("exportsite_script"),
      NGX_EXPORTSITE_ANY|NGX_CONF_TAKE12,
      ngx_exportsite_script,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_hreflang"),
      NGX_EXPORTSITE_ANY|NGX_CONF_TAKE12,
      ngx_exportsite_set_hreflang,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_beacon"),
      NGX_HTTP_LOC_CONF|NGX_CONF_ANY,
      ngx_exportsite_beacon,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_whoami"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_exportsite_endpoint,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      ngx_exportsite_whoami_handler },

    { ngx_string("exportsite_gpc"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_exportsite_gpc,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("exportsite_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_exportsite_endpoint,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      ngx_exportsite_status_handler },

      ngx_null_command
};


static ngx_http_module_t  ngx_exportsite_module_ctx = {
    ngx_exportsite_preconfiguration,       /* preconfiguration */
    ngx_exportsite_postconfiguration,      /* postconfiguration */

    ngx_exportsite_create_main_conf,       /* create main configuration */
    ngx_exportsite_init_main_conf,         /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_exportsite_create_loc_conf,        /* create location configuration */
    ngx_exportsite_merge_loc_conf          /* merge location configuration */
};


ngx_module_t  ngx_exportsite_module = {
    NGX_MODULE_V1,
    &ngx_exportsite_module_ctx,            /* module context */
    ngx_exportsite_commands,               /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_exportsite_init_process,           /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_exportsite_exit_process,           /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_exportsite_preconfiguration(ngx_conf_t *cf)
{
    return ngx_exportsite_add_variables(cf);
}


static ngx_int_t
ngx_exportsite_add_handler(ngx_conf_t *cf, ngx_uint_t phase,
    ngx_http_handler_pt handler)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[phase].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = handler;

    return NGX_OK;
}


static ngx_int_t
ngx_exportsite_postconfiguration(ngx_conf_t *cf)
{
    ngx_exportsite_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_exportsite_module);

    if (mcf->redis_slots && mcf->redis.sockaddr == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "exportsite_slot takes its content from \"redis:\", "
                      "but there is no exportsite_redis: add it in http, for "
                      "%s:%ui", mcf->redis_slot_file, mcf->redis_slot_line);
        return NGX_ERROR;
    }

    if (!mcf->used) {
        return NGX_OK;
    }

    if (mcf->secrets.nelts == 0) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "no exportsite_secret: visitors are signed with a random "
                      "key that a restart forgets; make one with \"openssl "
                      "rand -hex 32\"");
    }

    if (ngx_exportsite_add_zones(cf, mcf) != NGX_OK
        || ngx_exportsite_add_handler(cf, NGX_HTTP_SERVER_REWRITE_PHASE,
                                      ngx_exportsite_server_rewrite_handler)
           != NGX_OK
        || ngx_exportsite_add_handler(cf, NGX_HTTP_REWRITE_PHASE,
                                      ngx_exportsite_rewrite_handler)
           != NGX_OK
        || ngx_exportsite_add_handler(cf, NGX_HTTP_PRECONTENT_PHASE,
                                      ngx_exportsite_precontent_handler)
           != NGX_OK
        || ngx_exportsite_add_handler(cf, NGX_HTTP_LOG_PHASE,
                                      ngx_exportsite_log_handler)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_exportsite_server_rewrite_handler(ngx_http_request_t *r)
{
    return ngx_exportsite_visit_begin(r, ngx_exportsite_at_server);
}


static ngx_int_t
ngx_exportsite_rewrite_handler(ngx_http_request_t *r)
{
    return ngx_exportsite_visit_begin(r, ngx_exportsite_at_location);
}


static ngx_int_t
ngx_exportsite_precontent_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_exportsite_visit_begin(r, ngx_exportsite_at_access);

    if (rc == NGX_DECLINED) {
        ngx_exportsite_unconditional(r);
    }

    return rc;
}


static ngx_int_t
ngx_exportsite_log_handler(ngx_http_request_t *r)
{
    ngx_exportsite_beacon_log(r);
    ngx_exportsite_record_view(r);

    return NGX_OK;
}
