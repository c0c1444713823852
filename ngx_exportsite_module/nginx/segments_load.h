/*
 * The keeper's work on segments: from Redis into the zone.
 */
#ifndef NGX_EXPORTSITE_SEGMENTS_LOAD_H
#define NGX_EXPORTSITE_SEGMENTS_LOAD_H

#include "worker.h"


/* Reads the segments from Redis and, if they changed, publishes them to all. */
void ngx_exportsite_segments_load(void);

#endif
