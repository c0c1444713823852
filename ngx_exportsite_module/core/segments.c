/*
 * The set of segments: what is known, changes gathered, questions answered.
 */
#include "segments_set.h"
#include "text.h"

#include <stdio.h>


static bool es_segments_compile(es_segments_t *set, es_segment_t *segment,
    es_str_t text, es_rule_error_t *err);


es_segments_t *
es_segments_create(es_pool_t *pool, const es_segments_host_t *host)
{
    es_segments_t  *set;

    set = es_alloc(pool, sizeof(es_segments_t));
    if (set == NULL) {
        return NULL;
    }

    /* Not the arrays: pages never used stay untouched. */
    set->host = *host;
    set->pool = pool;
    set->text = 0;
    set->generation = 0;
    set->dropped = NULL;
    set->free = NULL;
    set->next.count = 0;
    set->linked.count = 0;

    return set;
}


void
es_segments_free_version(es_segments_t *set, es_version_t *version)
{
    if (version != NULL) {
        es_rule_destroy(version->rule);
        set->host.pool_destroy(set->host.data, version->pool);
    }
}


static void
es_segments_free(es_segments_t *set, es_segment_t *segment)
{
    es_segments_free_version(set, segment->good);

    if (segment->wanted != segment->good) {
        es_segments_free_version(set, segment->wanted);
    }

    segment->next = set->free;
    set->free = segment;
}


void
es_segments_free_dropped(es_segments_t *set)
{
    es_segment_t  *segment;

    while ((segment = set->dropped) != NULL) {
        set->dropped = segment->next;
        es_segments_free(set, segment);
    }
}


void
es_segments_destroy(es_segments_t *set)
{
    size_t  i;

    es_segments_free_dropped(set);

    for (i = 0; i < set->next.count; i++) {
        es_segments_free(set, set->next.by_name[i]);
    }

    set->next.count = 0;
    set->linked.count = 0;
}


static char
es_variable_char(char c)
{
    return c == '_' ? '-' : c;
}


static int
es_variable_compare(es_str_t a, es_str_t b)
{
    size_t  i;

    for (i = 0; i < a.len && i < b.len; i++) {
        if (es_variable_char(a.data[i]) != es_variable_char(b.data[i])) {
            return es_variable_char(a.data[i]) < es_variable_char(b.data[i])
                   ? -1 : 1;
        }
    }

    return (a.len > b.len) - (a.len < b.len);
}


bool
es_segments_same_variable(es_str_t a, es_str_t b)
{
    return es_variable_compare(a, b) == 0;
}


/* By variable names of one kind lie together, and are sorted by name. */
static int
es_place_compare(es_str_t a, es_str_t b, bool by_variable)
{
    int  rc;

    rc = by_variable ? es_variable_compare(a, b) : 0;

    return rc != 0 ? rc : es_str_compare(a, b);
}


size_t
es_segments_place(es_segment_t *const *segments, size_t count, es_str_t name,
    bool by_variable, bool *found)
{
    int     rc;
    size_t  low, high, middle;

    low = 0;
    high = count;

    while (low < high) {
        middle = low + (high - low) / 2;
        rc = es_place_compare(name, es_segment_name(segments[middle]),
                              by_variable);
        if (rc == 0) {
            *found = true;
            return middle;
        }

        if (rc < 0) {
            high = middle;

        } else {
            low = middle + 1;
        }
    }

    *found = false;

    return low;
}


static void
es_segments_insert(es_segment_t **segments, size_t count,
    es_segment_t *segment, bool by_variable)
{
    bool    found;
    size_t  i;

    i = es_segments_place(segments, count, es_segment_name(segment),
                          by_variable, &found);

    memmove(segments + i + 1, segments + i,
            (count - i) * sizeof(es_segment_t *));
    segments[i] = segment;
}


static void
es_segments_take_out(es_segment_t **segments, size_t count, es_str_t name,
    bool by_variable)
{
    bool    found;
    size_t  i;

    i = es_segments_place(segments, count, name, by_variable, &found);

    memmove(segments + i, segments + i + 1,
            (count - i - 1) * sizeof(es_segment_t *));
}


static es_segment_t *
es_segments_known(es_segments_t *set, es_str_t name)
{
    bool    found;
    size_t  i;

    i = es_segments_place(set->next.by_name, set->next.count, name, false,
                          &found);

    return found ? set->next.by_name[i] : NULL;
}


/* A segment without a rule. */
static es_segment_t *
es_segments_add(es_segments_t *set, es_str_t name)
{
    es_segment_t  *segment;

    segment = set->free;

    if (segment != NULL) {
        set->free = segment->next;

    } else {
        segment = es_alloc(set->pool, sizeof(es_segment_t));
        if (segment == NULL) {
            return NULL;
        }
    }

    memset(segment, 0, sizeof(es_segment_t));
    memcpy(segment->name, name.data, name.len);
    segment->name_len = (uint8_t) name.len;

    es_segments_insert(set->next.by_name, set->next.count, segment, false);
    es_segments_insert(set->next.by_variable, set->next.count, segment, true);
    set->next.count++;

    return segment;
}


static bool
es_segments_refuse(es_rule_error_t *err, const char *text)
{
    err->column = 0;
    (void) snprintf(err->text, sizeof(err->text), "%s", text);

    return false;
}


