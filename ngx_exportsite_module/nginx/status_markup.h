/*
 * The pieces that the status page is made of: values as a person reads them,
 * and the rows and cards they stand in.
 */
#ifndef NGX_EXPORTSITE_STATUS_MARKUP_H
#define NGX_EXPORTSITE_STATUS_MARKUP_H

#include "reply.h"
#include "status_names.h"


typedef enum {
    ngx_exportsite_row_number = 0,
    ngx_exportsite_row_fault,             /* a number that should be 0 */
    ngx_exportsite_row_bytes,
    ngx_exportsite_row_time               /* ms */
} ngx_exportsite_row_e;

/* A line of a card: a uint64_t that stands at offset in some struct. */
typedef struct {
    const char            *label;
    ngx_exportsite_row_e   kind;
    size_t                 offset;
} ngx_exportsite_row_t;


/* Foreign text, escaped. */
void ngx_exportsite_markup_text(ngx_exportsite_reply_t *reply, es_str_t text);

/* 1,234,567 */
void ngx_exportsite_markup_number(ngx_exportsite_reply_t *reply, uint64_t n);

/* 17.3 MB */
void ngx_exportsite_markup_bytes(ngx_exportsite_reply_t *reply, uint64_t n);

/* A card with a table, to be ended; one that is wide has a line of its own. */
void ngx_exportsite_markup_card(ngx_exportsite_reply_t *reply,
    const char *title, ngx_uint_t wide);
void ngx_exportsite_markup_end(ngx_exportsite_reply_t *reply);

/* Rows of a table with two columns: a word of ours, or foreign text. */
void ngx_exportsite_markup_row_word(ngx_exportsite_reply_t *reply,
    const char *label, const char *word);
void ngx_exportsite_markup_row_text(ngx_exportsite_reply_t *reply,
    const char *label, es_str_t text);

/* The same for numbers; rows end with one without label. */
void ngx_exportsite_markup_row(ngx_exportsite_reply_t *reply,
    const char *label, ngx_exportsite_row_e kind, uint64_t value);
void ngx_exportsite_markup_rows(ngx_exportsite_reply_t *reply,
    const ngx_exportsite_row_t *row, const void *base);
void ngx_exportsite_markup_counts(ngx_exportsite_reply_t *reply,
    const ngx_exportsite_status_names_t *names, const uint64_t *count);

/* The same, with a title, for those that are not 0; nothing if all are. */
void ngx_exportsite_markup_reasons(ngx_exportsite_reply_t *reply,
    const char *title, const ngx_exportsite_status_names_t *names,
    const uint64_t *count, ngx_exportsite_row_e kind);

/* A row of two columns: how much of a whole is taken. */
void ngx_exportsite_markup_bar(ngx_exportsite_reply_t *reply, uint64_t part,
    uint64_t whole);

/* A cell with a number, and the heads of columns, which end with NULL. */
void ngx_exportsite_markup_cell(ngx_exportsite_reply_t *reply, uint64_t n);
void ngx_exportsite_markup_heads(ngx_exportsite_reply_t *reply,
    const char *const *head);

#endif
