/*
 * Who is it? The visitor's id, and the signed token of it that our cookie
 * carries, so that nobody can make up an id or take over another's.
 *
 * An id of our own is 128 random bits as 32 lower-case hex digits; its token is
 * "ID.MAC", where MAC is the SipHash-2-4-128 of a tag of our own and the id's
 * text, as 32 lower-case hex digits.
 */
#ifndef ES_VISITOR_H
#define ES_VISITOR_H

#include "es.h"
#include "siphash.h"


#define ES_VISITOR_ID     32
#define ES_VISITOR_TOKEN  (ES_VISITOR_ID + 1 + 32)


/* Two lower-case hex digits for each of the n bytes, not terminated */
void es_hex(char *dst, const uint8_t *src, size_t n);

/* The token of an id of our own; neither is terminated. */
void es_visitor_token(const uint8_t key[ES_SIPHASH_KEY],
    const char id[ES_VISITOR_ID], char token[ES_VISITOR_TOKEN]);

/*
 * The index of the key with which the token was made, and the id in it; -1 and
 * the id untouched for anything that es_visitor_token() did not make with one
 * of these keys. How long it takes does not tell how near a forged MAC was.
 */
int es_visitor_verify(const uint8_t (*keys)[ES_SIPHASH_KEY], size_t nkeys,
    es_str_t token, char id[ES_VISITOR_ID]);

/* May this be an id at all, ours or the site's? [A-Za-z0-9._-]{1,64} */
bool es_visitor_id_valid(es_str_t id);

#endif
