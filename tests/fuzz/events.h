/*
 * Events made of a fuzzer's input, most of them good ones: a few visitors,
 * pages and names, so that they meet; and what else an input has in mind.
 */
#ifndef EVENTS_H
#define EVENTS_H

#include "../../ngx_exportsite_module/learn/state.h"
#include "../unit/check.h"

#define must(condition)  ((condition) ? (void) 0 : abort())

#define EVENTS_T0  UINT64_C(1795305600000)

typedef struct {
    const uint8_t  *p, *end;
} input_t;

typedef struct {
    es_entry_t        entry;
    es_state_facts_t  facts;
    es_str_t          topics[4], reasons[4];
    int64_t           points[4];
    unsigned          visitor;         /* 0: nobody */
} fuzz_event_t;

static check_pool_t  events_pool = check_pool_init();


static inline uint32_t
take(input_t *in, size_t bytes)
{
    uint32_t  n = 0;

    while (bytes-- && in->p < in->end) {
        n = n << 8 | *in->p++;
    }

    return n;
}


/* One of these, or the next few bytes as they are */
static inline es_str_t
take_word(input_t *in, const char *const *words, unsigned n)
{
    char      *copy;
    size_t     len;
    unsigned   which;

    which = take(in, 1);

    if (which < 224) {
        which %= n;
        return (es_str_t) { strlen(words[which]), words[which] };
    }

    len = which - 224;

    if (len > (size_t) (in->end - in->p)) {
        len = (size_t) (in->end - in->p);
    }

    copy = check_pool_alloc(&events_pool.pool, len);

    if (len) {
        memcpy(copy, in->p, len);
    }

    in->p += len;

    return (es_str_t) { len, copy };
}


#define WORDS(...)  ((const char *const []) { __VA_ARGS__ }),                 \
    sizeof((const char *const []) { __VA_ARGS__ }) / sizeof(char *)

static inline void
take_facts(input_t *in, fuzz_event_t *e)
{
    unsigned  i, n;

    n = take(in, 1);
    e->facts.topics = e->topics;
    e->facts.ntopics = n & 3;
    e->facts.reasons = e->reasons;
    e->facts.points = e->points;
    e->facts.nreasons = n >> 2 & 3;

    for (i = 0; i < e->facts.ntopics; i++) {
        e->topics[i] = take_word(in, WORDS("pumps", "valves", "a", "b", "c",
                                           "d", "medical", "z"));
    }

    for (i = 0; i < e->facts.nreasons; i++) {
        e->reasons[i] = take_word(in, WORDS("quote", "jobs", "pumps", "x"));
        e->points[i] = (int8_t) take(in, 1);

        if (e->points[i] == -128) {
            e->points[i] = INT64_MIN;
        }
    }
}


/* False if what the input has makes no event. */
static inline bool
take_event(input_t *in, es_entry_id_t at, fuzz_event_t *e)
{
    int        n;
    char      *ts;
    int64_t    back;
    es_str_t   s[2 * ES_EVENT_FIELDS], culprit;
    uint32_t   has;

    static const char *const  steps[] = {
        "1795305600000", "1795305601000", "1795307400000", "1795307400001",
        "1795307401000", "1796515200000", "1795305599999", "1797000000000"
    };

    n = 0;
    s[n++] = es_str("id");
    s[n++] = es_str("0123456789abcdef01234567");
    s[n++] = es_str("ts");

    back = (int32_t) take(in, 3) - (1 << 20);
    ts = check_pool_alloc(&events_pool.pool, 24);
    snprintf(ts, 24, "%llu",
             (unsigned long long) (EVENTS_T0 + (uint64_t) (back * 1000)));
    s[n++] = take(in, 1) & 1 ? (es_str_t) { strlen(ts), ts }
                             : take_word(in, steps, 8);
    s[n++] = es_str("type");
    s[n++] = take_word(in, WORDS("view", "view", "view", "dwell", "goal",
                                 "click", "scroll", "own"));
    has = take(in, 2);

    static const struct {
        const char         *name;
        const char *const   words[4];
    } fields[] = {
        { "path",     { "/a", "/b", "/c", "/a/" } },
        { "country",  { "DE", "XX", "FR", "AT" } },
        { "campaign", { "spring", "summer", "s", "spring " } },
        { "referrer", { "google.com", "example.org", "r", "r.example" } },
        { "host",     { "example.org", "r", "Example.Org", "h" } },
        { "segments", { "a,b", "b,a,b", ",", "a" } },
        { "variants", { "h=1", "h=1,c=2", "c=2", "h=2,h=1" } },
        { "value",    { "1", "19.9", "-1e30", "0.0005" } },
        { "ms",       { "30000", "100", "9007199254740991", "0" } },
        { "source",   { "google", "mail", "s", "t" } },
        { "language", { "de", "fr", "en", "zh-Hant" } },
        { "device",   { "mobile", "desktop", "tablet", "d" } },
        { "industry", { "machinery", "medical", "food", "i" } },
    };

    for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (has >> i & 1) {
            s[n++] = (es_str_t) { strlen(fields[i].name), fields[i].name };
            s[n++] = take_word(in, fields[i].words, 4);
        }
    }

    e->visitor = has >> 14;

    if (e->visitor) {
        s[n++] = es_str("visitor");
        s[n++] = (es_str_t) { 1, &"?abc"[e->visitor] };
    }

    take_facts(in, e);

    return es_entry_read(&e->entry, at, s, (size_t) n, &culprit)
           == ES_ENTRY_GOOD;
}

#endif
