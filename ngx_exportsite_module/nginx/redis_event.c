/*
 * hiredis' asynchronous context on nginx's event loop.
 *
 * The socket is registered level-triggered, since hiredis reads and writes it
 * without nginx' knowledge of what is left. A command is not written at once
 * but at the end of the loop's turn, by a posted event, so that the commands
 * of one turn share one write; epoll is asked only when the socket is full.
 */
#include "compat.h"

#include "redis_event.h"


static ngx_uint_t ngx_exportsite_redis_flooded(redisReader *reader);
static void ngx_exportsite_redis_read(ngx_event_t *rev);
static void ngx_exportsite_redis_write(ngx_event_t *wev);
static void ngx_exportsite_redis_add_read(void *data);
static void ngx_exportsite_redis_del_read(void *data);
static void ngx_exportsite_redis_add_write(void *data);
static void ngx_exportsite_redis_del_write(void *data);
static void ngx_exportsite_redis_cleanup(void *data);


ngx_int_t
ngx_exportsite_redis_attach(ngx_exportsite_link_t *link, redisAsyncContext *ac,
    ngx_log_t *log)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(ac->c.fd, log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->data = link;
    c->log = log;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->idle = 1;

    c->read->log = log;
    c->write->log = log;
    c->read->handler = ngx_exportsite_redis_read;
    c->write->handler = ngx_exportsite_redis_write;

    link->connection = c;
    link->ac = ac;
    link->writing = 0;
    link->error[0] = '\0';

    ac->ev.data = link;
    ac->ev.addRead = ngx_exportsite_redis_add_read;
    ac->ev.delRead = ngx_exportsite_redis_del_read;
    ac->ev.addWrite = ngx_exportsite_redis_add_write;
    ac->ev.delWrite = ngx_exportsite_redis_del_write;
    ac->ev.cleanup = ngx_exportsite_redis_cleanup;

    return NGX_OK;
}


/*
 * Whether what has come of a string or line, not complete yet, is too long.
 * hiredis stands behind the byte that tells the type; if the line that follows
 * is complete, it is the length of a string.
 */
static ngx_uint_t
ngx_exportsite_redis_flooded(redisReader *reader)
{
    char    *p = reader->buf + reader->pos;
    size_t   len = reader->len - reader->pos;

    if (len <= NGX_EXPORTSITE_LINE_MAX) {
        return 0;
    }

    return len > NGX_EXPORTSITE_STRING_MAX
           || memchr(p, '\n', NGX_INT64_LEN + 2) == NULL;
}


static void
ngx_exportsite_redis_read(ngx_event_t *rev)
{
    ngx_connection_t       *c = rev->data;
    ngx_exportsite_link_t  *link = c->data;

    if (c->close) {
        /* a graceful exit begins: nginx calls the idle connections */
        c->close = 0;
        c->idle = 0;
        link->exiting(link);
        return;
    }

    if (link->ac != NULL) {
        redisAsyncHandleRead(link->ac);
    }

    if (link->ac != NULL && ngx_exportsite_redis_flooded(link->ac->c.reader)) {
        ngx_cpystrn(link->error, (u_char *) "the answer is too long",
                    sizeof(link->error));
        redisAsyncFree(link->ac);
    }
}


static void
ngx_exportsite_redis_write(ngx_event_t *wev)
{
    ngx_connection_t       *c = wev->data;
    ngx_exportsite_link_t  *link = c->data;

    if (link->ac != NULL) {
        link->writing = 1;
        redisAsyncHandleWrite(link->ac);
        link->writing = 0;
    }
}


static void
ngx_exportsite_redis_add_read(void *data)
{
    ngx_exportsite_link_t  *link = data;

    ngx_event_t  *rev = link->connection->read;

    if (!rev->active) {
        (void) ngx_add_event(rev, NGX_READ_EVENT, NGX_LEVEL_EVENT);
    }
}


static void
ngx_exportsite_redis_del_read(void *data)
{
    ngx_exportsite_link_t  *link = data;

    ngx_event_t  *rev = link->connection->read;

    if (rev->active) {
        (void) ngx_del_event(rev, NGX_READ_EVENT, 0);
    }
}


static void
ngx_exportsite_redis_add_write(void *data)
{
    ngx_exportsite_link_t  *link = data;

    ngx_event_t  *wev = link->connection->write;

    if (wev->active) {
        return;
    }

    /* not connected yet, or not all could be written */
    if (link->ac == NULL || link->writing
        || !(link->ac->c.flags & REDIS_CONNECTED))
    {
        (void) ngx_add_event(wev, NGX_WRITE_EVENT, NGX_LEVEL_EVENT);
        return;
    }

    if (!wev->posted) {
        ngx_post_event(wev, &ngx_posted_events);
    }
}


static void
ngx_exportsite_redis_del_write(void *data)
{
    ngx_exportsite_link_t  *link = data;

    ngx_event_t  *wev = link->connection->write;

    if (wev->active) {
        (void) ngx_del_event(wev, NGX_WRITE_EVENT, 0);
    }
}


static void
ngx_exportsite_redis_cleanup(void *data)
{
    ngx_exportsite_link_t  *link = data;

    redisAsyncContext  *ac = link->ac;
    ngx_connection_t   *c = link->connection;

    if (c == NULL) {
        return;
    }

    link->connection = NULL;
    link->ac = NULL;

    if (ac != NULL) {
        if (ac->err) {
            ngx_cpystrn(link->error, (u_char *) ac->errstr,
                        sizeof(link->error));
        }

        ngx_memzero(&ac->ev, sizeof(ac->ev));

        /* the socket is nginx' from attach on: hiredis must not close it too */
        ac->c.fd = -1;
    }

    ngx_close_connection(c);

    link->detached(link);
}
