/* The verb "import": a site's past out of its access logs. */
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "../core/origin.h"
#include "import.h"


#define ES_IMPORT_COMPLAINTS  5
#define ES_IMPORT_SHOWN       160      /* bytes of a line that is no line */
#define ES_IMPORT_PEEK        100      /* lines */
#define ES_IMPORT_MAXLEN      "1000000"
#define ES_IMPORT_TICK        1024     /* lines: looks at the clock */

enum {
    ES_IMPORT_HOST,
    ES_IMPORT_GEO,
    ES_IMPORT_LANGUAGE,
    ES_IMPORT_UNTIL,
    ES_IMPORT_NO_VISITORS,
    ES_IMPORT_MACHINE,
    ES_IMPORT_KEEPS,
    ES_IMPORT_FORCE,
    ES_IMPORT_DRY
};

static const es_option_t  es_import_options[] = {
    { "host", "NAME", "the site's name, for lines that do not tell it" },
    { "geo", "FILE", "MMDB database of countries; else views have none" },
    { "languages", "LIST", "\"en de fr\": /de/pumps is in German, then" },
    { "until", "TIME", "only what was before: 2026-11-22, or "
      "2026-11-22T09:30, UTC" },
    { "no-visitors", NULL, "leave out who it was: views only, no visits" },
    { "machine", "NAME", "whose log it is, where several write the same" },
    { "maxlen", "N", "as exportsite_stream has it; " ES_IMPORT_MAXLEN },
    { "force", NULL, "do not wait for the learner" },
    { "dry-run", NULL, "read and count only, without Redis" },
    { NULL, NULL, NULL }
};

typedef struct {
    const char  *name;
    int          place;                /* on the command line */
    uint64_t     time;                 /* of the first line */
    uint64_t     size;                 /* 0: not known */
} es_import_log_t;


/* What can be said of a log without taking anything from it */
static bool
es_import_peek(es_import_t *import, es_import_log_t *log)
{
    int                i;
    bool               whole;
    char              *line;
    size_t             len;
    struct stat        info;
    es_logline_t       parsed;
    es_import_file_t   file;

    log->time = UINT64_MAX;
    log->size = 0;

    if (strcmp(log->name, "-") == 0
        || (stat(log->name, &info) == 0
            && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)))
    {
        return true;                   /* a pipe can be read only once */
    }

    if (!es_import_open(&file, log->name)) {
        return false;
    }

    log->size = (uint64_t) info.st_size;

    for (i = 0; i < ES_IMPORT_PEEK; i++) {
        if (es_import_line(&file, &line, &len, &whole) != 1) {
            break;
        }

        if (whole && es_logline_parse(&parsed, line, len)) {
            log->time = parsed.time;
            break;
        }
    }

    es_import_close(&file);

    return true;
}


/* The oldest first, else as they were named */
static int
es_import_order(const void *a, const void *b)
{
    const es_import_log_t  *x = a, *y = b;

    if (x->time != y->time) {
        return x->time < y->time ? -1 : 1;
    }

    return x->place - y->place;
}


/* A line that is none: the first few are shown. */
static void
es_import_complain(es_import_t *import, const es_import_file_t *file,
    const char *line, size_t len)
{
    es_str_t  text = { len < ES_IMPORT_SHOWN ? len : ES_IMPORT_SHOWN, line };

    if (import->complaints++ < ES_IMPORT_COMPLAINTS) {
        es_fail("%s:%llu: not in the combined format, passed over: %s%s",
                es_shown(es_text(file->name)),
                (unsigned long long) file->line, es_shown(text),
                text.len < len ? "..." : "");

    } else if (import->complaints == ES_IMPORT_COMPLAINTS + 1) {
        es_fail("further lines like these are only counted");
    }
}


