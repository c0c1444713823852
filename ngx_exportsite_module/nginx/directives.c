/*
 * The directives' arguments. Whatever is wrong is an [emerg] that names the place
 * and says what to write instead.
 */
#include "compat.h"

#include <openssl/evp.h>

#include "../core/text.h"
#include "../redis/keys.h"
#include "directives.h"
#include "worker.h"


#define NGX_EXPORTSITE_SECRET_MIN  16
#define NGX_EXPORTSITE_FILE_MAX    65536
#define NGX_EXPORTSITE_ZONE_MIN    (512 * 1024)
#define NGX_EXPORTSITE_BUFFER_MIN  (64 * 1024)


static ngx_uint_t ngx_exportsite_option(ngx_str_t *arg, const char *name,
    ngx_str_t *value);
static char *ngx_exportsite_invalid(ngx_conf_t *cf, ngx_str_t *arg,
    const char *remedy);
static ngx_int_t ngx_exportsite_read_file(ngx_conf_t *cf, ngx_str_t *file,
    ngx_str_t *content);
static char *ngx_exportsite_redis_option(ngx_conf_t *cf,
    ngx_exportsite_redis_conf_t *rcf, ngx_str_t *arg);
static char *ngx_exportsite_redis_address(ngx_conf_t *cf,
    ngx_exportsite_redis_conf_t *rcf);
static char *ngx_exportsite_source_parse(ngx_conf_t *cf, ngx_uint_t which,
    ngx_str_t *word, ngx_exportsite_source_t *source);
static void ngx_exportsite_cookie_defaults(ngx_exportsite_cookie_t *cookie,
    ngx_exportsite_cookie_args_t *args);
static char *ngx_exportsite_cookie_attributes(ngx_conf_t *cf,
    ngx_exportsite_cookie_t *cookie, ngx_exportsite_cookie_args_t *args);


/* "name=value": true, and the value. */
static ngx_uint_t
ngx_exportsite_option(ngx_str_t *arg, const char *name, ngx_str_t *value)
{
    size_t  len = ngx_strlen(name);

    if (arg->len <= len || arg->data[len] != '='
        || ngx_strncmp(arg->data, name, len) != 0)
    {
        return 0;
    }

    value->len = arg->len - len - 1;
    value->data = arg->data + len + 1;

    return 1;
}


static char *
ngx_exportsite_invalid(ngx_conf_t *cf, ngx_str_t *arg, const char *remedy)
{
    ngx_str_t  *directive = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" of \"%V\": %s", arg,
                       directive, remedy);

    return NGX_CONF_ERROR;
}


char *
ngx_exportsite_on(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                   *value, option;
    ngx_exportsite_loc_conf_t   *lcf = conf;
    ngx_exportsite_main_conf_t  *mcf;

    if (lcf->enable != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "on") == 0) {
        lcf->enable = 1;
        mcf = ngx_http_conf_get_module_main_conf(cf, ngx_exportsite_module);
        mcf->used = 1;

    } else if (ngx_strcmp(value[1].data, "off") == 0) {
        lcf->enable = 0;

    } else {
        return ngx_exportsite_invalid(cf, &value[1], "use \"on\" or \"off\"");
    }

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    if (!ngx_exportsite_option(&value[2], "phase", &option)) {
        return ngx_exportsite_invalid(cf, &value[2],
                                  "use \"phase=rewrite\" or \"phase=access\"");
    }

    if (ngx_strcmp(option.data, "rewrite") == 0) {
        lcf->phase = NGX_EXPORTSITE_PHASE_REWRITE;

    } else if (ngx_strcmp(option.data, "access") == 0) {
        lcf->phase = NGX_EXPORTSITE_PHASE_ACCESS;

    } else {
        return ngx_exportsite_invalid(cf, &value[2],
                                  "use \"phase=rewrite\" or \"phase=access\"");
    }

    return NGX_CONF_OK;
}


