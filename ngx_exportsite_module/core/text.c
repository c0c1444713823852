#include "text.h"
#include "word.h"


size_t
es_utf8_length(const char *p, size_t left)
{
    size_t          i, len;
    uint8_t         first, last;                    /* of the second byte */
    const uint8_t  *s = (const uint8_t *) p;

    if (s[0] < 0x80) {
        return 1;
    }

    len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

    if (s[0] < 0xc2 || s[0] > 0xf4 || left < len) {
        return 0;
    }

    /* too long a form, a surrogate and too high a number all show here */
    first = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    last = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;

    if (s[1] < first || s[1] > last) {
        return 0;
    }

    for (i = 2; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return len;
}


static inline bool
text_separator(char c)
{
    return c == '/' || c == '\\';
}


/* Byte by byte, for what has dots or is not all plain ASCII. */
static bool
text_safe_bytes(const char *p, const char *end)
{
    size_t       n;
    const char  *segment;

    segment = p;

    for ( /* void */ ; p < end; p += n) {
        n = es_utf8_length(p, (size_t) (end - p));

        if (n == 0 || (uint8_t) *p < 0x20 || *p == 0x7f) {
            return false;
        }

        if (text_separator(*p)) {
            segment = p + 1;

        } else if (*p == '.' && p == segment && end - p >= 2 && p[1] == '.'
                   && (end - p == 2 || text_separator(p[2])))
        {
            return false;
        }
    }

    return true;
}


static inline uint64_t
text_suspicious(uint64_t w)
{
    return es_word_unplain(w) | es_word_has(w, '.');
}


bool
es_text_safe(es_str_t s)
{
    size_t    i;
    uint64_t  suspicious;

    if (s.len == 0) {
        return true;
    }

    if (s.len < 8) {
        suspicious = text_suspicious(es_word_gather(s.data, s.len));

    } else {
        suspicious = text_suspicious(es_word_load(s.data + s.len - 8));

        for (i = 0; i + 8 < s.len && !suspicious; i += 8) {
            suspicious = text_suspicious(es_word_load(s.data + i));
        }
    }

    return !suspicious || text_safe_bytes(s.data, s.data + s.len);
}


size_t
es_text_cut(es_str_t s, size_t max)
{
    size_t  n, back;

    if (s.len <= max) {
        return s.len;
    }

    n = max;

    /* a sequence has three bytes at most behind its first */

    for (back = 0; back < 3 && n > 0 && (s.data[n] & 0xc0) == 0x80; back++) {
        n--;
    }

    return (s.data[n] & 0xc0) == 0x80 ? max : n;
}


static inline bool
text_tag_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}


bool
es_name_valid(es_str_t name)
{
    size_t  i;

    if (name.len == 0 || name.len > 64
        || name.data[0] < 'a' || name.data[0] > 'z')
    {
        return false;
    }

    for (i = 1; i < name.len; i++) {
        if (!text_tag_char(name.data[i]) && name.data[i] != '_') {
            return false;
        }
    }

    return true;
}


bool
es_tag_valid(es_str_t tag)
{
    size_t  i;

    if (tag.len == 0 || tag.len > 32) {
        return false;
    }

    for (i = 0; i < tag.len; i++) {
        if (!text_tag_char(tag.data[i])) {
            return false;
        }
    }

    return true;
}
