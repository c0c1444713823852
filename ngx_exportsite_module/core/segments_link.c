/*
 * Changed segments taken in force: references resolved, circles found.
 *
 * Each segment is tried with its wanted rule. Those that lie on a circle
 * (Tarjan, "Depth-first search and linear graph algorithms", 1972) and were
 * changed fall back to their good rule, or to none, until no circle is left.
 * The search is written as a loop, as references may be 4,096 long.
 */
#include "segments_set.h"

#include <stdio.h>


/* So often circles are broken one by one; then all changes fall back. */
#define ES_LINK_PASSES  16

typedef struct {
    uint16_t  segment;
    uint16_t  edge;
} es_link_frame_t;

typedef struct {
    es_segments_t    *set;
    bool              settled;          /* nothing fell back in this pass */
    uint16_t          visited;
    uint16_t          path;             /* frames */
    uint16_t          open;             /* segments on the stack */
    es_link_frame_t   frames[ES_SEGMENTS_MAX];
    uint16_t          stack[ES_SEGMENTS_MAX];
    uint16_t          order[ES_SEGMENTS_MAX];   /* of visits, from 1 on */
    uint16_t          low[ES_SEGMENTS_MAX];
    uint16_t          depth[ES_SEGMENTS_MAX];
    bool              on_stack[ES_SEGMENTS_MAX];
} es_link_t;


static void es_link_start(es_segments_t *set);
static void es_link_pass(es_link_t *link);
static void es_link_visit(es_link_t *link, uint16_t root);
static void es_link_leave(es_link_t *link, uint16_t segment);
static void es_link_circle(es_link_t *link, uint16_t first);
static void es_link_fall_back_all(es_link_t *link);
static void es_link_finish(es_segments_t *set);


bool
es_segments_link(es_segments_t *set)
{
    unsigned    pass;
    es_link_t  *link;
    es_pool_t  *pool;

    pool = set->host.pool_create(set->host.data);
    if (pool == NULL) {
        return false;
    }

    link = es_alloc(pool, sizeof(es_link_t));
    if (link == NULL) {
        set->host.pool_destroy(set->host.data, pool);
        return false;
    }

    link->set = set;
    es_link_start(set);

    for (pass = 1; /* void */ ; pass++) {
        es_link_pass(link);

        if (link->settled) {
            break;
        }

        if (pass == ES_LINK_PASSES) {
            es_link_fall_back_all(link);
        }
    }

    es_link_finish(set);
    set->host.pool_destroy(set->host.data, pool);

    return true;
}


static void
es_link_bind(es_segments_t *set, es_version_t *version)
{
    bool        found;
    size_t      i, place;
    es_rule_t  *rule;

    if (version == NULL) {
        return;
    }

    rule = version->rule;

    for (i = 0; i < rule->nsegments; i++) {
        place = es_segments_place(set->next.by_name, set->next.count,
                                  rule->segments[i].name, false, &found);
        rule->segments[i].index = found ? (uint32_t) place
                                        : ES_SEGMENT_UNKNOWN;
    }
}


/* Numbers all segments, binds their rules, and sees to names that clash. */
static void
es_link_start(es_segments_t *set)
{
    uint16_t       i;
    es_segment_t  *segment, *first;

    for (i = 0; i < set->next.count; i++) {
        segment = set->next.by_name[i];
        segment->index = i;
        segment->trial = segment->wanted;
        segment->link_error[0] = '\0';
        segment->warning[0] = '\0';

        es_link_bind(set, segment->wanted);
        es_link_bind(set, segment->good);
    }

    for (i = 1; i < set->next.count; i++) {
        first = set->next.by_variable[i - 1];
        segment = set->next.by_variable[i];

        if (es_segments_same_variable(es_segment_name(first),
                                      es_segment_name(segment)))
        {
            segment->trial = NULL;
            (void) snprintf(segment->link_error, sizeof(segment->link_error),
                            "segment \"%.64s\" has the variable of \"%.64s\"; "
                            "rename one",
                            segment->name, first->name);
        }
    }
}


