/*
 * A visit's profile: from the zone, else from Redis.
 */
#ifndef NGX_EXPORTSITE_PROFILE_H
#define NGX_EXPORTSITE_PROFILE_H

#include "visit.h"


typedef void (*ngx_exportsite_resume_pt)(ngx_exportsite_visit_t *visit);


/*
 * Loads the profile of a visit whose visitor is known. NGX_OK when it is there
 * or will not be; NGX_AGAIN where Redis must be asked first, which happens
 * only with a resume(), and for a request that may be of a page: resume() is
 * called when Redis has answered, or did not in time.
 */
ngx_int_t ngx_exportsite_profile_load(ngx_exportsite_visit_t *visit,
    ngx_exportsite_resume_pt resume);

/* A field by its number; empty where the profile has none. */
es_str_t ngx_exportsite_profile_field(ngx_exportsite_visit_t *visit,
    ngx_uint_t number);

#endif
