/*
 * Contents of slots from Redis, for requests: out of the worker's own store as
 * long as nothing has changed in the zone, which is one comparison. Once a
 * second an entry is looked up there in any case, so that the zone knows what
 * is used, and what is old is noticed.
 */
#include "compat.h"

#include "contents.h"
#include "contents_fetch.h"


#define NGX_EXPORTSITE_CONTENT_CHECK  1000        /* ms */
#define NGX_EXPORTSITE_CONTENT_TRIES  3

/* How the marks of a stored content are used. */
#define ngx_exportsite_entry_id(stored)     (&(stored)->mark[0])
#define ngx_exportsite_entry_tried(stored)  (stored)->mark[2]


static void ngx_exportsite_contents_check(ngx_str_t *key,
    ngx_exportsite_stored_t *stored);


ngx_exportsite_left_e
ngx_exportsite_contents_get(ngx_str_t *key, ngx_exportsite_content_t **content)
{
    u_char                         buf[2 + ES_SLOT_KEY_MAX];
    ngx_str_t                      name;
    ngx_exportsite_stored_t       *stored;
    ngx_exportsite_contents_sh_t  *sh = ngx_exportsite_worker.contents;

    if (key->len == 0 || sh == NULL) {
        return ngx_exportsite_left_missing;
    }

    if (!es_slot_key_valid(ngx_exportsite_es(*key))) {
        return ngx_exportsite_left_refused;
    }

    buf[0] = 'r';
    buf[1] = ':';
    ngx_memcpy(buf + 2, key->data, key->len);

    name.data = buf;
    name.len = 2 + key->len;

    stored = ngx_exportsite_store_get(&name);
    if (stored == NULL) {
        return ngx_exportsite_left_failed;
    }

    if (stored->version != sh->version
        || ngx_current_msec - stored->checked >= NGX_EXPORTSITE_CONTENT_CHECK)
    {
        ngx_exportsite_contents_check(key, stored);
    }

    if (stored->content == NULL) {
        return stored->left;
    }

    stored->content->refs++;
    *content = stored->content;

    return ngx_exportsite_filled;
}


/* The zone has nothing: asks Redis; what the store has is served meanwhile. */
static void
ngx_exportsite_contents_unknown(ngx_str_t *key, ngx_exportsite_stored_t *stored,
    ngx_uint_t can)
{
    if (!can
        || (ngx_exportsite_entry_tried(stored) != 0
            && ngx_current_msec - ngx_exportsite_entry_tried(stored)
               < NGX_EXPORTSITE_CONTENT_RETRY))
    {
        return;
    }

    ngx_exportsite_entry_tried(stored) = ngx_current_msec;

    (void) ngx_exportsite_fetch(key, ngx_exportsite_entry_id(stored),
                                ngx_exportsite_fetch_used);
}


/* Makes the store's entry what the zone's is; NGX_AGAIN if that just changed */
static ngx_int_t
ngx_exportsite_contents_take(ngx_exportsite_stored_t *stored,
    ngx_exportsite_contents_entry_t *entry)
{
    ngx_exportsite_content_t  *content;

    if (stored->left == entry->left
        && (stored->content == NULL || stored->content->hash == entry->hash))
    {
        return NGX_OK;
    }

    content = NULL;

    if (entry->left == ngx_exportsite_filled) {
        content = ngx_exportsite_contents_copy(ngx_exportsite_entry_id(stored),
                                               entry);
        if (content == NULL) {
            return NGX_AGAIN;
        }
    }

    ngx_exportsite_store_put(stored, content, entry->left);

    return NGX_OK;
}


static void
ngx_exportsite_contents_check(ngx_str_t *key, ngx_exportsite_stored_t *stored)
{
    uint64_t                         *id;
    ngx_int_t                         rc;
    ngx_uint_t                        i, can;
    ngx_exportsite_contents_entry_t   entry;

    id = ngx_exportsite_entry_id(stored);

    if (stored->version == 0) {
        ngx_exportsite_contents_id(key, id);
    }

    /* before the look: what changes after it is seen by the next request */
    stored->version = ngx_exportsite_worker.contents->version;
    stored->checked = ngx_current_msec;

    can = ngx_exportsite_fetch_ready();
    rc = NGX_AGAIN;

    for (i = 0; i < NGX_EXPORTSITE_CONTENT_TRIES && rc == NGX_AGAIN; i++) {

        ngx_exportsite_contents_find(key, id, can, &entry);

        if (!entry.known) {
            ngx_exportsite_contents_unknown(key, stored, can);
            return;
        }

        if (entry.stale) {
            (void) ngx_exportsite_fetch(key, id, ngx_exportsite_fetch_used);
        }

        rc = ngx_exportsite_contents_take(stored, &entry);
    }

    if (rc == NGX_AGAIN) {
        /* the next request tries again */
        stored->version = 0;
    }
}
