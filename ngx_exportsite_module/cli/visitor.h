/*
 * What the verbs on one visitor share: the id and its keys, what is held under
 * them, and the entries of streams that name somebody.
 */
#ifndef ES_CLI_VISITOR_H
#define ES_CLI_VISITOR_H

#include "../learn/day.h"
#include "../learn/state.h"
#include "../redis/keys.h"
#include "cli.h"
#include "lessons.h"


#define ES_VISITOR_NAME  64            /* bytes of an id */

/* A tombstone stays for 30 days. */
#define ES_VISITOR_GONE  (30 * ES_DAY)

/* A field of the profile for each id that was merged into it: when, in us */
#define ES_VISITOR_MERGED  "merged:"

typedef struct {
    es_str_t  id;                      /* terminated, as the others */
    char      name[ES_VISITOR_NAME + 1];
    char      profile[ES_KEY_MAX];
    char      state[ES_KEY_MAX];
    char      gone[ES_KEY_MAX];
    char      merging[ES_KEY_MAX];
    char      fields[ES_KEY_MAX];
} es_visitor_t;

/* What became of an id */
typedef enum {
    ES_GONE_NOT,
    ES_GONE_FORGOTTEN,
    ES_GONE_MERGED
} es_gone_e;

typedef struct {
    es_gone_e  what;
    uint64_t   ms;                     /* forgotten: what is not after it */
    char       into[ES_VISITOR_NAME + 1];        /* merged */
    int64_t    seconds;                /* that this will be known for */
} es_gone_t;

/* Any number of ids, sorted, each once */
typedef struct {
    es_heap_t  *heap;
    es_str_t   *ids;
    size_t      n, room;
} es_ids_t;


/* -- visitor.c */

/*
 * The visitor of an id, or of a cookie's token, "ID.MAC". False after saying
 * that it is neither.
 */
bool es_visitor_take(const es_cli_t *cli, const char *verb, const char *text,
    es_visitor_t *visitor);

/* The same of an id that is known to be one. */
void es_visitor_keys(const es_cli_t *cli, es_str_t id, es_visitor_t *visitor);

/* Is it an id that `import` made? */
bool es_visitor_imported(const es_visitor_t *visitor);

/* Reads what became of the id; false where Redis did not answer. */
bool es_visitor_gone(es_cli_t *cli, const es_visitor_t *visitor,
    es_gone_t *gone);

/* The settings as Redis has them; what is wrong there counts as not set. */
bool es_visitor_settings(es_cli_t *cli, es_settings_t *settings);

/*
 * What the learner remembers: NULL if Redis did not answer, else a string or
 * nil. *state is what it means, in the reply's memory; *good tells whether it
 * could be read.
 */
redisReply *es_visitor_state(es_cli_t *cli, const char *key,
    es_state_t *state, bool *good);

/* "2026-11-22 09:14:07" by this machine's time zone, in buf of 32 bytes */
const char *es_visitor_time(char *buf, uint64_t ms);

/*
 * Reads n answers of the pipeline, that to EXEC among them. False if one of
 * them was an error; the first was said, as one of `what`.
 */
bool es_visitor_heard(es_cli_t *cli, const char *what, size_t n);

/*
 * Runs a script of redis/scripts.h with nkeys keys, the first of the n args;
 * as es_ask().
 */
redisReply *es_visitor_eval(es_cli_t *cli, const char *script, int nkeys,
    const es_str_t *args, size_t n);


/* -- visitor_ids.c */

void es_ids_init(es_ids_t *ids);
void es_ids_free(es_ids_t *ids);

/* False if it was there. */
bool es_ids_add(es_ids_t *ids, es_str_t id);
bool es_ids_has(const es_ids_t *ids, es_str_t id);

/* The ids that a profile (an answer of HGETALL) says were merged into it. */
void es_ids_noted(es_ids_t *ids, const redisReply *profile);

/*
 * Adds a visitor's own id, and those of its profile's that are nobody else's
 * by now. False where Redis did not answer.
 */
bool es_ids_known(es_cli_t *cli, es_ids_t *ids, const es_visitor_t *visitor,
    const redisReply *profile);

/*
 * Adds all ids that were merged into one of these, by what became of them; this
 * looks at all keys of the database. False where Redis did not answer.
 */
bool es_ids_merged(es_cli_t *cli, es_ids_t *ids);


/* -- visitor_entries.c */

typedef struct {
    const char     *key;
    const char     *label;             /* for the progress */
    bool            newest_first;
    bool            anywhere;          /* names in any field will do */
    const es_ids_t *ids;               /* NULL: all entries are wanted */

    /* An entry that names one of them; false ends it. */
    bool          (*found)(void *data, const redisReply *entry);
    void           *data;
} es_entries_t;

/*
 * Walks over a stream in pieces. False where Redis did not answer, which was
 * said; a stream that is not there has no entries.
 */
bool es_entries(es_cli_t *cli, const es_entries_t *entries);

/* An entry, or the fields of a hash, as an object of its names and values */
json_t *es_entries_fields(const redisReply *list);

/* {"entry": ID, "fields": {...}} */
json_t *es_entries_json(const redisReply *entry);

/*
 * Adds a value under a name of any bytes; values of one name that is there
 * already become a list.
 */
void es_visitor_put(json_t *object, es_str_t name, json_t *value);

/* Text, or {"base64": ...} where it is no UTF-8 */
json_t *es_entries_text(es_str_t text);


/* -- visitor_settled.c */

/* A state that has to be readable; NULL after saying that it is not. */
redisReply *es_visitor_readable(es_cli_t *cli, const char *key,
    es_state_t *state);

typedef struct {
    bool         yes;
    redisReply  *one_text, *two_text;  /* their states, as they were read */
    es_state_t   one, two;
} es_settled_t;

/*
 * Is there nothing in the states of these two that a learner might have to
 * repeat? False after saying what is wrong; give it back in any case.
 */
bool es_visitor_settled(es_cli_t *cli, const es_visitor_t *one,
    const es_visitor_t *two, es_settled_t *settled);
void es_visitor_settled_free(es_settled_t *settled);


/* -- visitor_learned.c */

/* A state as JSON */
json_t *es_visitor_learned(const es_state_t *state);


/* -- visitor_join.c */

/* What is known of a visitor, as Redis answered it; NULL or nil: nothing */
typedef struct {
    es_str_t           text;           /* of the state */
    es_state_t         state;
    const redisReply  *profile;
} es_joined_t;

/*
 * The arguments of es_join_script that make `into` one with `other`, after its
 * three keys; strings lie in the heap and in the two. Their number.
 */
size_t es_visitor_join(es_heap_t *heap, const es_settings_t *settings,
    const es_joined_t *into, const es_joined_t *other, es_str_t other_id,
    es_str_t token, es_str_t **args);


/* -- the verbs */

int es_visitor_show(es_cli_t *cli, const es_args_t *args);
int es_visitor_set(es_cli_t *cli, const es_args_t *args);
int es_visitor_export(es_cli_t *cli, const es_args_t *args);
int es_visitor_forget(es_cli_t *cli, const es_args_t *args);
int es_visitor_merge(es_cli_t *cli, const es_args_t *args);

#endif
