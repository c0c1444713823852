/* Who is in a segment: all profiles, one of them, or somebody made up. */
#include <stdlib.h>

#include "../core/visitor.h"
#include "segment.h"


#define ES_TEST_LIMIT      10          /* ids that are shown */
#define ES_TEST_LIMIT_MAX  1000000

/* Fields of rules as options; those behind them come after ES_TEST_FIELDS. */
static const es_field_e  es_test_fields[] = {
    ES_FIELD_COUNTRY, ES_FIELD_CONTINENT, ES_FIELD_REGION, ES_FIELD_CITY,
    ES_FIELD_ASN, ES_FIELD_ORGANIZATION, ES_FIELD_LANGUAGE, ES_FIELD_INDUSTRY,
    ES_FIELD_PATH, ES_FIELD_HOST, ES_FIELD_METHOD, ES_FIELD_REFERRER,
    ES_FIELD_AGENT, ES_FIELD_DEVICE, ES_FIELD_CRAWLER, ES_FIELD_CONSENT,
    ES_FIELD_NEW, ES_FIELD_VISITS, ES_FIELD_VIEWS, ES_FIELD_HOUR,
    ES_FIELD_WEEKDAY, ES_FIELD_DATE, ES_FIELD_QUERY, ES_FIELD_COOKIE,
    ES_FIELD_PROFILE
};

#define ES_TEST_FIELDS                                                        \
    ((int) (sizeof(es_test_fields) / sizeof(es_test_fields[0])))

enum {
    ES_TEST_VISITOR = ES_TEST_FIELDS,
    ES_TEST_LIMITED
};

const es_option_t  es_segment_test_options[] = {
    { "country", "CODE", "somebody of that country, as in DE" },
    { "continent", "CODE", "as in EU" },
    { "region", "NAME", "as the database has it" },
    { "city", "NAME", "as the database has it" },
    { "asn", "NUMBER", "number of the network" },
    { "organization", "NAME", "owner of the network" },
    { "language", "TAG", "one of the site's, as in de" },
    { "industry", "TAG", "one of the site's" },
    { "path", "PATH", "of the page" },
    { "host", "NAME", "of the site" },
    { "method", "NAME", "GET, POST, ..." },
    { "referrer", "ADDRESS", "the page they come from" },
    { "agent", "TEXT", "what the browser says it is" },
    { "device", "KIND", "mobile, tablet or desktop" },
    { "crawler", "yes|no", "a search engine or another robot" },
    { "consent", "yes|no", "who may be recognised; yes for --visitor" },
    { "new", "yes|no", "who was given an id just now" },
    { "visits", "NUMBER", "how often they came" },
    { "views", "NUMBER", "how many pages they saw" },
    { "hour", "NUMBER", "0 to 23" },
    { "weekday", "DAY", "mon, tue, wed, thu, fri, sat or sun" },
    { "date", "DATE", "as in 2026-12-24; it has its weekday, too" },
    { "query", "NAME=VALUE", "a parameter of the address; may be repeated" },
    { "cookie", "NAME=VALUE", "a cookie; may be repeated" },
    { "profile", "NAME=VALUE", "a field of the profile; may be repeated" },
    { "visitor", "ID", "the visitor with that profile; other options "
      "overrule it" },
    { "limit", "N", "show so many ids of those in the segment; 10" },
    { NULL, NULL, NULL }
};

typedef struct {
    uint32_t    number;
    uint64_t    matches;
    int64_t     limit;
    json_t     *ids;                   /* the first of them */
} es_test_count_t;


/* "yes" and "no" of a field that is set or missing */
static bool
es_test_flag(const char *option, const char *text, es_str_t *value)
{
    if (strcmp(text, "yes") == 0 || strcmp(text, "1") == 0) {
        *value = es_str("1");
        return true;
    }

    if (strcmp(text, "no") == 0 || strcmp(text, "0") == 0) {
        *value = es_null_str;
        return true;
    }

    es_misuse("segment test", "--%s is yes or no, not \"%s\"", option,
              es_shown(es_text(text)));

    return false;
}


