#include "language_set.h"
#include "cldr.h"


/*
 * How far a language is from a range: the place of its region on the way from
 * the range's own to none, then what was cut off the range's end, then whether
 * one of the two says its script and the other does not.
 */
#define distance_step    (1u << 18)
#define distance_rest    0xffffu
#define distance_far     (1u << 24)     /* found by falling back */
#define distance_none    UINT32_MAX

#define not_known        (-2)

/* A range of an Accept-Language. */
typedef struct {
    es_tag_t               tag;
    bool                   any;         /* "*" */
    bool                   looked_up;   /* what is below is set */
    uint16_t               weight;      /* in thousandths */
    es_lang_range_t        site;
} range_t;

typedef struct {
    const es_languages_t  *languages;
    size_t                 n;
    bool                   refusals;    /* is any weight 0? */
    unsigned char          order[ES_LANGUAGE_RANGES];
    range_t                ranges[ES_LANGUAGE_RANGES];
} request_t;


static inline const es_lang_name_t *
find_name(const es_languages_t *l, uint64_t key)
{
    size_t                 i;
    const es_lang_name_t  *name;

    for (i = es_language_slot(l, key); /* void */ ; i++) {
        name = &l->names[i & l->names_mask];

        if (name->key == key) {
            return name;
        }

        if (name->key == 0) {
            return NULL;
        }
    }
}


static inline uint32_t
current_region(const es_languages_t *l, uint32_t region)
{
    if (region == 0 || region > 0xffff) {
        return region;
    }

    return l->regions[es_country_slot((char) (region >> 8), (char) region)];
}


