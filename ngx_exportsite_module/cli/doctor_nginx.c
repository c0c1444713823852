/* nginx and its configuration. */
#include <stdlib.h>
#include <unistd.h>

#include "doctor.h"


/* Where nginx is, where PATH does not have it */
static const char  es_nginx_places[] =
    "/usr/sbin:/usr/local/sbin:/usr/local/nginx/sbin:/usr/bin:/usr/local/bin:"
    "/opt/nginx/sbin:/usr/local/openresty/nginx/sbin";


/* The whole path of a program in a list of folders; NULL if it is in none. */
static const char *
es_nginx_in(es_doctor_t *doctor, const char *name, const char *folders)
{
    size_t       len;
    const char  *path;

    for ( /* void */ ; folders != NULL && *folders != '\0'; folders += len) {
        folders += *folders == ':';
        len = strcspn(folders, ":");
        path = es_doctor_text(doctor, "%.*s/%s", (int) len, folders, name);

        if (len > 0 && access(path, X_OK) == 0) {
            return path;
        }
    }

    return NULL;
}


static const char *
es_nginx_find(es_doctor_t *doctor)
{
    char        *whole;
    const char  *path, *name;

    name = doctor->program ? doctor->program : "nginx";

    if (strchr(name, '/') != NULL) {
        whole = realpath(name, NULL);
        path = whole ? es_doctor_text(doctor, "%s", whole) : NULL;
        free(whole);

        return path != NULL && access(path, X_OK) == 0 ? path : NULL;
    }

    path = es_nginx_in(doctor, name, getenv("PATH"));

    return path ? path : es_nginx_in(doctor, name, es_nginx_places);
}


/* What stands behind a word in nginx' answer, to the line's end; or "" */
static const char *
es_nginx_answer(es_doctor_t *doctor, es_str_t text, const char *word)
{
    es_str_t     line;
    const char  *p;

    p = strstr(text.data, word);
    if (p == NULL) {
        return "";
    }

    line.data = p + strlen(word);
    line.len = strcspn(line.data, "\r\n");

    return es_heap_copy(doctor->heap, line).data;
}


/* Reads `nginx -V`. */
static bool
es_nginx_version(es_doctor_t *doctor)
{
    unsigned     a, b, c;
    es_run_t     run;
    const char  *argv[] = { doctor->program, "-V", NULL };
    const char  *version;

    if (!es_run(doctor->heap, argv, &run) || !run.ended || run.status != 0) {
        return false;
    }

    version = strchr(es_nginx_answer(doctor, run.err, "nginx version: "), '/');

    if (version == NULL
        || sscanf(version, "/%3u.%3u.%3u", &a, &b, &c) != 3)
    {
        return false;
    }

    doctor->version = es_doctor_text(doctor, "%u.%u.%u", a, b, c);
    doctor->number = a * 1000000 + b * 1000 + c;
    doctor->arguments = es_nginx_answer(doctor, run.err,
                                        "configure arguments: ");

    return true;
}


const char *
es_nginx_argument(es_doctor_t *doctor, const char *name)
{
    es_str_t     value;
    const char  *p;

    p = strstr(doctor->arguments, name);
    if (p == NULL) {
        return NULL;
    }

    value.data = p + strlen(name);
    value.len = strcspn(value.data, " '");

    return es_heap_copy(doctor->heap, value).data;
}


/* The first line that tells of an error; it may be printed. */
static const char *
es_nginx_error(es_str_t err)
{
    es_str_t     line;
    const char  *p;

    p = strstr(err.data, "[emerg] ");
    p = p ? p + 8 : err.data;

    /* "[emerg] 123#123: ..." tells of a process, too */

    if (p != err.data && strspn(p, "0123456789#") > 0
        && p[strspn(p, "0123456789#")] == ':')
    {
        p += strspn(p, "0123456789#:");
        p += *p == ' ';
    }

    line = (es_str_t) { strcspn(p, "\n"), p };

    return es_shown(line);
}


const char *
es_nginx_says(const es_run_t *run)
{
    return !run->ended ? "it did not end in time" : es_nginx_error(run->err);
}


/* nginx does not take its configuration; it is read all the same. */
static void
es_nginx_refused(es_doctor_t *doctor, const es_run_t *run)
{
    bool  read;

    read = es_site_read_file(doctor, doctor->conf);

    if (strstr(run->err.data, "unknown directive \"exportsite") != NULL
        && doctor->site.any && doctor->site.module == NULL)
    {
        /* es_doctor_module() tells what to do about it */
        doctor->unknown = es_doctor_text(doctor, "%s", es_nginx_says(run));
        return;
    }

    if (geteuid() != 0 && strstr(run->err.data, "Permission denied") != NULL) {
        es_check(doctor, ES_CHECK_WARN, "nginx.conf", "%s is not checked%s: "
                 "%s\nrun doctor as root", doctor->conf,
                 read ? "" : ", and nothing is taken from it",
                 es_nginx_says(run));
        return;
    }

    es_check(doctor, ES_CHECK_FAIL, "nginx.conf", "nginx refuses %s: %s\n"
             "mend what it names, then %s -t%s%s -c %s", doctor->conf,
             es_nginx_says(run), doctor->program,
             doctor->prefix ? " -p " : "",
             doctor->prefix ? doctor->prefix : "", doctor->conf);
}


