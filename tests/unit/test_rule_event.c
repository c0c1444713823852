/*
 * Rules over events: what holds for one, what is refused in one scope and not
 * in the other, and what is warned of.
 */
#include "../../ngx_exportsite_module/core/rule.h"
#include "check.h"


/* A quote asked for from Graz, on the page of a pump, on a Thursday. */
static const struct {
    es_field_e   kind;
    const char  *name;
    const char  *value;
} facts[] = {
    { ES_FIELD_COUNTRY, "", "AT" },
    { ES_FIELD_LANGUAGE, "", "de" },
    { ES_FIELD_PATH, "", "/pumps/x-200.html" },
    { ES_FIELD_HOST, "", "www.example.com" },
    { ES_FIELD_REFERRER, "", "www.google.at" },
    { ES_FIELD_DEVICE, "", "desktop" },
    { ES_FIELD_VISITS, "", "3" },
    { ES_FIELD_VIEWS, "", "12" },
    { ES_FIELD_HOUR, "", "14" },
    { ES_FIELD_WEEKDAY, "", "thu" },
    { ES_FIELD_DATE, "", "2026-12-24" },
    { ES_FIELD_TYPE, "", "goal" },
    { ES_FIELD_LABEL, "", "quote" },
    { ES_FIELD_VALUE, "", "19.9" },
    { ES_FIELD_MS, "", "31000" },
    { ES_FIELD_SOURCE, "", "Newsletter" },
    { ES_FIELD_CAMPAIGN, "", "spring" },
    { ES_FIELD_VISITOR, "", "53bddabeeb142555067c92abefcccf06" },
    { ES_FIELD_PAGE, "", "d5df1b6a6d23f4a2000003f1" },
    { ES_FIELD_CHOICE, "hero", "German" },
};


static bool
event_field(es_rule_env_t *env, const es_rule_field_t *field, es_str_t *value)
{
    size_t  i;

    (void) env;

    for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        if (facts[i].kind == field->kind
            && es_str_eq(field->name, (es_str_t) { strlen(facts[i].name),
                                                   facts[i].name }))
        {
            *value = (es_str_t) { strlen(facts[i].value), facts[i].value };
            return true;
        }
    }

    return false;
}


static bool
event_segment(es_rule_env_t *env, uint32_t index)
{
    (void) env;
    return index == 0;
}


static const char *const  true_rules[] = {
    "type = goal and label = quote", "type = GOAL", "type in (view, Goal)",
    "type != view", "TYPE starts with go", "label != Quote",
    "value = 19.90", "value > 19", "value between 19 and 20", "ms >= 30000",
    "ms != 0", "status missing", "not status = 200", "path ~ \"^/pumps/\"",
    "host = WWW.example.com", "country in (DE, at)", "language = DE",
    "industry missing", "device = Desktop", "referrer contains google.",
    "source = Newsletter", "source != newsletter", "medium missing",
    "query.utm_source = Newsletter and source exists",
    "query.utm_campaign = campaign or campaign = spring",
    "not query.utm_medium", "visitor exists", "visitor not starts with log-",
    "page = d5df1b6a6d23f4a2000003f1", "page", "hour between 8 and 18",
    "weekday = THU", "date < 2027-01-01", "visits = 3", "views > 10",
    "choice.hero = German", "Choice.hero != german", "choice.cta missing",
    "choice.cta != x", "segment = first", "segment not in (second, third)",
    NULL
};

static const char *const  false_rules[] = {
    "type = view", "label = Quote", "value = 19.91", "ms < 30000", "status",
    "status = 200", "medium = x", "query.utm_source = newsletter",
    "choice.hero = german", "choice.cta exists", "segment = second",
    "visitor missing", "page != d5df1b6a6d23f4a2000003f1",
    NULL
};


static bool
holds(const char *rule_text)
{
    bool              result;
    es_rule_t        *rule;
    check_pool_t      pool = check_pool_init();
    es_rule_env_t     env;
    es_rule_error_t   err;

    memset(&env, 0, sizeof(env));
    env.field = event_field;
    env.segment = event_segment;
    env.scratch = es_rule_scratch_create(&pool.pool);

    rule = es_rule_compile(text(rule_text), ES_RULE_EVENT, &pool.pool, &err);

    if (rule == NULL) {
        fprintf(stderr, "\"%s\": %s\n", rule_text, err.text);
        check(rule != NULL);
        check_pool_free(&pool);
        return false;
    }

    if (rule->nsegments > 0 && es_str_eq(rule->segments[0].name,
                                         es_str("first")))
    {
        rule->segments[0].index = 0;
    }

    check(rule->warning == NULL);

    result = es_rule_eval(rule, &env);

    es_rule_destroy(rule);
    check_pool_free(&pool);

    return result;
}


