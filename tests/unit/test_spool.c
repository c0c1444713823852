/*
 * Buffers that are read have exactly the bytes that are given, in memory of
 * their own, so that the sanitizer sees each step beyond.
 */
#include "check.h"
#include "../../ngx_exportsite_module/core/spool.h"

#include <zlib.h>


#define RECORDS  3
#define FRONT    32                /* what stands before the data */

static const char  texts[RECORDS][80] = {
    "$4\r\ntype\r\n$4\r\nview\r\n",
    "$4\r\npath\r\n$16\r\n/products/pumps/\r\n$7\r\ncountry\r\n$2\r\nDE\r\n",
    "$2\r\nid\r\n$1\r\n1\r\n"
};

static const es_spool_record_t  records[RECORDS] = {
    { UINT64_C(1), UINT64_C(1790000000000), 4, 0, 22, texts[0] },
    { UINT64_C(0xfedcba9876543210), 0, ES_SPOOL_ARGS_MAX, ES_SPOOL_SENT, 54,
      texts[1] },
    { UINT64_MAX, UINT64_MAX, 0, 0, 17, texts[2] }
};

/* where each begins in a file of the three, and the end */
static size_t  at[RECORDS + 1];

/* what a file was read to: the seq of each record, and what else was met */
typedef struct {
    uint64_t      seqs[16];
    size_t        n;
    size_t        damaged;        /* times */
    size_t        end;             /* how far it was read */
} reading_t;


static char *
exactly(const char *buf, size_t n)
{
    char  *copy = malloc(n ? n : 1);

    return n ? memcpy(copy, buf, n) : copy;
}


static char *
file_of_three(void)
{
    char    *buf;
    size_t   i;

    for (i = 0; i < RECORDS; i++) {
        at[i + 1] = at[i] + es_spool_size(records[i].len);
    }

    buf = malloc(at[RECORDS]);
    memset(buf, 'x', at[RECORDS]);

    for (i = 0; i < RECORDS; i++) {
        es_spool_put(buf + at[i], &records[i]);
    }

    return buf;
}


static bool
is_same(const es_spool_record_t *a, const es_spool_record_t *b)
{
    return a->seq == b->seq && a->at_ms == b->at_ms && a->args == b->args
           && a->flags == b->flags && a->len == b->len
           && memcmp(a->data, b->data, a->len) == 0;
}


/* Reads a file to its end; a record that was never written is a failure. */
static reading_t
read_all(const char *file, size_t n)
{
    char               *buf = exactly(file, n);
    size_t              i, used;
    reading_t           r = { { 0 }, 0, 0, 0 };
    es_spool_e          rc;
    es_spool_record_t   rec;

    for (;;) {
        rc = es_spool_get(buf + r.end, n - r.end, &rec, &used);

        if (rc == ES_SPOOL_MORE) {
            break;
        }

        if (used < 8 || used % 8 || used > n - r.end) {
            check(!"a step that is none");
            break;
        }

        if (rc == ES_SPOOL_RECORD) {
            for (i = 0; i < RECORDS && !is_same(&rec, &records[i]); i++) {
                /* void */
            }

            check(i < RECORDS);
            check(rec.data == buf + r.end + FRONT);
            check(used == es_spool_size(rec.len));

            if (r.n < 16) {
                r.seqs[r.n++] = rec.seq;
            }

        } else {
            r.damaged++;
        }

        r.end += used;
    }

    free(buf);

    return r;
}


