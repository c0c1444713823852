/* The module: does this nginx load it, and if not, what would it load? */
#include <stdlib.h>
#include <unistd.h>

#include "doctor.h"


#define ES_MODULE_FILE  "ngx_exportsite_module.so"
#define ES_MODULE_MAKE  "make -B build/" ES_MODULE_FILE

/* What the places of a signature stand for, those that configure can change */
static const struct {
    unsigned     place;
    const char  *name;
} es_module_features[] = {
    { 22, "--with-threads" },
    { 23, "PCRE" },
    { 24, "--with-http_ssl_module" },
    { 26, "gzip" },
    { 28, "X-Forwarded-For" },
    { 29, "--with-http_realip_module" },
    { 31, "--with-http_dav_module" },
    { 32, "caches" },
    { 33, "zones of upstreams" },
    { 34, "--with-compat" },
    { 0, NULL }
};


/* "1.22.1" of 1022001 */
static const char *
es_module_version(es_doctor_t *doctor, unsigned number)
{
    return es_doctor_text(doctor, "%u.%u.%u", number / 1000000,
                          number / 1000 % 1000, number % 1000);
}


/* In what two signatures differ, as far as that has a name */
static const char *
es_module_difference(es_doctor_t *doctor, const char *one, const char *two)
{
    size_t  i, n, at;
    char    buf[512];

    if (one[0] == '\0' || two[0] == '\0' || strcmp(one, two) == 0) {
        return "";
    }

    buf[0] = '\0';

    for (i = 0, n = 0; es_module_features[i].name != NULL; i++) {
        at = sizeof("8,4,8,") - 2 + es_module_features[i].place;

        if (at < strlen(one) && at < strlen(two) && one[at] != two[at]) {
            n += snprintf(buf + n, sizeof(buf) - n, "%s%s", n ? ", " : "",
                          es_module_features[i].name);
        }
    }

    return es_doctor_text(doctor, " (module %s, nginx %s%s%s)", one, two,
                          n ? "; they differ in " : "", buf);
}


/*
 * The arguments of configure on which binary compatibility depends, and which
 * work on any machine: those that name no file.
 */
static const char *
es_module_arguments(es_doctor_t *doctor)
{
    char         buf[2048];
    size_t       n, len;
    const char  *p;

    static const char  letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

    buf[0] = '\0';

    for (p = doctor->arguments, n = 0; *p != '\0'; p += len + (p[len] == ' ')) {
        len = strcspn(p, " ");

        if ((strncmp(p, "--with-", 7) == 0 || strncmp(p, "--without-", 10) == 0)
            && strspn(p, letters) == len && n + len + 2 < sizeof(buf))
        {
            n += snprintf(buf + n, sizeof(buf) - n, "%s%.*s", n ? " " : "",
                          (int) len, p);
        }
    }

    return es_doctor_text(doctor, "%s", buf);
}


/* The version of Debian's package nginx, if that is this nginx; else NULL */
static const char *
es_module_package(es_doctor_t *doctor)
{
    size_t       len;
    es_run_t     run;
    const char  *argv[] = { "/usr/bin/dpkg-query", "-W", "-f",
                            "${Version} ${Maintainer}", "nginx", NULL };

    static const char  letters[] = "abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+~-";

    len = strlen(doctor->version);

    if (strncmp(doctor->program, "/usr/sbin/", 10) != 0
        || !es_run(doctor->heap, argv, &run) || !run.ended || run.status != 0
        || strncmp(run.out.data, doctor->version, len) != 0
        || (run.out.data[len] != '-' && run.out.data[len] != '+')
        || strstr(run.out.data, "nginx-packaging") != NULL)
    {
        /* nginx.org's packages are called the same, but have no nginx-dev */
        return NULL;
    }

    len = strspn(run.out.data, letters);

    return es_heap_copy(doctor->heap, (es_str_t) { len, run.out.data }).data;
}


