/* Industries and languages that are asked for, and that no site has. */
#include <strings.h>

#include "../core/rule_explain.h"
#include "doctor.h"


static bool
es_tags_no_field(es_rule_env_t *env, const es_rule_field_t *field,
    es_str_t *value)
{
    return false;
}


static bool
es_tags_no_segment(es_rule_env_t *env, uint32_t index)
{
    return false;
}


static bool
es_tags_declared(const json_t *declared, const char *tag)
{
    json_t      *value;
    const char  *name;

    json_object_foreach((json_t *) declared, name, value) {
        if (strcasecmp(name, tag) == 0) {
            return true;
        }
    }

    /* where nothing is declared, nothing is known of it */

    return json_object_size(declared) == 0;
}


void
es_doctor_tag(es_doctor_t *doctor, const json_t *declared, const char *kind,
    es_str_t tag, const char *who)
{
    tag = es_heap_copy(doctor->heap, tag);

    if (!es_tags_declared(declared, tag.data)) {
        es_check(doctor, ES_CHECK_WARN, kind, "%s \"%.64s\", which "
                 "exportsite_%s does not name\nadd it there, or see that it "
                 "is written as there", who, es_shown(tag), kind);
    }
}


static bool
es_tags_is(es_str_t word, const char *name)
{
    return es_str_case_eq(word, es_text(name));
}


/* The next word or value in quotes of a condition; empty at the end */
static es_str_t
es_tags_word(es_str_t *text, bool *quoted)
{
    size_t    n, skip;
    char      end[2] = { '\0', '\0' };
    es_str_t  word;

    n = strspn(text->data, " \t\r\n,()");
    n = n < text->len ? n : text->len;
    word = (es_str_t) { 0, text->data + n };
    text->data += n;
    text->len -= n;

    *quoted = text->len > 0 && strchr("\"'", text->data[0]) != NULL;
    end[0] = *quoted ? text->data[0] : '\0';
    word.data += *quoted;

    if (text->len > 0 && strchr("=!<>~", text->data[0]) != NULL) {
        word.len = strspn(word.data, "=!<>~*");

    } else {
        word.len = strcspn(word.data, *quoted ? end : " \t\r\n,()=!<>~");
    }

    skip = (size_t) (word.data - text->data) + word.len + *quoted;
    skip = skip < text->len ? skip : text->len;
    text->data += skip;
    text->len -= skip;

    return word;
}


/* The values of "industry = a" and "industry not in (a, b)", each told of */
static void
es_tags_condition(es_doctor_t *doctor, es_str_t text, const json_t *declared,
    const char *kind, const char *who)
{
    bool      quoted, equal;
    es_str_t  word;

    text = es_heap_copy(doctor->heap, text);
    equal = false;

    for (word = es_tags_word(&text, &quoted);
         word.len > 0;
         word = es_tags_word(&text, &quoted))
    {
        if (equal) {
            es_doctor_tag(doctor, declared, kind, word, who);

        } else if (es_tags_is(word, "=") || es_tags_is(word, "!=")
                   || es_tags_is(word, "in"))
        {
            equal = true;

        } else if (!es_tags_is(word, "not") && !es_tags_is(word, "industry")
                   && !es_tags_is(word, "language"))
        {
            return;
        }
    }
}


void
es_doctor_tags(es_doctor_t *doctor, es_str_t segment, es_str_t text,
    const es_rule_t *rule)
{
    size_t                i;
    const char           *who;
    es_rule_env_t         env;
    es_rule_condition_t   condition;

    memset(&env, 0, sizeof(es_rule_env_t));
    env.field = es_tags_no_field;
    env.segment = es_tags_no_segment;

    for (i = 0; es_rule_condition(rule, i, &env, &condition); i++) {
        if (condition.field == NULL
            || (condition.field->kind != ES_FIELD_INDUSTRY
                && condition.field->kind != ES_FIELD_LANGUAGE))
        {
            continue;
        }

        who = es_doctor_text(doctor, "segment %.64s asks for",
                             es_shown(segment));
        es_tags_condition(doctor,
                          (es_str_t) { condition.len,
                                       text.data + condition.offset },
                          condition.field->kind == ES_FIELD_INDUSTRY
                          ? doctor->site.industries : doctor->site.languages,
                          condition.field->kind == ES_FIELD_INDUSTRY
                          ? "industries" : "languages", who);
    }
}
