#include "agent_list.h"
#include "rule_program.h"


typedef struct agent_pattern_s  agent_pattern_t;

struct agent_pattern_s {
    agent_pattern_t  *next;
    es_str_t          text;
    void             *regex;                      /* NULL: it is a text */
};

struct es_agent_list_s {
    es_pool_t        *pool;
    agent_pattern_t  *first;
};


es_agent_list_t *
es_agent_list_create(es_pool_t *pool)
{
    es_agent_list_t  *list;

    list = es_alloc(pool, sizeof(es_agent_list_t));

    if (list != NULL) {
        list->pool = pool;
        list->first = NULL;
    }

    return list;
}


void
es_agent_list_destroy(es_agent_list_t *list)
{
    agent_pattern_t  *pattern;

    for (pattern = list->first; pattern != NULL; pattern = pattern->next) {
        if (pattern->regex != NULL) {
            es_rule_regex_destroy(pattern->regex);
        }
    }
}


bool
es_agent_list_add(es_agent_list_t *list, es_str_t text, es_rule_error_t *err)
{
    size_t            cut;
    bool              regex, caseless;
    es_token_t        token;
    agent_pattern_t  *pattern;

    regex = text.len > 0 && text.data[0] == '~';
    caseless = regex && text.len > 1 && text.data[1] == '*';
    cut = (size_t) regex + caseless;

    text.data += cut;
    text.len -= cut;

    if (text.len == 0) {
        return es_rule_fail(err, cut + 1, "an empty pattern fits everybody");
    }

    pattern = es_alloc(list->pool, sizeof(agent_pattern_t));

    if (pattern == NULL) {
        return es_rule_fail(err, 1, "no memory");
    }

    pattern->text = text;
    pattern->regex = NULL;

    if (regex) {
        token = (es_token_t) { ES_TOKEN_WORD, cut + 1, text, '\0' };
        pattern->regex = es_rule_regex_compile(text, caseless, &token,
                                               list->pool, err);
        if (pattern->regex == NULL) {
            return false;
        }
    }

    pattern->next = list->first;
    list->first = pattern;

    return true;
}


static bool
agent_contains(es_str_t ua, es_str_t part)
{
    size_t  i;

    for (i = 0; i + part.len <= ua.len; i++) {
        if (es_str_case_eq((es_str_t) { part.len, ua.data + i }, part)) {
            return true;
        }
    }

    return false;
}


bool
es_agent_list_fits(const es_agent_list_t *list, es_str_t ua,
    es_rule_env_t *env)
{
    const agent_pattern_t  *pattern;

    if (ua.len > ES_RULE_SUBJECT) {
        ua.len = ES_RULE_SUBJECT;
    }

    for (pattern = list->first; pattern != NULL; pattern = pattern->next) {
        if (pattern->regex != NULL
            ? es_rule_regex_match(pattern->regex, ua, env)
            : agent_contains(ua, pattern->text))
        {
            return true;
        }
    }

    return false;
}
