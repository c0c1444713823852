/*
 * A kill at every instruction: runs work() in a child, one instruction at a
 * time, and calls look() each time the memory they share has changed, that is
 * for all that a kill could leave behind.
 */
#ifndef STEP_H
#define STEP_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>


static inline void *
check_shared(size_t size)
{
    void  *p;

    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
             -1, 0);

    if (p == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }

    return p;
}


/*
 * The number of states looked at; 0 if this machine lets nobody trace, -1 if
 * work() came to grief.
 */
static inline long
check_each_step(void (*work)(void *shared), void (*look)(const void *shared),
    void *shared, size_t size)
{
    int    status;
    long   states;
    char  *before;
    pid_t  pid;

    before = malloc(size);
    pid = fork();

    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1) {
            _exit(3);
        }

        raise(SIGSTOP);
        work(shared);
        _exit(0);
    }

    if (before == NULL || pid == -1) {
        perror("check_each_step");
        exit(2);
    }

    memcpy(before, shared, size);
    states = 0;

    while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)
           && (WSTOPSIG(status) == SIGTRAP || WSTOPSIG(status) == SIGSTOP))
    {
        if (states == 0 || memcmp(before, shared, size) != 0) {
            memcpy(before, shared, size);
            look(shared);
            states++;
        }

        if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == -1) {
            break;
        }
    }

    free(before);

    if (WIFSTOPPED(status)) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        return -1;
    }

    if (WIFEXITED(status) && WEXITSTATUS(status) == 3) {
        fprintf(stderr, "no tracing here: kills at random moments only\n");
        return 0;
    }

    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? states : -1;
}


/* Runs work(), which does not end by itself, and kills it after that long. */
static inline void
check_kill(void (*work)(void *shared), void *shared, unsigned microseconds)
{
    int    status;
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        work(shared);
        _exit(1);
    }

    if (pid == -1) {
        perror("fork");
        exit(2);
    }

    usleep(microseconds);
    kill(pid, SIGKILL);

    if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status)
        || WTERMSIG(status) != SIGKILL)
    {
        fprintf(stderr, "the child ended before it was killed\n");
        exit(2);
    }
}

#endif
