/*
 * Who viewed a page: an id that nobody can get back to the address, once the
 * day's salt has expired; and the country that the address is in.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/random.h>

#include "../core/visitor.h"
#include "import.h"


#define ES_IMPORT_SALT_TTL    172800   /* s, two days */
#define ES_IMPORT_SALT_HEX    (2 * ES_SIPHASH_KEY)
#define ES_IMPORT_SALT_TRIES  3


es_import_day_t *
es_import_day(es_import_t *import)
{
    uint32_t  day;

    day = es_day_of(import->view.line.time);

    return &import->days[day - es_day_of(ES_IMPORT_SINCE)];
}


/* Takes what hex digits say; false if these are none. */
static bool
es_import_unhex(char *to, es_str_t hex)
{
    int     digit;
    char    c;
    size_t  i;

    if (hex.len != ES_IMPORT_SALT_HEX) {
        return false;
    }

    for (i = 0; i < hex.len; i++) {
        c = hex.data[i];
        digit = c >= '0' && c <= '9' ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

        if (digit < 0) {
            return false;
        }

        to[i / 2] = (char) (i % 2 ? (uint8_t) to[i / 2] << 4 | digit : digit);
    }

    return true;
}


/* The salt of a key, made if there is none */
static redisReply *
es_import_ask_salt(es_import_t *import, es_str_t key)
{
    char         hex[ES_IMPORT_SALT_HEX];
    uint8_t      random[ES_SIPHASH_KEY];
    redisReply  *reply;

    if (getrandom(random, sizeof(random), 0) != (ssize_t) sizeof(random)) {
        es_fail("the system has no random numbers");
        return NULL;
    }

    es_hex(hex, random, sizeof(random));

    reply = es_ask(import->cli, "SET %b %b EX %d NX", key.data, key.len, hex,
                   sizeof(hex), ES_IMPORT_SALT_TTL);
    if (reply == NULL) {
        return NULL;
    }

    freeReplyObject(reply);

    return es_ask(import->cli, "GET %b", key.data, key.len);
}


/*
 * The first import of a day makes its salt, others within two days use the
 * same, so that they know each other's visitors.
 */
static bool
es_import_salt(es_import_t *import, es_import_day_t *day)
{
    int          i, type;
    bool         good;
    char         date[ES_DAY_TEXT], buf[ES_KEY_MAX];
    es_str_t     key;
    redisReply  *reply;

    es_day_format(date, es_day_of(import->view.line.time));
    key = es_salt_key(buf, import->cli->prefix,
                      (es_str_t) { sizeof(date), date });

    for (i = 0; i < ES_IMPORT_SALT_TRIES; i++) {
        reply = es_import_ask_salt(import, key);
        if (reply == NULL) {
            return false;
        }

        type = reply->type;
        good = type == REDIS_REPLY_STRING
               && es_import_unhex(day->salt, es_reply_text(reply));
        freeReplyObject(reply);

        if (good) {
            day->salted = true;
            return true;
        }

        if (type != REDIS_REPLY_NIL) {
            break;
        }
    }

    es_fail("%s holds no salt of an import: delete it", es_shown(key));

    return false;
}


bool
es_import_visitor(es_import_t *import, char id[ES_IMPORT_VISITOR])
{
    char              text[2 * ES_IMPORT_LINE];
    size_t            len;
    uint8_t           hash[16];
    es_logline_t     *line = &import->view.line;
    es_import_day_t  *day;

    day = es_import_day(import);

    if (!day->salted && !es_import_salt(import, day)) {
        return false;
    }

    len = line->address.len;
    memcpy(text, line->address.data, len);
    text[len++] = '\0';

    if (line->agent.len > 0) {
        memcpy(text + len, line->agent.data, line->agent.len);
        len += line->agent.len;
    }

    es_siphash128((const uint8_t *) day->salt, text, len, hash);

    memcpy(id, "log-", 4);
    es_hex(id + 4, hash, (ES_IMPORT_VISITOR - 4) / 2);

    return true;
}


/* Two letters; XX and ZZ are how some publishers write "unknown". */
static bool
es_import_country_code(const MMDB_entry_data_s *data, char code[2])
{
    int  i;

    if (!data->has_data || data->type != MMDB_DATA_TYPE_UTF8_STRING
        || data->data_size != 2)
    {
        return false;
    }

    for (i = 0; i < 2; i++) {
        code[i] = (char) (es_lower(data->utf8_string[i]) & ~0x20);

        if (code[i] < 'A' || code[i] > 'Z') {
            return false;
        }
    }

    return code[0] != code[1] || (code[0] != 'X' && code[0] != 'Z');
}


/* The address as the system has it; false if it is none. */
static bool
es_import_address(es_str_t address, struct sockaddr_storage *storage)
{
    char                  text[INET6_ADDRSTRLEN];
    struct sockaddr_in   *in = (struct sockaddr_in *) storage;
    struct sockaddr_in6  *in6 = (struct sockaddr_in6 *) storage;

    if (address.len >= sizeof(text)
        || memchr(address.data, '\0', address.len) != NULL)
    {
        return false;
    }

    memcpy(text, address.data, address.len);
    text[address.len] = '\0';
    memset(storage, 0, sizeof(struct sockaddr_storage));

    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        return true;
    }

    in6->sin6_family = AF_INET6;

    return inet_pton(AF_INET6, text, &in6->sin6_addr) == 1;
}


void
es_import_country(es_import_t *import, char code[2])
{
    int                       i, error;
    MMDB_entry_data_s         data;
    MMDB_lookup_result_s      found;
    struct sockaddr_storage   address;
    static const char *const  paths[][3] = {
        { "country", "iso_code", NULL },
        { "country_code", NULL, NULL },
        { "country", NULL, NULL }
    };

    if (es_import_address(import->view.line.address, &address)) {
        found = MMDB_lookup_sockaddr(&import->geo,
                                     (struct sockaddr *) &address, &error);

        for (i = 0; error == MMDB_SUCCESS && found.found_entry && i < 3; i++) {
            if (MMDB_aget_value(&found.entry, &data, paths[i]) == MMDB_SUCCESS
                && es_import_country_code(&data, code))
            {
                return;
            }
        }
    }

    memcpy(code, "XX", 2);
}
