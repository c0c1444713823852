/*
 * Looking up where a client is.
 */
#include "compat.h"

#include "geo_db.h"

#include "../core/text.h"


#define NGX_EXPORTSITE_GEO_FIELDS  6
#define NGX_EXPORTSITE_GEO_WAYS    5
#define NGX_EXPORTSITE_GEO_STEPS   5


/* 16 bytes, and whether they are an IPv4 address in its mapped form. */
typedef struct {
    union {
        u_char    bytes[16];
        uint64_t  words[2];
    };

    ngx_uint_t    ipv4;
} ngx_exportsite_geo_address_t;

typedef const char  *ngx_exportsite_geo_path_t[NGX_EXPORTSITE_GEO_STEPS];


static ngx_int_t ngx_exportsite_geo_find_code(ngx_exportsite_geo_t *geo,
    struct sockaddr *sa, ngx_exportsite_geo_field_e field, u_char code[2]);
static ngx_int_t ngx_exportsite_geo_address(struct sockaddr *sa,
    ngx_exportsite_geo_address_t *address);
static ngx_int_t ngx_exportsite_geo_find(ngx_exportsite_geo_db_t *db,
    ngx_exportsite_geo_address_t *address, uint32_t *offset);
static ngx_exportsite_geo_codes_t *ngx_exportsite_geo_codes(
    ngx_exportsite_geo_db_t *db, uint32_t offset);
static void ngx_exportsite_geo_read_codes(ngx_exportsite_geo_db_t *db,
    ngx_exportsite_geo_codes_t *codes);
static ngx_int_t ngx_exportsite_geo_code(MMDB_s *mmdb, uint32_t offset,
    const char *const *path, u_char code[2]);
static ngx_int_t ngx_exportsite_geo_field_text(MMDB_s *mmdb, uint32_t offset,
    ngx_exportsite_geo_field_e field, ngx_pool_t *pool, ngx_str_t *value);
static ngx_int_t ngx_exportsite_geo_asn_text(MMDB_entry_data_s *data,
    ngx_pool_t *pool, ngx_str_t *value);
static ngx_int_t ngx_exportsite_geo_copy(ngx_pool_t *pool, const void *data,
    size_t len, ngx_str_t *value);


/*
 * Where the publishers keep a field: MaxMind and DB-IP in nested maps,
 * ip-location-db and ipinfo flat.
 */
static const ngx_exportsite_geo_path_t
    ngx_exportsite_geo_paths[NGX_EXPORTSITE_GEO_FIELDS]
                            [NGX_EXPORTSITE_GEO_WAYS] =
{
    [ngx_exportsite_geo_country] = {
        { "country", "iso_code" },
        { "country_code" },
        { "country" }
    },
    [ngx_exportsite_geo_continent] = {
        { "continent", "code" },
        { "continent_code" },
        { "continent" }
    },
    [ngx_exportsite_geo_region] = {
        { "subdivisions", "0", "iso_code" },
        { "region" },
        { "state1" },
        { "subdivisions", "0", "names", "en" }
    },
    [ngx_exportsite_geo_city] = {
        { "city", "names", "en" },
        { "city" }
    },
    [ngx_exportsite_geo_organization] = {
        { "autonomous_system_organization" },
        { "as_name" },
        { "name" },
        { "organization" }
    },
    [ngx_exportsite_geo_asn] = {
        { "autonomous_system_number" },
        { "asn" }
    }
};


ngx_int_t
ngx_exportsite_geo_country_code(ngx_exportsite_geo_t *geo, struct sockaddr *sa,
    u_char code[2])
{
    return ngx_exportsite_geo_find_code(geo, sa, ngx_exportsite_geo_country,
                                        code);
}


ngx_int_t
ngx_exportsite_geo_continent_code(ngx_exportsite_geo_t *geo,
    struct sockaddr *sa, u_char code[2])
{
    return ngx_exportsite_geo_find_code(geo, sa, ngx_exportsite_geo_continent,
                                        code);
}


