/*
 * exportsite_redis: where Redis is, and how long it may take.
 */
#include "compat.h"

#include "../redis/keys.h"
#include "directives.h"


static char *ngx_exportsite_redis_option(ngx_conf_t *cf,
    ngx_exportsite_redis_conf_t *rcf, ngx_str_t *arg);
static char *ngx_exportsite_redis_address(ngx_conf_t *cf,
    ngx_exportsite_redis_conf_t *rcf);


char *
ngx_exportsite_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                    *value;
    ngx_uint_t                    i;
    ngx_exportsite_main_conf_t   *mcf = conf;
    ngx_exportsite_redis_conf_t  *rcf = &mcf->redis;

    if (rcf->address.data != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    rcf->address = value[1];
    rcf->timeout = 10;
    rcf->connect_timeout = 200;
    rcf->refresh = 30000;
    ngx_str_set(&rcf->prefix, "es:");

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_exportsite_redis_option(cf, rcf, &value[i]) != NGX_CONF_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (rcf->timeout > 1000) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "with timeout=%Ms pages may wait so long for "
                           "Redis, a time without a unit is seconds: usual is "
                           "timeout=10ms", rcf->timeout / 1000);
    }

    if (rcf->user.len && rcf->password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "exportsite_redis has user= without a password: "
                           "add password_file=");
        return NGX_CONF_ERROR;
    }

    return ngx_exportsite_redis_address(cf, rcf);
}


static char *
ngx_exportsite_redis_option(ngx_conf_t *cf, ngx_exportsite_redis_conf_t *rcf,
    ngx_str_t *arg)
{
    ngx_int_t    n;
    ngx_str_t    value;
    ngx_uint_t   i;
    ngx_msec_t  *time;

    time = NULL;

    if (ngx_exportsite_option(arg, "timeout", &value)) {
        time = &rcf->timeout;

    } else if (ngx_exportsite_option(arg, "connect_timeout", &value)) {
        time = &rcf->connect_timeout;

    } else if (ngx_exportsite_option(arg, "refresh", &value)) {
        time = &rcf->refresh;

    } else if (ngx_exportsite_option(arg, "db", &value)) {
        n = ngx_atoi(value.data, value.len);
        if (n == NGX_ERROR) {
            return ngx_exportsite_invalid(cf, arg,
                                          "the number of a Redis database");
        }

        rcf->db = n;
        return NGX_CONF_OK;

    } else if (ngx_exportsite_option(arg, "user", &value)) {
        if (value.len == 0) {
            return ngx_exportsite_invalid(cf, arg, "the name is empty");
        }

        rcf->user = value;
        return NGX_CONF_OK;

    } else if (ngx_exportsite_option(arg, "password_file", &value)) {
        return ngx_exportsite_read_file(cf, &value, &rcf->password) == NGX_OK
               ? NGX_CONF_OK : NGX_CONF_ERROR;

    } else if (ngx_exportsite_option(arg, "prefix", &value)) {
        if (value.len > ES_PREFIX_MAX) {
            return ngx_exportsite_invalid(cf, arg, "64 characters at most");
        }

        for (i = 0; i < value.len; i++) {
            if (value.data[i] <= ' ' || value.data[i] >= 0x7f
                || value.data[i] == '{' || value.data[i] == '}')
            {
                return ngx_exportsite_invalid(cf, arg,
                          "printable ASCII without blanks and braces");
            }
        }

        rcf->prefix = value;
        return NGX_CONF_OK;

    } else {
        return ngx_exportsite_invalid(cf, arg,
                   "known are db=, user=, password_file=, prefix=, timeout=, "
                   "connect_timeout= and refresh=");
    }

    if (!ngx_exportsite_time(&value, time)) {
        return ngx_exportsite_invalid(cf, arg,
                               "a time above zero, as in 10ms, 2s or 1h");
    }

    return NGX_CONF_OK;
}


static char *
ngx_exportsite_redis_address(ngx_conf_t *cf, ngx_exportsite_redis_conf_t *rcf)
{
    u_char     text[NGX_SOCKADDR_STRLEN];
    ngx_str_t  path;
    ngx_url_t  u;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = rcf->address;
    u.default_port = 6379;

    if (u.url.len > 5 && ngx_strncmp(u.url.data, "unix:", 5) == 0) {
        path.len = u.url.len - 5;
        path.data = u.url.data + 5;

        if (ngx_conf_full_name(cf->cycle, &path, 0) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        u.url.len = path.len + 5;
        u.url.data = ngx_pnalloc(cf->pool, u.url.len + 1);
        if (u.url.data == NULL) {
            return NGX_CONF_ERROR;
        }

        (void) ngx_sprintf(u.url.data, "unix:%V%Z", &path);
    }

    if (ngx_parse_url(cf->pool, &u) != NGX_OK || u.naddrs == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"exportsite_redis %V\": use host:port, "
                           "[v6]:port or unix:/path",
                           u.err ? u.err : "no address", &rcf->address);
        return NGX_CONF_ERROR;
    }

    rcf->sockaddr = u.addrs[0].sockaddr;

    if (rcf->sockaddr->sa_family == AF_UNIX) {
        path.len = u.url.len - 5;
        path.data = u.url.data + 5;
        rcf->host = path;
        return NGX_CONF_OK;
    }

    rcf->port = ngx_inet_get_port(rcf->sockaddr);

    path.data = text;
    path.len = ngx_sock_ntop(rcf->sockaddr, u.addrs[0].socklen, text,
                             NGX_SOCKADDR_STRLEN, 0);

    /* hiredis wants an IPv6 address without its brackets, and terminated */
    if (path.data[0] == '[') {
        path.data++;
        path.len -= 2;
    }

    rcf->host.data = ngx_pnalloc(cf->pool, path.len + 1);
    if (rcf->host.data == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(rcf->host.data, path.data, path.len);
    rcf->host.data[path.len] = '\0';
    rcf->host.len = path.len;

    return NGX_CONF_OK;
}
