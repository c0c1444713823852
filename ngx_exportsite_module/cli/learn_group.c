/*
 * The learner's ground: the stream with its consumer group, whose position is
 * how far has been learned; the lease of the one who works; scripts.
 */
#include <stdlib.h>

#include "../redis/keys.h"
#include "../redis/scripts.h"
#include "learn.h"


#define ES_LEARN_SAID     64           /* errors that are remembered */
#define ES_LEARN_SILENCE  60000        /* ms */


static const char *const  es_learn_scripts[ES_LEARN_SCRIPTS] = {
    [ES_LEARN_VISITOR] = es_visitor_script,
    [ES_LEARN_COUNT] = es_count_script,
    [ES_LEARN_APPEND] = es_append_script,
    [ES_LEARN_LEASE] = es_lease_script,
    [ES_LEARN_ADVANCE] = es_advance_script
};


/* Was this said within the last minute? If not, it is taken to be said now. */
static bool
es_learn_said(es_learn_t *learn, es_str_t what, es_str_t error)
{
    size_t           slot;
    uint64_t         hash, now;
    static uint64_t  said[ES_LEARN_SAID], at[ES_LEARN_SAID];

    hash = es_siphash13(learn->hash_key, what.data, what.len)
           ^ es_siphash13(learn->hash_key, error.data, error.len);
    slot = hash % ES_LEARN_SAID;
    now = es_now();

    if (said[slot] == hash && now - at[slot] < ES_LEARN_SILENCE) {
        return true;
    }

    said[slot] = hash;
    at[slot] = now;

    return false;
}


void
es_learn_complain(es_learn_t *learn, const char *what, const char *error)
{
    if (!es_learn_said(learn, es_text(what), es_text(error))) {
        es_link_complain(learn->cli, what, error);
    }
}


void
es_learn_unreached(es_learn_t *learn, const char *why)
{
    if (!es_learn_said(learn, es_str("Redis"), es_text(why))) {
        es_fail("Redis: %s; trying again until it answers",
                es_shown(es_text(why)));
    }
}


void
es_learn_unreadable(es_learn_t *learn, es_str_t id)
{
    char      buf[ES_KEY_MAX];
    es_str_t  key;

    key = es_state_key(buf, learn->cli->prefix, id);

    if (!es_learn_said(learn, key, id)) {
        es_fail("what was learned of the visitor %s cannot be read, so nothing "
                "more is; to begin anew, delete %s", es_shown(id),
                es_shown(key));
    }
}


es_learn_e
es_learn_answer(es_learn_t *learn, const redisReply *reply)
{
    if (reply == NULL) {
        es_learn_unreached(learn, learn->cli->link->err
                                  ? learn->cli->link->errstr : "no answer");
        return ES_LEARN_FAIL;
    }

    switch (reply->type) {

    case REDIS_REPLY_INTEGER:
        return reply->integer == 0 ? ES_LEARN_AGAIN : ES_LEARN_GOOD;

    case REDIS_REPLY_STRING:
        es_learn_complain(learn, "a key is passed over", reply->str);
        return ES_LEARN_GOOD;

    case REDIS_REPLY_ERROR:
        if (strstr(reply->str, "WRONGTYPE") != NULL) {
            es_learn_complain(learn, "a key is passed over", reply->str);
            return ES_LEARN_GOOD;
        }

        if (strncmp(reply->str, "NOSCRIPT", 8) != 0) {
            es_learn_complain(learn, "learning", reply->str);
        }

        return ES_LEARN_FAIL;

    default:
        es_learn_complain(learn, "learning", "an answer of another kind");
        return ES_LEARN_FAIL;
    }
}


es_learn_e
es_learn_refused(es_learn_t *learn, const char *command,
    const redisReply *reply)
{
    char  what[128];

    snprintf(what, sizeof(what), "%s %s", command,
             es_shown(es_text(learn->key)));
    es_learn_complain(learn, what,
                      reply && reply->type == REDIS_REPLY_ERROR
                      ? reply->str : learn->cli->link->errstr);

    return ES_LEARN_FAIL;
}


static es_learn_e
es_learn_load(es_learn_t *learn)
{
    size_t       i;
    es_learn_e   rc;
    redisReply  *reply;

    for (i = 0, rc = ES_LEARN_GOOD; i < ES_LEARN_SCRIPTS; i++) {
        reply = redisCommand(learn->cli->link, "SCRIPT LOAD %s",
                             es_learn_scripts[i]);

        if (reply == NULL || reply->type != REDIS_REPLY_STRING
            || reply->len != 40)
        {
            rc = es_learn_refused(learn, "SCRIPT LOAD, for", reply);

        } else {
            memcpy(learn->sha[i], reply->str, 41);
        }

        freeReplyObject(reply);
    }

    return rc;
}


/* Takes the position from XINFO GROUPS; false if the group is not there. */
static bool
es_learn_find(es_learn_t *learn, const redisReply *groups)
{
    const redisReply  *group, *id, *read;

    group = es_reply_group(groups, es_text(learn->group));
    id = es_reply_named(group, es_str("last-delivered-id"));
    read = es_reply_named(group, es_str("entries-read"));

    if (id == NULL) {
        return false;
    }

    learn->read = read != NULL && read->type == REDIS_REPLY_INTEGER
                  ? read->integer : -1;

    return es_entry_id_parse(&learn->position, es_reply_text(id));
}


