/*
 * exportsite_choose: a variable whose value is that of the first rule that
 * holds.
 */
#include "compat.h"

#include "../core/text.h"
#include "choose.h"
#include "conf_rule.h"
#include "depend.h"
#include "fields.h"
#include "worker.h"


static ngx_exportsite_choose_t *ngx_exportsite_choose_add(ngx_conf_t *cf,
    ngx_str_t *name);
static char *ngx_exportsite_choose_case(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf);
static ngx_int_t ngx_exportsite_choose(ngx_http_request_t *r,
    ngx_exportsite_visit_t *visit, ngx_exportsite_choose_t *choose,
    ngx_str_t *value);


char *
ngx_exportsite_choose_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                     *rv;
    ngx_str_t                *value;
    ngx_conf_t                save;
    ngx_exportsite_choose_t  *choose;

    value = cf->args->elts;

    choose = ngx_exportsite_choose_add(cf, &value[1]);
    if (choose == NULL) {
        return NGX_CONF_ERROR;
    }

    save = *cf;
    cf->handler = ngx_exportsite_choose_case;
    cf->handler_conf = choose;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv == NGX_CONF_OK && choose->cases.nelts == 0
        && choose->fallback == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "exportsite_choose $%V is empty: give it lines like "
                           "\"country = DE\" german; and default base;",
                           &choose->name);
        return NGX_CONF_ERROR;
    }

    return rv;
}


static ngx_exportsite_choose_t *
ngx_exportsite_choose_add(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t                   i;
    ngx_http_variable_t         *var;
    ngx_exportsite_choose_t     *choose, **list, **slot;
    ngx_exportsite_main_conf_t  *mcf;

    if (name->len < 2 || name->data[0] != '$') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid variable name \"%V\" in exportsite_choose, "
                           "it begins with \"$\"", name);
        return NULL;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_exportsite_module);

    choose = ngx_pcalloc(cf->pool, sizeof(ngx_exportsite_choose_t));
    if (choose == NULL) {
        return NULL;
    }

    choose->name.len = name->len - 1;
    choose->name.data = name->data + 1;

    if (!es_name_valid(ngx_exportsite_es(choose->name))
        || ngx_strlchr(choose->name.data, choose->name.data + choose->name.len,
                       '-')
           != NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid variable name \"%V\" in exportsite_choose: "
                           "small letters, digits and \"_\", a letter first, "
                           "64 at most", name);
        return NULL;
    }

    list = mcf->choices.elts;

    for (i = 0; i < mcf->choices.nelts; i++) {
        if (list[i]->name.len == choose->name.len
            && ngx_memcmp(list[i]->name.data, choose->name.data,
                          choose->name.len)
               == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate exportsite_choose \"%V\"", name);
            return NULL;
        }
    }

    slot = ngx_array_push(&mcf->choices);
    if (slot == NULL
        || ngx_array_init(&choose->cases, cf->pool, 8,
                          sizeof(ngx_exportsite_choose_case_t))
           != NGX_OK)
    {
        return NULL;
    }

    *slot = choose;
    choose->index = mcf->choices.nelts - 1;
    choose->hash = ngx_hash_key(choose->name.data, choose->name.len);

    var = ngx_http_add_variable(cf, &choose->name, 0);
    if (var == NULL) {
        return NULL;
    }

    var->get_handler = ngx_exportsite_choose_variable;
    var->data = (uintptr_t) choose;

    return choose;
}


