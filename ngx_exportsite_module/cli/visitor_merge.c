/*
 * `visitor merge`: one visitor becomes part of another.
 *
 * No transaction spans the two, so it goes in steps (redis/scripts.h has them),
 * each harmless to repeat:
 *
 *   1. the other one's id is marked as merged; what is known of it is put aside
 *   2. it is added to the visitor, with a note that it was
 *   3. what was put aside is deleted
 *
 * A learner may be at work: the first step waits until it is settled with both
 * (visitor_settled.c). What is put aside says what the visitor's state begins
 * with, and is added to that state only. No state comes again, so once there is
 * another one, either it was added or it never will be: then it comes back, and
 * all begins anew.
 *
 * Others may do the same at the same moment, and any of them goes on from where
 * another one is. Two who merge these two the other way round count up the
 * version of the one before they put the other aside, so only one of them can.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../redis/scripts.h"
#include "visitor.h"


#define ES_MERGE_WAIT   10000          /* ms, for the learner */
#define ES_MERGE_PAUSE  10             /* ms at most, until the next attempt */
#define ES_MERGE_TRIES  100
#define ES_MERGE_TOKEN  (24 + 2 * ES_ENTRY_ID_TEXT)

/* What comes of a step */
typedef enum {
    ES_MERGE_GOOD,
    ES_MERGE_NOTHING,                  /* there is nothing left to do */
    ES_MERGE_AGAIN,                    /* somebody else wrote meanwhile */
    ES_MERGE_GONE,                     /* one of the two is no more */
    ES_MERGE_FAIL                      /* said */
} es_merge_e;

typedef struct {
    es_cli_t       *cli;
    es_visitor_t    into, other;
    es_settings_t   settings;
    char            gone[ES_VISITOR_NAME + 8];   /* "merged INTO" */

    /* the time of step 1, a blank, and what INTO's state begins with */
    char            token[ES_MERGE_TOKEN];
} es_merge_t;


/* For how long a merged id is known: as long as its cookie may live */
static es_str_t
es_merge_ttl(const es_merge_t *merge, char *buf, size_t size)
{
    int64_t  ttl;

    ttl = merge->settings.profile_days * ES_DAY;
    ttl = ttl > ES_VISITOR_GONE ? ttl : ES_VISITOR_GONE;

    return (es_str_t) { snprintf(buf, size, "%lld", (long long) ttl), buf };
}


/* The other one's five keys, as the scripts want them */
static void
es_merge_keys(const es_merge_t *merge, es_str_t args[5])
{
    args[0] = es_text(merge->other.state);
    args[1] = es_text(merge->other.profile);
    args[2] = es_text(merge->other.gone);
    args[3] = es_text(merge->other.merging);
    args[4] = es_text(merge->other.fields);
}


/* The time in the token, which is the note of it in INTO's profile */
static es_str_t
es_merge_note(const es_merge_t *merge)
{
    return (es_str_t) { strcspn(merge->token, " "), merge->token };
}


/* Is it the state that what was put aside is to be added to? */
static bool
es_merge_fits(const es_merge_t *merge, es_str_t state)
{
    es_str_t     head = es_state_head(state);
    const char  *blank = strchr(merge->token, ' ');

    return head.len > 0 && blank != NULL
           && es_str_eq((es_str_t) { head.len - 1, head.data },
                        es_text(blank + 1));
}


/* Who did the same at the same moment does not meet us again. */
static void
es_merge_pause(void)
{
    struct timespec  now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    usleep(1000 + now.tv_nsec / 1000 % (ES_MERGE_PAUSE * 1000));
}


/* -- the steps -- */

/*
 * Puts the other one aside, whose state begins with `head`, for INTO's that
 * begins with `into`. What is there already stays as it is.
 */
static es_merge_e
es_merge_freeze_once(es_merge_t *merge, es_str_t head, es_str_t into)
{
    char         ttl[24], token[ES_MERGE_TOKEN];
    es_str_t     args[9];
    es_merge_e   rc;
    redisReply  *reply;

    reply = es_ask(merge->cli, "TIME");
    if (reply == NULL) {
        return ES_MERGE_FAIL;
    }

    snprintf(token, sizeof(token), "%s%06ld %.*s", reply->element[0]->str,
             strtol(reply->element[1]->str, NULL, 10),
             (int) (into.len - (into.len > 0)), into.data ? into.data : "");
    freeReplyObject(reply);

    es_merge_keys(merge, args);
    args[5] = head;
    args[6] = es_text(merge->gone);
    args[7] = es_text(token);
    args[8] = es_merge_ttl(merge, ttl, sizeof(ttl));

    reply = es_visitor_eval(merge->cli, es_freeze_script, 5, args, 9);

    if (reply == NULL) {
        return ES_MERGE_FAIL;
    }

    rc = ES_MERGE_AGAIN;

    if (reply->type == REDIS_REPLY_STRING) {
        snprintf(merge->token, sizeof(merge->token), "%s", reply->str);
        rc = reply->len > 0 ? ES_MERGE_GOOD : ES_MERGE_NOTHING;
    }

    freeReplyObject(reply);

    return rc;
}


