/*
 * The input tells what records are written and how the file is spoilt then;
 * where its first byte is odd the rest is the file as it is. What is read is
 * held against a second reading of the form, byte by byte and with a crc of its
 * own, and a record that nobody touched must come out as it went in.
 */
#include "../../ngx_exportsite_module/core/spool.h"

#include <stdlib.h>


#define FRONT    32
#define RECORDS  16
#define FILE_MAX (RECORDS * (FRONT + 1024))

#define must(condition)  ((condition) ? (void) 0 : abort())

typedef struct {
    const uint8_t  *p, *end;
} input_t;

typedef struct {
    size_t          at, len;
    uint64_t        seq, at_ms;
    uint32_t        args, flags;
} written_t;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static char       file[FILE_MAX], untouched[FILE_MAX];
static size_t     file_len, records_n;
static written_t  records[RECORDS];


static uint32_t
take(input_t *in, size_t bytes)
{
    uint32_t  n = 0;

    while (bytes-- && in->p < in->end) {
        n = n << 8 | *in->p++;
    }

    return n;
}


/* The CRC-32 of Ethernet, bit by bit */
static uint32_t
slow_crc(const char *p, size_t n)
{
    int       bit;
    uint32_t  crc = UINT32_MAX;

    while (n--) {
        crc ^= (uint8_t) *p++;

        for (bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        }
    }

    return ~crc;
}


static uint64_t
number(const char *p, size_t size)
{
    uint64_t  wide;
    uint32_t  word;
    uint16_t  half;

    if (size == 8) {
        memcpy(&wide, p, 8);
        return wide;
    }

    if (size == 4) {
        memcpy(&word, p, 4);
        return word;
    }

    memcpy(&half, p, 2);

    return half;
}


/* Whether all of a front that is there allows a record. */
static bool
front_good(const char *p, size_t n)
{
    char      whole[FRONT];
    size_t    i;
    uint64_t  value;

    static const struct {
        size_t    place, size;
        uint64_t  least, most;
    } members[] = {
        { 4, 4, 1, ES_SPOOL_DATA_MAX },
        { 8, 8, 1, UINT64_MAX },
        { 24, 4, 0, ES_SPOOL_ARGS_MAX },
        { 28, 2, 0, ES_SPOOL_FLAGS }
    };

    if (n < 8) {
        return true;
    }

    /* a number of which bytes are missing is no less than with zeros there */

    memset(whole, 0, sizeof(whole));
    memcpy(whole, p, n < FRONT ? n : FRONT);

    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        value = number(whole + members[i].place, members[i].size);

        if (value > members[i].most
            || (value < members[i].least
                && n >= members[i].place + members[i].size))
        {
            return false;
        }
    }

    return n < FRONT || number(p + 30, 2) == (~number(p + 4, 4) & 0xffff);
}


static es_spool_e
slow_get(const char *p, size_t n)
{
    size_t  len, i;

    if (!front_good(p, n)) {
        return ES_SPOOL_DAMAGED;
    }

    if (n < FRONT) {
        return ES_SPOOL_MORE;
    }

    len = number(p + 4, 4);

    if (n < (FRONT + len + 7) / 8 * 8) {
        return ES_SPOOL_MORE;
    }

    for (i = FRONT + len; i % 8; i++) {
        if (p[i]) {
            return ES_SPOOL_DAMAGED;
        }
    }

    return slow_crc(p + 4, FRONT - 4 + len) == number(p, 4)
           ? ES_SPOOL_RECORD : ES_SPOOL_DAMAGED;
}


static void
write_records(input_t *in)
{
    char               data[1024];
    size_t             n, i;
    uint32_t           seed;
    written_t         *w;
    es_spool_record_t  rec;

    file_len = 0;
    records_n = 0;

    for (n = take(in, 1) % RECORDS; n; n--) {
        w = &records[records_n++];
        seed = take(in, 4);

        w->at = file_len;
        w->len = seed % (seed & 0x800000 ? 1024 : 40) + 1;
        w->seq = (uint64_t) take(in, 1) << 56 | records_n;
        w->at_ms = seed;
        w->args = seed >> 25;
        w->flags = seed >> 24 & ES_SPOOL_FLAGS;

        for (i = 0; i < w->len; i++) {
            seed = seed * 1103515245 + 12345;
            data[i] = (char) (seed >> 16);
        }

        rec = (es_spool_record_t) { w->seq, w->at_ms, w->args, w->flags,
                                    (uint32_t) w->len, data };
        es_spool_put(file + file_len, &rec);
        file_len += es_spool_size(rec.len);
    }

    memcpy(untouched, file, file_len);
}


