/*
 * The spool: events that do not fit into memory go to files, the oldest first,
 * and back from there to Redis.
 */
#ifndef NGX_EXPORTSITE_SPOOL_H
#define NGX_EXPORTSITE_SPOOL_H

#include "spool_list.h"
#include "zone.h"


/* changed() is called when a file was added, or checked, that may be sent. */
void ngx_exportsite_spool_init(void (*changed)(void));

/* Once a second: takes over what nobody holds, and keeps within the limit. */
void ngx_exportsite_spool_round(void);

/* The event loop has ended: lets go of the files, which stay. */
void ngx_exportsite_spool_exit(void);

/*
 * Moves the oldest records of a slot's ring to a file, some 128 KB of them, and
 * all that may have been sent. NGX_ERROR when they cannot be written; they are
 * then still in the ring.
 */
ngx_int_t ngx_exportsite_spool_move(ngx_exportsite_slot_t *slot);

/* Memory is empty again: what went wrong until now is over. */
void ngx_exportsite_spool_idle(void);

/*
 * Releases what a slot's ring and a file both hold, since a worker was killed
 * between two steps.
 */
void ngx_exportsite_spool_reconcile(ngx_exportsite_slot_t *slot);

/* Is this file wanted for that, by whoever will take a dead worker's ring? */
ngx_uint_t ngx_exportsite_spool_needed(ngx_exportsite_spool_file_t *file);

/*
 * The next n events of a file are in Redis. Those that an earlier owner of it
 * has counted come first.
 */
void ngx_exportsite_spool_sent(ngx_exportsite_spool_file_t *file, uint64_t n);

/* All of a file is in Redis: nothing more is written to it. */
void ngx_exportsite_spool_seal(ngx_exportsite_spool_file_t *file);

/*
 * All of a file that could be sent is in Redis: removes it. If it cannot be
 * removed, it stays, and is tried again.
 */
void ngx_exportsite_spool_finish(ngx_exportsite_spool_file_t *file);

#endif
