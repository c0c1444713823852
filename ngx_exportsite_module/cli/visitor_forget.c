/*
 * `visitor forget`: a visitor is forgotten, and it is proved.
 *
 * First the tombstone, so that no learner brings anything back; then profile
 * and state, then entries of the streams, until a look at all of them finds
 * none. The ids that were merged into this one come last: if this is cut off,
 * they can still be found by what they were merged into.
 */
#include <stdlib.h>
#include <unistd.h>

#include "../redis/keys.h"
#include "../redis/scripts.h"
#include "visitor.h"


#define ES_FORGET_DELETE  500          /* entries in one command */
#define ES_FORGET_ROUNDS  5

typedef enum {
    ES_FORGET_PROFILE,
    ES_FORGET_STATE,
    ES_FORGET_EVENTS,
    ES_FORGET_LEADS,
    ES_FORGET_REJECTED,
    ES_FORGET_PLACES
} es_forget_place_e;

/* One of the places where something of a visitor may be */
typedef struct {
    const char     *name;
    char            key[ES_KEY_MAX];         /* of a stream */
    es_entry_id_t   end;               /* its last entry when this began */
    uint64_t        deleted, left, since;
    bool            failed;            /* `left` tells nothing */
} es_forget_place_t;

typedef struct {
    es_cli_t           *cli;
    es_visitor_t        visitor;
    es_ids_t            ids;
    uint64_t            ms;            /* what is not after it is forgotten */
    bool                before;        /* so it was, once before */
    char                tombstone[32];
    char                merged[ES_VISITOR_NAME + 8];   /* "merged ID" */
    es_forget_place_t   places[ES_FORGET_PLACES];

    es_forget_place_t  *place;         /* being looked through */
    char                found[ES_FORGET_DELETE][ES_ENTRY_ID_TEXT];
    size_t              nfound;
} es_forget_t;


/* -- entries -- */

/* Deletes the entries that were found last. */
static bool
es_forget_delete(es_forget_t *forget)
{
    size_t        i, len[ES_FORGET_DELETE + 2];
    const char   *argv[ES_FORGET_DELETE + 2];
    redisReply   *reply;

    if (forget->nfound == 0) {
        return true;
    }

    argv[0] = "XDEL";
    argv[1] = forget->place->key;

    for (i = 0; i < forget->nfound; i++) {
        argv[i + 2] = forget->found[i];
    }

    for (i = 0; i < forget->nfound + 2; i++) {
        len[i] = strlen(argv[i]);
    }

    reply = es_ask_argv(forget->cli, (int) forget->nfound + 2, argv, len);
    if (reply == NULL) {
        return false;
    }

    forget->place->deleted += (uint64_t) reply->integer;
    forget->nfound = 0;
    freeReplyObject(reply);

    return true;
}


/*
 * Is it to be forgotten? What came into the stream after this began, and tells
 * of a later time, is of somebody who has come back.
 */
static bool
es_forget_meant(const es_forget_t *forget, const redisReply *entry)
{
    char               *end;
    uint64_t            ms;
    es_entry_id_t       at;
    const redisReply   *ts;

    if (!es_entry_id_parse(&at, es_reply_text(entry->element[0]))
        || es_entry_id_compare(at, forget->place->end) <= 0)
    {
        return true;
    }

    ts = es_reply_named(entry->element[1], es_str("ts"));

    if (ts == NULL || ts->type != REDIS_REPLY_STRING) {
        return true;
    }

    ms = strtoull(ts->str, &end, 10);

    return end == ts->str || ms <= forget->ms;
}


static bool
es_forget_found(void *data, const redisReply *entry)
{
    es_forget_t  *forget = data;

    if (!es_forget_meant(forget, entry)) {
        forget->place->since++;
        return true;
    }

    forget->place->left++;
    snprintf(forget->found[forget->nfound++], ES_ENTRY_ID_TEXT, "%s",
             entry->element[0]->str);

    if (forget->nfound == ES_FORGET_DELETE) {
        forget->place->failed = !es_forget_delete(forget);
    }

    return !forget->place->failed;
}