/* Each change is 6 bytes: what, where, how much or by what. */
static void
spoil(input_t *in)
{
    size_t    at, from, n;
    uint32_t  what, arg;

    while (in->p < in->end && file_len) {
        what = take(in, 1) % 6;
        at = take(in, 2) % file_len;
        arg = take(in, 3);
        n = arg % 257 < file_len - at ? arg % 257 : file_len - at;
        from = (arg >> 8) % (file_len - n + 1);

        switch (what) {
        case 0:
            file[at] ^= (char) arg;
            break;
        case 1:
            file[at] ^= (char) (1 << arg % 8);
            break;
        case 2:
            memset(file + at, 0, n);
            break;
        case 3:
            memset(file + at, (int) (arg >> 16), n);
            break;
        case 4:
            memmove(file + at / 8 * 8, file + from / 8 * 8, n);
            break;
        default:
            file_len = at;
        }
    }
}


static void
check_record(const es_spool_record_t *rec, const char *p)
{
    must(rec->len == number(p + 4, 4) && rec->seq == number(p + 8, 8));
    must(rec->at_ms == number(p + 16, 8) && rec->args == number(p + 24, 4));
    must(rec->flags == number(p + 28, 2) && rec->data == p + FRONT);
}


/* A record that begins here and is as it was written */
static const written_t *
intact(size_t at)
{
    size_t  i, size;

    for (i = 0; i < records_n; i++) {
        size = es_spool_size((uint32_t) records[i].len);

        if (records[i].at == at && at + size <= file_len
            && memcmp(file + at, untouched + at, size) == 0)
        {
            return &records[i];
        }
    }

    return NULL;
}


static void
check_intact(size_t at, es_spool_e rc, const es_spool_record_t *rec)
{
    const written_t  *w = intact(at);

    if (w) {
        must(rc == ES_SPOOL_RECORD);
        must(rec->len == w->len && rec->seq == w->seq && rec->args == w->args);
        must(rec->at_ms == w->at_ms && rec->flags == w->flags);
    }
}


/* What n bytes say must not change when there are more of them. */
static void
check_shorter(const char *buf, size_t n, es_spool_e rc, size_t used)
{
    char               *copy = malloc(n ? n : 1);
    size_t              found;
    es_spool_e          got;
    es_spool_record_t   rec;

    memcpy(copy, buf, n);
    got = es_spool_get(copy, n, &rec, &found);
    free(copy);

    if (rc == ES_SPOOL_RECORD) {
        must(got == (n < used ? ES_SPOOL_MORE : ES_SPOOL_RECORD));

    } else if (rc == ES_SPOOL_MORE) {
        must(got == ES_SPOOL_MORE);

    } else {
        must(got != ES_SPOOL_RECORD);
        must(got == ES_SPOOL_MORE || (found >= 8 && found <= used));
    }
}


static void
read_all(const char *buf, size_t n, size_t shorter)
{
    size_t              at, used, i;
    es_spool_e          rc;
    es_spool_record_t   rec;

    for (at = 0;; at += used) {
        used = 0;
        rc = es_spool_get(buf + at, n - at, &rec, &used);
        must(rc == slow_get(buf + at, n - at));
        check_intact(at, rc, &rec);
        check_shorter(buf + at, shorter % (n - at + 1), rc, used);

        if (rc == ES_SPOOL_MORE) {
            must(n - at < es_spool_size(ES_SPOOL_DATA_MAX));
            return;
        }

        must(used >= 8 && used % 8 == 0 && used <= n - at);

        if (rc == ES_SPOOL_RECORD) {
            must(used == es_spool_size(rec.len));
            check_record(&rec, buf + at);
            continue;
        }

        /* no record passed over, and not one step too few */

        for (i = 8; i < used; i += 8) {
            must(!front_good(buf + at + i, n - at - i));
            must(intact(at + i) == NULL);
        }

        must(used == n - at || front_good(buf + at + used, n - at - used));
    }
}


static void
read_head(const char *buf)
{
    char      made[ES_SPOOL_HEAD];
    uint32_t  sent;
    uint64_t  producer;

    if (es_spool_head_read(buf, &producer, &sent)) {
        must(number(buf + 16, 4) == slow_crc(buf, 16));
        es_spool_head(made, producer);
        must(memcmp(made, buf, ES_SPOOL_HEAD_SENT) == 0);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char      *buf;
    size_t     shorter;
    input_t    in = { data, data + size };

    if (size > FILE_MAX) {
        return 0;
    }

    if (take(&in, 1) & 1) {
        records_n = 0;
        file_len = (size_t) (in.end - in.p);
        memcpy(file, in.p, file_len);
        shorter = file_len / 2;

    } else {
        shorter = take(&in, 2);
        write_records(&in);
        spoil(&in);
    }

    buf = malloc(file_len ? file_len : 1);
    memcpy(buf, file, file_len);

    read_all(buf, file_len, shorter);

    if (file_len >= ES_SPOOL_HEAD) {
        read_head(buf);
    }

    free(buf);

    return 0;
}
