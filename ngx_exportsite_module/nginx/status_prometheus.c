/*
 * The text exposition format, version 0.0.4: for each family of samples its
 * HELP and TYPE, then a line for each of its members.
 */
#include "compat.h"

#include "geo.h"
#include "status_metrics.h"
#include "status_prometheus.h"


#define NGX_EXPORTSITE_METRIC_BATCH  "redis_batch_duration_seconds"


static void ngx_exportsite_metric_family(ngx_exportsite_reply_t *reply,
    const char *name, const char *type, const char *help);
static void ngx_exportsite_metric(ngx_exportsite_reply_t *reply,
    const ngx_exportsite_metric_t *metric, const uint64_t *value);
static void ngx_exportsite_metric_latency(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status);
static void ngx_exportsite_metric_databases(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status);


void
ngx_exportsite_status_prometheus(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status)
{
    const ngx_exportsite_metric_t  *metric;

    ngx_exportsite_metric_family(reply, "build_info", "gauge",
                                 "1, with the version of the module.");
    ngx_exportsite_reply_text(reply, "exportsite_build_info{version=\""
                              NGX_EXPORTSITE_VERSION "\"} 1\n");

    for (metric = ngx_exportsite_metrics; metric->name != NULL; metric++) {
        ngx_exportsite_metric(reply, metric,
                         (uint64_t *) ((u_char *) status + metric->offset));
    }

    ngx_exportsite_metric_latency(reply, status);
    ngx_exportsite_metric_databases(reply, status);
}


static void
ngx_exportsite_metric_family(ngx_exportsite_reply_t *reply, const char *name,
    const char *type, const char *help)
{
    ngx_exportsite_reply_print(reply,
                               "# HELP exportsite_%s %s\n"
                               "# TYPE exportsite_%s %s\n",
                               name, help, name, type);
}


static void
ngx_exportsite_metric(ngx_exportsite_reply_t *reply,
    const ngx_exportsite_metric_t *metric, const uint64_t *value)
{
    ngx_uint_t                            i;
    const ngx_exportsite_status_names_t  *names = metric->names;

    ngx_exportsite_metric_family(reply, metric->name,
                                 metric->kind == ngx_exportsite_metric_counter
                                 ? "counter" : "gauge", metric->help);

    if (metric->kind == ngx_exportsite_metric_age) {
        ngx_exportsite_reply_print(reply, "exportsite_%s %uL.%03uL\n",
                                   metric->name, *value / 1000,
                                   *value % 1000);
        return;
    }

    if (names == NULL) {
        ngx_exportsite_reply_print(reply, "exportsite_%s %uL\n", metric->name,
                                   *value);
        return;
    }

    for (i = 0; i < names->n; i++) {
        ngx_exportsite_reply_print(reply, "exportsite_%s{%s=\"%s\"} %uL\n",
                                   metric->name, names->label, names->name[i],
                                   value[i]);
    }
}


/* An upper bound in seconds, without zeros behind: "0.0005", "2". */
static void
ngx_exportsite_metric_bound(ngx_exportsite_reply_t *reply, uint64_t us)
{
    u_char  buf[NGX_INT64_LEN + sizeof(".000000")], *p;

    p = ngx_sprintf(buf, "%uL.%06uL", us / 1000000, us % 1000000);

    while (p[-1] == '0') {
        p--;
    }

    if (p[-1] == '.') {
        p--;
    }

    ngx_exportsite_reply_add(reply, buf, p - buf);
}


/* The format wants each class to count what smaller ones do, too. */
static void
ngx_exportsite_metric_latency(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status)
{
    uint64_t    count;
    ngx_uint_t  i;

    ngx_exportsite_metric_family(reply, NGX_EXPORTSITE_METRIC_BATCH,
                                 "histogram", "Time until Redis acknowledged "
                                 "a batch of events.");
    count = 0;

    for (i = 0; i < NGX_EXPORTSITE_LATENCIES - 1; i++) {
        count += status->sum.batch_within[i];

        ngx_exportsite_reply_text(reply, "exportsite_"
                          NGX_EXPORTSITE_METRIC_BATCH "_bucket{le=\"");
        ngx_exportsite_metric_bound(reply, ngx_exportsite_status_bounds[i]);
        ngx_exportsite_reply_print(reply, "\"} %uL\n", count);
    }

    ngx_exportsite_reply_print(reply,
        "exportsite_" NGX_EXPORTSITE_METRIC_BATCH "_bucket{le=\"+Inf\"} %uL\n"
        "exportsite_" NGX_EXPORTSITE_METRIC_BATCH "_sum %uL.%06uL\n"
        "exportsite_" NGX_EXPORTSITE_METRIC_BATCH "_count %uL\n",
        status->answered,
        status->sum.batch_us / 1000000, status->sum.batch_us % 1000000,
        status->answered);
}


static const char *
ngx_exportsite_metric_escape(u_char c)
{
    switch (c) {
    case '\\':
        return "\\\\";
    case '"':
        return "\\\"";
    case '\n':
        return "\\n";
    default:
        return NULL;
    }
}


static uint64_t
ngx_exportsite_metric_database(ngx_exportsite_geo_status_t *db, ngx_uint_t n)
{
    switch (n) {
    case 0:
        return db->built;
    case 1:
        return db->size;
    case 2:
        return db->loads;
    case 3:
        return db->errors;
    default:
        return db->error.len != 0;
    }
}


/* A file that is configured twice has one series: it is the same file. */
static ngx_uint_t
ngx_exportsite_metric_told(ngx_exportsite_geo_status_t *db, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if (es_str_eq(ngx_exportsite_es(db[i].path),
                      ngx_exportsite_es(db[n].path)))
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_exportsite_metric_databases(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status)
{
    ngx_uint_t                           n, i;
    ngx_exportsite_geo_status_t         *db = status->databases.elts;
    static const ngx_exportsite_metric_t  metrics[] = {
        { "geo_database_build_timestamp_seconds",
          "When the publisher built the database in use, since 1970.",
          ngx_exportsite_metric_gauge, 0, NULL },
        { "geo_database_size_bytes", "Size of the database in use.",
          ngx_exportsite_metric_gauge, 0, NULL },
        { "geo_database_loads_total",
          "Files taken since the configuration was loaded.",
          ngx_exportsite_metric_counter, 0, NULL },
        { "geo_database_errors_total",
          "Files refused since the configuration was loaded.",
          ngx_exportsite_metric_counter, 0, NULL },
        { "geo_database_refused",
          "1 if the file that is there now is not the one in use.",
          ngx_exportsite_metric_gauge, 0, NULL }
    };

    for (n = 0; n < sizeof(metrics) / sizeof(metrics[0]); n++) {
        ngx_exportsite_metric_family(reply, metrics[n].name,
                             metrics[n].kind == ngx_exportsite_metric_counter
                             ? "counter" : "gauge", metrics[n].help);

        for (i = 0; i < status->databases.nelts; i++) {

            if (ngx_exportsite_metric_told(db, i)) {
                continue;
            }

            ngx_exportsite_reply_print(reply, "exportsite_%s{path=\"",
                                       metrics[n].name);
            ngx_exportsite_reply_escaped(reply,
                                         ngx_exportsite_es(db[i].path),
                                         ngx_exportsite_metric_escape);
            ngx_exportsite_reply_print(reply, "\"} %uL\n",
                               ngx_exportsite_metric_database(&db[i], n));
        }
    }
}
