/*
 * `exportsite doctor`: looks at all that a site stands on, and says of each
 * thing whether it is well and what to do if not.
 */
#ifndef ES_DOCTOR_H
#define ES_DOCTOR_H

#include "../core/rule.h"
#include "doctor_check.h"


#define ES_RUN_OUTPUT     (8 * 1024 * 1024)
#define ES_DOCTOR_ANSWER  10           /* s that Redis has */


/* -- doctor_ask.c */

/*
 * A command to Redis. NULL after a line that tells why: a right that is missing
 * is a warning that names it. Not a word about a key of another type, which
 * es_doctor_keys() has told of.
 */
redisReply *es_doctor_ask(es_doctor_t *doctor, const char *about,
    const char *format, ...);

/* The number that a command answers about a key, "HLEN %s"; -1 for NULL. */
int64_t es_doctor_count(es_doctor_t *doctor, const char *about,
    const char *command, const char *key);


/* -- doctor_how.c: commands in remedies, which may be copied as they stand */

/* "redis-cli -s /run/redis.sock": speaks to the Redis that is looked at */
const char *es_doctor_redis_cli(es_doctor_t *doctor);

/*
 * " --redis unix:/run/redis.sock": what has to stand behind a verb of ours for
 * the same; "" where it is the usual one, or the environment's.
 */
const char *es_doctor_given(es_doctor_t *doctor);

/* A word as the shell takes it, in quotes if it has to be */
const char *es_doctor_word(es_doctor_t *doctor, es_str_t word);


/* -- doctor_run.c */

typedef struct {
    bool      ended;                   /* by itself, in time */
    int       status;                  /* its exit code then */
    es_str_t  out, err;                /* terminated; in the heap given */
} es_run_t;

/*
 * Runs a program, without a shell, for ten seconds at most, and takes up to
 * ES_RUN_OUTPUT bytes of what it says. False if it cannot be run.
 */
bool es_run(es_heap_t *heap, const char *const *argv, es_run_t *run);

/*
 * Reads a file, up to max bytes of it, which are terminated. False after why is
 * set; so for all that is no regular file.
 */
bool es_doctor_file(es_heap_t *heap, const char *path, size_t max,
    es_str_t *text, const char **why);


/* -- doctor_conf.c */

/*
 * Takes what concerns us from what `nginx -T` prints, or from a file and those
 * that it includes; false if it cannot be read.
 */
void es_site_read_dump(es_doctor_t *doctor, es_str_t dump);
bool es_site_read_file(es_doctor_t *doctor, const char *path);

/* A path as nginx takes it: below its prefix, or where nginx.conf lies. */
const char *es_site_path(es_doctor_t *doctor, const char *path, bool conf);


/* -- doctor_nginx.c */

/* The value of an argument of configure, "--conf-path="; NULL: none. */
const char *es_nginx_argument(es_doctor_t *doctor, const char *name);

/* Why nginx ended with an error, as it says; it may be printed. */
const char *es_nginx_says(const es_run_t *run);


/* -- doctor_tags.c */

/*
 * Notes what industries and languages the rule of a segment asks for, by its
 * text; tells of those that no site declares.
 */
void es_doctor_tags(es_doctor_t *doctor, es_str_t segment, es_str_t text,
    const es_rule_t *rule);

/* Says that no site declares this industry, or language. */
void es_doctor_tag(es_doctor_t *doctor, const json_t *declared,
    const char *kind, es_str_t tag, const char *who);


/* -- doctor_elf.c */

typedef struct {
    unsigned  version;                 /* of the nginx it is for, 1022001 */
    char      signature[64];           /* "8,4,8,0011..."; "": not found */
} es_module_t;

/* Reads a module's file; false after why is set. */
bool es_module_read(es_heap_t *heap, const char *path, es_module_t *module,
    const char **why);

/* The signature in nginx itself; false if there is none to be found. */
bool es_module_wanted(es_heap_t *heap, const char *path, char *signature,
    size_t size);


/* -- the checks, in order */

void es_doctor_nginx(es_doctor_t *doctor);
void es_doctor_module(es_doctor_t *doctor);
void es_doctor_geo(es_doctor_t *doctor);
void es_doctor_spool(es_doctor_t *doctor);
void es_doctor_server(es_doctor_t *doctor);
void es_doctor_stream(es_doctor_t *doctor);
void es_doctor_keys(es_doctor_t *doctor);
void es_doctor_rules(es_doctor_t *doctor);
void es_doctor_errors(es_doctor_t *doctor);

#endif
