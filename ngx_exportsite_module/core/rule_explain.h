/*
 * Why a rule holds or not: its conditions one by one, each with the place where
 * it was written, what it asked, what it found, and its answer.
 *
 * A condition is a field with its operator and values, or a field alone. It is
 * taken as it was written: the reverse in "!=" or `not in` belongs to it, and
 * so does each `not` right before it, in `not crawler`. A `not` before a
 * parenthesis belongs to none: of `not (crawler or new)` the conditions are
 * `crawler` and `new`. So in a rule of conditions joined by `and`, without
 * parentheses, the one that does not hold is the one that is to blame.
 */
#ifndef ES_RULE_EXPLAIN_H
#define ES_RULE_EXPLAIN_H

#include "rule.h"

typedef struct {
    size_t                  offset;     /* in the text that was compiled */
    size_t                  len;
    const es_rule_field_t  *field;      /* NULL: it asks for segments */
    size_t                  nsegments;
    bool                    holds;
    bool                    found;      /* the field has a value */
    es_str_t                value;      /* until field() is called again */
} es_rule_condition_t;

/* How many there are: one at least, in the order of the text. */
size_t es_rule_conditions(const es_rule_t *rule);

/*
 * Asks condition i alone, also where the whole rule would not have come to it;
 * es_rule_eval() tells what they amount to. False if i is none.
 */
bool es_rule_condition(const es_rule_t *rule, size_t i, es_rule_env_t *env,
                       es_rule_condition_t *condition);

/* The n-th segment that condition i names; NULL beyond its nsegments. */
const es_rule_segment_t *es_rule_condition_segment(const es_rule_t *rule,
                                                   size_t i, size_t n);

#endif
