#include "visitor.h"
#include "word.h"


/* keeps these signatures apart from all else that may use the same key */
static const char  visitor_tag[8] = { 'e', 's', ' ', 'v', 'i', 's', 'i', 't' };


void
es_hex(char *dst, const uint8_t *src, size_t n)
{
    size_t    i;
    unsigned  digit;

    /* by sums, not by a table: a secret must not show in what is cached */

    for (i = 0; i < n; i++) {
        digit = src[i] >> 4;
        dst[2 * i] = (char) ('0' + digit + ((9 - digit) >> 31) * 39);
        digit = src[i] & 15;
        dst[2 * i + 1] = (char) ('0' + digit + ((9 - digit) >> 31) * 39);
    }
}


void
es_visitor_token(const uint8_t key[ES_SIPHASH_KEY],
    const char id[ES_VISITOR_ID], char token[ES_VISITOR_TOKEN])
{
    char     text[sizeof(visitor_tag) + ES_VISITOR_ID];
    uint8_t  mac[16];

    memcpy(text, visitor_tag, sizeof(visitor_tag));
    memcpy(text + sizeof(visitor_tag), id, ES_VISITOR_ID);
    es_siphash128(key, text, sizeof(text), mac);

    memcpy(token, id, ES_VISITOR_ID);
    token[ES_VISITOR_ID] = '.';
    es_hex(token + ES_VISITOR_ID + 1, mac, sizeof(mac));
}


static bool
visitor_is_hex(const char *id)
{
    size_t    i;
    uint64_t  w, hex;

    hex = ES_WORD_HIGHS;

    for (i = 0; i < ES_VISITOR_ID; i += 8) {
        w = es_word_load(id + i);
        hex &= es_word_between(w, '0', '9') | es_word_between(w, 'a', 'f');
    }

    return hex == ES_WORD_HIGHS;
}


static bool
visitor_mac_equal(const char *a, const char *b)
{
    size_t    i;
    uint64_t  differ;

    differ = 0;

    for (i = 0; i < 32; i += 8) {
        differ |= es_word_load(a + i) ^ es_word_load(b + i);
    }

    return differ == 0;
}


int
es_visitor_verify(const uint8_t (*keys)[ES_SIPHASH_KEY], size_t nkeys,
    es_str_t token, char id[ES_VISITOR_ID])
{
    char    made[ES_VISITOR_TOKEN];
    size_t  i;

    if (token.len != ES_VISITOR_TOKEN || token.data[ES_VISITOR_ID] != '.'
        || !visitor_is_hex(token.data))
    {
        return -1;
    }

    for (i = 0; i < nkeys; i++) {
        es_visitor_token(keys[i], token.data, made);

        if (visitor_mac_equal(made + ES_VISITOR_ID + 1,
                              token.data + ES_VISITOR_ID + 1))
        {
            memcpy(id, made, ES_VISITOR_ID);
            return (int) i;
        }
    }

    return -1;
}


/* Is each of eight bytes one of [A-Za-z0-9._-]? */
static bool
visitor_id_bytes(uint64_t w)
{
    uint64_t  good;

    good = es_word_between(w | 0x20 * ES_WORD_ONES, 'a', 'z')
           | es_word_between(w, '0', '9')
           | es_word_between(w, '-', '.')
           | es_word_between(w, '_', '_');

    return good == ES_WORD_HIGHS;
}


bool
es_visitor_id_valid(es_str_t id)
{
    size_t  i;

    if (id.len == 0 || id.len > 64) {
        return false;
    }

    for (i = 0; i + 8 <= id.len; i += 8) {
        if (!visitor_id_bytes(es_word_load(id.data + i))) {
            return false;
        }
    }

    return i == id.len
           || visitor_id_bytes(es_word_gather(id.data + i, id.len - i));
}
