/* What there is to do with segments. */
#include "segment.h"


static const es_option_t  es_segment_list_options[] = {
    { "quick", NULL, "do not count profiles" },
    { NULL, NULL, NULL }
};

static const es_option_t  es_segment_import_options[] = {
    { "delete", NULL, "delete segments that are not in the file" },
    { "dry-run", NULL, "say what would change, and write nothing" },
    { NULL, NULL, NULL }
};

const es_verb_t  es_segment_verbs[] = {
    { "segment list", "", 0, 0, es_segment_list_options,
      "Show all segments, and who is in them",
      "For each: how many profiles it holds for, whether the sites take it, "
      "and its rule.\n\"taken\" is one that is right and that no site "
      "complains of. A \"*\" marks counts of\nrules that also ask for what "
      "only a visit has, as path or hour: there it is taken\nas missing.",
      "exportsite segment list\nexportsite segment list --quick --json",
      es_segment_list },

    { "segment show", "NAME", 1, 1, NULL,
      "Print the rule of a segment",
      "What is wrong with it, if anything, goes to stderr.",
      "exportsite segment show dach-machinery", es_segment_show },

    { "segment set", "NAME RULE", 2, 2, NULL,
      "Define a segment, or define it anew",
      "The rule is checked as the sites would, together with all other "
      "segments. If it\ncannot be taken nothing is written, and the exit code "
      "is 1. It is one argument:\nput it into single quotes. docs/rules.md has "
      "the language.",
      "exportsite segment set dach-machinery "
      "'country in (DE, AT, CH) and industry = machinery'",
      es_segment_set },

    { "segment rm", "NAME...", 1, -1, NULL,
      "Delete segments",
      "One that is gone is false from then on; rules that refer to it are "
      "named.",
      "exportsite segment rm summer-2026 fair", es_segment_rm },

    { "segment check", "[RULE | FILE | -]", 0, 1, NULL,
      "Check the segments in Redis, a file of them, or a rule",
      "The exit code is 1 if anything is wrong with one, 0 also where there "
      "are warnings.\nA file (\"-\" is stdin) has the form of segment export. "
      "For a file and a rule Redis\nis not needed, so a repository can check "
      "its segments.",
      "exportsite segment check\nexportsite segment check segments.txt\n"
      "exportsite segment check 'country = DE or AT'",
      es_segment_check },

    { "segment test", "NAME [RULE]", 1, 2, es_segment_test_options,
      "Show who is in a segment, and why",
      "With the name alone: how many profiles it holds for, and some of "
      "their ids.\nWith options about a visitor: whether it holds for them, "
      "condition by condition;\nthe exit code is 1 if not. A field that is not "
      "given is missing. With a RULE, the\nsegment is taken as if it had that "
      "one; nothing is written.",
      "exportsite segment test dach-machinery\n"
      "exportsite segment test dach-machinery --country DE --path /pumps/\n"
      "exportsite segment test dach-machinery "
      "--visitor 240a373dc5e786de2725d2c24e0253ab --hour 22\n"
      "exportsite segment test newsletter 'query.utm_source = news' "
      "--query utm_source=news",
      es_segment_test },

    { "segment export", "", 0, 0, NULL,
      "Print all segments as a text file",
      "A line \"name = rule\" for each, sorted: a file for version control, "
      "and for\nsegment import. In it, empty lines and lines that begin with "
      "\"#\" are comments.",
      "exportsite segment export >segments.txt", es_segment_export },

    { "segment import", "FILE | -", 1, 1, es_segment_import_options,
      "Define the segments of a text file",
      "All of it is checked first; if a line cannot be taken, nothing is "
      "written and the\nexit code is 1. Segments that the file does not have "
      "stay, unless --delete is given.",
      "exportsite segment import segments.txt --dry-run\n"
      "exportsite segment import segments.txt --delete",
      es_segment_import },

    { NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL }
};
