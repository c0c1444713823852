/*
 * Scores: points, "when" and a rule; and messages whose columns are those of
 * the whole text.
 */
#include "../../ngx_exportsite_module/core/score.h"
#include "check.h"


static const struct {
    const char  *text;
    int64_t      points;
    size_t       offset;
} scores[] = {
    { "25 when type = goal", 25, 8 },
    { "+25 WHEN type = goal", 25, 9 },
    { "-5 When path = /jobs/", -5, 8 },
    { "1 when label", 1, 7 },
    { "007 when label", 7, 9 },
    { "1000000 when label", 1000000, 13 },
    { "-1000000 when label", -1000000, 14 },
    { "  25\twhen\r\n  (label)", 25, 13 },
    { "25 when(label)", 25, 7 },
    { "25 when ", 25, 8 },
    { NULL, 0, 0 }
};

#define BEGIN  "col 1: a score begins with its points, as in \"25 when " \
               "type = goal\""
#define MANY   "col 1: more than 1000000 points, up or down, are not taken"
#define NONE   "col 1: 0 points would change nothing; take some away with a " \
               "number below 0, as in -5"

static const struct {
    const char  *text;
    const char  *error;
} errors[] = {
    { "", BEGIN },
    { "type = goal", BEGIN },
    { "when type = goal", BEGIN },
    { "'25' when type = goal", BEGIN },
    { "+ when type = goal", BEGIN },
    { "- 5 when type = goal", BEGIN },
    { "(25) when type = goal", BEGIN },
    { ".5 when type = goal", BEGIN },
    { "  x", "col 3: a score begins with its points, as in \"25 when type = "
             "goal\"" },
    { "0 when type = goal", NONE },
    { "-0 when type = goal", NONE },
    { "1000001 when type = goal", MANY },
    { "-1000001 when type = goal", MANY },
    { "99999999999999999999999999 when type = goal", MANY },
    { "2.5 when type = goal",
      "col 1: points are a whole number, not \"2.5\"" },
    { "25when type = goal",
      "col 1: points are a whole number, not \"25when\"" },
    { "1e3 when type = goal",
      "col 1: points are a whole number, not \"1e3\"" },
    { "25", "col 3: after the points comes \"when\" and a rule, as in \"25 "
            "when type = goal\"" },
    { "25 if type = goal",
      "col 4: expected \"when\" after the points, not \"if\"" },
    { "25 'when' type = goal",
      "col 4: expected \"when\" after the points, not \"when\"" },
    { "25, when type = goal",
      "col 3: expected \"when\" after the points, not \",\"" },
    { "25% when type = goal",
      "col 3: \"%\" can only stand inside quotes, '...' or \"...\"" },
    { "25 \x1b[31m", "col 4: a control character (0x1b)" },

    /* of the rule, in the whole text */
    { "25 when ", "col 9: expected a condition, but the rule ends here" },
    { "25 when", "col 8: expected a condition, but the rule ends here" },
    { "25 when type == goal",
      "col 14: unknown operator \"==\", did you mean \"=\"?" },
    { "  -5   when\t\ttpye = goal",
      "col 14: unknown field \"tpye\", did you mean \"type\"?" },
    { "25 when agent = x", "col 9: \"agent\" is not known of an event; make "
      "it a segment, and ask for that: segment = NAME" },
    { "25 when path ~ 'a('",
      "col 19: in this regular expression: missing closing parenthesis" },
    { NULL, NULL }
};


static void
test_scores(void)
{
    size_t            i, offset;
    int64_t           points;
    es_str_t          rule_text;
    es_rule_t        *rule;
    check_pool_t      pool = check_pool_init();
    es_rule_error_t   err;

    for (i = 0; scores[i].text != NULL; i++) {
        check(es_score_parse(text(scores[i].text), &points, &rule_text,
                             &offset, &err));
        check(points == scores[i].points);
        check(offset == scores[i].offset);
        check_str(rule_text, scores[i].text + offset);
    }

    for (i = 0; errors[i].text != NULL; i++) {
        check(es_score_compile(text(errors[i].text), &points, &offset,
                               &pool.pool, &err) == NULL);
        check_str(text(err.text), errors[i].error);
        check(strtoul(err.text + 4, NULL, 10) == err.column);
    }

    check(!es_score_parse(es_str("25 \0 when x"), &points, &rule_text,
                          &offset, &err));
    check_str(text(err.text), "col 4: a control character (0x00)");

    rule = es_score_compile(es_str("25 when type = goal"), &points, &offset,
                            &pool.pool, &err);
    check(rule != NULL && rule->warning == NULL);
    check(points == 25 && offset == 8);

    rule = es_score_compile(es_str("25 when type = '!'"), &points, &offset,
                            &pool.pool, &err);
    check(rule != NULL && rule->warning != NULL);
    check_str(text(rule->warning), "col 16: type is never \"!\": types have "
              "letters, digits, \"-\" and \"_\", 32 in all at most");

    check_pool_free(&pool);
}


/* A column that grows by digits, in a text that has no room for them. */
static void
test_shift(void)
{
    size_t           i;
    es_rule_error_t  err;
    char             message[sizeof(err.text)];

    es_score_shift(&err, "col 9: ä", 1);
    check_str(text(err.text), "col 10: ä");
    check(err.column == 10);

    es_score_shift(&err, err.text, 99990);
    check_str(text(err.text), "col 100000: ä");

    es_score_shift(&err, err.text, 0);
    check_str(text(err.text), "col 100000: ä");

    memcpy(message, "col 9: ", 7);

    for (i = 7; i + 2 < sizeof(message); i += 2) {
        memcpy(message + i, "ü", 2);
    }

    message[i] = '\0';
    check(strlen(message) == sizeof(message) - 1);

    es_score_shift(&err, message, 1);
    check(strlen(err.text) == sizeof(message) - 2);
    check(memcmp(err.text, "col 10: ü", 10) == 0);
    check(memcmp(err.text + 8, message + 7, sizeof(message) - 10) == 0);
}


int
main(void)
{
    test_scores();
    test_shift();

    return check_done();
}
