/*
 * A visitor's state as text: a line with the mark and the version, then a line
 * for each thing there is something to say of, in this order,
 *
 *     1795307443534-9 3
 *     n 2 7 0 1 61000                                 numbers
 *     f 1795300000000 google TAB cpc TAB spring TAB   and strings
 *     p /a TAB /b                                     a list
 *     i 1500000 pumps                                 one of the topics
 *
 * and nothing else, so that a state has one text only.
 */
#include "state_parts.h"


#define STATE_NUMBERS  5
#define STATE_STRINGS  4

/* A line of numbers and strings, and where they are in the state */
typedef struct {
    char      letter;
    uint8_t   nnumbers, nstrings;
    uint16_t  numbers[STATE_NUMBERS];
    uint16_t  strings[STATE_STRINGS];
} state_row_t;

#define at(member)  offsetof(es_state_t, member)

static const state_row_t  state_rows[] = {
    { 'n', 5, 0, { at(visits), at(views), at(goals), at(clicks), at(dwell) },
      { 0 } },
    { 't', 4, 0, { at(first_seen), at(last_seen), at(active), at(viewed) },
      { 0 } },
    { 'd', 0, 3, { 0 }, { at(device), at(country), at(language) } },
    { 'f', 1, 4, { at(first_touch) },
      { at(first[0]), at(first[1]), at(first[2]), at(first[3]) } },
    { 'l', 1, 4, { at(last_touch) },
      { at(last[0]), at(last[1]), at(last[2]), at(last[3]) } },
    { 'o', 0, 3, { 0 }, { at(own[0]), at(own[1]), at(own[2]) } },
    { 'v', 0, 2, { 0 }, { at(campaign), at(referrer) } },
    { 's', 1, 0, { at(scored) }, { 0 } },
    { 'w', 2, 0, { at(points), at(lead) }, { 0 } },
};

#undef at

#define STATE_ROWS  (sizeof(state_rows) / sizeof(state_rows[0]))

_Static_assert(ES_TOUCH_FIELDS == 4 && ES_OWN_FIELDS == 3, "state_rows");

/* what all of it takes at most, each number with its blank */
_Static_assert((2 + 1 + STATE_ROWS * STATE_NUMBERS) * (ES_NUMBER_DIGITS + 1)
               + STATE_ROWS * (2 + STATE_STRINGS * (ES_STATE_STRING + 1))
               + (ES_STATE_PAGES + ES_STATE_RECENT) * (ES_STATE_PATH + 3)
               + (ES_STATE_TOPICS + ES_STATE_REASONS)
                 * (2 + 2 * (ES_NUMBER_DIGITS + 2) + ES_STATE_NAME + 1)
               <= ES_STATE_MAX, "ES_STATE_MAX is too small");


/* -- writing -- */

static uint64_t
state_number(const es_state_t *state, uint16_t where)
{
    uint64_t  n;

    memcpy(&n, (const char *) state + where, sizeof(n));

    return n;
}


static es_str_t
state_string(const es_state_t *state, uint16_t where)
{
    es_str_t  s;

    memcpy(&s, (const char *) state + where, sizeof(s));

    return s;
}


static char *
state_put_number(char *p, uint64_t n, char behind)
{
    char  digits[ES_NUMBER_DIGITS], *end, *first;

    end = digits + sizeof(digits);
    first = es_number_put(end, n);
    memcpy(p, first, (size_t) (end - first));
    p += end - first;
    *p = behind;

    return p + 1;
}


static char *
state_put_string(char *p, es_str_t s, char behind)
{
    if (s.len) {
        memcpy(p, s.data, s.len);
    }

    p[s.len] = behind;

    return p + s.len + 1;
}


static char *
state_put_row(char *p, const es_state_t *state, const state_row_t *row)
{
    char     *start;
    bool      any;
    size_t    i;
    uint64_t  n;
    es_str_t  s;

    start = p;
    any = false;
    *p++ = row->letter;
    *p++ = ' ';

    for (i = 0; i < row->nnumbers; i++) {
        n = state_number(state, row->numbers[i]);
        any |= n > 0;
        p = state_put_number(p, n, ' ');
    }

    for (i = 0; i < row->nstrings; i++) {
        s = state_string(state, row->strings[i]);
        any |= s.len > 0;
        p = state_put_string(p, s, '\t');
    }

    p[-1] = '\n';

    return any ? p : start;
}


