/*
 * exportsite_country_from, exportsite_language_from, exportsite_industry_from:
 * the rungs of a ladder.
 */
#include "compat.h"

#include "conf_rule.h"
#include "depend.h"
#include "directives.h"


typedef struct {
    ngx_str_t                 name;
    ngx_exportsite_source_e   type;
    ngx_uint_t                ladders;            /* a bit each: 1, 2, 4 */
    ngx_uint_t                named;              /* as in cookie:NAME */
    uint64_t                  depends;            /* of asking it */
} ngx_exportsite_word_t;


static char *ngx_exportsite_source_parse(ngx_conf_t *cf, ngx_uint_t which,
    ngx_str_t *word, ngx_exportsite_source_t *source);


/* country and hint ask other things, which have dependencies of their own */
static const ngx_exportsite_word_t  ngx_exportsite_words[] = {
    { ngx_string("geo"), ngx_exportsite_source_geo, 1, 0,
      NGX_EXPORTSITE_DEPEND_VISITOR },
    { ngx_string("url"), ngx_exportsite_source_url, 7, 0, 0 },
    { ngx_string("accept"), ngx_exportsite_source_accept, 2, 0,
      NGX_EXPORTSITE_DEPEND_LANGUAGE },
    { ngx_string("country"), ngx_exportsite_source_country, 2, 0, 0 },
    { ngx_string("profile"), ngx_exportsite_source_profile, 7, 0,
      NGX_EXPORTSITE_DEPEND_VISITOR },
    { ngx_string("hint"), ngx_exportsite_source_hint, 4, 0, 0 },
    { ngx_string("cookie"), ngx_exportsite_source_cookie, 7, 1,
      NGX_EXPORTSITE_DEPEND_VISITOR },
    { ngx_string("arg"), ngx_exportsite_source_arg, 7, 1, 0 },
    { ngx_string("header"), ngx_exportsite_source_header, 7, 1, 0 }
};

/* country, language, industry: the field of a profile, and what may stand */
static const struct {
    ngx_str_t                 field;
    const char               *remedy;
} ngx_exportsite_ladders[] = {
    { ngx_string("country"),
      "a country comes from geo, cookie:NAME, arg:NAME, header:NAME, url, "
      "profile or a value with variables" },
    { ngx_string("language"),
      "a language comes from url, accept, country, cookie:NAME, arg:NAME, "
      "header:NAME, profile or a value with variables" },
    { ngx_string("industry"),
      "an industry comes from profile, hint, cookie:NAME, arg:NAME, "
      "header:NAME, url or a value with variables" }
};


/*
 * The three ladders, by the offset of their field: country, language,
 * industry.
 */
char *
ngx_exportsite_from(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t     *value = cf->args->elts;
    ngx_uint_t     which;
    ngx_array_t  **ladder;

    ladder = (ngx_array_t **) ((char *) conf + cmd->offset);

    if (*ladder != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    which = cmd->offset == offsetof(ngx_exportsite_loc_conf_t, country_from)
            ? 0
            : cmd->offset == offsetof(ngx_exportsite_loc_conf_t, language_from)
              ? 1 : 2;

    *ladder = ngx_exportsite_ladder(cf, which, value + 1, cf->args->nelts - 1);

    return *ladder ? NGX_CONF_OK : NGX_CONF_ERROR;
}


ngx_array_t *
ngx_exportsite_ladder(ngx_conf_t *cf, ngx_uint_t which, ngx_str_t *words,
    ngx_uint_t n)
{
    ngx_uint_t                    i;
    ngx_array_t                  *ladder;
    ngx_exportsite_source_t      *source, **slot;
    ngx_exportsite_main_conf_t   *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_exportsite_module);

    /* exactly n, so that no element ever moves */
    ladder = ngx_array_create(cf->pool, n, sizeof(ngx_exportsite_source_t));
    if (ladder == NULL) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        source = ngx_array_push(ladder);
        ngx_memzero(source, sizeof(ngx_exportsite_source_t));

        if (ngx_exportsite_source_parse(cf, which, &words[i], source)
            != NGX_CONF_OK)
        {
            return NULL;
        }

        if (source->type == ngx_exportsite_source_profile) {
            slot = ngx_array_push(&mcf->profile_sources);
            if (slot == NULL) {
                return NULL;
            }

            *slot = source;
        }
    }

    return ladder;
}


/* The word's row in the table, if it may stand on this ladder. */
static const ngx_exportsite_word_t *
ngx_exportsite_source_word(ngx_uint_t which, ngx_str_t *word, size_t len,
    ngx_uint_t named)
{
    ngx_uint_t                    i;
    const ngx_exportsite_word_t  *w;

    for (i = 0; i < sizeof(ngx_exportsite_words)
                    / sizeof(ngx_exportsite_words[0]); i++)
    {
        w = &ngx_exportsite_words[i];

        if (w->name.len == len
            && ngx_memcmp(w->name.data, word->data, len) == 0
            && (w->ladders & (ngx_uint_t) 1 << which) && w->named == named)
        {
            return w;
        }
    }

    return NULL;
}


static char *
ngx_exportsite_source_parse(ngx_conf_t *cf, ngx_uint_t which, ngx_str_t *word,
    ngx_exportsite_source_t *source)
{
    u_char                            *colon;
    size_t                             len;
    const ngx_exportsite_word_t       *w;
    ngx_exportsite_main_conf_t        *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_exportsite_module);

    source->text = *word;

    if (ngx_exportsite_has_variable(word)) {
        source->type = ngx_exportsite_source_value;

        return ngx_exportsite_conf_value(cf, word, &source->value) == NGX_OK
               ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    colon = ngx_strlchr(word->data, word->data + word->len, ':');
    len = colon ? (size_t) (colon - word->data) : word->len;

    if (colon != NULL) {
        source->name.data = colon + 1;
        source->name.len = word->len - len - 1;
    }

    w = ngx_exportsite_source_word(which, word, len, source->name.len > 0);

    if (w == NULL || (colon != NULL && source->name.len == 0)) {
        return ngx_exportsite_invalid(cf, word,
                                      ngx_exportsite_ladders[which].remedy);
    }

    source->type = w->type;
    source->depends = w->depends;

    if (w->type == ngx_exportsite_source_header) {
        source->depends = ngx_exportsite_depend_header(mcf, &source->name);
    }

    if (w->type == ngx_exportsite_source_profile) {
        source->name = ngx_exportsite_ladders[which].field;
    }

    return NGX_CONF_OK;
}
