/*
 * Values that a field can never have: a rule that asks for them is well formed
 * and cannot mean what it says.
 */
#include "rule_program.h"
#include "text.h"


#define ES_PAGE_IS_ID        "it is the id of a view, whose path is \"path\""
#define ES_REFERRER_IS_HOST  "of an event it is a host alone"

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
es_is_one(es_str_t s, const char *const *names)
{
    while (*names != NULL && !es_rule_is(s, *names)) {
        names++;
    }

    return *names != NULL;
}


/* Why no country is equal to it, NULL where one may be. */
static const char *
es_no_country(es_str_t s)
{
    if (es_rule_is(s, "XX")) {
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


/* Whether s has up to `max` of these, and letters and digits. */
static bool
es_is_of(es_str_t s, const char *others, size_t max)
{
    char    c;
    size_t  i;

    for (i = 0; i < s.len; i++) {
        c = es_lower(s.data[i]);

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')
            && (c == '\0' || strchr(others, c) == NULL))
        {
            return false;
        }
    }

    return s.len > 0 && s.len <= max;
}


static const char *
es_no_number(es_str_t s, int64_t min, int64_t max, const char *reason)
{
    es_rule_number_t  n;

    if (es_rule_number(s, &n) && n.whole >= min && n.whole <= max
        && n.fraction == 0)
    {
        return NULL;
    }

    return reason;
}


/* Not as one writes a number, perhaps with an exponent. */
static const char *
es_no_worth(es_str_t s)
{
    size_t  i;

    i = s.len > 0 && (s.data[0] == '-' || s.data[0] == '+') ? 1 : 0;

    if (i == s.len || s.data[i] < '0' || s.data[i] > '9') {
        return "it is a number, as in 19.9";
    }

    for ( /* void */ ; i < s.len; i++) {
        if (s.data[i] == '\0' || strchr("0123456789.eE+-", s.data[i]) == NULL) {
            return "it is a number, as in 19.9";
        }
    }

    return NULL;
}


static bool
es_has(es_str_t s, char c)
{
    return s.len > 0 && memchr(s.data, c, s.len) != NULL;
}


/* Of fields that events have, and visitors have not. */
static const char *
es_no_event_literal(es_field_e kind, es_str_t s)
{
    switch (kind) {

    case ES_FIELD_TYPE:
        return es_is_of(s, "-_", 32)
               ? NULL : "types have letters, digits, \"-\" and \"_\", 32 in "
                        "all at most";

    case ES_FIELD_MS:
        return es_no_number(s, 0, INT64_MAX,
                            "it is a whole number of milliseconds");

    case ES_FIELD_STATUS:
        return es_no_number(s, 100, 599, "it is a number, as in 200");

    case ES_FIELD_VALUE:
        return es_no_worth(s);

    case ES_FIELD_VISITOR:
        return es_is_of(s, "._-", 64)
               ? NULL : "it is an id, of letters, digits, \".\", \"_\" and "
                        "\"-\"";

    case ES_FIELD_PAGE:
        return es_is_of(s, "", 24)
               ? NULL : ES_PAGE_IS_ID;

    case ES_FIELD_CHOICE:
        return es_has(s, ',') || es_has(s, '=')
               ? "events have \"_\" for \",\" and \"=\" in it" : NULL;

    default:
        return NULL;
    }
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
        return es_rule_is(s, "1")
               ? NULL : "it is 1 or missing, and asked for by its name alone";

    default:
        return es_no_event_literal(kind, s);
    }
}


bool
es_rule_check_literal(es_field_e kind, es_rule_scope_e scope,
    es_str_t literal, size_t column, es_rule_error_t *err)
{
    const char      *reason;
    es_rule_quote_t  quote;

    reason = es_no_literal(kind, literal);

    if (reason == NULL && kind == ES_FIELD_REFERRER && scope == ES_RULE_EVENT
        && es_has(literal, '/'))
    {
        reason = ES_REFERRER_IS_HOST;
    }

    if (reason == NULL) {
        return true;
    }

    return es_rule_fail(err, column, "%s is never \"%s\": %s",
                        es_rule_field_name(kind),
                        es_rule_quote(quote, literal), reason);
}


/* What people who know the fields of visitors are likely to get wrong. */
bool
es_rule_check_part(es_field_e kind, es_rule_scope_e scope, es_str_t literal,
    size_t column, es_rule_error_t *err)
{
    const char  *reason;

    if (scope != ES_RULE_EVENT || !es_has(literal, '/')) {
        return true;
    }

    switch (kind) {

    case ES_FIELD_PAGE:
        reason = ES_PAGE_IS_ID;
        break;

    case ES_FIELD_REFERRER:
        reason = ES_REFERRER_IS_HOST;
        break;

    default:
        return true;
    }

    return es_rule_fail(err, column, "%s has no \"/\": %s",
                        es_rule_field_name(kind), reason);
}
