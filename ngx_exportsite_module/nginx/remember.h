/*
 * Answers remembered by the text of the question: a small table in which a
 * newer answer takes an older one's place, for headers that thousands of
 * requests repeat. The text itself is compared, so the hash need not withstand
 * anyone.
 */
#ifndef NGX_EXPORTSITE_REMEMBER_H
#define NGX_EXPORTSITE_REMEMBER_H

#include "compat.h"


#define NGX_EXPORTSITE_REMEMBER       512
#define NGX_EXPORTSITE_REMEMBER_TEXT  240         /* longer ones are not */

typedef struct {
    uint16_t  len;                                /* plus one; 0: free */
    int16_t   answer;
    uint32_t  salt;
    u_char    text[NGX_EXPORTSITE_REMEMBER_TEXT];
} ngx_exportsite_remembered_t;

typedef struct {
    ngx_exportsite_remembered_t  place[NGX_EXPORTSITE_REMEMBER];
} ngx_exportsite_remember_t;


/*
 * The place of a text; salt tells apart questions of the same text. What lies
 * there answers it if ngx_exportsite_recall() says so. NULL for a long text.
 */
static ngx_inline ngx_exportsite_remembered_t *
ngx_exportsite_remember_place(ngx_exportsite_remember_t *table, ngx_str_t *text,
    uint32_t salt)
{
    size_t         step;
    uint64_t       h, word;
    const u_char  *p, *last;

    if (text->len > NGX_EXPORTSITE_REMEMBER_TEXT) {
        return NULL;
    }

    h = salt + text->len;
    word = 0;

    if (text->len >= 8) {
        /* some words of a long text are enough to spread the places */
        last = text->data + text->len - 8;
        step = ngx_max(text->len / 6, 8);

        for (p = text->data; p < last; p += step) {
            ngx_memcpy(&word, p, 8);
            h = (h ^ word) * 0x9e3779b97f4a7c15ull;
            h ^= h >> 29;
        }

        ngx_memcpy(&word, last, 8);

    } else if (text->len != 0) {
        ngx_memcpy(&word, text->data, text->len);
    }

    h = (h ^ word) * 0x9e3779b97f4a7c15ull;

    return &table->place[(h >> 40) % NGX_EXPORTSITE_REMEMBER];
}


static ngx_inline ngx_uint_t
ngx_exportsite_recall(const ngx_exportsite_remembered_t *place,
    ngx_str_t *text, uint32_t salt)
{
    return place != NULL && place->len == text->len + 1 && place->salt == salt
           && (text->len == 0
               || ngx_memcmp(place->text, text->data, text->len) == 0);
}


static ngx_inline void
ngx_exportsite_remember(ngx_exportsite_remembered_t *place, ngx_str_t *text,
    uint32_t salt, ngx_int_t answer)
{
    if (place != NULL) {
        place->len = (uint16_t) (text->len + 1);
        place->salt = salt;
        place->answer = (int16_t) answer;

        if (text->len != 0) {
            ngx_memcpy(place->text, text->data, text->len);
        }
    }
}

#endif
