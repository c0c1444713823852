/*
 * The names of the status page's numbers, in the order of their enums.
 */
#include "compat.h"

#include "status_names.h"


const ngx_exportsite_status_names_t  ngx_exportsite_status_types = {
    "type", ngx_exportsite_event_types,
    { "view", "click", "dwell", "scroll", "goal", "other" }
};

const ngx_exportsite_status_names_t  ngx_exportsite_status_reasons = {
    "reason", ngx_exportsite_lost_reasons,
    { "memory", "disk", "spool_max", "torn", "large" }
};

const ngx_exportsite_status_names_t  ngx_exportsite_status_beacons = {
    "answer", ngx_exportsite_beacon_answers,
    { "taken", "ignored", "bad", "foreign", "large" }
};

const ngx_exportsite_status_names_t  ngx_exportsite_status_profiles = {
    "answer", NGX_EXPORTSITE_STATUS_PROFILES,
    { "hit", "unknown", "miss" }
};

const ngx_exportsite_status_names_t  ngx_exportsite_status_left = {
    "reason", NGX_EXPORTSITE_STATUS_LEFT,
    { "missing", "large", "failed", "refused",
      "long", "deep", "unclosed", "many" }
};

const ngx_exportsite_status_names_t  ngx_exportsite_status_passed = {
    "reason", NGX_EXPORTSITE_STATUS_PASSED,
    { "compressed", "encoding", "unfinished" }
};

const ngx_exportsite_status_names_t  ngx_exportsite_status_states = {
    "state", NGX_EXPORTSITE_STATUS_STATES,
    { "off", "disconnected", "connecting", "connected" }
};

const uint64_t  ngx_exportsite_status_bounds[NGX_EXPORTSITE_LATENCIES - 1] =
    NGX_EXPORTSITE_LATENCY_BOUNDS_US;
