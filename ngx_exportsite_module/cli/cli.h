/*
 * The program `exportsite`: what its verbs share. Answers go to stdout, what is
 * said about them to stderr. Exit codes: 0, 1 where something failed or a check
 * did not pass, 2 where the program was used wrongly.
 */
#ifndef ES_CLI_H
#define ES_CLI_H

#include <stdio.h>
#include <hiredis/hiredis.h>
#include <jansson.h>

#include "../core/es.h"


#define ES_EXIT_GOOD   0
#define ES_EXIT_FAIL   1
#define ES_EXIT_USAGE  2

#define ES_OPTIONS_MAX  32
#define ES_GIVEN_MAX    64            /* options of one command line */

typedef struct {
    const char    *redis;              /* as --redis has it */
    const char    *user;
    const char    *password_file;
    const char    *db;
    es_str_t       prefix;
    es_str_t       stream;             /* name below the prefix, "events" */
    bool           redis_given, prefix_given, stream_given;
                                       /* by an option or the environment */
    bool           json;
    bool           color;              /* stdout is a terminal that has some */
    redisContext  *link;               /* es_link() makes it */
    bool           denied;             /* a right was missing, which was said */
} es_cli_t;

/* An option of a verb; the list ends with one without a name. */
typedef struct {
    const char    *name;               /* without its "--" */
    const char    *value;              /* what it takes, "FILE"; NULL: none */
    const char    *help;
} es_option_t;

typedef struct {
    int            option;             /* its place in the verb's list */
    const char    *value;
} es_given_t;

/* What stood on the command line behind the verb */
typedef struct {
    int            argc;
    char         **argv;
    const char    *option[ES_OPTIONS_MAX];   /* by place in the verb's list;
                                                NULL: not given */
    int            ngiven;                   /* of options that may be */
    es_given_t     given[ES_GIVEN_MAX];      /* repeated: all, in order */
} es_args_t;

/* A verb; the list of a group ends with one without a name. */
typedef struct {
    const char          *name;         /* "segment set" */
    const char          *arguments;    /* "NAME RULE" */
    int                  least, most;  /* of them; -1: any number */
    const es_option_t   *options;      /* or NULL */
    const char          *summary;      /* half a line, for lists of verbs */
    const char          *text;         /* what else there is to know */
    const char          *example;      /* commands, a line each */
    int                (*run)(es_cli_t *cli, const es_args_t *args);
} es_verb_t;

extern const es_verb_t  es_segment_verbs[];
extern const es_verb_t  es_slot_verbs[];
extern const es_verb_t  es_visitor_verbs[];
extern const es_verb_t  es_doctor_verbs[];
extern const es_verb_t  es_topic_verbs[];
extern const es_verb_t  es_score_verbs[];
extern const es_verb_t  es_setting_verbs[];
extern const es_verb_t  es_learn_verbs[];
extern const es_verb_t  es_import_verbs[];

/* All of the above, NULL behind the last */
extern const es_verb_t *const  es_verbs[];

/* The options that every verb takes */
extern const es_option_t  es_common_options[];


/* -- options.c */

/*
 * Finds the verb of a command line, of main()'s form, and reads what is behind
 * it; NULL with *status, the exit code, where there is nothing (more) to do.
 * args->argv are the caller's own strings.
 */
const es_verb_t *es_options_read(es_cli_t *cli, int argc, char **argv,
    es_args_t *args, int *status);

/*
 * A number of an option or argument: whole, between least and most. False after
 * saying what is wrong.
 */
bool es_option_number(const char *what, const char *text, int64_t least,
    int64_t most, int64_t *number);


/* -- help.c */

/*
 * Help to the file: of one verb, of a group ("segment"), or of all (NULL).
 * False if there is none of that name.
 */
bool es_help(FILE *out, const char *name);


/* -- say.c: messages and foreign text */

