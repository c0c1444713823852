/*
 * Events on their way to Redis: a ring in shared memory for each worker, and
 * the sender that empties it, and those of workers that died, into the stream.
 */
#ifndef NGX_EXPORTSITE_QUEUE_H
#define NGX_EXPORTSITE_QUEUE_H

#include "compat.h"


/* Takes a slot in shared memory, and with it what a dead worker left there. */
void ngx_exportsite_queue_init(void);

/*
 * Room for one event of at most size bytes, NULL where there is none (counted
 * as lost). Then commit() with what was written and its number of arguments.
 */
char *ngx_exportsite_queue_reserve(size_t size);
void ngx_exportsite_queue_commit(size_t len, ngx_uint_t args);

/* Takes over the rings of workers that died or left something behind. */
void ngx_exportsite_queue_adopt(void);

/* Once a second: what is held, what waits, and the spool. */
void ngx_exportsite_queue_round(void);

void ngx_exportsite_queue_connected(void);
void ngx_exportsite_queue_lost(void);

/* The worker is to exit: sends what there is, for at most two seconds. */
void ngx_exportsite_queue_exiting(void);

/* The event loop has ended: gives the slots back. */
void ngx_exportsite_queue_exit(void);

#endif