static const es_lang_region_t *
find_region(const es_lang_regions_t *regions, uint32_t region)
{
    size_t                   low, high, middle;
    const es_lang_region_t  *found;

    for (low = 0, high = regions->n; low < high; ) {
        middle = (low + high) / 2;
        found = &regions->data[middle];

        if (found->region == region) {
            return found;
        }

        if (found->region < region) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return NULL;
}


static uint32_t
implied_script(const es_lang_t *language, uint32_t region)
{
    const es_lang_region_t  *found;

    found = region ? find_region(&language->scripts, region) : NULL;

    return found ? found->script : language->script;
}


static uint32_t
parent_region(const es_lang_t *language, uint32_t region, uint32_t script)
{
    const es_lang_region_t  *found;

    found = find_region(&language->parents, region);

    return found && found->script == script ? found->parent : 0;
}


/* The regions to try for a range: its own, those it inherits from, none. */
static void
set_regions(es_lang_range_t *r, uint32_t region)
{
    size_t  n;

    n = 0;

    while (region && n < ES_LANGUAGE_REGIONS - 1) {
        r->regions[n++] = region;
        region = parent_region(r->language, region, r->script);
    }

    r->regions[n++] = 0;
    r->regions_n = n;
}


static bool
is_known(const es_languages_t *l, const es_tag_t *t)
{
    return find_name(l, t->language)
           || (t->extlang && find_name(l, t->extlang));
}


/* What this site makes of a tag that it knows. */
static void
set_range(es_lang_range_t *r, const es_languages_t *l, const es_tag_t *t)
{
    uint32_t               region;
    const es_lang_name_t  *name, *prefix;

    name = find_name(l, t->language);
    prefix = NULL;
    region = current_region(l, t->region);
    r->script = t->script;

    if (t->extlang) {
        prefix = name;
        name = find_name(l, t->extlang);

        /* not the prefix's script: Cantonese of no country is Hant, not Hans */

        if (name == NULL) {
            name = prefix;

            if (r->script == 0) {
                r->script = es_tag_likely_script(t->extlang, region);
            }
        }
    }

    r->language = name->language;
    r->instead = name->instead;
    r->fallback = prefix ? prefix->language : name->language->fallback;

    if (r->script == 0) {
        r->script = name->script;
    }

    if (region == 0) {
        region = name->region;
    }

    r->has_script = r->script != 0;

    if (!r->has_script) {
        r->script = implied_script(r->language, region);
    }

    r->rest = t->rest;
    set_regions(r, region);
}


/*
 * Does cutting subtags off the end of b lead to a? A single character goes
 * together with what follows it: RFC 4647, section 3.4.
 */
static bool
is_cut_of(const es_str_t *a, const es_str_t *b)
{
    if (b->len < a->len
        || !es_str_case_eq(*a, (es_str_t) { a->len, b->data }))
    {
        return false;
    }

    return b->len == a->len
           || (b->data[a->len] == '-' && a->len > 1
               && a->data[a->len - 2] != '-');
}


static uint32_t
member_distance(const es_lang_range_t *r, const es_lang_member_t *m)
{
    size_t    i, cut;
    uint32_t  form;

    if (m->script != r->script && m->script != 0) {
        return distance_none;
    }

    form = m->has_script != r->has_script;
    cut = r->rest.len;

    if (m->rest.len) {
        if (m->region != r->regions[0] || !is_cut_of(&m->rest, &r->rest)) {
            return distance_none;
        }

        cut -= m->rest.len;
    }

    for (i = 0; i < r->regions_n; i++) {
        if (m->region == r->regions[i]) {
            cut = cut < distance_rest ? cut : distance_rest;
            return (uint32_t) i * distance_step | (uint32_t) cut << 1 | form;
        }
    }

    for (i = 0; i < r->regions_n; i++) {
        if (m->model_of && m->model_of == r->regions[i]) {
            return ES_LANGUAGE_REGIONS * distance_step | form;
        }
    }

    if (m->implied) {
        return (ES_LANGUAGE_REGIONS + 1) * distance_step | form;
    }

    return distance_none;
}


/* As above, also by way of the language to fall back on. */
static uint32_t
distance(const es_lang_range_t *r, const es_lang_member_t *m)
{
    uint32_t  d;

    if (r->language != m->language && r->fallback != m->language) {
        return distance_none;
    }

    d = member_distance(r, m);

    if (d == distance_none || (r->language == m->language && !r->instead)) {
        return d;
    }

    return d + distance_far;
}


/* "en;q=0, *" is no wish for en-GB, though a range "en" would not find it */
static bool
is_below(const es_lang_range_t *r, const es_lang_member_t *m)
{
    return r->language == m->language && !r->instead
           && r->script == m->script && r->rest.len == 0
           && (r->regions[0] == 0 || r->regions[0] == m->region);
}


static const es_lang_range_t *
look_up(const request_t *q, range_t *r)
{
    if (!r->looked_up) {
        set_range(&r->site, q->languages, &r->tag);
        r->looked_up = true;
    }

    return &r->site;
}


/* Of all ranges that know a language, the nearest says if it is refused. */
static bool
is_refused(request_t *q, const es_lang_member_t *m)
{
    size_t                  i;
    uint32_t                d, refused, wanted;
    const es_lang_range_t  *r;

    refused = distance_none;
    wanted = distance_none;

    for (i = 0; i < q->n; i++) {
        if (q->ranges[i].any) {
            continue;
        }

        r = look_up(q, &q->ranges[i]);
        d = distance(r, m);

        if (q->ranges[i].weight) {
            wanted = d < wanted ? d : wanted;

        } else {
            refused = d < refused ? d : refused;
        }
    }

    return refused != distance_none && refused <= wanted;
}


/* The languages refused, by their index. */
static uint64_t
refused_languages(request_t *q)
{
    size_t    i;
    uint64_t  refused;

    refused = 0;

    for (i = 0; i < q->languages->n; i++) {
        if (is_refused(q, q->languages->declared[i])) {
            refused |= (uint64_t) 1 << i;
        }
    }

    return refused;
}


static const es_lang_member_t *
nearest(const es_lang_range_t *r, const es_lang_t *language, uint64_t refused)
{
    size_t                   i;
    uint32_t                 d, least;
    const es_lang_member_t  *m, *found;

    least = distance_none;
    found = NULL;

    for (i = 0; language && i < language->n; i++) {
        m = &language->members[i];
        d = member_distance(r, m);

        if (d < least && (refused >> m->index & 1) == 0) {
            least = d;
            found = m;
        }
    }

    return found;
}


static int
best_for_range(const es_lang_range_t *r, uint64_t refused)
{
    const es_lang_member_t  *m;

    m = nearest(r, r->language, refused);

    if (m == NULL) {
        m = nearest(r, r->fallback, refused);
    }

    return m ? m->index : -1;
}


/* Does a range say something of a language, be it only that it is refused? */
static bool
is_named(const request_t *q, range_t *range, const es_lang_member_t *m)
{
    const es_lang_range_t  *r;

    if (range->any) {
        return range->weight == 0;
    }

    r = look_up(q, range);

    return distance(r, m) != distance_none
           || (range->weight == 0 && is_below(r, m));
}


/* For "*": the first language that no range names. */
static int
best_for_any(request_t *q)
{
    size_t                   i, k;
    const es_lang_member_t  *m;

    for (i = 0; i < q->languages->n; i++) {
        m = q->languages->declared[i];

        for (k = 0; k < q->n && !is_named(q, &q->ranges[k], m); k++) {
            /* void */
        }

        if (k == q->n) {
            return m->index;
        }
    }

    return -1;
}


static inline const char *
skip_spaces(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t')) {
        p++;
    }

    return p;
}


