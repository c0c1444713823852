/* What marketers defined: segments, topics, scores, settings. */
#include "../core/score.h"
#include "../core/text.h"
#include "../redis/keys.h"
#include "doctor.h"
#include "lessons.h"
#include "segment.h"


#define ES_RULES_MOST   (2 * ES_SEGMENTS_MAX)   /* beyond it sites take none */
#define ES_RULES_SHOWN  10             /* faults of a kind */

/* A kind of definitions, and what was found so far */
typedef struct {
    es_doctor_t  *doctor;
    const char   *hash;                /* "topics" */
    const char   *verb;                /* that changes them, "topic" */
    const char   *value;               /* what its "set" takes, "'RULE'" */
    const char   *options;             /* to be given with it */
    size_t        n, faults, warnings;
} es_rules_t;


static void
es_rules_say(es_rules_t *rules, es_check_e result, es_str_t name,
    const char *why)
{
    size_t      *n;
    const char  *word;

    n = result == ES_CHECK_FAIL ? &rules->faults : &rules->warnings;

    if (++*n > ES_RULES_SHOWN) {
        return;
    }

    word = es_doctor_word(rules->doctor, name);

    es_check(rules->doctor, result, rules->hash, "%.60s%s: %s\n"
             "exportsite %s set %s %s%s, or exportsite %s rm %s%s",
             es_shown(name), name.len > 60 ? "..." : "", why, rules->verb, word,
             rules->value, rules->options, rules->verb, word, rules->options);
}


/* The sum of a kind, after its faults */
static void
es_rules_sum(es_rules_t *rules)
{
    size_t  faults = rules->faults, warnings = rules->warnings;

    if (faults > ES_RULES_SHOWN || warnings > ES_RULES_SHOWN) {
        es_check(rules->doctor,
                 faults > ES_RULES_SHOWN ? ES_CHECK_FAIL : ES_CHECK_WARN,
                 rules->hash, "and %zu more of %zu like these",
                 (faults > ES_RULES_SHOWN ? faults - ES_RULES_SHOWN : 0)
                 + (warnings > ES_RULES_SHOWN ? warnings - ES_RULES_SHOWN : 0),
                 rules->n);

    } else if (faults + warnings == 0) {
        es_check(rules->doctor, ES_CHECK_GOOD, rules->hash,
                 rules->n == 1 ? "%zu is in order" : "%zu are in order",
                 rules->n);
    }
}


/*
 * Begins with a kind, whose hash is `hash`, and which "exportsite VERB set" and
 * "rm" change. All of the hash; NULL after a line, or where there is none.
 */
static redisReply *
es_rules_begin(es_rules_t *rules, es_doctor_t *doctor, const char *hash,
    const char *verb, const char *value)
{
    int64_t      n;
    redisReply  *reply;
    const char  *key;

    memset(rules, 0, sizeof(es_rules_t));
    rules->doctor = doctor;
    rules->hash = hash;
    rules->verb = verb;
    rules->value = value;
    rules->options = es_doctor_given(doctor);

    key = es_keyf(rules->doctor->cli, "%s", rules->hash);
    n = es_doctor_count(rules->doctor, rules->hash, "HLEN %s", key);

    if (n <= 0) {
        if (n == 0) {
            es_check(rules->doctor, ES_CHECK_GOOD, rules->hash,
                     "there are none");
        }

        return NULL;
    }

    if (n > ES_RULES_MOST) {
        es_check(rules->doctor, ES_CHECK_FAIL, rules->hash, "%s has %lld "
                 "fields, and more than %d are not read\ndelete most of them",
                 key, (long long) n, ES_RULES_MOST);
        return NULL;
    }

    reply = es_doctor_ask(rules->doctor, rules->hash, "HGETALL %s", key);

    if (reply != NULL) {
        rules->n = reply->elements / 2;
    }

    return reply;
}


static void
es_rules_segments(es_doctor_t *doctor)
{
    size_t               i;
    uint32_t             number;
    redisReply          *reply;
    es_rules_t           rules;
    es_catalog_t        *catalog;
    es_segment_entry_t  *entry;

    reply = es_rules_begin(&rules, doctor, ES_KEY_SEGMENTS, "segment",
                           "'RULE'");
    if (reply == NULL) {
        return;
    }

    catalog = es_catalog_create();

    for (i = 0; i + 1 < reply->elements; i += 2) {
        es_catalog_put(catalog, es_reply_text(reply->element[i]),
                       es_reply_text(reply->element[i + 1]));
    }

    es_catalog_link(catalog);

    for (i = 0; i < catalog->n; i++) {
        entry = catalog->entry[i];
        number = es_catalog_number(catalog, entry);

        if (number != ES_SEGMENT_UNKNOWN) {
            es_doctor_tags(doctor, entry->name, entry->rule,
                           es_segments_rule(catalog->set, number));
        }

        if (entry->error != NULL) {
            es_rules_say(&rules, ES_CHECK_FAIL, entry->name, entry->error);

        } else if (entry->warning != NULL) {
            es_rules_say(&rules, ES_CHECK_WARN, entry->name, entry->warning);
        }
    }

    es_rules_sum(&rules);
    es_catalog_destroy(catalog);
    freeReplyObject(reply);
}


