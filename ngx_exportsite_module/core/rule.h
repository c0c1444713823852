/*
 * The rule language: a text such as `country in (DE, AT) and visits >= 3` is
 * compiled once into a flat program over numbered fields and then asked, per
 * visitor, whether it holds. nginx.conf, Redis and the program share it; the
 * reference for people who write rules is docs/rules.md.
 */
#ifndef ES_RULE_H
#define ES_RULE_H

#include "es.h"

#define ES_RULE_MAX         4096        /* bytes of text */
#define ES_RULE_DEPTH       64          /* parentheses inside parentheses */
#define ES_RULE_SUBJECT     4096        /* bytes of a value a regex takes */
#define ES_SEGMENT_UNKNOWN  UINT32_MAX

typedef enum {
    ES_FIELD_COUNTRY = 0,
    ES_FIELD_CONTINENT,
    ES_FIELD_REGION,
    ES_FIELD_CITY,
    ES_FIELD_ASN,
    ES_FIELD_ORGANIZATION,
    ES_FIELD_LANGUAGE,
    ES_FIELD_INDUSTRY,
    ES_FIELD_SEGMENT,
    ES_FIELD_PATH,
    ES_FIELD_HOST,
    ES_FIELD_METHOD,
    ES_FIELD_REFERRER,
    ES_FIELD_AGENT,
    ES_FIELD_DEVICE,
    ES_FIELD_CRAWLER,
    ES_FIELD_CONSENT,
    ES_FIELD_NEW,
    ES_FIELD_VISITS,
    ES_FIELD_VIEWS,
    ES_FIELD_HOUR,
    ES_FIELD_WEEKDAY,
    ES_FIELD_DATE,
    ES_FIELD_QUERY,
    ES_FIELD_COOKIE,
    ES_FIELD_PROFILE,
    ES_FIELD_TYPE,              /* from here on of events only */
    ES_FIELD_LABEL,
    ES_FIELD_VALUE,
    ES_FIELD_MS,
    ES_FIELD_STATUS,
    ES_FIELD_SOURCE,            /* also query.utm_source, in this scope */
    ES_FIELD_MEDIUM,
    ES_FIELD_CAMPAIGN,
    ES_FIELD_VISITOR,
    ES_FIELD_PAGE,
    ES_FIELD_CHOICE,
    ES_FIELD_COUNT
} es_field_e;

/* What a rule is about, and so which fields it may ask for. */
typedef enum {
    ES_RULE_VISITOR = 1,        /* a visitor and their request: segments */
    ES_RULE_EVENT = 2           /* an event of the stream: topics, scores */
} es_rule_scope_e;

typedef struct {
    es_field_e  kind;
    es_str_t    name;           /* of query.NAME, cookie. profile. choice. */
    uint32_t    bind;           /* the host's own, 0 at first */
} es_rule_field_t;

typedef struct {
    es_str_t    name;           /* as the rule has it, perhaps no valid name */
    uint32_t    index;          /* ES_SEGMENT_UNKNOWN until the host binds it */
} es_rule_segment_t;

typedef struct {
    size_t      column;         /* 1-based, in bytes */
    char        text[192];      /* "col N: ...", UTF-8, no control bytes */
} es_rule_error_t;

typedef struct {
    es_rule_field_t                *fields;     /* each once, also "segment" */
    size_t                          nfields;
    es_rule_segment_t              *segments;   /* each one once */
    size_t                          nsegments;
    const char                     *warning;    /* "col N: ..." or NULL */

    /* the program, known to rule_*.c alone */
    const struct es_rule_test_s     *tests;
    const struct es_rule_literal_s  *literals;
    const struct es_rule_number_s   *numbers;
    void                           **regexes;
    size_t                           nregexes;
    const struct es_rule_span_s     *spans;     /* of each test, as written */
    size_t                           ntests;
} es_rule_t;

typedef struct es_rule_scratch_s  es_rule_scratch_t;
typedef struct es_rule_env_s      es_rule_env_t;

/*
 * What a rule is asked about: the host embeds this in a struct of its own.
 *
 * field() gives a field's value and true, or false where it is missing. It is
 * called whenever a test reads the field, so a host remembers what costs
 * something to compute; the value must stay until the next call. crawler,
 * consent and new are "1" or missing, an unknown country is missing (never
 * "XX"), hour is "0" to "23", weekday "mon" to "sun", date "2026-12-24". It is
 * never called for ES_FIELD_SEGMENT. Of an event, fields are what the event has
 * under that name; hour, weekday and date are those of its ts, visits and views
 * what the visitor had by then, and choice.NAME is the value in its variants.
 *
 * segment() tells whether the segment bound to that index holds; an unbound
 * one is false without a call.
 *
 * regex_limit_hits counts the matches given up because they took too much, or
 * the value was longer than ES_RULE_SUBJECT; such a match is false.
 */
struct es_rule_env_s {
    bool              (*field)(es_rule_env_t *env, const es_rule_field_t *field,
                               es_str_t *value);
    bool              (*segment)(es_rule_env_t *env, uint32_t index);
    es_rule_scratch_t  *scratch;
    uint32_t            regex_limit_hits;
};

/*
 * Compiles a rule; what it needs of the text is copied. Everything lies in the
 * pool but the machine code of regexes: call es_rule_destroy() before the pool
 * goes. A field of the other scope is unknown, with an error that says so.
 * Returns NULL with *err filled if the text is no rule or memory ran out. A
 * rule that is well formed but cannot mean what it says (`weekday = monday`)
 * is compiled, and rule->warning says so.
 */
es_rule_t *es_rule_compile(es_str_t text, es_rule_scope_e scope,
                           es_pool_t *pool, es_rule_error_t *err);

/* Gives back what a rule holds outside its pool. */
void es_rule_destroy(es_rule_t *rule);

/*
 * Work space for regexes, one is enough for a process. It lies in the pool
 * altogether: some 300 bytes, and up to 256 KB more, once, where PCRE2 has no
 * JIT. NULL: no memory.
 */
es_rule_scratch_t *es_rule_scratch_create(es_pool_t *pool);

/* Whether the rule holds. No allocation, bounded time. */
bool es_rule_eval(const es_rule_t *rule, es_rule_env_t *env);

/* The field's name as rules write it, of query.NAME the part before the dot. */
const char *es_rule_field_name(es_field_e kind);

/*
 * A piece of foreign text as it may stand in a message: at most 32 bytes,
 * control characters and bytes that are no UTF-8 replaced by "?". Returns buf.
 */
typedef char  es_rule_quote_t[40];

const char *es_rule_quote(es_rule_quote_t buf, es_str_t piece);

#endif
