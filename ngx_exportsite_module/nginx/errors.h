/*
 * What could not be taken from Redis, as <prefix>errors tells marketers:
 * "segment:NAME" and "slot:KEY", each with what is wrong. The list is in shared
 * memory, the keeper writes it to Redis.
 */
#ifndef NGX_EXPORTSITE_ERRORS_H
#define NGX_EXPORTSITE_ERRORS_H

#include "worker.h"


/*
 * What is wrong with a slot's content, or NULL where nothing is (any more). A
 * new message is logged.
 */
void ngx_exportsite_errors_slot(ngx_str_t *key, const char *message);

/*
 * Walks over the slots' errors: *at is 0 at first. 0 at the end; else *error is
 * a copy.
 */
ngx_uint_t ngx_exportsite_errors_slot_next(ngx_uint_t *at,
    ngx_exportsite_slot_error_t *error);

/* The keeper writes the list to Redis if it is not what it wrote last. */
void ngx_exportsite_errors_report(void);

/* The same if some worker has found an error, or mended one. */
void ngx_exportsite_errors_look(void);

/* What stands in Redis is not known any more. */
void ngx_exportsite_errors_forget(void);

#endif
