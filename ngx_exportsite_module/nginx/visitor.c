/*
 * Who is it? Consent first: without it our cookie is neither read nor set, and
 * deleted where a browser still has it.
 */
#include "compat.h"

#include <openssl/rand.h>

#include "../core/agent.h"
#include "../core/cookie.h"
#include "../core/siphash.h"
#include "../core/visitor.h"
#include "depend.h"
#include "headers.h"
#include "headers_out.h"
#include "remember.h"
#include "visitor.h"
#include "worker.h"


static ngx_uint_t ngx_exportsite_opted_out(ngx_exportsite_visit_t *visit);
static void ngx_exportsite_visitor_find(ngx_exportsite_visit_t *visit);
static ngx_uint_t ngx_exportsite_named_crawler(ngx_str_t *agent);
static ngx_int_t ngx_exportsite_set_cookie(ngx_exportsite_visit_t *visit,
    u_char *value, size_t len, ngx_str_t *attributes);


/* Random bytes are cheaper by the page. */
static ngx_int_t
ngx_exportsite_random(u_char *bytes, size_t len)
{
    static u_char  pool[1024];
    static size_t  left;

    if (left < len) {
        if (RAND_bytes(pool, sizeof(pool)) != 1) {
            return NGX_ERROR;
        }

        left = sizeof(pool);
    }

    left -= len;
    ngx_memcpy(bytes, pool + left, len);
    ngx_memzero(pool + left, len);

    return NGX_OK;
}


