/* Days of the Gregorian calendar, counted from 1970-01-01. */
#ifndef ES_DAY_H
#define ES_DAY_H

#include "../core/es.h"


#define ES_DAY       86400             /* s */
#define ES_DAY_TEXT  10                /* "2026-11-22" */

/* The UTC day of a time in ms */
uint32_t es_day_of(uint64_t ms);

/* The number of a day of years from 0 on; day and month begin with 1. */
int64_t es_day_number(int32_t year, int32_t month, int32_t day);

/* Its way back: a day as "2026-11-22", which is not terminated. */
void es_day_format(char text[ES_DAY_TEXT], uint32_t day);

#endif
