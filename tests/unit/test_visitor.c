#include "check.h"
#include "../../ngx_exportsite_module/core/visitor.h"


static const uint8_t  keys[3][16] = { "first key 16 by", "second key 16 b",
                                      "a stranger's ke" };
static const char     id[] = "00112233445566778899aabbccddeeff";


static int
verify(size_t nkeys, const char *token, size_t len)
{
    char  got[32];

    return es_visitor_verify(keys, nkeys, (es_str_t) { len, token }, got);
}


static void
test_token(void)
{
    char  token[66], got[33];

    token[65] = '\0';
    got[32] = '\0';
    es_visitor_token(keys[0], id, token);

    check(memcmp(token, id, 32) == 0);
    check(token[32] == '.');
    check(strspn(token + 33, "0123456789abcdef") == 32);

    check(es_visitor_verify(keys, 2, (es_str_t) { 65, token }, got) == 0);
    check(strcmp(got, id) == 0);

    /* a rotated key still verifies, a stranger's does not */
    es_visitor_token(keys[1], id, token);
    check(verify(2, token, 65) == 1);
    check(verify(1, token, 65) == -1);
    check(verify(0, token, 65) == -1);
    es_visitor_token(keys[2], id, token);
    check(verify(2, token, 65) == -1);
}


/* The token must stay what it is: cookies outlive this version. */
static void
test_lasting(void)
{
    char  token[66];

    token[65] = '\0';
    es_visitor_token(keys[0], id, token);
    check_str(((es_str_t) { 65, token }), "00112233445566778899aabbccddeeff."
                                          "58b8c6ee9926a552f1178f5899dd55e7");
}


static void
test_forged(void)
{
    int   i, bit;
    char  token[65], got[33];

    es_visitor_token(keys[0], id, token);

    for (i = 0; i < 65; i++) {
        for (bit = 0; bit < 8; bit++) {
            token[i] ^= (char) (1 << bit);
            check(verify(2, token, 65) == -1);
            token[i] ^= (char) (1 << bit);
        }
    }

    check(verify(2, token, 65) == 0);

    strcpy(got, "untouched");
    check(es_visitor_verify(keys, 2, (es_str_t) { 64, token }, got) == -1);
    check(strcmp(got, "untouched") == 0);
}


static void
test_malformed(void)
{
    char  token[70], upper[32];

    memset(token, 'x', sizeof(token));
    es_visitor_token(keys[0], id, token);

    check(verify(2, token, 66) == -1);
    check(verify(2, token, 33) == -1);
    check(verify(2, token, 0) == -1);
    check(verify(2, NULL, 0) == -1);

    /* also where the signature would be right */
    memcpy(upper, "00112233445566778899AABBCCDDEEFF", 32);
    es_visitor_token(keys[0], upper, token);
    check(verify(2, token, 65) == -1);

    memcpy(upper, "00112233445566778899aabbccddeef\n", 32);
    es_visitor_token(keys[0], upper, token);
    check(verify(2, token, 65) == -1);
}


static void
test_id_valid(void)
{
    int     c;
    bool    good;
    char    text[65];
    size_t  i, len;

    check(es_visitor_id_valid(es_str("a")));
    check(es_visitor_id_valid(es_str("Jane.Doe_1970-X")));
    check(es_visitor_id_valid((es_str_t) { 32, id }));
    check(!es_visitor_id_valid(es_null_str));
    check(!es_visitor_id_valid(es_str("jane@example.org")));
    check(!es_visitor_id_valid(es_str("a b")));
    check(!es_visitor_id_valid(es_str("a\0b")));
    check(!es_visitor_id_valid(es_str("a\r\nb")));
    check(!es_visitor_id_valid(es_str("j\xc3\xbcrg")));

    memset(text, 'a', 65);
    check(es_visitor_id_valid((es_str_t) { 64, text }));
    check(!es_visitor_id_valid((es_str_t) { 65, text }));

    /* any byte, at any place of ids of all lengths */

    for (c = 0; c < 256; c++) {
        good = c != 0 && strchr("abcdefghijklmnopqrstuvwxyz0123456789._-"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ", c) != NULL;

        for (len = 1; len <= 20; len++) {
            for (i = 0; i < len; i++) {
                memcpy(text, "aZ09._-zA._-zA09-_.a", 20);
                text[i] = (char) c;
                check(es_visitor_id_valid((es_str_t) { len, text }) == good);
            }
        }
    }
}


static void
test_hex(void)
{
    int      i;
    char     got[512], want[3];
    uint8_t  bytes[256];

    for (i = 0; i < 256; i++) {
        bytes[i] = (uint8_t) i;
    }

    es_hex(got, bytes, 256);

    for (i = 0; i < 256; i++) {
        snprintf(want, sizeof(want), "%02x", (unsigned) i);
        check(memcmp(got + 2 * i, want, 2) == 0);
    }
}


int
main(void)
{
    test_hex();
    test_token();
    test_lasting();
    test_forged();
    test_malformed();
    test_id_valid();

    return check_done();
}
