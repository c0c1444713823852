/*
 * The rule language, by tables: what holds for one visitor, what is refused
 * and with which words, what is warned of, and what regexes may cost.
 */
#include <time.h>

#include "../../ngx_exportsite_module/core/rule.h"
#include "check.h"


typedef struct {
    es_rule_env_t   env;
    const char     *path;           /* replaces the visitor's, if any */
    size_t          path_len;
    unsigned        reads;
} visitor_t;

/* A buyer in Graz, on a Thursday afternoon, who has been here before. */
static const struct {
    es_field_e   kind;
    const char  *name;
    const char  *value;
} facts[] = {
    { ES_FIELD_COUNTRY, "", "AT" },
    { ES_FIELD_CONTINENT, "", "EU" },
    { ES_FIELD_CITY, "", "Graz" },
    { ES_FIELD_ASN, "", "8447" },
    { ES_FIELD_LANGUAGE, "", "zh-Hans" },
    { ES_FIELD_INDUSTRY, "", "machinery" },
    { ES_FIELD_PATH, "", "/pumps/x-200.html" },
    { ES_FIELD_HOST, "", "www.example.com" },
    { ES_FIELD_METHOD, "", "GET" },
    { ES_FIELD_REFERRER, "", "https://www.google.at/" },
    { ES_FIELD_DEVICE, "", "mobile" },
    { ES_FIELD_CONSENT, "", "1" },
    { ES_FIELD_VISITS, "", "3" },
    { ES_FIELD_VIEWS, "", "0" },
    { ES_FIELD_HOUR, "", "14" },
    { ES_FIELD_WEEKDAY, "", "thu" },
    { ES_FIELD_DATE, "", "2026-12-24" },
    { ES_FIELD_QUERY, "utm_campaign", "Spring" },
    { ES_FIELD_QUERY, "empty", "" },
    { ES_FIELD_QUERY, "code", "007" },
    { ES_FIELD_COOKIE, "seen", "0" },
    { ES_FIELD_PROFILE, "size", "120" },
    { ES_FIELD_PROFILE, "Size", "large" },
    { ES_FIELD_PROFILE, "rate", "-0.50" },
    { ES_FIELD_PROFILE, "seven", "7" },
    { ES_FIELD_PROFILE, "long", "1234567890123456789" },
    { ES_FIELD_PROFILE, "wörk", "schön" },
    { ES_FIELD_PROFILE, "since", "2025-01-31" },
    { ES_FIELD_PROFILE, "note", "it's a \"test\" \\o/" },
    { ES_FIELD_PROFILE, "word", "not" },
};


static bool
visitor_field(es_rule_env_t *env, const es_rule_field_t *field,
    es_str_t *value)
{
    size_t      i;
    visitor_t  *v = (visitor_t *) env;

    v->reads++;

    if (field->kind == ES_FIELD_PATH && v->path != NULL) {
        *value = (es_str_t) { v->path_len, v->path };
        return true;
    }

    for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        if (facts[i].kind == field->kind
            && es_str_eq(field->name, (es_str_t) { strlen(facts[i].name),
                                                   facts[i].name }))
        {
            value->data = facts[i].value;
            value->len = strlen(facts[i].value);
            return true;
        }
    }

    return false;
}


static bool
visitor_segment(es_rule_env_t *env, uint32_t index)
{
    (void) env;
    return index == 1;
}


