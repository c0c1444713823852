#include "tally_parts.h"


static es_str_t
tally_day_name(const void *what)
{
    return ((const es_tally_day_t *) what)->date;
}


static es_str_t
tally_value_name(const void *what)
{
    return ((const es_tally_value_t *) what)->value;
}


static es_str_t
tally_visitor_name(const void *what)
{
    return ((const es_tally_visitor_t *) what)->id;
}


es_tally_t *
es_tally_create(es_pool_t *pool, const uint8_t key[ES_SIPHASH_KEY])
{
    es_tally_t  *tally;

    tally = es_alloc(pool, sizeof(es_tally_t));

    if (tally != NULL) {
        memset(tally, 0, sizeof(es_tally_t));
        memcpy(tally->key, key, ES_SIPHASH_KEY);
        tally->pool = pool;
        tally->days = (es_tally_table_t) { pool, tally_day_name, NULL, 0, 0 };
        tally->values = (es_tally_table_t) { pool, tally_value_name,
                                             NULL, 0, 0 };
        tally->visitors = (es_tally_table_t) { pool, tally_visitor_name,
                                               NULL, 0, 0 };
        tally->last = &tally->first;
    }

    return tally;
}


static es_tally_day_t *
tally_day_add(es_tally_t *tally, es_str_t date)
{
    int              i;
    char            *copy;
    es_tally_day_t  *day;
    es_tally_set_t  *set;

    day = es_alloc(tally->pool, sizeof(es_tally_day_t) + date.len);

    if (day == NULL) {
        return NULL;
    }

    memset(day, 0, sizeof(es_tally_day_t));
    copy = (char *) (day + 1);

    if (date.len > 0) {
        memcpy(copy, date.data, date.len);
    }

    day->date = (es_str_t) { date.len, copy };

    for (i = 0; i < ES_DIMENSIONS; i++) {
        set = &day->sets[i];
        set->date = day->date;
        set->dimension = (es_dimension_e) i;
        set->last = &set->values;
        set->serial = ++tally->nsets;

        *tally->last = set;
        tally->last = &set->next;
    }

    return day;
}


es_tally_day_t *
es_tally_day(es_tally_t *tally, es_str_t date)
{
    uint64_t          hash;
    es_tally_day_t   *day;
    es_tally_slot_t  *slot;

    if (tally->day != NULL && es_str_eq(tally->day->date, date)) {
        return tally->day;
    }

    hash = es_siphash13(tally->key, date.data, date.len);
    slot = es_tally_table_find(&tally->days, hash, 0, date);

    if (slot == NULL) {
        return NULL;
    }

    if (slot->what == NULL) {
        day = tally_day_add(tally, date);

        if (day == NULL) {
            return NULL;
        }

        es_tally_table_take(&tally->days, slot, day);
    }

    tally->day = slot->what;

    return tally->day;
}


bool
es_tally_sets(es_tally_t *tally, es_str_t date)
{
    return es_tally_day(tally, date) != NULL;
}


size_t
es_tally_most(const es_tally_t *tally)
{
    return tally->most;
}


es_tally_set_t *
es_tally_first(const es_tally_t *tally)
{
    return tally->first;
}


static bool
tally_visitor(es_tally_t *tally, es_tally_value_t *value,
    const es_tally_delta_t *delta)
{
    es_tally_slot_t     *slot;
    es_tally_visitor_t  *visitor;

    slot = es_tally_table_find(&tally->visitors, delta->visitor_hash,
                               value->serial, delta->visitor);

    if (slot == NULL) {
        return false;
    }

    if (slot->what != NULL) {
        return true;
    }

    visitor = es_alloc(tally->pool, sizeof(es_tally_visitor_t));

    if (visitor == NULL) {
        return false;
    }

    visitor->id = delta->visitor;
    visitor->next = value->visitors;
    value->visitors = visitor;
    value->nvisitors++;

    es_tally_table_take(&tally->visitors, slot, visitor);

    return true;
}


static es_tally_value_t *
tally_value(es_tally_t *tally, es_tally_set_t *set, es_str_t text, bool copy)
{
    char              *data;
    uint64_t           hash;
    es_tally_slot_t   *slot;
    es_tally_value_t  *value;

    hash = es_siphash13(tally->key, text.data, text.len);
    slot = es_tally_table_find(&tally->values, hash, set->serial, text);

    if (slot == NULL || slot->what != NULL) {
        return slot ? slot->what : NULL;
    }

    value = es_alloc(tally->pool,
                     sizeof(es_tally_value_t) + (copy ? text.len : 0));

    if (value == NULL) {
        return NULL;
    }

    memset(value, 0, sizeof(es_tally_value_t));

    if (copy) {
        data = (char *) (value + 1);
        memcpy(data, text.data, text.len);
        text.data = data;
    }

    value->value = text;
    value->serial = ++tally->nvalues;

    *set->last = value;
    set->last = &value->next;
    set->nvalues++;

    if (set->nvalues > tally->most) {
        tally->most = set->nvalues;
    }

    es_tally_table_take(&tally->values, slot, value);

    return value;
}


static int64_t
tally_sum(int64_t a, int64_t b)
{
    int64_t  sum;

    return __builtin_add_overflow(a, b, &sum)
           ? (b > 0 ? INT64_MAX : INT64_MIN) : sum;
}


bool
es_tally_put(es_tally_t *tally, es_tally_set_t *set, es_str_t text, bool copy,
    const es_tally_delta_t *delta)
{
    int                i;
    es_tally_value_t  *value;

    if (text.len == 0 || es_entry_id_compare(delta->at, set->mark) <= 0) {
        return true;
    }

    value = tally_value(tally, set, text, copy);

    if (value == NULL) {
        return false;
    }

    if (value->told == tally->nevents) {
        return true;
    }

    value->told = tally->nevents;
    set->upto = delta->at;

    for (i = 0; i < ES_METRICS; i++) {
        value->metrics[i] = tally_sum(value->metrics[i], delta->metrics[i]);
    }

    return delta->visitor.len == 0 || tally_visitor(tally, value, delta);
}


const char *
es_metric_name(es_metric_e metric)
{
    static const char *const  names[ES_METRICS] = {
        [ES_METRIC_EVENTS] = "events",
        [ES_METRIC_VIEWS]  = "views",
        [ES_METRIC_VISITS] = "visits",
        [ES_METRIC_GOALS]  = "goals",
        [ES_METRIC_CLICKS] = "clicks",
        [ES_METRIC_DWELL]  = "dwell",
        [ES_METRIC_WORTH]  = "worth",
    };

    return names[metric];
}


const char *
es_dimension_name(es_dimension_e dimension)
{
    static const char *const  names[ES_DIMENSIONS] = {
        [ES_DIMENSION_ALL]        = "all",
        [ES_DIMENSION_COUNTRY]    = "country",
        [ES_DIMENSION_LANGUAGE]   = "language",
        [ES_DIMENSION_INDUSTRY]   = "industry",
        [ES_DIMENSION_DEVICE]     = "device",
        [ES_DIMENSION_SEGMENT]    = "segment",
        [ES_DIMENSION_CAMPAIGN]   = "campaign",
        [ES_DIMENSION_REFERRER]   = "referrer",
        [ES_DIMENSION_PAGE]       = "page",
        [ES_DIMENSION_TOPIC]      = "topic",
        [ES_DIMENSION_CHOICE]     = "choice",
        [ES_DIMENSION_TRANSITION] = "transition",
        [ES_DIMENSION_TOGETHER]   = "together",
        [ES_DIMENSION_REJECTED]   = "rejected",
    };

    return names[dimension];
}
