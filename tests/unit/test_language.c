#include "check.h"
#include "../../ngx_exportsite_module/core/language.h"
#include "../../ngx_exportsite_module/core/language_tag.h"


#define max_tags  (ES_LANGUAGES_MAX + 1)

typedef struct {
    const char  *site;
    const char  *asked;     /* a header, a tag or a country */
    const char  *want;      /* NULL: nothing */
} row_t;


static size_t
split(const char *site, es_str_t *tags)
{
    size_t  n;

    for (n = 0; *site && n < max_tags; n++) {
        site += strspn(site, " ");
        tags[n].data = site;
        tags[n].len = strcspn(site, " ");
        site += tags[n].len;
    }

    return n;
}


static es_languages_t *
site_of(const char *site, check_pool_t *pool)
{
    size_t       bad;
    es_str_t     tags[max_tags];
    const char  *err;

    return es_languages_create(tags, split(site, tags), &pool->pool, &err,
                               &bad);
}


static void
check_row(int line, const char *kind, const row_t *row, const es_languages_t *l,
    int got)
{
    es_str_t  tag;

    tag = got < 0 ? es_str("(none)") : es_languages_tag(l, (size_t) got);

    if (es_str_eq(tag, row->want ? text(row->want) : es_str("(none)"))) {
        check_passed++;
        return;
    }

    check_failed++;
    fprintf(stderr, "%s:%d: %s \"%s\" of \"%s\": got %.*s, want %s\n", __FILE__,
            line, kind, row->asked, row->site, (int) tag.len, tag.data,
            row->want ? row->want : "(none)");
}


typedef enum { by_header, by_tag, by_country } kind_t;

static void
check_rows(int line, kind_t kind, const row_t *rows, size_t n)
{
    int              got;
    size_t           i;
    es_str_t         asked;
    check_pool_t     pool = check_pool_init();
    es_languages_t  *l;

    static const char  *kinds[] = { "header", "tag", "country" };

    for (i = 0; i < n; i++) {
        l = site_of(rows[i].site, &pool);
        check(l != NULL);

        if (l == NULL) {
            continue;
        }

        asked.data = rows[i].asked;
        asked.len = strlen(rows[i].asked);

        got = kind == by_header ? es_languages_accept(l, asked)
              : kind == by_tag ? es_languages_find(l, asked)
              : es_languages_country(l, rows[i].asked);

        check_row(line, kinds[kind], &rows[i], l, got);
    }

    check_pool_free(&pool);
}

#define check_all(kind, ...)                                                  \
    do {                                                                      \
        static const row_t  rows[] = { __VA_ARGS__ };                         \
                                                                              \
        check_rows(__LINE__, (kind), rows, sizeof(rows) / sizeof(rows[0]));   \
    } while (0)


static void
test_weights(void)
{
    check_all(by_header,
        { "en de fr", "de", "de" },
        { "en de fr", "DE", "de" },
        { "en de fr", "fr;q=0.5, de;q=0.8", "de" },
        { "en de fr", "fr, de", "fr" },
        { "en de fr", "fr;q=0.5,de;q=0.5", "fr" },
        { "en de fr", "fr;q=0.500,de;q=0.501", "de" },
        { "en de fr", "es, it;q=0.9, fr;q=0.1", "fr" },
        { "en de fr", "es", NULL },
        { "en de fr", "", NULL },
        { "en de fr", "fr;q=0.9,de;q=1", "de" },
        { "en de fr", "fr;q=0.9,de;q=1.", "de" },
        { "en de fr", "fr;q=0.9,de;q=1.000", "de" },
        { "en de fr", "fr;Q=0.9,de;Q=0.95", "de" },
        { "en de fr", " \tfr ;\t q=0.1 \t,\tde\t", "de" },
        { "en de fr", "fr;q=0.1 , de ; q=0.2 , en ;q=0.15", "de" });
}


