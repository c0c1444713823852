/* Files read as a whole. */
#include <errno.h>
#include <stdlib.h>

#include "cli.h"


#define ES_FILE_PIECE  65536


static es_str_t
es_file_fail(const char *name, const char *why)
{
    es_fail("%s: %s", strcmp(name, "-") == 0 ? "stdin"
                                             : es_shown(es_text(name)), why);

    return es_null_str;
}


es_str_t
es_file_read(es_heap_t *heap, const char *name, size_t most)
{
    int        error;
    char       why[80];
    char      *buf, *wider;
    FILE      *file;
    size_t     n, room, len;
    es_str_t   text;

    file = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");

    if (file == NULL) {
        return es_file_fail(name, strerror(errno));
    }

    buf = NULL;
    len = 0;
    room = 0;

    do {
        if (room - len < ES_FILE_PIECE) {
            room = room ? 2 * room : 2 * ES_FILE_PIECE;
            wider = realloc(buf, room);

            if (wider == NULL) {
                es_fail("no memory");
                exit(ES_EXIT_FAIL);
            }

            buf = wider;
        }

        errno = 0;
        n = fread(buf + len, 1, ES_FILE_PIECE, file);
        len += n;
    } while (n > 0 && len <= most);

    error = ferror(file) ? errno : 0;
    text = error || len > most ? es_null_str
                               : es_heap_copy(heap, (es_str_t) { len, buf });

    free(buf);

    if (file != stdin) {
        fclose(file);
    }

    if (error) {
        return es_file_fail(name, strerror(error));
    }

    snprintf(why, sizeof(why), "longer than %zu MB, which is the most it may "
             "have", most >> 20);

    return len > most ? es_file_fail(name, why) : text;
}