/* Is the other one put aside already? */
static bool
es_merge_frozen(es_merge_t *merge, bool *frozen)
{
    redisReply  *reply;

    reply = es_ask(merge->cli, "EXISTS %s", merge->other.merging);
    if (reply == NULL) {
        return false;
    }

    *frozen = reply->integer > 0;
    freeReplyObject(reply);

    return true;
}


/*
 * Was all of this done before? Sites may ask for it with every login; then what
 * became of the other one is known for longer, and nobody is disturbed.
 */
static es_merge_e
es_merge_before(es_merge_t *merge)
{
    char         ttl[24];
    bool         nothing;
    es_str_t     args[4];
    es_merge_e   rc;
    redisReply  *reply;

    reply = es_ask(merge->cli, "EXISTS %s %s %s", merge->other.merging,
                   merge->other.state, merge->other.profile);
    if (reply == NULL) {
        return ES_MERGE_FAIL;
    }

    nothing = reply->integer == 0;
    freeReplyObject(reply);

    if (!nothing) {
        return ES_MERGE_GOOD;
    }

    args[0] = es_text(merge->other.gone);
    args[1] = es_text(merge->gone);
    args[2] = es_text(merge->gone);
    args[3] = es_merge_ttl(merge, ttl, sizeof(ttl));

    reply = es_visitor_eval(merge->cli, es_repoint_script, 1, args, 4);
    if (reply == NULL) {
        return ES_MERGE_FAIL;
    }

    rc = reply->integer == 1 ? ES_MERGE_NOTHING : ES_MERGE_GOOD;
    freeReplyObject(reply);

    return rc;
}


/*
 * Counts up the version of the visitor's state, so that a learner that is at
 * work with both as they were cannot write it. text, of ES_STATE_MAX bytes, is
 * what it is then.
 */
static es_merge_e
es_merge_touch(es_merge_t *merge, es_settled_t *settled, es_str_t *text)
{
    char         ttl[24];
    es_str_t     args[8];
    es_merge_e   rc;
    redisReply  *reply;

    settled->one.version++;

    args[0] = es_text(merge->into.state);
    args[1] = es_text(merge->into.profile);
    args[2] = es_text(merge->into.gone);
    args[3] = es_state_head(es_reply_text(settled->one_text));
    args[4] = es_null_str;
    text->len = es_state_format(&settled->one, (char *) text->data);
    args[5] = *text;
    args[6] = (es_str_t) {
        snprintf(ttl, sizeof(ttl), "%lld",
                 (long long) merge->settings.profile_days * ES_DAY),
        ttl };
    args[7] = es_str("0");

    reply = es_visitor_eval(merge->cli, es_visitor_script, 3, args, 8);
    if (reply == NULL) {
        return ES_MERGE_FAIL;
    }

    rc = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1
         ? ES_MERGE_GOOD : ES_MERGE_AGAIN;
    freeReplyObject(reply);

    return rc;
}


/*
 * Ids that were merged into the other one before are the visitor's from now on:
 * their events must not find the other one gone. Who is merged into it later
 * changes its state, so that it is not put aside as it was.
 */
static bool
es_merge_repoint(es_merge_t *merge)
{
    char          ttl[24], before[ES_VISITOR_NAME + 8];
    bool          good;
    size_t        i;
    es_ids_t      ids;
    es_str_t      args[4];
    redisReply   *reply;
    es_visitor_t  visitor;

    reply = es_ask(merge->cli, "HGETALL %s", merge->other.profile);
    if (reply == NULL) {
        return false;
    }

    es_ids_init(&ids);
    es_ids_noted(&ids, reply);
    freeReplyObject(reply);

    snprintf(before, sizeof(before), "merged %s", merge->other.name);

    for (i = 0, good = true; i < ids.n && good; i++) {
        if (es_str_eq(ids.ids[i], merge->into.id)) {
            /* somebody merges them the other way round at the same time */
            continue;
        }

        es_visitor_keys(merge->cli, ids.ids[i], &visitor);
        args[0] = es_text(visitor.gone);
        args[1] = es_text(before);
        args[2] = es_text(merge->gone);
        args[3] = es_merge_ttl(merge, ttl, sizeof(ttl));

        reply = es_visitor_eval(merge->cli, es_repoint_script, 1, args, 4);
        good = reply != NULL;
        freeReplyObject(reply);
    }

    es_ids_free(&ids);

    return good;
}


