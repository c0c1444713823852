/*
 * What concerns us in nginx' configuration. It is taken apart as nginx does it:
 * words, quotes, escapes, comments; blocks are not followed, as no directive of
 * ours has another meaning in another one.
 */
#include <ctype.h>
#include <glob.h>
#include <stdlib.h>

#include "doctor.h"


#define ES_CONF_WORDS  256
#define ES_CONF_FILE   (1024 * 1024)
#define ES_CONF_DEPTH  16
#define ES_CONF_FILES  1000

typedef struct {
    es_heap_t  *heap;
    es_str_t    rest;
    es_str_t    words[ES_CONF_WORDS];
    size_t      n;
} es_conf_t;


static bool
es_conf_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


/* What a backslash and c stand for; 0: for themselves. */
static char
es_conf_escape(char c)
{
    switch (c) {
    case '"':
    case '\'':
    case '\\':
        return c;
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'n':
        return '\n';
    default:
        return '\0';
    }
}


/* A word as it is meant: without the backslashes of what was escaped. */
static es_str_t
es_conf_unescape(es_heap_t *heap, es_str_t text)
{
    char    c, *p, *start;
    size_t  i;

    start = es_alloc(es_heap_pool(heap), text.len + 1);

    for (i = 0, p = start; i < text.len; i++) {
        c = text.data[i] == '\\' && i + 1 < text.len
            ? es_conf_escape(text.data[i + 1]) : '\0';

        *p++ = c ? c : text.data[i];
        i += c != '\0';
    }

    *p = '\0';

    return (es_str_t) { p - start, start };
}


/* The length of a word in quotes without them; -1: it does not end. */
static ssize_t
es_conf_quoted(es_str_t text)
{
    size_t  i;

    for (i = 1; i < text.len; i++) {
        if (text.data[i] == '\\') {
            i++;

        } else if (text.data[i] == text.data[0]) {
            return (ssize_t) i - 1;
        }
    }

    return -1;
}


static size_t
es_conf_plain(es_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] == '\\') {
            i++;

        } else if (text.data[i] == '$' && i + 1 < text.len
                   && text.data[i + 1] == '{')
        {
            i++;

        } else if (es_conf_blank(text.data[i]) || text.data[i] == ';'
                   || text.data[i] == '{')
        {
            break;
        }
    }

    return i < text.len ? i : text.len;
}


static void
es_conf_skip(es_str_t *text, size_t n)
{
    text->data += n;
    text->len -= n;
}


/* Adds the next word; false where it does not end. */
static bool
es_conf_word(es_conf_t *conf)
{
    bool      quoted;
    ssize_t   len;
    es_str_t  word;

    quoted = conf->rest.data[0] == '"' || conf->rest.data[0] == '\'';
    len = quoted ? es_conf_quoted(conf->rest)
                 : (ssize_t) es_conf_plain(conf->rest);

    if (len == -1) {
        return false;
    }

    word = (es_str_t) { (size_t) len, conf->rest.data + quoted };
    es_conf_skip(&conf->rest, (size_t) len + 2 * quoted);

    if (conf->n < ES_CONF_WORDS) {
        conf->words[conf->n++] = es_conf_unescape(conf->heap, word);
    }

    return true;
}


/*
 * Steps over the code in the block of "..._by_lua_block", which is not made of
 * nginx' words: its strings and comments may hold braces.
 */
static void
es_conf_lua(es_str_t *text)
{
    char    c;
    size_t  i, depth;

    for (i = 0, depth = 1; i < text->len && depth > 0; i++) {
        c = text->data[i];

        if (c == '-' && i + 1 < text->len && text->data[i + 1] == '-') {
            while (i < text->len && text->data[i] != '\n') {
                i++;
            }

        } else if (c == '"' || c == '\'') {
            for (i++; i < text->len && text->data[i] != c; i++) {
                i += text->data[i] == '\\';
            }

        } else {
            depth += c == '{';
            depth -= c == '}';
        }
    }

    es_conf_skip(text, i < text->len ? i : text->len);
}


/* Is the block that begins one of Lua code? */
static bool
es_conf_is_lua(es_str_t name)
{
    return name.len > 13
           && memcmp(name.data + name.len - 13, "_by_lua_block", 13) == 0;
}


/* The next directive's words; false at the end, whole or cut off. */
static bool
es_conf_next(es_conf_t *conf)
{
    char         c;
    const char  *end;

    for (conf->n = 0; conf->rest.len > 0; /* void */) {
        c = conf->rest.data[0];

        if (c == '#') {
            end = memchr(conf->rest.data, '\n', conf->rest.len);
            es_conf_skip(&conf->rest, end ? (size_t) (end - conf->rest.data)
                                          : conf->rest.len);

        } else if (c == ';' || c == '{' || c == '}') {
            es_conf_skip(&conf->rest, 1);

            if (conf->n > 0) {
                if (c == '{' && es_conf_is_lua(conf->words[0])) {
                    es_conf_lua(&conf->rest);
                }

                return true;
            }

        } else if (es_conf_blank(c)) {
            es_conf_skip(&conf->rest, 1);

        } else if (!es_conf_word(conf)) {
            return false;
        }
    }

    return false;
}


/* What stands behind "name=" in a word; NULL if it is none of that name. */
static const char *
es_conf_option(es_str_t word, const char *name)
{
    size_t  len = strlen(name);

    return word.len > len && memcmp(word.data, name, len) == 0
           && word.data[len] == '=' ? word.data + len + 1 : NULL;
}


