/*
 * What segments.c and segments_link.c share and nobody else includes.
 */
#ifndef ES_SEGMENTS_SET_H
#define ES_SEGMENTS_SET_H

#include "segments.h"

#define ES_SEGMENT_NAME  64

/* One compiled text and the pool that it lives in. */
typedef struct {
    es_pool_t  *pool;
    es_rule_t  *rule;
    es_str_t    text;
} es_version_t;

typedef struct es_segment_s  es_segment_t;

struct es_segment_s {
    es_version_t  *wanted;      /* the last text that compiled */
    es_version_t  *good;        /* the last one that was in force */
    es_version_t  *trial;       /* while linking: the one to be in force */
    es_rule_t     *active;      /* in force: good's, or NULL for false */
    uint32_t       index;
    uint8_t        name_len;
    char           name[ES_SEGMENT_NAME];
    char           parse_error[192];
    char           link_error[192];
    char           warning[192];
    es_segment_t  *next;        /* in a list of dropped or of free ones */
};

typedef struct {
    uint16_t       count;
    es_segment_t  *by_name[ES_SEGMENTS_MAX];
    es_segment_t  *by_variable[ES_SEGMENTS_MAX];
} es_segment_index_t;

struct es_segments_s {
    es_segments_host_t  host;
    es_pool_t          *pool;
    size_t              text;           /* bytes of all wanted versions */
    uint32_t            generation;
    es_segment_t       *dropped;        /* removed, in force until linked */
    es_segment_t       *free;
    es_segment_index_t  next;           /* with all changes */
    es_segment_index_t  linked;         /* what is asked */
};

/*
 * The place of a name in an index, or the one where it would go; *found tells.
 * by_variable takes "_" for "-".
 */
size_t es_segments_place(es_segment_t *const *segments, size_t count,
                         es_str_t name, bool by_variable, bool *found);

/* The other name of the same variable: the same name but for "-" and "_". */
bool es_segments_same_variable(es_str_t a, es_str_t b);

void es_segments_free_dropped(es_segments_t *set);
void es_segments_free_version(es_segments_t *set, es_version_t *version);

static inline es_str_t
es_segment_name(const es_segment_t *segment)
{
    return (es_str_t) { segment->name_len, segment->name };
}

#endif
