#include "check.h"
#include "../../ngx_exportsite_module/core/asset.h"


static const char  *assets[] = {
    "/style.css", "/app.js", "/app.min.js", "/a/b/c.MJS", "/app.js.map",
    "/favicon.ico", "/logo.PNG", "/x.jpg", "/x.jpeg", "/x.gif", "/x.svg",
    "/x.webp", "/x.avif", "/x.bmp", "/f.woff", "/f.woff2", "/f.ttf", "/f.otf",
    "/f.eot", "/v.mp4", "/v.webm", "/s.mp3", "/s.ogg", "/sheet.pdf",
    "/cad/pump.dwg", "/all.zip", "/all.tar.gz", "/all.7z", "/robots.txt",
    "/sitemap.xml", "/api/x.json", "/m.wasm", "/site.webmanifest",
    "/site.WebManifest", "/a b.css", "/..css", "/.css", "x.css",
    "/a.html/b.css", "/\xc3\xbc.svg", "/x.mkv", "/x.msi", "/x.odp",
};

static const char  *pages[] = {
    "/", "", "/de/", "/pumps", "/index.html", "/index.htm", "/x.php", "/x.asp",
    "/x.xhtml", "/x.jsp", "/README.md", "/app.js/", "/style.css/page",
    "/v1.2", "/v1.2/pumps", "/pump.", "/...", "css", "/css", "/.", ".",
    "/x.cs", "/x.csss", "/x.c", "/x.mp", "/x.j\x13", "/x.woff22", "/x.woff2x2",
    "/x.webmanifes", "/x.webmanifestx", "/x.xwebmanifest",
    "/about-our-new-pump.introduction", "/x.css ", "/x.7", "/x.\xf7z",
};


int
main(void)
{
    size_t    i;
    char     *exact;
    es_str_t  path;

    check(es_path_is_document(es_str("/a/b.pdf")));
    check(es_path_is_document(es_str("/a/b.PDF")));
    check(es_path_is_document(es_str("/b.docx")));
    check(!es_path_is_document(es_str("/a/b.pdf/")));
    check(!es_path_is_document(es_str("/a/b.png")));
    check(!es_path_is_document(es_str(".pdf")));
    check(!es_path_is_document(es_null_str));

    for (i = 0; i < sizeof(assets) / sizeof(assets[0]); i++) {
        path = (es_str_t) { strlen(assets[i]), assets[i] };

        if (!es_path_is_asset(path)) {
            fprintf(stderr, "not an asset: %s\n", assets[i]);
        }

        check(es_path_is_asset(path));
    }

    for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        path = (es_str_t) { strlen(pages[i]), pages[i] };

        if (es_path_is_asset(path)) {
            fprintf(stderr, "an asset: %s\n", pages[i]);
        }

        check(!es_path_is_asset(path));
    }

    check(!es_path_is_asset(es_null_str));
    check(!es_path_is_asset(es_str("/x.cs\0")));
    check(!es_path_is_asset(es_str("/x.css\0")));

    /* nothing in front of the path is looked at */
    exact = malloc(3);
    memcpy(exact, "css", 3);
    check(!es_path_is_asset((es_str_t) { 3, exact }));
    free(exact);

    return check_done();
}
