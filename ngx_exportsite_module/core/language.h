/*
 * The languages a site has, and which of them a visitor wants.
 *
 * How tags are compared is told for operators in docs/languages.md. Everything
 * that takes time is done by es_languages_create(); the questions allocate
 * nothing, and any number of threads may ask them at once.
 */
#ifndef ES_LANGUAGE_H
#define ES_LANGUAGE_H

#include "es.h"


#define ES_LANGUAGES_MAX      64    /* languages of a site */
#define ES_LANGUAGE_RANGES    64    /* ranges of an Accept-Language looked at */

typedef struct es_languages_s  es_languages_t;


/*
 * The site's languages from BCP 47 tags (RFC 5646) in any case; the first is
 * the site's default. The tags are copied. Everything lives as long as pool.
 *
 * NULL with *err, a static text, and *bad, the index of the tag it is about,
 * if a tag is malformed, two are the same language ("iw" and "he"), there are
 * more than ES_LANGUAGES_MAX or pool gives no memory.
 */
es_languages_t *es_languages_create(const es_str_t *tags, size_t n,
    es_pool_t *pool, const char **err, size_t *bad);

size_t es_languages_count(const es_languages_t *l);

/* The tag as it was declared; i is below es_languages_count(). */
es_str_t es_languages_tag(const es_languages_t *l, size_t i);

/*
 * The index of the language that the value of an Accept-Language asks for, -1
 * if none fits. RFC 4647 lookup (section 3.4) over the ranges of RFC 9110,
 * section 12.5.4, with CLDR's likely subtags and parent locales. A malformed
 * item counts as absent, and so does all after ES_LANGUAGE_RANGES well-formed
 * ones. header may hold any bytes; the time taken is linear in its length.
 */
int es_languages_accept(const es_languages_t *l, es_str_t header);

/*
 * The index of the language that is called tag, in any case and also by an
 * older name ("iw" for "he", "nb" for "no"); -1 if the site does not have it.
 * Nothing is guessed: "de" does not find "de-AT".
 */
int es_languages_find(const es_languages_t *l, es_str_t tag);

/*
 * The index of the first language of a country (ISO 3166 alpha-2, any case)
 * that the site has; -1 if it has none, or the country is unknown. The order
 * is CLDR's: official languages first, then by population.
 */
int es_languages_country(const es_languages_t *l, const char country[2]);

/*
 * The continent of a country by CLDR's territory containment: AF, AN, AS, EU,
 * NA, OC or SA, terminated; NULL if the country is unknown.
 */
const char *es_continent(const char country[2]);

#endif