static void
es_site_options(const es_conf_t *conf, const char *name, const char **value)
{
    size_t       i;
    const char  *found;

    for (i = 2; i < conf->n; i++) {
        found = es_conf_option(conf->words[i], name);
        *value = found ? found : *value;
    }
}


static void
es_site_redis(es_site_t *site, const es_conf_t *conf)
{
    site->redis = conf->words[1].data;
    es_site_options(conf, "prefix", &site->prefix);
    es_site_options(conf, "db", &site->db);
    es_site_options(conf, "user", &site->user);
    es_site_options(conf, "password_file", &site->password_file);
}


static void
es_site_stream(es_site_t *site, const es_conf_t *conf)
{
    const char  *maxlen = NULL;

    site->stream_off = strcmp(conf->words[1].data, "off") == 0;

    if (!site->stream_off) {
        site->stream = conf->words[1].data;
    }

    es_site_options(conf, "spool", &site->spool);
    es_site_options(conf, "maxlen", &maxlen);
    site->maxlen = maxlen ? strtoll(maxlen, NULL, 10) : 1000000;
}


static void
es_site_geo(es_site_t *site, const es_conf_t *conf)
{
    es_site_geo_t  *geo = &site->geo[site->ngeo];

    if (site->ngeo < ES_SITE_GEO) {
        geo->path = conf->words[1].data;
        es_site_options(conf, "country", &geo->country);
        site->ngeo++;
    }
}


static void
es_site_tags(json_t *tags, const es_conf_t *conf)
{
    size_t  i;

    for (i = 1; i < conf->n; i++) {
        json_object_set_new(tags, conf->words[i].data, json_null());
    }
}


static void
es_site_take(es_site_t *site, const es_conf_t *conf)
{
    const char  *name = conf->words[0].data;

    if (conf->n < 2) {
        return;
    }

    if (strcmp(name, "load_module") == 0
        && strstr(conf->words[1].data, "exportsite") != NULL)
    {
        site->module = conf->words[1].data;
        return;
    }

    if (strncmp(name, "exportsite", 10) != 0) {
        return;
    }

    site->any = true;

    if (strcmp(name, "exportsite_redis") == 0) {
        es_site_redis(site, conf);

    } else if (strcmp(name, "exportsite_stream") == 0) {
        es_site_stream(site, conf);

    } else if (strcmp(name, "exportsite_geo") == 0) {
        es_site_geo(site, conf);

    } else if (strcmp(name, "exportsite_industries") == 0) {
        es_site_tags(site->industries, conf);

    } else if (strcmp(name, "exportsite_languages") == 0) {
        es_site_tags(site->languages, conf);
    }
}


/*
 * Takes what concerns us from a configuration's text. included is called for
 * "include", unless it is NULL.
 */
static void
es_site_read(es_doctor_t *doctor, es_str_t text,
    void (*included)(es_doctor_t *doctor, es_str_t pattern))
{
    es_conf_t  *conf;

    conf = es_alloc(es_heap_pool(doctor->heap), sizeof(es_conf_t));
    conf->heap = doctor->heap;
    conf->rest = text;

    while (es_conf_next(conf)) {
        if (included != NULL && conf->n == 2
            && es_str_eq(conf->words[0], es_str("include")))
        {
            included(doctor, conf->words[1]);
            continue;
        }

        es_site_take(&doctor->site, conf);
    }
}


/*
 * Each file of the dump stands behind a line with its name, and is read by
 * itself, so that none can make another one unreadable.
 */
void
es_site_read_dump(es_doctor_t *doctor, es_str_t dump)
{
    es_str_t     file;
    const char  *next;

    static const char  head[] = "\n# configuration file /";

    while (dump.len > 0) {
        next = memmem(dump.data, dump.len, head, sizeof(head) - 1);

        file.data = dump.data;
        file.len = next ? (size_t) (next + 1 - dump.data) : dump.len;

        es_site_read(doctor, file, NULL);
        es_conf_skip(&dump, file.len);
    }
}


const char *
es_site_path(es_doctor_t *doctor, const char *path, bool conf)
{
    int          len;
    const char  *base, *prefix;

    if (path[0] == '/') {
        return path;
    }

    if (conf && doctor->conf != NULL) {
        len = (int) (strrchr(doctor->conf, '/') - doctor->conf);
        return es_doctor_text(doctor, "%.*s/%s", len, doctor->conf, path);
    }

    if (doctor->prefix != NULL) {
        return es_doctor_text(doctor, "%s/%s", doctor->prefix, path);
    }

    base = strstr(doctor->arguments, "--prefix=");
    prefix = base ? base + 9 : "/usr/local/nginx";
    len = (int) strcspn(prefix, " '");

    return es_doctor_text(doctor, "%.*s/%s", len, prefix, path);
}


static void
es_site_included(es_doctor_t *doctor, es_str_t pattern)
{
    glob_t       found;
    size_t       i;
    const char  *path;

    if (doctor->depth == ES_CONF_DEPTH || pattern.len == 0) {
        return;
    }

    path = es_site_path(doctor, pattern.data, true);
    doctor->depth++;

    if (glob(path, 0, NULL, &found) == 0) {
        for (i = 0; i < found.gl_pathc; i++) {
            es_site_read_file(doctor, found.gl_pathv[i]);
        }

        globfree(&found);
    }

    doctor->depth--;
}


bool
es_site_read_file(es_doctor_t *doctor, const char *path)
{
    es_str_t     text;
    const char  *why;

    if (doctor->files == ES_CONF_FILES
        || !es_doctor_file(doctor->heap, path, ES_CONF_FILE, &text, &why))
    {
        return false;
    }

    doctor->files++;
    es_site_read(doctor, text, es_site_included);

    return true;
}
