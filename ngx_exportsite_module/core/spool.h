/*
 * The form of a spool file: events that wait on disk for Redis. A head of
 * ES_SPOOL_HEAD bytes, then records, each at a multiple of 8:
 *
 *     head      "ESSPOOL1"  producer 8  crc 4  sent 4
 *     record    crc 4  len 4  seq 8  at_ms 8  args 4  flags 2  check 2  data
 *               padding of zeros
 *
 * Numbers are in the machine's own order: a file is read where it was written.
 * sent is for the books alone, so no crc covers it: so many of the events that
 * are not ES_SPOOL_SENT were counted as sent from here.
 * Each crc is zlib's crc32() of what follows it (in the head: of what precedes
 * it), a record's up to the end of its data. check is the complement of len's
 * lower half: a wrong len does not pass for that of a record cut off, which
 * would hide all that stand behind it. A file that grows may end anywhere,
 * since its writer may be killed.
 */
#ifndef ES_SPOOL_H
#define ES_SPOOL_H

#include "es.h"


#define ES_SPOOL_HEAD      24
#define ES_SPOOL_HEAD_SENT 20      /* where sent stands, which may change */
#define ES_SPOOL_DATA_MAX  (64 * 1024)
#define ES_SPOOL_ARGS_MAX  127

/* The event had been acknowledged when it was written here, */
#define ES_SPOOL_SENT      0x0001

/* or it had been sent, and no answer had come. */
#define ES_SPOOL_UNSURE    0x0002

#define ES_SPOOL_FLAGS     (ES_SPOOL_SENT|ES_SPOOL_UNSURE)

typedef struct {
    uint64_t     seq;
    uint64_t     at_ms;
    uint32_t     args;
    uint32_t     flags;
    uint32_t     len;
    const char  *data;
} es_spool_record_t;

typedef enum {
    ES_SPOOL_RECORD,           /* one is there */
    ES_SPOOL_MORE,             /* it may go on behind what was given */
    ES_SPOOL_DAMAGED           /* no record begins here */
} es_spool_e;


/* Writes the head of a file, ES_SPOOL_HEAD bytes. */
void es_spool_head(char *buf, uint64_t producer);

/* Reads it; false if ES_SPOOL_HEAD bytes at buf are not the head of a file. */
bool es_spool_head_read(const char *buf, uint64_t *producer, uint32_t *sent);

/* Bytes that a record with len bytes of data takes, a multiple of 8. */
size_t es_spool_size(uint32_t len);

/*
 * Writes a record to es_spool_size(rec->len) bytes at buf: seq is not 0, len
 * from 1 to ES_SPOOL_DATA_MAX, args at most ES_SPOOL_ARGS_MAX, flags are known
 * ones.
 */
void es_spool_put(char *buf, const es_spool_record_t *rec);

/*
 * Looks at n bytes that begin where a record should; no alignment is needed.
 * ES_SPOOL_RECORD: rec is it, its data in buf, and *used what it takes.
 * ES_SPOOL_MORE: nothing speaks against a record that is longer than n, which
 * is less than es_spool_size(ES_SPOOL_DATA_MAX); at the end of a file that is
 * a torn one, if n is not 0. ES_SPOOL_DAMAGED: the first *used bytes hold none,
 * at least 8, and behind them stands the front of one (whose data the next call
 * looks at), or what may become a front, or n ends. *used is a multiple of 8. A
 * call computes one crc at most and looks at each 8 bytes once.
 */
es_spool_e es_spool_get(const char *buf, size_t n, es_spool_record_t *rec,
    size_t *used);

#endif
