/*
 * The names of a rule: fields, what may be meant by a name that is none, and
 * which literals a field can never be equal to.
 */
#include "rule_program.h"
#include "text.h"


#define ES_CASELESS  1          /* compared without regard to case */
#define ES_NAMED     2          /* goes on with a dot and a name */

static const struct {
    const char  *name;
    unsigned     flags;
} es_fields[ES_FIELD_COUNT] = {
    [ES_FIELD_COUNTRY]      = { "country", ES_CASELESS },
    [ES_FIELD_CONTINENT]    = { "continent", ES_CASELESS },
    [ES_FIELD_REGION]       = { "region", 0 },
    [ES_FIELD_CITY]         = { "city", 0 },
    [ES_FIELD_ASN]          = { "asn", 0 },
    [ES_FIELD_ORGANIZATION] = { "organization", 0 },
    [ES_FIELD_LANGUAGE]     = { "language", ES_CASELESS },
    [ES_FIELD_INDUSTRY]     = { "industry", 0 },
    [ES_FIELD_SEGMENT]      = { "segment", 0 },
    [ES_FIELD_PATH]         = { "path", 0 },
    [ES_FIELD_HOST]         = { "host", ES_CASELESS },
    [ES_FIELD_METHOD]       = { "method", 0 },
    [ES_FIELD_REFERRER]     = { "referrer", 0 },
    [ES_FIELD_AGENT]        = { "agent", 0 },
    [ES_FIELD_DEVICE]       = { "device", ES_CASELESS },
    [ES_FIELD_CRAWLER]      = { "crawler", 0 },
    [ES_FIELD_CONSENT]      = { "consent", 0 },
    [ES_FIELD_NEW]          = { "new", 0 },
    [ES_FIELD_VISITS]       = { "visits", 0 },
    [ES_FIELD_VIEWS]        = { "views", 0 },
    [ES_FIELD_HOUR]         = { "hour", 0 },
    [ES_FIELD_WEEKDAY]      = { "weekday", ES_CASELESS },
    [ES_FIELD_DATE]         = { "date", 0 },
    [ES_FIELD_QUERY]        = { "query", ES_NAMED },
    [ES_FIELD_COOKIE]       = { "cookie", ES_NAMED },
    [ES_FIELD_PROFILE]      = { "profile", ES_NAMED }
};


typedef struct {
    const char  *said;
    const char  *meant;
} es_hint_t;


/* Too far from what is meant for the distance between the words to tell. */
static const es_hint_t  es_field_hints[] = {
    { "url", "path" }, { "uri", "path" }, { "page", "path" },
    { "useragent", "agent" }, { "user_agent", "agent" },
    { "browser", "agent" }, { "bot", "crawler" }, { "robot", "crawler" },
    { "lang", "language" }, { "locale", "language" },
    { "day", "weekday" }, { "time", "hour" }, { "domain", "host" },
    { "branch", "industry" }, { "sector", "industry" },
    { "org", "organization" }, { "isp", "organization" },
    { "utm_source", "query.utm_source" },
    { "utm_medium", "query.utm_medium" },
    { "utm_campaign", "query.utm_campaign" },
    { "utm_term", "query.utm_term" }, { "utm_content", "query.utm_content" },
    { "company", "profile.company" },
    { NULL, NULL }
};

/* The same of what stands before a dot. */
static const es_hint_t  es_prefix_hints[] = {
    { "arg", "query" }, { "args", "query" }, { "param", "query" },
    { "user", "profile" }, { "visitor", "profile" }, { "crm", "profile" },
    { NULL, NULL }
};

static const es_hint_t  es_operator_hints[] = {
    { "is", "=" }, { "equals", "=" }, { "eq", "=" }, { "ne", "!=" },
    { "lt", "<" }, { "le", "<=" }, { "gt", ">" }, { "ge", ">=" },
    { "like", "contains" }, { "includes", "contains" },
    { "has", "contains" }, { "matches", "~" }, { "regex", "~" },
    { "begins", "starts with" }, { "startswith", "starts with" },
    { "starts_with", "starts with" }, { "endswith", "ends with" },
    { "ends_with", "ends with" }, { "any", "in" }, { "one", "in" },
    { "unknown", "missing" }, { "empty", "missing" }, { "set", "exists" },
    { NULL, NULL }
};

static const char *const  es_operators[] = {
    "in", "between", "contains", "starts with", "ends with", "exists",
    "missing", "and", "or", "not", NULL
};

static const char *const  es_weekdays[] = {
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL
};

