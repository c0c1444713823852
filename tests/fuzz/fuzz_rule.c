/*
 * Rules: whatever the text, it compiles or is refused with a decent message;
 * a compiled one has an answer for any visitor, the same each time, and
 * `not (rule)` has the other one.
 */
#include "../../ngx_exportsite_module/core/rule.h"
#include "../../ngx_exportsite_module/core/text.h"
#include "../unit/check.h"


typedef struct {
    es_rule_env_t  env;
    uint32_t       seed;
    es_str_t       input;
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
visitor_field(es_rule_env_t *env, const es_rule_field_t *field,
    es_str_t *value)
{
    uint32_t    h;
    visitor_t  *v = (visitor_t *) env;

    must(field->kind < ES_FIELD_COUNT && field->kind != ES_FIELD_SEGMENT);

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
    return (((visitor_t *) env)->seed >> index % 32) & 1;
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
compile(es_str_t rule_text, check_pool_t *pool)
{
    size_t           i;
    es_rule_t       *rule;
    es_rule_error_t  err;

    memset(&err, 0xff, sizeof(err));
    rule = es_rule_compile(rule_text, &pool->pool, &err);

    if (rule == NULL) {
        check_message(&err, rule_text.len);
        return NULL;
    }

    must(rule_text.len <= ES_RULE_MAX);

    for (i = 0; i < rule->nsegments; i++) {
        rule->segments[i].index = i == 5 ? ES_SEGMENT_UNKNOWN : (uint32_t) i;
    }

    return rule;
}


int  LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool                       truth;
    char                      *inverse;
    es_str_t                   input;
    es_rule_t                 *rule, *opposite;
    visitor_t                  v;
    check_pool_t               pool = check_pool_init();
    static check_pool_t        for_ever = check_pool_init();
    static es_rule_scratch_t  *scratch;

    if (scratch == NULL) {
        scratch = es_rule_scratch_create(&for_ever.pool);
    }

    input = (es_str_t) { size, (const char *) data };

    memset(&v, 0, sizeof(v));
    v.env.field = visitor_field;
    v.env.segment = visitor_segment;
    v.env.scratch = scratch;
    v.input = input;

    rule = compile(input, &pool);

    if (rule == NULL) {
        check_pool_free(&pool);
        return 0;
    }

    inverse = es_alloc(&pool.pool, size + 6);
    memcpy(inverse, "not (", 5);
    memcpy(inverse + 5, data, size);
    inverse[5 + size] = ')';

    opposite = compile((es_str_t) { size + 6, inverse }, &pool);

    for (v.seed = 1; v.seed < 200; v.seed += 33) {
        truth = es_rule_eval(rule, &v.env);
        must(es_rule_eval(rule, &v.env) == truth);

        if (opposite != NULL) {
            must(es_rule_eval(opposite, &v.env) == !truth);
        }
    }

    es_rule_destroy(rule);

    if (opposite != NULL) {
        es_rule_destroy(opposite);
    }

    check_pool_free(&pool);

    return 0;
}
