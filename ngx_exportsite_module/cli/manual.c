/* The verb that prints the manual in other forms. */
#include "manual.h"


int
es_manual(es_cli_t *cli, const es_args_t *args)
{
    if (strcmp(args->argv[0], "man") == 0) {
        es_manual_page(stdout);

    } else if (strcmp(args->argv[0], "bash") == 0) {
        es_manual_bash(stdout);

    } else {
        return es_misuse("manual", "there is \"man\" and \"bash\", not \"%s\"",
                         es_shown(es_text(args->argv[0])));
    }

    return ES_EXIT_GOOD;
}
