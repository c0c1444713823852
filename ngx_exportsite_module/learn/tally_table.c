#include "tally_table.h"


#define TABLE_SLOTS_MIN  64


static bool
table_grow(es_tally_table_t *table)
{
    size_t            i, k, size;
    es_tally_slot_t  *slots, *old;

    size = table->size ? 2 * table->size : TABLE_SLOTS_MIN;
    slots = es_alloc(table->pool, size * sizeof(es_tally_slot_t));

    if (slots == NULL) {
        return false;
    }

    memset(slots, 0, size * sizeof(es_tally_slot_t));

    for (i = 0; i < table->size; i++) {
        old = &table->slots[i];

        if (old->what == NULL) {
            continue;
        }

        k = old->hash & (size - 1);

        while (slots[k].what != NULL) {
            k = (k + 1) & (size - 1);
        }

        slots[k] = *old;
    }

    table->slots = slots;
    table->size = size;

    return true;
}


es_tally_slot_t *
es_tally_table_find(es_tally_table_t *table, uint64_t hash, uint64_t owner,
    es_str_t name)
{
    size_t            k;
    es_tally_slot_t  *slot;

    if (2 * (table->used + 1) > table->size && !table_grow(table)) {
        return NULL;
    }

    /*
     * Owners are numbered, and anybody can tell their numbers; but the hash is
     * keyed, so nobody can tell which of its sums with them are alike.
     */
    hash ^= owner * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 32;

    for (k = hash & (table->size - 1); /* void */ ;
         k = (k + 1) & (table->size - 1))
    {
        slot = &table->slots[k];

        if (slot->what == NULL) {
            slot->hash = hash;
            slot->owner = owner;
            return slot;
        }

        if (slot->hash == hash && slot->owner == owner
            && es_str_eq(table->name(slot->what), name))
        {
            return slot;
        }
    }
}


void
es_tally_table_take(es_tally_table_t *table, es_tally_slot_t *slot,
    void *what)
{
    slot->what = what;
    table->used++;
}
