/* Topics and scores as Redis has them, each compiled as the learner would. */
#include <stdlib.h>

#include "../core/text.h"
#include "../redis/keys.h"
#include "lesson.h"
#include "segment.h"


const es_lesson_kind_t  es_lesson_topic = { "topic", ES_KEY_TOPICS, true };
const es_lesson_kind_t  es_lesson_score = { "score", ES_KEY_SCORES, false };


static int
es_lesson_order(const void *one, const void *two)
{
    return es_str_compare(es_reply_text(*(redisReply *const *) one),
                          es_reply_text(*(redisReply *const *) two));
}


/* Whether it is what Redis answers to HGETALL, and not too much of it */
static bool
es_lesson_usable(es_cli_t *cli, const char *hash, const redisReply *reply)
{
    bool    good;
    size_t  i;

    good = reply->type == REDIS_REPLY_ARRAY && reply->elements % 2 == 0;

    for (i = 0; good && i < reply->elements; i++) {
        good = reply->element[i]->type == REDIS_REPLY_STRING;
    }

    if (!good) {
        es_fail("HGETALL %s: this is not the answer of a Redis",
                es_shown(es_text(es_keyf(cli, "%s", hash))));
    }

    return good;
}


redisReply *
es_lesson_fields(es_cli_t *cli, const char *hash)
{
    long long    n;
    redisReply  *reply;
    const char  *key = es_keyf(cli, "%s", hash);

    reply = es_ask(cli, "HLEN %s", key);
    if (reply == NULL) {
        return NULL;
    }

    n = reply->integer;
    freeReplyObject(reply);

    if (n > ES_LESSON_MOST) {
        es_fail("%s has %lld fields, and more than %d are not read: delete "
                "most of them", es_shown(es_text(key)), n, ES_LESSON_MOST);
        return NULL;
    }

    reply = es_ask(cli, "HGETALL %s", key);

    if (reply != NULL && !es_lesson_usable(cli, hash, reply)) {
        freeReplyObject(reply);
        return NULL;
    }

    if (reply != NULL && reply->elements > 2) {
        qsort(reply->element, reply->elements / 2, 2 * sizeof(redisReply *),
              es_lesson_order);
    }

    return reply;
}


void
es_lesson_make(const es_lesson_kind_t *kind, es_heap_t *heap,
    const es_str_t *name, es_str_t text, es_lesson_entry_t *entry)
{
    es_rule_error_t  err;

    memset(entry, 0, sizeof(es_lesson_entry_t));
    entry->alone = name == NULL;
    entry->lesson.name = name ? es_heap_copy(heap, *name) : es_null_str;
    entry->text = es_heap_copy(heap, text);

    if (name != NULL && !es_name_valid(*name)) {
        entry->error = ES_LESSONS_NAME;
        return;
    }

    entry->lesson.rule = es_lesson_compile(kind->topic, entry->text,
                                           &entry->lesson.points,
                                           es_heap_pool(heap), &err);

    if (entry->lesson.rule == NULL) {
        entry->error = es_heap_copy(heap, es_text(err.text)).data;

    } else {
        entry->warning = entry->lesson.rule->warning;
    }
}


void
es_lesson_drop(es_lesson_entry_t *entry)
{
    if (entry->lesson.rule != NULL) {
        es_rule_destroy(entry->lesson.rule);
    }
}


bool
es_lesson_load(es_cli_t *cli, const es_lesson_kind_t *kind,
    es_lesson_catalog_t *catalog)
{
    size_t       i;
    es_str_t     name;
    redisReply  *reply;

    memset(catalog, 0, sizeof(es_lesson_catalog_t));
    catalog->kind = kind;
    catalog->heap = es_heap_create();

    reply = es_lesson_fields(cli, kind->hash);
    if (reply == NULL) {
        return false;
    }

    catalog->n = reply->elements / 2;
    catalog->entry = es_alloc(es_heap_pool(catalog->heap),
                              (catalog->n + 1) * sizeof(es_lesson_entry_t));

    for (i = 0; i < catalog->n; i++) {
        name = es_reply_text(reply->element[2 * i]);
        es_lesson_make(kind, catalog->heap, &name,
                       es_reply_text(reply->element[2 * i + 1]),
                       &catalog->entry[i]);
    }

    freeReplyObject(reply);

    return true;
}


void
es_lesson_free(es_lesson_catalog_t *catalog)
{
    size_t  i;

    for (i = 0; i < catalog->n; i++) {
        es_lesson_drop(&catalog->entry[i]);
    }

    es_heap_destroy(catalog->heap);
}


size_t
es_lesson_good(const es_lesson_catalog_t *catalog, const es_str_t *but)
{
    size_t                    i, n;
    const es_lesson_entry_t  *entry;

    for (i = 0, n = 0; i < catalog->n; i++) {
        entry = &catalog->entry[i];
        n += entry->error == NULL
             && (but == NULL || !es_str_eq(entry->lesson.name, *but));
    }

    return n;
}


void
es_lesson_complain(const es_lesson_kind_t *kind,
    const es_lesson_entry_t *entry, bool warning)
{
    const char  *what = warning ? entry->warning : entry->error;

    if (entry->alone) {
        es_fail("%s%s", warning ? "warning: " : "", what);

    } else {
        es_fail("%s%s \"%s\": %s", warning ? "warning: " : "", kind->name,
                es_shown(entry->lesson.name), what);
    }

    if (es_caret_column(what) != 0) {
        es_caret(stderr, entry->text, what);
    }
}


json_t *
es_lesson_json(const es_lesson_kind_t *kind, const es_lesson_entry_t *entry)
{
    json_t  *json = json_object();

    if (!entry->alone) {
        json_object_set_new(json, kind->name,
                            es_json_text(entry->lesson.name));
    }

    json_object_set_new(json, "rule", es_json_text(entry->text));

    if (!kind->topic) {
        json_object_set_new(json, "points", entry->lesson.rule
                            ? json_integer(entry->lesson.points)
                            : json_null());
    }

    json_object_set_new(json, "error",
                        entry->error ? es_json_text(es_text(entry->error))
                                     : json_null());
    json_object_set_new(json, "warning",
                        entry->warning ? es_json_text(es_text(entry->warning))
                                       : json_null());

    return json;
}
