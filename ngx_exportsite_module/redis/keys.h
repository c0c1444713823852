/*
 * What stands where in Redis, and the commands that take more than a few words,
 * written as RESP. docs/redis.md lists the keys.
 */
#ifndef ES_KEYS_H
#define ES_KEYS_H

#include "../core/es.h"


#define ES_PREFIX_MAX    64
#define ES_SLOT_KEY_MAX  200
#define ES_STREAM_MAX    64            /* a stream's name below the prefix */
#define ES_KEY_MAX       288           /* a whole key with its prefix */

/* Room for es_profile_command() with 255 fields, and for es_batch_head() */
#define ES_PROFILE_COMMAND_MAX  20480
#define ES_BATCH_HEAD_MAX       1024

/* Room for es_content_command() and es_scan_command() */
#define ES_CONTENT_COMMAND_MAX  384
#define ES_SCAN_COMMAND_MAX     384

/* Room for es_mark_command() */
#define ES_MARK_COMMAND_MAX     512

/* The hashes and key families below the prefix */
#define ES_KEY_SEGMENTS     "segments"
#define ES_KEY_ERRORS       "errors"
#define ES_KEY_PROFILE      "profile:"
#define ES_KEY_SLOT         "slot:"
#define ES_KEY_TOPICS       "topics"
#define ES_KEY_SCORES       "scores"
#define ES_KEY_SETTINGS     "settings"
#define ES_KEY_LEADS        "leads"
#define ES_KEY_REJECTED     ":rejected"            /* behind the stream's */

/* Redis tells of changed keys on this channel. */
#define ES_INVALIDATE       "__redis__:invalidate"


/* Room for keys that end in a value of reports, of ES_COUNT_VALUE_MAX bytes */
#define ES_COUNT_VALUE_MAX  420
#define ES_LONG_KEY_MAX     (ES_KEY_MAX + ES_COUNT_VALUE_MAX)


/* prefix + name into buf of ES_KEY_MAX bytes; both within the limits above. */
es_str_t es_key(char *buf, es_str_t prefix, es_str_t name);

/*
 * What belongs to a visitor, each into buf of ES_KEY_MAX bytes: the profile,
 * what the learner remembers, and what became of an id that is no more; and
 * where state and profile wait while they are merged into another one's. All
 * lie in one hash slot of a Redis Cluster, that of the profile's key.
 */
es_str_t es_profile_key(char *buf, es_str_t prefix, es_str_t id);
es_str_t es_state_key(char *buf, es_str_t prefix, es_str_t id);
es_str_t es_gone_key(char *buf, es_str_t prefix, es_str_t id);
es_str_t es_merging_key(char *buf, es_str_t prefix, es_str_t id);
es_str_t es_fields_key(char *buf, es_str_t prefix, es_str_t id);

/*
 * The counters of a day ("2026-11-22") in a dimension ("country"), and the
 * visitors of one value of it. One hash slot for each day and dimension; buf of
 * ES_LONG_KEY_MAX bytes.
 */
es_str_t es_count_key(char *buf, es_str_t prefix, es_str_t date,
    es_str_t dimension);
es_str_t es_visitors_key(char *buf, es_str_t prefix, es_str_t date,
    es_str_t dimension, es_str_t value);

/* The learners' lease on a stream, and their mark on what they write to. */
es_str_t es_lease_key(char *buf, es_str_t prefix, es_str_t stream);
es_str_t es_learned_key(char *buf, es_str_t prefix, es_str_t target);

/* The salt of a day's imported visitors; DATE as above. */
es_str_t es_salt_key(char *buf, es_str_t prefix, es_str_t date);

/*
 * HMGET <prefix>profile:<id> <fields…> in RESP; id at most 64 bytes, at most
 * 255 fields of at most 64 bytes. Returns the bytes written.
 */
size_t es_profile_command(char *buf, es_str_t prefix, es_str_t id,
    const es_str_t *fields, size_t n);

/*
 * May this be the KEY of a content? One to ES_SLOT_KEY_MAX bytes that are words
 * of the rules' language (letters, digits, what is above ASCII, and
 * _ . : / + @ * -) and es_text_safe().
 */
bool es_slot_key_valid(es_str_t key);

/*
 * GETRANGE <prefix>slot:<key> 0 <last> in RESP, key being a valid one. Returns
 * the bytes written to buf of ES_CONTENT_COMMAND_MAX.
 */
size_t es_content_command(char *buf, es_str_t prefix, es_str_t key,
    uint64_t last);

/*
 * SCAN <cursor> MATCH <prefix>slot:* COUNT 1000 in RESP; what is a wildcard in
 * the prefix stands for itself. cursor is what the last answer said (20 bytes
 * at most), "0" at first. Returns the bytes written to buf of
 * ES_SCAN_COMMAND_MAX.
 */
size_t es_scan_command(char *buf, es_str_t prefix, es_str_t cursor);

/*
 * The server-side script that writes a batch of numbered events and remembers
 * the last number, so that a batch sent again is written once:
 *
 *     EVALSHA sha 2 STREAM MARK  maxlen first  count field value…  count …
 *
 * The events are numbered first, first + 1, …; those at or below the mark are
 * passed over. Answers how many were added, or the error that stopped it after
 * the mark was set to the last one added.
 */
extern const char es_batch_script[];

/*
 * Who numbered the events: a ring, or of its events those in one file (part is
 * not 0), which have a mark of their own.
 */
typedef struct {
    uint64_t  ring;
    uint64_t  part;
} es_producer_t;

/*
 * The head of that command for events that carry `args` arguments in all, their
 * counts included, which the caller appends. sha is the 40 digits that SCRIPT
 * LOAD answered. Returns the bytes written to buf of ES_BATCH_HEAD_MAX.
 */
size_t es_batch_head(char *buf, const char *sha, es_str_t prefix,
    es_str_t stream, es_producer_t producer, uint64_t maxlen, uint64_t first,
    size_t args);

/*
 * GET of the mark of a producer in RESP: it answers the number of the last
 * event that is in the stream, or nothing. Returns the bytes written to buf of
 * ES_MARK_COMMAND_MAX.
 */
size_t es_mark_command(char *buf, es_str_t prefix, es_str_t stream,
    es_producer_t producer);

#endif
