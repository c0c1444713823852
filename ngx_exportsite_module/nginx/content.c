/*
 * Contents of slots as this worker holds them. Names lie in a tree by their
 * hash and in a queue by use; whoever sends a content has a reference, so that
 * it may leave the store meanwhile.
 */
#include "compat.h"

#include "../core/siphash.h"
#include "content.h"


static void ngx_exportsite_store_insert(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel);
static void ngx_exportsite_store_drop(ngx_exportsite_stored_t *stored);
static void ngx_exportsite_store_trim(void);


static ngx_rbtree_t       ngx_exportsite_store_tree;
static ngx_rbtree_node_t  ngx_exportsite_store_sentinel;
static ngx_queue_t        ngx_exportsite_store_queue;    /* last used first */
static ngx_uint_t         ngx_exportsite_store_count;
static size_t             ngx_exportsite_store_bytes;


ngx_exportsite_content_t *
ngx_exportsite_content_new(size_t len)
{
    ngx_exportsite_content_t  *content;

    content = ngx_alloc(offsetof(ngx_exportsite_content_t, data) + len,
                        ngx_cycle->log);
    if (content == NULL) {
        return NULL;
    }

    content->refs = 1;
    content->hash = 0;
    content->len = len;

    return content;
}


uint64_t
ngx_exportsite_content_hash(u_char *data, size_t len)
{
    static const u_char  zeros[ES_SIPHASH_KEY];

    return es_siphash(zeros, data, len);
}


void
ngx_exportsite_content_seal(ngx_exportsite_content_t *content)
{
    content->hash = ngx_exportsite_content_hash(content->data, content->len);
}


void
ngx_exportsite_content_release(ngx_exportsite_content_t *content)
{
    if (--content->refs == 0) {
        ngx_free(content);
    }
}


/* The order of the tree: by hash, by length, by bytes. */
static ngx_inline ngx_int_t
ngx_exportsite_store_order(ngx_rbtree_key_t hash, size_t len, u_char *name,
    ngx_rbtree_node_t *node)
{
    ngx_exportsite_stored_t  *stored;

    if (hash != node->key) {
        return hash < node->key ? -1 : 1;
    }

    stored = ngx_rbtree_data(node, ngx_exportsite_stored_t, node);

    if (len != stored->len) {
        return len < stored->len ? -1 : 1;
    }

    return ngx_memcmp(name, stored->name, len);
}


static void
ngx_exportsite_store_insert(ngx_rbtree_node_t *temp, ngx_rbtree_node_t *node,
    ngx_rbtree_node_t *sentinel)
{
    ngx_rbtree_node_t        **p;
    ngx_exportsite_stored_t   *stored;

    stored = ngx_rbtree_data(node, ngx_exportsite_stored_t, node);

    for ( ;; ) {
        p = ngx_exportsite_store_order(node->key, stored->len, stored->name,
                                       temp)
            < 0 ? &temp->left : &temp->right;

        if (*p == sentinel) {
            break;
        }

        temp = *p;
    }

    *p = node;
    node->parent = temp;
    node->left = sentinel;
    node->right = sentinel;
    ngx_rbt_red(node);
}


static ngx_exportsite_stored_t *
ngx_exportsite_store_find(ngx_str_t *name, ngx_rbtree_key_t hash)
{
    ngx_int_t           rc;
    ngx_rbtree_node_t  *node, *sentinel;

    node = ngx_exportsite_store_tree.root;
    sentinel = ngx_exportsite_store_tree.sentinel;

    while (node != sentinel) {
        rc = ngx_exportsite_store_order(hash, name->len, name->data, node);

        if (rc == 0) {
            return ngx_rbtree_data(node, ngx_exportsite_stored_t, node);
        }

        node = rc < 0 ? node->left : node->right;
    }

    return NULL;
}


static ngx_inline void
ngx_exportsite_store_touch(ngx_exportsite_stored_t *stored)
{
    ngx_queue_remove(&stored->queue);
    ngx_queue_insert_head(&ngx_exportsite_store_queue, &stored->queue);
}


ngx_exportsite_stored_t *
ngx_exportsite_store_get(ngx_str_t *name)
{
    ngx_rbtree_key_t          hash;
    ngx_exportsite_stored_t  *stored;

    if (ngx_exportsite_store_tree.root == NULL) {
        ngx_rbtree_init(&ngx_exportsite_store_tree,
                        &ngx_exportsite_store_sentinel,
                        ngx_exportsite_store_insert);
        ngx_queue_init(&ngx_exportsite_store_queue);
    }

    hash = ngx_murmur_hash2(name->data, name->len);

    stored = ngx_exportsite_store_find(name, hash);

    if (stored != NULL) {
        ngx_exportsite_store_touch(stored);
        return stored;
    }

    stored = ngx_alloc(offsetof(ngx_exportsite_stored_t, name) + name->len,
                       ngx_cycle->log);
    if (stored == NULL) {
        return NULL;
    }

    ngx_memzero(stored, offsetof(ngx_exportsite_stored_t, name));

    stored->node.key = hash;
    stored->left = ngx_exportsite_left_missing;
    stored->len = name->len;
    ngx_memcpy(stored->name, name->data, name->len);

    ngx_rbtree_insert(&ngx_exportsite_store_tree, &stored->node);
    ngx_queue_insert_head(&ngx_exportsite_store_queue, &stored->queue);
    ngx_exportsite_store_count++;

    ngx_exportsite_store_trim();

    return stored;
}


void
ngx_exportsite_store_put(ngx_exportsite_stored_t *stored,
    ngx_exportsite_content_t *content, ngx_exportsite_left_e left)
{
    if (stored->content != NULL) {
        ngx_exportsite_store_bytes -= stored->content->len;
        ngx_exportsite_content_release(stored->content);
    }

    stored->content = content;
    stored->left = left;

    if (content != NULL) {
        stored->left = ngx_exportsite_filled;
        ngx_exportsite_store_bytes += content->len;
    }

    ngx_exportsite_store_touch(stored);
    ngx_exportsite_store_trim();
}


static void
ngx_exportsite_store_drop(ngx_exportsite_stored_t *stored)
{
    if (stored->content != NULL) {
        ngx_exportsite_store_bytes -= stored->content->len;
        ngx_exportsite_content_release(stored->content);
    }

    ngx_rbtree_delete(&ngx_exportsite_store_tree, &stored->node);
    ngx_queue_remove(&stored->queue);
    ngx_exportsite_store_count--;

    ngx_free(stored);
}


/* Drops from the end of the queue, but never the entry at its head. */
static void
ngx_exportsite_store_trim(void)
{
    ngx_queue_t  *q;

    while (ngx_exportsite_store_count > 1
           && (ngx_exportsite_store_count > NGX_EXPORTSITE_STORE_MAX
               || ngx_exportsite_store_bytes > NGX_EXPORTSITE_STORE_BYTES))
    {
        q = ngx_queue_last(&ngx_exportsite_store_queue);
        ngx_exportsite_store_drop(ngx_queue_data(q, ngx_exportsite_stored_t,
                                                 queue));
    }
}


void
ngx_exportsite_store_exit(void)
{
    ngx_queue_t  *q;

    while (ngx_exportsite_store_count > 0) {
        q = ngx_queue_last(&ngx_exportsite_store_queue);
        ngx_exportsite_store_drop(ngx_queue_data(q, ngx_exportsite_stored_t,
                                                 queue));
    }
}
