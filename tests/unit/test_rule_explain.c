/*
 * Conditions of a rule, one by one: what each says for itself, and that all of
 * them, put together as the rule has them, give the rule's own answer.
 */
#include "../../ngx_exportsite_module/core/rule_explain.h"
#include "check.h"


#define NPATTERNS(a)  (sizeof(a) / sizeof((a)[0]))

typedef struct {
    es_rule_env_t  env;
    uint32_t       seed;        /* 0: the visitor of facts[] */
} visitor_t;

static const struct {
    es_field_e   kind;
    const char  *value;
} facts[] = {
    { ES_FIELD_COUNTRY, "AT" },
    { ES_FIELD_PATH, "/pumps/x-200.html" },
    { ES_FIELD_VISITS, "3" },
    { ES_FIELD_CONSENT, "1" },
    { ES_FIELD_DATE, "2026-12-24" },
    { ES_FIELD_QUERY, "" },
    { ES_FIELD_TYPE, "goal" },
};

static const char *const  values[] = {
    "", "0", "1", "3", "-0.5", "AT", "DE", "/pumps/x", "2026-12-24", "goal"
};


/* Any value or none for a visitor of a seed, the same each time. */
static bool
visitor_field(es_rule_env_t *env, const es_rule_field_t *field,
    es_str_t *value)
{
    size_t      i;
    uint32_t    h;
    visitor_t  *v = (visitor_t *) env;

    if (v->seed != 0) {
        h = (v->seed * 31 + (uint32_t) field->kind) * 2654435761u >> 16;
        *value = es_str("?");

        if (h % 4 == 0) {
            return false;
        }

        value->data = values[h / 4 % NPATTERNS(values)];
        value->len = strlen(value->data);

        return true;
    }

    for (i = 0; i < NPATTERNS(facts); i++) {
        if (facts[i].kind == field->kind) {
            value->data = facts[i].value;
            value->len = strlen(facts[i].value);
            return true;
        }
    }

    *value = es_str("?");

    return false;
}


static bool
visitor_segment(es_rule_env_t *env, uint32_t index)
{
    return (((visitor_t *) env)->seed + index) & 1;
}


static es_rule_t *
compile(const char *source, es_pool_t *pool)
{
    char             *copy;
    size_t            i;
    es_rule_t        *rule;
    es_rule_error_t   err;

    copy = strdup(source);
    rule = es_rule_compile(text(copy), ES_RULE_VISITOR, pool, &err);
    free(copy);

    if (rule == NULL) {
        fprintf(stderr, "\"%s\": %s\n", source, err.text);
        exit(1);
    }

    for (i = 0; i < rule->nsegments; i++) {
        rule->segments[i].index =
            es_str_eq(rule->segments[i].name, es_str("none"))
            ? ES_SEGMENT_UNKNOWN : (uint32_t) i;
    }

    return rule;
}


#define MISSING  ((const char *) 0)
#define SEGMENT  "(segment)"

typedef struct {
    const char  *span;
    const char  *field;
    const char  *value;
    bool         holds;
} want_t;

static const struct {
    const char  *rule;
    bool         holds;
    want_t       conditions[6];
} explained[] = {
    { "country in (DE, AT) and visits > 5 or not crawler", true, {
        { "country in (DE, AT)", "country", "AT", true },
        { "visits > 5", "visits", "3", false },
        { "not crawler", "crawler", MISSING, true } } },

    /* blanks around a condition are none of it, those within are */
    { "\t( country  =\tDE )and(not\n consent\r) ", false, {
        { "country  =\tDE", "country", "AT", false },
        { "not\n consent", "consent", "1", false } } },

    /* also conditions that the rule does not come to, and the same again */
    { "consent or region ~ '(x|y)' or consent", true, {
        { "consent", "consent", "1", true },
        { "region ~ '(x|y)'", "region", MISSING, false },
        { "consent", "consent", "1", true } } },

    /* a reverse belongs to the condition, before a parenthesis to none */
    { "country != DE and region not in (a, 'b)') and not visits != 3", true, {
        { "country != DE", "country", "AT", true },
        { "region not in (a, 'b)')", "region", MISSING, true },
        { "not visits != 3", "visits", "3", true } } },
    { "not (country = DE or not not consent) or not (new)", true, {
        { "country = DE", "country", "AT", false },
        { "not not consent", "consent", "1", true },
        { "new", "new", MISSING, false } } },
    { "not(not(not visits between 1 and 3))", false, {
        { "not visits between 1 and 3", "visits", "3", false } } },

    /* an empty value is one; names of a field are not its value */
    { "query.a exists and query.a missing or QUERY.a = ''", true, {
        { "query.a exists", "query", "", true },
        { "query.a missing", "query", "", false },
        { "QUERY.a = ''", "query", "", true } } },

    /* segments: b, the second one, holds */
    { "segment = a or segment in (a, \"b\") or not segment != none", true, {
        { "segment = a", SEGMENT, "a", false },
        { "segment in (a, \"b\")", SEGMENT, "a b", true },
        { "not segment != none", SEGMENT, "none", false } } },

    { "path starts with /pumps/ and path !~* \"\\.PDF$\"", true, {
        { "path starts with /pumps/", "path", "/pumps/x-200.html", true },
        { "path !~* \"\\.PDF$\"", "path", "/pumps/x-200.html", true } } },
};


