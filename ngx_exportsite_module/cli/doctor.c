/* The verbs doctor and manual, and how the doctor says what it found. */
#include <stdarg.h>
#include <unistd.h>

#include "doctor.h"
#include "manual.h"


#define ES_DOCTOR_LINE   4096
#define ES_DOCTOR_ABOUT  12            /* columns of what a line is about */

enum {
    ES_DOCTOR_NGINX,
    ES_DOCTOR_CONF,
    ES_DOCTOR_PREFIX,
    ES_DOCTOR_MODULE
};

static const es_option_t  es_doctor_options[] = {
    { "nginx", "PROGRAM", "nginx; else the one in PATH, or where it usually "
      "is" },
    { "conf", "FILE", "its configuration, if it is not the usual one" },
    { "nginx-prefix", "DIR", "the folder that nginx is run with (nginx -p)" },
    { "module", "FILE", "the module to look at, if not that of load_module" },
    { NULL, NULL, NULL }
};

static const char *const  es_doctor_words[] = { "ok", "warning", "failure" };

static const es_color_e  es_doctor_colors[] = {
    ES_COLOR_GOOD, ES_COLOR_WARN, ES_COLOR_BAD
};


const char *
es_doctor_text(es_doctor_t *doctor, const char *format, ...)
{
    char     buf[ES_DOCTOR_LINE];
    va_list  args;

    va_start(args, format);
    vsnprintf(buf, sizeof(buf), format, args);
    va_end(args);

    return es_heap_copy(doctor->heap, es_text(buf)).data;
}


/* On a terminal, what to do has a line of its own; else a line is a check. */
static void
es_doctor_print(const es_doctor_t *doctor, es_check_e result,
    const char *about, const char *text, const char *remedy)
{
    es_color(doctor->cli, es_doctor_colors[result]);
    printf("%-9s", es_doctor_words[result]);
    es_color(doctor->cli, ES_COLOR_NONE);
    printf("%-*s ", ES_DOCTOR_ABOUT, about);
    es_print(stdout, es_text(text));

    if (remedy != NULL) {
        if (doctor->terminal) {
            printf("\n%*s-> ", 9 + ES_DOCTOR_ABOUT + 1, "");

        } else {
            printf("; ");
        }

        es_print(stdout, es_text(remedy));
    }

    printf("\n");
    fflush(stdout);
}


void
es_check(es_doctor_t *doctor, es_check_e result, const char *about,
    const char *format, ...)
{
    char      text[ES_DOCTOR_LINE], *remedy;
    va_list   args;
    json_t   *line;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    remedy = strchr(text, '\n');
    if (remedy != NULL) {
        *remedy++ = '\0';
    }

    doctor->count[result]++;

    if (!doctor->cli->json) {
        es_doctor_print(doctor, result, about, text, remedy);
        return;
    }

    line = json_object();
    json_object_set_new(line, "check", json_string(about));
    json_object_set_new(line, "result", json_string(es_doctor_words[result]));
    json_object_set_new(line, "text", es_json_text(es_text(text)));

    if (remedy != NULL) {
        json_object_set_new(line, "remedy", es_json_text(es_text(remedy)));
    }

    json_array_append_new(doctor->lines, line);
}


/*
 * "xinfo|stream" of "XINFO STREAM %b": what ACL SETUSER calls the command. A
 * second word in capitals is one of a command in parts.
 */
static void
es_doctor_right(const char *format, char *right, size_t size)
{
    size_t  i, blanks;

    for (i = 0, blanks = 0; i + 1 < size; i++) {
        if (format[i] == ' ' && blanks++ == 0
            && format[i + 1] >= 'A' && format[i + 1] <= 'Z')
        {
            right[i] = '|';
            continue;
        }

        if (format[i] == ' ' || format[i] == '\0') {
            break;
        }

        right[i] = es_lower(format[i]);
    }

    right[i] = '\0';
}


static void
es_doctor_refused(es_doctor_t *doctor, const char *about, const char *format,
    const char *error)
{
    char  right[64];

    es_doctor_right(format, right, sizeof(right));

    if (strncmp(error, "WRONGTYPE", 9) == 0) {
        /* es_doctor_keys() has said it */
        return;
    }

    if (strncmp(error, "NOPERM", 6) != 0) {
        es_check(doctor, ES_CHECK_WARN, about, "not looked at: Redis answered "
                 "%s with \"%s\"", right, es_shown(es_text(error)));
        return;
    }

    es_check(doctor, ES_CHECK_WARN, about, "not looked at: this user of Redis "
             "may not (%s)\nACL SETUSER with +%s%s", es_shown(es_text(error)),
             right, strstr(error, "key") != NULL
                    ? ", and the key with '%R~'" : "");
}


int64_t
es_doctor_count(es_doctor_t *doctor, const char *about, const char *command,
    const char *key)
{
    int64_t      n;
    redisReply  *reply;

    reply = es_doctor_ask(doctor, about, command, key);

    if (reply == NULL) {
        return -1;
    }

    n = reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;
    freeReplyObject(reply);

    return n;
}


redisReply *
es_doctor_ask(es_doctor_t *doctor, const char *about, const char *format, ...)
{
    va_list      args;
    redisReply  *reply;

    if (doctor->cli->link == NULL) {
        return NULL;
    }

    va_start(args, format);
    reply = redisvCommand(doctor->cli->link, format, args);
    va_end(args);

    if (reply == NULL) {
        es_check(doctor, ES_CHECK_FAIL, about, "the connection to Redis "
                 "failed: %s\nsee Redis' log, and %s --latency",
                 es_link_lost(doctor->cli, doctor->cli->link,
                              ES_DOCTOR_ANSWER), es_doctor_redis_cli(doctor));
        es_link_close(doctor->cli);
        return NULL;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        es_doctor_refused(doctor, about, format, reply->str);
        freeReplyObject(reply);
        return NULL;
    }

    return reply;
}


