/*
 * Batches of numbered events: one command each, given to a script on the server
 * that passes over what the stream has already. Whoever has events to send, out
 * of memory or out of files, has a flight of his own, with one command under
 * way at a time: were there two, and the first refused, the second's mark would
 * make the first look written.
 */
#ifndef NGX_EXPORTSITE_BATCH_H
#define NGX_EXPORTSITE_BATCH_H

#include "compat.h"
#include "../redis/keys.h"


#define NGX_EXPORTSITE_BATCH_BYTES   (192 * 1024)
#define NGX_EXPORTSITE_BATCH_EVENTS  1024

typedef struct ngx_exportsite_flight_s  ngx_exportsite_flight_t;

struct ngx_exportsite_flight_s {
    /*
     * The command is over. NGX_OK: events first to last are in the stream, or
     * mark is known; NGX_DECLINED: Redis refused, it gets a second; NGX_ERROR:
     * the answer was lost with the connection.
     */
    void        (*landed)(ngx_exportsite_flight_t *flight, ngx_int_t rc);

    es_producer_t  producer;
    uint64_t       first;
    uint64_t       last;
    ngx_uint_t     events;
    size_t         args;
    uint64_t       mark;
    uint64_t       started;                        /* us */
    unsigned       busy:1;
};


/* ready() is called when batches can be sent, after a connect or a refusal. */
void ngx_exportsite_batch_init(void (*ready)(void));
void ngx_exportsite_batch_exit(void);

void ngx_exportsite_batch_connected(void);
void ngx_exportsite_batch_lost(void);

/* Whether a flight that is not busy could start now. */
ngx_uint_t ngx_exportsite_batch_ready(void);

/* Asks for the mark of flight->producer. NGX_ERROR if that cannot be now. */
ngx_int_t ngx_exportsite_batch_mark(ngx_exportsite_flight_t *flight);

/*
 * A batch of flight->producer: begin, add, send. add() returns 0 where the
 * event does not fit, or its number is not the next one.
 */
void ngx_exportsite_batch_begin(ngx_exportsite_flight_t *flight);
ngx_uint_t ngx_exportsite_batch_add(ngx_exportsite_flight_t *flight,
    uint64_t seq, const char *data, size_t len, size_t args);
ngx_int_t ngx_exportsite_batch_send(ngx_exportsite_flight_t *flight);

#endif
