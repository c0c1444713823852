/*
 * Copying a database into memory, where it is checked and looked things up in.
 * The master does it at once, a worker slice by slice: see geo_reload.c.
 */
#include "compat.h"

#include "geo_db.h"

#include <sys/mman.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL  0x0008U
#endif

#define NGX_EXPORTSITE_GEO_SLICE     (1024 * 1024)
#define NGX_EXPORTSITE_GEO_BUFFER    65536
#define NGX_EXPORTSITE_GEO_SIZE_MAX  0xffffffffU


static ngx_int_t ngx_exportsite_geo_load_copy(ngx_exportsite_geo_load_t *load);
static void ngx_exportsite_geo_identity(struct stat *st,
    ngx_exportsite_geo_file_t *file);
static ngx_int_t ngx_exportsite_geo_load_error(ngx_exportsite_geo_load_t *load,
    ngx_err_t err, const char *what);


/* Linux before 6.3 does not know MFD_NOEXEC_SEAL, some later ones insist. */
ngx_fd_t
ngx_exportsite_geo_memory(void)
{
    ngx_fd_t  fd;

    fd = memfd_create("exportsite_geo", MFD_CLOEXEC|MFD_NOEXEC_SEAL);

    if (fd == NGX_INVALID_FILE && ngx_errno == NGX_EINVAL) {
        fd = memfd_create("exportsite_geo", MFD_CLOEXEC);
    }

    return fd;
}


int
ngx_exportsite_geo_map(ngx_fd_t copy, MMDB_s *mmdb)
{
    u_char  name[sizeof("/proc/self/fd/") + NGX_INT_T_LEN];

    (void) ngx_sprintf(name, "/proc/self/fd/%d%Z", copy);

    return MMDB_open((char *) name, MMDB_MODE_MMAP, mmdb);
}


void
ngx_exportsite_geo_stat(const char *path, ngx_exportsite_geo_file_t *file)
{
    struct stat  st;

    if (stat(path, &st) == 0) {
        ngx_exportsite_geo_identity(&st, file);
        return;
    }

    ngx_memzero(file, sizeof(ngx_exportsite_geo_file_t));
    file->err = ngx_errno;
}


ngx_int_t
ngx_exportsite_geo_load_open(ngx_exportsite_geo_load_t *load, const char *path,
    const char **country, ngx_fd_t copy)
{
    ngx_err_t    err;
    struct stat  st;

    ngx_memzero(load, offsetof(ngx_exportsite_geo_load_t, check));
    ngx_exportsite_geo_check_init(&load->check, country);

    load->copy = copy;

    /* O_NONBLOCK: a named pipe must not hold us */

    load->source = open(path, O_RDONLY|O_NONBLOCK|O_CLOEXEC);

    if (load->source == NGX_INVALID_FILE) {
        err = ngx_errno;

        if (stat(path, &st) == 0) {
            ngx_exportsite_geo_identity(&st, &load->file);
        }

        return ngx_exportsite_geo_load_error(load, err, "it cannot be opened");
    }

    if (fstat(load->source, &st) == -1) {
        return ngx_exportsite_geo_load_error(load, ngx_errno,
                                             "it cannot be examined");
    }

    ngx_exportsite_geo_identity(&st, &load->file);

    if (!S_ISREG(st.st_mode)) {
        return ngx_exportsite_geo_load_error(load, 0,
                                             "it is not a regular file");
    }

    if (st.st_size == 0) {
        return ngx_exportsite_geo_load_error(load, 0, "it is empty");
    }

    if (st.st_size > (off_t) NGX_EXPORTSITE_GEO_SIZE_MAX) {
        return ngx_exportsite_geo_load_error(load, 0,
                                             "it is larger than 4 gigabytes");
    }

    if (ftruncate(copy, 0) == -1) {
        return ngx_exportsite_geo_load_error(load, ngx_errno,
                                             "there is no memory for it");
    }

    return NGX_OK;
}


