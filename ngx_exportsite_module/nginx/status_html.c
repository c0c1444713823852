/*
 * The status page: a headline that says what is not well, and the numbers in
 * cards below. It loads nothing, runs nothing, and renews itself.
 */
#include "compat.h"

#include "status_health.h"
#include "status_html.h"
#include "status_markup.h"
#include "status_tables.h"
#include "worker.h"


static void ngx_exportsite_html_head(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status);
static void ngx_exportsite_html_sentence(ngx_exportsite_reply_t *reply,
    ngx_exportsite_finding_t *finding);
static void ngx_exportsite_html_events(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status);
static void ngx_exportsite_html_redis(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status);
static void ngx_exportsite_html_latency(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status);
static void ngx_exportsite_html_spool(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status);
static void ngx_exportsite_html_visitors(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status);


#define ngx_exportsite_row(label, kind, field)                                \
    { label, ngx_exportsite_row_##kind,                                       \
      offsetof(ngx_exportsite_status_t, field) }

#define ngx_exportsite_row_end  { NULL, 0, 0 }


static const char  ngx_exportsite_html_style[] =
    ":root{color-scheme:light dark;--bg:#f5f6f8;--card:#fff;--fg:#1d2430;"
    "--dim:#737b88;--line:#e6e8ec;--ok:#1e8449;--warn:#a86200;--bad:#c0312f;"
    "--bar:#6d93d8}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#13161b;--card:#1b1f26;"
    "--fg:#dfe3e9;--dim:#8a93a1;--line:#2a3039;--ok:#4fbf7f;--warn:#dda23f;"
    "--bad:#ee7772;--bar:#54719f}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:74rem;padding:1rem;background:var(--bg);"
    "color:var(--fg);font:15px/1.45 system-ui,sans-serif}\n"
    "header{margin:0 0 1rem;padding:.9rem 1.1rem;border-radius:.6rem;"
    "background:var(--card);border:1px solid var(--line);"
    "border-left:.5rem solid var(--c)}\n"
    "header.ok{--c:var(--ok)}header.warn{--c:var(--warn)}"
    "header.bad{--c:var(--bad)}\n"
    "h1{margin:0;font-size:1.35rem;color:var(--c);overflow-wrap:anywhere}\n"
    "h1 small{display:block;font-weight:400;font-size:.95rem}\n"
    "ul{margin:.5rem 0 0;padding:0 0 0 1.1rem}"
    "li{overflow-wrap:anywhere}\n"
    ".warn,.warn>*,li.warn::marker{color:var(--warn)}"
    ".bad,li.bad::marker{color:var(--bad)}\n"
    "main{display:grid;gap:1rem;"
    "grid-template-columns:repeat(auto-fill,minmax(min(17rem,100%),1fr))}\n"
    "section{padding:.8rem 1.1rem;border-radius:.6rem;"
    "background:var(--card);border:1px solid var(--line);min-width:0}\n"
    ".wide{grid-column:1/-1;overflow-x:auto}\n"
    "h2{margin:0 0 .4rem;font-size:1rem}\n"
    "table{width:100%;border-collapse:collapse}\n"
    "th,td{padding:.16rem 0;vertical-align:top;text-align:right;"
    "font-variant-numeric:tabular-nums}\n"
    "th{padding-right:.7rem;font-weight:400;text-align:left;"
    "white-space:nowrap}\n"
    ".t{overflow-wrap:anywhere;text-align:left}"
    ".t bdi{color:var(--dim);padding-left:.5rem}.h th{padding-top:.5rem;"
    "font-size:.85rem;color:var(--dim)}\n"
    ".wide td{padding:.3rem 1rem .3rem 0;border-top:1px solid var(--line)}\n"
    ".wide td:first-child{text-align:left}"
    ".wide th:not(:first-child):not(.t){text-align:right}"
    ".wide .t{min-width:7rem}.wide .t~.t{width:75%}"
    ".wide td:not(.t){white-space:nowrap}\n"
    ".wide th{font-size:.85rem}"
    ".wide th,.z,.z>*,footer{color:var(--dim)}\n"
    "p{margin:.1rem 0 0}code{font-size:.88rem}\n"
    ".bar{height:.45rem;margin:.3rem 0;border-radius:.25rem;"
    "background:var(--line);overflow:hidden}"
    ".bar i{display:block;height:100%;background:var(--bar)}\n"
    "td.w{width:45%;padding:.16rem .6rem .16rem 0}"
    "td.w .bar{margin:.5rem 0}\n"
    "footer{margin:1rem 0;font-size:.85rem}\n";


