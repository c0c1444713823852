/*
 * The first byte chooses a site or, if it is odd, says that the rest is a list
 * of tags to make one of. Accept-Language is held against a second reading of
 * the header, slow and plain, which asks the code under test about one range
 * at a time only; about tags, some laws must hold whatever they are.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/check.h"
#include "../../ngx_exportsite_module/core/language.h"


#define must(condition)                                                       \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);   \
            abort();                                                          \
        }                                                                     \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const char  *sites[] = {
    "en de fr es zh-Hans ja",
    "en-US en-GB de pt-BR pt-PT zh-Hant zh-Hans nb he es es-419",
    "sr sr-Latn zh zh-TW no nn de-AT de-1996 de x-site en-001 yue",
    "en",
    "it it-CH it-CH-a-bc-x-dd it-CH-a-bc it-x-d it-CH-1996"
};

#define sites_n  (sizeof(sites) / sizeof(sites[0]))
#define plain    (sites_n - 1)

typedef struct {
    es_languages_t  *all;
    es_languages_t  *alone[ES_LANGUAGES_MAX];
} site_t;

typedef struct {
    es_str_t         range;
    int              weight;
} item_t;


static size_t
split(es_str_t text, es_str_t *tags, size_t max)
{
    size_t  i, n, start;

    for (i = 0, n = 0; n < max; i++) {
        for (start = i; i < text.len && text.data[i] != ' '; i++) {
            /* void */
        }

        tags[n].data = text.data + start;
        tags[n++].len = i - start;

        if (i >= text.len) {
            break;
        }
    }

    return n;
}


static site_t *
all_sites(void)
{
    size_t        i, k, n, bad;
    es_str_t      tags[ES_LANGUAGES_MAX];
    const char   *err;

    static bool          made;
    static site_t        all[sites_n];
    static check_pool_t  pool = check_pool_init();

    for (i = 0; !made && i < sites_n; i++) {
        n = split((es_str_t) { strlen(sites[i]), sites[i] }, tags,
                  ES_LANGUAGES_MAX);
        all[i].all = es_languages_create(tags, n, &pool.pool, &err, &bad);
        must(all[i].all);

        for (k = 0; k < n; k++) {
            all[i].alone[k] = es_languages_create(&tags[k], 1, &pool.pool,
                                                  &err, &bad);
            must(all[i].alone[k]);
        }
    }

    made = true;

    return all;
}


static bool
is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}


static es_str_t
trim(es_str_t s)
{
    while (s.len && is_one_of(s.data[0], " \t")) {
        s.data++;
        s.len--;
    }

    while (s.len && is_one_of(s.data[s.len - 1], " \t")) {
        s.len--;
    }

    return s;
}


/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ) */
static int
weight_of(es_str_t s)
{
    size_t  i;
    char    digits[] = "000";

    if (s.len == 0 || s.len > 5 || !is_one_of(s.data[0], "01")
        || (s.len > 1 && s.data[1] != '.'))
    {
        return -1;
    }

    for (i = 2; i < s.len; i++) {
        if (!is_one_of(s.data[i], s.data[0] == '1' ? "0" : "0123456789")) {
            return -1;
        }

        digits[i - 2] = s.data[i];
    }

    return s.data[0] == '1' ? 1000 : atoi(digits);
}


static bool
is_range(es_str_t s)
{
    size_t  i, len;

    static const char  letters[] = "abcdefghijklmnopqrstuvwxyz";
    static const char  all[] = "abcdefghijklmnopqrstuvwxyz0123456789";

    if (s.len == 1 && s.data[0] == '*') {
        return true;
    }

    for (i = 0, len = 0; i < s.len; i++) {
        if (s.data[i] == '-') {
            if (len == 0) {
                return false;
            }

            len = 0;
            continue;
        }

        if (++len > 8 || !is_one_of(es_lower(s.data[i]),
                                    len == i + 1 ? letters : all))
        {
            return false;
        }
    }

    return len > 0;
}


static bool
read_item(es_str_t s, item_t *item)
{
    es_str_t     weight;
    const char  *semicolon;

    s = trim(s);
    item->range = s;
    item->weight = 1000;

    semicolon = s.len ? memchr(s.data, ';', s.len) : NULL;

    if (semicolon) {
        item->range.len = (size_t) (semicolon - s.data);
        item->range = trim(item->range);

        weight.data = semicolon + 1;
        weight.len = s.len - (size_t) (weight.data - s.data);
        weight = trim(weight);

        if (weight.len < 2 || es_lower(weight.data[0]) != 'q'
            || weight.data[1] != '=')
        {
            return false;
        }

        weight.data += 2;
        weight.len -= 2;
        item->weight = weight_of(weight);
    }

    return item->weight >= 0 && is_range(item->range);
}


static size_t
read_items(es_str_t header, item_t *items)
{
    size_t    n;
    es_str_t  rest, one;
    const char  *comma;

    rest = header;

    for (n = 0; n < ES_LANGUAGE_RANGES; /* void */ ) {
        comma = rest.len ? memchr(rest.data, ',', rest.len) : NULL;
        one = rest;

        if (comma) {
            one.len = (size_t) (comma - rest.data);
        }

        n += read_item(one, &items[n]);

        if (comma == NULL) {
            break;
        }

        rest.data = comma + 1;
        rest.len -= one.len + 1;
    }

    return n;
}


static bool
is_any(const item_t *item)
{
    return es_str_eq(item->range, es_str("*"));
}