static void
test_form(void)
{
    char      *buf = file_of_three();
    size_t     i;
    uint32_t   crc, len;

    check(es_spool_size(1) == 40);
    check(es_spool_size(8) == 40);
    check(es_spool_size(9) == 48);
    check(es_spool_size(ES_SPOOL_DATA_MAX) == FRONT + ES_SPOOL_DATA_MAX);

    for (i = 0; i < RECORDS; i++) {
        len = records[i].len;
        memcpy(&crc, buf + at[i], sizeof(crc));

        check(crc == crc32(0, (const Bytef *) buf + at[i] + 4,
                           FRONT - 4 + len));
        check(memcmp(buf + at[i] + 4, &len, 4) == 0);
        check(memcmp(buf + at[i] + 8, &records[i].seq, 8) == 0);
        check(memcmp(buf + at[i] + 16, &records[i].at_ms, 8) == 0);
        check(memcmp(buf + at[i] + 24, &records[i].args, 4) == 0);
        check(memcmp(buf + at[i] + FRONT, records[i].data, len) == 0);
        check(memcmp(buf + at[i] + FRONT + len, "\0\0\0\0\0\0\0",
                     at[i + 1] - at[i] - FRONT - len) == 0);
    }

    free(buf);
}


static void
test_round_trip(void)
{
    char               *buf = file_of_three();
    reading_t           r = read_all(buf, at[RECORDS]);
    es_spool_record_t   rec;
    size_t              used;

    check(r.n == 3 && r.damaged == 0 && r.end == at[RECORDS]);
    check(r.seqs[0] == records[0].seq);
    check(r.seqs[1] == records[1].seq);
    check(r.seqs[2] == records[2].seq);

    check(es_spool_get(buf, at[RECORDS], &rec, &used) == ES_SPOOL_RECORD);
    check(is_same(&rec, &records[0]));
    check(used == at[1]);

    free(buf);
}


/* The shortest data, the longest, each in memory that is just enough. */
static void
test_lengths(void)
{
    char               *buf, *data;
    size_t              i, size, used;
    es_spool_record_t   rec;

    static const uint32_t  lengths[] = {
        1, 7, 8, 9, 340, 0xffff, ES_SPOOL_DATA_MAX
    };

    data = malloc(ES_SPOOL_DATA_MAX);

    for (i = 0; i < ES_SPOOL_DATA_MAX; i++) {
        data[i] = (char) (i * 7 + i / 256);
    }

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        rec = (es_spool_record_t) { 5, 6, 7, 0, lengths[i], data };
        size = es_spool_size(rec.len);
        buf = malloc(size);
        es_spool_put(buf, &rec);

        check(es_spool_get(buf, size - 1, &rec, &used) == ES_SPOOL_MORE);

        memset(&rec, 0, sizeof(rec));
        check(es_spool_get(buf, size, &rec, &used) == ES_SPOOL_RECORD);
        check(used == size && rec.len == lengths[i] && rec.seq == 5
              && rec.at_ms == 6 && rec.args == 7 && rec.flags == 0);
        check(memcmp(rec.data, data, rec.len) == 0);

        free(buf);
    }

    free(data);
}


static void
test_cut_off(void)
{
    char       *buf = file_of_three();
    size_t      n, whole;
    reading_t   r;

    for (n = 0; n <= at[RECORDS]; n++) {
        for (whole = 0; whole < RECORDS && at[whole + 1] <= n; whole++) {
            /* void */
        }

        r = read_all(buf, n);
        check(r.n == whole && r.damaged == 0 && r.end == at[whole]);
    }

    free(buf);
}


/* The others are found, and nothing is taken for cut off that is not. */
static void
test_flipped_bits(void)
{
    char       *buf = file_of_three();
    size_t      bit, which;
    reading_t   r;

    for (bit = 0; bit < at[RECORDS] * 8; bit++) {
        for (which = 0; at[which + 1] * 8 <= bit; which++) {
            /* void */
        }

        buf[bit / 8] ^= (char) (1 << bit % 8);
        r = read_all(buf, at[RECORDS]);

        check(r.n == 2 && r.damaged == 1);
        check(r.seqs[0] == records[which == 0].seq);
        check(r.seqs[1] == records[which == 2 ? 1 : 2].seq);

        if (which < 2) {
            check(r.end == at[RECORDS]);
        }

        buf[bit / 8] ^= (char) (1 << bit % 8);
    }

    check(read_all(buf, at[RECORDS]).n == 3);
    free(buf);
}


