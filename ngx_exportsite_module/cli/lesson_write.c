/* Topics and scores defined, and fields of the learner's hashes deleted. */
#include "../core/text.h"
#include "lesson.h"


/* Writes it, and says so. */
static int
es_set_write(es_cli_t *cli, const es_lesson_kind_t *kind,
    const es_lesson_entry_t *entry)
{
    redisReply  *reply;

    reply = es_ask(cli, "HSET %s %b %b", es_keyf(cli, "%s", kind->hash),
                   entry->lesson.name.data, entry->lesson.name.len,
                   entry->text.data, entry->text.len);

    if (reply == NULL) {
        return ES_EXIT_FAIL;
    }

    freeReplyObject(reply);

    if (cli->json) {
        es_json_print(es_lesson_json(kind, entry));

    } else {
        printf("%s \"%s\" is set\n", kind->name,
               es_shown(entry->lesson.name));
    }

    if (entry->warning != NULL) {
        es_lesson_complain(kind, entry, true);
    }

    return ES_EXIT_GOOD;
}


/* Is there room for one of this name? Says so if not. */
static bool
es_set_room(es_cli_t *cli, const es_lesson_kind_t *kind, es_str_t name)
{
    bool                 good;
    es_lesson_catalog_t  catalog;

    good = es_lesson_load(cli, kind, &catalog);

    if (good && es_lesson_good(&catalog, &name) >= ES_LESSONS_RULES) {
        es_fail("%s \"%s\": there are %d of them already, and the learner "
                "takes no more: delete one first, by exportsite %s rm",
                kind->name, es_shown(name), ES_LESSONS_RULES, kind->name);
        good = false;
    }

    es_lesson_free(&catalog);

    return good;
}


int
es_lesson_set(es_cli_t *cli, const es_args_t *args,
    const es_lesson_kind_t *kind)
{
    int                 status;
    char                verb[16];
    es_str_t            name = es_text(args->argv[0]);
    es_heap_t          *heap;
    es_lesson_entry_t   entry;

    if (!es_name_valid(name)) {
        snprintf(verb, sizeof(verb), "%s set", kind->name);
        return es_misuse(verb, "\"%s\" is no name: %s", es_shown(name),
                         ES_LESSONS_NAME);
    }

    heap = es_heap_create();
    es_lesson_make(kind, heap, &name, es_text(args->argv[1]), &entry);
    status = ES_EXIT_FAIL;

    if (entry.error != NULL) {
        es_lesson_complain(kind, &entry, false);

    } else if (es_set_room(cli, kind, name)) {
        status = es_set_write(cli, kind, &entry);
    }

    es_lesson_drop(&entry);
    es_heap_destroy(heap);

    return status;
}


int
es_lesson_rm(es_cli_t *cli, const es_args_t *args, const char *kind,
    const char *hash, const char *missing)
{
    int          i, status;
    bool         there;
    json_t      *gone;
    es_str_t     name;
    redisReply  *reply;

    status = ES_EXIT_GOOD;
    gone = json_array();

    for (i = 0; i < args->argc; i++) {
        name = es_text(args->argv[i]);
        reply = es_ask(cli, "HDEL %s %b", es_keyf(cli, "%s", hash), name.data,
                       name.len);
        if (reply == NULL) {
            status = ES_EXIT_FAIL;
            break;
        }

        there = reply->integer == 1;
        freeReplyObject(reply);

        if (!there) {
            status = es_fail("%s \"%s\" %s; exportsite %s list shows all",
                             kind, es_shown(name), missing, kind);
            continue;
        }

        json_array_append_new(gone, es_json_text(name));

        if (!cli->json) {
            printf("%s \"%s\" is deleted\n", kind, es_shown(name));
        }
    }

    if (cli->json) {
        es_json_print(gone);

    } else {
        json_decref(gone);
    }

    return status;
}
