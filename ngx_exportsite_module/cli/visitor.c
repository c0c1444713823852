/* The verbs on one visitor, and what they share: ids, keys, questions. */
#include <stdlib.h>
#include <time.h>

#include "../core/visitor.h"
#include "visitor.h"


#define ES_VISITOR_SETTINGS  2         /* that concern one visitor */


static const es_option_t  es_visitor_show_options[] = {
    { "events", "N", "how many of the latest events; 10" },
    { NULL, NULL, NULL }
};

static const es_option_t  es_visitor_forget_options[] = {
    { "yes", NULL, "do not ask" },
    { NULL, NULL, NULL }
};


const es_verb_t  es_visitor_verbs[] = {

    { "visitor show", "ID", 1, 1, es_visitor_show_options,
      "Show what is known of a visitor",
      "ID is that of the events and of the profile's key, or what our cookie "
      "says\n(es_vid). Times are this machine's. Where the latest events are "
      "not near the end\nof the stream, all of it is looked through; --events "
      "0 does without.",
      "exportsite visitor show 240a373dc5e786de2725d2c24e0253ab\n"
      "exportsite visitor show mueller.4711 --events 50 --json",
      es_visitor_show },

    { "visitor set", "ID FIELD=VALUE...", 2, -1, NULL,
      "Set fields of a visitor's profile",
      "An empty VALUE deletes the field. An industry that is set by hand is "
      "left alone\nby the learner from then on.",
      "exportsite visitor set 240a373dc5e786de2725d2c24e0253ab "
      "industry=machinery 'company=ACME GmbH'\n"
      "exportsite visitor set mueller.4711 company=",
      es_visitor_set },

    { "visitor export", "ID", 1, 1, NULL,
      "Give a person all that is held on them",
      "As JSON: the profile, what the learner remembers, all events in the "
      "stream, leads\nand rejected entries, those of ids that were merged into "
      "this one as well.",
      "exportsite visitor export 240a373dc5e786de2725d2c24e0253ab >person.json",
      es_visitor_export },

    { "visitor forget", "ID", 1, 1, es_visitor_forget_options,
      "Forget a visitor, and prove it",
      "Deletes the profile, what the learner remembers, and the events in the "
      "streams,\nof ids that were merged into this one as well; then looks "
      "again for what is left.\nEvents that nginx still holds are dropped when "
      "they come, for 30 days. Asks first;\nwhere nobody can answer it needs "
      "--yes. If nothing was known of ID, the exit code is 1.",
      "exportsite visitor forget 240a373dc5e786de2725d2c24e0253ab\n"
      "exportsite visitor forget mueller.4711 --yes",
      es_visitor_forget },

    { "visitor merge", "ID OTHER", 2, 2, NULL,
      "Make OTHER, who was ID all along, a part of ID",
      "For when somebody logs in. What is known of OTHER is added to ID and is "
      "deleted\nthere; its events count for ID from now on. Fields of the "
      "profile that both have\nstay as ID has them. Cut off at any moment, it "
      "goes on when it is run again.",
      "exportsite visitor merge mueller.4711 240a373dc5e786de2725d2c24e0253ab",
      es_visitor_merge },

    { NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL }
};


static bool
es_visitor_is_hex(const char *text, size_t n)
{
    return strspn(text, "0123456789abcdef") >= n;
}


bool
es_visitor_take(const es_cli_t *cli, const char *verb, const char *text,
    es_visitor_t *visitor)
{
    es_str_t  id = es_text(text);

    if (id.len == ES_VISITOR_TOKEN && id.data[ES_VISITOR_ID] == '.'
        && es_visitor_is_hex(id.data, ES_VISITOR_ID)
        && es_visitor_is_hex(id.data + ES_VISITOR_ID + 1, ES_VISITOR_ID))
    {
        id.len = ES_VISITOR_ID;
        fprintf(stderr, "exportsite: this is a cookie's value, its visitor is "
                "%.*s (the signature is not checked)\n", (int) id.len,
                id.data);
    }

    if (!es_visitor_id_valid(id)) {
        es_misuse(verb, "\"%s\" is no visitor's id: those are 1 to 64 of A-Z, "
                  "a-z, 0-9, \".\", \"_\" and \"-\"", es_shown(id));
        return false;
    }

    es_visitor_keys(cli, id, visitor);

    return true;
}


static void
es_visitor_key(char *key, const es_cli_t *cli, es_str_t id,
    es_str_t (*make)(char *buf, es_str_t prefix, es_str_t id))
{
    key[make(key, cli->prefix, id).len] = '\0';
}


void
es_visitor_keys(const es_cli_t *cli, es_str_t id, es_visitor_t *visitor)
{
    memcpy(visitor->name, id.data, id.len);
    visitor->name[id.len] = '\0';
    visitor->id = (es_str_t) { id.len, visitor->name };

    es_visitor_key(visitor->profile, cli, id, es_profile_key);
    es_visitor_key(visitor->state, cli, id, es_state_key);
    es_visitor_key(visitor->gone, cli, id, es_gone_key);
    es_visitor_key(visitor->merging, cli, id, es_merging_key);
    es_visitor_key(visitor->fields, cli, id, es_fields_key);
}


bool
es_visitor_imported(const es_visitor_t *visitor)
{
    return es_str_starts(visitor->id, es_str("log-"));
}


