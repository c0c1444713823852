/*
 * Pieces of the status page.
 */
#include "compat.h"

#include "status_markup.h"


static const char *ngx_exportsite_markup_escape(u_char c);
static void ngx_exportsite_markup_time(ngx_exportsite_reply_t *reply,
    uint64_t ms);


static const char *
ngx_exportsite_markup_escape(u_char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\t':
    case '\n':
    case '\r':
        return " ";
    default:
        return c < 0x20 || c == 0x7f ? "?" : NULL;
    }
}


void
ngx_exportsite_markup_text(ngx_exportsite_reply_t *reply, es_str_t text)
{
    ngx_exportsite_reply_escaped(reply, text, ngx_exportsite_markup_escape);
}


void
ngx_exportsite_markup_number(ngx_exportsite_reply_t *reply, uint64_t n)
{
    u_char       digits[NGX_INT64_LEN];
    u_char       buf[NGX_INT64_LEN * 2], *p;
    ngx_uint_t   i, len;

    len = ngx_sprintf(digits, "%uL", n) - digits;
    p = buf;

    for (i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            *p++ = ',';
        }

        *p++ = digits[i];
    }

    ngx_exportsite_reply_add(reply, buf, p - buf);
}


void
ngx_exportsite_markup_bytes(ngx_exportsite_reply_t *reply, uint64_t n)
{
    uint64_t            tenths;
    ngx_uint_t          i;
    static const char  *unit[] = { "KB", "MB", "GB", "TB" };

    if (n < 1024) {
        ngx_exportsite_reply_print(reply, "%uL&nbsp;B", n);
        return;
    }

    for (i = 0; n >= 1024 * 1000 && i < 3; i++) {
        n /= 1024;
    }

    tenths = n * 10 / 1024;

    if (tenths < 1000 && tenths % 10 != 0) {
        ngx_exportsite_reply_print(reply, "%uL.%uL&nbsp;%s", tenths / 10,
                                   tenths % 10, unit[i]);
        return;
    }

    ngx_exportsite_reply_print(reply, "%uL&nbsp;%s", tenths / 10, unit[i]);
}


/* none, 850 ms, 12 s, 3 min, 50 h */
static void
ngx_exportsite_markup_time(ngx_exportsite_reply_t *reply, uint64_t ms)
{
    if (ms == 0) {
        ngx_exportsite_reply_text(reply, "none");

    } else if (ms < 1000) {
        ngx_exportsite_reply_print(reply, "%uL&nbsp;ms", ms);

    } else if (ms < 120 * 1000) {
        ngx_exportsite_reply_print(reply, "%uL&nbsp;s", ms / 1000);

    } else if (ms < 120 * 60 * 1000) {
        ngx_exportsite_reply_print(reply, "%uL&nbsp;min", ms / 60000);

    } else {
        ngx_exportsite_reply_print(reply, "%uL&nbsp;h", ms / 3600000);
    }
}


void
ngx_exportsite_markup_card(ngx_exportsite_reply_t *reply, const char *title,
    ngx_uint_t wide)
{
    ngx_exportsite_reply_print(reply, "<section%s><h2>%s</h2><table>\n",
                               wide ? " class=wide" : "", title);
}


void
ngx_exportsite_markup_end(ngx_exportsite_reply_t *reply)
{
    ngx_exportsite_reply_text(reply, "</table></section>\n");
}


void
ngx_exportsite_markup_row_word(ngx_exportsite_reply_t *reply,
    const char *label, const char *word)
{
    ngx_exportsite_reply_print(reply, "<tr><th>%s<td>%s\n", label, word);
}


void
ngx_exportsite_markup_row_text(ngx_exportsite_reply_t *reply,
    const char *label, es_str_t text)
{
    ngx_exportsite_reply_print(reply, "<tr><td class=t colspan=2>%s <bdi>",
                               label);
    ngx_exportsite_markup_text(reply, text);
    ngx_exportsite_reply_text(reply, "</bdi>\n");
}


void
ngx_exportsite_markup_row(ngx_exportsite_reply_t *reply, const char *label,
    ngx_exportsite_row_e kind, uint64_t value)
{
    const char  *class;

    class = "";

    if (value == 0) {
        class = " class=z";

    } else if (kind == ngx_exportsite_row_fault) {
        class = " class=warn";
    }

    ngx_exportsite_reply_print(reply, "<tr%s><th>%s<td>", class, label);

    switch (kind) {
    case ngx_exportsite_row_bytes:
        ngx_exportsite_markup_bytes(reply, value);
        break;

    case ngx_exportsite_row_time:
        ngx_exportsite_markup_time(reply, value);
        break;

    default:
        ngx_exportsite_markup_number(reply, value);
    }

    ngx_exportsite_reply_text(reply, "\n");
}


void
ngx_exportsite_markup_rows(ngx_exportsite_reply_t *reply,
    const ngx_exportsite_row_t *row, const void *base)
{
    for (/* void */; row->label != NULL; row++) {
        ngx_exportsite_markup_row(reply, row->label, row->kind,
                      *(const uint64_t *) ((const u_char *) base
                                           + row->offset));
    }
}


void
ngx_exportsite_markup_counts(ngx_exportsite_reply_t *reply,
    const ngx_exportsite_status_names_t *names, const uint64_t *count)
{
    ngx_uint_t  i;

    for (i = 0; i < names->n; i++) {
        ngx_exportsite_markup_row(reply, names->name[i],
                                  ngx_exportsite_row_number, count[i]);
    }
}


void
ngx_exportsite_markup_reasons(ngx_exportsite_reply_t *reply,
    const char *title, const ngx_exportsite_status_names_t *names,
    const uint64_t *count, ngx_exportsite_row_e kind)
{
    ngx_uint_t  i, titled;

    titled = 0;

    for (i = 0; i < names->n; i++) {

        if (count[i] == 0) {
            continue;
        }

        if (!titled) {
            titled = 1;
            ngx_exportsite_reply_print(reply, "<tr class=h><th colspan=2>%s\n",
                                       title);
        }

        ngx_exportsite_markup_row(reply, names->name[i], kind, count[i]);
    }
}


void
ngx_exportsite_markup_bar(ngx_exportsite_reply_t *reply, uint64_t part,
    uint64_t whole)
{
    uint64_t  percent;

    percent = whole == 0 ? 0 : ngx_min(part, whole) * 100 / whole;

    ngx_exportsite_reply_print(reply,
        "<tr><td colspan=2><div class=bar><i style=\"width:%uL%%\"></i></div>"
        "\n", percent);
}


void
ngx_exportsite_markup_cell(ngx_exportsite_reply_t *reply, uint64_t n)
{
    ngx_exportsite_reply_text(reply, n == 0 ? "<td class=z>" : "<td>");
    ngx_exportsite_markup_number(reply, n);
}


void
ngx_exportsite_markup_heads(ngx_exportsite_reply_t *reply,
    const char *const *head)
{
    ngx_exportsite_reply_text(reply, "<thead><tr>");

    while (*head != NULL) {
        ngx_exportsite_reply_print(reply, "<th>%s", *head++);
    }

    ngx_exportsite_reply_text(reply, "<tbody>\n");
}
