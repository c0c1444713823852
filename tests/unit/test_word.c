#include "check.h"
#include "../../ngx_exportsite_module/core/word.h"


/* Each byte in each place, among bytes that lie just inside or outside. */
static void
test_each_byte(void)
{
    int       c, k, i;
    bool      plain;
    char      bytes[8];
    uint64_t  w, letters;

    static const char  around[] = { ' ', '~', 'a', '.', '/', '@', '{', '`' };

    for (c = 0; c < 256; c++) {
        plain = c >= 0x20 && c < 0x7f;

        for (k = 0; k < 8; k++) {
            memcpy(bytes, around, 8);
            bytes[k] = (char) c;
            w = es_word_load(bytes);

            check((w >> 8 * k & 0xff) == (uint64_t) c);
            check((es_word_unplain(w) == 0) == plain);
            check((es_word_has(w, (char) c)) != 0);
            check((es_word_has(w, '#') != 0) == (c == '#'));
            check((es_word_has(w, '.') != 0) == (k != 3 || c == '.'));

            letters = es_word_between(w, 'a', 'z');

            for (i = 0; i < 8; i++) {
                check((letters >> 8 * i & 0xff)
                      == (bytes[i] >= 'a' && bytes[i] <= 'z' ? 0x80 : 0));
            }
        }
    }
}


static void
test_gather(void)
{
    size_t    n, i, k;
    uint64_t  w;
    bool      mine;

    static const char  bytes[] = "ABCDEFGH";

    for (n = 1; n < 8; n++) {
        w = es_word_gather(bytes, n);

        for (i = 0; i < n; i++) {
            check(es_word_has(w, bytes[i]) != 0);
        }

        for (k = 0; k < 8; k++) {
            mine = memchr(bytes, (int) (w >> 8 * k & 0xff), n) != NULL;
            check(mine);
        }
    }
}


int
main(void)
{
    check(es_word_load("slurp\0\0\0") == ES_WORD('s', 'l', 'u', 'r', 'p',
                                                 0, 0, 0));
    test_each_byte();
    test_gather();

    return check_done();
}
