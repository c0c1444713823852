/* `visitor show`: what is known of a visitor, for people. */
#include <math.h>
#include <stdlib.h>

#include "visitor.h"


#define ES_SHOW_EVENTS  10
#define ES_SHOW_MOST    10000

typedef struct {
    es_visitor_t    visitor;
    es_gone_t       gone;
    redisReply     *profile, *text;
    es_state_t      state;
    bool            readable;          /* the state */
    int64_t         expires;           /* s; below 0: not */
    double          half_life;         /* ms */
    es_ids_t        ids;               /* this one, and those merged into it */
    int64_t         nevents;
    json_t         *events;            /* newest first */
} es_show_t;


static bool
es_show_found(void *data, const redisReply *entry)
{
    es_show_t  *show = data;

    json_array_append_new(show->events, es_entries_json(entry));

    return (int64_t) json_array_size(show->events) < show->nevents;
}


static bool
es_show_events(es_cli_t *cli, es_show_t *show)
{
    es_entries_t  entries = {
        .key = es_keyf(cli, "%s", cli->stream.data),
        .label = "looking for events",
        .newest_first = true,
        .ids = &show->ids,
        .found = es_show_found,
        .data = show
    };

    return show->nevents == 0 || es_entries(cli, &entries);
}


static bool
es_show_read(es_cli_t *cli, es_show_t *show)
{
    redisReply     *reply;
    es_settings_t   settings;

    if (!es_visitor_gone(cli, &show->visitor, &show->gone)
        || !es_visitor_settings(cli, &settings))
    {
        return false;
    }

    show->half_life = (double) settings.interest_days * 86400000;

    show->profile = es_ask(cli, "HGETALL %s", show->visitor.profile);
    if (show->profile == NULL) {
        return false;
    }

    show->text = es_visitor_state(cli, show->visitor.state, &show->state,
                                  &show->readable);
    if (show->text == NULL) {
        return false;
    }

    reply = es_ask(cli, "TTL %s", show->visitor.profile);
    if (reply == NULL) {
        return false;
    }

    show->expires = reply->integer;
    freeReplyObject(reply);

    return es_ids_known(cli, &show->ids, &show->visitor, show->profile)
           && es_show_events(cli, show);
}


/* A topic's score as it is by now, having decayed */
static double
es_show_score(const es_show_t *show, const es_state_topic_t *topic)
{
    double  age;

    age = (double) es_now() - (double) show->state.scored;

    return (double) topic->score / 1e6 * exp2(-fmax(age, 0)
                                              / show->half_life);
}


static const char *
es_show_duration(char *buf, size_t size, uint64_t seconds)
{
    uint64_t  big, small;

    static const struct {
        uint64_t     seconds, part;
        const char  *big, *small;
    } units[] = {
        { 86400, 3600, "d", "h" },
        { 3600, 60, "h", "min" },
        { 60, 1, "min", "s" }
    };

    size_t  i;

    for (i = 0; i < 3; i++) {
        if (seconds < units[i].seconds) {
            continue;
        }

        big = seconds / units[i].seconds;
        small = seconds % units[i].seconds / units[i].part;

        snprintf(buf, size, small ? "%llu %s %llu %s" : "%llu %s",
                 (unsigned long long) big, units[i].big,
                 (unsigned long long) small, units[i].small);
        return buf;
    }

    snprintf(buf, size, "%llu s", (unsigned long long) seconds);

    return buf;
}


/* -- for people -- */

/* A whole number of at most 18 digits, and nothing else */
static bool
es_show_number(es_str_t text, uint64_t *n)
{
    size_t  i;

    for (i = 0, *n = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }

        *n = *n * 10 + (uint64_t) (text.data[i] - '0');
    }

    return text.len > 0 && text.len <= 18;
}


