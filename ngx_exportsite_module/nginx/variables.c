/*
 * What the module knows, as nginx variables. All are lazy. One that is asked
 * for before there is a visit says "unknown" and is not cached, so that it
 * tells the truth later.
 */
#include "compat.h"

#include "../core/agent.h"
#include "alternates.h"
#include "choose.h"
#include "depend.h"
#include "fields.h"
#include "geo.h"
#include "profile.h"
#include "record.h"
#include "resolve.h"
#include "segments.h"
#include "variables.h"
#include "visitor.h"
#include "worker.h"


typedef enum {
    ngx_exportsite_var_country = 0,
    ngx_exportsite_var_continent,
    ngx_exportsite_var_region,
    ngx_exportsite_var_city,
    ngx_exportsite_var_asn,
    ngx_exportsite_var_organization,
    ngx_exportsite_var_language,
    ngx_exportsite_var_path,
    ngx_exportsite_var_industry,
    ngx_exportsite_var_segments,
    ngx_exportsite_var_key,

    /* the visitor's own, from here */
    ngx_exportsite_var_visitor,
    ngx_exportsite_var_new,
    ngx_exportsite_var_consent,
    ngx_exportsite_var_crawler,
    ngx_exportsite_var_device,
    ngx_exportsite_var_event,
    /* to here */

    ngx_exportsite_var_country_source,
    ngx_exportsite_var_language_source,
    ngx_exportsite_var_industry_source
} ngx_exportsite_variable_e;


static ngx_int_t ngx_exportsite_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_exportsite_segment_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_exportsite_profile_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
typedef struct {
    uintptr_t   data;                             /* of the variable */
    ngx_int_t   number[2];
} ngx_exportsite_profile_number_t;


static ngx_str_t ngx_exportsite_variable_value(ngx_exportsite_visit_t *visit,
    uintptr_t which);


static ngx_array_t  ngx_exportsite_profile_known;