static char *
state_put_list(char *p, char letter, const es_str_t *list, uint32_t n)
{
    uint32_t  i;

    if (n == 0) {
        return p;
    }

    *p++ = letter;
    *p++ = ' ';

    for (i = 0; i < n; i++) {
        p = state_put_string(p, list[i], '\t');
    }

    p[-1] = '\n';

    return p;
}


size_t
es_state_format(const es_state_t *state, char *buf)
{
    char     *p;
    size_t    i;
    int64_t   points;

    p = state_put_number(buf, state->mark.ms, '-');
    p = state_put_number(p, state->mark.seq, ' ');
    p = state_put_number(p, state->version, '\n');

    for (i = 0; i < STATE_ROWS; i++) {
        p = state_put_row(p, state, &state_rows[i]);
    }

    p = state_put_list(p, 'p', state->pages, state->npages);
    p = state_put_list(p, 'r', state->recent, state->nrecent);

    for (i = 0; i < state->ntopics; i++) {
        *p++ = 'i';
        *p++ = ' ';
        p = state_put_number(p, (uint64_t) state->topics[i].score, ' ');
        p = state_put_string(p, state->topics[i].name, '\n');
    }

    for (i = 0; i < state->nreasons; i++) {
        *p++ = 'x';
        *p++ = ' ';
        points = state->reasons[i].points;

        if (points < 0) {
            *p++ = '-';
            points = -points;
        }

        p = state_put_number(p, (uint64_t) points, ' ');
        p = state_put_number(p, state->reasons[i].times, ' ');
        p = state_put_string(p, state->reasons[i].name, '\n');
    }

    return (size_t) (p - buf);
}


es_str_t
es_state_head(es_str_t text)
{
    const char  *newline;

    newline = text.len ? memchr(text.data, '\n', text.len) : NULL;

    return newline ? (es_str_t) { (size_t) (newline - text.data) + 1,
                                  text.data }
                   : es_null_str;
}


/* -- reading -- */

/* Takes a number as it is written here, up to most, and what is behind it. */
static bool
state_take_number(es_str_t *text, uint64_t *n, uint64_t most, char behind)
{
    const char  *first = text->data;

    if (!es_number_take(text, n) || *n > most
        || (*first == '0' && text->data - first > 1)
        || text->len == 0 || text->data[0] != behind)
    {
        return false;
    }

    text->data++;
    text->len--;

    return true;
}


/* Takes a string and what is behind it, which is not in it. */
static bool
state_take_string(es_str_t *text, es_str_t *s, size_t most, char behind)
{
    const char  *end;

    end = text->len ? memchr(text->data, behind, text->len) : NULL;

    if (end == NULL || (size_t) (end - text->data) > most) {
        return false;
    }

    *s = (es_str_t) { (size_t) (end - text->data), text->data };
    text->data += s->len + 1;
    text->len -= s->len + 1;

    return es_entry_text(*s);
}


/* Passes over the beginning of a line of this kind, if it is one. */
static bool
state_take_letter(es_str_t *text, char letter)
{
    if (text->len < 2 || text->data[0] != letter || text->data[1] != ' ') {
        return false;
    }

    text->data += 2;
    text->len -= 2;

    return true;
}


static bool
state_take_row(es_str_t *text, es_state_t *state, const state_row_t *row)
{
    bool      any;
    char      behind;
    size_t    i;
    uint64_t  n;
    es_str_t  s;

    if (!state_take_letter(text, row->letter)) {
        return true;
    }

    any = false;

    for (i = 0; i < row->nnumbers; i++) {
        behind = i + 1 < row->nnumbers || row->nstrings ? ' ' : '\n';

        if (!state_take_number(text, &n, ES_STATE_MOST, behind)) {
            return false;
        }

        any |= n > 0;
        memcpy((char *) state + row->numbers[i], &n, sizeof(n));
    }

    for (i = 0; i < row->nstrings; i++) {
        behind = i + 1 < row->nstrings ? '\t' : '\n';

        if (!state_take_string(text, &s, ES_STATE_STRING, behind)) {
            return false;
        }

        any |= s.len > 0;
        memcpy((char *) state + row->strings[i], &s, sizeof(s));
    }

    return any;
}