/*
 * Reads what may follow a range, RFC 9110, section 12.4.2: its weight. Returns
 * where the item ends; NULL if it is malformed.
 */
static const char *
read_weight(const char *p, const char *end, unsigned *weight)
{
    unsigned  value, unit;

    /* as browsers write it */

    if (end - p >= 6 && memcmp(p, ";q=0.", 5) == 0
        && p[5] >= '0' && p[5] <= '9' && (end - p == 6 || p[6] == ','))
    {
        *weight = (unsigned) (p[5] - '0') * 100;
        return p + 6;
    }

    *weight = 1000;
    p = skip_spaces(p, end);

    if (p == end || *p == ',') {
        return p;
    }

    if (*p++ != ';') {
        return NULL;
    }

    p = skip_spaces(p, end);

    if (end - p < 3 || es_lower(p[0]) != 'q' || p[1] != '='
        || (p[2] != '0' && p[2] != '1'))
    {
        return NULL;
    }

    value = p[2] == '1' ? 1000 : 0;
    p += 3;

    if (p < end && *p == '.') {
        p++;

        for (unit = 100; unit && p < end && *p >= '0' && *p <= '9'; p++) {
            value += (unsigned) (*p - '0') * unit;
            unit /= 10;
        }
    }

    p = skip_spaces(p, end);
    *weight = value;

    return value <= 1000 && (p == end || *p == ',') ? p : NULL;
}


/* Keeps the range just read in its place: by weight, the first come first. */
static void
keep_range(request_t *q, bool any, unsigned weight)
{
    size_t    i;
    range_t  *r;

    r = &q->ranges[q->n];
    r->any = any;
    r->looked_up = false;
    r->weight = (uint16_t) weight;

    q->refusals |= weight == 0;

    for (i = q->n; i > 0 && q->ranges[q->order[i - 1]].weight < weight; i--) {
        q->order[i] = q->order[i - 1];
    }

    q->order[i] = (unsigned char) q->n++;
}


static void
read_header(request_t *q, es_str_t header)
{
    bool         any;
    size_t       seen;
    unsigned     weight = 0;
    es_tag_t    *t;
    const char  *p, *end, *next;

    if (header.len == 0) {
        return;
    }

    p = header.data;
    end = p + header.len;

    for (seen = 0; seen < ES_LANGUAGE_RANGES; /* void */ ) {

        while (p < end && (*p == ',' || *p == ' ' || *p == '\t')) {
            p++;
        }

        t = &q->ranges[q->n].tag;
        any = p < end && *p == '*';
        next = any ? p + 1 : es_tag_parse(t, p, end);

        if (next) {
            next = read_weight(next, end, &weight);
        }

        if (next) {
            seen++;

            if (any || is_known(q->languages, t)) {
                keep_range(q, any, weight);
            }

        } else {
            next = p < end ? memchr(p, ',', (size_t) (end - p)) : NULL;
        }

        if (next == NULL || next == end) {
            return;
        }

        p = next;
    }
}


