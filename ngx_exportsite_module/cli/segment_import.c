/* Segments taken from a text file: all of them, or none. */
#include <stdlib.h>

#include "../redis/keys.h"
#include "segment.h"


#define ES_IMPORT_FILE_MAX  (16 * 1024 * 1024)

enum {
    ES_IMPORT_DELETE,
    ES_IMPORT_DRY
};

typedef enum {
    ES_IMPORT_SAME,
    ES_IMPORT_NEW,
    ES_IMPORT_CHANGED,
    ES_IMPORT_GONE
} es_import_kind_e;

typedef struct {
    es_str_t           name;
    es_str_t           rule;
    es_import_kind_e   kind;
} es_import_change_t;

typedef struct {
    const char          *file;         /* as it is named in messages */
    es_catalog_t        *wanted;       /* what the file has */
    es_catalog_t        *base;         /* what Redis has, then would have */
    es_import_change_t  *change;
    size_t               n;
    size_t               count[4];     /* by kind */
} es_import_t;


static void
es_import_note(es_import_t *import, es_str_t name, es_str_t rule,
    es_import_kind_e kind)
{
    import->change[import->n++] = (es_import_change_t) { name, rule, kind };
    import->count[kind]++;
}


/* Whether Redis has the same rule but for its line breaks */
static bool
es_import_same(es_import_t *import, const es_segment_entry_t *old,
    es_str_t rule)
{
    es_str_t  line;

    return es_segment_one_line(import->base->heap, old->rule, &line)
           && es_str_eq(line, rule);
}


/* Makes of the base what Redis would have, and notes the way there. */
static void
es_import_merge(es_import_t *import, bool delete)
{
    size_t               i;
    es_catalog_t        *base = import->base;
    es_segment_entry_t  *entry, *old;

    import->change = es_alloc(es_heap_pool(base->heap),
                              (base->n + import->wanted->n + 1)
                              * sizeof(es_import_change_t));

    for (i = 0; i < import->wanted->n; i++) {
        entry = import->wanted->entry[i];
        old = es_catalog_find(base, entry->name);

        if (old == NULL) {
            es_import_note(import, entry->name, entry->rule, ES_IMPORT_NEW);
            old = es_catalog_put(base, entry->name, entry->rule);

        } else if (es_import_same(import, old, entry->rule)) {
            es_import_note(import, entry->name, entry->rule, ES_IMPORT_SAME);

        } else {
            es_import_note(import, entry->name, entry->rule,
                           ES_IMPORT_CHANGED);
            old = es_catalog_put(base, entry->name, entry->rule);
        }

        old->line = entry->line;
    }

    for (i = 0; delete && i < base->n; /* void */) {
        entry = base->entry[i];

        if (entry->line != 0) {
            i++;
            continue;
        }

        es_import_note(import, entry->name, entry->rule, ES_IMPORT_GONE);
        es_catalog_remove(base, entry->name);
    }

    es_catalog_link(base);
}


/* Whether all can be taken; says what cannot, and what is odd. */
static bool
es_import_check(const es_import_t *import)
{
    bool                 good;
    size_t               i;
    es_segment_entry_t  *entry;

    good = true;

    for (i = 0; i < import->base->n; i++) {
        entry = import->base->entry[i];

        if (entry->error != NULL
            && (entry->line != 0 || entry->before == NULL))
        {
            es_segment_complain(import->file, entry, false);
            good = false;
        }

        if (entry->warning != NULL
            && (entry->line != 0 || import->count[ES_IMPORT_GONE] > 0))
        {
            es_segment_complain(import->file, entry, true);
        }
    }

    return good;
}


/* Puts HSET or HDEL into the pipeline; false if there is nothing to do. */
static bool
es_import_command(es_cli_t *cli, const es_import_t *import, bool delete)
{
    int                        n;
    size_t                     i, *len;
    es_heap_t                 *heap = import->base->heap;
    const char               **word;
    const es_import_change_t  *change;

    word = es_alloc(es_heap_pool(heap), (2 * import->n + 2) * sizeof(char *));
    len = es_alloc(es_heap_pool(heap), (2 * import->n + 2) * sizeof(size_t));
    word[0] = delete ? "HDEL" : "HSET";
    word[1] = es_keyf(cli, ES_KEY_SEGMENTS);
    len[0] = 4;
    len[1] = strlen(word[1]);

    for (i = 0, n = 2; i < import->n; i++) {
        change = &import->change[i];

        if (change->kind == ES_IMPORT_SAME
            || (change->kind == ES_IMPORT_GONE) != delete)
        {
            continue;
        }

        word[n] = change->name.data;
        len[n++] = change->name.len;

        if (!delete) {
            word[n] = change->rule.data;
            len[n++] = change->rule.len;
        }
    }

    if (n > 2) {
        redisAppendCommandArgv(cli->link, n, word, len);
    }

    return n > 2;
}


