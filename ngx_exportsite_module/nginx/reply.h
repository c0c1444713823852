/*
 * An answer that an endpoint of the module makes up itself: text put together
 * piece by piece, as long as it gets, and sent with a type.
 */
#ifndef NGX_EXPORTSITE_REPLY_H
#define NGX_EXPORTSITE_REPLY_H

#include "compat.h"


typedef struct {
    ngx_http_request_t  *request;
    ngx_chain_t         *first;
    ngx_chain_t         *last;
    off_t                size;
    unsigned             failed:1;       /* a piece is missing */
} ngx_exportsite_reply_t;

/* What stands for a byte below 0x80; NULL: the byte itself. */
typedef const char *(*ngx_exportsite_escape_pt)(u_char c);


/* Begins an empty answer; its bytes are taken from the request's pool. */
void ngx_exportsite_reply_init(ngx_exportsite_reply_t *reply,
    ngx_http_request_t *r);

/* Appends a copy. What cannot be appended makes send() answer 500. */
void ngx_exportsite_reply_add(ngx_exportsite_reply_t *reply, const void *data,
    size_t len);

void ngx_exportsite_reply_text(ngx_exportsite_reply_t *reply,
    const char *text);

/* The same by ngx_sprintf()'s format, for less than 512 bytes. */
void ngx_exportsite_reply_print(ngx_exportsite_reply_t *reply,
    const char *format, ...);

/* The same for foreign text; each byte that is no UTF-8 becomes a "?". */
void ngx_exportsite_reply_escaped(ngx_exportsite_reply_t *reply, es_str_t text,
    ngx_exportsite_escape_pt escape);

/* Adds a response header; both strings live as long as the request. */
void ngx_exportsite_reply_header(ngx_exportsite_reply_t *reply,
    const char *name, const char *value);

/*
 * Answers, never to be cached. type is the whole Content-Type, with a charset
 * where it should have one: as it is, no filter takes the answer for one of
 * the site's pages, and no view is made of it.
 */
ngx_int_t ngx_exportsite_reply_send(ngx_exportsite_reply_t *reply,
    ngx_uint_t status, const char *type);

#endif
