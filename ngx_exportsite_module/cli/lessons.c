/* Topics, scores and settings: read, compiled, complained of once. */
#include <stdlib.h>

#include "../core/score.h"
#include "../core/siphash.h"
#include "../core/text.h"
#include "../redis/keys.h"
#include "lessons.h"


static const uint8_t  es_lessons_key[ES_SIPHASH_KEY];


void
es_lessons_init(es_lessons_t *lessons)
{
    memset(lessons, 0, sizeof(es_lessons_t));
    lessons->heap = es_heap_create();
    lessons->scratch = es_rule_scratch_create(es_heap_pool(lessons->heap));
    es_settings_default(&lessons->settings);
}


static void
es_lessons_clear(es_lessons_t *lessons)
{
    size_t  i;

    for (i = 0; i < lessons->ntopics; i++) {
        es_rule_destroy(lessons->topics[i].rule);
    }

    for (i = 0; i < lessons->nscores; i++) {
        es_rule_destroy(lessons->scores[i].rule);
    }

    lessons->ntopics = 0;
    lessons->nscores = 0;
}


void
es_lessons_free(es_lessons_t *lessons)
{
    es_lessons_clear(lessons);
    es_heap_destroy(lessons->heap);
    free(lessons->before.faults);
    free(lessons->said.faults);
}


bool
es_lessons_industry(void *data, es_str_t topic)
{
    es_str_t       list;
    const char    *at;
    es_settings_t *settings = data;

    list = settings->industries;

    if (list.len == 0) {
        return es_tag_valid(topic);
    }

    for ( ;; ) {
        at = topic.len ? memmem(list.data, list.len, topic.data, topic.len)
                       : NULL;

        if (at == NULL) {
            return false;
        }

        if ((at == settings->industries.data || at[-1] == ' ')
            && (at + topic.len == list.data + list.len
                || at[topic.len] == ' '))
        {
            return true;
        }

        list.len -= at + 1 - list.data;
        list.data = at + 1;
    }
}


es_rule_t *
es_lesson_compile(bool topic, es_str_t text, int64_t *points, es_pool_t *pool,
    es_rule_error_t *err)
{
    size_t  offset;

    return topic ? es_rule_compile(text, ES_RULE_EVENT, pool, err)
                 : es_score_compile(text, points, &offset, pool, err);
}


/* "topic", of one in the hash "topics" */
static const char *
es_lessons_kind(const char *hash)
{
    return strcmp(hash, ES_KEY_TOPICS) == 0 ? "topic"
           : strcmp(hash, ES_KEY_SCORES) == 0 ? "score" : "setting";
}


static int
es_lessons_earlier(const void *a, const void *b)
{
    const uint64_t  *one = a, *two = b;

    return *one < *two ? -1 : *one > *two;
}


/*
 * Is this fault of a text new, as against when the texts were read before? It
 * is remembered for the next time.
 */
static bool
es_lessons_new(es_lessons_t *lessons, const char *hash, es_str_t name,
    es_str_t text, const char *why)
{
    uint64_t             fault;
    es_lessons_said_t  *said = &lessons->said;

    fault = es_siphash(es_lessons_key, hash, strlen(hash));
    fault = fault * 31 + es_siphash(es_lessons_key, name.data, name.len);
    fault = fault * 31 + es_siphash(es_lessons_key, text.data, text.len);
    fault = fault * 31 + es_siphash(es_lessons_key, why, strlen(why));

    if (said->n == said->room) {
        said->room = said->room ? 2 * said->room : 64;
        said->faults = realloc(said->faults, said->room * sizeof(uint64_t));

        if (said->faults == NULL) {
            exit(es_fail("no memory"));
        }
    }

    said->faults[said->n++] = fault;

    return lessons->before.n == 0
           || bsearch(&fault, lessons->before.faults, lessons->before.n,
                      sizeof(uint64_t), es_lessons_earlier) == NULL;
}


/* What was said of the texts that were read last is that of before, now. */
static void
es_lessons_turn(es_lessons_t *lessons)
{
    es_lessons_said_t  spare = lessons->before;

    lessons->before = lessons->said;
    lessons->said = spare;
    lessons->said.n = 0;

    if (lessons->before.n > 1) {
        qsort(lessons->before.faults, lessons->before.n, sizeof(uint64_t),
              es_lessons_earlier);
    }
}


static void
es_lessons_refuse(es_lessons_t *lessons, const char *hash, es_str_t name,
    es_str_t text, const char *why)
{
    if (es_lessons_new(lessons, hash, name, text, why)) {
        es_fail("%s \"%s\" is not taken: %s", es_lessons_kind(hash),
                es_shown(name), why);
    }
}


/* One field of a hash, name and value; what is wrong with it is said. */
static void
es_lessons_rule(es_lessons_t *lessons, const char *hash, es_str_t name,
    es_str_t text)
{
    bool              topic;
    size_t           *n;
    es_pool_t        *pool;
    es_lesson_t      *lesson;
    es_rule_error_t   err;

    topic = strcmp(hash, ES_KEY_TOPICS) == 0;
    n = topic ? &lessons->ntopics : &lessons->nscores;
    lesson = &(topic ? lessons->topics : lessons->scores)[*n];

    if (!es_name_valid(name) || *n == ES_LESSONS_RULES) {
        es_lessons_refuse(lessons, hash, name, text,
                          *n == ES_LESSONS_RULES
                          ? "256 are the most there may be"
                          : ES_LESSONS_NAME);
        return;
    }

    pool = es_heap_pool(lessons->heap);
    lesson->name = es_heap_copy(lessons->heap, name);
    lesson->rule = es_lesson_compile(topic, text, &lesson->points, pool, &err);

    if (lesson->rule == NULL) {
        es_lessons_refuse(lessons, hash, name, text, err.text);
        return;
    }

    if (lesson->rule->warning != NULL
        && es_lessons_new(lessons, hash, name, text, lesson->rule->warning))
    {
        es_fail("%s \"%s\": %s", es_lessons_kind(hash), es_shown(name),
                lesson->rule->warning);
    }

    ++*n;
}


