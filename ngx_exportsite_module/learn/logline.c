#include "day.h"
#include "logline.h"
#include "logline_parts.h"


#define LOGLINE_TIME       26            /* "22/Nov/2026:09:12:03 +0100" */
#define LOGLINE_END        253402300800          /* s until the year 10000 */


static inline bool
logline_blank(char c)
{
    return c == ' ' || c == '\t';
}


/* A number of exactly n digits; -1 if it is none. */
static int32_t
logline_digits(const char *p, size_t n)
{
    int32_t  number;

    for (number = 0; n > 0; n--, p++) {
        if (!es_is_digit(*p)) {
            return -1;
        }

        number = 10 * number + (*p - '0');
    }

    return number;
}


/* 1 to 12; 0 if it is none. */
static int32_t
logline_month(const char *p)
{
    int32_t            i;
    static const char  names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (i = 0; i < 12; i++) {
        if (memcmp(p, names + 3 * i, 3) == 0) {
            return i + 1;
        }
    }

    return 0;
}


static int32_t
logline_month_days(int32_t year, int32_t month)
{
    static const uint8_t  days[] = { 31, 28, 31, 30, 31, 30,
                                     31, 31, 30, 31, 30, 31 };

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) {
        return 29;
    }

    return days[month - 1];
}


/* p has LOGLINE_TIME bytes. */
static bool
logline_time(const char *p, uint64_t *ms)
{
    int32_t  day, month, year, hour, minute, second, zone_hour, zone_minute;
    int64_t  time, zone;

    if (p[2] != '/' || p[6] != '/' || p[11] != ':' || p[14] != ':'
        || p[17] != ':' || p[20] != ' ' || (p[21] != '+' && p[21] != '-'))
    {
        return false;
    }

    day = logline_digits(p, 2);
    month = logline_month(p + 3);
    year = logline_digits(p + 7, 4);
    hour = logline_digits(p + 12, 2);
    minute = logline_digits(p + 15, 2);
    second = logline_digits(p + 18, 2);
    zone_hour = logline_digits(p + 22, 2);
    zone_minute = logline_digits(p + 24, 2);

    /* 60 is a leap second */

    if (month == 0 || year < 1970 || day < 1
        || day > logline_month_days(year, month)
        || hour < 0 || hour > 23 || minute < 0 || minute > 59
        || second < 0 || second > 60
        || zone_hour < 0 || zone_hour > 23
        || zone_minute < 0 || zone_minute > 59)
    {
        return false;
    }

    zone = zone_hour * 3600 + zone_minute * 60;
    time = es_day_number(year, month, day) * ES_DAY + hour * 3600
           + minute * 60 + second - (p[21] == '+' ? zone : -zone);

    if (time < 0 || time >= LOGLINE_END) {
        return false;
    }

    *ms = (uint64_t) time * 1000;

    return true;
}


/* The "[" of the time; NULL if there is none. */
static char *
logline_find_time(char *p, char *end, uint64_t *ms)
{
    char  *bracket, *start = p;

    for ( /* void */ ; end - p > LOGLINE_TIME + 1; p = bracket + 1) {
        bracket = memchr(p, '[', (size_t) (end - p) - LOGLINE_TIME - 1);

        if (bracket == NULL) {
            return NULL;
        }

        if (bracket > start && logline_blank(bracket[-1])
            && bracket[LOGLINE_TIME + 1] == ']'
            && logline_time(bracket + 1, ms))
        {
            return bracket;
        }
    }

    return NULL;
}


/* Does it look like an IP address? "192.0.2.1", "2001:db8::1" */
static bool
logline_is_address(es_str_t text)
{
    char    c;
    size_t  i, dots, colons, letters;

    dots = 0;
    colons = 0;
    letters = 0;

    for (i = 0; i < text.len; i++) {
        c = es_lower(text.data[i]);

        if (c == '.') {
            dots++;

        } else if (c == ':') {
            colons++;

        } else if (c >= 'a' && c <= 'f') {
            letters++;

        } else if (!es_is_digit(c)) {
            return false;
        }
    }

    return colons >= 2 || (dots == 3 && colons == 0 && letters == 0);
}


/* The text without ":PORT" at its end */
static es_str_t
logline_host(es_str_t text)
{
    size_t  n;

    for (n = text.len; n > 0 && es_is_digit(text.data[n - 1]); n--) {
        /* void */
    }

    if (n > 1 && n < text.len && text.data[n - 1] == ':') {
        text.len = n - 1;
    }

    return text;
}


static es_str_t
logline_word(const char **p, const char *end)
{
    const char  *start;

    while (*p < end && logline_blank(**p)) {
        (*p)++;
    }

    for (start = *p; *p < end && !logline_blank(**p); (*p)++) {
        /* void */
    }

    return (es_str_t) { (size_t) (*p - start), start };
}