/* Deletes what it finds in a stream; place->left is how much that was. */
static void
es_forget_walk(es_forget_t *forget, es_forget_place_t *place)
{
    es_entries_t  entries = {
        .key = place->key,
        .label = place->name,
        .anywhere = place == &forget->places[ES_FORGET_REJECTED],
        .ids = &forget->ids,
        .found = es_forget_found,
        .data = forget
    };

    forget->place = place;
    forget->nfound = 0;
    place->left = 0;
    place->since = 0;

    place->failed = !es_entries(forget->cli, &entries) || place->failed
                    || !es_forget_delete(forget);
}


/*
 * Looks through all streams, as often as it takes until nothing is found, but
 * at most so many times. One that cannot be read keeps no other from being
 * cleaned. False where the connection is lost.
 */
static bool
es_forget_walks(es_forget_t *forget, int rounds)
{
    size_t              i;
    uint64_t            found;
    es_forget_place_t  *place;

    do {
        found = 0;

        for (i = ES_FORGET_EVENTS; i < ES_FORGET_PLACES; i++) {
            place = &forget->places[i];

            if (!place->failed) {
                es_forget_walk(forget, place);
                found += place->failed ? 0 : place->left;
            }

            if (forget->cli->link == NULL) {
                return false;
            }
        }

    } while (found > 0 && --rounds > 0);

    return true;
}


/*
 * A learner that read the events before the tombstone was there may be about to
 * write a lead, or what it rejected: it finds other marks, and reads again.
 */
static bool
es_forget_late(es_forget_t *forget)
{
    char         key[ES_KEY_MAX];
    size_t       i;
    es_str_t     mark, name, prefix = forget->cli->prefix;
    redisReply  *reply;

    for (i = ES_FORGET_LEADS; i <= ES_FORGET_REJECTED; i++) {
        name = es_text(forget->places[i].key + prefix.len);
        mark = es_learned_key(key, prefix, name);

        reply = es_ask(forget->cli, "EVAL %s 1 %b %s", es_remark_script,
                       mark.data, mark.len, forget->tombstone + 10);
        if (reply == NULL) {
            return false;
        }

        freeReplyObject(reply);
    }

    return true;
}


/* -- profile and state -- */

/* The tombstone, and all that it is for, in one transaction */
static bool
es_forget_bury(es_forget_t *forget, es_str_t id)
{
    bool           good;
    es_cli_t      *cli = forget->cli;
    redisReply    *reply = NULL;
    es_visitor_t   visitor;

    es_visitor_keys(cli, id, &visitor);

    if (es_link(cli) == NULL) {
        return false;
    }

    redisAppendCommand(cli->link, "MULTI");
    redisAppendCommand(cli->link, "SET %s %b EX %d", visitor.gone,
                       forget->tombstone, strlen(forget->tombstone),
                       ES_VISITOR_GONE);
    redisAppendCommand(cli->link, "DEL %s %s", visitor.profile,
                       visitor.fields);
    redisAppendCommand(cli->link, "DEL %s %s", visitor.state,
                       visitor.merging);
    redisAppendCommand(cli->link, "EXEC");

    if (!es_visitor_heard(cli, visitor.gone, 4)) {
        if (cli->link != NULL) {
            (void) redisGetReply(cli->link, (void **) &reply);

            freeReplyObject(reply);
        }

        return false;
    }

    reply = es_answer(cli, visitor.gone);
    if (reply == NULL) {
        return false;
    }

    good = reply->type == REDIS_REPLY_ARRAY && reply->elements == 3
           && reply->element[0]->type == REDIS_REPLY_STATUS;

    if (good) {
        forget->places[ES_FORGET_PROFILE].deleted +=
                                      (uint64_t) reply->element[1]->integer;
        forget->places[ES_FORGET_STATE].deleted +=
                                      (uint64_t) reply->element[2]->integer;

    } else {
        es_fail("%s: this is not the answer of a Redis", visitor.gone);
    }

    freeReplyObject(reply);

    return good;
}


/* The ids that were merged into this one; it was buried before. */
static bool
es_forget_bury_merged(es_forget_t *forget)
{
    size_t  i;

    for (i = 0; i < forget->ids.n; i++) {
        if (!es_str_eq(forget->ids.ids[i], forget->visitor.id)
            && !es_forget_bury(forget, forget->ids.ids[i]))
        {
            return false;
        }
    }

    return true;
}


