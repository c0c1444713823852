/*
 * A connection to Redis that is kept: connects by itself, says who it is, comes
 * back after a loss, and notices when Redis no longer answers.
 */
#ifndef NGX_EXPORTSITE_REDIS_H
#define NGX_EXPORTSITE_REDIS_H

#include "redis_event.h"
#include "settings.h"


typedef enum {
    ngx_exportsite_redis_off = 0,
    ngx_exportsite_redis_disconnected,
    ngx_exportsite_redis_connecting,
    ngx_exportsite_redis_connected
} ngx_exportsite_redis_state_e;


typedef struct ngx_exportsite_redis_s  ngx_exportsite_redis_t;

struct ngx_exportsite_redis_s {
    ngx_exportsite_link_t          link;         /* first: found from it */
    ngx_exportsite_redis_conf_t   *conf;
    const char                    *name;
    ngx_log_t                     *log;

    ngx_exportsite_redis_state_e   state;
    ngx_event_t                    timer;        /* connect time-out or retry */
    ngx_event_t                    check;        /* armed while waiting */
    ngx_msec_t                     delay;
    ngx_uint_t                     failures;     /* connects that failed */
    ngx_uint_t                     losses;
    ngx_uint_t                     pending;      /* commands not answered */
    size_t                         reply_size;   /* of what is being read */
    ngx_msec_t                     heard;        /* the last answer */
    ngx_msec_t                     connected_at;
    u_char                         error[128];
    unsigned                       logged:1;     /* that it is away */
    unsigned                       announced:1;  /* that it is back */
    unsigned                       stopped:1;
    unsigned                       subscribed:1; /* SUBSCRIBE was sent */
    unsigned                       stood:1;      /* was connected until now */

    void                         (*ready)(ngx_exportsite_redis_t *redis);
    /* it is not, or no longer: stood tells */
    void                         (*lost)(ngx_exportsite_redis_t *redis);
    void                         (*exiting)(ngx_exportsite_redis_t *redis);
};


/* Begins to connect; ready() is called whenever commands can be sent. */
void ngx_exportsite_redis_start(ngx_exportsite_redis_t *redis,
    ngx_exportsite_redis_conf_t *conf, const char *name, ngx_log_t *log);

/* Closes for good; callbacks of commands under way get a NULL reply. */
void ngx_exportsite_redis_stop(ngx_exportsite_redis_t *redis);

/* Closes and connects anew a little later, logging why. */
void ngx_exportsite_redis_drop(ngx_exportsite_redis_t *redis,
    const char *reason);

/*
 * Sends a command in RESP. NGX_ERROR when that is not possible now; callback is
 * then never called. Otherwise it is called once, with NULL if the answer will
 * never come, and calls ngx_exportsite_redis_answered() first of all.
 */
ngx_int_t ngx_exportsite_redis_send(ngx_exportsite_redis_t *redis,
    const char *command, size_t len, redisCallbackFn *callback, void *data);

/* The same for words. */
ngx_int_t ngx_exportsite_redis_command(ngx_exportsite_redis_t *redis,
    redisCallbackFn *callback, void *data, int argc, const char **argv,
    const size_t *argvlen);

void ngx_exportsite_redis_answered(ngx_exportsite_redis_t *redis,
    redisReply *reply);

/* Logs an error reply, at most once a second for all. */
void ngx_exportsite_redis_complain(ngx_exportsite_redis_t *redis,
    const char *what, redisReply *reply, const char *remedy);

ngx_str_t ngx_exportsite_redis_state_name(ngx_uint_t state);

#endif