char *
ngx_exportsite_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char                      *colon;
    ssize_t                      size;
    ngx_str_t                   *value, text;
    ngx_exportsite_main_conf_t  *mcf = conf;

    if (mcf->zone_size != 0) {
        return "is duplicate";
    }

    value = cf->args->elts;
    colon = ngx_strlchr(value[1].data, value[1].data + value[1].len, ':');

    if (colon == NULL || colon == value[1].data) {
        return ngx_exportsite_invalid(cf, &value[1],
                                      "use name:size, as in exportsite:32m");
    }

    text.data = colon + 1;
    text.len = value[1].data + value[1].len - text.data;
    size = ngx_parse_size(&text);

    if (size == NGX_ERROR) {
        return ngx_exportsite_invalid(cf, &value[1],
                       "the size is a number with k or m, as in "
                       "exportsite:32m");
    }

    if (size < NGX_EXPORTSITE_ZONE_MIN) {
        return ngx_exportsite_invalid(cf, &value[1],
                                      "too small, 512k is the least");
    }

    mcf->zone_name.data = value[1].data;
    mcf->zone_name.len = colon - value[1].data;
    mcf->zone_size = size;

    return NGX_CONF_OK;
}


char *
ngx_exportsite_geo(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_exportsite_main_conf_t  *mcf = conf;

    return ngx_exportsite_geo_add(cf, &mcf->geo);
}


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

    if (rcf->user.len && rcf->password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "exportsite_redis has user= without a password: "
                           "add password_file=");
        return NGX_CONF_ERROR;
    }

    return ngx_exportsite_redis_address(cf, rcf);
}


