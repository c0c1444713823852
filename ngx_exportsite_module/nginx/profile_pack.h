/*
 * Redis' answer, packed for the zone.
 */
#ifndef NGX_EXPORTSITE_PROFILE_PACK_H
#define NGX_EXPORTSITE_PROFILE_PACK_H

#include "redis.h"


/*
 * Packs the answer to an HMGET of so many fields into buf: each is its number (1
 * byte), the length of its value (2 bytes) and the value. A value that is too
 * long or not safe is left out and counted. Returns the bytes written.
 */
size_t ngx_exportsite_profile_pack(u_char *buf, size_t size, redisReply *r,
    ngx_uint_t fields);

#endif
