/*
 * The spool's directory: what files are called, and which are there.
 */
#include "compat.h"

#include "spool_dir.h"


static int ngx_libc_cdecl ngx_exportsite_spool_compare(const void *one,
    const void *two);


u_char *
ngx_exportsite_spool_path(ngx_str_t *dir, const u_char *name)
{
    u_char         *p;
    static u_char   path[NGX_MAX_PATH];

    p = ngx_snprintf(path, sizeof(path), "%V/%s%Z", dir, name);

    if (p[-1] != '\0') {
        ngx_set_errno(ENAMETOOLONG);
        return NULL;
    }

    return path;
}


ngx_uint_t
ngx_exportsite_spool_named(const u_char *name, size_t len, uint64_t *producer)
{
    u_char      c;
    ngx_uint_t  i;

    if (len != NGX_EXPORTSITE_SPOOL_NAME || name[13] != '-'
        || ngx_memcmp(name + 30, ".spool", 6) != 0)
    {
        return 0;
    }

    /* milliseconds since 1970 begin with a digit above 0 since 2001 */

    if (name[0] == '0') {
        return 0;
    }

    for (i = 0; i < 13; i++) {
        if (name[i] < '0' || name[i] > '9') {
            return 0;
        }
    }

    *producer = 0;

    for (i = 14; i < 30; i++) {
        c = name[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return 0;
        }

        *producer = *producer << 4 | (c <= '9' ? c - '0' : c - 'a' + 10);
    }

    return 1;
}


ngx_array_t *
ngx_exportsite_spool_names(ngx_str_t *dir, ngx_pool_t *pool)
{
    u_char       *name;
    size_t        len;
    uint64_t      producer;
    ngx_dir_t     d;
    ngx_err_t     err;
    ngx_array_t  *names;

    names = ngx_array_create(pool, 64, NGX_EXPORTSITE_SPOOL_NAME + 1);

    if (names == NULL || ngx_open_dir(dir, &d) == NGX_ERROR) {
        return NULL;
    }

    for ( ;; ) {
        ngx_set_errno(0);

        if (ngx_read_dir(&d) == NGX_ERROR) {
            err = ngx_errno;
            break;
        }

        len = ngx_de_namelen(&d);

        if (!ngx_exportsite_spool_named(ngx_de_name(&d), len, &producer)) {
            continue;
        }

        name = ngx_array_push(names);
        if (name == NULL) {
            err = NGX_ENOMEM;
            break;
        }

        ngx_memcpy(name, ngx_de_name(&d), len + 1);
    }

    (void) ngx_close_dir(&d);

    if (err != 0 && err != NGX_ENOMOREFILES) {
        ngx_set_errno(err);
        return NULL;
    }

    ngx_qsort(names->elts, names->nelts, names->size,
              ngx_exportsite_spool_compare);

    return names;
}


static int ngx_libc_cdecl
ngx_exportsite_spool_compare(const void *one, const void *two)
{
    return ngx_memcmp(one, two, NGX_EXPORTSITE_SPOOL_NAME);
}
