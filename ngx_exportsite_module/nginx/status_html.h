/*
 * The status as a page, for a person.
 */
#ifndef NGX_EXPORTSITE_STATUS_HTML_H
#define NGX_EXPORTSITE_STATUS_HTML_H

#include "reply.h"
#include "status_sums.h"


void ngx_exportsite_status_html(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status);

#endif
