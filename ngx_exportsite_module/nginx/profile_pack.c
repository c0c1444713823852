/*
 * Redis' answer, packed for the zone: what a profile may hold at all is decided
 * here.
 */
#include "compat.h"

#include "../core/text.h"
#include "profile_pack.h"
#include "worker.h"


#define NGX_EXPORTSITE_VALUE_MAX  512


/* Appends a field's value to a packed profile if it may be used at all. */
static u_char *
ngx_exportsite_profile_pack_field(u_char *p, u_char *last, ngx_uint_t number,
    redisReply *value)
{
    size_t  len;

    if (value->type != REDIS_REPLY_STRING || value->len == 0) {
        return p;
    }

    len = value->len;

    if (len > NGX_EXPORTSITE_VALUE_MAX || (size_t) (last - p) < len + 3
        || !es_text_safe((es_str_t) { len, value->str }))
    {
        ngx_exportsite_count(profile_rejected);
        return p;
    }

    *p++ = (u_char) number;
    *p++ = (u_char) (len >> 8);
    *p++ = (u_char) len;

    return ngx_cpymem(p, value->str, len);
}


ngx_int_t
ngx_exportsite_profile_pack(ngx_str_t *profile, size_t size, redisReply *r,
    ngx_uint_t fields)
{
    u_char      *p, *last;
    ngx_uint_t   i;

    if (r->type == REDIS_REPLY_ERROR) {
        ngx_exportsite_count(profile_rejected);
        ngx_exportsite_redis_complain(&ngx_exportsite_worker.redis,
                               "HMGET of a profile", r,
                               "a profile is a hash, es:profile:ID");

        /* no hash, no profile; other errors say nothing of the profile */
        return ngx_strncmp(r->str, "WRONGTYPE", 9) == 0 ? NGX_OK
                                                        : NGX_DECLINED;
    }

    if (r->type != REDIS_REPLY_ARRAY || r->elements != fields) {
        ngx_exportsite_count(profile_rejected);
        return NGX_DECLINED;
    }

    p = profile->data;
    last = p + size;

    for (i = 0; i < fields; i++) {
        p = ngx_exportsite_profile_pack_field(p, last, i, r->element[i]);
    }

    profile->len = p - profile->data;

    return NGX_OK;
}
