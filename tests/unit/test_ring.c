#include "check.h"
#include "step.h"

#include "../../ngx_exportsite_module/core/ring.h"

#define HEAD      24         /* what a record takes beside its data */
#define MODEL     4096       /* records that the model can hold at once */
#define STEP_SIZE 160


static uint64_t  seed = 42;
static char      noise[256 + 1024];


static uint32_t
any(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return (uint32_t) (seed >> 32) % below;
}


/* Every record tells by its bytes which one it is. */
static const char *
content(uint32_t args)
{
    return noise + args * 131 % 256;
}


static uint32_t
length(uint32_t args)
{
    return args * 2654435761u >> 27;
}


static uint64_t
append(es_ring_t *r, uint32_t args, uint32_t len, uint32_t max)
{
    char  *p;

    p = es_ring_reserve(r, max);

    if (p == NULL) {
        return 0;
    }

    memcpy(p, content(args), len);

    return es_ring_commit(r, len, args, 1000 + args);
}


static bool
intact(const es_ring_record_t *rec, uint32_t args, uint32_t len)
{
    return rec->args == args && rec->len == len && rec->at_ms == 1000u + args
           && (uintptr_t) rec->data % 8 == 0
           && memcmp(rec->data, content(args), len) == 0;
}


static es_ring_t *
ring_new(uint32_t size)
{
    es_ring_t  *r;

    r = malloc(es_ring_region(size));

    if (r == NULL) {
        exit(2);
    }

    memset(r, 0xa5, es_ring_region(size));
    es_ring_init(r, size, 77);

    return r;
}


static void
test_walk(void)
{
    es_ring_t         *r;
    es_ring_cursor_t   c, behind;
    es_ring_record_t   rec;

    r = ring_new(1000);

    check(r->producer == 77);
    check(es_ring_count(r) == 0 && es_ring_used(r) == 0);

    c = es_ring_begin(r);
    check(!es_ring_next(r, &c, &rec));

    check(append(r, 10, 5, 5) == 1);
    check(append(r, 11, 0, 100) == 2);
    check(append(r, 12, 100, 100) == 3);
    check(es_ring_count(r) == 3);
    check(es_ring_used(r) == 3 * HEAD + 8 + 0 + 104);

    /* the cursor from before the first record sees them all, in order */

    check(es_ring_next(r, &c, &rec) && rec.seq == 1 && intact(&rec, 10, 5));
    behind = c;
    check(es_ring_next(r, &c, &rec) && rec.seq == 2 && intact(&rec, 11, 0));
    check(es_ring_next(r, &c, &rec) && rec.seq == 3 && intact(&rec, 12, 100));
    check(!es_ring_next(r, &c, &rec));

    es_ring_release(r, behind.seq);
    check(es_ring_count(r) == 2);
    check(es_ring_used(r) == 2 * HEAD + 104);

    /* an older cursor goes on with the oldest there is, and releases nothing */

    behind = (es_ring_cursor_t) { 0, 0 };
    es_ring_release(r, behind.seq);
    check(es_ring_count(r) == 2);
    check(es_ring_next(r, &behind, &rec) && rec.seq == 2);

    /* empty: back to the start, and the cursor at the end lives on */

    es_ring_release(r, c.seq);
    check(es_ring_count(r) == 0 && es_ring_used(r) == 0 && r->ends == 0);
    check(!es_ring_next(r, &c, &rec));
    check(append(r, 13, 9, 9) == 4);
    check(r->ends == HEAD + 16);
    check(es_ring_next(r, &c, &rec) && rec.seq == 4 && intact(&rec, 13, 9));
    check(!es_ring_next(r, &c, &rec));

    free(r);
}