static void
test_malformed_items(void)
{
    /* each malformed item is passed over, what follows it is not */
    check_all(by_header,
        { "en de fr", "de;q=abc, fr;q=0.1", "fr" },
        { "en de fr", "de;q=1.0000, fr;q=0.1", "fr" },
        { "en de fr", "de;q=0.1234, fr;q=0.1", "fr" },
        { "en de fr", "de;q=1.001, fr;q=0.1", "fr" },
        { "en de fr", "de;q=2, fr;q=0.1", "fr" },
        { "en de fr", "de;q=-1, fr;q=0.1", "fr" },
        { "en de fr", "de;q=.5, fr;q=0.1", "fr" },
        { "en de fr", "de;q=, fr;q=0.1", "fr" },
        { "en de fr", "de;q, fr;q=0.1", "fr" },
        { "en de fr", "de;, fr;q=0.1", "fr" },
        { "en de fr", "de;q =1, fr;q=0.1", "fr" },
        { "en de fr", "de;q= 1, fr;q=0.1", "fr" },
        { "en de fr", "de;q=1;q=1, fr;q=0.1", "fr" },
        { "en de fr", "de;level=1, fr;q=0.1", "fr" },
        { "en de fr", "de fr, fr;q=0.1", "fr" },
        { "en de fr", ";;;, fr;q=0.1", "fr" },
        { "en de fr", "de;;;, fr;q=0.1", "fr" },
        { "en de fr", ",,, ,\t,fr", "fr" },
        { "en de fr", "de_AT, fr;q=0.1", "fr" },
        { "en de fr", "de-, fr;q=0.1", "fr" },
        { "en de fr", "-de, fr;q=0.1", "fr" },
        { "en de fr", "de--at, fr;q=0.1", "fr" },
        { "en de fr", "d3, fr;q=0.1", "fr" },
        { "en de fr", "de-abcdefghi, fr;q=0.1", "fr" },
        { "en de fr", "*-CH, fr;q=0.1", "fr" },
        { "en de fr", "d\xc3\xa9, fr;q=0.1", "fr" },
        { "en de fr", "**, fr;q=0.1", "fr" },
        { "en de fr", "de\r\nX: y, fr;q=0.1", "fr" },
        { "en de fr", "x-private, i-klingon, fr;q=0.1", "fr" },
        { "en de fr", "i-unknown, a, fr;q=0.1", "fr" });
}


static void
test_lookup(void)
{
    check_all(by_header,
        { "en de", "de-AT", "de" },
        { "en de", "de-Latn-AT-1996-x-ours", "de" },
        { "en de de-AT", "de-AT", "de-AT" },
        { "en de de-AT", "de-CH", "de" },
        { "en de-AT", "de", NULL },
        { "en de-DE", "de", "de-DE" },
        { "en de-DE", "de-AT", "de-DE" },
        { "en de-DE de", "de", "de" },
        { "en de-DE de", "de-DE", "de-DE" },
        { "de en-GB", "en", NULL },
        { "de en-US", "en", "en-US" },
        { "en de de-1996", "de-1996", "de-1996" },
        { "en de de-1996", "de-1996-x-ours", "de-1996" },
        { "en de de-1996", "de-1996x", "de" },
        { "en de de-1996", "de-1901", "de" },
        { "en de de-1996", "de", "de" },
        { "en de-AT de-AT-1996 de-AT-1996-x-aa", "de-AT-1996-x-aa-b",
          "de-AT-1996-x-aa" },
        { "en de-AT de-AT-1996 de-AT-1996-x-a", "de-AT-1996-x-a",
          "de-AT-1996-x-a" },
        { "en de-AT de-AT-1996 de-AT-1996-x-a", "de-AT-1996-x-a-b",
          "de-AT-1996" },
        { "en de-AT de-AT-1996 de-AT-1996-x-a", "de-AT-1996-x-b",
          "de-AT-1996" },
        { "en de-AT de-AT-1996 de-AT-1996-x-a", "de-AT-x-a", "de-AT" },
        { "en de-1996", "de-AT-1996", NULL },
        { "en de", "de-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd-eeeeeeee", "de" },
        { "en x-site", "x-site", "x-site" },
        { "en x-site", "x-site-more", "x-site" },
        { "en x-site", "x-other", NULL },
        { "en abcdefgh", "abcdefgh-CH", "abcdefgh" },
        { "en qaa qab-Cyrl", "qaa-Latn, qab;q=0.5", "qaa" },
        { "en qab-Cyrl", "qab", NULL });
}