ngx_uint_t
ngx_exportsite_switch(ngx_http_request_t *r, ngx_exportsite_switch_t *sw)
{
    ngx_str_t          value;
    ngx_uint_t         i;
    static ngx_str_t   yes[] = {
        ngx_string("1"), ngx_string("yes"), ngx_string("on"),
        ngx_string("true"), ngx_string("granted"), ngx_string("allow")
    };

    if (sw->value == NULL) {
        return sw->flag;
    }

    if (ngx_http_complex_value(r, &sw->value->complex, &value) != NGX_OK) {
        return 0;
    }

    for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (value.len == yes[i].len
            && ngx_memcmp(value.data, yes[i].data, value.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_exportsite_consent(ngx_exportsite_visit_t *visit)
{
    if (visit->consent_state == ngx_exportsite_todo) {
        visit->consent_state = ngx_exportsite_doing;
        visit->consent = ngx_exportsite_switch(visit->request,
                                               &visit->conf->consent)
                         && !ngx_exportsite_opted_out(visit);
        visit->consent_state = ngx_exportsite_done;
    }

    return visit->consent;
}


static ngx_uint_t
ngx_exportsite_opted_out(ngx_exportsite_visit_t *visit)
{
    ngx_uint_t                 optout = visit->conf->optout;
    ngx_exportsite_headers_t  *headers = ngx_exportsite_headers(visit);

    return (headers->gpc && (optout & NGX_EXPORTSITE_OPTOUT_GPC))
           || (headers->dnt && (optout & NGX_EXPORTSITE_OPTOUT_DNT));
}


ngx_uint_t
ngx_exportsite_cookie(ngx_http_request_t *r, ngx_str_t *name, es_str_t *value)
{
    ngx_uint_t        n;
    ngx_table_elt_t  *h;

    for (n = 0; (h = ngx_exportsite_cookie_header(r, n)) != NULL; n++) {
        if (es_cookie_find(ngx_exportsite_es(h->value),
                           ngx_exportsite_es(*name), value))
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_exportsite_visitor_nobody(ngx_exportsite_visit_t *visit)
{
    visit->consent = 0;
    visit->consent_state = ngx_exportsite_done;
    visit->visitor_state = ngx_exportsite_done;
    visit->new_visitor = 0;

    ngx_str_null(&visit->visitor);
    ngx_str_null(&visit->profile);
}


ngx_str_t
ngx_exportsite_visitor_known(ngx_exportsite_visit_t *visit)
{
    if (visit->visitor_state == ngx_exportsite_todo) {
        visit->visitor_state = ngx_exportsite_doing;
        ngx_exportsite_visitor_find(visit);
        visit->visitor_state = ngx_exportsite_done;
    }

    if (visit->visitor_state == ngx_exportsite_doing || visit->new_visitor) {
        return (ngx_str_t) ngx_null_string;
    }

    return visit->visitor;
}


/* The id that the site itself gives. */
static ngx_uint_t
ngx_exportsite_site_visitor(ngx_exportsite_visit_t *visit, es_str_t *id)
{
    ngx_str_t                   value;
    ngx_http_request_t         *r = visit->request;
    ngx_exportsite_loc_conf_t  *lcf = visit->conf;

    if (lcf->visitor_cookie.len != 0) {
        return ngx_exportsite_cookie(r, &lcf->visitor_cookie, id);
    }

    if (ngx_http_complex_value(r, lcf->visitor, &value) != NGX_OK) {
        return 0;
    }

    *id = ngx_exportsite_es(value);

    return 1;
}


static void
ngx_exportsite_visitor_find(ngx_exportsite_visit_t *visit)
{
    int                         key;
    es_str_t                    id, token;
    ngx_exportsite_loc_conf_t  *lcf = visit->conf;
    ngx_array_t                *secrets;

    if (lcf->visitor != NULL) {
        if (ngx_exportsite_consent(visit)
            && !ngx_exportsite_is_crawler(visit)
            && ngx_exportsite_site_visitor(visit, &id)
            && es_visitor_id_valid(id))
        {
            visit->visitor = ngx_exportsite_ngx(id);
        }

        return;
    }

    if (!ngx_exportsite_cookie(visit->request, &lcf->cookie->name, &token)) {
        return;
    }

    visit->cookie_seen = 1;

    /* a crawler is nobody, whatever cookies it keeps */

    if (!ngx_exportsite_consent(visit) || ngx_exportsite_is_crawler(visit)) {
        return;
    }

    secrets = &ngx_exportsite_worker.conf->secrets;

    key = es_visitor_verify(secrets->elts, secrets->nelts, token,
                            (char *) visit->visitor_buf);
    if (key < 0) {
        return;
    }

    visit->visitor.data = visit->visitor_buf;
    visit->visitor.len = ES_VISITOR_ID;
    visit->resign = (key > 0);
}


ngx_str_t
ngx_exportsite_visitor(ngx_exportsite_visit_t *visit)
{
    u_char     bytes[ES_VISITOR_ID / 2];
    ngx_str_t  known;

    known = ngx_exportsite_visitor_known(visit);

    if (known.len != 0 || visit->new_visitor) {
        return visit->visitor;
    }

    if (visit->visitor_state == ngx_exportsite_doing
        || visit->conf->visitor != NULL || !ngx_exportsite_consent(visit))
    {
        return known;
    }

    if (ngx_exportsite_is_crawler(visit)
        || ngx_exportsite_random(bytes, sizeof(bytes)) != NGX_OK)
    {
        return known;
    }

    es_hex((char *) visit->visitor_buf, bytes, sizeof(bytes));

    visit->visitor.data = visit->visitor_buf;
    visit->visitor.len = ES_VISITOR_ID;
    visit->new_visitor = 1;

    return visit->visitor;
}


void
ngx_exportsite_agent(ngx_exportsite_visit_t *visit)
{
    ngx_str_t                          ua = ngx_null_string;
    es_agent_t                         agent;
    ngx_exportsite_remembered_t       *place;
    static ngx_exportsite_remember_t   remember;

    if (visit->agent_known) {
        return;
    }

    visit->agent_known = 1;

    if (visit->request->headers_in.user_agent != NULL) {
        ua = visit->request->headers_in.user_agent->value;
    }

    place = ngx_exportsite_remember_place(&remember, &ua, 0);

    if (ngx_exportsite_recall(place, &ua, 0)) {
        visit->device = place->answer >> 1;
        visit->crawler = place->answer & 1;
        return;
    }

    es_agent_classify(ngx_exportsite_es(ua), &agent);

    visit->device = agent.device;
    visit->crawler = agent.crawler || ngx_exportsite_named_crawler(&ua);

    ngx_exportsite_remember(place, &ua, 0, visit->device << 1 | visit->crawler);
}


/* Is it one that exportsite_crawlers names? */
static ngx_uint_t
ngx_exportsite_named_crawler(ngx_str_t *agent)
{
    ngx_uint_t        fits;
    es_rule_env_t     env;
    es_agent_list_t  *list = ngx_exportsite_worker.conf->crawlers;

    if (list == NULL) {
        return 0;
    }

    ngx_memzero(&env, sizeof(es_rule_env_t));
    env.scratch = ngx_exportsite_worker.scratch;

    fits = es_agent_list_fits(list, ngx_exportsite_es(*agent), &env);

    ngx_exportsite_worker.counters->regex_limited += env.regex_limit_hits;

    return fits;
}


ngx_uint_t
ngx_exportsite_is_crawler(ngx_exportsite_visit_t *visit)
{
    ngx_exportsite_agent(visit);

    return visit->crawler;
}


ngx_int_t
ngx_exportsite_visitor_answer(ngx_exportsite_visit_t *visit)
{
    u_char                    token[ES_VISITOR_TOKEN];
    ngx_array_t              *secrets;
    ngx_exportsite_cookie_t  *cookie = visit->conf->cookie;

    if (visit->conf->visitor != NULL) {
        return NGX_OK;
    }

    (void) ngx_exportsite_visitor(visit);

    if (!ngx_exportsite_consent(visit)) {
        return visit->cookie_seen
               ? ngx_exportsite_set_cookie(visit, NULL, 0, &cookie->expired)
               : NGX_OK;
    }

    if (!visit->new_visitor && !visit->resign) {
        return NGX_OK;
    }

    secrets = &ngx_exportsite_worker.conf->secrets;

    es_visitor_token(((ngx_exportsite_key_t *) secrets->elts)[0].bytes,
                     (char *) visit->visitor.data, (char *) token);

    return ngx_exportsite_set_cookie(visit, token, sizeof(token),
                                     &cookie->attributes);
}


static ngx_int_t
ngx_exportsite_set_cookie(ngx_exportsite_visit_t *visit, u_char *value,
    size_t len, ngx_str_t *attributes)
{
    u_char                   *p;
    ngx_str_t                 header;
    ngx_uint_t                secure;
    ngx_http_request_t       *r = visit->request;
    ngx_exportsite_cookie_t  *cookie = visit->conf->cookie;

    ngx_exportsite_depend_visitor(visit);

    secure = cookie->secure == 1;

#if (NGX_SSL || NGX_COMPAT)
    if (cookie->secure == 2 && r->connection->ssl != NULL) {
        secure = 1;
    }
#endif

    p = ngx_pnalloc(r->pool, cookie->name.len + 1 + len + attributes->len
                             + sizeof("; Secure") - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    header.data = p;

    p = ngx_cpymem(p, cookie->name.data, cookie->name.len);
    *p++ = '=';

    if (len != 0) {
        p = ngx_cpymem(p, value, len);
    }

    p = ngx_cpymem(p, attributes->data, attributes->len);

    if (secure) {
        p = ngx_cpymem(p, "; Secure", sizeof("; Secure") - 1);
    }

    header.len = p - header.data;

    return ngx_exportsite_header_add(r, "Set-Cookie", header)
           ? NGX_OK : NGX_ERROR;
}
