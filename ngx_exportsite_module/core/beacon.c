#include "beacon.h"

#include <stdio.h>

#include <jansson.h>


#define BEACON_ECHO      32           /* of a name, in an error */
#define BEACON_VALUE     32
#define BEACON_EXACT     9007199254740992.0    /* 2^53 */
#define BEACON_PAGE_LEN  24


typedef struct {
    es_beacon_event_t  *event;
    char               *p;            /* where the next string goes */
} beacon_t;

typedef struct {
    const char         *name;
    bool              (*take)(beacon_t *b, const json_t *value);
    const char         *must;         /* what it has to be */
} beacon_member_t;


static bool
beacon_type(beacon_t *b, const json_t *value)
{
    char         c;
    size_t       i, len;
    const char  *s = json_string_value(value);

    len = json_string_length(value);

    if (s == NULL || len == 0 || len > 32) {
        return false;
    }

    for (i = 0; i < len; i++) {
        c = s[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'
              || c == '-'))
        {
            return false;
        }
    }

    memcpy(b->p, s, len);
    b->event->type = (es_str_t) { len, b->p };
    b->p += len;

    return true;
}


static int
beacon_hex(char c)
{
    c = es_lower(c);

    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


static bool
beacon_path(beacon_t *b, const json_t *value)
{
    int          high, low;
    char        *p = b->p;
    const char  *s = json_string_value(value);

    if (s == NULL || *s != '/') {
        return false;
    }

    /* the library ends a string with a NUL, and lets none into it */

    for ( /* void */ ; *s != '\0' && *s != '?' && *s != '#'; s++) {

        if (*s == '%' && (high = beacon_hex(s[1])) >= 0
            && (low = beacon_hex(s[2])) >= 0)
        {
            *p = (char) (high << 4 | low);
            s += 2;

            if (*p++ == '\0') {
                return false;
            }

            continue;
        }

        *p++ = *s;
    }

    b->event->path = (es_str_t) { (size_t) (p - b->p), b->p };
    b->p = p;

    return true;
}


static bool
beacon_page(beacon_t *b, const json_t *value)
{
    size_t       i;
    const char  *s = json_string_value(value);

    if (s == NULL || json_string_length(value) != BEACON_PAGE_LEN) {
        return false;
    }

    for (i = 0; i < BEACON_PAGE_LEN; i++) {
        if (beacon_hex(s[i]) < 0) {
            return false;
        }

        b->p[i] = es_lower(s[i]);
    }

    b->event->page = (es_str_t) { BEACON_PAGE_LEN, b->p };
    b->p += BEACON_PAGE_LEN;

    return true;
}


static bool
beacon_label(beacon_t *b, const json_t *value)
{
    size_t       len = json_string_length(value);
    const char  *s = json_string_value(value);

    if (s == NULL) {
        return false;
    }

    memcpy(b->p, s, len);
    b->event->label = (es_str_t) { len, b->p };
    b->p += len;

    return true;
}


/*
 * The library writes and reads numbers whatever the locale: not so printf() and
 * strtod(), and a module beside ours may have set one with a comma.
 */
static size_t
beacon_decimal(char *p, const json_t *value)
{
    int      digits;
    bool     same;
    size_t   n = 0;
    json_t  *again;

    for (digits = 15, same = false; digits <= 17 && !same; digits++) {
        n = json_dumpb(value, p, BEACON_VALUE,
                       JSON_ENCODE_ANY|JSON_REAL_PRECISION(digits));

        again = json_loadb(p, n, JSON_DECODE_ANY, NULL);
        same = json_number_value(again) == json_number_value(value);
        json_decref(again);
    }

    return n;
}


static bool
beacon_value(beacon_t *b, const json_t *value)
{
    size_t  n;
    double  number;

    if (!json_is_number(value)) {
        return false;
    }

    number = json_number_value(value);

    if (json_is_integer(value)) {
        n = (size_t) snprintf(b->p, BEACON_VALUE, "%" JSON_INTEGER_FORMAT,
                              json_integer_value(value));

    } else if (number > -BEACON_EXACT && number < BEACON_EXACT
               && (double) (int64_t) number == number)
    {
        n = (size_t) snprintf(b->p, BEACON_VALUE, "%" JSON_INTEGER_FORMAT,
                              (json_int_t) number);

    } else {
        n = beacon_decimal(b->p, value);
    }

    b->event->value = (es_str_t) { n, b->p };
    b->p += n;

    return true;
}


static bool
beacon_ms(beacon_t *b, const json_t *value)
{
    double    number;
    uint64_t  ms;

    number = json_number_value(value);

    if (!json_is_number(value) || number < 0 || number >= BEACON_EXACT) {
        return false;
    }

    ms = (uint64_t) number;

    b->event->ms = ms + (number - (double) ms >= 0.5);
    b->event->timed = true;

    return true;
}


static const beacon_member_t  beacon_members[] = {
    { "type",  beacon_type,  "1 to 32 of a-z, 0-9, \"_\" and \"-\"" },
    { "path",  beacon_path,  "a path that begins with \"/\"" },
    { "page",  beacon_page,  "24 hex digits" },
    { "label", beacon_label, "a string" },
    { "value", beacon_value, "a number" },
    { "ms",    beacon_ms,    "a number from 0 to below 2^53" },
};

#define BEACON_MEMBERS  (sizeof(beacon_members) / sizeof(beacon_members[0]))


/* A member that nobody knows, shown so that it does no harm anywhere */
static void
beacon_unknown(es_beacon_t *beacon, const char *name)
{
    char    shown[BEACON_ECHO + 1];
    size_t  i;

    for (i = 0; i < BEACON_ECHO && name[i] != '\0'; i++) {
        shown[i] = (name[i] > ' ' && name[i] < 0x7f && name[i] != '"'
                    && name[i] != '<' && name[i] != '\\') ? name[i] : '?';
    }

    shown[i] = '\0';

    snprintf(beacon->error, sizeof(beacon->error),
             "event %zu: unknown member \"%s\"", beacon->count + 1, shown);
}


static bool
beacon_event(es_beacon_t *beacon, beacon_t *b, json_t *object)
{
    void                   *iter;
    const char             *name;
    const beacon_member_t  *m;

    if (!json_is_object(object)) {
        snprintf(beacon->error, sizeof(beacon->error),
                 "event %zu: it must be an object", beacon->count + 1);
        return false;
    }

    b->event = &beacon->event[beacon->count];
    memset(b->event, 0, sizeof(es_beacon_event_t));

    for (iter = json_object_iter(object); iter != NULL;
         iter = json_object_iter_next(object, iter))
    {
        name = json_object_iter_key(iter);
        m = beacon_members;

        while (m < beacon_members + BEACON_MEMBERS
               && strcmp(m->name, name) != 0)
        {
            m++;
        }

        if (m == beacon_members + BEACON_MEMBERS) {
            beacon_unknown(beacon, name);
            return false;
        }

        if (!m->take(b, json_object_iter_value(iter))) {
            snprintf(beacon->error, sizeof(beacon->error),
                     "event %zu: \"%s\" must be %s", beacon->count + 1, name,
                     m->must);
            return false;
        }
    }

    if (b->event->type.len == 0) {
        snprintf(beacon->error, sizeof(beacon->error),
                 "event %zu: \"type\" is missing", beacon->count + 1);
        return false;
    }

    beacon->count++;

    return true;
}


static const char *
beacon_fault(enum json_error_code code)
{
    switch (code) {

    case json_error_premature_end_of_input:
        return "it ends too early";

    case json_error_end_of_input_expected:
        return "something follows the end";

    case json_error_invalid_utf8:
        return "not UTF-8";

    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a NUL";

    case json_error_duplicate_key:
        return "a member that was there before";

    case json_error_numeric_overflow:
        return "a number that is too big";

    case json_error_stack_overflow:
        return "too deep";

    default:
        return "not what may stand there";
    }
}


static es_beacon_result_e
beacon_take(es_beacon_t *beacon, json_t *root, size_t len, es_pool_t *pool)
{
    size_t    i, n;
    beacon_t  b;

    n = json_is_array(root) ? json_array_size(root) : 1;

    if (n > ES_BEACON_EVENTS) {
        snprintf(beacon->error, sizeof(beacon->error),
                 "more than %d events", ES_BEACON_EVENTS);
        return ES_BEACON_MANY;
    }

    /* no string is longer than it was as JSON; a number may be, as text */

    b.p = es_alloc(pool, len + n * BEACON_VALUE);
    if (b.p == NULL) {
        return ES_BEACON_NO_MEMORY;
    }

    for (i = 0; i < n; i++) {
        if (!beacon_event(beacon, &b, json_is_array(root)
                                      ? json_array_get(root, i) : root))
        {
            return ES_BEACON_BAD;
        }
    }

    return ES_BEACON_OK;
}


es_beacon_result_e
es_beacon_parse(es_str_t body, es_pool_t *pool, es_beacon_t *beacon)
{
    json_t              *root;
    json_error_t         error;
    es_beacon_result_e   result;

    beacon->count = 0;
    beacon->error[0] = '\0';

    /* where jansson has no memory from the beginning, it says nothing */
    memset(&error, 0, sizeof(error));

    root = json_loadb(body.len ? body.data : "", body.len,
                      JSON_REJECT_DUPLICATES, &error);

    if (root == NULL
        && json_error_code(&error) == json_error_numeric_overflow)
    {
        /* too large for an integer, but maybe not for a number */

        root = json_loadb(body.data, body.len,
                          JSON_REJECT_DUPLICATES|JSON_DECODE_INT_AS_REAL,
                          &error);
    }

    if (root == NULL) {
        if (json_error_code(&error) == json_error_out_of_memory
            || json_error_code(&error) == json_error_unknown)
        {
            return ES_BEACON_NO_MEMORY;
        }

        snprintf(beacon->error, sizeof(beacon->error),
                 "not JSON: line %d, column %d: %s", error.line, error.column,
                 beacon_fault(json_error_code(&error)));

        return ES_BEACON_BAD;
    }

    result = beacon_take(beacon, root, body.len, pool);
    json_decref(root);

    return result;
}