static void
test_scripts(void)
{
    check_all(by_header,
        { "en zh-Hans zh-Hant", "zh-TW", "zh-Hant" },
        { "en zh-Hans zh-Hant", "zh-HK", "zh-Hant" },
        { "en zh-Hans zh-Hant", "zh-MO", "zh-Hant" },
        { "en zh-Hans zh-Hant", "zh-Hant-TW", "zh-Hant" },
        { "en zh-Hans zh-Hant", "zh-CN", "zh-Hans" },
        { "en zh-Hans zh-Hant", "zh-SG", "zh-Hans" },
        { "en zh-Hans zh-Hant", "zh", "zh-Hans" },
        { "en zh-Hans", "zh-TW", NULL },
        { "en zh-Hans", "zh-TW, zh;q=0.5", "zh-Hans" },
        { "en zh-Hant", "zh-CN,zh", NULL },
        { "en zh", "zh-CN", "zh" },
        { "en zh", "zh-Hans", "zh" },
        { "en zh", "zh-TW", NULL },
        { "en zh", "zh-Hant", NULL },
        { "en zh zh-Hans", "zh", "zh" },
        { "en zh zh-Hans", "zh-Hans", "zh-Hans" },
        { "en zh-Hans zh", "zh-CN", "zh" },
        { "en zh-Hans zh", "zh-Hans-CN", "zh-Hans" },
        { "en zh-CN zh-TW", "zh", "zh-CN" },
        { "en zh-CN zh-TW", "zh-Hant", "zh-TW" },
        { "en zh-CN zh-TW", "zh-HK", "zh-TW" },
        { "en zh-CN zh-TW", "zh-SG", "zh-CN" },
        { "en zh-TW zh-HK", "zh-MO", "zh-HK" },
        { "en zh-Hant zh-HK", "zh-Hant-HK", "zh-HK" },
        { "en zh-Hans-HK zh-Hans", "zh-Hans-MO", "zh-Hans" },
        { "en sr", "sr-Latn", NULL },
        { "en sr-Latn", "sr", NULL },
        { "en sr sr-Latn", "sr", "sr" },
        { "en sr sr-Latn", "sr-RS", "sr" },
        { "en sr sr-Latn", "sr-Cyrl-RS", "sr" },
        { "en sr sr-Latn", "sr-Latn-RS", "sr-Latn" },
        { "en sr sr-Latn", "sr-ME", "sr-Latn" },
        { "en sr", "sr-ME", NULL },
        { "en sr sr-Latn", "sr-Cyrl-ME", "sr" },
        { "en uz uz-Cyrl", "uz-Cyrl-UZ", "uz-Cyrl" },
        { "en pa", "pa-PK", NULL },
        { "en de", "de-Cyrl", NULL });
}


static void
test_parents(void)
{
    check_all(by_header,
        { "en-US pt-BR pt-PT", "pt", "pt-BR" },
        { "en-US pt-BR pt-PT", "pt-PT", "pt-PT" },
        { "en-US pt-BR pt-PT", "pt-AO", "pt-PT" },
        { "en-US pt-PT pt", "pt-AO", "pt-PT" },
        { "en-US pt-PT pt", "pt-BR", "pt" },
        { "en-US pt-BR", "pt-PT", "pt-BR" },
        { "pt-BR en", "pt-PT, en", "pt-BR" },
        { "en-US pt-PT", "pt", NULL },
        { "en-US en-GB", "en-AU", "en-GB" },
        { "en-US en-GB", "en-CH", "en-GB" },
        { "en-US en-GB", "en-001", "en-GB" },
        { "en-US en-GB", "en-PH", "en-US" },
        { "en-US en-GB", "en-CA", "en-US" },
        { "en-US en-GB", "en", "en-US" },
        { "en-US en-GB en-001", "en-NZ", "en-001" },
        { "en en-GB", "en-AU", "en" },
        { "en-US", "en-AU", "en-US" },
        { "en es es-419", "es-MX", "es-419" },
        { "en es es-419", "es-ES", "es" },
        { "en es-ES es-419", "es", "es-ES" },
        { "en es-ES", "es-MX", "es-ES" },
        { "en es-419", "es", NULL },
        { "en es-419 es-MX", "es-MX", "es-MX" });
}


