/*
 * Rules compiled: recursive descent from tokens to the flat program.
 *
 *     or          and { "or" and }
 *     and         not { "and" not }
 *     not         { "not" } primary
 *     primary     "(" or ")" | comparison
 *     comparison  field [ operator literal | "in" list | ... ]
 *
 * Jumps are filled in as in Aho, Sethi, Ullman, "Compilers", 8.6: each part of
 * an expression hands up the jumps to where it holds and to where it does not,
 * chained through the fields that will carry the targets.
 */
#include "rule_program.h"


#define ES_NO_JUMP  0xffff      /* end of a chain; else test * 2 + (1: yes) */

typedef struct {
    uint16_t  yes;
    uint16_t  no;
} es_branch_t;

typedef struct {
    es_rule_lexer_t     lexer;
    es_token_t          token;
    size_t              end;            /* of the token before */
    es_rule_scope_e     scope;
    es_pool_t          *pool;
    es_rule_error_t    *err;
    es_rule_t          *rule;
    es_rule_test_t     *tests;
    es_rule_literal_t  *literals;
    es_rule_number_t   *numbers;
    es_rule_span_t     *spans;
    uint16_t            ntests;
    uint16_t            nliterals;
    uint16_t            nnumbers;
    uint16_t            depth;
    bool                after_value;    /* the last token was a literal */
    char               *bytes;          /* room for names and literals */
    char               *warning;
} es_parser_t;


static bool es_parse_or(es_parser_t *p, es_branch_t *branch);
static bool es_parse_and(es_parser_t *p, es_branch_t *branch);
static bool es_parse_not(es_parser_t *p, es_branch_t *branch);
static bool es_parse_primary(es_parser_t *p, es_branch_t *branch);
static bool es_parse_comparison(es_parser_t *p, es_branch_t *branch);
static bool es_parse_operator(es_parser_t *p, es_rule_test_t *test,
    bool *inverse);
static bool es_parse_word_operator(es_parser_t *p, es_rule_test_t *test,
    bool *inverse);
static bool es_parse_equal(es_parser_t *p, es_rule_test_t *test);
static bool es_parse_list(es_parser_t *p, es_rule_test_t *test);
static bool es_parse_order(es_parser_t *p, es_rule_test_t *test,
    uint8_t order);
static bool es_parse_between(es_parser_t *p, es_rule_test_t *test);
static bool es_parse_part(es_parser_t *p, es_rule_test_t *test, es_test_e op);
static bool es_parse_regex(es_parser_t *p, es_rule_test_t *test,
    bool caseless);


static bool
es_next(es_parser_t *p)
{
    p->end = p->lexer.pos;

    return es_rule_next_token(&p->lexer, &p->token, p->err);
}


static bool
es_no_memory(es_parser_t *p)
{
    return es_rule_fail(p->err, 1, "no memory");
}


static bool
es_is_keyword(const es_token_t *token, const char *keyword)
{
    return token->kind == ES_TOKEN_WORD && es_rule_is(token->text, keyword);
}


/* "expected something", and what is there instead */
static bool
es_expected(es_parser_t *p, const char *what)
{
    es_rule_quote_t  quote;

    if (p->token.kind == ES_TOKEN_END) {
        return es_rule_fail(p->err, p->token.column,
                            "expected %s, but the rule ends here", what);
    }

    return es_rule_fail(p->err, p->token.column, "expected %s, not \"%s\"",
                        what, es_rule_quote(quote, p->token.text));
}


/* There is something after a whole condition that does not go on with it. */
static bool
es_unexpected(es_parser_t *p)
{
    es_rule_quote_t  quote;

    es_rule_quote(quote, p->token.text);

    if (p->token.kind == ES_TOKEN_CLOSE) {
        return es_rule_fail(p->err, p->token.column,
                            "there is no \"(\" for this \")\"");
    }

    if (p->token.kind == ES_TOKEN_COMMA) {
        return es_rule_fail(p->err, p->token.column,
                            "unexpected \",\"; a list is written: "
                            "country in (DE, AT)");
    }

    if (p->after_value) {
        return es_rule_fail(p->err, p->token.column,
                            "unexpected \"%s\"; a value of several words "
                            "needs quotes, conditions are joined with "
                            "\"and\" or \"or\"", quote);
    }

    return es_rule_fail(p->err, p->token.column,
                        "unexpected \"%s\"; conditions are joined with "
                        "\"and\" or \"or\"", quote);
}