/* Asks for the position; ES_LEARN_AGAIN if the group is not there. */
static es_learn_e
es_learn_look(es_learn_t *learn)
{
    es_learn_e   rc;
    redisReply  *reply;

    reply = redisCommand(learn->cli->link, "XINFO GROUPS %s", learn->key);

    if (reply == NULL
        || (reply->type == REDIS_REPLY_ERROR
            && strstr(reply->str, "no such key") == NULL))
    {
        rc = es_learn_refused(learn, "XINFO GROUPS", reply);

    } else {
        rc = reply->type == REDIS_REPLY_ARRAY && es_learn_find(learn, reply)
             ? ES_LEARN_GOOD : ES_LEARN_AGAIN;
    }

    freeReplyObject(reply);

    return rc;
}


/* Redis before 7 does not know how many entries a group has read. */
static es_learn_e
es_learn_create(es_learn_t *learn, const char *more)
{
    char         command[64];
    es_learn_e   rc;
    redisReply  *reply;

    snprintf(command, sizeof(command), "XGROUP CREATE %%s %%s 0 MKSTREAM%s",
             more);

    reply = redisCommand(learn->cli->link, command, learn->key, learn->group);
    rc = ES_LEARN_GOOD;

    if (reply != NULL && reply->type == REDIS_REPLY_ERROR
        && strncmp(reply->str, "ERR", 3) == 0 && more[0] != '\0')
    {
        freeReplyObject(reply);
        return es_learn_create(learn, "");
    }

    if (reply == NULL || (reply->type == REDIS_REPLY_ERROR
                          && strncmp(reply->str, "BUSYGROUP", 9) != 0))
    {
        rc = es_learn_refused(learn, "XGROUP CREATE", reply);
    }

    freeReplyObject(reply);

    return rc;
}


es_learn_e
es_learn_position(es_learn_t *learn)
{
    es_learn_e  rc;

    rc = es_learn_look(learn);

    if (rc == ES_LEARN_AGAIN) {
        rc = es_learn_create(learn, " ENTRIESREAD 0");
        rc = rc == ES_LEARN_GOOD ? es_learn_look(learn) : rc;
    }

    return rc;
}


es_learn_e
es_learn_begin(es_learn_t *learn)
{
    es_learn_e  rc;

    rc = es_learn_load(learn);

    return rc == ES_LEARN_GOOD ? es_learn_position(learn) : rc;
}


es_learn_e
es_learn_advance(es_learn_t *learn, es_entry_id_t to, size_t n)
{
    char         id[ES_ENTRY_ID_TEXT];
    int64_t      read;
    es_out_t    *out = &learn->out;
    es_learn_e   rc;
    redisReply  *reply = NULL;

    read = learn->read >= 0 && learn->read < INT64_MAX - (int64_t) n
           ? learn->read + (int64_t) n : -1;

    es_out_begin(out, read >= 0 ? 9 : 7);
    es_out_arg(out, es_str("EVALSHA"));
    es_out_arg(out, es_text(learn->sha[ES_LEARN_ADVANCE]));
    es_out_int(out, 1);
    es_out_arg(out, es_text(learn->key));
    es_out_arg(out, es_text(learn->group));
    es_out_arg(out, es_entry_id_format(id, learn->position));
    es_out_arg(out, es_entry_id_format(id, to));

    if (read >= 0) {
        es_out_arg(out, es_str("ENTRIESREAD"));
        es_out_int(out, read);
    }

    es_out_send(out, learn->cli->link);
    (void) redisGetReply(learn->cli->link, (void **) &reply);
    rc = es_learn_answer(learn, reply);

    if (rc == ES_LEARN_GOOD) {
        learn->position = to;
        learn->read = read;
    }

    freeReplyObject(reply);

    return rc;
}


es_learn_e
es_learn_lease(es_learn_t *learn, int64_t ms, bool *fresh)
{
    char         buf[ES_KEY_MAX];
    es_str_t     key;
    es_learn_e   rc;
    redisReply  *reply;

    key = es_lease_key(buf, learn->cli->prefix, learn->cli->stream);

    reply = redisCommand(learn->cli->link, "EVALSHA %s 1 %b %s %lld",
                         learn->sha[ES_LEARN_LEASE], key.data, key.len,
                         learn->name, (long long) ms);
    rc = es_learn_answer(learn, reply);
    *fresh = rc == ES_LEARN_GOOD && reply->integer == 2;

    freeReplyObject(reply);

    return rc;
}


es_learn_e
es_learn_newest(es_learn_t *learn, es_entry_id_t *id)
{
    es_learn_e         rc;
    redisReply        *reply;
    const redisReply  *last;

    memset(id, 0, sizeof(es_entry_id_t));

    reply = redisCommand(learn->cli->link, "XREVRANGE %s + - COUNT 1",
                         learn->key);
    rc = ES_LEARN_GOOD;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
        rc = es_learn_refused(learn, "XREVRANGE", reply);

    } else if (reply->elements == 1) {
        last = reply->element[0];
        (void) es_entry_id_parse(id, es_reply_text(last->element[0]));
    }

    freeReplyObject(reply);

    return rc;
}
