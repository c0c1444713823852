/*
 * Rules meet the visit: what a field of a rule is for this visitor.
 */
#include "compat.h"

#include "../core/agent.h"
#include "../core/query.h"
#include "depend.h"
#include "fields.h"
#include "geo.h"
#include "profile.h"
#include "resolve.h"
#include "segments.h"
#include "visitor.h"
#include "worker.h"


typedef struct {
    es_rule_env_t            env;                 /* first */
    ngx_exportsite_visit_t  *visit;
    char                     buf[1024];
} ngx_exportsite_env_t;


static bool ngx_exportsite_field(es_rule_env_t *env,
    const es_rule_field_t *field, es_str_t *value);
static bool ngx_exportsite_env_segment(es_rule_env_t *env, uint32_t index);
static bool ngx_exportsite_time_field(ngx_exportsite_env_t *env,
    es_field_e kind, es_str_t *value);


static ngx_inline void
ngx_exportsite_env_init(ngx_exportsite_env_t *env,
    ngx_exportsite_visit_t *visit)
{
    env->env.field = ngx_exportsite_field;
    env->env.segment = ngx_exportsite_env_segment;
    env->env.scratch = ngx_exportsite_worker.scratch;
    env->env.regex_limit_hits = 0;
    env->visit = visit;
}


ngx_uint_t
ngx_exportsite_rule(ngx_exportsite_visit_t *visit, const es_rule_t *rule)
{
    bool                  holds;
    ngx_exportsite_env_t  env;

    ngx_exportsite_env_init(&env, visit);

    holds = es_rule_eval(rule, &env.env);

    ngx_exportsite_worker.counters->regex_limited += env.env.regex_limit_hits;

    return holds;
}


static ngx_uint_t
ngx_exportsite_segment_eval(ngx_exportsite_visit_t *visit, es_segments_t *set,
    uint32_t index)
{
    bool                  holds;
    ngx_exportsite_env_t  env;

    if (visit->segments[index] != 0) {
        return visit->segments[index] == ES_SEGMENT_TRUE;
    }

    ngx_exportsite_env_init(&env, visit);

    holds = es_segments_eval(set, &env.env, index, visit->segments);

    ngx_exportsite_worker.counters->regex_limited += env.env.regex_limit_hits;

    return holds;
}


/* The answers so far, a byte for each segment of the present set, or NULL. */
static u_char *
ngx_exportsite_segment_memo(ngx_exportsite_visit_t *visit, es_segments_t *set)
{
    if (visit->segments == NULL
        || visit->segments_generation != es_segments_generation(set))
    {
        visit->segments = ngx_pcalloc(visit->request->pool,
                                      es_segments_count(set));
        visit->segments_generation = es_segments_generation(set);
    }

    return visit->segments;
}


ngx_uint_t
ngx_exportsite_in_segment(ngx_exportsite_visit_t *visit, uint32_t index)
{
    es_segments_t  *set = ngx_exportsite_segments_set();

    if (index >= es_segments_count(set)
        || ngx_exportsite_segment_memo(visit, set) == NULL)
    {
        return 0;
    }

    return ngx_exportsite_segment_eval(visit, set, index);
}


ngx_str_t
ngx_exportsite_segment_list(ngx_exportsite_visit_t *visit)
{
    u_char                *p, *memo;
    size_t                 i, count, len;
    es_str_t               name;
    ngx_str_t              list = ngx_null_string;
    es_segments_t         *set = ngx_exportsite_segments_set();
    ngx_exportsite_env_t   env;

    count = es_segments_count(set);

    if (count == 0
        || (memo = ngx_exportsite_segment_memo(visit, set)) == NULL)
    {
        return list;
    }

    ngx_exportsite_env_init(&env, visit);
    len = 0;

    for (i = 0; i < count; i++) {
        if (es_segments_eval(set, &env.env, (uint32_t) i, memo)) {
            len += es_segments_name(set, i).len + 1;
        }
    }

    ngx_exportsite_worker.counters->regex_limited += env.env.regex_limit_hits;

    if (len == 0 || (p = ngx_pnalloc(visit->request->pool, len)) == NULL) {
        return list;
    }

    list.data = p;

    for (i = 0; i < count; i++) {
        if (memo[i] == ES_SEGMENT_TRUE) {
            name = es_segments_name(set, i);
            p = ngx_cpymem(p, name.data, name.len);
            *p++ = ',';
        }
    }

    list.len = p - list.data - 1;

    return list;
}


