/*
 * Years begin with March here, so that the day that not all of them have is the
 * last: a month's first day in such a year is (153 * month + 2) / 5.
 */
#include "day.h"


#define DAY_ERA        146097          /* days of 400 years */
#define DAY_ERA_BEGIN  719468          /* days from 0000-03-01 to 1970 */


uint32_t
es_day_of(uint64_t ms)
{
    return (uint32_t) (ms / 1000 / ES_DAY);
}


int64_t
es_day_number(int32_t year, int32_t month, int32_t day)
{
    int64_t  y, era, of_era, of_year;

    y = month > 2 ? year : year - 1;
    month = month > 2 ? month - 3 : month + 9;
    era = y / 400;
    of_era = y - era * 400;
    of_year = (153 * month + 2) / 5 + day - 1;

    return era * DAY_ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year
           - DAY_ERA_BEGIN;
}


static void
day_put(char *p, uint64_t n, size_t digits)
{
    while (digits-- > 0) {
        p[digits] = (char) ('0' + n % 10);
        n /= 10;
    }
}


void
es_day_format(char text[ES_DAY_TEXT], uint32_t day)
{
    uint64_t  days, era, of_era, of_year, year, month;

    days = (uint64_t) day + DAY_ERA_BEGIN;
    era = days / DAY_ERA;
    of_era = days % DAY_ERA;
    year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    of_year = of_era - (365 * year + year / 4 - year / 100);
    month = (5 * of_year + 2) / 153;

    day_put(text + 8, of_year - (153 * month + 2) / 5 + 1, 2);
    month = month < 10 ? month + 3 : month - 9;
    day_put(text + 5, month, 2);
    day_put(text, year + era * 400 + (month <= 2), 4);
    text[4] = '-';
    text[7] = '-';
}
