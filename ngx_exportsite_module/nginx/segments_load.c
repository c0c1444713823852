/*
 * The keeper's work on segments: HLEN first, as a huge hash cannot be refused
 * once it is on the way, then HGETALL; each rule is compiled here, and what
 * goes into the zone is the rule in force with what is wrong about the one in
 * Redis.
 */
#include "compat.h"

#include "../core/text.h"
#include "../redis/keys.h"
#include "errors.h"
#include "segments.h"
#include "segments_load.h"


#define NGX_EXPORTSITE_HASH_MAX  (2 * ES_SEGMENTS_MAX)


static void ngx_exportsite_segments_ask(const char *command,
    redisCallbackFn *callback);
static void ngx_exportsite_segments_counted(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_segments_came(redisAsyncContext *ac, void *reply,
    void *data);
static ngx_int_t ngx_exportsite_segments_copy(redisReply *hash);
static void ngx_exportsite_segments_step(ngx_event_t *ev);
static void ngx_exportsite_segments_take(ngx_exportsite_definitions_t *came);
static ngx_uint_t ngx_exportsite_segments_write(
    ngx_exportsite_definitions_t *came, ngx_exportsite_definitions_t *was,
    ngx_exportsite_definitions_t *list);
static void ngx_exportsite_segments_ended(void);


static ngx_uint_t                     ngx_exportsite_loading;
static ngx_uint_t                     ngx_exportsite_load_again;
static ngx_exportsite_definitions_t   ngx_exportsite_came;
static size_t                         ngx_exportsite_came_at;
static ngx_uint_t                     ngx_exportsite_came_refused;
static ngx_uint_t                     ngx_exportsite_came_twice;
static ngx_event_t                    ngx_exportsite_step_event;


void
ngx_exportsite_segments_load(void)
{
    if (ngx_exportsite_worker.redis.state != ngx_exportsite_redis_connected) {
        return;
    }

    if (ngx_exportsite_loading) {
        /* what is on the way may be older than the change just heard of */
        ngx_exportsite_load_again = 1;
        return;
    }

    ngx_exportsite_segments_ask("HLEN", ngx_exportsite_segments_counted);
}


static void
ngx_exportsite_segments_ask(const char *command, redisCallbackFn *callback)
{
    char         key[ES_KEY_MAX];
    size_t       len[2];
    es_str_t     k;
    const char  *argv[2];

    k = es_key(key, ngx_exportsite_es(ngx_exportsite_worker.conf->redis.prefix),
               es_str(ES_KEY_SEGMENTS));

    argv[0] = command;
    len[0] = ngx_strlen(command);
    argv[1] = k.data;
    len[1] = k.len;

    ngx_exportsite_loading = ngx_exportsite_redis_command(
                                 &ngx_exportsite_worker.redis, callback, NULL,
                                 2, argv, len)
                             == NGX_OK;
}


static void
ngx_exportsite_segments_counted(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply  *r = reply;

    ngx_exportsite_redis_answered(&ngx_exportsite_worker.redis, r);
    ngx_exportsite_loading = 0;

    if (r == NULL) {
        ngx_exportsite_load_again = 0;
        return;
    }

    if (r->type != REDIS_REPLY_INTEGER) {
        if (r->type == REDIS_REPLY_ERROR) {
            ngx_exportsite_redis_complain(&ngx_exportsite_worker.redis,
                      "HLEN of the segments", r,
                      "the segments known stay in force; the key must be a "
                      "hash of name and rule");
        }

        ngx_exportsite_segments_ended();
        return;
    }

    if (r->integer > NGX_EXPORTSITE_HASH_MAX) {
        ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, 0,
                      "exportsite: %L segments in Redis, %d at most are taken: "
                      "those known stay in force",
                      (int64_t) r->integer, ES_SEGMENTS_MAX);
        ngx_exportsite_segments_ended();
        return;
    }

    ngx_exportsite_segments_ask("HGETALL", ngx_exportsite_segments_came);
}


