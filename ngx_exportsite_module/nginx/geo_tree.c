/*
 * The walk from the root of a database's search tree to an address' record: a
 * bit of the address a step. MMDB_lookup_sockaddr() does the same for any
 * caller in two and a half times the instructions; here the tree has been
 * checked before (geo_check.c), and every request takes this way.
 *
 * The format: MaxMind DB File Format Specification, version 2.0.
 */
#include "compat.h"

#include "geo_db.h"


static ngx_inline uint32_t ngx_exportsite_geo_record(const u_char *tree,
    size_t node, ngx_uint_t right, ngx_uint_t record_size);
static ngx_inline uint32_t ngx_exportsite_geo_descend(MMDB_s *mmdb,
    uint32_t node, uint64_t bits, ngx_uint_t n, ngx_uint_t record_size);
static uint32_t ngx_exportsite_geo_steps(MMDB_s *mmdb, uint32_t node,
    uint64_t bits, ngx_uint_t n);
static ngx_inline uint64_t ngx_exportsite_geo_bits(const u_char *p);


ngx_int_t
ngx_exportsite_geo_walk(ngx_exportsite_geo_db_t *db, const u_char address[16],
    ngx_uint_t ipv4, uint32_t *offset)
{
    MMDB_s    *mmdb = &db->mmdb;
    uint32_t   node, count;

    count = mmdb->metadata.node_count;
    node = 0;

    if (ipv4) {
        node = ngx_exportsite_geo_steps(mmdb,
                                db->ipv4[address[12] << 8 | address[13]],
                                (uint64_t) address[14] << 56
                                | (uint64_t) address[15] << 48, 16);

    } else if (mmdb->metadata.ip_version == 6) {
        node = ngx_exportsite_geo_steps(mmdb, node,
                                      ngx_exportsite_geo_bits(address), 64);
        node = ngx_exportsite_geo_steps(mmdb, node,
                                      ngx_exportsite_geo_bits(&address[8]), 64);
    }

    /* a node: the address ended before the tree; count: nothing is known */

    if (node <= count || node - count < NGX_EXPORTSITE_GEO_SEPARATOR) {
        return NGX_DECLINED;
    }

    *offset = node - count - NGX_EXPORTSITE_GEO_SEPARATOR;

    return NGX_OK;
}


void
ngx_exportsite_geo_shortcuts(ngx_exportsite_geo_db_t *db)
{
    MMDB_s      *mmdb = &db->mmdb;
    uint32_t     node;
    ngx_uint_t   i, k, width;

    node = mmdb->metadata.ip_version == 6 ? mmdb->ipv4_start_node.node_value
                                          : 0;
    db->ipv4[0] = node;

    /* each round tells the halves of what was one: from 1 to 65536 places */

    for (width = NGX_EXPORTSITE_GEO_IPV4; width > 1; width /= 2) {
        for (i = 0; i < NGX_EXPORTSITE_GEO_IPV4; i += width) {
            node = db->ipv4[i];

            for (k = 0; k < 2; k++) {
                db->ipv4[i + k * width / 2] =
                    ngx_exportsite_geo_steps(mmdb, node,
                                             (uint64_t) k << 63, 1);
            }
        }
    }
}


/* One loop for each record size, so that none asks for it at each step. */
static uint32_t
ngx_exportsite_geo_steps(MMDB_s *mmdb, uint32_t node, uint64_t bits,
    ngx_uint_t n)
{
    switch (mmdb->metadata.record_size) {

    case 24:
        return ngx_exportsite_geo_descend(mmdb, node, bits, n, 24);

    case 28:
        return ngx_exportsite_geo_descend(mmdb, node, bits, n, 28);

    default:
        return ngx_exportsite_geo_descend(mmdb, node, bits, n, 32);
    }
}


static ngx_inline uint32_t
ngx_exportsite_geo_descend(MMDB_s *mmdb, uint32_t node, uint64_t bits,
    ngx_uint_t n, ngx_uint_t record_size)
{
    uint32_t       count;
    const u_char  *tree;

    tree = mmdb->file_content;
    count = mmdb->metadata.node_count;

    while (n > 0 && node < count) {
        node = ngx_exportsite_geo_record(tree, node, bits >> 63, record_size);
        bits <<= 1;
        n--;
    }

    return node;
}


static ngx_inline uint32_t
ngx_exportsite_geo_record(const u_char *tree, size_t node, ngx_uint_t right,
    ngx_uint_t record_size)
{
    uint32_t       high;
    const u_char  *p;

    switch (record_size) {

    case 24:
        p = tree + node * 6 + right * 3;
        return (uint32_t) p[0] << 16 | p[1] << 8 | p[2];

    case 28:
        p = tree + node * 7;
        high = right ? p[3] & 0x0f : p[3] >> 4;
        p += right * 4;
        return high << 24 | p[0] << 16 | p[1] << 8 | p[2];

    default:
        p = tree + node * 8 + right * 4;
        return (uint32_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
    }
}


/* Eight bytes as they come; compilers make one load and one swap of it. */
static ngx_inline uint64_t
ngx_exportsite_geo_bits(const u_char *p)
{
    return (uint64_t) p[0] << 56 | (uint64_t) p[1] << 48
           | (uint64_t) p[2] << 40 | (uint64_t) p[3] << 32
           | (uint64_t) p[4] << 24 | (uint64_t) p[5] << 16
           | (uint64_t) p[6] << 8 | p[7];
}
