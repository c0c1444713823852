/*
 * Command lines. Options may stand anywhere behind the program's name, as
 * "--name value" or "--name=value"; "--" ends them.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "../core/text.h"
#include "../redis/keys.h"
#include "cli.h"


enum {
    ES_COMMON_REDIS,
    ES_COMMON_PREFIX,
    ES_COMMON_STREAM,
    ES_COMMON_DB,
    ES_COMMON_USER,
    ES_COMMON_PASSWORD,
    ES_COMMON_JSON,
    ES_COMMON_HELP,
    ES_COMMON_VERSION
};

/* The verb whose options are looked at, for what is said of them */
static const char  *es_options_verb;

const es_option_t  es_common_options[] = {
    { "redis", "ADDRESS", "host:port, [v6]:port or unix:/path; else what the "
      "environment's EXPORTSITE_REDIS says, else 127.0.0.1:6379" },
    { "prefix", "PREFIX", "what all keys begin with; else EXPORTSITE_PREFIX, "
      "else es:" },
    { "stream", "NAME", "the stream of events, as exportsite_stream has it; "
      "events" },
    { "db", "N", "number of Redis' database; 0" },
    { "user", "NAME", "user of Redis; needs --password-file" },
    { "password-file", "FILE", "file whose first line is the password" },
    { "json", NULL, "answer in JSON" },
    { "help", NULL, "say how to use a verb" },
    { "version", NULL, "say which version this is" },
    { NULL, NULL, NULL }
};


/* How many words a verb's name has, if words[] begins with them; else 0. */
static int
es_verb_match(const char *name, char **words, int n)
{
    int          i;
    size_t       len;
    const char  *end;

    for (i = 0; *name != '\0'; i++) {
        end = strchr(name, ' ');
        len = end ? (size_t) (end - name) : strlen(name);

        if (i == n || strlen(words[i]) != len
            || memcmp(words[i], name, len) != 0)
        {
            return 0;
        }

        name += end ? len + 1 : len;
    }

    return i;
}


static const es_verb_t *
es_verb_find(char **words, int n, int *used)
{
    size_t            i;
    const es_verb_t  *verb;

    for (i = 0; es_verbs[i] != NULL; i++) {
        for (verb = es_verbs[i]; verb->name != NULL; verb++) {
            *used = es_verb_match(verb->name, words, n);

            if (*used > 0) {
                return verb;
            }
        }
    }

    return NULL;
}


/*
 * The number of an option in a list, -1 if it is not there; *value is what
 * stands behind "=", if anything.
 */
static int
es_option_find(const es_option_t *list, const char *word, const char **value)
{
    int     i;
    size_t  len;

    len = strcspn(word, "=");
    *value = word[len] == '=' ? word + len + 1 : NULL;

    for (i = 0; list != NULL && list[i].name != NULL; i++) {
        if (strlen(list[i].name) == len
            && memcmp(list[i].name, word, len) == 0)
        {
            return i;
        }
    }

    return -1;
}


/*
 * Sets the option at argv[*i] in given[], steps over its value. False, with
 * *wrong NULL where the option is none of the list.
 */
static bool
es_option_take(const es_option_t *list, int argc, char **argv, int *i,
    const char **given, int *number, const char **wrong)
{
    int          n;
    const char  *value;

    n = es_option_find(list, argv[*i] + 2, &value);
    *number = n;
    *wrong = NULL;

    if (n == -1) {
        return false;
    }

    if (list[n].value == NULL) {
        *wrong = value ? "takes no value" : NULL;
        given[n] = "";
        return value == NULL;
    }

    if (value == NULL) {
        if (*i + 1 == argc) {
            *wrong = "needs a value";
            return false;
        }

        value = argv[++*i];
    }

    given[n] = value;

    return true;
}


static const char *
es_common_apply(es_cli_t *cli, const char **given)
{
    if (given[ES_COMMON_REDIS]) {
        cli->redis = given[ES_COMMON_REDIS];
        cli->redis_given = true;
    }

    if (given[ES_COMMON_PREFIX]) {
        cli->prefix = es_text(given[ES_COMMON_PREFIX]);
        cli->prefix_given = true;
    }

    if (given[ES_COMMON_STREAM]) {
        cli->stream = es_text(given[ES_COMMON_STREAM]);
        cli->stream_given = true;
    }

    cli->db = given[ES_COMMON_DB];
    cli->user = given[ES_COMMON_USER];
    cli->password_file = given[ES_COMMON_PASSWORD];
    cli->json = given[ES_COMMON_JSON] != NULL;

    if (cli->prefix.len > ES_PREFIX_MAX || !es_text_safe(cli->prefix)) {
        return "--prefix: at most 64 bytes of plain text";
    }

    if (cli->stream.len == 0 || cli->stream.len > ES_STREAM_MAX
        || !es_text_safe(cli->stream))
    {
        return "--stream: 1 to 64 bytes of plain text";
    }

    if (cli->user != NULL && cli->password_file == NULL) {
        return "--user needs --password-file";
    }

    return NULL;
}


/* What an unknown first word may be: a group, or nothing. */
static int
es_verb_unknown(char **words, int n)
{
    if (n == 0) {
        es_help(stderr, NULL);
        return ES_EXIT_USAGE;
    }

    if (n > 1) {
        fprintf(stderr, "exportsite: there is no verb \"%s %s\"\n",
                es_shown(es_text(words[0])), es_shown(es_text(words[1])));
    }

    if (!es_help(stderr, words[0])) {
        es_misuse(NULL, "there is no verb \"%s\"",
                  es_shown(es_text(words[0])));
    }

    return ES_EXIT_USAGE;
}


