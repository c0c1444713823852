#include "language_tag.h"
#include "cldr.h"


#define subtag_max  8

/* Letters in lower case, digits as they are, all else 0. */
static const unsigned char  tag_byte[256] = {
    ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4',
    ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9',
    ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e',
    ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j',
    ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o',
    ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't',
    ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y',
    ['Z'] = 'z',
    ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e',
    ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j',
    ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o',
    ['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's', ['t'] = 't',
    ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y',
    ['z'] = 'z',
};

/* The places of a tag, in their order. */
typedef enum {
    place_extlang,
    place_script,
    place_region,
    place_rest
} place_t;

typedef struct {
    uint64_t  value;
    size_t    len;
} subtag_t;


static inline const char *
read_subtag(subtag_t *s, const char *p, const char *end)
{
    uint64_t        value;
    const char     *start;
    unsigned char   c;

    value = 0;

    for (start = p; p < end; p++) {
        c = tag_byte[(unsigned char) *p];

        if (c == 0) {
            break;
        }

        value = value << 8 | c;
    }

    s->value = value;
    s->len = (size_t) (p - start);

    return s->len >= 1 && s->len <= subtag_max ? p : NULL;
}


/* The bit that every letter has and no digit. */
static inline uint64_t
letter_bits(const subtag_t *s)
{
    return 0x4040404040404040 >> (64 - 8 * s->len);
}


static inline bool
is_letters(const subtag_t *s, size_t len)
{
    return s->len == len && (s->value & letter_bits(s)) == letter_bits(s);
}


static inline bool
is_digits(const subtag_t *s, size_t len)
{
    return s->len == len && (s->value & letter_bits(s)) == 0;
}


/* Puts a subtag where its form says it belongs; returns the next place. */
static inline place_t
place_subtag(es_tag_t *t, const subtag_t *s, place_t place)
{
    if (place == place_extlang && is_letters(s, 3)) {
        t->extlang = (uint32_t) s->value;
        return place_script;
    }

    if (place <= place_script && is_letters(s, 4)) {
        t->script = (uint32_t) s->value;
        return place_region;
    }

    if (place <= place_region && (is_letters(s, 2) || is_digits(s, 3))) {
        t->region = (uint32_t) s->value;
    }

    return place_rest;
}


/* What follows the language, from the first place it may have. */
static const char *
split_rest(es_tag_t *t, place_t place, const char *p, const char *end)
{
    subtag_t     s;
    const char  *subtag;

    while (p < end && *p == '-') {
        subtag = ++p;
        p = read_subtag(&s, p, end);

        if (p == NULL) {
            return NULL;
        }

        if (place < place_rest) {
            place = place_subtag(t, &s, place);

            if (place < place_rest || t->region == s.value) {
                continue;
            }
        }

        if (t->rest.data == NULL) {
            t->rest.data = subtag;
        }
    }

    if (t->rest.data) {
        t->rest.len = (size_t) (p - t->rest.data);
    }

    return p;
}


static inline const char *
split_tag(es_tag_t *t, const char *p, const char *end)
{
    place_t      place;
    subtag_t     s;
    const char  *start;

    memset(t, 0, sizeof(es_tag_t));

    start = p;
    p = read_subtag(&s, p, end);

    if (p == NULL || !is_letters(&s, s.len)) {
        return NULL;
    }

    t->language = s.value;

    if (p < end && *p == '-') {
        place = s.len == 1 ? place_rest
                : s.len <= 3 ? place_extlang : place_script;

        p = split_rest(t, place, p, end);

        if (p == NULL) {
            return NULL;
        }
    }

    t->text.data = start;
    t->text.len = (size_t) (p - start);

    return p;
}


static void
replace_grandfathered(es_tag_t *t)
{
    size_t                  i;
    es_str_t                tag;
    const es_cldr_whole_t  *whole;

    for (i = 0; i < es_cldr_grandfathered_n; i++) {
        whole = &es_cldr_grandfathered[i];

        if (whole->tag[0] != es_lower(t->text.data[0])) {
            continue;
        }

        tag.data = whole->tag;
        tag.len = strlen(whole->tag);

        if (es_str_case_eq(tag, t->text)) {
            (void) split_tag(t, whole->instead,
                             whole->instead + strlen(whole->instead));
            return;
        }
    }
}


const char *
es_tag_parse(es_tag_t *t, const char *p, const char *end)
{
    p = split_tag(t, p, end);

    /* all grandfathered tags have something that finds no other place */

    if (p && (t->rest.len || t->extlang)) {
        replace_grandfathered(t);
    }

    return p;
}


void
es_tag_write(char *out, es_str_t tag)
{
    char    c;
    bool    plain;
    size_t  i, start, len;

    plain = true;

    for (start = 0; start < tag.len; start += len + 1) {
        for (len = 0; start + len < tag.len && tag.data[start + len] != '-';
             len++)
        {
            out[start + len] = es_lower(tag.data[start + len]);
        }

        for (i = 0; plain && start > 0 && i < len; i++) {
            c = out[start + i];

            if (c >= 'a' && c <= 'z' && (len == 2 || (len == 4 && i == 0))) {
                out[start + i] = (char) (c & ~0x20);
            }
        }

        if (len == 1) {
            /* an extension, or a private part: all small from here */
            plain = false;
        }

        if (start + len < tag.len) {
            out[start + len] = '-';
        }
    }
}


/* variants, then extensions, then x- and private ones: RFC 5646, section 2.1 */
bool
es_tag_well_formed(const es_tag_t *t)
{
    bool         empty;
    size_t       variant;
    subtag_t     s;
    const char  *p, *end;
    uint64_t     singleton;

    singleton = t->language == 'x' ? 'x' : 0;
    empty = singleton != 0;

    if (t->rest.len == 0 || (t->language < 0x100 && !singleton)) {
        return t->language > 0xff;
    }

    p = t->rest.data;
    end = p + t->rest.len;

    for ( ;; ) {
        variant = tag_byte[(unsigned char) *p] <= '9' ? 4 : 5;
        p = read_subtag(&s, p, end);

        if (s.len > 1 || singleton == 'x') {
            if (singleton == 0 && s.len < variant) {
                return false;
            }

            empty = false;

        } else {
            if (empty) {
                return false;
            }

            singleton = s.value;
            empty = true;
        }

        if (p == end) {
            return !empty;
        }

        p++;
    }
}


uint32_t
es_tag_pack(const char *field, size_t len)
{
    size_t    i;
    uint32_t  value;

    value = 0;

    for (i = 0; i < len && field[i] != ' '; i++) {
        value = value << 8 | (unsigned char) es_lower(field[i]);
    }

    return value;
}


const char *
es_tag_record(const char *table, size_t n, size_t len, uint64_t language)
{
    int          i;
    char         key[3];
    size_t       low, high, middle;
    const char  *found;

    if (language > 0xffffff) {
        return NULL;
    }

    while (language <= 0xffff) {
        language = language << 8 | ' ';
    }

    for (i = 2; i >= 0; i--, language >>= 8) {
        key[i] = (char) (language & 0xff);
    }

    for (low = 0, high = n; low < high; ) {
        middle = (low + high) / 2;

        if (memcmp(table + middle * len, key, 3) < 0) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    found = table + low * len;

    return low < n && memcmp(found, key, 3) == 0 ? found : NULL;
}


es_tag_alias_t
es_tag_alias(uint64_t language)
{
    es_tag_alias_t          alias = { language, 0, 0 };
    const es_cldr_alias_t  *a;

    a = (const es_cldr_alias_t *) es_tag_record(es_cldr_aliases,
             es_cldr_aliases_n, sizeof(es_cldr_alias_t), language);

    if (a) {
        alias.language = es_tag_pack(a->language, sizeof(a->language));
        alias.script = es_tag_pack(a->script, sizeof(a->script));
        alias.region = es_tag_pack(a->region, sizeof(a->region));
    }

    return alias;
}


uint32_t
es_tag_region(uint32_t region)
{
    size_t                         i;
    const es_cldr_region_alias_t  *a;

    a = (const es_cldr_region_alias_t *) es_cldr_region_aliases;

    for (i = 0; i < es_cldr_region_aliases_n; i++) {
        if (es_tag_pack(a[i].alias, sizeof(a[i].alias)) == region) {
            return es_tag_pack(a[i].region, sizeof(a[i].region));
        }
    }

    return region;
}


uint64_t
es_tag_fallback(uint64_t language)
{
    const es_cldr_fallback_t  *f;

    f = (const es_cldr_fallback_t *) es_tag_record(es_cldr_fallbacks,
             es_cldr_fallbacks_n, sizeof(es_cldr_fallback_t), language);

    return f ? es_tag_pack(f->instead, sizeof(f->instead)) : 0;
}


static const es_cldr_likely_t *
likely(uint64_t language)
{
    return (const es_cldr_likely_t *) es_tag_record(es_cldr_likely,
                es_cldr_likely_n, sizeof(es_cldr_likely_t), language);
}


uint32_t
es_tag_likely_script(uint64_t language, uint32_t region)
{
    const char              *p, *end;
    const es_cldr_likely_t  *l;
    const es_cldr_script_t  *s;

    p = es_tag_record(es_cldr_scripts, es_cldr_scripts_n,
                      sizeof(es_cldr_script_t), language);
    end = es_cldr_scripts + es_cldr_scripts_n * sizeof(es_cldr_script_t);

    for ( /* void */ ; p && p < end; p += sizeof(es_cldr_script_t)) {
        s = (const es_cldr_script_t *) p;

        if (es_tag_pack(s->language, sizeof(s->language)) != language) {
            break;
        }

        if (es_tag_pack(s->region, sizeof(s->region)) == region) {
            return es_tag_pack(s->script, sizeof(s->script));
        }
    }

    l = likely(language);

    return l ? es_tag_pack(l->script, sizeof(l->script)) : 0;
}


uint32_t
es_tag_likely_region(uint64_t language, uint32_t script)
{
    const char              *p, *end;
    const es_cldr_likely_t  *l;
    const es_cldr_region_t  *r;

    p = es_tag_record(es_cldr_regions, es_cldr_regions_n,
                      sizeof(es_cldr_region_t), language);
    end = es_cldr_regions + es_cldr_regions_n * sizeof(es_cldr_region_t);

    for ( /* void */ ; p && p < end; p += sizeof(es_cldr_region_t)) {
        r = (const es_cldr_region_t *) p;

        if (es_tag_pack(r->language, sizeof(r->language)) != language) {
            break;
        }

        if (es_tag_pack(r->script, sizeof(r->script)) == script) {
            return es_tag_pack(r->region, sizeof(r->region));
        }
    }

    l = likely(language);

    return l ? es_tag_pack(l->region, sizeof(l->region)) : 0;
}
