/*
 * A file of the spool, DIR/<ms>-<producer>.spool, held under a lock of the
 * kernel (flock) by the worker who writes or replays it.
 */
#ifndef NGX_EXPORTSITE_SPOOL_FILE_H
#define NGX_EXPORTSITE_SPOOL_FILE_H

#include "spool_dir.h"
#include "../core/spool.h"
#include "../redis/keys.h"


/* One piece of a file: more than a batch, and than the longest record. */
#define NGX_EXPORTSITE_SPOOL_BUFFER  (320 * 1024)

typedef struct {
    ngx_queue_t   queue;
    u_char        name[NGX_EXPORTSITE_SPOOL_NAME + 1];
    ngx_fd_t      fd;
    es_producer_t producer;
    off_t         size;                           /* of what is good */
    off_t         end;                            /* of the file */
    off_t         offset;                         /* replayed up to here */
    uint64_t      events;                         /* that are not sent */
    uint64_t      before;                         /* sent by earlier owners */
    uint32_t      sent;                           /* from here, by all */
    uint64_t      oldest;                         /* at_ms of the first */
    uint64_t      last;                           /* number of the last */
    uint64_t      acked;                          /* known to be in Redis */
    uint64_t      mark;                           /* of it, in Redis */
    uint64_t      origin;                         /* mark of its ring */
    ngx_msec_t    done_at;
    unsigned      checked:1;                      /* size and counts hold */
    unsigned      damaged:1;                      /* the check is in a gap */
    unsigned      doubtful:1;                     /* some may be in Redis */
    unsigned      asked:1;                        /* for the ring's mark, */
    unsigned      marked:1;                       /* its own: by this link */
    unsigned      done:1;                         /* all of it is in Redis */
    unsigned      failed:1;                       /* cannot be read */
    unsigned      dirty:1;                        /* full, but not on disk */
    unsigned      sending:1;                      /* a piece is under way */
} ngx_exportsite_spool_file_t;


/*
 * A new file, locked, with its head written. now is its name's time, larger
 * than that of any file made before. NULL with ngx_errno set.
 */
ngx_exportsite_spool_file_t *ngx_exportsite_spool_create(ngx_str_t *dir,
    uint64_t producer, uint64_t now);

/*
 * Takes over a file that nobody holds. NGX_OK with *file; NGX_AGAIN: somebody
 * holds it; NGX_DECLINED: it is gone, or was empty and now is; NGX_ERROR: it is
 * not ours, or cannot be opened.
 */
ngx_int_t ngx_exportsite_spool_open(ngx_str_t *dir, const u_char *name,
    ngx_exportsite_spool_file_t **file);

/* Appends; what could not be written whole is taken back. */
ngx_int_t ngx_exportsite_spool_append(ngx_exportsite_spool_file_t *file,
    const char *data, size_t len);

/*
 * A piece of the file from offset on, into the buffer that all share; at most
 * up to its end. Returns the bytes read, or NGX_ERROR.
 */
ssize_t ngx_exportsite_spool_read(ngx_exportsite_spool_file_t *file,
    off_t offset, char **data);

/*
 * n more of its events are counted as sent: whoever has it next, after a reload
 * or a kill, will not count them again.
 */
void ngx_exportsite_spool_counted(ngx_exportsite_spool_file_t *file,
    uint64_t n);

/* The buffer, NULL without memory; NGX_EXPORTSITE_SPOOL_BUFFER bytes. */
char *ngx_exportsite_spool_buffer(void);
void ngx_exportsite_spool_buffer_free(void);

/* Lets go of a file, which stays. */
void ngx_exportsite_spool_close(ngx_exportsite_spool_file_t *file);

/* Removes a file and lets go of it; NGX_ERROR: it is still there, and held. */
ngx_int_t ngx_exportsite_spool_remove(ngx_str_t *dir,
    ngx_exportsite_spool_file_t *file);

/*
 * The number of the last event that the files of that producer hold, whoever
 * holds them; 0 if there is none.
 */
uint64_t ngx_exportsite_spool_last(ngx_str_t *dir, uint64_t producer);

#endif