static const char *const  true_rules[] = {

    /* equality, case, literals */
    "country = AT", "country = at", "COUNTRY=At", "country != DE",
    "country in (DE, AT, CH)", "country in(de,at)", "Country Not In (DE, CH)",
    "not country in (DE)", "language = ZH-hans", "weekday = THU",
    "device = Mobile", "continent = eu", "host = WWW.Example.com",
    "city = Graz", "city != graz", "method = GET", "method != get",
    "city = 'Graz'", "city = \"Graz\"", "path = /pumps/x-200.html",
    "profile.wörk = schön", "profile.word = not", "profile.word in (or, not)",
    "profile.word = not and city = Graz", "industry != and",
    "profile.note = 'it\\'s a \"test\" \\\\o/'",
    "profile.note = \"it's a \\\"test\\\" \\o/\"",
    "profile.Size = large", "profile.size = 120", "PROFILE.size = 120",

    /* numbers */
    "visits = 3", "visits = 3.0", "visits = +3", "visits != 4",
    "visits = '3'", "visits != '3.0'", "visits != 03", "query.code = 007",
    "query.code = 7", "query.code != '7'", "query.code = 7.00",
    "profile.seven != 007", "profile.seven in (007, 7)",
    "visits in (1, 2, 3)", "visits not in (1, 2)", "profile.rate = -0.5",
    "profile.rate < 0", "profile.rate > -0.51", "not profile.rate < -.5",
    "visits > 2.999999999999999999", "visits < 3.000000000000000001",
    "visits >= 3", "visits <= 3", "visits < 4", "not visits < 3",
    "visits > '2'", "visits > 02", "asn = 8447", "views = 0", "views = -0",
    "profile.size between 50 and 500", "profile.size between 120 and 120",
    "profile.size not between 1 and 119", "hour between 8 and 18",
    "profile.long = 1234567890123456789", "not profile.long > 1",
    "not city > 1", "not city < 1", "not visits > Graz",
    "not visits between 1 and 2026-01-01",

    /* dates */
    "date = 2026-12-24", "date >= 2026-12-24", "date < 2027-01-01",
    "date between 2026-12-01 and 2026-12-24", "profile.since < 2025-02-01",
    "not date > 5", "not visits < 2026-01-01", "date < '2027-01-01'",
    "not date < 2027-13-01",

    /* parts of text */
    "path starts with /pumps/", "path ends with .html", "path contains s/x",
    "path not contains S/X", "path not starts with /x", "path Not Ends With x",
    "referrer contains \"google.\"", "language starts with ZH",
    "language ends with hans", "language contains H-H", "host contains EXAM",
    "host contains .COM", "host contains www.EXAMPLE.com",
    "path contains ''", "query.empty starts with ''", "query.empty = ''",
    "path contains \"/pumps/x-200.html\"",
    "not path contains /pumps/x-200.htmlx",
    "not query.empty contains x",

    /* regexes */
    "path ~ /pumps/", "path ~ \"^/pumps/\"", "path !~ '^/x'",
    "path ~* \"^/PUMPS/\"", "path !~* '^/X'", "path ~\"^/p.*\\d+\\.html$\"",
    "path ~ '/(pump)s/.*\\.(html|php)$'", "query.empty ~ '^$'",
    "path ~ ''", "profile.note ~ '\\\\\\\\o'", "city ~ raz",
    "profile.wörk ~ 'sch..n'", "path !~ 'PUMPS'",

    /* missing values */
    "region missing", "not region exists", "query.utm_campaign exists",
    "query.UTM_campaign missing", "region != x", "region not in (x)",
    "region !~ '.'", "region !~* '.'", "region not contains x",
    "region not starts with ''", "region not ends with ''",
    "region not between 1 and 2", "not region = x", "not region < 1",
    "not region >= 1", "not region ~ '.*'", "not region contains ''",
    "query.empty exists", "profile.size exists and profile.none missing",

    /* bare fields */
    "consent", "not crawler", "not new", "visits", "not views",
    "not cookie.seen", "cookie.seen exists", "not query.empty",
    "(consent)", "city and consent", "cRaWLer or CONSENT",

    /* segments: the second one that a rule names holds */
    "segment in (a, b)", "segment != a", "segment = a or segment = b",
    "segment not in (a)", "segment = a or not segment != b",
    "not segment = 'a'", "segment != a and segment in (b)",

    /* precedence */
    "new or consent and city", "consent or new and new", "not new and consent",
    "not (new and consent)", "not (not consent)", "not not consent",
    "(new or consent) and city", "not new or consent",
    "not crawler and not new and (city = Wien or city = Graz)",
    "new and new or consent and consent", "not (new or crawler) and consent",
    "not city = Wien and consent", "((((consent))))",
    "consent and (new or (city and (new or (visits and not new))))",
    "visits between 1 and 3 and consent",
    "not visits between 1 and 2 or new",
    "consent\tand\r\nvisits\n=\n3",
    NULL
};


