/* What caches are told: Vary and Cache-Control as lists. */
#include "caching.h"


static bool
caching_blank(char c)
{
    return c == ' ' || c == '\t';
}


/*
 * Cuts the next member off a list: what stands between commas that are not in
 * quotes, without the blanks around it, and not empty. False at the end.
 */
static bool
caching_next(es_str_t *rest, es_str_t *member)
{
    bool    quoted;
    size_t  i;

    while (rest->len > 0
           && (caching_blank(rest->data[0]) || rest->data[0] == ','))
    {
        rest->data++;
        rest->len--;
    }

    quoted = false;

    for (i = 0; i < rest->len && (quoted || rest->data[i] != ','); i++) {
        if (rest->data[i] == '"') {
            quoted = !quoted;

        } else if (quoted && rest->data[i] == '\\' && i + 1 < rest->len) {
            i++;
        }
    }

    *member = (es_str_t) { i, rest->data };
    rest->data += i;
    rest->len -= i;

    while (member->len > 0 && caching_blank(member->data[member->len - 1])) {
        member->len--;
    }

    return member->len > 0;
}


static size_t
caching_append(char *list, size_t len, es_str_t member)
{
    if (len > 0) {
        list[len++] = ',';
        list[len++] = ' ';
    }

    memcpy(list + len, member.data, member.len);

    return len + member.len;
}


static bool
caching_has(es_str_t list, es_str_t wanted)
{
    es_str_t  member;

    while (caching_next(&list, &member)) {
        if (es_str_case_eq(member, wanted)) {
            return true;
        }
    }

    return false;
}


size_t
es_vary_add(char *list, size_t len, es_str_t value)
{
    es_str_t  member;

    while (caching_next(&value, &member)) {
        if (!caching_has((es_str_t) { len, list }, member)) {
            len = caching_append(list, len, member);
        }
    }

    return len;
}


/* The name of a directive, and whether it has an argument ("name=..."). */
static es_str_t
caching_name(es_str_t directive, bool *argument)
{
    size_t  i;

    for (i = 0; i < directive.len && directive.data[i] != '='; i++) {
        /* void */
    }

    *argument = i < directive.len;

    while (i > 0 && caching_blank(directive.data[i - 1])) {
        i--;
    }

    return (es_str_t) { i, directive.data };
}


unsigned
es_caching_flags(es_str_t value)
{
    bool      argument;
    unsigned  flags;
    es_str_t  directive, name;

    flags = 0;

    while (caching_next(&value, &directive)) {
        name = caching_name(directive, &argument);

        if (es_str_case_eq(name, es_str("no-store"))
            || (es_str_case_eq(name, es_str("private")) && !argument))
        {
            flags |= ES_CACHING_REFUSED;

        } else if (es_str_case_eq(name, es_str("public"))
                   || es_str_case_eq(name, es_str("s-maxage")))
        {
            flags |= ES_CACHING_INVITED;
        }
    }

    return flags;
}


size_t
es_caching_add(char *list, size_t len, es_str_t value)
{
    bool      argument;
    es_str_t  directive, name;

    while (caching_next(&value, &directive)) {
        name = caching_name(directive, &argument);

        if (es_str_case_eq(name, es_str("private"))
            || es_str_case_eq(name, es_str("public"))
            || es_str_case_eq(name, es_str("s-maxage")))
        {
            continue;
        }

        len = caching_append(list, len, directive);
    }

    return len;
}


bool
es_caching_targeted(es_str_t name)
{
    es_str_t  end;
    es_str_t  suffix = es_str("-Cache-Control");

    if (name.len <= suffix.len) {
        return false;
    }

    end = (es_str_t) { suffix.len, name.data + name.len - suffix.len };

    return es_str_case_eq(end, suffix)
           || es_str_case_eq(name, es_str("Surrogate-Control"));
}