/* Keeps the first warning; the rule goes on to compile. */
static void
es_warn(es_parser_t *p, const es_rule_error_t *warning)
{
    if (p->warning != NULL) {
        return;
    }

    p->warning = es_alloc(p->pool, sizeof(warning->text));

    if (p->warning != NULL) {
        memcpy(p->warning, warning->text, sizeof(warning->text));
    }
}


static es_str_t
es_keep(es_parser_t *p, es_str_t s)
{
    es_str_t  kept = { s.len, p->bytes };

    if (s.len > 0) {
        memcpy(p->bytes, s.data, s.len);
        p->bytes += s.len;
    }

    return kept;
}


/*
 * Each word or string of a rule makes at most one entry in each array, and
 * what follows a comma is never a field.
 */
static bool
es_make_room(es_parser_t *p, es_str_t text)
{
    bool             listed;
    size_t           words, heads;
    es_token_t       token;
    es_rule_t       *rule;
    es_rule_error_t  ignored;
    es_rule_lexer_t  lexer;

    lexer.text = text;
    lexer.pos = 0;
    words = 1;
    heads = 1;
    listed = false;

    while (es_rule_next_token(&lexer, &token, &ignored)
           && token.kind != ES_TOKEN_END)
    {
        if (token.kind == ES_TOKEN_WORD || token.kind == ES_TOKEN_STRING) {
            words++;
            heads += !listed;
        }

        listed = token.kind == ES_TOKEN_COMMA;
    }

    rule = es_alloc(p->pool, sizeof(es_rule_t));
    if (rule == NULL) {
        return es_no_memory(p);
    }

    memset(rule, 0, sizeof(es_rule_t));

    rule->fields = es_alloc(p->pool, heads * sizeof(es_rule_field_t));
    rule->segments = es_alloc(p->pool, words * sizeof(es_rule_segment_t));
    rule->regexes = es_alloc(p->pool, heads * sizeof(void *));

    p->tests = es_alloc(p->pool, heads * sizeof(es_rule_test_t));
    p->literals = es_alloc(p->pool, words * sizeof(es_rule_literal_t));
    p->numbers = es_alloc(p->pool, words * sizeof(es_rule_number_t));
    p->spans = es_alloc(p->pool, heads * sizeof(es_rule_span_t));
    p->bytes = es_alloc(p->pool, text.len + 1);

    if (rule->fields == NULL || rule->segments == NULL
        || rule->regexes == NULL || p->tests == NULL || p->literals == NULL
        || p->numbers == NULL || p->spans == NULL || p->bytes == NULL)
    {
        return es_no_memory(p);
    }

    rule->tests = p->tests;
    rule->literals = p->literals;
    rule->numbers = p->numbers;
    rule->spans = p->spans;
    p->rule = rule;

    return true;
}


static uint16_t *
es_jump(es_parser_t *p, uint16_t jump)
{
    es_rule_test_t  *test = &p->tests[jump / 2];

    return jump & 1 ? &test->yes : &test->no;
}


/* Sends all jumps of a chain to the target. */
static void
es_land(es_parser_t *p, uint16_t chain, uint16_t target)
{
    uint16_t   next;
    uint16_t  *field;

    while (chain != ES_NO_JUMP) {
        field = es_jump(p, chain);
        next = *field;
        *field = target;
        chain = next;
    }
}


/* The first chain is walked, so it should be the shorter one. */
static uint16_t
es_join(es_parser_t *p, uint16_t chain, uint16_t rest)
{
    uint16_t   head;
    uint16_t  *field;

    head = chain;

    for ( ;; ) {
        field = es_jump(p, chain);

        if (*field == ES_NO_JUMP) {
            *field = rest;
            return head;
        }

        chain = *field;
    }
}


