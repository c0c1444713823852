/*
 * Safe against a kill between any two instructions: what lies outside the ends
 * means nothing, `ends` changes by one store, and that store comes after all it
 * vouches for (the record, the next number) and before any reuse of what it
 * gives back. count, held and released follow later; adoption computes them
 * anew.
 * A killed process loses no store that it has executed, so it is the compiler
 * that must keep this order.
 */
#include "ring.h"


#define ES_RING_WRAP  UINT32_MAX   /* in place of a length: go on at offset 0 */

typedef struct {
    uint32_t  len;
    uint32_t  args;
    uint64_t  seq;
    uint64_t  at_ms;
    char      data[];
} es_ring_head_t;


static inline es_ring_head_t *
es_ring_at(const es_ring_t *r, uint32_t offset)
{
    return (es_ring_head_t *) (uintptr_t) (r->data + offset);
}


/* Bytes that a record of len bytes takes, in 64 bits as len may be anything. */
static inline uint64_t
es_ring_needs(uint32_t len)
{
    return (sizeof(es_ring_head_t) + (uint64_t) len + 7) & ~(uint64_t) 7;
}


static inline uint64_t
es_ring_pack(uint32_t head, uint32_t tail)
{
    return (uint64_t) head << 32 | tail;
}


/* Whether the queue, wrapped around, goes on at offset 0 from here. */
static inline bool
es_ring_wraps(const es_ring_t *r, uint32_t at, uint32_t tail)
{
    return at > tail
           && (at == r->size || es_ring_at(r, at)->len == ES_RING_WRAP);
}


static inline uint32_t
es_ring_round(uint32_t size)
{
    return size & ~(uint32_t) 7;
}


size_t
es_ring_region(uint32_t size)
{
    return sizeof(es_ring_t) + es_ring_round(size);
}


void
es_ring_init(es_ring_t *r, uint32_t size, uint64_t producer)
{
    atomic_store_explicit(&r->ends, 0, memory_order_release);
    atomic_store_explicit(&r->count, 0, memory_order_relaxed);
    atomic_store_explicit(&r->held, 0, memory_order_relaxed);

    r->producer = producer;
    r->next_seq = 1;
    r->released = 0;
    r->acked = 0;
    r->size = es_ring_round(size);
    r->place = 0;
}


char *
es_ring_reserve(es_ring_t *r, uint32_t max)
{
    uint64_t  ends, need;
    uint32_t  head, tail, place;

    ends = atomic_load_explicit(&r->ends, memory_order_relaxed);
    head = (uint32_t) (ends >> 32);
    tail = (uint32_t) ends;
    need = es_ring_needs(max);
    place = tail;

    /* the tail never catches up with the head: equal ends mean empty */

    if (tail < head) {
        if (need >= head - tail) {
            return NULL;
        }

    } else if (need > r->size - tail) {
        if (need >= head) {
            return NULL;
        }

        if (tail < r->size) {
            es_ring_at(r, tail)->len = ES_RING_WRAP;
        }

        place = 0;
    }

    r->place = place;

    return es_ring_at(r, place)->data;
}


uint64_t
es_ring_commit(es_ring_t *r, uint32_t len, uint32_t args, uint64_t now_ms)
{
    uint64_t         seq, ends;
    uint32_t         tail;
    es_ring_head_t  *h;

    h = es_ring_at(r, r->place);
    seq = r->next_seq;

    h->len = len;
    h->args = args;
    h->seq = seq;
    h->at_ms = now_ms;

    r->next_seq = seq + 1;

    ends = atomic_load_explicit(&r->ends, memory_order_relaxed);
    tail = r->place + (uint32_t) es_ring_needs(len);

    atomic_store_explicit(&r->ends, es_ring_pack((uint32_t) (ends >> 32), tail),
                          memory_order_release);

    atomic_store_explicit(&r->count, es_ring_count(r) + 1,
                          memory_order_relaxed);

    return seq;
}


es_ring_cursor_t
es_ring_begin(const es_ring_t *r)
{
    return (es_ring_cursor_t) { r->released, 0 };
}


bool
es_ring_next(const es_ring_t *r, es_ring_cursor_t *c, es_ring_record_t *rec)
{
    uint64_t               ends;
    uint32_t               at, tail;
    const es_ring_head_t  *h;

    ends = atomic_load_explicit(&r->ends, memory_order_relaxed);
    tail = (uint32_t) ends;

    /* what the cursor stands behind may be gone, and its offset with it */

    at = c->seq <= r->released ? (uint32_t) (ends >> 32) : c->offset;

    if (at == tail) {
        return false;
    }

    if (es_ring_wraps(r, at, tail)) {
        at = 0;
    }

    h = es_ring_at(r, at);

    rec->seq = h->seq;
    rec->at_ms = h->at_ms;
    rec->args = h->args;
    rec->len = h->len;
    rec->data = h->data;

    c->seq = h->seq;
    c->offset = at + (uint32_t) es_ring_needs(h->len);

    return true;
}


