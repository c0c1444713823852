/*
 * The set of segments: changes and what they leave in force, references,
 * circles, names that clash, limits, and that nothing is left behind.
 */
#include "../../ngx_exportsite_module/core/segments.h"
#include "check.h"


typedef struct {
    check_pool_t  pool;
    size_t       *alive;
} host_pool_t;

typedef struct {
    es_rule_env_t   env;
    es_segments_t  *set;
    uint8_t         memo[ES_SEGMENTS_MAX];
    unsigned        reads;
} visitor_t;

static bool  no_pools;              /* the host has no memory */


static es_pool_t *
host_pool_create(void *data)
{
    host_pool_t  *p;

    if (no_pools) {
        return NULL;
    }

    p = malloc(sizeof(host_pool_t));
    p->pool = (check_pool_t) check_pool_init();
    p->alive = data;
    (*p->alive)++;

    return &p->pool.pool;
}


static void
host_pool_destroy(void *data, es_pool_t *pool)
{
    host_pool_t  *p = (host_pool_t *) pool;

    check(p->alive == data);
    (*p->alive)--;
    check_pool_free(&p->pool);
    free(p);
}


/* A visitor of whom the city is known, and nothing else. */
static bool
visitor_field(es_rule_env_t *env, const es_rule_field_t *field,
    es_str_t *value)
{
    ((visitor_t *) env)->reads++;
    *value = es_str("Graz");

    return field->kind == ES_FIELD_CITY;
}


static bool
visitor_segment(es_rule_env_t *env, uint32_t index)
{
    visitor_t  *v = (visitor_t *) env;

    return es_segments_eval(v->set, env, index, v->memo);
}


static void
put(es_segments_t *set, const char *name, const char *rule)
{
    es_rule_error_t  err;

    check(es_segments_put(set, text(name), text(rule), &err));
}


/* 1 or 0 for a new visitor, -1 for a segment that is not known. */
static int
holds(es_segments_t *set, const char *name)
{
    uint32_t   i;
    visitor_t  v;

    memset(&v, 0, sizeof(v));
    v.env.field = visitor_field;
    v.env.segment = visitor_segment;
    v.set = set;

    i = es_segments_find(set, text(name));

    return i == ES_SEGMENT_UNKNOWN ? -1
                                   : es_segments_eval(set, &v.env, i, v.memo);
}


static es_str_t
error(es_segments_t *set, const char *name)
{
    const char  *s;

    s = es_segments_error(set, es_segments_find(set, text(name)));

    return text(s != NULL ? s : "(none)");
}


static es_str_t
warning(es_segments_t *set, const char *name)
{
    const char  *s;

    s = es_segments_warning(set, es_segments_find(set, text(name)));

    return text(s != NULL ? s : "(none)");
}


static void
test_changes(es_segments_t *set, size_t *alive)
{
    size_t           before;
    uint32_t         generation;
    es_rule_error_t  err;

    put(set, "local", "city = Graz");
    check(es_segments_count(set) == 0);

    generation = es_segments_generation(set);
    check(es_segments_link(set));
    check(es_segments_generation(set) != generation);
    check(es_segments_count(set) == 1);
    check(holds(set, "local") == 1);

    /* a change has no effect before the link */
    put(set, "local", "city = Wien");
    put(set, "abroad", "city != Wien");
    check(holds(set, "local") == 1);
    check(holds(set, "abroad") == -1);
    check(es_segments_link(set));
    check(holds(set, "local") == 0);
    check(holds(set, "abroad") == 1);
    check_str(es_segments_name(set, 0), "abroad");
    check_str(es_segments_name(set, 1), "local");
    check(es_segments_rule(set, 0)->nfields == 1);

    /* a rule that does not parse leaves the last good one */
    check(!es_segments_put(set, text("abroad"), text("cty = Wien"), &err));
    check(!es_segments_put(set, text("fresh"), text("city ="), &err));
    check(es_segments_link(set));
    check(holds(set, "abroad") == 1);
    check_str(error(set, "abroad"),
              "col 1: unknown field \"cty\", did you mean \"city\"?");
    check(holds(set, "fresh") == 0);
    check(es_segments_rule(set, es_segments_find(set, text("fresh"))) == NULL);
    check_str(error(set, "fresh"),
              "col 7: expected a value, but the rule ends here");
    check_str(error(set, "local"), "(none)");

    /* the good one again: no error, no work */
    before = *alive;
    put(set, "abroad", "city != Wien");
    check(*alive == before);
    put(set, "fresh", "weekday = monday");
    check(es_segments_link(set));
    check_str(error(set, "abroad"), "(none)");
    check_str(error(set, "fresh"), "(none)");
    check(strncmp(warning(set, "fresh").data, "col 11: ", 8) == 0);

    es_segments_remove(set, text("abroad"));
    es_segments_remove(set, text("never"));
    check(holds(set, "abroad") == 1);
    check(es_segments_link(set));
    check(holds(set, "abroad") == -1);
    check(es_segments_count(set) == 2);

    es_segments_remove(set, text("local"));
    put(set, "local", "city = Graz");
    es_segments_remove(set, text("fresh"));
    check(es_segments_link(set));
    check(holds(set, "local") == 1);
    check(es_segments_count(set) == 1);
    check(*alive == 1);

    es_segments_remove(set, text("local"));
    check(es_segments_link(set));
    check(*alive == 0);
}