static void
test_names(void)
{
    check_all(by_header,
        { "en he", "iw", "he" },
        { "en iw", "he-IL", "iw" },
        { "en id", "in-ID", "id" },
        { "en yi", "ji", "yi" },
        { "en ro", "mo", "ro" },
        { "en fil", "tl-PH", "fil" },
        { "en sr sr-Latn", "sh", "sr-Latn" },
        { "en sr sr-Latn", "cnr", "sr-Latn" },
        { "en sr", "sh", NULL },
        { "en de", "deu-AT", "de" },
        { "en no", "nb-NO", "no" },
        { "en nb", "no", "nb" },
        { "en nb nn", "nn-NO", "nn" },
        { "en nb", "nn-NO", "nb" },
        { "en no", "nn", "no" },
        { "en nn-SE no", "nn-NO", "no" },
        { "en no", "no-nyn", "no" },
        { "en no nn", "nno", "nn" },
        { "en nn", "nb", NULL },
        { "en-GB", "en-UK", "en-GB" },
        { "en zh-Hant zh-Hans", "zh-cmn-Hans-CN", "zh-Hans" },
        { "en zh-Hant zh-Hans", "cmn-TW", "zh-Hant" },
        { "en zh-Hant zh-Hans", "zh-yue", "zh-Hant" },
        { "en zh-Hant zh-Hans", "zh-yue-HK", "zh-Hant" },
        { "en zh-Hant yue", "zh-yue-HK", "yue" },
        { "en zh-Hant yue", "zh-yue-TW", "yue" },
        { "en tlh", "i-klingon", "tlh" },
        { "en zh", "zh-guoyu", "zh" },
        { "en lb", "I-LUX", "lb" });
}


static void
test_any(void)
{
    check_all(by_header,
        { "en de fr", "*", "en" },
        { "en de fr", "*;q=0", NULL },
        { "en de fr", "*, *;q=0", NULL },
        { "en de fr", "*;q=0, de;q=0.1", "de" },
        { "en de fr", "en;q=0.1, *", "de" },
        { "en de fr", "*, en;q=0.1", "de" },
        { "en de fr", "it, *;q=0.1", "en" },
        { "en de fr", "fr;q=0.2, *;q=0.1", "fr" },
        { "en", "*, en;q=0.1", "en" },
        { "en de", "*, de;q=0.2, en;q=0.1", "de" },
        { "en de fr", "en-GB;q=0.5, *", "de" });
}


static void
test_refusals(void)
{
    check_all(by_header,
        { "en de fr", "de;q=0", NULL },
        { "en de fr", "de;q=0.000", NULL },
        { "en de fr", "en;q=0, *", "de" },
        { "en de fr", "*, en;q=0, de;q=0", "fr" },
        { "en-US de fr", "en;q=0, *", "de" },
        { "en-GB de fr", "en;q=0, *", "de" },
        { "en de fr", "de-AT, de;q=0, fr;q=0.1", "fr" },
        { "en de fr", "de, de;q=0, fr;q=0.1", "fr" },
        { "de-AT de fr", "de;q=0, de-AT", "de-AT" },
        { "en de fr", "de-AT;q=0, de;q=0.5", "de" },
        { "en de fr", "de-AT;q=0, fr;q=0.1, *;q=0.05", "fr" },
        { "de fr", "de-AT;q=0, *", "fr" },
        { "en-GB en fr", "en-GB;q=0, en", "en" },
        { "en-GB fr", "en-GB;q=0, en-AU, fr;q=0.1", "fr" },
        { "en zh-Hans zh-Hant", "zh;q=0, zh-TW", "zh-Hant" },
        { "zh-Hant en", "zh;q=0, *", "zh-Hant" },
        { "en nb fr", "nn;q=0, nb", "nb" },
        { "nb fr", "nn;q=0, *", "fr" });
}


