/*
 * SipHash, the keyed hash by Jean-Philippe Aumasson and Daniel J. Bernstein
 * ("SipHash: a fast short-input PRF", 2012): who does not know the key can
 * neither foretell a value nor find two inputs with the same one.
 */
#ifndef ES_SIPHASH_H
#define ES_SIPHASH_H

#include "es.h"


#define ES_SIPHASH_KEY  16


/* SipHash-2-4. data may be NULL when len is 0. */
uint64_t es_siphash(const uint8_t key[ES_SIPHASH_KEY], const void *data,
    size_t len);

/* SipHash-2-4 with the 128-bit result that its authors added later: a MAC. */
void es_siphash128(const uint8_t key[ES_SIPHASH_KEY], const void *data,
    size_t len, uint8_t out[16]);

/* SipHash-1-3, half the work: for hash tables, not for signatures. */
uint64_t es_siphash13(const uint8_t key[ES_SIPHASH_KEY], const void *data,
    size_t len);

#endif