/* A time that is more than zero. */
static ngx_uint_t
ngx_exportsite_time(ngx_str_t *text, ngx_msec_t *time)
{
    ngx_int_t  msec = ngx_parse_time(text, 0);

    if (msec == NGX_ERROR || msec <= 0) {
        return 0;
    }

    *time = (ngx_msec_t) msec;

    return 1;
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


/* A small file's content without the line end, for secrets. */
static ngx_int_t
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


char *
ngx_exportsite_profile(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                   *value, option;
    ngx_exportsite_main_conf_t  *mcf = conf;

    if (mcf->profile_ttl != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    mcf->profile_ttl = 60000;

    if (cf->args->nelts == 1) {
        return NGX_CONF_OK;
    }

    value = cf->args->elts;

    if (!ngx_exportsite_option(&value[1], "ttl", &option)
        || !ngx_exportsite_time(&option, &mcf->profile_ttl))
    {
        return ngx_exportsite_invalid(cf, &value[1],
                                      "use ttl= and a time above zero, as in "
                                      "ttl=60s");
    }

    return NGX_CONF_OK;
}


char *
ngx_exportsite_stream(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ssize_t                        size;
    ngx_int_t                      n;
    ngx_str_t                     *value, option;
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
    }

    if (!es_visitor_id_valid(ngx_exportsite_es(value[1]))) {
        return ngx_exportsite_invalid(cf, &value[1],
                   "the stream's key is of letters, digits, \".\", \"_\" and "
                   "\"-\", 64 at most; the prefix comes before it by itself");
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_exportsite_option(&value[i], "maxlen", &option)) {
            n = ngx_atoi(option.data, option.len);
            if (n == NGX_ERROR || n == 0) {
                return ngx_exportsite_invalid(cf, &value[i],
                                              "a number of events above zero");
            }

            scf->maxlen = n;

        } else if (ngx_exportsite_option(&value[i], "flush", &option)) {
            if (!ngx_exportsite_time(&option, &scf->flush)) {
                return ngx_exportsite_invalid(cf, &value[i],
                                      "a time above zero, as in 100ms");
            }

        } else if (ngx_exportsite_option(&value[i], "buffer", &option)) {
            size = ngx_parse_size(&option);
            if (size == NGX_ERROR || size < NGX_EXPORTSITE_BUFFER_MIN
                || size > 1024 * 1024 * 1024)
            {
                return ngx_exportsite_invalid(cf, &value[i],
                                  "a size from 64k to 1024m, as in 4m");
            }

            scf->buffer = ngx_align(size, ngx_pagesize);

        } else {
            return ngx_exportsite_invalid(cf, &value[i],
                             "known are maxlen=, flush= and buffer=");
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_exportsite_languages(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value = cf->args->elts;
    ngx_exportsite_loc_conf_t  *lcf = conf;

    if (lcf->language_tags != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    return ngx_exportsite_set_languages(cf, lcf, value + 1,
                                        cf->args->nelts - 1);
}


char *
ngx_exportsite_set_languages(ngx_conf_t *cf, ngx_exportsite_loc_conf_t *lcf,
    ngx_str_t *tags, ngx_uint_t n)
{
    size_t                       bad;
    es_str_t                    *list;
    ngx_str_t                   *tag;
    ngx_uint_t                   i;
    const char                  *err;
    static ngx_uint_t            salt;
    ngx_exportsite_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_exportsite_module);

    list = ngx_palloc(cf->pool, n * sizeof(es_str_t));
    lcf->language_events = ngx_palloc(cf->pool, n * sizeof(es_event_ready_t));
    lcf->language_tags = ngx_array_create(cf->pool, n, sizeof(ngx_str_t));

    if (list == NULL || lcf->language_events == NULL
        || lcf->language_tags == NULL)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < n; i++) {
        list[i] = ngx_exportsite_es(tags[i]);
        tag = ngx_array_push(lcf->language_tags);
        *tag = tags[i];

        es_event_prepare(&lcf->language_events[i], ES_EVENT_LANGUAGE, list[i]);
    }

    lcf->languages = es_languages_create(list, n, mcf->pool, &err, &bad);
    lcf->languages_salt = ++salt;

    if (lcf->languages == NULL) {
        return ngx_exportsite_invalid(cf, &tags[bad], err);
    }

    return NGX_CONF_OK;
}


char *
ngx_exportsite_industries(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value, *tag, *known;
    ngx_uint_t                  i, k;
    ngx_exportsite_loc_conf_t  *lcf = conf;

    if (lcf->industries != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    lcf->industries = ngx_array_create(cf->pool, cf->args->nelts,
                                       sizeof(ngx_str_t));
    if (lcf->industries == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (!es_tag_valid(ngx_exportsite_es(value[i]))) {
            return ngx_exportsite_invalid(cf, &value[i],
                      "a tag is of small letters, digits and \"-\", 32 at "
                      "most");
        }

        known = lcf->industries->elts;

        for (k = 0; k < lcf->industries->nelts; k++) {
            if (known[k].len == value[i].len
                && ngx_memcmp(known[k].data, value[i].data, value[i].len) == 0)
            {
                return ngx_exportsite_invalid(cf, &value[i],
                                              "it is there twice");
            }
        }

        tag = ngx_array_push(lcf->industries);
        if (tag == NULL) {
            return NGX_CONF_ERROR;
        }

        *tag = value[i];
    }

    return NGX_CONF_OK;
}


/* The three ladders, by the offset of their field: country, language, industry. */
char *
ngx_exportsite_from(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t     *value = cf->args->elts;
    ngx_uint_t     which;
    ngx_array_t  **ladder;

    ladder = (ngx_array_t **) ((char *) conf + cmd->offset);

    if (*ladder != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    which = cmd->offset == offsetof(ngx_exportsite_loc_conf_t, country_from)
            ? 0
            : cmd->offset == offsetof(ngx_exportsite_loc_conf_t, language_from)
              ? 1 : 2;

    *ladder = ngx_exportsite_ladder(cf, which, value + 1, cf->args->nelts - 1);

    return *ladder ? NGX_CONF_OK : NGX_CONF_ERROR;
}


ngx_array_t *
ngx_exportsite_ladder(ngx_conf_t *cf, ngx_uint_t which, ngx_str_t *words,
    ngx_uint_t n)
{
    ngx_uint_t                    i;
    ngx_array_t                  *ladder;
    ngx_exportsite_source_t      *source, **slot;
    ngx_exportsite_main_conf_t   *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_exportsite_module);

    /* exactly n, so that no element ever moves */
    ladder = ngx_array_create(cf->pool, n, sizeof(ngx_exportsite_source_t));
    if (ladder == NULL) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        source = ngx_array_push(ladder);
        ngx_memzero(source, sizeof(ngx_exportsite_source_t));

        if (ngx_exportsite_source_parse(cf, which, &words[i], source)
            != NGX_CONF_OK)
        {
            return NULL;
        }

        if (source->type == ngx_exportsite_source_profile) {
            slot = ngx_array_push(&mcf->profile_sources);
            if (slot == NULL) {
                return NULL;
            }

            *slot = source;
        }
    }

    return ladder;
}


static char *
ngx_exportsite_source_parse(ngx_conf_t *cf, ngx_uint_t which, ngx_str_t *word,
    ngx_exportsite_source_t *source)
{
    u_char                            *colon;
    ngx_uint_t                         i;
    ngx_http_compile_complex_value_t   ccv;

    static ngx_str_t  fields[] = {
        ngx_string("country"), ngx_string("language"), ngx_string("industry")
    };

    /* the words, and on which ladders they stand (bits: 1, 2, 4) */
    static struct {
        ngx_str_t                 name;
        ngx_exportsite_source_e   type;
        ngx_uint_t                ladders;
    } words[] = {
        { ngx_string("geo"), ngx_exportsite_source_geo, 1 },
        { ngx_string("url"), ngx_exportsite_source_url, 7 },
        { ngx_string("accept"), ngx_exportsite_source_accept, 2 },
        { ngx_string("country"), ngx_exportsite_source_country, 2 },
        { ngx_string("profile"), ngx_exportsite_source_profile, 7 },
        { ngx_string("hint"), ngx_exportsite_source_hint, 4 },
        { ngx_string("cookie"), ngx_exportsite_source_cookie, 7 },
        { ngx_string("arg"), ngx_exportsite_source_arg, 7 },
        { ngx_string("header"), ngx_exportsite_source_header, 7 }
    };

    static const char  *remedy[] = {
        "a country comes from geo, cookie:NAME, arg:NAME, header:NAME, url, "
            "profile or a value with variables",
        "a language comes from url, accept, country, cookie:NAME, arg:NAME, "
            "header:NAME, profile or a value with variables",
        "an industry comes from profile, hint, cookie:NAME, arg:NAME, "
            "header:NAME, url or a value with variables"
    };

    source->text = *word;

    if (ngx_strlchr(word->data, word->data + word->len, '$') != NULL) {
        source->type = ngx_exportsite_source_value;

        ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));
        ccv.cf = cf;
        ccv.value = word;
        ccv.complex_value = &source->value;

        return ngx_http_compile_complex_value(&ccv) == NGX_OK
               ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    colon = ngx_strlchr(word->data, word->data + word->len, ':');

    source->name.data = colon ? colon + 1 : NULL;
    source->name.len = colon ? word->data + word->len - colon - 1 : 0;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].name.len != (colon ? (size_t) (colon - word->data)
                                        : word->len)
            || ngx_memcmp(words[i].name.data, word->data, words[i].name.len)
               != 0
            || !(words[i].ladders & (ngx_uint_t) 1 << which)
            || (words[i].type <= ngx_exportsite_source_header
                && words[i].type >= ngx_exportsite_source_cookie)
               != (source->name.len > 0))
        {
            continue;
        }

        source->type = words[i].type;

        if (source->type == ngx_exportsite_source_profile) {
            source->name = fields[which];
        }

        return NGX_CONF_OK;
    }

    return ngx_exportsite_invalid(cf, word, remedy[which]);
}


