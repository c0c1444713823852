/* Settings of the learner: what there is, and what they may be. */
#include <stdlib.h>
#include <time.h>

#include "../core/text.h"
#include "lessons.h"


typedef enum {
    ES_SETTING_WHOLE,                  /* int64_t */
    ES_SETTING_FRACTION,               /* double */
    ES_SETTING_TAGS,                   /* es_str_t, as the next */
    ES_SETTING_ZONE
} es_setting_kind_e;

/* Where it is kept, and what it may be */
typedef struct {
    const char         *name;
    size_t              offset;
    es_setting_kind_e   kind;
    int64_t             least, most;
    const char         *meaning;
} es_setting_t;

#define es_setting(field, kind, least, most, meaning)                         \
    { #field, offsetof(es_settings_t, field), ES_SETTING_##kind, least, most, \
      meaning }

static const es_setting_t  es_setting_list[] = {
    es_setting(visit_minutes, WHOLE, 1, 1440, "a longer pause ends a visit"),
    es_setting(interest_days, WHOLE, 1, 3650,
               "after so long, half of an interest is left"),
    es_setting(industries, TAGS, 0, 0,
               "topics that are industries, with blanks between; empty: all"),
    es_setting(industry_score, FRACTION, 0, 1000000,
               "what the strongest industry must have"),
    es_setting(industry_margin, FRACTION, 1, 1000000,
               "and how many times the second"),
    es_setting(lead_threshold, WHOLE, 1, 1000000000, "points of a lead"),
    es_setting(profile_days, WHOLE, 1, 3650,
               "how long a profile is kept after the last event"),
    es_setting(counter_days, WHOLE, 1, 3650,
               "how long a day's counters are kept"),
    es_setting(counter_values, WHOLE, 1, 100000,
               "values of a dimension in a day"),
    es_setting(timezone, ZONE, 0, 0,
               "of days, and of hour, weekday, date in rules"),
    { NULL, 0, ES_SETTING_WHOLE, 0, 0, NULL }
};


void
es_settings_default(es_settings_t *settings)
{
    settings->profile_days = 180;
    settings->counter_days = 730;
    settings->counter_values = 1000;
    settings->visit_minutes = 30;
    settings->interest_days = 14;
    settings->lead_threshold = 50;
    settings->industry_score = 3;
    settings->industry_margin = 2;
    settings->industries = es_null_str;
    settings->timezone = es_str("UTC");
}


void
es_settings_zone(const es_settings_t *settings)
{
    setenv("TZ", settings->timezone.data, 1);
    tzset();
}


static bool
es_setting_number(es_settings_t *settings, const es_setting_t *setting,
    es_str_t value, char *why, size_t size)
{
    char    buf[32] = "", *end;
    void   *field = (char *) settings + setting->offset;
    double  number;

    if (value.len > 0 && value.len < sizeof(buf)) {
        memcpy(buf, value.data, value.len);
    }

    number = strtod(buf, &end);

    if (end == buf || *end != '\0'
        || !(number >= (double) setting->least
             && number <= (double) setting->most)
        || (setting->kind == ES_SETTING_WHOLE
            && number != (double) (int64_t) number))
    {
        snprintf(why, size, "a %snumber from %lld to %lld, not \"%s\"",
                 setting->kind == ES_SETTING_WHOLE ? "whole " : "",
                 (long long) setting->least, (long long) setting->most,
                 es_shown(value));
        return false;
    }

    if (setting->kind == ES_SETTING_FRACTION) {
        *(double *) field = number;

    } else {
        *(int64_t *) field = (int64_t) number;
    }

    return true;
}


/* "machinery medical food" */
static bool
es_setting_industries(es_str_t value)
{
    size_t    n;
    es_str_t  tag;

    while (value.len > 0) {
        for (n = 0; n < value.len && value.data[n] != ' '; n++) { /* void */ }

        tag = (es_str_t) { n, value.data };

        if (n > 0 && !es_tag_valid(tag)) {
            return false;
        }

        n += n < value.len;
        value.data += n;
        value.len -= n;
    }

    return true;
}


/* A zone of the system's database, or UTC */
static bool
es_setting_timezone(es_str_t value)
{
    FILE  *file;
    char   path[128];

    if (es_str_eq(value, es_str("UTC"))) {
        return true;
    }

    if (value.len == 0 || value.len > 64 || value.data[0] == '/'
        || value.data[0] == '.' || !es_text_safe(value))
    {
        return false;
    }

    snprintf(path, sizeof(path), "/usr/share/zoneinfo/%.*s", (int) value.len,
             value.data);

    file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }

    fclose(file);

    return true;
}


bool
es_setting_set(es_settings_t *settings, es_str_t name, es_str_t value,
    char *why, size_t size)
{
    bool                 good;
    void                *at;
    const es_setting_t  *setting;

    for (setting = es_setting_list;
         setting->name != NULL && !es_str_eq(name, es_text(setting->name));
         setting++)
    {
        /* void */
    }

    if (setting->name == NULL) {
        snprintf(why, size, "there is no such setting");
        return false;
    }

    at = (char *) settings + setting->offset;

    switch (setting->kind) {

    case ES_SETTING_TAGS:
        snprintf(why, size, "tags with blanks between, as in \"machinery "
                 "food\"");
        good = es_setting_industries(value);
        break;

    case ES_SETTING_ZONE:
        snprintf(why, size, "a time zone, as in \"Europe/Vienna\" (of the "
                 "package tzdata), not \"%s\"", es_shown(value));
        good = es_setting_timezone(value);
        break;

    default:
        return es_setting_number(settings, setting, value, why, size);
    }

    if (good) {
        *(es_str_t *) at = value;
    }

    return good;
}


const char *
es_setting_name(size_t i, const char **meaning)
{
    *meaning = es_setting_list[i].meaning;

    return es_setting_list[i].name;
}


es_str_t
es_setting_value(const es_settings_t *settings, size_t i, char *buf)
{
    const void          *at;
    const es_setting_t  *setting = &es_setting_list[i];

    at = (const char *) settings + setting->offset;

    switch (setting->kind) {

    case ES_SETTING_WHOLE:
        snprintf(buf, ES_SETTING_TEXT, "%lld",
                 (long long) *(const int64_t *) at);
        return es_text(buf);

    case ES_SETTING_FRACTION:
        snprintf(buf, ES_SETTING_TEXT, "%.10g", *(const double *) at);
        return es_text(buf);

    default:
        return *(const es_str_t *) at;
    }
}
