/*
 * Ids of events: 24 hex digits. Twelve are the process's, eight count, and the
 * four between tell, to who knows the site's key, whether the visitor could be
 * recognised then. So what is done later on a page that was nobody's is not
 * joined to a visitor who consents there, nor to the visitor what is done on
 * their page after consent was withdrawn.
 */
#ifndef NGX_EXPORTSITE_EVENT_ID_H
#define NGX_EXPORTSITE_EVENT_ID_H

#include "visit.h"


/* Once in a process, when its keys are known. */
ngx_int_t ngx_exportsite_event_id_init(void);

/* The next id, into NGX_EXPORTSITE_EVENT_ID_LEN bytes. */
void ngx_exportsite_event_id_make(u_char *id, ngx_uint_t recognised);

typedef enum {
    ngx_exportsite_not_ours = 0,
    ngx_exportsite_nobodys,
    ngx_exportsite_someones
} ngx_exportsite_whose_e;

/* Whose view has this id? */
ngx_exportsite_whose_e ngx_exportsite_event_id_whose(es_str_t id);

#endif
