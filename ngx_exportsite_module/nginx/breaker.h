/*
 * The circuit breaker: after three time-outs in a row, in whichever workers, no
 * request waits for Redis until it has answered in time again.
 */
#ifndef NGX_EXPORTSITE_BREAKER_H
#define NGX_EXPORTSITE_BREAKER_H

#include "compat.h"


#define NGX_EXPORTSITE_BREAKER_LIMIT  3


/* May a request wait? */
ngx_uint_t ngx_exportsite_breaker_closed(void);

/* A request waited in vain. */
void ngx_exportsite_breaker_timed_out(void);

/* Redis answered what was asked msec ago. */
void ngx_exportsite_breaker_answered(ngx_msec_t msec);

/*
 * Asks Redis, while the breaker is open, whether it is back; called at any
 * time.
 */
void ngx_exportsite_breaker_probe(void);

#endif
