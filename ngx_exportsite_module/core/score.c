/*
 * Scores taken apart with the tokens of rules, so that blanks and quotes mean
 * the same in both.
 */
#include <stdio.h>

#include "rule_program.h"
#include "score.h"
#include "text.h"


static bool
es_is_digit(char c)
{
    return c >= '0' && c <= '9';
}


/* Points of a word that may be more than digits; false with *err filled. */
static bool
es_score_points(const es_token_t *token, int64_t *points,
    es_rule_error_t *err)
{
    size_t           i, start;
    int64_t          n;
    es_str_t         s = token->text;
    es_rule_quote_t  quote;

    start = s.len > 0 && (s.data[0] == '-' || s.data[0] == '+') ? 1 : 0;

    if (token->kind != ES_TOKEN_WORD || start == s.len
        || !es_is_digit(s.data[start]))
    {
        return es_rule_fail(err, token->column,
                            "a score begins with its points, as in "
                            "\"25 when type = goal\"");
    }

    n = 0;

    for (i = start; i < s.len && es_is_digit(s.data[i]); i++) {
        n = n * 10 + (s.data[i] - '0');

        if (n > ES_SCORE_POINTS) {
            return es_rule_fail(err, token->column,
                                "more than %d points, up or down, are not "
                                "taken", ES_SCORE_POINTS);
        }
    }

    if (i < s.len) {
        return es_rule_fail(err, token->column,
                            "points are a whole number, not \"%s\"",
                            es_rule_quote(quote, s));
    }

    if (n == 0) {
        return es_rule_fail(err, token->column,
                            "0 points would change nothing; take some away "
                            "with a number below 0, as in -5");
    }

    *points = s.data[0] == '-' ? -n : n;

    return true;
}


static bool
es_score_when(const es_token_t *token, es_rule_error_t *err)
{
    es_rule_quote_t  quote;

    if (token->kind == ES_TOKEN_WORD
        && es_str_case_eq(token->text, es_str("when")))
    {
        return true;
    }

    if (token->kind == ES_TOKEN_END) {
        return es_rule_fail(err, token->column,
                            "after the points comes \"when\" and a rule, as "
                            "in \"25 when type = goal\"");
    }

    return es_rule_fail(err, token->column,
                        "expected \"when\" after the points, not \"%s\"",
                        es_rule_quote(quote, token->text));
}


bool
es_score_parse(es_str_t text, int64_t *points, es_str_t *rule, size_t *offset,
    es_rule_error_t *err)
{
    size_t           at;
    es_token_t       token;
    es_rule_lexer_t  lexer;

    lexer.text = text;
    lexer.pos = 0;

    if (!es_rule_next_token(&lexer, &token, err)
        || !es_score_points(&token, points, err)
        || !es_rule_next_token(&lexer, &token, err)
        || !es_score_when(&token, err))
    {
        return false;
    }

    at = lexer.pos;

    while (at < text.len && (text.data[at] == ' ' || text.data[at] == '\t'
                             || text.data[at] == '\r'
                             || text.data[at] == '\n'))
    {
        at++;
    }

    *rule = (es_str_t) { text.len - at, text.data + at };
    *offset = at;

    return true;
}


es_rule_t *
es_score_compile(es_str_t text, int64_t *points, size_t *offset,
    es_pool_t *pool, es_rule_error_t *err)
{
    char             *warning;
    es_str_t          rule_text;
    es_rule_t        *rule;
    es_rule_error_t   shifted;

    if (!es_score_parse(text, points, &rule_text, offset, err)) {
        return NULL;
    }

    rule = es_rule_compile(rule_text, ES_RULE_EVENT, pool, err);

    if (rule == NULL) {
        es_score_shift(err, err->text, *offset);
        return NULL;
    }

    if (rule->warning != NULL) {
        es_score_shift(&shifted, rule->warning, *offset);

        warning = es_alloc(pool, sizeof(shifted.text));

        if (warning != NULL) {
            memcpy(warning, shifted.text, sizeof(shifted.text));
        }

        rule->warning = warning;
    }

    return rule;
}


void
es_score_shift(es_rule_error_t *err, const char *message, size_t offset)
{
    int          n;
    size_t       column, len;
    char         head[32], tail[sizeof(err->text)];
    const char  *p;

    column = 0;
    p = message;

    if (strncmp(p, "col ", 4) == 0) {
        for (p += 4; es_is_digit(*p); p++) {
            column = column * 10 + (size_t) (*p - '0');
        }
    }

    column += offset;
    n = snprintf(head, sizeof(head), "col %zu", column);

    /* a message may be as long as its room, and its number longer now */
    len = es_text_cut((es_str_t) { strlen(p), p },
                      sizeof(err->text) - 1 - (size_t) n);
    memcpy(tail, p, len);

    memcpy(err->text, head, (size_t) n);
    memcpy(err->text + n, tail, len);
    err->text[(size_t) n + len] = '\0';
    err->column = column;
}