/* The names of the segments of condition i, with blanks. */
static es_str_t
segments_of(const es_rule_t *rule, size_t i, char *buf)
{
    size_t                    n, len;
    const es_rule_segment_t  *segment;

    len = 0;

    for (n = 0; ; n++) {
        segment = es_rule_condition_segment(rule, i, n);

        if (segment == NULL) {
            return (es_str_t) { len, buf };
        }

        len += (size_t) sprintf(buf + len, "%s%.*s", n ? " " : "",
                                (int) segment->name.len, segment->name.data);
    }
}


static void
check_condition(const es_rule_t *rule, size_t i, visitor_t *v,
    const char *source, const want_t *want)
{
    char                 buf[64];
    es_str_t             span;
    es_rule_condition_t  got;

    memset(&got, 0xff, sizeof(got));

    check(es_rule_condition(rule, i, &v->env, &got));
    span = (es_str_t) { got.len, source + got.offset };
    check_str(span, want->span);
    check(got.holds == want->holds);

    if (strcmp(want->field, SEGMENT) == 0) {
        check(got.field == NULL && !got.found && got.value.len == 0);
        check_str(segments_of(rule, i, buf), want->value);
        check(got.nsegments == 1 + (strchr(want->value, ' ') != NULL));
        return;
    }

    check(got.nsegments == 0);
    check(es_rule_condition_segment(rule, i, 0) == NULL);
    check(got.field != NULL
          && strcmp(es_rule_field_name(got.field->kind), want->field) == 0);
    check(got.found == (want->value != MISSING));
    check_str(got.value, want->value ? want->value : "");
}


static void
test_explained(visitor_t *v)
{
    size_t                i, n;
    es_rule_t            *rule;
    check_pool_t          pool = check_pool_init();
    es_rule_condition_t   ignored;

    for (i = 0; i < NPATTERNS(explained); i++) {
        rule = compile(explained[i].rule, &pool.pool);

        for (n = 0; n < 6 && explained[i].conditions[n].span != NULL; n++) {
            check_condition(rule, n, v, explained[i].rule,
                            &explained[i].conditions[n]);
        }

        check(es_rule_conditions(rule) == n);
        check(!es_rule_condition(rule, n, &v->env, &ignored));
        check(es_rule_condition_segment(rule, n, 0) == NULL);

        /* and the rule is none the worse for it */
        check(es_rule_eval(rule, &v->env) == explained[i].holds);

        es_rule_destroy(rule);
    }

    check_pool_free(&pool);
}


static const char *const  patterns[] = {
    "country = AT", "country != at", "country in (DE, AT)", "visits = 3",
    "country not in (DE)", "visits < 1", "visits <= 1", "visits > 0",
    "visits >= 3", "visits between 1 and 3", "visits not between 0 and 2",
    "date < 2027-01-01", "date not between 2026-01-01 and 2026-12-31",
    "visits > many", "path contains /", "path not contains x",
    "path starts with /p", "path not starts with 0", "path ends with x",
    "path not ends with 1", "path ~ '^/p'", "path !~ '\\d'", "path ~* '^A'",
    "path !~* 'goal'", "region exists", "region missing", "consent",
    "cookie.a", "query.a = ''", "profile.size != 1", "country exists",
    "segment = a", "segment != b", "segment in (a, b)",
    "segment not in (none, c)"
};


/* A rule of one condition, whatever it is: it is what the rule is. */
static void
test_single(visitor_t *v)
{
    char                  source[128];
    size_t                i, n;
    es_rule_t            *rule;
    check_pool_t          pool = check_pool_init();
    es_rule_condition_t   condition;
    static const char    *const  before[] = { "", "not ", "not not ",
                                              "NOT not  not\t" };

    for (i = 0; i < NPATTERNS(patterns) * NPATTERNS(before); i++) {
        n = (size_t) sprintf(source, "%s%s", before[i % NPATTERNS(before)],
                             patterns[i / NPATTERNS(before)]);
        rule = compile(source, &pool.pool);
        check(es_rule_conditions(rule) == 1);

        for (v->seed = 0; v->seed < 40; v->seed++) {
            check(es_rule_condition(rule, 0, &v->env, &condition));
            check(condition.offset == 0 && condition.len == n);
            check(condition.holds == es_rule_eval(rule, &v->env));
        }

        es_rule_destroy(rule);
    }

    v->seed = 0;
    check_pool_free(&pool);
}


