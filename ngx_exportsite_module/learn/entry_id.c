#include "common.h"
#include "entry.h"


bool
es_entry_id_parse(es_entry_id_t *id, es_str_t text)
{
    uint64_t  ms, seq;

    if (!es_number_take(&text, &ms) || text.len == 0
        || text.data[0] != '-')
    {
        return false;
    }

    text.data++;
    text.len--;

    if (!es_number_take(&text, &seq) || text.len > 0) {
        return false;
    }

    *id = (es_entry_id_t) { ms, seq };

    return true;
}


es_str_t
es_entry_id_format(char *buf, es_entry_id_t id)
{
    char  *end, *p;

    end = buf + ES_ENTRY_ID_TEXT - 1;
    *end = '\0';

    p = es_number_put(end, id.seq);
    *--p = '-';
    p = es_number_put(p, id.ms);

    memmove(buf, p, (size_t) (end - p) + 1);

    return (es_str_t) { (size_t) (end - p), buf };
}


int
es_entry_id_compare(es_entry_id_t a, es_entry_id_t b)
{
    if (a.ms != b.ms) {
        return a.ms < b.ms ? -1 : 1;
    }

    return (a.seq > b.seq) - (a.seq < b.seq);
}
