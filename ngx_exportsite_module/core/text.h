/*
 * Foreign text: what a visitor, a profile or a database says. es_text_safe() is
 * the one question everything of that kind is asked before it may become a
 * variable and so part of a path, a header, a key or a log line.
 */
#ifndef ES_TEXT_H
#define ES_TEXT_H

#include "es.h"


/*
 * True for text that is valid UTF-8, has no control character (below 0x20, and
 * 0x7f), and is harmless in a path: no segment between "/" or "\" is "..".
 * The empty text is safe.
 */
bool es_text_safe(es_str_t s);

/*
 * The length of the UTF-8 sequence at p, of which left bytes are there (at
 * least one); 0 if it is not a valid one (RFC 3629, section 4: shortest form,
 * no surrogates, nothing above U+10FFFF).
 */
size_t es_utf8_length(const char *p, size_t left);

/*
 * How much of s to keep where only max bytes fit, without cutting a UTF-8
 * sequence in two.
 */
size_t es_text_cut(es_str_t s, size_t max);

/* A segment's, slot's, experiment's or choice's name: [a-z][a-z0-9_-]{0,63} */
bool es_name_valid(es_str_t name);

/* An industry's tag: [a-z0-9-]{1,32} */
bool es_tag_valid(es_str_t tag);

#endif