static const char *const  false_rules[] = {
    "country = DE", "country in (DE, CH)", "country = IN",
    "country in (IN, OR)", "country = not", "country = XX",
    "host = www.exams1e.com",
    "country not in (AT)", "city = graz", "city = GRAZ", "industry = Machinery",
    "visits = '3.0'", "visits = 03", "visits in ('03', 03, '3.0')",
    "profile.seven = 007", "profile.seven = '07'", "visits != 3.0",
    "query.code = '7'", "visits > 3", "visits < 3", "visits > 3.0",
    "city > 0", "visits > Graz", "visits <= Graz", "profile.long > 5",
    "profile.long <= 5", "visits between 3 and 1",
    "visits between 1 and 2026-01-01", "date > 5", "date between 1 and 2",
    "path contains PUMPS", "path starts with pumps", "path ends with .htm",
    "path starts with /pumps/x-200.html/", "query.empty contains x",
    "path ~ PUMPS", "path ~ '^pumps'", "path !~* pumps", "city ~ '\\d'",
    "region exists", "region", "region = ''", "region in ('')",
    "region < 1", "region between 0 and 1", "region ~ ''", "region contains ''",
    "region starts with ''", "crawler", "new", "views", "cookie.seen",
    "query.empty", "consent missing", "query.empty missing",
    "segment = a", "segment in (a, c)", "segment != b", "segment = none",
    "new and consent or new", "(new or consent) and crawler",
    "not (new or consent)", "not new and crawler", "not not new",
    "not consent or new", "consent and not visits",
    "not visits between 1 and 3 or new",
    NULL
};


static bool
holds(visitor_t *v, const char *rule_text)
{
    bool              result;
    size_t            i;
    es_rule_t        *rule;
    check_pool_t      pool = check_pool_init();
    es_rule_error_t   err;

    rule = es_rule_compile(text(rule_text), ES_RULE_VISITOR, &pool.pool, &err);

    if (rule == NULL) {
        fprintf(stderr, "\"%s\": %s\n", rule_text, err.text);
        check(rule != NULL);
        check_pool_free(&pool);
        return false;
    }

    for (i = 0; i < rule->nsegments; i++) {
        rule->segments[i].index = es_str_eq(rule->segments[i].name,
                                            es_str("a")) ? 0
                                  : es_str_eq(rule->segments[i].name,
                                              es_str("b")) ? 1
                                  : ES_SEGMENT_UNKNOWN;
    }

    result = es_rule_eval(rule, &v->env);

    es_rule_destroy(rule);
    check_pool_free(&pool);

    return result;
}


static void
check_truth(visitor_t *v, const char *rule, bool want)
{
    bool  got;
    char  inverse[512];

    got = holds(v, rule);

    if (got != want) {
        fprintf(stderr, "\"%s\" is %d\n", rule, got);
    }

    check(got == want);

    snprintf(inverse, sizeof(inverse), "not (%s)", rule);
    check(holds(v, inverse) == !want);
}


static void
test_truth(visitor_t *v)
{
    size_t  i;

    for (i = 0; true_rules[i] != NULL; i++) {
        check_truth(v, true_rules[i], true);
    }

    for (i = 0; false_rules[i] != NULL; i++) {
        check_truth(v, false_rules[i], false);
    }

    check(v->env.regex_limit_hits == 0);
}