es_rule_t *
es_rule_compile(es_str_t text, es_rule_scope_e scope, es_pool_t *pool,
    es_rule_error_t *err)
{
    es_branch_t  branch;
    es_parser_t  p;

    if (text.len > ES_RULE_MAX) {
        (void) es_rule_fail(err, ES_RULE_MAX + 1,
                            "a rule has at most %d bytes", ES_RULE_MAX);
        return NULL;
    }

    memset(&p, 0, sizeof(es_parser_t));
    p.lexer.text = text;
    p.scope = scope;
    p.pool = pool;
    p.err = err;

    if (!es_make_room(&p, text)) {
        return NULL;
    }

    if (!es_next(&p) || !es_parse_or(&p, &branch)
        || (p.token.kind != ES_TOKEN_END && !es_unexpected(&p)))
    {
        es_rule_destroy(p.rule);
        return NULL;
    }

    es_land(&p, branch.yes, ES_RULE_TRUE);
    es_land(&p, branch.no, ES_RULE_FALSE);

    p.rule->warning = p.warning;
    p.rule->ntests = p.ntests;

    return p.rule;
}


void
es_rule_destroy(es_rule_t *rule)
{
    while (rule->nregexes > 0) {
        es_rule_regex_destroy(rule->regexes[--rule->nregexes]);
    }
}


static bool
es_parse_or(es_parser_t *p, es_branch_t *branch)
{
    es_branch_t  right;

    if (!es_parse_and(p, branch)) {
        return false;
    }

    while (es_is_keyword(&p->token, "or")) {
        es_land(p, branch->no, p->ntests);

        if (!es_next(p) || !es_parse_and(p, &right)) {
            return false;
        }

        branch->yes = es_join(p, right.yes, branch->yes);
        branch->no = right.no;
    }

    return true;
}


static bool
es_parse_and(es_parser_t *p, es_branch_t *branch)
{
    es_branch_t  right;

    if (!es_parse_not(p, branch)) {
        return false;
    }

    while (es_is_keyword(&p->token, "and")) {
        es_land(p, branch->yes, p->ntests);

        if (!es_next(p) || !es_parse_not(p, &right)) {
            return false;
        }

        branch->no = es_join(p, right.no, branch->no);
        branch->yes = right.yes;
    }

    return true;
}


/* The `not` right before a condition is part of it as people read it. */
static bool
es_parse_not(es_parser_t *p, es_branch_t *branch)
{
    bool      inverse, group;
    size_t    start;
    uint16_t  yes, number;

    inverse = false;
    start = p->token.column - 1;

    while (es_is_keyword(&p->token, "not")) {
        inverse = !inverse;

        if (!es_next(p)) {
            return false;
        }
    }

    group = p->token.kind == ES_TOKEN_OPEN;
    number = p->ntests;

    if (!es_parse_primary(p, branch)) {
        return false;
    }

    if (inverse) {
        yes = branch->yes;
        branch->yes = branch->no;
        branch->no = yes;
    }

    if (!group) {
        p->spans[number].offset = (uint16_t) start;
        p->spans[number].len = (p->end - start) & 0x7fff;
        p->spans[number].inverse = !(branch->yes & 1);
    }

    return true;
}


static bool
es_parse_primary(es_parser_t *p, es_branch_t *branch)
{
    size_t  column;

    if (p->token.kind != ES_TOKEN_OPEN) {
        return es_parse_comparison(p, branch);
    }

    column = p->token.column;

    if (p->depth == ES_RULE_DEPTH) {
        return es_rule_fail(p->err, column,
                            "more than %d parentheses inside each other",
                            ES_RULE_DEPTH);
    }

    p->depth++;

    if (!es_next(p) || !es_parse_or(p, branch)) {
        return false;
    }

    p->depth--;

    if (p->token.kind == ES_TOKEN_END) {
        return es_rule_fail(p->err, column, "this \"(\" is never closed");
    }

    if (p->token.kind != ES_TOKEN_CLOSE) {
        return es_unexpected(p);
    }

    p->after_value = false;

    return es_next(p);
}