/* "exportsite: ..." and a line's end to stderr. Returns ES_EXIT_FAIL. */
int es_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for the wrong use of a verb, with where to read on. */
int es_misuse(const char *verb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Text of others to a terminal: control characters and what is no UTF-8 become
 * "?". es_shown() gives it as a string, until the eighth call after this one.
 */
void es_print(FILE *out, es_str_t text);
const char *es_shown(es_str_t text);

/*
 * The next piece of a text as it may be shown: itself, or "?" for a byte that
 * may not. Moves on; the end is an empty piece.
 */
es_str_t es_shown_next(es_str_t *text);

/* A JSON string of any bytes: what is no UTF-8 becomes U+FFFD. */
json_t *es_json_text(es_str_t text);

/* Prints JSON and a line's end to stdout, and gives it back. */
void es_json_print(json_t *json);

es_str_t es_text(const char *text);    /* of a terminated string */
es_str_t es_reply_text(const redisReply *reply);


/* -- clock.c */

/* Now in ms since 1970 */
uint64_t es_now(void);


/* -- table.c: aligned columns */

typedef struct es_table_s  es_table_t;

/*
 * Begins a table with titles of columns, "NAME", up to a NULL. A title that
 * begins with ">" is that of a column of numbers, set to the right.
 */
es_table_t *es_table(const es_cli_t *cli, ...);

/* The next cell; the text is copied. Rows fill themselves from the left. */
void es_table_cell(es_table_t *table, es_str_t text);
void es_table_cellf(es_table_t *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

typedef enum {
    ES_COLOR_NONE,
    ES_COLOR_GOOD,
    ES_COLOR_WARN,
    ES_COLOR_BAD,
    ES_COLOR_DIM
} es_color_e;

/* The colour of the cell that was added last */
void es_table_color(es_table_t *table, es_color_e color);

/* Prints it to stdout and gives it back. */
void es_table_print(es_table_t *table);

/* Columns of a terminal that a text takes */
size_t es_width(es_str_t text);

/* Puts a colour on (ES_COLOR_NONE: off), where stdout has some. */
void es_color(const es_cli_t *cli, es_color_e color);


/* -- progress.c */

/*
 * Tells on a terminal (stderr) how far something is, once it has taken over a
 * second: "label 45 %", or the count where total is 0. Call it as often as you
 * like; es_progress_end() wipes it out.
 */
void es_progress(const char *label, uint64_t done, uint64_t total);
void es_progress_end(void);


/* -- heap.c: a pool of malloc()'s memory, as core/ wants one */

typedef struct es_heap_s  es_heap_t;

/* Ends the program where there is no memory; so does its pool's alloc(). */
es_heap_t *es_heap_create(void);
es_pool_t *es_heap_pool(es_heap_t *heap);
void es_heap_reset(es_heap_t *heap);   /* gives back all, keeps some blocks */
void es_heap_destroy(es_heap_t *heap);

es_str_t es_heap_copy(es_heap_t *heap, es_str_t text);   /* terminated, too */


/* -- file.c */

/*
 * All of a file, or of stdin for "-", terminated; NULL data after saying what
 * is wrong, also where it has more than `most` bytes.
 */
es_str_t es_file_read(es_heap_t *heap, const char *name, size_t most);


/* -- sites.c */

/*
 * What a site says in es:errors of something ("segment", "slot") that was just
 * changed, into buf; false if nothing. Where something stands there it waits a
 * second for it to be taken back. Without the right to know it is false.
 */
bool es_sites_view(es_cli_t *cli, const char *kind, es_str_t name, char *buf,
    size_t size);


/* -- link.c: Redis */

/*
 * The connection, made with the first call. NULL after saying what is wrong,
 * and what to do.
 */
redisContext *es_link(es_cli_t *cli);

/* The same without a word: the reason is put into why. */
redisContext *es_link_quiet(es_cli_t *cli, char *why, size_t size);

void es_link_close(es_cli_t *cli);

/*
 * One command, as redisCommand() takes it. NULL after saying what is wrong, for
 * errors of Redis as well; else the answer, for freeReplyObject().
 */
redisReply *es_ask(es_cli_t *cli, const char *format, ...);
redisReply *es_ask_argv(es_cli_t *cli, int argc, const char **argv,
    const size_t *len);

/*
 * The value behind a name in an answer of names and values in turn; NULL if
 * there is none, or no answer.
 */
const redisReply *es_reply_named(const redisReply *list, es_str_t name);

/* A consumer group in the answer of XINFO GROUPS; NULL if it is not there. */
const redisReply *es_reply_group(const redisReply *groups, es_str_t name);

#define ES_GROUP  "learn"              /* the learner's, unless it is told */

/*
 * What ended a connection, in words, with its address; until the next call.
 * seconds is how long an answer was waited for.
 */
const char *es_link_lost(const es_cli_t *cli, const redisContext *link,
    int seconds);

/* The answer to a command that was put into the pipeline; as es_ask(). */
redisReply *es_answer(es_cli_t *cli, const char *what);

/*
 * Says why Redis did not do something: `what` names the command and the key.
 * Remedies are added to errors that are known.
 */
void es_link_complain(es_cli_t *cli, const char *what, const char *error);

/* A key below the prefix, of a name; until the eighth call after this one. */
const char *es_keyf(const es_cli_t *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
