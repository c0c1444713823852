/* A query string's parameters, as application/x-www-form-urlencoded. */
#ifndef ES_QUERY_H
#define ES_QUERY_H

#include "es.h"


/*
 * The decoded value of the first parameter of this name in a query string (what
 * follows "?"); false if there is none, or its value decoded is longer than
 * size. Parameters stand between "&"; one without "=" has an empty value. In
 * names and values "+" is a blank and "%41" a byte; a "%" without two hex
 * digits is itself. The value lies in buf (of size bytes), or in args where
 * nothing was to be decoded. It may hold any byte: ask es_text_safe() first.
 */
bool es_query_find(es_str_t args, es_str_t name, char *buf, size_t size,
    es_str_t *value);

#endif
