/* What is wrong with a rule, and where. */
#include <stdlib.h>

#include "segment.h"


#define ES_CARET_WINDOW  72            /* columns of a rule that are shown */
#define ES_CARET_LEFT    36            /* of them before the caret, if long */


size_t
es_caret_column(const char *message)
{
    if (strncmp(message, "col ", 4) != 0) {
        return 0;
    }

    return strtoul(message + 4, NULL, 10);
}


/* The columns before that byte, and those of the whole text */
static size_t
es_caret_before(es_str_t text, size_t byte, size_t *all)
{
    size_t       before, width;
    es_str_t     piece;
    const char  *start = text.data;

    before = 0;
    width = 0;

    while (text.len > 0) {
        if ((size_t) (text.data - start) <= byte) {
            before = width;
        }

        piece = es_shown_next(&text);
        width += es_width(piece);
    }

    *all = width;

    return (size_t) (text.data - start) <= byte ? width : before;
}


void
es_caret(FILE *out, es_str_t rule, const char *message)
{
    size_t    column, at, all, from, first, pos, width;
    es_str_t  rest, piece;

    column = es_caret_column(message);
    at = es_caret_before(rule, column ? column - 1 : 0, &all);
    from = all > ES_CARET_WINDOW && at > ES_CARET_LEFT ? at - ES_CARET_LEFT
                                                       : 0;
    first = 0;

    fprintf(out, "  %s", from ? "..." : "");

    for (rest = rule, pos = 0; rest.len > 0; pos += width) {
        piece = es_shown_next(&rest);
        width = es_width(piece);

        if (pos < from) {
            first = pos + width;
            continue;
        }

        if (pos + width > from + ES_CARET_WINDOW) {
            fprintf(out, "...");
            break;
        }

        fwrite(piece.data, 1, piece.len, out);
    }

    fprintf(out, "\n");

    if (column > 0) {
        fprintf(out, "%*s^\n", (int) (2 + (from ? 3 : 0) + at - first), "");
    }
}


void
es_segment_complain(const char *file, const es_segment_entry_t *entry,
    bool warning)
{
    char         place[300], self[100];
    const char  *what = warning ? entry->warning : entry->error;

    place[0] = '\0';

    if (file != NULL && entry->line != 0) {
        snprintf(place, sizeof(place), "%.250s:%llu: ",
                 es_shown(es_text(file)), (unsigned long long) entry->line);
    }

    /* some messages name the segment themselves */

    snprintf(self, sizeof(self), "segment \"%.80s\"", es_shown(entry->name));

    es_fail("%s%s%s%s%s", place, warning ? "warning: " : "",
            strncmp(what, self, strlen(self)) == 0 ? "" : self,
            strncmp(what, self, strlen(self)) == 0 ? "" : ": ", what);

    if (es_caret_column(what) != 0) {
        es_caret(stderr, entry->rule, what);
    }
}


json_t *
es_segment_json(const es_segment_entry_t *entry)
{
    size_t       i;
    json_t      *json = json_object();
    const char  *text[3] = { entry->error, entry->warning, entry->site };

    static const char *const  names[] = { "error", "warning", "site" };

    json_object_set_new(json, "segment", es_json_text(entry->name));
    json_object_set_new(json, "rule", es_json_text(entry->rule));

    if (entry->line != 0) {
        json_object_set_new(json, "line", json_integer((json_int_t)
                                                       entry->line));
    }

    for (i = 0; i < 3; i++) {
        json_object_set_new(json, names[i],
                            text[i] ? es_json_text(es_text(text[i]))
                                    : json_null());
    }

    return json;
}
