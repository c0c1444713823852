/* What a topic or a score would have been about lately: a rule over events. */
#include <stdlib.h>

#include "../core/siphash.h"
#include "../core/text.h"
#include "../redis/keys.h"
#include "lesson.h"
#include "visitor.h"


#define ES_TEST_EVENTS  10000
#define ES_TEST_MOST    100000         /* bounds the memory, too */
#define ES_TEST_TOP     5

enum {
    ES_TEST_NEWEST
};

const es_option_t  es_lesson_test_options[] = {
    { "events", "N", "look at the newest N events, up to 100000; 10000" },
    { NULL, NULL, NULL }
};

typedef struct {
    const es_lesson_kind_t  *kind;
    es_lesson_entry_t        entry;
    es_rule_scratch_t       *scratch;
    int64_t                  most;
    uint64_t                 entries, rejected, matches;
    uint64_t                 since;    /* ms; 0: there is no event */
    uint64_t                *visitors; /* of matches, by hash */
    size_t                   nvisitors;
    json_t                  *paths, *labels;     /* how many events each */
} es_test_t;

typedef struct {
    const char     *text;
    json_int_t      n;
} es_test_top_t;


static void
es_test_count(json_t *counts, es_str_t value)
{
    json_t  *n;

    if (value.len == 0) {
        return;
    }

    n = json_object_get(counts, value.data);

    if (n != NULL) {
        json_integer_set(n, json_integer_value(n) + 1);

    } else {
        json_object_set_new(counts, value.data, json_integer(1));
    }
}


static void
es_test_match(es_test_t *test, const es_entry_t *event)
{
    es_str_t              visitor = event->field[ES_EVENT_VISITOR];
    static const uint8_t  key[ES_SIPHASH_KEY];

    test->matches++;
    es_test_count(test->paths, event->field[ES_EVENT_PATH]);
    es_test_count(test->labels, event->field[ES_EVENT_LABEL]);

    if (visitor.len > 0) {
        test->visitors[test->nvisitors++] = es_siphash(key, visitor.data,
                                                       visitor.len);
    }
}


/* An entry of the stream; false if that was the last that is wanted. */
static bool
es_test_found(void *data, const redisReply *reply)
{
    size_t             i, n;
    es_str_t           strings[2 * ES_EVENT_FIELDS + 2], culprit;
    es_test_t         *test = data;
    es_entry_t         event;
    es_entry_id_t      at;
    const redisReply  *list = reply->element[1];

    n = list->type == REDIS_REPLY_ARRAY ? list->elements : 0;

    for (i = 0; i < n && i < 2 * ES_EVENT_FIELDS + 2; i++) {
        strings[i] = es_reply_text(list->element[i]);
    }

    /* with more fields than there are, one is unknown or there twice */

    if (!es_entry_id_parse(&at, es_reply_text(reply->element[0]))
        || es_entry_read(&event, at, strings, i, &culprit) != ES_ENTRY_GOOD)
    {
        test->rejected++;

    } else {
        if (test->since == 0 || event.ts < test->since) {
            test->since = event.ts;
        }

        /* nobody's events give nobody points */

        if ((test->kind->topic || event.field[ES_EVENT_VISITOR].len > 0)
            && es_lessons_holds(test->scratch, &test->entry.lesson, &event))
        {
            es_test_match(test, &event);
        }
    }

    return ++test->entries < (uint64_t) test->most;
}


static int
es_test_compare(const void *a, const void *b)
{
    const uint64_t  *one = a, *two = b;

    return *one < *two ? -1 : *one > *two;
}


/* How many different visitors; their hashes are sorted. */
static size_t
es_test_visitors(es_test_t *test)
{
    size_t  i, n;

    qsort(test->visitors, test->nvisitors, sizeof(uint64_t), es_test_compare);

    for (i = 0, n = 0; i < test->nvisitors; i++) {
        n += i == 0 || test->visitors[i] != test->visitors[i - 1];
    }

    return n;
}


