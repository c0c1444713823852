/*
 * What could not be taken from Redis. Errors of segments stand in the list of
 * definitions, those of slots in a table of the contents' zone; together they
 * are what <prefix>errors holds, which is written as a whole when it changes.
 */
#include "compat.h"

#include "../redis/keys.h"
#include "definitions.h"
#include "errors.h"


#define NGX_EXPORTSITE_ERRORS_PAUSE  10           /* ms, to gather some */
#define NGX_EXPORTSITE_ERROR_NAME    (sizeof("segment:") - 1 + ES_SLOT_KEY_MAX)


/* A command that is put together: its words, and room for the names in it. */
typedef struct {
    size_t                     n;
    const char               **word;
    size_t                    *len;
    u_char                    *name;
} ngx_exportsite_errors_t;


static void ngx_exportsite_errors_later(ngx_event_t *ev);
static ngx_uint_t ngx_exportsite_errors_note(ngx_str_t *key,
    const char *message, size_t len);
static ngx_int_t ngx_exportsite_errors_gather(ngx_exportsite_errors_t *errors,
    ngx_exportsite_definitions_t *list, ngx_exportsite_slot_error_t *slots,
    ngx_uint_t nslots);
static void ngx_exportsite_errors_send(ngx_exportsite_errors_t *errors);
static void ngx_exportsite_errors_sent(redisAsyncContext *ac, void *reply,
    void *data);


static uint64_t           ngx_exportsite_errors_known;   /* a hash, or 0 */
static ngx_atomic_uint_t  ngx_exportsite_errors_seen;
static ngx_event_t        ngx_exportsite_errors_event;


#define ngx_exportsite_errors_keeper()                                        \
    (ngx_exportsite_worker.state->keeper == (ngx_atomic_uint_t) ngx_pid)


void
ngx_exportsite_errors_slot(ngx_str_t *key, const char *message)
{
    size_t                         len;
    ngx_uint_t                     changed;
    ngx_event_t                   *ev = &ngx_exportsite_errors_event;
    ngx_exportsite_worker_t       *w = &ngx_exportsite_worker;
    ngx_exportsite_contents_sh_t  *sh = w->contents;

    if (message == NULL && sh->errors == 0) {
        return;
    }

    len = message ? ngx_min(ngx_strlen(message), sizeof(sh->error[0].message))
                  : 0;

    ngx_exportsite_zone_lock(w->conf->contents_zone);

    changed = ngx_exportsite_errors_note(key, message, len);

    ngx_exportsite_zone_unlock(w->conf->contents_zone);

    if (!changed) {
        return;
    }

    if (message != NULL) {
        ngx_log_error(NGX_LOG_ERR, w->log, 0,
                      "exportsite: the slot content \"%V\" in Redis is not "
                      "taken: %*s", key, len, message);
    }

    if (ngx_exportsite_errors_keeper() && !ev->timer_set) {
        ev->handler = ngx_exportsite_errors_later;
        ev->data = &w->redis;
        ev->log = w->log;
        ev->cancelable = 1;
        ngx_add_timer(ev, NGX_EXPORTSITE_ERRORS_PAUSE);
    }
}


/* With the lock: true if the table was changed by it. */
static ngx_uint_t
ngx_exportsite_errors_note(ngx_str_t *key, const char *message, size_t len)
{
    ngx_uint_t                     i;
    ngx_exportsite_slot_error_t   *error, *place;
    ngx_exportsite_contents_sh_t  *sh = ngx_exportsite_worker.contents;

    error = NULL;
    place = NULL;

    for (i = 0; i < NGX_EXPORTSITE_SLOT_ERRORS && error == NULL; i++) {

        if (sh->error[i].key_len == key->len
            && ngx_memcmp(sh->error[i].key, key->data, key->len) == 0)
        {
            error = &sh->error[i];

        } else if (sh->error[i].key_len == 0 && place == NULL) {
            place = &sh->error[i];
        }
    }

    if (error == NULL) {

        if (message == NULL || place == NULL) {
            return 0;
        }

        error = place;
        sh->errors++;

    } else if (message == NULL) {
        error->key_len = 0;
        sh->errors--;
        sh->errors_version++;
        return 1;

    } else if (error->message_len == len
               && ngx_memcmp(error->message, message, len) == 0)
    {
        return 0;
    }

    ngx_memcpy(error->message, message, len);
    error->message_len = (u_char) len;
    ngx_memcpy(error->key, key->data, key->len);
    error->key_len = (u_char) key->len;
    sh->errors_version++;

    return 1;
}


ngx_uint_t
ngx_exportsite_errors_slot_next(ngx_uint_t *at,
    ngx_exportsite_slot_error_t *error)
{
    ngx_uint_t                     found;
    ngx_exportsite_worker_t       *w = &ngx_exportsite_worker;
    ngx_exportsite_contents_sh_t  *sh = w->contents;

    if (sh == NULL || sh->errors == 0) {
        return 0;
    }

    found = 0;

    ngx_exportsite_zone_lock(w->conf->contents_zone);

    while (!found && *at < NGX_EXPORTSITE_SLOT_ERRORS) {
        *error = sh->error[(*at)++];
        found = error->key_len != 0;
    }

    ngx_exportsite_zone_unlock(w->conf->contents_zone);

    return found;
}


void
ngx_exportsite_errors_forget(void)
{
    ngx_exportsite_errors_known = 0;
}


static void
ngx_exportsite_errors_later(ngx_event_t *ev)
{
    ngx_exportsite_errors_report();
}


