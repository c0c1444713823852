/*
 * The segments as this worker has them compiled.
 */
#ifndef NGX_EXPORTSITE_SEGMENTS_H
#define NGX_EXPORTSITE_SEGMENTS_H

#include "../core/segments.h"
#include "definitions.h"
#include "visit.h"


/* Compiles all that the zone has; NGX_ERROR without memory. */
ngx_int_t ngx_exportsite_segments_init(void);

/* Takes over what changed in the zone, a little at a time; cheap if nothing. */
void ngx_exportsite_segments_update(void);

/* The set, for the one worker that writes the definitions. */
es_segments_t *ngx_exportsite_segments_set(void);

/* Compiles the rest of a list that is being taken over. */
void ngx_exportsite_segments_finish(void);

/* Removes from the set what a hash of Redis does not have. */
void ngx_exportsite_segments_forget(redisReply *hash);

/* After the set was linked: binds what its rules read. */
void ngx_exportsite_segments_linked(uint64_t version);

/* Is the visitor in the segment of that number, as of the present set? */
ngx_uint_t ngx_exportsite_in_segment(ngx_exportsite_visit_t *visit,
    uint32_t index);

/* The names of all segments the visitor is in, sorted, with commas, in pool. */
ngx_str_t ngx_exportsite_segment_list(ngx_exportsite_visit_t *visit);

/* Gives back all rules. */
void ngx_exportsite_segments_exit(void);

#endif
