/* The verbs of settings, whose table is in topic.c. */
#ifndef ES_CLI_SETTING_H
#define ES_CLI_SETTING_H

#include "cli.h"


int es_setting_list_verb(es_cli_t *cli, const es_args_t *args);
int es_setting_set_verb(es_cli_t *cli, const es_args_t *args);

#endif