static int
es_options_help(const es_verb_t *verb, char **words, int n)
{
    int  used;

    if (verb == NULL && n > 0 && strcmp(words[0], "help") == 0) {
        words++;
        n--;
        verb = es_verb_find(words, n, &used);
    }

    if (verb != NULL || n == 0) {
        es_help(stdout, verb ? verb->name : NULL);
        return ES_EXIT_GOOD;
    }

    if (es_help(stdout, words[0])) {
        return ES_EXIT_GOOD;
    }

    return es_verb_unknown(words, n);
}


/* Whether the number of arguments is right; says so if not. */
static bool
es_options_count(const es_verb_t *verb, const es_args_t *args)
{
    if (args->argc < verb->least) {
        es_misuse(verb->name, "%s needs %s", verb->name, verb->arguments);
        return false;
    }

    if (verb->most >= 0 && args->argc > verb->most) {
        es_misuse(verb->name, "\"%s\" is one argument too many: quotes around "
                  "what has blanks in it?",
                  es_shown(es_text(args->argv[verb->most])));
        return false;
    }

    return true;
}


/* An option, of all verbs or the verb's own; says what is wrong with it. */
static bool
es_options_one(const es_verb_t *verb, int argc, char **argv, int *i,
    const char **common, es_args_t *args)
{
    int          n, at = *i;
    const char  *wrong;

    if (strcmp(argv[at], "-h") == 0) {
        common[ES_COMMON_HELP] = "";
        return true;
    }

    wrong = NULL;

    if (strncmp(argv[at], "--", 2) == 0) {
        if (es_option_take(es_common_options, argc, argv, i, common, &n,
                           &wrong))
        {
            return true;
        }

        if (wrong == NULL && verb != NULL
            && es_option_take(verb->options, argc, argv, i, args->option, &n,
                              &wrong))
        {
            if (args->ngiven < ES_GIVEN_MAX) {
                args->given[args->ngiven++] = (es_given_t) {
                    n, args->option[n]
                };
                return true;
            }

            wrong = "is one option too many";
        }
    }

    if (strcmp(argv[at], "--password") == 0
        || strncmp(argv[at], "--password=", 11) == 0)
    {
        /* everybody on the machine can see it, and so it is not repeated */
        wrong = "is no option: put the password into a file, which only you "
                "may read, and give --password-file FILE";
        es_misuse(verb ? verb->name : NULL, "--password %s", wrong);
        return false;
    }

    es_misuse(verb ? verb->name : NULL, "%s %s", es_shown(es_text(argv[at])),
              wrong ? wrong : "is no option of this");

    return false;
}


/*
 * Options stand between words, so words are gathered at the start of argv
 * first; the verb has to be known for its own options to be read.
 */
static bool
es_options_split(const es_verb_t **verb, int argc, char **argv, int *nwords,
    const char **common, es_args_t *args)
{
    int   i, n, used;
    bool  ended;

    ended = false;
    *verb = NULL;

    for (i = 1, n = 0; i < argc; i++) {
        if (ended || argv[i][0] != '-' || argv[i][1] == '\0'
            || isdigit((unsigned char) argv[i][1]))
        {
            argv[n++] = argv[i];
            *verb = *verb ? *verb : es_verb_find(argv, n, &used);
            continue;
        }

        if (strcmp(argv[i], "--") == 0) {
            ended = true;
            continue;
        }

        if (!es_options_one(*verb, argc, argv, &i, common, args)) {
            return false;
        }
    }

    *nwords = n;

    return true;
}


const es_verb_t *
es_options_read(es_cli_t *cli, int argc, char **argv, es_args_t *args,
    int *status)
{
    int               n, used;
    const char       *wrong, *common[ES_OPTIONS_MAX];
    const es_verb_t  *verb;

    memset(args, 0, sizeof(es_args_t));
    memset(common, 0, sizeof(common));
    *status = ES_EXIT_USAGE;

    if (!es_options_split(&verb, argc, argv, &n, common, args)) {
        return NULL;
    }

    if (common[ES_COMMON_VERSION]) {
        printf("exportsite %s\n", ES_VERSION);
        *status = ES_EXIT_GOOD;
        return NULL;
    }

    if (common[ES_COMMON_HELP] || (n > 0 && strcmp(argv[0], "help") == 0)) {
        *status = es_options_help(verb, argv, n);
        return NULL;
    }

    if (verb == NULL) {
        *status = es_verb_unknown(argv, n);
        return NULL;
    }

    wrong = es_common_apply(cli, common);

    if (wrong != NULL) {
        *status = es_misuse(verb->name, "%s", wrong);
        return NULL;
    }

    es_options_verb = verb->name;
    es_verb_find(argv, n, &used);
    args->argc = n - used;
    args->argv = argv + used;

    return es_options_count(verb, args) ? verb : NULL;
}


bool
es_option_number(const char *what, const char *text, int64_t least,
    int64_t most, int64_t *number)
{
    char  *end;

    errno = 0;
    *number = strtoll(text, &end, 10);

    if (end == text || *end != '\0' || errno != 0
        || *number < least || *number > most)
    {
        es_misuse(es_options_verb, "%s: a whole number from %lld to %lld, "
                  "not \"%s\"", what, (long long) least, (long long) most,
                  es_shown(es_text(text)));
        return false;
    }

    return true;
}