static void
test_find(void)
{
    check_all(by_tag,
        { "en zh-Hans", "ZH-hans", "zh-Hans" },
        { "en Zh-hAnS", "zh-Hans", "Zh-hAnS" },
        { "en zh-Hans", "zh", NULL },
        { "en zh", "zh-Hans", NULL },
        { "en de", "de-AT", NULL },
        { "en de-AT", "de", NULL },
        { "en de-AT", "de_AT", NULL },
        { "en de-AT", "de-AT ", NULL },
        { "en de-AT", "de-AT,en", NULL },
        { "en de-AT", "", NULL },
        { "en de-AT", "*", NULL },
        { "en de-AT", "../de-AT", NULL },
        { "en he", "iw", "he" },
        { "en iw", "he", "iw" },
        { "en no", "NB", "no" },
        { "en no", "nn", NULL },
        { "en nb", "no", "nb" },
        { "en sr-Latn", "sh", "sr-Latn" },
        { "en sr", "sh", NULL },
        { "en en-GB", "en-UK", "en-GB" },
        { "en yue", "zh-yue", "yue" },
        { "en zh", "zh-yue", NULL },
        { "en de-1996", "DE-1996", "de-1996" },
        { "en de-1996", "de-1901", NULL },
        { "en de-1996", "de-1996-x-a", NULL },
        { "en x-site", "X-Site", "x-site" },
        { "en tlh", "i-klingon", "tlh" });
}


static void
test_countries(void)
{
    check_all(by_country,
        { "en it fr de", "CH", "de" },
        { "en it fr", "CH", "fr" },
        { "en it", "CH", "it" },
        { "en de fr nl", "BE", "nl" },
        { "en de fr", "be", "fr" },
        { "fr en", "CA", "en" },
        { "en de", "AT", "de" },
        { "en ja", "JP", "ja" },
        { "en zh-Hans zh-Hant", "TW", "zh-Hant" },
        { "en zh-Hans zh-Hant", "HK", "zh-Hant" },
        { "en zh-Hans zh-Hant", "CN", "zh-Hans" },
        { "en zh-Hant zh", "CN", "zh" },
        { "de zh-Hans", "TW", NULL },
        { "en pt", "BR", "pt" },
        { "en pt-PT pt-BR", "BR", "pt-BR" },
        { "en pt-BR pt-PT", "PT", "pt-PT" },
        { "en pt-BR pt", "PT", "pt" },
        { "en pt-BR", "PT", "pt-BR" },
        { "en pt-PT", "BR", "pt-PT" },
        { "en-GB de", "US", "en-GB" },
        { "de-AT en", "DE", "de-AT" },
        { "en sr-Latn sr", "RS", "sr" },
        { "en sr-Latn sr", "ME", "sr-Latn" },
        { "en nn nb", "NO", "nb" },
        { "fr en hi", "IN", "hi" },
        { "fr en", "IN", "en" },
        { "en es es-419", "MX", "es-419" },
        { "en es-ES es-419", "ES", "es-ES" },
        { "en de", "XX", NULL },
        { "en de", "\xff\xff", NULL },
        { "en de", "4Z", NULL },
        { "ja", "VA", NULL });
}