/* Tells the person what an option says; false after saying what is wrong. */
static bool
es_test_give(es_person_t *person, const es_given_t *given)
{
    es_str_t     name, value;
    const char  *equals;
    es_field_e   kind = es_test_fields[given->option];

    name = es_null_str;
    value = es_text(given->value);

    switch (kind) {

    case ES_FIELD_CRAWLER:
    case ES_FIELD_CONSENT:
    case ES_FIELD_NEW:
        if (!es_test_flag(es_segment_test_options[given->option].name,
                          given->value, &value))
        {
            return false;
        }

        break;

    case ES_FIELD_QUERY:
    case ES_FIELD_COOKIE:
    case ES_FIELD_PROFILE:
        equals = strchr(given->value, '=');

        if (equals == NULL || equals == given->value) {
            es_misuse("segment test", "--%s \"%s\": NAME=VALUE is expected",
                      es_segment_test_options[given->option].name,
                      es_shown(value));
            return false;
        }

        name = (es_str_t) { (size_t) (equals - given->value), given->value };
        value = es_text(equals + 1);
        break;

    case ES_FIELD_COUNTRY:
        if (es_str_case_eq(value, es_str("XX"))) {
            value = es_null_str;
        }

        break;

    default:
        break;
    }

    if (value.len == 0 && kind != ES_FIELD_QUERY) {
        /* only a parameter may be there and empty */
        value = es_null_str;
    }

    if (value.len > 0) {
        es_segment_doubt(kind, es_segment_test_options[given->option].name,
                         value);
    }

    es_person_give(person, kind, name, value);

    return true;
}


/* A date has a weekday, if none was given. */
static void
es_test_weekday(es_person_t *person, const es_args_t *args)
{
    int          i;
    const char  *day = NULL;

    for (i = 0; i < args->ngiven; i++) {
        if (args->given[i].option >= ES_TEST_FIELDS) {
            continue;
        }

        if (es_test_fields[args->given[i].option] == ES_FIELD_WEEKDAY) {
            return;
        }

        if (es_test_fields[args->given[i].option] == ES_FIELD_DATE) {
            day = es_segment_weekday(es_text(args->given[i].value));
        }
    }

    if (day != NULL) {
        es_person_give(person, ES_FIELD_WEEKDAY, es_null_str, es_text(day));
    }
}


/* Who is it? False after saying what is wrong; *n options were about fields. */
static bool
es_test_given(es_person_t *person, const es_args_t *args, int *n)
{
    int  i;

    for (i = 0, *n = 0; i < args->ngiven; i++) {
        if (args->given[i].option >= ES_TEST_FIELDS) {
            continue;
        }

        (*n)++;

        if (!es_test_give(person, &args->given[i])) {
            return false;
        }
    }

    es_test_weekday(person, args);

    return true;
}


/* One visitor, of whom so many options told something */
static int
es_test_one(es_cli_t *cli, const es_args_t *args, es_person_t *person,
    const es_segment_entry_t *entry, int given)
{
    int          status;
    redisReply  *reply = NULL;
    const char  *id = args->option[ES_TEST_VISITOR];

    if (id == NULL) {
        es_person_become(person, NULL);

    } else if (!es_match_visitor(cli, person, id, given == 0, &reply)) {
        return ES_EXIT_FAIL;
    }

    es_segment_explain(cli, person, entry);

    status = es_person_is_in(person, es_catalog_number(person->catalog, entry))
             ? ES_EXIT_GOOD : ES_EXIT_FAIL;

    freeReplyObject(reply);

    return status;
}


static void
es_test_each(es_match_t *match, es_person_t *person, es_str_t id)
{
    es_test_count_t  *count = match->data;

    if (!es_person_is_in(person, count->number)) {
        return;
    }

    if (count->matches++ < (uint64_t) count->limit) {
        json_array_append_new(count->ids, es_json_text(id));
    }
}


static void
es_test_print(const es_test_count_t *count, const es_match_t *match,
    const char *unknown)
{
    size_t  i;

    printf("%llu of %llu profiles\n", (unsigned long long) count->matches,
           (unsigned long long) match->profiles);

    for (i = 0; i < json_array_size(count->ids); i++) {
        printf("  ");
        es_print(stdout,
                 es_text(json_string_value(json_array_get(count->ids, i))));
        printf("\n");
    }

    if (count->matches > json_array_size(count->ids) && count->limit > 0) {
        printf("  ... and %llu more\n", (unsigned long long)
               (count->matches - json_array_size(count->ids)));
    }

    if (unknown[0] != '\0') {
        printf("taken as missing, as only a visit has it: %s\n", unknown);
    }
}


