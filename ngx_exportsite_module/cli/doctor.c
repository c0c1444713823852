/* The verbs doctor and manual. */
#include <unistd.h>

#include "doctor.h"
#include "manual.h"


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
