/*
 * The three ladders. A ladder's first rung with a valid value wins; a value
 * that the site did not declare is passed over.
 */
#include "compat.h"

#include "../core/language.h"
#include "../core/query.h"
#include "../core/text.h"
#include "depend.h"
#include "geo.h"
#include "profile.h"
#include "headers.h"
#include "remember.h"
#include "resolve.h"
#include "visitor.h"
#include "worker.h"


static ngx_uint_t ngx_exportsite_source_text(ngx_exportsite_visit_t *visit,
    ngx_exportsite_source_t *source, const char *field, char *buf, size_t size,
    es_str_t *text);
static int ngx_exportsite_accept(ngx_exportsite_visit_t *visit);
static ngx_uint_t ngx_exportsite_country_valid(ngx_exportsite_visit_t *visit,
    es_str_t text);
static ngx_str_t *ngx_exportsite_industry_declared(
    ngx_exportsite_visit_t *visit, es_str_t text);
static ngx_str_t *ngx_exportsite_industry_hinted(
    ngx_exportsite_visit_t *visit);


u_char *
ngx_exportsite_country(ngx_exportsite_visit_t *visit)
{
    char                      buf[8];
    es_str_t                  text;
    ngx_uint_t                i;
    ngx_array_t              *from = visit->conf->country_from;
    ngx_exportsite_source_t  *source = from->elts;

    if (visit->country_state != ngx_exportsite_todo) {
        return visit->country;
    }

    visit->country_state = ngx_exportsite_doing;
    visit->country[0] = 'X';
    visit->country[1] = 'X';

    for (i = 0; i < from->nelts; i++) {

        visit->depends |= source[i].depends;

        if (source[i].type == ngx_exportsite_source_geo) {
            ngx_exportsite_count(geo_lookups);

            if (ngx_exportsite_geo_country_code(ngx_exportsite_worker.conf->geo,
                                       visit->request->connection->sockaddr,
                                       visit->country)
                != NGX_OK)
            {
                continue;
            }

        } else if (!ngx_exportsite_source_text(visit, &source[i], "country",
                                               buf, sizeof(buf), &text)
                   || !ngx_exportsite_country_valid(visit, text))
        {
            continue;
        }

        visit->country_source = &source[i];
        break;
    }

    visit->country_state = ngx_exportsite_done;

    return visit->country;
}


static ngx_uint_t
ngx_exportsite_country_valid(ngx_exportsite_visit_t *visit, es_str_t text)
{
    u_char  a, b;

    if (text.len != 2) {
        return 0;
    }

    a = text.data[0] & ~0x20;
    b = text.data[1] & ~0x20;

    if (a < 'A' || a > 'Z' || b < 'A' || b > 'Z'
        || ((u_char) text.data[0] & 0xc0) != 0x40
        || ((u_char) text.data[1] & 0xc0) != 0x40
        || (a == 'X' && b == 'X'))
    {
        return 0;
    }

    visit->country[0] = a;
    visit->country[1] = b;

    return 1;
}


ngx_str_t
ngx_exportsite_continent(ngx_exportsite_visit_t *visit)
{
    u_char      *country, code[2];
    ngx_str_t    text;
    const char  *continent;

    country = ngx_exportsite_country(visit);

    if (visit->country_source != NULL
        && visit->country_source->type != ngx_exportsite_source_geo)
    {
        goto table;
    }

    ngx_exportsite_depend_visitor(visit);

    if (ngx_exportsite_geo_continent_code(ngx_exportsite_worker.conf->geo,
                                       visit->request->connection->sockaddr,
                                       code)
        == NGX_OK)
    {
        text.data = ngx_pnalloc(visit->request->pool, 2);
        if (text.data != NULL) {
            ngx_memcpy(text.data, code, 2);
            text.len = 2;
            return text;
        }
    }

table:

    continent = es_continent((char *) country);

    if (continent == NULL) {
        return (ngx_str_t) ngx_null_string;
    }

    return (ngx_str_t) { 2, (u_char *) continent };
}


ngx_str_t
ngx_exportsite_language(ngx_exportsite_visit_t *visit)
{
    int                         found;
    char                        buf[64];
    es_str_t                    text;
    ngx_uint_t                  i;
    ngx_array_t                *from;
    ngx_exportsite_source_t    *source;
    ngx_exportsite_loc_conf_t  *lcf = visit->conf;

    if (visit->language_state != ngx_exportsite_todo) {
        goto done;
    }

    visit->language_state = ngx_exportsite_doing;

    from = lcf->language_from;
    source = from->elts;

    ngx_exportsite_agent(visit);

    for (i = 0; i < from->nelts; i++) {
        visit->depends |= source[i].depends;

        /* what a crawler finds under a URL must be what that URL shows */

        if (visit->crawler && source[i].type != ngx_exportsite_source_url) {
            ngx_exportsite_depend_visitor(visit);
            continue;
        }

        switch (source[i].type) {

        case ngx_exportsite_source_accept:
            found = ngx_exportsite_accept(visit);
            break;

        case ngx_exportsite_source_country:
            found = es_languages_country(lcf->languages,
                                     (char *) ngx_exportsite_country(visit));
            break;

        default:
            found = ngx_exportsite_source_text(visit, &source[i], "language",
                                               buf, sizeof(buf), &text)
                    ? es_languages_find(lcf->languages, text) : -1;
        }

        if (found >= 0) {
            visit->language = found;
            visit->language_source = &source[i];
            break;
        }
    }

    visit->language_state = ngx_exportsite_done;

done:

    return ((ngx_str_t *) lcf->language_tags->elts)
               [visit->language < 0 ? 0 : visit->language];
}