/* Step 1: one attempt of it */
static es_merge_e
es_merge_freeze(es_merge_t *merge)
{
    char          buf[ES_STATE_MAX];
    bool          frozen;
    es_str_t      text = { 0, buf };
    es_merge_e    rc;
    es_settled_t  settled;

    if (!es_visitor_settled(merge->cli, &merge->into, &merge->other, &settled)
        || !es_merge_frozen(merge, &frozen))
    {
        rc = ES_MERGE_FAIL;

    } else if (frozen) {
        rc = es_merge_freeze_once(merge, es_null_str, es_null_str);

    } else if (!settled.yes) {
        rc = ES_MERGE_AGAIN;

    } else if (!es_merge_repoint(merge)) {
        rc = ES_MERGE_FAIL;

    } else {
        rc = es_merge_touch(merge, &settled, &text);

        if (rc == ES_MERGE_GOOD) {
            rc = es_merge_freeze_once(merge,
                           es_state_head(es_reply_text(settled.two_text)),
                           es_state_head(text));
        }
    }

    es_visitor_settled_free(&settled);

    return rc;
}


/* Runs the script of step 2, with what was computed of both. */
static es_merge_e
es_merge_write(es_merge_t *merge, es_heap_t *heap, const es_joined_t *into,
    const es_joined_t *other)
{
    size_t       n;
    es_str_t    *args, *all;
    es_merge_e   rc;
    redisReply  *reply;

    n = es_visitor_join(heap, &merge->settings, into, other, merge->other.id,
                        es_merge_note(merge), &args);

    all = es_alloc(es_heap_pool(heap), (n + 3) * sizeof(es_str_t));
    all[0] = es_text(merge->into.state);
    all[1] = es_text(merge->into.profile);
    all[2] = es_text(merge->into.gone);
    memcpy(all + 3, args, n * sizeof(es_str_t));

    reply = es_visitor_eval(merge->cli, es_join_script, 3, all, n + 3);
    if (reply == NULL) {
        return ES_MERGE_FAIL;
    }

    rc = reply->type == REDIS_REPLY_INTEGER
         ? reply->integer == 1 ? ES_MERGE_GOOD : ES_MERGE_AGAIN
         : es_str_eq(es_reply_text(reply), es_str("done"))
           ? ES_MERGE_GOOD : ES_MERGE_GONE;

    freeReplyObject(reply);

    return rc;
}


/*
 * The other one as it was put aside: the token, a newline, the state. False if
 * it is not there any more under our token.
 */
static bool
es_merge_aside(const es_merge_t *merge, const redisReply *reply,
    es_joined_t *other)
{
    size_t  len = strlen(merge->token);

    if (reply->type != REDIS_REPLY_STRING || reply->len < len + 1
        || memcmp(reply->str, merge->token, len) != 0
        || reply->str[len] != '\n')
    {
        return false;
    }

    other->text = (es_str_t) { reply->len - len - 1, reply->str + len + 1 };

    return true;
}


/* Does the visitor's profile say that this was added? */
static bool
es_merge_added(const es_merge_t *merge, const redisReply *profile)
{
    char               name[sizeof(ES_VISITOR_MERGED) + ES_VISITOR_NAME];
    const redisReply  *note;

    snprintf(name, sizeof(name), ES_VISITOR_MERGED "%s", merge->other.name);
    note = es_reply_named(profile, es_text(name));

    return note != NULL
           && es_str_eq(es_reply_text(note), es_merge_note(merge));
}


/*
 * Step 2: one attempt of it. The state is read before the note: where it is
 * another one and there is no note yet, there will be none.
 */