typedef struct {
    uint32_t     random;
    char         source[ES_RULE_MAX];
    size_t       len;
    size_t       offsets[64];       /* of conditions as they are written */
    size_t       lens[64];
    size_t       n;
    size_t       at;                /* while it is put together again */
    const bool  *holds;
} maker_t;


static uint32_t
any(maker_t *m, uint32_t n)
{
    m->random = m->random * 1664525u + 1013904223u;

    return (m->random >> 16) % n;
}


static void
say(maker_t *m, const char *s)
{
    m->len += (size_t) sprintf(m->source + m->len, "%s", s);
}


/*
 * A random rule: the first pass writes it. The second one, with the same
 * numbers and the answers of its conditions, computes what it is.
 */
static bool
make(maker_t *m, unsigned depth)
{
    bool      a, b, reverse;
    uint32_t  kind, pattern;

    kind = any(m, depth == 0 ? 2 : 5);

    if (kind < 2) {
        reverse = any(m, 3) == 0;
        pattern = any(m, NPATTERNS(patterns));

        if (m->holds != NULL) {
            return m->holds[m->at++];
        }

        m->offsets[m->n] = m->len;
        say(m, reverse ? "not " : "");
        say(m, patterns[pattern]);
        m->lens[m->n] = m->len - m->offsets[m->n];
        m->n++;

        return false;
    }

    reverse = any(m, 2) == 0;
    say(m, kind == 4 ? "(" : "");
    say(m, reverse ? "not (" : "( ");
    a = make(m, depth - 1);
    say(m, kind == 2 ? " or " : kind == 3 ? "  and " : ") or (");
    b = make(m, depth - 1);
    say(m, kind == 4 ? " ))" : " )");

    if (kind == 4) {            /* (not (a) or (b)) */
        return (a != reverse) || b;
    }

    return (kind == 2 ? a || b : a && b) != reverse;
}


static void
check_random(visitor_t *v, uint32_t seed)
{
    bool                  holds[64];
    size_t                i;
    maker_t               m, again;
    es_rule_t            *rule;
    check_pool_t          pool = check_pool_init();
    es_rule_condition_t   condition;

    memset(&m, 0, sizeof(m));
    m.random = seed;
    say(&m, "(");
    (void) make(&m, 4);
    say(&m, ")");

    rule = compile(m.source, &pool.pool);
    check(es_rule_conditions(rule) == m.n);

    for (v->seed = 0; v->seed < 8; v->seed++) {
        for (i = 0; i < m.n; i++) {
            check(es_rule_condition(rule, i, &v->env, &condition));
            check(condition.offset == m.offsets[i]);
            check(condition.len == m.lens[i]);
            holds[i] = condition.holds;
        }

        memset(&again, 0, sizeof(again));
        again.random = seed;
        again.holds = holds;

        check(make(&again, 4) == es_rule_eval(rule, &v->env));
        check(again.at == m.n);
    }

    v->seed = 0;
    es_rule_destroy(rule);
    check_pool_free(&pool);
}


/* The longest rule, and one with as many conditions as there can be. */
static void
test_limits(visitor_t *v)
{
    char                  big[ES_RULE_MAX + 8];
    size_t                i;
    es_rule_t            *rule;
    check_pool_t          pool = check_pool_init();
    es_rule_condition_t   c;

    memset(big, 'x', sizeof(big));
    memcpy(big, "path != ", 8);
    big[ES_RULE_MAX] = '\0';

    rule = compile(big, &pool.pool);
    check(es_rule_condition(rule, 0, &v->env, &c));
    check(c.offset == 0 && c.len == ES_RULE_MAX && c.holds);

    for (i = 0; i + 8 <= ES_RULE_MAX; i += 8) {
        memcpy(big + i, i % 16 ? "asn and " : "new and ", 8);
    }
    memcpy(big + ES_RULE_MAX - 8, "consent ", 8);

    rule = compile(big, &pool.pool);
    check(es_rule_conditions(rule) == ES_RULE_MAX / 8);
    check(es_rule_condition(rule, ES_RULE_MAX / 8 - 1, &v->env, &c));
    check(c.offset == ES_RULE_MAX - 8 && c.len == 7 && c.holds);

    check_pool_free(&pool);
}


int
main(void)
{
    uint32_t      seed;
    visitor_t     v;
    check_pool_t  pool = check_pool_init();

    memset(&v, 0, sizeof(v));
    v.env.field = visitor_field;
    v.env.segment = visitor_segment;
    v.env.scratch = es_rule_scratch_create(&pool.pool);

    test_explained(&v);
    test_single(&v);
    test_limits(&v);

    for (seed = 1; seed <= 1000; seed++) {
        check_random(&v, seed);
    }

    check_pool_free(&pool);

    return check_done();
}
