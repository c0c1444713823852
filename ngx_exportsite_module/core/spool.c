#include "spool.h"

#include <zlib.h>


typedef struct {
    uint32_t  crc;
    uint32_t  len;
    uint64_t  seq;
    uint64_t  at_ms;
    uint32_t  args;
    uint16_t  flags;
    uint16_t  check;
} es_spool_front_t;

typedef struct {
    char      magic[8];
    uint64_t  producer;
    uint32_t  crc;
    uint32_t  sent;
} es_spool_head_t;

_Static_assert(sizeof(es_spool_front_t) == 32, "the form of a record");
_Static_assert(sizeof(es_spool_head_t) == ES_SPOOL_HEAD, "the form of a head");
_Static_assert(offsetof(es_spool_head_t, sent) == ES_SPOOL_HEAD_SENT, "sent");


static inline size_t
es_spool_round(uint32_t len)
{
    return (sizeof(es_spool_front_t) + (size_t) len + 7) & ~(size_t) 7;
}


/* A record's crc, taken where it lies. */
static inline uint32_t
es_spool_crc(const char *buf, uint32_t len)
{
    size_t  n;

    n = sizeof(es_spool_front_t) - sizeof(uint32_t) + len;

    return (uint32_t) crc32(0, (const Bytef *) buf + sizeof(uint32_t),
                            (uInt) n);
}


static inline uint16_t
es_spool_check(uint32_t len)
{
    return (uint16_t) ~len;
}


static inline bool
es_spool_plausible(const es_spool_front_t *f)
{
    return f->len - 1 < ES_SPOOL_DATA_MAX && f->seq != 0
           && f->args <= ES_SPOOL_ARGS_MAX && f->flags <= ES_SPOOL_FLAGS;
}


/* Whether n bytes, fewer than a front has, may become one. */
static bool
es_spool_may_begin(const char *buf, size_t n)
{
    es_spool_front_t  f;

    if (n < offsetof(es_spool_front_t, seq)) {
        return true;
    }

    /* with the best of what is missing */

    memset(&f, 0, sizeof(f));
    f.seq = UINT64_MAX;
    memcpy(&f, buf, n);

    return es_spool_plausible(&f);
}


/* Whether a record's front is here: all that can be told without its data. */
static inline bool
es_spool_begins(const char *buf, size_t n, es_spool_front_t *f)
{
    if (n < sizeof(es_spool_front_t)) {
        return es_spool_may_begin(buf, n);
    }

    memcpy(f, buf, sizeof(es_spool_front_t));

    return es_spool_plausible(f) && f->check == es_spool_check(f->len);
}


/* How many bytes lie before the next place, not the first, for a record. */
static size_t
es_spool_skip(const char *buf, size_t n)
{
    size_t            i;
    es_spool_front_t  f;

    for (i = 8; i < n; i += 8) {
        if (es_spool_begins(buf + i, n - i, &f)) {
            break;
        }
    }

    return i;
}


void
es_spool_head(char *buf, uint64_t producer)
{
    es_spool_head_t  h;

    memcpy(h.magic, "ESSPOOL1", sizeof(h.magic));
    h.producer = producer;
    h.sent = 0;
    h.crc = (uint32_t) crc32(0, (const Bytef *) &h,
                             offsetof(es_spool_head_t, crc));
    memcpy(buf, &h, sizeof(h));
}


bool
es_spool_head_read(const char *buf, uint64_t *producer, uint32_t *sent)
{
    char             want[ES_SPOOL_HEAD];
    es_spool_head_t  h;

    memcpy(&h, buf, sizeof(h));
    es_spool_head(want, h.producer);

    if (memcmp(buf, want, ES_SPOOL_HEAD_SENT) != 0) {
        return false;
    }

    *producer = h.producer;
    *sent = h.sent;

    return true;
}


size_t
es_spool_size(uint32_t len)
{
    return es_spool_round(len);
}


void
es_spool_put(char *buf, const es_spool_record_t *rec)
{
    es_spool_front_t  f;

    f.crc = 0;
    f.len = rec->len;
    f.seq = rec->seq;
    f.at_ms = rec->at_ms;
    f.args = rec->args;
    f.flags = (uint16_t) rec->flags;
    f.check = es_spool_check(rec->len);

    /* the padding is what the data leaves of the last 8 bytes */

    memset(buf + es_spool_round(rec->len) - 8, 0, 8);
    memcpy(buf, &f, sizeof(f));
    memcpy(buf + sizeof(f), rec->data, rec->len);

    f.crc = es_spool_crc(buf, rec->len);
    memcpy(buf, &f.crc, sizeof(f.crc));
}


es_spool_e
es_spool_get(const char *buf, size_t n, es_spool_record_t *rec, size_t *used)
{
    size_t            size, end;
    es_spool_front_t  f;

    static const char  zeros[8];

    if (!es_spool_begins(buf, n, &f)) {
        *used = es_spool_skip(buf, n);
        return ES_SPOOL_DAMAGED;
    }

    if (n < sizeof(f) || n < es_spool_round(f.len)) {
        return ES_SPOOL_MORE;
    }

    size = es_spool_round(f.len);
    end = sizeof(f) + f.len;

    if (memcmp(buf + end, zeros, size - end) != 0
        || es_spool_crc(buf, f.len) != f.crc)
    {
        *used = es_spool_skip(buf, n);
        return ES_SPOOL_DAMAGED;
    }

    rec->seq = f.seq;
    rec->at_ms = f.at_ms;
    rec->args = f.args;
    rec->flags = f.flags;
    rec->len = f.len;
    rec->data = buf + sizeof(f);
    *used = size;

    return ES_SPOOL_RECORD;
}
