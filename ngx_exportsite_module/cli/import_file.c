/* Lines of a log: a file, compressed or not, or stdin. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "import.h"


#define ES_IMPORT_BUFFER  (4 * ES_IMPORT_LINE)


bool
es_import_open(es_import_file_t *file, const char *name)
{
    int          fd;
    struct stat  info;

    memset(file, 0, sizeof(es_import_file_t));
    file->name = name;

    fd = strcmp(name, "-") == 0 ? dup(STDIN_FILENO)
                                : open(name, O_RDONLY|O_CLOEXEC);

    if (fd == -1 || fstat(fd, &info) == -1) {
        es_fail("%s cannot be read: %s", es_shown(es_text(name)),
                strerror(errno));

        if (fd != -1) {
            close(fd);
        }

        return false;
    }

    if (S_ISDIR(info.st_mode)) {
        es_fail("%s is a directory: name the files in it",
                es_shown(es_text(name)));
        close(fd);
        return false;
    }

    file->gz = gzdopen(fd, "rb");
    file->buf = malloc(ES_IMPORT_BUFFER);

    if (file->gz == NULL || file->buf == NULL) {
        es_fail("no memory");
        close(fd);
        free(file->buf);
        return false;
    }

    gzbuffer(file->gz, ES_IMPORT_BUFFER / 2);

    return true;
}


void
es_import_close(es_import_file_t *file)
{
    gzclose_r(file->gz);
    free(file->buf);
}


uint64_t
es_import_offset(const es_import_file_t *file)
{
    z_off_t  offset = gzoffset(file->gz);

    return offset > 0 ? (uint64_t) offset : 0;
}


/* More into the buffer, which has room; false after saying what is wrong. */
static bool
es_import_fill(es_import_file_t *file)
{
    int          n, error;
    const char  *why;

    if (file->start > 0) {
        file->end -= file->start;
        memmove(file->buf, file->buf + file->start, file->end);
        file->start = 0;
    }

    n = gzread(file->gz, file->buf + file->end,
               (unsigned) (ES_IMPORT_BUFFER - file->end));

    if (n > 0) {
        file->end += (size_t) n;
        return true;
    }

    why = gzerror(file->gz, &error);
    file->over = true;

    if (n == 0 && error == Z_OK) {
        return true;
    }

    es_fail("%s, behind line %llu: %s; what stands before is taken. Get the "
            "file whole and import it again, then only the rest is added",
            es_shown(es_text(file->name)), (unsigned long long) file->line,
            error == Z_ERRNO ? strerror(errno)
            : error == Z_BUF_ERROR ? "the file ends too early" : why);

    return false;
}


int
es_import_line(es_import_file_t *file, char **line, size_t *len, bool *whole)
{
    char    *p, *end;
    size_t   seen;

    for (seen = 0; ; /* void */) {
        p = file->buf + file->start;
        *len = file->end - file->start;
        end = memchr(p + seen, '\n', *len - seen);

        if (end != NULL) {
            *len = (size_t) (end - p);
            file->start += *len + 1;

        } else if (!file->rest && *len <= ES_IMPORT_LINE && !file->over) {
            seen = *len;

            if (!es_import_fill(file)) {
                return -1;
            }

            continue;

        } else {
            file->start = file->end;
        }

        if (!file->rest) {
            break;
        }

        /* the rest of a line that was too long */

        if (end != NULL || file->over) {
            file->rest = false;

        } else if (!es_import_fill(file)) {
            return -1;
        }

        seen = 0;
    }

    if (end == NULL && *len == 0) {
        return 0;
    }

    file->line++;
    *line = p;
    *whole = *len <= ES_IMPORT_LINE;

    if (!*whole) {
        *len = ES_IMPORT_LINE;
        file->rest = end == NULL && !file->over;
    }

    return 1;
}