static int
ngx_exportsite_accept(ngx_exportsite_visit_t *visit)
{
    int                                found;
    uint32_t                           salt;
    ngx_str_t                         *header;
    ngx_exportsite_remembered_t       *place;
    static ngx_exportsite_remember_t   remember;

    header = ngx_exportsite_headers(visit)->accept_language;

    if (header == NULL) {
        return -1;
    }

    salt = visit->conf->languages_salt;
    place = ngx_exportsite_remember_place(&remember, header, salt);

    if (ngx_exportsite_recall(place, header, salt)) {
        return place->answer;
    }

    found = es_languages_accept(visit->conf->languages,
                                ngx_exportsite_es(*header));

    ngx_exportsite_remember(place, header, salt, found);

    return found;
}


ngx_str_t
ngx_exportsite_industry(ngx_exportsite_visit_t *visit)
{
    char                      buf[64];
    es_str_t                  text;
    ngx_str_t                *found;
    ngx_uint_t                i;
    ngx_array_t              *from;
    ngx_exportsite_source_t  *source;

    if (visit->industry_state != ngx_exportsite_todo) {
        return visit->industry;
    }

    visit->industry_state = ngx_exportsite_doing;

    from = visit->conf->industry_from;
    source = from->elts;

    for (i = 0; i < from->nelts; i++) {
        visit->depends |= source[i].depends;

        if (source[i].type == ngx_exportsite_source_hint) {
            found = ngx_exportsite_industry_hinted(visit);

        } else {
            found = ngx_exportsite_source_text(visit, &source[i], "industry",
                                               buf, sizeof(buf), &text)
                    ? ngx_exportsite_industry_declared(visit, text) : NULL;
        }

        if (found != NULL) {
            visit->industry = *found;
            visit->industry_source = &source[i];
            break;
        }
    }

    visit->industry_state = ngx_exportsite_done;

    return visit->industry;
}


static ngx_str_t *
ngx_exportsite_industry_declared(ngx_exportsite_visit_t *visit, es_str_t text)
{
    ngx_str_t   *industry;
    ngx_uint_t   i;

    if (visit->conf->industries == NULL || text.len == 0) {
        return NULL;
    }

    industry = visit->conf->industries->elts;

    for (i = 0; i < visit->conf->industries->nelts; i++) {
        if (industry[i].len == text.len
            && ngx_memcmp(industry[i].data, text.data, text.len) == 0)
        {
            return &industry[i];
        }
    }

    return NULL;
}


static ngx_str_t *
ngx_exportsite_industry_hinted(ngx_exportsite_visit_t *visit)
{
    ngx_uint_t              i;
    ngx_exportsite_hint_t  *hint;

    if (visit->conf->hints == NULL) {
        return NULL;
    }

    hint = visit->conf->hints->elts;

    for (i = 0; i < visit->conf->hints->nelts; i++) {
        if (ngx_exportsite_worker.rule(visit, hint[i].rule)) {
            return ngx_exportsite_industry_declared(visit,
                                           ngx_exportsite_es(hint[i].name));
        }
    }

    return NULL;
}


/* What a rung of text says; field is the profile's name for the thing. */
static ngx_uint_t
ngx_exportsite_source_text(ngx_exportsite_visit_t *visit,
    ngx_exportsite_source_t *source, const char *field, char *buf, size_t size,
    es_str_t *text)
{
    ngx_str_t            value, *header;
    ngx_http_request_t  *r = visit->request;

    switch (source->type) {

    case ngx_exportsite_source_cookie:
        return ngx_exportsite_cookie(r, &source->name, text);

    case ngx_exportsite_source_arg:
        return es_query_find(ngx_exportsite_es(visit->args),
                             ngx_exportsite_es(source->name), buf, size, text);

    case ngx_exportsite_source_header:
        header = ngx_exportsite_header(r, &source->name);
        if (header == NULL) {
            return 0;
        }

        *text = ngx_exportsite_es(*header);
        return 1;

    case ngx_exportsite_source_url:
        *text = ngx_exportsite_url_segment(visit);
        return text->len > 0;

    case ngx_exportsite_source_profile:
        *text = ngx_exportsite_profile_field(visit, source->field);
        return text->len > 0;

    case ngx_exportsite_source_value:
        if (ngx_exportsite_value(r, visit, &source->value, &value) != NGX_OK) {
            return 0;
        }

        *text = ngx_exportsite_es(value);
        return text->len > 0;

    default:
        return 0;
    }
}


es_str_t
ngx_exportsite_url_segment(ngx_exportsite_visit_t *visit)
{
    u_char     *slash;
    ngx_str_t   path = visit->path;

    if (path.len < 2 || path.data[0] != '/') {
        return es_null_str;
    }

    slash = ngx_strlchr(path.data + 1, path.data + path.len, '/');

    return (es_str_t) {
        (slash ? slash : path.data + path.len) - path.data - 1,
        (char *) path.data + 1
    };
}
