#include "../core/text.h"
#include "../core/visitor.h"
#include "../core/word.h"
#include "common.h"
#include "entry.h"


#define ENTRY_FIRST_TS  UINT64_C(946684800000)      /* 2000-01-01 */
#define ENTRY_DAY       UINT64_C(86400000)
#define ENTRY_MS_MAX    (UINT64_C(1) << 53)


bool
es_entry_text(es_str_t text)
{
    size_t       n;
    const char  *p, *end;

    p = text.data;
    end = p + text.len;

    while (p < end) {
        if (end - p >= 8 && es_word_unplain(es_word_load(p)) == 0) {
            p += 8;
            continue;
        }

        n = es_utf8_length(p, (size_t) (end - p));

        if (n == 0 || (uint8_t) *p < 0x20 || *p == 0x7f) {
            return false;
        }

        p += n;
    }

    return true;
}


/* The field of that name; `next` is the one that most likely has it. */
static es_event_field_e
entry_field(es_str_t name, unsigned next)
{
    unsigned          i;
    es_event_field_e  field;

    for (i = 0; i < ES_EVENT_FIELDS; i++) {
        field = (es_event_field_e) ((next + i) % ES_EVENT_FIELDS);

        if (es_str_eq(name, es_event_name(field))) {
            return field;
        }
    }

    return ES_EVENT_FIELDS;
}


static es_entry_fault_e
entry_fields(es_entry_t *entry, const es_str_t *strings, size_t n,
    es_str_t *culprit)
{
    size_t            i;
    uint32_t          seen;
    es_str_t          value;
    es_event_field_e  field;

    seen = 0;
    field = ES_EVENT_ID;

    for (i = 0; i + 1 < n; i += 2) {
        *culprit = strings[i];
        value = strings[i + 1];
        field = entry_field(strings[i], field);

        if (field == ES_EVENT_FIELDS) {
            return ES_ENTRY_UNKNOWN;
        }

        if (seen & UINT32_C(1) << field) {
            return ES_ENTRY_TWICE;
        }

        if (value.len > es_event_limit(field)) {
            return ES_ENTRY_LONG;
        }

        if (!es_entry_text(value)) {
            return ES_ENTRY_TEXT;
        }

        seen |= UINT32_C(1) << field;
        entry->field[field] = value;
        field++;
    }

    if (n % 2) {
        *culprit = strings[n - 1];
        return ES_ENTRY_FORM;
    }

    return ES_ENTRY_GOOD;
}


/* -- what fields have to be -- */

static bool
entry_id(es_entry_t *entry, es_str_t value)
{
    size_t  i;

    (void) entry;

    for (i = 0; i < value.len; i++) {
        if (!es_is_digit(value.data[i])
            && (value.data[i] < 'a' || value.data[i] > 'f'))
        {
            return false;
        }
    }

    return value.len == ES_EVENT_ID_LEN;
}


static bool
entry_ts(es_entry_t *entry, es_str_t value)
{
    size_t  len = value.len;

    return len >= 12 && len <= 14 && es_number_take(&value, &entry->ts)
           && value.len == 0;
}


static bool
entry_type(es_entry_t *entry, es_str_t value)
{
    char    c;
    size_t  i;

    static const es_str_t  kinds[ES_ENTRY_OTHER] = {
        [ES_ENTRY_VIEW]   = { 4, "view" },
        [ES_ENTRY_CLICK]  = { 5, "click" },
        [ES_ENTRY_DWELL]  = { 5, "dwell" },
        [ES_ENTRY_SCROLL] = { 6, "scroll" },
        [ES_ENTRY_GOAL]   = { 4, "goal" },
        [ES_ENTRY_CRAWL]  = { 5, "crawl" },
    };

    for (i = 0; i < value.len; i++) {
        c = value.data[i];

        if (!es_is_digit(c) && (c < 'a' || c > 'z') && c != '_' && c != '-') {
            return false;
        }
    }

    for (i = 0; i < ES_ENTRY_OTHER && !es_str_eq(value, kinds[i]); i++) {
        /* void */
    }

    entry->kind = (es_entry_kind_e) i;

    return true;
}


static bool
entry_visitor(es_entry_t *entry, es_str_t value)
{
    (void) entry;

    return es_visitor_id_valid(value);
}


static bool
entry_path(es_entry_t *entry, es_str_t value)
{
    (void) entry;

    return value.data[0] == '/';
}


