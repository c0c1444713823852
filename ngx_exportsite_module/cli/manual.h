/* The manual page and bash's completion, made of the verbs' own tables */
#ifndef ES_MANUAL_H
#define ES_MANUAL_H

#include "cli.h"


/* The verb "manual": prints one of them. */
int es_manual(es_cli_t *cli, const es_args_t *args);


/* -- manual_page.c */

void es_manual_page(FILE *out);


/* -- manual_bash.c */

void es_manual_bash(FILE *out);

#endif