/* Does a word after a value stand where a condition should, all alone? */
static bool
es_is_stray(es_parser_t *p)
{
    es_token_t       token;
    es_rule_error_t  ignored;
    es_rule_lexer_t  lexer = p->lexer;

    return p->after_value && es_rule_next_token(&lexer, &token, &ignored)
           && (token.kind == ES_TOKEN_END || token.kind == ES_TOKEN_CLOSE
               || es_is_keyword(&token, "and") || es_is_keyword(&token, "or"));
}


/* The rule's number for the field that the token names. */
static bool
es_parse_field(es_parser_t *p, uint16_t *number)
{
    size_t           i;
    es_rule_t       *rule = p->rule;
    es_rule_field_t  field;

    if (!es_rule_find_field(&p->token, p->scope, es_is_stray(p), &field,
                            p->err)) {
        return false;
    }

    for (i = 0; i < rule->nfields; i++) {
        if (rule->fields[i].kind == field.kind
            && es_str_eq(rule->fields[i].name, field.name))
        {
            *number = (uint16_t) i;
            return es_next(p);
        }
    }

    field.name = es_keep(p, field.name);
    rule->fields[rule->nfields++] = field;
    *number = (uint16_t) i;

    return es_next(p);
}


static bool
es_parse_comparison(es_parser_t *p, es_branch_t *branch)
{
    bool             inverse;
    uint16_t         number;
    es_rule_test_t  *test;

    if (p->token.kind != ES_TOKEN_WORD || es_is_keyword(&p->token, "and")
        || es_is_keyword(&p->token, "or"))
    {
        return es_expected(p, "a condition");
    }

    number = p->ntests++;
    test = &p->tests[number];
    memset(test, 0, sizeof(es_rule_test_t));

    if (!es_parse_field(p, &test->field)) {
        return false;
    }

    inverse = false;
    p->after_value = false;
    test->caseless = es_rule_field_caseless(p->rule->fields[test->field].kind);
    test->first = p->nliterals;

    if (!es_parse_operator(p, test, &inverse)) {
        return false;
    }

    test->yes = ES_NO_JUMP;
    test->no = ES_NO_JUMP;

    branch->yes = (uint16_t) (number * 2 + (inverse ? 0 : 1));
    branch->no = (uint16_t) (number * 2 + (inverse ? 1 : 0));

    return true;
}


static es_field_e
es_kind(es_parser_t *p, es_rule_test_t *test)
{
    return p->rule->fields[test->field].kind;
}


static bool
es_is_segment_operator(const es_token_t *token)
{
    return token->kind == ES_TOKEN_EQUAL || token->kind == ES_TOKEN_NOT_EQUAL
           || es_is_keyword(token, "in") || es_is_keyword(token, "not");
}


static bool
es_parse_operator(es_parser_t *p, es_rule_test_t *test, bool *inverse)
{
    es_token_e  kind = p->token.kind;

    if (es_kind(p, test) == ES_FIELD_SEGMENT
        && !es_is_segment_operator(&p->token))
    {
        return es_expected(p, "\"=\", \"!=\", \"in\" or \"not in\" "
                           "after \"segment\"");
    }

    switch (kind) {

    case ES_TOKEN_NOT_EQUAL:
        *inverse = true;
        /* fall through */
    case ES_TOKEN_EQUAL:
        return es_next(p) && es_parse_equal(p, test);

    case ES_TOKEN_LESS:
        return es_parse_order(p, test, ES_ORDER_LESS);

    case ES_TOKEN_LESS_EQUAL:
        return es_parse_order(p, test, ES_ORDER_LESS | ES_ORDER_EQUAL);

    case ES_TOKEN_GREATER:
        return es_parse_order(p, test, ES_ORDER_GREATER);

    case ES_TOKEN_GREATER_EQUAL:
        return es_parse_order(p, test, ES_ORDER_GREATER | ES_ORDER_EQUAL);

    case ES_TOKEN_MATCH:
    case ES_TOKEN_NOT_MATCH:
        *inverse = kind == ES_TOKEN_NOT_MATCH;
        return es_parse_regex(p, test, false);

    case ES_TOKEN_MATCH_CASELESS:
    case ES_TOKEN_NOT_MATCH_CASELESS:
        *inverse = kind == ES_TOKEN_NOT_MATCH_CASELESS;
        return es_parse_regex(p, test, true);

    case ES_TOKEN_WORD:
        return es_parse_word_operator(p, test, inverse);

    default: /* a bare field; who comes next looks at the token */
        test->op = ES_TEST_TRUTH;
        return true;
    }
}