/*
 * What stands in front of the time: who asked, who that is by RFC 1413, and by
 * password; in front of that, perhaps, whom.
 */
static bool
logline_head(es_logline_t *line, const char *p, const char *end)
{
    es_str_t  first, second, third, fourth;

    first = logline_word(&p, end);
    second = logline_word(&p, end);
    third = logline_word(&p, end);
    fourth = logline_word(&p, end);

    if (third.len == 0) {
        return false;
    }

    line->host = es_null_str;
    line->address = first;

    if (fourth.len == 0 || logline_is_address(first)) {
        return true;
    }

    if (logline_is_address(second)
        || (logline_host(first).len != first.len
            && !es_str_eq(second, es_str("-"))))
    {
        line->host = logline_host(first);
        line->address = second;
    }

    return true;
}


/* A text in quotes at *p, which moves behind it; escapes are left alone. */
static bool
logline_quoted(char **p, char *end, es_str_t *text)
{
    char  *start, *quote, *back;

    if (*p == end || **p != '"') {
        return false;
    }

    start = *p + 1;

    for (quote = start; quote < end; quote++) {
        quote = memchr(quote, '"', (size_t) (end - quote));

        if (quote == NULL) {
            return false;
        }

        for (back = quote; back > start && back[-1] == '\\'; back--) {
            /* void */
        }

        if ((quote - back) % 2 == 0) {
            *text = (es_str_t) { (size_t) (quote - start), start };
            *p = quote + 1;
            return true;
        }
    }

    return false;
}


/* A blank at *p, which moves behind it */
static bool
logline_skip(char **p, const char *end)
{
    if (*p == end || **p != ' ') {
        return false;
    }

    (*p)++;

    return true;
}


/* Status and size: " 200 1234 " at *p, which moves behind it */
static bool
logline_numbers(es_logline_t *line, char **p, char *end)
{
    char     *q;
    int32_t   status;

    if (end - *p < 6 || **p != ' ' || (*p)[4] != ' ') {
        return false;
    }

    status = logline_digits(*p + 1, 3);
    q = *p + 5;

    if (status < 0) {
        return false;
    }

    if (*q == '-') {
        q++;

    } else if (es_is_digit(*q)) {
        while (q < end && es_is_digit(*q)) {
            q++;
        }

    } else {
        return false;
    }

    line->status = (uint32_t) status;
    *p = q;

    return logline_skip(p, end);
}


/* One escape at p, which has a byte behind its backslash; p moves behind it. */
static char
logline_escape(const char **p, const char *end)
{
    int          byte;
    const char  *s = *p;

    if (s[1] == 'x' && end - s >= 4) {
        byte = es_logline_hex(s + 2);

        if (byte >= 0) {
            *p = s + 4;
            return (char) byte;
        }
    }

    *p = s + 2;

    switch (s[1]) {

    case '"':
    case '\\':
        return s[1];

    case 'n':
        return '\n';

    case 'r':
        return '\r';

    case 't':
        return '\t';

    default:
        *p = s + 1;
        return '\\';
    }
}


/* Undoes escapes in place, which never makes a text longer. */
static es_str_t
logline_plain(es_str_t text)
{
    char        *out, *start;
    const char  *p, *end;

    if (text.len == 1 && text.data[0] == '-') {
        return es_null_str;
    }

    if (text.len == 0 || memchr(text.data, '\\', text.len) == NULL) {
        return text;
    }

    p = text.data;
    end = p + text.len;
    out = start = (char *) text.data;

    while (p < end) {
        if (*p == '\\' && end - p > 1) {
            *out++ = logline_escape(&p, end);

        } else {
            *out++ = *p++;
        }
    }

    return (es_str_t) { (size_t) (out - start), start };
}


bool
es_logline_parse(es_logline_t *line, char *text, size_t len)
{
    char  *p, *end;

    end = text + len;

    if (len > 0 && end[-1] == '\r') {
        end--;
    }

    p = len > 0 ? logline_find_time(text, end, &line->time) : NULL;

    if (p == NULL || !logline_head(line, text, p)) {
        return false;
    }

    p += LOGLINE_TIME + 2;

    if (!logline_skip(&p, end)
        || !logline_quoted(&p, end, &line->request)
        || !logline_numbers(line, &p, end)
        || !logline_quoted(&p, end, &line->referrer)
        || !logline_skip(&p, end)
        || !logline_quoted(&p, end, &line->agent)
        || (p < end && !logline_blank(*p)))
    {
        return false;
    }

    line->request = logline_plain(line->request);
    line->referrer = logline_plain(line->referrer);
    line->agent = logline_plain(line->agent);

    return true;
}