static es_merge_e
es_merge_join(es_merge_t *merge)
{
    size_t        i;
    es_heap_t    *heap;
    es_merge_e    rc = ES_MERGE_FAIL;
    redisReply   *replies[4] = { NULL };
    es_joined_t   into, other;

    memset(&into, 0, sizeof(es_joined_t));
    memset(&other, 0, sizeof(es_joined_t));
    heap = es_heap_create();

    replies[0] = es_visitor_readable(merge->cli, merge->into.state,
                                     &into.state);

    if (replies[0] != NULL
        && (replies[1] = es_ask(merge->cli, "HGETALL %s",
                                merge->into.profile)) != NULL
        && (replies[2] = es_ask(merge->cli, "GET %s",
                                merge->other.merging)) != NULL
        && (replies[3] = es_ask(merge->cli, "HGETALL %s",
                                merge->other.fields)) != NULL)
    {
        into.text = es_reply_text(replies[0]);
        into.profile = replies[1];
        other.profile = replies[3];

        if (es_merge_added(merge, into.profile)) {
            rc = ES_MERGE_GOOD;

        } else if (!es_merge_aside(merge, replies[2], &other)
                   || !es_merge_fits(merge, into.text))
        {
            /* somebody else has done the rest, or has to do it all again */
            rc = ES_MERGE_AGAIN;

        } else if (es_state_parse(&other.state, other.text)) {
            rc = es_merge_write(merge, heap, &into, &other);

        } else {
            es_fail("%s cannot be read: delete the key to go on without what "
                    "it tells", merge->other.merging);
        }
    }

    for (i = 0; i < 4; i++) {
        freeReplyObject(replies[i]);
    }

    es_heap_destroy(heap);

    return rc;
}


/* Step 3; or, where `gone` is what the other one's id is to be now, undone. */
static bool
es_merge_thaw(es_merge_t *merge, const char *gone)
{
    es_str_t     args[7];
    redisReply  *reply;

    es_merge_keys(merge, args);
    args[5] = es_text(merge->token);
    args[6] = es_text(gone);

    reply = es_visitor_eval(merge->cli, es_thaw_script, 5, args, 7);
    if (reply == NULL) {
        return false;
    }

    freeReplyObject(reply);

    return true;
}


/* -- whether it may be -- */

/* Says what stands against it; what was put aside for it comes back. */
static es_merge_e
es_merge_refuse(es_merge_t *merge, const es_gone_t *into)
{
    char         time[32];
    redisReply  *reply;

    reply = es_ask(merge->cli, "GET %s", merge->other.merging);
    if (reply == NULL) {
        return ES_MERGE_FAIL;
    }

    if (reply->type == REDIS_REPLY_STRING) {
        snprintf(merge->token, sizeof(merge->token), "%.*s",
                 (int) strcspn(reply->str, "\n"), reply->str);
        (void) es_merge_thaw(merge, merge->gone);
    }

    freeReplyObject(reply);

    if (into->what == ES_GONE_FORGOTTEN) {
        es_fail("%s was forgotten on %s: nothing can be merged into it",
                merge->into.name, es_visitor_time(time, into->ms));

    } else if (strcmp(into->into, merge->other.name) == 0) {
        es_fail("%s was merged into %s: they are one already, under that "
                "name", merge->into.name, merge->other.name);

    } else {
        es_fail("%s was merged into %s: use \"exportsite visitor merge %s "
                "%s\"", merge->into.name, into->into, into->into,
                merge->other.name);
    }

    return ES_MERGE_FAIL;
}


static es_merge_e
es_merge_allowed(es_merge_t *merge)
{
    char       time[32];
    es_gone_t  into, other;

    if (!es_visitor_gone(merge->cli, &merge->into, &into)
        || !es_visitor_gone(merge->cli, &merge->other, &other))
    {
        return ES_MERGE_FAIL;
    }

    if (into.what != ES_GONE_NOT) {
        return es_merge_refuse(merge, &into);
    }

    if (other.what == ES_GONE_FORGOTTEN) {
        es_fail("%s was forgotten on %s: there is nothing to be merged",
                merge->other.name, es_visitor_time(time, other.ms));
        return ES_MERGE_FAIL;
    }

    if (other.what == ES_GONE_MERGED
        && strcmp(other.into, merge->into.name) != 0)
    {
        es_fail("%s was merged into %s before: if these two are one, use "
                "\"exportsite visitor merge %s %s\"", merge->other.name,
                other.into, merge->into.name, other.into);
        return ES_MERGE_FAIL;
    }

    return ES_MERGE_GOOD;
}


/* -- all of it -- */

