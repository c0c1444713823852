#include "asset.h"
#include "word.h"


#define ASSET_EXTENSION  8            /* the longest looked up in the table */
#define ASSET_ROW        12

/*
 * By first letter (7z is with the w, as the low five bits have it). What a
 * server might render as HTML is not here: html, php, asp, md and the like.
 */
static const char  assets[32][ASSET_ROW][ASSET_EXTENSION] = {
    ['a' & 31] = { "avif", "atom", "aac", "avi", "apng", "apk" },
    ['b' & 31] = { "bmp", "bin", "br", "bz2" },
    ['c' & 31] = { "css", "csv", "cjs", "cur" },
    ['d' & 31] = { "doc", "docx", "dwg", "dxf", "deb", "dmg" },
    ['e' & 31] = { "eot", "epub", "exe" },
    ['f' & 31] = { "flac" },
    ['g' & 31] = { "gif", "gz", "glb" },
    ['h' & 31] = { "heic" },
    ['i' & 31] = { "ico", "ics", "iso" },
    ['j' & 31] = { "js", "jpg", "jpeg", "json", "jxl", "jar" },
    ['m' & 31] = { "map", "mjs", "mp4", "mp3", "m4a", "m4v", "m4s", "m3u8",
                   "mov", "mkv", "mpd", "msi" },
    ['o' & 31] = { "otf", "ogg", "oga", "ogv", "opus", "odt", "ods", "odp" },
    ['p' & 31] = { "png", "pdf", "ppt", "pptx", "psd" },
    ['r' & 31] = { "rss", "rtf", "rar", "rpm" },
    ['s' & 31] = { "svg", "svgz", "stp", "step", "stl", "swf" },
    ['t' & 31] = { "ttf", "txt", "tif", "tiff", "ts", "tar", "tgz" },
    ['v' & 31] = { "vtt", "vcf" },
    ['w' & 31] = { "woff2", "woff", "webp", "webm", "wasm", "wav", "7z" },
    ['x' & 31] = { "xml", "xls", "xlsx", "xz" },
    ['z' & 31] = { "zip", "zst" },
};


bool
es_path_is_asset(es_str_t path)
{
    char        c;
    size_t      i, len;
    uint64_t    extension;
    const char  (*row)[ASSET_EXTENSION];

    extension = 0;

    for (len = 0; len < path.len; len++) {
        c = path.data[path.len - 1 - len];

        if (c == '.') {
            break;
        }

        if (c == '/' || c == '\0' || len == sizeof("webmanifest") - 1) {
            return false;
        }

        extension = extension << 8 | (uint8_t) es_lower(c);
    }

    if (len == path.len) {
        return false;
    }

    if (len > ASSET_EXTENSION) {
        return es_str_case_eq((es_str_t) { len, path.data + path.len - len },
                              es_str("webmanifest"));
    }

    row = assets[extension & 31];

    for (i = 0; i < ASSET_ROW && row[i][0] != '\0'; i++) {
        if (es_word_load(row[i]) == extension) {
            return true;
        }
    }

    return false;
}


bool
es_path_is_document(es_str_t path)
{
    size_t    i;
    es_str_t  extension;

    static const es_str_t  documents[] = {
        { 4, ".pdf" }, { 4, ".doc" }, { 5, ".docx" }, { 4, ".odt" },
        { 4, ".rtf" }, { 4, ".xls" }, { 5, ".xlsx" }, { 4, ".ods" },
        { 4, ".ppt" }, { 5, ".pptx" }, { 4, ".odp" }, { 5, ".epub" },
    };

    for (i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        extension = documents[i];

        if (path.len > extension.len
            && es_str_case_eq((es_str_t) { extension.len, path.data + path.len
                                           - extension.len }, extension))
        {
            return true;
        }
    }

    return false;
}