/* One line of the block: a rule or "default", and a value. */
static char *
ngx_exportsite_choose_case(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    ngx_str_t                         *value;
    ngx_exportsite_choose_t           *choose = cf->handler_conf;
    ngx_exportsite_choose_case_t      *line;

    value = cf->args->elts;

    if (cf->args->nelts != 2) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "a line of exportsite_choose is a rule in quotes "
                           "and a value, as in \"country = DE\" german;");
        return NGX_CONF_ERROR;
    }

    if (ngx_strcmp(value[0].data, "default") == 0) {

        if (choose->fallback != NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "a second \"default %V\" in exportsite_choose "
                               "$%V: it has one", &value[1], &choose->name);
            return NGX_CONF_ERROR;
        }

        line = ngx_pcalloc(cf->pool, sizeof(ngx_exportsite_choose_case_t));
        choose->fallback = line;

    } else {
        line = ngx_array_push(&choose->cases);
    }

    if (line == NULL) {
        return NGX_CONF_ERROR;
    }

    if (line != choose->fallback) {
        line->rule = ngx_exportsite_conf_rule(cf, &value[0]);
        if (line->rule == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_exportsite_conf_value(cf, &value[1], &line->value) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_exportsite_choose_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                 value;
    ngx_exportsite_visit_t   *visit;
    ngx_exportsite_choose_t  *choose = (ngx_exportsite_choose_t *) data;

    visit = ngx_exportsite_visit(r);

    if (visit != NULL) {
        visit->used = 1;
    }

    if (ngx_exportsite_choose(r, visit, choose, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    v->len = value.len;
    v->data = value.data;
    v->valid = 1;
    v->not_found = 0;

    /* asked too early, the value must not be frozen */
    v->no_cacheable = (visit == NULL || visit->waiter != NULL);

    return NGX_OK;
}


void
ngx_exportsite_choose_all(ngx_exportsite_visit_t *visit)
{
    ngx_str_t                  value;
    ngx_uint_t                 i;
    ngx_array_t               *list = &ngx_exportsite_worker.conf->choices;
    ngx_exportsite_choose_t  **choose = list->elts;

    for (i = 0; i < list->nelts; i++) {
        (void) ngx_exportsite_choose(visit->request, visit, choose[i], &value);
    }
}


/* The value of a choice, remembered in the visit; visit may be NULL. */
static ngx_int_t
ngx_exportsite_choose(ngx_http_request_t *r, ngx_exportsite_visit_t *visit,
    ngx_exportsite_choose_t *choose, ngx_str_t *value)
{
    ngx_uint_t                     i;
    ngx_exportsite_main_conf_t    *mcf;
    ngx_exportsite_choose_case_t  *found, *line = choose->cases.elts;

    ngx_str_null(value);
    found = choose->fallback;

    for (i = 0; visit != NULL && i < choose->cases.nelts; i++) {
        if (ngx_exportsite_rule(visit, line[i].rule)) {
            found = &line[i];
            break;
        }
    }

    if (found != NULL
        && ngx_exportsite_value(r, visit, &found->value, value) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (visit == NULL) {
        return NGX_OK;
    }

    mcf = ngx_exportsite_worker.conf;

    if (visit->choices == NULL) {
        visit->choices = ngx_pcalloc(visit->request->pool,
                                     mcf->choices.nelts * sizeof(ngx_str_t));
    }

    if (visit->choices != NULL) {
        visit->choices[choose->index] = *value;
    }

    return NGX_OK;
}


/* A value that cannot be mistaken for the list around it. */
static u_char *
ngx_exportsite_variant(u_char *p, ngx_str_t *value)
{
    u_char      c;
    ngx_uint_t  i;

    for (i = 0; i < value->len; i++) {
        c = value->data[i];
        *p++ = (c == ',' || c == '=') ? '_' : c;
    }

    return p;
}


ngx_str_t
ngx_exportsite_variants(ngx_exportsite_visit_t *visit)
{
    u_char                      *p;
    size_t                       len;
    ngx_str_t                    list = ngx_null_string;
    ngx_uint_t                   i;
    ngx_exportsite_choose_t    **choose;
    ngx_exportsite_main_conf_t  *mcf = ngx_exportsite_worker.conf;

    if (visit->choices == NULL) {
        return list;
    }

    choose = mcf->choices.elts;
    len = 0;

    for (i = 0; i < mcf->choices.nelts; i++) {
        if (visit->choices[i].data != NULL) {
            len += choose[i]->name.len + visit->choices[i].len + 2;
        }
    }

    if (len == 0 || (p = ngx_pnalloc(visit->request->pool, len)) == NULL) {
        return list;
    }

    list.data = p;

    for (i = 0; i < mcf->choices.nelts; i++) {
        if (visit->choices[i].data != NULL) {
            p = ngx_cpymem(p, choose[i]->name.data, choose[i]->name.len);
            *p++ = '=';
            p = ngx_exportsite_variant(p, &visit->choices[i]);
            *p++ = ',';
        }
    }

    list.len = p - list.data - 1;

    return list;
}
