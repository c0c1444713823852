/* What --help says: all of it stands in the verbs' own tables. */
#include "cli.h"


static void
es_help_option(FILE *out, const es_option_t *option)
{
    int  width;

    width = fprintf(out, "  --%s%s%s", option->name, option->value ? " " : "",
                    option->value ? option->value : "");

    fprintf(out, "%*s%s\n", width < 26 ? 26 - width : 1, "", option->help);
}


static void
es_help_options(FILE *out, const char *title, const es_option_t *options)
{
    fprintf(out, "\n%s\n", title);

    for ( /* void */ ; options->name != NULL; options++) {
        es_help_option(out, options);
    }
}


static void
es_help_verb(FILE *out, const es_verb_t *verb)
{
    const char  *line, *end;

    fprintf(out, "exportsite %s%s%s%s\n\n%s.\n", verb->name,
            verb->arguments[0] ? " " : "", verb->arguments,
            verb->options ? " [OPTION...]" : "", verb->summary);

    if (verb->text[0] != '\0') {
        fprintf(out, "\n%s\n", verb->text);
    }

    if (verb->options != NULL) {
        es_help_options(out, "Options:", verb->options);
    }

    fprintf(out, "\nExample:\n");

    for (line = verb->example; *line != '\0'; line = end + (*end == '\n')) {
        end = line + strcspn(line, "\n");
        fprintf(out, "  %.*s\n", (int) (end - line), line);
    }
}


static void
es_help_line(FILE *out, const es_verb_t *verb)
{
    int  width;

    width = fprintf(out, "  %s %s", verb->name, verb->arguments);
    fprintf(out, "%*s%s\n", width < 38 ? 38 - width : 1, "", verb->summary);
}


/* Is it of the group "segment"? */
static bool
es_help_group(const es_verb_t *verb, const char *group)
{
    size_t  len = strlen(group);

    return strncmp(verb->name, group, len) == 0 && verb->name[len] == ' ';
}


bool
es_help(FILE *out, const char *name)
{
    size_t            i;
    bool              found;
    const es_verb_t  *verb;

    for (i = 0, found = false; es_verbs[i] != NULL; i++) {
        for (verb = es_verbs[i]; verb->name != NULL; verb++) {
            if (name != NULL && strcmp(verb->name, name) == 0) {
                es_help_verb(out, verb);
                return true;
            }

            if (name == NULL || es_help_group(verb, name)) {
                if (!found) {
                    fprintf(out, "exportsite VERB [ARGUMENT...] [OPTION...]"
                            "\n\n");
                    found = true;
                }

                es_help_line(out, verb);
            }
        }
    }

    if (name == NULL) {
        es_help_options(out, "Options of all verbs:", es_common_options);
    }

    if (found) {
        fprintf(out, "\nexportsite VERB --help tells more, and shows an "
                "example. Exit codes: 0, 1 (it failed, or\na check did), 2 "
                "(used wrongly).\n");
    }

    return found;
}
