/* The Cookie header as a server reads it (RFC 6265, section 4.2). */
#ifndef ES_COOKIE_H
#define ES_COOKIE_H

#include "es.h"


/*
 * The value of the first cookie of this name in one Cookie header's value;
 * false if there is none. Names differ by case. Blanks around name and value
 * and one pair of double quotes around the value are not part of them; what has
 * no "=" is no cookie. The value points into the header and may be empty.
 */
bool es_cookie_find(es_str_t header, es_str_t name, es_str_t *value);

#endif
