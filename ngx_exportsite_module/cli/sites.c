/* What the sites say of what was changed. */
#include <unistd.h>

#include "../redis/keys.h"
#include "cli.h"


#define ES_SITES_WAIT   1000           /* ms; a site needs some 100 */
#define ES_SITES_EVERY  50


/* Like es_ask(), but nothing is said where it may not be known. */
static bool
es_sites_ask(es_cli_t *cli, const char *field, size_t len, char *buf,
    size_t size)
{
    bool         found;
    redisReply  *reply;

    if (cli->link == NULL) {
        return false;
    }

    reply = redisCommand(cli->link, "HGET %s %b",
                         es_keyf(cli, ES_KEY_ERRORS), field, len);

    found = reply != NULL && reply->type == REDIS_REPLY_STRING;

    if (found) {
        snprintf(buf, size, "%s", es_shown(es_reply_text(reply)));
    }

    if (reply != NULL) {
        freeReplyObject(reply);

    } else {
        es_link_close(cli);
    }

    return found;
}


bool
es_sites_view(es_cli_t *cli, const char *kind, es_str_t name, char *buf,
    size_t size)
{
    char      field[512];
    int       len;
    uint64_t  begun;

    len = snprintf(field, sizeof(field), "%s:%.*s", kind, (int) name.len,
                   name.data);

    if (len < 0 || (size_t) len >= sizeof(field)) {
        return false;
    }

    for (begun = es_now();
         es_sites_ask(cli, field, (size_t) len, buf, size);
         usleep(ES_SITES_EVERY * 1000))
    {
        if (es_now() - begun > ES_SITES_WAIT) {
            return true;
        }
    }

    return false;
}
