/* The connection to Redis, and what is said when it does not do its part. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "../redis/keys.h"
#include "cli.h"


#define ES_LINK_CONNECT  2             /* s */
#define ES_LINK_ANSWER   30
#define ES_LINK_KEYS     8
#define ES_LINK_WHY      1024


/* The parts of an address; port is 0 for a path. */
static bool
es_link_address(const char *text, char *host, size_t size, int *port)
{
    bool         path;
    size_t       len;
    long         number;
    char        *end;
    const char  *colon;

    *port = 0;
    path = strncmp(text, "unix:", 5) == 0 || text[0] == '/';

    if (path) {
        text += text[0] == '/' ? 0 : 5;
        len = strlen(text);
        colon = text + len;

    } else if (text[0] == '[') {
        colon = strchr(text, ']');
        if (colon == NULL) {
            return false;
        }

        text++;
        len = colon++ - text;

    } else {
        colon = text + strcspn(text, ":");
        len = colon - text;
    }

    if (len == 0 || len >= size) {
        return false;
    }

    memcpy(host, text, len);
    host[len] = '\0';

    if (path) {
        return true;
    }

    if (*colon == '\0') {
        *port = 6379;
        return true;
    }

    number = strtol(colon + 1, &end, 10);
    *port = (int) number;

    return *colon == ':' && end != colon + 1 && *end == '\0'
           && number > 0 && number < 65536;
}


/* The first line of the password's file, into buf; false after why is set. */
static bool
es_link_password(const es_cli_t *cli, char *buf, int size, char *why,
    size_t len)
{
    FILE  *file;

    file = fopen(cli->password_file, "r");

    if (file == NULL || fgets(buf, size, file) == NULL) {
        snprintf(why, len, "\"%s\" (--password-file) cannot be read: %s",
                 es_shown(es_text(cli->password_file)),
                 file ? "it is empty" : strerror(errno));

        if (file != NULL) {
            fclose(file);
        }

        return false;
    }

    fclose(file);
    buf[strcspn(buf, "\r\n")] = '\0';

    return true;
}


/* What to do about an error of Redis, by how it begins */
static const struct {
    const char  *error;
    const char  *remedy;
} es_link_remedies[] = {
    { "WRONGTYPE", "another program keeps something else under this key: "
                   "rename or delete it, or use another --prefix" },
    { "NOAUTH", "give --password-file, and --user if there is one" },
    { "WRONGPASS", "--password-file and --user do not fit" },
    { "READONLY", "this is a replica: give the address of the primary" },
    { "OOM", "Redis' memory is full: raise maxmemory, or make room" },
    { "MISCONF", "Redis cannot write to its disk: see its log" },
    { "LOADING", "Redis is still reading its file: try again" },
    { "MOVED", "this is a Redis Cluster, which is not spoken" },
    { NULL, NULL }
};


/* What to do about an error, "" where that is not known */
static const char *
es_link_remedy(const char *error)
{
    size_t  i, len;

    for (i = 0; es_link_remedies[i].error != NULL; i++) {
        len = strlen(es_link_remedies[i].error);

        if (strncmp(error, es_link_remedies[i].error, len) == 0) {
            return es_link_remedies[i].remedy;
        }
    }

    return "";
}


const char *
es_link_lost(const es_cli_t *cli, const redisContext *link, int seconds)
{
    const char   *address = es_shown(es_text(cli->redis));
    static char   why[ES_LINK_WHY];

    if (link->err == REDIS_ERR_PROTOCOL) {
        snprintf(why, sizeof(why), "%s answers, but is no Redis", address);

    } else if (link->err == REDIS_ERR_EOF) {
        snprintf(why, sizeof(why), "%s closed the connection", address);

    } else if (link->err == REDIS_ERR_IO
               && strcmp(link->errstr, strerror(EAGAIN)) == 0)
    {
        snprintf(why, sizeof(why), "%s: no answer within %d s", address,
                 seconds);

    } else {
        snprintf(why, sizeof(why), "%s: %s", address, link->errstr);
    }

    return why;
}