static bool
entry_country(es_entry_t *entry, es_str_t value)
{
    (void) entry;

    return value.len == 2 && value.data[0] >= 'A' && value.data[0] <= 'Z'
           && value.data[1] >= 'A' && value.data[1] <= 'Z';
}


static bool
entry_ms(es_entry_t *entry, es_str_t value)
{
    uint64_t  ms;

    if (!es_number_take(&value, &ms) || value.len || ms >= ENTRY_MS_MAX) {
        return false;
    }

    if (entry->kind == ES_ENTRY_DWELL) {
        entry->ms = ms < ES_ENTRY_DWELL_MAX ? ms : ES_ENTRY_DWELL_MAX;
    }

    return true;
}


static bool
entry_value(es_entry_t *entry, es_str_t value)
{
    int64_t  worth;

    if (!es_entry_worth(value, &worth)) {
        return false;
    }

    if (entry->kind == ES_ENTRY_GOAL) {
        entry->worth = worth;
    }

    return true;
}


/* In the order of the fields, as what some mean depends on the type */
static const struct {
    es_event_field_e  field;
    bool              must;
    bool            (*holds)(es_entry_t *entry, es_str_t value);
} entry_forms[] = {
    { ES_EVENT_ID,      true,  entry_id },
    { ES_EVENT_TS,      true,  entry_ts },
    { ES_EVENT_TYPE,    true,  entry_type },
    { ES_EVENT_VISITOR, false, entry_visitor },
    { ES_EVENT_PATH,    false, entry_path },
    { ES_EVENT_COUNTRY, false, entry_country },
    { ES_EVENT_VALUE,   false, entry_value },
    { ES_EVENT_MS,      false, entry_ms },
};

#define ENTRY_FORMS  (sizeof(entry_forms) / sizeof(entry_forms[0]))


es_entry_fault_e
es_entry_read(es_entry_t *entry, es_entry_id_t at, const es_str_t *strings,
    size_t n, es_str_t *culprit)
{
    size_t            i;
    es_str_t          value;
    es_entry_fault_e  fault;

    memset(entry, 0, sizeof(es_entry_t));
    entry->at = at;
    *culprit = es_null_str;

    fault = entry_fields(entry, strings, n, culprit);

    if (fault != ES_ENTRY_GOOD) {
        return fault;
    }

    for (i = 0; i < ENTRY_FORMS; i++) {
        *culprit = es_event_name(entry_forms[i].field);

        if (entry_forms[i].must
            && entry->field[entry_forms[i].field].len == 0)
        {
            return ES_ENTRY_MISSING;
        }
    }

    for (i = 0; i < ENTRY_FORMS; i++) {
        *culprit = es_event_name(entry_forms[i].field);
        value = entry->field[entry_forms[i].field];

        if (value.len > 0 && !entry_forms[i].holds(entry, value)) {
            return ES_ENTRY_FORM;
        }
    }

    if (entry->ts < ENTRY_FIRST_TS
        || (entry->ts > at.ms && entry->ts - at.ms > ENTRY_DAY))
    {
        *culprit = es_event_name(ES_EVENT_TS);
        return ES_ENTRY_TIME;
    }

    *culprit = es_null_str;

    return ES_ENTRY_GOOD;
}


const char *
es_entry_fault_name(es_entry_fault_e fault)
{
    static const char *const  names[ES_ENTRY_FAULTS] = {
        [ES_ENTRY_GOOD]    = "good",
        [ES_ENTRY_UNKNOWN] = "unknown",
        [ES_ENTRY_TWICE]   = "twice",
        [ES_ENTRY_LONG]    = "long",
        [ES_ENTRY_TEXT]    = "text",
        [ES_ENTRY_MISSING] = "missing",
        [ES_ENTRY_FORM]    = "form",
        [ES_ENTRY_TIME]    = "time",
    };

    return names[fault];
}


es_str_t
es_entry_referrer(const es_entry_t *entry)
{
    es_str_t  referrer;

    referrer = entry->field[ES_EVENT_REFERRER];

    return es_str_case_eq(referrer, entry->field[ES_EVENT_HOST])
           ? es_null_str : referrer;
}


bool
es_entry_list(es_str_t *rest, es_str_t *part)
{
    const char  *comma;

    while (rest->len > 0) {
        comma = memchr(rest->data, ',', rest->len);
        part->data = rest->data;
        part->len = comma ? (size_t) (comma - rest->data) : rest->len;

        rest->data += part->len;
        rest->len -= part->len;

        if (rest->len > 0) {
            rest->data++;
            rest->len--;
        }

        if (part->len > 0) {
            return true;
        }
    }

    return false;
}
