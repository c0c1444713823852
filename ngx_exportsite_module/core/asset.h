/* Which paths cannot be a page: those of style sheets, pictures, downloads. */
#ifndef ES_ASSET_H
#define ES_ASSET_H

#include "es.h"


/*
 * Does the path's last segment end in an extension of files that are never
 * HTML? Case does not matter. Looks at no more than the last dozen bytes. A
 * guess from the name only: to be used where a wrong answer costs little.
 */
bool es_path_is_asset(es_str_t path);

/*
 * Of those, is it one that people read as they read a page, and that search
 * engines list: a PDF, a text document, a table, slides?
 */
bool es_path_is_document(es_str_t path);

#endif
