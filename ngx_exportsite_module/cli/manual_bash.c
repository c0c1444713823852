/*
 * The completion for bash: verbs, options, and files where one is wanted. It
 * asks nobody, Redis least of all.
 */
#include "manual.h"


#define ES_BASH_COLUMNS  76

/* A list of words between quotes, over as many lines as it takes */
typedef struct {
    FILE    *out;
    size_t   column;                   /* 0: nothing is written yet */
} es_bash_list_t;


/*
 * The beginning: what is said before the cursor, in words without options and
 * their values, goes to $said.
 */
static const char  es_bash_head[] =
    "    cur=${COMP_WORDS[COMP_CWORD]}\n"
    "    prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "\n"
    "    if [[ $cur == = ]]; then\n"
    "        cur=''\n"
    "    elif [[ $prev == = ]]; then\n"
    "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if [[ \" $valued \" == *\" $word \"* ]]; then\n"
    "            [[ ${COMP_WORDS[i + 1]} != = ]] || ((i++))\n"
    "            ((i++))\n"
    "        elif [[ $word != -* && $word != = ]]; then\n"
    "            said+=\" $word\"\n"
    "        fi\n"
    "    done\n"
    "\n"
    "    case \"$said \" in\n";

static const char  es_bash_foot[] =
    "    esac\n"
    "\n"
    "    if [[ \" $paths \" == *\" $prev \"* ]]; then\n"
    "        files=1\n"
    "    elif [[ \" $valued \" == *\" $prev \"* ]]; then\n"
    "        words='' files=''\n"
    "    elif [[ $cur == -* ]]; then\n"
    "        words=$options files=''\n"
    "    fi\n"
    "\n"
    "    if [[ -n $files ]]; then\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
    "    else\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
    "    fi\n"
    "}\n"
    "complete -F _exportsite exportsite\n";


static void
es_bash_begin(es_bash_list_t *list, FILE *out, const char *before)
{
    list->out = out;
    list->column = (size_t) fprintf(out, "        %s", before);
}


static void
es_bash_put(es_bash_list_t *list, const char *dashes, es_str_t word)
{
    size_t  len = 1 + strlen(dashes) + word.len;

    if (list->column + len > ES_BASH_COLUMNS) {
        fprintf(list->out, " \\\n           ");
        list->column = 11;
    }

    fprintf(list->out, " %s%.*s", dashes, (int) word.len, word.data);
    list->column += len;
}


static void
es_bash_end(es_bash_list_t *list)
{
    fputs("\"\n", list->out);
}


/* Is a file wanted where this word stands for it? */
static bool
es_bash_file(const char *word)
{
    return word != NULL
           && (strstr(word, "FILE") != NULL || strstr(word, "LOG") != NULL
               || strstr(word, "PROGRAM") != NULL
               || strstr(word, "DIR") != NULL);
}


/* Was an option of this name in a list before that of this verb? */
static bool
es_bash_known(const char *name, const es_verb_t *until)
{
    size_t              i;
    const es_verb_t    *verb;
    const es_option_t  *option;

    for (i = 0; es_verbs[i] != NULL; i++) {
        for (verb = es_verbs[i]; verb->name != NULL; verb++) {
            if (verb == until) {
                return false;
            }

            for (option = verb->options;
                 option != NULL && option->name != NULL;
                 option++)
            {
                if (strcmp(option->name, name) == 0) {
                    return true;
                }
            }
        }
    }

    return false;
}


/* Options that take a value, or only those that take a file. */
static void
es_bash_valued(es_bash_list_t *list, const es_option_t *option, bool file,
    const es_verb_t *verb)
{
    for ( /* void */ ; option != NULL && option->name != NULL; option++) {
        if (option->value != NULL && (!file || es_bash_file(option->value))
            && (verb == NULL || !es_bash_known(option->name, verb)))
        {
            es_bash_put(list, "--", (es_str_t) { strlen(option->name),
                                                 option->name });
        }
    }
}


/* The same of all verbs, each once. */
static void
es_bash_all_valued(FILE *out, const char *name, bool file)
{
    size_t            i;
    es_bash_list_t    list;
    const es_verb_t  *verb;

    fprintf(out, "    %s=\"\\\n", name);
    es_bash_begin(&list, out, "   ");
    es_bash_valued(&list, es_common_options, file, NULL);

    for (i = 0; es_verbs[i] != NULL; i++) {
        for (verb = es_verbs[i]; verb->name != NULL; verb++) {
            es_bash_valued(&list, verb->options, file, verb);
        }
    }

    es_bash_end(&list);
}


