/*
 * A load at an even rate, whatever the answers take:
 *
 *     pace PORT RATE SECONDS CONNECTIONS FILE [PATH]
 *
 * Requests come from FILE in turn, each ended by a NUL byte; with PATH the n-th
 * one's path becomes PATH and n. Each is due at its own moment, and its time
 * is counted from then, so that one that had to wait for a free connection
 * has waited. A request on a connection that broke before a byte of the answer
 * came is asked again, twice at most, as browsers do. SIGTERM ends the load
 * early.
 *
 * At the end one line tells when it began, in us since 1970, and by which
 * scheduler it ran; then there is a line a request: when it was due, in us from
 * the beginning; the status, or 0 without an answer; us until the answer was
 * complete; how often it was asked; and the X-Event of the answer, or "-".
 */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>


#define REQUEST_MAX   4096
#define HEAD_MAX      16384
#define TRIES         3
#define PATIENCE_US   5000000
#define LOOK_US       100000      /* how often to look for the impatient */
#define ID_MAX        32


typedef struct {
    int64_t      due;
    int64_t      took;
    int          status;
    int          tries;
    char         id[ID_MAX + 1];
} answer_t;

typedef struct {
    int          fd;              /* -1: closed */
    int          n;               /* the request, or -1 */
    size_t       size, sent;
    size_t       got;             /* of the answer, as far as it is in in[] */
    int64_t      left;            /* of its body; -1: the head is not over */
    int          last;            /* nginx closes after this one */
    int          blocked;         /* not all could be sent at once */
    char         out[REQUEST_MAX];
    char         in[HEAD_MAX + 1];
} link_t;


static volatile sig_atomic_t   stopped;
static int                     port, epoll, timer, total, done;
static const char             *path;
static char                  **requests;
static int                     request_count;
static answer_t               *answers;
static link_t                 *links, **idle;
static int                     link_count, idle_first, idle_count;
static int64_t                 began;


static void
die(const char *what)
{
    perror(what);
    exit(1);
}