static const struct {
    const char  *rule;
    const char  *error;
} errors[] = {
    { "contry = DE", "col 1: unknown field \"contry\", did you mean "
                     "\"country\"?" },
    { "not contry = DE", "col 5: unknown field \"contry\", did you mean "
                         "\"country\"?" },
    { "query.x = 1 and profil.a = 2",
      "col 17: unknown field \"profil.a\", did you mean \"profile.a\"?" },
    { "arg.x = 1", "col 1: unknown field \"arg.x\", did you mean "
                   "\"query.x\"?" },
    { "country.x = 1", "col 1: unknown field \"country.x\", did you mean "
                       "\"country\"?" },
    { "url ~ x", "col 1: unknown field \"url\", did you mean \"path\"?" },
    { "utm_source = x", "col 1: unknown field \"utm_source\", did you mean "
                        "\"query.utm_source\"?" },
    { "company_size > 5", "col 1: unknown field \"company_size\"; a field of "
                          "the profile is written profile.NAME" },
    { "country = DE or AT", "col 17: unknown field \"AT\"; several values "
                            "are written as a list: country in (DE, AT)" },
    { "query exists", "col 1: \"query\" needs a name, as in "
                      "query.utm_source" },
    { "profile. = 1", "col 1: \"profile\" needs a name, as in "
                      "profile.company" },
    { "country == DE", "col 9: unknown operator \"==\", did you mean "
                       "\"=\"?" },
    { "new && consent", "col 5: unknown operator \"&&\", did you mean "
                        "\"and\"?" },
    { "new || consent", "col 5: unknown operator \"||\", did you mean "
                        "\"or\"?" },
    { "path =~ x", "col 6: unknown operator \"=~\", did you mean \"~\"?" },
    { "country <> DE", "col 9: unknown operator \"<>\", did you mean "
                       "\"!=\"?" },
    { "!crawler", "col 1: \"!\" alone is no operator, did you mean "
                  "\"not\"?" },
    { "$country = DE", "col 1: fields are written without \"$\", as in: "
                       "country = DE" },
    { "path contain x", "col 6: unknown operator \"contain\", did you mean "
                        "\"contains\"?" },
    { "path startswith x", "col 6: unknown operator \"startswith\", did you "
                           "mean \"starts with\"?" },
    { "country is DE", "col 9: unknown operator \"is\", did you mean "
                       "\"=\"?" },
    { "new xor consent", "col 5: unknown operator \"xor\", did you mean "
                         "\"or\"?" },
    { "new whatever consent", "col 5: unknown operator \"whatever\"; "
                              "conditions are joined with \"and\" or "
                              "\"or\"" },
    { "path starts x", "col 13: expected \"with\" after \"starts\", not "
                       "\"x\"" },
    { "path not exists", "col 10: instead of \"not exists\" write "
                         "\"missing\", instead of \"not missing\" write "
                         "\"exists\"" },
    { "path not = x", "col 10: expected \"in\", \"between\", \"contains\", "
                      "\"starts with\" or \"ends with\" after \"not\", not "
                      "\"=\"" },
    { "", "col 1: expected a condition, but the rule ends here" },
    { "  ", "col 3: expected a condition, but the rule ends here" },
    { "new and", "col 8: expected a condition, but the rule ends here" },
    { "new and and", "col 9: expected a condition, not \"and\"" },
    { "or", "col 1: expected a condition, not \"or\"" },
    { "'country' = DE", "col 1: expected a condition, not \"country\"" },
    { "()", "col 2: expected a condition, not \")\"" },
    { "(new", "col 1: this \"(\" is never closed" },
    { "new and (consent or (new)", "col 9: this \"(\" is never closed" },
    { "new)", "col 4: there is no \"(\" for this \")\"" },
    { "(new consent)", "col 6: unknown operator \"consent\"; conditions are "
                       "joined with \"and\" or \"or\"" },
    { "(new) consent", "col 7: unexpected \"consent\"; conditions are joined "
                       "with \"and\" or \"or\"" },
    { "country =", "col 10: expected a value, but the rule ends here" },
    { "country = (DE, AT)", "col 11: expected a value; a list is written: "
                            "country in (DE, AT)" },
    { "country = DE, AT", "col 13: unexpected \",\"; a list is written: "
                          "country in (DE, AT)" },
    { "country in DE", "col 12: expected a list in parentheses, as in "
                       "(DE, AT), not \"DE\"" },
    { "country in ()", "col 13: expected a value, not \")\"" },
    { "country in (DE,)", "col 16: expected a value, not \")\"" },
    { "country in (DE AT)", "col 16: expected \",\" or \")\", not \"AT\"" },
    { "country in (DE", "col 12: this \"(\" is never closed" },
    { "city = New York", "col 12: unexpected \"York\"; a value of several "
                         "words needs quotes, conditions are joined with "
                         "\"and\" or \"or\"" },
    { "city = 'Graz", "col 8: this ' is never closed" },
    { "city = \"Graz\\\"", "col 8: this \" is never closed" },
    { "city = 'a\\'", "col 8: this ' is never closed" },
    { "city = “Graz”", "col 8: a curly quote; type a straight one, "
                       "\" or '" },
    { "country = DE\xc2\xa0or new", "col 13: a no-break space; type a plain "
                                    "one" },
    { "visits between 1", "col 17: expected \"and\" and the second value of "
                          "\"between\", but the rule ends here" },
    { "visits between 1 or 2", "col 18: expected \"and\" and the second "
                               "value of \"between\", not \"or\"" },
    { "path ~ ^/x", "col 8: \"^\" can only stand inside quotes, '...' or "
                    "\"...\"" },
    { "city = a;b", "col 9: \";\" can only stand inside quotes, '...' or "
                    "\"...\"" },
    { "city = \x01", "col 8: a control character (0x01)" },
    { "segment exists", "col 9: expected \"=\", \"!=\", \"in\" or \"not "
                        "in\" after \"segment\", not \"exists\"" },
    { "segment", "col 8: expected \"=\", \"!=\", \"in\" or \"not in\" after "
                 "\"segment\", but the rule ends here" },
    { "segment not contains a", "col 13: expected \"in\" after \"segment "
                                "not\", not \"contains\"" },
    { "segment ~ a", "col 9: expected \"=\", \"!=\", \"in\" or \"not in\" "
                     "after \"segment\", not \"~\"" },
    { "path ~ 'a('", "col 11: in this regular expression: missing closing "
                     "parenthesis" },
    { "path ~ '\\'\\'[z-a]'", "col 16: in this regular expression: range "
                              "out of order in character class" },
    { "path ~ '\\C'", "col 11: in this regular expression: using \\C is "
                      "disabled by the application" },
    { "path ~ '(*UTF)x'", "col 15: in this regular expression: using UTF is "
                          "disabled by the application" },
    { "path ~ '(a+)\\1'", "col 8: back references like \\1 are not taken; "
                          "nothing bounds their time" },
    { "path ~ '(?:ab){5000}'", "col 8: this regular expression is too "
                               "large; repeat less in it" },
    { "\x1b[31m\x9c\xc2\x85ü", "col 1: a control character (0x1b)" },
    { "x\x9c\xc2\x85ü = 1", "col 1: unknown field \"x???ü\"; a field of the "
                            "profile is written profile.NAME" },
    { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaü = 1",
      "col 1: unknown field \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\"; a field "
      "of the profile is written profile.NAME" },
    { NULL, NULL }
};


