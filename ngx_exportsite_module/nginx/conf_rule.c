/*
 * The rules of the configuration, and its values with variables.
 */
#include "compat.h"

#include "conf_rule.h"


static void
ngx_exportsite_rule_cleanup(void *data)
{
    es_rule_destroy(data);
}


es_rule_t *
ngx_exportsite_conf_rule(ngx_conf_t *cf, ngx_str_t *text)
{
    es_rule_t                   *rule, **slot;
    es_rule_error_t              err;
    ngx_pool_cleanup_t          *cln;
    ngx_exportsite_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_exportsite_module);

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    slot = ngx_array_push(&mcf->rules);

    if (cln == NULL || slot == NULL) {
        return NULL;
    }

    rule = es_rule_compile(ngx_exportsite_es(*text), ES_RULE_VISITOR, mcf->pool,
                           &err);

    if (rule == NULL) {
        mcf->rules.nelts--;
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid rule \"%V\": %s",
                           text, err.text);
        return NULL;
    }

    cln->handler = ngx_exportsite_rule_cleanup;
    cln->data = rule;
    *slot = rule;

    if (rule->warning != NULL) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0, "rule \"%V\": %s", text,
                           rule->warning);
    }

    return rule;
}


ngx_int_t
ngx_exportsite_conf_value(ngx_conf_t *cf, ngx_str_t *text,
    ngx_exportsite_value_t *value)
{
    ngx_http_compile_complex_value_t  ccv;

    ngx_memzero(value, sizeof(ngx_exportsite_value_t));
    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = text;
    ccv.complex_value = &value->complex;

    return ngx_http_compile_complex_value(&ccv);
}
