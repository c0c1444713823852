#include "siphash.h"
#include "word.h"


typedef struct {
    uint64_t  a, b, c, d;         /* v0 to v3 of the paper */
} siphash_t;


static inline uint64_t
siphash_rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}


static inline void
siphash_round(siphash_t *s)
{
    s->a += s->b;
    s->c += s->d;
    s->b = siphash_rotate(s->b, 13) ^ s->a;
    s->d = siphash_rotate(s->d, 16) ^ s->c;
    s->a = siphash_rotate(s->a, 32) + s->d;
    s->c += s->b;
    s->d = siphash_rotate(s->d, 21) ^ s->a;
    s->b = siphash_rotate(s->b, 17) ^ s->c;
    s->c = siphash_rotate(s->c, 32);
}


/* One or two rounds over a word of the message */
static inline __attribute__((always_inline)) void
siphash_compress(siphash_t *s, uint64_t w, unsigned rounds)
{
    s->d ^= w;
    siphash_round(s);

    if (rounds == 2) {
        siphash_round(s);
    }

    s->a ^= w;
}


static inline void
siphash_init(siphash_t *s, const uint8_t *key)
{
    uint64_t  k0, k1;

    k0 = es_word_load(key);
    k1 = es_word_load(key + 8);

    s->a = k0 ^ UINT64_C(0x736f6d6570736575);
    s->b = k1 ^ UINT64_C(0x646f72616e646f6d);
    s->c = k0 ^ UINT64_C(0x6c7967656e657261);
    s->d = k1 ^ UINT64_C(0x7465646279746573);
}


/* The last bytes, less than a word, and the length above them. */
static inline uint64_t
siphash_last(const uint8_t *p, size_t len)
{
    unsigned  left = len & 7;
    uint64_t  w = (uint64_t) len << 56;

    if (left == 0) {
        return w;
    }

    if (len > 8) {
        /* there are bytes in front: take eight, shift those out */
        return w | es_word_load(p + left - 8) >> 8 * (8 - left);
    }

    while (left--) {
        w |= (uint64_t) p[left] << 8 * left;
    }

    return w;
}


/* In line, so that the number of rounds is a constant in each of the three. */
static inline __attribute__((always_inline)) void
siphash_update(siphash_t *s, const void *data, size_t len, unsigned rounds)
{
    const uint8_t  *p, *last;

    p = data;

    if (len >= 8) {
        for (last = p + (len & ~(size_t) 7); p < last; p += 8) {
            siphash_compress(s, es_word_load(p), rounds);
        }
    }

    siphash_compress(s, siphash_last(p, len), rounds);
}


static inline uint64_t
siphash_result(const siphash_t *s)
{
    return s->a ^ s->b ^ s->c ^ s->d;
}


/* The last rounds: three of them, and a fourth for SipHash-2-4 */
static inline void
siphash_finish(siphash_t *s)
{
    siphash_round(s);
    siphash_round(s);
    siphash_round(s);
}


uint64_t
es_siphash(const uint8_t key[ES_SIPHASH_KEY], const void *data, size_t len)
{
    siphash_t  s;

    siphash_init(&s, key);
    siphash_update(&s, data, len, 2);
    s.c ^= 0xff;
    siphash_finish(&s);
    siphash_round(&s);

    return siphash_result(&s);
}


uint64_t
es_siphash13(const uint8_t key[ES_SIPHASH_KEY], const void *data, size_t len)
{
    siphash_t  s;

    siphash_init(&s, key);
    siphash_update(&s, data, len, 1);
    s.c ^= 0xff;
    siphash_finish(&s);

    return siphash_result(&s);
}


void
es_siphash128(const uint8_t key[ES_SIPHASH_KEY], const void *data, size_t len,
    uint8_t out[16])
{
    uint64_t   low, high;
    siphash_t  s;

    siphash_init(&s, key);
    s.b ^= 0xee;
    siphash_update(&s, data, len, 2);

    s.c ^= 0xee;
    siphash_finish(&s);
    siphash_round(&s);
    low = siphash_result(&s);

    s.b ^= 0xdd;
    siphash_finish(&s);
    siphash_round(&s);
    high = siphash_result(&s);

    es_word_store(out, low);
    es_word_store(out + 8, high);
}