/* The values with most events, and of equals the first by name */
static size_t
es_test_top(json_t *counts, es_test_top_t *top)
{
    size_t           i, n;
    json_t          *count;
    const char      *text;
    es_test_top_t    one;

    n = 0;

    json_object_foreach(counts, text, count) {
        one = (es_test_top_t) { text, json_integer_value(count) };

        for (i = n; i > 0 && (one.n > top[i - 1].n
                              || (one.n == top[i - 1].n
                                  && strcmp(text, top[i - 1].text) < 0));
             i--)
        {
            if (i < ES_TEST_TOP) {
                top[i] = top[i - 1];
            }
        }

        if (i < ES_TEST_TOP) {
            top[i] = one;
            n += n < ES_TEST_TOP;
        }
    }

    return n;
}


static void
es_test_table(es_cli_t *cli, json_t *counts, const char *title)
{
    size_t          i, n;
    es_table_t     *table;
    es_test_top_t   top[ES_TEST_TOP];

    n = es_test_top(counts, top);

    if (n == 0) {
        return;
    }

    printf("\n");
    table = es_table(cli, ">EVENTS", title, (char *) NULL);

    for (i = 0; i < n; i++) {
        es_table_cellf(table, "%lld", (long long) top[i].n);
        es_table_cell(table, es_text(top[i].text));
    }

    es_table_print(table);
}


/* "visits, views", as far as the rule asks for them */
static const char *
es_test_missing(const es_rule_t *rule)
{
    bool    visits, views;
    size_t  i;

    for (i = 0, visits = false, views = false; i < rule->nfields; i++) {
        visits |= rule->fields[i].kind == ES_FIELD_VISITS;
        views |= rule->fields[i].kind == ES_FIELD_VIEWS;
    }

    return visits && views ? "visits, views" : visits ? "visits"
           : views ? "views" : "";
}


static void
es_test_print(es_cli_t *cli, es_test_t *test)
{
    char         date[11] = "";
    size_t       visitors = es_test_visitors(test);
    uint64_t     events = test->entries - test->rejected;
    const char  *missing = es_test_missing(test->entry.lesson.rule);

    if (test->since > 0) {
        es_lessons_date(test->since, date);
    }

    printf("%llu of %llu event%s%s%s, of %zu visitor%s",
           (unsigned long long) test->matches, (unsigned long long) events,
           events == 1 ? "" : "s", date[0] ? " since " : "", date, visitors,
           visitors == 1 ? "" : "s");

    if (!test->kind->topic) {
        printf("; %lld point%s each", (long long) test->entry.lesson.points,
               llabs(test->entry.lesson.points) == 1 ? "" : "s");
    }

    printf("\n");

    if (test->rejected > 0) {
        printf("%llu more entr%s of the stream %s\n",
               (unsigned long long) test->rejected,
               test->rejected == 1 ? "y" : "ies",
               test->rejected == 1 ? "is no event" : "are no events");
    }

    if (missing[0] != '\0') {
        printf("taken as missing, as only the learner has it: %s\n", missing);
    }

    es_test_table(cli, test->paths, "PATH");
    es_test_table(cli, test->labels, "LABEL");
}


static json_t *
es_test_list(json_t *counts, const char *name)
{
    size_t          i, n;
    json_t         *list = json_array();
    es_test_top_t   top[ES_TEST_TOP];

    n = es_test_top(counts, top);

    for (i = 0; i < n; i++) {
        json_array_append_new(list, json_pack("{sssI}", name, top[i].text,
                                              "events", top[i].n));
    }

    return list;
}


static void
es_test_json(es_test_t *test)
{
    json_t  *json;

    json = es_lesson_json(test->kind, &test->entry);
    json_object_del(json, "error");
    json_object_set_new(json, "events", json_integer((json_int_t)
                        (test->entries - test->rejected)));
    json_object_set_new(json, "rejected", json_integer((json_int_t)
                                                       test->rejected));
    json_object_set_new(json, "matches", json_integer((json_int_t)
                                                      test->matches));
    json_object_set_new(json, "visitors", json_integer((json_int_t)
                                          es_test_visitors(test)));
    json_object_set_new(json, "since", test->since
                        ? json_integer((json_int_t) test->since)
                        : json_null());
    json_object_set_new(json, "paths", es_test_list(test->paths, "path"));
    json_object_set_new(json, "labels", es_test_list(test->labels, "label"));
    json_object_set_new(json, "taken_as_missing", es_json_text(es_text(
                        es_test_missing(test->entry.lesson.rule))));
    es_json_print(json);
}