static void
es_link_pass(es_link_t *link)
{
    uint16_t  i, n;

    n = link->set->next.count;

    link->settled = true;
    link->visited = 0;
    link->path = 0;
    link->open = 0;
    memset(link->order, 0, n * sizeof(uint16_t));
    memset(link->on_stack, 0, n * sizeof(bool));

    for (i = 0; i < n; i++) {
        if (link->order[i] == 0) {
            es_link_visit(link, i);
        }
    }
}


static void
es_link_enter(es_link_t *link, uint16_t segment)
{
    link->order[segment] = ++link->visited;
    link->low[segment] = link->visited;
    link->depth[segment] = 1;

    link->stack[link->open++] = segment;
    link->on_stack[segment] = true;

    link->frames[link->path].segment = segment;
    link->frames[link->path].edge = 0;
    link->path++;
}


static size_t
es_link_edges(es_link_t *link, uint16_t segment)
{
    es_version_t  *trial = link->set->next.by_name[segment]->trial;

    return trial != NULL ? trial->rule->nsegments : 0;
}


static uint32_t
es_link_edge(es_link_t *link, uint16_t segment, size_t edge)
{
    return link->set->next.by_name[segment]->trial->rule
               ->segments[edge].index;
}


static void
es_link_visit(es_link_t *link, uint16_t root)
{
    uint16_t          at;
    uint32_t          to;
    es_link_frame_t  *frame;

    es_link_enter(link, root);

    while (link->path > 0) {
        frame = &link->frames[link->path - 1];
        at = frame->segment;

        if (frame->edge == es_link_edges(link, at)) {
            link->path--;
            es_link_leave(link, at);
            continue;
        }

        to = es_link_edge(link, at, frame->edge++);

        if (to == ES_SEGMENT_UNKNOWN) {
            continue;
        }

        if (link->order[to] == 0) {
            es_link_enter(link, (uint16_t) to);

        } else if (link->on_stack[to] && link->order[to] < link->low[at]) {
            link->low[at] = link->order[to];
        }
    }
}


/* Falls back to the rule before, or to none. */
static void
es_link_fall_back(es_link_t *link, es_segment_t *segment)
{
    link->settled = false;
    segment->trial = segment->trial != segment->good ? segment->good : NULL;
}


static bool
es_link_refers_to_itself(es_link_t *link, uint16_t segment)
{
    size_t  i, n;

    n = es_link_edges(link, segment);

    for (i = 0; i < n; i++) {
        if (es_link_edge(link, segment, i) == segment) {
            return true;
        }
    }

    return false;
}


/* All that the segment refers to has been left: a circle, if any, is whole. */
static void
es_link_leave(es_link_t *link, uint16_t segment)
{
    size_t         i, n;
    uint16_t       first, parent;
    uint32_t       to;
    es_segment_t  *s;

    if (link->path > 0) {
        parent = link->frames[link->path - 1].segment;

        if (link->low[segment] < link->low[parent]) {
            link->low[parent] = link->low[segment];
        }
    }

    if (link->low[segment] != link->order[segment]) {
        return;
    }

    for (first = link->open - 1; link->stack[first] != segment; first--) {
        /* void */
    }

    if (first + 1 < link->open || es_link_refers_to_itself(link, segment)) {
        es_link_circle(link, first);
        return;
    }

    link->open = first;
    link->on_stack[segment] = false;
    n = es_link_edges(link, segment);

    for (i = 0; i < n; i++) {
        to = es_link_edge(link, segment, i);

        if (to != ES_SEGMENT_UNKNOWN
            && link->depth[to] >= link->depth[segment])
        {
            link->depth[segment] = link->depth[to] + 1;
        }
    }

    if (link->depth[segment] > ES_SEGMENTS_DEPTH) {
        s = link->set->next.by_name[segment];
        (void) snprintf(s->link_error, sizeof(s->link_error),
                        "segment \"%.64s\" refers to segments more than %d "
                        "deep", s->name, ES_SEGMENTS_DEPTH);
        link->depth[segment] = 1;
        es_link_fall_back(link, s);
    }
}