/* Looks for profile and state of an id; who has come back has new ones. */
static bool
es_forget_look(es_forget_t *forget, es_str_t id)
{
    bool                good;
    es_state_t          state;
    redisReply         *reply;
    es_visitor_t        visitor;
    es_forget_place_t  *place;

    es_visitor_keys(forget->cli, id, &visitor);

    place = &forget->places[ES_FORGET_PROFILE];
    reply = es_ask(forget->cli, "HGET %s first_seen", visitor.profile);
    if (reply == NULL) {
        return false;
    }

    if (reply->type == REDIS_REPLY_STRING
        && strtoull(reply->str, NULL, 10) > forget->ms)
    {
        place->since++;
        freeReplyObject(reply);

    } else {
        freeReplyObject(reply);
        reply = es_ask(forget->cli, "EXISTS %s", visitor.profile);
        if (reply == NULL) {
            return false;
        }

        place->left += (uint64_t) reply->integer;
        freeReplyObject(reply);
    }

    place = &forget->places[ES_FORGET_STATE];
    reply = es_visitor_state(forget->cli, visitor.state, &state, &good);
    if (reply == NULL) {
        return false;
    }

    if (reply->type == REDIS_REPLY_STRING) {
        place->since += good && state.first_seen > forget->ms;
        place->left += !good || state.first_seen <= forget->ms;
    }

    freeReplyObject(reply);

    return true;
}


static bool
es_forget_proved(es_forget_t *forget)
{
    size_t  i;

    forget->places[ES_FORGET_PROFILE].failed = false;
    forget->places[ES_FORGET_STATE].failed = false;

    for (i = 0; i < forget->ids.n; i++) {
        if (!es_forget_look(forget, forget->ids.ids[i])) {
            forget->places[ES_FORGET_PROFILE].failed = true;
            forget->places[ES_FORGET_STATE].failed = true;
            return false;
        }
    }

    for (i = 0; i < ES_FORGET_PLACES; i++) {
        if (forget->places[i].left > 0 || forget->places[i].failed) {
            return false;
        }
    }

    return true;
}


/* -- before -- */

static void
es_forget_name(es_forget_t *forget)
{
    size_t       i;
    es_cli_t    *cli = forget->cli;
    const char  *keys[ES_FORGET_PLACES] = { NULL };

    static const char *const  names[ES_FORGET_PLACES] = {
        "profile", "learned", "events", "leads", "rejected"
    };

    keys[ES_FORGET_EVENTS] = es_keyf(cli, "%s", cli->stream.data);
    keys[ES_FORGET_LEADS] = es_keyf(cli, ES_KEY_LEADS);
    keys[ES_FORGET_REJECTED] = es_keyf(cli, "%s" ES_KEY_REJECTED,
                                       cli->stream.data);

    for (i = 0; i < ES_FORGET_PLACES; i++) {
        forget->places[i].name = names[i];

        if (keys[i] != NULL) {
            snprintf(forget->places[i].key, ES_KEY_MAX, "%s", keys[i]);
        }
    }

    snprintf(forget->merged, sizeof(forget->merged), "merged %s",
             forget->visitor.name);
}


/* What the time is, by Redis' clock, and where the streams end now */
static bool
es_forget_begin(es_forget_t *forget)
{
    size_t              i;
    redisReply         *reply;
    es_forget_place_t  *place;

    reply = es_ask(forget->cli, "TIME");
    if (reply == NULL) {
        return false;
    }

    forget->ms = strtoull(reply->element[0]->str, NULL, 10) * 1000
                 + strtoull(reply->element[1]->str, NULL, 10) / 1000;
    freeReplyObject(reply);

    snprintf(forget->tombstone, sizeof(forget->tombstone), "forgotten %llu",
             (unsigned long long) forget->ms);

    for (i = ES_FORGET_EVENTS; i < ES_FORGET_PLACES; i++) {
        place = &forget->places[i];

        reply = es_ask(forget->cli, "XREVRANGE %s + - COUNT 1", place->key);
        if (reply == NULL) {
            return false;
        }

        if (reply->elements == 1) {
            (void) es_entry_id_parse(&place->end,
                        es_reply_text(reply->element[0]->element[0]));
        }

        freeReplyObject(reply);
    }

    return true;
}


