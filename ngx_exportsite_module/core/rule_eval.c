/*
 * Compiled rules asked for their truth. This runs for every visitor.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE             /* memmem() */
#endif

#include "rule_program.h"


static bool es_test_segment(const es_rule_t *rule, es_rule_env_t *env,
    const es_rule_test_t *test);
static bool es_test_value(const es_rule_t *rule, es_rule_env_t *env,
    const es_rule_test_t *test, es_str_t value);
static bool es_test_equal(const es_rule_t *rule, const es_rule_test_t *test,
    es_str_t value);
static bool es_test_number(const es_rule_t *rule, const es_rule_test_t *test,
    es_str_t value);
static bool es_test_date(const es_rule_t *rule, const es_rule_test_t *test,
    es_str_t value);
static bool es_test_part(const es_rule_test_t *test,
    const es_rule_literal_t *literal, es_str_t value);


bool
es_rule_eval(const es_rule_t *rule, es_rule_env_t *env)
{
    bool                   holds;
    uint16_t               at;
    es_str_t               value;
    const es_rule_test_t  *test;

    at = 0;

    do {
        test = &rule->tests[at];

        if (test->op == ES_TEST_SEGMENT) {
            holds = es_test_segment(rule, env, test);

        } else {
            holds = env->field(env, &rule->fields[test->field], &value)
                    && es_test_value(rule, env, test, value);
        }

        at = holds ? test->yes : test->no;

    } while (at < ES_RULE_FALSE);

    return at == ES_RULE_TRUE;
}


static bool
es_test_segment(const es_rule_t *rule, es_rule_env_t *env,
    const es_rule_test_t *test)
{
    uint16_t  i;
    uint32_t  index;

    for (i = 0; i < test->count; i++) {
        index = rule->segments[rule->literals[test->first + i].number].index;

        if (index != ES_SEGMENT_UNKNOWN && env->segment(env, index)) {
            return true;
        }
    }

    return false;
}


/* Equal but for the case of the value; the literal has small letters. */
static bool
es_same_caseless(const char *literal, const char *value, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (es_lower(value[i]) != literal[i]) {
            return false;
        }
    }

    return true;
}


static bool
es_same(const es_rule_test_t *test, const char *literal, const char *value,
    size_t len)
{
    if (test->caseless) {
        return es_same_caseless(literal, value, len);
    }

    return memcmp(literal, value, len) == 0;
}


static bool
es_test_equal_caseless(const es_rule_t *rule, const es_rule_test_t *test,
    es_str_t value)
{
    uint64_t                  head;
    const es_rule_literal_t  *literal, *end;

    head = es_rule_head(value.data, value.len);
    literal = rule->literals + test->first;

    for (end = literal + test->count; literal < end; literal++) {
        if (literal->head == head && literal->len == value.len
            && (value.len <= 8
                || es_same_caseless(literal->data + 8, value.data + 8,
                                    value.len - 8)))
        {
            return true;
        }
    }

    return false;
}


static bool
es_test_value(const es_rule_t *rule, es_rule_env_t *env,
    const es_rule_test_t *test, es_str_t value)
{
    switch (test->op) {

    case ES_TEST_EQUAL_CASELESS:
        return es_test_equal_caseless(rule, test, value);

    case ES_TEST_EQUAL:
        return es_test_equal(rule, test, value);

    case ES_TEST_TRUTH:
        return value.len > 1 || (value.len == 1 && value.data[0] != '0');

    case ES_TEST_EXISTS:
        return true;

    case ES_TEST_NUMBER:
        return es_test_number(rule, test, value);

    case ES_TEST_DATE:
        return es_test_date(rule, test, value);

    case ES_TEST_CONTAINS:
    case ES_TEST_STARTS:
    case ES_TEST_ENDS:
        return es_test_part(test, &rule->literals[test->first], value);

    case ES_TEST_REGEX:
        return es_rule_regex_match(rule->regexes[test->first], value, env);

    default: /* ES_TEST_NEVER */
        return false;
    }
}


/* A literal that is a number equals every way to write that number. */
static bool
es_test_equal(const es_rule_t *rule, const es_rule_test_t *test,
    es_str_t value)
{
    int                       parsed;   /* -1: not yet tried */
    uint16_t                  i;
    es_rule_number_t          number;
    const es_rule_literal_t  *literal;

    parsed = -1;

    for (i = 0; i < test->count; i++) {
        literal = &rule->literals[test->first + i];

        if (literal->number == 0) {
            if (literal->len == value.len
                && (value.len == 0
                    || memcmp(literal->data, value.data, value.len) == 0))
            {
                return true;
            }

            continue;
        }

        if (parsed == -1) {
            parsed = es_rule_number(value, &number);
        }

        if (parsed
            && es_rule_number_compare(&number,
                                      &rule->numbers[literal->number - 1])
               == 0)
        {
            return true;
        }
    }

    return false;
}


static bool
es_accepted(int difference, uint8_t order)
{
    return order & (difference < 0 ? ES_ORDER_LESS
                    : difference == 0 ? ES_ORDER_EQUAL : ES_ORDER_GREATER);
}


static bool
es_test_number(const es_rule_t *rule, const es_rule_test_t *test,
    es_str_t value)
{
    uint16_t          i, at;
    es_rule_number_t  number;

    if (!es_rule_number(value, &number)) {
        return false;
    }

    for (i = 0; i < test->count; i++) {
        at = rule->literals[test->first + i].number;

        if (!es_accepted(es_rule_number_compare(&number,
                                                &rule->numbers[at - 1]),
                         test->order[i]))
        {
            return false;
        }
    }

    return true;
}


static bool
es_test_date(const es_rule_t *rule, const es_rule_test_t *test,
    es_str_t value)
{
    uint16_t  i;

    if (!es_rule_is_date(value)) {
        return false;
    }

    for (i = 0; i < test->count; i++) {
        if (!es_accepted(memcmp(value.data,
                                rule->literals[test->first + i].data,
                                value.len),
                         test->order[i]))
        {
            return false;
        }
    }

    return true;
}


static bool
es_test_contains(const es_rule_test_t *test, const es_rule_literal_t *literal,
    es_str_t value)
{
    size_t  i;

    if (!test->caseless) {
        return memmem(value.data, value.len, literal->data, literal->len)
               != NULL;
    }

    for (i = 0; i + literal->len <= value.len; i++) {
        if (es_same_caseless(literal->data, value.data + i, literal->len)) {
            return true;
        }
    }

    return false;
}


static bool
es_test_part(const es_rule_test_t *test, const es_rule_literal_t *literal,
    es_str_t value)
{
    if (literal->len == 0) {
        return true;
    }

    if (literal->len > value.len) {
        return false;
    }

    switch (test->op) {

    case ES_TEST_STARTS:
        return es_same(test, literal->data, value.data, literal->len);

    case ES_TEST_ENDS:
        return es_same(test, literal->data,
                       value.data + (value.len - literal->len), literal->len);

    default: /* ES_TEST_CONTAINS */
        return es_test_contains(test, literal, value);
    }
}
