/*
 * An entry of any fields: what is taken is held against a second reading of
 * what docs/events.md says of each.
 */
#include "../../ngx_exportsite_module/core/text.h"
#include "../../ngx_exportsite_module/core/visitor.h"
#include "../../ngx_exportsite_module/learn/entry.h"
#include "../unit/check.h"

#include <math.h>

#define must(condition)  ((condition) ? (void) 0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static bool
only(es_str_t s, const char *letters)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] == '\0' || strchr(letters, s.data[i]) == NULL) {
            return false;
        }
    }

    return true;
}


static void
must_be_worth(es_str_t value, int64_t worth)
{
    char         text[40];
    long double  number;

    memcpy(text, value.data, value.len);
    text[value.len] = '\0';
    must(only(value, "+-0123456789.eE"));
    number = strtold(text, NULL) * 1000;

    if (number > (long double) ES_ENTRY_WORTH_MAX) {
        must(worth == ES_ENTRY_WORTH_MAX);

    } else if (number < -(long double) ES_ENTRY_WORTH_MAX) {
        must(worth == -ES_ENTRY_WORTH_MAX);

    } else {
        must(fabsl(number - (long double) worth) <= 0.5L + 1e-3L);
    }
}


static void
must_be_event(const es_entry_t *e, es_entry_id_t at)
{
    int       i;
    int64_t   worth;
    es_str_t  s;

    for (i = 0; i < ES_EVENT_FIELDS; i++) {
        s = e->field[i];
        must(s.len <= es_event_limit((es_event_field_e) i));

        for (size_t k = 0, n; k < s.len; k += n) {
            n = es_utf8_length(s.data + k, s.len - k);
            must(n > 0 && (uint8_t) s.data[k] >= 0x20 && s.data[k] != 0x7f);
        }
    }

    must(e->field[ES_EVENT_ID].len == 24);
    must(only(e->field[ES_EVENT_ID], "0123456789abcdef"));
    must(only(e->field[ES_EVENT_TS], "0123456789"));
    must(e->ts >= 946684800000 && e->ts < 100000000000000);
    must(e->ts <= at.ms || e->ts - at.ms <= 86400000);

    s = e->field[ES_EVENT_TYPE];
    must(s.len >= 1 && s.len <= 32);
    must(only(s, "abcdefghijklmnopqrstuvwxyz0123456789_-"));
    must((e->kind == ES_ENTRY_VIEW) == es_str_eq(s, es_str("view")));
    must((e->kind == ES_ENTRY_DWELL) == es_str_eq(s, es_str("dwell")));
    must((e->kind == ES_ENTRY_GOAL) == es_str_eq(s, es_str("goal")));

    s = e->field[ES_EVENT_VISITOR];
    must(s.len == 0 || es_visitor_id_valid(s));
    s = e->field[ES_EVENT_PATH];
    must(s.len == 0 || s.data[0] == '/');
    s = e->field[ES_EVENT_COUNTRY];
    must(s.len == 0 || (s.len == 2
                        && only(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")));
    s = e->field[ES_EVENT_MS];
    must(only(s, "0123456789"));
    must(e->ms < UINT64_C(1) << 53);
    must(e->kind == ES_ENTRY_DWELL || e->ms == 0);

    s = e->field[ES_EVENT_VALUE];

    if (s.len > 0) {
        must(es_entry_worth(s, &worth));
        must_be_worth(s, worth);
        must(e->worth == (e->kind == ES_ENTRY_GOAL ? worth : 0));
    }
}


static void
check_list(es_str_t list)
{
    char      joined[2048];
    size_t    n, parts, i, commas;
    es_str_t  rest, part;

    rest = list;
    n = parts = 0;

    while (es_entry_list(&rest, &part)) {
        must(part.len > 0 && memchr(part.data, ',', part.len) == NULL);
        must(part.data >= list.data
             && part.data + part.len <= list.data + list.len);
        memcpy(joined + n, part.data, part.len);
        n += part.len;
        parts++;
    }

    must(rest.len == 0);

    for (i = 0, commas = 0; i < list.len; i++) {
        commas += list.data[i] == ',';
    }

    must(n == list.len - commas && parts <= commas + 1);
}


static void
check_id(es_str_t text)
{
    char           buf[ES_ENTRY_ID_TEXT];
    es_entry_id_t  id, again;

    if (es_entry_id_parse(&id, text)) {
        must(es_entry_id_parse(&again, es_entry_id_format(buf, id)));
        must(es_entry_id_compare(id, again) == 0);
    }
}


/* A string: of a byte's length; the input's rest if there is less */
static es_str_t
take(const uint8_t **p, const uint8_t *end, check_pool_t *pool)
{
    char    *copy;
    size_t   len;

    len = *p < end ? *(*p)++ : 0;
    len = len > 250 ? (len - 250) * 500 : len;

    if (len > (size_t) (end - *p)) {
        len = (size_t) (end - *p);
    }

    copy = check_pool_alloc(&pool->pool, len);

    if (len) {
        memcpy(copy, *p, len);
    }

    *p += len;

    return (es_str_t) { len, copy };
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t             n;
    es_str_t           strings[64], culprit;
    es_entry_t         entry;
    check_pool_t       pool = check_pool_init();
    const uint8_t     *p, *end;
    es_entry_id_t      at;
    es_entry_fault_e   fault;

    p = data;
    end = data + size;
    n = 0;

    /* all that must be, unless the first byte is odd */

    if (size > 0 && (*p++ & 1) == 0) {
        strings[n++] = es_str("id");
        strings[n++] = es_str("0123456789abcdef01234567");
        strings[n++] = es_str("ts");
        strings[n++] = es_str("1795305600000");
        strings[n++] = es_str("type");
        strings[n++] = take(&p, end, &pool);
    }

    while (p < end && n < 64) {
        if (n % 2 == 0 && *p < ES_EVENT_FIELDS) {
            strings[n++] = es_event_name((es_event_field_e) *p++);
            continue;
        }

        strings[n] = take(&p, end, &pool);
        check_list(strings[n]);
        check_id(strings[n]);
        n++;
    }

    at = (es_entry_id_t) { 1795305600000 - (n & 1 ? 0 : 86400000), 7 };
    fault = es_entry_read(&entry, at, strings, n, &culprit);
    must(fault < ES_ENTRY_FAULTS);
    must(es_entry_fault_name(fault) != NULL);

    if (fault == ES_ENTRY_GOOD) {
        must(culprit.len == 0);
        must_be_event(&entry, at);
    }

    check_pool_free(&pool);

    return 0;
}