static void
test_references(es_segments_t *set)
{
    visitor_t        v;
    es_rule_t       *rule;
    check_pool_t     pool = check_pool_init();
    es_rule_error_t  err;

    put(set, "z", "city = Graz");
    put(set, "m", "segment = z and segment in (z, none) and segment != none");
    put(set, "a", "segment = m and segment = z and segment = m");
    check(es_segments_link(set));
    check(holds(set, "a") == 1);
    check_str(warning(set, "a"), "(none)");
    check_str(warning(set, "m"), "segment \"none\" does not exist");
    check_str(error(set, "m"), "(none)");

    /* each is computed once for a visitor */
    memset(&v, 0, sizeof(v));
    v.env.field = visitor_field;
    v.env.segment = visitor_segment;
    v.set = set;
    check(es_segments_eval(set, &v.env, 0, v.memo));
    check(es_segments_eval(set, &v.env, 1, v.memo));
    check(v.reads == 1);

    /* what was missing comes, what was there goes */
    put(set, "none", "city exists");
    es_segments_remove(set, text("z"));
    check(es_segments_link(set));
    check(holds(set, "a") == 0);
    check_str(warning(set, "m"), "segment \"z\" does not exist");
    check(holds(set, "none") == 1);

    /* a rule from elsewhere */
    rule = es_rule_compile(es_str("segment = none and segment != x"),
                           ES_RULE_VISITOR, &pool.pool, &err);
    es_segments_bind(set, rule);
    check(rule->segments[0].index == 2);
    check(rule->segments[1].index == ES_SEGMENT_UNKNOWN);
    check(es_rule_eval(rule, &v.env));
    check_pool_free(&pool);
}


static void
test_circles(es_segments_t *set)
{
    /* all at once, as after a start */
    put(set, "self", "segment = self or city = Graz");
    put(set, "a", "segment = out or segment = b or city = Graz");
    put(set, "b", "segment = c or city = Graz");
    put(set, "c", "segment = a or city = Graz");
    put(set, "out", "city = Graz");
    put(set, "in", "segment != a");
    check(es_segments_link(set));

    check(holds(set, "self") == 0);
    check(holds(set, "a") == 0);
    check(holds(set, "b") == 0);
    check(holds(set, "c") == 0);
    check(holds(set, "out") == 1);
    check(holds(set, "in") == 1);
    check_str(error(set, "self"), "segment \"self\" refers to itself");
    check_str(error(set, "a"),
              "segment \"a\" refers to itself through \"b\"");
    check_str(error(set, "b"),
              "segment \"b\" refers to itself through \"c\"");
    check_str(error(set, "c"),
              "segment \"c\" refers to itself through \"a\"");
    check_str(error(set, "in"), "(none)");
    check_str(error(set, "out"), "(none)");

    /* one of them leaves it: the others come to life */
    put(set, "c", "city = Graz");
    check(es_segments_link(set));
    check(holds(set, "a") == 1);
    check(holds(set, "b") == 1);
    check_str(error(set, "a"), "(none)");

    /* a change that closes a circle is not taken */
    put(set, "c", "segment = b or city = Wien");
    check(es_segments_link(set));
    check(holds(set, "a") == 1 && holds(set, "b") == 1);
    check(holds(set, "c") == 1);
    check_str(error(set, "b"), "(none)");
    check_str(error(set, "c"),
              "segment \"c\" refers to itself through \"b\"");

    /* not even later, when something else changes */
    put(set, "out", "city = Wien");
    check(es_segments_link(set));
    check(holds(set, "c") == 1);
    check(error(set, "c").len > 10);

    /* until the circle is opened elsewhere */
    put(set, "b", "city = Wien");
    check(es_segments_link(set));
    check(holds(set, "b") == 0 && holds(set, "c") == 0);
    check(holds(set, "a") == 1);
    check_str(error(set, "c"), "(none)");

    /* a new segment that closes one is false, who was there stays */
    put(set, "a", "segment = later or city = Graz");
    check(es_segments_link(set));
    check_str(warning(set, "a"), "segment \"later\" does not exist");
    put(set, "later", "segment = a");
    check(es_segments_link(set));
    check(holds(set, "a") == 1 && holds(set, "later") == 0);
    check_str(warning(set, "a"), "(none)");
    check_str(error(set, "later"),
              "segment \"later\" refers to itself through \"a\"");
}


