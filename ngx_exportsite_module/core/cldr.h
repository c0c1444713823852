/*
 * What language.c needs of Unicode's CLDR. cldr.c is made by scripts/make-cldr.
 *
 * A table is one string of records without anything between them, sorted by
 * their first field; the structures name a record's fields, all of them padded
 * with spaces and none terminated. An empty field says nothing.
 */
#ifndef ES_CLDR_H
#define ES_CLDR_H

#include <stddef.h>


/* Likely subtags: what a language alone means, de: Latn, DE. */
typedef struct {
    char  language[3];
    char  script[4];
    char  region[3];
} es_cldr_likely_t;

/* The script of a language in a region that has another, zh TW: Hant. */
typedef struct {
    char  language[3];
    char  region[3];
    char  script[4];
} es_cldr_script_t;

/* The likely region of a language in another script, zh Hant: TW. */
typedef struct {
    char  language[3];
    char  script[4];
    char  region[3];
} es_cldr_region_t;

/* What a language is called today, iw: he, and sh: sr Latn. */
typedef struct {
    char  alias[3];
    char  language[3];
    char  script[4];
    char  region[3];
} es_cldr_alias_t;

typedef struct {
    char  alias[3];
    char  region[3];
} es_cldr_region_alias_t;

/* Where a locale inherits from before its language, en AU Latn: 001. */
typedef struct {
    char  language[3];
    char  region[3];
    char  script[4];
    char  parent[3];
} es_cldr_parent_t;

/* The language to read for one that is missing, nn: no. */
typedef struct {
    char  language[3];
    char  instead[3];
} es_cldr_fallback_t;

/* The region whose text stands for a whole group of regions, en GB: 001. */
typedef struct {
    char  language[3];
    char  region[3];
    char  group[3];
} es_cldr_model_t;

/*
 * The languages of a country, next to each other and in order: official ones,
 * those official in a part of it, all others; each by population.
 */
typedef struct {
    char  country[2];
    char  language[3];
    char  script[4];
} es_cldr_spoken_t;

/* Whole tags from before RFC 4646, in lower case, i-klingon: tlh. */
typedef struct {
    const char  *tag;
    const char  *instead;
} es_cldr_whole_t;


extern const char  es_cldr_likely[];
extern const char  es_cldr_scripts[];
extern const char  es_cldr_regions[];
extern const char  es_cldr_aliases[];
extern const char  es_cldr_region_aliases[];
extern const char  es_cldr_parents[];
extern const char  es_cldr_fallbacks[];
extern const char  es_cldr_models[];
extern const char  es_cldr_spoken[];

extern const size_t  es_cldr_likely_n;
extern const size_t  es_cldr_scripts_n;
extern const size_t  es_cldr_regions_n;
extern const size_t  es_cldr_aliases_n;
extern const size_t  es_cldr_region_aliases_n;
extern const size_t  es_cldr_parents_n;
extern const size_t  es_cldr_fallbacks_n;
extern const size_t  es_cldr_models_n;
extern const size_t  es_cldr_spoken_n;

extern const es_cldr_whole_t  es_cldr_grandfathered[];
extern const size_t           es_cldr_grandfathered_n;

/* Two letters for each of the 26 times 26 countries from AA to ZZ. */
extern const char  es_cldr_continents[];

#endif