static int64_t
clock_us(clockid_t id)
{
    struct timespec  ts;

    clock_gettime(id, &ts);

    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static int64_t
now_us(void)
{
    return clock_us(CLOCK_MONOTONIC) - began;
}


static void
on_signal(int signo)
{
    (void) signo;
    stopped = 1;
}


static void
read_requests(const char *name)
{
    FILE    *file;
    char    *text, *p;
    long     size;

    file = fopen(name, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        die(name);
    }

    size = ftell(file);
    rewind(file);

    text = calloc(1, size + 1);
    requests = calloc(size + 1, sizeof(char *));

    if (text == NULL || requests == NULL
        || fread(text, 1, size, file) != (size_t) size)
    {
        die(name);
    }

    fclose(file);

    for (p = text; p < text + size; p += strlen(p) + 1) {
        requests[request_count++] = p;
    }
}


/* The n-th request, numbered if that is wanted. */
static void
compose(link_t *l, int n)
{
    int          len;
    char        *text;
    const char  *rest;

    text = requests[n % request_count];

    if (path == NULL) {
        len = snprintf(l->out, REQUEST_MAX, "%s", text);

    } else {
        rest = strchr(text, ' ') + 1;
        rest += strcspn(rest, "? ");
        len = snprintf(l->out, REQUEST_MAX, "GET %s%d%s", path, n, rest);
    }

    if (len >= REQUEST_MAX) {
        fprintf(stderr, "request %d is too long\n", n);
        exit(1);
    }

    l->size = len;
}


static void
watch(link_t *l, int op, uint32_t events)
{
    struct epoll_event  ev = { .events = events, .data = { .ptr = l } };

    if (epoll_ctl(epoll, op, l->fd, &ev) == -1) {
        die("epoll_ctl");
    }
}


static int
open_link(link_t *l)
{
    int                 one = 1;
    struct sockaddr_in  sin;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    l->fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0);
    if (l->fd == -1) {
        die("socket");
    }

    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

    if (connect(l->fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        && errno != EINPROGRESS)
    {
        close(l->fd);
        l->fd = -1;
        return -1;
    }

    l->blocked = 0;
    watch(l, EPOLL_CTL_ADD, EPOLLIN);

    return 0;
}


static void
close_link(link_t *l)
{
    if (l->fd != -1) {
        close(l->fd);
        l->fd = -1;
    }
}


static void
finish(link_t *l, int status)
{
    answer_t  *a = &answers[l->n];

    a->status = status;
    a->took = now_us() - a->due;

    l->n = -1;
    done++;

    idle[(idle_first + idle_count++) % link_count] = l;
}


/* Sends what is left to send; -1 if the connection is broken. */
static int
push(link_t *l)
{
    int      blocked;
    ssize_t  n;

    n = send(l->fd, l->out + l->sent, l->size - l->sent, MSG_NOSIGNAL);

    if (n == -1) {
        if (errno != EAGAIN) {
            return -1;
        }

        n = 0;
    }

    l->sent += n;
    blocked = l->sent < l->size;

    if (blocked != l->blocked) {
        l->blocked = blocked;
        watch(l, EPOLL_CTL_MOD, blocked ? EPOLLIN|EPOLLOUT : EPOLLIN);
    }

    return 0;
}


/* Asks, on a new connection if need be, as often as may be. */
static void
ask(link_t *l)
{
    answer_t  *a = &answers[l->n];

    while (a->tries < TRIES) {
        a->tries++;
        l->sent = 0;
        l->got = 0;
        l->left = -1;
        l->last = 0;

        if ((l->fd != -1 || open_link(l) == 0) && push(l) == 0) {
            return;
        }

        close_link(l);
    }

    finish(l, 0);
}


static void
broken(link_t *l)
{
    int  begun = l->got != 0;

    close_link(l);

    if (l->n == -1) {
        return;
    }

    if (begun) {
        finish(l, 0);
        return;
    }

    ask(l);
}


/* Takes the value of a header, up to a blank or the end of the line. */
static size_t
header(const char *head, const char *name, char *value, size_t max)
{
    size_t       len;
    const char  *p;

    p = strcasestr(head, name);
    if (p == NULL) {
        return 0;
    }

    p += strlen(name);
    len = strcspn(p, " \r\n");
    len = len < max ? len : max;

    memcpy(value, p, len);
    value[len] = '\0';

    return len;
}


/* The head of an answer is over at `end`. */
static void
read_head(link_t *l, char *end)
{
    char  value[ID_MAX + 1];

    *end = '\0';

    answers[l->n].status = atoi(l->in + sizeof("HTTP/1.1 ") - 1);
    l->left = header(l->in, "\r\nContent-Length: ", value, ID_MAX)
              ? atoll(value) : 0;
    l->last = header(l->in, "\r\nConnection: ", value, ID_MAX)
              && strcasecmp(value, "close") == 0;

    header(l->in, "\r\nX-Event: ", answers[l->n].id, ID_MAX);

    l->left -= l->in + l->got - (end + 4);
}


/* Reads of the answer what is there; -1 if the connection is broken. */
static int
pull(link_t *l)
{
    char        *end;
    ssize_t      n;
    static char  rest[65536];

    if (l->n == -1 || l->left != -1) {
        n = recv(l->fd, rest, sizeof(rest), 0);
    } else {
        n = recv(l->fd, l->in + l->got, HEAD_MAX - l->got, 0);
    }

    if (n == -1 && errno == EAGAIN) {
        return 0;
    }

    if (n <= 0 || l->n == -1) {
        return -1;
    }

    if (l->left != -1) {
        l->left -= n;

    } else {
        l->got += n;
        l->in[l->got] = '\0';

        end = strstr(l->in, "\r\n\r\n");
        if (end == NULL) {
            return l->got < HEAD_MAX ? 0 : -1;
        }

        read_head(l, end);
    }

    if (l->left == 0) {
        if (l->last) {
            close_link(l);
        }

        finish(l, answers[l->n].status);
    }

    return l->left < 0 ? -1 : 0;
}


/* What the event loop saw of a connection. */
static void
heed(link_t *l, uint32_t events)
{
    if (l->fd == -1) {
        return;
    }

    if ((events & EPOLLOUT) && l->n != -1 && push(l) == -1) {
        broken(l);
        return;
    }

    if ((events & (EPOLLIN|EPOLLHUP|EPOLLERR)) && pull(l) == -1) {
        broken(l);
    }
}


/* Asks all that is due, as far as there are connections free. */
static int
ask_due(int next)
{
    link_t  *l;

    while (next < total && !stopped && idle_count > 0
           && answers[next].due <= now_us())
    {
        l = idle[idle_first];
        idle_first = (idle_first + 1) % link_count;
        idle_count--;

        l->n = next;
        compose(l, next++);
        ask(l);
    }

    return next;
}


static void
set_timer(int64_t at)
{
    struct itimerspec  spec;

    memset(&spec, 0, sizeof(spec));
    at += began;
    spec.it_value.tv_sec = at / 1000000;
    spec.it_value.tv_nsec = at % 1000000 * 1000;

    timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, NULL);
}


