/* The verb "learn": its loop, and who works when there are several. */
#include <errno.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "learn.h"
#include "replies.h"


#define ES_LEARN_LEASE_MS  1500
#define ES_LEARN_RENEW_MS  400         /* after so long it is renewed */
#define ES_LEARN_WAIT_MS   300         /* for new entries, or for the lease */
#define ES_LEARN_RETRY_MS  500         /* after Redis failed */
#define ES_LEARN_RELOAD_MS 1000        /* topics, scores and settings */


enum {
    ES_LEARN_ONCE,
    ES_LEARN_NAME,
    ES_LEARN_GROUP_NAME
};

/* What the loop knows beside the learner itself */
typedef struct {
    bool           once;
    bool           working;            /* has the lease */
    bool           worked;             /* had it before, as was said */
    bool           standing;           /* somebody else has it, as was said */
    es_entry_id_t  goal;               /* with --once */
    uint64_t       renewed, loaded;    /* ms */
} es_learn_loop_t;


static volatile sig_atomic_t  es_learn_stop;
static volatile sig_atomic_t  es_learn_fd = -1;


/* Where Redis hangs, that is not waited for longer than a second. */
static void
es_learn_hurry(void)
{
    struct timeval  second = { 1, 0 };

    if (es_learn_fd != -1) {
        (void) setsockopt(es_learn_fd, SOL_SOCKET, SO_RCVTIMEO, &second,
                          sizeof(second));
        (void) setsockopt(es_learn_fd, SOL_SOCKET, SO_SNDTIMEO, &second,
                          sizeof(second));
    }
}


/* It ends with its chunk. hiredis goes on after EINTR, in more of a hurry. */
static void
es_learn_signal(int sig)
{
    int  err = errno;

    (void) sig;
    es_learn_stop = 1;
    es_learn_hurry();

    errno = err;
}


static void
es_learn_sleep(int64_t ms)
{
    struct timespec  t = { ms / 1000, ms % 1000 * 1000000 };

    if (!es_learn_stop) {
        nanosleep(&t, NULL);
    }
}


static void
es_learn_say(const char *what, const char *more)
{
    fprintf(stderr, "exportsite: %s%s\n", what, more);
}


/*
 * Sees to it that this learner has the lease, and knows the position where it
 * has just got it; ES_LEARN_AGAIN if somebody else has it.
 */
static es_learn_e
es_learn_hold(es_learn_t *learn, es_learn_loop_t *loop)
{
    bool        fresh;
    uint64_t    now = es_now();
    es_learn_e  rc;

    if (loop->working && now - loop->renewed < ES_LEARN_RENEW_MS) {
        return ES_LEARN_GOOD;
    }

    rc = es_learn_lease(learn, ES_LEARN_LEASE_MS, &fresh);

    if (rc == ES_LEARN_GOOD) {
        if (!loop->working || fresh) {
            if (!loop->worked) {
                es_learn_say("learning from ", es_shown(es_text(learn->key)));
            }

            loop->working = true;
            loop->worked = true;
            loop->standing = false;

            /* who had it before may have gone on */
            rc = es_learn_position(learn);
        }

        loop->renewed = now;

    } else if (rc == ES_LEARN_AGAIN) {
        if (!loop->standing) {
            es_learn_say("another learner is at work: standing by", "");
            loop->standing = true;
            loop->worked = false;
        }

        loop->working = false;
    }

    return rc;
}


/* Entries beyond the position, as XREAD answers them, in the chunk's heap */
static redisReply *
es_learn_next(es_learn_t *learn, const es_learn_loop_t *loop)
{
    char           id[ES_ENTRY_ID_TEXT];
    redisContext  *link = learn->cli->link;

    es_entry_id_format(id, learn->position);

    if (loop->once) {
        redisAppendCommand(link, "XREAD COUNT %d STREAMS %s %s",
                           (int) learn->count, learn->key, id);

    } else {
        redisAppendCommand(link, "XREAD COUNT %d BLOCK %d STREAMS %s %s",
                           (int) learn->count, ES_LEARN_WAIT_MS, learn->key,
                           id);
    }

    return es_replies_next(link, learn->heap);
}


static void
es_learn_count(es_learn_t *learn, const es_learn_chunk_t *chunk)
{
    learn->events += chunk->nevents;
    learn->rejected += chunk->rejected.nlines;
    learn->forgotten += chunk->nforgotten;
    learn->leads += chunk->leads.nlines;
    learn->moved = true;
}


