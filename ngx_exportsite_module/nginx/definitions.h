/*
 * The definitions as all workers share them: a list of segments in the zone,
 * with the rule in force, what is wrong with the present one, and a version
 * each. One worker writes, all read; the list outlives Redis, workers and
 * reloads.
 */
#ifndef NGX_EXPORTSITE_DEFINITIONS_H
#define NGX_EXPORTSITE_DEFINITIONS_H

#include "worker.h"


typedef struct {
    es_str_t                   name;
    es_str_t                   text;              /* in force; may be empty */
    es_str_t                   error;             /* of the one in Redis */
    uint64_t                   version;           /* in which text changed */
} ngx_exportsite_definition_t;

/* A copy of the list in process memory, or a list being written. */
typedef struct {
    u_char                    *data;
    size_t                     len;
    size_t                     size;
    uint64_t                   version;
} ngx_exportsite_definitions_t;


/* Copies the list in force; free with ngx_exportsite_definitions_free(). */
ngx_int_t ngx_exportsite_definitions_read(ngx_exportsite_definitions_t *list);

/* Begins an empty list to be filled by add() and put in force by publish(). */
ngx_int_t ngx_exportsite_definitions_new(ngx_exportsite_definitions_t *list);

/* NGX_DECLINED when there is no more room. */
ngx_int_t ngx_exportsite_definitions_add(ngx_exportsite_definitions_t *list,
    ngx_exportsite_definition_t *definition);

/*
 * All workers take the list in force with their next request. NGX_DECLINED:
 * there is another one since this one was begun.
 */
ngx_int_t ngx_exportsite_definitions_publish(
    ngx_exportsite_definitions_t *list);

void ngx_exportsite_definitions_free(ngx_exportsite_definitions_t *list);

/* Walks over a list: *at is 0 at first. False at the end. */
ngx_uint_t ngx_exportsite_definitions_next(ngx_exportsite_definitions_t *list,
    size_t *at, ngx_exportsite_definition_t *definition);

/* Finds a segment in a list. */
ngx_uint_t ngx_exportsite_definitions_find(ngx_exportsite_definitions_t *list,
    es_str_t name, ngx_exportsite_definition_t *definition);

#endif