static void
es_visitor_gone_read(es_gone_t *gone, es_str_t text)
{
    if (es_str_skip(&text, es_str("forgotten ")) && text.len > 0) {
        gone->what = ES_GONE_FORGOTTEN;
        gone->ms = strtoull(text.data, NULL, 10);

    } else if (es_str_skip(&text, es_str("merged "))
               && es_visitor_id_valid(text))
    {
        gone->what = ES_GONE_MERGED;
        memcpy(gone->into, text.data, text.len);
        gone->into[text.len] = '\0';
    }
}


bool
es_visitor_gone(es_cli_t *cli, const es_visitor_t *visitor, es_gone_t *gone)
{
    redisReply  *reply;

    memset(gone, 0, sizeof(es_gone_t));

    reply = es_ask(cli, "GET %s", visitor->gone);
    if (reply == NULL) {
        return false;
    }

    if (reply->type == REDIS_REPLY_STRING) {
        es_visitor_gone_read(gone, es_reply_text(reply));
    }

    freeReplyObject(reply);

    if (gone->what == ES_GONE_NOT) {
        return true;
    }

    reply = es_ask(cli, "TTL %s", visitor->gone);
    if (reply == NULL) {
        return false;
    }

    gone->seconds = reply->integer;
    freeReplyObject(reply);

    return true;
}


bool
es_visitor_settings(es_cli_t *cli, es_settings_t *settings)
{
    char         why[256];
    size_t       i;
    redisReply  *reply;

    static const char *const  names[ES_VISITOR_SETTINGS] = {
        "profile_days", "interest_days"
    };

    es_settings_default(settings);

    reply = es_ask(cli, "HMGET %s %s %s", es_keyf(cli, ES_KEY_SETTINGS),
                   names[0], names[1]);
    if (reply == NULL) {
        return false;
    }

    for (i = 0; i < ES_VISITOR_SETTINGS && i < reply->elements; i++) {
        if (reply->element[i]->type == REDIS_REPLY_STRING) {
            (void) es_setting_set(settings, es_text(names[i]),
                                  es_reply_text(reply->element[i]), why,
                                  sizeof(why));
        }
    }

    freeReplyObject(reply);

    return true;
}


redisReply *
es_visitor_state(es_cli_t *cli, const char *key, es_state_t *state, bool *good)
{
    redisReply  *reply;

    reply = es_ask(cli, "GET %s", key);

    *good = reply != NULL
            && es_state_parse(state, reply->type == REDIS_REPLY_STRING
                                     ? es_reply_text(reply) : es_null_str);

    return reply;
}


const char *
es_visitor_time(char *buf, uint64_t ms)
{
    time_t     sec = (time_t) (ms / 1000);
    struct tm  tm;

    if (ms == 0 || ms / 1000 > 253402300799 || localtime_r(&sec, &tm) == NULL
        || strftime(buf, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
    {
        snprintf(buf, 32, "-");
    }

    return buf;
}


static const redisReply *
es_visitor_error(const redisReply *reply)
{
    size_t  i;

    if (reply->type == REDIS_REPLY_ERROR) {
        return reply;
    }

    for (i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
    {
        if (reply->element[i]->type == REDIS_REPLY_ERROR) {
            return reply->element[i];
        }
    }

    return NULL;
}


bool
es_visitor_heard(es_cli_t *cli, const char *what, size_t n)
{
    bool               good;
    redisReply        *reply;
    const redisReply  *error;

    for (good = true; n > 0; n--) {
        reply = NULL;

        if (redisGetReply(cli->link, (void **) &reply) != REDIS_OK) {
            es_link_complain(cli, what, cli->link->errstr);
            es_link_close(cli);
            return false;
        }

        error = es_visitor_error(reply);

        if (error != NULL && good) {
            es_link_complain(cli, what, error->str);
            good = false;
        }

        freeReplyObject(reply);
    }

    return good;
}


redisReply *
es_visitor_eval(es_cli_t *cli, const char *script, int nkeys,
    const es_str_t *args, size_t n)
{
    char          number[12];
    size_t        i, *len;
    const char  **argv;
    redisReply   *reply;

    if (es_link(cli) == NULL) {
        return NULL;
    }

    argv = malloc((n + 3) * (sizeof(char *) + sizeof(size_t)));
    if (argv == NULL) {
        exit(es_fail("no memory"));
    }

    len = (size_t *) (argv + n + 3);
    argv[0] = "EVAL";
    len[0] = 4;
    argv[1] = script;
    len[1] = strlen(script);
    argv[2] = number;
    len[2] = snprintf(number, sizeof(number), "%d", nkeys);

    for (i = 0; i < n; i++) {
        argv[i + 3] = args[i].data ? args[i].data : "";
        len[i + 3] = args[i].len;
    }

    reply = redisCommandArgv(cli->link, (int) n + 3, argv, len);
    free(argv);

    if (reply != NULL && reply->type != REDIS_REPLY_ERROR) {
        return reply;
    }

    es_link_complain(cli, args[0].data, reply ? reply->str
                                              : cli->link->errstr);

    if (reply == NULL) {
        es_link_close(cli);

    } else {
        freeReplyObject(reply);
    }

    return NULL;
}