static void
es_show_value(es_table_t *table, es_str_t name, es_str_t value)
{
    char      buf[64];
    uint64_t  n;

    if (es_show_number(value, &n)) {
        if (es_str_eq(name, es_str("dwell"))) {
            es_table_cellf(table, "%s",
                           es_show_duration(buf, sizeof(buf), n / 1000));
            return;
        }

        if (es_str_eq(name, es_str("first_seen"))
            || es_str_eq(name, es_str("last_seen"))
            || es_str_eq(name, es_str("lead")))
        {
            es_table_cellf(table, "%s", es_visitor_time(buf, n));
            return;
        }

        if (es_str_starts(name, es_str(ES_VISITOR_MERGED))) {
            es_table_cellf(table, "%s", es_visitor_time(buf, n / 1000));
            return;
        }
    }

    es_table_cell(table, value);
}


static int
es_show_order(const void *a, const void *b)
{
    return es_str_compare(es_reply_text(*(redisReply *const *) a),
                          es_reply_text(*(redisReply *const *) b));
}


static void
es_show_fields(const es_cli_t *cli, const es_show_t *show)
{
    size_t       i;
    es_table_t  *table;

    if (show->profile->elements == 0) {
        return;
    }

    /* pairs of name and value: the order of Redis' hashes is none */

    qsort(show->profile->element, show->profile->elements / 2,
          2 * sizeof(redisReply *), es_show_order);

    table = es_table(cli, "FIELD", "VALUE", (char *) NULL);

    for (i = 0; i + 1 < show->profile->elements; i += 2) {
        es_table_cell(table, es_reply_text(show->profile->element[i]));
        es_show_value(table, es_reply_text(show->profile->element[i]),
                      es_reply_text(show->profile->element[i + 1]));
    }

    printf("\n");
    es_table_print(table);
}


static void
es_show_learned(const es_cli_t *cli, const es_show_t *show)
{
    uint32_t           i;
    es_table_t        *table;
    const es_state_t  *state = &show->state;

    if (state->ntopics > 0) {
        printf("\n");
        table = es_table(cli, "TOPIC", ">SCORE NOW", (char *) NULL);

        for (i = 0; i < state->ntopics; i++) {
            es_table_cell(table, state->topics[i].name);
            es_table_cellf(table, "%.2f",
                           es_show_score(show, &state->topics[i]));
        }

        es_table_print(table);
    }

    if (state->nreasons > 0) {
        printf("\n");
        table = es_table(cli, "POINTS FOR", ">TIMES", ">POINTS", (char *) NULL);

        for (i = 0; i < state->nreasons; i++) {
            es_table_cell(table, state->reasons[i].name);
            es_table_cellf(table, "%u", state->reasons[i].times);
            es_table_cellf(table, "%lld",
                           (long long) state->reasons[i].points);
        }

        es_table_print(table);
    }

    if (state->nrecent > 0) {
        printf("\n");
        table = es_table(cli, "LAST PAGES", (char *) NULL);

        for (i = 0; i < state->nrecent; i++) {
            es_table_cell(table, state->recent[i]);
        }

        es_table_print(table);
    }
}


/* A field of an event that was found, empty if it has none */
static es_str_t
es_show_field(const json_t *event, const char *name)
{
    const json_t  *value;

    value = json_object_get(json_object_get(event, "fields"), name);

    return json_is_string(value)
           ? (es_str_t) { json_string_length(value),
                          json_string_value(value) }
           : es_null_str;
}


static void
es_show_event(es_table_t *table, const json_t *event)
{
    char           buf[32];
    es_str_t       text;
    uint64_t       ms;
    es_entry_id_t  at;

    text = es_show_field(event, "ts");

    if (!es_show_number(text, &ms)) {
        text = es_text(json_string_value(json_object_get(event, "entry")));
        ms = es_entry_id_parse(&at, text) ? at.ms : 0;
    }

    es_table_cellf(table, "%s", es_visitor_time(buf, ms));
    es_table_cell(table, es_show_field(event, "type"));
    es_table_cell(table, es_show_field(event, "path"));

    text = es_show_field(event, "ms");

    if (es_show_number(text, &ms)) {
        es_table_cellf(table, "%.1f s", (double) ms / 1000);
        return;
    }

    text = es_show_field(event, "label");

    if (text.len == 0) {
        text = es_show_field(event, "campaign");
    }

    es_table_cell(table, text.len ? text : es_show_field(event, "value"));
}


