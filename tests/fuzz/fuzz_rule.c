/*
 * Rules: whatever the text, it compiles or is refused with a decent message,
 * about visitors as about events; a compiled one has an answer for anyone, the
 * same each time, and `not (rule)` has the other one. Each of its conditions
 * is a rule by itself, with the answer that it has in there. The same text as a
 * score, too, is taken or refused decently.
 */
#include "../../ngx_exportsite_module/core/rule_explain.h"
#include "../../ngx_exportsite_module/core/score.h"
#include "../../ngx_exportsite_module/core/text.h"
#include "../unit/check.h"


#define CONDITIONS  8           /* of a rule are compiled by themselves */

typedef struct {
    es_rule_env_t    env;
    es_rule_scope_e  scope;
    uint32_t         seed;
    es_str_t         input;
} visitor_t;

static const char *const  values[] = {
    "", "0", "1", "7", "-3.50", "007", "18446744073709551616", "AT", "de",
    "zh-Hans", "machinery", "2026-12-24", "2026-13-01", "/pumps/x.html",
    "https://www.google.at/", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "thu", "\xff"
};

#define NVALUES  (sizeof(values) / sizeof(values[0]))


static void
must(bool condition)
{
    if (!condition) {
        abort();
    }
}


static uint32_t
hash(uint32_t h, const char *s, size_t len)
{
    while (len-- > 0) {
        h = (h ^ (unsigned char) *s++) * 16777619u;
    }

    return h;
}


static bool
known(es_field_e kind, es_rule_scope_e scope)
{
    switch (kind) {

    case ES_FIELD_CONTINENT:
    case ES_FIELD_REGION:
    case ES_FIELD_CITY:
    case ES_FIELD_ASN:
    case ES_FIELD_ORGANIZATION:
    case ES_FIELD_METHOD:
    case ES_FIELD_AGENT:
    case ES_FIELD_CRAWLER:
    case ES_FIELD_CONSENT:
    case ES_FIELD_NEW:
    case ES_FIELD_QUERY:
    case ES_FIELD_COOKIE:
    case ES_FIELD_PROFILE:
        return scope == ES_RULE_VISITOR;

    default:
        return kind < ES_FIELD_PROFILE || scope == ES_RULE_EVENT;
    }
}


static bool
visitor_field(es_rule_env_t *env, const es_rule_field_t *field,
    es_str_t *value)
{
    uint32_t    h;
    visitor_t  *v = (visitor_t *) env;

    must(field->kind < ES_FIELD_COUNT && field->kind != ES_FIELD_SEGMENT);
    must(known(field->kind, v->scope));

    h = hash(v->seed + (uint32_t) field->kind, field->name.data,
             field->name.len);
    h ^= h >> 15;

    switch (h % 8) {
    case 0:
        return false;
    case 1:
        *value = es_null_str;
        return true;
    case 2:
        *value = v->input;
        return true;
    default:
        value->data = values[h / 8 % NVALUES];
        value->len = strlen(value->data);
        return true;
    }
}


static bool
visitor_segment(es_rule_env_t *env, uint32_t index)
{
    return (((visitor_t *) env)->seed >> index) & 1;
}


static void
check_message(const es_rule_error_t *err, size_t len)
{
    char    prefix[32];
    size_t  i, n;

    snprintf(prefix, sizeof(prefix), "col %zu: ", err->column);

    n = strnlen(err->text, sizeof(err->text));

    must(n < sizeof(err->text) && n > strlen(prefix));
    must(strncmp(err->text, prefix, strlen(prefix)) == 0);
    must(err->column >= 1);
    must(err->column <= len + 1 || err->column == ES_RULE_MAX + 1);

    for (i = 0; i < n; i++) {
        must((unsigned char) err->text[i] >= 0x20 && err->text[i] != 0x7f);
    }

    must(es_utf8_length(err->text, n) > 0);

    for (i = 0; i < n; i += es_utf8_length(err->text + i, n - i)) {
        must(es_utf8_length(err->text + i, n - i) > 0);
    }
}


