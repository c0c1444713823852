/*
 * auto_reload: following a file while visitors are served.
 *
 * There are three places in memory for copies. One is active: state->version
 * names it, and workers map it. One worker at a time copies a new file into one
 * that nobody maps, checks it, and makes it the active one by a single store;
 * the others notice before their next lookup and move over.
 *
 * Who does what is settled by record locks on the shared memory file, one byte
 * each: LOADER is held by the worker that copies, byte n for reading by who
 * maps copy n and for writing by who changes it. The kernel takes them back
 * from a worker that dies, so nothing has to be cleaned up after one.
 */
#include "compat.h"

#include "geo_db.h"

#include <sys/mman.h>


#define NGX_EXPORTSITE_GEO_LOADER   NGX_EXPORTSITE_GEO_COPIES
#define NGX_EXPORTSITE_GEO_SETTLED  1000     /* ms without a change */
#define NGX_EXPORTSITE_GEO_PAUSE    1        /* ms between two slices */
#define NGX_EXPORTSITE_GEO_TRIES    4


static void ngx_exportsite_geo_tick(ngx_event_t *ev);
static ngx_msec_t ngx_exportsite_geo_look(ngx_exportsite_geo_db_t *db);
static ngx_msec_t ngx_exportsite_geo_begin(ngx_exportsite_geo_db_t *db,
    ngx_exportsite_geo_file_t *file);
static ngx_uint_t ngx_exportsite_geo_settled(ngx_exportsite_geo_state_t *state,
    ngx_exportsite_geo_file_t *file);
static ngx_int_t ngx_exportsite_geo_spare(ngx_exportsite_geo_db_t *db);
static ngx_msec_t ngx_exportsite_geo_continue(ngx_exportsite_geo_db_t *db);
static void ngx_exportsite_geo_publish(ngx_exportsite_geo_db_t *db);
static void ngx_exportsite_geo_refuse(ngx_exportsite_geo_db_t *db);
static void ngx_exportsite_geo_end(ngx_exportsite_geo_db_t *db);
static void ngx_exportsite_geo_trim(ngx_exportsite_geo_db_t *db);
static void ngx_exportsite_geo_use(ngx_exportsite_geo_db_t *db, MMDB_s *mmdb,
    ngx_atomic_uint_t version);
static ngx_int_t ngx_exportsite_geo_lock(ngx_exportsite_geo_db_t *db,
    ngx_uint_t byte, short type);
static ngx_uint_t ngx_exportsite_geo_same(ngx_exportsite_geo_file_t *a,
    ngx_exportsite_geo_file_t *b);


