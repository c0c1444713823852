/*
 * Rules cut into tokens, and the wording of errors.
 */
#include <stdarg.h>
#include <stdio.h>

#include "rule_program.h"
#include "text.h"


static bool es_lex_string(es_rule_lexer_t *lexer, es_token_t *token,
    es_rule_error_t *err);
static bool es_lex_word(es_rule_lexer_t *lexer, es_token_t *token,
    es_rule_error_t *err);
static bool es_lex_sign(es_rule_lexer_t *lexer, es_token_t *token,
    es_rule_error_t *err);
static bool es_lex_refuse(es_str_t rest, size_t column, es_rule_error_t *err);


/* Longer ones first: the first that fits is taken. */
static const struct {
    es_str_t    text;
    es_token_e  kind;
} es_signs[] = {
    { { 3, "!~*" }, ES_TOKEN_NOT_MATCH_CASELESS },
    { { 2, "!~" },  ES_TOKEN_NOT_MATCH },
    { { 2, "!=" },  ES_TOKEN_NOT_EQUAL },
    { { 2, "<=" },  ES_TOKEN_LESS_EQUAL },
    { { 2, ">=" },  ES_TOKEN_GREATER_EQUAL },
    { { 2, "~*" },  ES_TOKEN_MATCH_CASELESS },
    { { 1, "~" },   ES_TOKEN_MATCH },
    { { 1, "=" },   ES_TOKEN_EQUAL },
    { { 1, "<" },   ES_TOKEN_LESS },
    { { 1, ">" },   ES_TOKEN_GREATER },
    { { 1, "(" },   ES_TOKEN_OPEN },
    { { 1, ")" },   ES_TOKEN_CLOSE },
    { { 1, "," },   ES_TOKEN_COMMA }
};


/* What people bring along from other languages. */
static const struct {
    es_str_t     text;
    const char  *meant;
} es_foreign_signs[] = {
    { { 3, "===" }, "=" },
    { { 3, "!==" }, "!=" },
    { { 2, "==" },  "=" },
    { { 2, "=~" },  "~" },
    { { 2, "~=" },  "~" },
    { { 2, "=>" },  ">=" },
    { { 2, "=<" },  "<=" },
    { { 2, "<>" },  "!=" },
    { { 2, "&&" },  "and" },
    { { 2, "||" },  "or" },
    { { 1, "&" },   "and" },
    { { 1, "|" },   "or" }
};


/* UTF-8 of characters that word processors put for quotes and spaces. */
static const es_str_t  es_curly_quotes[] = {
    { 3, "\xe2\x80\x98" }, { 3, "\xe2\x80\x99" }, { 3, "\xe2\x80\x9a" },
    { 3, "\xe2\x80\x9c" }, { 3, "\xe2\x80\x9d" }, { 3, "\xe2\x80\x9e" },
    { 2, "\xc2\xab" }, { 2, "\xc2\xbb" }
};

#define es_array_len(a)  (sizeof(a) / sizeof((a)[0]))


bool
es_rule_next_token(es_rule_lexer_t *lexer, es_token_t *token,
    es_rule_error_t *err)
{
    const char  *s = lexer->text.data;
    char         c;

    while (lexer->pos < lexer->text.len
           && (s[lexer->pos] == ' ' || s[lexer->pos] == '\t'
               || s[lexer->pos] == '\r' || s[lexer->pos] == '\n'))
    {
        lexer->pos++;
    }

    token->kind = ES_TOKEN_END;
    token->column = lexer->pos + 1;
    token->text = es_null_str;
    token->quote = 0;

    if (lexer->pos == lexer->text.len) {
        return true;
    }

    c = s[lexer->pos];

    if (c == '"' || c == '\'') {
        return es_lex_string(lexer, token, err);
    }

    return es_lex_word(lexer, token, err);
}


size_t
es_rule_token_value(const es_token_t *token, char *buf)
{
    size_t       i, len;
    const char  *s = token->text.data;

    len = 0;

    for (i = 0; i < token->text.len; i++) {
        if (token->quote && s[i] == '\\' && i + 1 < token->text.len
            && (s[i + 1] == '\\' || s[i + 1] == token->quote))
        {
            i++;
        }

        buf[len++] = s[i];
    }

    return len;
}


size_t
es_rule_token_column(const es_token_t *token, size_t offset)
{
    size_t       i;
    const char  *s = token->text.data;

    for (i = 0; i < token->text.len && offset > 0; i++, offset--) {
        if (token->quote && s[i] == '\\' && i + 1 < token->text.len
            && (s[i + 1] == '\\' || s[i + 1] == token->quote))
        {
            i++;
        }
    }

    return token->column + (token->quote ? 1 : 0) + i;
}


