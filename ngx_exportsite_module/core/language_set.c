#include "language_set.h"
#include "cldr.h"


/* What a declared tag says, all but the language it belongs to. */
typedef struct {
    uint64_t  language;
    es_lang_member_t  member;
} declared_t;

static const char *
read_declared(declared_t *d, es_str_t tag)
{
    size_t                  i;
    es_lang_member_t       *m;
    es_tag_t                t;
    const char             *end;
    es_tag_alias_t          alias;
    const es_cldr_model_t  *model;

    end = tag.data + tag.len;

    if (tag.len == 0 || es_tag_parse(&t, tag.data, end) != end
        || !es_tag_well_formed(&t))
    {
        return "not a language tag of BCP 47, like \"de\" or \"zh-Hant-HK\"";
    }

    alias = es_tag_alias(t.extlang ? t.extlang : t.language);
    d->language = alias.language;

    m = &d->member;
    memset(m, 0, sizeof(es_lang_member_t));

    m->tag = tag;
    m->rest = t.rest;
    m->region = t.region ? es_tag_region(t.region) : alias.region;
    m->script = t.script ? t.script : alias.script;
    m->has_script = m->script != 0;

    if (!m->has_script) {
        m->script = es_tag_likely_script(d->language, m->region);
    }

    m->implied = m->rest.len == 0 && m->region
                 && m->region == es_tag_likely_region(d->language, m->script);

    model = (const es_cldr_model_t *) es_cldr_models;

    for (i = 0; i < es_cldr_models_n && m->rest.len == 0; i++) {
        if (es_tag_pack(model[i].language, 3) == d->language
            && es_tag_pack(model[i].region, 3) == m->region)
        {
            m->model_of = es_tag_pack(model[i].group, 3);
        }
    }

    return NULL;
}


static bool
is_same(const declared_t *a, const declared_t *b)
{
    return a->language == b->language
           && a->member.script == b->member.script
           && a->member.has_script == b->member.has_script
           && a->member.region == b->member.region
           && es_str_case_eq(a->member.rest, b->member.rest);
}


static const char *
read_all_declared(declared_t *declared, const es_str_t *tags, size_t n,
    es_pool_t *pool, size_t *bad)
{
    char        *copy;
    size_t       i, k;
    const char  *err;

    for (i = 0; i < n; i++) {
        *bad = i;
        copy = es_alloc(pool, tags[i].len + 1);

        if (copy == NULL) {
            return "no memory";
        }

        if (tags[i].len) {
            memcpy(copy, tags[i].data, tags[i].len);
        }

        err = read_declared(&declared[i], (es_str_t) { tags[i].len, copy });

        if (err) {
            return err;
        }

        for (k = 0; k < i; k++) {
            if (is_same(&declared[k], &declared[i])) {
                return "the same language as one before";
            }
        }

        declared[i].member.index = (int) i;
    }

    return NULL;
}


/*
 * Takes a language's records from a table of CLDR's, sorted by region. They all
 * begin with language, region and script; those of parents have one more.
 */
static bool
take_regions(es_lang_regions_t *regions, uint64_t language, const char *table,
    size_t n, size_t len, es_pool_t *pool)
{
    size_t            k;
    const char       *p, *end;
    es_lang_region_t  one, *data;

    p = es_tag_record(table, n, len, language);

    for (end = p; end && end < table + n * len; end += len) {
        if (es_tag_pack(end, 3) != language) {
            break;
        }
    }

    n = p ? (size_t) (end - p) / len : 0;
    data = n ? es_alloc(pool, n * sizeof(es_lang_region_t)) : NULL;

    if (n && data == NULL) {
        return false;
    }

    regions->data = data;
    regions->n = n;

    for (n = 0; n < regions->n; n++, p += len) {
        one.region = es_tag_pack(p + 3, 3);
        one.script = es_tag_pack(p + 6, 4);
        one.parent = len > 10 ? es_tag_pack(p + 10, 3) : 0;

        for (k = n; k > 0 && data[k - 1].region > one.region; k--) {
            data[k] = data[k - 1];
        }

        data[k] = one;
    }

    return true;
}


static es_lang_t *
language_named(const es_languages_t *l, uint64_t name)
{
    size_t  i;

    for (i = 0; i < l->languages_n; i++) {
        if (l->languages[i].name == name) {
            return &l->languages[i];
        }
    }

    return NULL;
}


/* What CLDR says of a language, as far as the site's tags can make use of it */
static bool
add_regions(es_lang_t *language, es_pool_t *pool)
{
    size_t  i;

    if (!take_regions(&language->scripts, language->name, es_cldr_scripts,
                      es_cldr_scripts_n, sizeof(es_cldr_script_t), pool))
    {
        return false;
    }

    for (i = 0; i < language->n; i++) {
        if (language->members[i].region) {
            return take_regions(&language->parents, language->name,
                                es_cldr_parents, es_cldr_parents_n,
                                sizeof(es_cldr_parent_t), pool);
        }
    }

    return true;
}


/* Puts the declared in order, those of one language next to each other. */
static bool
add_languages(es_languages_t *l, const declared_t *declared, es_pool_t *pool)
{
    size_t             i, k;
    es_lang_member_t  *m;
    es_lang_t         *language;

    m = l->members;

    for (i = 0; i < l->n; i++) {
        if (language_named(l, declared[i].language)) {
            continue;
        }

        language = &l->languages[l->languages_n++];
        memset(language, 0, sizeof(es_lang_t));

        language->name = declared[i].language;
        language->script = es_tag_likely_script(language->name, 0);
        language->members = m;

        for (k = i; k < l->n; k++) {
            if (declared[k].language == language->name) {
                *m = declared[k].member;
                m->language = language;
                l->declared[k] = m++;
                language->n++;
            }
        }

        if (!add_regions(language, pool)) {
            return false;
        }
    }

    for (i = 0; i < l->languages_n; i++) {
        language = &l->languages[i];
        language->fallback = language_named(l, es_tag_fallback(language->name));
    }

    return true;
}