static void
check_error(es_str_t rule, const char *want)
{
    char             column[32];
    check_pool_t     pool = check_pool_init();
    es_rule_error_t  err;

    memset(&err, 0, sizeof(err));
    check(es_rule_compile(rule, ES_RULE_VISITOR, &pool.pool, &err) == NULL);
    check_str(text(err.text), want);

    if (strncmp(want, "col ", 4) == 0) {
        snprintf(column, sizeof(column), "col %zu: ", err.column);
        check(strncmp(err.text, column, strlen(column)) == 0);
    }

    check_pool_free(&pool);
}


static void
test_errors(void)
{
    size_t  i;

    for (i = 0; errors[i].rule != NULL; i++) {
        check_error(text(errors[i].rule), errors[i].error);
    }

    check_error(es_str("new \0 x"), "col 5: a control character (0x00)");
    check_error(es_null_str, "col 1: expected a condition, but the rule ends "
                             "here");
}


static const struct {
    const char  *rule;
    const char  *warning;
} warnings[] = {
    { "weekday = monday", "col 11: weekday is never \"monday\": weekdays are "
                          "mon, tue, wed, thu, fri, sat and sun" },
    { "new or country in (DE, Germany)",
      "col 24: country is never \"Germany\": countries have two letters, as "
      "in DE" },
    { "country = XX", "col 11: country is never \"XX\": an unknown one is "
                      "asked for with: country missing" },
    { "hour = 24", "col 8: hour is never \"24\": hours are numbers from 0 to "
                   "23" },
    { "hour = 08", "col 8: hour is never \"08\": hours are numbers from 0 to "
                   "23" },
    { "continent != Europe", "col 14: continent is never \"Europe\": "
                             "continents are AF, AN, AS, EU, NA, OC and SA" },
    { "device = phone", "col 10: device is never \"phone\": devices are "
                        "mobile, tablet and desktop" },
    { "date = 24.12.2026", "col 8: date is never \"24.12.2026\": dates are "
                           "as in 2026-12-24" },
    { "consent = yes", "col 11: consent is never \"yes\": it is 1 or "
                       "missing, and asked for by its name alone" },
    { "industry = Medical", "col 12: industry is never \"Medical\": "
                            "industries have small letters, digits and "
                            "\"-\" only" },
    { "visits > many", "col 10: this is never true: \"many\" is neither a "
                       "number nor a date like 2026-12-24" },
    { "hour between 22 and 6", "col 6: nothing is between these two: the "
                               "smaller one comes first" },
    { "date between 2026-12-24 and 2026-12-01",
      "col 6: nothing is between these two: the smaller one comes first" },
    { "visits between 1 and 2026-12-01",
      "col 8: nothing is between these two: the smaller one comes first" },
    { "weekday in (mon, TUE) and country = de and hour = 23 and continent = "
      "eu and device = tablet and date = 2026-02-01 and consent = 1 and "
      "industry = a-1 and hour between 6 and 22 and visits > 1.5", NULL },
    { NULL, NULL }
};


