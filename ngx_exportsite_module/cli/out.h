/* Commands to Redis as they are sent (RESP), many in one buffer. */
#ifndef ES_OUT_H
#define ES_OUT_H

#include "cli.h"


typedef struct {
    char    *data;
    size_t   len, size;
    size_t   commands;                 /* how many answers there will be */
} es_out_t;


/* A command of n arguments begins; es_out_arg() has to be called n times. */
void es_out_begin(es_out_t *out, size_t n);
void es_out_arg(es_out_t *out, es_str_t arg);
void es_out_int(es_out_t *out, int64_t n);

/*
 * Puts all commands into the connection's pipeline; the buffer is empty then.
 * Their number: so many answers have to be read.
 */
size_t es_out_send(es_out_t *out, redisContext *link);

void es_out_free(es_out_t *out);

#endif