/* Gives up what has been waited for too long. */
static void
look(int64_t now)
{
    int             i;
    static int64_t  looked;

    if (now - looked < LOOK_US) {
        return;
    }

    looked = now;

    for (i = 0; i < link_count; i++) {
        if (links[i].n != -1 && now - answers[links[i].n].due > PATIENCE_US) {
            close_link(&links[i]);
            finish(&links[i], 0);
        }
    }
}


static int
run(void)
{
    int                 i, n, next;
    uint64_t            count;
    struct epoll_event  ev[256];

    for (next = 0; done < (stopped ? next : total); ) {
        next = ask_due(next);

        set_timer(next < total && !stopped && idle_count > 0
                  ? answers[next].due : now_us() + LOOK_US);

        n = epoll_wait(epoll, ev, 256, -1);

        for (i = 0; i < n; i++) {
            if (ev[i].data.ptr != NULL) {
                heed(ev[i].data.ptr, ev[i].events);

            } else if (read(timer, &count, sizeof(count)) == -1
                       && errno != EAGAIN)
            {
                die("timer");
            }
        }

        look(now_us());
    }

    return next;
}


static void
prepare(int rate, int seconds)
{
    int                 i;
    struct epoll_event  ev = { .events = EPOLLIN };

    total = rate * seconds;
    answers = calloc(total, sizeof(answer_t));
    links = calloc(link_count, sizeof(link_t));
    idle = calloc(link_count, sizeof(link_t *));
    epoll = epoll_create1(0);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

    if (answers == NULL || links == NULL || idle == NULL || epoll == -1
        || timer == -1 || epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &ev) == -1)
    {
        die("prepare");
    }

    for (i = 0; i < total; i++) {
        answers[i].due = (int64_t) i * 1000000 / rate;
    }

    for (i = 0; i < link_count; i++) {
        links[i].fd = -1;
        links[i].n = -1;
        idle[idle_count++] = &links[i];
    }
}


/* Visitors live on machines of their own: nothing here may hold them up. */
static const char *
go_first(void)
{
    struct sched_param  param = { .sched_priority = 1 };

    if (sched_setscheduler(0, SCHED_FIFO, &param) == 0) {
        return "fifo";
    }

    return setpriority(PRIO_PROCESS, 0, -20) == 0 ? "nice" : "usual";
}


int
main(int argc, char **argv)
{
    int          i, sent;
    answer_t    *a;
    const char  *scheduler;

    if (argc < 6) {
        fprintf(stderr,
                "pace PORT RATE SECONDS CONNECTIONS FILE [PATH]\n");
        return 2;
    }

    port = atoi(argv[1]);
    link_count = atoi(argv[4]);
    path = argv[6];

    read_requests(argv[5]);
    prepare(atoi(argv[2]), atoi(argv[3]));
    signal(SIGTERM, on_signal);

    scheduler = go_first();
    began = clock_us(CLOCK_MONOTONIC);
    printf("%lld %s\n", (long long) clock_us(CLOCK_REALTIME), scheduler);

    sent = run();

    for (i = 0; i < sent; i++) {
        a = &answers[i];
        printf("%lld %d %lld %d %s\n", (long long) a->due, a->status,
               (long long) a->took, a->tries, a->id[0] ? a->id : "-");
    }

    return 0;
}