static bool
state_take_list(es_str_t *text, char letter, es_str_t *list, uint32_t *n,
    uint32_t most)
{
    char         behind;
    const char  *newline;

    if (!state_take_letter(text, letter)) {
        return true;
    }

    newline = text->len ? memchr(text->data, '\n', text->len) : NULL;

    if (newline == NULL) {
        return false;
    }

    do {
        behind = memchr(text->data, '\t', (size_t) (newline - text->data))
                 ? '\t' : '\n';

        if (*n == most
            || !state_take_string(text, &list[*n], ES_STATE_PATH, behind)
            || list[*n].len == 0)
        {
            return false;
        }

        (*n)++;

    } while (behind == '\t');

    return true;
}


static bool
state_different(const es_str_t *list, uint32_t n)
{
    uint32_t  i, k;

    for (i = 1; i < n; i++) {
        for (k = 0; k < i; k++) {
            if (es_str_eq(list[i], list[k])) {
                return false;
            }
        }
    }

    return true;
}


static bool
state_take_topics(es_str_t *text, es_state_t *state)
{
    uint32_t           n;
    uint64_t           score;
    es_state_topic_t  *topic;

    for (n = 0; state_take_letter(text, 'i'); n++) {
        topic = &state->topics[n];

        if (n == ES_STATE_TOPICS
            || !state_take_number(text, &score, ES_STATE_SCORE, ' ')
            || score == 0
            || !state_take_string(text, &topic->name, ES_STATE_NAME, '\n')
            || topic->name.len == 0
            || (n > 0 && es_str_compare(topic[-1].name, topic->name) >= 0))
        {
            return false;
        }

        topic->score = (int64_t) score;
    }

    state->ntopics = n;

    return true;
}


static bool
state_take_reasons(es_str_t *text, es_state_t *state)
{
    bool                negative;
    uint32_t            n;
    uint64_t            points, times;
    es_state_reason_t  *reason;

    for (n = 0; state_take_letter(text, 'x'); n++) {
        reason = &state->reasons[n];
        negative = text->len > 0 && text->data[0] == '-';

        if (negative) {
            text->data++;
            text->len--;
        }

        if (n == ES_STATE_REASONS
            || !state_take_number(text, &points, ES_STATE_MOST, ' ')
            || (negative && points == 0)
            || !state_take_number(text, &times, UINT32_MAX, ' ')
            || times == 0
            || !state_take_string(text, &reason->name, ES_STATE_NAME, '\n')
            || reason->name.len == 0
            || (n > 0 && es_str_compare(reason[-1].name, reason->name) >= 0))
        {
            return false;
        }

        reason->points = negative ? -(int64_t) points : (int64_t) points;
        reason->times = (uint32_t) times;
    }

    state->nreasons = n;

    return true;
}


static bool
state_take(es_str_t *text, es_state_t *state)
{
    size_t  i;

    if (!state_take_number(text, &state->mark.ms, UINT64_MAX, '-')
        || !state_take_number(text, &state->mark.seq, UINT64_MAX, ' ')
        || !state_take_number(text, &state->version, UINT64_MAX, '\n'))
    {
        return false;
    }

    for (i = 0; i < STATE_ROWS; i++) {
        if (!state_take_row(text, state, &state_rows[i])) {
            return false;
        }
    }

    return state_take_list(text, 'p', state->pages, &state->npages,
                           ES_STATE_PAGES)
           && state_different(state->pages, state->npages)
           && state_take_list(text, 'r', state->recent, &state->nrecent,
                              ES_STATE_RECENT)
           && state_take_topics(text, state)
           && state_take_reasons(text, state)
           && text->len == 0;
}


bool
es_state_parse(es_state_t *state, es_str_t text)
{
    memset(state, 0, sizeof(es_state_t));

    if (text.len == 0 || state_take(&text, state)) {
        return true;
    }

    memset(state, 0, sizeof(es_state_t));

    return false;
}