static bool
ngx_exportsite_env_segment(es_rule_env_t *env, uint32_t index)
{
    ngx_exportsite_env_t  *e = (ngx_exportsite_env_t *) env;

    return ngx_exportsite_in_segment(e->visit, index);
}


/* A value that is there if it is not empty. */
static ngx_inline bool
ngx_exportsite_text(ngx_str_t text, es_str_t *value)
{
    *value = ngx_exportsite_es(text);

    return text.len > 0;
}


static ngx_inline bool
ngx_exportsite_header_text(ngx_table_elt_t *h, es_str_t *value)
{
    return h != NULL && ngx_exportsite_text(h->value, value);
}


/* Where the visitor is. */
static bool
ngx_exportsite_place_field(ngx_exportsite_visit_t *visit, es_field_e kind,
    es_str_t *value)
{
    u_char      *country;
    ngx_uint_t   field;

    switch (kind) {

    case ES_FIELD_COUNTRY:
        country = ngx_exportsite_country(visit);
        *value = (es_str_t) { 2, (char *) country };
        return country[0] != 'X' || country[1] != 'X';

    case ES_FIELD_CONTINENT:
        return ngx_exportsite_text(ngx_exportsite_continent(visit), value);

    case ES_FIELD_REGION:
        field = ngx_exportsite_geo_region;
        break;

    case ES_FIELD_CITY:
        field = ngx_exportsite_geo_city;
        break;

    case ES_FIELD_ASN:
        field = ngx_exportsite_geo_asn;
        break;

    default: /* ES_FIELD_ORGANIZATION */
        field = ngx_exportsite_geo_organization;
    }

    return ngx_exportsite_text(ngx_exportsite_place(visit, field), value);
}


/* What the request says. */
static bool
ngx_exportsite_request_field(ngx_exportsite_env_t *env,
    const es_rule_field_t *field, es_str_t *value)
{
    ngx_str_t                name;
    ngx_exportsite_visit_t  *visit = env->visit;
    ngx_http_request_t      *r = visit->request;

    switch (field->kind) {

    case ES_FIELD_PATH:
        return ngx_exportsite_text(visit->path, value);

    case ES_FIELD_HOST:
        return ngx_exportsite_text(visit->host, value);

    case ES_FIELD_METHOD:
        return ngx_exportsite_text(r->method_name, value);

    case ES_FIELD_REFERRER:
        /* a beacon's is the page that sent it */
        return !visit->beacon
               && ngx_exportsite_header_text(r->headers_in.referer, value);

    case ES_FIELD_AGENT:
        return ngx_exportsite_header_text(r->headers_in.user_agent, value);

    case ES_FIELD_QUERY:
        return es_query_find(ngx_exportsite_es(visit->args), field->name,
                             env->buf, sizeof(env->buf), value);

    default: /* ES_FIELD_COOKIE */
        name = ngx_exportsite_ngx(field->name);
        return ngx_exportsite_cookie(r, &name, value);
    }
}


/* Who the visitor is; a flag is "1" or missing. */
static bool
ngx_exportsite_visitor_field(ngx_exportsite_visit_t *visit, es_field_e kind,
    es_str_t *value)
{
    *value = (es_str_t) { 1, "1" };

    switch (kind) {

    case ES_FIELD_DEVICE:
        ngx_exportsite_agent(visit);
        *value = es_device_name(visit->device);
        return true;

    case ES_FIELD_CRAWLER:
        ngx_exportsite_agent(visit);
        return visit->crawler;

    case ES_FIELD_CONSENT:
        return ngx_exportsite_consent(visit);

    default: /* ES_FIELD_NEW */
        if (visit->beacon) {
            return false;
        }

        (void) ngx_exportsite_visitor(visit);
        return visit->new_visitor;
    }
}