static void
test_continents(void)
{
    size_t  i;

    static const char  *rows[][2] = {
        { "AT", "EU" }, { "jp", "AS" }, { "US", "NA" }, { "MX", "NA" },
        { "CU", "NA" }, { "BR", "SA" }, { "ZA", "AF" }, { "AU", "OC" },
        { "AQ", "AN" }, { "RU", "EU" }, { "TR", "AS" }, { "XK", "EU" },
        { "GL", "NA" }, { "FJ", "OC" }
    };

    static const char  *unknown[] = {
        "XX", "EU", "UN", "ZZ", "A1", "\0\0", "SU"
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check(es_continent(rows[i][0]) != NULL
              && strcmp(es_continent(rows[i][0]), rows[i][1]) == 0);
    }

    for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        check(es_continent(unknown[i]) == NULL);
    }
}


static void
check_refused(const char *site, size_t where, const char *reason)
{
    size_t        bad;
    es_str_t      tags[max_tags];
    const char   *err;
    check_pool_t  pool = check_pool_init();

    err = "";
    bad = SIZE_MAX;

    check(es_languages_create(tags, split(site, tags), &pool.pool, &err, &bad)
          == NULL);
    check(bad == where);
    check(strstr(err, reason) != NULL);

    check_pool_free(&pool);
}


static void
test_declarations(void)
{
    size_t        i;
    char          many[max_tags * 3 + 1];
    check_pool_t  pool = check_pool_init();

    static const char  *malformed[] = {
        "*", "de_AT", "d", "i-unknown", "x", "x-", "de-", "-de", "de--at",
        "abcdefghi", "de-abcdefghi", "de-a", "de-a-b-cd", "de-x", "de-AT-x",
        "de-DE-Latn", "de-AT-CH", "de-abcd-efgh", "de-12", "d3", "d\xc3\xa9",
        "de/at", "..", "zh-min-abc"
    };

    static const char  *fine[] = {
        "de", "DE-at", "zh-Hant-HK", "es-419", "de-1996", "sl-rozaj-biske",
        "de-a-foo-b-bar", "de-x-a", "x-a", "en-GB-oed", "i-default", "zh-yue",
        "de-CH-1996-u-co-phonebk-x-1", "abcdefgh-Latn-DE", "sgn-BE-FR"
    };

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        check_refused(malformed[i], 0, "not a language tag");
    }

    for (i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        check(site_of(fine[i], &pool) != NULL);
    }

    check_refused("en de_AT fr", 1, "not a language tag");
    check_refused("en de EN", 2, "same language");
    check_refused("he en iw", 2, "same language");
    check_refused("nb no", 1, "same language");
    check_refused("sr-Latn sh", 1, "same language");
    check_refused("en-GB en-uk", 1, "same language");
    check_refused("de-x-A de-X-a", 1, "same language");

    many[0] = '\0';

    for (i = 0; i < max_tags; i++) {
        char  *p = many + 3 * i;

        p[0] = (char) ('a' + i / 26);
        p[1] = (char) ('a' + i % 26);
        p[2] = ' ';
        p[3] = '\0';
    }

    check_refused(many, ES_LANGUAGES_MAX, "64");
    check_pool_free(&pool);
}


static void
test_access(void)
{
    check_pool_t     pool = check_pool_init();
    es_languages_t  *l;

    l = site_of("EN zh-hans", &pool);
    check(es_languages_count(l) == 2);
    check_str(es_languages_tag(l, 0), "EN");
    check_str(es_languages_tag(l, 1), "zh-hans");

    l = site_of("", &pool);
    check(es_languages_count(l) == 0);
    check(es_languages_accept(l, es_str("*, en")) == -1);
    check(es_languages_find(l, es_str("en")) == -1);
    check(es_languages_country(l, "DE") == -1);

    check_pool_free(&pool);
}


/* A pool that gives up after so many blocks. */
typedef struct {
    check_pool_t  inner;
    int           left;
} poor_pool_t;

static void *
poor_alloc(es_pool_t *pool, size_t size)
{
    poor_pool_t  *p = (poor_pool_t *) pool;

    return p->left-- > 0 ? check_pool_alloc(pool, size) : NULL;
}