/* A first command of the connection, which has to succeed */
static bool
es_link_first(const es_cli_t *cli, redisContext *link, const char *what,
    redisReply *reply, char *why, size_t size)
{
    bool         good;
    const char  *remedy;

    good = reply != NULL && reply->type != REDIS_REPLY_ERROR;

    if (reply == NULL) {
        snprintf(why, size, "%s", es_link_lost(cli, link, ES_LINK_CONNECT));

    } else if (!good) {
        remedy = es_link_remedy(reply->str);
        snprintf(why, size, "%s, %s: %s%s%s", es_shown(es_text(cli->redis)),
                 what, es_shown(es_reply_text(reply)), remedy[0] ? "; " : "",
                 remedy);
    }

    freeReplyObject(reply);

    return good;
}


static bool
es_link_greet(es_cli_t *cli, redisContext *link, char *why, size_t size)
{
    char  password[1024];

    if (cli->password_file != NULL) {
        if (!es_link_password(cli, password, sizeof(password), why, size)) {
            return false;
        }

        if (!es_link_first(cli, link, "AUTH (--user, --password-file)",
                           cli->user
                           ? redisCommand(link, "AUTH %s %s", cli->user,
                                          password)
                           : redisCommand(link, "AUTH %s", password),
                           why, size))
        {
            return false;
        }
    }

    if (cli->db != NULL
        && !es_link_first(cli, link, "SELECT (--db)",
                          redisCommand(link, "SELECT %s", cli->db), why, size))
    {
        return false;
    }

    return es_link_first(cli, link, "PING",
                         redisCommand(link, "PING"), why, size);
}


/* The connection; *reached tells whether somebody was there to refuse it. */
static redisContext *
es_link_make(es_cli_t *cli, char *why, size_t size, bool *reached)
{
    int             port;
    char            host[256];
    redisContext   *link;
    struct timeval  connect = { ES_LINK_CONNECT, 0 };
    struct timeval  answer = { ES_LINK_ANSWER, 0 };

    *reached = false;

    if (cli->link != NULL) {
        return cli->link;
    }

    if (!es_link_address(cli->redis, host, sizeof(host), &port)) {
        snprintf(why, size, "\"%s\" is no address: host:port, [v6]:port or "
                 "unix:/path", es_shown(es_text(cli->redis)));
        return NULL;
    }

    link = port ? redisConnectWithTimeout(host, port, connect)
                : redisConnectUnixWithTimeout(host, connect);

    if (link != NULL && !link->err) {
        /* one that takes connections may be too busy, or stopped, to answer */
        redisSetTimeout(link, connect);
    }

    if (link == NULL || link->err) {
        snprintf(why, size, "%s: %s", es_shown(es_text(cli->redis)),
                 link ? link->errstr : "no memory");

    } else if (es_link_greet(cli, link, why, size)) {
        redisSetTimeout(link, answer);
        cli->link = link;
        return link;

    } else {
        *reached = true;
    }

    if (link != NULL) {
        redisFree(link);
    }

    return NULL;
}


redisContext *
es_link_quiet(es_cli_t *cli, char *why, size_t size)
{
    bool  reached;

    return es_link_make(cli, why, size, &reached);
}


redisContext *
es_link(es_cli_t *cli)
{
    bool           reached;
    char           why[ES_LINK_WHY];
    redisContext  *link;

    link = es_link_make(cli, why, sizeof(why), &reached);

    if (link == NULL) {
        es_fail("Redis: %s%s", why, reached ? ""
                : "; is it running, and is this where (--redis, "
                  "EXPORTSITE_REDIS)?");
    }

    return link;
}


void
es_link_close(es_cli_t *cli)
{
    if (cli->link != NULL) {
        redisFree(cli->link);
        cli->link = NULL;
    }
}


/*
 * A right is missing: the command's is named by Redis, that to a key is one to
 * the key of `what`.
 */
static void
es_link_denied(const char *what, const char *error)
{
    int          len;
    char         right[512];
    const char  *command, *key;

    command = strstr(error, "run the '");
    right[0] = '\0';

    if (command != NULL) {
        command += sizeof("run the '") - 1;
        len = (int) strcspn(command, "'");
        snprintf(right, sizeof(right), "+%.*s", len < 48 ? len : 48, command);

    } else if (strstr(error, "key") != NULL) {
        key = strchr(what, ' ') ? strchr(what, ' ') + 1 : what;
        snprintf(right, sizeof(right), "~%.200s (to read: %%R~%.200s)", key,
                 key);
    }

    es_fail("Redis, %s: %s; this user lacks the right %s: ACL SETUSER gives "
            "it, docs/program.md#manners and docs/redis.md#rights have what "
            "is needed for what", what, es_shown(es_text(error)),
            right[0] ? es_shown(es_text(right)) : "to do this");
}