static void
es_link_circle_error(es_link_t *link, uint16_t segment)
{
    size_t         edge;
    uint32_t       to;
    es_segment_t  *s, *through;

    s = link->set->next.by_name[segment];

    if (es_link_refers_to_itself(link, segment)) {
        (void) snprintf(s->link_error, sizeof(s->link_error),
                        "segment \"%.64s\" refers to itself", s->name);
        return;
    }

    /* One of the references stays inside the circle. */
    for (edge = 0; /* void */ ; edge++) {
        to = es_link_edge(link, segment, edge);

        if (to != ES_SEGMENT_UNKNOWN && link->on_stack[to]
            && link->order[to] >= link->low[segment])
        {
            break;
        }
    }

    through = link->set->next.by_name[to];

    (void) snprintf(s->link_error, sizeof(s->link_error),
                    "segment \"%.64s\" refers to itself through \"%.64s\"",
                    s->name, through->name);
}


/*
 * The segments from that place of the stack up refer to each other. Those with
 * a change fall back; where there is none (a segment came back that another
 * one had replaced) all do.
 */
static void
es_link_circle(es_link_t *link, uint16_t first)
{
    bool           changed;
    uint16_t       i;
    es_segment_t  *segment;

    changed = false;

    for (i = first; i < link->open; i++) {
        segment = link->set->next.by_name[link->stack[i]];
        changed |= segment->trial != segment->good;
        link->low[link->stack[i]] = link->order[link->stack[first]];
    }

    for (i = first; i < link->open; i++) {
        segment = link->set->next.by_name[link->stack[i]];

        if (!changed || segment->trial != segment->good) {
            es_link_circle_error(link, link->stack[i]);
        }
    }

    for (i = first; i < link->open; i++) {
        segment = link->set->next.by_name[link->stack[i]];

        if (!changed || segment->trial != segment->good) {
            es_link_fall_back(link, segment);
        }

        link->on_stack[link->stack[i]] = false;
    }

    link->open = first;
}


/* Circles upon circles, made in one go: what was in force before is taken. */
static void
es_link_fall_back_all(es_link_t *link)
{
    uint16_t       i;
    es_segment_t  *segment;

    for (i = 0; i < link->set->next.count; i++) {
        segment = link->set->next.by_name[i];

        if (segment->trial != NULL && segment->trial != segment->good) {
            es_link_fall_back(link, segment);
            (void) snprintf(segment->link_error, sizeof(segment->link_error),
                            "segment \"%.64s\" was changed together with "
                            "others that refer to themselves",
                            segment->name);
        }
    }
}


static void
es_link_warn(es_segment_t *segment)
{
    size_t           i;
    es_rule_t       *rule = segment->active;
    es_rule_quote_t  quote;

    for (i = 0; i < rule->nsegments; i++) {
        if (rule->segments[i].index == ES_SEGMENT_UNKNOWN) {
            (void) snprintf(segment->warning, sizeof(segment->warning),
                            "segment \"%s\" does not exist",
                            es_rule_quote(quote, rule->segments[i].name));
            return;
        }
    }

    if (rule->warning != NULL) {
        (void) snprintf(segment->warning, sizeof(segment->warning), "%s",
                        rule->warning);
    }
}


/* What stood the trial is in force; what was before is given back. */
static void
es_link_finish(es_segments_t *set)
{
    uint16_t       i;
    es_segment_t  *segment;

    for (i = 0; i < set->next.count; i++) {
        segment = set->next.by_name[i];

        if (segment->trial != NULL && segment->trial != segment->good) {
            es_segments_free_version(set, segment->good);
            segment->good = segment->trial;
        }

        segment->active = NULL;

        if (segment->trial != NULL) {
            segment->active = segment->trial->rule;
            es_link_warn(segment);
        }
    }

    set->linked.count = set->next.count;
    memcpy(set->linked.by_name, set->next.by_name,
           set->next.count * sizeof(es_segment_t *));
    memcpy(set->linked.by_variable, set->next.by_variable,
           set->next.count * sizeof(es_segment_t *));

    es_segments_free_dropped(set);
    set->generation++;
}
