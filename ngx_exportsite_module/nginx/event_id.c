/*
 * Ids of events.
 */
#include "compat.h"

#include <openssl/rand.h>

#include "../core/siphash.h"
#include "../core/visitor.h"
#include "event_id.h"
#include "worker.h"


#define NGX_EXPORTSITE_ID_PROCESS  12
#define NGX_EXPORTSITE_ID_TAG      4
#define NGX_EXPORTSITE_ID_PREFIX                                              \
    (NGX_EXPORTSITE_ID_PROCESS + NGX_EXPORTSITE_ID_TAG)


/* with the tag of one who is recognised, and of nobody */
static u_char  ngx_exportsite_id_prefix[2][NGX_EXPORTSITE_ID_PREFIX];


/* The tags of nobody's views and of someone's; process are its digits. */
static void
ngx_exportsite_event_id_tags(const ngx_exportsite_key_t *key,
    const u_char *process, char tags[2][NGX_EXPORTSITE_ID_TAG])
{
    uint8_t   tag[NGX_EXPORTSITE_ID_TAG / 2];
    uint64_t  hash;

    hash = es_siphash(key->bytes, process, NGX_EXPORTSITE_ID_PROCESS);

    tag[0] = (uint8_t) hash;
    tag[1] = (uint8_t) (hash >> 8);
    es_hex(tags[0], tag, sizeof(tag));

    tag[0] = (uint8_t) ~tag[0];
    es_hex(tags[1], tag, sizeof(tag));
}


ngx_int_t
ngx_exportsite_event_id_init(void)
{
    u_char   *nobody = ngx_exportsite_id_prefix[0];
    u_char   *someone = ngx_exportsite_id_prefix[1];
    char      tags[2][NGX_EXPORTSITE_ID_TAG];
    uint8_t   process[NGX_EXPORTSITE_ID_PROCESS / 2];

    if (RAND_bytes(process, sizeof(process)) != 1) {
        return NGX_ERROR;
    }

    es_hex((char *) nobody, process, sizeof(process));
    es_hex((char *) someone, process, sizeof(process));

    /* the first key signs */

    ngx_exportsite_event_id_tags(ngx_exportsite_worker.conf->secrets.elts,
                                 nobody, tags);
    ngx_memcpy(nobody + NGX_EXPORTSITE_ID_PROCESS, tags[0], sizeof(tags[0]));
    ngx_memcpy(someone + NGX_EXPORTSITE_ID_PROCESS, tags[1], sizeof(tags[1]));

    return NGX_OK;
}


void
ngx_exportsite_event_id_make(u_char *id, ngx_uint_t recognised)
{
    u_char          *p;
    uint32_t         n;
    ngx_uint_t       i;
    static uint32_t  counter;
    static u_char    hex[] = "0123456789abcdef";

    ngx_memcpy(id, ngx_exportsite_id_prefix[recognised != 0],
               NGX_EXPORTSITE_ID_PREFIX);

    n = ++counter;
    p = id + NGX_EXPORTSITE_EVENT_ID_LEN;

    for (i = 0; i < 8; i++) {
        *--p = hex[n & 15];
        n >>= 4;
    }
}


ngx_exportsite_whose_e
ngx_exportsite_event_id_whose(es_str_t id)
{
    char                   text[2][NGX_EXPORTSITE_ID_TAG];
    ngx_uint_t             i;
    const char            *tag = id.data + NGX_EXPORTSITE_ID_PROCESS;
    ngx_array_t           *keys = &ngx_exportsite_worker.conf->secrets;
    ngx_exportsite_key_t  *key = keys->elts;

    if (id.len != NGX_EXPORTSITE_EVENT_ID_LEN) {
        return ngx_exportsite_not_ours;
    }

    for (i = 0; i < keys->nelts; i++) {
        ngx_exportsite_event_id_tags(&key[i], (u_char *) id.data, text);

        if (ngx_memcmp(text[0], tag, NGX_EXPORTSITE_ID_TAG) == 0) {
            return ngx_exportsite_nobodys;
        }

        if (ngx_memcmp(text[1], tag, NGX_EXPORTSITE_ID_TAG) == 0) {
            return ngx_exportsite_someones;
        }
    }

    return ngx_exportsite_not_ours;
}
