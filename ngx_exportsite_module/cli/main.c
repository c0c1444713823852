/* The door of the program: a verb is found and run. */
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"


const es_verb_t *const  es_verbs[] = {
    es_segment_verbs,
    es_slot_verbs,
    es_visitor_verbs,
    es_topic_verbs,
    es_score_verbs,
    es_setting_verbs,
    es_learn_verbs,
    es_import_verbs,
    es_doctor_verbs,
    NULL
};


static const char *
es_environment(const char *name, const char *otherwise)
{
    const char  *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : otherwise;
}


/*
 * Where a program is begun without stdin, stdout or stderr, the next file that
 * is opened, a connection to Redis perhaps, would be one of them.
 */
static void
es_descriptors(void)
{
    int  fd;

    for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) == -1) {
            (void) open("/dev/null", fd == STDERR_FILENO ? O_WRONLY
                                                         : O_RDONLY);
        }
    }
}


/* Has whoever was reading our answer had enough of it? */
static bool
es_reader_gone(void)
{
    struct pollfd  out = { .fd = STDOUT_FILENO, .events = POLLOUT };

    return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR|POLLHUP)) != 0;
}


int
main(int argc, char **argv)
{
    int               status;
    const char       *term;
    es_cli_t          cli;
    es_args_t         args;
    const es_verb_t  *verb;

    es_descriptors();
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN);

    term = es_environment("TERM", "dumb");

    memset(&cli, 0, sizeof(es_cli_t));
    cli.redis = es_environment("EXPORTSITE_REDIS", "127.0.0.1:6379");
    cli.prefix = es_text(es_environment("EXPORTSITE_PREFIX", "es:"));
    cli.stream = es_str("events");
    cli.redis_given = es_environment("EXPORTSITE_REDIS", NULL) != NULL;
    cli.prefix_given = es_environment("EXPORTSITE_PREFIX", NULL) != NULL;
    cli.color = isatty(STDOUT_FILENO) && strcmp(term, "dumb") != 0
                && getenv("NO_COLOR") == NULL;

    verb = es_options_read(&cli, argc, argv, &args, &status);

    if (verb != NULL) {
        status = verb->run(&cli, &args);
    }

    es_link_close(&cli);

    if ((fflush(stdout) != 0 || ferror(stdout)) && status == ES_EXIT_GOOD) {
        status = es_reader_gone()
                 ? ES_EXIT_FAIL : es_fail("the answer could not be written");
    }

    return status;
}
