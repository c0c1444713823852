/*
 * Is a file a database that can be used? libmaxminddb checks as it reads, but
 * a file that was copied half, or is half the old and half the new one, would
 * only be found out by visitors. So the whole search tree is walked and every
 * record that it leads to is decoded, before anyone may look something up.
 *
 * The format: MaxMind DB File Format Specification, version 2.0.
 */
#include "compat.h"

#include "geo_db.h"


#define NGX_EXPORTSITE_GEO_MARKER        14        /* bytes before metadata */
#define NGX_EXPORTSITE_GEO_DEPTH         32
#define NGX_EXPORTSITE_GEO_VALUES        10000     /* of one record */
#define NGX_EXPORTSITE_GEO_TURN_NODES    20000
#define NGX_EXPORTSITE_GEO_TURN_VALUES   100000
#define NGX_EXPORTSITE_GEO_TOTAL_VALUES  50000000  /* the rest is trusted */
#define NGX_EXPORTSITE_GEO_LOOKUP_COST   50


/* The data section, and how many more values a record may have. */
typedef struct {
    const u_char  *data;
    uint32_t       size;
    ngx_uint_t     left;
} ngx_exportsite_geo_data_t;

/* A control byte and what belongs to it; at is where the payload begins. */
typedef struct {
    ngx_uint_t     type;
    uint32_t       size;
    uint32_t       at;
} ngx_exportsite_geo_head_t;


static ngx_int_t ngx_exportsite_geo_check_record(
    ngx_exportsite_geo_check_t *check, MMDB_s *mmdb, uint64_t record,
    ngx_uint_t type);
static ngx_int_t ngx_exportsite_geo_check_data(
    ngx_exportsite_geo_check_t *check, MMDB_s *mmdb, uint32_t offset);
static uint32_t ngx_exportsite_geo_check_value(ngx_exportsite_geo_data_t *d,
    uint32_t offset, ngx_uint_t depth);
static uint32_t ngx_exportsite_geo_check_pairs(ngx_exportsite_geo_data_t *d,
    ngx_exportsite_geo_head_t *head, ngx_uint_t depth);
static ngx_uint_t ngx_exportsite_geo_type(ngx_exportsite_geo_data_t *d,
    uint32_t offset);
static ngx_int_t ngx_exportsite_geo_head(ngx_exportsite_geo_data_t *d,
    uint32_t offset, ngx_exportsite_geo_head_t *head);
static ngx_int_t ngx_exportsite_geo_pointer(ngx_exportsite_geo_data_t *d,
    ngx_exportsite_geo_head_t *head, u_char control);
static ngx_int_t ngx_exportsite_geo_size_fits(ngx_exportsite_geo_data_t *d,
    ngx_exportsite_geo_head_t *head);


void
ngx_exportsite_geo_check_init(ngx_exportsite_geo_check_t *check,
    const char **country)
{
    ngx_memzero(check, sizeof(ngx_exportsite_geo_check_t));
    ngx_memset(check->seen, 0xff, sizeof(check->seen));

    check->country = country;
}


