/*
 * What a worker process has one of, and the numbers of the profile fields.
 */
#include "compat.h"

#include "worker.h"


ngx_exportsite_worker_t  ngx_exportsite_worker;


/*
 * Fields are numbered in the order in which they were first named. Numbers
 * stay: what profiles in the zone hold is told by them.
 */
ngx_int_t
ngx_exportsite_field_number(es_str_t name)
{
    ngx_int_t                     found;
    ngx_uint_t                    i;
    static time_t                 logged;
    ngx_exportsite_worker_t      *w = &ngx_exportsite_worker;
    ngx_exportsite_field_name_t  *field = w->state->field;

    if (name.len == 0 || name.len > NGX_EXPORTSITE_FIELD_NAME_MAX) {
        return -1;
    }

    found = -1;

    ngx_exportsite_zone_lock(w->conf->state_zone);

    for (i = 0; i < w->state->fields; i++) {
        if (field[i].len == name.len
            && ngx_memcmp(field[i].data, name.data, name.len) == 0)
        {
            found = i;
            break;
        }
    }

    if (found < 0 && i < NGX_EXPORTSITE_FIELDS_MAX) {
        ngx_memcpy(field[i].data, name.data, name.len);
        field[i].len = (u_char) name.len;

        ngx_memory_barrier();

        w->state->fields = i + 1;
        found = i;
    }

    ngx_exportsite_zone_unlock(w->conf->state_zone);

    if (found < 0 && ngx_time() - logged >= 60) {
        logged = ngx_time();
        ngx_log_error(NGX_LOG_ERR, w->log, 0,
                      "exportsite: more than %d profile fields were named "
                      "since nginx started: \"%*s\" stays empty until a "
                      "restart", NGX_EXPORTSITE_FIELDS_MAX,
                      name.len, name.data);
    }

    return found;
}
