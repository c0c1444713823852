/*
 * Rules meet the visit: what a field of a rule is for this visitor.
 */
#ifndef NGX_EXPORTSITE_FIELDS_H
#define NGX_EXPORTSITE_FIELDS_H

#include "../core/segments.h"
#include "visit.h"


/* Does the rule hold for this visit? */
ngx_uint_t ngx_exportsite_rule(ngx_exportsite_visit_t *visit,
    const es_rule_t *rule);

/* Is the visitor in the segment of that number, as of the present set? */
ngx_uint_t ngx_exportsite_in_segment(ngx_exportsite_visit_t *visit,
    uint32_t index);

/* The names of all segments the visitor is in, sorted, with commas, in pool. */
ngx_str_t ngx_exportsite_segment_list(ngx_exportsite_visit_t *visit);

/* Region, city, asn or organization of the client, kept in the visit. */
ngx_str_t ngx_exportsite_place(ngx_exportsite_visit_t *visit, ngx_uint_t field);

#endif