int
es_languages_accept(const es_languages_t *l, es_str_t header)
{
    int         found, any;
    size_t      i;
    range_t    *r;
    uint64_t    refused;
    request_t   q;

    q.languages = l;
    q.n = 0;
    q.refusals = false;

    read_header(&q, header);

    refused = q.refusals ? refused_languages(&q) : 0;
    any = not_known;

    for (i = 0; i < q.n; i++) {
        r = &q.ranges[q.order[i]];

        if (r->weight == 0) {
            break;
        }

        if (!r->any) {
            found = best_for_range(look_up(&q, r), refused);

        } else {
            any = any == not_known ? best_for_any(&q) : any;
            found = any;
        }

        if (found >= 0) {
            return found;
        }
    }

    return -1;
}


static const es_lang_member_t *
find_equal(const es_lang_range_t *r)
{
    size_t                   i;
    const es_lang_member_t  *m;

    for (i = 0; i < r->language->n; i++) {
        m = &r->language->members[i];

        if (m->region == r->regions[0] && m->has_script == r->has_script
            && m->script == r->script && es_str_case_eq(m->rest, r->rest))
        {
            return m;
        }
    }

    return NULL;
}


int
es_languages_find(const es_languages_t *l, es_str_t tag)
{
    es_lang_range_t          r;
    es_tag_t                 t;
    const char              *end;
    const es_lang_name_t    *name;
    const es_lang_member_t  *m;

    if (tag.len == 0) {
        return -1;
    }

    end = tag.data + tag.len;

    if (es_tag_parse(&t, tag.data, end) != end) {
        return -1;
    }

    name = find_name(l, t.extlang ? t.extlang : t.language);

    if (name == NULL || name->instead) {
        return -1;
    }

    set_range(&r, l, &t);
    m = find_equal(&r);

    return m ? m->index : -1;
}


int
es_languages_country(const es_languages_t *l, const char country[2])
{
    int  slot;

    slot = es_country_slot(country[0], country[1]);

    return slot < 0 ? -1 : l->country[slot];
}


size_t
es_languages_count(const es_languages_t *l)
{
    return l->n;
}


es_str_t
es_languages_tag(const es_languages_t *l, size_t i)
{
    return l->declared[i]->tag;
}


const char *
es_continent(const char country[2])
{
    int          slot;
    size_t       i;
    const char  *p;

    static const char  continents[][3] = {
        "AF", "AN", "AS", "EU", "NA", "OC", "SA"
    };

    slot = es_country_slot(country[0], country[1]);

    if (slot < 0) {
        return NULL;
    }

    p = es_cldr_continents + 2 * slot;

    for (i = 0; i < sizeof(continents) / sizeof(continents[0]); i++) {
        if (memcmp(p, continents[i], 2) == 0) {
            return continents[i];
        }
    }

    return NULL;
}


/*
 * Who is asked for a language by country has said nothing of its region: where
 * lookup finds none, any other of the same language and script will do.
 */
int
es_language_spoken(const es_lang_t *language, uint32_t script,
    uint32_t country)
{
    size_t                   i;
    es_lang_range_t          r;
    const es_lang_member_t  *m;

    memset(&r, 0, sizeof(es_lang_range_t));
    r.language = language;
    r.script = script;
    set_regions(&r, country);

    m = nearest(&r, language, 0);

    for (i = 0; m == NULL && i < language->n; i++) {
        if (language->members[i].script == script) {
            m = &language->members[i];
        }
    }

    return m ? m->index : -1;
}