/* "starts with" and "ends with": takes the first word, and the second is due */
static bool
es_parse_with(es_parser_t *p, es_rule_test_t *test, es_test_e op)
{
    if (!es_next(p)) {
        return false;
    }

    if (!es_is_keyword(&p->token, "with")) {
        return es_expected(p, op == ES_TEST_STARTS
                              ? "\"with\" after \"starts\""
                              : "\"with\" after \"ends\"");
    }

    return es_parse_part(p, test, op);
}


static bool
es_parse_exists(es_parser_t *p, es_rule_test_t *test, bool *inverse)
{
    test->op = ES_TEST_EXISTS;

    if (*inverse) {
        return es_rule_fail(p->err, p->token.column,
                            "instead of \"not exists\" write \"missing\", "
                            "instead of \"not missing\" write \"exists\"");
    }

    *inverse = es_is_keyword(&p->token, "missing");

    return es_next(p);
}


static bool
es_parse_word_operator(es_parser_t *p, es_rule_test_t *test, bool *inverse)
{
    if (es_is_keyword(&p->token, "and") || es_is_keyword(&p->token, "or")) {
        test->op = ES_TEST_TRUTH;
        return true;
    }

    if (es_is_keyword(&p->token, "not")) {
        *inverse = true;

        if (!es_next(p)) {
            return false;
        }
    }

    if (es_is_keyword(&p->token, "in")) {
        return es_parse_list(p, test);
    }

    if (es_kind(p, test) != ES_FIELD_SEGMENT) {

        if (es_is_keyword(&p->token, "between")) {
            return es_parse_between(p, test);
        }

        if (es_is_keyword(&p->token, "contains")) {
            return es_parse_part(p, test, ES_TEST_CONTAINS);
        }

        if (es_is_keyword(&p->token, "starts")) {
            return es_parse_with(p, test, ES_TEST_STARTS);
        }

        if (es_is_keyword(&p->token, "ends")) {
            return es_parse_with(p, test, ES_TEST_ENDS);
        }

        if (es_is_keyword(&p->token, "exists")
            || es_is_keyword(&p->token, "missing"))
        {
            return es_parse_exists(p, test, inverse);
        }
    }

    if (*inverse) {
        return es_expected(p, es_kind(p, test) == ES_FIELD_SEGMENT
                              ? "\"in\" after \"segment not\""
                              : "\"in\", \"between\", \"contains\", "
                                "\"starts with\" or \"ends with\" "
                                "after \"not\"");
    }

    return es_rule_unknown_operator(&p->token, p->err);
}


/* A number, unless it begins with a zero that only text can begin with. */
static bool
es_is_plain_number(es_str_t s, es_rule_number_t *number)
{
    if (!es_rule_number(s, number)) {
        return false;
    }

    if (s.data[0] == '-' || s.data[0] == '+') {
        s.data++;
        s.len--;
    }

    return s.data[0] != '0' || s.len == 1 || s.data[1] == '.';
}


