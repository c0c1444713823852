/* The stream of events, who learns from it, and what waits outside. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <openssl/sha.h>

#include "../redis/keys.h"
#include "doctor.h"


#define ES_STREAM_SLACK  1000          /* entries that trimming may leave */
#define ES_STREAM_CLOCK  1000          /* ms */
#define ES_STREAM_LATE   (60 * 60 * 1000)
#define ES_SPOOL_OLD     60            /* s */


/* The time in an entry's id, ms; 0 if it is none. */
static int64_t
es_stream_time(const redisReply *id)
{
    return id != NULL && id->type == REDIS_REPLY_STRING
           ? strtoll(id->str, NULL, 10) : 0;
}


/* "3 minutes", of ms; in the doctor's heap */
static const char *
es_stream_span(es_doctor_t *doctor, int64_t ms)
{
    int64_t  s = ms / 1000;

    return s < 120 ? es_doctor_text(doctor, "%lld s", (long long) s)
           : s < 120 * 60
             ? es_doctor_text(doctor, "%lld minutes", (long long) s / 60)
             : es_doctor_text(doctor, "%lld hours", (long long) s / 3600);
}


/*
 * The newest event was stamped by nginx, its entry by Redis: one that comes
 * from the future tells that the clock of a machine with nginx is ahead.
 */
static void
es_stream_clock(es_doctor_t *doctor, const redisReply *entry)
{
    int64_t            off;
    const redisReply  *ts;

    if (entry == NULL || entry->type != REDIS_REPLY_ARRAY
        || entry->elements != 2
        || entry->element[1]->type != REDIS_REPLY_ARRAY)
    {
        return;
    }

    ts = es_reply_named(entry->element[1], es_str("ts"));
    off = es_stream_time(ts) - es_stream_time(entry->element[0]);

    if (off > ES_STREAM_CLOCK) {
        es_check(doctor, ES_CHECK_WARN, "clock", "the newest event is of %s "
                 "after it came: a machine with nginx is ahead of Redis'\n"
                 "run an NTP client on it: timedatectl set-ntp true",
                 es_stream_span(doctor, off));
    }
}


/* A learner at work has the lease. */
static void
es_stream_learner(es_doctor_t *doctor, bool late)
{
    char         buf[ES_KEY_MAX];
    es_str_t     key;
    redisReply  *reply;

    key = es_lease_key(buf, doctor->cli->prefix, doctor->cli->stream);
    reply = es_doctor_ask(doctor, "learner", "GET %b", key.data, key.len);

    if (reply == NULL) {
        return;
    }

    if (reply->type != REDIS_REPLY_STRING) {
        es_check(doctor, ES_CHECK_WARN, "learner", "none is running: profiles "
                 "and counters do not move\nsystemctl enable --now "
                 "exportsite-learn, or exportsite learn%s",
                 es_doctor_given(doctor));

    } else if (!late) {
        es_check(doctor, ES_CHECK_GOOD, "learner", "one is at work");
    }

    freeReplyObject(reply);
}


/* How far the learners are; true if that is too far behind. */
static bool
es_stream_lag(es_doctor_t *doctor, const redisReply *group, int64_t newest,
    int64_t most)
{
    int64_t            behind;
    const redisReply  *lag;

    lag = es_reply_named(group, es_str("lag"));
    behind = newest - es_stream_time(es_reply_named(group,
                                              es_str("last-delivered-id")));

    if (lag != NULL && lag->type == REDIS_REPLY_INTEGER) {
        if (lag->integer > most / 2) {
            es_check(doctor, ES_CHECK_WARN, "learner", "%lld events are not "
                     "learned yet, and the stream keeps %lld\nsee that a "
                     "learner runs (exportsite learn%s), or take a larger "
                     "maxlen= in exportsite_stream", lag->integer,
                     (long long) most, es_doctor_given(doctor));
            return true;
        }

        es_check(doctor, ES_CHECK_GOOD, "learner", "%lld events to go",
                 lag->integer);
        return false;
    }

    /* Redis older than 7, or one that lost count when entries were deleted */

    if (behind > ES_STREAM_LATE) {
        es_check(doctor, ES_CHECK_WARN, "learner", "it is %s behind\nsee that "
                 "a learner runs (exportsite learn%s)",
                 es_stream_span(doctor, behind), es_doctor_given(doctor));
        return true;
    }

    es_check(doctor, ES_CHECK_GOOD, "learner", "%s behind",
             es_stream_span(doctor, behind > 0 ? behind : 0));

    return false;
}


static void
es_stream_groups(es_doctor_t *doctor, es_str_t key, int64_t newest,
    int64_t most)
{
    bool               late;
    redisReply        *groups;
    const redisReply  *group;

    groups = es_doctor_ask(doctor, "learner", "XINFO GROUPS %b", key.data,
                           key.len);

    if (groups == NULL) {
        return;
    }

    group = es_reply_group(groups, es_str(ES_GROUP));

    if (group != NULL) {
        late = es_stream_lag(doctor, group, newest, most);
        es_stream_learner(doctor, late);

    } else {
        es_check(doctor, ES_CHECK_WARN, "learner", "nobody has learned from "
                 "the stream yet\nsystemctl enable --now exportsite-learn, or "
                 "exportsite learn%s", es_doctor_given(doctor));
    }

    freeReplyObject(groups);
}


