/* Options about a visitor that no visitor can be like. */
#include <stdlib.h>
#include <time.h>

#include "segment.h"


#define ES_DOUBT_VALUE  128            /* bytes that are looked at */


/*
 * What the compiler of rules says of `field = "value"`: it knows what a field
 * never is. NULL: nothing.
 */
static const char *
es_doubt_rule(es_heap_t *heap, es_field_e kind, es_str_t value)
{
    int               len;
    char              text[ES_DOUBT_VALUE * 2 + 64], *p;
    size_t            i;
    es_rule_t        *rule;
    const char       *says;
    es_rule_error_t   err;

    len = snprintf(text, 32, "%s = \"", es_rule_field_name(kind));
    p = text + len;

    for (i = 0; i < value.len && i < ES_DOUBT_VALUE; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\') {
            *p++ = '\\';
        }

        *p++ = value.data[i];
    }

    *p++ = '"';

    rule = es_rule_compile((es_str_t) { (size_t) (p - text), text },
                           ES_RULE_VISITOR, es_heap_pool(heap), &err);

    if (rule == NULL) {
        return NULL;
    }

    says = rule->warning ? strstr(rule->warning, ": ") : NULL;
    says = says ? es_heap_copy(heap, es_text(says + 2)).data : NULL;
    es_rule_destroy(rule);

    return says;
}


static bool
es_doubt_whole(es_str_t value)
{
    return strspn(value.data, "0123456789") == value.len;
}


void
es_segment_doubt(es_field_e kind, const char *option, es_str_t value)
{
    es_heap_t   *heap;
    const char  *says;

    if (kind == ES_FIELD_QUERY || kind == ES_FIELD_COOKIE
        || kind == ES_FIELD_PROFILE)
    {
        return;
    }

    heap = es_heap_create();
    says = es_doubt_rule(heap, kind, value);

    if ((kind == ES_FIELD_VISITS || kind == ES_FIELD_VIEWS)
        && !es_doubt_whole(value))
    {
        says = "it is a whole number, as in 3";

    } else if (kind == ES_FIELD_PATH && value.data[0] != '/') {
        says = "a path begins with \"/\"";
    }

    if (says != NULL) {
        es_fail("warning: --%s \"%s\": %s", option, es_shown(value), says);
    }

    es_heap_destroy(heap);
}


const char *
es_segment_weekday(es_str_t date)
{
    struct tm    tm;
    const char  *end;

    static const char *const  days[] = {
        "sun", "mon", "tue", "wed", "thu", "fri", "sat"
    };

    memset(&tm, 0, sizeof(struct tm));
    end = strptime(date.data, "%Y-%m-%d", &tm);

    return end != NULL && *end == '\0' && date.len == 10 && timegm(&tm) != -1
           ? days[tm.tm_wday] : NULL;
}
