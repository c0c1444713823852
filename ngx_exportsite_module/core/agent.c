#include "agent.h"
#include "word.h"


/* What a word of the header may tell */
#define AGENT_CRAWLER   0x01
#define AGENT_IF_FIRST  0x02          /* a crawler if the header begins so */
#define AGENT_IF_LONG   0x04          /* a crawler if it goes on */
#define AGENT_LIBRARY   0x08
#define AGENT_PHONE     0x10
#define AGENT_PAD       0x20
#define AGENT_TABLET    0x40          /* a "Tablet PC" is none */
#define AGENT_ANDROID   0x80
#define AGENT_WINDOWS   0x100
#define AGENT_SCREEN    0x200
#define AGENT_LINK      0x400         /* "+http://", here is who we are */
#define AGENT_BROWSER   0x800         /* nothing, but is seen every time */
#define AGENT_IF_DIGIT  0x1000        /* so if a digit follows; short ones */

#define AGENT_LOWER     (0x20 * ES_WORD_ONES)
#define AGENT_LOOK      512
#define AGENT_ROW       10

typedef struct {
    char      name[8];
    uint16_t  tells;
} agent_word_t;

/*
 * By first letter. A word of the header is what stands between two characters
 * that are no letters, in lower case; a pattern of eight letters fits all words
 * that begin with it, a shorter one that word only. What ends in "bot" and its
 * like is found by its end and not listed here. The words of all browsers come
 * first, to be done with them soon.
 */