static void
ngx_exportsite_segments_came(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply  *r = reply;

    ngx_exportsite_redis_answered(&ngx_exportsite_worker.redis, r);

    if (r == NULL) {
        ngx_exportsite_loading = 0;
        ngx_exportsite_load_again = 0;
        return;
    }

    if (r->type != REDIS_REPLY_ARRAY
        || ngx_exportsite_segments_copy(r) != NGX_OK)
    {
        ngx_exportsite_segments_ended();
        return;
    }

    /* what others published must be in this worker's set too */
    ngx_exportsite_segments_finish();

    ngx_exportsite_segments_step(&ngx_exportsite_step_event);
}


/* Orders the hash by name, so that equal states give equal lists. */
static int ngx_libc_cdecl
ngx_exportsite_segments_cmp(const void *one, const void *two)
{
    redisReply  *a = *(redisReply **) one;
    redisReply  *b = *(redisReply **) two;

    return es_str_compare((es_str_t) { a->len, a->str },
                          (es_str_t) { b->len, b->str });
}


/* The reply is gone with its callback, but the work takes several turns. */
static ngx_int_t
ngx_exportsite_segments_copy(redisReply *hash)
{
    size_t                         i;
    ngx_exportsite_definition_t    d;
    ngx_exportsite_definitions_t  *list = &ngx_exportsite_came;

    ngx_exportsite_definitions_free(list);
    ngx_exportsite_came_at = 0;
    ngx_exportsite_came_refused = 0;
    ngx_exportsite_came_twice = 0;

    if (ngx_exportsite_definitions_new(list) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < hash->elements; i++) {
        if (hash->element[i]->type != REDIS_REPLY_STRING) {
            return NGX_ERROR;
        }
    }

    if (hash->elements >= 2) {
        qsort(hash->element, hash->elements / 2, 2 * sizeof(redisReply *),
              ngx_exportsite_segments_cmp);
    }

    d.error = es_null_str;
    d.version = 0;

    for (i = 0; i + 1 < hash->elements; i += 2) {
        d.name = (es_str_t) { hash->element[i]->len, hash->element[i]->str };
        d.text = (es_str_t) { hash->element[i + 1]->len,
                              hash->element[i + 1]->str };

        if (ngx_exportsite_definitions_add(list, &d) != NGX_OK) {
            ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, 0,
                          "exportsite: the segments in Redis take more than %d "
                          "bytes: those known stay in force",
                          NGX_EXPORTSITE_DEFINITIONS_MAX);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_exportsite_segments_later(ngx_event_t *ev)
{
    ev->handler = ngx_exportsite_segments_step;
    ev->data = &ngx_exportsite_worker.redis;
    ev->log = ngx_exportsite_worker.log;
    ev->cancelable = 1;

    ngx_add_timer(ev, 1);
}


/* Compiles some of what came, and in the end puts all in force. */
static void
ngx_exportsite_segments_step(ngx_event_t *ev)
{
    ngx_uint_t                    n;
    es_rule_error_t               err;
    ngx_exportsite_definition_t   d;

    n = 0;

    while (ngx_exportsite_definitions_next(&ngx_exportsite_came,
                                           &ngx_exportsite_came_at, &d))
    {
        if (!es_segments_put(ngx_exportsite_segments_set(), d.name, d.text,
                             &err)
            && err.column == 0)
        {
            ngx_exportsite_came_refused = 1;
        }

        if (++n == NGX_EXPORTSITE_COMPILE_SLICE) {
            ngx_exportsite_segments_later(ev);
            return;
        }
    }

    if (ngx_exportsite_came_refused && !ngx_exportsite_came_twice) {
        /* there may have been no room: once more without those that go */
        ngx_exportsite_came_twice = 1;
        ngx_exportsite_came_at = 0;
        ngx_exportsite_segments_keep(&ngx_exportsite_came);
        ngx_exportsite_segments_later(ev);
        return;
    }

    ngx_exportsite_segments_take(&ngx_exportsite_came);
    ngx_exportsite_definitions_free(&ngx_exportsite_came);
    ngx_exportsite_segments_ended();
}


/* One reading is over; if a change was heard of meanwhile, the next begins. */
static void
ngx_exportsite_segments_ended(void)
{
    ngx_exportsite_loading = 0;

    if (ngx_exportsite_load_again) {
        ngx_exportsite_load_again = 0;
        ngx_exportsite_segments_load();
    }
}


static void
ngx_exportsite_segments_take(ngx_exportsite_definitions_t *came)
{
    ngx_exportsite_definitions_t   was, list;

    if (ngx_exportsite_worker.state->keeper != (ngx_atomic_uint_t) ngx_pid) {
        /* another worker has the office, and newer news */
        return;
    }

    ngx_exportsite_segments_keep(came);

    if (!es_segments_link(ngx_exportsite_segments_set())
        || ngx_exportsite_definitions_read(&was) != NGX_OK)
    {
        return;
    }

    if (ngx_exportsite_definitions_new(&list) != NGX_OK) {
        ngx_exportsite_definitions_free(&was);
        return;
    }

    if (!ngx_exportsite_segments_write(came, &was, &list)) {
        ngx_exportsite_segments_linked(was.version);
        ngx_exportsite_errors_report();

    } else if (ngx_exportsite_definitions_publish(&list) == NGX_OK) {
        ngx_exportsite_segments_linked(list.version);
        ngx_exportsite_errors_report();

    } else {
        ngx_exportsite_load_again = 1;
    }

    ngx_exportsite_definitions_free(&was);
    ngx_exportsite_definitions_free(&list);
}


/* A name for people: as it is if it is one, else with question marks. */
static es_str_t
ngx_exportsite_segments_name(es_str_t name, char *buf, size_t size)
{
    size_t  i, len;

    len = ngx_min(name.len, size);

    for (i = 0; i < len; i++) {
        buf[i] = (name.data[i] > ' ' && name.data[i] < 0x7f) ? name.data[i]
                                                             : '?';
    }

    return (es_str_t) { len, buf };
}


/* What is wrong with a segment as it stands in Redis; NULL if nothing. */
static const char *
ngx_exportsite_segments_wrong(es_str_t name)
{
    uint32_t        n;
    es_segments_t  *set = ngx_exportsite_segments_set();

    n = es_segments_find(set, name);

    if (n != ES_SEGMENT_UNKNOWN) {
        return es_segments_error(set, n);
    }

    return es_name_valid(name)
           ? "there are too many segments, or their rules are too long"
           : "not a name: [a-z][a-z0-9_-]{0,63}";
}


/* Fills the list in the order of what came; true if it differs from before. */
static ngx_uint_t
ngx_exportsite_segments_write(ngx_exportsite_definitions_t *came,
    ngx_exportsite_definitions_t *was, ngx_exportsite_definitions_t *list)
{
    char                          name[64];
    size_t                        at, was_at;
    ngx_uint_t                    known, changed, more;
    const char                   *error;
    ngx_exportsite_definition_t   d, old;

    changed = 0;
    at = 0;
    was_at = 0;
    more = ngx_exportsite_definitions_next(was, &was_at, &old);

    while (ngx_exportsite_definitions_next(came, &at, &d)) {

        error = ngx_exportsite_segments_wrong(d.name);
        d.name = ngx_exportsite_segments_name(d.name, name, sizeof(name));

        /* both lists are in order, but for names that are none */
        while (more && es_str_compare(old.name, d.name) < 0) {
            more = ngx_exportsite_definitions_next(was, &was_at, &old);
        }

        known = (more && es_str_eq(old.name, d.name))
                || (error != NULL
                    && ngx_exportsite_definitions_find(was, d.name, &old));

        if (error != NULL) {
            d.error = (es_str_t) { ngx_strlen(error), error };
            d.text = known ? old.text : es_null_str;
        }

        d.version = (known && es_str_eq(d.text, old.text)) ? old.version
                                                           : list->version;

        if (error != NULL && (!known || !es_str_eq(d.error, old.error))) {
            ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, 0,
                          "exportsite: segment \"%*s\" in Redis is not taken: "
                          "%s", d.name.len, d.name.data, error);
        }

        changed |= !known || d.version != old.version
                   || !es_str_eq(d.error, old.error);

        if (ngx_exportsite_definitions_add(list, &d) != NGX_OK) {
            break;
        }
    }

    return changed || list->len != was->len;
}