static void
es_import_note_day(es_import_t *import)
{
    uint32_t          number;
    es_import_day_t  *day;

    day = es_import_day(import);
    number = es_day_of(import->view.line.time);

    if (day->seen) {
        return;
    }

    day->seen = true;

    if (import->ndays == 0 || number < import->first_day) {
        import->first_day = number;
    }

    if (import->ndays == 0 || number > import->last_day) {
        import->last_day = number;
    }

    import->ndays++;
}


/* Says, once, that a view does not tell of what site it is. */
static void
es_import_note_host(es_import_t *import)
{
    es_authority_t  authority;

    if (import->nameless || import->host.len > 0
        || es_authority_parse(import->view.line.host, &authority))
    {
        return;
    }

    import->nameless = true;
    es_fail("neither the lines nor --host name the site: its events will have "
            "no host");
}


/* Adds what is left of a log, or of a block, to what was sent. */
static bool
es_import_flush(es_import_t *import)
{
    return import->dry || es_import_send(import);
}


/*
 * One line of a log; *views counts those in its block. False if Redis did not
 * take what it was to.
 */
static bool
es_import_take(es_import_t *import, es_import_file_t *file, uint64_t *views,
    char *line, size_t len, bool whole)
{
    uint64_t          block, number, mark = import->batch.mark;
    es_import_fate_e  fate;

    block = file->line - 1 - (file->line - 1) % ES_IMPORT_BLOCK;

    if (file->line == block + 1) {
        *views = 0;

        if (!es_import_flush(import)) {
            return false;
        }
    }

    if (mark > block + ES_IMPORT_BLOCK) {
        import->fates[ES_IMPORT_DONE]++;
        return true;
    }

    fate = whole ? es_import_judge(import, line, len) : ES_IMPORT_UNPARSED;

    if (fate == ES_IMPORT_UNPARSED) {
        es_import_complain(import, file, line, len);
    }

    number = fate == ES_IMPORT_VIEW ? block + ++*views : UINT64_MAX;

    if (number <= mark) {
        fate = ES_IMPORT_DONE;

    } else if (number != UINT64_MAX
               && import->view.line.time >= import->until)
    {
        fate = ES_IMPORT_TIME;
    }

    import->fates[fate]++;

    if (fate != ES_IMPORT_VIEW) {

        /* a number that is left out ends a batch */

        return number == UINT64_MAX || es_import_flush(import);
    }

    es_import_note_day(import);
    es_import_note_host(import);

    return import->dry || es_import_add(import, number, file->line);
}


static bool
es_import_stopped(es_import_t *import, const es_import_file_t *file)
{
    es_fail("stopped in %s, behind line %llu: import the same again, then it "
            "goes on there", es_shown(es_text(file->name)),
            (unsigned long long) import->batch.good_line);

    return false;
}


/*
 * All lines of a log; *whole says whether it is one, and could be read to its
 * end.
 */
static bool
es_import_lines(es_import_t *import, es_import_file_t *file, bool *whole,
    uint64_t before, uint64_t total)
{
    int       rc;
    bool      fits;
    char     *line;
    size_t    len;
    uint64_t  views, unparsed = import->fates[ES_IMPORT_UNPARSED];

    views = 0;

    for ( ;; ) {
        rc = es_import_line(file, &line, &len, &fits);

        if (rc != 1) {
            break;
        }

        import->lines++;

        if (file->line == 1 && !es_import_begin(import, line, len)) {
            return false;
        }

        if (!es_import_take(import, file, &views, line, len, fits)) {
            return false;
        }

        if (file->line % ES_IMPORT_TICK == 0) {
            es_progress(es_shown(es_text(file->name)),
                        total ? before + es_import_offset(file)
                              : import->lines, total);
        }
    }

    *whole = rc == 0;

    if (file->line > 0
        && import->fates[ES_IMPORT_UNPARSED] - unparsed == file->line)
    {
        es_fail("%s: no line is in the combined format",
                es_shown(es_text(file->name)));
        *whole = false;
    }

    return es_import_flush(import) && es_import_settle(import);
}


