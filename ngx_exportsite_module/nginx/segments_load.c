/*
 * The keeper's work on segments: HLEN first, as a huge hash cannot be refused
 * once it is on the way, then HGETALL; each rule is compiled here, and what goes
 * into the zone is the rule in force with what is wrong about the one in Redis.
 */
#include "compat.h"

#include "../core/text.h"
#include "../redis/keys.h"
#include "segments.h"
#include "segments_load.h"


#define NGX_EXPORTSITE_HASH_MAX  (2 * ES_SEGMENTS_MAX)


static void ngx_exportsite_segments_ask(const char *command,
    redisCallbackFn *callback);
static void ngx_exportsite_segments_counted(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_segments_came(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_segments_take(redisReply *hash);
static ngx_uint_t ngx_exportsite_segments_write(redisReply *hash,
    ngx_exportsite_definitions_t *was, ngx_exportsite_definitions_t *list);
static void ngx_exportsite_segments_report(ngx_exportsite_definitions_t *list);
static void ngx_exportsite_segments_reported(redisAsyncContext *ac,
    void *reply, void *data);


static ngx_uint_t  ngx_exportsite_loading;
static ngx_uint_t  ngx_exportsite_load_again;
static uint64_t    ngx_exportsite_reported;       /* hash of what was written */


void
ngx_exportsite_segments_load(void)
{
    if (ngx_exportsite_worker.redis.state != ngx_exportsite_redis_connected) {
        ngx_exportsite_loading = 0;
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
        return;
    }

    if (r->type == REDIS_REPLY_ERROR) {
        ngx_exportsite_redis_complain(&ngx_exportsite_worker.redis,
                      "HLEN of the segments", r,
                      "the segments known stay in force; the key must be a "
                      "hash of name and rule");
        return;
    }

    if (r->integer > NGX_EXPORTSITE_HASH_MAX) {
        ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, 0,
                      "exportsite: %L segments in Redis, %d at most are taken: "
                      "those known stay in force",
                      (int64_t) r->integer, ES_SEGMENTS_MAX);
        return;
    }

    ngx_exportsite_segments_ask("HGETALL", ngx_exportsite_segments_came);
}


static void
ngx_exportsite_segments_came(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply  *r = reply;

    ngx_exportsite_redis_answered(&ngx_exportsite_worker.redis, r);
    ngx_exportsite_loading = 0;

    if (r != NULL && r->type == REDIS_REPLY_ARRAY) {
        ngx_exportsite_segments_take(r);
    }

    if (ngx_exportsite_load_again) {
        ngx_exportsite_load_again = 0;
        ngx_exportsite_segments_load();
    }
}


/* Orders the hash by name, so that equal states give equal lists. */
static int ngx_libc_cdecl
ngx_exportsite_segments_cmp(const void *one, const void *two)
{
    int          rc;
    redisReply  *a = *(redisReply **) one;
    redisReply  *b = *(redisReply **) two;

    rc = ngx_memcmp(a->str, b->str, ngx_min(a->len, b->len));

    return rc ? rc : (a->len < b->len ? -1 : a->len > b->len);
}


static void
ngx_exportsite_segments_take(redisReply *hash)
{
    size_t                         i;
    es_segments_t                 *set;
    es_rule_error_t                err;
    ngx_exportsite_definitions_t   was, list;

    /* what others published must be in this worker's set too */
    ngx_exportsite_segments_finish();

    set = ngx_exportsite_segments_set();

    qsort(hash->element, hash->elements / 2, 2 * sizeof(redisReply *),
          ngx_exportsite_segments_cmp);

    for (i = 0; i + 1 < hash->elements; i += 2) {
        (void) es_segments_put(set,
                  (es_str_t) { hash->element[i]->len, hash->element[i]->str },
                  (es_str_t) { hash->element[i + 1]->len,
                               hash->element[i + 1]->str },
                  &err);
    }

    ngx_exportsite_segments_forget(hash);

    if (!es_segments_link(set)
        || ngx_exportsite_definitions_read(&was) != NGX_OK)
    {
        return;
    }

    if (ngx_exportsite_definitions_new(&list) != NGX_OK) {
        ngx_exportsite_definitions_free(&was);
        return;
    }

    if (ngx_exportsite_segments_write(hash, &was, &list)) {
        ngx_exportsite_definitions_publish(&list);
        ngx_exportsite_segments_linked(list.version);

    } else {
        ngx_exportsite_segments_linked(was.version);
    }

    ngx_exportsite_segments_report(&list);

    ngx_exportsite_definitions_free(&was);
    ngx_exportsite_definitions_free(&list);
}


/* A name for people: as it is if it is one, else with question marks. */
static es_str_t
ngx_exportsite_segments_name(redisReply *reply, char *buf, size_t size)
{
    size_t  i, len;

    len = ngx_min(reply->len, size);

    for (i = 0; i < len; i++) {
        buf[i] = (reply->str[i] > ' ' && reply->str[i] < 0x7f) ? reply->str[i]
                                                               : '?';
    }

    return (es_str_t) { len, buf };
}


/* Fills the list in the order of the hash; true if it differs from before. */
static ngx_uint_t
ngx_exportsite_segments_write(redisReply *hash,
    ngx_exportsite_definitions_t *was, ngx_exportsite_definitions_t *list)
{
    char                          name[64];
    size_t                        i, at;
    uint32_t                      n;
    ngx_uint_t                    known, changed;
    const char                   *error;
    es_segments_t                *set;
    ngx_exportsite_definition_t   d, old;

    set = ngx_exportsite_segments_set();
    changed = 0;
    at = 0;

    for (i = 0; i + 1 < hash->elements; i += 2) {

        d.name = (es_str_t) { hash->element[i]->len, hash->element[i]->str };
        n = es_segments_find(set, d.name);

        if (n == ES_SEGMENT_UNKNOWN) {
            d.name = ngx_exportsite_segments_name(hash->element[i], name,
                                                  sizeof(name));
            error = es_name_valid(d.name)
                    ? "there are too many segments, or their rules are too long"
                    : "not a name: [a-z][a-z0-9_-]{0,63}";

        } else {
            error = es_segments_error(set, n);
        }

        /* both lists are in the same order, so the next one is mostly it */
        known = (ngx_exportsite_definitions_next(was, &at, &old)
                 && es_str_eq(old.name, d.name))
                || ngx_exportsite_definitions_find(was, d.name, &old);

        d.text = (es_str_t) { hash->element[i + 1]->len,
                              hash->element[i + 1]->str };
        d.error = es_null_str;

        if (error != NULL) {
            d.error = (es_str_t) { ngx_strlen(error), error };
            d.text = known ? old.text : es_null_str;
        }

        d.version = list->version;

        if (known && es_str_eq(d.text, old.text)) {
            d.version = old.version;
        }

        if (!known || d.version != old.version
            || !es_str_eq(d.error, old.error))
        {
            changed = 1;

            if (error != NULL
                && (!known || !es_str_eq(d.error, old.error)))
            {
                ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, 0,
                              "exportsite: segment \"%*s\" in Redis is not "
                              "taken: %s", d.name.len, d.name.data, error);
            }
        }

        if (ngx_exportsite_definitions_add(list, &d) != NGX_OK) {
            break;
        }
    }

    return changed || list->len != was->len;
}


