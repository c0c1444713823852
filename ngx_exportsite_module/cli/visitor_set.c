/* `visitor set`: fields of a profile, checked as the sites will. */
#include <stdlib.h>

#include "../core/text.h"
#include "visitor.h"


#define ES_SET_NAME   64
#define ES_SET_VALUE  512

typedef struct {
    es_str_t  name;
    es_str_t  value;                   /* empty: to be deleted */
} es_set_field_t;


static bool
es_set_is(const es_set_field_t *field, const char *name)
{
    return es_str_eq(field->name, es_text(name));
}


/* What the learner computes, and so would write over */
static bool
es_set_computed(const es_set_field_t *field)
{
    size_t  i;

    static const char *const  names[] = {
        "visits", "views", "first_seen", "last_seen", "dwell", "goals",
        "clicks", "device", "interest", "score", "lead",
        "first_source", "first_medium", "first_campaign", "first_referrer",
        "last_source", "last_medium", "last_campaign", "last_referrer", NULL
    };

    for (i = 0; names[i] != NULL; i++) {
        if (es_set_is(field, names[i])) {
            return true;
        }
    }

    return field->name.len > 6 && memcmp(field->name.data, "topic:", 6) == 0;
}


static bool
es_set_two_letters(es_str_t s)
{
    return s.len == 2 && es_lower(s.data[0]) >= 'a'
           && es_lower(s.data[0]) <= 'z' && es_lower(s.data[1]) >= 'a'
           && es_lower(s.data[1]) <= 'z';
}


/* Why the sites would pass over this value; NULL: they take it */
static const char *
es_set_wrong(const es_set_field_t *field)
{
    if (field->value.len > ES_SET_VALUE) {
        return "is longer than 512 bytes";
    }

    if (!es_text_safe(field->value)) {
        return "is no UTF-8 without control characters and \"..\" in a path";
    }

    if (es_set_is(field, "industry") && field->value.len > 0
        && !es_tag_valid(field->value))
    {
        return "is no industry: 1 to 32 of a-z, 0-9 and \"-\"";
    }

    if (es_set_is(field, "country") && field->value.len > 0
        && !es_set_two_letters(field->value))
    {
        return "is no country: two letters, as in DE";
    }

    return NULL;
}


/* Reads "FIELD=VALUE"; false after saying what is wrong with it. */
static bool
es_set_read(const char *text, es_set_field_t *field)
{
    const char  *equals, *wrong;

    equals = strchr(text, '=');

    if (equals == NULL) {
        es_misuse("visitor set", "\"%s\" is not FIELD=VALUE",
                  es_shown(es_text(text)));
        return false;
    }

    field->name = (es_str_t) { (size_t) (equals - text), text };
    field->value = es_text(equals + 1);

    if (field->name.len == 0 || field->name.len > ES_SET_NAME
        || !es_text_safe(field->name))
    {
        es_misuse("visitor set", "\"%s\": a field's name has 1 to 64 bytes of "
                  "plain text", es_shown(field->name));
        return false;
    }

    if (es_set_is(field, "industry_source")
        || (field->name.len >= sizeof(ES_VISITOR_MERGED) - 1
            && memcmp(field->name.data, ES_VISITOR_MERGED,
                      sizeof(ES_VISITOR_MERGED) - 1) == 0))
    {
        es_misuse("visitor set", "\"%s\" is a note of ours, not to be set",
                  es_shown(field->name));
        return false;
    }

    wrong = es_set_wrong(field);

    if (wrong != NULL) {
        es_misuse("visitor set", "the value of \"%s\" %s: the sites would "
                  "pass it over", es_shown(field->name), wrong);
        return false;
    }

    return true;
}


/* May this profile be written to? False after saying why not. */
static bool
es_set_allowed(es_cli_t *cli, const es_visitor_t *visitor)
{
    char       time[32];
    es_gone_t  gone;

    if (!es_visitor_gone(cli, visitor, &gone)) {
        return false;
    }

    if (gone.what == ES_GONE_MERGED) {
        es_fail("%s was merged into %s: set it there", visitor->name,
                gone.into);
        return false;
    }

    if (gone.what == ES_GONE_FORGOTTEN) {
        fprintf(stderr, "exportsite: %s was forgotten on %s; from now on "
                "something is known again\n", visitor->name,
                es_visitor_time(time, gone.ms));
    }

    return true;
}