ngx_int_t
ngx_exportsite_geo_load_step(ngx_exportsite_geo_load_t *load)
{
    int          status;
    struct stat  st;

    ngx_exportsite_geo_file_t  now;

    if (load->opened) {
        return ngx_exportsite_geo_check_step(&load->check, &load->mmdb,
                                             load->error, sizeof(load->error));
    }

    if ((uint64_t) load->offset < load->file.size) {
        return ngx_exportsite_geo_load_copy(load);
    }

    if (fstat(load->source, &st) == -1) {
        return ngx_exportsite_geo_load_error(load, ngx_errno,
                                             "it cannot be examined");
    }

    ngx_exportsite_geo_identity(&st, &now);

    if (now.size != load->file.size || now.mtime != load->file.mtime) {
        (void) ngx_exportsite_geo_load_error(load, 0,
                                             "it changes while it is read");
        return NGX_BUSY;
    }

    status = ngx_exportsite_geo_map(load->copy, &load->mmdb);

    if (status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR) {
        return ngx_exportsite_geo_load_error(load, ngx_errno,
                                             "its copy cannot be opened in "
                                             "/proc/self/fd");
    }

    if (status != MMDB_SUCCESS) {
        return ngx_exportsite_geo_load_error(load, 0, MMDB_strerror(status));
    }

    load->opened = 1;

    return NGX_AGAIN;
}


static ngx_int_t
ngx_exportsite_geo_load_copy(ngx_exportsite_geo_load_t *load)
{
    ssize_t  n, written;
    off_t    end;

    static u_char  buffer[NGX_EXPORTSITE_GEO_BUFFER];

    end = ngx_min(load->offset + NGX_EXPORTSITE_GEO_SLICE,
                  (off_t) load->file.size);

    while (load->offset < end) {

        n = pread(load->source, buffer,
                  ngx_min(NGX_EXPORTSITE_GEO_BUFFER, end - load->offset),
                  load->offset);

        if (n == -1) {
            return ngx_exportsite_geo_load_error(load, ngx_errno,
                                                 "it cannot be read");
        }

        if (n == 0) {
            (void) ngx_exportsite_geo_load_error(load, 0,
                                                 "it became shorter while it "
                                                 "was read");
            return NGX_BUSY;
        }

        written = pwrite(load->copy, buffer, n, load->offset);

        if (written != n) {
            return ngx_exportsite_geo_load_error(load, ngx_errno,
                                                 "there is no memory for it");
        }

        load->offset += n;
    }

    return NGX_AGAIN;
}


void
ngx_exportsite_geo_load_close(ngx_exportsite_geo_load_t *load)
{
    if (load->source != NGX_INVALID_FILE) {
        (void) close(load->source);
        load->source = NGX_INVALID_FILE;
    }

    if (load->opened) {
        MMDB_close(&load->mmdb);
        load->opened = 0;
    }
}


static void
ngx_exportsite_geo_identity(struct stat *st, ngx_exportsite_geo_file_t *file)
{
    file->dev = st->st_dev;
    file->ino = st->st_ino;
    file->size = st->st_size;
    file->mtime = (uint64_t) st->st_mtim.tv_sec * 1000000000
                  + st->st_mtim.tv_nsec;
    file->ctime = (uint64_t) st->st_ctim.tv_sec * 1000000000
                  + st->st_ctim.tv_nsec;
    file->err = 0;
}


/* With an errno it may be otherwise next time, though the file is the same. */
static ngx_int_t
ngx_exportsite_geo_load_error(ngx_exportsite_geo_load_t *load, ngx_err_t err,
    const char *what)
{
    u_char  *p, *last;

    p = load->error;
    last = p + sizeof(load->error) - 1;

    load->file.err = err;

    p = ngx_slprintf(p, last, "%s", what);

    if (err) {
        p = ngx_slprintf(p, last, " (%d: ", err);
        p = ngx_strerror(err, p, last - p);
        p = ngx_slprintf(p, last, ")");
    }

    *p = '\0';

    return NGX_ERROR;
}