static void
es_bash_options(FILE *out, const char *before, const es_option_t *option)
{
    es_bash_list_t  list;

    es_bash_begin(&list, out, before);

    for ( /* void */ ; option->name != NULL; option++) {
        es_bash_put(&list, "--", (es_str_t) { strlen(option->name),
                                              option->name });
    }

    es_bash_end(&list);
}


/* The first words of verbs, or the second ones of a group's verbs. */
static void
es_bash_words(FILE *out, es_str_t group)
{
    size_t            i;
    es_str_t          word, last;
    const char       *name;
    es_bash_list_t    list;
    const es_verb_t  *verb;

    last = es_null_str;
    es_bash_begin(&list, out, "words=\"");

    for (i = 0; es_verbs[i] != NULL; i++) {
        for (verb = es_verbs[i]; verb->name != NULL; verb++) {
            name = verb->name;

            if (group.len > 0) {
                if (strncmp(name, group.data, group.len) != 0
                    || name[group.len] != ' ')
                {
                    continue;
                }

                name += group.len + 1;
            }

            word = (es_str_t) { strcspn(name, " "), name };

            if (!es_str_eq(last, word)) {
                es_bash_put(&list, "", word);
                last = word;
            }
        }
    }

    if (group.len == 0) {
        es_bash_put(&list, "", es_str("help"));
    }

    es_bash_end(&list);
}


/* What may follow a verb, if anything may that is known here */
static void
es_bash_verb(FILE *out, const es_verb_t *verb)
{
    bool         choice;
    const char  *p;

    choice = strchr(verb->arguments, '|') != NULL && verb->arguments[0] >= 'a';

    if (verb->options == NULL && !choice && !es_bash_file(verb->arguments)) {
        return;
    }

    fprintf(out, "    \" %s \"*)\n", verb->name);

    if (verb->options != NULL) {
        es_bash_options(out, "options+=\"", verb->options);
    }

    if (es_bash_file(verb->arguments)) {
        fputs("        files=1\n", out);

    } else if (choice) {
        fputs("        words='", out);

        for (p = verb->arguments; *p != '\0'; p++) {
            fputc(*p == '|' ? ' ' : *p, out);
        }

        fputs("'\n", out);
    }

    fputs("        ;;\n", out);
}


/* What follows each group's name */
static void
es_bash_groups(FILE *out)
{
    size_t            i;
    es_str_t          group, last;
    const es_verb_t  *verb;

    last = es_null_str;

    for (i = 0; es_verbs[i] != NULL; i++) {
        for (verb = es_verbs[i]; verb->name != NULL; verb++) {
            group = (es_str_t) { strcspn(verb->name, " "), verb->name };

            if (verb->name[group.len] == '\0' || es_str_eq(group, last)) {
                continue;
            }

            fprintf(out, "    \" %.*s \" | \" help %.*s \")\n",
                    (int) group.len, group.data, (int) group.len, group.data);
            es_bash_words(out, group);
            fputs("        ;;\n", out);
            last = group;
        }
    }
}


void
es_manual_bash(FILE *out)
{
    size_t            i;
    const es_verb_t  *verb;

    fputs("# bash completion for exportsite; made by \"exportsite manual "
          "bash\"\n_exportsite()\n{\n"
          "    local cur prev word i said='' words='' files='' options\n"
          "    local valued paths\n\n", out);

    es_bash_all_valued(out, "valued", false);
    es_bash_all_valued(out, "paths", true);
    fputs("    options=\"\\\n", out);
    es_bash_options(out, "   ", es_common_options);
    fputs("\n", out);

    fputs(es_bash_head, out);
    fputs("    \" \" | \" help \")\n", out);
    es_bash_words(out, es_null_str);
    fputs("        ;;\n", out);
    es_bash_groups(out);

    for (i = 0; es_verbs[i] != NULL; i++) {
        for (verb = es_verbs[i]; verb->name != NULL; verb++) {
            es_bash_verb(out, verb);
        }
    }

    fputs(es_bash_foot, out);
}
