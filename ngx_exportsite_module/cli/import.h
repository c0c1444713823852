/*
 * The verb "import": lines of access logs become events in the stream.
 *
 * The events of a log are numbered, and written by the module's own script,
 * which remembers in a mark which number was the last. A producer is a log,
 * known by its first line: so a log that has grown, or was compressed, is the
 * same one, and only what is new of it is written.
 *
 * The script wants the numbers of a batch without gaps, but most lines are no
 * views. So lines are counted in blocks: the first view in a block has the
 * number of the block's first line, the next one that number plus 1. From a
 * mark alone it is known which blocks are done, and need not even be read.
 */
#ifndef ES_IMPORT_H
#define ES_IMPORT_H

#include <maxminddb.h>
#include <zlib.h>

#include "../core/agent.h"
#include "../core/event.h"
#include "../core/siphash.h"
#include "../learn/day.h"
#include "../learn/logline.h"
#include "../redis/keys.h"
#include "cli.h"


#define ES_IMPORT_LINE       65536     /* bytes of a line, at most */
#define ES_IMPORT_BATCH      1024      /* events */
#define ES_IMPORT_LANGUAGES  64

/* Lines; part of what marks mean, so never to be changed. */
#define ES_IMPORT_BLOCK      8192

/* Events have times of 13 digits: ms since 1970, from 2001-09-09 on. */
#define ES_IMPORT_SINCE      UINT64_C(1000000000000)

typedef enum {
    ES_IMPORT_VIEW,
    ES_IMPORT_DONE,                    /* imported before */
    ES_IMPORT_UNPARSED,
    ES_IMPORT_METHOD,                  /* no GET of a path */
    ES_IMPORT_STATUS,                  /* neither 200 nor 304 */
    ES_IMPORT_TIME,                    /* before 2001, to come, not asked for */
    ES_IMPORT_ASSET,
    ES_IMPORT_CRAWLER,
    ES_IMPORT_FATES
} es_import_fate_e;

/* A log that is being read */
typedef struct {
    const char    *name;               /* "-": stdin */
    gzFile         gz;
    char          *buf;
    size_t         start, end;
    uint64_t       line;               /* number of the last one, from 1 on */
    bool           over;               /* there is no more to be read */
    bool           rest;               /* of a line that is passed over */
} es_import_file_t;

/* What was read of a line that may be a view */
typedef struct {
    es_logline_t          line;
    es_logline_request_t  request;
    es_agent_t            agent;
    char                  path[ES_IMPORT_LINE];
} es_import_view_t;

typedef struct {
    char      salt[ES_SIPHASH_KEY];
    bool      salted;
    bool      seen;
} es_import_day_t;

/* A batch that is being made, while Redis may still work on the one before */
typedef struct {
    char           sha[41];
    es_producer_t  producer;
    uint64_t       mark;               /* number of the last event written */
    char          *buf;
    size_t         used;
    uint64_t       events;
    uint64_t       first;              /* number of the first one */
    size_t         args;
    uint64_t       line;               /* of the last one */
    bool           sent;               /* an answer is to come */
    uint64_t       sent_line;          /* last line of what was sent, */
    uint64_t       good_line;          /* and of what was acknowledged */
} es_import_batch_t;

typedef struct {
    es_cli_t           *cli;
    char                key[ES_KEY_MAX];         /* the stream's, terminated */

    es_str_t            host;
    char                hostname[256];           /* of --host */
    es_str_t            languages[ES_IMPORT_LANGUAGES];
    size_t              nlanguages;
    const char         *machine;
    bool                visitors, dry, force;
    uint64_t            maxlen;
    MMDB_s              geo;
    bool                has_geo;

    uint64_t            now;           /* ms, when it all began */
    uint64_t            until;         /* ms, of the first view not wanted */
    es_import_day_t    *days;          /* from ES_IMPORT_SINCE on */
    uint32_t            first_day, last_day, ndays;

    es_import_view_t    view;
    es_import_batch_t   batch;
    uint64_t            room;          /* events to write before asking again */

    uint64_t            fates[ES_IMPORT_FATES];
    uint64_t            lines, written, complaints;
    bool                nameless;      /* no line, nor --host, names the site */
} es_import_t;


/* -- import_report.c */

/* Prints how many lines of each fate there were, and what came of them. */
void es_import_report(es_import_t *import);


/* -- import_file.c */

/* False after saying what is wrong. What it takes is given back by close. */
bool es_import_open(es_import_file_t *file, const char *name);
void es_import_close(es_import_file_t *file);

/*
 * The next line, without its end; it may be changed, and is there until the
 * next call. 1; 0 at the end; -1 after saying why it cannot be read. *whole is
 * false for a line longer than ES_IMPORT_LINE, of which the beginning is given.
 */
int es_import_line(es_import_file_t *file, char **line, size_t *len,
    bool *whole);

/* Bytes of the file that were read, compressed ones if it is */
uint64_t es_import_offset(const es_import_file_t *file);


/* -- import_view.c */

/* What becomes of a line; for views, import->view is set. */
es_import_fate_e es_import_judge(es_import_t *import, char *line, size_t len);

/* The fields of a view behind its type; visitor may be empty. */
void es_import_fields(es_import_t *import, es_event_t *e, es_str_t visitor);


/* -- import_who.c */

#define ES_IMPORT_VISITOR  28          /* "log-" and 24 digits */

/* The day of the view */
es_import_day_t *es_import_day(es_import_t *import);

/*
 * The view's visitor into id; false after saying what is wrong. It asks Redis
 * for the day's salt if that is not known: no answer may be outstanding then.
 */
bool es_import_visitor(es_import_t *import, char id[ES_IMPORT_VISITOR]);

/* The country's two letters, "XX" if unknown. */
void es_import_country(es_import_t *import, char code[2]);


/* -- import_batch.c; each false after saying what is wrong */

/* Once, ahead of the first log */
bool es_import_connect(es_import_t *import);

/* A log begins, with this line: finds out what is known of it. */
bool es_import_begin(es_import_t *import, const char *line, size_t len);

/*
 * Adds the view as the event of that number, one more than the one before
 * unless es_import_send() was called in between.
 */
bool es_import_add(es_import_t *import, uint64_t number, uint64_t line);

/* Sends what was added, without waiting for the answer. */
bool es_import_send(es_import_t *import);

/* Waits for all answers. */
bool es_import_settle(es_import_t *import);


/* -- import_pace.c; each false after saying what is wrong */

/* Sees to it that there is a group whose progress can be asked for. */
bool es_import_pace_begin(es_import_t *import);

/*
 * Waits until so many events may be written without nginx' trimming away what
 * nobody has learned. No answer may be outstanding.
 */
bool es_import_pace(es_import_t *import, uint64_t events);

#endif
