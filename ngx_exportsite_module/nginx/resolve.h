/*
 * Where from, in which language, in which industry: the three ladders.
 */
#ifndef NGX_EXPORTSITE_RESOLVE_H
#define NGX_EXPORTSITE_RESOLVE_H

#include "visit.h"


/* The two letters of the country, "XX" if unknown. */
u_char *ngx_exportsite_country(ngx_exportsite_visit_t *visit);

/* The tag of the language as declared; the default while nothing is known. */
ngx_str_t ngx_exportsite_language(ngx_exportsite_visit_t *visit);

/* The path's first segment, which the rung "url" takes; perhaps empty. */
es_str_t ngx_exportsite_url_segment(ngx_exportsite_visit_t *visit);

/* The industry's tag, or empty. */
ngx_str_t ngx_exportsite_industry(ngx_exportsite_visit_t *visit);

/* The continent's two letters, or empty. */
ngx_str_t ngx_exportsite_continent(ngx_exportsite_visit_t *visit);

#endif
