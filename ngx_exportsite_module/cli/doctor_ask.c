/* What the doctor asks Redis, whose answer may be that it must not. */
#include <stdarg.h>

#include "doctor.h"


/*
 * "xinfo|stream" of "XINFO STREAM %b": what ACL SETUSER calls the command. A
 * second word in capitals is one of a command in parts.
 */
static void
es_doctor_right(const char *format, char *right, size_t size)
{
    size_t  i, blanks;

    for (i = 0, blanks = 0; i + 1 < size; i++) {
        if (format[i] == ' ' && blanks++ == 0
            && format[i + 1] >= 'A' && format[i + 1] <= 'Z')
        {
            right[i] = '|';
            continue;
        }

        if (format[i] == ' ' || format[i] == '\0') {
            break;
        }

        right[i] = es_lower(format[i]);
    }

    right[i] = '\0';
}


static void
es_doctor_refused(es_doctor_t *doctor, const char *about, const char *format,
    const char *error)
{
    char  right[64];

    es_doctor_right(format, right, sizeof(right));

    if (strncmp(error, "WRONGTYPE", 9) == 0) {
        /* es_doctor_keys() has said it */
        return;
    }

    if (strncmp(error, "NOPERM", 6) != 0) {
        es_check(doctor, ES_CHECK_WARN, about, "not looked at: Redis answered "
                 "%s with \"%s\"", right, es_shown(es_text(error)));
        return;
    }

    es_check(doctor, ES_CHECK_WARN, about, "not looked at: this user of Redis "
             "may not (%s)\nACL SETUSER with +%s%s", es_shown(es_text(error)),
             right, strstr(error, "key") != NULL
                    ? ", and the key with '%R~'" : "");
}


int64_t
es_doctor_count(es_doctor_t *doctor, const char *about, const char *command,
    const char *key)
{
    int64_t      n;
    redisReply  *reply;

    reply = es_doctor_ask(doctor, about, command, key);

    if (reply == NULL) {
        return -1;
    }

    n = reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;
    freeReplyObject(reply);

    return n;
}


redisReply *
es_doctor_ask(es_doctor_t *doctor, const char *about, const char *format, ...)
{
    va_list      args;
    redisReply  *reply;

    if (doctor->cli->link == NULL) {
        return NULL;
    }

    va_start(args, format);
    reply = redisvCommand(doctor->cli->link, format, args);
    va_end(args);

    if (reply == NULL) {
        es_check(doctor, ES_CHECK_FAIL, about, "the connection to Redis "
                 "failed: %s\nsee Redis' log, and %s --latency",
                 es_link_lost(doctor->cli, doctor->cli->link,
                              ES_DOCTOR_ANSWER), es_doctor_redis_cli(doctor));
        es_link_close(doctor->cli);
        return NULL;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        es_doctor_refused(doctor, about, format, reply->str);
        freeReplyObject(reply);
        return NULL;
    }

    return reply;
}
