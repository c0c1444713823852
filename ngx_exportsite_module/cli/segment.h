/*
 * What the verbs of segments share: the segments as Redis has them, compiled as
 * a site would; rules shown with the place of an error; text files of segments;
 * and visitors whom rules are asked about.
 */
#ifndef ES_CLI_SEGMENT_H
#define ES_CLI_SEGMENT_H

#include "../core/segments.h"
#include "cli.h"


/* -- segment_catalog.c: segments, compiled and linked */

typedef struct {
    es_str_t       name;
    es_str_t       rule;
    const char    *error;              /* why a site cannot take it, or NULL */
    const char    *warning;            /* or NULL */
    const char    *before;             /* the error as of the link before */
    const char    *site;               /* what es:errors says, or NULL */
    uint64_t       line;               /* of a file, 0: it is from Redis */
} es_segment_entry_t;

typedef struct {
    es_heap_t             *heap;       /* for what lives as long */
    es_segments_t         *set;
    es_segment_entry_t   **entry;      /* by name */
    size_t                 n, room;
} es_catalog_t;

es_catalog_t *es_catalog_create(void);
void es_catalog_destroy(es_catalog_t *catalog);

/*
 * A catalog of what is in Redis, linked, with what the sites say of it. NULL
 * after saying what is wrong.
 */
es_catalog_t *es_catalog_load(es_cli_t *cli);

es_segment_entry_t *es_catalog_find(const es_catalog_t *catalog, es_str_t name);

/* Defines a segment, or defines it anew; both texts are copied. */
es_segment_entry_t *es_catalog_put(es_catalog_t *catalog, es_str_t name,
    es_str_t rule);
void es_catalog_remove(es_catalog_t *catalog, es_str_t name);

/* Takes changes in force, and tells each entry what is wrong with it. */
void es_catalog_link(es_catalog_t *catalog);

/*
 * The number of an entry in the set, ES_SEGMENT_UNKNOWN where it has no rule
 * that could be asked.
 */
uint32_t es_catalog_number(const es_catalog_t *catalog,
    const es_segment_entry_t *entry);


/* -- segment_caret.c: problems, for people and for programs */

/*
 * "  country = DE" and, if the message names a column, a line with a caret
 * under that byte; the window is cut where the rule is long.
 */
void es_caret(FILE *out, es_str_t rule, const char *message);

/* The column that a message begins with ("col 9: ..."), or 0. */
size_t es_caret_column(const char *message);

/*
 * `segment "name": message`, and the rule with a caret, to stderr; of a file
 * (or NULL) with its name and line.
 */
void es_segment_complain(const char *file, const es_segment_entry_t *entry,
    bool warning);

/* An entry in JSON: name, rule, and what is wrong with it. */
json_t *es_segment_json(const es_segment_entry_t *entry);


/* -- segment_file.c: lines `name = rule` */

/*
 * Puts what a file has into the catalog, the lines of it into their entries.
 * Returns how many lines it could not take, after saying why, and what is wrong
 * with their rules.
 */
size_t es_segment_file_read(es_catalog_t *catalog, const char *name,
    es_str_t text);

/*
 * The rule on one line: white space with a break in it becomes a blank. False
 * if there is one inside quotes, where it means something.
 */
bool es_segment_one_line(es_heap_t *heap, es_str_t rule, es_str_t *line);


/* -- segment_person.c: whom rules are asked about */

typedef struct {
    es_field_e     kind;
    es_str_t       name;               /* of query.NAME, cookie. profile. */
    es_str_t       source;             /* field of the profile; empty: none */
    bool           found, given;
    es_str_t       value;              /* where it was found */
    es_str_t       own;                /* what was given */
    bool           missing;            /* it was given that it is missing */
} es_person_field_t;

typedef struct {
    es_rule_env_t       env;           /* first */
    es_catalog_t       *catalog;
    es_person_field_t  *field;
    size_t              n, room;
    size_t              nsources;      /* fields that a profile may have */
    uint8_t            *memo;
    bool               *reached;
} es_person_t;

/* Nobody, of whom nothing is asked yet. */
es_person_t *es_person_create(es_catalog_t *catalog);

/* The rule of that number will be asked, and all that it refers to. */
void es_person_expect(es_person_t *person, uint32_t number);

/*
 * Says what a field is, whatever the profile has; value.data NULL: missing. Of
 * no effect where no expected rule asks for it.
 */
void es_person_give(es_person_t *person, es_field_e kind, es_str_t name,
    es_str_t value);

/*
 * Another person. reply is the answer to HMGET of the fields that have a
 * source, in their order (and stays the caller's, until the next), or NULL for
 * somebody without a profile.
 */
void es_person_become(es_person_t *person, const redisReply *reply);

bool es_person_is_in(es_person_t *person, uint32_t number);

/*
 * "path, hour": fields that the rule asks for, also by way of others, which
 * only a request has. Empty if there are none.
 */
void es_person_unknown(es_person_t *person, uint32_t number, char *buf,
    size_t size);


/* -- segment_match.c: all profiles */

typedef struct es_match_s  es_match_t;

struct es_match_s {
    /* called for each profile, with the person it makes */
    void         (*each)(es_match_t *match, es_person_t *person, es_str_t id);
    void          *data;
    uint64_t       profiles;
    uint64_t       strange;            /* keys that hold something else */
};

/* False after saying what is wrong. */
bool es_match_profiles(es_cli_t *cli, es_person_t *person, es_match_t *match);

/*
 * The profile of one visitor; *reply is for freeReplyObject(), or NULL where
 * there is none. False after saying what is wrong, also if it is wanted and
 * there is none; if it is not, that is said all the same.
 */
bool es_match_visitor(es_cli_t *cli, es_person_t *person, const char *id,
    bool wanted, redisReply **reply);


/* -- segment_doubt.c */

/* Warns of a value that no visitor has in this field, --NAME. */
void es_segment_doubt(es_field_e kind, const char *option, es_str_t value);

/* "thu" of "2026-12-24"; NULL if that is no date. */
const char *es_segment_weekday(es_str_t date);


/* -- segment_explain.c */

/* Prints why the person is in that segment or not, by its conditions. */
void es_segment_explain(es_cli_t *cli, es_person_t *person,
    const es_segment_entry_t *entry);


/* -- the verbs */

int es_segment_list(es_cli_t *cli, const es_args_t *args);
int es_segment_show(es_cli_t *cli, const es_args_t *args);
int es_segment_set(es_cli_t *cli, const es_args_t *args);
int es_segment_rm(es_cli_t *cli, const es_args_t *args);
int es_segment_check(es_cli_t *cli, const es_args_t *args);
int es_segment_test(es_cli_t *cli, const es_args_t *args);
int es_segment_export(es_cli_t *cli, const es_args_t *args);
int es_segment_import(es_cli_t *cli, const es_args_t *args);

extern const es_option_t  es_segment_test_options[];

#endif