/* Notes of an id that it was merged into this one. */
static bool
es_forget_point(es_forget_t *forget, es_str_t id)
{
    redisReply    *reply;
    es_visitor_t   visitor;

    es_visitor_keys(forget->cli, id, &visitor);

    reply = es_ask(forget->cli, "SET %s %s EX %d", visitor.gone,
                   forget->merged, ES_VISITOR_GONE);
    if (reply == NULL) {
        return false;
    }

    freeReplyObject(reply);

    return true;
}


/*
 * The ids that were merged into this one. Some are known by its profile only,
 * or by way of one another, which is about to go: so all of them are noted as
 * its own, for the next run to find if this one is cut off.
 */
static bool
es_forget_ids(es_forget_t *forget)
{
    bool         good;
    size_t       i;
    redisReply  *reply;

    reply = es_ask(forget->cli, "HGETALL %s", forget->visitor.profile);
    if (reply == NULL) {
        return false;
    }

    good = es_ids_known(forget->cli, &forget->ids, &forget->visitor, reply)
           && es_ids_merged(forget->cli, &forget->ids);
    freeReplyObject(reply);

    for (i = 0; i < forget->ids.n && good; i++) {
        good = es_str_eq(forget->ids.ids[i], forget->visitor.id)
               || es_forget_point(forget, forget->ids.ids[i]);
    }

    return good;
}


/* Says what is to be done, and asks. */
static int
es_forget_ask(const es_forget_t *forget, bool yes)
{
    char  answer[16];

    if (yes) {
        return ES_EXIT_GOOD;
    }

    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        return es_misuse("visitor forget", "nobody is there to be asked: "
                         "give --yes");
    }

    fprintf(stderr, "All that is known of %s will be deleted: profile, what "
            "was learned, events, leads.\nThis cannot be undone. Forget? "
            "[y/N] ", forget->visitor.name);
    fflush(stderr);

    if (fgets(answer, sizeof(answer), stdin) != NULL
        && (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0))
    {
        return ES_EXIT_GOOD;
    }

    return es_fail("nothing was done");
}


/* May it be forgotten by this name? False after saying why not. */
static bool
es_forget_allowed(es_forget_t *forget)
{
    es_gone_t  gone;

    if (!es_visitor_gone(forget->cli, &forget->visitor, &gone)) {
        return false;
    }

    if (gone.what == ES_GONE_MERGED) {
        es_fail("%s was merged into %s, and is part of what is known of that "
                "one: use \"exportsite visitor forget %s\", which forgets "
                "both", forget->visitor.name, gone.into, gone.into);
        return false;
    }

    forget->before = gone.what == ES_GONE_FORGOTTEN;

    return true;
}


/* -- after -- */

static const char *const  es_forget_remains[] = {
    "Counters and estimates of how many came, which name nobody, stay.",
    "Events that nginx still holds, in memory or in its spool, are dropped by "
    "the\nlearner and deleted from the stream when they come, for 30 days.",
    "Backups and files of Redis (AOF, RDB) have what they had until they are "
    "rewritten\nor thrown away.",
    NULL
};


static void
es_forget_json(const es_forget_t *forget)
{
    size_t                    i;
    json_t                   *json, *list;
    const es_forget_place_t  *place;

    list = json_array();

    for (i = 0; i < forget->ids.n; i++) {
        json_array_append_new(list, es_json_text(forget->ids.ids[i]));
    }

    json = json_pack("{s:s, s:o, s:I}", "visitor", forget->visitor.name,
                     "ids", list, "forgotten", (json_int_t) forget->ms);
    list = json_object();

    for (i = 0; i < ES_FORGET_PLACES; i++) {
        place = &forget->places[i];
        json_object_set_new(list, place->name,
                            json_pack("{s:I, s:o, s:I}",
                                      "deleted", (json_int_t) place->deleted,
                                      "left", place->failed ? json_null()
                                      : json_integer((json_int_t)
                                                     place->left),
                                      "since", (json_int_t) place->since));
    }

    json_object_set_new(json, "places", list);
    es_json_print(json);
}


