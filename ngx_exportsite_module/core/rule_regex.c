/*
 * Regular expressions of rules: PCRE2 over bytes, kept from taking more than
 * their share of memory and time.
 */
#define PCRE2_CODE_UNIT_WIDTH  8

#include <pcre2.h>

#include "rule_program.h"


/*
 * The compiled form is limited because repeated groups multiply in it, and its
 * machine code is some ten times as long again.
 */
#define ES_REGEX_SIZE      16384
#define ES_REGEX_NEST      ES_RULE_DEPTH

/*
 * As PCRE2 counts; about a tenth of a millisecond. It counts anew from each
 * byte of the value on: where a match may begin at many, they share the limit
 * of so many.
 */
#define ES_REGEX_MATCH     10000
#define ES_REGEX_STARTS    64

/*
 * Only where there is no JIT (a kernel that forbids writable code), matching
 * takes memory: so much from the pool in all, and in kilobytes at once.
 */
#define ES_REGEX_MEMORY    (256 * 1024)
#define ES_REGEX_HEAP      64

struct es_rule_scratch_s {
    es_pool_t            *pool;
    size_t                left;
    uint32_t              steps;
    pcre2_match_context  *context;
    pcre2_match_data     *data;
};


static void *
es_regex_alloc(size_t size, void *pool)
{
    return es_alloc(pool, size);
}


static void *
es_scratch_alloc(size_t size, void *memory)
{
    es_rule_scratch_t  *scratch = memory;

    if (size > scratch->left) {
        return NULL;
    }

    scratch->left -= size;

    return es_alloc(scratch->pool, size);
}


/* The pool is given back as a whole. */
static void
es_regex_free(void *block, void *memory)
{
    (void) block;
    (void) memory;
}


static pcre2_compile_context *
es_regex_context(es_pool_t *pool)
{
    pcre2_compile_context  *context;
    pcre2_general_context  *general;

    general = pcre2_general_context_create(es_regex_alloc, es_regex_free,
                                           pool);
    if (general == NULL) {
        return NULL;
    }

    context = pcre2_compile_context_create(general);
    if (context == NULL) {
        return NULL;
    }

    (void) pcre2_set_parens_nest_limit(context, ES_REGEX_NEST);
    (void) pcre2_set_max_pattern_length(context, ES_RULE_MAX);

    return context;
}


/* Why a pattern that PCRE2 takes is not taken; NULL: it is all right. */
static const char *
es_regex_objection(const pcre2_code *code)
{
    size_t    size;
    uint32_t  references;

    (void) pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size);
    (void) pcre2_pattern_info(code, PCRE2_INFO_BACKREFMAX, &references);

    if (size > ES_REGEX_SIZE) {
        return "this regular expression is too large; repeat less in it";
    }

    /* Each one compares up to the whole value again, at every step. */
    if (references > 0) {
        return "back references like \\1 are not taken; nothing bounds their "
               "time";
    }

    return NULL;
}


/*
 * Whether PCRE2's match limit may miss something of this pattern: what is
 * inside of lookarounds and atomic or possessive groups is not counted, and a
 * loop over those can take a minute. Rather too often than too rarely.
 */
static bool
es_regex_evades_limit(es_str_t pattern)
{
    size_t  i;
    char    c, next;

    for (i = 0; i + 1 < pattern.len; i++) {
        c = pattern.data[i];
        next = pattern.data[i + 1];

        if (c == '(' && next == '*') {
            return true;
        }

        if (c == '(' && next == '?'
            && (i + 2 == pattern.len || pattern.data[i + 2] != ':'))
        {
            return true;
        }

        if (next == '+' && (c == '*' || c == '+' || c == '?' || c == '}')) {
            return true;
        }
    }

    return false;
}