/* The time zone is the learner's; all else of the settings does not matter. */
static bool
es_test_zone(es_cli_t *cli, es_heap_t *heap)
{
    char            why[192];
    redisReply     *reply;
    es_settings_t   settings;

    es_settings_default(&settings);

    reply = es_ask(cli, "HGET %s timezone", es_keyf(cli, ES_KEY_SETTINGS));
    if (reply == NULL) {
        return false;
    }

    if (reply->type == REDIS_REPLY_STRING) {
        (void) es_setting_set(&settings, es_str("timezone"),
                              es_heap_copy(heap, es_reply_text(reply)), why,
                              sizeof(why));
    }

    freeReplyObject(reply);
    es_settings_zone(&settings);

    return true;
}


/* A name's text in Redis, or the argument itself; false if there is none. */
static bool
es_test_take(es_cli_t *cli, es_test_t *test, es_heap_t *heap, es_str_t text)
{
    redisReply  *reply;
    const char  *kind = test->kind->name;

    if (!es_name_valid(text)) {
        es_lesson_make(test->kind, heap, NULL, text, &test->entry);

    } else {
        reply = es_ask(cli, "HGET %s %b", es_keyf(cli, "%s", test->kind->hash),
                       text.data, text.len);
        if (reply == NULL) {
            return false;
        }

        if (reply->type != REDIS_REPLY_STRING) {
            freeReplyObject(reply);
            es_fail("there is no %s \"%s\"; exportsite %s list shows all",
                    kind, es_shown(text), kind);
            return false;
        }

        es_lesson_make(test->kind, heap, &text, es_reply_text(reply),
                       &test->entry);
        freeReplyObject(reply);
    }

    if (test->entry.error != NULL || test->entry.warning != NULL) {
        es_lesson_complain(test->kind, &test->entry,
                           test->entry.error == NULL);
    }

    return test->entry.error == NULL;
}


static bool
es_test_run(es_cli_t *cli, es_test_t *test, es_heap_t *heap, es_str_t text)
{
    es_entries_t  entries = {
        .key = es_keyf(cli, "%s", cli->stream.data),
        .label = "events",
        .newest_first = true,
        .found = es_test_found,
        .data = test
    };

    if (!es_test_take(cli, test, heap, text) || !es_test_zone(cli, heap)) {
        return false;
    }

    test->scratch = es_rule_scratch_create(es_heap_pool(heap));
    test->visitors = es_alloc(es_heap_pool(heap),
                              (size_t) test->most * sizeof(uint64_t));

    return es_entries(cli, &entries);
}


int
es_lesson_test(es_cli_t *cli, const es_args_t *args,
    const es_lesson_kind_t *kind)
{
    bool         good;
    es_heap_t   *heap;
    es_test_t    test;
    const char  *newest = args->option[ES_TEST_NEWEST];

    memset(&test, 0, sizeof(es_test_t));
    test.kind = kind;
    test.most = ES_TEST_EVENTS;

    if (newest != NULL
        && !es_option_number("--events", newest, 1, ES_TEST_MOST, &test.most))
    {
        return ES_EXIT_USAGE;
    }

    heap = es_heap_create();
    test.paths = json_object();
    test.labels = json_object();

    good = es_test_run(cli, &test, heap, es_text(args->argv[0]));

    if (good && cli->json) {
        es_test_json(&test);

    } else if (good) {
        es_test_print(cli, &test);
    }

    es_lesson_drop(&test.entry);
    json_decref(test.paths);
    json_decref(test.labels);
    es_heap_destroy(heap);

    return good ? ES_EXIT_GOOD : ES_EXIT_FAIL;
}