/* Circles beside references to what has been looked at before. */
static void
test_circles_beside(es_segments_t *set)
{
    put(set, "a", "city = Graz");
    put(set, "b", "segment = a");
    put(set, "p", "segment = b or segment = q");
    put(set, "q", "segment = b or segment = p");
    check(es_segments_link(set));
    check(holds(set, "b") == 1);
    check(holds(set, "p") == 0 && holds(set, "q") == 0);
    check_str(error(set, "b"), "(none)");
    check_str(error(set, "q"),
              "segment \"q\" refers to itself through \"p\"");

    /* the rule that stays is bound anew when the numbers change */
    put(set, "p", "segment = b");
    check(es_segments_link(set));
    check(holds(set, "p") == 1 && holds(set, "q") == 1);
    put(set, "p", "segment = q and city = Wien");
    put(set, "a-new-first", "city = Wien");
    put(set, "aa", "city = Wien");
    check(es_segments_link(set));
    check(holds(set, "p") == 1 && holds(set, "q") == 1);
    check(error(set, "p").len > 10);
}


/* A row of segments turned around: each step back makes a new circle. */
static void
test_cascade(es_segments_t *set)
{
    int   i;
    char  name[16], rule[64];

    for (i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "s%02d", i);
        snprintf(rule, sizeof(rule), "segment = s%02d or city = Graz", i + 1);
        put(set, name, rule);
    }

    put(set, "u", "segment = s00");
    check(es_segments_link(set));
    check(holds(set, "u") == 1);

    for (i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "s%02d", i);
        snprintf(rule, sizeof(rule), "segment = s%02d", i - 1);
        put(set, name, i == 0 ? "segment = u" : rule);
    }

    check(es_segments_link(set));
    check(holds(set, "u") == 1);
    check(holds(set, "s00") == 1);
    check(holds(set, "s39") == 1);
    check_str(error(set, "s00"),
              "segment \"s00\" refers to itself through \"u\"");
    check_str(error(set, "s39"), "segment \"s39\" was changed together with "
              "others that refer to themselves");
    check_str(error(set, "u"), "(none)");

    /* with that circle opened, all the others are taken */
    put(set, "u", "city = Wien");
    check(es_segments_link(set));
    check(holds(set, "s39") == 0);
    check_str(error(set, "s39"), "(none)");
}


static void
test_depth(es_segments_t *set)
{
    int   i;
    char  name[16], rule[64];

    for (i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "d%03d", i);
        snprintf(rule, sizeof(rule), "segment = d%03d", i + 1);
        put(set, name, i == 199 ? "city = Graz" : rule);
    }

    check(es_segments_link(set));
    check(holds(set, "d199") == 1);
    check(holds(set, "d136") == 1);
    check(holds(set, "d135") == 0);
    check_str(error(set, "d136"), "(none)");
    check_str(error(set, "d135"),
              "segment \"d135\" refers to segments more than 64 deep");
    check_str(error(set, "d134"), "(none)");
}


static void
test_names(es_segments_t *set)
{
    char             longest[66];
    es_rule_error_t  err;

    put(set, "a-b", "city = Graz");
    put(set, "a_b", "city = Graz");
    put(set, "a-b-c", "city = Graz");
    put(set, "a0", "city = Graz");
    check(es_segments_link(set));

    check(holds(set, "a-b") == 1);
    check(holds(set, "a_b") == 0);
    check_str(error(set, "a-b"), "(none)");
    check_str(error(set, "a_b"),
              "segment \"a_b\" has the variable of \"a-b\"; rename one");
    check(es_segments_find_variable(set, text("a_b"))
          == es_segments_find(set, text("a-b")));
    check(es_segments_find_variable(set, text("a_b_c"))
          == es_segments_find(set, text("a-b-c")));
    check(es_segments_find_variable(set, text("a0"))
          == es_segments_find(set, text("a0")));
    check(es_segments_find_variable(set, text("a_c")) == ES_SEGMENT_UNKNOWN);
    check(es_segments_find_variable(set, text("z")) == ES_SEGMENT_UNKNOWN);
    check(es_segments_find(set, text("a_b_c")) == ES_SEGMENT_UNKNOWN);

    es_segments_remove(set, text("a-b"));
    check(es_segments_link(set));
    check(holds(set, "a_b") == 1);
    check_str(error(set, "a_b"), "(none)");

    check(!es_segments_put(set, text("A"), text("new"), &err));
    check(strncmp(err.text, "a segment's name", 16) == 0);
    check(!es_segments_put(set, text(""), text("new"), &err));
    check(!es_segments_put(set, text("1a"), text("new"), &err));

    memset(longest, 'x', 65);
    longest[65] = '\0';
    check(!es_segments_put(set, text(longest), text("new"), &err));
    longest[64] = '\0';
    put(set, longest, "city = Graz");
    check(es_segments_link(set));
    check(holds(set, longest) == 1);
    check(es_segments_count(set) == 4);
}