static const agent_word_t  agent_words[26][AGENT_ROW] = {
    ['a' - 'a'] = { { "appleweb", AGENT_BROWSER },
                    { "android", AGENT_ANDROID },
                    { "appletv", AGENT_SCREEN },
                    { "archiver", AGENT_CRAWLER },
                    { "anthropi", AGENT_CRAWLER } },
    ['b' - 'a'] = { { "bb", AGENT_PHONE },
                    { "blackber", AGENT_PHONE },
                    { "bravia", AGENT_SCREEN } },
    ['c' - 'a'] = { { "chrome", AGENT_BROWSER },
                    { "crkey", AGENT_SCREEN },
                    { "catchpoi", AGENT_CRAWLER },
                    { "cardyb", AGENT_CRAWLER },
                    { "checkly", AGENT_CRAWLER },
                    { "crawl", AGENT_CRAWLER },
                    { "crawling", AGENT_CRAWLER },
                    { "cohere", AGENT_CRAWLER },
                    { "contentt", AGENT_CRAWLER },
                    { "checklin", AGENT_CRAWLER } },
    ['d' - 'a'] = { { "datadog", AGENT_CRAWLER },
                    { "datadogs", AGENT_CRAWLER },
                    { "daumoa", AGENT_CRAWLER },
                    { "dataprov", AGENT_CRAWLER },
                    { "dynatrac", AGENT_CRAWLER } },
    ['e' - 'a'] = { { "external", AGENT_IF_LONG },
                    { "exporter", AGENT_CRAWLER },
                    { "embedly", AGENT_CRAWLER },
                    { "expanse", AGENT_CRAWLER } },
    ['f' - 'a'] = { { "facebook", AGENT_IF_LONG },
                    { "favicon", AGENT_CRAWLER },
                    { "fetch", AGENT_LIBRARY },
                    { "feedbin", AGENT_CRAWLER },
                    { "freshpin", AGENT_CRAWLER },
                    { "freshrss", AGENT_CRAWLER } },
    ['g' - 'a'] = { { "gecko", AGENT_BROWSER },
                    { "googletv", AGENT_SCREEN },
                    { "googleot", AGENT_CRAWLER },
                    { "googlehc", AGENT_CRAWLER },
                    { "googlest", AGENT_CRAWLER },
                    { "googlewe", AGENT_CRAWLER },
                    { "gtmetrix", AGENT_CRAWLER } },
    ['h' - 'a'] = { { "healthch", AGENT_CRAWLER },
                    { "heritrix", AGENT_CRAWLER },
                    { "htmlunit", AGENT_CRAWLER },
                    { "httrack", AGENT_CRAWLER },
                    { "hbbtv", AGENT_SCREEN } },
    ['i' - 'a'] = { { "iphone", AGENT_PHONE },
                    { "ipad", AGENT_PAD },
                    { "ipod", AGENT_PHONE },
                    { "iemobile", AGENT_PHONE },
                    { "inspecti", AGENT_CRAWLER },
                    { "insights", AGENT_CRAWLER } },
    ['j' - 'a'] = { { "jsdom", AGENT_CRAWLER } },
    ['k' - 'a'] = { { "khtml", AGENT_BROWSER },
                    { "kindle", AGENT_PAD } },
    ['l' - 'a'] = { { "like", AGENT_BROWSER },
                    { "lighthou", AGENT_CRAWLER },
                    { "linkchec", AGENT_CRAWLER } },
    ['m' - 'a'] = { { "mozilla", AGENT_BROWSER },
                    { "mobile", AGENT_PHONE },
                    { "mobi", AGENT_PHONE },
                    { "midp", AGENT_PHONE },
                    { "mediapar", AGENT_CRAWLER },
                    { "monitori", AGENT_CRAWLER },
                    { "masscan", AGENT_CRAWLER } },
    ['n' - 'a'] = { { "nt", AGENT_BROWSER },
                    { "netcast", AGENT_SCREEN },
                    { "netcraft", AGENT_CRAWLER },
                    { "newrelic", AGENT_CRAWLER },
                    { "nmap", AGENT_CRAWLER },
                    { "nutch", AGENT_CRAWLER } },
    ['p' - 'a'] = { { "phone", AGENT_PHONE },
                    { "playbook", AGENT_PAD },
                    { "phantomj", AGENT_CRAWLER },
                    { "pingdom", AGENT_CRAWLER },
                    { "pingdomp", AGENT_CRAWLER },
                    { "pingdomt", AGENT_CRAWLER },
                    { "probe", AGENT_CRAWLER },
                    { "promethe", AGENT_CRAWLER },
                    { "ptst", AGENT_CRAWLER } },
    ['r' - 'a'] = { { "rendertr", AGENT_CRAWLER },
                    { "route", AGENT_IF_DIGIT },
                    { "ruxitsyn", AGENT_CRAWLER } },
    ['s' - 'a'] = { { "safari", AGENT_BROWSER },
                    { "smarttv", AGENT_SCREEN },
                    { "symbian", AGENT_PHONE },
                    { "symbiano", AGENT_PHONE },
                    { "slurp", AGENT_CRAWLER },
                    { "scrapy", AGENT_CRAWLER },
                    { "sitebulb", AGENT_CRAWLER },
                    { "siteimpr", AGENT_CRAWLER },
                    { "site", AGENT_IF_DIGIT },
                    { "statusca", AGENT_CRAWLER } },
    ['t' - 'a'] = { { "tablet", AGENT_TABLET },
                    { "tv", AGENT_SCREEN } },
    ['u' - 'a'] = { { "updown", AGENT_CRAWLER },
                    { "uptime", AGENT_CRAWLER },
                    { "uptimech", AGENT_CRAWLER } },
    ['v' - 'a'] = { { "validato", AGENT_CRAWLER },
                    { "verifica", AGENT_CRAWLER },
                    { "viber", AGENT_IF_FIRST } },
    ['w' - 'a'] = { { "windows", AGENT_WINDOWS },
                    { "win", AGENT_BROWSER },
                    { "whatsapp", AGENT_IF_FIRST },
                    { "webcopie", AGENT_CRAWLER },
                    { "wordpres", AGENT_IF_FIRST } },
    ['x' - 'a'] = { { "xenu", AGENT_CRAWLER } },
    ['y' - 'a'] = { { "yeti", AGENT_CRAWLER } },
    ['z' - 'a'] = { { "zabbix", AGENT_CRAWLER },
                    { "zgrab", AGENT_CRAWLER } },
};


/*
 * The names that share an end. There are eight bytes of anything in front.
 */
static inline unsigned
agent_ending(const char *word, size_t len)
{
    uint64_t  tail;

    tail = es_word_load(word + len - 8) | AGENT_LOWER;

    switch (tail >> 56) {

    case 't':
        return tail >> 40 == ES_WORD('b', 'o', 't', 0, 0, 0, 0, 0)
               && (tail >> 24 != ES_WORD('c', 'u', 'b', 'o', 't', 0, 0, 0)
                   || len != 5)                    /* who makes telephones */
               ? AGENT_CRAWLER : 0;

    case 'r':
        return tail >> 16 == ES_WORD('s', 'p', 'i', 'd', 'e', 'r', 0, 0)
               || tail >> 8 == ES_WORD('c', 'r', 'a', 'w', 'l', 'e', 'r', 0)
               || tail >> 8 == ES_WORD('f', 'e', 't', 'c', 'h', 'e', 'r', 0)
               ? AGENT_CRAWLER : 0;

    case 'w':
        return tail >> 8 == ES_WORD('p', 'r', 'e', 'v', 'i', 'e', 'w', 0)
               && (len > 7 || word[len] == '/')
               ? AGENT_CRAWLER : 0;

    case 'p':
    case 's':
        return word[-1] == '+'
               && (len == 4 || len == 5)
               && memcmp(word, "http", 4) == 0 ? AGENT_LINK : 0;

    default:
        return 0;
    }
}