static void
test_truth(void)
{
    bool    got;
    size_t  i;

    for (i = 0; true_rules[i] != NULL; i++) {
        got = holds(true_rules[i]);
        check(got || !fprintf(stderr, "\"%s\" is false\n", true_rules[i]));
    }

    for (i = 0; false_rules[i] != NULL; i++) {
        got = holds(false_rules[i]);
        check(!got || !fprintf(stderr, "\"%s\" is true\n", false_rules[i]));
    }
}


#define SEGMENT  "; make it a segment, and ask for that: segment = NAME"
#define ONLY     "; only events have it, and rules of topics and scores ask " \
                 "for it"

static const struct {
    es_rule_scope_e  scope;
    const char      *rule;
    const char      *error;
} errors[] = {
    { ES_RULE_EVENT, "agent contains x",
      "col 1: \"agent\" is not known of an event" SEGMENT },
    { ES_RULE_EVENT, "type = view and Profile.size > 1",
      "col 17: \"Profile.size\" is not known of an event" SEGMENT },
    { ES_RULE_EVENT, "cookie.seen",
      "col 1: \"cookie.seen\" is not known of an event" SEGMENT },
    { ES_RULE_EVENT, "cookie",
      "col 1: \"cookie\" is not known of an event" SEGMENT },
    { ES_RULE_EVENT, "not crawler", "col 5: \"crawler\" is not known of an "
      "event; those of crawlers are not recorded" },
    { ES_RULE_EVENT, "consent", "col 1: \"consent\" is not known of an "
      "event; ask for: visitor exists" },
    { ES_RULE_EVENT, "query.x = 1", "col 1: \"query.x\" is not known of an "
      "event; it has utm_source, utm_medium and utm_campaign alone" },
    { ES_RULE_EVENT, "query.UTM_SOURCE = 1", "col 1: \"query.UTM_SOURCE\" is "
      "not known of an event; it has utm_source, utm_medium and "
      "utm_campaign alone" },
    { ES_RULE_EVENT, "query exists",
      "col 1: \"query\" needs a name, as in query.utm_source" },
    { ES_RULE_EVENT, "choice = x",
      "col 1: \"choice\" needs a name, as in choice.hero" },
    { ES_RULE_EVENT, "choice. = x",
      "col 1: \"choice\" needs a name, as in choice.hero" },
    { ES_RULE_EVENT, "choice.Hero = x", "col 1: no choice is called "
      "\"Hero\": they have small letters, digits, \"-\" and \"_\"" },
    { ES_RULE_EVENT, "tpye = goal",
      "col 1: unknown field \"tpye\", did you mean \"type\"?" },
    { ES_RULE_EVENT, "type.x = goal",
      "col 1: unknown field \"type.x\", did you mean \"type\"?" },
    { ES_RULE_EVENT, "goal = quote",
      "col 1: unknown field \"goal\", did you mean \"type = goal\"?" },
    { ES_RULE_EVENT, "utm_source = x",
      "col 1: unknown field \"utm_source\", did you mean \"source\"?" },
    { ES_RULE_EVENT, "url = x",
      "col 1: unknown field \"url\", did you mean \"path\"?" },
    { ES_RULE_EVENT, "segments = x",
      "col 1: unknown field \"segments\", did you mean \"segment\"?" },
    { ES_RULE_EVENT, "variant.hero = x",
      "col 1: unknown field \"variant.hero\", did you mean "
      "\"choice.hero\"?" },
    { ES_RULE_EVENT, "agnt = x", "col 1: unknown field \"agnt\"; an event "
      "has type, label, value, path, country and others" },
    { ES_RULE_EVENT, "type = goal or click", "col 16: unknown field "
      "\"click\", did you mean \"type = click\"?" },
    { ES_RULE_EVENT, "type = a or b", "col 13: unknown field \"b\"; several "
      "values are written as a list: country in (DE, AT)" },
    { ES_RULE_EVENT, "type == goal",
      "col 6: unknown operator \"==\", did you mean \"=\"?" },

    { ES_RULE_VISITOR, "type = goal", "col 1: unknown field \"type\"" ONLY },
    { ES_RULE_VISITOR, "new or LABEL = x",
      "col 8: unknown field \"LABEL\"" ONLY },
    { ES_RULE_VISITOR, "value > 1", "col 1: unknown field \"value\"" ONLY },
    { ES_RULE_VISITOR, "ms > 1", "col 1: unknown field \"ms\"" ONLY },
    { ES_RULE_VISITOR, "status = 200",
      "col 1: unknown field \"status\"" ONLY },
    { ES_RULE_VISITOR, "visitor = x",
      "col 1: unknown field \"visitor\"" ONLY },
    { ES_RULE_VISITOR, "choice.hero = x",
      "col 1: unknown field \"choice.hero\"" ONLY },
    { ES_RULE_VISITOR, "visitor.size = x", "col 1: unknown field "
      "\"visitor.size\", did you mean \"profile.size\"?" },
    { ES_RULE_VISITOR, "page = x", "col 1: unknown field \"page\", did you "
      "mean \"path\"? (only events have it)" },
    { ES_RULE_VISITOR, "campaign = x", "col 1: unknown field \"campaign\", "
      "did you mean \"query.utm_campaign\"? (only events have it)" },
    { ES_RULE_VISITOR, "tpye = goal", "col 1: unknown field \"tpye\"; a "
      "field of the profile is written profile.NAME" },
    { 0, NULL, NULL }
};


