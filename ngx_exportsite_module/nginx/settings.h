/*
 * What nginx.conf says, in two structs: one for http, one for every level down
 * to a location. Each directive has one row in module.c's table, one field here
 * and one default in defaults.c.
 */
#ifndef NGX_EXPORTSITE_SETTINGS_H
#define NGX_EXPORTSITE_SETTINGS_H

#include "compat.h"

#include <ngx_thread_pool.h>

#include "geo.h"
#include "../core/agent_list.h"
#include "../core/event.h"
#include "../core/language.h"
#include "../core/rule.h"


#define NGX_EXPORTSITE_PHASE_REWRITE  0
#define NGX_EXPORTSITE_PHASE_ACCESS   1

#define NGX_EXPORTSITE_OPTOUT_OFF     0x0001
#define NGX_EXPORTSITE_OPTOUT_GPC     0x0002
#define NGX_EXPORTSITE_OPTOUT_DNT     0x0004


/*
 * A value with variables, and what an answer that uses it depends on. See
 * depend.h.
 */
typedef struct {
    ngx_http_complex_value_t   complex;
    uint64_t                   depends;
    ngx_uint_t                 known;             /* depends is */
} ngx_exportsite_value_t;


/* A rung of a ladder: where a country, language or industry is looked for. */
typedef enum {
    ngx_exportsite_source_geo,
    ngx_exportsite_source_cookie,
    ngx_exportsite_source_arg,
    ngx_exportsite_source_header,
    ngx_exportsite_source_url,
    ngx_exportsite_source_accept,
    ngx_exportsite_source_country,
    ngx_exportsite_source_profile,
    ngx_exportsite_source_hint,
    ngx_exportsite_source_value
} ngx_exportsite_source_e;

typedef struct {
    ngx_exportsite_source_e    type;
    ngx_str_t                  text;       /* as written, for _source */
    ngx_str_t                  name;       /* of the cookie, argument, header */
    ngx_uint_t                 field;      /* of the profile, by number */
    uint64_t                   depends;    /* of asking it */
    ngx_exportsite_value_t     value;
} ngx_exportsite_source_t;


typedef struct {
    ngx_str_t                  name;       /* the industry */
    es_rule_t                 *rule;
    u_char                    *file;       /* where it stands */
    ngx_uint_t                 line;
} ngx_exportsite_hint_t;


/* on, off or a value that decides per request */
typedef struct {
    ngx_flag_t                 flag;
    ngx_exportsite_value_t    *value;
} ngx_exportsite_switch_t;


typedef struct {
    ngx_str_t                  name;
    ngx_str_t                  attributes; /* "; Path=/; ..." after the value */
    ngx_str_t                  expired;    /* the same for deletion */
    ngx_uint_t                 secure;     /* 0 off, 1 on, 2 auto */
} ngx_exportsite_cookie_t;


/* Where the content of a slot comes from. */
typedef enum {
    ngx_exportsite_slot_file,
    ngx_exportsite_slot_redis,
    ngx_exportsite_slot_uri,
    ngx_exportsite_slot_text
} ngx_exportsite_slot_source_e;

typedef struct {
    ngx_str_t                  name;
    ngx_exportsite_slot_source_e  source;
    ngx_exportsite_value_t     value;
} ngx_exportsite_slot_conf_t;

typedef struct {
    ngx_exportsite_value_t     uri;
    ngx_exportsite_value_t    *nonce;             /* or NULL */
} ngx_exportsite_script_t;


/*
 * The alternates of a page: between the parts of the pattern stands a language.
 */
typedef struct {
    ngx_array_t                parts;             /* of value_t */
    ngx_exportsite_value_t    *x_default;         /* or NULL */
} ngx_exportsite_hreflang_t;


/* The collector of a location: whose events it takes, and its script. */
typedef struct {
    ngx_array_t                origins;           /* of es_authority_t */
    ngx_str_t                  script;
    ngx_str_t                  etag;
    u_char                    *file;              /* where it stands */
    ngx_uint_t                 line;
} ngx_exportsite_beacon_conf_t;