static void
es_set_append(es_cli_t *cli, const es_visitor_t *visitor,
    const es_set_field_t *field)
{
    if (field->value.len > 0) {
        redisAppendCommand(cli->link, "HSET %s %b %b", visitor->profile,
                           field->name.data, field->name.len,
                           field->value.data, field->value.len);

    } else {
        redisAppendCommand(cli->link, "HDEL %s %b", visitor->profile,
                           field->name.data, field->name.len);
    }
}


/* All fields in one transaction. ttl in s; 0 leaves it as it is. */
static bool
es_set_write(es_cli_t *cli, const es_visitor_t *visitor,
    const es_set_field_t *fields, size_t n, int64_t ttl)
{
    size_t  i, commands;

    redisAppendCommand(cli->link, "MULTI");

    for (i = 0, commands = n + 2; i < n; i++) {
        es_set_append(cli, visitor, &fields[i]);

        if (es_set_is(&fields[i], "industry")) {
            redisAppendCommand(cli->link, "HDEL %s industry_source",
                               visitor->profile);
            commands++;
        }
    }

    if (ttl > 0) {
        redisAppendCommand(cli->link, "EXPIRE %s %lld", visitor->profile,
                           (long long) ttl);
        commands++;
    }

    redisAppendCommand(cli->link, "EXEC");

    return es_visitor_heard(cli, visitor->profile, commands);
}


static void
es_set_say(const es_cli_t *cli, const es_visitor_t *visitor,
    const es_set_field_t *fields, size_t n)
{
    size_t   i;
    json_t  *set, *deleted;

    set = json_object();
    deleted = json_array();

    for (i = 0; i < n; i++) {
        if (es_set_computed(&fields[i])) {
            fprintf(stderr, "exportsite: the learner writes \"%s\" anew with "
                    "the visitor's next event\n", es_shown(fields[i].name));
        }

        if (fields[i].value.len > 0) {
            es_visitor_put(set, fields[i].name,
                           es_json_text(fields[i].value));

        } else {
            json_array_append_new(deleted, es_json_text(fields[i].name));
        }
    }

    if (cli->json) {
        es_json_print(json_pack("{s:s, s:O, s:O}", "visitor", visitor->name,
                                "set", set, "deleted", deleted));

    } else {
        printf("%s: %zu set, %zu deleted\n", visitor->name,
               json_object_size(set), json_array_size(deleted));
    }

    json_decref(set);
    json_decref(deleted);
}


int
es_visitor_set(es_cli_t *cli, const es_args_t *args)
{
    int              i, n, status;
    int64_t          ttl;
    redisReply      *reply;
    es_visitor_t     visitor;
    es_settings_t    settings;
    es_set_field_t  *fields;

    if (!es_visitor_take(cli, "visitor set", args->argv[0], &visitor)) {
        return ES_EXIT_USAGE;
    }

    n = args->argc - 1;
    fields = calloc((size_t) n, sizeof(es_set_field_t));
    if (fields == NULL) {
        return es_fail("no memory");
    }

    for (i = 0; i < n; i++) {
        if (!es_set_read(args->argv[i + 1], &fields[i])) {
            free(fields);
            return ES_EXIT_USAGE;
        }
    }

    status = ES_EXIT_FAIL;

    if (es_set_allowed(cli, &visitor) && es_visitor_settings(cli, &settings)
        && (reply = es_ask(cli, "TTL %s", visitor.profile)) != NULL)
    {
        /* a profile made here goes when nobody ever comes for it */

        ttl = reply->integer == -2 ? settings.profile_days * ES_DAY
                                   : 0;
        freeReplyObject(reply);

        if (es_set_write(cli, &visitor, fields, (size_t) n, ttl)) {
            es_set_say(cli, &visitor, fields, (size_t) n);
            status = ES_EXIT_GOOD;
        }
    }

    free(fields);

    return status;
}
