/*
 * Scores: "25 when type = goal and label = quote", points for a rule over an
 * event.
 */
#ifndef ES_SCORE_H
#define ES_SCORE_H

#include "rule.h"

#define ES_SCORE_POINTS  1000000        /* at most, either way */

/*
 * Takes a score's text apart: its points, a whole number from 1 to a million
 * or as much below 0; the word "when", in any case; and the rule, which is the
 * rest and begins at that offset of the text. The rule is not looked at. False
 * with *err filled if there are no points or no "when".
 */
bool es_score_parse(es_str_t text, int64_t *points, es_str_t *rule,
                    size_t *offset, es_rule_error_t *err);

/*
 * The same with the rule compiled for events. Columns, also that of the rule's
 * warning, are those of the whole text; places of es_rule_condition() are those
 * in the rule, *offset bytes less.
 */
es_rule_t *es_score_compile(es_str_t text, int64_t *points, size_t *offset,
                            es_pool_t *pool, es_rule_error_t *err);

/*
 * Puts a message about a part of a text ("col 3: ...", an error's or a rule's
 * warning) as one about the whole of it, in which the part begins at offset.
 * It may be the text of *err itself.
 */
void es_score_shift(es_rule_error_t *err, const char *message, size_t offset);

#endif