/* What "*" stands for: the first language that no range could mean. */
static int
unnamed(const site_t *s, const item_t *items, size_t n)
{
    int     i;
    size_t  k;

    for (i = 0; i < (int) es_languages_count(s->all); i++) {
        for (k = 0; k < n; k++) {
            if (!is_any(&items[k])
                && es_languages_accept(s->alone[i], items[k].range) == 0)
            {
                break;
            }
        }

        if (k == n) {
            return i;
        }
    }

    return -1;
}


/* Without refusals: the first range by weight that finds anything. */
static int
expected(const site_t *s, const item_t *items, size_t n)
{
    int     found, weight;
    size_t  i;

    for (weight = 1000; weight > 0; weight--) {
        for (i = 0; i < n; i++) {
            if (items[i].weight != weight) {
                continue;
            }

            found = is_any(&items[i])
                    ? unnamed(s, items, n)
                    : es_languages_accept(s->all, items[i].range);

            if (found >= 0) {
                return found;
            }
        }
    }

    return -1;
}


/* With refusals: nothing that was refused by its name or never asked for. */
static void
check_refusals(const site_t *s, const item_t *items, size_t n, int got)
{
    bool    asked;
    size_t  i;

    for (i = 0, asked = false; i < n && got >= 0; i++) {
        if (items[i].weight == 0) {
            must(es_languages_find(s->all, items[i].range) != got);

        } else {
            asked |= is_any(&items[i])
                || es_languages_accept(s->alone[got], items[i].range) == 0;
        }
    }

    must(got < 0 || asked);
}


/* RFC 4647, section 3.4, as it is written there. */
static int
lookup(const es_languages_t *l, es_str_t range)
{
    size_t  i;

    while (range.len) {
        for (i = 0; i < es_languages_count(l); i++) {
            if (es_str_case_eq(es_languages_tag(l, i), range)) {
                return (int) i;
            }
        }

        while (range.len && range.data[--range.len] != '-') {
            /* void */
        }

        while (range.len > 1 && range.data[range.len - 2] == '-') {
            range.len -= 2;
        }
    }

    return -1;
}


/*
 * On a site in one language, in the script it always has and with nothing to
 * imply or inherit: what the RFC finds, and nothing else.
 */
static void
check_lookup(const es_languages_t *l, es_str_t range)
{
    /* "it" with a region, a variant that has a digit first, or a singleton */

    if (range.len < 2
        || !es_str_case_eq((es_str_t) { 2, range.data }, es_str("it"))
        || (range.len > 2 && range.data[2] != '-')
        || (range.len > 5 && range.data[5] != '-' && range.data[4] != '-'
            && range.data[3] > '9'))
    {
        return;
    }

    must(es_languages_accept(l, range) == lookup(l, range));
}


static void
try_header(const site_t *s, es_str_t header, bool is_plain)
{
    int     got;
    item_t  items[ES_LANGUAGE_RANGES + 1];
    size_t  i, n;
    bool    refusals;

    got = es_languages_accept(s->all, header);
    must(got >= -1 && got < (int) es_languages_count(s->all));

    n = read_items(header, items);

    for (i = 0, refusals = false; i < n; i++) {
        refusals |= items[i].weight == 0;

        if (is_plain && !is_any(&items[i])) {
            check_lookup(s->all, items[i].range);
        }
    }

    if (refusals) {
        check_refusals(s, items, n, got);

    } else {
        must(got == expected(s, items, n));
    }
}


static void
try_one_tag(const es_languages_t *l, size_t i)
{
    int       len;
    char      header[4096];
    es_str_t  tag;

    tag = es_languages_tag(l, i);
    must(es_languages_find(l, tag) == (int) i);
    must(es_languages_accept(l, tag) == (int) i);

    if (tag.len < sizeof(header) / 4) {
        len = snprintf(header, sizeof(header), "%.*s;q=0,*;q=0.1",
                       (int) tag.len, tag.data);
        must(es_languages_accept(l, (es_str_t) { (size_t) len, header })
             != (int) i);

        len = snprintf(header, sizeof(header), "*;q=0.1 , %.*s ; Q=0.2",
                       (int) tag.len, tag.data);
        must(es_languages_accept(l, (es_str_t) { (size_t) len, header })
             == (int) i);
    }
}


static void
try_tags(es_str_t text)
{
    size_t           i, n, bad;
    es_str_t         tags[ES_LANGUAGES_MAX + 1];
    const char      *err;
    check_pool_t     pool = check_pool_init();
    es_languages_t  *l;

    err = NULL;
    bad = SIZE_MAX;
    n = split(text, tags, ES_LANGUAGES_MAX + 1);
    l = es_languages_create(tags, n, &pool.pool, &err, &bad);

    if (l == NULL) {
        must(err && *err && bad < n);

    } else {
        must(es_languages_count(l) == n);
        must(es_languages_accept(l, es_str("*")) == 0);

        for (i = 0; i < n; i++) {
            must(es_str_eq(es_languages_tag(l, i), tags[i]));
            try_one_tag(l, i);
        }

        for (i = 0; i + 1 < text.len; i++) {
            must(es_languages_country(l, text.data + i) < (int) n);
        }
    }

    check_pool_free(&pool);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t    k;
    es_str_t  text;

    if (size == 0) {
        return 0;
    }

    text.data = (const char *) data + 1;
    text.len = size - 1;

    if (data[0] & 1) {
        try_tags(text);

    } else {
        k = data[0] / 2 % sites_n;
        try_header(&all_sites()[k], text, k == plain);
        (void) es_languages_find(all_sites()[k].all, text);

        if (size > 2) {
            (void) es_continent(text.data);
        }
    }

    return 0;
}
