/*
 * `visitor export`: all that is held on a person, as JSON. It is written piece
 * by piece, since the events may be many.
 */
#include "visitor.h"


typedef struct {
    es_cli_t  *cli;
    bool       any;                    /* of this list, so far */
} es_export_t;


/* Ends what is before, and begins a member of the object. */
static void
es_export_member(const char *name, bool first)
{
    printf("%s\n  \"%s\": ", first ? "" : ",", name);
}


static void
es_export_dump(json_t *json)
{
    json_dumpf(json, stdout, JSON_ENCODE_ANY|JSON_PRESERVE_ORDER);
    json_decref(json);
}


static bool
es_export_found(void *data, const redisReply *entry)
{
    es_export_t  *export = data;

    printf("%s\n    ", export->any ? "," : "");
    es_export_dump(es_entries_json(entry));
    export->any = true;

    return true;
}


/* A list of entries of a stream */
static bool
es_export_entries(es_cli_t *cli, const char *name, const char *key,
    const es_ids_t *ids, bool anywhere)
{
    es_export_t   export = { cli, false };
    es_entries_t  entries = {
        .key = key,
        .label = name,
        .anywhere = anywhere,
        .ids = ids,
        .found = es_export_found,
        .data = &export
    };

    es_export_member(name, false);
    printf("[");

    if (!es_entries(cli, &entries)) {
        return false;
    }

    printf("%s]", export.any ? "\n  " : "");

    return true;
}


static json_t *
es_export_gone(const es_gone_t *gone)
{
    switch (gone->what) {

    case ES_GONE_FORGOTTEN:
        return json_pack("{s:I, s:I}", "forgotten", (json_int_t) gone->ms,
                         "known_for", (json_int_t) gone->seconds);

    case ES_GONE_MERGED:
        return json_pack("{s:s, s:I}", "merged", gone->into, "known_for",
                         (json_int_t) gone->seconds);

    default:
        return json_null();
    }
}


/* Adds a hash, if there is one. */
static bool
es_export_hash(es_cli_t *cli, json_t *json, const char *name, const char *key)
{
    redisReply  *reply;

    reply = es_ask(cli, "HGETALL %s", key);
    if (reply == NULL) {
        return false;
    }

    json_object_set_new(json, name, reply->elements > 0
                                    ? es_entries_fields(reply) : json_null());
    freeReplyObject(reply);

    return true;
}


/* Adds what the learner remembers, as it understands it, and as it stands. */
static bool
es_export_state(es_cli_t *cli, json_t *json, const char *key)
{
    bool         good;
    es_state_t   state;
    redisReply  *reply;

    reply = es_visitor_state(cli, key, &state, &good);
    if (reply == NULL) {
        return false;
    }

    good = good && reply->type == REDIS_REPLY_STRING;

    json_object_set_new(json, "learned", good ? es_visitor_learned(&state)
                                              : json_null());
    json_object_set_new(json, "learned_text",
                        reply->type == REDIS_REPLY_STRING
                        ? es_entries_text(es_reply_text(reply))
                        : json_null());
    freeReplyObject(reply);

    return true;
}


/* Adds what waits to be merged into somebody else's, if anything. */
static bool
es_export_merging(es_cli_t *cli, json_t *json, const es_visitor_t *visitor)
{
    redisReply  *reply;

    reply = es_ask(cli, "GET %s", visitor->merging);
    if (reply == NULL) {
        return false;
    }

    if (reply->type == REDIS_REPLY_STRING) {
        json_object_set_new(json, "merging",
                            es_entries_text(es_reply_text(reply)));
    }

    freeReplyObject(reply);

    return json_object_get(json, "merging") == NULL
           || es_export_hash(cli, json, "merging_profile", visitor->fields);
}


/* All of one id but its entries; NULL where Redis did not answer */
static json_t *
es_export_id(es_cli_t *cli, const es_visitor_t *visitor)
{
    json_t     *json;
    es_gone_t   gone;

    if (!es_visitor_gone(cli, visitor, &gone)) {
        return NULL;
    }

    json = json_pack("{s:s, s:o}", "visitor", visitor->name, "became",
                     es_export_gone(&gone));

    if (!es_export_hash(cli, json, "profile", visitor->profile)
        || !es_export_state(cli, json, visitor->state)
        || !es_export_merging(cli, json, visitor))
    {
        json_decref(json);
        return NULL;
    }

    return json;
}


/* The ids that were merged into this one */
static bool
es_export_merged(es_cli_t *cli, const es_ids_t *ids, es_str_t id)
{
    size_t         i;
    json_t        *json;
    const char    *comma = "", *end = "";
    es_visitor_t   visitor;

    es_export_member("merged", false);
    printf("[");

    for (i = 0; i < ids->n; i++) {
        if (es_str_eq(ids->ids[i], id)) {
            continue;
        }

        es_visitor_keys(cli, ids->ids[i], &visitor);

        json = es_export_id(cli, &visitor);
        if (json == NULL) {
            return false;
        }

        printf("%s\n    ", comma);
        es_export_dump(json);
        comma = ",";
        end = "\n  ";
    }

    printf("%s]", end);

    return true;
}


static bool
es_export_write(es_cli_t *cli, const es_visitor_t *visitor, json_t *json,
    const es_ids_t *ids)
{
    bool         first = true;
    json_t      *value;
    const char  *name;

    printf("{");

    json_object_foreach(json, name, value) {
        es_export_member(name, first);
        es_export_dump(json_incref(value));
        first = false;
    }

    es_export_member("exported", false);
    printf("%llu", (unsigned long long) es_now());

    return es_export_merged(cli, ids, visitor->id)
           && es_export_entries(cli, "leads", es_keyf(cli, ES_KEY_LEADS), ids,
                                false)
           && es_export_entries(cli, "rejected",
                                es_keyf(cli, "%s" ES_KEY_REJECTED,
                                        cli->stream.data), ids, true)
           && es_export_entries(cli, "events", es_keyf(cli, "%s",
                                                       cli->stream.data),
                                ids, false);
}


int
es_visitor_export(es_cli_t *cli, const es_args_t *args)
{
    int            status = ES_EXIT_FAIL;
    bool           good;
    json_t        *json;
    es_ids_t       ids;
    redisReply    *profile;
    es_visitor_t   visitor;

    if (!es_visitor_take(cli, "visitor export", args->argv[0], &visitor)) {
        return ES_EXIT_USAGE;
    }

    profile = es_ask(cli, "HGETALL %s", visitor.profile);
    if (profile == NULL) {
        return ES_EXIT_FAIL;
    }

    es_ids_init(&ids);
    good = es_ids_known(cli, &ids, &visitor, profile)
           && es_ids_merged(cli, &ids);
    freeReplyObject(profile);

    json = good ? es_export_id(cli, &visitor) : NULL;

    if (json != NULL) {
        if (es_export_write(cli, &visitor, json, &ids)) {
            printf("\n}\n");
            status = ES_EXIT_GOOD;

        } else {
            status = es_fail("so what is written is not all: try again");
        }

        json_decref(json);
    }

    es_ids_free(&ids);

    return status;
}
