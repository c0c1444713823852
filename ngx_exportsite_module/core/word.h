/*
 * Eight bytes at a time: the few sums that let a whole word of text be looked
 * at for the price of a byte. The first byte in memory is always the lowest of
 * the word, on machines of either byte order.
 */
#ifndef ES_WORD_H
#define ES_WORD_H

#include "es.h"


#define ES_WORD_ONES   UINT64_C(0x0101010101010101)
#define ES_WORD_HIGHS  UINT64_C(0x8080808080808080)

/* The word of up to eight characters, for case labels; 0 where there is none */
#define ES_WORD(a, b, c, d, e, f, g, h)                                       \
    ((uint64_t) (a) | (uint64_t) (b) << 8 | (uint64_t) (c) << 16              \
     | (uint64_t) (d) << 24 | (uint64_t) (e) << 32 | (uint64_t) (f) << 40     \
     | (uint64_t) (g) << 48 | (uint64_t) (h) << 56)


static inline uint64_t
es_word_load(const void *p)
{
    uint64_t  w;

    memcpy(&w, p, 8);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    w = __builtin_bswap64(w);
#endif

    return w;
}


static inline void
es_word_store(void *p, uint64_t w)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    w = __builtin_bswap64(w);
#endif

    memcpy(p, &w, 8);
}


/*
 * A word that holds each of the n bytes at p, some of them more than once and
 * in no order; n is 1 to 7. For questions of the kind "is there one that ...".
 */
static inline uint64_t
es_word_gather(const char *p, size_t n)
{
    uint32_t  a, b;
    uint16_t  c, d;

    if (n >= 4) {
        memcpy(&a, p, 4);
        memcpy(&b, p + n - 4, 4);

        return (uint64_t) b << 32 | a;
    }

    if (n >= 2) {
        memcpy(&c, p, 2);
        memcpy(&d, p + n - 2, 2);

        return ((uint64_t) d << 16 | c) * UINT64_C(0x0000000100000001);
    }

    return (uint8_t) *p * ES_WORD_ONES;
}


/* Is there a control character, a DEL or a byte from 0x80 on? 0 if not. */
static inline uint64_t
es_word_unplain(uint64_t w)
{
    /*
     * As long as all bytes are plain none of the sums carries or borrows, so
     * the lowest byte that is not plain shows itself whatever is above it.
     */
    return ((w - 0x20 * ES_WORD_ONES) | (w + ES_WORD_ONES) | w)
           & ES_WORD_HIGHS;
}


/* Is there this character? 0 if not. */
static inline uint64_t
es_word_has(uint64_t w, char c)
{
    w ^= (uint8_t) c * ES_WORD_ONES;

    return (w - ES_WORD_ONES) & ~w & ES_WORD_HIGHS;
}


/* 0x80 in each byte that is between the two ASCII characters, both included */
static inline uint64_t
es_word_between(uint64_t w, char first, char last)
{
    uint64_t  low = w & ~ES_WORD_HIGHS;

    /* the high bits: from the first on, but not beyond the last */
    return ((low + (0x80 - (uint64_t) first) * ES_WORD_ONES)
            ^ (low + (0x7f - (uint64_t) last) * ES_WORD_ONES))
           & ~w & ES_WORD_HIGHS;
}

#endif