static int
es_lessons_compare(const void *a, const void *b)
{
    const es_str_t  *one = &((const es_lesson_t *) a)->name,
                    *two = &((const es_lesson_t *) b)->name;

    return strcmp(one->data, two->data);
}


static void
es_lessons_take(es_lessons_t *lessons, const char *hash,
    const redisReply *reply)
{
    char      why[192];
    size_t    i;
    es_str_t  name, value;

    for (i = 0; i + 1 < reply->elements; i += 2) {
        name = es_reply_text(reply->element[i]);
        value = es_reply_text(reply->element[i + 1]);

        if (strcmp(hash, ES_KEY_SETTINGS) != 0) {
            es_lessons_rule(lessons, hash, name, value);
            continue;
        }

        value = es_heap_copy(lessons->heap, value);

        if (!es_setting_set(&lessons->settings, name, value, why,
                            sizeof(why)))
        {
            es_lessons_refuse(lessons, hash, name, value, why);
        }
    }
}


static uint64_t
es_lessons_digest(const redisReply *reply, uint64_t digest)
{
    size_t    i;
    uint64_t  sum;

    /* the order of a hash's fields is Redis' own, so they are summed up */

    for (i = 0, sum = 0; i + 1 < reply->elements; i += 2) {
        sum += es_siphash(es_lessons_key, reply->element[i]->str,
                          reply->element[i]->len)
               * (2 * es_siphash(es_lessons_key, reply->element[i + 1]->str,
                                 reply->element[i + 1]->len) + 1);
    }

    return digest * 31 + sum + reply->elements;
}


static const char *const  es_lessons_hashes[] = {
    ES_KEY_SETTINGS, ES_KEY_TOPICS, ES_KEY_SCORES
};

#define ES_LESSONS_HASHES  3


static void
es_lessons_renew(es_cli_t *cli, es_lessons_t *lessons, redisReply **replies)
{
    size_t       i;
    const char  *key;

    es_lessons_clear(lessons);
    es_heap_reset(lessons->heap);
    lessons->scratch = es_rule_scratch_create(es_heap_pool(lessons->heap));
    es_settings_default(&lessons->settings);

    es_lessons_turn(lessons);

    for (i = 0; i < ES_LESSONS_HASHES; i++) {
        key = es_keyf(cli, "%s", es_lessons_hashes[i]);

        if (replies[i]->type == REDIS_REPLY_ARRAY) {
            es_lessons_take(lessons, es_lessons_hashes[i], replies[i]);

        } else if (replies[i]->type == REDIS_REPLY_ERROR
                   && es_lessons_new(lessons, key, es_null_str, es_null_str,
                                     replies[i]->str))
        {
            es_link_complain(cli, key, replies[i]->str);
        }
    }

    /* one order, whatever that of Redis: what is learned depends on it */

    qsort(lessons->topics, lessons->ntopics, sizeof(es_lesson_t),
          es_lessons_compare);
    qsort(lessons->scores, lessons->nscores, sizeof(es_lesson_t),
          es_lessons_compare);

    es_settings_zone(&lessons->settings);
}


/* What Redis does not do is said once, until it does it again. */
static void
es_lessons_failed(es_cli_t *cli, es_lessons_t *lessons, const char *key,
    const char *error)
{
    uint64_t  failed;

    failed = es_siphash(es_lessons_key, key, strlen(key)) * 31
             + es_siphash(es_lessons_key, error, strlen(error));

    if (failed != lessons->failed) {
        es_link_complain(cli, key, error);
        lessons->failed = failed;
    }
}


bool
es_lessons_load(es_cli_t *cli, es_lessons_t *lessons)
{
    bool         good;
    size_t       i;
    uint64_t     digest;
    redisReply  *replies[ES_LESSONS_HASHES];
    const char  *key;

    for (i = 0, digest = 1, good = true; good && i < ES_LESSONS_HASHES; i++) {
        key = es_keyf(cli, "%s", es_lessons_hashes[i]);
        replies[i] = redisCommand(cli->link, "HGETALL %s", key);

        if (replies[i] == NULL) {
            es_lessons_failed(cli, lessons, key, cli->link->errstr);
            good = false;
            break;
        }

        if (replies[i]->type != REDIS_REPLY_ERROR) {
            digest = es_lessons_digest(replies[i], digest);

        } else if (strncmp(replies[i]->str, "WRONGTYPE", 9) == 0) {
            digest = digest * 31 + 7;

        } else {
            es_lessons_failed(cli, lessons, key, replies[i]->str);
            good = false;
        }
    }

    if (good) {
        lessons->failed = 0;
    }

    if (good && digest != lessons->digest) {
        es_lessons_renew(cli, lessons, replies);
        lessons->digest = digest;
    }

    while (i > 0) {
        freeReplyObject(replies[--i]);
    }

    return good;
}
