/* What the verbs of slots share. */
#ifndef ES_CLI_SLOT_H
#define ES_CLI_SLOT_H

#include "cli.h"


#define ES_SLOT_MAX  (1024 * 1024)     /* bytes of a content */

int es_slot_list(es_cli_t *cli, const es_args_t *args);

#endif
