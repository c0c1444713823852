/*
 * What the files rule_*.c share and nobody else includes (but agent_list.c, for
 * its regexes): the compiled program, the tokens, and the way errors are put
 * into words.
 */
#ifndef ES_RULE_PROGRAM_H
#define ES_RULE_PROGRAM_H

#include "rule.h"
#include "word.h"

/*
 * The program: a row of tests. Each names the test to go on with when it holds
 * and when it does not; a jump always goes forward, and two targets end the
 * evaluation. So `and`, `or` and `not` cost nothing at run time, and the
 * inverse of a rule is the same program with its ends exchanged.
 */
#define ES_RULE_FALSE  0xfffe
#define ES_RULE_TRUE   0xffff

typedef enum {
    ES_TEST_TRUTH = 0,          /* set, not empty, not "0" */
    ES_TEST_EXISTS,
    ES_TEST_EQUAL,              /* to one of the literals */
    ES_TEST_EQUAL_CASELESS,
    ES_TEST_NUMBER,             /* in order with one or two numbers */
    ES_TEST_DATE,               /* the same with dates */
    ES_TEST_NEVER,
    ES_TEST_CONTAINS,
    ES_TEST_STARTS,
    ES_TEST_ENDS,
    ES_TEST_REGEX,
    ES_TEST_SEGMENT             /* one of them holds */
} es_test_e;

/* Which outcomes of "value compared to literal" are accepted. */
#define ES_ORDER_LESS     1
#define ES_ORDER_EQUAL    2
#define ES_ORDER_GREATER  4

typedef struct es_rule_test_s {
    uint8_t     op;             /* es_test_e */
    bool        caseless;       /* of contains, starts and ends */
    uint8_t     order[2];       /* accepted outcome for each literal */
    uint16_t    field;
    uint16_t    yes;
    uint16_t    no;
    uint16_t    first;          /* literal, segment or regex */
    uint16_t    count;
    uint16_t    unused;         /* a power of two in all: tests are indexed */
} es_rule_test_t;

/* Where in the text a test was written: looked at only to explain it. */
typedef struct es_rule_span_s {
    uint32_t    offset  : 16;
    uint32_t    len     : 15;
    uint32_t    inverse : 1;    /* it holds, as written, where its test fails */
} es_rule_span_t;

/*
 * A value written in the rule, in lower case where its field is caseless. The
 * head is its es_rule_head(), so that most that differ differ in two words.
 */
typedef struct es_rule_literal_s {
    uint64_t     head;          /* of literals of ES_TEST_EQUAL_CASELESS */
    const char  *data;
    uint16_t     len;
    uint16_t     number;        /* its place in numbers[] plus 1, 0: is text */
} es_rule_literal_t;

/* Both parts carry the sign; the fraction counts in units of 10^-18. */
typedef struct es_rule_number_s {
    int64_t     whole;
    int64_t     fraction;
} es_rule_number_t;


typedef enum {
    ES_TOKEN_END = 0,
    ES_TOKEN_WORD,
    ES_TOKEN_STRING,
    ES_TOKEN_OPEN,
    ES_TOKEN_CLOSE,
    ES_TOKEN_COMMA,
    ES_TOKEN_EQUAL,
    ES_TOKEN_NOT_EQUAL,
    ES_TOKEN_LESS,
    ES_TOKEN_LESS_EQUAL,
    ES_TOKEN_GREATER,
    ES_TOKEN_GREATER_EQUAL,
    ES_TOKEN_MATCH,
    ES_TOKEN_MATCH_CASELESS,
    ES_TOKEN_NOT_MATCH,
    ES_TOKEN_NOT_MATCH_CASELESS
} es_token_e;

typedef struct {
    es_token_e  kind;
    size_t      column;
    es_str_t    text;           /* as written, a string's without its quotes */
    char        quote;          /* of a string */
} es_token_t;

typedef struct {
    es_str_t    text;
    size_t      pos;
} es_rule_lexer_t;

/* Takes the next token; false with *err filled where there can be none. */
bool es_rule_next_token(es_rule_lexer_t *lexer, es_token_t *token,
                        es_rule_error_t *err);

/*
 * The value of a word or string: without the escapes, into a buffer that has
 * room for token->text.len bytes. Returns the length.
 */
size_t es_rule_token_value(const es_token_t *token, char *buf);

/* The column in the rule of the byte at that offset of the token's value. */
size_t es_rule_token_column(const es_token_t *token, size_t offset);


/* Fills in the error, "col N: " and the text; always false. */
bool es_rule_fail(es_rule_error_t *err, size_t column, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));


static inline bool
es_rule_is(es_str_t s, const char *word)
{
    return es_str_case_eq(s, (es_str_t) { strlen(word), word });
}


/*
 * Finds the field a word names; false, with an error that helps, if none. A
 * stray word stands alone after a value, as AT in `country = DE or AT`.
 */
bool es_rule_find_field(const es_token_t *token, es_rule_scope_e scope,
                        bool stray, es_rule_field_t *field,
                        es_rule_error_t *err);

/* Fields whose values are compared without regard to case. */
bool es_rule_field_caseless(es_field_e kind);

/* Says "unknown operator" and what it may have been. */
bool es_rule_unknown_operator(const es_token_t *token, es_rule_error_t *err);

/*
 * Whether a field can be equal to that literal at all; false, with the reason
 * as an error, only where it certainly cannot.
 */
bool es_rule_check_literal(es_field_e kind, es_rule_scope_e scope,
                           es_str_t literal, size_t column,
                           es_rule_error_t *err);

/* The same of a literal that is looked for in the field, or a pattern of it. */
bool es_rule_check_part(es_field_e kind, es_rule_scope_e scope,
                        es_str_t literal, size_t column,
                        es_rule_error_t *err);


/*
 * A word that differs for any two texts of the same length of up to eight
 * bytes that are not the same but for case; of longer ones the start is seen.
 */
static inline uint64_t
es_rule_head(const char *s, size_t len)
{
    uint64_t  head;

    if (len == 0) {
        return 0;
    }

    head = len < 8 ? es_word_gather(s, len) : es_word_load(s);

    return head | es_word_between(head, 'A', 'Z') >> 2;
}


/* Digits with perhaps a sign and a fraction, at most 18 digits in each part. */
bool es_rule_number(es_str_t text, es_rule_number_t *number);

/* "2026-12-24" */
bool es_rule_is_date(es_str_t text);

/* Less than 0, 0 or more than 0, as memcmp(). */
int es_rule_number_compare(const es_rule_number_t *a,
                           const es_rule_number_t *b);


/*
 * Compiles a pattern with JIT, its memory in the pool. NULL with *err filled;
 * the column is that of the pattern's offending byte.
 */
void *es_rule_regex_compile(es_str_t pattern, bool caseless,
                            const es_token_t *token, es_pool_t *pool,
                            es_rule_error_t *err);
void es_rule_regex_destroy(void *regex);
bool es_rule_regex_match(void *regex, es_str_t subject, es_rule_env_t *env);

#endif