/* All logs; an exit code. */
static int
es_import_logs(es_import_t *import, const es_import_log_t *logs, int n)
{
    int                i, status;
    bool               good, whole;
    uint64_t           before, total;
    es_import_file_t   file;

    for (i = 0, total = 0; i < n; i++) {
        total = logs[i].size > 0 && (i == 0 || total > 0)
                ? total + logs[i].size : 0;
    }

    status = ES_EXIT_GOOD;

    for (i = 0, before = 0; i < n; i++) {
        if (!es_import_open(&file, logs[i].name)) {
            status = ES_EXIT_FAIL;
            continue;
        }

        good = es_import_lines(import, &file, &whole, before, total)
               || es_import_stopped(import, &file);
        es_import_close(&file);
        before += logs[i].size;

        if (!good || !whole) {
            status = ES_EXIT_FAIL;
        }

        if (!good) {
            break;
        }
    }

    es_progress_end();

    return status;
}


/* The site's name, perhaps with a port, which does not matter */
static bool
es_import_take_host(es_import_t *import, const char *text)
{
    char            *p;
    size_t           i;
    es_authority_t   authority;

    import->host = es_null_str;

    if (text == NULL) {
        return true;
    }

    if (!es_authority_parse(es_text(text), &authority)) {
        es_misuse("import", "--host: the site's name alone, as in "
                  "www.example.com, not \"%s\"", es_shown(es_text(text)));
        return false;
    }

    p = import->hostname;

    for (i = 0; i < authority.host.len; i++) {
        p[i] = es_lower(authority.host.data[i]);
    }

    import->host = (es_str_t) { i, p };

    return true;
}


/* The list of languages, taken apart in place; false if it is none. */
static bool
es_import_take_languages(es_import_t *import, const char *list)
{
    size_t  len;

    for (list += strspn(list, " ,"); *list != '\0'; list += strspn(list, " ,"))
    {
        len = strcspn(list, " ,");

        if (import->nlanguages == ES_IMPORT_LANGUAGES
            || strspn(list, "abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") < len)
        {
            es_misuse("import", "--languages: %d languages at most, as in "
                      "\"en de pt-br\"", ES_IMPORT_LANGUAGES);
            return false;
        }

        import->languages[import->nlanguages++] = (es_str_t) { len, list };
        list += len;
    }

    return true;
}


/* A time of the form 2026-11-22T09:30:00, or as much of it; false if none. */
static bool
es_import_take_until(es_import_t *import, const char *text)
{
    time_t       time;
    struct tm    tm, again;
    const char  *end;

    memset(&tm, 0, sizeof(struct tm));
    end = strptime(text, "%Y-%m-%d", &tm);

    if (end != NULL && *end == 'T') {
        end = strptime(end, strlen(end) > 6 ? "T%H:%M:%S" : "T%H:%M", &tm);
    }

    again = tm;
    time = timegm(&again);

    if (end == NULL || *end != '\0' || time < 0
        || again.tm_mday != tm.tm_mday)
    {
        es_misuse("import", "--until: a time like 2026-11-22 or "
                  "2026-11-22T09:30, not \"%s\"", es_shown(es_text(text)));
        return false;
    }

    import->until = (uint64_t) time * 1000;

    return true;
}


