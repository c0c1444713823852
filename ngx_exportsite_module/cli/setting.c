/* Settings of the learner: shown, set, deleted. */
#include "../core/text.h"
#include "../redis/keys.h"
#include "lesson.h"
#include "setting.h"


/* What is in force, and what is wrong with a field of es:settings */
typedef struct {
    es_settings_t   now, usual;
    redisReply     *reply;             /* names and values */
    const char    **why;               /* of each name; NULL: it is right */
    es_heap_t      *heap;
} es_setting_view_t;


/* Its number among the settings; false if there is none. */
static bool
es_setting_find(es_str_t name, size_t *i)
{
    const char  *one, *meaning;

    for (*i = 0; (one = es_setting_name(*i, &meaning)) != NULL; (*i)++) {
        if (es_str_eq(name, es_text(one))) {
            return true;
        }
    }

    return false;
}


static bool
es_setting_load(es_cli_t *cli, es_setting_view_t *view)
{
    char      why[192];
    size_t    i, n;
    es_str_t  name, value;

    memset(view, 0, sizeof(es_setting_view_t));
    es_settings_default(&view->now);
    es_settings_default(&view->usual);

    view->reply = es_lesson_fields(cli, ES_KEY_SETTINGS);
    if (view->reply == NULL) {
        return false;
    }

    view->heap = es_heap_create();
    n = view->reply->elements / 2;
    view->why = es_alloc(es_heap_pool(view->heap), (n + 1) * sizeof(char *));

    for (i = 0; i < n; i++) {
        name = es_reply_text(view->reply->element[2 * i]);
        value = es_reply_text(view->reply->element[2 * i + 1]);
        view->why[i] = NULL;

        if (!es_setting_set(&view->now, name, value, why, sizeof(why))) {
            view->why[i] = es_heap_copy(view->heap, es_text(why)).data;
        }
    }

    return true;
}


/* What Redis has of this name, as its place among the fields */
static bool
es_setting_given(const es_setting_view_t *view, const char *name, size_t *i)
{
    for (*i = 0; *i < view->reply->elements / 2; (*i)++) {
        if (es_str_eq(es_reply_text(view->reply->element[2 * *i]),
                      es_text(name)))
        {
            return true;
        }
    }

    return false;
}


static void
es_setting_table(es_cli_t *cli, const es_setting_view_t *view)
{
    char         buf[ES_SETTING_TEXT];
    size_t       i, at;
    es_table_t  *table;
    const char  *name, *meaning;

    table = es_table(cli, "SETTING", "VALUE", "DEFAULT", "MEANING",
                     (char *) NULL);

    for (i = 0; (name = es_setting_name(i, &meaning)) != NULL; i++) {
        es_table_cell(table, es_text(name));
        es_table_cell(table, es_setting_value(&view->now, i, buf));

        if (es_setting_given(view, name, &at)) {
            es_table_color(table, view->why[at] ? ES_COLOR_BAD
                                                : ES_COLOR_GOOD);
        }

        es_table_cell(table, es_setting_value(&view->usual, i, buf));
        es_table_cell(table, es_text(meaning));
    }

    es_table_print(table);

    for (i = 0; i < view->reply->elements / 2; i++) {
        if (view->why[i] != NULL) {
            printf("\n");
            es_print(stdout, es_reply_text(view->reply->element[2 * i]));
            printf(" is not taken: ");
            es_color(cli, ES_COLOR_BAD);
            es_print(stdout, es_text(view->why[i]));
            es_color(cli, ES_COLOR_NONE);
            printf("\n");
        }
    }
}


static json_t *
es_setting_json(const es_settings_t *settings, size_t i)
{
    char  buf[ES_SETTING_TEXT];

    return es_json_text(es_setting_value(settings, i, buf));
}


static void
es_setting_list_json(const es_setting_view_t *view)
{
    size_t       i, at;
    bool         given;
    json_t      *all, *json;
    es_str_t     name;
    const char  *known, *meaning;

    all = json_array();

    for (i = 0; (known = es_setting_name(i, &meaning)) != NULL; i++) {
        given = es_setting_given(view, known, &at);
        json = json_object();
        json_object_set_new(json, "setting", json_string(known));
        json_object_set_new(json, "value", es_setting_json(&view->now, i));
        json_object_set_new(json, "default", es_setting_json(&view->usual, i));
        json_object_set_new(json, "set", json_boolean(given));
        json_object_set_new(json, "meaning", json_string(meaning));
        json_object_set_new(json, "error", given && view->why[at]
                            ? es_json_text(es_text(view->why[at]))
                            : json_null());
        json_array_append_new(all, json);
    }

    for (i = 0; i < view->reply->elements / 2; i++) {
        name = es_reply_text(view->reply->element[2 * i]);

        if (!es_setting_find(name, &at)) {
            json = json_object();
            json_object_set_new(json, "setting", es_json_text(name));
            json_object_set_new(json, "set", json_true());
            json_object_set_new(json, "error",
                                es_json_text(es_text(view->why[i])));
            json_array_append_new(all, json);
        }
    }

    es_json_print(all);
}


int
es_setting_list_verb(es_cli_t *cli, const es_args_t *args)
{
    es_setting_view_t  view;

    if (!es_setting_load(cli, &view)) {
        return ES_EXIT_FAIL;
    }

    if (cli->json) {
        es_setting_list_json(&view);

    } else {
        es_setting_table(cli, &view);
    }

    freeReplyObject(view.reply);
    es_heap_destroy(view.heap);

    return ES_EXIT_GOOD;
}


int
es_setting_set_verb(es_cli_t *cli, const es_args_t *args)
{
    char            why[192], now[ES_SETTING_TEXT], usual[ES_SETTING_TEXT];
    size_t          i;
    es_str_t        name = es_text(args->argv[0]);
    es_str_t        value = es_text(args->argv[1]);
    redisReply     *reply;
    es_settings_t   settings, defaults;

    es_settings_default(&settings);
    es_settings_default(&defaults);

    if (!es_setting_find(name, &i)) {
        return es_misuse("setting set", "there is no setting \"%s\"; "
                         "exportsite setting list shows all", es_shown(name));
    }

    if (!es_setting_set(&settings, name, value, why, sizeof(why))) {
        return es_fail("setting \"%s\": %s", args->argv[0], why);
    }

    reply = es_ask(cli, "HSET %s %b %b", es_keyf(cli, ES_KEY_SETTINGS),
                   name.data, name.len, value.data, value.len);
    if (reply == NULL) {
        return ES_EXIT_FAIL;
    }

    freeReplyObject(reply);

    if (cli->json) {
        es_json_print(json_pack("{sssoso}", "setting", args->argv[0],
                                "value", es_setting_json(&settings, i),
                                "default", es_setting_json(&defaults, i)));
        return ES_EXIT_GOOD;
    }

    printf("setting \"%s\" is \"%s\" (default \"%s\")\n", args->argv[0],
           es_shown(es_setting_value(&settings, i, now)),
           es_shown(es_setting_value(&defaults, i, usual)));

    return ES_EXIT_GOOD;
}