char *
ngx_exportsite_hint(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value;
    ngx_exportsite_hint_t      *hint;
    ngx_exportsite_loc_conf_t  *lcf = conf;

    value = cf->args->elts;

    if (lcf->hints == NGX_CONF_UNSET_PTR) {
        lcf->hints = ngx_array_create(cf->pool, 4,
                                      sizeof(ngx_exportsite_hint_t));
    }

    hint = lcf->hints ? ngx_array_push(lcf->hints) : NULL;
    if (hint == NULL) {
        return NGX_CONF_ERROR;
    }

    hint->name = value[1];
    hint->file = cf->conf_file->file.name.data;
    hint->line = cf->conf_file->line;
    hint->rule = ngx_exportsite_conf_rule(cf, &value[2]);

    return hint->rule ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* on, off or a value. */
char *
ngx_exportsite_set_switch(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                         *value;
    ngx_exportsite_switch_t           *sw;
    ngx_http_compile_complex_value_t   ccv;

    sw = (ngx_exportsite_switch_t *) ((char *) conf + cmd->offset);

    if (sw->flag != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;
    sw->flag = 0;

    if (ngx_strcmp(value[1].data, "on") == 0) {
        sw->flag = 1;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    if (ngx_strlchr(value[1].data, value[1].data + value[1].len, '$') == NULL)
    {
        return ngx_exportsite_invalid(cf, &value[1],
                       "use on, off or a value with a variable in it");
    }

    sw->value = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (sw->value == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));
    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = sw->value;

    return ngx_http_compile_complex_value(&ccv) == NGX_OK ? NGX_CONF_OK
                                                           : NGX_CONF_ERROR;
}


char *
ngx_exportsite_set_visitor(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    size_t                      i;
    ngx_str_t                  *value = cf->args->elts;
    static ngx_str_t            cookie = ngx_string("$cookie_");
    ngx_exportsite_loc_conf_t  *lcf = conf;

    /* the commonest value is a cookie, which is had for less than a variable */

    if (value[1].len > cookie.len
        && ngx_strncmp(value[1].data, cookie.data, cookie.len) == 0)
    {
        for (i = cookie.len; i < value[1].len; i++) {
            if (!((value[1].data[i] >= 'a' && value[1].data[i] <= 'z')
                  || (value[1].data[i] >= '0' && value[1].data[i] <= '9')))
            {
                break;
            }
        }

        if (i == value[1].len) {
            lcf->visitor_cookie.len = value[1].len - cookie.len;
            lcf->visitor_cookie.data = value[1].data + cookie.len;
        }
    }

    return ngx_http_set_complex_value_slot(cf, cmd, conf);
}


char *
ngx_exportsite_optout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value;
    ngx_uint_t                  i;
    ngx_exportsite_loc_conf_t  *lcf = conf;

    if (lcf->optout != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    lcf->optout = 0;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "gpc") == 0) {
            lcf->optout |= NGX_EXPORTSITE_OPTOUT_GPC;

        } else if (ngx_strcmp(value[i].data, "dnt") == 0) {
            lcf->optout |= NGX_EXPORTSITE_OPTOUT_DNT;

        } else if (ngx_strcmp(value[i].data, "off") == 0
                   && cf->args->nelts == 2)
        {
            lcf->optout = NGX_EXPORTSITE_OPTOUT_OFF;

        } else {
            return ngx_exportsite_invalid(cf, &value[i],
                                      "use gpc, dnt or both, or off alone");
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_exportsite_set_cookie(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                     *value, option;
    ngx_uint_t                     i;
    ngx_exportsite_cookie_t       *cookie;
    ngx_exportsite_loc_conf_t     *lcf = conf;
    ngx_exportsite_cookie_args_t   args;

    if (lcf->cookie != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    cookie = ngx_pcalloc(cf->pool, sizeof(ngx_exportsite_cookie_t));
    if (cookie == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_exportsite_cookie_defaults(cookie, &args);
    cookie->name = value[1];

    if (!es_visitor_id_valid(ngx_exportsite_es(value[1]))) {
        return ngx_exportsite_invalid(cf, &value[1],
                      "a cookie's name is of letters, digits, \"_\", \"-\" "
                      "and \".\", 64 at most");
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_exportsite_option(&value[i], "max_age", &option)) {
            args.max_age = ngx_parse_time(&option, 1);
            if (args.max_age == (time_t) NGX_ERROR || args.max_age <= 0) {
                return ngx_exportsite_invalid(cf, &value[i],
                                      "a time above zero, as in 180d");
            }

        } else if (ngx_exportsite_option(&value[i], "domain", &option)) {
            args.domain = option;

        } else if (ngx_exportsite_option(&value[i], "path", &option)) {
            args.path = option;

        } else if (ngx_exportsite_option(&value[i], "samesite", &option)) {
            args.samesite = option;

        } else if (ngx_exportsite_option(&value[i], "secure", &option)) {

            if (ngx_strcmp(option.data, "auto") == 0) {
                cookie->secure = 2;

            } else if (ngx_strcmp(option.data, "on") == 0) {
                cookie->secure = 1;

            } else if (ngx_strcmp(option.data, "off") == 0) {
                cookie->secure = 0;

            } else {
                return ngx_exportsite_invalid(cf, &value[i],
                                              "use auto, on or off");
            }

        } else {
            return ngx_exportsite_invalid(cf, &value[i],
                  "known are max_age=, domain=, path=, samesite= and secure=");
        }
    }

    lcf->cookie = cookie;

    return ngx_exportsite_cookie_attributes(cf, cookie, &args);
}


static void
ngx_exportsite_cookie_defaults(ngx_exportsite_cookie_t *cookie,
    ngx_exportsite_cookie_args_t *args)
{
    ngx_str_set(&cookie->name, "es_vid");
    cookie->secure = 2;

    args->max_age = 180 * 24 * 60 * 60;
    ngx_str_null(&args->domain);
    ngx_str_set(&args->path, "/");
    ngx_str_set(&args->samesite, "lax");
}


ngx_exportsite_cookie_t *
ngx_exportsite_default_cookie(ngx_conf_t *cf)
{
    ngx_exportsite_cookie_t       *cookie;
    ngx_exportsite_cookie_args_t   args;

    cookie = ngx_pcalloc(cf->pool, sizeof(ngx_exportsite_cookie_t));
    if (cookie == NULL) {
        return NULL;
    }

    ngx_exportsite_cookie_defaults(cookie, &args);

    return ngx_exportsite_cookie_attributes(cf, cookie, &args) == NGX_CONF_OK
           ? cookie : NULL;
}


/* An attribute's value: nothing that could end it. */
static ngx_uint_t
ngx_exportsite_cookie_safe(ngx_str_t *value)
{
    ngx_uint_t  i;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] <= ' ' || value->data[i] >= 0x7f
            || value->data[i] == ';' || value->data[i] == ',')
        {
            return 0;
        }
    }

    return 1;
}


