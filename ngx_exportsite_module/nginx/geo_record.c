/*
 * What a record of a database says: the publishers keep the same things at
 * different places.
 */
#include "compat.h"

#include "geo_db.h"

#include "../core/text.h"


#define NGX_EXPORTSITE_GEO_FIELDS  6
#define NGX_EXPORTSITE_GEO_WAYS    5
#define NGX_EXPORTSITE_GEO_STEPS   5


typedef const char  *ngx_exportsite_geo_path_t[NGX_EXPORTSITE_GEO_STEPS];


static ngx_int_t ngx_exportsite_geo_code(MMDB_s *mmdb, uint32_t offset,
    const char *const *path, u_char code[2]);
static ngx_int_t ngx_exportsite_geo_asn_text(MMDB_entry_data_s *data,
    ngx_pool_t *pool, ngx_str_t *value);


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


ngx_uint_t
ngx_exportsite_geo_has_country(MMDB_s *mmdb, uint32_t offset,
    const char **path)
{
    u_char  code[2];

    return ngx_exportsite_geo_code(mmdb, offset, path, code) == NGX_OK;
}


void
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


ngx_int_t
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


ngx_int_t
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