/*
 * Which Redis the site uses, where neither an option nor the environment says
 * one. A file of nginx' with a password may well be closed to us.
 */
static void
es_doctor_defaults(es_doctor_t *doctor)
{
    es_cli_t   *cli = doctor->cli;
    es_site_t  *site = &doctor->site;

    if (!cli->stream_given && site->stream != NULL) {
        cli->stream = es_text(site->stream);
    }

    if (!cli->prefix_given && site->prefix != NULL) {
        cli->prefix = es_text(site->prefix);
    }

    if (cli->db == NULL) {
        cli->db = site->db;
    }

    if (cli->password_file == NULL && site->password_file != NULL) {
        cli->user = site->user;
        cli->password_file = es_site_path(doctor, site->password_file, true);
    }

    if (site->redis != NULL && strncmp(site->redis, "unix:", 5) == 0) {
        site->redis = es_doctor_text(doctor, "unix:%s",
                                     es_site_path(doctor, site->redis + 5,
                                                  false));
    }

    if (site->redis == NULL || strcmp(cli->redis, site->redis) == 0) {
        return;
    }

    if (!cli->redis_given) {
        cli->redis = site->redis;
        return;
    }

    es_check(doctor, ES_CHECK_WARN, "redis", "the site uses %s "
             "(exportsite_redis), but --redis or EXPORTSITE_REDIS says %s, "
             "which is looked at\nset EXPORTSITE_REDIS to what the site uses",
             es_shown(es_text(site->redis)), es_shown(es_text(cli->redis)));
}


static void
es_doctor_redis(es_doctor_t *doctor)
{
    es_doctor_server(doctor);

    if (doctor->cli->link == NULL) {
        return;
    }

    es_doctor_keys(doctor);
    es_doctor_stream(doctor);
    es_doctor_rules(doctor);
    es_doctor_errors(doctor);
}


static void
es_doctor_sum(es_doctor_t *doctor)
{
    json_t  *json;

    if (!doctor->cli->json) {
        printf("%zu ok, %zu warning%s, %zu failure%s\n",
               doctor->count[ES_CHECK_GOOD], doctor->count[ES_CHECK_WARN],
               doctor->count[ES_CHECK_WARN] == 1 ? "" : "s",
               doctor->count[ES_CHECK_FAIL],
               doctor->count[ES_CHECK_FAIL] == 1 ? "" : "s");
        return;
    }

    json = json_pack("{s:I, s:I, s:I, s:O}",
                     "ok", (json_int_t) doctor->count[ES_CHECK_GOOD],
                     "warnings", (json_int_t) doctor->count[ES_CHECK_WARN],
                     "failures", (json_int_t) doctor->count[ES_CHECK_FAIL],
                     "checks", doctor->lines);
    es_json_print(json);
}


static int
es_doctor(es_cli_t *cli, const es_args_t *args)
{
    es_doctor_t  doctor;

    memset(&doctor, 0, sizeof(es_doctor_t));

    doctor.cli = cli;
    doctor.heap = es_heap_create();
    doctor.terminal = isatty(STDOUT_FILENO);
    doctor.lines = json_array();
    doctor.site.industries = json_object();
    doctor.site.languages = json_object();
    doctor.program = args->option[ES_DOCTOR_NGINX];
    doctor.conf = args->option[ES_DOCTOR_CONF];
    doctor.prefix = args->option[ES_DOCTOR_PREFIX];
    doctor.module = args->option[ES_DOCTOR_MODULE];

    es_doctor_nginx(&doctor);
    es_doctor_module(&doctor);
    es_doctor_geo(&doctor);
    es_doctor_defaults(&doctor);
    es_doctor_redis(&doctor);
    es_doctor_spool(&doctor);
    es_doctor_sum(&doctor);

    es_link_close(cli);
    json_decref(doctor.lines);
    json_decref(doctor.site.industries);
    json_decref(doctor.site.languages);
    es_heap_destroy(doctor.heap);

    return doctor.count[ES_CHECK_FAIL] ? ES_EXIT_FAIL : ES_EXIT_GOOD;
}


const es_verb_t  es_doctor_verbs[] = {
    { "doctor", "", 0, 0, es_doctor_options,
      "Look at all that the site stands on, and say what to do",
      "Looks at nginx, its configuration, the module, the databases, Redis, "
      "the stream,\nthe learner and what marketers defined. Each line is ok, "
      "a warning or a failure,\nand says what to do; the exit code is 1 if "
      "there is a failure.\n\n"
      "Where Redis is and what the stream is called is taken from nginx.conf, "
      "unless\noptions or the environment say so. Run it as root, or as a "
      "user who may read\nnginx' configuration: what may not be read is not "
      "looked at, and said to be so.\nNothing is changed.",
      "exportsite doctor\n"
      "exportsite doctor --nginx /usr/local/nginx/sbin/nginx\n"
      "exportsite doctor --nginx-prefix /srv/site --conf /srv/site/nginx.conf\n"
      "exportsite doctor --module build/ngx_exportsite_module.so --json",
      es_doctor },
    { "manual", "man|bash", 1, 1, NULL,
      "Print the manual page, or the completion for bash",
      "Both are made of what --help says. `make install-cli` puts them where "
      "man and bash\nlook for them.",
      "exportsite manual man | man -l -\n"
      "source <(exportsite manual bash)",
      es_manual },
    { NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL }
};