static bool
es_lex_string(es_rule_lexer_t *lexer, es_token_t *token, es_rule_error_t *err)
{
    size_t       i, start;
    const char  *s = lexer->text.data;

    start = lexer->pos + 1;
    token->quote = s[lexer->pos];

    for (i = start; i < lexer->text.len; i++) {
        if (s[i] == token->quote) {
            token->kind = ES_TOKEN_STRING;
            token->text = (es_str_t) { i - start, s + start };
            lexer->pos = i + 1;
            return true;
        }

        if (s[i] == '\\' && i + 1 < lexer->text.len
            && (s[i + 1] == '\\' || s[i + 1] == token->quote))
        {
            i++;
        }
    }

    return es_rule_fail(err, token->column, "this %c is never closed",
                        token->quote);
}


static bool
es_is_word(char c)
{
    return (es_lower(c) >= 'a' && es_lower(c) <= 'z')
           || (c >= '0' && c <= '9')
           || (unsigned char) c >= 0x80
           || (c != '\0' && strchr("_.:/+@*-", c) != NULL);
}


static bool
es_lex_word(es_rule_lexer_t *lexer, es_token_t *token, es_rule_error_t *err)
{
    size_t       i, len;
    const char  *s = lexer->text.data + lexer->pos;

    for (len = 0; lexer->pos + len < lexer->text.len; len++) {
        if (!es_is_word(s[len])) {
            break;
        }

        if (s[len] == '\xc2' && lexer->pos + len + 1 < lexer->text.len
            && s[len + 1] == '\xa0')
        {
            return es_rule_fail(err, token->column + len,
                                "a no-break space; type a plain one");
        }
    }

    if (len == 0) {
        return es_lex_sign(lexer, token, err);
    }

    for (i = 0; i < es_array_len(es_curly_quotes); i++) {
        if (len >= es_curly_quotes[i].len
            && memcmp(s, es_curly_quotes[i].data, es_curly_quotes[i].len) == 0)
        {
            return es_rule_fail(err, token->column,
                                "a curly quote; type a straight one, "
                                "\" or '");
        }
    }

    token->kind = ES_TOKEN_WORD;
    token->text = (es_str_t) { len, s };
    lexer->pos += len;

    return true;
}


static bool
es_lex_sign(es_rule_lexer_t *lexer, es_token_t *token, es_rule_error_t *err)
{
    size_t    i;
    es_str_t  rest;

    rest.data = lexer->text.data + lexer->pos;
    rest.len = lexer->text.len - lexer->pos;

    for (i = 0; i < es_array_len(es_foreign_signs); i++) {
        if (es_str_starts(rest, es_foreign_signs[i].text)) {
            return es_rule_fail(err, token->column,
                                "unknown operator \"%s\", "
                                "did you mean \"%s\"?",
                                es_foreign_signs[i].text.data,
                                es_foreign_signs[i].meant);
        }
    }

    for (i = 0; i < es_array_len(es_signs); i++) {
        if (es_str_starts(rest, es_signs[i].text)) {
            token->kind = es_signs[i].kind;
            token->text = (es_str_t) { es_signs[i].text.len, rest.data };
            lexer->pos += es_signs[i].text.len;
            return true;
        }
    }

    return es_lex_refuse(rest, token->column, err);
}


static bool
es_lex_refuse(es_str_t rest, size_t column, es_rule_error_t *err)
{
    char  c = rest.data[0];

    if (c == '!') {
        return es_rule_fail(err, column,
                            "\"!\" alone is no operator, "
                            "did you mean \"not\"?");
    }

    if (c == '$') {
        return es_rule_fail(err, column,
                            "fields are written without \"$\", "
                            "as in: country = DE");
    }

    if ((unsigned char) c < 0x20 || c == 0x7f) {
        return es_rule_fail(err, column, "a control character (0x%02x)",
                            (unsigned) (unsigned char) c);
    }

    return es_rule_fail(err, column,
                        "\"%c\" can only stand inside quotes, '...' or "
                        "\"...\"", c);
}


bool
es_rule_fail(es_rule_error_t *err, size_t column, const char *fmt, ...)
{
    int      n;
    va_list  args;

    err->column = column;
    n = snprintf(err->text, sizeof(err->text), "col %zu: ", column);

    va_start(args, fmt);
    (void) vsnprintf(err->text + n, sizeof(err->text) - (size_t) n, fmt, args);
    va_end(args);

    return false;
}


const char *
es_rule_quote(es_rule_quote_t buf, es_str_t piece)
{
    size_t                i, n, out;
    const unsigned char  *s = (const unsigned char *) piece.data;

    out = 0;

    for (i = 0; i < piece.len; i += n ? n : 1) {
        n = es_utf8_length(piece.data + i, piece.len - i);

        if (s[i] < 0x20 || s[i] == 0x7f
            || (n == 2 && s[i] == 0xc2 && s[i + 1] < 0xa0))
        {
            n = 0;
        }

        if (out + (n ? n : 1) > 32) {
            memcpy(buf + out, "...", 3);
            out += 3;
            break;
        }

        if (n == 0) {
            buf[out++] = '?';
            continue;
        }

        memcpy(buf + out, s + i, n);
        out += n;
    }

    buf[out] = '\0';

    return buf;
}
