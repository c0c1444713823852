/*
 * Segments as text: a line `name = rule` for each, empty lines, and comments,
 * whose first character is "#".
 */
#include "../core/text.h"
#include "segment.h"


static bool
es_segment_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}


static es_str_t
es_segment_trim(es_str_t text)
{
    while (text.len > 0 && es_segment_blank(text.data[0])) {
        text.data++;
        text.len--;
    }

    while (text.len > 0 && es_segment_blank(text.data[text.len - 1])) {
        text.len--;
    }

    return text;
}


/* Says what is wrong with the rule of a line that is wrong anyway. */
static void
es_segment_file_rule(const char *file, es_str_t name, es_str_t text,
    uint64_t number)
{
    es_heap_t           *heap = es_heap_create();
    es_rule_t           *rule;
    es_rule_error_t      err;
    es_segment_entry_t   entry;

    rule = es_rule_compile(text, ES_RULE_VISITOR, es_heap_pool(heap), &err);

    if (rule == NULL) {
        memset(&entry, 0, sizeof(es_segment_entry_t));
        entry.name = name;
        entry.rule = text;
        entry.line = number;
        entry.error = err.text;
        es_segment_complain(file, &entry, false);

    } else {
        es_rule_destroy(rule);
    }

    es_heap_destroy(heap);
}


/* Takes the line, which is neither empty nor a comment; or says why not. */
static bool
es_segment_file_line(es_catalog_t *catalog, const char *file, es_str_t line,
    uint64_t number)
{
    es_str_t             name, rule;
    const char          *equals;
    es_segment_entry_t  *entry;

    equals = memchr(line.data, '=', line.len);
    name = line;
    name.len = equals ? (size_t) (equals - line.data) : 0;
    name = es_segment_trim(name);
    rule.data = equals ? equals + 1 : line.data + line.len;
    rule.len = line.len - (size_t) (rule.data - line.data);
    rule = es_segment_trim(rule);

    if (!es_name_valid(name)) {
        es_fail("%s:%llu: a line has the form: name = rule; a name has small "
                "letters, digits, \"-\" and \"_\"", es_shown(es_text(file)),
                (unsigned long long) number);
        es_caret(stderr, line, "");

        if (equals != NULL) {
            es_segment_file_rule(file, name, rule, number);
        }

        return false;
    }

    entry = es_catalog_find(catalog, name);

    if (entry != NULL && entry->line != 0) {
        es_fail("%s:%llu: segment \"%s\" stands in line %llu already",
                es_shown(es_text(file)), (unsigned long long) number,
                es_shown(name), (unsigned long long) entry->line);
        es_segment_file_rule(file, name, rule, number);
        return false;
    }

    entry = es_catalog_put(catalog, name, rule);
    entry->line = number;

    return true;
}


/* No segment begins with a NUL, nor does one stand behind a first letter. */
static bool
es_segment_utf16(es_str_t text)
{
    return text.len >= 2
           && (memcmp(text.data, "\xff\xfe", 2) == 0
               || memcmp(text.data, "\xfe\xff", 2) == 0
               || text.data[0] == '\0' || text.data[1] == '\0');
}


size_t
es_segment_file_read(es_catalog_t *catalog, const char *name, es_str_t text)
{
    size_t       len, faults;
    es_str_t     line;
    uint64_t     number;
    const char  *end;

    faults = 0;
    name = strcmp(name, "-") == 0 ? "stdin" : name;

    if (es_segment_utf16(text)) {
        es_fail("%s is UTF-16: save it as UTF-8", es_shown(es_text(name)));
        return 1;
    }

    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        text.data += 3;
        text.len -= 3;
    }

    for (number = 1; text.len > 0; number++) {
        end = memchr(text.data, '\n', text.len);
        len = end ? (size_t) (end - text.data) : text.len;
        line = es_segment_trim((es_str_t) { len, text.data });

        if (line.len > 0 && line.data[0] != '#') {
            faults += !es_segment_file_line(catalog, name, line, number);
        }

        len += end != NULL;
        text.data += len;
        text.len -= len;
    }

    return faults;
}


/* How long the white space at the beginning is, and if a line ends in it */
static size_t
es_segment_space(es_str_t text, bool *breaks)
{
    size_t  n;

    *breaks = false;

    for (n = 0; n < text.len; n++) {
        if (text.data[n] == '\n') {
            *breaks = true;

        } else if (!es_segment_blank(text.data[n])) {
            break;
        }
    }

    return n;
}


bool
es_segment_one_line(es_heap_t *heap, es_str_t rule, es_str_t *line)
{
    bool         breaks, good;
    char         quote, *p, *start;
    size_t       n;

    good = true;
    quote = '\0';
    start = p = es_alloc(es_heap_pool(heap), rule.len + 1);

    while (rule.len > 0) {
        n = quote ? 0 : es_segment_space(rule, &breaks);

        if (n > 0 && breaks) {
            *p++ = ' ';

        } else if (n > 0) {
            memcpy(p, rule.data, n);
            p += n;

        } else {
            n = quote && rule.data[0] == '\\' && rule.len > 1
                && (rule.data[1] == '\\' || rule.data[1] == quote) ? 2 : 1;

            if (n == 1 && quote && rule.data[0] == quote) {
                quote = '\0';

            } else if (!quote && (rule.data[0] == '"' || rule.data[0] == '\''))
            {
                quote = rule.data[0];
            }

            good &= rule.data[0] != '\n';
            memcpy(p, rule.data, n);
            p += n;
        }

        rule.data += n;
        rule.len -= n;
    }

    *line = es_segment_trim((es_str_t) { (size_t) (p - start), start });

    return good;
}