static void
test_limits(es_segments_t *set)
{
    int              i;
    char             name[16], big[ES_RULE_MAX];
    es_str_t         rule = { ES_RULE_MAX, big };
    es_rule_error_t  err;

    for (i = 0; i < ES_SEGMENTS_MAX; i++) {
        snprintf(name, sizeof(name), "n%04d", (i * 2053) % ES_SEGMENTS_MAX);
        put(set, name, i % 2 ? "city = Graz" : "segment = n0000");
    }

    check(!es_segments_put(set, text("more"), text("new"), &err));
    check_str(text(err.text), "there are 4096 segments already");
    check(es_segments_link(set));
    check(es_segments_count(set) == ES_SEGMENTS_MAX);
    check_str(es_segments_name(set, 0), "n0000");
    check_str(es_segments_name(set, 4095), "n4095");
    check(holds(set, "n0001") == 1);

    for (i = 0; i < ES_SEGMENTS_MAX; i++) {
        snprintf(name, sizeof(name), "n%04d", i);
        es_segments_remove(set, text(name));
    }

    /* 2 MB in all */
    memset(big, ' ', sizeof(big));
    memcpy(big, "city = Graz", 11);

    for (i = 0; i < ES_SEGMENTS_TEXT / ES_RULE_MAX; i++) {
        snprintf(name, sizeof(name), "t%04d", i);
        check(es_segments_put(set, text(name), rule, &err));
    }

    check(!es_segments_put(set, text("more"), text("new"), &err));
    check_str(text(err.text),
              "all segments together have more than 2 MB of rules");
    put(set, "t0000", "city = Wien");
    put(set, "more", "city exists");
    check(es_segments_link(set));
    check(holds(set, "more") == 1);
    check(holds(set, "t0000") == 0);
}


/* Changes for hours: what lives is what is in force. */
static void
test_changes_forever(es_segments_t *set, size_t *alive)
{
    int   i;
    char  rule[64];

    for (i = 0; i < 5000; i++) {
        snprintf(rule, sizeof(rule), "visits > %d and path ~ '^/%d$'", i, i);
        put(set, "changing", rule);
        put(set, i % 2 ? "odd" : "even", i % 3 ? "segment = odd" : "new");

        if (i % 5 == 0) {
            es_segments_remove(set, es_str("odd"));
        }

        check(es_segments_link(set));
        check(*alive <= 5);
    }
}


static void
test_no_memory(es_segments_t *set)
{
    es_rule_error_t  err;

    put(set, "a", "city = Graz");
    check(es_segments_link(set));
    put(set, "a", "city = Wien");

    no_pools = true;
    check(!es_segments_put(set, text("a"), text("new"), &err));
    check_str(text(err.text), "no memory");
    check(!es_segments_link(set));
    check(holds(set, "a") == 1);
    no_pools = false;

    check(es_segments_link(set));
    check(holds(set, "a") == 0);
}


int
main(void)
{
    size_t              i, alive;
    check_pool_t        pool = check_pool_init();
    es_segments_t      *set;
    es_segments_host_t  host = { host_pool_create, host_pool_destroy, &alive };

    alive = 0;

    for (i = 0; i < 10; i++) {
        set = es_segments_create(&pool.pool, &host);

        switch (i) {
        case 0: test_changes(set, &alive); break;
        case 1: test_references(set); break;
        case 2: test_circles(set); break;
        case 3: test_cascade(set); break;
        case 4: test_depth(set); break;
        case 5: test_names(set); break;
        case 6: test_limits(set); break;
        case 7: test_changes_forever(set, &alive); break;
        case 8: test_no_memory(set); break;
        case 9: test_circles_beside(set); break;
        }

        es_segments_destroy(set);
        check(alive == 0);
        check_pool_free(&pool);
    }

    return check_done();
}