/* A topic or a score, as the learner takes it. */
static void
es_rules_lesson(es_rules_t *rules, bool topic, es_str_t name, es_str_t text)
{
    size_t            offset;
    int64_t           points;
    es_rule_t        *rule;
    es_heap_t        *heap;
    es_rule_error_t   err;

    if (!es_name_valid(name)) {
        es_rules_say(rules, ES_CHECK_FAIL, name, "this is no name: "
                     "[a-z][a-z0-9_-]{0,63}");
        return;
    }

    heap = es_heap_create();
    rule = topic ? es_rule_compile(text, ES_RULE_EVENT, es_heap_pool(heap),
                                   &err)
                 : es_score_compile(text, &points, &offset,
                                    es_heap_pool(heap), &err);

    if (rule == NULL) {
        es_rules_say(rules, ES_CHECK_FAIL, name, err.text);

    } else if (rule->warning != NULL) {
        es_rules_say(rules, ES_CHECK_WARN, name, rule->warning);
    }

    if (rule != NULL) {
        es_rule_destroy(rule);
    }

    es_heap_destroy(heap);
}


static void
es_rules_lessons(es_doctor_t *doctor, const char *hash)
{
    bool         topic;
    size_t       i;
    es_rules_t   rules;
    redisReply  *reply;

    topic = strcmp(hash, ES_KEY_TOPICS) == 0;

    reply = es_rules_begin(&rules, doctor, hash, topic ? "topic" : "score",
                           topic ? "'RULE'" : "'POINTS when RULE'");
    if (reply == NULL) {
        return;
    }

    for (i = 0; i + 1 < reply->elements; i += 2) {
        es_rules_lesson(&rules, topic, es_reply_text(reply->element[i]),
                        es_reply_text(reply->element[i + 1]));
    }

    if (rules.n > ES_LESSONS_RULES) {
        es_check(doctor, ES_CHECK_FAIL, hash, "there are %zu, and the learner "
                 "takes %d\ndelete some", rules.n, ES_LESSONS_RULES);
    }

    es_rules_sum(&rules);
    freeReplyObject(reply);
}


static void
es_rules_settings(es_doctor_t *doctor, es_settings_t *settings)
{
    char         why[192];
    size_t       i;
    es_str_t     name, value;
    es_rules_t   rules;
    redisReply  *reply;

    reply = es_rules_begin(&rules, doctor, ES_KEY_SETTINGS, "setting", "VALUE");
    if (reply == NULL) {
        return;
    }

    for (i = 0; i + 1 < reply->elements; i += 2) {
        name = es_reply_text(reply->element[i]);
        value = es_heap_copy(doctor->heap,
                             es_reply_text(reply->element[i + 1]));

        if (!es_setting_set(settings, name, value, why, sizeof(why))) {
            es_rules_say(&rules, ES_CHECK_FAIL, name, why);
        }
    }

    es_rules_sum(&rules);
    freeReplyObject(reply);
}


/*
 * Topics that the learner takes for an industry, though no site has declared
 * it: the sites pass over that in the profile.
 */
static void
es_rules_industries(es_doctor_t *doctor, es_settings_t *settings)
{
    size_t       i;
    es_str_t     name, list;
    redisReply  *reply;

    if (json_object_size(doctor->site.industries) == 0) {
        return;
    }

    for (list = settings->industries; list.len > 0; /* void */) {
        name.data = list.data;
        name.len = strcspn(list.data, " ");
        name.len = name.len < list.len ? name.len : list.len;
        list.data += name.len + (name.len < list.len);
        list.len -= name.len + (name.len < list.len);

        if (name.len > 0) {
            es_doctor_tag(doctor, doctor->site.industries, "industries", name,
                          "the setting industries has");
        }
    }

    reply = es_doctor_ask(doctor, "industries", "HKEYS %s",
                          es_keyf(doctor->cli, ES_KEY_TOPICS));

    for (i = 0; reply != NULL && i < reply->elements; i++) {
        name = es_reply_text(reply->element[i]);

        if (es_name_valid(name) && es_lessons_industry(settings, name)
            && json_object_get(doctor->site.industries, name.data) == NULL)
        {
            es_check(doctor, ES_CHECK_WARN, "industries", "the learner takes "
                     "the topic %s for an industry, which "
                     "exportsite_industries does not name\nadd it there, or "
                     "say which topics are: exportsite setting set industries "
                     "'TAG TAG'%s", es_shown(name), es_doctor_given(doctor));
            break;
        }
    }

    freeReplyObject(reply);
}


void
es_doctor_rules(es_doctor_t *doctor)
{
    es_settings_t  settings;

    es_settings_default(&settings);
    es_rules_segments(doctor);
    es_rules_lessons(doctor, ES_KEY_TOPICS);
    es_rules_lessons(doctor, ES_KEY_SCORES);
    es_rules_settings(doctor, &settings);
    es_rules_industries(doctor, &settings);
}


/* What the sites say they could not take */
void
es_doctor_errors(es_doctor_t *doctor)
{
    size_t       i;
    int64_t      n;
    redisReply  *reply;
    const char  *key;

    key = es_keyf(doctor->cli, ES_KEY_ERRORS);
    n = es_doctor_count(doctor, ES_KEY_ERRORS, "HLEN %s", key);

    if (n < 0) {
        return;
    }

    if (n == 0) {
        es_check(doctor, ES_CHECK_GOOD, ES_KEY_ERRORS, "sites have none to "
                 "tell of");
        return;
    }

    reply = es_doctor_ask(doctor, ES_KEY_ERRORS, "HSCAN %s 0 COUNT %d", key,
                          ES_RULES_SHOWN);

    if (reply == NULL) {
        return;
    }

    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2) {
        const redisReply  *list = reply->element[1];

        for (i = 0; i + 1 < list->elements && i < 2 * ES_RULES_SHOWN; i += 2) {
            es_check(doctor, ES_CHECK_WARN, ES_KEY_ERRORS, "%.200s: %s\n"
                     "mend or delete it; %s HGETALL %s has all %lld",
                     es_shown(es_reply_text(list->element[i])),
                     es_shown(es_reply_text(list->element[i + 1])),
                     es_doctor_redis_cli(doctor), key, (long long) n);
        }
    }

    freeReplyObject(reply);
}