static ngx_http_variable_t  ngx_exportsite_vars[] = {

#define ngx_exportsite_var(name)                                              \
    { ngx_string("exportsite_" #name), NULL, ngx_exportsite_variable,         \
      ngx_exportsite_var_##name, 0, 0 }

    ngx_exportsite_var(country),
    ngx_exportsite_var(continent),
    ngx_exportsite_var(region),
    ngx_exportsite_var(city),
    ngx_exportsite_var(asn),
    ngx_exportsite_var(organization),
    ngx_exportsite_var(language),
    ngx_exportsite_var(path),
    ngx_exportsite_var(industry),
    ngx_exportsite_var(segments),
    ngx_exportsite_var(visitor),
    ngx_exportsite_var(new),
    ngx_exportsite_var(consent),
    ngx_exportsite_var(crawler),
    ngx_exportsite_var(device),
    ngx_exportsite_var(key),
    ngx_exportsite_var(event),
    ngx_exportsite_var(country_source),
    ngx_exportsite_var(language_source),
    ngx_exportsite_var(industry_source),

    { ngx_string("exportsite_segment_"), NULL,
      ngx_exportsite_segment_variable, 0, NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("exportsite_profile_"), NULL,
      ngx_exportsite_profile_variable, 0, NGX_HTTP_VAR_PREFIX, 0 },

    ngx_http_null_variable
};


ngx_int_t
ngx_exportsite_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_exportsite_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


/* The visit of a variable's request, from now on with settled settings. */
static ngx_inline ngx_exportsite_visit_t *
ngx_exportsite_variable_visit(ngx_http_request_t *r,
    ngx_http_variable_value_t *v)
{
    ngx_exportsite_visit_t  *visit = ngx_exportsite_visit(r);

    v->valid = 1;
    v->not_found = 0;
    v->no_cacheable = (visit == NULL || visit->waiter != NULL);

    if (visit != NULL) {
        visit->used = 1;
    }

    return visit;
}


static ngx_int_t
ngx_exportsite_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_str_t                value;
    ngx_exportsite_visit_t  *visit;

    visit = ngx_exportsite_variable_visit(r, v);

    if (visit != NULL) {
        if (data >= ngx_exportsite_var_visitor
            && data <= ngx_exportsite_var_event)
        {
            ngx_exportsite_depend_visitor(visit);
        }

        value = ngx_exportsite_variable_value(visit, data);

    } else if (data == ngx_exportsite_var_country) {
        ngx_str_set(&value, "XX");

    } else {
        ngx_str_set(&value, "");
    }

    v->len = value.len;
    v->data = value.data;

    return NGX_OK;
}


static ngx_str_t
ngx_exportsite_flag(ngx_uint_t flag)
{
    return (ngx_str_t) { flag ? 1 : 0, (u_char *) "1" };
}


static ngx_str_t
ngx_exportsite_source(const ngx_exportsite_source_t *source)
{
    return source ? source->text : (ngx_str_t) ngx_null_string;
}


static ngx_str_t
ngx_exportsite_variable_value(ngx_exportsite_visit_t *visit, uintptr_t which)
{
    switch (which) {

    case ngx_exportsite_var_country:
        return (ngx_str_t) { 2, ngx_exportsite_country(visit) };

    case ngx_exportsite_var_continent:
        return ngx_exportsite_continent(visit);

    case ngx_exportsite_var_region:
        return ngx_exportsite_place(visit, ngx_exportsite_geo_region);

    case ngx_exportsite_var_city:
        return ngx_exportsite_place(visit, ngx_exportsite_geo_city);

    case ngx_exportsite_var_asn:
        return ngx_exportsite_place(visit, ngx_exportsite_geo_asn);

    case ngx_exportsite_var_organization:
        return ngx_exportsite_place(visit, ngx_exportsite_geo_organization);

    case ngx_exportsite_var_language:
        visit->language_shown = 1;
        return ngx_exportsite_language(visit);

    case ngx_exportsite_var_path:
        return ngx_exportsite_page_path(visit);

    case ngx_exportsite_var_industry:
        return ngx_exportsite_industry(visit);

    case ngx_exportsite_var_segments:
        return ngx_exportsite_segment_list(visit);

    case ngx_exportsite_var_visitor:
        return ngx_exportsite_visitor(visit);

    case ngx_exportsite_var_new:
        (void) ngx_exportsite_visitor(visit);
        return ngx_exportsite_flag(visit->new_visitor);

    case ngx_exportsite_var_consent:
        return ngx_exportsite_flag(ngx_exportsite_consent(visit));

    case ngx_exportsite_var_crawler:
        ngx_exportsite_agent(visit);
        return ngx_exportsite_flag(visit->crawler);

    case ngx_exportsite_var_device:
        ngx_exportsite_agent(visit);
        return ngx_exportsite_ngx(es_device_name(visit->device));

    case ngx_exportsite_var_key:
        return ngx_exportsite_cache_key(visit);

    case ngx_exportsite_var_event:
        return ngx_exportsite_may_record(visit)
               ? ngx_exportsite_event_id(visit)
               : (ngx_str_t) ngx_null_string;

    case ngx_exportsite_var_country_source:
        (void) ngx_exportsite_country(visit);
        return ngx_exportsite_source(visit->country_source);

    case ngx_exportsite_var_language_source:
        (void) ngx_exportsite_language(visit);
        return ngx_exportsite_source(visit->language_source);

    default: /* ngx_exportsite_var_industry_source */
        (void) ngx_exportsite_industry(visit);
        return ngx_exportsite_source(visit->industry_source);
    }
}


/* What follows a prefix in a variable's name. */
static es_str_t
ngx_exportsite_variable_rest(ngx_str_t *name, size_t prefix)
{
    return (es_str_t) { name->len - prefix, (char *) name->data + prefix };
}


/* $exportsite_segment_NAME */
static ngx_int_t
ngx_exportsite_segment_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    uint32_t                 index;
    ngx_exportsite_visit_t  *visit;

    visit = ngx_exportsite_variable_visit(r, v);

    v->len = 0;
    v->data = (u_char *) "1";

    if (visit != NULL) {
        index = es_segments_find_variable(ngx_exportsite_segments_set(),
                    ngx_exportsite_variable_rest((ngx_str_t *) data,
                                        sizeof("exportsite_segment_") - 1));

        v->len = ngx_exportsite_in_segment(visit, index) ? 1 : 0;
    }

    return NGX_OK;
}