static const char *const  es_continents[] = {
    "AF", "AN", "AS", "EU", "NA", "OC", "SA", NULL
};

static const char *const  es_devices[] = {
    "mobile", "tablet", "desktop", NULL
};


static bool
es_is(es_str_t s, const char *name)
{
    return es_str_case_eq(s, (es_str_t) { strlen(name), name });
}


static bool
es_is_one(es_str_t s, const char *const *names)
{
    while (*names != NULL && !es_is(s, *names)) {
        names++;
    }

    return *names != NULL;
}


static const char *
es_hint(const es_hint_t *hints, es_str_t s)
{
    while (hints->said != NULL && !es_is(s, hints->said)) {
        hints++;
    }

    return hints->meant;
}


#define ES_DISTANCE_MAX  16     /* bytes of a word */

/*
 * How many letters are wrong, missing, too many or exchanged with the next one
 * ("optimal string alignment" distance), whatever their case.
 */
static unsigned
es_distance(es_str_t a, const char *name)
{
    char      x, y;
    size_t    i, j, len;
    unsigned  d[ES_DISTANCE_MAX + 1][ES_DISTANCE_MAX + 1], best;

    len = strlen(name);

    if (a.len > ES_DISTANCE_MAX || len > ES_DISTANCE_MAX) {
        return ES_DISTANCE_MAX;
    }

    for (i = 0; i <= a.len; i++) {
        for (j = 0; j <= len; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = (unsigned) (i + j);
                continue;
            }

            x = es_lower(a.data[i - 1]);
            y = es_lower(name[j - 1]);

            best = d[i - 1][j - 1] + (x != y);
            best = best < d[i - 1][j] + 1 ? best : d[i - 1][j] + 1;
            best = best < d[i][j - 1] + 1 ? best : d[i][j - 1] + 1;

            if (i > 1 && j > 1 && x == es_lower(name[j - 2])
                && es_lower(a.data[i - 2]) == y
                && best > d[i - 2][j - 2] + 1)
            {
                best = d[i - 2][j - 2] + 1;
            }

            d[i][j] = best;
        }
    }

    return d[a.len][len];
}


/* Remembers the name if it is the nearest so far, and near enough. */
static void
es_nearer(es_str_t s, const char *name, unsigned *distance,
    const char **nearest)
{
    unsigned  d = es_distance(s, name);

    if (d < *distance && d <= (strlen(name) + 1) / 3) {
        *distance = d;
        *nearest = name;
    }
}


static const char *
es_nearest(es_str_t s, const char *const *names)
{
    unsigned     distance = 3;
    const char  *nearest = NULL;

    for ( /* void */ ; *names != NULL; names++) {
        es_nearer(s, *names, &distance, &nearest);
    }

    return nearest;
}


static bool
es_unknown_field(const es_token_t *token, es_str_t base, bool stray,
    es_rule_error_t *err)
{
    bool             dotted;
    size_t           i;
    unsigned         distance;
    const char      *meant;
    es_rule_quote_t  quote, rest;

    dotted = base.len < token->text.len;
    meant = es_hint(dotted ? es_prefix_hints : es_field_hints, base);
    distance = 3;

    for (i = 0; meant == NULL && i < ES_FIELD_COUNT; i++) {
        if (es_is(base, es_fields[i].name)) {
            meant = es_fields[i].name;
            dotted = false;
        }
    }

    for (i = 0; (meant == NULL || distance < 3) && i < ES_FIELD_COUNT; i++) {
        if (!dotted || (es_fields[i].flags & ES_NAMED)) {
            es_nearer(base, es_fields[i].name, &distance, &meant);
        }
    }

    es_rule_quote(quote, token->text);

    if (meant == NULL && stray) {
        return es_rule_fail(err, token->column,
                            "unknown field \"%s\"; several values are "
                            "written as a list: country in (DE, AT)", quote);
    }

    if (meant == NULL) {
        return es_rule_fail(err, token->column,
                            "unknown field \"%s\"; a field of the profile "
                            "is written profile.NAME", quote);
    }

    rest[0] = '\0';

    if (dotted) {
        es_rule_quote(rest, (es_str_t) { token->text.len - base.len,
                                         token->text.data + base.len });
    }

    return es_rule_fail(err, token->column,
                        "unknown field \"%s\", did you mean \"%s%s\"?",
                        quote, meant, rest);
}