/* What would be read beyond the end of a chunk is read again with the next. */
static void
es_learn_next_size(es_learn_t *learn, const es_learn_chunk_t *chunk)
{
    learn->count = chunk->cut ? chunk->n : learn->count + learn->count / 4 + 1;

    if (learn->count > ES_LEARN_CHUNK) {
        learn->count = ES_LEARN_CHUNK;
    }
}


static es_learn_e
es_learn_chunk(es_learn_t *learn, es_learn_loop_t *loop)
{
    es_learn_e         rc;
    redisReply        *reply;
    es_learn_chunk_t   chunk;

    reply = es_learn_next(learn, loop);

    if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
        rc = es_learn_refused(learn, "XREAD", reply);

    } else if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1) {
        rc = es_learn_read(learn, reply->element[0]->element[1], &chunk);

        if (rc == ES_LEARN_GOOD) {
            es_learn_apply(learn, &chunk);
            rc = es_learn_write(learn, &chunk);
        }

        if (rc == ES_LEARN_GOOD) {
            es_learn_count(learn, &chunk);
            es_learn_next_size(learn, &chunk);
        }

    } else {
        /* there is no more, so that is all */
        loop->goal = learn->position;
        rc = ES_LEARN_GOOD;
    }

    es_heap_reset(learn->heap);

    return rc;
}


/* With --once: is all learned that was there at the beginning? */
static bool
es_learn_done(es_learn_t *learn, const es_learn_loop_t *loop)
{
    return loop->once
           && es_entry_id_compare(learn->position, loop->goal) >= 0;
}


/*
 * With --once, while somebody else works: how far they are, and whether there
 * is more; the newest entry at the beginning may have been deleted since.
 */
static es_learn_e
es_learn_watch(es_learn_t *learn, es_learn_loop_t *loop)
{
    es_learn_e     rc;
    es_entry_id_t  newest = { 0, 0 };

    rc = es_learn_position(learn);

    if (rc == ES_LEARN_GOOD) {
        rc = es_learn_newest(learn, &newest);
    }

    if (rc == ES_LEARN_GOOD
        && es_entry_id_compare(newest, loop->goal) < 0)
    {
        loop->goal = newest;
    }

    return rc;
}


static es_learn_e
es_learn_turn(es_learn_t *learn, es_learn_loop_t *loop)
{
    es_learn_e  rc;

    rc = es_learn_hold(learn, loop);

    if (rc == ES_LEARN_AGAIN) {
        es_learn_sleep(ES_LEARN_WAIT_MS);
        return loop->once ? es_learn_watch(learn, loop) : ES_LEARN_GOOD;
    }

    if (rc != ES_LEARN_GOOD) {
        return rc;
    }

    if (es_now() - loop->loaded >= ES_LEARN_RELOAD_MS) {
        if (!es_lessons_load(learn->cli, &learn->lessons)) {
            return ES_LEARN_FAIL;
        }

        loop->loaded = es_now();
    }

    return es_learn_done(learn, loop) ? ES_LEARN_GOOD
                                      : es_learn_chunk(learn, loop);
}


/* A new connection, and all that has to be known before work begins */
static es_learn_e
es_learn_connect(es_learn_t *learn, es_learn_loop_t *loop)
{
    char        why[512];
    es_learn_e  rc;

    loop->working = false;
    loop->loaded = 0;

    if (es_link_quiet(learn->cli, why, sizeof(why)) == NULL) {
        es_learn_unreached(learn, why);
        return ES_LEARN_FAIL;
    }

    es_learn_fd = learn->cli->link->fd;

    if (es_learn_stop) {
        es_learn_hurry();              /* asked while it was connecting */
    }

    rc = es_learn_begin(learn);

    if (rc == ES_LEARN_GOOD && loop->once && loop->goal.ms == 0) {
        rc = es_learn_newest(learn, &loop->goal);
    }

    return rc;
}


static void
es_learn_loop(es_learn_t *learn, es_learn_loop_t *loop)
{
    size_t      again;
    es_learn_e  rc;

    for (again = 0; !es_learn_stop; /* void */) {

        if (learn->cli->link == NULL) {
            rc = es_learn_connect(learn, loop);

        } else {
            rc = es_learn_turn(learn, loop);
        }

        if (rc == ES_LEARN_GOOD) {
            again = loop->working && learn->moved ? 0 : again;
            learn->moved = false;

            if (learn->cli->link != NULL && es_learn_done(learn, loop)) {
                return;
            }

            continue;
        }

        /* answers may still be on their way: they end with the connection */

        es_learn_fd = -1;
        es_link_close(learn->cli);
        learn->out.len = 0;
        learn->out.commands = 0;
        es_heap_reset(learn->heap);

        /* the first time somebody else wrote, the next look tells what */

        if (rc == ES_LEARN_FAIL || ++again > 2) {
            es_learn_sleep(ES_LEARN_RETRY_MS);
        }
    }
}


