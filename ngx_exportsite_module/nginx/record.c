/*
 * Recording. The event is written straight into the ring in shared memory, as
 * the arguments of the XADD that it will be.
 */
#include "compat.h"

#include "../core/agent.h"
#include "../core/asset.h"
#include "../core/event.h"
#include "../core/query.h"
#include "choose.h"
#include "fields.h"
#include "headers.h"
#include "queue.h"
#include "record.h"
#include "resolve.h"
#include "visitor.h"
#include "worker.h"


/* the number of arguments, as a bulk string of two digits, comes first */
#define NGX_EXPORTSITE_COUNT_LEN  (sizeof("$2\r\n00\r\n") - 1)

#define NGX_EXPORTSITE_DEVICES    (ES_DEVICE_TABLET + 1)


static ngx_uint_t ngx_exportsite_is_html(ngx_exportsite_visit_t *visit);
static void ngx_exportsite_record(ngx_exportsite_visit_t *visit);
static void ngx_exportsite_record_fields(ngx_exportsite_visit_t *visit,
    es_event_t *e);


/* fields of few values, ready-made: a view's status is 200 or 304 */
static es_event_ready_t  ngx_exportsite_device_events[NGX_EXPORTSITE_DEVICES];
static es_event_ready_t  ngx_exportsite_status_events[2];


/* Sixteen digits of the process and eight of its count. */
ngx_str_t
ngx_exportsite_event_id(ngx_exportsite_visit_t *visit)
{
    u_char          *p;
    uint32_t         n;
    ngx_uint_t       i;
    static uint32_t  counter;
    static u_char    hex[] = "0123456789abcdef";

    if (!visit->event_id_made) {
        visit->event_id_made = 1;

        ngx_memcpy(visit->event_id, ngx_exportsite_worker.event_nonce, 16);

        n = ++counter;
        p = visit->event_id + NGX_EXPORTSITE_EVENT_ID_LEN;

        for (i = 0; i < 8; i++) {
            *--p = hex[n & 15];
            n >>= 4;
        }
    }

    return (ngx_str_t) { NGX_EXPORTSITE_EVENT_ID_LEN, visit->event_id };
}


/* What of a view is known from the request alone. */
static ngx_uint_t
ngx_exportsite_asks_view(ngx_exportsite_visit_t *visit)
{
    if (visit->request->method != NGX_HTTP_GET
        || ngx_exportsite_headers(visit)->prefetch)
    {
        return 0;
    }

    ngx_exportsite_agent(visit);

    return !visit->crawler;
}


ngx_uint_t
ngx_exportsite_is_view(ngx_exportsite_visit_t *visit)
{
    visit->answered = 1;

    return ngx_exportsite_is_html(visit) && ngx_exportsite_asks_view(visit);
}


static ngx_uint_t
ngx_exportsite_recording(ngx_exportsite_visit_t *visit)
{
    ngx_exportsite_main_conf_t  *mcf = ngx_exportsite_worker.conf;

    return !mcf->stream.off && mcf->redis.sockaddr != NULL
           && ngx_exportsite_switch(visit->request, &visit->conf->record);
}


ngx_uint_t
ngx_exportsite_may_record(ngx_exportsite_visit_t *visit)
{
    if (visit->answered ? !visit->view : !ngx_exportsite_asks_view(visit)) {
        return 0;
    }

    return ngx_exportsite_recording(visit);
}


static ngx_uint_t
ngx_exportsite_is_html(ngx_exportsite_visit_t *visit)
{
    ngx_str_t            type;
    ngx_str_t           *value;
    ngx_http_request_t  *r = visit->request;
    static ngx_str_t     name = ngx_string("accept");

    if (r->headers_out.status != NGX_HTTP_OK
        && r->headers_out.status != NGX_HTTP_NOT_MODIFIED)
    {
        return 0;
    }

    type = r->headers_out.content_type;

    if (type.len == 0 && r->headers_out.status == NGX_HTTP_NOT_MODIFIED) {
        /* from upstream, a 304 does not say: go by what was asked for */
        value = ngx_exportsite_header(r, &name);

        return value != NULL
               && !es_path_is_asset(ngx_exportsite_es(visit->path))
               && ngx_strlcasestrn(value->data, value->data + value->len,
                                   (u_char *) "text/html", 9 - 1)
                  != NULL;
    }

    if (r->headers_out.content_type_len != 0
        && r->headers_out.content_type_len < type.len)
    {
        type.len = r->headers_out.content_type_len;
    }

    if (type.len == 9 && ngx_memcmp(type.data, "text/html", 9) == 0) {
        return 1;
    }

    return (type.len == 9
            && ngx_strncasecmp(type.data, (u_char *) "text/html", 9) == 0)
           || (type.len == 21
               && ngx_strncasecmp(type.data,
                                  (u_char *) "application/xhtml+xml", 21)
                  == 0);
}


