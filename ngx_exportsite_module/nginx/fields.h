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

/* The same for a segment of the set, with the visit's memo in place. */
ngx_uint_t ngx_exportsite_segment_eval(ngx_exportsite_visit_t *visit,
    es_segments_t *set, uint32_t index);

/* Gives the profile fields of a rule their numbers. */
void ngx_exportsite_bind_rule(es_rule_t *rule);

/* The same for all of a set, and for the configuration's rules its segments. */
void ngx_exportsite_bind_segments(es_segments_t *set);

/* Region, city, asn or organization of the client, kept in the visit. */
ngx_str_t ngx_exportsite_place(ngx_exportsite_visit_t *visit, ngx_uint_t field);

#endif
