/*
 * One event of a visitor's behaviour, written as the arguments of a Redis XADD
 * in Redis' own protocol (RESP): for each field its name and its value as bulk
 * strings, "$4\r\npath\r\n$3\r\n/de\r\n". What goes in front (the array's head,
 * XADD, the key, MAXLEN, the "*" for the entry's id) is the sender's.
 */
#ifndef ES_EVENT_H
#define ES_EVENT_H

#include "es.h"


/* In the order in which an event has them */
typedef enum {
    ES_EVENT_ID,
    ES_EVENT_TS,
    ES_EVENT_TYPE,
    ES_EVENT_VISITOR,
    ES_EVENT_HOST,
    ES_EVENT_PATH,
    ES_EVENT_STATUS,
    ES_EVENT_COUNTRY,
    ES_EVENT_LANGUAGE,
    ES_EVENT_INDUSTRY,
    ES_EVENT_SEGMENTS,
    ES_EVENT_VARIANTS,
    ES_EVENT_EXPERIMENTS,
    ES_EVENT_REFERRER,
    ES_EVENT_SOURCE,
    ES_EVENT_MEDIUM,
    ES_EVENT_CAMPAIGN,
    ES_EVENT_DEVICE,
    ES_EVENT_PAGE,
    ES_EVENT_LABEL,
    ES_EVENT_VALUE,
    ES_EVENT_MS,
    ES_EVENT_FIELDS
} es_event_field_e;

typedef struct {
    char      *p, *end;           /* where the next field goes, and the end */
    uint32_t   args;              /* bulk strings written: two a field */
    bool       overflow;          /* did not fit: drop the event as a whole */
} es_event_t;

/*
 * What a field takes beside its value, at most; one that finds less room than
 * this and its value counts as an overflow. A buffer of ES_EVENT_SIZE bytes is
 * enough for an event with every field as long as may be.
 */
#define ES_EVENT_ROOM  40
#define ES_EVENT_SIZE  (8 * 1024)


void es_event_init(es_event_t *e, char *buf, size_t size);

/*
 * A field with its value, written beforehand: for values that are known when
 * the configuration is. len is 0 where it would be longer than this.
 */
typedef struct {
    char      text[64];
    uint32_t  len;
} es_event_ready_t;

void es_event_prepare(es_event_ready_t *ready, es_event_field_e field,
    es_str_t value);

/* Adds what was prepared; the same as es_event_put() with its value. */
void es_event_put_ready(es_event_t *e, const es_event_ready_t *ready);

/* A field's name, and how many bytes its value is at most. */
es_str_t es_event_name(es_event_field_e field);
size_t es_event_limit(es_event_field_e field);

/*
 * Begins an event with id, ts and type, of 24, 13 and at most 32 plain
 * characters.
 */
#define ES_EVENT_ID_LEN  24
#define ES_EVENT_TS_LEN  13

void es_event_begin(es_event_t *e, const char *id, const char *ts,
    es_str_t type);

/*
 * Adds a field; the caller keeps the order and adds none twice. An empty value
 * adds nothing. One that is longer than the field may be is cut, a list between
 * two names, other text between two UTF-8 sequences; each control character and
 * each byte that is not UTF-8 becomes a "?". The value is copied.
 */
void es_event_put(es_event_t *e, es_event_field_e field, es_str_t value);

/* The same with a number; 0 is a number like any other. */
void es_event_put_int(es_event_t *e, es_event_field_e field, uint64_t n);

/*
 * Is this what follows "EVALSHA ..." for one event, and nothing more? That is,
 * args bulk strings, the first of them two digits that say how many follow: an
 * even number, two at least.
 */
bool es_event_sound(es_str_t data, uint32_t args);

/*
 * "$n\r\n", the head of a bulk string, or "*n\r\n", that of an array, to p with
 * room for ES_RESP_HEAD bytes, whatever n is. Its length
 */
#define ES_RESP_HEAD  24

size_t es_resp_head(char *p, char type, size_t n);

/*
 * The host of an http or https URL, as it stands there, without user and port:
 * letters, digits, "." and "-", or an IPv6 address in brackets, 253 bytes at
 * most. Empty for anything else.
 */
es_str_t es_referrer_host(es_str_t referrer);

#endif
