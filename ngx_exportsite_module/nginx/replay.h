/*
 * Replay: what the spool's files hold goes to Redis, file by file, in order.
 */
#ifndef NGX_EXPORTSITE_REPLAY_H
#define NGX_EXPORTSITE_REPLAY_H

#include "compat.h"


/* idle() is called when all there is has been sent. */
void ngx_exportsite_replay_init(void (*idle)(void));

/* Goes on if there is something, and Redis would take it. */
void ngx_exportsite_replay_go(void);

/* The connection is lost: what Redis has is asked anew on the next one. */
void ngx_exportsite_replay_lost(void);

/* Once a second: removes files that were sent long enough ago. */
void ngx_exportsite_replay_round(void);

/*
 * Should fresh events wait, so that all arrive in their order? They do for two
 * seconds at most.
 */
ngx_uint_t ngx_exportsite_replay_first(void);

#endif
