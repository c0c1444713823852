/*
 * A file of the spool: made or taken over, written, read, removed.
 */
#include "compat.h"

#include <sys/file.h>

#include "spool_dir.h"
#include "spool_file.h"
#include "worker.h"


static ngx_exportsite_spool_file_t *ngx_exportsite_spool_file(
    const u_char *name, ngx_fd_t fd, uint64_t ring);


static char  *ngx_exportsite_spool_shared;


char *
ngx_exportsite_spool_buffer(void)
{
    if (ngx_exportsite_spool_shared == NULL) {
        ngx_exportsite_spool_shared = ngx_alloc(NGX_EXPORTSITE_SPOOL_BUFFER,
                                                ngx_exportsite_worker.log);
    }

    return ngx_exportsite_spool_shared;
}


void
ngx_exportsite_spool_buffer_free(void)
{
    if (ngx_exportsite_spool_shared != NULL) {
        ngx_free(ngx_exportsite_spool_shared);
        ngx_exportsite_spool_shared = NULL;
    }
}


static ngx_exportsite_spool_file_t *
ngx_exportsite_spool_file(const u_char *name, ngx_fd_t fd, uint64_t ring)
{
    ngx_exportsite_spool_file_t  *file;

    file = ngx_calloc(sizeof(ngx_exportsite_spool_file_t),
                      ngx_exportsite_worker.log);

    if (file != NULL) {
        ngx_memcpy(file->name, name, NGX_EXPORTSITE_SPOOL_NAME + 1);
        file->fd = fd;
        file->producer.ring = ring;
        file->producer.part = (uint64_t) ngx_atoof((u_char *) name, 13);
        file->offset = ES_SPOOL_HEAD;
        file->size = ES_SPOOL_HEAD;
    }

    return file;
}


ngx_exportsite_spool_file_t *
ngx_exportsite_spool_create(ngx_str_t *dir, uint64_t producer, uint64_t now)
{
    char                          head[ES_SPOOL_HEAD];
    u_char                        name[NGX_EXPORTSITE_SPOOL_NAME + 1];
    u_char                       *path;
    ngx_fd_t                      fd;
    ngx_err_t                     err;
    struct stat                   st;
    ngx_exportsite_spool_file_t  *file;

    (void) ngx_snprintf(name, sizeof(name), "%013uL-%016xL.spool%Z", now,
                        producer);

    path = ngx_exportsite_spool_path(dir, name);
    if (path == NULL) {
        return NULL;
    }

    fd = open((const char *) path,
              O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC|O_NOFOLLOW, 0600);

    if (fd == NGX_INVALID_FILE) {
        return NULL;
    }

    file = ngx_exportsite_spool_file(name, fd, producer);

    /* one who looks for files to take over may have been quicker */

    if (file != NULL && flock(fd, LOCK_EX|LOCK_NB) == 0
        && fstat(fd, &st) == 0 && st.st_nlink > 0)
    {
        es_spool_head(head, producer);
        file->size = 0;
        file->checked = 1;

        if (ngx_exportsite_spool_append(file, head, ES_SPOOL_HEAD) == NGX_OK) {
            return file;
        }
    }

    err = ngx_errno;

    (void) ngx_delete_file(path);
    (void) ngx_close_file(fd);
    ngx_free(file);

    ngx_set_errno(err);

    return NULL;
}


ngx_int_t
ngx_exportsite_spool_open(ngx_str_t *dir, const u_char *name,
    ngx_exportsite_spool_file_t **file)
{
    char             head[ES_SPOOL_HEAD];
    u_char          *path;
    ngx_fd_t         fd;
    ngx_int_t        rc;
    uint32_t         sent;
    uint64_t         producer, named;
    struct stat      st;

    path = ngx_exportsite_spool_path(dir, name);
    if (path == NULL) {
        return NGX_ERROR;
    }

    /* a pipe of that name must not hold us up */

    fd = open((const char *) path, O_RDWR|O_CLOEXEC|O_NOFOLLOW|O_NONBLOCK);

    if (fd == NGX_INVALID_FILE) {
        return ngx_errno == NGX_ENOENT ? NGX_DECLINED : NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
        goto close;
    }

    if (flock(fd, LOCK_EX|LOCK_NB) == -1) {
        rc = ngx_errno == EWOULDBLOCK ? NGX_AGAIN : NGX_ERROR;
        goto close;
    }

    rc = NGX_DECLINED;

    if (fstat(fd, &st) == -1 || st.st_nlink == 0) {
        goto close;
    }

    if (st.st_size < ES_SPOOL_HEAD) {
        (void) ngx_delete_file(path);
        goto close;
    }

    rc = NGX_ERROR;

    if (pread(fd, head, ES_SPOOL_HEAD, 0) != ES_SPOOL_HEAD
        || !es_spool_head_read(head, &producer, &sent)
        || !ngx_exportsite_spool_named(name, NGX_EXPORTSITE_SPOOL_NAME, &named)
        || named != producer)
    {
        goto close;
    }

    *file = ngx_exportsite_spool_file(name, fd, producer);

    if (*file != NULL) {
        (*file)->end = st.st_size;
        (*file)->sent = sent;
        return NGX_OK;
    }

close:

    (void) ngx_close_file(fd);

    return rc;
}