/* An answer to one of the commands; false after saying what is wrong. */
static bool
es_import_answer(es_cli_t *cli)
{
    bool         good;
    size_t       i;
    const char  *what = es_keyf(cli, ES_KEY_SEGMENTS);
    redisReply  *reply = es_answer(cli, what);

    if (reply == NULL) {
        return false;
    }

    good = true;

    for (i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        if (reply->element[i]->type == REDIS_REPLY_ERROR) {
            es_link_complain(cli, what, reply->element[i]->str);
            good = false;
        }
    }

    freeReplyObject(reply);

    return good;
}


/*
 * One command is a transaction by itself; two need MULTI, which has to be
 * granted before they are sent.
 */
static bool
es_import_write(es_cli_t *cli, const es_import_t *import)
{
    bool         both, good;
    unsigned     answers;
    redisReply  *reply;

    both = import->count[ES_IMPORT_GONE] > 0
           && import->count[ES_IMPORT_NEW] + import->count[ES_IMPORT_CHANGED]
              > 0;

    if (es_link(cli) == NULL) {
        return false;
    }

    if (both) {
        reply = es_ask(cli, "MULTI");

        if (reply == NULL) {
            return false;
        }

        freeReplyObject(reply);
    }

    answers = es_import_command(cli, import, false);
    answers += es_import_command(cli, import, true);

    if (both) {
        redisAppendCommand(cli->link, "EXEC");
        answers++;
    }

    for (good = true; good && answers > 0; answers--) {
        good = es_import_answer(cli);
    }

    if (!good) {
        /* answers may be on the way still, or a transaction begun */
        es_link_close(cli);
    }

    return good;
}


static void
es_import_said(es_cli_t *cli, const es_import_t *import, bool dry)
{
    size_t                     i;
    json_t                    *json, *list[4];
    es_table_t                *table;
    const es_import_change_t  *change;

    static const char *const  names[] = {
        "unchanged", "new", "changed", "deleted"
    };
    static const es_color_e  colors[] = {
        ES_COLOR_NONE, ES_COLOR_GOOD, ES_COLOR_WARN, ES_COLOR_BAD
    };

    if (cli->json) {
        json = json_object();

        for (i = 0; i < 4; i++) {
            list[i] = json_array();
            json_object_set_new(json, names[i], list[i]);
        }

        for (i = 0; i < import->n; i++) {
            json_array_append_new(list[import->change[i].kind],
                                  es_json_text(import->change[i].name));
        }

        json_object_set_new(json, "written", json_boolean(!dry));
        es_json_print(json);
        return;
    }

    if (import->n > import->count[ES_IMPORT_SAME]) {
        table = es_table(cli, "CHANGE", "SEGMENT", "RULE", (char *) NULL);

        for (i = 0; i < import->n; i++) {
            change = &import->change[i];

            if (change->kind != ES_IMPORT_SAME) {
                es_table_cell(table, es_text(names[change->kind]));
                es_table_color(table, colors[change->kind]);
                es_table_cell(table, change->name);
                es_table_cell(table, change->rule);
            }
        }

        es_table_print(table);
        printf("\n");
    }

    printf("%zu new, %zu changed, %zu deleted, %zu unchanged%s\n",
           import->count[ES_IMPORT_NEW], import->count[ES_IMPORT_CHANGED],
           import->count[ES_IMPORT_GONE], import->count[ES_IMPORT_SAME],
           dry ? "; nothing was written (--dry-run)" : "");
}


static int
es_import_run(es_cli_t *cli, const es_args_t *args, es_import_t *import)
{
    bool      dry = args->option[ES_IMPORT_DRY] != NULL;
    bool      delete = args->option[ES_IMPORT_DELETE] != NULL;
    size_t    faults;
    es_str_t  text;

    text = es_file_read(import->wanted->heap, args->argv[0],
                        ES_IMPORT_FILE_MAX);

    if (text.data == NULL) {
        return ES_EXIT_FAIL;
    }

    faults = es_segment_file_read(import->wanted, args->argv[0], text);

    if (faults == 0 && import->wanted->n == 0 && delete) {
        return es_fail("%s has no segment; to delete all of them use "
                       "exportsite segment rm",
                       es_shown(es_text(import->file)));
    }

    import->base = es_catalog_load(cli);

    if (import->base == NULL) {
        return ES_EXIT_FAIL;
    }

    /* a line that cannot be taken is no reason to delete its segment */

    es_import_merge(import, delete && faults == 0);

    if (!es_import_check(import) || faults > 0) {
        return es_fail("nothing was changed");
    }

    if (!dry && import->n > import->count[ES_IMPORT_SAME]
        && !es_import_write(cli, import))
    {
        return ES_EXIT_FAIL;
    }

    es_import_said(cli, import, dry);

    return ES_EXIT_GOOD;
}


int
es_segment_import(es_cli_t *cli, const es_args_t *args)
{
    int          status;
    es_import_t  import;

    memset(&import, 0, sizeof(es_import_t));
    import.file = strcmp(args->argv[0], "-") == 0 ? "stdin" : args->argv[0];
    import.wanted = es_catalog_create();

    status = es_import_run(cli, args, &import);

    es_catalog_destroy(import.wanted);

    if (import.base != NULL) {
        es_catalog_destroy(import.base);
    }

    return status;
}
