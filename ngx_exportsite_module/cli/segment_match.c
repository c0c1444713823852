/* Profiles of visitors, asked for what rules need of them. */
#include "../redis/keys.h"
#include "scan.h"
#include "segment.h"


/* HMGET KEY FIELD...: the words of it, but for the key */
typedef struct {
    int           n;
    const char  **word;
    size_t       *len;
} es_match_command_t;


static void
es_match_command(es_person_t *person, es_match_command_t *command)
{
    size_t      i, n;
    es_pool_t  *pool = es_heap_pool(person->catalog->heap);

    n = person->nsources + 3;
    command->word = es_alloc(pool, n * sizeof(char *));
    command->len = es_alloc(pool, n * sizeof(size_t));
    command->word[0] = "HMGET";
    command->len[0] = 5;
    command->n = 2;

    for (i = 0; i < person->n; i++) {
        if (person->field[i].source.len > 0) {
            command->word[command->n] = person->field[i].source.data;
            command->len[command->n++] = person->field[i].source.len;
        }
    }

    if (command->n == 2) {
        /* only to see that it is a profile */
        command->word[2] = "visits";
        command->len[2] = 6;
        command->n = 3;
    }
}


static const char *
es_match_name(es_str_t key)
{
    static char  what[300];

    snprintf(what, sizeof(what), "HMGET %.280s", es_shown(key));

    return what;
}


/* The profiles of a page; false after saying what is wrong. */
static bool
es_match_page(es_cli_t *cli, es_match_t *match, es_person_t *person,
    es_match_command_t *command, es_scan_t *scan, const es_str_t *keys, int n)
{
    int          i;
    redisReply  *reply;

    for (i = 0; i < n; i++) {
        command->word[1] = keys[i].data;
        command->len[1] = keys[i].len;
        redisAppendCommandArgv(cli->link, command->n, command->word,
                               command->len);
    }

    for (i = 0; i < n; i++) {
        reply = NULL;
        (void) redisGetReply(cli->link, (void **) &reply);

        if (reply == NULL) {
            es_link_complain(cli, es_match_name(keys[i]), cli->link->errstr);
            es_link_close(cli);
            return false;
        }

        if (reply->type == REDIS_REPLY_ARRAY) {
            match->profiles++;
            es_person_become(person, reply);
            match->each(match, person, es_scan_name(scan, keys[i]));

        } else if (match->strange++ == 0) {
            es_link_complain(cli, es_match_name(keys[i]),
                             reply->type == REDIS_REPLY_ERROR ? reply->str
                                                              : "no array");
        }

        if (reply->type == REDIS_REPLY_ERROR
            && strncmp(reply->str, "WRONGTYPE", 9) != 0)
        {
            /* the same for all others, and answers are on the way still */
            freeReplyObject(reply);
            es_link_close(cli);
            return false;
        }

        freeReplyObject(reply);
    }

    return true;
}


bool
es_match_profiles(es_cli_t *cli, es_person_t *person, es_match_t *match)
{
    int                  n;
    es_scan_t           *scan;
    const es_str_t      *keys;
    es_match_command_t   command;

    es_match_command(person, &command);
    scan = es_scan_begin(cli, ES_KEY_PROFILE);

    for (n = es_scan_next(scan, &keys);
         n > 0;
         n = es_scan_next(scan, &keys))
    {
        if (!es_match_page(cli, match, person, &command, scan, keys, n)) {
            n = -1;
            break;
        }

        es_progress("profiles", match->profiles, 0);
    }

    es_progress_end();
    es_scan_end(scan);

    if (match->strange > 1) {
        es_fail("and %llu more such keys; they are passed over",
                (unsigned long long) match->strange - 1);
    }

    return n == 0;
}


bool
es_match_visitor(es_cli_t *cli, es_person_t *person, const char *id,
    bool wanted, redisReply **reply)
{
    bool                 none;
    redisReply          *exists;
    const char          *key = es_keyf(cli, ES_KEY_PROFILE "%s", id);
    es_match_command_t   command;

    exists = es_ask(cli, "HLEN %s", key);

    if (exists == NULL) {
        return false;
    }

    none = exists->integer == 0;
    freeReplyObject(exists);

    if (none) {
        es_fail("%sthere is no profile of visitor \"%s\" (%s)%s",
                wanted ? "" : "warning: ", es_shown(es_text(id)),
                es_shown(es_text(key)), wanted ? "" : ": what was not given "
                                                    "is taken as missing");
        *reply = NULL;
        es_person_become(person, NULL);
        return !wanted;
    }

    es_match_command(person, &command);
    command.word[1] = key;
    command.len[1] = strlen(key);

    *reply = es_ask_argv(cli, command.n, command.word, command.len);

    if (*reply == NULL) {
        return false;
    }

    es_person_become(person, *reply);

    return true;
}
