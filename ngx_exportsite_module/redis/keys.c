/*
 * Key names and commands. The mark of a producer shares the stream's hash slot
 * by a hash tag, so that the script stays inside one slot of a Redis Cluster.
 */
#include "../core/event.h"
#include "../core/text.h"
#include "keys.h"


/*
 * The stream is trimmed once a batch, by its last event. The mark is written
 * before the first event, too: where that is refused
 * nothing has been added yet, and the batch may be sent again. It outlives a
 * long outage of the nginx machine: 30 days, in seconds.
 */
const char  es_batch_script[] =
    "local mark = tonumber(redis.call('GET', KEYS[2]) or '0')\n"
    "local function remember(n)\n"
    "  redis.call('SET', KEYS[2], string.format('%.0f', n), 'EX', 2592000)\n"
    "end\n"
    "remember(mark)\n"
    "local seq, added, i = tonumber(ARGV[2]), 0, 3\n"
    "local last, failed = mark, nil\n"
    "while i <= #ARGV do\n"
    "  local n = tonumber(ARGV[i])\n"
    "  if not n or n < 2 or n % 2 ~= 0 or i + n > #ARGV then\n"
    "    failed = redis.error_reply('ERR no batch of events') break\n"
    "  end\n"
    "  if seq > mark then\n"
    "    local r\n"
    "    if i + n < #ARGV then\n"
    "      r = redis.pcall('XADD', KEYS[1], '*', unpack(ARGV, i + 1, i + n))\n"
    "    else\n"
    "      r = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*',\n"
    "                      unpack(ARGV, i + 1, i + n))\n"
    "    end\n"
    "    if type(r) == 'table' and r.err then failed = r break end\n"
    "    last, added = seq, added + 1\n"
    "  end\n"
    "  seq, i = seq + 1, i + n + 1\n"
    "end\n"
    "if last > mark then remember(last) end\n"
    "return failed or added\n";


static char *
es_copy(char *p, es_str_t s)
{
    if (s.len) {
        memcpy(p, s.data, s.len);
    }

    return p + s.len;
}


static char *
es_decimal(char *p, uint64_t n)
{
    char    digits[20];
    size_t  i = sizeof(digits);

    do {
        digits[--i] = (char) ('0' + n % 10);
        n /= 10;
    } while (n != 0);

    return es_copy(p, (es_str_t) { sizeof(digits) - i, digits + i });
}


static char *
es_resp_array(char *p, size_t n)
{
    return p + es_resp_head(p, '*', n);
}


static char *
es_resp_bulk(char *p, es_str_t s)
{
    p += es_resp_head(p, '$', s.len);
    p = es_copy(p, s);

    return es_copy(p, es_str("\r\n"));
}


static char *
es_resp_number(char *p, uint64_t n)
{
    char  digits[20];

    return es_resp_bulk(p, (es_str_t) { es_decimal(digits, n) - digits,
                                        digits });
}


es_str_t
es_key(char *buf, es_str_t prefix, es_str_t name)
{
    char  *p;

    p = es_copy(buf, prefix);
    p = es_copy(p, name);

    return (es_str_t) { p - buf, buf };
}


/* prefix, then n parts, into buf */
static es_str_t
es_key_join(char *buf, es_str_t prefix, const es_str_t *parts, size_t n)
{
    char    *p;
    size_t   i;

    p = es_copy(buf, prefix);

    for (i = 0; i < n; i++) {
        p = es_copy(p, parts[i]);
    }

    return (es_str_t) { p - buf, buf };
}


es_str_t
es_profile_key(char *buf, es_str_t prefix, es_str_t id)
{
    const es_str_t  parts[] = { es_str(ES_KEY_PROFILE), id };

    return es_key_join(buf, prefix, parts, 2);
}


/* family + "{" + the profile's key + "}" + behind */
static es_str_t
es_key_beside(char *buf, es_str_t prefix, es_str_t family, es_str_t id,
    es_str_t behind)
{
    const es_str_t  parts[] = { family, es_str("{"), prefix,
                                es_str(ES_KEY_PROFILE), id, es_str("}"),
                                behind };

    return es_key_join(buf, prefix, parts, 7);
}


es_str_t
es_state_key(char *buf, es_str_t prefix, es_str_t id)
{
    return es_key_beside(buf, prefix, es_str("state:"), id, es_null_str);
}


es_str_t
es_gone_key(char *buf, es_str_t prefix, es_str_t id)
{
    return es_key_beside(buf, prefix, es_str("gone:"), id, es_null_str);
}


es_str_t
es_merging_key(char *buf, es_str_t prefix, es_str_t id)
{
    return es_key_beside(buf, prefix, es_str("state:"), id,
                         es_str(":merging"));
}


es_str_t
es_fields_key(char *buf, es_str_t prefix, es_str_t id)
{
    return es_key_beside(buf, prefix, es_str("state:"), id, es_str(":fields"));
}


es_str_t
es_count_key(char *buf, es_str_t prefix, es_str_t date, es_str_t dimension)
{
    const es_str_t  parts[] = { es_str("count:{"), date, es_str(":"),
                                dimension, es_str("}") };

    return es_key_join(buf, prefix, parts, 5);
}


es_str_t
es_visitors_key(char *buf, es_str_t prefix, es_str_t date, es_str_t dimension,
    es_str_t value)
{
    const es_str_t  parts[] = { es_str("visitors:{"), date, es_str(":"),
                                dimension, es_str("}:"), value };

    return es_key_join(buf, prefix, parts, 6);
}


