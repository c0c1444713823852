/* What the files of the log's reader share. */
#ifndef ES_LOGLINE_PARTS_H
#define ES_LOGLINE_PARTS_H

#include "common.h"


/* The value of two hex digits at p; -1 if they are none. */
static inline int
es_logline_hex(const char *p)
{
    int   i, value;
    char  c;

    for (i = 0, value = 0; i < 2; i++) {
        c = es_lower(p[i]);

        if (es_is_digit(c)) {
            value = value << 4 | (c - '0');

        } else if (c >= 'a' && c <= 'f') {
            value = value << 4 | (c - 'a' + 10);

        } else {
            return -1;
        }
    }

    return value;
}

#endif