static char *
ngx_exportsite_cookie_attributes(ngx_conf_t *cf,
    ngx_exportsite_cookie_t *cookie, ngx_exportsite_cookie_args_t *args)
{
    u_char       *p;
    size_t        len;
    ngx_uint_t    i;
    const char   *samesite;

    if (!ngx_exportsite_cookie_safe(&args->domain)) {
        return ngx_exportsite_invalid(cf, &args->domain,
                                      "not the name of a domain");
    }

    if (!ngx_exportsite_cookie_safe(&args->path) || args->path.len == 0
        || args->path.data[0] != '/')
    {
        return ngx_exportsite_invalid(cf, &args->path,
                                      "a cookie's path begins with \"/\"");
    }

    if (ngx_strcmp(args->samesite.data, "lax") == 0) {
        samesite = "Lax";

    } else if (ngx_strcmp(args->samesite.data, "strict") == 0) {
        samesite = "Strict";

    } else if (ngx_strcmp(args->samesite.data, "none") == 0) {
        samesite = "None";

        if (cookie->secure == 0) {
            return ngx_exportsite_invalid(cf, &args->samesite,
                      "browsers take samesite=none only with secure=on");
        }

    } else {
        return ngx_exportsite_invalid(cf, &args->samesite,
                                      "samesite= is lax, strict or none");
    }

    len = args->domain.len + args->path.len + 128;

    cookie->attributes.data = ngx_pnalloc(cf->pool, len);
    cookie->expired.data = ngx_pnalloc(cf->pool, len);

    if (cookie->attributes.data == NULL || cookie->expired.data == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < 2; i++) {
        p = i ? cookie->expired.data : cookie->attributes.data;

        p = ngx_sprintf(p, "; Max-Age=%T", i ? (time_t) 0 : args->max_age);
        p = ngx_sprintf(p, "; Path=%V", &args->path);

        if (args->domain.len) {
            p = ngx_sprintf(p, "; Domain=%V", &args->domain);
        }

        p = ngx_sprintf(p, "; HttpOnly; SameSite=%s", samesite);

        if (i) {
            cookie->expired.len = p - cookie->expired.data;

        } else {
            cookie->attributes.len = p - cookie->attributes.data;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_exportsite_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                         *value;
    ngx_uint_t                         i;
    ngx_http_complex_value_t          *cv;
    ngx_exportsite_loc_conf_t         *lcf = conf;
    ngx_http_compile_complex_value_t   ccv;

    if (lcf->key != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    lcf->key = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                sizeof(ngx_http_complex_value_t));
    if (lcf->key == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        cv = ngx_array_push(lcf->key);

        ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));
        ccv.cf = cf;
        ccv.value = &value[i];
        ccv.complex_value = cv;

        if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* exportsite_status and exportsite_whoami: a location's own answer. */
char *
ngx_exportsite_endpoint(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t    *clcf;
    ngx_exportsite_main_conf_t  *mcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = (ngx_http_handler_pt) cmd->post;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_exportsite_module);
    mcf->used = 1;

    return NGX_CONF_OK;
}
