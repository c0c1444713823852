/*
 * Is the learner done with two visitors? If it is cut off, it repeats what is
 * behind its group's position, and passes over what a state has already. Two
 * states with marks behind the position are in no common order with the events
 * to come: one of them may have what happened after something that the other
 * one does not have.
 */
#include "visitor.h"


/* The group's position in XINFO GROUPS; false if there is no such group. */
static bool
es_settled_find(const redisReply *groups, es_entry_id_t *position)
{
    const redisReply  *id;

    id = es_reply_named(es_reply_group(groups, es_str(ES_GROUP)),
                        es_str("last-delivered-id"));

    return id != NULL && es_entry_id_parse(position, es_reply_text(id));
}


/* Asks for the position; where nobody ever learned it is behind everything. */
static bool
es_settled_position(es_cli_t *cli, es_entry_id_t *position)
{
    char         key[ES_KEY_MAX];
    redisReply  *reply;

    snprintf(key, sizeof(key), "%s", es_keyf(cli, "%s", cli->stream.data));
    *position = (es_entry_id_t) { UINT64_MAX, UINT64_MAX };

    reply = es_ask(cli, "EXISTS %s", key);

    if (reply != NULL && reply->integer > 0) {
        freeReplyObject(reply);
        reply = es_ask(cli, "XINFO GROUPS %s", key);

        if (reply != NULL && !es_settled_find(reply, position)) {
            *position = (es_entry_id_t) { UINT64_MAX, UINT64_MAX };
        }
    }

    if (reply == NULL) {
        return false;
    }

    freeReplyObject(reply);

    return true;
}


redisReply *
es_visitor_readable(es_cli_t *cli, const char *key, es_state_t *state)
{
    bool         good;
    redisReply  *reply;

    reply = es_visitor_state(cli, key, state, &good);

    if (reply != NULL && !good) {
        es_fail("%s cannot be read: was it written by a newer version? Delete "
                "the key to go on without what it tells", key);
        freeReplyObject(reply);
        return NULL;
    }

    return reply;
}


bool
es_visitor_settled(es_cli_t *cli, const es_visitor_t *one,
    const es_visitor_t *two, es_settled_t *settled)
{
    es_entry_id_t  position;

    memset(settled, 0, sizeof(es_settled_t));

    settled->one_text = es_visitor_readable(cli, one->state, &settled->one);
    if (settled->one_text == NULL) {
        return false;
    }

    settled->two_text = es_visitor_readable(cli, two->state, &settled->two);
    if (settled->two_text == NULL) {
        return false;
    }

    /* after the states, or it might have moved past what is newer in them */

    if (!es_settled_position(cli, &position)) {
        return false;
    }

    settled->yes = es_entry_id_compare(settled->one.mark, position) <= 0
                   && es_entry_id_compare(settled->two.mark, position) <= 0;

    return true;
}


void
es_visitor_settled_free(es_settled_t *settled)
{
    freeReplyObject(settled->one_text);
    freeReplyObject(settled->two_text);
}
