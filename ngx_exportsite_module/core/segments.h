/*
 * The set of named rules. They come as text, one by one, and change while the
 * set is in use: only what changed is compiled, and a rule that cannot be taken
 * leaves the one before it in force.
 *
 * Changes (put, remove) are gathered and have no effect on what is asked until
 * es_segments_link() takes them in force all at once. Names are then numbered
 * anew, in sorted order; numbers bound into rules outside the set, answers
 * remembered and pointers to rules are good until the next link only, and
 * es_segments_generation() tells which that was.
 */
#ifndef ES_SEGMENTS_H
#define ES_SEGMENTS_H

#include "rule.h"

#define ES_SEGMENTS_MAX    4096
#define ES_SEGMENTS_TEXT   (2 * 1024 * 1024)    /* bytes of all rules */
#define ES_SEGMENTS_DEPTH  64                   /* segment of segment of ... */

/* What a memo's byte holds once its segment was asked for; 0 before. */
#define ES_SEGMENT_FALSE   1
#define ES_SEGMENT_TRUE    2

typedef struct es_segments_s  es_segments_t;

/*
 * Each compiled rule lives in a pool of its own, so that thousands of changes
 * leave nothing behind. pool_create() may return NULL. data is handed back.
 */
typedef struct {
    es_pool_t  *(*pool_create)(void *data);
    void        (*pool_destroy)(void *data, es_pool_t *pool);
    void         *data;
} es_segments_host_t;

/*
 * An empty set; it lies in the pool, some 130 KB that are touched only as far
 * as they are used. Grows by records (about 700 bytes) that are used again.
 * NULL: no memory.
 */
es_segments_t *es_segments_create(es_pool_t *pool,
                                  const es_segments_host_t *host);

/* Gives back all rules and their pools; the set's own pool goes after that. */
void es_segments_destroy(es_segments_t *set);

/*
 * Defines a segment, or defines it anew; the same text again is no work. True
 * if the rule compiled. Otherwise false with *err filled, which the segment
 * also keeps: it is known by its name, with its last good rule or false. Only
 * if the name is none or the set is full nothing is kept. An error that is not
 * about a place in the text has column 0 and no "col N: ".
 */
bool es_segments_put(es_segments_t *set, es_str_t name, es_str_t text,
                     es_rule_error_t *err);

/* Forgets a segment, if there is one. */
void es_segments_remove(es_segments_t *set, es_str_t name);

/*
 * Takes all changes in force. Rules may refer to other segments:
 * - a change that makes a segment refer to itself, also by way of others, is
 *   not taken: the rule before stays, or the segment is false; its error says
 *   so. It is tried again at the next link;
 * - the same for chains of more than ES_SEGMENTS_DEPTH;
 * - of names that only differ in "-" and "_" the first one counts, the others
 *   are false, with an error;
 * - a reference to a segment that does not exist is false, with a warning.
 * Bounded: some passes over all rules. False: no memory, nothing has changed.
 */
bool es_segments_link(es_segments_t *set);

/* How often the set was linked. */
uint32_t es_segments_generation(const es_segments_t *set);

/* Segments as of the last link, by their numbers from 0 on, sorted by name. */
size_t es_segments_count(const es_segments_t *set);
es_str_t es_segments_name(const es_segments_t *set, size_t i);

/* The rule in force, for its fields to be bound; NULL if there is none. */
es_rule_t *es_segments_rule(es_segments_t *set, size_t i);

/* What is wrong with it or may be; NULL if nothing. */
const char *es_segments_error(const es_segments_t *set, size_t i);
const char *es_segments_warning(const es_segments_t *set, size_t i);

/*
 * The number of a name, ES_SEGMENT_UNKNOWN if there is none. For the name in a
 * variable "_" stands for "-" or "_".
 */
uint32_t es_segments_find(const es_segments_t *set, es_str_t name);
uint32_t es_segments_find_variable(const es_segments_t *set, es_str_t name);

/* Binds the segments that a rule outside the set refers to. */
void es_segments_bind(const es_segments_t *set, es_rule_t *rule);

/*
 * Whether segment i holds. memo has a byte for each segment, all 0 for a new
 * visitor: what was asked once is remembered there. env->segment() calls this
 * with the same memo.
 */
bool es_segments_eval(es_segments_t *set, es_rule_env_t *env, uint32_t i,
                      uint8_t *memo);

#endif
