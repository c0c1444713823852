/*
 * The Cookie header, and the visitor's token in it. Held against a slow reading
 * of the same rules, and against the one maker of tokens: what verifies is what
 * es_visitor_token() makes, and nothing else.
 */
#include "../../ngx_exportsite_module/core/cookie.h"
#include "../../ngx_exportsite_module/core/visitor.h"

#include <stdlib.h>


static const uint8_t  keys[2][16] = { "one key of many", "another key of " };


static void
must(bool condition)
{
    if (!condition) {
        abort();
    }
}


static bool
blank(char c)
{
    return c == ' ' || c == '\t';
}


static es_str_t
trim(es_str_t s)
{
    while (s.len && blank(s.data[0])) {
        s.data++;
        s.len--;
    }

    while (s.len && blank(s.data[s.len - 1])) {
        s.len--;
    }

    return s;
}


/* Takes the header apart piece by piece, as the RFC tells it */
static bool
find_slowly(es_str_t header, es_str_t name, es_str_t *value)
{
    size_t    start, end, equal;
    es_str_t  found;

    for (start = 0; start < header.len; start = end + 1) {
        end = start;

        while (end < header.len && header.data[end] != ';') {
            end++;
        }

        equal = start;

        while (equal < end && header.data[equal] != '=') {
            equal++;
        }

        found = trim((es_str_t) { equal - start, header.data + start });

        if (equal == end || found.len == 0 || !es_str_eq(found, name)) {
            continue;
        }

        equal++;
        found = trim((es_str_t) { end - equal, header.data + equal });

        if (found.len > 1 && found.data[0] == '"'
            && found.data[found.len - 1] == '"')
        {
            found.data++;
            found.len -= 2;
        }

        *value = found;

        return true;
    }

    return false;
}


static void
check_find(es_str_t header, es_str_t name)
{
    bool      found;
    es_str_t  value, want;

    found = es_cookie_find(header, name, &value);
    must(found == find_slowly(header, name, &want));
    must(!found || (value.data == want.data && value.len == want.len));
}


static void
check_verify(es_str_t token)
{
    int   key;
    char  id[32], made[ES_VISITOR_TOKEN];

    key = es_visitor_verify(keys, 2, token, id);

    if (key >= 0) {
        es_visitor_token(keys[key], id, made);
        must(es_str_eq(token, (es_str_t) { sizeof(made), made }));
        must(strspn(made, "0123456789abcdef") == 32);
        must(es_visitor_id_valid((es_str_t) { 32, id }));
    }
}


/* A good token made of the input, then one that the input has changed */
static void
check_made(const uint8_t *data, size_t size)
{
    char      id[32], got[32], token[ES_VISITOR_TOKEN];
    size_t    place;
    es_str_t  text;

    if (size < 19) {
        return;
    }

    es_hex(id, data, 16);
    es_visitor_token(keys[data[16] & 1], id, token);
    text = (es_str_t) { sizeof(token), token };

    must(es_visitor_verify(keys, 2, text, got) == (data[16] & 1));
    must(memcmp(got, id, 32) == 0);
    must(es_visitor_verify(keys + !(data[16] & 1), 1, text, got) == -1);

    place = data[17] % sizeof(token);

    if (token[place] != (char) data[18]) {
        token[place] = (char) data[18];
        must(es_visitor_verify(keys, 2, text, got) == -1);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t    name_len;
    es_str_t  header, value;

    check_made(data, size);

    header = (es_str_t) { size, (const char *) data };
    check_find(header, es_str("es_vid"));
    check_find(header, es_str("a"));
    check_verify(header);

    if (es_cookie_find(header, es_str("es_vid"), &value)) {
        check_verify(value);
    }

    /* a name out of the input, too; it ends before what no name holds */
    if (size > 0) {
        name_len = data[0] % 8;

        if (size - 1 >= name_len
            && memchr(data + 1, '=', name_len) == NULL
            && memchr(data + 1, ';', name_len) == NULL
            && memchr(data + 1, ' ', name_len) == NULL
            && memchr(data + 1, '\t', name_len) == NULL)
        {
            header.data = (const char *) data + 1 + name_len;
            header.len = size - 1 - name_len;
            check_find(header, (es_str_t) { name_len,
                                            (const char *) data + 1 });
        }
    }

    return 0;
}
