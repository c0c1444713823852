/*
 * The keeper: the one worker that listens for changes in Redis and writes the
 * definitions into the zone for all.
 */
#ifndef NGX_EXPORTSITE_KEEPER_H
#define NGX_EXPORTSITE_KEEPER_H

#include "worker.h"


/* Becomes the keeper if there is none that lives, or in any case with take. */
void ngx_exportsite_keeper_try(ngx_uint_t take);

/* The command connection stands: reads what may have changed meanwhile. */
void ngx_exportsite_keeper_connected(void);

/* Gives the office up. */
void ngx_exportsite_keeper_resign(void);

#endif
