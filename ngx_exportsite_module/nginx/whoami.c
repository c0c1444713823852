/*
 * exportsite_whoami: what a script on the page may know of its visitor. A
 * choice that no page of this visitor has evaluated yet is evaluated here.
 */
#include "compat.h"

#include "choose.h"
#include "fields.h"
#include "json.h"
#include "resolve.h"
#include "segments.h"
#include "status.h"
#include "worker.h"


static json_t *ngx_exportsite_whoami_segments(ngx_exportsite_visit_t *visit);
static json_t *ngx_exportsite_whoami_choices(ngx_http_request_t *r);


ngx_int_t
ngx_exportsite_whoami_handler(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_str_t                country;
    ngx_exportsite_visit_t  *visit;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    visit = ngx_exportsite_visit(r);

    ngx_str_set(&country, "XX");

    if (visit == NULL) {
        return ngx_exportsite_json_send(r,
            json_pack("{s:o, s:s, s:s, s:[], s:o}",
                "country", ngx_exportsite_json_str(country),
                "language", "", "industry", "", "segments",
                "choices", ngx_exportsite_whoami_choices(r)));
    }

    visit->used = 1;
    country.data = ngx_exportsite_country(visit);

    return ngx_exportsite_json_send(r,
        json_pack("{s:o, s:o, s:o, s:o, s:o}",
            "country", ngx_exportsite_json_str(country),
            "language", ngx_exportsite_json_str(ngx_exportsite_language(visit)),
            "industry", ngx_exportsite_json_str(ngx_exportsite_industry(visit)),
            "segments", ngx_exportsite_whoami_segments(visit),
            "choices", ngx_exportsite_whoami_choices(r)));
}


static json_t *
ngx_exportsite_whoami_segments(ngx_exportsite_visit_t *visit)
{
    size_t          i;
    json_t         *list;
    es_segments_t  *set = ngx_exportsite_segments_set();

    list = json_array();

    for (i = 0; i < es_segments_count(set); i++) {
        if (ngx_exportsite_in_segment(visit, (uint32_t) i)) {
            json_array_append_new(list,
                          ngx_exportsite_json_text(es_segments_name(set, i)));
        }
    }

    return list;
}


static json_t *
ngx_exportsite_whoami_choices(ngx_http_request_t *r)
{
    char                        name[64 + 1];
    json_t                     *object;
    ngx_uint_t                  i;
    ngx_exportsite_choose_t   **choose;
    ngx_http_variable_value_t  *vv;
    ngx_array_t                *list = &ngx_exportsite_worker.conf->choices;

    object = json_object();
    choose = list->elts;

    for (i = 0; i < list->nelts; i++) {
        vv = ngx_http_get_variable(r, &choose[i]->name, choose[i]->hash);

        if (vv != NULL && !vv->not_found) {
            ngx_memcpy(name, choose[i]->name.data, choose[i]->name.len);
            name[choose[i]->name.len] = '\0';

            json_object_set_new(object, name, ngx_exportsite_json_text(
                            (es_str_t) { vv->len, (char *) vv->data }));
        }
    }

    return object;
}