static int
es_learn_end(es_learn_t *learn, const es_learn_loop_t *loop)
{
    bool  fresh;

    if (learn->cli->link != NULL && loop->working) {
        (void) es_learn_lease(learn, 0, &fresh);
    }

    if (learn->cli->json) {
        es_json_print(json_pack("{sIsIsIsI}",
                                "events", (json_int_t) learn->events,
                                "rejected", (json_int_t) learn->rejected,
                                "forgotten", (json_int_t) learn->forgotten,
                                "leads", (json_int_t) learn->leads));

    } else {
        printf("%llu events learned, %llu rejected, %llu forgotten, "
               "%llu leads\n", (unsigned long long) learn->events,
               (unsigned long long) learn->rejected,
               (unsigned long long) learn->forgotten,
               (unsigned long long) learn->leads);
    }

    es_lessons_free(&learn->lessons);
    es_heap_destroy(learn->heap);
    es_out_free(&learn->out);

    return ES_EXIT_GOOD;
}


/* Its name, or host:pid; and something that makes it the only one so called */
static const char *
es_learn_own_name(const es_learn_t *learn, const char *name, char *buf,
    size_t size)
{
    char  host[65] = "", own[96];

    if (name == NULL) {
        (void) gethostname(host, sizeof(host) - 1);
        snprintf(own, sizeof(own), "%s:%ld", host, (long) getpid());
        name = own;
    }

    snprintf(buf, size, "%s:%02x%02x%02x%02x", name, learn->hash_key[0],
             learn->hash_key[1], learn->hash_key[2], learn->hash_key[3]);

    return buf;
}


static void
es_learn_signals(void)
{
    struct sigaction  action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = es_learn_signal;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}


static int
es_learn_run(es_cli_t *cli, const es_args_t *args)
{
    char              name[160];
    es_learn_t        learn;
    es_learn_loop_t   loop;

    es_learn_signals();

    memset(&learn, 0, sizeof(es_learn_t));
    memset(&loop, 0, sizeof(es_learn_loop_t));

    learn.cli = cli;
    learn.group = args->option[ES_LEARN_GROUP_NAME]
                  ? args->option[ES_LEARN_GROUP_NAME] : ES_GROUP;
    loop.once = args->option[ES_LEARN_ONCE] != NULL;

    snprintf(learn.key, sizeof(learn.key), "%.*s%.*s", (int) cli->prefix.len,
             cli->prefix.data, (int) cli->stream.len, cli->stream.data);

    if (loop.once && es_link(cli) == NULL) {
        return ES_EXIT_FAIL;
    }

    if (RAND_bytes(learn.hash_key, sizeof(learn.hash_key)) != 1) {
        return es_fail("no random numbers");
    }

    learn.name = es_learn_own_name(&learn, args->option[ES_LEARN_NAME], name,
                                   sizeof(name));
    learn.count = ES_LEARN_CHUNK;
    learn.heap = es_heap_create();
    es_lessons_init(&learn.lessons);

    if (loop.once && es_learn_connect(&learn, &loop) != ES_LEARN_GOOD) {
        es_link_close(cli);
    }

    es_learn_loop(&learn, &loop);

    return es_learn_end(&learn, &loop);
}


static const es_option_t  es_learn_options[] = {
    { "once", NULL, "learn what is there now, then end" },
    { "name", "NAME", "of this learner, as the lease shows it" },
    { "group", "NAME", "the consumer group; learn" },
    { NULL, NULL, NULL }
};

const es_verb_t  es_learn_verbs[] = {
    { "learn", "", 0, 0, es_learn_options,
      "Learn from the stream of events: profiles, counters, leads",
      "Runs until SIGTERM or Ctrl-C. Several may run, on several machines: one "
      "works, and another\ntakes over within two seconds when it is gone. "
      "Nothing counts twice, however it is stopped.\nTopics, scores and "
      "settings are taken from Redis, and changes of them within a second.",
      "exportsite learn --once\n"
      "systemctl enable --now exportsite-learn",
      es_learn_run },
    { NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL }
};