ngx_int_t
ngx_exportsite_spool_append(ngx_exportsite_spool_file_t *file,
    const char *data, size_t len)
{
    ssize_t    n;
    ngx_err_t  err;

    n = pwrite(file->fd, data, len, file->size);

    if (n != (ssize_t) len) {
        err = n == -1 ? ngx_errno : NGX_ENOSPC;

        if (ftruncate(file->fd, file->size) == -1) {
            /* what is there half is cut off by its next owner */
        }

        ngx_set_errno(err);
        return NGX_ERROR;
    }

    file->size += len;
    file->end = file->size;

    return NGX_OK;
}


ssize_t
ngx_exportsite_spool_read(ngx_exportsite_spool_file_t *file, off_t offset,
    char **data)
{
    ssize_t  n;

    *data = ngx_exportsite_spool_buffer();
    if (*data == NULL) {
        return NGX_ERROR;
    }

    n = ngx_min(file->end - offset, (off_t) NGX_EXPORTSITE_SPOOL_BUFFER);
    n = pread(file->fd, *data, n, offset);

    return n == -1 ? NGX_ERROR : n;
}


void
ngx_exportsite_spool_counted(ngx_exportsite_spool_file_t *file, uint64_t n)
{
    file->sent += (uint32_t) n;

    if (pwrite(file->fd, &file->sent, sizeof(file->sent), ES_SPOOL_HEAD_SENT)
        == -1)
    {
        /* then its next owner counts them again, and sends none the more */
    }
}


void
ngx_exportsite_spool_close(ngx_exportsite_spool_file_t *file)
{
    (void) ngx_close_file(file->fd);
    ngx_free(file);
}


ngx_int_t
ngx_exportsite_spool_remove(ngx_str_t *dir, ngx_exportsite_spool_file_t *file)
{
    u_char  *path;

    path = ngx_exportsite_spool_path(dir, file->name);

    if (path == NULL || (ngx_delete_file(path) == NGX_FILE_ERROR
                         && ngx_errno != NGX_ENOENT))
    {
        return NGX_ERROR;
    }

    ngx_exportsite_spool_close(file);

    return NGX_OK;
}


/* Reads a file to its last whole record, whose number it returns. */
static uint64_t
ngx_exportsite_spool_last_of(ngx_str_t *dir, const u_char *name)
{
    char                         *data;
    size_t                        p, used;
    off_t                         offset;
    u_char                       *path;
    ssize_t                       n;
    uint64_t                      last;
    es_spool_record_t             rec;
    ngx_exportsite_spool_file_t   file;

    path = ngx_exportsite_spool_path(dir, name);
    if (path == NULL) {
        return 0;
    }

    ngx_memzero(&file, sizeof(file));

    file.fd = open((const char *) path,
                   O_RDONLY|O_CLOEXEC|O_NOFOLLOW|O_NONBLOCK);

    if (file.fd == NGX_INVALID_FILE) {
        return 0;
    }

    file.end = NGX_MAX_OFF_T_VALUE;
    offset = ES_SPOOL_HEAD;
    last = 0;

    do {
        n = ngx_exportsite_spool_read(&file, offset, &data);

        for (p = 0; n > 0 && p < (size_t) n; p += used) {
            switch (es_spool_get(data + p, n - p, &rec, &used)) {

            case ES_SPOOL_RECORD:
                last = rec.seq;
                break;

            case ES_SPOOL_MORE:
                n = p;
                used = 0;
                break;

            default:
                break;
            }
        }

        offset += p;

    } while (n > 0);

    (void) ngx_close_file(file.fd);

    return last;
}


uint64_t
ngx_exportsite_spool_last(ngx_str_t *dir, uint64_t producer)
{
    u_char       *name;
    uint64_t      last, other;
    ngx_uint_t    i;
    ngx_pool_t   *pool;
    ngx_array_t  *names;

    pool = ngx_create_pool(4096, ngx_exportsite_worker.log);
    if (pool == NULL) {
        return 0;
    }

    last = 0;
    names = ngx_exportsite_spool_names(dir, pool);

    for (i = names ? names->nelts : 0; i > 0 && last == 0; i--) {
        name = (u_char *) names->elts + (i - 1) * names->size;

        if (ngx_exportsite_spool_named(name, NGX_EXPORTSITE_SPOOL_NAME, &other)
            && other == producer)
        {
            last = ngx_exportsite_spool_last_of(dir, name);
        }
    }

    ngx_destroy_pool(pool);

    return last;
}
