/* Crawlers that an operator names: texts and regular expressions. */
#include "../../ngx_exportsite_module/core/agent_list.h"
#include "check.h"


static check_pool_t   pool = check_pool_init();
static es_rule_env_t  env;


static bool
fits(const char *pattern, const char *ua)
{
    bool              yes;
    char             *exact;
    size_t            len = strlen(ua);
    es_rule_error_t   err;
    es_agent_list_t  *list = es_agent_list_create(&pool.pool);

    check(es_agent_list_add(list, es_str("nobody at all"), &err));
    check(es_agent_list_add(list, (es_str_t) { strlen(pattern), pattern },
                            &err));
    check(es_agent_list_add(list, es_str("~^somebody$"), &err));

    exact = malloc(len ? len : 1);
    memcpy(exact, ua, len);
    yes = es_agent_list_fits(list, (es_str_t) { len, len ? exact : NULL },
                             &env);
    free(exact);
    es_agent_list_destroy(list);

    return yes;
}


static void
test_patterns(void)
{
    check(fits("acme", "ACME-Checker/2.0"));
    check(fits("ACME-Checker", "my acme-checker"));
    check(fits("r/2.0", "ACME-Checker/2.0"));
    check(fits("acme", "acme"));
    check(!fits("acme", "acm"));
    check(!fits("acme", "a c m e"));
    check(!fits("acme", ""));
    check(fits("a.c+", "xa.c+x"));               /* no regular expression */
    check(!fits("a.c+", "abcc"));

    check(fits("~^Acme/\\d+$", "Acme/20"));
    check(!fits("~^Acme/\\d+$", "acme/20"));
    check(!fits("~^Acme/\\d+$", "Acme/20 "));
    check(fits("~*^acme/\\d+$", "ACME/20"));
    check(fits("~^$", ""));
    check(!fits("~^$", "curl/8"));
    check(fits("nobody", "nobody at all"));
    check(fits("x", "somebody"));
    check(!fits("x", "Somebody"));
}


static void
test_wrong(void)
{
    size_t            i;
    es_rule_error_t   err;
    es_agent_list_t  *list = es_agent_list_create(&pool.pool);

    static const struct {
        const char  *pattern;
        size_t       column;
    } wrong[] = {
        { "", 1 },
        { "~", 2 },
        { "~*", 3 },
        { "~(a", 4 },
        { "~*a)", 4 },
        { "~(a)\\1", 2 },
    };

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        err.column = 0;
        check(!es_agent_list_add(list, (es_str_t) { strlen(wrong[i].pattern),
                                                    wrong[i].pattern }, &err));
        check(err.column == wrong[i].column);
        check(strncmp(err.text, "col ", 4) == 0);
    }

    check(!es_agent_list_fits(list, es_str("anybody"), &env));
    es_agent_list_destroy(list);
}


/* What costs too much is no match, and is counted. */
static void
test_limits(void)
{
    char              ua[3 * ES_RULE_SUBJECT];
    es_rule_error_t   err;
    es_agent_list_t  *list = es_agent_list_create(&pool.pool);

    memset(ua, 'a', sizeof(ua));
    check(es_agent_list_add(list, es_str("~^(a+)+$"), &err));

    ua[60] = '!';
    env.regex_limit_hits = 0;
    check(!es_agent_list_fits(list, (es_str_t) { 61, ua }, &env));
    check(env.regex_limit_hits == 1);
    es_agent_list_destroy(list);

    ua[60] = 'a';
    memcpy(ua + ES_RULE_SUBJECT - 5, "acme", 4);
    memcpy(ua + ES_RULE_SUBJECT, "other", 5);
    list = es_agent_list_create(&pool.pool);
    check(es_agent_list_add(list, es_str("other"), &err));
    check(!es_agent_list_fits(list, (es_str_t) { sizeof(ua), ua }, &env));
    check(es_agent_list_add(list, es_str("cme"), &err));
    check(es_agent_list_fits(list, (es_str_t) { sizeof(ua), ua }, &env));
    es_agent_list_destroy(list);
}


int
main(void)
{
    env.scratch = es_rule_scratch_create(&pool.pool);

    test_patterns();
    test_wrong();
    test_limits();

    check_pool_free(&pool);

    return check_done();
}