void
es_link_complain(es_cli_t *cli, const char *what, const char *error)
{
    const char  *remedy = es_link_remedy(error);

    if (strncmp(error, "NOPERM", 6) == 0) {
        cli->denied = true;
        es_link_denied(what, error);
        return;
    }

    if (cli->link != NULL && error == cli->link->errstr) {
        error = es_link_lost(cli, cli->link, ES_LINK_ANSWER);
    }

    es_fail("Redis, %s: %s%s%s", what, es_shown(es_text(error)),
            remedy[0] ? "; " : "", remedy);
}


static redisReply *
es_link_check(es_cli_t *cli, const char *what, redisReply *reply)
{
    if (reply == NULL) {
        es_link_complain(cli, what, cli->link->errstr);
        es_link_close(cli);
        return NULL;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        es_link_complain(cli, what, reply->str);
        freeReplyObject(reply);
        return NULL;
    }

    return reply;
}


/* "HGET es:segments" of a command as it is sent, "*3\r\n$4\r\nHGET\r\n..." */
static void
es_link_name(char *what, size_t size, const char *command)
{
    int          i;
    size_t       n;
    const char  *word;

    what[0] = '\0';

    for (i = 0, n = 0; i < 2; i++) {
        word = strchr(command, '$');
        word = word ? strchr(word, '\n') : NULL;

        if (word == NULL || n >= size) {
            return;
        }

        command = word + 1 + strcspn(word + 1, "\r");
        n += snprintf(what + n, size - n, "%s%s", i ? " " : "",
                      es_shown((es_str_t) { command - word - 1, word + 1 }));
    }
}


redisReply *
es_ask(es_cli_t *cli, const char *format, ...)
{
    int          len;
    char        *command, what[192];
    va_list      args;
    redisReply  *reply;

    if (es_link(cli) == NULL) {
        return NULL;
    }

    va_start(args, format);
    len = redisvFormatCommand(&command, format, args);
    va_end(args);

    if (len < 0) {
        es_fail("no memory");
        return NULL;
    }

    es_link_name(what, sizeof(what), command);
    redisAppendFormattedCommand(cli->link, command, len);
    redisFreeCommand(command);

    reply = NULL;
    (void) redisGetReply(cli->link, (void **) &reply);

    return es_link_check(cli, what, reply);
}


redisReply *
es_ask_argv(es_cli_t *cli, int argc, const char **argv, const size_t *len)
{
    char         what[192];
    redisReply  *reply;

    if (es_link(cli) == NULL) {
        return NULL;
    }

    snprintf(what, sizeof(what), "%.32s %.140s", argv[0],
             argc > 1 ? es_shown((es_str_t) { len[1], argv[1] }) : "");

    reply = redisCommandArgv(cli->link, argc, argv, len);

    return es_link_check(cli, what, reply);
}


redisReply *
es_answer(es_cli_t *cli, const char *what)
{
    redisReply  *reply = NULL;

    (void) redisGetReply(cli->link, (void **) &reply);

    return es_link_check(cli, what, reply);
}


const redisReply *
es_reply_named(const redisReply *list, es_str_t name)
{
    size_t  i;

    for (i = 0; list != NULL && i + 1 < list->elements; i += 2) {
        if (es_str_eq(es_reply_text(list->element[i]), name)) {
            return list->element[i + 1];
        }
    }

    return NULL;
}


const redisReply *
es_reply_group(const redisReply *groups, es_str_t name)
{
    size_t             i;
    const redisReply  *is;

    for (i = 0; i < groups->elements; i++) {
        is = es_reply_named(groups->element[i], es_str("name"));

        if (is != NULL && es_str_eq(es_reply_text(is), name)) {
            return groups->element[i];
        }
    }

    return NULL;
}


const char *
es_keyf(const es_cli_t *cli, const char *format, ...)
{
    char            *p;
    va_list          args;
    static char      buf[ES_LINK_KEYS][ES_PREFIX_MAX + 512];
    static unsigned  next;

    p = buf[next++ % ES_LINK_KEYS];
    memcpy(p, cli->prefix.data, cli->prefix.len);

    va_start(args, format);
    vsnprintf(p + cli->prefix.len, 512, format, args);
    va_end(args);

    return p;
}