bool
es_rule_find_field(const es_token_t *token, bool stray,
    es_rule_field_t *field, es_rule_error_t *err)
{
    bool         dotted;
    size_t       i;
    es_str_t     base;
    const char  *dot;

    base = token->text;
    dot = memchr(base.data, '.', base.len);

    if (dot != NULL) {
        base.len = (size_t) (dot - base.data);
    }

    dotted = dot != NULL && base.len + 1 < token->text.len;

    for (i = 0; i < ES_FIELD_COUNT; i++) {
        if (!es_is(base, es_fields[i].name)) {
            continue;
        }

        if ((es_fields[i].flags & ES_NAMED) && !dotted) {
            return es_rule_fail(err, token->column,
                                "\"%s\" needs a name, as in %s.%s",
                                es_fields[i].name, es_fields[i].name,
                                i == ES_FIELD_QUERY ? "utm_source"
                                                    : "company");
        }

        if (!(es_fields[i].flags & ES_NAMED) && dot != NULL) {
            break;
        }

        field->kind = (es_field_e) i;
        field->name = es_null_str;
        field->bind = 0;

        if (dotted) {
            field->name.data = dot + 1;
            field->name.len = token->text.len - base.len - 1;
        }

        return true;
    }

    return es_unknown_field(token, base, stray, err);
}


bool
es_rule_field_caseless(es_field_e kind)
{
    return es_fields[kind].flags & ES_CASELESS;
}


const char *
es_rule_field_name(es_field_e kind)
{
    return es_fields[kind].name;
}


bool
es_rule_unknown_operator(const es_token_t *token, es_rule_error_t *err)
{
    const char      *meant;
    es_rule_quote_t  quote;

    es_rule_quote(quote, token->text);

    meant = es_hint(es_operator_hints, token->text);

    if (meant == NULL) {
        meant = es_nearest(token->text, es_operators);
    }

    if (meant == NULL) {
        return es_rule_fail(err, token->column,
                            "unknown operator \"%s\"; conditions are joined "
                            "with \"and\" or \"or\"", quote);
    }

    return es_rule_fail(err, token->column,
                        "unknown operator \"%s\", did you mean \"%s\"?",
                        quote, meant);
}


/* Why no country is equal to it, NULL where one may be. */
static const char *
es_no_country(es_str_t s)
{
    if (es_is(s, "XX")) {
        return "an unknown one is asked for with: country missing";
    }

    if (s.len == 2 && es_lower(s.data[0]) >= 'a' && es_lower(s.data[0]) <= 'z'
        && es_lower(s.data[1]) >= 'a' && es_lower(s.data[1]) <= 'z')
    {
        return NULL;
    }

    return "countries have two letters, as in DE";
}


static const char *
es_no_hour(es_str_t s)
{
    es_rule_number_t  n;

    if (es_rule_number(s, &n) && n.whole >= 0 && n.whole <= 23
        && n.fraction == 0 && !(s.len > 1 && s.data[0] == '0'))
    {
        return NULL;
    }

    return "hours are numbers from 0 to 23";
}


static const char *
es_no_literal(es_field_e kind, es_str_t s)
{
    switch (kind) {

    case ES_FIELD_COUNTRY:
        return es_no_country(s);

    case ES_FIELD_CONTINENT:
        return es_is_one(s, es_continents)
               ? NULL : "continents are AF, AN, AS, EU, NA, OC and SA";

    case ES_FIELD_DEVICE:
        return es_is_one(s, es_devices)
               ? NULL : "devices are mobile, tablet and desktop";

    case ES_FIELD_WEEKDAY:
        return es_is_one(s, es_weekdays)
               ? NULL : "weekdays are mon, tue, wed, thu, fri, sat and sun";

    case ES_FIELD_HOUR:
        return es_no_hour(s);

    case ES_FIELD_DATE:
        return es_rule_is_date(s) ? NULL : "dates are as in 2026-12-24";

    case ES_FIELD_INDUSTRY:
        return es_tag_valid(s)
               ? NULL : "industries have small letters, digits and \"-\" only";

    case ES_FIELD_CRAWLER:
    case ES_FIELD_CONSENT:
    case ES_FIELD_NEW:
        return es_is(s, "1")
               ? NULL : "it is 1 or missing, and asked for by its name alone";

    default:
        return NULL;
    }
}


bool
es_rule_check_literal(es_field_e kind, es_str_t literal, size_t column,
    es_rule_error_t *err)
{
    const char      *reason;
    es_rule_quote_t  quote;

    reason = es_no_literal(kind, literal);

    if (reason == NULL) {
        return true;
    }

    return es_rule_fail(err, column, "%s is never \"%s\": %s",
                        es_fields[kind].name, es_rule_quote(quote, literal),
                        reason);
}