/* Adds a name for a language or for one that it replaces, if there is such. */
static size_t
add_name(es_languages_t *l, uint64_t key, const es_tag_alias_t *alias)
{
    size_t            i;
    const es_lang_t  *language;
    bool              instead;

    language = language_named(l, alias->language);
    instead = language == NULL;

    if (instead) {
        language = language_named(l, es_tag_fallback(alias->language));

        if (language == NULL) {
            return 0;
        }
    }

    if (l->names) {
        i = es_language_slot(l, key);

        while (l->names[i].key) {
            i = (i + 1) & l->names_mask;
        }

        l->names[i] = (es_lang_name_t) { key, language, alias->script,
                                         alias->region, instead };
    }

    return 1;
}


/* All names of the site's languages; without a table, only their number. */
static size_t
add_all_names(es_languages_t *l)
{
    size_t                     i, n;
    uint64_t                   key;
    es_tag_alias_t             alias;
    const es_cldr_alias_t     *a;
    const es_cldr_fallback_t  *f;

    n = 0;

    for (i = 0; i < l->languages_n; i++) {
        alias = (es_tag_alias_t) { l->languages[i].name, 0, 0 };
        n += add_name(l, alias.language, &alias);
    }

    a = (const es_cldr_alias_t *) es_cldr_aliases;

    for (i = 0; i < es_cldr_aliases_n; i++) {
        alias.language = es_tag_pack(a[i].language, 3);
        alias.script = es_tag_pack(a[i].script, 4);
        alias.region = es_tag_pack(a[i].region, 3);
        n += add_name(l, es_tag_pack(a[i].alias, 3), &alias);
    }

    f = (const es_cldr_fallback_t *) es_cldr_fallbacks;

    for (i = 0; i < es_cldr_fallbacks_n; i++) {
        key = es_tag_pack(f[i].language, 3);

        if (language_named(l, key) == NULL) {
            alias = (es_tag_alias_t) { key, 0, 0 };
            n += add_name(l, key, &alias);
        }
    }

    return n;
}


static bool
make_names(es_languages_t *l, es_pool_t *pool)
{
    size_t  n, size;

    l->names = NULL;
    n = add_all_names(l);

    for (size = 4; size < 2 * n; size *= 2) {
        /* void */
    }

    l->names = es_alloc(pool, size * sizeof(es_lang_name_t));

    if (l->names == NULL) {
        return false;
    }

    memset(l->names, 0, size * sizeof(es_lang_name_t));
    l->names_mask = size - 1;
    (void) add_all_names(l);

    return true;
}


static void
make_regions(es_languages_t *l)
{
    size_t                         i;
    const es_cldr_region_alias_t  *a;

    for (i = 0; i < ES_LANGUAGE_COUNTRIES; i++) {
        l->regions[i] = (uint16_t) (('a' + i / 26) << 8 | ('a' + i % 26));
    }

    a = (const es_cldr_region_alias_t *) es_cldr_region_aliases;

    for (i = 0; i < es_cldr_region_aliases_n; i++) {
        l->regions[es_country_slot(a[i].alias[0], a[i].alias[1])] =
            (uint16_t) es_tag_pack(a[i].region, 3);
    }
}


static void
make_countries(es_languages_t *l)
{
    int                      slot;
    size_t                   i;
    const es_lang_t         *language;
    const es_cldr_spoken_t  *s;

    memset(l->country, -1, sizeof(l->country));
    s = (const es_cldr_spoken_t *) es_cldr_spoken;

    for (i = 0; i < es_cldr_spoken_n; i++) {
        slot = es_country_slot(s[i].country[0], s[i].country[1]);

        if (l->country[slot] >= 0) {
            continue;
        }

        language = language_named(l, es_tag_pack(s[i].language, 3));

        if (language) {
            l->country[slot] = (signed char) es_language_spoken(language,
                                                 es_tag_pack(s[i].script, 4),
                                                 es_tag_pack(s[i].country, 2));
        }
    }
}


es_languages_t *
es_languages_create(const es_str_t *tags, size_t n, es_pool_t *pool,
    const char **err, size_t *bad)
{
    declared_t       declared[ES_LANGUAGES_MAX];
    es_languages_t  *l;

    if (n > ES_LANGUAGES_MAX) {
        *err = "more than 64 languages";
        *bad = ES_LANGUAGES_MAX;
        return NULL;
    }

    *err = read_all_declared(declared, tags, n, pool, bad);

    if (*err) {
        return NULL;
    }

    *err = "no memory";
    *bad = 0;

    l = es_alloc(pool, sizeof(es_languages_t));

    if (l == NULL) {
        return NULL;
    }

    l->n = n;
    l->languages_n = 0;
    l->members = es_alloc(pool, (n + 1) * sizeof(es_lang_member_t));
    l->declared = es_alloc(pool, (n + 1) * sizeof(es_lang_member_t *));
    l->languages = es_alloc(pool, (n + 1) * sizeof(es_lang_t));

    if (l->members == NULL || l->declared == NULL || l->languages == NULL
        || !add_languages(l, declared, pool) || !make_names(l, pool))
    {
        return NULL;
    }

    make_regions(l);
    make_countries(l);
    *err = NULL;

    return l;
}
