/*
 * The names of a rule: fields, and what may be meant by a name that is none, or
 * none of what the rule is about.
 */
#include "rule_program.h"
#include "text.h"


/* Flags of a field beside the scopes that know it. */
#define ES_CASELESS  4          /* compared without regard to case */
#define ES_NAMED     8          /* goes on with a dot and a name */

#define ES_VISITOR   ES_RULE_VISITOR
#define ES_EVENT     ES_RULE_EVENT
#define ES_BOTH      (ES_RULE_VISITOR | ES_RULE_EVENT)

static const struct {
    const char  *name;
    unsigned     flags;
} es_fields[ES_FIELD_COUNT] = {
    [ES_FIELD_COUNTRY]      = { "country", ES_BOTH | ES_CASELESS },
    [ES_FIELD_CONTINENT]    = { "continent", ES_VISITOR | ES_CASELESS },
    [ES_FIELD_REGION]       = { "region", ES_VISITOR },
    [ES_FIELD_CITY]         = { "city", ES_VISITOR },
    [ES_FIELD_ASN]          = { "asn", ES_VISITOR },
    [ES_FIELD_ORGANIZATION] = { "organization", ES_VISITOR },
    [ES_FIELD_LANGUAGE]     = { "language", ES_BOTH | ES_CASELESS },
    [ES_FIELD_INDUSTRY]     = { "industry", ES_BOTH },
    [ES_FIELD_SEGMENT]      = { "segment", ES_BOTH },
    [ES_FIELD_PATH]         = { "path", ES_BOTH },
    [ES_FIELD_HOST]         = { "host", ES_BOTH | ES_CASELESS },
    [ES_FIELD_METHOD]       = { "method", ES_VISITOR },
    [ES_FIELD_REFERRER]     = { "referrer", ES_BOTH },
    [ES_FIELD_AGENT]        = { "agent", ES_VISITOR },
    [ES_FIELD_DEVICE]       = { "device", ES_BOTH | ES_CASELESS },
    [ES_FIELD_CRAWLER]      = { "crawler", ES_VISITOR },
    [ES_FIELD_CONSENT]      = { "consent", ES_VISITOR },
    [ES_FIELD_NEW]          = { "new", ES_VISITOR },
    [ES_FIELD_VISITS]       = { "visits", ES_BOTH },
    [ES_FIELD_VIEWS]        = { "views", ES_BOTH },
    [ES_FIELD_HOUR]         = { "hour", ES_BOTH },
    [ES_FIELD_WEEKDAY]      = { "weekday", ES_BOTH | ES_CASELESS },
    [ES_FIELD_DATE]         = { "date", ES_BOTH },
    [ES_FIELD_QUERY]        = { "query", ES_BOTH | ES_NAMED },
    [ES_FIELD_COOKIE]       = { "cookie", ES_VISITOR | ES_NAMED },
    [ES_FIELD_PROFILE]      = { "profile", ES_VISITOR | ES_NAMED },
    [ES_FIELD_TYPE]         = { "type", ES_EVENT | ES_CASELESS },
    [ES_FIELD_LABEL]        = { "label", ES_EVENT },
    [ES_FIELD_VALUE]        = { "value", ES_EVENT },
    [ES_FIELD_MS]           = { "ms", ES_EVENT },
    [ES_FIELD_STATUS]       = { "status", ES_EVENT },
    [ES_FIELD_SOURCE]       = { "source", ES_EVENT },
    [ES_FIELD_MEDIUM]       = { "medium", ES_EVENT },
    [ES_FIELD_CAMPAIGN]     = { "campaign", ES_EVENT },
    [ES_FIELD_VISITOR]      = { "visitor", ES_EVENT },
    [ES_FIELD_PAGE]         = { "page", ES_EVENT },
    [ES_FIELD_CHOICE]       = { "choice", ES_EVENT | ES_NAMED }
};


typedef struct {
    const char  *said;
    const char  *meant;
} es_hint_t;


/* Too far from what is meant for the distance between the words to tell. */
static const es_hint_t  es_field_hints[] = {
    { "url", "path" }, { "uri", "path" },
    { "lang", "language" }, { "locale", "language" },
    { "day", "weekday" }, { "time", "hour" }, { "domain", "host" },
    { "branch", "industry" }, { "sector", "industry" },
    { NULL, NULL }
};