static int
es_import_settings(es_import_t *import, es_cli_t *cli, const es_args_t *args)
{
    int                  error;
    int64_t              maxlen;
    const char *const   *option = args->option;

    memset(import, 0, sizeof(es_import_t));

    import->cli = cli;
    import->now = es_now();
    import->visitors = option[ES_IMPORT_NO_VISITORS] == NULL;
    import->force = option[ES_IMPORT_FORCE] != NULL;
    import->dry = option[ES_IMPORT_DRY] != NULL;
    import->machine = option[ES_IMPORT_MACHINE];

    snprintf(import->key, sizeof(import->key), "%s",
             es_keyf(cli, "%.*s", (int) cli->stream.len, cli->stream.data));

    if (import->machine != NULL && strlen(import->machine) > 255) {
        return es_misuse("import", "--machine: 255 bytes at most");
    }

    if (!es_option_number("--maxlen", option[ES_IMPORT_KEEPS]
                                      ? option[ES_IMPORT_KEEPS]
                                      : ES_IMPORT_MAXLEN,
                          4096, INT64_MAX, &maxlen)
        || !es_import_take_host(import, option[ES_IMPORT_HOST])
        || !es_import_take_languages(import, option[ES_IMPORT_LANGUAGE]
                                             ? option[ES_IMPORT_LANGUAGE]
                                             : ""))
    {
        return ES_EXIT_USAGE;
    }

    import->maxlen = (uint64_t) maxlen;
    import->until = UINT64_MAX;

    if (option[ES_IMPORT_UNTIL] != NULL
        && !es_import_take_until(import, option[ES_IMPORT_UNTIL]))
    {
        return ES_EXIT_USAGE;
    }

    if (option[ES_IMPORT_GEO] != NULL) {
        error = MMDB_open(option[ES_IMPORT_GEO], MMDB_MODE_MMAP, &import->geo);

        if (error != MMDB_SUCCESS) {
            return es_fail("--geo %s: %s; scripts/fetch-mmdb gets one",
                           es_shown(es_text(option[ES_IMPORT_GEO])),
                           MMDB_strerror(error));
        }

        import->has_geo = true;
    }

    import->days = calloc(es_day_of(import->now) - es_day_of(ES_IMPORT_SINCE)
                          + 3, sizeof(es_import_day_t));

    return import->days ? ES_EXIT_GOOD : es_fail("no memory");
}


static int
es_import_work(es_import_t *import, const es_args_t *args)
{
    int               i, status;
    es_import_log_t  *logs;

    logs = calloc((size_t) args->argc, sizeof(es_import_log_t));
    if (logs == NULL) {
        return es_fail("no memory");
    }

    status = ES_EXIT_GOOD;

    for (i = 0; i < args->argc; i++) {
        logs[i].name = args->argv[i];
        logs[i].place = i;

        if (!es_import_peek(import, &logs[i])) {
            status = ES_EXIT_FAIL;
        }
    }

    if (status == ES_EXIT_GOOD && !import->dry && !es_import_connect(import)) {
        status = ES_EXIT_FAIL;
    }

    if (status == ES_EXIT_GOOD) {
        qsort(logs, (size_t) args->argc, sizeof(es_import_log_t),
              es_import_order);
        status = es_import_logs(import, logs, args->argc);
        es_import_report(import);
    }

    free(logs);

    return status;
}


static int
es_import_run(es_cli_t *cli, const es_args_t *args)
{
    int                 status;
    static es_import_t  import;

    status = es_import_settings(&import, cli, args);

    if (status == ES_EXIT_GOOD) {
        status = es_import_work(&import, args);
    }

    if (import.has_geo) {
        MMDB_close(&import.geo);
    }

    free(import.days);
    free(import.batch.buf);

    return status;
}


const es_verb_t  es_import_verbs[] = {
    { "import", "LOG...", 1, -1, es_import_options,
      "Make events of access logs, so that reports begin with the past",
      "LOG is in the combined format, of nginx or Apache, plain or gz; \"-\" is"
      "\nstdin. As with the module, only views become events: pages, got by "
      "no crawler.\nVisitors are told apart by address and agent, day by day; "
      "neither is kept.\n\nImported again within 30 days, a log adds only "
      "what is new in it: so it may be\nstopped at any time, and a log that "
      "still grows be imported again later. It is\nrecognised by its first "
      "line. Logs are read in the order of their times.",
      "exportsite import /var/log/nginx/access.log* --host www.example.com\n"
      "exportsite import access.log --until 2026-11-22T09:30\n"
      "exportsite import access.log --languages \"en de\" --geo country.mmdb\n"
      "grep -v ' /api/' access.log | exportsite import - --dry-run",
      es_import_run },
    { NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL }
};