static void
test_errors(void)
{
    size_t           i;
    check_pool_t     pool = check_pool_init();
    es_rule_error_t  err;

    for (i = 0; errors[i].rule != NULL; i++) {
        check(es_rule_compile(text(errors[i].rule), errors[i].scope,
                              &pool.pool, &err) == NULL);
        check_str(text(err.text), errors[i].error);
    }

    check_pool_free(&pool);
}


/* What every field says in the scope that is not its own: never silence. */
static void
test_scopes(void)
{
    int              i;
    char             rule_text[64];
    es_rule_t       *rules[2];
    check_pool_t     pool = check_pool_init();
    es_rule_error_t  err;
    static const char  only_visitor[] =
        "continent region city asn organization method agent crawler consent "
        "new cookie profile ";
    static const char  only_event[] =
        "type label value ms status source medium campaign visitor page "
        "choice ";

    for (i = 0; i < ES_FIELD_COUNT; i++) {
        snprintf(rule_text, sizeof(rule_text), "%s%s = 1",
                 es_rule_field_name((es_field_e) i),
                 i == ES_FIELD_QUERY ? ".utm_source"
                 : i == ES_FIELD_COOKIE || i == ES_FIELD_PROFILE
                   || i == ES_FIELD_CHOICE ? ".a" : "");

        rules[0] = es_rule_compile(text(rule_text), ES_RULE_VISITOR,
                                   &pool.pool, &err);
        rules[1] = es_rule_compile(text(rule_text), ES_RULE_EVENT,
                                   &pool.pool, &err);

        snprintf(rule_text, sizeof(rule_text), "%s ",
                 es_rule_field_name((es_field_e) i));

        check((rules[0] != NULL) == (strstr(only_event, rule_text) == NULL));
        check((rules[1] != NULL) == (strstr(only_visitor, rule_text)
                                     == NULL));
    }

    /* fields of visitors come first, so that a table of theirs is short */
    check(ES_FIELD_TYPE == ES_FIELD_PROFILE + 1);

    check_pool_free(&pool);
}


#define HOST  "of an event it is a host alone"
#define VIEW  "it is the id of a view, whose path is \"path\""

