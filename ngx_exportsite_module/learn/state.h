/*
 * What a learner remembers of a visitor from event to event, beyond what the
 * profile shows: the current visit, scores of topics, reasons for a lead. It is
 * kept in Redis as one string, which begins with the mark: the id of the last
 * entry that is in it, and a version that others count up when they change it.
 */
#ifndef ES_STATE_H
#define ES_STATE_H

#include "entry.h"


#define ES_STATE_TOPICS   32
#define ES_STATE_REASONS  16
#define ES_STATE_PAGES    16
#define ES_STATE_RECENT   5
#define ES_STATE_PATH     200          /* bytes of a page's path */
#define ES_STATE_NAME     64           /* of a topic's or a reason's name */
#define ES_STATE_STRING   255          /* of any other string */
#define ES_STATE_MAX      (32 * 1024)  /* the longest text of one */

/* Counts and points stop here: 18 digits, as many as rules can read. */
#define ES_STATE_MOST     INT64_C(999999999999999999)

/* And a topic's score here, in millionths: what a double holds exactly. */
#define ES_STATE_SCORE    INT64_C(1000000000000000)

typedef enum {
    ES_TOUCH_SOURCE,
    ES_TOUCH_MEDIUM,
    ES_TOUCH_CAMPAIGN,
    ES_TOUCH_REFERRER,
    ES_TOUCH_FIELDS
} es_touch_e;

typedef enum {
    ES_OWN_COUNTRY,
    ES_OWN_LANGUAGE,
    ES_OWN_INDUSTRY,
    ES_OWN_FIELDS
} es_own_e;

typedef struct {
    es_str_t  name;
    int64_t   score;                   /* in millionths, at scored */
} es_state_topic_t;

typedef struct {
    es_str_t  name;
    int64_t   points;                  /* in all */
    uint32_t  times;
} es_state_reason_t;

/*
 * Strings lie in the text it was parsed from, in entries and facts that were
 * applied, or in constants: all have to live as long as the state is used.
 *
 * own[] is for who writes the profile, to tell what it wrote there from what
 * others did: es_state_apply() leaves it alone. What is put there has to be
 * es_entry_text() of at most ES_STATE_STRING bytes.
 */
typedef struct {
    es_entry_id_t      mark;
    uint64_t           version;

    uint64_t           visits, views, goals, clicks, dwell;
    uint64_t           first_seen, last_seen;      /* ms; 0: never */
    es_str_t           device, country, language;  /* of the latest event */
    uint64_t           first_touch, last_touch;    /* ms; 0: never */
    es_str_t           first[ES_TOUCH_FIELDS], last[ES_TOUCH_FIELDS];
    es_str_t           own[ES_OWN_FIELDS];         /* the writer's notes */

    uint64_t           active;                     /* last in this visit, ms */
    uint64_t           viewed;                     /* the latest view, ms */
    es_str_t           campaign, referrer;         /* of this visit */
    es_str_t           pages[ES_STATE_PAGES];      /* different ones of it */
    uint32_t           npages;
    es_str_t           recent[ES_STATE_RECENT];    /* views, newest first */
    uint32_t           nrecent;

    uint64_t           scored;                     /* when topics were, ms */
    es_state_topic_t   topics[ES_STATE_TOPICS];    /* by name */
    uint32_t           ntopics;

    int64_t            points;
    uint64_t           lead;                       /* when it became one, ms */
    es_state_reason_t  reasons[ES_STATE_REASONS];  /* by name */
    uint32_t           nreasons;
} es_state_t;


/*
 * Reads what es_state_format() wrote; false for anything else, with an empty
 * state. An empty text is the state of a visitor never seen.
 */
bool es_state_parse(es_state_t *state, es_str_t text);

/*
 * Writes it to buf of ES_STATE_MAX bytes; returns the length. The same state
 * gives the same bytes.
 */
size_t es_state_format(const es_state_t *state, char *buf);

/*
 * The part of a state's text that tells its mark and version, with the newline
 * that ends it: what a writer expects to find unchanged in front. Empty for an
 * empty text, which is in front of every other, so ask then if there is none.
 */
es_str_t es_state_head(es_str_t text);

/* What an event is told beside itself: what the rules said of it */
typedef struct {
    const es_str_t  *topics;           /* whose rules hold */
    size_t           ntopics;
    const es_str_t  *reasons;          /* names of the scores that hold */
    const int64_t   *points;           /* and what they give */
    size_t           nreasons;
} es_state_facts_t;

typedef struct {
    uint64_t         visit_gap;        /* ms */
    double           half_life;        /* of topics, ms; 0: for ever */
    int64_t          lead_threshold;
} es_state_settings_t;

/* What an event meant for its visitor, for the counters */
typedef struct {
    bool             visit;            /* it began one */
    bool             lead;             /* points are enough, and never were */
    es_str_t         from;             /* page before, if it was another */
    const es_str_t  *seen;             /* different pages of this visit, if */
    uint32_t         nseen;            /*   this one is new to it */
    es_str_t         page;             /* the path as counted, if there is */
    es_str_t         campaign;         /* of the visit */
    es_str_t         referrer;
} es_state_outcome_t;

/*
 * Applies an event to its visitor and moves the mark there. Events at or below
 * the mark must not be given. outcome's `seen` is good until the next call.
 *
 * Events come nearly in the order of their ts. One that is older than what is
 * known sets nothing back: it belongs to the current visit, and a view that is
 * older than the latest one is a page of the visit, but no step from or to
 * another. Where a 17th reason would be kept, the one that gave least is not
 * (of equals, the last by name); its points count.
 */
void es_state_apply(es_state_t *state, const es_entry_t *entry,
    const es_state_facts_t *facts, const es_state_settings_t *settings,
    es_state_outcome_t *outcome);

/* The strongest topic; empty if there is none. */
es_str_t es_state_interest(const es_state_t *state);

/*
 * The industry that is clear, among topics for which is_industry() is true:
 * the strongest, with at least `score` (millionths) and `margin` times what the
 * second has. Empty if there is none.
 */
es_str_t es_state_industry(const es_state_t *state, int64_t score,
    double margin, bool (*is_industry)(void *data, es_str_t topic),
    void *data);

/*
 * Adds what is known of one visitor to another, as if all had been theirs: sums
 * of counts, scores of topics (at the later time of both) and points, first and
 * last of all. The current visit is that of the later one, its pages too. Who
 * was a lead, either of them, stays one. The mark is the later one, own[]
 * stays, version is counted up.
 */
void es_state_merge(es_state_t *into, const es_state_t *other,
    double half_life);

#endif
