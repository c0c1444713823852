/* What time it is. */
#include <time.h>

#include "cli.h"


uint64_t
es_now(void)
{
    struct timespec  now;

    clock_gettime(CLOCK_REALTIME, &now);

    return (uint64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