void *
es_rule_regex_compile(es_str_t pattern, bool caseless,
    const es_token_t *token, es_pool_t *pool, es_rule_error_t *err)
{
    int                     error;
    uint32_t                options;
    PCRE2_SIZE              offset;
    pcre2_code             *code;
    const char             *objection;
    PCRE2_UCHAR             message[96];
    pcre2_compile_context  *context;

    context = es_regex_context(pool);
    if (context == NULL) {
        (void) es_rule_fail(err, token->column, "no memory");
        return NULL;
    }

    options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C;

    if (caseless) {
        options |= PCRE2_CASELESS;
    }

    if (es_regex_evades_limit(pattern)) {
        options |= PCRE2_AUTO_CALLOUT;      /* we count, each step of it */
    }

    code = pcre2_compile((PCRE2_SPTR) pattern.data, pattern.len, options,
                         &error, &offset, context);

    if (code == NULL) {
        (void) pcre2_get_error_message(error, message, sizeof(message));
        (void) es_rule_fail(err, es_rule_token_column(token, offset),
                            "in this regular expression: %s",
                            (char *) message);
        return NULL;
    }

    objection = es_regex_objection(code);

    if (objection != NULL) {
        (void) es_rule_fail(err, token->column, "%s", objection);
        pcre2_code_free(code);
        return NULL;
    }

    /* Without it pcre2_match() still works, only slower. */
    (void) pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);

    return code;
}


void
es_rule_regex_destroy(void *regex)
{
    pcre2_code_free(regex);
}


/* Called for each step of a pattern that evades PCRE2's limit. */
static int
es_regex_step(pcre2_callout_block *block, void *memory)
{
    es_rule_scratch_t  *scratch = memory;

    (void) block;

    return ++scratch->steps > ES_REGEX_MATCH ? PCRE2_ERROR_MATCHLIMIT : 0;
}


es_rule_scratch_t *
es_rule_scratch_create(es_pool_t *pool)
{
    es_rule_scratch_t      *scratch;
    pcre2_general_context  *general;

    scratch = es_alloc(pool, sizeof(es_rule_scratch_t));
    if (scratch == NULL) {
        return NULL;
    }

    scratch->pool = pool;
    scratch->left = ES_REGEX_MEMORY;

    general = pcre2_general_context_create(es_scratch_alloc, es_regex_free,
                                           scratch);
    if (general == NULL) {
        return NULL;
    }

    scratch->context = pcre2_match_context_create(general);
    scratch->data = pcre2_match_data_create(1, general);

    if (scratch->context == NULL || scratch->data == NULL) {
        return NULL;
    }

    (void) pcre2_set_callout(scratch->context, es_regex_step, scratch);
    (void) pcre2_set_heap_limit(scratch->context, ES_REGEX_HEAP);

    return scratch;
}


/* The match limit for a value of this length. */
static uint32_t
es_regex_limit(const pcre2_code *regex, size_t len)
{
    uint32_t  options;

    if (len < ES_REGEX_STARTS) {
        return ES_REGEX_MATCH;
    }

    (void) pcre2_pattern_info(regex, PCRE2_INFO_ALLOPTIONS, &options);

    if (options & PCRE2_ANCHORED) {
        return ES_REGEX_MATCH;
    }

    return ES_REGEX_MATCH * ES_REGEX_STARTS / (uint32_t) len;
}


/*
 * One pair in the match data suffices: whether there is a match is all that is
 * asked. PCRE2 then answers 0, for more groups than room, or 1.
 */
bool
es_rule_regex_match(void *regex, es_str_t subject, es_rule_env_t *env)
{
    int                 rc;
    PCRE2_SPTR          s;
    es_rule_scratch_t  *scratch = env->scratch;

    if (subject.len > ES_RULE_SUBJECT) {
        env->regex_limit_hits++;
        return false;
    }

    s = (PCRE2_SPTR) (subject.len ? subject.data : "");

    scratch->steps = 0;
    (void) pcre2_set_match_limit(scratch->context,
                                 es_regex_limit(regex, subject.len));

    /* The shorter way in, where there is machine code. */
    rc = pcre2_jit_match(regex, s, subject.len, 0, 0, scratch->data,
                         scratch->context);

    if (rc == PCRE2_ERROR_JIT_BADOPTION) {
        rc = pcre2_match(regex, s, subject.len, 0, 0, scratch->data,
                         scratch->context);
    }

    if (rc < 0 && rc != PCRE2_ERROR_NOMATCH) {
        env->regex_limit_hits++;
    }

    return rc >= 0;
}
