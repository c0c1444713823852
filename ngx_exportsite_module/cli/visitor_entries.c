/* Entries of a stream that name a visitor: found, and as JSON. */
#include <stdlib.h>

#include "visitor.h"


/* Redis is busy with so many for a millisecond or two, in which sites wait. */
#define ES_ENTRIES_PIECE  "2000"

/* An id of so many bytes is not in a text by chance. */
#define ES_ENTRIES_LONG   16


/* Does this text have one of the ids in it, if that is long enough? */
static bool
es_entries_mentions(const es_ids_t *ids, es_str_t text)
{
    size_t    i;
    es_str_t  id;

    for (i = 0; i < ids->n; i++) {
        id = ids->ids[i];

        if (id.len >= ES_ENTRIES_LONG && id.len <= text.len
            && memmem(text.data, text.len, id.data, id.len) != NULL)
        {
            return true;
        }
    }

    return false;
}


static bool
es_entries_names(const es_entries_t *entries, const redisReply *list)
{
    size_t    i;
    es_str_t  name;

    if (entries->ids == NULL) {
        return true;
    }

    if (list->type != REDIS_REPLY_ARRAY) {
        return false;
    }

    for (i = 0; i + 1 < list->elements; i += 2) {
        name = es_reply_text(list->element[i]);

        if (name.len == 7 && memcmp(name.data, "visitor", 7) == 0
            && es_ids_has(entries->ids, es_reply_text(list->element[i + 1])))
        {
            return true;
        }

        if (entries->anywhere
            && (es_entries_mentions(entries->ids, name)
                || es_entries_mentions(entries->ids,
                                       es_reply_text(list->element[i + 1]))))
        {
            return true;
        }
    }

    return false;
}


/* A piece; *last is the id of its last entry. False: not Redis' answer. */
static bool
es_entries_piece(const es_entries_t *entries, const redisReply *piece,
    es_entry_id_t *last, bool *more)
{
    size_t       i;
    redisReply  *entry;

    for (i = 0; i < piece->elements && *more; i++) {
        entry = piece->element[i];

        if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2
            || entry->element[0]->type != REDIS_REPLY_STRING
            || !es_entry_id_parse(last, es_reply_text(entry->element[0])))
        {
            es_fail("%s: this is not the answer of a Redis",
                    es_shown(es_text(entries->key)));
            return false;
        }

        if (es_entries_names(entries, entry->element[1])) {
            *more = entries->found(entries->data, entry);
        }
    }

    *more = *more && piece->elements > 0;

    return true;
}


/* The id behind this one, or in front of it; false if there is none. */
static bool
es_entries_step(es_entry_id_t *id, bool back)
{
    if (back) {
        id->ms -= id->seq == 0;
        return id->seq-- != 0 || id->ms != UINT64_MAX;
    }

    id->seq++;
    id->ms += id->seq == 0;

    return id->seq != 0 || id->ms != 0;
}


bool
es_entries(es_cli_t *cli, const es_entries_t *entries)
{
    char           from[ES_ENTRY_ID_TEXT];
    bool           good, more, back;
    uint64_t       done, total;
    redisReply    *reply;
    es_entry_id_t  id;

    reply = es_ask(cli, "XLEN %s", entries->key);
    if (reply == NULL) {
        return false;
    }

    total = (uint64_t) reply->integer;
    freeReplyObject(reply);

    back = entries->newest_first;
    snprintf(from, sizeof(from), "%s", back ? "+" : "-");
    done = 0;

    do {
        reply = es_ask(cli, "%s %s %s %s COUNT " ES_ENTRIES_PIECE,
                       back ? "XREVRANGE" : "XRANGE", entries->key, from,
                       back ? "-" : "+");
        if (reply == NULL) {
            return false;
        }

        more = true;
        good = es_entries_piece(entries, reply, &id, &more);
        done += reply->elements;
        freeReplyObject(reply);

        if (good && more) {
            more = es_entries_step(&id, back);
            (void) es_entry_id_format(from, id);
        }

        /* entries may come in meanwhile */

        es_progress(entries->label, done < total ? done : total, total);

    } while (good && more);

    es_progress_end();

    return good;
}


/* -- as JSON -- */

static const char  es_entries_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";


static json_t *
es_entries_base64(es_str_t text)
{
    char      *buf, *p;
    size_t     i, n;
    json_t    *json;
    uint32_t   bits;

    buf = malloc(text.len / 3 * 4 + 8);
    if (buf == NULL) {
        exit(es_fail("no memory for %zu bytes", text.len));
    }

    for (i = 0, p = buf; i < text.len; i += 3) {
        n = text.len - i < 3 ? text.len - i : 3;
        bits = (uint32_t) (uint8_t) text.data[i] << 16
               | (n > 1 ? (uint32_t) (uint8_t) text.data[i + 1] << 8 : 0)
               | (n > 2 ? (uint32_t) (uint8_t) text.data[i + 2] : 0);

        *p++ = es_entries_digits[bits >> 18];
        *p++ = es_entries_digits[bits >> 12 & 63];
        *p++ = n > 1 ? es_entries_digits[bits >> 6 & 63] : '=';
        *p++ = n > 2 ? es_entries_digits[bits & 63] : '=';
    }

    json = json_stringn(buf, p - buf);
    free(buf);

    return json;
}


json_t *
es_entries_text(es_str_t text)
{
    json_t  *json;

    json = json_stringn(text.len ? text.data : "", text.len);

    return json ? json : json_pack("{s:o}", "base64",
                                   es_entries_base64(text));
}


/* A name that may stand in an object: no NUL, all UTF-8 */
static json_t *
es_entries_name(es_str_t name)
{
    char    *copy;
    size_t   i;
    json_t  *json;

    copy = malloc(name.len + 1);
    if (copy == NULL) {
        exit(es_fail("no memory"));
    }

    for (i = 0; i < name.len; i++) {
        copy[i] = name.data[i] ? name.data[i] : (char) 0xff;
    }

    json = es_json_text((es_str_t) { name.len, copy });
    free(copy);

    return json;
}


void
es_visitor_put(json_t *object, es_str_t name, json_t *value)
{
    json_t      *key, *old, *list;
    const char  *text;

    key = es_entries_name(name);
    text = json_string_value(key);
    old = json_object_get(object, text);

    if (old == NULL) {
        json_object_set_new(object, text, value);

    } else if (json_is_array(old)) {
        json_array_append_new(old, value);

    } else {
        list = json_array();
        json_array_append(list, old);
        json_array_append_new(list, value);
        json_object_set_new(object, text, list);
    }

    json_decref(key);
}


json_t *
es_entries_fields(const redisReply *list)
{
    size_t   i;
    json_t  *object;

    object = json_object();

    for (i = 0; list != NULL && i + 1 < list->elements; i += 2) {
        es_visitor_put(object, es_reply_text(list->element[i]),
                       es_entries_text(es_reply_text(list->element[i + 1])));
    }

    return object;
}


json_t *
es_entries_json(const redisReply *entry)
{
    return json_pack("{s:s, s:o}", "entry", entry->element[0]->str, "fields",
                     es_entries_fields(entry->element[1]));
}