void
ngx_exportsite_status_html(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status)
{
    ngx_exportsite_html_head(reply, status);

    ngx_exportsite_reply_text(reply, "<main>\n");

    ngx_exportsite_html_events(reply, status);
    ngx_exportsite_html_redis(reply, status);
    ngx_exportsite_html_latency(reply, status);
    ngx_exportsite_html_spool(reply, status);
    ngx_exportsite_html_visitors(reply, status);
    ngx_exportsite_status_tables(reply, status);

    ngx_exportsite_reply_text(reply, "</main>\n<footer>As of ");
    ngx_exportsite_markup_text(reply,
                              ngx_exportsite_es(ngx_cached_http_log_iso8601));
    ngx_exportsite_reply_print(reply, ", told by worker %P, of all workers "
                               "since nginx started. exportsite "
                               NGX_EXPORTSITE_VERSION ". This page renews "
                               "itself every 10 seconds.</footer>\n",
                               ngx_pid);
}


static void
ngx_exportsite_html_head(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status)
{
    ngx_uint_t                i, n;
    const char               *state;
    ngx_exportsite_finding_t  finding[NGX_EXPORTSITE_FINDINGS];

    n = ngx_exportsite_status_health(status, finding);
    state = n == 0 ? "ok" : finding[0].bad ? "bad" : "warn";

    ngx_exportsite_reply_text(reply,
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
        "<meta name=viewport content=\"width=device-width\">\n"
        "<meta http-equiv=refresh content=10>\n<title>exportsite: ");
    ngx_exportsite_reply_text(reply, n == 0 ? "all is well" : finding[0].bad
                              ? "something is wrong" : "have a look");
    ngx_exportsite_reply_text(reply, "</title>\n<style>\n");
    ngx_exportsite_reply_text(reply, ngx_exportsite_html_style);
    ngx_exportsite_reply_print(reply, "</style>\n<header class=%s><h1>",
                               state);

    if (n == 0) {
        ngx_exportsite_reply_text(reply, "All is well</h1></header>\n");
        return;
    }

    ngx_exportsite_html_sentence(reply, &finding[0]);
    ngx_exportsite_reply_text(reply, n > 1 ? "</h1><ul>\n" : "</h1>");

    for (i = 1; i < n; i++) {
        ngx_exportsite_reply_print(reply, "<li class=%s>",
                                   finding[i].bad ? "bad" : "warn");
        ngx_exportsite_html_sentence(reply, &finding[i]);
        ngx_exportsite_reply_text(reply, "\n");
    }

    ngx_exportsite_reply_text(reply, n > 1 ? "</ul></header>\n"
                                           : "</header>\n");
}


static void
ngx_exportsite_html_sentence(ngx_exportsite_reply_t *reply,
    ngx_exportsite_finding_t *finding)
{
    if (finding->count != 0) {
        ngx_exportsite_markup_number(reply, finding->count);
        ngx_exportsite_reply_text(reply, " ");
    }

    ngx_exportsite_reply_text(reply, finding->text);

    if (finding->detail.len != 0) {
        ngx_exportsite_reply_text(reply, " <small>");
        ngx_exportsite_markup_text(reply, finding->detail);
        ngx_exportsite_reply_text(reply, "</small>");
    }
}


static void
ngx_exportsite_html_events(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status)
{
    static const ngx_exportsite_row_t  rows[] = {
        ngx_exportsite_row("recorded", number, sum.events_queued),
        ngx_exportsite_row("sent to Redis", number, sum.events_sent),
        ngx_exportsite_row("sent once more", number, sum.events_repeated),
        ngx_exportsite_row("waiting in memory", number, queued),
        ngx_exportsite_row("memory taken", bytes, bytes),
        ngx_exportsite_row("oldest unsent", time, oldest),
        ngx_exportsite_row("lost", fault, lost),
        ngx_exportsite_row_end
    };

    ngx_exportsite_markup_card(reply, "Events", 0);
    ngx_exportsite_markup_rows(reply, rows, status);
    ngx_exportsite_markup_reasons(reply, "lost, by reason",
                                  &ngx_exportsite_status_reasons,
                                  status->sum.events_lost,
                                  ngx_exportsite_row_fault);
    ngx_exportsite_markup_end(reply);

    ngx_exportsite_markup_card(reply, "Events by type", 0);
    ngx_exportsite_markup_counts(reply, &ngx_exportsite_status_types,
                                 status->sum.events_type);
    ngx_exportsite_markup_end(reply);

    ngx_exportsite_markup_card(reply, "Requests to the collector", 0);
    ngx_exportsite_markup_counts(reply, &ngx_exportsite_status_beacons,
                                 status->sum.beacons);
    ngx_exportsite_markup_end(reply);
}


static void
ngx_exportsite_html_redis(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status)
{
    ngx_exportsite_worker_t           *w = &ngx_exportsite_worker;
    static const ngx_exportsite_row_t  rows[] = {
        ngx_exportsite_row("batches sent", number, sum.batches),
        ngx_exportsite_row("connections lost", number, sum.reconnects),
        ngx_exportsite_row("breaker opened", number, breaker_opened),
        ngx_exportsite_row_end
    };

    ngx_exportsite_markup_card(reply, "Redis", 0);
    ngx_exportsite_markup_row_word(reply, "connection",
                      ngx_exportsite_status_states.name[status->redis]);

    if (w->conf->redis.address.len != 0) {
        ngx_exportsite_markup_row_word(reply, "changes",
                                       status->listening ? "heard at once"
                                                         : "not heard");
        ngx_exportsite_markup_row_word(reply, "breaker",
                                       status->breaker_open ? "open"
                                                            : "closed");
    }

    ngx_exportsite_markup_rows(reply, rows, status);

    if (w->conf->redis.address.len != 0) {
        ngx_exportsite_markup_row_text(reply, "address",
                                 ngx_exportsite_es(w->conf->redis.address));
    }

    ngx_exportsite_markup_end(reply);
}