static void
test_no_memory(void)
{
    int              blocks;
    size_t           bad;
    es_str_t         tags[] = { es_str("en"), es_str("zh-Hant") };
    const char      *err;
    poor_pool_t      pool = { check_pool_init(), 0 };
    es_languages_t  *l;

    pool.inner.pool.alloc = poor_alloc;

    for (blocks = 0, l = NULL; l == NULL && blocks < 100; blocks++) {
        pool.left = blocks;
        l = es_languages_create(tags, 2, &pool.inner.pool, &err, &bad);
        check(l || strcmp(err, "no memory") == 0);
    }

    check(l != NULL && blocks > 5);
    check_pool_free(&pool.inner);
}


/* The last range is looked at only as long as it is the 64th or before. */
static int
after_ranges(const es_languages_t *l, size_t n, const char *range)
{
    char    header[512];
    size_t  i, len;

    for (i = 0, len = 0; i < n; i++) {
        len += (size_t) snprintf(header + len, sizeof(header) - len, "it,");
    }

    len += (size_t) snprintf(header + len, sizeof(header) - len, "%s", range);

    return es_languages_accept(l, (es_str_t) { len, header });
}


static void
test_hostile(void)
{
    char            *big;
    size_t           i;
    check_pool_t     pool = check_pool_init();
    es_languages_t  *l;

    const size_t  size = 1 << 20;

    l = site_of("en de", &pool);
    big = check_pool_alloc(&pool.pool, size);

    memset(big, ',', size);
    check(es_languages_accept(l, (es_str_t) { size, big }) == -1);
    memcpy(big + 10000, "de", 2);
    check(es_languages_accept(l, (es_str_t) { size, big }) == 1);

    memset(big, 'a', size);
    check(es_languages_accept(l, (es_str_t) { size, big }) == -1);
    check(es_languages_find(l, (es_str_t) { size, big }) == -1);

    memset(big, ' ', size);
    check(es_languages_accept(l, (es_str_t) { size, big }) == -1);

    for (i = 0; i + 9 <= size; i += 9) {
        memcpy(big + i, "-aaaaaaaa", 9);
    }

    memcpy(big, "de-aaaaa", 8);
    check(es_languages_accept(l, (es_str_t) { i, big }) == 1);
    memcpy(big + size / 2, ",en,", 4);
    check(es_languages_accept(l, (es_str_t) { size / 2, big }) >= -1);

    check(es_languages_accept(l, es_str("de\0, en;q=0.1")) == 0);
    check(es_languages_accept(l, es_str("\0")) == -1);
    check(es_languages_find(l, es_str("de\0")) == -1);

    check(after_ranges(l, ES_LANGUAGE_RANGES - 1, "de") == 1);
    check(after_ranges(l, ES_LANGUAGE_RANGES, "de") == -1);

    check_pool_free(&pool);
}


static void
test_written(void)
{
    char      out[64];
    size_t    i;
    es_str_t  tag;

    static const char *const  tags[][2] = {
        { "de", "de" }, { "DE", "de" }, { "de-at", "de-AT" },
        { "ZH-HANS", "zh-Hans" }, { "zh-hant-tw", "zh-Hant-TW" },
        { "es-419", "es-419" }, { "sr-LATN-rs", "sr-Latn-RS" },
        { "DE-LATN-AT-1996", "de-Latn-AT-1996" },
        { "sl-ROZAJ-biske", "sl-rozaj-biske" },
        { "EN-ca-X-CA-Latn", "en-CA-x-ca-latn" }, { "I-KLINGON", "i-klingon" },
    };

    for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        tag = (es_str_t) { strlen(tags[i][0]), tags[i][0] };
        es_tag_write(out, tag);
        tag.data = out;
        check_str(tag, tags[i][1]);
    }
}


int
main(void)
{
    test_written();
    test_weights();
    test_malformed_items();
    test_lookup();
    test_scripts();
    test_parents();
    test_names();
    test_any();
    test_refusals();
    test_find();
    test_countries();
    test_continents();
    test_declarations();
    test_access();
    test_no_memory();
    test_hostile();

    return check_done();
}