static void
es_show_recent(const es_cli_t *cli, const es_show_t *show)
{
    size_t       i;
    es_table_t  *table;

    if (json_array_size(show->events) == 0) {
        return;
    }

    printf("\n");
    table = es_table(cli, "LATEST EVENTS", "TYPE", "PATH", "WHAT",
                     (char *) NULL);

    for (i = 0; i < json_array_size(show->events); i++) {
        es_show_event(table, json_array_get(show->events, i));
    }

    es_table_print(table);
}


static void
es_show_print(const es_cli_t *cli, const es_show_t *show)
{
    char  time[32], span[64];

    printf("visitor %s\n", show->visitor.name);

    if (show->gone.what == ES_GONE_FORGOTTEN) {
        printf("was forgotten on %s; events until then are dropped\n",
               es_visitor_time(time, show->gone.ms));

        if (show->profile->elements > 0 || json_array_size(show->events) > 0) {
            printf("what follows is new since then\n");
        }
    }

    if (show->gone.what == ES_GONE_MERGED) {
        printf("was merged into %s, for whom its events count\n",
               show->gone.into);
    }

    if (show->expires > 0) {
        printf("the profile expires in %s without a visit\n",
               es_show_duration(span, sizeof(span),
                                (uint64_t) show->expires));
    }

    if (!show->readable) {
        printf("what the learner remembers (%s) cannot be read\n",
               show->visitor.state);
    }

    es_show_fields(cli, show);
    es_show_learned(cli, show);
    es_show_recent(cli, show);
}


/* -- as JSON -- */

static json_t *
es_show_topics(const es_show_t *show)
{
    uint32_t   i;
    json_t    *object;

    object = json_object();

    for (i = 0; i < show->state.ntopics; i++) {
        es_visitor_put(object, show->state.topics[i].name,
                       json_real(es_show_score(show,
                                               &show->state.topics[i])));
    }

    return object;
}


static void
es_show_json(const es_show_t *show)
{
    json_t  *json, *gone;

    gone = show->gone.what == ES_GONE_FORGOTTEN
           ? json_pack("{s:I}", "forgotten", (json_int_t) show->gone.ms)
           : show->gone.what == ES_GONE_MERGED
             ? json_pack("{s:s}", "merged", show->gone.into) : json_null();

    json = json_pack("{s:s, s:o, s:o}", "visitor", show->visitor.name,
                     "became", gone, "profile",
                     es_entries_fields(show->profile));

    json_object_set_new(json, "expires",
                        show->expires > 0
                        ? json_integer((json_int_t) show->expires)
                        : json_null());
    json_object_set_new(json, "topics", es_show_topics(show));
    json_object_set_new(json, "learned",
                        show->readable && show->text->len > 0
                        ? es_visitor_learned(&show->state) : json_null());
    json_object_set(json, "events", show->events);

    es_json_print(json);
}


static bool
es_show_any(const es_show_t *show)
{
    return show->profile->elements > 0
           || show->text->type == REDIS_REPLY_STRING
           || show->gone.what != ES_GONE_NOT
           || json_array_size(show->events) > 0;
}


int
es_visitor_show(es_cli_t *cli, const es_args_t *args)
{
    int        status = ES_EXIT_FAIL;
    es_show_t  show;

    memset(&show, 0, sizeof(es_show_t));
    show.nevents = ES_SHOW_EVENTS;

    if (!es_visitor_take(cli, "visitor show", args->argv[0], &show.visitor)
        || (args->option[0] != NULL
            && !es_option_number("--events", args->option[0], 0, ES_SHOW_MOST,
                                 &show.nevents)))
    {
        return ES_EXIT_USAGE;
    }

    es_ids_init(&show.ids);
    show.events = json_array();

    if (es_show_read(cli, &show)) {
        status = ES_EXIT_GOOD;

        if (cli->json) {
            es_show_json(&show);

        } else if (es_show_any(&show)) {
            es_show_print(cli, &show);

        } else {
            status = es_fail("nothing is known of %s", show.visitor.name);
        }
    }

    freeReplyObject(show.profile);
    freeReplyObject(show.text);
    json_decref(show.events);
    es_ids_free(&show.ids);

    return status;
}
