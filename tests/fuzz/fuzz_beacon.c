/*
 * What a visitor sends to the collector, and the headers that say where from.
 * The promise held here: what is taken is within its limits, reads back as the
 * same when it is written as JSON again, and no error repeats what could do
 * harm.
 */
#include "../../ngx_exportsite_module/core/beacon.h"
#include "../../ngx_exportsite_module/core/origin.h"
#include "../unit/check.h"

#include <jansson.h>


static check_pool_t  pool = check_pool_init();
static check_pool_t  again_pool = check_pool_init();


static void
must(bool condition)
{
    if (!condition) {
        abort();
    }
}


static bool
of(es_str_t text, const char *allowed)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] == '\0' || strchr(allowed, text.data[i]) == NULL) {
            return false;
        }
    }

    return true;
}


static void
check_event(const es_beacon_event_t *e)
{
    must(e->type.len >= 1 && e->type.len <= 32);
    must(of(e->type, "abcdefghijklmnopqrstuvwxyz0123456789_-"));
    must(e->path.len == 0 || e->path.data[0] == '/');
    must(e->path.len == 0 || memchr(e->path.data, '\0', e->path.len) == NULL);
    must(e->page.len == 0 || e->page.len == 24);
    must(of(e->page, "0123456789abcdef"));
    must(e->value.len <= 32);
    must(of(e->value, "0123456789+-.e"));
    must(e->timed || e->ms == 0);
    must(e->ms < 9007199254740992);
}


/* The event as JSON, made of what was read of it */
static json_t *
rewrite(const es_beacon_event_t *e)
{
    char    *escaped;
    size_t   i;
    json_t  *object = json_object();

    json_object_set_new(object, "type",
                        json_stringn(e->type.data, e->type.len));

    if (e->path.len) {
        escaped = malloc(3 * e->path.len + 1);

        for (i = 0; i < e->path.len; i++) {
            sprintf(escaped + 3 * i, "%%%02x", (uint8_t) e->path.data[i]);
        }

        escaped[0] = '/';
        json_object_set_new(object, "path",
                            json_pack("s+", "/", escaped + 3));
        free(escaped);
    }

    if (e->page.len) {
        json_object_set_new(object, "page",
                            json_stringn(e->page.data, e->page.len));
    }

    if (e->label.len) {
        json_object_set_new(object, "label",
                            json_stringn(e->label.data, e->label.len));
    }

    if (e->value.len) {
        json_object_set_new(object, "value",
                            json_loadb(e->value.data, e->value.len,
                                       JSON_DECODE_ANY, NULL));
    }

    if (e->timed) {
        json_object_set_new(object, "ms", json_integer((json_int_t) e->ms));
    }

    return object;
}


static void
check_again(const es_beacon_event_t *e)
{
    char                *text;
    json_t              *object = rewrite(e);
    es_beacon_t          beacon;
    es_beacon_event_t   *b = &beacon.event[0];

    text = json_dumps(object, JSON_ENSURE_ASCII);
    must(text != NULL);

    must(es_beacon_parse((es_str_t) { strlen(text), text }, &again_pool.pool,
                         &beacon)
         == ES_BEACON_OK);
    must(beacon.count == 1);
    must(es_str_eq(b->type, e->type) && es_str_eq(b->path, e->path));
    must(es_str_eq(b->page, e->page) && es_str_eq(b->label, e->label));
    must(es_str_eq(b->value, e->value));
    must(b->ms == e->ms && b->timed == e->timed);

    check_pool_free(&again_pool);
    json_decref(object);
    free(text);
}


static void
check_origin(es_str_t text)
{
    es_origin_t     origin;
    es_authority_t  authority;

    if (es_authority_parse(text, &authority)) {
        must(authority.host.len > 0 && authority.host.len <= 253);
        must(authority.port <= 65535);
        must(authority.host.data == text.data);
    }

    if (es_origin_parse(text, &origin)) {
        must(origin.port > 0 && origin.port <= 65535);
        must(origin.host.data + origin.host.len <= text.data + text.len);

        /* it is the origin of what follows its scheme, and of no other */

        must(es_origin_same(&origin, (es_str_t) {
                 (size_t) (text.data + text.len - origin.host.data),
                 origin.host.data }));
        must(!es_origin_same(&origin, es_str("other.example:1")));
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t        i;
    const char   *p;
    es_str_t      body = { size, (const char *) data };
    es_beacon_t   beacon;

    check_origin(body);

    switch (es_beacon_parse(body, &pool.pool, &beacon)) {

    case ES_BEACON_OK:
        must(beacon.count <= ES_BEACON_EVENTS && beacon.error[0] == '\0');

        for (i = 0; i < beacon.count; i++) {
            check_event(&beacon.event[i]);
            check_again(&beacon.event[i]);
        }

        break;

    case ES_BEACON_BAD:
    case ES_BEACON_MANY:
        must(beacon.error[0] != '\0' && strlen(beacon.error) < 120);

        for (p = beacon.error; *p; p++) {
            must(*p >= ' ' && *p < 0x7f && *p != '<');
        }

        break;

    case ES_BEACON_NO_MEMORY:
        abort();
    }

    check_pool_free(&pool);

    return 0;
}