void
ngx_exportsite_record_init(void)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_EXPORTSITE_DEVICES; i++) {
        es_event_prepare(&ngx_exportsite_device_events[i], ES_EVENT_DEVICE,
                         es_device_name(i));
    }

    es_event_prepare(&ngx_exportsite_status_events[0], ES_EVENT_STATUS,
                     es_str("200"));
    es_event_prepare(&ngx_exportsite_status_events[1], ES_EVENT_STATUS,
                     es_str("304"));
}


ngx_int_t
ngx_exportsite_record_handler(ngx_http_request_t *r)
{
    ngx_exportsite_visit_t  *visit;

    if (r != r->main) {
        return NGX_OK;
    }

    visit = ngx_exportsite_visit(r);

    if (visit != NULL && visit->view && ngx_exportsite_recording(visit)) {
        ngx_exportsite_record(visit);
    }

    return NGX_OK;
}


static void
ngx_exportsite_record(ngx_exportsite_visit_t *visit)
{
    char        *p;
    es_event_t   e;

    p = ngx_exportsite_queue_reserve(NGX_EXPORTSITE_COUNT_LEN + ES_EVENT_SIZE);
    if (p == NULL) {
        return;
    }

    es_event_init(&e, p + NGX_EXPORTSITE_COUNT_LEN, ES_EVENT_SIZE);
    ngx_exportsite_record_fields(visit, &e);

    if (e.overflow) {
        ngx_exportsite_count(events_lost);
        return;
    }

    ngx_memcpy(p, "$2\r\n", 4);
    p[4] = (char) ('0' + e.args / 10);
    p[5] = (char) ('0' + e.args % 10);
    ngx_memcpy(p + 6, "\r\n", 2);

    ngx_exportsite_queue_commit(e.p - p, e.args + 1);
}


/* Milliseconds since 1970 as 13 digits, made once in each of them. */
static const char *
ngx_exportsite_record_time(void)
{
    static u_char     text[NGX_INT64_LEN + 3];
    static time_t     sec;
    static ngx_uint_t msec;

    ngx_time_t  *tp = ngx_timeofday();

    if (sec != tp->sec || msec != tp->msec) {
        sec = tp->sec;
        msec = tp->msec;
        (void) ngx_sprintf(text, "%010T%03ui", sec, msec);
    }

    return (const char *) text;
}


static void
ngx_exportsite_record_utm(ngx_exportsite_visit_t *visit, es_event_t *e,
    es_event_field_e field, es_str_t name)
{
    char      buf[256];
    es_str_t  value;

    if (es_query_find(ngx_exportsite_es(visit->args), name, buf, sizeof(buf),
                      &value))
    {
        es_event_put(e, field, value);
    }
}


static void
ngx_exportsite_record_fields(ngx_exportsite_visit_t *visit, es_event_t *e)
{
    ngx_str_t            visitor, language, industry;
    es_event_ready_t    *ready;
    ngx_http_request_t  *r = visit->request;

#define ngx_exportsite_put(field, value)                                      \
    es_event_put(e, ES_EVENT_##field, ngx_exportsite_es(value))

    visitor = ngx_exportsite_visitor(visit);

    es_event_begin(e, (char *) ngx_exportsite_event_id(visit).data,
                   ngx_exportsite_record_time(), es_str("view"));
    ngx_exportsite_put(VISITOR, visitor);
    ngx_exportsite_put(HOST, r->headers_in.server);
    ngx_exportsite_put(PATH, visit->path);
    es_event_put_ready(e, &ngx_exportsite_status_events
                              [r->headers_out.status != NGX_HTTP_OK]);
    es_event_put(e, ES_EVENT_COUNTRY,
                 (es_str_t) { 2, (char *) ngx_exportsite_country(visit) });

    language = ngx_exportsite_language(visit);
    ready = &visit->conf->language_events[ngx_max(visit->language, 0)];

    if (ready->len != 0) {
        es_event_put_ready(e, ready);

    } else {
        ngx_exportsite_put(LANGUAGE, language);
    }

    industry = ngx_exportsite_industry(visit);
    ngx_exportsite_put(INDUSTRY, industry);
    ngx_exportsite_put(SEGMENTS, ngx_exportsite_segment_list(visit));
    ngx_exportsite_put(VARIANTS, ngx_exportsite_variants(visit));

    if (r->headers_in.referer != NULL) {
        es_event_put(e, ES_EVENT_REFERRER,
                     es_referrer_host(
                         ngx_exportsite_es(r->headers_in.referer->value)));
    }

    if (visit->args.len != 0) {
        ngx_exportsite_record_utm(visit, e, ES_EVENT_SOURCE,
                                  es_str("utm_source"));
        ngx_exportsite_record_utm(visit, e, ES_EVENT_MEDIUM,
                                  es_str("utm_medium"));
        ngx_exportsite_record_utm(visit, e, ES_EVENT_CAMPAIGN,
                                  es_str("utm_campaign"));
    }

    ngx_exportsite_agent(visit);
    es_event_put_ready(e, &ngx_exportsite_device_events[visit->device]);
}