ngx_int_t
ngx_exportsite_geo_check_step(ngx_exportsite_geo_check_t *check, MMDB_s *mmdb,
    u_char *error, size_t size)
{
    ngx_uint_t          n;
    MMDB_search_node_s  node;

    if (mmdb->metadata_section - mmdb->data_section
        < NGX_EXPORTSITE_GEO_MARKER
        || (mmdb->metadata.ip_version != 4 && mmdb->metadata.ip_version != 6))
    {
        (void) ngx_snprintf(error, size, "its metadata does not fit it%Z");
        return NGX_ERROR;
    }

    check->budget = NGX_EXPORTSITE_GEO_TURN_VALUES;

    for (n = 0; n < NGX_EXPORTSITE_GEO_TURN_NODES && check->budget > 0; n++) {

        if (check->node == mmdb->metadata.node_count) {
            break;
        }

        if (MMDB_read_node(mmdb, check->node, &node) != MMDB_SUCCESS
            || ngx_exportsite_geo_check_record(check, mmdb, node.left_record,
                                               node.left_record_type)
               != NGX_OK
            || ngx_exportsite_geo_check_record(check, mmdb, node.right_record,
                                               node.right_record_type)
               != NGX_OK)
        {
            (void) ngx_snprintf(error, size, "node %uD of its search tree or "
                                "the data there is damaged%Z", check->node);
            return NGX_ERROR;
        }

        check->node++;
    }

    if (check->node < mmdb->metadata.node_count) {
        return NGX_AGAIN;
    }

    if (check->country != NULL && check->records > 0 && !check->country_seen) {
        (void) ngx_snprintf(error, size, "none of its records has a country "
                            "where \"country=\" says%Z");
        check->misplaced = 1;
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_exportsite_geo_check_record(ngx_exportsite_geo_check_t *check,
    MMDB_s *mmdb, uint64_t record, ngx_uint_t type)
{
    uint64_t   offset;
    uint32_t  *seen;

    if (type == MMDB_RECORD_TYPE_SEARCH_NODE
        || type == MMDB_RECORD_TYPE_EMPTY)
    {
        return NGX_OK;
    }

    offset = (uint64_t) mmdb->metadata.node_count
             + NGX_EXPORTSITE_GEO_SEPARATOR;

    if (type != MMDB_RECORD_TYPE_DATA || record < offset
        || record - offset >= mmdb->data_section_size)
    {
        return NGX_ERROR;
    }

    offset = record - offset;
    check->records++;

    /* neighbours share records: most have just been seen */

    seen = &check->seen[offset % NGX_EXPORTSITE_GEO_SEEN];

    if (*seen == offset
        || check->total > NGX_EXPORTSITE_GEO_TOTAL_VALUES)
    {
        return NGX_OK;
    }

    *seen = offset;

    return ngx_exportsite_geo_check_data(check, mmdb, offset);
}


static ngx_int_t
ngx_exportsite_geo_check_data(ngx_exportsite_geo_check_t *check, MMDB_s *mmdb,
    uint32_t offset)
{
    ngx_uint_t                 cost;
    ngx_exportsite_geo_data_t  d;

    d.data = mmdb->data_section;
    d.size = mmdb->metadata_section - mmdb->data_section
             - NGX_EXPORTSITE_GEO_MARKER;
    d.left = NGX_EXPORTSITE_GEO_VALUES;

    if (ngx_exportsite_geo_type(&d, offset) != MMDB_DATA_TYPE_MAP
        || ngx_exportsite_geo_check_value(&d, offset, 0) == 0)
    {
        return NGX_ERROR;
    }

    cost = NGX_EXPORTSITE_GEO_VALUES - d.left;

    if (check->country != NULL && !check->country_seen) {
        check->country_seen = ngx_exportsite_geo_has_country(mmdb, offset,
                                                             check->country);
        cost += NGX_EXPORTSITE_GEO_LOOKUP_COST;
    }

    check->total += cost;
    check->budget -= ngx_min(cost, check->budget);

    return NGX_OK;
}


/* Where the value at offset ends, or 0 if it is damaged. */
static uint32_t
ngx_exportsite_geo_check_value(ngx_exportsite_geo_data_t *d, uint32_t offset,
    ngx_uint_t depth)
{
    uint32_t                   next;
    ngx_exportsite_geo_head_t  head, target;

    if (depth > NGX_EXPORTSITE_GEO_DEPTH || d->left == 0
        || ngx_exportsite_geo_head(d, offset, &head) != NGX_OK)
    {
        return 0;
    }

    d->left--;

    switch (head.type) {

    case MMDB_DATA_TYPE_POINTER:

        /* a pointer to a pointer is not allowed, and might go in circles */

        if (ngx_exportsite_geo_head(d, head.size, &target) != NGX_OK
            || target.type == MMDB_DATA_TYPE_POINTER
            || ngx_exportsite_geo_check_value(d, head.size, depth + 1) == 0)
        {
            return 0;
        }

        return head.at;

    case MMDB_DATA_TYPE_MAP:
        return ngx_exportsite_geo_check_pairs(d, &head, depth);

    case MMDB_DATA_TYPE_ARRAY:
        next = head.at;

        while (head.size > 0 && next != 0) {
            next = ngx_exportsite_geo_check_value(d, next, depth + 1);
            head.size--;
        }

        return next;

    case MMDB_DATA_TYPE_BOOLEAN:
        return head.size <= 1 ? head.at : 0;

    default:
        return ngx_exportsite_geo_size_fits(d, &head) == NGX_OK
               ? head.at + head.size : 0;
    }
}


static uint32_t
ngx_exportsite_geo_check_pairs(ngx_exportsite_geo_data_t *d,
    ngx_exportsite_geo_head_t *head, ngx_uint_t depth)
{
    uint32_t  next;

    next = head->at;

    while (head->size > 0) {

        if (ngx_exportsite_geo_type(d, next) != MMDB_DATA_TYPE_UTF8_STRING) {
            return 0;
        }

        next = ngx_exportsite_geo_check_value(d, next, depth + 1);
        if (next == 0) {
            return 0;
        }

        next = ngx_exportsite_geo_check_value(d, next, depth + 1);
        if (next == 0) {
            return 0;
        }

        head->size--;
    }

    return next;
}


/* The type of the value at offset, or of what it points to. */
static ngx_uint_t
ngx_exportsite_geo_type(ngx_exportsite_geo_data_t *d, uint32_t offset)
{
    ngx_exportsite_geo_head_t  head;

    if (ngx_exportsite_geo_head(d, offset, &head) != NGX_OK
        || (head.type == MMDB_DATA_TYPE_POINTER
            && ngx_exportsite_geo_head(d, head.size, &head) != NGX_OK))
    {
        return MMDB_DATA_TYPE_END_MARKER;
    }

    return head.type;
}


/* For a pointer, size is what it points to. */
static ngx_int_t
ngx_exportsite_geo_head(ngx_exportsite_geo_data_t *d, uint32_t offset,
    ngx_exportsite_geo_head_t *head)
{
    u_char         control;
    uint32_t       i, bytes, value;
    const u_char  *p;

    static const uint32_t  base[4] = { 0, 29, 285, 65821 };

    if (offset >= d->size) {
        return NGX_ERROR;
    }

    p = d->data;
    control = p[offset++];
    head->type = control >> 5;
    head->at = offset;

    if (head->type == MMDB_DATA_TYPE_POINTER) {
        return ngx_exportsite_geo_pointer(d, head, control);
    }

    if (head->type == MMDB_DATA_TYPE_EXTENDED) {

        if (offset >= d->size || p[offset] == 0) {
            return NGX_ERROR;
        }

        head->type = 7 + p[offset++];
    }

    value = control & 0x1f;
    bytes = value > 28 ? value - 28 : 0;

    if (bytes > d->size - offset) {
        return NGX_ERROR;
    }

    if (bytes > 0) {
        value = 0;

        for (i = 0; i < bytes; i++) {
            value = value << 8 | p[offset++];
        }

        value += base[bytes];
    }

    head->size = value;
    head->at = offset;

    return NGX_OK;
}


static ngx_int_t
ngx_exportsite_geo_pointer(ngx_exportsite_geo_data_t *d,
    ngx_exportsite_geo_head_t *head, u_char control)
{
    uint64_t  value;
    uint32_t  i, bytes;

    static const uint32_t  base[5] = { 0, 0, 2048, 526336, 0 };

    bytes = ((control >> 3) & 3) + 1;

    if (bytes > d->size - head->at) {
        return NGX_ERROR;
    }

    value = bytes < 4 ? control & 7 : 0;

    for (i = 0; i < bytes; i++) {
        value = value << 8 | d->data[head->at++];
    }

    value += base[bytes];

    if (value >= d->size) {
        return NGX_ERROR;
    }

    head->size = (uint32_t) value;

    return NGX_OK;
}


/* Text, bytes and numbers: types with a payload of size bytes. */
static ngx_int_t
ngx_exportsite_geo_size_fits(ngx_exportsite_geo_data_t *d,
    ngx_exportsite_geo_head_t *head)
{
    ngx_uint_t  max;

    switch (head->type) {

    case MMDB_DATA_TYPE_UTF8_STRING:
    case MMDB_DATA_TYPE_BYTES:
        max = (ngx_uint_t) -1;
        break;

    case MMDB_DATA_TYPE_UINT16:
        max = 2;
        break;

    case MMDB_DATA_TYPE_UINT32:
    case MMDB_DATA_TYPE_INT32:
    case MMDB_DATA_TYPE_FLOAT:
        max = 4;
        break;

    case MMDB_DATA_TYPE_UINT64:
    case MMDB_DATA_TYPE_DOUBLE:
        max = 8;
        break;

    case MMDB_DATA_TYPE_UINT128:
        max = 16;
        break;

    default:
        return NGX_ERROR;
    }

    return head->size <= max && head->size <= d->size - head->at
           ? NGX_OK : NGX_ERROR;
}
