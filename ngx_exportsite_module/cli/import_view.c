/* A line of a log, judged as the module judges a request, and its event. */
#include "../core/asset.h"
#include "../core/origin.h"
#include "../core/query.h"
#include "import.h"


#define ES_IMPORT_DAY_MS  86400000


es_import_fate_e
es_import_judge(es_import_t *import, char *line, size_t len)
{
    es_import_view_t  *view = &import->view;

    if (!es_logline_parse(&view->line, line, len)) {
        return ES_IMPORT_UNPARSED;
    }

    if (!es_logline_request(&view->request, view->line.request, view->path)
        || !es_str_eq(view->request.method, es_str("GET")))
    {
        return ES_IMPORT_METHOD;
    }

    if (view->line.status != 200 && view->line.status != 304) {
        return ES_IMPORT_STATUS;
    }

    /* the learner takes no events of days to come */

    if (view->line.time < ES_IMPORT_SINCE
        || view->line.time > import->now + ES_IMPORT_DAY_MS)
    {
        return ES_IMPORT_TIME;
    }

    if (es_path_is_asset(view->request.path)) {
        return ES_IMPORT_ASSET;
    }

    es_agent_classify(view->line.agent, &view->agent);

    return view->agent.crawler ? ES_IMPORT_CRAWLER : ES_IMPORT_VIEW;
}


/* The site's name, as the log has it, else as we were told */
static void
es_import_put_host(es_import_t *import, es_event_t *e)
{
    char            name[256];
    size_t          i;
    es_authority_t  authority;

    if (!es_authority_parse(import->view.line.host, &authority)
        || authority.host.len > sizeof(name))
    {
        es_event_put(e, ES_EVENT_HOST, import->host);
        return;
    }

    for (i = 0; i < authority.host.len; i++) {
        name[i] = es_lower(authority.host.data[i]);
    }

    es_event_put(e, ES_EVENT_HOST, (es_str_t) { i, name });
}


/* The language that the path begins with, if it is one of the site's */
static void
es_import_put_language(es_import_t *import, es_event_t *e)
{
    size_t    i;
    es_str_t  segment = import->view.request.path;

    segment.data++;
    segment.len--;

    for (i = 0; i < segment.len && segment.data[i] != '/'; i++) {
        /* void */
    }

    segment.len = i;

    for (i = 0; i < import->nlanguages; i++) {
        if (es_str_case_eq(segment, import->languages[i])) {
            es_event_put(e, ES_EVENT_LANGUAGE, import->languages[i]);
            return;
        }
    }
}


static void
es_import_put_utm(es_import_t *import, es_event_t *e, es_event_field_e field,
    es_str_t name)
{
    char      buf[256];
    es_str_t  value;

    if (es_query_find(import->view.request.args, name, buf, sizeof(buf),
                      &value))
    {
        es_event_put(e, field, value);
    }
}


void
es_import_fields(es_import_t *import, es_event_t *e, es_str_t visitor)
{
    char               country[2];
    es_import_view_t  *view = &import->view;

    es_event_put(e, ES_EVENT_VISITOR, visitor);
    es_import_put_host(import, e);
    es_event_put(e, ES_EVENT_PATH, view->request.path);
    es_event_put(e, ES_EVENT_STATUS, view->line.status == 200
                                     ? es_str("200") : es_str("304"));

    if (import->has_geo) {
        es_import_country(import, country);
        es_event_put(e, ES_EVENT_COUNTRY, (es_str_t) { 2, country });
    }

    es_import_put_language(import, e);
    es_event_put(e, ES_EVENT_REFERRER, es_referrer_host(view->line.referrer));

    if (view->request.args.len > 0) {
        es_import_put_utm(import, e, ES_EVENT_SOURCE, es_str("utm_source"));
        es_import_put_utm(import, e, ES_EVENT_MEDIUM, es_str("utm_medium"));
        es_import_put_utm(import, e, ES_EVENT_CAMPAIGN,
                          es_str("utm_campaign"));
    }

    es_event_put(e, ES_EVENT_DEVICE, es_device_name(view->agent.device));
}
