/*
 * Contents of slots from Redis, for requests.
 */
#ifndef NGX_EXPORTSITE_CONTENTS_H
#define NGX_EXPORTSITE_CONTENTS_H

#include "content.h"
#include "contents_zone.h"


/*
 * The content <prefix>slot:<key> as it was last read from Redis. Filled, with a
 * reference that the caller releases, or the reason why there is none. Never
 * waits: what is not known yet, or old, is read behind.
 */
ngx_exportsite_left_e ngx_exportsite_contents_get(ngx_str_t *key,
    ngx_exportsite_content_t **content);

#endif
