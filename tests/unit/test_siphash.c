/* Needs libcrypto, to compare with. */
#include "check.h"
#include "../../ngx_exportsite_module/core/siphash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>


static uint8_t   key[16];
static uint32_t  seed = 1;


static uint8_t
random_byte(void)
{
    seed = seed * 1664525 + 1013904223;

    return (uint8_t) (seed >> 24);
}


/*
 * The key 00 01 ... 0f over 00 01 ... of each length: the paper's own example
 * has 15 bytes, the others are the first of the reference's table.
 */
static void
test_published(void)
{
    int      i;
    uint8_t  data[16], out[16];

    static const uint8_t  empty128[16] = {
        0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
        0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93
    };

    static const uint8_t  one128[16] = {
        0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44,
        0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45
    };

    for (i = 0; i < 16; i++) {
        key[i] = data[i] = (uint8_t) i;
    }

    check(es_siphash(key, data, 15) == UINT64_C(0xa129ca6149be45e5));
    check(es_siphash(key, NULL, 0) == UINT64_C(0x726fdb47dd0e0e31));
    check(es_siphash(key, data, 1) == UINT64_C(0x74f839c593dc67fd));

    es_siphash128(key, NULL, 0, out);
    check(memcmp(out, empty128, 16) == 0);
    es_siphash128(key, data, 1, out);
    check(memcmp(out, one128, 16) == 0);
}


static void
openssl_siphash(const uint8_t *data, size_t len, unsigned compress,
    unsigned finish, size_t size, uint8_t *out)
{
    size_t        got;
    EVP_MAC      *mac;
    EVP_MAC_CTX  *ctx;
    OSSL_PARAM    params[4];

    params[0] = OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size);
    params[1] = OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_C_ROUNDS, &compress);
    params[2] = OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_D_ROUNDS, &finish);
    params[3] = OSSL_PARAM_construct_end();

    mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    ctx = EVP_MAC_CTX_new(mac);
    got = 0;

    check(EVP_MAC_init(ctx, key, sizeof(key), params) == 1);
    check(EVP_MAC_update(ctx, data, len) == 1);
    check(EVP_MAC_final(ctx, out, &got, size) == 1);
    check(got == size);

    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
}


static uint64_t
from_bytes(const uint8_t *p)
{
    int       i;
    uint64_t  n = 0;

    for (i = 7; i >= 0; i--) {
        n = n << 8 | p[i];
    }

    return n;
}


static void
test_against_openssl(void)
{
    size_t    i, len;
    uint8_t  *data, want[16], got[16];

    for (len = 0; len < 200; len++) {
        /* of just that size, so that the sanitizer sees a step too far */
        data = malloc(len ? len : 1);

        for (i = 0; i < len; i++) {
            data[i] = random_byte();
        }

        for (i = 0; i < 16; i++) {
            key[i] = random_byte();
        }

        openssl_siphash(data, len, 2, 4, 8, want);
        check(es_siphash(key, data, len) == from_bytes(want));

        openssl_siphash(data, len, 1, 3, 8, want);
        check(es_siphash13(key, data, len) == from_bytes(want));

        openssl_siphash(data, len, 2, 4, 16, want);
        es_siphash128(key, data, len, got);
        check(memcmp(got, want, 16) == 0);

        free(data);
    }
}


int
main(void)
{
    test_published();
    test_against_openssl();

    return check_done();
}
