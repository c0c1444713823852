/*
 * hiredis' asynchronous context on nginx's event loop.
 */
#ifndef NGX_EXPORTSITE_REDIS_EVENT_H
#define NGX_EXPORTSITE_REDIS_EVENT_H

#include <hiredis/hiredis.h>
#include <hiredis/async.h>

#include "compat.h"


/*
 * Nothing that is asked for is nearly as long: whoever answers more is not the
 * Redis that was meant, or has a value that nobody can have meant. hiredis
 * looks for the end of a line from its beginning with each piece that comes.
 */
#define NGX_EXPORTSITE_REPLY_MAX   (16 * 1024 * 1024)
#define NGX_EXPORTSITE_STRING_MAX  (4 * 1024 * 1024)
#define NGX_EXPORTSITE_LINE_MAX    (64 * 1024)

typedef struct ngx_exportsite_link_s  ngx_exportsite_link_t;

/*
 * The owner of the socket from attach to detach. It must outlive the context:
 * after redisAsyncHandleRead() or -Write() the context may be gone.
 */
struct ngx_exportsite_link_s {
    ngx_connection_t          *connection;
    redisAsyncContext         *ac;
    unsigned                   writing:1;
    u_char                     error[128];     /* why it ended, or empty */

    /* the context lets go of the socket, for whatever reason */
    void                     (*detached)(ngx_exportsite_link_t *link);

    /* the worker was told to finish its work and exit */
    void                     (*exiting)(ngx_exportsite_link_t *link);
};


/*
 * Takes over the socket of a fresh context, and sets link->ac. NGX_ERROR leaves
 * context and socket with the caller.
 */
ngx_int_t ngx_exportsite_redis_attach(ngx_exportsite_link_t *link,
    redisAsyncContext *ac, ngx_log_t *log);

#endif
