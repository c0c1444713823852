/* The databases of countries. */
#include <errno.h>
#include <maxminddb.h>
#include <time.h>

#include "doctor.h"


#define ES_GEO_DAYS   35               /* providers have a new one a month */
#define ES_GEO_NODES  100000           /* looked at for a country */
#define ES_GEO_PATH   8


/* Is there text at the path in a record of the database? */
static bool
es_geo_has(MMDB_entry_s *entry, const char *const *path)
{
    MMDB_entry_data_s  data;

    return MMDB_aget_value(entry, &data, path) == MMDB_SUCCESS
           && data.has_data && data.type == MMDB_DATA_TYPE_UTF8_STRING
           && data.data_size == 2;
}


/* Takes the country's path apart, in place. */
static void
es_geo_path(char *text, const char **path)
{
    size_t  n;

    for (n = 0; n < ES_GEO_PATH && text != NULL && *text != '\0'; n++) {
        path[n] = strsep(&text, ".");
    }

    path[n] = NULL;
}


/* Does any record know a country? As nginx looks for it, if it is not told. */
static bool
es_geo_country(es_doctor_t *doctor, MMDB_s *db, const es_site_geo_t *geo)
{
    int                 side;
    uint32_t            i, n;
    const char         *path[ES_GEO_PATH + 1];
    const char         *usual[] = { "country", "iso_code", NULL };
    const char         *flat[] = { "country_code", NULL };
    MMDB_search_node_s  node;

    if (geo->country != NULL) {
        es_geo_path((char *) es_doctor_text(doctor, "%s", geo->country), path);
    }

    n = db->metadata.node_count;
    n = n < ES_GEO_NODES ? n : ES_GEO_NODES;

    for (i = 0; i < n && MMDB_read_node(db, i, &node) == MMDB_SUCCESS; i++) {
        for (side = 0; side < 2; side++) {
            MMDB_entry_s  *entry = side ? &node.right_record_entry
                                        : &node.left_record_entry;

            if ((side ? node.right_record_type : node.left_record_type)
                != MMDB_RECORD_TYPE_DATA)
            {
                continue;
            }

            if (geo->country != NULL
                ? es_geo_has(entry, path)
                : es_geo_has(entry, usual) || es_geo_has(entry, flat))
            {
                return true;
            }
        }
    }

    return false;
}


/* Says how old it is; nothing is kept in the file but when it was made. */
static void
es_geo_age(es_doctor_t *doctor, const char *path, const MMDB_s *db)
{
    char       date[16];
    int64_t    days;
    time_t     made;
    struct tm  tm;

    made = (time_t) db->metadata.build_epoch;
    days = ((int64_t) (es_now() / 1000) - (int64_t) made) / (24 * 60 * 60);

    if (gmtime_r(&made, &tm) == NULL
        || strftime(date, sizeof(date), "%Y-%m-%d", &tm) == 0)
    {
        strcpy(date, "no date");
    }

    if (days > ES_GEO_DAYS) {
        es_check(doctor, ES_CHECK_WARN, "database", "%s (%s) is of %s, %lld "
                 "days old\nget a new one, and put it there by renaming: "
                 "docs/operations.md has where from", path,
                 es_shown(es_text(db->metadata.database_type)), date,
                 (long long) days);
        return;
    }

    es_check(doctor, ES_CHECK_GOOD, "database", "%s (%s) is of %s", path,
             es_shown(es_text(db->metadata.database_type)), date);
}


/* Whether it knows a country. */
static bool
es_geo_check(es_doctor_t *doctor, const es_site_geo_t *geo)
{
    int          status;
    bool         country;
    MMDB_s       db;
    const char  *path;

    path = es_site_path(doctor, geo->path, true);
    status = MMDB_open(path, MMDB_MODE_MMAP, &db);

    if (status != MMDB_SUCCESS) {
        es_check(doctor, ES_CHECK_FAIL, "database", "%s cannot be used: %s\n"
                 "put a good file there by renaming: docs/operations.md has "
                 "where from", path, status == MMDB_FILE_OPEN_ERROR
                                     || status == MMDB_IO_ERROR
                                     ? strerror(errno) : MMDB_strerror(status));
        return false;
    }

    es_geo_age(doctor, path, &db);
    country = es_geo_country(doctor, &db, geo);

    if (!country && geo->country != NULL) {
        es_check(doctor, ES_CHECK_FAIL, "database", "%s has no country at "
                 "\"%s\"\nleave country= out of exportsite_geo, or name "
                 "another", path, geo->country);
    }

    MMDB_close(&db);

    return country;
}


void
es_doctor_geo(es_doctor_t *doctor)
{
    bool    country;
    size_t  i;

    for (i = 0, country = false; i < doctor->site.ngeo; i++) {
        country |= es_geo_check(doctor, &doctor->site.geo[i]);
    }

    if (doctor->site.any && !country) {
        es_check(doctor, ES_CHECK_WARN, "database", "no database that can be "
                 "used knows a country: all are from XX, unless "
                 "exportsite_country_from has another source\nname one in "
                 "nginx.conf: exportsite_geo FILE auto_reload=1h;");
    }
}
