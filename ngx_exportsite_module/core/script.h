/*
 * The browser script, script/exportsite.js made small. script.c is made of it
 * by scripts/make-script.
 */
#ifndef ES_SCRIPT_H
#define ES_SCRIPT_H

#include <stddef.h>


/*
 * An expression of JavaScript, in ASCII: a function that is yet to be called
 * with two strings,
 *
 *     (COOKIE, OPTOUT)
 *
 * the name of the cookie that holds the consent, or "" if none does, and the
 * browser signals that are heeded, some of "gpc dnt". es_script_len is its
 * length; it is terminated all the same.
 */
extern const char    es_script[];
extern const size_t  es_script_len;

#endif