/* Takes a literal; the token it was stays in *token where that is wanted. */
static es_rule_literal_t *
es_parse_literal(es_parser_t *p, es_token_t *token)
{
    size_t              len;
    es_rule_literal_t  *literal;

    if (p->token.kind == ES_TOKEN_OPEN) {
        (void) es_rule_fail(p->err, p->token.column,
                            "expected a value; a list is written: "
                            "country in (DE, AT)");
        return NULL;
    }

    if (p->token.kind != ES_TOKEN_WORD && p->token.kind != ES_TOKEN_STRING) {
        (void) es_expected(p, "a value");
        return NULL;
    }

    *token = p->token;
    len = es_rule_token_value(token, p->bytes);

    literal = &p->literals[p->nliterals++];
    literal->data = p->bytes;
    literal->len = (uint16_t) len;
    literal->number = 0;
    p->bytes += len;
    p->after_value = true;

    return es_next(p) ? literal : NULL;
}


/* Gives the literal a number of its own. */
static void
es_add_number(es_parser_t *p, es_rule_literal_t *literal,
    const es_rule_number_t *number)
{
    p->numbers[p->nnumbers++] = *number;
    literal->number = p->nnumbers;
}


/* A literal of "segment" carries its place in segments[]. */
static void
es_add_segment(es_parser_t *p, es_rule_literal_t *literal)
{
    size_t      i;
    es_str_t    name = { literal->len, literal->data };
    es_rule_t  *rule = p->rule;

    for (i = 0; i < rule->nsegments; i++) {
        if (es_str_eq(rule->segments[i].name, name)) {
            break;
        }
    }

    if (i == rule->nsegments) {
        rule->segments[i].name = name;
        rule->segments[i].index = ES_SEGMENT_UNKNOWN;
        rule->nsegments++;
    }

    literal->number = (uint16_t) i;
}


/* One literal that the field may be equal to. */
static bool
es_parse_equal(es_parser_t *p, es_rule_test_t *test)
{
    char               *data;
    size_t              i;
    es_str_t            text;
    es_token_t          token;
    es_rule_error_t     warning;
    es_rule_number_t    number;
    es_rule_literal_t  *literal;

    data = p->bytes;

    literal = es_parse_literal(p, &token);
    if (literal == NULL) {
        return false;
    }

    test->count++;

    if (es_kind(p, test) == ES_FIELD_SEGMENT) {
        test->op = ES_TEST_SEGMENT;
        es_add_segment(p, literal);
        return true;
    }

    text = (es_str_t) { literal->len, literal->data };

    if (!es_rule_check_literal(es_kind(p, test), p->scope, text,
                               token.column, &warning))
    {
        es_warn(p, &warning);
    }

    if (test->caseless) {
        test->op = ES_TEST_EQUAL_CASELESS;

        for (i = 0; i < text.len; i++) {
            data[i] = es_lower(data[i]);
        }

        literal->head = es_rule_head(literal->data, literal->len);

        return true;
    }

    test->op = ES_TEST_EQUAL;

    if (token.kind == ES_TOKEN_WORD && es_is_plain_number(text, &number)) {
        es_add_number(p, literal, &number);
    }

    return true;
}


static bool
es_parse_list(es_parser_t *p, es_rule_test_t *test)
{
    size_t  column;

    if (!es_next(p)) {
        return false;
    }

    if (p->token.kind != ES_TOKEN_OPEN) {
        return es_expected(p, "a list in parentheses, as in (DE, AT)");
    }

    column = p->token.column;

    do {
        if (!es_next(p) || !es_parse_equal(p, test)) {
            return false;
        }
    } while (p->token.kind == ES_TOKEN_COMMA);

    if (p->token.kind == ES_TOKEN_END) {
        return es_rule_fail(p->err, column, "this \"(\" is never closed");
    }

    if (p->token.kind != ES_TOKEN_CLOSE) {
        return es_expected(p, "\",\" or \")\"");
    }

    p->after_value = false;

    return es_next(p);
}


