/*
 * Looking up where a client is.
 */
#include "compat.h"

#include "geo_db.h"


/* 16 bytes, and whether they are an IPv4 address in its mapped form. */
typedef struct {
    union {
        u_char    bytes[16];
        uint64_t  words[2];
    };

    ngx_uint_t    ipv4;
} ngx_exportsite_geo_address_t;

static ngx_int_t ngx_exportsite_geo_find_code(ngx_exportsite_geo_t *geo,
    struct sockaddr *sa, ngx_exportsite_geo_field_e field, u_char code[2]);
static ngx_int_t ngx_exportsite_geo_address(struct sockaddr *sa,
    ngx_exportsite_geo_address_t *address);
static ngx_int_t ngx_exportsite_geo_find(ngx_exportsite_geo_db_t *db,
    ngx_exportsite_geo_address_t *address, uint32_t *offset);
static ngx_exportsite_geo_codes_t *ngx_exportsite_geo_codes(
    ngx_exportsite_geo_db_t *db, uint32_t offset);


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
                         : ngx_exportsite_geo_walk(db, address->bytes,
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