static void
test_room(void)
{
    es_ring_t         *r;
    es_ring_cursor_t   c;
    es_ring_record_t   rec;

    r = ring_new(1007);          /* rounded down to 1000 */

    check(es_ring_region(1007) == es_ring_region(1000));
    check(es_ring_reserve(r, 1000 - HEAD + 1) == NULL);
    check(es_ring_reserve(r, UINT32_MAX) == NULL);
    check(append(r, 1, 1000 - HEAD, 1000 - HEAD) == 1);
    check(es_ring_used(r) == 1000);
    check(es_ring_reserve(r, 0) == NULL);

    c = es_ring_begin(r);
    check(es_ring_next(r, &c, &rec) && intact(&rec, 1, 1000 - HEAD));
    es_ring_release(r, c.seq);

    /* 400, 400 and a gap of 200: the third goes to the start when it may */

    check(append(r, 2, 400 - HEAD, 400 - HEAD) == 2);
    check(append(r, 3, 400 - HEAD, 400 - HEAD) == 3);
    check(es_ring_reserve(r, 208 - HEAD) == NULL);
    check(es_ring_next(r, &c, &rec) && rec.seq == 2);
    es_ring_release(r, c.seq);
    check(append(r, 4, 208 - HEAD, 208 - HEAD) == 4);
    check(es_ring_used(r) == 400 + 200 + 208);

    /* full means eight bytes left, as equal ends mean empty */

    check(es_ring_reserve(r, 192 - HEAD) == NULL);
    check(append(r, 5, 184 - HEAD, 184 - HEAD) == 5);
    check(es_ring_reserve(r, 0) == NULL);

    check(es_ring_next(r, &c, &rec) && intact(&rec, 3, 400 - HEAD));
    check(es_ring_next(r, &c, &rec) && intact(&rec, 4, 208 - HEAD));
    check(es_ring_next(r, &c, &rec) && intact(&rec, 5, 184 - HEAD));
    check(!es_ring_next(r, &c, &rec));

    /* what was reserved only is never seen */

    es_ring_release(r, c.seq);
    check(es_ring_reserve(r, 50) != NULL);
    check(!es_ring_next(r, &c, &rec) && es_ring_count(r) == 0);
    check(append(r, 6, 3, 3) == 6);
    check(es_ring_next(r, &c, &rec) && intact(&rec, 6, 3));

    free(r);
}


/* What is acknowledged may be kept: it counts, but no longer waits. */
static void
test_held(void)
{
    es_ring_t         *r;
    es_ring_cursor_t   c;
    es_ring_record_t   rec;

    r = ring_new(1000);

    check(append(r, 1, 8, 8) == 1);
    check(append(r, 2, 8, 8) == 2);
    check(append(r, 3, 8, 8) == 3);
    check(append(r, 4, 8, 8) == 4);
    check(es_ring_waiting(r) == 4);

    es_ring_acknowledge(r, 2, 2);
    check(es_ring_count(r) == 4 && es_ring_waiting(r) == 2 && r->acked == 2);

    /* what was acknowledged once is not counted again */

    es_ring_acknowledge(r, 2, 2);
    es_ring_acknowledge(r, 1, 1);
    check(es_ring_count(r) == 4 && es_ring_waiting(r) == 2 && r->acked == 2);

    c = es_ring_begin(r);
    check(es_ring_next(r, &c, &rec) && rec.seq == 1);

    es_ring_release(r, 1);
    check(es_ring_count(r) == 3 && es_ring_waiting(r) == 2);

    /* a new owner counts them anew */

    atomic_store(&r->held, 77);
    check(es_ring_adopt(r, 1000));
    check(es_ring_count(r) == 3 && es_ring_waiting(r) == 2 && r->acked == 2);

    /* released though it still waits, as what went elsewhere */

    es_ring_release(r, 3);
    check(es_ring_count(r) == 1 && es_ring_waiting(r) == 1);
    es_ring_acknowledge(r, 4, 1);
    check(es_ring_count(r) == 1 && es_ring_waiting(r) == 0);
    es_ring_release(r, 4);
    check(es_ring_count(r) == 0 && es_ring_waiting(r) == 0);

    /* the same by a cursor, with and without a gap in the numbers */

    check(append(r, 1, 8, 8) == 5 && append(r, 2, 8, 8) == 6);
    r->next_seq += 2;
    check(append(r, 3, 8, 8) == 9 && append(r, 4, 8, 8) == 10);
    es_ring_acknowledge(r, 6, 2);
    c = es_ring_begin(r);
    check(es_ring_next(r, &c, &rec) && rec.seq == 5);
    es_ring_release_to(r, c);
    check(es_ring_count(r) == 3 && es_ring_waiting(r) == 2);
    check(es_ring_next(r, &c, &rec) && es_ring_next(r, &c, &rec));
    es_ring_release_to(r, c);
    check(rec.seq == 9 && es_ring_count(r) == 1 && es_ring_waiting(r) == 1);
    check(append(r, 5, 8, 8) == 11 && es_ring_next(r, &c, &rec));
    es_ring_acknowledge(r, 10, 1);
    es_ring_release_to(r, c);
    check(rec.seq == 10 && es_ring_count(r) == 1 && es_ring_waiting(r) == 1);
    es_ring_release_to(r, c);
    check(es_ring_next(r, &c, &rec) && rec.seq == 11);
    es_ring_release_to(r, c);
    check(es_ring_count(r) == 0 && r->ends == 0);

    /* a number that was never given is damage */

    r->acked = r->next_seq;
    check(!es_ring_adopt(r, 1000));
    check(append(r, 5, 8, 8) == 12 && es_ring_waiting(r) == 1);

    free(r);
}


