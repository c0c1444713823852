/*
 * A visit: what is known of the visitor of one main request. Made in the phase
 * where exportsite is on, kept over internal redirects, shared by subrequests.
 * Everything in it is found out when it is first asked for, and once.
 */
#ifndef NGX_EXPORTSITE_VISIT_H
#define NGX_EXPORTSITE_VISIT_H

#include "settings.h"


#define NGX_EXPORTSITE_EVENT_ID_LEN  24
#define NGX_EXPORTSITE_PLACES        6


typedef struct ngx_exportsite_visit_s   ngx_exportsite_visit_t;
typedef struct ngx_exportsite_waiter_s  ngx_exportsite_waiter_t;

/* What is being computed must not be asked for on the way: it is unknown. */
typedef enum {
    ngx_exportsite_todo = 0,
    ngx_exportsite_doing,
    ngx_exportsite_done
} ngx_exportsite_progress_e;


typedef enum {
    ngx_exportsite_at_server = 0,
    ngx_exportsite_at_location,
    ngx_exportsite_at_access
} ngx_exportsite_place_e;


/* The request headers of interest, found in one pass over all. */
typedef struct {
    ngx_str_t                  *accept_language;
    unsigned                    known:1;
    unsigned                    gpc:1;            /* Sec-GPC: 1 */
    unsigned                    dnt:1;            /* DNT: 1 */
    unsigned                    prefetch:1;       /* Sec-Purpose */
    unsigned                    subresource:1;    /* Sec-Fetch-Dest */
} ngx_exportsite_headers_t;


struct ngx_exportsite_visit_s {
    ngx_http_request_t         *request;          /* main */
    ngx_exportsite_loc_conf_t  *conf;
    ngx_str_t                   host;
    ngx_str_t                   path;             /* the client's, decoded */
    ngx_str_t                   args;             /* the client's */

    u_char                      country[2];
    int                         language;         /* index, -1 */
    ngx_str_t                   industry;
    const ngx_exportsite_source_t  *country_source;
    const ngx_exportsite_source_t  *language_source;
    const ngx_exportsite_source_t  *industry_source;

    ngx_str_t                  *place;            /* by field, or NULL */

    ngx_exportsite_headers_t    headers;

    ngx_str_t                   visitor;
    u_char                      visitor_buf[32];
    u_char                      event_id[NGX_EXPORTSITE_EVENT_ID_LEN];

    ngx_str_t                   profile;          /* packed, see profile.c */
    uint64_t                    visitor_hash;
    uint64_t                    depends;          /* see depend.h */
    ngx_exportsite_waiter_t    *waiter;           /* while waiting */

    u_char                     *segments;         /* memo, one byte each */
    uint32_t                    segments_generation;
    ngx_str_t                  *choices;          /* those evaluated */

    unsigned                    settled:1;        /* no more waiting */
    unsigned                    bound:1;          /* to a location */
    unsigned                    used:1;           /* something was asked */
    unsigned                    event_id_made:1;
    unsigned                    new_visitor:1;
    unsigned                    resign:1;         /* signed by an old key */
    unsigned                    cookie_seen:1;
    unsigned                    beacon:1;         /* it is about an event */
    unsigned                    answered:1;       /* header seen */
    unsigned                    view:1;
    unsigned                    unconditional:1;  /* upstream was asked so */
    unsigned                    scripted:1;       /* it has the script */
    unsigned                    language_shown:1; /* a variable told it */
    unsigned                    agent_known:1;
    unsigned                    crawler:1;
    unsigned                    device:2;
    unsigned                    consent:1;
    unsigned                    consent_state:2;
    unsigned                    country_state:2;
    unsigned                    language_state:2;
    unsigned                    industry_state:2;
    unsigned                    visitor_state:2;
};


/* The visit of a request or of the main request above it; NULL if none. */
ngx_exportsite_visit_t *ngx_exportsite_visit(ngx_http_request_t *r);

/*
 * The phase handlers' work: makes the visit, or with settings of the server
 * that nobody has used yet, gives it those of the location. NGX_DONE while it
 * waits for Redis, else NGX_DECLINED.
 */
ngx_int_t ngx_exportsite_visit_begin(ngx_http_request_t *r,
    ngx_exportsite_place_e place);

/*
 * From here on the visit is about an event of a page that was there before: the
 * page's host and path are given, its query and its referrer are missing. What
 * was found out and may depend on them is forgotten.
 */
void ngx_exportsite_visit_event(ngx_exportsite_visit_t *visit, ngx_str_t host,
    ngx_str_t path);

#endif
