/*
 * exportsite_beacon: the collector. GET is answered with the browser script,
 * POST takes the events that it, or another program, sends.
 */
#ifndef NGX_EXPORTSITE_BEACON_H
#define NGX_EXPORTSITE_BEACON_H

#include "compat.h"

#include "../core/beacon.h"


/*
 * So much of a body is read, to its end, so that who sends somewhat too much
 * gets our answer; what is longer nginx refuses. A reset of an HTTP/2 stream
 * may overtake an answer that is given before.
 */
#define NGX_EXPORTSITE_BEACON_READ  (2 * ES_BEACON_MAX)


ngx_int_t ngx_exportsite_beacon_handler(ngx_http_request_t *r);

/*
 * In the log phase: counts what was too large. Much of that nginx refuses
 * before there is a handler, or while it reads.
 */
void ngx_exportsite_beacon_log(ngx_http_request_t *r);

#endif