typedef struct {
    uint32_t          args;
    uint32_t          len;
    uint64_t          seq;
} model_t;

static model_t   model[MODEL];
static uint32_t  oldest, next, end;    /* in model; next is the cursor's */


static bool
model_append(es_ring_t *r)
{
    uint32_t  len, max, room;
    model_t  *m;

    len = any(8) ? any(200) : any(900);
    max = len + any(100);
    m = &model[end % MODEL];

    m->args = end;
    m->len = len;
    m->seq = append(r, end, len, max);

    if (m->seq == 0) {
        room = r->size - es_ring_used(r);
        return room <= 2 * ((max + 7) / 8 * 8 + HEAD);
    }

    if (end++ == oldest) {
        return m->seq > 0;
    }

    return m->seq > model[(end - 2) % MODEL].seq;
}


static bool
model_next(es_ring_t *r, es_ring_cursor_t *c)
{
    model_t           *m;
    es_ring_record_t   rec;

    if (!es_ring_next(r, c, &rec)) {
        return next == end;
    }

    m = &model[next % MODEL];

    return next++ < end && rec.seq == m->seq && intact(&rec, m->args, m->len);
}


static void
test_model(void)
{
    int                i, bad, wraps;
    uint32_t           releasing;
    es_ring_t         *r, *moved;
    es_ring_cursor_t   c, saved;

    r = ring_new(4096);
    c = es_ring_begin(r);
    saved = c;
    releasing = 0;
    bad = 0;
    wraps = 0;

    for (i = 0; i < 300000; i++) {

        switch (any(12)) {

        case 0: case 1: case 2: case 3:
            bad += !model_append(r);
            break;

        case 4: case 5: case 6: case 7: case 8:
            bad += !model_next(r, &c);
            break;

        case 9:
            saved = c;
            releasing = next;
            break;

        case 10:
            if (any(2)) {
                es_ring_release(r, saved.seq);

            } else {
                es_ring_release_to(r, saved);
            }

            oldest = releasing > oldest ? releasing : oldest;
            break;

        default:
            if (any(20)) {
                (void) es_ring_reserve(r, any(1000));
                break;
            }

            moved = ring_new(4096);
            memcpy(moved, r, es_ring_region(4096));
            free(r);
            r = moved;
            bad += !es_ring_adopt(r, 4096);
            c = es_ring_begin(r);
            saved = c;
            next = releasing = oldest;
        }

        bad += es_ring_count(r) != end - oldest;
        bad += (r->ends == 0) != (oldest == end);
        wraps += (uint32_t) (r->ends >> 32) > (uint32_t) r->ends;
    }

    check(bad == 0);
    check(wraps > 1000);
    check(end > 10000);

    free(r);
}


static void
test_damage(void)
{
    int                i, found;
    char              *bytes;
    uint32_t           n;
    uint64_t           seq;
    es_ring_t         *r;
    es_ring_cursor_t   c;
    es_ring_record_t   rec;

    found = 0;

    for (i = 0; i < 20000; i++) {
        r = ring_new(512);
        bytes = (char *) r;

        for (n = 0; n < 5; n++) {
            seq = append(r, n, 20 + any(60), 80);
        }

        c = es_ring_begin(r);
        (void) es_ring_next(r, &c, &rec);
        es_ring_release(r, c.seq);
        (void) append(r, n, any(100), 100);

        for (n = any(4); n < 4; n++) {
            bytes[any((uint32_t) es_ring_region(512))] = (char) any(256);
        }

        if (!es_ring_adopt(r, 512)) {
            found++;
            check(es_ring_count(r) == 0);
        }

        c = es_ring_begin(r);
        seq = 0;

        for (n = 0; n < 100 && es_ring_next(r, &c, &rec); n++) {
            check(rec.seq > seq);
            check((char *) rec.data + rec.len <= bytes + es_ring_region(512));
            seq = rec.seq;
        }

        check(n == es_ring_count(r));
        es_ring_release(r, c.seq);
        check(append(r, 7, 300, 300) > seq);
        check(es_ring_next(r, &c, &rec) && intact(&rec, 7, 300));
        free(r);
    }

    check(found > 1000 && found < 19000);

    /* what another size says of the same memory is not to be believed */

    r = ring_new(512);
    check(es_ring_adopt(r, 512));
    check(!es_ring_adopt(r, 504) && r->size == 504 && r->producer == 77);
    free(r);
}


