/*
 * What the files of learn/ share: whole numbers as text, of which ids, events
 * and states are full.
 */
#ifndef ES_COMMON_H
#define ES_COMMON_H

#include "../core/es.h"


#define ES_NUMBER_DIGITS  20           /* of the longest one */


static inline bool
es_is_digit(char c)
{
    return c >= '0' && c <= '9';
}


/* Takes digits off the front; false if there are none, or beyond a uint64_t. */
static inline bool
es_number_take(es_str_t *text, uint64_t *n)
{
    size_t    i;
    uint64_t  digit;

    *n = 0;

    for (i = 0; i < text->len && es_is_digit(text->data[i]); i++) {
        digit = (uint64_t) (text->data[i] - '0');

        if (*n > (UINT64_MAX - digit) / 10) {
            return false;
        }

        *n = *n * 10 + digit;
    }

    text->data += i;
    text->len -= i;

    return i > 0;
}


/* Writes the digits of n in front of end; where they begin. */
static inline char *
es_number_put(char *end, uint64_t n)
{
    do {
        *--end = (char) ('0' + n % 10);
        n /= 10;
    } while (n);

    return end;
}


#endif