static const es_hint_t  es_visitor_hints[] = {
    { "page", "path" },
    { "useragent", "agent" }, { "user_agent", "agent" },
    { "browser", "agent" }, { "bot", "crawler" }, { "robot", "crawler" },
    { "org", "organization" }, { "isp", "organization" },
    { "utm_source", "query.utm_source" }, { "source", "query.utm_source" },
    { "utm_medium", "query.utm_medium" }, { "medium", "query.utm_medium" },
    { "utm_campaign", "query.utm_campaign" },
    { "campaign", "query.utm_campaign" },
    { "utm_term", "query.utm_term" }, { "utm_content", "query.utm_content" },
    { "company", "profile.company" },
    { NULL, NULL }
};

static const es_hint_t  es_event_hints[] = {
    { "event", "type" }, { "kind", "type" },
    { "goal", "type = goal" }, { "click", "type = click" },
    { "scroll", "type = scroll" }, { "dwell", "ms" }, { "duration", "ms" },
    { "name", "label" }, { "worth", "value" }, { "amount", "value" },
    { "price", "value" }, { "revenue", "value" },
    { "utm_source", "source" }, { "utm_medium", "medium" },
    { "utm_campaign", "campaign" },
    { "user", "visitor" },
    { "variants", "choice.NAME" }, { "variant", "choice.NAME" },
    { NULL, NULL }
};

/* The same of what stands before a dot. */
static const es_hint_t  es_visitor_prefix_hints[] = {
    { "arg", "query" }, { "args", "query" }, { "param", "query" },
    { "user", "profile" }, { "visitor", "profile" }, { "crm", "profile" },
    { NULL, NULL }
};

