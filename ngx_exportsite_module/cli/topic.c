/* What there is to do with topics, scores and settings of the learner. */
#include "../redis/keys.h"
#include "lesson.h"
#include "setting.h"


static int
es_topic_list(es_cli_t *cli, const es_args_t *args)
{
    return es_lesson_list(cli, &es_lesson_topic);
}


static int
es_topic_set(es_cli_t *cli, const es_args_t *args)
{
    return es_lesson_set(cli, args, &es_lesson_topic);
}


static int
es_topic_rm(es_cli_t *cli, const es_args_t *args)
{
    return es_lesson_rm(cli, args, "topic", ES_KEY_TOPICS, "is not there");
}


static int
es_topic_check(es_cli_t *cli, const es_args_t *args)
{
    return es_lesson_check(cli, args, &es_lesson_topic);
}


static int
es_topic_test(es_cli_t *cli, const es_args_t *args)
{
    return es_lesson_test(cli, args, &es_lesson_topic);
}


static int
es_score_list(es_cli_t *cli, const es_args_t *args)
{
    return es_lesson_list(cli, &es_lesson_score);
}


static int
es_score_set(es_cli_t *cli, const es_args_t *args)
{
    return es_lesson_set(cli, args, &es_lesson_score);
}


static int
es_score_rm(es_cli_t *cli, const es_args_t *args)
{
    return es_lesson_rm(cli, args, "score", ES_KEY_SCORES, "is not there");
}


static int
es_score_check(es_cli_t *cli, const es_args_t *args)
{
    return es_lesson_check(cli, args, &es_lesson_score);
}


static int
es_score_test(es_cli_t *cli, const es_args_t *args)
{
    return es_lesson_test(cli, args, &es_lesson_score);
}


static int
es_setting_rm(es_cli_t *cli, const es_args_t *args)
{
    return es_lesson_rm(cli, args, "setting", ES_KEY_SETTINGS, "is not set");
}


const es_verb_t  es_topic_verbs[] = {
    { "topic list", "", 0, 0, NULL,
      "Show what visitors can be interested in",
      "For each topic: whether the learner takes it, and its rule.",
      "exportsite topic list\nexportsite topic list --json",
      es_topic_list },

    { "topic set", "NAME RULE", 2, 2, NULL,
      "Define a topic, or define it anew",
      "Each event for which the rule holds adds to the visitor's interest in "
      "that topic,\nfrom the next event on. A rule that the learner would not "
      "take is not written, and\nthe exit code is 1. It is one argument: put "
      "it into single quotes. docs/rules.md has\nthe language, under \"Rules "
      "over events\".",
      "exportsite topic set pumps "
      "'path starts with /pumps/ or label = pump-finder'",
      es_topic_set },

    { "topic rm", "NAME...", 1, -1, NULL,
      "Delete topics",
      "What was learned of them stays in the profiles, and fades.",
      "exportsite topic rm pumps service", es_topic_rm },

    { "topic check", "[RULE]", 0, 1, NULL,
      "Check the topics in Redis, or a rule",
      "The exit code is 1 if anything is wrong with one, 0 also where there "
      "are warnings.\nFor a rule Redis is not needed.",
      "exportsite topic check\n"
      "exportsite topic check 'path starts with /pumps/'",
      es_topic_check },

    { "topic test", "NAME|RULE", 1, 1, es_lesson_test_options,
      "Show which of the newest events a topic is about",
      "For how many events and visitors the rule holds, and their most "
      "frequent paths and\nlabels. Nothing is written. What a visitor had so "
      "far (visits, views) is taken as\nmissing: only the learner knows it.",
      "exportsite topic test pumps\n"
      "exportsite topic test 'path starts with /service/' --events 50000",
      es_topic_test },

    { NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL }
};

const es_verb_t  es_score_verbs[] = {
    { "score list", "", 0, 0, NULL,
      "Show what gives points for a lead",
      "For each score: whether the learner takes it, its points and its rule.",
      "exportsite score list\nexportsite score list --json",
      es_score_list },

    { "score set", "NAME 'POINTS when RULE'", 2, 2, NULL,
      "Define a score, or define it anew",
      "Each event for which the rule holds gives the visitor so many points, "
      "or takes them\naway with a number below 0, from the next event on. What "
      "the learner would not take\nis not written, and the exit code is 1. "
      "Points and rule are one argument: put them\ninto single quotes. "
      "docs/rules.md has the language, under \"Rules over events\".",
      "exportsite score set quote '25 when type = goal and label = quote'\n"
      "exportsite score set applies '-40 when path starts with /jobs/'",
      es_score_set },

    { "score rm", "NAME...", 1, -1, NULL,
      "Delete scores",
      "Points that visitors have stay theirs.",
      "exportsite score rm quote", es_score_rm },

    { "score check", "['POINTS when RULE']", 0, 1, NULL,
      "Check the scores in Redis, or one",
      "The exit code is 1 if anything is wrong with one, 0 also where there "
      "are warnings.\nFor one that is given Redis is not needed.",
      "exportsite score check\n"
      "exportsite score check '25 when type = goal and label = quote'",
      es_score_check },

    { "score test", "NAME|'POINTS when RULE'", 1, 1, es_lesson_test_options,
      "Show which of the newest events give points",
      "For how many events and visitors the rule holds, and their most "
      "frequent paths and\nlabels. Nothing is written. Events without a "
      "visitor give no points. What a visitor\nhad so far (visits, views) is "
      "taken as missing: only the learner knows it.",
      "exportsite score test quote\n"
      "exportsite score test '5 when type = view and path = /pricing.html'",
      es_score_test },

    { NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL }
};

const es_verb_t  es_setting_verbs[] = {
    { "setting list", "", 0, 0, NULL,
      "Show all settings of the learner",
      "For each: the value in force, the default, and what it means.",
      "exportsite setting list", es_setting_list_verb },

    { "setting set", "NAME VALUE", 2, 2, NULL,
      "Change a setting of the learner",
      "It is in force within a second or two, for events from then on. What "
      "the learner\nwould not take is not written, and the exit code is 1. Set "
      "the time zone before the\nfirst event: days that were begun keep what "
      "they have.",
      "exportsite setting set lead_threshold 40\n"
      "exportsite setting set industries 'machinery medical food'\n"
      "exportsite setting set timezone Europe/Vienna",
      es_setting_set_verb },

    { "setting rm", "NAME...", 1, -1, NULL,
      "Take settings back to their defaults",
      "",
      "exportsite setting rm lead_threshold", es_setting_rm },

    { NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL }
};
