/*
 * What the verbs of topics, scores and settings share: what stands in Redis,
 * compiled as the learner would.
 */
#ifndef ES_CLI_LESSON_H
#define ES_CLI_LESSON_H

#include "lessons.h"


#define ES_LESSON_MOST  8192           /* fields of a hash that are read */

/* Topics or scores */
typedef struct {
    const char     *name;              /* "topic" */
    const char     *hash;              /* "topics", below the prefix */
    bool            topic;
} es_lesson_kind_t;

extern const es_lesson_kind_t  es_lesson_topic;
extern const es_lesson_kind_t  es_lesson_score;

typedef struct {
    es_str_t        text;              /* as it stands in Redis */
    es_lesson_t     lesson;            /* the rule is NULL where it is wrong */
    bool            alone;             /* a text without a name */
    const char     *error;             /* why the learner cannot take it */
    const char     *warning;           /* or NULL */
} es_lesson_entry_t;

typedef struct {
    const es_lesson_kind_t  *kind;
    es_heap_t               *heap;
    es_lesson_entry_t       *entry;    /* by name */
    size_t                   n;
} es_lesson_catalog_t;


/* -- lesson.c */

/*
 * All fields of a hash, names and values in turn, with their names in order.
 * NULL after saying what is wrong.
 */
redisReply *es_lesson_fields(es_cli_t *cli, const char *hash);

/* False after saying what is wrong; free it in any case. */
bool es_lesson_load(es_cli_t *cli, const es_lesson_kind_t *kind,
    es_lesson_catalog_t *catalog);
void es_lesson_free(es_lesson_catalog_t *catalog);

/*
 * Compiles a text, which is copied as is the name (NULL: it has none). Give it
 * back with es_lesson_drop().
 */
void es_lesson_make(const es_lesson_kind_t *kind, es_heap_t *heap,
    const es_str_t *name, es_str_t text, es_lesson_entry_t *entry);
void es_lesson_drop(es_lesson_entry_t *entry);

/* How many of them the learner could take, but for one name (or NULL) */
size_t es_lesson_good(const es_lesson_catalog_t *catalog,
    const es_str_t *but);

/* `topic "name": message` to stderr, and the text with a caret */
void es_lesson_complain(const es_lesson_kind_t *kind,
    const es_lesson_entry_t *entry, bool warning);

json_t *es_lesson_json(const es_lesson_kind_t *kind,
    const es_lesson_entry_t *entry);


/* -- lesson_list.c, lesson_write.c, lesson_test.c: the verbs of both kinds */

int es_lesson_list(es_cli_t *cli, const es_lesson_kind_t *kind);
int es_lesson_check(es_cli_t *cli, const es_args_t *args,
    const es_lesson_kind_t *kind);
int es_lesson_set(es_cli_t *cli, const es_args_t *args,
    const es_lesson_kind_t *kind);
int es_lesson_test(es_cli_t *cli, const es_args_t *args,
    const es_lesson_kind_t *kind);

extern const es_option_t  es_lesson_test_options[];

/*
 * Deletes fields of a hash; each is one of `kind` ("topic"), and if it is not
 * there, `missing` follows after its name.
 */
int es_lesson_rm(es_cli_t *cli, const es_args_t *args, const char *kind,
    const char *hash, const char *missing);

#endif