ngx_int_t
ngx_exportsite_geo_text(ngx_exportsite_geo_t *geo, struct sockaddr *sa,
    ngx_exportsite_geo_field_e field, ngx_pool_t *pool, ngx_str_t *value)
{
    u_char                         code[2];
    uint32_t                       offset;
    ngx_int_t                      rc;
    ngx_exportsite_geo_db_t       *db;
    ngx_exportsite_geo_address_t   address;

    ngx_str_null(value);

    if (field == ngx_exportsite_geo_country
        || field == ngx_exportsite_geo_continent)
    {
        rc = ngx_exportsite_geo_find_code(geo, sa, field, code);

        return rc == NGX_OK ? ngx_exportsite_geo_copy(pool, code, 2, value)
                            : rc;
    }

    if (geo == NULL || ngx_exportsite_geo_address(sa, &address) != NGX_OK) {
        return NGX_DECLINED;
    }

    for (db = geo->first; db != NULL; db = db->next) {

        if (ngx_exportsite_geo_find(db, &address, &offset) != NGX_OK) {
            continue;
        }

        rc = ngx_exportsite_geo_field_text(&db->mmdb, offset, field, pool,
                                           value);
        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_exportsite_geo_status(ngx_exportsite_geo_t *geo, ngx_uint_t n,
    ngx_exportsite_geo_status_t *status)
{
    ngx_exportsite_geo_db_t  *db;

    db = geo != NULL ? geo->first : NULL;

    while (db != NULL && n > 0) {
        db = db->next;
        n--;
    }

    if (db == NULL) {
        return NGX_DECLINED;
    }

    if (db->state->version != db->version) {
        ngx_exportsite_geo_follow(db);
    }

    ngx_memzero(status, sizeof(ngx_exportsite_geo_status_t));

    status->path = db->path;
    status->generation = db->version >> 2;
    status->loads = db->state->loads;
    status->errors = db->state->errors;
    status->lookups = db->lookups;
    status->found = db->found;
    status->error.data = db->state->error;
    status->error.len = ngx_strlen(db->state->error);

    if (db->opened) {
        status->type.data = (u_char *) db->mmdb.metadata.database_type;
        status->type.len = ngx_strlen(db->mmdb.metadata.database_type);
        status->built = (time_t) db->mmdb.metadata.build_epoch;
        status->size = db->mmdb.file_size;
    }

    return NGX_OK;
}


void
ngx_exportsite_geo_flush(ngx_exportsite_geo_db_t *db)
{
    ngx_uint_t  i;

    db->memo_valid = 0;

    for (i = 0; i < NGX_EXPORTSITE_GEO_CODES; i++) {
        db->codes[i].offset = NGX_EXPORTSITE_GEO_NO_OFFSET;
    }
}


ngx_uint_t
ngx_exportsite_geo_has_country(MMDB_s *mmdb, uint32_t offset,
    const char **path)
{
    u_char  code[2];

    return ngx_exportsite_geo_code(mmdb, offset, path, code) == NGX_OK;
}


static ngx_int_t
ngx_exportsite_geo_find_code(ngx_exportsite_geo_t *geo, struct sockaddr *sa,
    ngx_exportsite_geo_field_e field, u_char code[2])
{
    u_char                       *found;
    uint32_t                      offset;
    ngx_exportsite_geo_db_t      *db;
    ngx_exportsite_geo_address_t  address;

    code[0] = 'X';
    code[1] = 'X';

    if (geo == NULL || ngx_exportsite_geo_address(sa, &address) != NGX_OK) {
        return NGX_DECLINED;
    }

    for (db = geo->first; db != NULL; db = db->next) {

        if (ngx_exportsite_geo_find(db, &address, &offset) != NGX_OK) {
            continue;
        }

        found = ngx_exportsite_geo_codes(db, offset)->code[field];

        if (found[0] != 0) {
            code[0] = found[0];
            code[1] = found[1];
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/*
 * The address as the databases know it: an IPv4 client of an IPv6 socket
 * (::ffff:192.0.2.1) is an IPv4 client.
 */
static ngx_int_t
ngx_exportsite_geo_address(struct sockaddr *sa,
    ngx_exportsite_geo_address_t *address)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    if (sa == NULL) {
        return NGX_DECLINED;
    }

    switch (sa->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sa;
        address->words[0] = 0;
        address->bytes[8] = 0;
        address->bytes[9] = 0;
        address->bytes[10] = 0xff;
        address->bytes[11] = 0xff;
        ngx_memcpy(&address->bytes[12], &sin->sin_addr, 4);
        address->ipv4 = 1;
        return NGX_OK;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        ngx_memcpy(address->bytes, &sin6->sin6_addr, 16);
        address->ipv4 = IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr);
        return NGX_OK;
#endif

    default:
        return NGX_DECLINED;
    }
}


/*
 * The record of an address. A request asks for several fields of one address,
 * one after the other, hence the memory of one.
 */
static ngx_int_t
ngx_exportsite_geo_find(ngx_exportsite_geo_db_t *db,
    ngx_exportsite_geo_address_t *address, uint32_t *offset)
{
    ngx_int_t  rc;

    if (db->state->version != db->version) {
        ngx_exportsite_geo_follow(db);
    }

    if (db->memo_valid
        && db->memo[0] == address->words[0]
        && db->memo[1] == address->words[1])
    {
        *offset = db->memo_offset;
        rc = db->memo_found ? NGX_OK : NGX_DECLINED;

    } else {
        *offset = 0;
        rc = !db->opened ? NGX_DECLINED
                         : ngx_exportsite_geo_walk(&db->mmdb, address->bytes,
                                                   address->ipv4, offset);

        db->memo[0] = address->words[0];
        db->memo[1] = address->words[1];
        db->memo_offset = *offset;
        db->memo_found = (rc == NGX_OK);
        db->memo_valid = 1;
    }

    db->lookups++;
    db->found += (rc == NGX_OK);

    return rc;
}


static ngx_exportsite_geo_codes_t *
ngx_exportsite_geo_codes(ngx_exportsite_geo_db_t *db, uint32_t offset)
{
    ngx_exportsite_geo_codes_t  *codes;

    /* Fibonacci hashing; the upper 10 bits are the best mixed */
    codes = &db->codes[(uint32_t) (offset * 2654435769u) >> 22];

    if (codes->offset != offset) {
        codes->offset = offset;
        ngx_exportsite_geo_read_codes(db, codes);
    }

    return codes;
}


static void
ngx_exportsite_geo_read_codes(ngx_exportsite_geo_db_t *db,
    ngx_exportsite_geo_codes_t *codes)
{
    ngx_int_t                         rc;
    ngx_uint_t                        field, way;
    const ngx_exportsite_geo_path_t  *path;

    ngx_memzero(codes->code, sizeof(codes->code));

    for (field = ngx_exportsite_geo_country;
         field <= ngx_exportsite_geo_continent;
         field++)
    {
        if (field == ngx_exportsite_geo_country && db->country != NULL) {
            (void) ngx_exportsite_geo_code(&db->mmdb, codes->offset,
                                           db->country, codes->code[field]);
            continue;
        }

        path = ngx_exportsite_geo_paths[field];
        rc = NGX_DECLINED;

        for (way = 0; rc != NGX_OK && path[way][0] != NULL; way++) {
            rc = ngx_exportsite_geo_code(&db->mmdb, codes->offset, path[way],
                                         codes->code[field]);
        }
    }
}


/* A code of two letters; XX and ZZ are how some publishers write "unknown". */
static ngx_int_t
ngx_exportsite_geo_code(MMDB_s *mmdb, uint32_t offset, const char *const *path,
    u_char code[2])
{
    u_char             a, b;
    MMDB_entry_s       entry;
    MMDB_entry_data_s  data;

    entry.mmdb = mmdb;
    entry.offset = offset;

    if (MMDB_aget_value(&entry, &data, path) != MMDB_SUCCESS
        || !data.has_data
        || data.type != MMDB_DATA_TYPE_UTF8_STRING
        || data.data_size != 2)
    {
        return NGX_DECLINED;
    }

    a = ngx_toupper(data.utf8_string[0]);
    b = ngx_toupper(data.utf8_string[1]);

    if (a < 'A' || a > 'Z' || b < 'A' || b > 'Z'
        || (a == b && (a == 'X' || a == 'Z')))
    {
        return NGX_DECLINED;
    }

    code[0] = a;
    code[1] = b;

    return NGX_OK;
}


static ngx_int_t
ngx_exportsite_geo_field_text(MMDB_s *mmdb, uint32_t offset,
    ngx_exportsite_geo_field_e field, ngx_pool_t *pool, ngx_str_t *value)
{
    es_str_t                          text;
    ngx_int_t                         rc;
    ngx_uint_t                        i;
    MMDB_entry_s                      entry;
    MMDB_entry_data_s                 data;
    const ngx_exportsite_geo_path_t  *path;

    path = ngx_exportsite_geo_paths[field];

    for (i = 0; path[i][0] != NULL; i++) {
        entry.mmdb = mmdb;
        entry.offset = offset;

        if (MMDB_aget_value(&entry, &data, path[i]) != MMDB_SUCCESS
            || !data.has_data)
        {
            continue;
        }

        if (field == ngx_exportsite_geo_asn) {
            rc = ngx_exportsite_geo_asn_text(&data, pool, value);

            if (rc != NGX_DECLINED) {
                return rc;
            }

            continue;
        }

        if (data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size == 0) {
            continue;
        }

        text.data = data.utf8_string;
        text.len = data.data_size;
        text.len = es_text_cut(text, NGX_EXPORTSITE_GEO_TEXT_MAX);

        if (text.len > 0 && es_text_safe(text)) {
            return ngx_exportsite_geo_copy(pool, text.data, text.len, value);
        }
    }

    return NGX_DECLINED;
}


/* A number, or ipinfo's "AS64496". */
static ngx_int_t
ngx_exportsite_geo_asn_text(MMDB_entry_data_s *data, ngx_pool_t *pool,
    ngx_str_t *value)
{
    u_char     *p, digits[NGX_INT64_LEN];
    size_t      len;
    uint64_t    asn;
    ngx_int_t   n;

    switch (data->type) {

    case MMDB_DATA_TYPE_UINT16:
        asn = data->uint16;
        break;

    case MMDB_DATA_TYPE_UINT32:
        asn = data->uint32;
        break;

    case MMDB_DATA_TYPE_UINT64:
        asn = data->uint64;
        break;

    case MMDB_DATA_TYPE_UTF8_STRING:
        p = (u_char *) data->utf8_string;
        len = data->data_size;

        if (len > 2 && ngx_strncasecmp(p, (u_char *) "AS", 2) == 0) {
            p += 2;
            len -= 2;
        }

        n = len <= 10 ? ngx_atoi(p, len) : NGX_ERROR;
        asn = n > 0 ? n : 0;
        break;

    default:
        asn = 0;
    }

    if (asn == 0 || asn > 0xffffffff) {
        return NGX_DECLINED;
    }

    p = ngx_sprintf(digits, "%uL", asn);

    return ngx_exportsite_geo_copy(pool, digits, p - digits, value);
}


static ngx_int_t
ngx_exportsite_geo_copy(ngx_pool_t *pool, const void *data, size_t len,
    ngx_str_t *value)
{
    value->data = ngx_pnalloc(pool, len);
    if (value->data == NULL) {
        ngx_str_null(value);
        return NGX_ERROR;
    }

    ngx_memcpy(value->data, data, len);
    value->len = len;

    return NGX_OK;
}
