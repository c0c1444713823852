/* Another program is run, and what it says is read; so are files. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "doctor.h"


#define ES_RUN_TIME  10000             /* ms */

typedef struct {
    int       fd;
    char     *data;
    size_t    len, size;
    bool      over;                    /* there was more than we take */
} es_run_pipe_t;


/* In the child: a process group of its own, nothing to read, no shell. */
static void
es_run_child(const char *const *argv, int out, int err)
{
    int  null;

    setpgid(0, 0);

    null = open("/dev/null", O_RDONLY);

    if (null == -1 || dup2(null, STDIN_FILENO) == -1
        || dup2(out, STDOUT_FILENO) == -1 || dup2(err, STDERR_FILENO) == -1)
    {
        _exit(127);
    }

    close_range(3, ~0u, 0);
    signal(SIGPIPE, SIG_DFL);

    execv(argv[0], (char *const *) argv);
    _exit(127);
}


/* Reads what there is; false at the end, or where it is too much. */
static bool
es_run_read(es_run_pipe_t *pipe)
{
    ssize_t  n;

    if (pipe->len + 1 == pipe->size) {
        pipe->size = pipe->size * 2;
        pipe->data = realloc(pipe->data, pipe->size);

        if (pipe->data == NULL) {
            abort();
        }
    }

    n = read(pipe->fd, pipe->data + pipe->len, pipe->size - pipe->len - 1);

    pipe->over = n > 0 && pipe->len + n > ES_RUN_OUTPUT;

    if (n <= 0 || pipe->over) {
        return false;
    }

    pipe->len += n;

    return true;
}


/* Milliseconds of a clock that nobody sets */
static int64_t
es_run_clock(void)
{
    struct timespec  now;

    clock_gettime(CLOCK_MONOTONIC, &now);

    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}


/* False if it took too long or said too much. */
static bool
es_run_listen(es_run_pipe_t *pipes, int n)
{
    int            i, open;
    int64_t        left, end;
    struct pollfd  fds[2];

    end = es_run_clock() + ES_RUN_TIME;

    for (i = 0; i < n; i++) {
        fds[i] = (struct pollfd) { pipes[i].fd, POLLIN, 0 };
    }

    for (open = n; open > 0; /* void */) {
        left = end - es_run_clock();

        if (left <= 0 || poll(fds, n, (int) left) <= 0) {
            return false;
        }

        for (i = 0; i < n; i++) {
            if (fds[i].revents != 0 && !es_run_read(&pipes[i])) {
                fds[i].fd = -1;
                open--;

                if (pipes[i].over) {
                    return false;
                }
            }
        }
    }

    return true;
}


static bool
es_run_start(const char *const *argv, pid_t *pid, es_run_pipe_t *pipes)
{
    int  out[2], err[2];

    if (pipe2(out, O_CLOEXEC) == -1) {
        return false;
    }

    if (pipe2(err, O_CLOEXEC) == -1) {
        close(out[0]);
        close(out[1]);
        return false;
    }

    fflush(NULL);
    *pid = fork();

    if (*pid == 0) {
        es_run_child(argv, out[1], err[1]);
    }

    close(out[1]);
    close(err[1]);

    pipes[0].fd = out[0];
    pipes[1].fd = err[0];

    if (*pid == -1) {
        close(out[0]);
        close(err[0]);
    }

    return *pid != -1;
}


/* Waits for the end of what has closed its output, not for long. */
static void
es_run_wait(pid_t pid, es_run_t *run)
{
    int    i, status;
    pid_t  ended;

    for (i = 0; run->ended && i < 1000; i++) {
        ended = waitpid(pid, &status, WNOHANG);

        if (ended == pid) {
            run->ended = WIFEXITED(status);
            run->status = run->ended ? WEXITSTATUS(status) : -1;
            return;
        }

        usleep(1000);
    }

    run->ended = false;
    run->status = -1;
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}


bool
es_run(es_heap_t *heap, const char *const *argv, es_run_t *run)
{
    int            i;
    pid_t          pid;
    es_str_t      *texts[2] = { &run->out, &run->err };
    es_run_pipe_t  pipes[2];

    memset(run, 0, sizeof(es_run_t));

    if (access(argv[0], X_OK) == -1 || !es_run_start(argv, &pid, pipes)) {
        return false;
    }

    for (i = 0; i < 2; i++) {
        pipes[i].len = 0;
        pipes[i].over = false;
        pipes[i].size = 64 * 1024;
        pipes[i].data = malloc(pipes[i].size);

        if (pipes[i].data == NULL) {
            abort();
        }
    }

    run->ended = es_run_listen(pipes, 2);
    es_run_wait(pid, run);

    for (i = 0; i < 2; i++) {
        *texts[i] = es_heap_copy(heap, (es_str_t) { pipes[i].len,
                                                    pipes[i].data });
        free(pipes[i].data);
        close(pipes[i].fd);
    }

    return true;
}


bool
es_doctor_file(es_heap_t *heap, const char *path, size_t max, es_str_t *text,
    const char **why)
{
    int          fd;
    char        *data;
    size_t       size;
    ssize_t      n;
    struct stat  info;

    fd = open(path, O_RDONLY|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1 || fstat(fd, &info) == -1 || !S_ISREG(info.st_mode)) {
        *why = fd == -1 ? strerror(errno) : "it is no file";

        if (fd != -1) {
            close(fd);
        }

        return false;
    }

    size = (uint64_t) info.st_size < max ? (size_t) info.st_size : max;
    data = es_alloc(es_heap_pool(heap), size + 1);
    *text = (es_str_t) { 0, data };

    do {
        n = read(fd, data + text->len, size - text->len);
        text->len += n > 0 ? (size_t) n : 0;
    } while (n > 0);

    data[text->len] = '\0';
    *why = n < 0 ? strerror(errno) : NULL;
    close(fd);

    return n == 0;
}
