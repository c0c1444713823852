/*
 * file: contents, kept in this worker's memory, looked at again after the time
 * of open_file_cache_valid; one that is missing after a second.
 */
#include "compat.h"

#include "../core/text.h"
#include "slots.h"
#include "worker.h"


#define NGX_EXPORTSITE_MISSING_VALID  1000        /* ms */
#define NGX_EXPORTSITE_PATH_MAX       1024


static ngx_int_t ngx_exportsite_slot_path(ngx_http_request_t *r,
    ngx_str_t *path, ngx_str_t *name);
static void ngx_exportsite_slot_look(ngx_http_request_t *r, ngx_str_t *path,
    ngx_exportsite_stored_t *stored);
static void ngx_exportsite_slot_read(ngx_http_request_t *r, ngx_str_t *path,
    ngx_fd_t fd, size_t size, ngx_exportsite_stored_t *stored);


ngx_exportsite_left_e
ngx_exportsite_slot_file_get(ngx_http_request_t *r, ngx_str_t *path,
    ngx_exportsite_content_t **content)
{
    ngx_str_t                  name, file;
    ngx_msec_t                 valid;
    ngx_exportsite_stored_t   *stored;
    ngx_http_core_loc_conf_t  *clcf;

    if (path->len == 0) {
        return ngx_exportsite_left_missing;
    }

    if (path->len > NGX_EXPORTSITE_PATH_MAX) {
        return ngx_exportsite_left_refused;
    }

    if (ngx_exportsite_slot_path(r, path, &name) != NGX_OK) {
        return ngx_exportsite_left_failed;
    }

    stored = ngx_exportsite_store_get(&name);
    if (stored == NULL) {
        return ngx_exportsite_left_failed;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    valid = stored->content != NULL
            ? (ngx_msec_t) clcf->open_file_cache_valid * 1000
            : NGX_EXPORTSITE_MISSING_VALID;

    if (stored->checked == 0 && !es_text_safe(ngx_exportsite_es(*path))) {
        ngx_exportsite_store_put(stored, NULL, ngx_exportsite_left_refused);
        return stored->left;
    }

    if (stored->checked == 0 || ngx_current_msec - stored->checked >= valid) {
        file.data = name.data + 2;
        file.len = name.len - 2;

        ngx_exportsite_slot_look(r, &file, stored);
        stored->checked = ngx_current_msec;
    }

    if (stored->content == NULL) {
        return stored->left;
    }

    *content = stored->content;
    (*content)->refs++;

    return ngx_exportsite_filled;
}


/* "f:" and the file's whole path, terminated. */
static ngx_int_t
ngx_exportsite_slot_path(ngx_http_request_t *r, ngx_str_t *path,
    ngx_str_t *name)
{
    u_char                    *p;
    size_t                     slash;
    ngx_str_t                  root;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    root = clcf->root;

    if (clcf->root_lengths != NULL
        && (ngx_http_script_run(r, &root, clcf->root_lengths->elts, 0,
                                clcf->root_values->elts)
            == NULL
            || ngx_get_full_name(r->pool, (ngx_str_t *) &ngx_cycle->prefix,
                                 &root)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    slash = path->data[0] != '/'
            && (root.len == 0 || root.data[root.len - 1] != '/');

    name->len = 2 + root.len + slash + path->len;
    name->data = ngx_pnalloc(r->pool, name->len + 1);
    if (name->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(name->data, "f:", 2);
    p = ngx_cpymem(p, root.data, root.len);

    if (slash) {
        *p++ = '/';
    }

    p = ngx_cpymem(p, path->data, path->len);
    *p = '\0';

    return NGX_OK;
}


/* Opens the file, and reads it if it is not the one that is known. */
static void
ngx_exportsite_slot_look(ngx_http_request_t *r, ngx_str_t *path,
    ngx_exportsite_stored_t *stored)
{
    uint64_t                   mark[4];
    ngx_file_info_t            fi;
    ngx_open_file_info_t       of;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    ngx_memzero(&of, sizeof(ngx_open_file_info_t));
    of.read_ahead = clcf->read_ahead;
    of.directio = NGX_OPEN_FILE_DIRECTIO_OFF;

    if (ngx_http_set_disable_symlinks(r, clcf, path, &of) != NGX_OK
        || ngx_open_cached_file(NULL, path, &of, r->pool) != NGX_OK)
    {
        if (of.err == 0) {
            ngx_exportsite_store_put(stored, NULL, ngx_exportsite_left_failed);
            return;
        }

        if ((stored->content != NULL || stored->checked == 0)
            && (clcf->log_not_found || of.err != NGX_ENOENT))
        {
            ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, of.err,
                          "exportsite: %s \"%V\" failed, the page's own "
                          "stays in its slot", of.failed, path);
        }

        ngx_exportsite_store_put(stored, NULL,
                                 of.err == NGX_ENOENT || of.err == NGX_ENOTDIR
                                 ? ngx_exportsite_left_missing
                                 : ngx_exportsite_left_failed);
        return;
    }

    if (!of.is_file || ngx_fd_info(of.fd, &fi) == NGX_FILE_ERROR) {
        ngx_exportsite_store_put(stored, NULL, ngx_exportsite_left_failed);
        return;
    }

    mark[0] = fi.st_ino ^ (uint64_t) fi.st_dev << 32;
    mark[1] = fi.st_ctim.tv_sec;
    mark[2] = fi.st_ctim.tv_nsec;
    mark[3] = fi.st_size;

    if (stored->content != NULL
        && ngx_memcmp(mark, stored->mark, sizeof(mark)) == 0)
    {
        return;
    }

    if (!ngx_exportsite_file_settled(fi.st_ctim.tv_sec)) {
        /* it may change within the same tick: read it once more */
        mark[3] = (uint64_t) -1;
    }

    ngx_memcpy(stored->mark, mark, sizeof(mark));
    ngx_exportsite_slot_read(r, path, of.fd, fi.st_size, stored);
}


static void
ngx_exportsite_slot_read(ngx_http_request_t *r, ngx_str_t *path, ngx_fd_t fd,
    size_t size, ngx_exportsite_stored_t *stored)
{
    ssize_t                    n;
    ngx_file_t                 file;
    ngx_exportsite_content_t  *content;

    if (size == 0 || size > NGX_EXPORTSITE_CONTENT_MAX) {
        if (size != 0) {
            ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, 0,
                          "exportsite: \"%V\" is longer than 1 MB, the page's "
                          "own stays in its slot", path);
        }

        ngx_exportsite_store_put(stored, NULL,
                                 size == 0 ? ngx_exportsite_left_missing
                                           : ngx_exportsite_left_large);
        return;
    }

    content = ngx_exportsite_content_new(size);

    if (content != NULL) {
        ngx_memzero(&file, sizeof(ngx_file_t));
        file.fd = fd;
        file.name = *path;
        file.log = ngx_exportsite_worker.log;

        n = ngx_read_file(&file, content->data, size, 0);

        if (n == (ssize_t) size) {
            ngx_exportsite_content_seal(content);
            ngx_exportsite_store_put(stored, content, ngx_exportsite_filled);
            return;
        }

        ngx_exportsite_content_release(content);
    }

    ngx_exportsite_store_put(stored, NULL, ngx_exportsite_left_failed);
}
