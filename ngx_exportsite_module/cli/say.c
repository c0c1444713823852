/* What the program says, and how it shows text that others wrote. */
#include <stdarg.h>
#include <stdlib.h>

#include "../core/text.h"
#include "cli.h"


#define ES_SHOWN_MAX  512
#define ES_SHOWN      8


es_str_t
es_text(const char *text)
{
    return (es_str_t) { strlen(text), text };
}


es_str_t
es_reply_text(const redisReply *reply)
{
    return (es_str_t) { reply->len, reply->str };
}


es_str_t
es_shown_next(es_str_t *text)
{
    size_t    len;
    uint8_t   c;
    es_str_t  piece;

    if (text->len == 0) {
        return es_null_str;
    }

    c = (uint8_t) text->data[0];
    len = es_utf8_length(text->data, text->len);
    piece = (es_str_t) { len, text->data };

    /* C1 controls, which terminals obey, are two bytes in UTF-8 */

    if (len == 0 || c < 0x20 || c == 0x7f
        || (c == 0xc2 && (uint8_t) text->data[1] < 0xa0))
    {
        piece = es_str("?");
        len = len ? len : 1;
    }

    text->data += len;
    text->len -= len;

    return piece;
}


void
es_print(FILE *out, es_str_t text)
{
    es_str_t  piece;

    for (piece = es_shown_next(&text);
         piece.len > 0;
         piece = es_shown_next(&text))
    {
        fwrite(piece.data, 1, piece.len, out);
    }
}


const char *
es_shown(es_str_t text)
{
    char            *p;
    es_str_t         piece;
    static char      buf[ES_SHOWN][ES_SHOWN_MAX];
    static unsigned  next;

    p = buf[next++ % ES_SHOWN];

    for (piece = es_shown_next(&text);
         piece.len > 0;
         piece = es_shown_next(&text))
    {
        if (p + piece.len + sizeof("...")
            > buf[(next - 1) % ES_SHOWN] + ES_SHOWN_MAX)
        {
            memcpy(p, "...", 3);
            p += 3;
            break;
        }

        memcpy(p, piece.data, piece.len);
        p += piece.len;
    }

    *p = '\0';

    return buf[(next - 1) % ES_SHOWN];
}


static void
es_complain(const char *format, va_list args)
{
    es_progress_end();
    fflush(stdout);
    fprintf(stderr, "exportsite: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
}


int
es_fail(const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    es_complain(format, args);
    va_end(args);

    return ES_EXIT_FAIL;
}


int
es_misuse(const char *verb, const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    es_complain(format, args);
    va_end(args);

    fprintf(stderr, "see: exportsite %s%s--help\n", verb ? verb : "",
            verb ? " " : "");

    return ES_EXIT_USAGE;
}


json_t *
es_json_text(es_str_t text)
{
    char    *buf, *p;
    size_t   len;
    json_t  *json;

    json = json_stringn(text.len ? text.data : "", text.len);
    if (json != NULL) {
        return json;
    }

    buf = malloc(3 * text.len);
    if (buf == NULL) {
        abort();
    }

    for (p = buf; text.len > 0; text.data += len, text.len -= len) {
        len = es_utf8_length(text.data, text.len);

        if (len > 0) {
            memcpy(p, text.data, len);
            p += len;

        } else {
            memcpy(p, "\xef\xbf\xbd", 3);
            p += 3;
            len = 1;
        }
    }

    json = json_stringn(buf, p - buf);
    free(buf);

    return json;
}


/* C1 controls, which terminals may obey, are escaped as others are already. */
static int
es_json_write(const char *text, size_t len, void *data)
{
    const char  *end = text + len;

    for ( /* void */ ; text < end; text++) {
        if ((uint8_t) text[0] == 0xc2 && end - text > 1
            && (uint8_t) text[1] < 0xa0)
        {
            printf("\\u%04x", (uint8_t) *++text);

        } else {
            putchar(*text);
        }
    }

    return 0;
}


void
es_json_print(json_t *json)
{
    json_dump_callback(json, es_json_write, NULL,
                       JSON_INDENT(2)|JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(json);
}
