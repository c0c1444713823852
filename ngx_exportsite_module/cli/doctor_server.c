/* Redis itself: version, memory, what it keeps, its clock. */
#include <stdlib.h>

#include "../redis/keys.h"
#include "doctor.h"


#define ES_SERVER_OLDEST  6
#define ES_SERVER_FULL    90           /* % of maxmemory */
#define ES_SERVER_CLOCK   1000         /* ms that clocks may differ */


/* A field of INFO's answer; "" if it is not there. Terminated, in the heap. */
static const char *
es_server_field(es_doctor_t *doctor, const redisReply *info, const char *name)
{
    size_t       len = strlen(name);
    es_str_t     value;
    const char  *p;

    for (p = info->str; p != NULL; p = strchr(p, '\n')) {
        p += *p == '\n';

        if (strncmp(p, name, len) == 0 && p[len] == ':') {
            value.data = p + len + 1;
            value.len = strcspn(value.data, "\r\n");

            return es_shown(es_heap_copy(doctor->heap, value));
        }
    }

    return "";
}


/* Valkey says what Redis it descends from, and what it is itself beside it. */
static void
es_server_version(es_doctor_t *doctor, const redisReply *info)
{
    const char  *version, *valkey;

    version = es_server_field(doctor, info, "redis_version");
    valkey = es_server_field(doctor, info, "valkey_version");

    if (strtol(version, NULL, 10) < ES_SERVER_OLDEST) {
        es_check(doctor, ES_CHECK_FAIL, "redis", "%s is of version %s, which "
                 "does not tell of changes\ntake Redis 6 or newer",
                 es_shown(es_text(doctor->cli->redis)), version);
        return;
    }

    es_check(doctor, ES_CHECK_GOOD, "redis", "%s answers, %s %s",
             es_shown(es_text(doctor->cli->redis)),
             valkey[0] ? "Valkey" : "version", valkey[0] ? valkey : version);

    if (strcmp(es_server_field(doctor, info, "role"), "slave") == 0) {
        es_check(doctor, ES_CHECK_FAIL, "redis", "this is a replica: events "
                 "cannot be written to it\nname the primary in "
                 "exportsite_redis");
    }

    if (strcmp(es_server_field(doctor, info, "redis_mode"), "cluster") == 0
        || strcmp(es_server_field(doctor, info, "server_mode"), "cluster") == 0)
    {
        es_check(doctor, ES_CHECK_FAIL, "redis", "this is a Redis Cluster, "
                 "which is not spoken\nuse a server that stands for itself");
    }
}


static void
es_server_memory(es_doctor_t *doctor, const redisReply *info)
{
    long long    used, most;
    const char  *policy;

    policy = es_server_field(doctor, info, "maxmemory_policy");
    most = strtoll(es_server_field(doctor, info, "maxmemory"), NULL, 10);
    used = strtoll(es_server_field(doctor, info, "used_memory"), NULL, 10);

    if (strncmp(policy, "allkeys-", 8) == 0) {
        es_check(doctor, ES_CHECK_WARN, "memory", "maxmemory-policy is %s: "
                 "when memory is full%s, segments, profiles and events are "
                 "thrown away\n%s CONFIG SET maxmemory-policy noeviction",
                 policy, most ? "" : " (there is no maxmemory yet)",
                 es_doctor_redis_cli(doctor));

    } else if (strncmp(policy, "volatile-", 9) == 0) {
        es_check(doctor, ES_CHECK_WARN, "memory", "maxmemory-policy is %s: "
                 "when memory is full%s, profiles, what the learner "
                 "remembers, and counters are thrown away, for they "
                 "expire\n%s CONFIG SET maxmemory-policy noeviction",
                 policy, most ? "" : " (there is no maxmemory yet)",
                 es_doctor_redis_cli(doctor));

    } else if (strcmp(policy, "noeviction") == 0) {
        es_check(doctor, ES_CHECK_GOOD, "memory", "maxmemory-policy is "
                 "noeviction, %lld MB are used", used >> 20);
    }

    if (most > 0 && used / (most / 100 + 1) >= ES_SERVER_FULL) {
        es_check(doctor, ES_CHECK_WARN, "memory", "%lld of %lld MB are used: "
                 "events wait once it is full\nraise maxmemory, or take a "
                 "smaller maxlen= in exportsite_stream", used >> 20,
                 most >> 20);
    }
}