/* What the child tells of itself, outside the ring. */
typedef struct {
    _Atomic uint32_t  committed;   /* args of the last commit that returned */
    _Atomic uint32_t  releasing;   /* all up to here may be gone */
    _Atomic uint32_t  released;    /* all up to here must be */
    _Atomic uint32_t  turns;
    _Atomic uint64_t  seq;         /* the last number handed out */
    es_ring_t         ring;
} killed_t;

#define KILLED_SIZE  (sizeof(killed_t) + STEP_SIZE)


static void
killed_turn(killed_t *k)
{
    uint32_t          n;
    uint64_t          seq;
    es_ring_cursor_t  c;
    es_ring_record_t  rec;

    for ( ;; ) {
        n = k->committed + 1;
        seq = append(&k->ring, n, length(n), length(n));

        if (seq == 0) {
            break;
        }

        k->seq = seq;
        k->committed = n;
    }

    c = es_ring_begin(&k->ring);
    n = ++k->turns % 3;          /* 0: all of them */

    do {
        if (!es_ring_next(&k->ring, &c, &rec)) {
            break;
        }

        k->releasing = rec.args;
    } while (--n != 0);

    es_ring_release(&k->ring, c.seq);
    k->released = k->releasing;
}


static void
killed_work(void *shared)
{
    for ( ;; ) {
        killed_turn(shared);
    }
}


/* Long enough for the ring to wrap around and to become empty. */
static void
step_work(void *shared)
{
    int  i;

    for (i = 0; i < 7; i++) {
        killed_turn(shared);
    }
}


/* All that was committed and not released is there, once and in order. */
static void
killed_verify(killed_t *k)
{
    uint32_t          first, args, n;
    uint64_t          seq, last;
    es_ring_cursor_t  c;
    es_ring_record_t  rec;

    check(es_ring_adopt(&k->ring, STEP_SIZE));

    c = es_ring_begin(&k->ring);
    first = 0;
    args = 0;
    seq = 0;

    for (n = 0; es_ring_next(&k->ring, &c, &rec); n++) {
        check(intact(&rec, rec.args, length(rec.args)));
        check(rec.seq > seq);

        if (n == 0) {
            first = rec.args;
            check(first > k->released && first <= k->releasing + 1);

        } else {
            check(rec.args == args + 1);
        }

        args = rec.args;
        seq = rec.seq;
    }

    check(n == es_ring_count(&k->ring));

    if (n == 0) {
        check(k->releasing >= k->committed);
        args = k->releasing;
    }

    check(args == k->committed || args == k->committed + 1);

    k->committed = args;
    k->releasing = args;
    k->released = args;
    es_ring_release(&k->ring, c.seq);

    last = append(&k->ring, args + 1, length(args + 1), 32);
    check(last > seq && last > k->seq);

    k->seq = last;
    k->committed = args + 1;
}


static void
step_look(const void *shared)
{
    static char       copy[KILLED_SIZE] __attribute__((aligned(8)));
    static uint64_t   highest;
    uint64_t          seq;
    killed_t         *k;

    memcpy(copy, shared, KILLED_SIZE);
    k = (killed_t *) copy;

    /* a number that anybody may have seen here is not given again later */

    seq = k->ring.next_seq - 1;
    check(seq >= highest);
    highest = seq;

    killed_verify(k);
}


static void
test_kill(void)
{
    int        i;
    long       states;
    killed_t  *k;

    k = check_shared(KILLED_SIZE);
    es_ring_init(&k->ring, STEP_SIZE, 77);

    states = check_each_step(step_work, step_look, k, KILLED_SIZE);
    check(states == 0 || states > 200);
    check(states == 0 || (k->ring.released > 8 && k->committed > 12));

    killed_verify(k);

    for (i = 0; i < 150; i++) {
        check_kill(killed_work, k, any(1500));
        killed_verify(k);
    }

    check(k->committed > 1000);

    munmap(k, KILLED_SIZE);
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(noise); i++) {
        noise[i] = (char) any(256);
    }

    test_walk();
    test_room();
    test_held();
    test_model();
    test_damage();
    test_kill();

    return check_done();
}