static void
es_stream_length(es_doctor_t *doctor, int64_t length, int64_t most)
{
    if (length > most + most / 10 + ES_STREAM_SLACK) {
        es_check(doctor, ES_CHECK_WARN, "stream", "it has %lld events, though "
                 "maxlen= is %lld\nreload nginx if that was changed; %s XTRIM "
                 "%s MAXLEN %lld", (long long) length, (long long) most,
                 es_doctor_redis_cli(doctor),
                 es_keyf(doctor->cli, "%.*s", (int) doctor->cli->stream.len,
                         doctor->cli->stream.data), (long long) most);
        return;
    }

    es_check(doctor, ES_CHECK_GOOD, "stream", "%lld of %lld events%s",
             (long long) length, (long long) most,
             length == 0 ? ": none has come yet" : "");
}


/* The script that sites write by is there once one has connected. */
static void
es_stream_sites(es_doctor_t *doctor)
{
    size_t        i;
    char          hex[2 * SHA_DIGEST_LENGTH + 1];
    uint8_t       digest[SHA_DIGEST_LENGTH];
    redisReply   *reply;

    SHA1((const uint8_t *) es_batch_script, strlen(es_batch_script), digest);

    for (i = 0; i < sizeof(digest); i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }

    reply = es_doctor_ask(doctor, "sites", "SCRIPT EXISTS %s", hex);

    if (reply == NULL) {
        return;
    }

    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1
        && reply->element[0]->integer == 1)
    {
        es_check(doctor, ES_CHECK_GOOD, "sites", "a site of this version has "
                 "connected since Redis was started");

    } else {
        es_check(doctor, ES_CHECK_WARN, "sites", "no site of this version has "
                 "connected since Redis was started\nsee that nginx runs, and "
                 "what its error_log says of Redis");
    }

    freeReplyObject(reply);
}


static void
es_stream_rejected(es_doctor_t *doctor)
{
    int64_t      n;
    const char  *key;

    key = es_keyf(doctor->cli, "%.*s" ES_KEY_REJECTED,
                  (int) doctor->cli->stream.len, doctor->cli->stream.data);
    n = es_doctor_count(doctor, "rejected", "XLEN %s", key);

    if (n > 0) {
        es_check(doctor, ES_CHECK_WARN, "rejected", "%lld events could not be "
                 "learned from, or more\nlook at them: %s XREVRANGE %s + - "
                 "COUNT 10; then %s DEL %s", (long long) n,
                 es_doctor_redis_cli(doctor), key, es_doctor_redis_cli(doctor),
                 key);
    }
}


void
es_doctor_stream(es_doctor_t *doctor)
{
    char         buf[ES_KEY_MAX];
    int64_t      most, length;
    es_str_t     key;
    redisReply  *info;

    es_stream_sites(doctor);

    key = es_key(buf, doctor->cli->prefix, doctor->cli->stream);
    most = doctor->site.maxlen > 0 ? doctor->site.maxlen : 1000000;
    length = es_doctor_count(doctor, "stream", "XLEN %s",
                             es_heap_copy(doctor->heap, key).data);

    if (length >= 0) {
        es_stream_length(doctor, length, most);
    }

    if (length <= 0) {
        return;
    }

    info = es_doctor_ask(doctor, "stream", "XINFO STREAM %b", key.data,
                         key.len);

    if (info != NULL) {
        es_stream_clock(doctor, es_reply_named(info, es_str("last-entry")));
        es_stream_groups(doctor, key, es_stream_time(es_reply_named(info,
                             es_str("last-generated-id"))), most);
        freeReplyObject(info);
    }

    es_stream_rejected(doctor);
}


/* Files of the spool: how many, their bytes, and the oldest's age in s. */
static size_t
es_spool_files(DIR *dir, int64_t *bytes, int64_t *age)
{
    size_t          n, len;
    int64_t         old;
    struct stat     info;
    struct dirent  *entry;

    *bytes = 0;
    *age = 0;

    for (n = 0; (entry = readdir(dir)) != NULL; /* void */) {
        len = strlen(entry->d_name);

        if (len < 7 || strcmp(entry->d_name + len - 6, ".spool") != 0
            || fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW)
               == -1)
        {
            continue;
        }

        n++;
        old = (int64_t) time(NULL) - (int64_t) info.st_mtime;
        *bytes += info.st_size;
        *age = old > *age ? old : *age;
    }

    return n;
}


void
es_doctor_spool(es_doctor_t *doctor)
{
    DIR         *dir;
    size_t       n;
    int64_t      bytes, age;
    const char  *path;

    if (doctor->site.spool == NULL) {
        return;
    }

    path = es_site_path(doctor, doctor->site.spool, false);
    dir = opendir(path);

    if (dir == NULL) {
        es_check(doctor, errno == ENOENT ? ES_CHECK_GOOD : ES_CHECK_WARN,
                 "spool", errno == ENOENT
                          ? "%s is not there yet: nginx makes it"
                          : "%s is not looked at: %m\nrun doctor as root",
                 path);
        return;
    }

    n = es_spool_files(dir, &bytes, &age);
    closedir(dir);

    if (n > 0 && age > ES_SPOOL_OLD) {
        es_check(doctor, ES_CHECK_WARN, "spool", "%zu file%s (%lld bytes) "
                 "in %s, for %s\nthey are sent by a running nginx that reaches "
                 "Redis: see its error_log, and that it has this spool=", n,
                 n == 1 ? "" : "s", (long long) bytes, path,
                 es_stream_span(doctor, age * 1000));
        return;
    }

    es_check(doctor, ES_CHECK_GOOD, "spool", n == 1 ? "%zu file waits in %s"
                                                    : "%zu files wait in %s",
             n, path);
}
