/*
 * URLs that go into a response's header: written so that nothing in them can
 * end the header, or the angle brackets they stand in.
 */
#ifndef ES_URL_H
#define ES_URL_H

#include "es.h"


/* How much longer an escaped text may get */
#define ES_URL_ESCAPED  3

/*
 * Copies a URL, or a part of one, with percent-encoding for each byte that no
 * URL has (RFC 3986, section 2): controls, blanks, from 0x7f on, and
 * "<>\^`{|}. A "%" stays. There is room for ES_URL_ESCAPED times the length at
 * out; the length written.
 */
size_t es_url_escape(char *out, es_str_t url);

/* The same for a decoded path: "%", "?" and "#" are escaped, too. */
size_t es_url_encode_path(char *out, es_str_t path);

/*
 * The path of a request's target as the client sent it: up to "?" or "#".
 */
es_str_t es_url_path(es_str_t target);

/*
 * Are the segments of an encoded path those of the same path decoded and
 * normalized? Not where there are empty ones, such as begin with a dot, or
 * encoded slashes or dots; some that would be the same are not said to be.
 */
bool es_url_path_plain(es_str_t path);

#endif
