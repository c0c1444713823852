/* The manual page, in the macros of man(7). */
#include "../core/text.h"
#include "manual.h"


/*
 * Text that roff takes as it stands: what it would read as an escape, as a
 * macro at a line's beginning, or as typography, is spelled out.
 */
static void
es_page_text(FILE *out, const char *text, size_t n, bool begins)
{
    size_t       i, len;
    unsigned     c, j;
    const char  *escape;

    static const struct {
        char         c;
        const char  *as;
    } escapes[] = {
        { '\\', "\\e" }, { '-', "\\-" }, { '\'', "\\(aq" }, { '`', "\\(ga" },
        { '^', "\\(ha" }, { '~', "\\(ti" }, { '"', "\\(dq" }, { 0, NULL }
    };

    if (begins && n > 0 && text[0] == '.') {
        fputs("\\&", out);
    }

    for (i = 0; i < n; i += len) {
        len = es_utf8_length(text + i, n - i);

        if (len > 1) {
            c = (uint8_t) text[i] & (0xffu >> (len + 1));

            for (j = 1; j < len; j++) {
                c = c << 6 | ((uint8_t) text[i + j] & 0x3fu);
            }

            fprintf(out, "\\[u%04X]", c);
            continue;
        }

        len = 1;
        escape = NULL;

        for (j = 0; escapes[j].c != 0; j++) {
            escape = escapes[j].c == text[i] ? escapes[j].as : escape;
        }

        if (escape != NULL) {
            fputs(escape, out);

        } else {
            fputc(text[i], out);
        }
    }
}


static void
es_page_word(FILE *out, const char *text)
{
    es_page_text(out, text, strlen(text), true);
}


/* Lines as they stand, each indented. */
static void
es_page_lines(FILE *out, const char *text)
{
    size_t  len;

    fputs(".nf\n", out);

    for ( /* void */ ; *text != '\0'; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        es_page_text(out, text, len, true);
        fputc('\n', out);
    }

    fputs(".fi\n", out);
}


/* Paragraphs between empty lines; a line that begins with a blank stays one. */
static void
es_page_paragraphs(FILE *out, const char *text)
{
    size_t  len;

    fputs(".PP\n", out);

    for ( /* void */ ; *text != '\0'; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");

        if (len == 0) {
            fputs(".PP\n", out);
            continue;
        }

        if (text[0] == ' ') {
            fputs(".br\n\\&", out);
        }

        es_page_text(out, text, len, true);
        fputc('\n', out);
    }
}


static void
es_page_options(FILE *out, const es_option_t *option)
{
    for ( /* void */ ; option != NULL && option->name != NULL; option++) {
        fputs(".TP\n\\fB\\-\\-", out);
        es_page_word(out, option->name);
        fputs("\\fR", out);

        if (option->value != NULL) {
            fputs(" \\fI", out);
            es_page_word(out, option->value);
            fputs("\\fR", out);
        }

        fputc('\n', out);
        es_page_word(out, option->help);
        fputc('\n', out);
    }
}


static void
es_page_verb(FILE *out, const es_verb_t *verb)
{
    char  first;

    fputs(".SS \"", out);
    es_page_word(out, verb->name);
    fputs(verb->arguments[0] ? " " : "", out);
    es_page_word(out, verb->arguments);
    fputs("\"\n", out);

    first = verb->summary[0];
    fputc(first >= 'a' && first <= 'z' ? first - 'a' + 'A' : first, out);
    es_page_text(out, verb->summary + 1, strlen(verb->summary + 1), false);
    fputs(".\n", out);

    if (verb->text[0] != '\0') {
        es_page_paragraphs(out, verb->text);
    }

    es_page_options(out, verb->options);

    fputs(".PP\nExample:\n.PP\n.RS\n", out);
    es_page_lines(out, verb->example);
    fputs(".RE\n", out);
}


static const char  es_page_head[] =
    ".\\\" Made by \"exportsite manual man\"; changes belong into that.\n"
    ".TH EXPORTSITE 1 \"\" \"exportsite " ES_VERSION "\" \"User Commands\"\n"
    ".SH NAME\n"
    "exportsite \\- segments, contents and visitors of a site with the nginx "
    "module\n"
    ".SH SYNOPSIS\n"
    ".B exportsite\n"
    "\\fIVERB\\fR [\\fIARGUMENT\\fR...] [\\fIOPTION\\fR...]\n"
    ".SH DESCRIPTION\n"
    "Defines and tests the segments of visitors that a site tells apart, and "
    "the\n"
    "contents that they are shown; learns from what visitors do; shows, "
    "exports and\n"
    "forgets them; and looks after all that the site stands on.\n"
    "Sites take a change within a tenth of a second, without a reload of "
    "nginx.\n"
    ".PP\n"
    "Options may stand anywhere behind the verb, as \\fB\\-\\-name value\\fR "
    "or\n"
    "\\fB\\-\\-name=value\\fR; \\fB\\-\\-\\fR ends them.\n";

static const char  es_page_foot[] =
    ".SH \"EXIT STATUS\"\n"
    ".TP\n.B 0\nIt is done.\n"
    ".TP\n.B 1\nIt failed, or a check did.\n"
    ".TP\n.B 2\nThe program was used wrongly.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B EXPORTSITE_REDIS\nWhere Redis is, as \\fB\\-\\-redis\\fR has it.\n"
    ".TP\n.B EXPORTSITE_PREFIX\nWhat keys begin with, as \\fB\\-\\-prefix\\fR "
    "has it.\n"
    ".TP\n.B NO_COLOR\nIf it is there, no colours are used.\n"
    ".SH \"SEE ALSO\"\n"
    ".BR nginx (8),\n.BR redis\\-cli (1)\n";


void
es_manual_page(FILE *out)
{
    size_t            i;
    const es_verb_t  *verb;

    fputs(es_page_head, out);
    fputs(".SH VERBS\n", out);

    for (i = 0; es_verbs[i] != NULL; i++) {
        for (verb = es_verbs[i]; verb->name != NULL; verb++) {
            es_page_verb(out, verb);
        }
    }

    fputs(".SH \"OPTIONS OF ALL VERBS\"\n", out);
    es_page_options(out, es_common_options);
    fputs(es_page_foot, out);
}