static void
es_nginx_conf(es_doctor_t *doctor)
{
    es_run_t     run;
    const char  *argv[] = { doctor->program, "-T", "-c", doctor->conf,
                            doctor->prefix ? "-p" : NULL, doctor->prefix,
                            NULL };

    if (!es_run(doctor->heap, argv, &run)) {
        return;
    }

    if (!run.ended || run.status != 0) {
        es_nginx_refused(doctor, &run);

    } else {
        es_site_read_dump(doctor, run.out);
        es_check(doctor, ES_CHECK_GOOD, "nginx.conf", "nginx takes %s",
                 doctor->conf);
    }

    if (!doctor->site.any) {
        es_check(doctor, ES_CHECK_WARN, "nginx.conf", "%s has nothing of "
                 "exportsite\nconf/README.md says which lines go where",
                 doctor->conf);
    }
}


/* The whole path of the configuration, of --conf or as nginx was built. */
static bool
es_nginx_conf_path(es_doctor_t *doctor)
{
    char        *whole;
    const char  *path;

    if (doctor->conf == NULL) {
        path = es_nginx_argument(doctor, "--conf-path=");
        doctor->conf = es_site_path(doctor, path ? path : "conf/nginx.conf",
                                    false);
        return true;
    }

    whole = realpath(doctor->conf, NULL);

    if (whole == NULL && doctor->prefix != NULL) {
        /* as nginx -p DIR -c FILE has it */
        whole = realpath(es_site_path(doctor, doctor->conf, false), NULL);
    }

    if (whole == NULL) {
        es_check(doctor, ES_CHECK_FAIL, "nginx.conf", "%s cannot be read: %m\n"
                 "give another --conf, or run doctor as root",
                 es_shown(es_text(doctor->conf)));
        doctor->conf = NULL;
        return false;
    }

    doctor->conf = es_doctor_text(doctor, "%s", whole);
    free(whole);

    return true;
}


/* The whole path of --nginx-prefix */
static void
es_nginx_prefix(es_doctor_t *doctor)
{
    char  *whole;

    if (doctor->prefix == NULL) {
        return;
    }

    whole = realpath(doctor->prefix, NULL);

    if (whole == NULL) {
        es_check(doctor, ES_CHECK_FAIL, "nginx", "%s (--nginx-prefix) cannot "
                 "be read: %m\ngive the folder that nginx is run with, nginx "
                 "-p", es_shown(es_text(doctor->prefix)));
        doctor->prefix = NULL;
        return;
    }

    doctor->prefix = es_doctor_text(doctor, "%s", whole);
    free(whole);
}


/* There is no nginx: what its configuration says may be read all the same. */
static void
es_nginx_missing(es_doctor_t *doctor)
{
    bool  wanted;

    wanted = doctor->program != NULL || doctor->module != NULL;

    es_check(doctor, wanted ? ES_CHECK_FAIL : ES_CHECK_WARN, "nginx",
             "%s is not there, or cannot be run: the module is not looked at\n"
             "give --nginx, or run doctor where nginx is",
             doctor->program ? es_shown(es_text(doctor->program)) : "nginx");

    doctor->program = NULL;

    if (doctor->conf != NULL && es_nginx_conf_path(doctor)
        && !es_site_read_file(doctor, doctor->conf))
    {
        es_check(doctor, ES_CHECK_FAIL, "nginx.conf", "%s cannot be read\n"
                 "run doctor as root", es_shown(es_text(doctor->conf)));
    }
}


void
es_doctor_nginx(es_doctor_t *doctor)
{
    const char  *program;

    doctor->arguments = "";
    es_nginx_prefix(doctor);
    program = es_nginx_find(doctor);

    if (program == NULL) {
        es_nginx_missing(doctor);
        return;
    }

    doctor->program = program;

    if (!es_nginx_version(doctor)) {
        es_check(doctor, ES_CHECK_FAIL, "nginx", "%s does not answer -V as "
                 "nginx does\ngive another --nginx", program);
        doctor->program = NULL;
        return;
    }

    es_check(doctor, ES_CHECK_GOOD, "nginx", "%s, version %s", program,
             doctor->version);

    if (es_nginx_conf_path(doctor)) {
        es_nginx_conf(doctor);
    }
}
