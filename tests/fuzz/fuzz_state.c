/*
 * The input is two texts of states, each up to a NUL, and then events. What is
 * read must be written as it was; events go to a state that is kept and to one
 * that is written and read each time, which stay the same; and what is joined
 * does not depend on who joins whom.
 */
#include "events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const es_state_settings_t  settings = { 1800000, 1209600000.0, 50 };


static es_str_t
text_of(const es_state_t *state)
{
    char        *exact;
    size_t       len;

    static char  buf[ES_STATE_MAX];

    len = es_state_format(state, buf);
    must(len <= ES_STATE_MAX);

    exact = check_pool_alloc(&events_pool.pool, len);
    memcpy(exact, buf, len);

    return (es_str_t) { len, exact };
}


static void
must_be_sound(const es_state_t *s)
{
    uint32_t  i;

    must(s->npages <= ES_STATE_PAGES && s->nrecent <= ES_STATE_RECENT);
    must(s->ntopics <= ES_STATE_TOPICS && s->nreasons <= ES_STATE_REASONS);
    must(s->points >= 0 && s->points <= ES_STATE_MOST);

    for (i = 0; i < s->ntopics; i++) {
        must(s->topics[i].score > 0 && s->topics[i].score <= ES_STATE_SCORE);
        must(es_state_interest(s).len > 0);
    }
}


static void
must_read(es_str_t text, es_state_t *state)
{
    es_str_t  head;

    must(es_state_parse(state, text));
    must(es_str_eq(text_of(state), text));
    must_be_sound(state);

    head = es_state_head(text);
    must(head.len > 0 && head.data[head.len - 1] == '\n');
}


/* The text in front; an empty state if it is none */
static void
take_state(input_t *in, es_state_t *state)
{
    char           *copy;
    size_t          len;
    es_str_t        text;
    const uint8_t  *nul;

    nul = in->p < in->end ? memchr(in->p, 0, (size_t) (in->end - in->p))
                          : NULL;
    len = (size_t) ((nul ? nul : in->end) - in->p);
    copy = check_pool_alloc(&events_pool.pool, len);

    if (len) {
        memcpy(copy, in->p, len);
    }

    in->p += len + (nul != NULL);
    text = (es_str_t) { len, copy };

    if (es_state_parse(state, text)) {
        must(len == 0 || es_str_eq(text_of(state), text));

    } else {
        must(state->mark.ms == 0 && state->ntopics == 0 && state->npages == 0);
    }
}


static void
must_join(const es_state_t *one, const es_state_t *two)
{
    es_state_t  a, b, again;

    a = *one;
    b = *two;
    es_state_merge(&a, two, settings.half_life);
    es_state_merge(&b, one, settings.half_life);
    must_read(text_of(&a), &again);
    must_read(text_of(&b), &again);

    must(a.visits == b.visits && a.views == b.views && a.dwell == b.dwell);
    must(a.goals == b.goals && a.clicks == b.clicks);
    must(a.points == b.points && a.lead == b.lead);
    must(a.first_seen == b.first_seen && a.last_seen == b.last_seen);
    must(a.first_touch == b.first_touch && a.last_touch == b.last_touch);
    must(a.active == b.active && a.scored == b.scored);
    must(a.ntopics == b.ntopics);
    must(a.points >= one->points && a.points >= two->points);
}


static void
must_apply(es_state_t *state, const fuzz_event_t *e)
{
    es_str_t            text, all;
    es_state_t          before, again;
    es_state_outcome_t  outcome, other;

    before = *state;
    text = text_of(state);
    must(es_state_parse(&again, text));

    es_state_apply(state, &e->entry, &e->facts, &settings, &outcome);
    es_state_apply(&again, &e->entry, &e->facts, &settings, &other);

    all = text_of(state);
    must(es_str_eq(all, text_of(&again)));
    must(outcome.visit == other.visit && outcome.lead == other.lead);
    must(outcome.nseen == other.nseen);
    must_read(all, &again);

    must(state->visits >= before.visits);
    must(state->visits - before.visits <= outcome.visit);
    must(state->last_seen >= before.last_seen);
    must(state->active >= before.active);
    must(before.first_seen == 0 || state->first_seen <= before.first_seen);
    must(!outcome.lead || before.lead == 0);
    must(outcome.nseen < ES_STATE_PAGES);
    must(outcome.from.len == 0 || !es_str_eq(outcome.from, outcome.page));
    must(e->entry.kind == ES_ENTRY_VIEW
         || (!outcome.visit && outcome.from.len == 0 && outcome.nseen == 0));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int           i;
    input_t       in = { data, data + size };
    es_state_t    one, two;
    fuzz_event_t  events[16];

    take_state(&in, &one);
    take_state(&in, &two);
    must_join(&one, &two);

    for (i = 0; i < 16 && in.p < in.end; i++) {
        if (take_event(&in, (es_entry_id_t) { UINT64_MAX, (uint64_t) i },
                       &events[i]))
        {
            must_apply(events[i].visitor & 1 ? &one : &two, &events[i]);
        }
    }

    must_join(&one, &two);
    check_pool_free(&events_pool);

    return 0;
}