void
ngx_exportsite_errors_look(void)
{
    ngx_exportsite_contents_sh_t  *sh = ngx_exportsite_worker.contents;

    if (sh != NULL && sh->errors_version != ngx_exportsite_errors_seen) {
        ngx_exportsite_errors_report();
    }
}


void
ngx_exportsite_errors_report(void)
{
    ngx_uint_t                     n;
    ngx_uint_t                     at;
    ngx_exportsite_errors_t        errors;
    ngx_exportsite_worker_t       *w = &ngx_exportsite_worker;
    ngx_exportsite_slot_error_t   *slots;
    ngx_exportsite_definitions_t   list;

    if (!ngx_exportsite_errors_keeper()
        || w->redis.state != ngx_exportsite_redis_connected
        || ngx_exportsite_definitions_read(&list) != NGX_OK)
    {
        return;
    }

    slots = ngx_alloc(NGX_EXPORTSITE_SLOT_ERRORS
                      * sizeof(ngx_exportsite_slot_error_t), w->log);

    if (slots != NULL) {

        if (w->contents != NULL) {
            ngx_exportsite_errors_seen = w->contents->errors_version;
        }

        at = 0;

        for (n = 0; n < NGX_EXPORTSITE_SLOT_ERRORS; n++) {
            if (!ngx_exportsite_errors_slot_next(&at, &slots[n])) {
                break;
            }
        }

        if (ngx_exportsite_errors_gather(&errors, &list, slots, n) == NGX_OK) {
            ngx_exportsite_errors_send(&errors);
            ngx_free(errors.word);
        }

        ngx_free(slots);
    }

    ngx_exportsite_definitions_free(&list);
}


static void
ngx_exportsite_errors_add(ngx_exportsite_errors_t *errors, const char *kind,
    es_str_t name, es_str_t message)
{
    u_char  *p;

    p = ngx_cpymem(errors->name, kind, ngx_strlen(kind));
    p = ngx_cpymem(p, name.data, ngx_min(name.len, ES_SLOT_KEY_MAX));

    errors->word[errors->n] = (char *) errors->name;
    errors->len[errors->n++] = p - errors->name;
    errors->word[errors->n] = message.data;
    errors->len[errors->n++] = message.len;

    errors->name = p;
}


/*
 * The words that follow "HSET key", in one piece of memory, word; messages stay
 * where they are.
 */
static ngx_int_t
ngx_exportsite_errors_gather(ngx_exportsite_errors_t *errors,
    ngx_exportsite_definitions_t *list, ngx_exportsite_slot_error_t *slots,
    ngx_uint_t nslots)
{
    size_t                        at, max;
    ngx_uint_t                    i;
    ngx_exportsite_definition_t   d;

    max = nslots;
    at = 0;

    while (ngx_exportsite_definitions_next(list, &at, &d)) {
        max += d.error.len != 0;
    }

    errors->word = ngx_alloc((2 * max + 2) * (sizeof(char *) + sizeof(size_t))
                             + max * NGX_EXPORTSITE_ERROR_NAME,
                             ngx_exportsite_worker.log);
    if (errors->word == NULL) {
        return NGX_ERROR;
    }

    errors->len = (size_t *) (errors->word + 2 * max + 2);
    errors->name = (u_char *) (errors->len + 2 * max + 2);
    errors->n = 2;
    at = 0;

    while (ngx_exportsite_definitions_next(list, &at, &d)) {
        if (d.error.len != 0) {
            ngx_exportsite_errors_add(errors, "segment:", d.name, d.error);
        }
    }

    for (i = 0; i < nslots; i++) {
        ngx_exportsite_errors_add(errors, "slot:",
            (es_str_t) { slots[i].key_len, (char *) slots[i].key },
            (es_str_t) { slots[i].message_len, (char *) slots[i].message });
    }

    return NGX_OK;
}


static void
ngx_exportsite_errors_send(ngx_exportsite_errors_t *errors)
{
    char                     key[ES_KEY_MAX];
    size_t                   i;
    uint64_t                 hash;
    es_str_t                 k;
    ngx_exportsite_redis_t  *redis = &ngx_exportsite_worker.redis;

    hash = 1;

    for (i = 2; i < errors->n; i++) {
        hash = hash * 31 + ngx_murmur_hash2((u_char *) errors->word[i],
                                            errors->len[i]);
    }

    if (hash == ngx_exportsite_errors_known) {
        return;
    }

    ngx_exportsite_errors_known = hash;

    k = es_key(key, ngx_exportsite_es(redis->conf->prefix),
               es_str(ES_KEY_ERRORS));

    errors->word[0] = "DEL";
    errors->len[0] = 3;
    errors->word[1] = k.data;
    errors->len[1] = k.len;

    (void) ngx_exportsite_redis_command(redis, ngx_exportsite_errors_sent, NULL,
                                        2, errors->word, errors->len);

    if (errors->n > 2) {
        errors->word[0] = "HSET";
        errors->len[0] = 4;

        (void) ngx_exportsite_redis_command(redis, ngx_exportsite_errors_sent,
                                            NULL, (int) errors->n, errors->word,
                                            errors->len);
    }
}


static void
ngx_exportsite_errors_sent(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply  *r = reply;

    ngx_exportsite_redis_answered(&ngx_exportsite_worker.redis, r);

    if (r != NULL && r->type == REDIS_REPLY_ERROR) {
        ngx_exportsite_redis_complain(&ngx_exportsite_worker.redis,
                      "a write to the errors", r,
                      "allow it, or read them on the status page");
    }
}
