#include "origin.h"


#define ORIGIN_HOST_MAX  253


static bool
origin_host_char(char c, bool bracket)
{
    c = es_lower(c);

    if (bracket) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':'
               || c == '.';
    }

    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.'
           || c == '-' || c == '_';
}


/* The length of the host that text begins with; 0 if it begins with none */
static size_t
origin_host(es_str_t text)
{
    bool    bracket = text.len > 0 && text.data[0] == '[';
    size_t  n = bracket;

    while (n < text.len && origin_host_char(text.data[n], bracket)) {
        n++;
    }

    if (!bracket) {
        return n <= ORIGIN_HOST_MAX ? n : 0;
    }

    if (n == 1 || n == text.len || text.data[n] != ']') {
        return 0;
    }

    return n < ORIGIN_HOST_MAX ? n + 1 : 0;
}


/* A number from 1 to 65535; 0 for anything else */
static uint32_t
origin_port(es_str_t text)
{
    size_t    i;
    uint32_t  port = 0;

    if (text.len > 5) {
        return 0;
    }

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return 0;
        }

        port = port * 10 + (uint32_t) (text.data[i] - '0');
    }

    return port <= 65535 ? port : 0;
}


bool
es_authority_parse(es_str_t text, es_authority_t *authority)
{
    size_t  n = origin_host(text);

    if (n == 0) {
        return false;
    }

    authority->host = (es_str_t) { n, text.data };
    authority->port = 0;

    if (n == text.len) {
        return true;
    }

    if (text.data[n] != ':') {
        return false;
    }

    n++;
    authority->port = origin_port((es_str_t) { text.len - n, text.data + n });

    return authority->port != 0;
}


bool
es_origin_parse(es_str_t text, es_origin_t *origin)
{
    es_str_t        scheme;
    es_authority_t  authority;

    scheme = es_str("https://");
    origin->implied = 443;

    if (text.len < scheme.len || es_lower(text.data[4]) != 's') {
        scheme = es_str("http://");
        origin->implied = 80;
    }

    if (text.len < scheme.len
        || !es_str_case_eq((es_str_t) { scheme.len, text.data }, scheme)
        || !es_authority_parse((es_str_t) { text.len - scheme.len,
                                            text.data + scheme.len },
                               &authority))
    {
        return false;
    }

    origin->host = authority.host;
    origin->port = authority.port ? authority.port : origin->implied;

    return true;
}


bool
es_origin_same(const es_origin_t *origin, es_str_t host)
{
    es_authority_t  authority;

    if (!es_authority_parse(host, &authority)) {
        return false;
    }

    if (authority.port == 0) {
        authority.port = origin->implied;
    }

    return es_origin_named(origin, &authority);
}


bool
es_origin_named(const es_origin_t *origin, const es_authority_t *named)
{
    return (named->port == 0 || named->port == origin->port)
           && es_str_case_eq(named->host, origin->host);
}