static void
test_warnings(void)
{
    size_t           i;
    es_rule_t       *rule;
    check_pool_t     pool = check_pool_init();
    es_rule_error_t  err;

    for (i = 0; warnings[i].rule != NULL; i++) {
        rule = es_rule_compile(text(warnings[i].rule), ES_RULE_VISITOR,
                               &pool.pool, &err);
        check(rule != NULL);

        if (rule != NULL && warnings[i].warning != NULL) {
            check_str(text(rule->warning ? rule->warning : "(none)"),
                      warnings[i].warning);

        } else if (rule != NULL) {
            check(rule->warning == NULL);
        }
    }

    check_pool_free(&pool);
}


/* What a host sees of a compiled rule, and what evaluation reads of it. */
static void
test_program(visitor_t *v)
{
    es_rule_t       *rule;
    check_pool_t     pool = check_pool_init();
    es_rule_error_t  err;
    char             source[] = "Visits > 1 and QUERY.A = 1 and visits < 9 "
                                "or segment in (x, y) or segment != x";

    rule = es_rule_compile(text(source), ES_RULE_VISITOR, &pool.pool, &err);
    check(rule != NULL);

    memset(source, '?', sizeof(source));

    check(rule->nfields == 3);
    check(rule->fields[0].kind == ES_FIELD_VISITS);
    check(rule->fields[1].kind == ES_FIELD_QUERY);
    check_str(rule->fields[1].name, "A");
    check(rule->fields[2].kind == ES_FIELD_SEGMENT);
    check(rule->fields[1].bind == 0);
    check(rule->nsegments == 2);
    check_str(rule->segments[0].name, "x");
    check_str(rule->segments[1].name, "y");
    check(rule->segments[0].index == ES_SEGMENT_UNKNOWN);
    check(rule->nregexes == 0);
    es_rule_destroy(rule);

    /* and, or stop as soon as they know */
    v->reads = 0;
    check(holds(v, "consent or new or crawler"));
    check(v->reads == 1);

    v->reads = 0;
    check(!holds(v, "not consent and (new or crawler) and visits > 1"));
    check(v->reads == 1);

    v->reads = 0;
    check(holds(v, "not (new and crawler and consent) and visits"));
    check(v->reads == 2);

    check(strcmp(es_rule_field_name(ES_FIELD_PROFILE), "profile") == 0);

    check_pool_free(&pool);
}


/* All the limits at once: just what fits, and one more. */
static void
test_limits(visitor_t *v)
{
    char             big[ES_RULE_MAX + 8];
    size_t           i, len;
    es_rule_t       *rule;
    check_pool_t     pool = check_pool_init();
    es_rule_error_t  err;

    memset(big, '(', ES_RULE_DEPTH);
    memcpy(big + ES_RULE_DEPTH, "consent", 7);
    memset(big + ES_RULE_DEPTH + 7, ')', ES_RULE_DEPTH);
    big[2 * ES_RULE_DEPTH + 7] = '\0';
    check(holds(v, big));

    memset(big, '(', ES_RULE_MAX);
    check_error((es_str_t) { ES_RULE_MAX, big },
                "col 65: more than 64 parentheses inside each other");
    check_error((es_str_t) { ES_RULE_MAX + 1, big },
                "col 4097: a rule has at most 4096 bytes");

    /* the next one may begin where one ended */
    len = 0;
    for (i = 0; i < 100; i++) {
        len += (size_t) sprintf(big + len, "%s((consent))", i ? " and " : "");
    }
    check(holds(v, big));

    memset(big, ' ', ES_RULE_MAX);
    memcpy(big, "city in (a", 10);
    for (i = 10; i < ES_RULE_MAX - 10; i += 2) {
        memcpy(big + i, ",a", 2);
    }
    memcpy(big + ES_RULE_MAX - 10, ", 'Graz')", 9);
    big[ES_RULE_MAX] = '\0';
    check(holds(v, big));

    for (i = 0; i + 4 <= ES_RULE_MAX - 8; i += 4) {
        memcpy(big + i, "not ", 4);
    }
    memcpy(big + ES_RULE_MAX - 8, " consent", 8);
    rule = es_rule_compile((es_str_t) { ES_RULE_MAX, big }, ES_RULE_VISITOR,
                           &pool.pool, &err);
    check(rule != NULL && es_rule_eval(rule, &v->env));

    check_pool_free(&pool);
}


