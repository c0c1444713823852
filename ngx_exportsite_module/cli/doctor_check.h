/*
 * What a check of the doctor has before it, the site and what was found of it
 * so far, and how it says its result.
 */
#ifndef ES_DOCTOR_CHECK_H
#define ES_DOCTOR_CHECK_H

#include "cli.h"


#define ES_SITE_GEO  8                 /* databases looked at */

typedef enum {
    ES_CHECK_GOOD,
    ES_CHECK_WARN,
    ES_CHECK_FAIL
} es_check_e;

typedef struct {
    const char  *path;
    const char  *country;              /* as country= names it, or NULL */
} es_site_geo_t;

/* What nginx.conf says; NULL, 0: nothing of it. Paths as written there. */
typedef struct {
    bool           any;                /* there is a directive of ours */
    const char    *module;
    es_site_geo_t  geo[ES_SITE_GEO];
    size_t         ngeo;
    const char    *redis, *prefix, *db, *user, *password_file;
    const char    *stream, *spool;
    bool           stream_off;
    int64_t        maxlen;
    json_t        *industries;         /* objects, names to null */
    json_t        *languages;
} es_site_t;

typedef struct {
    es_cli_t    *cli;
    es_heap_t   *heap;                 /* of strings here and in the site */
    bool         terminal;
    json_t      *lines;
    size_t       count[ES_CHECK_FAIL + 1];

    const char  *program;              /* nginx, its whole path; or NULL */
    const char  *conf;                 /* its configuration, its whole path */
    const char  *module;               /* of --module */
    const char  *prefix;               /* of --nginx-prefix, its whole path */
    const char  *unknown;              /* what nginx said of our directives,
                                          which it does not know */
    const char  *version;              /* "1.22.1" */
    unsigned     number;               /* 1022001 */
    const char  *arguments;            /* of configure, or "" */
    es_site_t    site;
    unsigned     depth, files;         /* of what nginx.conf includes */
} es_doctor_t;


/*
 * Says how a thing is. A line's end in the text parts what is so from what to
 * do about it; so foreign text in it has to go through es_shown().
 */
void es_check(es_doctor_t *doctor, es_check_e result, const char *about,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A formatted string, kept as long as the doctor */
const char *es_doctor_text(es_doctor_t *doctor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The last line: how many of each result there are; with --json, all lines. */
void es_doctor_sum(es_doctor_t *doctor);

#endif
