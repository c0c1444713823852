/*
 * Values that have an order: numbers and dates.
 */
#include "rule_program.h"


#define ES_NUMBER_DIGITS  18    /* of each part: what an int64_t surely holds */


static bool
es_is_digit(char c)
{
    return c >= '0' && c <= '9';
}


/* Takes digits off the front; false if there are none or too many. */
static bool
es_take_digits(es_str_t *s, int64_t *value, size_t *digits)
{
    size_t  i;

    *value = 0;

    for (i = 0; i < s->len && es_is_digit(s->data[i]); i++) {
        if (i == ES_NUMBER_DIGITS) {
            return false;
        }

        *value = *value * 10 + (s->data[i] - '0');
    }

    s->data += i;
    s->len -= i;
    *digits = i;

    return i > 0;
}


bool
es_rule_number(es_str_t text, es_rule_number_t *number)
{
    bool    negative;
    size_t  digits;

    if (text.len == 0) {
        return false;
    }

    negative = text.data[0] == '-';

    if (negative || text.data[0] == '+') {
        text.data++;
        text.len--;
    }

    number->fraction = 0;

    if (!es_take_digits(&text, &number->whole, &digits)) {
        return false;
    }

    if (text.len > 0 && text.data[0] == '.') {
        text.data++;
        text.len--;

        if (!es_take_digits(&text, &number->fraction, &digits)) {
            return false;
        }

        for ( /* void */ ; digits < ES_NUMBER_DIGITS; digits++) {
            number->fraction *= 10;
        }
    }

    if (negative) {
        number->whole = -number->whole;
        number->fraction = -number->fraction;
    }

    return text.len == 0;
}


int
es_rule_number_compare(const es_rule_number_t *a, const es_rule_number_t *b)
{
    if (a->whole != b->whole) {
        return a->whole < b->whole ? -1 : 1;
    }

    return (a->fraction > b->fraction) - (a->fraction < b->fraction);
}


static unsigned
es_two_digits(const char *s)
{
    return (unsigned) (s[0] - '0') * 10 + (unsigned) (s[1] - '0');
}


bool
es_rule_is_date(es_str_t text)
{
    size_t    i;
    unsigned  month, day;

    if (text.len != sizeof("2026-12-24") - 1) {
        return false;
    }

    for (i = 0; i < text.len; i++) {
        if (i == 4 || i == 7 ? text.data[i] != '-'
                             : !es_is_digit(text.data[i]))
        {
            return false;
        }
    }

    month = es_two_digits(text.data + 5);
    day = es_two_digits(text.data + 8);

    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}
