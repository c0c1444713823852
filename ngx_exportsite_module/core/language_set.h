/*
 * What language_set.c makes of the site's languages and language.c asks.
 */
#ifndef ES_LANGUAGE_SET_H
#define ES_LANGUAGE_SET_H

#include "language.h"
#include "language_tag.h"


#define ES_LANGUAGE_COUNTRIES  (26 * 26)
#define ES_LANGUAGE_REGIONS    6    /* a region, its parents, and none */

/* What CLDR says of a language in a region. */
typedef struct {
    uint32_t               region;
    uint32_t               script;
    uint32_t               parent;
} es_lang_region_t;

/* Sorted by region. */
typedef struct {
    size_t                 n;
    es_lang_region_t      *data;
} es_lang_regions_t;

typedef struct es_lang_s  es_lang_t;

/* One of the site's languages. */
typedef struct {
    const es_lang_t       *language;
    uint32_t               script;      /* said or implied; 0: unknown */
    uint32_t               region;
    uint32_t               model_of;    /* the regions it stands for */
    bool                   has_script;
    bool                   implied;     /* by its language and script alone */
    es_str_t               rest;
    es_str_t               tag;
    int                    index;
} es_lang_member_t;

/* What the site has in one language, whatever the script and region. */
struct es_lang_s {
    uint64_t               name;
    uint32_t               script;
    const es_lang_member_t *members;
    size_t                 n;
    es_lang_regions_t      scripts;     /* where it has another script */
    es_lang_regions_t      parents;     /* where it inherits */
    const es_lang_t       *fallback;
};

/* A name that a range may give one of the languages. */
typedef struct {
    uint64_t               key;         /* 0: free */
    const es_lang_t       *language;
    uint32_t               script;
    uint32_t               region;
    bool                   instead;     /* the name of one it replaces */
} es_lang_name_t;

struct es_languages_s {
    size_t                 n;
    es_lang_member_t      *members;     /* by language, then as declared */
    const es_lang_member_t **declared;
    es_lang_t             *languages;
    size_t                 languages_n;
    es_lang_name_t        *names;       /* a hash with open addressing */
    size_t                 names_mask;
    uint16_t               regions[ES_LANGUAGE_COUNTRIES];  /* today's code */
    signed char            country[ES_LANGUAGE_COUNTRIES];
};

/* A tag, and what this site makes of it. */
typedef struct {
    const es_lang_t       *language;
    const es_lang_t       *fallback;
    bool                   instead;     /* it names one that is not here */
    uint32_t               script;
    bool                   has_script;
    uint32_t               regions[ES_LANGUAGE_REGIONS];
    size_t                 regions_n;
    es_str_t               rest;
} es_lang_range_t;


static inline size_t
es_language_slot(const es_languages_t *l, uint64_t key)
{
    return (size_t) ((key * 0x9e3779b97f4a7c15) >> 40) & l->names_mask;
}


static inline int
es_country_slot(char a, char b)
{
    unsigned  i, j;

    i = (unsigned) (unsigned char) es_lower(a) - 'a';
    j = (unsigned) (unsigned char) es_lower(b) - 'a';

    return i < 26 && j < 26 ? (int) (i * 26 + j) : -1;
}


/*
 * The nearest of the site's languages for who speaks a language in a country;
 * -1 if the site has none in that script.
 */
int es_language_spoken(const es_lang_t *language, uint32_t script,
    uint32_t country);

#endif
