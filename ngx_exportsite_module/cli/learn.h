/*
 * The learner: entries of the stream become profiles, counters and leads, each
 * once in effect.
 *
 * A chunk of entries is read, with what Redis holds of the visitors and the
 * counters that it touches; what it changes is computed in memory; then it is
 * written in three steps, each confirmed before the next:
 *
 *   1. counters, leads, rejected entries   each with a mark of what is in it
 *   2. visitors                            the same
 *   3. the consumer group's position
 *
 * Whatever is cut off anywhere begins again at the position, and passes over
 * what the marks cover. That a visitor has moved on tells that all counters
 * have, so no outcome is ever needed of an event that a visitor has behind. A
 * writer finds the marks as it read them, or writes nothing: so two who both
 * think they are the one do no harm either.
 */
#ifndef ES_LEARN_H
#define ES_LEARN_H

#include "../learn/tally.h"
#include "lessons.h"
#include "out.h"


#define ES_LEARN_CHUNK   4096          /* entries, at most */
#define ES_LEARN_HOPS    8             /* from one id to another */

typedef enum {
    ES_LEARN_GOOD,
    ES_LEARN_AGAIN,                    /* somebody else wrote: begin again */
    ES_LEARN_FAIL                      /* Redis did not: said, wait */
} es_learn_e;

typedef enum {
    ES_LEARN_VISITOR,
    ES_LEARN_COUNT,
    ES_LEARN_APPEND,
    ES_LEARN_LEASE,
    ES_LEARN_ADVANCE,
    ES_LEARN_SCRIPTS
} es_learn_script_e;

typedef struct {
    es_cli_t       *cli;
    const char     *group;
    const char     *name;              /* of this learner */
    char            key[512];          /* the stream's, terminated */

    char            sha[ES_LEARN_SCRIPTS][41];
    es_lessons_t    lessons;
    uint8_t         hash_key[ES_SIPHASH_KEY];

    es_entry_id_t   position;
    int64_t         read;              /* entries before it; -1: not known */

    size_t          count;             /* of entries, to be read next */
    es_heap_t      *heap;              /* of one chunk */
    es_out_t        out;

    bool            moved;             /* a chunk was written */
    uint64_t        events, rejected, forgotten, leads;     /* in all */
} es_learn_t;

typedef struct es_learn_visitor_s  es_learn_visitor_t;

struct es_learn_visitor_s {
    es_str_t             id;
    es_str_t             text;         /* of its state, as it was read */
    es_str_t             gone;         /* what became of the id, if anything */
    bool                 shown;        /* there is a profile of ours */
    bool                 broken;       /* the state cannot be read */
    bool                 log;          /* of an imported log */
    bool                 changed;
    uint64_t             forgotten;    /* ms; 0: no */
    es_learn_visitor_t  *other;        /* whose this one is now */
    es_state_t          *before;       /* as the profile shows it */
    es_str_t             own[ES_OWN_FIELDS];      /* as read */
    es_state_t          *state;
    es_learn_visitor_t  *next;         /* in the order of appearance */
    es_learn_visitor_t  *bucket;
};

/* An entry with what is to be done with it */
typedef struct {
    es_entry_t           entry;
    es_entry_fault_e     fault;
    es_str_t             culprit;
    const redisReply    *reply;
    es_learn_visitor_t  *visitor;      /* NULL: nobody's */
    es_str_t             date;         /* empty: too old to be counted */
} es_learn_item_t;

typedef struct es_learn_line_s  es_learn_line_t;

/* An entry for leads or rejected ones: name and value in turn */
struct es_learn_line_s {
    es_str_t            *strings;
    size_t               n;
    es_learn_line_t     *next;
};

/* A stream that the learner writes to, with what it has there */
typedef struct {
    es_str_t             key, mark_key;
    es_str_t             mark;         /* its text; empty: none */
    es_entry_id_t        upto;         /* the same as an id */
    es_learn_line_t     *lines, **last;
    size_t               nlines;
    int64_t              maxlen;
} es_learn_target_t;

typedef struct {
    es_learn_item_t     *items;
    size_t               n;
    es_learn_visitor_t  *visitors, **last;
    es_learn_visitor_t **buckets;
    size_t               nbuckets;
    es_tally_t          *tally;
    uint64_t             now;          /* ms */
    es_str_t             date;         /* of the latest entry that was read, */
    uint64_t             quarter;      /*   and of the hour in which it was */
    es_learn_target_t    leads, rejected;
    es_str_t            *forgotten;    /* ids of entries to be deleted */
    size_t               nforgotten;
    size_t               nevents;
    bool                 cut;          /* it ends before what was read does */
    es_entry_id_t        end;          /* the last entry's */
} es_learn_chunk_t;


/* -- learn_chunk.c: a chunk as it is read */

/*
 * Entries as XRANGE answers them, with all that Redis holds of what they touch.
 * The chunk lies in learn->heap, strings in the reply.
 */
es_learn_e es_learn_read(es_learn_t *learn, const redisReply *reply,
    es_learn_chunk_t *chunk);


/* -- learn_apply.c: what it means */

/*
 * States, tally and lines of the chunk are as they should become. It may be
 * made shorter, and end with an earlier entry, where it says too much.
 */
void es_learn_apply(es_learn_t *learn, es_learn_chunk_t *chunk);


/* -- learn_write.c: written */

es_learn_e es_learn_write(es_learn_t *learn, es_learn_chunk_t *chunk);


/* -- learn_group.c: the stream, its consumer group, the lease, the scripts */

/* Finds out the group's position; makes the group if there is none. */
es_learn_e es_learn_position(es_learn_t *learn);

/* The same, and loads the scripts. */
es_learn_e es_learn_begin(es_learn_t *learn);

/* Moves the position n entries on; ES_LEARN_AGAIN if it is another by now. */
es_learn_e es_learn_advance(es_learn_t *learn, es_entry_id_t to, size_t n);

/*
 * Has or renews the lease for ms; 0 gives it up. ES_LEARN_AGAIN: somebody else
 * has it. *fresh tells that it was nobody's, so others may have gone on.
 */
es_learn_e es_learn_lease(es_learn_t *learn, int64_t ms, bool *fresh);

/* The id of the stream's newest entry; 0-0 if there is none. */
es_learn_e es_learn_newest(es_learn_t *learn, es_entry_id_t *id);

/*
 * What an answer of a script means; NULL is a connection that failed. Errors
 * that concern one key only are said and passed over.
 */
es_learn_e es_learn_answer(es_learn_t *learn, const redisReply *reply);

/* Says why a command on the stream failed; always ES_LEARN_FAIL. */
es_learn_e es_learn_refused(es_learn_t *learn, const char *command,
    const redisReply *reply);

/*
 * Each says what is wrong, unless the same was said within the last minute: an
 * error of Redis; that there is no Redis; that a visitor's state is no state.
 */
void es_learn_complain(es_learn_t *learn, const char *what,
    const char *error);
void es_learn_unreached(es_learn_t *learn, const char *why);
void es_learn_unreadable(es_learn_t *learn, es_str_t id);

#endif