/* Each byte that is not as it was, in any way */
static void
test_changed_bytes(void)
{
    char       *buf = file_of_three();
    size_t      i;
    unsigned    by;
    reading_t   r;

    for (i = at[1]; i < at[2]; i++) {
        for (by = 1; by < 256; by += i < at[1] + FRONT ? 1 : 51) {
            buf[i] ^= (char) by;
            r = read_all(buf, at[RECORDS]);
            check(r.n == 2 && r.damaged == 1 && r.end == at[RECORDS]);
            buf[i] ^= (char) by;
        }
    }

    free(buf);
}


/* Lengths that are none, with all else as it should be, even the crc. */
static void
test_wrong_length(void)
{
    char       *buf = file_of_three();
    size_t      i;
    uint16_t    complement;
    uint32_t    crc, len;
    reading_t   r;

    static const uint32_t  lengths[] = {
        0, ES_SPOOL_DATA_MAX + 1, 0x20000, 0x7fffffff, 0x80000000, 0xfffffff0,
        0xffffffff
    };

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        len = lengths[i];
        complement = (uint16_t) ~len;

        memcpy(buf + 4, &len, 4);
        memcpy(buf + 30, &complement, 2);
        crc = (uint32_t) crc32(0, (const Bytef *) buf + 4, FRONT - 4);
        memcpy(buf, &crc, 4);

        r = read_all(buf, at[RECORDS]);
        check(r.n == 2 && r.damaged == 1 && r.end == at[RECORDS]);

        /* no need of all the front to say so */
        check(read_all(buf, 8).damaged == 1);
        check(read_all(buf, 7).damaged == 0);
    }

    free(buf);
}


/* Other members that are none, with a crc that is right */
static void
test_wrong_members(void)
{
    char       *buf = file_of_three();
    size_t      i;
    uint32_t    crc;
    reading_t   r;

    static const struct {
        size_t       place, size;
        const char  *value;
    } wrong[] = {
        { 8, 8, "\0\0\0\0\0\0\0" },                  /* seq */
        { 24, 4, "\x80\0\0\x80" },                   /* args */
        { 24, 4, "\xff\xff\xff\xff" },
        { 28, 2, "\4\4" },                            /* flags */
        { 28, 2, "\x80\0" },
        { 28, 2, "\0\x80" },
        { 30, 2, "\0\0" },                            /* check */
        { FRONT + 22, 1, "\1" }                       /* padding */
    };

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        es_spool_put(buf, &records[0]);
        memcpy(buf + wrong[i].place, wrong[i].value, wrong[i].size);

        crc = (uint32_t) crc32(0, (const Bytef *) buf + 4,
                               FRONT - 4 + records[0].len);
        memcpy(buf, &crc, 4);

        r = read_all(buf, at[RECORDS]);
        check(r.n == 2 && r.damaged == 1 && r.end == at[RECORDS]);
    }

    free(buf);
}


/* What a file system leaves that crashed: zeros, one length of them or other */
static void
test_zeros(void)
{
    char       *three = file_of_three();
    char       *buf = calloc(1, 200 * 1024);
    size_t      n;
    reading_t   r;

    memcpy(buf, three, at[2]);

    for (n = 0; n < 64; n++) {
        r = read_all(buf, at[2] + n);
        check(r.n == 2);
        check(r.damaged == (n >= 8));
        check(at[2] + n - r.end == n % 8);
    }

    r = read_all(buf, 200 * 1024);
    check(r.n == 2 && r.damaged == 1 && r.end == 200 * 1024);

    /* and a record that was written behind them */

    memcpy(buf + at[2] + 8192, three + at[2], at[3] - at[2]);
    r = read_all(buf, at[2] + 8192 + at[3] - at[2]);
    check(r.n == 3 && r.damaged == 1 && r.seqs[2] == records[2].seq);

    /* a record whose data was lost: one damage with what follows */

    memset(buf + at[1] + FRONT, 0, at[2] - at[1] - FRONT);
    r = read_all(buf, at[2] + 8192 + at[3] - at[2]);
    check(r.n == 2 && r.damaged == 1 && r.seqs[1] == records[2].seq);

    free(buf);
    free(three);
}


