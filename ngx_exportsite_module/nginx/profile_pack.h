/*
 * Redis' answer, packed for the zone.
 */
#ifndef NGX_EXPORTSITE_PROFILE_PACK_H
#define NGX_EXPORTSITE_PROFILE_PACK_H

#include "redis.h"


/*
 * Packs the answer to an HMGET of so many fields at profile->data, where size
 * bytes are, and sets profile->len: each field is its number (1 byte), the
 * length of its value (2 bytes) and the value. A value that is too long or not
 * safe is left out and counted. NGX_DECLINED: no answer to go by.
 */
ngx_int_t ngx_exportsite_profile_pack(ngx_str_t *profile, size_t size,
    redisReply *r, ngx_uint_t fields);

#endif
