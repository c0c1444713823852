/*
 * All keys of a family, such as "profile:", page by page and each of them once.
 * Redis may name a key twice while it is about its tables; so the hashes of
 * those that were seen are kept, eight bytes for each.
 */
#ifndef ES_CLI_SCAN_H
#define ES_CLI_SCAN_H

#include "cli.h"


typedef struct es_scan_s  es_scan_t;

es_scan_t *es_scan_begin(es_cli_t *cli, const char *family);

/*
 * The next page: how many keys, 0 at the end, -1 after saying what is wrong.
 * *keys are whole ones, good until the next call.
 */
int es_scan_next(es_scan_t *scan, const es_str_t **keys);

/* What stands behind the prefix and the family in a key that was found */
es_str_t es_scan_name(const es_scan_t *scan, es_str_t key);

void es_scan_end(es_scan_t *scan);

#endif