ngx_int_t
ngx_exportsite_geo_share(ngx_exportsite_geo_db_t *db)
{
    void        *p;
    ngx_uint_t   i;

    db->shared = ngx_exportsite_geo_memory();

    if (db->shared == NGX_INVALID_FILE
        || ftruncate(db->shared, sizeof(ngx_exportsite_geo_state_t)) == -1)
    {
        return NGX_ERROR;
    }

    p = mmap(NULL, sizeof(ngx_exportsite_geo_state_t), PROT_READ|PROT_WRITE,
             MAP_SHARED, db->shared, 0);

    if (p == MAP_FAILED) {
        return NGX_ERROR;
    }

    db->state = p;

    for (i = 0; i < NGX_EXPORTSITE_GEO_COPIES; i++) {
        db->copies[i] = ngx_exportsite_geo_memory();

        if (db->copies[i] == NGX_INVALID_FILE) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_exportsite_geo_unshare(ngx_exportsite_geo_db_t *db)
{
    if (db->shared == NGX_INVALID_FILE) {
        return;
    }

    if (db->timer.timer_set) {
        ngx_del_timer(&db->timer);
    }

    if (db->load != NULL) {
        ngx_exportsite_geo_end(db);
    }

    if (db->state != NULL) {
        (void) munmap(db->state, sizeof(ngx_exportsite_geo_state_t));
        db->state = NULL;
    }

    (void) close(db->shared);
    db->shared = NGX_INVALID_FILE;
}


ngx_int_t
ngx_exportsite_geo_init_worker(ngx_cycle_t *cycle, ngx_exportsite_geo_t *geo)
{
    ngx_exportsite_geo_db_t  *db;

    db = geo != NULL ? geo->first : NULL;

    for ( /* void */ ; db != NULL; db = db->next) {

        if (db->interval == 0) {
            continue;
        }

        db->connection.fd = (ngx_socket_t) -1;
        db->connection.data = db;

        db->timer.handler = ngx_exportsite_geo_tick;
        db->timer.data = &db->connection;
        db->timer.log = cycle->log;
        db->timer.cancelable = 1;

        /*
         * A worker that takes the place of a dead one inherits the master's
         * mapping, of a copy that may have been replaced long ago.
         */

        if (db->opened) {
            MMDB_close(&db->mmdb);
            db->opened = 0;
        }

        db->version = 0;
        ngx_exportsite_geo_follow(db);

        ngx_add_timer(&db->timer, db->interval);
    }

    return NGX_OK;
}


void
ngx_exportsite_geo_exit_worker(ngx_exportsite_geo_t *geo)
{
    ngx_exportsite_geo_db_t  *db;

    db = geo != NULL ? geo->first : NULL;

    for ( /* void */ ; db != NULL; db = db->next) {

        if (db->timer.timer_set) {
            ngx_del_timer(&db->timer);
        }

        if (db->load != NULL) {
            ngx_exportsite_geo_end(db);
        }
    }
}


void
ngx_exportsite_geo_follow(ngx_exportsite_geo_db_t *db)
{
    MMDB_s             mmdb;
    ngx_uint_t         copy, tries;
    ngx_atomic_uint_t  version;

    if (db->failed
        && ngx_current_msec - db->failed_at < NGX_EXPORTSITE_GEO_SETTLED)
    {
        return;
    }

    db->failed = 0;

    for (tries = 0; tries < NGX_EXPORTSITE_GEO_TRIES; tries++) {

        version = db->state->version;
        copy = version & 3;

        if (ngx_exportsite_geo_lock(db, copy, F_RDLCK) != NGX_OK) {
            continue;
        }

        /* locked, and still the active one: it stays as it is from now on */

        if (db->state->version != version) {
            if (!db->opened || copy != (db->version & 3)) {
                (void) ngx_exportsite_geo_lock(db, copy, F_UNLCK);
            }

            continue;
        }

        if (ngx_exportsite_geo_map(db->copies[copy], &mmdb) == MMDB_SUCCESS) {
            ngx_exportsite_geo_use(db, &mmdb, version);
            return;
        }

        (void) ngx_exportsite_geo_lock(db, copy, F_UNLCK);
        break;
    }

    /* rare: out of descriptors or memory */

    db->failed = 1;
    db->failed_at = ngx_current_msec;

    ngx_log_error(NGX_LOG_ALERT, db->timer.log, ngx_errno,
                  "exportsite_geo cannot map its copy of \"%V\"", &db->path);
}


static void
ngx_exportsite_geo_tick(ngx_event_t *ev)
{
    ngx_msec_t                next;
    ngx_connection_t         *c;
    ngx_exportsite_geo_db_t  *db;

    c = ev->data;
    db = c->data;

    next = db->load == NULL ? ngx_exportsite_geo_look(db)
                            : ngx_exportsite_geo_continue(db);

    ngx_add_timer(ev, next);
}


/* Returns when to come again, in milliseconds. */
static ngx_msec_t
ngx_exportsite_geo_look(ngx_exportsite_geo_db_t *db)
{
    ngx_msec_t                  next;
    ngx_exportsite_geo_file_t   file;
    ngx_exportsite_geo_state_t *state;

    state = db->state;

    if (state->version != db->version) {
        ngx_exportsite_geo_follow(db);
    }

    ngx_exportsite_geo_trim(db);

    ngx_exportsite_geo_stat((char *) db->path.data, &file);

    if (ngx_exportsite_geo_same(&file, &state->taken)
        || ngx_exportsite_geo_same(&file, &state->refused)
        || ngx_exportsite_geo_lock(db, NGX_EXPORTSITE_GEO_LOADER, F_WRLCK)
           != NGX_OK)
    {
        return db->interval;
    }

    /* another worker may have been done with it just before */

    if (ngx_exportsite_geo_same(&file, &state->taken)
        || ngx_exportsite_geo_same(&file, &state->refused))
    {
        next = db->interval;

    } else {
        next = ngx_exportsite_geo_begin(db, &file);
    }

    if (db->load == NULL) {
        (void) ngx_exportsite_geo_lock(db, NGX_EXPORTSITE_GEO_LOADER, F_UNLCK);
    }

    return next;
}


static ngx_msec_t
ngx_exportsite_geo_begin(ngx_exportsite_geo_db_t *db,
    ngx_exportsite_geo_file_t *file)
{
    ngx_int_t  copy;

    if (file->err == 0 && !ngx_exportsite_geo_settled(db->state, file)) {
        return ngx_min(db->interval, NGX_EXPORTSITE_GEO_SETTLED);
    }

    copy = ngx_exportsite_geo_spare(db);

    if (copy == NGX_DECLINED) {
        return ngx_min(db->interval, NGX_EXPORTSITE_GEO_SETTLED);
    }

    db->loading = copy;
    db->load = ngx_alloc(sizeof(ngx_exportsite_geo_load_t), db->timer.log);

    if (db->load == NULL) {
        (void) ngx_exportsite_geo_lock(db, copy, F_UNLCK);
        return db->interval;
    }

    if (ngx_exportsite_geo_load_open(db->load, (char *) db->path.data,
                                     db->country, db->copies[copy])
        != NGX_OK)
    {
        ngx_exportsite_geo_refuse(db);
        ngx_exportsite_geo_end(db);
        return db->interval;
    }

    if (!ngx_exportsite_geo_same(&db->load->file, file)) {
        ngx_exportsite_geo_end(db);
        return ngx_min(db->interval, NGX_EXPORTSITE_GEO_SETTLED);
    }

    db->state->filled[copy] = 1;

    return NGX_EXPORTSITE_GEO_PAUSE;
}


/*
 * A file that is being written is left alone: it must not have changed for a
 * second, by its own time or, where clocks differ, by ours.
 */
static ngx_uint_t
ngx_exportsite_geo_settled(ngx_exportsite_geo_state_t *state,
    ngx_exportsite_geo_file_t *file)
{
    int64_t      now, age;
    ngx_time_t  *tp;

    tp = ngx_timeofday();
    now = (int64_t) tp->sec * 1000 + tp->msec;
    age = now - (int64_t) (file->mtime / 1000000);

    if (age >= NGX_EXPORTSITE_GEO_SETTLED) {
        return 1;
    }

    if (!ngx_exportsite_geo_same(file, &state->pending)) {
        state->pending = *file;
        state->pending_since = ngx_current_msec;
        return 0;
    }

    return ngx_current_msec - state->pending_since
           >= NGX_EXPORTSITE_GEO_SETTLED;
}


/* Locks a copy that nobody maps. */
static ngx_int_t
ngx_exportsite_geo_spare(ngx_exportsite_geo_db_t *db)
{
    ngx_uint_t  copy;

    for (copy = 0; copy < NGX_EXPORTSITE_GEO_COPIES; copy++) {

        /* one's own lock would not stand in one's way */

        if (copy == (db->state->version & 3)
            || (db->opened && copy == (db->version & 3)))
        {
            continue;
        }

        if (ngx_exportsite_geo_lock(db, copy, F_WRLCK) == NGX_OK) {
            return copy;
        }
    }

    return NGX_DECLINED;
}


static ngx_msec_t
ngx_exportsite_geo_continue(ngx_exportsite_geo_db_t *db)
{
    ngx_msec_t  next;

    switch (ngx_exportsite_geo_load_step(db->load)) {

    case NGX_AGAIN:
        return NGX_EXPORTSITE_GEO_PAUSE;

    case NGX_OK:
        ngx_exportsite_geo_publish(db);
        next = db->interval;
        break;

    case NGX_BUSY:
        next = ngx_min(db->interval, NGX_EXPORTSITE_GEO_SETTLED);
        break;

    default:
        ngx_exportsite_geo_refuse(db);
        next = db->interval;
    }

    ngx_exportsite_geo_end(db);

    return next;
}


static void
ngx_exportsite_geo_publish(ngx_exportsite_geo_db_t *db)
{
    ngx_atomic_uint_t            version;
    ngx_exportsite_geo_state_t  *state;

    state = db->state;
    version = ((state->version >> 2) + 1) << 2 | db->loading;

    if (ngx_exportsite_geo_lock(db, db->loading, F_RDLCK) != NGX_OK) {
        return;
    }

    state->taken = db->load->file;
    ngx_memzero(&state->refused, sizeof(ngx_exportsite_geo_file_t));
    state->error[0] = '\0';
    state->loads++;

    ngx_memory_barrier();

    state->version = version;

    ngx_exportsite_geo_use(db, &db->load->mmdb, version);
    db->load->opened = 0;

    ngx_log_error(NGX_LOG_NOTICE, db->timer.log, 0,
                  "exportsite_geo took a new \"%V\"", &db->path);
}


/* The present file is not used; said once for each state that it is in. */
static void
ngx_exportsite_geo_refuse(ngx_exportsite_geo_db_t *db)
{
    ngx_exportsite_geo_load_t   *load;
    ngx_exportsite_geo_state_t  *state;

    load = db->load;
    state = db->state;

    if (ngx_exportsite_geo_same(&load->file, &state->refused)) {
        return;
    }

    state->refused = load->file;
    state->errors++;
    (void) ngx_cpystrn(state->error, load->error, sizeof(state->error));

    ngx_log_error(NGX_LOG_ERR, db->timer.log, 0,
                  "exportsite_geo keeps the database it has, as \"%V\" cannot "
                  "be used: %s; write a good one beside it, readable for the "
                  "workers, then rename it", &db->path, load->error);
}


/* Ends a load, whatever became of it. */
static void
ngx_exportsite_geo_end(ngx_exportsite_geo_db_t *db)
{
    ngx_exportsite_geo_load_close(db->load);
    ngx_free(db->load);
    db->load = NULL;

    if (!db->opened || db->loading != (db->version & 3)) {
        (void) ngx_exportsite_geo_lock(db, db->loading, F_UNLCK);
    }

    (void) ngx_exportsite_geo_lock(db, NGX_EXPORTSITE_GEO_LOADER, F_UNLCK);

    ngx_exportsite_geo_trim(db);
}


/* Gives back the memory of copies that nobody maps any more. */
static void
ngx_exportsite_geo_trim(ngx_exportsite_geo_db_t *db)
{
    ngx_uint_t  copy;

    for (copy = 0; copy < NGX_EXPORTSITE_GEO_COPIES; copy++) {

        if (!db->state->filled[copy]
            || copy == (db->state->version & 3)
            || (db->opened && copy == (db->version & 3))
            || ngx_exportsite_geo_lock(db, copy, F_WRLCK) != NGX_OK)
        {
            continue;
        }

        /* it may have become the active one before the lock was ours */

        if (copy != (db->state->version & 3)
            && ftruncate(db->copies[copy], 0) == 0)
        {
            db->state->filled[copy] = 0;
        }

        (void) ngx_exportsite_geo_lock(db, copy, F_UNLCK);
    }
}


/* Replaces the mapping; the lock of the new one is held already. */
static void
ngx_exportsite_geo_use(ngx_exportsite_geo_db_t *db, MMDB_s *mmdb,
    ngx_atomic_uint_t version)
{
    ngx_uint_t  old;

    if (db->opened) {
        old = db->version & 3;
        MMDB_close(&db->mmdb);

        if (old != (version & 3)) {
            (void) ngx_exportsite_geo_lock(db, old, F_UNLCK);
        }
    }

    db->mmdb = *mmdb;
    db->opened = 1;
    db->version = version;

    ngx_exportsite_geo_flush(db);
    ngx_exportsite_geo_shortcuts(db);
}


static ngx_int_t
ngx_exportsite_geo_lock(ngx_exportsite_geo_db_t *db, ngx_uint_t byte,
    short type)
{
    struct flock  fl;

    ngx_memzero(&fl, sizeof(struct flock));
    fl.l_type = type;
    fl.l_whence = SEEK_SET;
    fl.l_start = byte;
    fl.l_len = 1;

    return fcntl(db->shared, F_SETLK, &fl) == -1 ? NGX_ERROR : NGX_OK;
}


static ngx_uint_t
ngx_exportsite_geo_same(ngx_exportsite_geo_file_t *a,
    ngx_exportsite_geo_file_t *b)
{
    return ngx_memcmp(a, b, sizeof(ngx_exportsite_geo_file_t)) == 0;
}