/* One literal that the field is to be in order with. */
static bool
es_parse_bound(es_parser_t *p, es_rule_test_t *test, uint8_t order)
{
    uint8_t             op;
    es_str_t            text;
    es_token_t          token;
    es_rule_error_t     warning;
    es_rule_quote_t     quote;
    es_rule_number_t    number;
    es_rule_literal_t  *literal;

    literal = es_parse_literal(p, &token);
    if (literal == NULL) {
        return false;
    }

    text = (es_str_t) { literal->len, literal->data };

    if (es_rule_number(text, &number)) {
        es_add_number(p, literal, &number);
        op = ES_TEST_NUMBER;

    } else if (es_rule_is_date(text)) {
        op = ES_TEST_DATE;

    } else {
        op = ES_TEST_NEVER;
        (void) es_rule_fail(&warning, token.column,
                            "this is never true: \"%s\" is neither a number "
                            "nor a date like 2026-12-24",
                            es_rule_quote(quote, text));
        es_warn(p, &warning);
    }

    test->op = test->count == 0 || test->op == op ? op : ES_TEST_NEVER;
    test->order[test->count++] = order;

    return true;
}


static bool
es_parse_order(es_parser_t *p, es_rule_test_t *test, uint8_t order)
{
    return es_next(p) && es_parse_bound(p, test, order);
}


/* No value lies between the two bounds if they are of two kinds, or reversed */
static bool
es_is_empty_range(es_parser_t *p, es_rule_test_t *test)
{
    es_rule_literal_t  *a = &p->literals[test->first];
    es_rule_literal_t  *b = a + 1;

    switch (test->op) {

    case ES_TEST_NUMBER:
        return es_rule_number_compare(&p->numbers[a->number - 1],
                                      &p->numbers[b->number - 1])
               > 0;

    case ES_TEST_DATE:
        return memcmp(a->data, b->data, a->len) > 0;

    default:
        return true;
    }
}


static bool
es_parse_between(es_parser_t *p, es_rule_test_t *test)
{
    size_t           column;
    es_rule_error_t  warning;

    column = p->token.column;

    if (!es_next(p)
        || !es_parse_bound(p, test, ES_ORDER_GREATER | ES_ORDER_EQUAL))
    {
        return false;
    }

    if (!es_is_keyword(&p->token, "and")) {
        return es_expected(p, "\"and\" and the second value of \"between\"");
    }

    if (!es_next(p)
        || !es_parse_bound(p, test, ES_ORDER_LESS | ES_ORDER_EQUAL))
    {
        return false;
    }

    if (es_is_empty_range(p, test)) {
        (void) es_rule_fail(&warning, column, "nothing is between these two: "
                            "the smaller one comes first");
        es_warn(p, &warning);
    }

    return true;
}


static void
es_check_part(es_parser_t *p, es_rule_test_t *test,
    const es_rule_literal_t *literal, const es_token_t *token)
{
    es_str_t         text = { literal->len, literal->data };
    es_rule_error_t  warning;

    if (!es_rule_check_part(es_kind(p, test), p->scope, text, token->column,
                            &warning))
    {
        es_warn(p, &warning);
    }
}


static bool
es_parse_part(es_parser_t *p, es_rule_test_t *test, es_test_e op)
{
    char               *data;
    es_token_t          token;
    es_rule_literal_t  *literal;

    if (!es_next(p)) {
        return false;
    }

    test->op = (uint8_t) op;
    test->count = 1;
    data = p->bytes;

    literal = es_parse_literal(p, &token);
    if (literal == NULL) {
        return false;
    }

    es_check_part(p, test, literal, &token);

    if (test->caseless) {
        for ( /* void */ ; data < p->bytes; data++) {
            *data = es_lower(*data);
        }
    }

    return true;
}


static bool
es_parse_regex(es_parser_t *p, es_rule_test_t *test, bool caseless)
{
    void               *regex;
    es_token_t          token;
    es_rule_t          *rule = p->rule;
    es_rule_literal_t  *literal;

    if (!es_next(p)) {
        return false;
    }

    literal = es_parse_literal(p, &token);
    if (literal == NULL) {
        return false;
    }

    regex = es_rule_regex_compile((es_str_t) { literal->len, literal->data },
                                  caseless, &token, p->pool, p->err);
    if (regex == NULL) {
        return false;
    }

    es_check_part(p, test, literal, &token);

    test->op = ES_TEST_REGEX;
    test->first = (uint16_t) rule->nregexes;
    test->count = 1;
    rule->regexes[rule->nregexes++] = regex;

    return true;
}
