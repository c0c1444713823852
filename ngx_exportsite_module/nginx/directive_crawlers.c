/*
 * exportsite_crawlers.
 */
#include "compat.h"

#include "directives.h"


/* Whom a pattern must not fit: if it does, it fits nearly everybody. */
static es_str_t  ngx_exportsite_people[] = {
    es_str("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
           "(KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"),
    es_str("Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) "
           "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 "
           "Mobile/15E148 Safari/604.1"),
    es_str("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 "
           "Firefox/143.0"),
};


static void
ngx_exportsite_crawlers_cleanup(void *data)
{
    es_agent_list_destroy(data);
}


static es_agent_list_t *
ngx_exportsite_crawlers_create(ngx_conf_t *cf, es_pool_t *pool)
{
    es_agent_list_t     *list;
    ngx_pool_cleanup_t  *cln;

    list = es_agent_list_create(pool);
    cln = list ? ngx_pool_cleanup_add(cf->pool, 0) : NULL;

    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_exportsite_crawlers_cleanup;
    cln->data = list;

    return list;
}


/* A warning for a list that takes people for crawlers. */
static void
ngx_exportsite_crawlers_warn(ngx_conf_t *cf, es_agent_list_t *list,
    es_rule_env_t *env)
{
    ngx_uint_t  i;

    for (i = 0; i < sizeof(ngx_exportsite_people) / sizeof(es_str_t); i++) {
        if (es_agent_list_fits(list, ngx_exportsite_people[i], env)) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "\"exportsite_crawlers\" takes people for "
                               "crawlers, such as \"%*s\"",
                               ngx_exportsite_people[i].len,
                               ngx_exportsite_people[i].data);
            return;
        }
    }
}


char *
ngx_exportsite_crawlers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                   *value = cf->args->elts;
    ngx_uint_t                   i;
    es_rule_env_t                env;
    es_rule_error_t              err;
    ngx_exportsite_main_conf_t  *mcf = conf;

    ngx_memzero(&env, sizeof(es_rule_env_t));
    env.scratch = es_rule_scratch_create(mcf->pool);

    if (mcf->crawlers == NULL) {
        mcf->crawlers = ngx_exportsite_crawlers_create(cf, mcf->pool);
    }

    if (mcf->crawlers == NULL || env.scratch == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        if (!es_agent_list_add(mcf->crawlers, ngx_exportsite_es(value[i]),
                               &err))
        {
            return ngx_exportsite_invalid(cf, &value[i], err.text);
        }
    }

    ngx_exportsite_crawlers_warn(cf, mcf->crawlers, &env);

    return NGX_CONF_OK;
}