/* The commands that make a module for this nginx and put it there. */
static const char *
es_module_build(es_doctor_t *doctor, const char *path)
{
    const char  *version, *flags;

    version = es_module_package(doctor);

    if (version != NULL) {
        return es_doctor_text(doctor, "in exportsite's sources: apt-get "
                              "install nginx-dev=%s && " ES_MODULE_MAKE " && "
                              "install -m 644 build/" ES_MODULE_FILE " %s",
                              version, path);
    }

    version = doctor->version;
    flags = strstr(doctor->arguments, "--with-compat") != NULL ? ""
            : es_doctor_text(doctor, "echo 'NGX_CONF_FLAGS=(%s)' "
                             ">nginx-%s/conf_flags && ",
                             es_module_arguments(doctor), version);

    return es_doctor_text(doctor, "in exportsite's sources: curl -O "
                          "https://nginx.org/download/nginx-%s.tar.gz && "
                          "tar -xzf nginx-%s.tar.gz && %s" ES_MODULE_MAKE
                          " NGINX_SRC=$PWD/nginx-%s && install -m 644 "
                          "build/" ES_MODULE_FILE " %s",
                          version, version, flags, version, path);
}


/* Writes a configuration that does nothing but load the module. */
static bool
es_module_scratch(const char *folder, const char *conf, const char *module)
{
    FILE        *file;
    const char  *p;

    file = fopen(conf, "wex");
    if (file == NULL) {
        return false;
    }

    fprintf(file, "error_log stderr;\npid %s/pid;\nload_module \"", folder);

    for (p = module; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\') {
            fputc('\\', file);
        }

        fputc(*p, file);
    }

    fprintf(file, "\";\nevents { }\n");

    return fclose(file) == 0;
}


static bool
es_module_run(es_doctor_t *doctor, const char *folder, const char *conf,
    es_run_t *run)
{
    const char  *argv[] = { doctor->program, "-t", "-p", folder, "-c", conf,
                            NULL };

    return es_run(doctor->heap, argv, run);
}


/* Has nginx try it, in a folder of our own; false if that cannot be done. */
static bool
es_module_try(es_doctor_t *doctor, const char *path, es_run_t *run)
{
    bool         done;
    char        *folder;
    const char  *tmp, *conf, *pid;

    tmp = getenv("TMPDIR");
    folder = (char *) es_doctor_text(doctor, "%s/exportsite-doctor.XXXXXX",
                                     tmp && tmp[0] == '/' ? tmp : "/tmp");

    if (mkdtemp(folder) == NULL) {
        return false;
    }

    conf = es_doctor_text(doctor, "%s/nginx.conf", folder);
    pid = es_doctor_text(doctor, "%s/pid", folder);

    done = es_module_scratch(folder, conf, path)
           && es_module_run(doctor, folder, conf, run);

    (void) unlink(conf);
    (void) unlink(pid);
    (void) rmdir(folder);

    return done;
}


/* nginx did not load it: why, and what to do. */
static void
es_module_refused(es_doctor_t *doctor, const char *path,
    const es_module_t *module, const es_run_t *run)
{
    char         wanted[64];
    const char  *build, *difference;

    build = es_module_build(doctor, path);

    if (module->version != 0 && module->version != doctor->number) {
        es_check(doctor, ES_CHECK_FAIL, "module", "%s was built for nginx %s "
                 "(%u), and this is nginx %s (%u)\n%s", path,
                 es_module_version(doctor, module->version), module->version,
                 doctor->version, doctor->number, build);
        return;
    }

    if (!es_module_wanted(doctor->heap, doctor->program, wanted,
                          sizeof(wanted)))
    {
        wanted[0] = '\0';
    }

    difference = es_module_difference(doctor, module->signature, wanted);

    if (difference[0] != '\0'
        || strstr(run->err.data, "is not binary compatible") != NULL)
    {
        es_check(doctor, ES_CHECK_FAIL, "module", "%s was built for an nginx "
                 "%s that was configured in another way%s\n%s", path,
                 doctor->version, difference, build);
        return;
    }

    if (strstr(run->err.data, "cannot open shared object file") != NULL) {
        build = "install the library that it names, or build the module on "
                "this machine";
    }

    es_check(doctor, ES_CHECK_FAIL, "module", "nginx does not load %s: %s\n%s",
             path, es_nginx_says(run), build);
}


