/*
 * Names that all forms of the status page share: what its numbers are of, where
 * there is one for each kind.
 */
#ifndef NGX_EXPORTSITE_STATUS_NAMES_H
#define NGX_EXPORTSITE_STATUS_NAMES_H

#include "zone.h"


#define NGX_EXPORTSITE_VERSION          ES_VERSION

#define NGX_EXPORTSITE_STATUS_PROFILES  3
#define NGX_EXPORTSITE_STATUS_LEFT      8
#define NGX_EXPORTSITE_STATUS_PASSED    3
#define NGX_EXPORTSITE_STATUS_STATES    4


typedef struct {
    const char  *label;        /* what they are, as Prometheus has it */
    ngx_uint_t   n;
    const char  *name[8];
} ngx_exportsite_status_names_t;


extern const ngx_exportsite_status_names_t  ngx_exportsite_status_types;
extern const ngx_exportsite_status_names_t  ngx_exportsite_status_reasons;
extern const ngx_exportsite_status_names_t  ngx_exportsite_status_beacons;
extern const ngx_exportsite_status_names_t  ngx_exportsite_status_profiles;
extern const ngx_exportsite_status_names_t  ngx_exportsite_status_left;
extern const ngx_exportsite_status_names_t  ngx_exportsite_status_passed;
extern const ngx_exportsite_status_names_t  ngx_exportsite_status_states;

/* Upper bounds of the classes of round trips but the last one's, in us. */
extern const uint64_t
    ngx_exportsite_status_bounds[NGX_EXPORTSITE_LATENCIES - 1];

#endif
