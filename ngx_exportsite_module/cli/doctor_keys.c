/* Do our keys hold what they ought to? */
#include <stdlib.h>

#include "../redis/keys.h"
#include "doctor.h"


#define ES_KEYS_LOOKED  10000          /* keys in all that are looked at */
#define ES_KEYS_PAGE    1000
#define ES_KEYS_SHOWN   5

typedef struct {
    const char  *name;                 /* below the prefix */
    const char  *type;
} es_keys_t;

static const es_keys_t  es_keys_single[] = {
    { ES_KEY_SEGMENTS, "hash" },
    { ES_KEY_ERRORS, "hash" },
    { ES_KEY_TOPICS, "hash" },
    { ES_KEY_SCORES, "hash" },
    { ES_KEY_SETTINGS, "hash" },
    { ES_KEY_LEADS, "stream" },
    { NULL, NULL }
};

static const es_keys_t  es_keys_families[] = {
    { ES_KEY_PROFILE, "hash" },
    { ES_KEY_SLOT, "string" },
    { "state:", "string" },
    { "gone:", "string" },
    { "count:", "hash" },
    { "visitors:", "string" },
    { "mark:", "string" },
    { NULL, NULL }
};


static void
es_keys_wrong(es_doctor_t *doctor, es_str_t key, const char *type,
    const char *is)
{
    es_check(doctor, ES_CHECK_FAIL, "keys", "%s ought to be a %s and %s\n"
             "%s RENAME it, or DEL it; or use another prefix=", es_shown(key),
             type, is, es_doctor_redis_cli(doctor));
}


/*
 * By a command that its type allows, which the rights of most users do, too;
 * what is refused is told of where the key is needed.
 */
static void
es_keys_look(es_doctor_t *doctor, es_str_t key, const char *type)
{
    redisReply  *reply;

    reply = redisCommand(doctor->cli->link, strcmp(type, "hash") == 0
                                            ? "HLEN %b" : "XLEN %b",
                         key.data, key.len);

    if (reply != NULL && reply->type == REDIS_REPLY_ERROR
        && strncmp(reply->str, "WRONGTYPE", 9) == 0)
    {
        es_keys_wrong(doctor, key, type, "is not");
    }

    freeReplyObject(reply);
}


/* What a key ought to be; NULL if that is not known. */
static const char *
es_keys_type(const es_cli_t *cli, es_str_t key)
{
    size_t            len;
    const es_keys_t  *family;

    if (key.len < cli->prefix.len
        || memcmp(key.data, cli->prefix.data, cli->prefix.len) != 0)
    {
        return NULL;
    }

    key.data += cli->prefix.len;
    key.len -= cli->prefix.len;

    for (family = es_keys_families; family->name != NULL; family++) {
        len = strlen(family->name);

        if (key.len > len && memcmp(key.data, family->name, len) == 0) {
            return family->type;
        }
    }

    return NULL;
}


/* Asks for the types of a page of keys; false if the connection failed. */
static bool
es_keys_page(es_doctor_t *doctor, const redisReply *keys, size_t *wrong)
{
    size_t         i;
    es_str_t       key;
    redisReply    *reply;
    const char    *type;
    redisContext  *link = doctor->cli->link;

    for (i = 0; i < keys->elements; i++) {
        key = es_reply_text(keys->element[i]);
        redisAppendCommand(link, "TYPE %b", key.data, key.len);
    }

    for (i = 0; i < keys->elements; i++) {
        if (redisGetReply(link, (void **) &reply) != REDIS_OK) {
            return false;
        }

        key = es_reply_text(keys->element[i]);
        type = es_keys_type(doctor->cli, key);

        if (type != NULL && reply->type == REDIS_REPLY_STATUS
            && strcmp(reply->str, type) != 0 && strcmp(reply->str, "none") != 0
            && ++*wrong <= ES_KEYS_SHOWN)
        {
            es_keys_wrong(doctor, key, type,
                          es_doctor_text(doctor, "is a %s",
                                         es_shown(es_reply_text(reply))));
        }

        freeReplyObject(reply);
    }

    return true;
}


/* A page of SCAN; the cursor moves on. False at the end, and where it fails. */
static bool
es_keys_step(es_doctor_t *doctor, char cursor[32], size_t *looked,
    size_t *wrong)
{
    bool         more;
    redisReply  *reply;

    reply = es_doctor_ask(doctor, "keys", "SCAN %s COUNT %d", cursor,
                          ES_KEYS_PAGE);

    if (reply == NULL) {
        return false;
    }

    more = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2
           && reply->element[0]->len < 32
           && es_keys_page(doctor, reply->element[1], wrong);

    if (more) {
        *looked += reply->element[1]->elements;
        memcpy(cursor, reply->element[0]->str, reply->element[0]->len + 1);
    }

    freeReplyObject(reply);

    return more && strcmp(cursor, "0") != 0;
}


/* Looks at the first thousands of keys, a sample where there are more. */
static void
es_keys_sample(es_doctor_t *doctor, size_t wrong)
{
    char         cursor[32] = "0";
    size_t       looked;
    redisReply  *allowed;

    allowed = es_doctor_ask(doctor, "keys", "TYPE %s",
                            es_keyf(doctor->cli, ES_KEY_SEGMENTS));

    if (allowed == NULL) {
        return;
    }

    freeReplyObject(allowed);
    looked = 0;

    while (looked < ES_KEYS_LOOKED
           && es_keys_step(doctor, cursor, &looked, &wrong))
    {
        /* void */
    }

    if (wrong > ES_KEYS_SHOWN) {
        es_check(doctor, ES_CHECK_FAIL, "keys", "and %zu more of the wrong "
                 "type", wrong - ES_KEYS_SHOWN);

    } else if (wrong == 0) {
        es_check(doctor, ES_CHECK_GOOD, "keys", "what they hold is of the "
                 "right type (%zu looked at)", looked);
    }
}


void
es_doctor_keys(es_doctor_t *doctor)
{
    char              buf[ES_KEY_MAX];
    size_t            before;
    es_str_t          key;
    const es_keys_t  *single;

    before = doctor->count[ES_CHECK_FAIL];

    for (single = es_keys_single; single->name != NULL; single++) {
        key = es_text(es_keyf(doctor->cli, "%s", single->name));
        es_keys_look(doctor, key, single->type);
    }

    key = es_key(buf, doctor->cli->prefix, doctor->cli->stream);
    es_keys_look(doctor, key, "stream");

    key = es_text(es_keyf(doctor->cli, "%.*s" ES_KEY_REJECTED,
                          (int) doctor->cli->stream.len,
                          doctor->cli->stream.data));
    es_keys_look(doctor, key, "stream");

    es_keys_sample(doctor, doctor->count[ES_CHECK_FAIL] - before);
}
