/*
 * The stream is cut to maxlen by nginx, with its next batch. So no more is
 * written than will be learned before that.
 */
#include <unistd.h>

#include "import.h"


#define ES_IMPORT_PATIENCE 30000       /* ms that a learner may stand still */
#define ES_IMPORT_TAKEOVER 3000        /* ms until there is a new one */
#define ES_IMPORT_PAUSE    50000       /* µs between two looks */
#define ES_IMPORT_ROOM     65536       /* events without a look */


/* Is somebody learning? -1 after saying what is wrong. */
static int
es_import_learner(es_import_t *import)
{
    int          there;
    char         buf[ES_KEY_MAX];
    es_str_t     key;
    redisReply  *reply;

    key = es_lease_key(buf, import->cli->prefix, import->cli->stream);
    reply = es_ask(import->cli, "EXISTS %b", key.data, key.len);

    if (reply == NULL) {
        return -1;
    }

    there = reply->integer > 0;
    freeReplyObject(reply);

    return there;
}


bool
es_import_pace_begin(es_import_t *import)
{
    int          learner;
    redisReply  *reply;

    reply = redisCommand(import->cli->link, "XGROUP CREATE %s %s 0 MKSTREAM",
                         import->key, ES_GROUP);

    if (reply == NULL || (reply->type == REDIS_REPLY_ERROR
                          && strncmp(reply->str, "BUSYGROUP", 9) != 0))
    {
        es_link_complain(import->cli, "XGROUP CREATE",
                         reply ? reply->str : import->cli->link->errstr);

        freeReplyObject(reply);
        return false;
    }

    freeReplyObject(reply);
    learner = es_import_learner(import);

    if (learner == 0) {
        es_fail("nobody is learning from %s: have \"exportsite learn\" run, "
                "or what is imported will be in no report",
                es_shown(es_text(import->key)));
    }

    return learner >= 0;
}


/*
 * Entries behind that id, as far as can be told: where Redis does not count
 * (before version 7, or after deletions) it is all or nothing.
 */
static bool
es_import_count(es_import_t *import, es_str_t id, uint64_t *behind)
{
    redisReply        *reply;
    const redisReply  *last, *length;

    reply = es_ask(import->cli, "XINFO STREAM %s", import->key);
    if (reply == NULL) {
        return false;
    }

    last = es_reply_named(reply, es_str("last-generated-id"));
    length = es_reply_named(reply, es_str("length"));

    *behind = last != NULL && es_str_eq(id, es_reply_text(last)) ? 0
              : length != NULL ? (uint64_t) length->integer : 0;
    freeReplyObject(reply);

    return true;
}


/* How many events wait to be learned; false after saying what is wrong. */
static bool
es_import_behind(es_import_t *import, uint64_t *behind)
{
    bool               good;
    redisReply        *reply;
    const redisReply  *group, *lag, *id;

    reply = es_ask(import->cli, "XINFO GROUPS %s", import->key);
    if (reply == NULL) {
        return false;
    }

    group = es_reply_group(reply, es_str(ES_GROUP));
    lag = es_reply_named(group, es_str("lag"));
    id = es_reply_named(group, es_str("last-delivered-id"));

    if (lag != NULL && lag->type == REDIS_REPLY_INTEGER) {
        *behind = (uint64_t) lag->integer;
        good = true;

    } else {
        good = es_import_count(import, id ? es_reply_text(id) : es_null_str,
                               behind);
    }

    freeReplyObject(reply);

    return good;
}


static bool
es_import_give_up(es_import_t *import, uint64_t behind, bool learner)
{
    es_fail("%s has %llu events that are not learned yet, and nginx keeps "
            "%llu (maxlen=): %s, then import again, which goes on here; or "
            "raise maxlen= and --maxlen",
            es_shown(es_text(import->key)), (unsigned long long) behind,
            (unsigned long long) import->maxlen,
            learner ? "the learner stands still, see what it says"
                    : "have \"exportsite learn\" run");

    return false;
}


bool
es_import_pace(es_import_t *import, uint64_t events)
{
    int       learner;
    uint64_t  behind, limit, least, since;

    if (import->force) {
        return true;
    }

    least = UINT64_MAX;
    since = es_now();

    while (import->room < events) {
        learner = es_import_learner(import);

        if (learner < 0 || !es_import_behind(import, &behind)) {
            return false;
        }

        /* half of it is for what visitors do in the meantime */

        limit = learner ? import->maxlen / 2 : import->maxlen;

        if (behind + events <= limit) {
            import->room = limit - behind < ES_IMPORT_ROOM
                           ? limit - behind : ES_IMPORT_ROOM;
            break;
        }

        if (behind < least) {
            least = behind;
            since = es_now();

        } else if (es_now() - since
                   > (learner ? ES_IMPORT_PATIENCE : ES_IMPORT_TAKEOVER))
        {
            return es_import_give_up(import, behind, learner);
        }

        es_progress("waiting for the learner, events before it:", behind, 0);
        usleep(ES_IMPORT_PAUSE);
    }

    import->room -= events;

    return true;
}