/* How many batches each class of round trips has, the longest bar for most. */
static void
ngx_exportsite_html_latency(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status)
{
    uint64_t    most, us, *count;
    ngx_uint_t  i;

    most = 1;
    count = status->sum.batch_within;

    for (i = 0; i < NGX_EXPORTSITE_LATENCIES; i++) {
        most = ngx_max(most, count[i]);
    }

    ngx_exportsite_markup_card(reply, "Redis' answers to batches", 0);

    for (i = 0; i < NGX_EXPORTSITE_LATENCIES; i++) {
        us = ngx_exportsite_status_bounds[
                                  ngx_min(i, NGX_EXPORTSITE_LATENCIES - 2)];

        ngx_exportsite_reply_print(reply, "<tr%s><th>%s ",
                                   count[i] == 0 ? " class=z" : "",
                                   i < NGX_EXPORTSITE_LATENCIES - 1
                                   ? "within" : "over");

        if (us % 1000 != 0) {
            ngx_exportsite_reply_print(reply, "%uL.%uL&nbsp;ms", us / 1000,
                                       us % 1000 / 100);
        } else {
            ngx_exportsite_reply_print(reply, "%uL&nbsp;ms", us / 1000);
        }

        ngx_exportsite_reply_print(reply, "<td class=w><div class=bar>"
                                   "<i style=\"width:%uL%%\"></i></div><td>",
                                   count[i] * 100 / most);
        ngx_exportsite_markup_number(reply, count[i]);
        ngx_exportsite_reply_text(reply, "\n");
    }

    ngx_exportsite_markup_end(reply);
}


static void
ngx_exportsite_html_spool(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status)
{
    static const ngx_exportsite_row_t  rows[] = {
        ngx_exportsite_row("events in files", number, spool_events),
        ngx_exportsite_row("files", number, spool_files),
        ngx_exportsite_row("their size", bytes, spool_bytes),
        ngx_exportsite_row("size at most", bytes, spool_max),
        ngx_exportsite_row("ever written", number, sum.events_spooled),
        ngx_exportsite_row("ever replayed", number, sum.events_replayed),
        ngx_exportsite_row_end
    };

    ngx_exportsite_markup_card(reply, "Spool", 0);

    if (status->spool_enabled) {
        ngx_exportsite_markup_rows(reply, rows, status);
        ngx_exportsite_markup_bar(reply, status->spool_bytes,
                                  status->spool_max);
        ngx_exportsite_markup_row_text(reply, "folder",
                                   ngx_exportsite_es(status->spool_path));

    } else {
        ngx_exportsite_markup_row_word(reply, "folder", "none configured");
    }

    ngx_exportsite_markup_end(reply);
}


static void
ngx_exportsite_html_visitors(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status)
{
    static const ngx_exportsite_row_t  profiles[] = {
        ngx_exportsite_row("in memory", number, profiles.entries),
        ngx_exportsite_row("found there", number, sum.profile_hits),
        ngx_exportsite_row("not there", number, sum.profile_misses),
        ngx_exportsite_row("waited for Redis", number, sum.profile_waits),
        ngx_exportsite_row("of them in vain", fault, sum.profile_timeouts),
        ngx_exportsite_row("pushed out", number, profiles.evictions),
        ngx_exportsite_row("memory taken", bytes, profiles.used),
        ngx_exportsite_row_end
    };
    static const ngx_exportsite_row_t  slots[] = {
        ngx_exportsite_row("pages", number, sum.slots_pages),
        ngx_exportsite_row("slots seen", number, sum.slots_seen),
        ngx_exportsite_row("filled", number, sum.slots_filled),
        ngx_exportsite_row_end
    };

    ngx_exportsite_markup_card(reply, "Profiles", 0);
    ngx_exportsite_markup_rows(reply, profiles, status);
    ngx_exportsite_markup_bar(reply, status->profiles.used,
                              status->profiles.size);
    ngx_exportsite_markup_end(reply);

    ngx_exportsite_markup_card(reply, "Slots", 0);
    ngx_exportsite_markup_rows(reply, slots, status);
    ngx_exportsite_markup_reasons(reply, "not filled, by reason",
                                  &ngx_exportsite_status_left, status->left,
                                  ngx_exportsite_row_number);
    ngx_exportsite_markup_reasons(reply, "pages not read, by reason",
                                  &ngx_exportsite_status_passed,
                                  status->passed, ngx_exportsite_row_number);
    ngx_exportsite_markup_end(reply);
}
