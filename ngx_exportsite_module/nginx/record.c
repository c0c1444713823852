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
#include "event_id.h"
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
static void ngx_exportsite_record(ngx_exportsite_visit_t *visit,
    const es_beacon_event_t *event, const ngx_exportsite_about_t *about);
static void ngx_exportsite_record_fields(ngx_exportsite_visit_t *visit,
    es_event_t *e, const es_beacon_event_t *event,
    const ngx_exportsite_about_t *about);
static void ngx_exportsite_record_origin(ngx_exportsite_visit_t *visit,
    es_event_t *e);
static ngx_exportsite_event_type_e ngx_exportsite_record_type(es_str_t type);


/* fields of few values, ready-made: a view's status is 200 or 304 */
static es_event_ready_t  ngx_exportsite_device_events[NGX_EXPORTSITE_DEVICES];
static es_event_ready_t  ngx_exportsite_status_events[2];


ngx_str_t
ngx_exportsite_event_id(ngx_exportsite_visit_t *visit)
{
    if (!visit->event_id_made) {
        visit->event_id_made = 1;
        ngx_exportsite_event_id_make(visit->event_id,
                                     ngx_exportsite_consent(visit));
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

    return !ngx_exportsite_is_crawler(visit) || visit->conf->record_crawlers;
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


void
ngx_exportsite_record_view(ngx_http_request_t *r)
{
    ngx_exportsite_visit_t  *visit;

    if (r != r->main) {
        return;
    }

    visit = ngx_exportsite_visit(r);

    if (visit != NULL && visit->view && ngx_exportsite_recording(visit)) {
        ngx_exportsite_record(visit, NULL, NULL);
    }
}


ngx_uint_t
ngx_exportsite_may_record_event(ngx_exportsite_visit_t *visit)
{
    return !ngx_exportsite_is_crawler(visit) && ngx_exportsite_recording(visit);
}


void
ngx_exportsite_record_about(ngx_exportsite_visit_t *visit,
    ngx_exportsite_about_t *about)
{
    about->segments = ngx_exportsite_segment_list(visit);
    about->variants = ngx_exportsite_variants(visit);
}


void
ngx_exportsite_record_event(ngx_exportsite_visit_t *visit,
    const es_beacon_event_t *event, const ngx_exportsite_about_t *about)
{
    visit->event_id_made = 1;
    ngx_exportsite_event_id_make(visit->event_id,
                                 ngx_exportsite_consent(visit));

    ngx_exportsite_record(visit, event, about);
}


/* Writes an event into the ring; of a view, event and about are NULL. */
static void
ngx_exportsite_record(ngx_exportsite_visit_t *visit,
    const es_beacon_event_t *event, const ngx_exportsite_about_t *about)
{
    char                         *p;
    es_event_t                    e;
    ngx_exportsite_event_type_e   type;

    p = ngx_exportsite_queue_reserve(NGX_EXPORTSITE_COUNT_LEN + ES_EVENT_SIZE);
    if (p == NULL) {
        return;
    }

    es_event_init(&e, p + NGX_EXPORTSITE_COUNT_LEN, ES_EVENT_SIZE);
    ngx_exportsite_record_fields(visit, &e, event, about);

    if (e.overflow) {
        ngx_exportsite_count(events_lost[ngx_exportsite_lost_large]);
        return;
    }

    ngx_memcpy(p, "$2\r\n", 4);
    p[4] = (char) ('0' + e.args / 10);
    p[5] = (char) ('0' + e.args % 10);
    ngx_memcpy(p + 6, "\r\n", 2);

    ngx_exportsite_queue_commit(e.p - p, e.args + 1);

    type = event ? ngx_exportsite_record_type(event->type)
                 : visit->crawler ? ngx_exportsite_event_other
                 : ngx_exportsite_event_view;
    ngx_exportsite_count(events_type[type]);
}


static ngx_exportsite_event_type_e
ngx_exportsite_record_type(es_str_t type)
{
    ngx_uint_t             i;
    static const es_str_t  names[ngx_exportsite_event_other] = {
        [ngx_exportsite_event_view] = { 4, "view" },
        [ngx_exportsite_event_click] = { 5, "click" },
        [ngx_exportsite_event_dwell] = { 5, "dwell" },
        [ngx_exportsite_event_scroll] = { 6, "scroll" },
        [ngx_exportsite_event_goal] = { 4, "goal" }
    };

    for (i = 0; i < ngx_exportsite_event_other; i++) {
        if (es_str_eq(type, names[i])) {
            break;
        }
    }

    return i;
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
ngx_exportsite_record_fields(ngx_exportsite_visit_t *visit, es_event_t *e,
    const es_beacon_event_t *event, const ngx_exportsite_about_t *about)
{
    ngx_str_t               visitor, language, industry;
    es_event_ready_t       *ready;
    ngx_exportsite_about_t  found;

#define ngx_exportsite_put(field, value)                                      \
    es_event_put(e, ES_EVENT_##field, ngx_exportsite_es(value))

    visitor = event ? ngx_exportsite_visitor_known(visit)
                    : ngx_exportsite_visitor(visit);

    es_event_begin(e, (char *) ngx_exportsite_event_id(visit).data,
                   ngx_exportsite_record_time(),
                   event ? event->type
                         : visit->crawler ? es_str("crawl") : es_str("view"));
    ngx_exportsite_put(VISITOR, visitor);
    ngx_exportsite_put(HOST, visit->host);
    ngx_exportsite_put(PATH, visit->path);

    if (event == NULL) {
        es_event_put_ready(e, &ngx_exportsite_status_events
                      [visit->request->headers_out.status != NGX_HTTP_OK]);
    }

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

    if (about == NULL) {
        ngx_exportsite_record_about(visit, &found);
        about = &found;
    }

    ngx_exportsite_put(SEGMENTS, about->segments);
    ngx_exportsite_put(VARIANTS, about->variants);

    if (event == NULL) {
        ngx_exportsite_record_origin(visit, e);
    }

    ngx_exportsite_agent(visit);
    es_event_put_ready(e, &ngx_exportsite_device_events[visit->device]);

    if (event != NULL) {
        es_event_put(e, ES_EVENT_PAGE, event->page);
        es_event_put(e, ES_EVENT_LABEL, event->label);
        es_event_put(e, ES_EVENT_VALUE, event->value);

        if (event->timed) {
            es_event_put_int(e, ES_EVENT_MS, event->ms);
        }
    }
}


/* Where a view came from. */
static void
ngx_exportsite_record_origin(ngx_exportsite_visit_t *visit, es_event_t *e)
{
    ngx_http_request_t  *r = visit->request;

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
}