/* Repeats step 1 while others write, for as long as that may take. */
static es_merge_e
es_merge_begin(es_merge_t *merge)
{
    uint64_t    until;
    es_merge_e  rc;

    until = es_now() + ES_MERGE_WAIT;

    for (rc = es_merge_freeze(merge);
         rc == ES_MERGE_AGAIN && es_now() < until;
         rc = es_merge_freeze(merge))
    {
        rc = es_merge_allowed(merge);
        if (rc != ES_MERGE_GOOD) {
            return rc;
        }

        es_merge_pause();
    }

    if (rc == ES_MERGE_AGAIN) {
        es_fail("the learner is in the middle of something that is about "
                "these two: if none is running start one (exportsite learn), "
                "and try again");
        return ES_MERGE_FAIL;
    }

    return rc;
}


static es_merge_e
es_merge_steps(es_merge_t *merge)
{
    es_merge_e  rc;

    rc = es_merge_allowed(merge);

    if (rc == ES_MERGE_GOOD) {
        rc = es_merge_before(merge);
    }

    if (rc != ES_MERGE_GOOD) {
        return rc;
    }

    rc = es_merge_begin(merge);

    if (rc != ES_MERGE_GOOD) {
        return rc;
    }

    rc = es_merge_join(merge);

    if (rc == ES_MERGE_AGAIN) {
        /*
         * The learner has moved on with the visitor, and maybe past what it
         * could not add to the other one: that one gets it, before the learner
         * looks again, and we begin again.
         */
        if (!es_merge_thaw(merge, merge->gone)) {
            return ES_MERGE_FAIL;
        }

        es_merge_pause();
        return rc;
    }

    if (rc == ES_MERGE_GONE) {
        /* it was there a moment ago: this says what became of it */
        return es_merge_allowed(merge) == ES_MERGE_FAIL ? ES_MERGE_FAIL
                                                        : ES_MERGE_AGAIN;
    }

    if (rc == ES_MERGE_GOOD && !es_merge_thaw(merge, "")) {
        return ES_MERGE_FAIL;
    }

    return rc;
}


static int
es_merge_say(es_merge_t *merge, bool nothing)
{
    es_state_t   state;
    redisReply  *reply;

    reply = es_visitor_readable(merge->cli, merge->into.state, &state);
    if (reply == NULL) {
        return ES_EXIT_FAIL;
    }

    freeReplyObject(reply);

    if (merge->cli->json) {
        es_json_print(json_pack("{s:s, s:s, s:b, s:I, s:I}",
                                "visitor", merge->into.name,
                                "merged", merge->other.name,
                                "before", (int) nothing,
                                "visits", (json_int_t) state.visits,
                                "views", (json_int_t) state.views));
        return ES_EXIT_GOOD;
    }

    printf("%s %s %s: %llu visits, %llu views in all\n", merge->other.name,
           nothing ? "has been merged before into" : "is merged into",
           merge->into.name, (unsigned long long) state.visits,
           (unsigned long long) state.views);

    return ES_EXIT_GOOD;
}


int
es_visitor_merge(es_cli_t *cli, const es_args_t *args)
{
    int         tries;
    es_merge_e  rc;
    es_merge_t  merge;

    memset(&merge, 0, sizeof(es_merge_t));
    merge.cli = cli;

    if (!es_visitor_take(cli, "visitor merge", args->argv[0], &merge.into)
        || !es_visitor_take(cli, "visitor merge", args->argv[1],
                            &merge.other))
    {
        return ES_EXIT_USAGE;
    }

    if (es_str_eq(merge.into.id, merge.other.id)) {
        return es_misuse("visitor merge", "these are the same visitor");
    }

    if (es_visitor_imported(&merge.into) || es_visitor_imported(&merge.other))
    {
        return es_misuse("visitor merge", "ids that begin with \"log-\" are of "
                         "imported logs: nobody knows whose they are");
    }

    if (!es_visitor_settings(cli, &merge.settings)) {
        return ES_EXIT_FAIL;
    }

    snprintf(merge.gone, sizeof(merge.gone), "merged %s", merge.into.name);

    for (tries = 0, rc = ES_MERGE_AGAIN;
         rc == ES_MERGE_AGAIN && tries < ES_MERGE_TRIES;
         tries++)
    {
        rc = es_merge_steps(&merge);
    }

    if (rc == ES_MERGE_AGAIN) {
        es_fail("too many others are about these two: try again");
    }

    return rc == ES_MERGE_GOOD || rc == ES_MERGE_NOTHING
           ? es_merge_say(&merge, rc == ES_MERGE_NOTHING) : ES_EXIT_FAIL;
}