bool
es_segments_put(es_segments_t *set, es_str_t name, es_str_t text,
    es_rule_error_t *err)
{
    es_segment_t  *segment;

    if (!es_name_valid(name)) {
        return es_segments_refuse(err, "a segment's name has small letters, "
                                  "digits, \"-\" and \"_\", begins with a "
                                  "letter and is at most 64 long");
    }

    segment = es_segments_known(set, name);

    if (segment == NULL) {
        if (set->next.count == ES_SEGMENTS_MAX) {
            return es_segments_refuse(err, "there are 4096 segments already");
        }

        segment = es_segments_add(set, name);
        if (segment == NULL) {
            return es_segments_refuse(err, "no memory");
        }
    }

    if (segment->wanted != NULL && es_str_eq(segment->wanted->text, text)) {
        segment->parse_error[0] = '\0';
        return true;
    }

    if (!es_segments_compile(set, segment, text, err)) {
        memcpy(segment->parse_error, err->text, sizeof(err->text));
        return false;
    }

    segment->parse_error[0] = '\0';

    return true;
}


static es_version_t *
es_version_create(es_segments_t *set, es_str_t text, es_rule_error_t *err)
{
    char          *copy;
    es_pool_t     *pool;
    es_version_t  *version;

    pool = set->host.pool_create(set->host.data);
    if (pool == NULL) {
        (void) es_segments_refuse(err, "no memory");
        return NULL;
    }

    version = es_alloc(pool, sizeof(es_version_t));
    copy = es_alloc(pool, text.len + 1);

    if (version == NULL || copy == NULL) {
        (void) es_segments_refuse(err, "no memory");
        goto failed;
    }

    version->rule = es_rule_compile(text, ES_RULE_VISITOR, pool, err);
    if (version->rule == NULL) {
        goto failed;
    }

    memcpy(copy, text.data, text.len);
    version->text = (es_str_t) { text.len, copy };
    version->pool = pool;

    return version;

failed:

    set->host.pool_destroy(set->host.data, pool);

    return NULL;
}


/* Gives the segment a new wanted version; one that was in force stays. */
static bool
es_segments_compile(es_segments_t *set, es_segment_t *segment, es_str_t text,
    es_rule_error_t *err)
{
    size_t         old;
    es_version_t  *version;

    old = segment->wanted != NULL ? segment->wanted->text.len : 0;

    if (set->text - old + text.len > ES_SEGMENTS_TEXT) {
        return es_segments_refuse(err, "all segments together have more than "
                                  "2 MB of rules");
    }

    version = es_version_create(set, text, err);
    if (version == NULL) {
        return false;
    }

    if (segment->wanted != segment->good) {
        es_segments_free_version(set, segment->wanted);
    }

    segment->wanted = version;
    set->text = set->text - old + text.len;

    return true;
}


void
es_segments_remove(es_segments_t *set, es_str_t name)
{
    es_segment_t  *segment;

    segment = es_segments_known(set, name);

    if (segment == NULL) {
        return;
    }

    es_segments_take_out(set->next.by_name, set->next.count, name, false);
    es_segments_take_out(set->next.by_variable, set->next.count, name, true);
    set->next.count--;

    if (segment->wanted != NULL) {
        set->text -= segment->wanted->text.len;
    }

    segment->next = set->dropped;
    set->dropped = segment;
}


uint32_t
es_segments_generation(const es_segments_t *set)
{
    return set->generation;
}


size_t
es_segments_count(const es_segments_t *set)
{
    return set->linked.count;
}


es_str_t
es_segments_name(const es_segments_t *set, size_t i)
{
    return es_segment_name(set->linked.by_name[i]);
}


es_rule_t *
es_segments_rule(es_segments_t *set, size_t i)
{
    return set->linked.by_name[i]->active;
}


const char *
es_segments_error(const es_segments_t *set, size_t i)
{
    const es_segment_t  *segment = set->linked.by_name[i];

    if (segment->parse_error[0] != '\0') {
        return segment->parse_error;
    }

    return segment->link_error[0] != '\0' ? segment->link_error : NULL;
}


const char *
es_segments_warning(const es_segments_t *set, size_t i)
{
    const es_segment_t  *segment = set->linked.by_name[i];

    return segment->warning[0] != '\0' ? segment->warning : NULL;
}


uint32_t
es_segments_find(const es_segments_t *set, es_str_t name)
{
    bool    found;
    size_t  i;

    i = es_segments_place(set->linked.by_name, set->linked.count, name, false,
                          &found);

    return found ? (uint32_t) i : ES_SEGMENT_UNKNOWN;
}


uint32_t
es_segments_find_variable(const es_segments_t *set, es_str_t name)
{
    bool                       found;
    size_t                     i;
    const es_segment_index_t  *linked = &set->linked;

    i = es_segments_place(linked->by_variable, linked->count, name, true,
                          &found);

    /* The first of several names for the variable may lie before the place. */
    while (i > 0
           && es_segments_same_variable(name,
                                  es_segment_name(linked->by_variable[i - 1])))
    {
        i--;
    }

    if (i == linked->count
        || !es_segments_same_variable(name,
                                      es_segment_name(linked->by_variable[i])))
    {
        return ES_SEGMENT_UNKNOWN;
    }

    return linked->by_variable[i]->index;
}


void
es_segments_bind(const es_segments_t *set, es_rule_t *rule)
{
    size_t  i;

    for (i = 0; i < rule->nsegments; i++) {
        rule->segments[i].index = es_segments_find(set,
                                                   rule->segments[i].name);
    }
}


bool
es_segments_eval(es_segments_t *set, es_rule_env_t *env, uint32_t i,
    uint8_t *memo)
{
    bool        holds;
    es_rule_t  *rule;

    if (memo[i] != 0) {
        return memo[i] == ES_SEGMENT_TRUE;
    }

    rule = set->linked.by_name[i]->active;
    holds = rule != NULL && es_rule_eval(rule, env);
    memo[i] = holds ? ES_SEGMENT_TRUE : ES_SEGMENT_FALSE;

    return holds;
}