/*
 * The numbers of the two fields that $exportsite_profile_NAME may mean: the one
 * of that name, and the one with "-" in all places of "_".
 */
static void
ngx_exportsite_profile_numbers(ngx_str_t *name, ngx_int_t number[2])
{
    char      dashed[NGX_EXPORTSITE_FIELD_NAME_MAX];
    size_t    i;
    es_str_t  field;

    field = ngx_exportsite_variable_rest(name,
                                         sizeof("exportsite_profile_") - 1);

    number[0] = ngx_exportsite_field_number(field);
    number[1] = -1;

    if (field.len > sizeof(dashed) || !memchr(field.data, '_', field.len)) {
        return;
    }

    for (i = 0; i < field.len; i++) {
        dashed[i] = field.data[i] == '_' ? '-' : field.data[i];
    }

    number[1] = ngx_exportsite_field_number((es_str_t) { field.len, dashed });
}


/* The variables of a configuration are all in nginx' index by now. */
ngx_int_t
ngx_exportsite_bind_variables(void)
{
    ngx_uint_t                        i;
    ngx_http_variable_t              *v;
    ngx_http_core_main_conf_t        *cmcf;
    ngx_exportsite_profile_number_t  *known;

    if (ngx_array_init(&ngx_exportsite_profile_known,
                       ngx_exportsite_worker.cycle->pool, 8,
                       sizeof(ngx_exportsite_profile_number_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    cmcf = ngx_http_cycle_get_module_main_conf(ngx_exportsite_worker.cycle,
                                               ngx_http_core_module);
    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {
        if (v[i].get_handler != ngx_exportsite_profile_variable) {
            continue;
        }

        known = ngx_array_push(&ngx_exportsite_profile_known);
        if (known == NULL) {
            return NGX_ERROR;
        }

        known->data = v[i].data;
        ngx_exportsite_profile_numbers((ngx_str_t *) v[i].data, known->number);
    }

    return NGX_OK;
}


/* One of the index, or one that was named at run time, as SSI does. */
static void
ngx_exportsite_profile_number(uintptr_t data, ngx_int_t number[2])
{
    ngx_uint_t                        i;
    ngx_exportsite_profile_number_t  *known;

    known = ngx_exportsite_profile_known.elts;

    for (i = 0; i < ngx_exportsite_profile_known.nelts; i++) {
        if (known[i].data == data) {
            number[0] = known[i].number[0];
            number[1] = known[i].number[1];
            return;
        }
    }

    ngx_exportsite_profile_numbers((ngx_str_t *) data, number);
}


static ngx_int_t
ngx_exportsite_profile_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    es_str_t                 value;
    ngx_int_t                number[2];
    ngx_uint_t               i;
    ngx_exportsite_visit_t  *visit;

    visit = ngx_exportsite_variable_visit(r, v);
    value = es_null_str;

    if (visit != NULL) {
        ngx_exportsite_depend_visitor(visit);
    }

    if (visit != NULL && visit->profile.len != 0) {
        ngx_exportsite_profile_number(data, number);

        for (i = 0; i < 2 && value.len == 0; i++) {
            if (number[i] >= 0) {
                value = ngx_exportsite_profile_field(visit, number[i]);
            }
        }
    }

    v->len = value.len;
    v->data = (u_char *) (value.len ? value.data : "");

    return NGX_OK;
}


/* Appends a part so that no two lists of parts give the same key. */
static u_char *
ngx_exportsite_key_part(u_char *p, ngx_str_t *part)
{
    u_char        c;
    ngx_uint_t    i;
    static u_char hex[] = "0123456789ABCDEF";

    for (i = 0; i < part->len; i++) {
        c = part->data[i];

        if (c <= ' ' || c == '|' || c == '%' || c >= 0x7f) {
            *p++ = '%';
            *p++ = hex[c >> 4];
            *p++ = hex[c & 15];

        } else {
            *p++ = c;
        }
    }

    *p++ = '|';

    return p;
}


ngx_str_t
ngx_exportsite_cache_key(ngx_exportsite_visit_t *visit)
{
    u_char                      *p;
    size_t                       len;
    ngx_str_t                   *part, key = ngx_null_string;
    ngx_uint_t                   i, n;
    ngx_array_t                 *values = visit->conf->key;
    ngx_http_request_t          *r = visit->request;
    ngx_http_variable_value_t   *vv;
    ngx_exportsite_choose_t    **choose;
    ngx_exportsite_main_conf_t  *mcf = ngx_exportsite_worker.conf;

    n = values ? values->nelts : 3 + mcf->choices.nelts;

    part = ngx_palloc(r->pool, n * sizeof(ngx_str_t));
    if (part == NULL) {
        return key;
    }

    if (values != NULL) {
        for (i = 0; i < n; i++) {
            if (ngx_exportsite_value(r, visit,
                                     (ngx_exportsite_value_t *) values->elts
                                     + i,
                                     &part[i])
                != NGX_OK)
            {
                return key;
            }
        }

    } else {
        visit->language_shown = 1;
        part[0] = ngx_exportsite_language(visit);
        part[1] = (ngx_str_t) { 2, ngx_exportsite_country(visit) };
        part[2] = ngx_exportsite_industry(visit);

        choose = mcf->choices.elts;

        for (i = 3; i < n; i++) {
            vv = ngx_http_get_variable(r, &choose[i - 3]->name,
                                       choose[i - 3]->hash);
            ngx_str_null(&part[i]);

            if (vv != NULL && !vv->not_found) {
                part[i] = (ngx_str_t) { vv->len, vv->data };
            }
        }
    }

    len = 1;

    for (i = 0; i < n; i++) {
        len += 3 * part[i].len + 1;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return key;
    }

    key.data = p;

    for (i = 0; i < n; i++) {
        p = ngx_exportsite_key_part(p, &part[i]);
    }

    key.len = p - key.data - 1;

    return key;
}


/* One of ours, whose value follows from the visit */
static ngx_uint_t
ngx_exportsite_variable_ours(ngx_http_variable_t *v)
{
    return v->get_handler == ngx_exportsite_variable
           || v->get_handler == ngx_exportsite_segment_variable
           || v->get_handler == ngx_exportsite_profile_variable
           || v->get_handler == ngx_exportsite_choose_variable;
}


u_char *
ngx_exportsite_variables_known(ngx_http_request_t *r)
{
    u_char                     *known;
    ngx_uint_t                  i;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);
    v = cmcf->variables.elts;

    known = ngx_pnalloc(r->pool, cmcf->variables.nelts + 1);

    for (i = 0; known != NULL && i < cmcf->variables.nelts; i++) {
        known[i] = (r->variables[i].valid || r->variables[i].not_found)
                   && !ngx_exportsite_variable_ours(&v[i]);
    }

    return known;
}


void
ngx_exportsite_variables_forget(ngx_http_request_t *r, const u_char *known)
{
    ngx_uint_t                  i;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    for (i = 0; i < cmcf->variables.nelts; i++) {
        if (!known[i]) {
            r->variables[i].valid = 0;
            r->variables[i].not_found = 0;
        }
    }
}
