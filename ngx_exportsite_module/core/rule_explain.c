/*
 * The conditions of a compiled rule, asked one by one. They are the tests of
 * its program, in the order in which they were written.
 */
#include "rule_explain.h"
#include "rule_program.h"


size_t
es_rule_conditions(const es_rule_t *rule)
{
    return rule->ntests;
}


/* A program of that one test, so that there is but one way to ask. */
static bool
es_rule_ask(const es_rule_t *rule, size_t i, es_rule_env_t *env)
{
    es_rule_t       one;
    es_rule_test_t  test;

    one = *rule;
    test = rule->tests[i];
    test.yes = rule->spans[i].inverse ? ES_RULE_FALSE : ES_RULE_TRUE;
    test.no = rule->spans[i].inverse ? ES_RULE_TRUE : ES_RULE_FALSE;
    one.tests = &test;

    return es_rule_eval(&one, env);
}


bool
es_rule_condition(const es_rule_t *rule, size_t i, es_rule_env_t *env,
    es_rule_condition_t *condition)
{
    const es_rule_test_t  *test;

    if (i >= rule->ntests) {
        return false;
    }

    test = &rule->tests[i];

    condition->offset = rule->spans[i].offset;
    condition->len = rule->spans[i].len;
    condition->holds = es_rule_ask(rule, i, env);
    condition->field = NULL;
    condition->nsegments = 0;
    condition->found = false;
    condition->value = es_null_str;

    if (test->op == ES_TEST_SEGMENT) {
        condition->nsegments = test->count;
        return true;
    }

    condition->field = &rule->fields[test->field];
    condition->found = env->field(env, condition->field, &condition->value);

    if (!condition->found) {
        condition->value = es_null_str;
    }

    return true;
}


const es_rule_segment_t *
es_rule_condition_segment(const es_rule_t *rule, size_t i, size_t n)
{
    const es_rule_test_t  *test;

    if (i >= rule->ntests) {
        return NULL;
    }

    test = &rule->tests[i];

    if (test->op != ES_TEST_SEGMENT || n >= test->count) {
        return NULL;
    }

    return &rule->segments[rule->literals[test->first + n].number];
}
