/* A buffer of commands that grows as it needs to. */
#include <stdlib.h>

#include "../core/event.h"
#include "out.h"


static char *
es_out_room(es_out_t *out, size_t len)
{
    size_t  size;

    if (out->size - out->len < len) {
        size = 2 * (out->size + len);
        out->data = realloc(out->data, size);

        if (out->data == NULL) {
            exit(es_fail("no memory for %zu bytes", size));
        }

        out->size = size;
    }

    return out->data + out->len;
}


static void
es_out_head(es_out_t *out, char type, size_t n)
{
    out->len += es_resp_head(es_out_room(out, ES_RESP_HEAD), type, n);
}


void
es_out_begin(es_out_t *out, size_t n)
{
    es_out_head(out, '*', n);
    out->commands++;
}


void
es_out_arg(es_out_t *out, es_str_t arg)
{
    char  *p;

    es_out_head(out, '$', arg.len);
    p = es_out_room(out, arg.len + 2);

    if (arg.len > 0) {
        memcpy(p, arg.data, arg.len);
    }

    p[arg.len] = '\r';
    p[arg.len + 1] = '\n';
    out->len += arg.len + 2;
}


void
es_out_int(es_out_t *out, int64_t n)
{
    char  buf[24];

    es_out_arg(out, (es_str_t) { snprintf(buf, sizeof(buf), "%lld",
                                          (long long) n), buf });
}


size_t
es_out_send(es_out_t *out, redisContext *link)
{
    size_t  n = out->commands;

    if (n > 0 && redisAppendFormattedCommand(link, out->data, out->len)
                 != REDIS_OK)
    {
        exit(es_fail("no memory for %zu bytes", out->len));
    }

    out->len = 0;
    out->commands = 0;

    return n;
}


void
es_out_free(es_out_t *out)
{
    free(out->data);
    memset(out, 0, sizeof(es_out_t));
}