typedef struct {
    ngx_flag_t                 enable;
    ngx_uint_t                 phase;

    es_languages_t            *languages;
    ngx_uint_t                 languages_salt;    /* of remembered answers */
    ngx_array_t               *language_tags;     /* of ngx_str_t */
    es_event_ready_t          *language_events;   /* the same for events */
    ngx_array_t               *industries;        /* of ngx_str_t */
    ngx_array_t               *country_from;      /* of source_t */
    ngx_array_t               *language_from;
    ngx_array_t               *industry_from;
    ngx_array_t               *hints;             /* of hint_t */

    ngx_exportsite_cookie_t   *cookie;
    ngx_http_complex_value_t  *visitor;
    ngx_str_t                  visitor_cookie;    /* it is just $cookie_NAME */
    ngx_exportsite_switch_t    consent;
    ngx_exportsite_switch_t    record;
    ngx_uint_t                 record_crawlers;   /* comes with record */
    ngx_uint_t                 optout;
    ngx_array_t               *key;               /* of value_t */

    ngx_flag_t                 vary;
    ngx_array_t               *slots;             /* of slot_conf_t */
    ngx_exportsite_script_t   *script;
    ngx_exportsite_hreflang_t *hreflang;          /* or NULL */
    ngx_str_t                  gpc;               /* lastUpdate of an answer */
    ngx_exportsite_beacon_conf_t  *beacon;        /* or NULL; not inherited */
    ngx_hash_t                 slot_types;
    ngx_array_t               *slot_types_keys;
} ngx_exportsite_loc_conf_t;


typedef struct {
    ngx_str_t                  address;           /* as written */
    struct sockaddr           *sockaddr;
    ngx_str_t                  host;              /* numeric, or unix path */
    ngx_uint_t                 port;
    ngx_uint_t                 db;
    ngx_str_t                  user;
    ngx_str_t                  password;
    ngx_str_t                  prefix;
    ngx_msec_t                 timeout;
    ngx_msec_t                 connect_timeout;
    ngx_msec_t                 refresh;
} ngx_exportsite_redis_conf_t;


typedef struct {
    ngx_flag_t                 off;
    ngx_str_t                  key;               /* without the prefix */
    ngx_uint_t                 maxlen;
    ngx_msec_t                 flush;
    size_t                     buffer;
    ngx_path_t                *spool;             /* or NULL */
    off_t                      spool_max;
    ngx_thread_pool_t         *threads;           /* for fsync(), or NULL */
    ngx_uint_t                 set;
} ngx_exportsite_stream_conf_t;


typedef struct {
    es_rule_t                 *rule;
    ngx_exportsite_value_t     value;
} ngx_exportsite_choose_case_t;

typedef struct {
    ngx_str_t                  name;              /* of the variable */
    ngx_array_t                cases;             /* of choose_case_t */
    ngx_exportsite_choose_case_t  *fallback;      /* default, or NULL */
    ngx_uint_t                 index;             /* among all choices */
    ngx_uint_t                 hash;              /* of the name */
} ngx_exportsite_choose_t;


typedef struct {
    u_char                     bytes[16];
} ngx_exportsite_key_t;


typedef struct {
    ngx_uint_t                 used;              /* some level is on */

    ngx_str_t                  zone_name;
    size_t                     zone_size;
    ngx_shm_zone_t            *profile_zone;
    ngx_shm_zone_t            *state_zone;
    ngx_shm_zone_t            *queue_zone;
    ngx_shm_zone_t            *contents_zone;     /* with redis: slots */
    ngx_uint_t                 redis_slots;       /* there are some */
    u_char                    *redis_slot_file;   /* where the first stands */
    ngx_uint_t                 redis_slot_line;

    ngx_exportsite_geo_t      *geo;
    ngx_exportsite_redis_conf_t  redis;
    ngx_msec_t                 profile_ttl;
    ngx_exportsite_stream_conf_t  stream;

    es_agent_list_t           *crawlers;          /* those named, or NULL */
    ngx_array_t                secrets;           /* of key_t */
    ngx_array_t                choices;           /* of choose_t * */
    ngx_array_t                rules;             /* of es_rule_t * */
    ngx_array_t                profile_sources;   /* of source_t * */
    ngx_array_t                vary;              /* of ngx_str_t: headers */
    es_pool_t                 *pool;
} ngx_exportsite_main_conf_t;


extern ngx_module_t  ngx_exportsite_module;


/* Is anything of ours on in this configuration? Known once it is read. */
static ngx_inline ngx_uint_t
ngx_exportsite_used(ngx_conf_t *cf)
{
    ngx_exportsite_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_exportsite_module);

    return mcf->used;
}

#endif