static es_rule_t *
compile(es_str_t rule_text, es_rule_scope_e scope, check_pool_t *pool)
{
    size_t              i;
    es_rule_t          *rule;
    es_rule_error_t     err;
    es_rule_segment_t  *segment;

    memset(&err, 0xff, sizeof(err));
    rule = es_rule_compile(rule_text, scope, &pool->pool, &err);

    if (rule == NULL) {
        check_message(&err, rule_text.len);
        return NULL;
    }

    must(rule_text.len <= ES_RULE_MAX);

    for (i = 0; i < rule->nsegments; i++) {
        segment = &rule->segments[i];
        segment->index = hash(7, segment->name.data, segment->name.len) % 32;

        if (segment->index == 5) {
            segment->index = ES_SEGMENT_UNKNOWN;
        }
    }

    return rule;
}


/* Each condition, asked within the rule and as a rule of its own. */
static void
check_conditions(const es_rule_t *rule, es_str_t text, visitor_t *v,
    check_pool_t *pool)
{
    size_t               i, end;
    es_rule_t           *own;
    es_rule_condition_t  c, again;

    must(es_rule_conditions(rule) > 0);
    must(!es_rule_condition(rule, es_rule_conditions(rule), &v->env, &c));

    end = 0;

    for (i = 0; i < es_rule_conditions(rule); i++) {
        must(es_rule_condition(rule, i, &v->env, &c));
        must(c.len > 0 && c.offset >= end && c.offset + c.len <= text.len);
        must((c.field == NULL) == (c.nsegments > 0));
        must((es_rule_condition_segment(rule, i, 0) == NULL)
             == (c.nsegments == 0));

        end = c.offset + c.len;

        if (i >= CONDITIONS) {
            continue;
        }

        own = compile((es_str_t) { c.len, text.data + c.offset }, v->scope,
                      pool);
        must(own != NULL && es_rule_conditions(own) == 1);
        must(es_rule_eval(own, &v->env) == c.holds);
        must(es_rule_condition(own, 0, &v->env, &again));
        must(again.offset == 0 && again.len == c.len);
        must(again.holds == c.holds && again.found == c.found);
        must(es_str_eq(again.value, c.value));
        es_rule_destroy(own);
    }
}


static void
check_rule(visitor_t *v, check_pool_t *pool)
{
    bool        truth;
    char       *inverse;
    size_t      size = v->input.len;
    es_rule_t  *rule, *opposite;

    rule = compile(v->input, v->scope, pool);

    if (rule == NULL) {
        return;
    }

    inverse = es_alloc(&pool->pool, size + 6);
    memcpy(inverse, "not (", 5);
    memcpy(inverse + 5, v->input.data, size);
    inverse[5 + size] = ')';

    opposite = compile((es_str_t) { size + 6, inverse }, v->scope, pool);

    for (v->seed = 1; v->seed < 200; v->seed += 33) {
        truth = es_rule_eval(rule, &v->env);
        must(es_rule_eval(rule, &v->env) == truth);

        if (opposite != NULL) {
            must(es_rule_eval(opposite, &v->env) == !truth);
        }
    }

    check_conditions(rule, v->input, v, pool);

    es_rule_destroy(rule);

    if (opposite != NULL) {
        es_rule_destroy(opposite);
    }
}


static void
check_score(es_str_t text, check_pool_t *pool)
{
    size_t            offset;
    int64_t           points;
    es_rule_t        *rule;
    es_rule_error_t   err;

    memset(&err, 0xff, sizeof(err));
    rule = es_score_compile(text, &points, &offset, &pool->pool, &err);

    if (rule == NULL) {
        check_message(&err, text.len);
        return;
    }

    must(points != 0 && points >= -ES_SCORE_POINTS
         && points <= ES_SCORE_POINTS);
    must(offset >= 6 && offset < text.len);

    es_rule_destroy(rule);
}


int  LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    visitor_t                  v;
    check_pool_t               pool = check_pool_init();
    static check_pool_t        for_ever = check_pool_init();
    static es_rule_scratch_t  *scratch;

    if (scratch == NULL) {
        scratch = es_rule_scratch_create(&for_ever.pool);
    }

    memset(&v, 0, sizeof(v));
    v.env.field = visitor_field;
    v.env.segment = visitor_segment;
    v.env.scratch = scratch;
    v.input = (es_str_t) { size, (const char *) data };

    v.scope = ES_RULE_VISITOR;
    check_rule(&v, &pool);

    v.scope = ES_RULE_EVENT;
    check_rule(&v, &pool);

    check_score(v.input, &pool);

    check_pool_free(&pool);

    return 0;
}
