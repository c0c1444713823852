/*
 * Crawlers that an operator names, beside those that agent.c knows: parts of
 * the User-Agent, or regular expressions.
 */
#ifndef ES_AGENT_LIST_H
#define ES_AGENT_LIST_H

#include "rule.h"


typedef struct es_agent_list_s  es_agent_list_t;


/* An empty list, in the pool but for its regexes' code; NULL: no memory. */
es_agent_list_t *es_agent_list_create(es_pool_t *pool);

/* Gives back what it holds outside its pool. */
void es_agent_list_destroy(es_agent_list_t *list);

/*
 * Adds "~regex", "~*regex" (case ignored), or else a text that is looked for
 * anywhere, case ignored. The text stays the caller's and must remain. False
 * with *err filled if it is empty, no regular expression, or no memory is left.
 */
bool es_agent_list_add(es_agent_list_t *list, es_str_t pattern,
    es_rule_error_t *err);

/*
 * Does one of the patterns fit? Looks at the first ES_RULE_SUBJECT bytes. Of
 * env only scratch and regex_limit_hits are used, as rules use them.
 */
bool es_agent_list_fits(const es_agent_list_t *list, es_str_t ua,
    es_rule_env_t *env);

#endif