void
es_ring_acknowledge(es_ring_t *r, uint64_t seq, uint32_t n)
{
    if (seq > r->acked) {
        r->acked = seq;
        atomic_fetch_add_explicit(&r->held, n, memory_order_relaxed);
    }
}


/* The queue begins behind the cursor now; count and held are what remains. */
static void
es_ring_begin_at(es_ring_t *r, es_ring_cursor_t c, uint32_t count,
    uint32_t held)
{
    uint64_t  ends;
    uint32_t  tail;

    ends = atomic_load_explicit(&r->ends, memory_order_relaxed);
    tail = (uint32_t) ends;
    ends = c.offset == tail ? 0 : es_ring_pack(c.offset, tail);

    atomic_store_explicit(&r->ends, ends, memory_order_release);

    /* no byte of a later record may be written before that */
    atomic_signal_fence(memory_order_seq_cst);

    r->released = c.seq;
    atomic_store_explicit(&r->count, count, memory_order_relaxed);
    atomic_store_explicit(&r->held, held, memory_order_relaxed);
}


void
es_ring_release(es_ring_t *r, uint64_t seq)
{
    uint32_t          count, held;
    es_ring_cursor_t  c;
    es_ring_record_t  rec;

    c = es_ring_begin(r);
    count = es_ring_count(r);
    held = atomic_load_explicit(&r->held, memory_order_relaxed);

    while (c.seq < seq && es_ring_next(r, &c, &rec)) {
        count--;
        held -= rec.seq <= r->acked;
    }

    if (c.seq != r->released) {
        es_ring_begin_at(r, c, count, held);
    }
}


void
es_ring_release_to(es_ring_t *r, es_ring_cursor_t upto)
{
    uint64_t  last;
    uint32_t  count, held;

    if (upto.seq <= r->released) {
        return;
    }

    count = es_ring_count(r);

    if (r->next_seq - 1 - r->released != count) {
        /* a kill has left a gap in the numbers: they do not tell how many */
        es_ring_release(r, upto.seq);
        return;
    }

    held = atomic_load_explicit(&r->held, memory_order_relaxed);
    last = upto.seq < r->acked ? upto.seq : r->acked;

    if (last > r->released) {
        held -= (uint32_t) (last - r->released);
    }

    es_ring_begin_at(r, upto, count - (uint32_t) (upto.seq - r->released),
                     held);
}


/* Walks the records as if any byte could be wrong. */
static bool
es_ring_sound(const es_ring_t *r, uint32_t head, uint32_t tail,
    uint64_t *first, uint32_t *count, uint32_t *held)
{
    uint32_t               at, end;
    uint64_t               last;
    const es_ring_head_t  *h;

    *first = 0;
    *count = 0;
    *held = 0;

    if (((head | tail) & 7) || head > r->size || tail > r->size
        || r->next_seq == 0 || r->acked >= r->next_seq
        || (tail == 0 && head != 0) || (head == tail && head != 0))
    {
        return false;
    }

    last = 0;

    for (at = head; at != tail; at += (uint32_t) es_ring_needs(h->len)) {

        if (es_ring_wraps(r, at, tail)) {
            at = 0;
        }

        h = es_ring_at(r, at);
        end = at < tail ? tail : r->size;

        if (end - at < sizeof(es_ring_head_t)
            || es_ring_needs(h->len) > end - at
            || h->seq <= last || h->seq >= r->next_seq)
        {
            return false;
        }

        last = h->seq;
        *held += last <= r->acked;

        if ((*count)++ == 0) {
            *first = last;
        }
    }

    return true;
}


bool
es_ring_adopt(es_ring_t *r, uint32_t size)
{
    uint64_t  ends, first, next_seq;
    uint32_t  count, held;

    ends = atomic_load_explicit(&r->ends, memory_order_acquire);

    if (r->size != es_ring_round(size)
        || !es_ring_sound(r, (uint32_t) (ends >> 32), (uint32_t) ends, &first,
                          &count, &held))
    {
        next_seq = r->next_seq;
        es_ring_init(r, size, r->producer);

        if (next_seq != 0) {
            r->next_seq = next_seq;
            r->released = next_seq - 1;
            r->acked = next_seq - 1;
        }

        return false;
    }

    r->released = (count ? first : r->next_seq) - 1;
    atomic_store_explicit(&r->count, count, memory_order_relaxed);
    atomic_store_explicit(&r->held, held, memory_order_relaxed);

    return true;
}


uint32_t
es_ring_used(const es_ring_t *r)
{
    uint64_t  ends;
    uint32_t  head, tail;

    ends = atomic_load_explicit(&r->ends, memory_order_relaxed);
    head = (uint32_t) (ends >> 32);
    tail = (uint32_t) ends;

    return head <= tail ? tail - head : r->size - head + tail;
}


uint32_t
es_ring_count(const es_ring_t *r)
{
    return atomic_load_explicit(&r->count, memory_order_relaxed);
}


uint32_t
es_ring_waiting(const es_ring_t *r)
{
    uint32_t  count, held;

    count = es_ring_count(r);
    held = atomic_load_explicit(&r->held, memory_order_relaxed);

    /* another process may see one of them changed and not yet the other */
    return count > held ? count - held : 0;
}
