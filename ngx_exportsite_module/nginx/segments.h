/*
 * The segments as this worker has them compiled.
 */
#ifndef NGX_EXPORTSITE_SEGMENTS_H
#define NGX_EXPORTSITE_SEGMENTS_H

#include "../core/segments.h"
#include "definitions.h"


/* how many rules are compiled in one turn of the event loop */
#define NGX_EXPORTSITE_COMPILE_SLICE  64


/* Compiles all that the zone has; NGX_ERROR without memory. */
ngx_int_t ngx_exportsite_segments_init(void);

/* Takes over what changed in the zone, a little at a time; cheap if nothing. */
void ngx_exportsite_segments_update(void);

/* The set, for the one worker that writes the definitions. */
es_segments_t *ngx_exportsite_segments_set(void);

/* Compiles the rest of a list that is being taken over. */
void ngx_exportsite_segments_finish(void);

/* Removes from the set what a list does not have. */
void ngx_exportsite_segments_keep(ngx_exportsite_definitions_t *list);

/* After the set was linked: binds what its rules read. */
void ngx_exportsite_segments_linked(uint64_t version);

/* Gives the profile fields of a rule their numbers. */
void ngx_exportsite_bind_rule(es_rule_t *rule);

/* Gives back all rules. */
void ngx_exportsite_segments_exit(void);

#endif
