/*
 * exportsite_stream: where events go, and where they wait.
 */
#include "compat.h"

#include "../core/visitor.h"
#include "directives.h"


#define NGX_EXPORTSITE_BUFFER_MIN     (64 * 1024)
#define NGX_EXPORTSITE_BUFFER_MAX     (1024 * 1024 * 1024)
#define NGX_EXPORTSITE_SPOOL_MAX      (256 * 1024 * 1024)
#define NGX_EXPORTSITE_SPOOL_MAX_MIN  (1024 * 1024)


static char *ngx_exportsite_stream_option(ngx_conf_t *cf,
    ngx_exportsite_stream_conf_t *scf, ngx_str_t *arg);
static char *ngx_exportsite_stream_spool(ngx_conf_t *cf,
    ngx_exportsite_stream_conf_t *scf, ngx_str_t *arg, ngx_str_t dir);


char *
ngx_exportsite_stream(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                     *value;
    ngx_uint_t                     i;
    ngx_exportsite_main_conf_t    *mcf = conf;
    ngx_exportsite_stream_conf_t  *scf = &mcf->stream;

    if (scf->set) {
        return "is duplicate";
    }

    value = cf->args->elts;

    scf->set = 1;
    scf->key = value[1];
    scf->maxlen = 1000000;
    scf->flush = 100;
    scf->buffer = 4 * 1024 * 1024;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        scf->off = 1;

        return cf->args->nelts == 2 ? NGX_CONF_OK
               : ngx_exportsite_invalid(cf, &value[2],
                                        "\"off\" has no parameters");
    }

    if (!es_visitor_id_valid(ngx_exportsite_es(value[1]))) {
        return ngx_exportsite_invalid(cf, &value[1],
                   "the stream's key is of letters, digits, \".\", \"_\" and "
                   "\"-\", 64 at most; the prefix comes before it by itself");
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_exportsite_stream_option(cf, scf, &value[i]) != NGX_CONF_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (scf->spool_max != 0 && scf->spool == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "exportsite_stream has spool_max= without a spool: "
                           "add spool= and a directory");
        return NGX_CONF_ERROR;
    }

    if (scf->spool_max == 0) {
        scf->spool_max = NGX_EXPORTSITE_SPOOL_MAX;
    }

    return NGX_CONF_OK;
}


static char *
ngx_exportsite_stream_option(ngx_conf_t *cf, ngx_exportsite_stream_conf_t *scf,
    ngx_str_t *arg)
{
    off_t      bytes;
    ssize_t    size;
    ngx_int_t  n;
    ngx_str_t  option;

    if (ngx_exportsite_option(arg, "maxlen", &option)) {
        n = ngx_atoi(option.data, option.len);
        if (n == NGX_ERROR || n == 0) {
            return ngx_exportsite_invalid(cf, arg,
                                          "a number of events above zero");
        }

        scf->maxlen = n;

    } else if (ngx_exportsite_option(arg, "flush", &option)) {
        if (!ngx_exportsite_time(&option, &scf->flush)) {
            return ngx_exportsite_invalid(cf, arg,
                                          "a time above zero, as in 100ms");
        }

    } else if (ngx_exportsite_option(arg, "buffer", &option)) {
        size = ngx_parse_size(&option);
        if (size == NGX_ERROR || size < NGX_EXPORTSITE_BUFFER_MIN
            || size > NGX_EXPORTSITE_BUFFER_MAX)
        {
            return ngx_exportsite_invalid(cf, arg,
                                          "a size from 64k to 1024m, as in 4m");
        }

        scf->buffer = ngx_align(size, ngx_pagesize);

    } else if (ngx_exportsite_option(arg, "spool_max", &option)) {
        bytes = ngx_parse_offset(&option);
        if (bytes == NGX_ERROR || bytes < NGX_EXPORTSITE_SPOOL_MAX_MIN) {
            return ngx_exportsite_invalid(cf, arg,
                                          "a size of at least 1m, as in 256m");
        }

        scf->spool_max = bytes;

    } else if (ngx_exportsite_option(arg, "spool", &option)) {
        return ngx_exportsite_stream_spool(cf, scf, arg, option);

    } else {
        return ngx_exportsite_invalid(cf, arg,
                             "known are maxlen=, flush=, buffer=, spool= and "
                             "spool_max=");
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_exportsite_parent_missing(ngx_str_t *dir)
{
    size_t           n;
    u_char           parent[NGX_MAX_PATH];
    ngx_file_info_t  fi;

    for (n = dir->len; n > 1 && dir->data[n - 1] != '/'; n--) { /* void */ }

    (void) ngx_cpystrn(parent, dir->data, ngx_min(n + 1, sizeof(parent)));

    return ngx_file_info(parent, &fi) == NGX_FILE_ERROR
           && ngx_errno == NGX_ENOENT;
}


/* nginx makes the directory, and gives it to the user of its workers. */
static char *
ngx_exportsite_stream_spool(ngx_conf_t *cf, ngx_exportsite_stream_conf_t *scf,
    ngx_str_t *arg, ngx_str_t dir)
{
    ngx_path_t       *path;
    ngx_file_info_t   fi;

    if (scf->spool != NULL) {
        return ngx_exportsite_invalid(cf, arg, "there is one spool");
    }

    if (dir.len > 1 && dir.data[dir.len - 1] == '/') {
        dir.data[--dir.len] = '\0';
    }

    if (dir.len == 0 || dir.len > NGX_MAX_PATH / 2) {
        return ngx_exportsite_invalid(cf, arg, "the path of a directory of its "
                                      "own, as in spool=/var/lib/exportsite");
    }

    path = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));

    if (path == NULL
        || ngx_conf_full_name(cf->cycle, &dir, 0) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (ngx_file_info(dir.data, &fi) != NGX_FILE_ERROR && !ngx_is_dir(&fi)) {
        return ngx_exportsite_invalid(cf, arg, "it is not a directory");
    }

    if (ngx_exportsite_parent_missing(&dir)) {
        return ngx_exportsite_invalid(cf, arg, "No such file or directory: the "
                                      "one above it must be there, nginx "
                                      "makes the last one only");
    }

    path->name = dir;
    path->conf_file = cf->conf_file->file.name.data;
    path->line = cf->conf_file->line;
    scf->spool = path;

    if (ngx_add_path(cf, &scf->spool) == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

#if (NGX_THREADS)
    scf->threads = ngx_thread_pool_add(cf, NULL);
    if (scf->threads == NULL) {
        return NGX_CONF_ERROR;
    }
#endif

    return NGX_CONF_OK;
}