static void
es_module_check(es_doctor_t *doctor, const char *path)
{
    es_run_t      run;
    const char   *why;
    es_module_t   module;

    if (!es_module_read(doctor->heap, path, &module, &why)) {
        es_check(doctor, ES_CHECK_FAIL, "module", "%s: %s\n%s", path, why,
                 es_module_build(doctor, path));
        return;
    }

    if (!es_module_try(doctor, path, &run)) {
        es_check(doctor, ES_CHECK_WARN, "module", "not tried: there is no "
                 "place for a file of ours: %m\nset TMPDIR to a folder that "
                 "can be written");
        return;
    }

    if (!run.ended || run.status != 0) {
        es_module_refused(doctor, path, &module, &run);
        return;
    }

    es_check(doctor, ES_CHECK_GOOD, "module", "nginx loads %s", path);
}


/* The module that nginx.conf ought to load, where it does not name one */
static const char *
es_module_usual(es_doctor_t *doctor)
{
    const char  *folder, *path;

    folder = es_nginx_argument(doctor, "--modules-path=");
    path = es_doctor_text(doctor, "%s/" ES_MODULE_FILE,
                          folder ? folder : "modules");

    return es_site_path(doctor, path, false);
}


/* The line that loads it, where Debian has such lines or else at the top */
static const char *
es_module_load(es_doctor_t *doctor, const char *path)
{
    const char  *folder;

    folder = es_site_path(doctor, "modules-enabled", true);

    if (access(folder, F_OK) == 0) {
        return es_doctor_text(doctor, "echo 'load_module %s;' "
                              ">%s/60-exportsite.conf", path, folder);
    }

    return es_doctor_text(doctor, "put this at the top of %s: load_module %s;",
                          doctor->conf ? doctor->conf : "nginx.conf", path);
}


/* Nobody loads it: that is a failure where nginx.conf needs it. */
static void
es_module_unloaded(es_doctor_t *doctor, const char *path)
{
    bool         there;
    const char  *load;

    there = access(path, F_OK) == 0;
    load = es_module_load(doctor, path);

    if (doctor->unknown == NULL) {
        es_check(doctor, ES_CHECK_WARN, "module", "nginx.conf does not load "
                 "it\n%s%s%s", there ? "" : es_module_build(doctor, path),
                 there ? "" : "; then ", load);
        return;
    }

    es_check(doctor, ES_CHECK_FAIL, "module", "%s uses exportsite's "
             "directives, but nothing loads the module (%s)\n%s%s%s",
             doctor->conf, doctor->unknown,
             there ? "" : es_module_build(doctor, path),
             there ? "" : "; then ", load);
}


void
es_doctor_module(es_doctor_t *doctor)
{
    char        *whole;
    const char  *path;

    if (doctor->program == NULL) {
        return;
    }

    if (doctor->module != NULL) {
        whole = realpath(doctor->module, NULL);
        path = whole ? es_doctor_text(doctor, "%s", whole) : doctor->module;
        free(whole);
        es_module_check(doctor, path);

        if (doctor->unknown != NULL) {
            es_module_unloaded(doctor, path);
        }

        return;
    }

    if (doctor->site.module != NULL) {
        es_module_check(doctor,
                        es_site_path(doctor, doctor->site.module, false));
        return;
    }

    path = strstr(doctor->arguments, "-module=");

    if (path != NULL && strstr(path, "exportsite") != NULL
        && strstr(doctor->arguments, "--add-module=") != NULL)
    {
        es_check(doctor, ES_CHECK_GOOD, "module", "it is part of nginx");
        return;
    }

    path = es_module_usual(doctor);

    if (access(path, F_OK) == 0) {
        es_module_check(doctor, path);
    }

    es_module_unloaded(doctor, path);
}
