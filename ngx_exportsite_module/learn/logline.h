/*
 * A line of a web server's access log in the "combined" format, as nginx and
 * Apache write it:
 *
 *     $remote_addr - $remote_user [$time_local] "$request" $status
 *     $body_bytes_sent "$http_referer" "$http_user_agent"
 *
 * What follows the agent is passed over. In front there may be the site's name,
 * as Apache's "vhost_combined" has it: "example.com:443 192.0.2.1 - - [...".
 */
#ifndef ES_LOGLINE_H
#define ES_LOGLINE_H

#include "../core/es.h"


/* What is "-" in the log is empty here. */
typedef struct {
    es_str_t  host;               /* as it stands there, without the port */
    es_str_t  address;            /* mostly an IP address; never empty */
    uint64_t  time;               /* ms since 1970 */
    es_str_t  request;            /* "GET /path?query HTTP/1.1", or anything */
    uint32_t  status;             /* three digits */
    es_str_t  referrer;
    es_str_t  agent;
} es_logline_t;

/* A request line taken apart */
typedef struct {
    es_str_t  method;
    es_str_t  path;               /* decoded, begins with "/" */
    es_str_t  args;               /* what follows "?", as it stands there */
} es_logline_request_t;


/*
 * Reads a line, given without the end of line; false if it is none of this
 * format, and the text is untouched then. Else its escapes ("\x22", "\"") are
 * undone in place, and the result points into it. The strings may hold any
 * bytes.
 */
bool es_logline_parse(es_logline_t *line, char *text, size_t len);

/*
 * Reads a request line; false if it is no request of HTTP/1.0 or later for a
 * path. The path is what nginx makes of it: escapes decoded, "//" one slash,
 * "." and ".." followed. False, too, for what nginx answers with 400: a "%"
 * without two hex digits, "%00", and ".." that leads out of the root. The
 * target may stand there with scheme and host. buf needs the request's length.
 */
bool es_logline_request(es_logline_request_t *request, es_str_t text,
    char *buf);

#endif