static inline bool
agent_letter(char c)
{
    c = es_lower(c);

    return c >= 'a' && c <= 'z';
}


static inline bool
agent_digit(char c)
{
    return c >= '0' && c <= '9';
}


/* What one word tells; first is whether the header begins with it. */
static inline unsigned
agent_word(const char *word, bool first)
{
    size_t               len;
    uint64_t             head, others;
    const agent_word_t  *known, *end;

    head = es_word_load(word) | AGENT_LOWER;
    others = es_word_between(head, 'a', 'z') ^ ES_WORD_HIGHS;

    if (others) {
        /* keep what is in front of the first that is no letter */
        head &= ((others & -others) >> 7) - 1;
    }

    known = agent_words[(head & 0xff) - 'a'];

    for (end = known + AGENT_ROW; known < end && known->tells; known++) {

        if (es_word_load(known->name) != head) {
            continue;
        }

        if ((known->tells == AGENT_IF_FIRST && first)
            || (known->tells == AGENT_IF_LONG && agent_letter(word[8]))
            || (known->tells == AGENT_IF_DIGIT
                && agent_digit(word[strlen(known->name)])))
        {
            return AGENT_CRAWLER;
        }

        return known->tells;
    }

    len = others ? (size_t) __builtin_ctzll(others) >> 3 : 8;

    while (agent_letter(word[len])) {
        len++;
    }

    return agent_ending(word, len);
}


/*
 * All that the words of the n bytes at text tell. Around it there are eight
 * bytes in front and sixteen behind that are no letters.
 */
static unsigned
agent_tells(const char *text, size_t n)
{
    size_t    i, base;
    unsigned  tells;
    uint64_t  letters, starts, before;

    tells = 0;
    before = 0;

    for (base = 0; base < n; base += 8) {
        letters = es_word_between(es_word_load(text + base) | AGENT_LOWER,
                                  'a', 'z');
        starts = letters & ~(letters << 8 | before);
        before = letters >> 56;

        for ( /* void */ ; starts; starts &= starts - 1) {
            i = base + ((size_t) __builtin_ctzll(starts) >> 3);
            tells |= agent_word(text + i, i == 0);
        }
    }

    return tells;
}


static inline es_device_e
agent_device(unsigned tells)
{
    if (tells & AGENT_SCREEN) {
        return ES_DEVICE_DESKTOP;
    }

    if (tells & AGENT_PAD) {
        return ES_DEVICE_TABLET;
    }

    if ((tells & AGENT_TABLET) && !(tells & AGENT_WINDOWS)) {
        return ES_DEVICE_TABLET;
    }

    if (tells & AGENT_PHONE) {
        return ES_DEVICE_MOBILE;
    }

    /* Android says "Mobile" on telephones */

    return (tells & AGENT_ANDROID) ? ES_DEVICE_TABLET : ES_DEVICE_DESKTOP;
}


void
es_agent_classify(es_str_t ua, es_agent_t *agent)
{
    char      text[8 + AGENT_LOOK + 16];
    size_t    n;
    unsigned  tells;

    agent->device = ES_DEVICE_DESKTOP;
    agent->crawler = false;

    if (ua.len == 0) {
        return;
    }

    n = ua.len < AGENT_LOOK ? ua.len : AGENT_LOOK;

    memset(text, 0, 8);
    memcpy(text + 8, ua.data, n);
    memset(text + 8 + n, 0, 16);

    tells = agent_tells(text + 8, n);

    agent->device = agent_device(tells);

    /* some HTTP libraries have a link in their name, too */
    agent->crawler = (tells & AGENT_CRAWLER)
                     || ((tells & AGENT_LINK) && !(tells & AGENT_LIBRARY));
}


es_device_e
es_agent_device(es_str_t ua)
{
    es_agent_t  agent;

    es_agent_classify(ua, &agent);

    return agent.device;
}


bool
es_agent_crawler(es_str_t ua)
{
    es_agent_t  agent;

    es_agent_classify(ua, &agent);

    return agent.crawler;
}


es_str_t
es_device_name(es_device_e device)
{
    switch (device) {

    case ES_DEVICE_MOBILE:
        return es_str("mobile");

    case ES_DEVICE_TABLET:
        return es_str("tablet");

    default:
        return es_str("desktop");
    }
}