/* Writes <prefix>errors anew if it is not what was last written there. */
static void
ngx_exportsite_segments_report(ngx_exportsite_definitions_t *list)
{
    u_char                       *p, *names;
    size_t                        at, argc, n, *len;
    uint64_t                      hash;
    es_str_t                      k;
    const char                  **argv;
    char                          key[ES_KEY_MAX];
    ngx_exportsite_definition_t   d;
    ngx_exportsite_redis_t       *redis = &ngx_exportsite_worker.redis;

    n = 0;
    at = 0;
    hash = 0;

    while (ngx_exportsite_definitions_next(list, &at, &d)) {
        if (d.error.len != 0) {
            n++;
            hash = hash * 31 + ngx_murmur_hash2((u_char *) d.name.data,
                                                d.name.len);
            hash = hash * 31 + ngx_murmur_hash2((u_char *) d.error.data,
                                                d.error.len);
        }
    }

    if (ngx_exportsite_reported == hash + 1) {
        return;
    }

    argv = ngx_alloc((2 * n + 2) * (sizeof(char *) + sizeof(size_t))
                     + n * (sizeof("segment:") - 1 + 64), redis->log);
    if (argv == NULL) {
        return;
    }

    len = (size_t *) (argv + 2 * n + 2);
    names = (u_char *) (len + 2 * n + 2);

    k = es_key(key, ngx_exportsite_es(redis->conf->prefix),
               es_str(ES_KEY_ERRORS));

    argv[0] = "DEL";
    len[0] = 3;
    argv[1] = k.data;
    len[1] = k.len;

    (void) ngx_exportsite_redis_command(redis, ngx_exportsite_segments_reported,
                                        NULL, 2, argv, len);
    argv[0] = "HSET";
    len[0] = 4;
    argc = 2;
    at = 0;

    while (ngx_exportsite_definitions_next(list, &at, &d)) {
        if (d.error.len == 0) {
            continue;
        }

        p = ngx_cpymem(names, "segment:", sizeof("segment:") - 1);
        p = ngx_cpymem(p, d.name.data, ngx_min(d.name.len, 64));

        argv[argc] = (char *) names;
        len[argc++] = p - names;
        argv[argc] = d.error.data;
        len[argc++] = d.error.len;

        names = p;
    }

    if (n != 0) {
        (void) ngx_exportsite_redis_command(redis,
                                            ngx_exportsite_segments_reported,
                                            NULL, (int) argc, argv, len);
    }

    ngx_exportsite_reported = hash + 1;
    ngx_free(argv);
}


static void
ngx_exportsite_segments_reported(redisAsyncContext *ac, void *reply,
    void *data)
{
    redisReply  *r = reply;

    ngx_exportsite_redis_answered(&ngx_exportsite_worker.redis, r);

    if (r != NULL && r->type == REDIS_REPLY_ERROR) {
        ngx_exportsite_redis_complain(&ngx_exportsite_worker.redis,
                      "a write to the errors", r,
                      "allow it, or read them on the status page");
    }
}
