/* Contents of slots. */
#include <stdlib.h>
#include <unistd.h>

#include "../core/text.h"
#include "../redis/keys.h"
#include "slot.h"


#define ES_SLOT_YEARS  (10LL * 366 * 86400)

enum {
    ES_SLOT_FILE,
    ES_SLOT_EXPIRE
};

static bool
es_slot_valid(const char *verb, es_str_t key)
{
    if (es_slot_key_valid(key)) {
        return true;
    }

    es_misuse(verb, "\"%s\" is no key of a slot: it has 1 to %d bytes, "
              "letters, digits and _ . : / + @ * -, and no \"..\" in a path",
              es_shown(key), ES_SLOT_KEY_MAX);

    return false;
}


/* To a terminal: lines and tabs as they are, and nothing steers it. */
static void
es_slot_print(es_str_t text)
{
    size_t    len;
    es_str_t  piece;

    for ( /* void */ ; text.len > 0; text.data += len, text.len -= len) {
        for (len = 0; len < text.len; len++) {
            if (text.data[len] == '\n' || text.data[len] == '\t') {
                break;
            }
        }

        piece = (es_str_t) { len, text.data };
        piece.len -= len > 0 && len < text.len && text.data[len] == '\n'
                     && text.data[len - 1] == '\r';
        es_print(stdout, piece);

        if (len < text.len) {
            putchar(text.data[len++]);
        }
    }

    printf("\n");
}


static int
es_slot_show(es_cli_t *cli, const es_args_t *args)
{
    json_t      *json;
    es_str_t     key = es_text(args->argv[0]);
    redisReply  *reply;

    if (!es_slot_valid("slot show", key)) {
        return ES_EXIT_USAGE;
    }

    reply = es_ask(cli, "GET %s", es_keyf(cli, ES_KEY_SLOT "%s", key.data));

    if (reply == NULL) {
        return ES_EXIT_FAIL;
    }

    if (reply->type != REDIS_REPLY_STRING) {
        freeReplyObject(reply);
        return es_fail("there is no content \"%s\": the page's own stays; "
                       "exportsite slot list shows all", es_shown(key));
    }

    if (cli->json) {
        json = json_object();
        json_object_set_new(json, "slot", es_json_text(key));
        json_object_set_new(json, "content",
                            es_json_text(es_reply_text(reply)));
        es_json_print(json);

    } else if (isatty(STDOUT_FILENO)) {
        es_slot_print(es_reply_text(reply));

    } else {
        fwrite(reply->str, 1, reply->len, stdout);
    }

    freeReplyObject(reply);

    return ES_EXIT_GOOD;
}


static bool
es_slot_utf8(es_str_t text)
{
    size_t  len;

    for ( /* void */ ; text.len > 0; text.data += len, text.len -= len) {
        len = es_utf8_length(text.data, text.len);

        if (len == 0) {
            return false;
        }
    }

    return true;
}


/* The content, of wherever it is; NULL data after saying what is wrong. */
static es_str_t
es_slot_content(const es_args_t *args, es_heap_t *heap, int *status)
{
    es_str_t     text;
    const char  *file = args->option[ES_SLOT_FILE];
    const char  *word = args->argc > 1 ? args->argv[1] : NULL;

    if ((file != NULL) == (word != NULL)) {
        *status = es_misuse("slot set", "give either the content, or \"-\" to "
                            "read it from stdin, or --file");
        return es_null_str;
    }

    file = file ? file : strcmp(word, "-") == 0 ? word : NULL;
    *status = ES_EXIT_FAIL;

    text = file ? es_file_read(heap, file, ES_SLOT_MAX) : es_text(word);

    if (text.data != NULL && text.len > ES_SLOT_MAX) {
        es_fail("longer than 1 MB, which is the most a content may have");
        return es_null_str;
    }

    return text;
}


static int
es_slot_write(es_cli_t *cli, es_str_t key, es_str_t text, int64_t expire)
{
    char         number[24];
    size_t       len[5];
    const char  *word[5];
    redisReply  *reply;

    snprintf(number, sizeof(number), "%lld", (long long) expire);

    word[0] = "SET";
    word[1] = es_keyf(cli, ES_KEY_SLOT "%s", key.data);
    word[2] = text.data;
    word[3] = "EX";
    word[4] = number;

    len[0] = 3;
    len[1] = strlen(word[1]);
    len[2] = text.len;
    len[3] = 2;
    len[4] = strlen(number);

    reply = es_ask_argv(cli, expire ? 5 : 3, word, len);

    if (reply == NULL) {
        return ES_EXIT_FAIL;
    }

    freeReplyObject(reply);

    return ES_EXIT_GOOD;
}