static bool
ngx_exportsite_field(es_rule_env_t *env, const es_rule_field_t *field,
    es_str_t *value)
{
    ngx_exportsite_env_t    *e = (ngx_exportsite_env_t *) env;
    ngx_exportsite_visit_t  *visit = e->visit;

    switch (field->kind) {

    case ES_FIELD_COUNTRY:
    case ES_FIELD_CONTINENT:
    case ES_FIELD_REGION:
    case ES_FIELD_CITY:
    case ES_FIELD_ASN:
    case ES_FIELD_ORGANIZATION:
        return ngx_exportsite_place_field(visit, field->kind, value);

    case ES_FIELD_LANGUAGE:
        return ngx_exportsite_text(ngx_exportsite_language(visit), value);

    case ES_FIELD_INDUSTRY:
        return ngx_exportsite_text(ngx_exportsite_industry(visit), value);

    case ES_FIELD_PATH:
    case ES_FIELD_HOST:
    case ES_FIELD_METHOD:
    case ES_FIELD_QUERY:
        return ngx_exportsite_request_field(e, field, value);

    default:
        break;
    }

    /* no shared cache can tell these apart */
    ngx_exportsite_depend_visitor(visit);

    switch (field->kind) {

    case ES_FIELD_REFERRER:
    case ES_FIELD_AGENT:
    case ES_FIELD_COOKIE:
        return ngx_exportsite_request_field(e, field, value);

    case ES_FIELD_DEVICE:
    case ES_FIELD_CRAWLER:
    case ES_FIELD_CONSENT:
    case ES_FIELD_NEW:
        return ngx_exportsite_visitor_field(visit, field->kind, value);

    case ES_FIELD_HOUR:
    case ES_FIELD_WEEKDAY:
    case ES_FIELD_DATE:
        return ngx_exportsite_time_field(e, field->kind, value);

    case ES_FIELD_VISITS:
    case ES_FIELD_VIEWS:
    case ES_FIELD_PROFILE:
        if (field->bind == 0) {
            return false;
        }

        *value = ngx_exportsite_profile_field(visit, field->bind - 1);
        return value->len > 0;

    default:
        return false;
    }
}


/* The server's local time, as $time_local has it. */
static bool
ngx_exportsite_time_field(ngx_exportsite_env_t *env, es_field_e kind,
    es_str_t *value)
{
    u_char              *p;
    ngx_tm_t             tm;
    ngx_time_t          *tp;
    static const char   *days[] = {
        "sun", "mon", "tue", "wed", "thu", "fri", "sat"
    };

    tp = ngx_timeofday();
    ngx_gmtime(tp->sec + tp->gmtoff * 60, &tm);

    if (kind == ES_FIELD_WEEKDAY) {
        *value = (es_str_t) { 3, days[tm.ngx_tm_wday] };
        return true;
    }

    p = (u_char *) env->buf;

    if (kind == ES_FIELD_HOUR) {
        p = ngx_sprintf(p, "%d", tm.ngx_tm_hour);

    } else {
        p = ngx_sprintf(p, "%4d-%02d-%02d", tm.ngx_tm_year, tm.ngx_tm_mon,
                        tm.ngx_tm_mday);
    }

    *value = (es_str_t) { (char *) p - env->buf, env->buf };

    return true;
}


ngx_str_t
ngx_exportsite_place(ngx_exportsite_visit_t *visit, ngx_uint_t field)
{
    ngx_str_t   *place, none = ngx_string("");
    ngx_pool_t  *pool = visit->request->pool;

    ngx_exportsite_depend_visitor(visit);

    if (visit->place == NULL) {
        visit->place = ngx_pcalloc(pool, NGX_EXPORTSITE_PLACES
                                         * sizeof(ngx_str_t));
        if (visit->place == NULL) {
            return none;
        }
    }

    place = &visit->place[field];

    if (place->data == NULL
        && ngx_exportsite_geo_text(ngx_exportsite_worker.conf->geo,
                                   visit->request->connection->sockaddr,
                                   field, pool, place)
           != NGX_OK)
    {
        *place = none;
    }

    return *place;
}
