/* Aligned columns, as wide as what is in them. */
#include <stdarg.h>
#include <stdlib.h>
#include <wchar.h>

#include "../core/text.h"
#include "cli.h"


#define ES_TABLE_COLUMNS  16
#define ES_TABLE_GAP      2


typedef struct {
    es_str_t     text;
    es_color_e   color;
} es_table_cell_t;

struct es_table_s {
    const es_cli_t   *cli;
    es_heap_t        *heap;
    size_t            columns;
    size_t            n, room;
    bool              right[ES_TABLE_COLUMNS];
    es_table_cell_t  *cells;           /* the titles first */
};


static const char *const  es_colors[] = {
    "\033[0m", "\033[32m", "\033[33m", "\033[31m", "\033[2m"
};


void
es_color(const es_cli_t *cli, es_color_e color)
{
    if (cli->color) {
        fputs(es_colors[color], stdout);
    }
}


es_table_t *
es_table(const es_cli_t *cli, ...)
{
    va_list      args;
    es_heap_t   *heap;
    es_table_t  *table;
    const char  *title, *titles[ES_TABLE_COLUMNS];

    heap = es_heap_create();
    table = es_alloc(es_heap_pool(heap), sizeof(es_table_t));
    memset(table, 0, sizeof(es_table_t));
    table->cli = cli;
    table->heap = heap;

    va_start(args, cli);

    for (title = va_arg(args, const char *);
         title != NULL;
         title = va_arg(args, const char *))
    {
        table->right[table->columns] = title[0] == '>';
        titles[table->columns] = title + (title[0] == '>');
        table->columns++;
    }

    va_end(args);

    while (table->n < table->columns) {
        es_table_cell(table, es_text(titles[table->n]));
    }

    return table;
}


/* A copy that may be printed: what might steer a terminal is gone. */
static es_str_t
es_table_copy(es_table_t *table, es_str_t text)
{
    char      *buf, *p;
    es_str_t   piece;

    buf = es_alloc(es_heap_pool(table->heap), text.len + 1);
    p = buf;

    for (piece = es_shown_next(&text);
         piece.len > 0;
         piece = es_shown_next(&text))
    {
        memcpy(p, piece.data, piece.len);
        p += piece.len;
    }

    return (es_str_t) { p - buf, buf };
}


void
es_table_cell(es_table_t *table, es_str_t text)
{
    es_table_cell_t  *cells;

    if (table->n == table->room) {
        table->room = table->room ? 2 * table->room : 64;
        cells = es_alloc(es_heap_pool(table->heap),
                         table->room * sizeof(es_table_cell_t));

        if (table->n > 0) {
            memcpy(cells, table->cells, table->n * sizeof(es_table_cell_t));
        }

        table->cells = cells;
    }

    table->cells[table->n].text = es_table_copy(table, text);
    table->cells[table->n].color = ES_COLOR_NONE;
    table->n++;
}


void
es_table_cellf(es_table_t *table, const char *format, ...)
{
    char     buf[1024];
    va_list  args;

    va_start(args, format);
    vsnprintf(buf, sizeof(buf), format, args);
    va_end(args);

    es_table_cell(table, es_text(buf));
}


void
es_table_color(es_table_t *table, es_color_e color)
{
    table->cells[table->n - 1].color = color;
}


size_t
es_width(es_str_t text)
{
    int        w;
    size_t     len, width;
    wchar_t    c;
    mbstate_t  state;

    memset(&state, 0, sizeof(mbstate_t));

    for (width = 0; text.len > 0; text.data += len, text.len -= len) {
        len = mbrtowc(&c, text.data, text.len, &state);

        if (len == 0 || len > text.len) {
            /* the locale is not UTF-8 */
            memset(&state, 0, sizeof(mbstate_t));
            len = es_utf8_length(text.data, text.len);
            width++;
            continue;
        }

        w = wcwidth(c);
        width += w > 0 ? (size_t) w : 0;
    }

    return width;
}


static void
es_table_row(const es_table_t *table, const es_table_cell_t *row, size_t n,
    const size_t *widths)
{
    size_t  i, gap;
    bool    last;

    for (i = 0; i < n; i++) {
        last = i + 1 == n;
        gap = widths[i] - es_width(row[i].text);

        if (table->right[i]) {
            printf("%*s", (int) gap, "");
        }

        if (row[i].color != ES_COLOR_NONE) {
            es_color(table->cli, row[i].color);
        }

        fwrite(row[i].text.data, 1, row[i].text.len, stdout);

        if (row[i].color != ES_COLOR_NONE) {
            es_color(table->cli, ES_COLOR_NONE);
        }

        if (!last) {
            printf("%*s", (int) ((table->right[i] ? 0 : gap) + ES_TABLE_GAP),
                   "");
        }
    }

    printf("\n");
}


void
es_table_print(es_table_t *table)
{
    size_t  i, n, width, widths[ES_TABLE_COLUMNS];

    memset(widths, 0, sizeof(widths));

    for (i = 0; i < table->n; i++) {
        width = es_width(table->cells[i].text);

        if (width > widths[i % table->columns]) {
            widths[i % table->columns] = width;
        }

        if (i < table->columns) {
            table->cells[i].color = ES_COLOR_DIM;
        }
    }

    for (i = 0; i < table->n; i += n) {
        n = table->n - i < table->columns ? table->n - i : table->columns;
        es_table_row(table, table->cells + i, n, widths);
    }

    es_heap_destroy(table->heap);
}
