/*
 * The list of definitions in the zone has two halves: a new list is written to
 * the one that nobody reads and takes effect by one store, so a worker killed
 * on the way leaves the old one untouched.
 */
#include "compat.h"

#include "definitions.h"


typedef struct {
    uint64_t  version;
    uint32_t  name;                               /* lengths */
    uint32_t  text;
    uint32_t  error;
} ngx_exportsite_definition_head_t;


ngx_int_t
ngx_exportsite_definitions_read(ngx_exportsite_definitions_t *list)
{
    ngx_exportsite_half_t    *half;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    ngx_exportsite_zone_lock(w->conf->state_zone);

    half = &w->state->half[w->state->active & 1];

    list->version = w->state->version;
    list->len = ngx_min(half->len, NGX_EXPORTSITE_DEFINITIONS_MAX);
    list->size = list->len;
    list->data = ngx_alloc(list->len + 1, w->log);

    if (list->data != NULL) {
        ngx_memcpy(list->data, half->data, list->len);
    }

    ngx_exportsite_zone_unlock(w->conf->state_zone);

    return list->data ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_exportsite_definitions_new(ngx_exportsite_definitions_t *list)
{
    list->len = 0;
    list->size = NGX_EXPORTSITE_DEFINITIONS_MAX;
    list->version = ngx_exportsite_worker.state->version + 1;
    list->data = ngx_alloc(list->size, ngx_exportsite_worker.log);

    return list->data ? NGX_OK : NGX_ERROR;
}


static u_char *
ngx_exportsite_definition_text(u_char *p, es_str_t text)
{
    return text.len ? ngx_cpymem(p, text.data, text.len) : p;
}


ngx_int_t
ngx_exportsite_definitions_add(ngx_exportsite_definitions_t *list,
    ngx_exportsite_definition_t *d)
{
    u_char                            *p;
    ngx_exportsite_definition_head_t   head;

    ngx_memzero(&head, sizeof(head));
    head.version = d->version;
    head.name = (uint32_t) d->name.len;
    head.text = (uint32_t) d->text.len;
    head.error = (uint32_t) d->error.len;

    if (list->size - list->len
        < sizeof(head) + d->name.len + d->text.len + d->error.len)
    {
        return NGX_DECLINED;
    }

    p = list->data + list->len;
    p = ngx_cpymem(p, &head, sizeof(head));
    p = ngx_exportsite_definition_text(p, d->name);
    p = ngx_exportsite_definition_text(p, d->text);
    p = ngx_exportsite_definition_text(p, d->error);

    list->len = p - list->data;

    return NGX_OK;
}


ngx_int_t
ngx_exportsite_definitions_publish(ngx_exportsite_definitions_t *list)
{
    ngx_int_t                 rc;
    ngx_exportsite_half_t    *half;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    rc = NGX_DECLINED;

    ngx_exportsite_zone_lock(w->conf->state_zone);

    if (w->state->version + 1 == list->version) {
        half = &w->state->half[~w->state->active & 1];
        ngx_memcpy(half->data, list->data, list->len);
        half->len = list->len;

        ngx_memory_barrier();

        w->state->active = ~w->state->active & 1;
        w->state->version = list->version;

        rc = NGX_OK;
    }

    ngx_exportsite_zone_unlock(w->conf->state_zone);

    return rc;
}


void
ngx_exportsite_definitions_free(ngx_exportsite_definitions_t *list)
{
    if (list->data != NULL) {
        ngx_free(list->data);
        list->data = NULL;
    }

    list->len = 0;
}


ngx_uint_t
ngx_exportsite_definitions_next(ngx_exportsite_definitions_t *list, size_t *at,
    ngx_exportsite_definition_t *d)
{
    char                              *p;
    size_t                             left;
    ngx_exportsite_definition_head_t   head;

    left = list->len - *at;

    if (left < sizeof(head)) {
        return 0;
    }

    ngx_memcpy(&head, list->data + *at, sizeof(head));
    left -= sizeof(head);

    if ((uint64_t) head.name + head.text + head.error > left) {
        return 0;
    }

    p = (char *) list->data + *at + sizeof(head);

    d->version = head.version;
    d->name = (es_str_t) { head.name, p };
    d->text = (es_str_t) { head.text, p + head.name };
    d->error = (es_str_t) { head.error, p + head.name + head.text };

    *at += sizeof(head) + head.name + head.text + head.error;

    return 1;
}


ngx_uint_t
ngx_exportsite_definitions_find(ngx_exportsite_definitions_t *list,
    es_str_t name, ngx_exportsite_definition_t *d)
{
    size_t  at = 0;

    while (ngx_exportsite_definitions_next(list, &at, d)) {
        if (es_str_eq(d->name, name)) {
            return 1;
        }
    }

    return 0;
}