es_str_t
es_lease_key(char *buf, es_str_t prefix, es_str_t stream)
{
    const es_str_t  parts[] = { es_str("lease:{"), prefix, stream,
                                es_str("}:learn") };

    return es_key_join(buf, prefix, parts, 4);
}


es_str_t
es_learned_key(char *buf, es_str_t prefix, es_str_t target)
{
    const es_str_t  parts[] = { es_str("mark:{"), prefix, target,
                                es_str("}:learn") };

    return es_key_join(buf, prefix, parts, 4);
}


es_str_t
es_salt_key(char *buf, es_str_t prefix, es_str_t date)
{
    const es_str_t  parts[] = { es_str("salt:"), date };

    return es_key_join(buf, prefix, parts, 2);
}


size_t
es_profile_command(char *buf, es_str_t prefix, es_str_t id,
    const es_str_t *fields, size_t n)
{
    char    *p, key[ES_KEY_MAX];
    size_t   i;

    p = es_resp_array(buf, n + 2);
    p = es_resp_bulk(p, es_str("HMGET"));
    p = es_resp_bulk(p, es_profile_key(key, prefix, id));

    for (i = 0; i < n; i++) {
        p = es_resp_bulk(p, fields[i]);
    }

    return p - buf;
}


/* One bit a byte: letters, digits, what is above ASCII, _ . : / + @ * - */
static const uint32_t  es_slot_key_bytes[8] = {
    0x00000000, 0x07ffec00, 0x87ffffff, 0x07fffffe,
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff
};


bool
es_slot_key_valid(es_str_t key)
{
    size_t   i;
    uint8_t  c;

    if (key.len == 0 || key.len > ES_SLOT_KEY_MAX) {
        return false;
    }

    for (i = 0; i < key.len; i++) {
        c = (uint8_t) key.data[i];

        if (!(es_slot_key_bytes[c >> 5] & (1u << (c & 0x1f)))) {
            return false;
        }
    }

    return es_text_safe(key);
}


size_t
es_content_command(char *buf, es_str_t prefix, es_str_t key, uint64_t last)
{
    char  *p, *q, name[ES_KEY_MAX];

    q = name + es_key(name, prefix, es_str(ES_KEY_SLOT)).len;
    q = es_copy(q, key);

    p = es_resp_array(buf, 4);
    p = es_resp_bulk(p, es_str("GETRANGE"));
    p = es_resp_bulk(p, (es_str_t) { q - name, name });
    p = es_resp_bulk(p, es_str("0"));
    p = es_resp_number(p, last);

    return p - buf;
}


/* A pattern of Redis' that matches the text and nothing else. */
static char *
es_pattern(char *p, es_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (strchr("*?[]\\^-", s.data[i]) != NULL) {
            *p++ = '\\';
        }

        *p++ = s.data[i];
    }

    return p;
}


size_t
es_scan_command(char *buf, es_str_t prefix, es_str_t cursor)
{
    char  *p, *q, pattern[2 * ES_PREFIX_MAX + sizeof(ES_KEY_SLOT "*")];

    q = es_pattern(pattern, prefix);
    q = es_copy(q, es_str(ES_KEY_SLOT "*"));

    p = es_resp_array(buf, 6);
    p = es_resp_bulk(p, es_str("SCAN"));
    p = es_resp_bulk(p, cursor);
    p = es_resp_bulk(p, es_str("MATCH"));
    p = es_resp_bulk(p, (es_str_t) { q - pattern, pattern });
    p = es_resp_bulk(p, es_str("COUNT"));
    p = es_resp_bulk(p, es_str("1000"));

    return p - buf;
}


/* The mark of a producer of the stream, whose key is name. */
static es_str_t
es_mark_key(char *buf, es_str_t prefix, es_str_t name, es_producer_t producer)
{
    char  *p;

    p = es_copy(buf, prefix);
    p = es_copy(p, es_str("mark:{"));
    p = es_copy(p, name);
    p = es_copy(p, es_str("}:"));
    p = es_decimal(p, producer.ring);

    if (producer.part != 0) {
        *p++ = '-';
        p = es_decimal(p, producer.part);
    }

    return (es_str_t) { p - buf, buf };
}


size_t
es_batch_head(char *buf, const char *sha, es_str_t prefix, es_str_t stream,
    es_producer_t producer, uint64_t maxlen, uint64_t first, size_t args)
{
    char      *p, key[ES_KEY_MAX], mark[ES_KEY_MAX + 64];
    es_str_t   name;

    name = es_key(key, prefix, stream);

    p = es_resp_array(buf, 7 + args);
    p = es_resp_bulk(p, es_str("EVALSHA"));
    p = es_resp_bulk(p, (es_str_t) { 40, sha });
    p = es_resp_bulk(p, es_str("2"));
    p = es_resp_bulk(p, name);
    p = es_resp_bulk(p, es_mark_key(mark, prefix, name, producer));
    p = es_resp_number(p, maxlen);
    p = es_resp_number(p, first);

    return p - buf;
}


size_t
es_mark_command(char *buf, es_str_t prefix, es_str_t stream,
    es_producer_t producer)
{
    char      *p, key[ES_KEY_MAX], mark[ES_KEY_MAX + 64];
    es_str_t   name;

    name = es_key(key, prefix, stream);

    p = es_resp_array(buf, 2);
    p = es_resp_bulk(p, es_str("GET"));
    p = es_resp_bulk(p, es_mark_key(mark, prefix, name, producer));

    return p - buf;
}
