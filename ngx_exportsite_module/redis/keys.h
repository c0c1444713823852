/*
 * What stands where in Redis, and the commands that take more than a few words,
 * written as RESP. docs/redis.md lists the keys.
 */
#ifndef ES_KEYS_H
#define ES_KEYS_H

#include "../core/es.h"


#define ES_PREFIX_MAX   64
#define ES_KEY_MAX      256            /* a whole key with its prefix */

/* Room for es_profile_command() with 255 fields, and for es_batch_head() */
#define ES_PROFILE_COMMAND_MAX  20480
#define ES_BATCH_HEAD_MAX       1024

/* The hashes and key families below the prefix */
#define ES_KEY_SEGMENTS     "segments"
#define ES_KEY_ERRORS       "errors"
#define ES_KEY_PROFILE      "profile:"

/* Redis tells of changed keys on this channel. */
#define ES_INVALIDATE       "__redis__:invalidate"


/* prefix + name into buf of ES_KEY_MAX bytes; both within the limits above. */
es_str_t es_key(char *buf, es_str_t prefix, es_str_t name);

/*
 * HMGET <prefix>profile:<id> <fields…> in RESP; id at most 64 bytes, at most
 * 255 fields of at most 64 bytes. Returns the bytes written.
 */
size_t es_profile_command(char *buf, es_str_t prefix, es_str_t id,
    const es_str_t *fields, size_t n);

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
 * The head of that command for events that carry `args` arguments in all, their
 * counts included, which the caller appends. sha is the 40 digits that SCRIPT
 * LOAD answered, producer names the writer of the numbers. Returns the bytes
 * written to buf of ES_BATCH_HEAD_MAX.
 */
size_t es_batch_head(char *buf, const char *sha, es_str_t prefix,
    es_str_t stream, uint64_t producer, uint64_t maxlen, uint64_t first,
    size_t args);

#endif