static const struct {
    es_rule_scope_e  scope;
    const char      *rule;
    const char      *warning;
} warnings[] = {
    { ES_RULE_EVENT, "type = 'a goal'", "col 8: type is never \"a goal\": "
      "types have letters, digits, \"-\" and \"_\", 32 in all at most" },
    { ES_RULE_EVENT, "type in (goal, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)",
      "col 16: type is never \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\": types "
      "have letters, digits, \"-\" and \"_\", 32 in all at most" },
    { ES_RULE_EVENT, "type = ''", "col 8: type is never \"\": types have "
      "letters, digits, \"-\" and \"_\", 32 in all at most" },
    { ES_RULE_EVENT, "type = veiw", NULL },
    { ES_RULE_EVENT, "type = My-Own_7", NULL },
    { ES_RULE_EVENT, "type = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
    { ES_RULE_EVENT, "ms = long",
      "col 6: ms is never \"long\": it is a whole number of milliseconds" },
    { ES_RULE_EVENT, "ms = 1.5",
      "col 6: ms is never \"1.5\": it is a whole number of milliseconds" },
    { ES_RULE_EVENT, "ms = 900", NULL },
    { ES_RULE_EVENT, "ms > long", "col 6: this is never true: \"long\" is "
      "neither a number nor a date like 2026-12-24" },
    { ES_RULE_EVENT, "status = OK",
      "col 10: status is never \"OK\": it is a number, as in 200" },
    { ES_RULE_EVENT, "status in (200, 304)", NULL },
    { ES_RULE_EVENT, "value = '19,90'",
      "col 9: value is never \"19,90\": it is a number, as in 19.9" },
    { ES_RULE_EVENT, "value = -",
      "col 9: value is never \"-\": it is a number, as in 19.9" },
    { ES_RULE_EVENT, "value = high",
      "col 9: value is never \"high\": it is a number, as in 19.9" },
    { ES_RULE_EVENT, "value in (-19.9, 1e+30)", NULL },
    { ES_RULE_EVENT, "visitor = 'A B'", "col 11: visitor is never \"A B\": "
      "it is an id, of letters, digits, \".\", \"_\" and \"-\"" },
    { ES_RULE_EVENT, "visitor = log-1.A_b", NULL },
    { ES_RULE_EVENT, "page = /pumps/", "col 8: page is never \"/pumps/\": "
      VIEW },
    { ES_RULE_EVENT, "page ~ '^/x'", "col 8: page has no \"/\": " VIEW },
    { ES_RULE_EVENT, "page starts with /x", "col 18: page has no \"/\": "
      VIEW },
    { ES_RULE_EVENT, "page starts with d5", NULL },
    { ES_RULE_EVENT, "choice.hero = 'a,b'", "col 15: choice is never "
      "\"a,b\": events have \"_\" for \",\" and \"=\" in it" },
    { ES_RULE_EVENT, "choice.hero = a_b", NULL },
    { ES_RULE_EVENT, "referrer = https://example.com", "col 12: referrer is "
      "never \"https://example.com\": " HOST },
    { ES_RULE_EVENT, "referrer !~* '^https?://'", "col 14: referrer has no "
      "\"/\": " HOST },
    { ES_RULE_EVENT, "referrer contains google.", NULL },
    { ES_RULE_EVENT, "path ~ '^/x' and label = a/b", NULL },
    { ES_RULE_EVENT, "country = XX", "col 11: country is never \"XX\": an "
      "unknown one is asked for with: country missing" },
    { ES_RULE_EVENT, "device = phone", "col 10: device is never \"phone\": "
      "devices are mobile, tablet and desktop" },
    { ES_RULE_VISITOR, "referrer = https://example.com/", NULL },
    { ES_RULE_VISITOR, "referrer ~ '^https://'", NULL },
    { 0, NULL, NULL }
};


static void
test_warnings(void)
{
    size_t           i;
    es_rule_t       *rule;
    check_pool_t     pool = check_pool_init();
    es_rule_error_t  err;

    for (i = 0; warnings[i].rule != NULL; i++) {
        rule = es_rule_compile(text(warnings[i].rule), warnings[i].scope,
                               &pool.pool, &err);
        check(rule != NULL);

        if (rule != NULL) {
            check_str(text(rule->warning ? rule->warning : "(none)"),
                      warnings[i].warning ? warnings[i].warning : "(none)");
            es_rule_destroy(rule);
        }
    }

    /* the two names of a field are one */
    rule = es_rule_compile(es_str("source = a or query.utm_source = b or "
                                  "choice.a = b or choice.b = c"),
                           ES_RULE_EVENT, &pool.pool, &err);
    check(rule != NULL && rule->nfields == 3);
    check(rule->fields[0].kind == ES_FIELD_SOURCE);
    check(rule->fields[0].name.len == 0);
    check(rule->fields[2].kind == ES_FIELD_CHOICE);
    check_str(rule->fields[2].name, "b");

    check_pool_free(&pool);
}


int
main(void)
{
    test_truth();
    test_errors();
    test_scopes();
    test_warnings();

    return check_done();
}
