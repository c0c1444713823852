/*
 * Whose page is it that sends something? The Origin header (RFC 6454, section
 * 7) held against the Host of the request, and against hosts named beforehand.
 */
#ifndef ES_ORIGIN_H
#define ES_ORIGIN_H

#include "es.h"


/* "host" or "host:port"; the host as it stands there, IPv6 in brackets */
typedef struct {
    es_str_t  host;
    uint32_t  port;               /* 0: none given */
} es_authority_t;

/* What an Origin header names; the port is never 0. */
typedef struct {
    es_str_t  host;
    uint32_t  port;
    uint32_t  implied;            /* the port that its scheme implies */
} es_origin_t;


/*
 * False for what is neither host nor host:port: letters, digits, ".", "-" and
 * "_", 253 at most, or an address in brackets; a port from 1 to 65535. The
 * result points into text.
 */
bool es_authority_parse(es_str_t text, es_authority_t *authority);

/*
 * False for anything but "http://" or "https://" with host or host:port behind
 * it, so for "null" and for several origins. The result points into text.
 */
bool es_origin_parse(es_str_t text, es_origin_t *origin);

/*
 * Is it the origin of the server that is asked as this Host? Scheme and port of
 * the server itself are not looked at: it may stand behind one that does TLS. A
 * Host without a port means the one that the origin's scheme implies.
 */
bool es_origin_same(const es_origin_t *origin, es_str_t host);

/* Is it this one? A host without a port stands for all of its ports. */
bool es_origin_named(const es_origin_t *origin, const es_authority_t *named);

#endif
