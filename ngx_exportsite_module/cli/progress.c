/* How far something is that takes its time. */
#include <stdio.h>
#include <unistd.h>

#include "cli.h"


#define ES_PROGRESS_AFTER  1000        /* ms */
#define ES_PROGRESS_EVERY  200


static struct {
    uint64_t  begun, shown;
    bool      visible;
} es_progress_state;


void
es_progress(const char *label, uint64_t done, uint64_t total)
{
    uint64_t  now = es_now();

    if (es_progress_state.begun == 0) {
        es_progress_state.begun = now;
    }

    if (now - es_progress_state.begun < ES_PROGRESS_AFTER
        || now - es_progress_state.shown < ES_PROGRESS_EVERY
        || !isatty(STDERR_FILENO))
    {
        return;
    }

    es_progress_state.shown = now;
    es_progress_state.visible = true;

    if (total > 0) {
        fprintf(stderr, "\r%s %3llu %%\033[K", label,
                (unsigned long long) (done * 100 / total));
    } else {
        fprintf(stderr, "\r%s %llu\033[K", label, (unsigned long long) done);
    }

    fflush(stderr);
}


void
es_progress_end(void)
{
    if (es_progress_state.visible) {
        fprintf(stderr, "\r\033[K");
        fflush(stderr);
    }

    memset(&es_progress_state, 0, sizeof(es_progress_state));
}