static const es_hint_t  es_event_prefix_hints[] = {
    { "arg", "query" }, { "args", "query" }, { "param", "query" },
    { "variants", "choice" }, { "variant", "choice" },
    { "experiment", "choice" },
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

static const char *
es_hint(const es_hint_t *hints, es_str_t s)
{
    while (hints->said != NULL && !es_rule_is(s, hints->said)) {
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


static const char *
es_field_hint(es_str_t base, es_rule_scope_e scope, bool dotted)
{
    const char  *meant;

    if (dotted) {
        return es_hint(scope == ES_RULE_EVENT ? es_event_prefix_hints
                                              : es_visitor_prefix_hints, base);
    }

    meant = es_hint(es_field_hints, base);

    if (meant != NULL) {
        return meant;
    }

    return es_hint(scope == ES_RULE_EVENT ? es_event_hints : es_visitor_hints,
                   base);
}


/* The field of that name in any scope, ES_FIELD_COUNT if there is none. */
static es_field_e
es_field_named(es_str_t name)
{
    size_t  i;

    for (i = 0; i < ES_FIELD_COUNT; i++) {
        if (es_rule_is(name, es_fields[i].name)) {
            break;
        }
    }

    return (es_field_e) i;
}


/* A visitor's field in a rule about an event: what else there is to ask. */
static bool
es_not_of_events(const es_token_t *token, es_field_e kind,
    es_rule_error_t *err)
{
    const char      *remedy;
    es_rule_quote_t  quote;

    switch (kind) {

    case ES_FIELD_CRAWLER:
        remedy = "those of crawlers are not recorded";
        break;

    case ES_FIELD_CONSENT:
        remedy = "ask for: visitor exists";
        break;

    case ES_FIELD_QUERY:
        remedy = "it has utm_source, utm_medium and utm_campaign alone";
        break;

    default:
        remedy = "make it a segment, and ask for that: segment = NAME";
    }

    return es_rule_fail(err, token->column,
                        "\"%s\" is not known of an event; %s",
                        es_rule_quote(quote, token->text), remedy);
}


/* Nothing similar is known: says what there is. */
static bool
es_strange_field(const es_token_t *token, es_rule_scope_e scope, bool stray,
    es_rule_error_t *err)
{
    const char      *help;
    es_rule_quote_t  quote;

    if (stray) {
        help = "several values are written as a list: country in (DE, AT)";

    } else if (scope == ES_RULE_EVENT) {
        help = "an event has type, label, value, path, country and others";

    } else {
        help = "a field of the profile is written profile.NAME";
    }

    return es_rule_fail(err, token->column, "unknown field \"%s\"; %s",
                        es_rule_quote(quote, token->text), help);
}


/* The name that is nearest, of those that may go on with a dot if it does. */
static const char *
es_nearest_field(es_str_t base, es_rule_scope_e scope, bool dotted)
{
    size_t       i;
    unsigned     distance = 3;
    const char  *nearest = NULL;

    for (i = 0; i < ES_FIELD_COUNT; i++) {
        if ((es_fields[i].flags & scope)
            && (!dotted || (es_fields[i].flags & ES_NAMED)))
        {
            es_nearer(base, es_fields[i].name, &distance, &nearest);
        }
    }

    return nearest;
}


static bool
es_unknown_field(const es_token_t *token, es_str_t base,
    es_rule_scope_e scope, bool stray, es_rule_error_t *err)
{
    bool             dotted, foreign;
    es_field_e       kind;
    const char      *meant;
    es_rule_quote_t  quote, rest;

    dotted = base.len < token->text.len;
    kind = es_field_named(base);
    foreign = kind < ES_FIELD_COUNT && !(es_fields[kind].flags & scope);

    if (foreign && scope == ES_RULE_EVENT) {
        return es_not_of_events(token, kind, err);
    }

    meant = es_field_hint(base, scope, dotted);

    if (meant == NULL && foreign) {
        return es_rule_fail(err, token->column,
                            "unknown field \"%s\"; only events have it, and "
                            "rules of topics and scores ask for it",
                            es_rule_quote(quote, token->text));
    }

    if (meant == NULL && kind < ES_FIELD_COUNT) {
        meant = es_fields[kind].name;
        dotted = false;

    } else if (meant == NULL) {
        meant = es_nearest_field(base, scope, dotted);
    }

    if (meant == NULL) {
        return es_strange_field(token, scope, stray, err);
    }

    rest[0] = '\0';

    if (dotted) {
        es_rule_quote(rest, (es_str_t) { token->text.len - base.len,
                                         token->text.data + base.len });
    }

    return es_rule_fail(err, token->column,
                        "unknown field \"%s\", did you mean \"%s%s\"?%s",
                        es_rule_quote(quote, token->text), meant, rest,
                        foreign && !dotted ? " (only events have it)" : "");
}


/* What a name after the dot has to be like. */
static bool
es_check_name(const es_token_t *token, es_rule_field_t *field,
    es_rule_scope_e scope, es_rule_error_t *err)
{
    es_rule_quote_t  quote;

    if (field->kind == ES_FIELD_CHOICE && !es_name_valid(field->name)) {
        return es_rule_fail(err, token->column,
                            "no choice is called \"%s\": they have small "
                            "letters, digits, \"-\" and \"_\"",
                            es_rule_quote(quote, field->name));
    }

    if (field->kind != ES_FIELD_QUERY || scope != ES_RULE_EVENT) {
        return true;
    }

    if (es_str_eq(field->name, es_str("utm_source"))) {
        field->kind = ES_FIELD_SOURCE;

    } else if (es_str_eq(field->name, es_str("utm_medium"))) {
        field->kind = ES_FIELD_MEDIUM;

    } else if (es_str_eq(field->name, es_str("utm_campaign"))) {
        field->kind = ES_FIELD_CAMPAIGN;

    } else {
        return es_not_of_events(token, ES_FIELD_QUERY, err);
    }

    field->name = es_null_str;

    return true;
}


bool
es_rule_find_field(const es_token_t *token, es_rule_scope_e scope, bool stray,
    es_rule_field_t *field, es_rule_error_t *err)
{
    es_str_t     base;
    unsigned     flags;
    const char  *dot;

    base = token->text;
    dot = memchr(base.data, '.', base.len);

    if (dot != NULL) {
        base.len = (size_t) (dot - base.data);
    }

    field->kind = es_field_named(base);
    field->name = es_null_str;
    field->bind = 0;

    flags = field->kind < ES_FIELD_COUNT ? es_fields[field->kind].flags : 0;

    if (!(flags & scope) || (dot != NULL && !(flags & ES_NAMED))) {
        return es_unknown_field(token, base, scope, stray, err);
    }

    if (!(flags & ES_NAMED)) {
        return true;
    }

    if (dot == NULL || base.len + 1 == token->text.len) {
        return es_rule_fail(err, token->column,
                            "\"%s\" needs a name, as in %s.%s",
                            es_fields[field->kind].name,
                            es_fields[field->kind].name,
                            field->kind == ES_FIELD_QUERY ? "utm_source"
                            : field->kind == ES_FIELD_CHOICE ? "hero"
                                                             : "company");
    }

    field->name.data = dot + 1;
    field->name.len = token->text.len - base.len - 1;

    return es_check_name(token, field, scope, err);
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
