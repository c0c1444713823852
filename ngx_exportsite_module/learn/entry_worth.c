/*
 * What a goal is worth, from the decimal number that an event tells: exactly,
 * whatever the locale.
 */
#include "common.h"
#include "entry.h"


#define WORTH_TEXT  32                 /* bytes, so as many digits at most */

/* A decimal number: its digits, and the power of ten behind the last one */
typedef struct {
    uint8_t  digits[WORTH_TEXT];       /* from the first that is not 0 */
    int      ndigits;
    int      power;
    bool     negative;
} worth_decimal_t;


static bool
worth_take_sign(es_str_t *text)
{
    bool  negative;

    negative = text->len > 0 && text->data[0] == '-';

    if (negative || (text->len > 0 && text->data[0] == '+')) {
        text->data++;
        text->len--;
    }

    return negative;
}


static bool
worth_take_digits(es_str_t *text, worth_decimal_t *d)
{
    size_t  i;

    for (i = 0; i < text->len && es_is_digit(text->data[i]); i++) {
        if (d->ndigits > 0 || text->data[i] != '0') {
            d->digits[d->ndigits++] = (uint8_t) (text->data[i] - '0');
        }
    }

    text->data += i;
    text->len -= i;

    return i > 0;
}


static bool
worth_read(worth_decimal_t *d, es_str_t text)
{
    int       power;
    bool      down;
    size_t    before;
    uint64_t  exponent;

    d->ndigits = 0;
    d->power = 0;
    d->negative = worth_take_sign(&text);

    if (!worth_take_digits(&text, d)) {
        return false;
    }

    if (text.len > 0 && text.data[0] == '.') {
        text.data++;
        before = --text.len;

        if (!worth_take_digits(&text, d)) {
            return false;
        }

        d->power = -(int) (before - text.len);
    }

    if (text.len > 0 && es_lower(text.data[0]) == 'e') {
        text.data++;
        text.len--;
        down = worth_take_sign(&text);

        if (!es_number_take(&text, &exponent)) {
            return false;
        }

        power = exponent < 1000 ? (int) exponent : 1000;
        d->power += down ? -power : power;
    }

    return text.len == 0;
}


static int64_t
worth_thousandths(const worth_decimal_t *d)
{
    int      i, keep;
    int64_t  worth;

    /* so many of the digits are whole thousandths */
    keep = d->ndigits + d->power + 3;

    if (d->ndigits == 0 || keep < 0) {
        return 0;
    }

    for (i = 0, worth = 0; i < keep && worth < ES_ENTRY_WORTH_MAX; i++) {
        worth = worth * 10 + (i < d->ndigits ? d->digits[i] : 0);
    }

    worth += keep < d->ndigits && d->digits[keep] >= 5;

    if (worth > ES_ENTRY_WORTH_MAX) {
        worth = ES_ENTRY_WORTH_MAX;
    }

    return d->negative ? -worth : worth;
}


bool
es_entry_worth(es_str_t value, int64_t *worth)
{
    worth_decimal_t  decimal;

    if (value.len > WORTH_TEXT || !worth_read(&decimal, value)) {
        return false;
    }

    *worth = worth_thousandths(&decimal);

    return true;
}
