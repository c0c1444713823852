/*
 * What search engines are told of a page's languages: the one it is in, and
 * where it is in the others.
 */
#ifndef NGX_EXPORTSITE_ALTERNATES_H
#define NGX_EXPORTSITE_ALTERNATES_H

#include "visit.h"


/*
 * When the response's header is as others have made it: adds the Link of
 * exportsite_hreflang, and Content-Language where it is known. NGX_ERROR
 * without memory.
 */
ngx_int_t ngx_exportsite_alternates(ngx_http_request_t *r,
    ngx_exportsite_visit_t *visit);

/*
 * $exportsite_path: the client's path, encoded for a header, without the
 * language it begins with. Empty without memory.
 */
ngx_str_t ngx_exportsite_page_path(ngx_exportsite_visit_t *visit);

#endif
