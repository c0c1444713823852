/*
 * The long tables of the status page. They are cut where a page would get too
 * long to be read; JSON has all.
 */
#include "compat.h"

#include "geo.h"
#include "status_markup.h"
#include "status_tables.h"
#include "../core/text.h"


#define NGX_EXPORTSITE_TABLE_ROWS  50
#define NGX_EXPORTSITE_TABLE_TEXT  200            /* bytes of a rule */


static void ngx_exportsite_table_workers(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status);
static void ngx_exportsite_table_databases(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status);
static void ngx_exportsite_table_slot_errors(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status);
static void ngx_exportsite_table_segments(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status);
static ngx_uint_t ngx_exportsite_table_segment_rows(
    ngx_exportsite_reply_t *reply, ngx_exportsite_status_t *status,
    ngx_uint_t faulty);


void
ngx_exportsite_status_tables(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status)
{
    ngx_exportsite_table_slot_errors(reply, status);
    ngx_exportsite_table_segments(reply, status);
    ngx_exportsite_table_databases(reply, status);
    ngx_exportsite_table_workers(reply, status);
}


static void
ngx_exportsite_table_workers(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status)
{
    ngx_uint_t                       n;
    ngx_exportsite_status_worker_t  *worker = status->workers.elts;
    static const char *const         head[] = {
        "process", "recorded", "queued", "sent", "spooled", "replayed",
        "lost", "lookups", "reconnects", NULL
    };

    ngx_exportsite_markup_card(reply, "Workers", 1);
    ngx_exportsite_markup_heads(reply, head);

    for (n = 0; n < ngx_min(status->workers.nelts, NGX_EXPORTSITE_TABLE_ROWS);
         n++, worker++)
    {
        ngx_exportsite_reply_print(reply, "<tr><td>%uL", worker->pid);
        ngx_exportsite_markup_cell(reply, worker->recorded);
        ngx_exportsite_markup_cell(reply, worker->queued);
        ngx_exportsite_markup_cell(reply, worker->sent);
        ngx_exportsite_markup_cell(reply, worker->spooled);
        ngx_exportsite_markup_cell(reply, worker->replayed);
        ngx_exportsite_markup_cell(reply, worker->lost);
        ngx_exportsite_markup_cell(reply, worker->geo_lookups);
        ngx_exportsite_markup_cell(reply, worker->reconnects);
        ngx_exportsite_reply_text(reply, "\n");
    }

    ngx_exportsite_markup_end(reply);
}


static void
ngx_exportsite_table_databases(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status)
{
    ngx_tm_t                      tm;
    ngx_uint_t                    n;
    ngx_exportsite_geo_status_t  *db = status->databases.elts;
    static const char *const      head[] = {
        "file", "built", "size", "files taken", "refused", NULL
    };

    if (status->databases.nelts == 0) {
        return;
    }

    ngx_exportsite_markup_card(reply, "Databases", 1);
    ngx_exportsite_markup_heads(reply, head);

    for (n = 0;
         n < ngx_min(status->databases.nelts, NGX_EXPORTSITE_TABLE_ROWS);
         n++, db++)
    {
        ngx_gmtime(db->built, &tm);

        ngx_exportsite_reply_text(reply, "<tr><td class=t>");
        ngx_exportsite_markup_text(reply, ngx_exportsite_es(db->path));

        if (db->error.len != 0) {
            ngx_exportsite_reply_text(reply, "<p class=warn>");
            ngx_exportsite_markup_text(reply, ngx_exportsite_es(db->error));
        }

        ngx_exportsite_reply_print(reply, "<td>%04d-%02d-%02d<td>",
                                   tm.ngx_tm_year, tm.ngx_tm_mon,
                                   tm.ngx_tm_mday);
        ngx_exportsite_markup_bytes(reply, db->size);
        ngx_exportsite_markup_cell(reply, db->loads);
        ngx_exportsite_markup_cell(reply, db->errors);
        ngx_exportsite_reply_text(reply, "\n");
    }

    ngx_exportsite_markup_end(reply);
}


static void
ngx_exportsite_table_slot_errors(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status)
{
    ngx_uint_t                    n;
    ngx_exportsite_slot_error_t  *error = status->slot_errors.elts;
    if (status->slot_errors.nelts == 0) {
        return;
    }

    ngx_exportsite_markup_card(reply, "Contents that cannot be taken", 1);

    for (n = 0; n < status->slot_errors.nelts; n++, error++) {
        ngx_exportsite_reply_text(reply, "<tr><td class=t>");
        ngx_exportsite_markup_text(reply,
            (es_str_t) { error->key_len, (char *) error->key });
        ngx_exportsite_reply_text(reply, "<td class=\"t warn\">");
        ngx_exportsite_markup_text(reply,
            (es_str_t) { error->message_len, (char *) error->message });
        ngx_exportsite_reply_text(reply, "\n");
    }

    ngx_exportsite_markup_end(reply);
}


/* Those with a fault come first. */
static void
ngx_exportsite_table_segments(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status)
{
    ngx_uint_t  shown;

    if (status->segments.nelts == 0) {
        return;
    }

    ngx_exportsite_markup_card(reply, "Segments", 1);

    shown = ngx_exportsite_table_segment_rows(reply, status, 1);
    shown += ngx_exportsite_table_segment_rows(reply, status, 0);

    if (shown < status->segments.nelts) {
        ngx_exportsite_reply_text(reply, "<tr class=z><td class=t>and ");
        ngx_exportsite_markup_number(reply, status->segments.nelts - shown);
        ngx_exportsite_reply_text(reply, " more"
                                  "<td class=t>all are in format=json\n");
    }

    ngx_exportsite_markup_end(reply);
}


static void
ngx_exportsite_table_segment(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_segment_t *segment)
{
    es_str_t                      text;
    ngx_exportsite_definition_t  *d = &segment->definition;

    ngx_exportsite_reply_text(reply, "<tr><td class=t>");
    ngx_exportsite_markup_text(reply, d->name);
    ngx_exportsite_reply_text(reply, "<td class=t>");

    if (d->text.len != 0) {
        text = d->text;
        text.len = es_text_cut(text, NGX_EXPORTSITE_TABLE_TEXT);

        ngx_exportsite_reply_text(reply, "<code>");
        ngx_exportsite_markup_text(reply, text);
        ngx_exportsite_reply_text(reply, text.len < d->text.len
                                         ? "</code> &hellip;" : "</code>");
    }

    if (d->error.len != 0) {
        ngx_exportsite_reply_text(reply, "<p class=warn>");
        ngx_exportsite_markup_text(reply, d->error);
    }

    if (segment->warning != NULL) {
        ngx_exportsite_reply_text(reply, "<p class=warn>");
        ngx_exportsite_markup_text(reply,
            (es_str_t) { ngx_strlen(segment->warning), segment->warning });
    }

    ngx_exportsite_reply_text(reply, "\n");
}


static ngx_uint_t
ngx_exportsite_table_segment_rows(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status, ngx_uint_t faulty)
{
    ngx_uint_t                        n, shown;
    ngx_exportsite_status_segment_t  *segment = status->segments.elts;

    shown = 0;

    for (n = 0; n < status->segments.nelts
                && shown < NGX_EXPORTSITE_TABLE_ROWS; n++, segment++)
    {
        if ((segment->definition.error.len != 0 || segment->warning != NULL)
            == (faulty != 0))
        {
            ngx_exportsite_table_segment(reply, segment);
            shown++;
        }
    }

    return shown;
}