static void
es_slot_said(es_cli_t *cli, es_str_t key, es_str_t text, int64_t expire)
{
    char     site[600];
    bool     said;
    json_t  *json;

    said = es_sites_view(cli, "slot", key, site, sizeof(site));

    if (cli->json) {
        json = json_object();
        json_object_set_new(json, "slot", es_json_text(key));
        json_object_set_new(json, "bytes",
                            json_integer((json_int_t) text.len));
        json_object_set_new(json, "expires",
                            expire ? json_integer(expire) : json_null());
        json_object_set_new(json, "site", said ? es_json_text(es_text(site))
                                               : json_null());
        es_json_print(json);

    } else {
        printf("slot \"%s\" is set: %zu byte%s", es_shown(key), text.len,
               text.len == 1 ? "" : "s");

        if (expire > 0) {
            printf(", for %lld s", (long long) expire);
        }

        printf("\n");
    }

    if (text.len == 0) {
        es_fail("warning: an empty content is none: the page's own stays");
    }

    if (!es_slot_utf8(text)) {
        es_fail("warning: this is not UTF-8: right only for pages that are "
                "not, either");
    }

    if (said) {
        es_fail("the sites have not taken back what they said before: %s; is "
                "nginx running, and connected?", site);
    }
}


/* Warns of a key that is given as Redis has it. */
static void
es_slot_prefixed(es_cli_t *cli, es_str_t key)
{
    es_str_t     name = key;
    const char  *own = es_keyf(cli, ES_KEY_SLOT);

    if (es_str_skip(&name, es_text(own)) && name.len > 0) {
        es_fail("warning: \"%s\" is put in front by itself, so Redis has it "
                "as \"%s%s\"; if that is not meant: exportsite slot rm %s, and "
                "set \"%s\"", es_shown(es_text(own)), es_shown(es_text(own)),
                es_shown(key), es_shown(key), es_shown(name));
    }
}


static int
es_slot_set(es_cli_t *cli, const es_args_t *args)
{
    int         status;
    int64_t     expire = 0;
    es_str_t    text, key = es_text(args->argv[0]);
    es_heap_t  *heap;

    if (!es_slot_valid("slot set", key)) {
        return ES_EXIT_USAGE;
    }

    if (args->option[ES_SLOT_EXPIRE] != NULL
        && !es_option_number("--expire", args->option[ES_SLOT_EXPIRE], 1,
                             ES_SLOT_YEARS, &expire))
    {
        return ES_EXIT_USAGE;
    }

    heap = es_heap_create();
    text = es_slot_content(args, heap, &status);

    if (text.data != NULL) {
        status = es_slot_write(cli, key, text, expire);

        if (status == ES_EXIT_GOOD) {
            es_slot_said(cli, key, text, expire);
            es_slot_prefixed(cli, key);
        }
    }

    es_heap_destroy(heap);

    return status;
}


static int
es_slot_rm(es_cli_t *cli, const es_args_t *args)
{
    int          i, status;
    bool         gone;
    json_t      *list = json_array();
    es_str_t     key;
    redisReply  *reply;

    status = ES_EXIT_GOOD;

    for (i = 0; i < args->argc; i++) {
        key = es_text(args->argv[i]);

        /* one that no site asks for can be in the way still */

        reply = es_ask(cli, "DEL %s%s",
                       es_keyf(cli, ES_KEY_SLOT), args->argv[i]);
        gone = reply != NULL && reply->integer == 1;

        if (!gone) {
            status = ES_EXIT_FAIL;

            if (reply != NULL) {
                es_fail("there is no content \"%s\"; exportsite slot list "
                        "shows all", es_shown(key));
            }

        } else if (cli->json) {
            json_array_append_new(list, es_json_text(key));

        } else {
            printf("slot \"%s\" is deleted: the page's own from now on\n",
                   es_shown(key));
        }

        freeReplyObject(reply);
    }

    if (cli->json) {
        es_json_print(list);

    } else {
        json_decref(list);
    }

    return status;
}


static const es_option_t  es_slot_set_options[] = {
    { "file", "FILE", "take the content from that file" },
    { "expire", "SECONDS", "for so long; then the page's own again" },
    { NULL, NULL, NULL }
};

const es_verb_t  es_slot_verbs[] = {
    { "slot list", "", 0, 0, NULL,
      "Show all contents of slots",
      "For each: its length, when it expires, and whether the sites take it. "
      "\"in order\" is\none that is right and that no site complains of.",
      "exportsite slot list", es_slot_list },

    { "slot show", "KEY", 1, 1, NULL,
      "Print a content",
      "As it is, byte by byte; on a terminal without its control characters.",
      "exportsite slot show banner-AT >banner.html", es_slot_show },

    { "slot set", "KEY [CONTENT | -]", 1, 2, es_slot_set_options,
      "Set the content of a slot",
      "For exportsite_slot NAME redis:KEY. The content is HTML, 1 MB at most, "
      "and is live\nat once: it goes into pages as it is, scripts included. "
      "\"-\" reads it from stdin.",
      "exportsite slot set banner-AT --file banner.html --expire 86400\n"
      "exportsite slot set banner-AT '<p>Meet us in Graz, hall 3.</p>'\n"
      "make-banner | exportsite slot set banner-AT -",
      es_slot_set },

    { "slot rm", "KEY...", 1, -1, NULL,
      "Delete contents",
      "The page's own content is back at once.",
      "exportsite slot rm banner-AT", es_slot_rm },

    { NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL }
};
