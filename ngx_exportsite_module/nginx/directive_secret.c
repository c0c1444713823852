/*
 * exportsite_secret, and other small files whose content is a secret.
 */
#include "compat.h"

#include <openssl/evp.h>

#include "directives.h"


#define NGX_EXPORTSITE_SECRET_MIN  16
#define NGX_EXPORTSITE_FILE_MAX    65536


/* A small file's content without the line end, for secrets. */
ngx_int_t
ngx_exportsite_read_file(ngx_conf_t *cf, ngx_str_t *file, ngx_str_t *content)
{
    u_char     *buf;
    ssize_t     n;
    ngx_fd_t    fd;
    ngx_str_t   name = *file;

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(name.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "cannot open \"%V\", create it readable for the "
                           "user that starts nginx", &name);
        return NGX_ERROR;
    }

    buf = ngx_pnalloc(cf->pool, NGX_EXPORTSITE_FILE_MAX);
    n = buf ? ngx_read_fd(fd, buf, NGX_EXPORTSITE_FILE_MAX) : -1;

    (void) ngx_close_file(fd);

    while (n > 0 && (buf[n - 1] == '\n' || buf[n - 1] == '\r')) {
        n--;
    }

    if (n <= 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, n < 0 ? ngx_errno : 0,
                           "\"%V\" is empty or cannot be read", &name);
        return NGX_ERROR;
    }

    content->data = buf;
    content->len = n;

    return NGX_OK;
}


char *
ngx_exportsite_secret(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char                       digest[EVP_MAX_MD_SIZE];
    unsigned int                 len;
    ngx_str_t                   *value, content;
    ngx_exportsite_key_t        *key;
    ngx_exportsite_main_conf_t  *mcf = conf;

    value = cf->args->elts;

    if (ngx_exportsite_read_file(cf, &value[1], &content) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (content.len < NGX_EXPORTSITE_SECRET_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the key in \"%V\" is shorter than %d bytes: make "
                           "one with \"openssl rand -hex 32\"", &value[1],
                           NGX_EXPORTSITE_SECRET_MIN);
        return NGX_CONF_ERROR;
    }

    key = ngx_array_push(&mcf->secrets);

    if (key == NULL
        || EVP_Digest(content.data, content.len, digest, &len, EVP_sha256(),
                      NULL)
           != 1)
    {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(key->bytes, digest, sizeof(key->bytes));
    ngx_explicit_memzero(content.data, content.len);

    return NGX_CONF_OK;
}
