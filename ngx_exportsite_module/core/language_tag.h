/*
 * A language tag taken apart, and what CLDR knows of its parts.
 *
 * A subtag is a number here: its bytes in lower case, the last one lowest, so
 * that "de" is 0x6465; 0 is a subtag that is not there.
 */
#ifndef ES_LANGUAGE_TAG_H
#define ES_LANGUAGE_TAG_H

#include "es.h"


typedef struct {
    uint64_t  language;
    uint32_t  extlang;      /* "yue" of zh-yue */
    uint32_t  script;
    uint32_t  region;
    es_str_t  text;         /* all of it */
    es_str_t  rest;         /* what follows the parts above, without the "-" */
} es_tag_t;

/* What a language is called today; script and region if its name implies one */
typedef struct {
    uint64_t  language;
    uint32_t  script;
    uint32_t  region;
} es_tag_alias_t;


/*
 * Reads a basic language range (RFC 4647, section 2.1) other than "*" as far
 * as it goes and returns where it ends, NULL if there is none at p. t points
 * into the text. A grandfathered tag (RFC 5646, section 2.2.8) is replaced by
 * its modern form.
 */
const char *es_tag_parse(es_tag_t *t, const char *p, const char *end);

/*
 * Writes a tag of that many bytes as RFC 5646, section 2.1.1 recommends: "de",
 * "zh-Hans", "pt-BR". What it means is the same in any case.
 */
void es_tag_write(char *out, es_str_t tag);

/* Is a tag that was read one that RFC 5646 calls well-formed? */
bool es_tag_well_formed(const es_tag_t *t);

/* The number of a subtag that a CLDR table pads with spaces. */
uint32_t es_tag_pack(const char *field, size_t len);

/*
 * The record of a CLDR table that is the first of a language, NULL if it has
 * none. len is a record's length; its first three bytes are the language.
 */
const char *es_tag_record(const char *table, size_t n, size_t len,
    uint64_t language);

es_tag_alias_t es_tag_alias(uint64_t language);
uint32_t es_tag_region(uint32_t region);
uint64_t es_tag_fallback(uint64_t language);

/* The script and region that CLDR's likely subtags imply; 0: unknown. */
uint32_t es_tag_likely_script(uint64_t language, uint32_t region);
uint32_t es_tag_likely_region(uint64_t language, uint32_t script);

#endif