/* What is lost if Redis ends at once, without its log. */
static void
es_server_unlogged(es_doctor_t *doctor)
{
    const char  *save;
    redisReply  *reply;

    /* where this may not be asked, the rest is worth saying */

    reply = redisCommand(doctor->cli->link, "CONFIG GET save");

    save = reply != NULL && reply->type == REDIS_REPLY_ARRAY
           && reply->elements == 2
           ? es_shown(es_reply_text(reply->element[1])) : NULL;

    es_check(doctor, ES_CHECK_WARN, "disk", "appendonly is off: a crash of "
             "Redis loses %s%s%s\n%s CONFIG SET appendonly yes && %s CONFIG "
             "REWRITE",
             save == NULL ? "minutes of events"
             : save[0] == '\0' ? "all, for nothing is saved"
             : "what came since it was last saved (save ",
             save && save[0] ? save : "", save && save[0] ? ")" : "",
             es_doctor_redis_cli(doctor), es_doctor_redis_cli(doctor));

    freeReplyObject(reply);
}


static void
es_server_disk(es_doctor_t *doctor, const redisReply *info)
{
    const char  *aof;

    aof = es_server_field(doctor, info, "aof_enabled");

    if (strcmp(es_server_field(doctor, info, "aof_last_write_status"), "err")
        == 0
        || strcmp(es_server_field(doctor, info, "rdb_last_bgsave_status"),
                  "err") == 0)
    {
        es_check(doctor, ES_CHECK_FAIL, "disk", "Redis could not write to its "
                 "disk, and refuses events for that\nmake room; its log tells "
                 "more");
    }

    if (strcmp(aof, "0") == 0) {
        es_server_unlogged(doctor);

    } else if (strcmp(aof, "1") == 0) {
        es_check(doctor, ES_CHECK_GOOD, "disk", "appendonly is on");
    }
}


static void
es_server_clock(es_doctor_t *doctor)
{
    int64_t      off, theirs, before;
    redisReply  *reply;

    before = (int64_t) es_now();
    reply = es_doctor_ask(doctor, "clock", "TIME");

    if (reply == NULL) {
        return;
    }

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) {
        freeReplyObject(reply);
        return;
    }

    theirs = strtoll(reply->element[0]->str, NULL, 10) * 1000
             + strtoll(reply->element[1]->str, NULL, 10) / 1000;
    off = theirs - (before + (int64_t) es_now()) / 2;

    if (off > ES_SERVER_CLOCK || off < -ES_SERVER_CLOCK) {
        es_check(doctor, ES_CHECK_WARN, "clock", "Redis' clock is %lld ms %s "
                 "this machine's\nrun an NTP client on both: timedatectl "
                 "set-ntp true", (long long) (off < 0 ? -off : off),
                 off < 0 ? "behind" : "ahead of");

    } else {
        es_check(doctor, ES_CHECK_GOOD, "clock", "Redis' agrees with this "
                 "machine's");
    }

    freeReplyObject(reply);
}


void
es_doctor_server(es_doctor_t *doctor)
{
    char            why[1024];
    redisReply     *info;
    struct timeval  answer = { ES_DOCTOR_ANSWER, 0 };

    if (es_link_quiet(doctor->cli, why, sizeof(why)) == NULL) {
        es_check(doctor, ES_CHECK_FAIL, "redis", "%s\nis this where it "
                 "runs (--redis, EXPORTSITE_REDIS, exportsite_redis)?",
                 why);
        return;
    }

    redisSetTimeout(doctor->cli->link, answer);
    info = es_doctor_ask(doctor, "redis", "INFO");

    if (info != NULL && info->type == REDIS_REPLY_STRING) {
        es_server_version(doctor, info);
        es_server_memory(doctor, info);
        es_server_disk(doctor, info);
    }

    freeReplyObject(info);

    if (doctor->cli->link != NULL) {
        es_server_clock(doctor);
    }
}