static void
test_garbage_between(void)
{
    char       *three = file_of_three();
    char       *buf = malloc(at[3] + 2 * 1024);
    char       *p;
    size_t      i, n, end;
    uint32_t    random = 1;
    reading_t   r;

    for (n = 0; n <= 1024; n += 8) {
        p = buf;
        memcpy(p, three, at[1]);
        p += at[1];

        for (i = 0; i < n; i++) {
            random = random * 1103515245 + 12345;
            *p++ = (char) (random >> 16);
        }

        memcpy(p, three + at[1], at[2] - at[1]);
        p += at[2] - at[1];
        memset(p, '\n', n);
        p += n;
        memcpy(p, three + at[2], at[3] - at[2]);
        p += at[3] - at[2];

        end = (size_t) (p - buf);
        r = read_all(buf, end);

        check(r.n == 3 && r.end == end);
        check(r.damaged == (n ? 2 : 0));
        check(r.seqs[0] == records[0].seq && r.seqs[1] == records[1].seq
              && r.seqs[2] == records[2].seq);
    }

    free(buf);
    free(three);
}


/* Front behind front: a call looks at the data of one of them only. */
static void
test_bounded(void)
{
    char               *buf, front[FRONT];
    size_t              i, n, used;
    uint16_t            complement;
    uint32_t            len;
    es_spool_record_t   rec;

    n = 3 * es_spool_size(ES_SPOOL_DATA_MAX);
    buf = calloc(1, n);

    len = 0xff00;
    complement = (uint16_t) ~len;
    memset(front, 0, sizeof(front));
    memcpy(front + 4, &len, 4);
    front[8] = 1;
    memcpy(front + 30, &complement, 2);

    for (i = 0; i + FRONT <= n; i += FRONT) {
        memcpy(buf + i, front, FRONT);
    }

    /* the first has a wrong crc; the second is left to the next call */

    check(es_spool_get(buf, n, &rec, &used) == ES_SPOOL_DAMAGED);
    check(used == FRONT);

    free(buf);
}


static void
test_heads(void)
{
    char      head[ES_SPOOL_HEAD];
    size_t    bit;
    uint32_t  crc, sent;
    uint64_t  producer;

    static const uint64_t  producers[] = {
        0, 1, UINT64_C(0x0123456789abcdef), UINT64_MAX
    };

    for (bit = 0; bit < sizeof(producers) / sizeof(producers[0]); bit++) {
        es_spool_head(head, producers[bit]);
        producer = 77;
        check(es_spool_head_read(head, &producer, &sent));
        check(producer == producers[bit] && sent == 0);
    }

    es_spool_head(head, producers[2]);
    check(memcmp(head, "ESSPOOL1", 8) == 0);
    check(memcmp(head + 8, &producers[2], 8) == 0);
    check(memcmp(head + 20, "\0\0\0", 4) == 0);

    memcpy(&crc, head + 16, 4);
    check(crc == crc32(0, (const Bytef *) head, 16));

    for (bit = 0; bit < ES_SPOOL_HEAD_SENT * 8; bit++) {
        head[bit / 8] ^= (char) (1 << bit % 8);
        producer = 77;
        check(!es_spool_head_read(head, &producer, &sent) && producer == 77);
        head[bit / 8] ^= (char) (1 << bit % 8);
    }

    sent = 4242;
    memcpy(head + ES_SPOOL_HEAD_SENT, &sent, 4);
    sent = 0;
    check(es_spool_head_read(head, &producer, &sent) && sent == 4242);

    memset(head, 0, sizeof(head));
    check(!es_spool_head_read(head, &producer, &sent));
}


int
main(void)
{
    test_form();
    test_round_trip();
    test_lengths();
    test_cut_off();
    test_flipped_bits();
    test_changed_bytes();
    test_wrong_length();
    test_wrong_members();
    test_zeros();
    test_garbage_between();
    test_bounded();
    test_heads();

    return check_done();
}