static void
es_forget_say(const es_forget_t *forget)
{
    size_t                    i;
    es_table_t               *table;
    const es_forget_place_t  *place;

    if (forget->cli->json) {
        es_forget_json(forget);
        return;
    }

    printf("visitor %s", forget->visitor.name);

    if (forget->ids.n > 1) {
        printf(", with %zu merged into it", forget->ids.n - 1);
    }

    printf("\n\n");
    table = es_table(forget->cli, "PLACE", ">DELETED", ">LEFT", (char *) NULL);

    for (i = 0; i < ES_FORGET_PLACES; i++) {
        place = &forget->places[i];
        es_table_cellf(table, "%s", place->name);
        es_table_cellf(table, "%llu", (unsigned long long) place->deleted);

        if (place->failed) {
            es_table_cell(table, es_str("unknown"));

        } else {
            es_table_cellf(table, "%llu", (unsigned long long) place->left);
        }

        es_table_color(table, place->failed || place->left ? ES_COLOR_BAD
                                                           : ES_COLOR_GOOD);
    }

    es_table_print(table);
    printf("\n");

    for (i = 0; i < ES_FORGET_PLACES; i++) {
        place = &forget->places[i];

        if (place->since > 0) {
            printf("New since then, as the visitor has come back: %s, %llu.\n",
                   place->name, (unsigned long long) place->since);
        }
    }

    for (i = 0; es_forget_remains[i] != NULL; i++) {
        printf("%s\n", es_forget_remains[i]);
    }
}


/* Was there anything of this visitor, now or when it was forgotten before? */
static bool
es_forget_known(const es_forget_t *forget)
{
    size_t                    i;
    const es_forget_place_t  *place;

    for (i = 0; i < ES_FORGET_PLACES; i++) {
        place = &forget->places[i];

        if (place->deleted + place->left + place->since > 0 || place->failed) {
            return true;
        }
    }

    return forget->before || forget->ids.n > 1;
}


/* -- all of it -- */

static int
es_forget_all(es_forget_t *forget)
{
    bool  good;

    if (!es_forget_begin(forget) || !es_forget_ids(forget)
        || !es_forget_bury(forget, forget->visitor.id))
    {
        return ES_EXIT_FAIL;
    }

    /* until it is proved */
    forget->places[ES_FORGET_PROFILE].failed = true;
    forget->places[ES_FORGET_STATE].failed = true;

    if (!es_forget_walks(forget, 1) || !es_forget_bury_merged(forget)
        || !es_forget_late(forget)
        || !es_forget_walks(forget, ES_FORGET_ROUNDS))
    {
        return es_fail("not all of it is deleted: do it again");
    }

    good = es_forget_proved(forget);

    if (!es_forget_known(forget)) {
        if (forget->cli->json) {
            es_forget_json(forget);
        }

        return es_fail("nothing was known of \"%s\": is the id right? (a note "
                       "was left for events that may still come)",
                       forget->visitor.name);
    }

    es_forget_say(forget);

    return good ? ES_EXIT_GOOD
                : es_fail("not all of it is deleted: do it again");
}


int
es_visitor_forget(es_cli_t *cli, const es_args_t *args)
{
    int           status;
    es_forget_t  *forget;

    forget = calloc(1, sizeof(es_forget_t));
    if (forget == NULL) {
        return es_fail("no memory");
    }

    forget->cli = cli;
    status = ES_EXIT_USAGE;

    if (es_visitor_take(cli, "visitor forget", args->argv[0],
                        &forget->visitor))
    {
        es_ids_init(&forget->ids);
        es_forget_name(forget);
        status = es_forget_ask(forget, args->option[0] != NULL);

        if (status == ES_EXIT_GOOD) {
            status = es_forget_allowed(forget) ? es_forget_all(forget)
                                               : ES_EXIT_FAIL;
        }

        es_ids_free(&forget->ids);
    }

    free(forget);

    return status;
}
