/* What a visitor's state shows to others: the fields of the profile. */
#ifndef ES_LEARNED_H
#define ES_LEARNED_H

#include "../learn/state.h"


#define ES_LEARNED_FIELDS  (24 + 2 * ES_STATE_TOPICS)

typedef struct {
    es_str_t  name;
    es_str_t  value;                   /* empty: the field is to go */
} es_learned_field_t;

/* Names of the fields that others may set, too: es_state_t's own[] */
extern const es_str_t  es_learned_own[ES_OWN_FIELDS];

/*
 * The profile's fields of a state, those that only the learner writes, into
 * fields[ES_LEARNED_FIELDS]; how many. `before` is the state of which the
 * profile has them now; what it had and the other has not is empty. Values lie
 * in the pool, or where the states have them.
 */
size_t es_learned_fields(const es_state_t *state, const es_state_t *before,
    es_pool_t *pool, es_learned_field_t *fields);

/* A score in millionths as people read it, "4.25"; in the pool. */
es_str_t es_learned_score(es_pool_t *pool, int64_t score);

#endif