static int
es_test_all(es_cli_t *cli, es_test_count_t *count, es_person_t *person,
    const es_segment_entry_t *entry)
{
    char         unknown[512];
    bool         good;
    json_t      *json;
    es_match_t   match;

    memset(&match, 0, sizeof(es_match_t));
    match.each = es_test_each;
    match.data = count;
    count->ids = json_array();

    good = es_match_profiles(cli, person, &match);
    es_person_unknown(person, count->number, unknown, sizeof(unknown));

    if (good && cli->json) {
        json = json_object();
        json_object_set_new(json, "segment", es_json_text(entry->name));
        json_object_set_new(json, "rule", es_json_text(entry->rule));
        json_object_set_new(json, "profiles",
                            json_integer((json_int_t) match.profiles));
        json_object_set_new(json, "matches",
                            json_integer((json_int_t) count->matches));
        json_object_set(json, "visitors", count->ids);
        json_object_set_new(json, "taken_as_missing",
                            es_json_text(es_text(unknown)));
        es_json_print(json);

    } else if (good) {
        es_test_print(count, &match, unknown);
    }

    json_decref(count->ids);

    return good ? ES_EXIT_GOOD : ES_EXIT_FAIL;
}


/* The segment as it is in Redis or, with a rule, as it would be */
static es_segment_entry_t *
es_test_entry(es_catalog_t *catalog, const es_args_t *args)
{
    es_str_t             name = es_text(args->argv[0]);
    es_segment_entry_t  *entry;

    if (args->argc > 1) {
        entry = es_catalog_put(catalog, name, es_text(args->argv[1]));
        es_catalog_link(catalog);

    } else {
        entry = es_catalog_find(catalog, name);
    }

    if (entry == NULL) {
        es_fail("there is no segment \"%s\"; exportsite segment list shows "
                "all", es_shown(name));
        return NULL;
    }

    if (es_catalog_number(catalog, entry) == ES_SEGMENT_UNKNOWN) {
        es_segment_complain(NULL, entry, false);
        return NULL;
    }

    return entry;
}


static int
es_test_run(es_cli_t *cli, const es_args_t *args, es_catalog_t *catalog,
    es_test_count_t *count)
{
    int                  n;
    es_person_t         *person;
    es_segment_entry_t  *entry;

    entry = es_test_entry(catalog, args);

    if (entry == NULL) {
        return ES_EXIT_FAIL;
    }

    count->number = es_catalog_number(catalog, entry);
    person = es_person_create(catalog);
    es_person_expect(person, count->number);

    if (!es_test_given(person, args, &n)) {
        return ES_EXIT_USAGE;
    }

    if (n > 0 || args->option[ES_TEST_VISITOR] != NULL) {
        return es_test_one(cli, args, person, entry, n);
    }

    return es_test_all(cli, count, person, entry);
}


int
es_segment_test(es_cli_t *cli, const es_args_t *args)
{
    int               status;
    const char       *id = args->option[ES_TEST_VISITOR];
    es_catalog_t     *catalog;
    es_test_count_t   count;

    memset(&count, 0, sizeof(es_test_count_t));
    count.limit = ES_TEST_LIMIT;

    if (args->option[ES_TEST_LIMITED] != NULL
        && !es_option_number("--limit", args->option[ES_TEST_LIMITED], 0,
                             ES_TEST_LIMIT_MAX, &count.limit))
    {
        return ES_EXIT_USAGE;
    }

    if (id != NULL && !es_visitor_id_valid(es_text(id))) {
        return es_misuse("segment test", "--visitor \"%s\": an id has 1 to 64 "
                         "letters, digits, \".\", \"_\" and \"-\"",
                         es_shown(es_text(id)));
    }

    catalog = es_catalog_load(cli);

    if (catalog == NULL) {
        return ES_EXIT_FAIL;
    }

    status = es_test_run(cli, args, catalog, &count);
    es_catalog_destroy(catalog);

    return status;
}