static double
milliseconds(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_MONOTONIC, &t);

    return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}


/* What PCRE2 does not count is counted by us: minutes otherwise. */
static void
test_regex_evasions(visitor_t *v)
{
    size_t             i;
    static const char *evasive[] = {
        "path ~ '(?:.(?!.*Z))*+[12]'", "path ~ '(?>(?:.(?=.*a))*)[12]'",
        "path ~ '(?:(?=[^5]*)a)++[12]'", "path ~ '(?:a(?<!b)(?=.*a))*+[12]'",
        "path ~ '(?:(?:a(?!.*Z)){1,9}+)*[12]'",
        "path ~ '(*NO_JIT)(?:.(?!.*Z))*+[12]'"
    };

    v->env.regex_limit_hits = 0;

    for (i = 0; i < sizeof(evasive) / sizeof(evasive[0]); i++) {
        (void) holds(v, evasive[i]);
    }

    check(v->env.regex_limit_hits == i);

    /* as they are meant to be used */
    v->path = "/pumps/coolant/";
    v->path_len = strlen(v->path);
    check(holds(v, "path ~ '^/(?!admin)[a-z]++/' and path ~ '(?<=/)cool'"));
    check(holds(v, "path ~ '(?i)PUMPS' and path !~ '/(?=admin)'"));
    check(v->env.regex_limit_hits == i);
}


/* From wherever a match may begin: all of them together have one limit. */
static void
test_regex_starts(visitor_t *v)
{
    v->path_len = 1000;
    v->env.regex_limit_hits = 0;
    check(!holds(v, "path ~ '(?:a|b)*[xy]'"));
    check(v->env.regex_limit_hits == 1);
    check(!holds(v, "path ~ '^(?:a|b)*[xy]'"));
    check(v->env.regex_limit_hits == 1);
}


/* Patterns that explode, on the longest subject: soon over, false, counted. */
static void
test_regex_limit(visitor_t *v)
{
    char      path[ES_RULE_SUBJECT + 1];
    double    start;

    memset(path, 'a', sizeof(path));
    path[ES_RULE_SUBJECT - 1] = '!';
    v->path = path;
    v->path_len = ES_RULE_SUBJECT;
    v->env.regex_limit_hits = 0;

    start = milliseconds();
    check(!holds(v, "path ~ '(a+)+$'"));
    check(v->env.regex_limit_hits == 1);
    check(holds(v, "path !~ '^(a|a)*$' or consent missing"));
    check(v->env.regex_limit_hits == 2);
    check(milliseconds() - start < 1000);

    /* within PCRE2's own limit, but not within ours */
    v->path_len = 200;
    check(!holds(v, "path ~ 'a*a*a*[xy]'"));
    check(v->env.regex_limit_hits == 3);

    test_regex_starts(v);
    v->path_len = ES_RULE_SUBJECT;
    test_regex_evasions(v);
    check(milliseconds() - start < 3000);
    v->env.regex_limit_hits = 3;
    v->path = path;
    v->path_len = ES_RULE_SUBJECT;

    /* what is in its length is seen whole, what is not is given up */
    check(holds(v, "path ~ '!$'"));
    check(v->env.regex_limit_hits == 3);

    v->path_len = ES_RULE_SUBJECT + 1;
    check(!holds(v, "path ~ '^a'"));
    check(v->env.regex_limit_hits == 4);
    check(holds(v, "path starts with aaa"));

    v->path_len = 0;
    check(holds(v, "path ~ '^$' and path = '' and not path"));
    v->path = "";
    check(!holds(v, "path ~ x or path contains x or path > 0"));
    check(v->env.regex_limit_hits == 4);

    v->path = NULL;
}


int
main(void)
{
    visitor_t     v;
    check_pool_t  pool = check_pool_init();

    memset(&v, 0, sizeof(v));
    v.env.field = visitor_field;
    v.env.segment = visitor_segment;
    v.env.scratch = es_rule_scratch_create(&pool.pool);
    check(v.env.scratch != NULL);

    test_truth(&v);
    test_errors();
    test_warnings();
    test_program(&v);
    test_limits(&v);
    test_regex_limit(&v);

    check_pool_free(&pool);

    return check_done();
}
