/*
 * What marketers want to be learned: topics, scores and settings, as they stand
 * in Redis, with the rules compiled.
 */
#ifndef ES_LESSONS_H
#define ES_LESSONS_H

#include "../core/rule.h"
#include "../learn/state.h"
#include "cli.h"


#define ES_LESSONS_RULES  256          /* topics at most, and scores */

/* What is said of a topic's or a score's name that is none */
#define ES_LESSONS_NAME                                                       \
    "names are of a-z, 0-9, \"_\" and \"-\", begin with a letter, and "       \
    "have 64 bytes at most"

typedef struct {
    es_str_t     name;
    int64_t      points;               /* of a score */
    es_rule_t   *rule;
} es_lesson_t;

typedef struct {
    int64_t      profile_days, counter_days, counter_values;
    int64_t      visit_minutes, interest_days;
    int64_t      lead_threshold;
    double       industry_score, industry_margin;
    es_str_t     industries;           /* empty: every topic that is a tag */
    es_str_t     timezone;
} es_settings_t;

/* Faults that were said, by their hashes */
typedef struct {
    uint64_t           *faults;
    size_t              n, room;
} es_lessons_said_t;

typedef struct {
    es_heap_t          *heap;
    es_lesson_t         topics[ES_LESSONS_RULES];
    es_lesson_t         scores[ES_LESSONS_RULES];
    size_t              ntopics, nscores;
    es_settings_t       settings;
    es_rule_scratch_t  *scratch;
    uint64_t            digest;        /* of the texts this was made of */
    uint64_t            failed;        /* what Redis said last; 0: no error */
    es_lessons_said_t   said, before;  /* of these texts; of those before */
} es_lessons_t;


/* Without topics and scores, with the default settings. */
void es_lessons_init(es_lessons_t *lessons);

/*
 * Reads topics, scores and settings anew. What is unchanged is no work; what is
 * wrong is said once, as long as it stays as it is, and left out. False where
 * Redis did not answer, which is said, too.
 */
bool es_lessons_load(es_cli_t *cli, es_lessons_t *lessons);

void es_lessons_free(es_lessons_t *lessons);

/*
 * The rule of a topic, or that of a score with its points; as
 * es_rule_compile().
 */
es_rule_t *es_lesson_compile(bool topic, es_str_t text, int64_t *points,
    es_pool_t *pool, es_rule_error_t *err);

/* Is this topic an industry's name? data is an es_settings_t. */
bool es_lessons_industry(void *data, es_str_t topic);

/* What the rules say of one event of a visitor, known as `state` tells. */
typedef struct {
    es_str_t          topics[ES_LESSONS_RULES];
    es_str_t          reasons[ES_LESSONS_RULES];
    int64_t           points[ES_LESSONS_RULES];
    es_state_facts_t  facts;           /* the above, as the state takes it */
} es_lessons_facts_t;

/* state may be NULL. Strings are the lessons'. */
void es_lessons_ask(es_lessons_t *lessons, const es_entry_t *entry,
    const es_state_t *state, es_lessons_facts_t *facts);

/*
 * Does the rule of one lesson hold for an event? visits and views, which only a
 * learner knows, are missing.
 */
bool es_lessons_holds(es_rule_scratch_t *scratch, const es_lesson_t *lesson,
    const es_entry_t *entry);

/*
 * The day of a time in ms, "2026-11-22", in the zone that is set; false if it
 * is none of the years that have four digits.
 */
bool es_lessons_date(uint64_t ms, char date[11]);


/* -- lessons_setting.c */

void es_settings_default(es_settings_t *settings);

/*
 * Sets a setting by name; false with what is wrong, in words, in why of size
 * bytes, and nothing changed. Settings unknown are wrong, too. A text is not
 * copied, and has to be terminated.
 */
bool es_setting_set(es_settings_t *settings, es_str_t name, es_str_t value,
    char *why, size_t size);

/* Days, hours and weekdays are those of the time zone from now on. */
void es_settings_zone(const es_settings_t *settings);

/* The name of each setting, and what it means; NULL behind the last one. */
const char *es_setting_name(size_t i, const char **meaning);

/* Its value as a text, in buf of ES_SETTING_TEXT bytes or the settings' own */
#define ES_SETTING_TEXT  32

es_str_t es_setting_value(const es_settings_t *settings, size_t i, char *buf);

#endif
