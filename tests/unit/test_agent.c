#include "check.h"
#include "../../ngx_exportsite_module/core/agent.h"


#define CHROME   "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 "
#define WEBKIT   "AppleWebKit/605.1.15 (KHTML, like Gecko) "

typedef struct {
    es_device_e  device;
    bool         crawler;
    const char  *ua;
} agent_case_t;

#define desktop  ES_DEVICE_DESKTOP, false
#define mobile   ES_DEVICE_MOBILE, false
#define tablet   ES_DEVICE_TABLET, false
#define robot    ES_DEVICE_DESKTOP, true

static const agent_case_t  people[] = {
    /* desktops */
    { desktop, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " CHROME
               "Safari/537.36" },
    { desktop, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " CHROME
               "Safari/537.36" },
    { desktop, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " WEBKIT
               "Version/17.4 Safari/605.1.15" },
    { desktop, "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 "
               "Firefox/125.0" },
    { desktop, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:125.0) "
               "Gecko/20100101 Firefox/125.0" },
    { desktop, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " CHROME
               "Safari/537.36 Edg/124.0.0.0" },
    { desktop, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " CHROME
               "Safari/537.36 OPR/110.0.0.0" },
    { desktop, "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " CHROME
               "Safari/537.36" },
    { desktop, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " CHROME
               "YaBrowser/24.4.0.0 Safari/537.36" },
    { desktop, "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) "
               "like Gecko" },
    { desktop, "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; "
               "Trident/6.0)" },
    { desktop, "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; WOW64; "
               "Trident/4.0; SLCC2; .NET CLR 2.0.50727; Tablet PC 2.0)" },
    { desktop, "Mozilla/5.0 (compatible; Konqueror/4.5; Linux) KHTML/4.5.4 "
               "(like Gecko)" },
    { desktop, "Mozilla/5.0 (Windows NT 10.0; WOW64) " CHROME "Safari/537.36 "
               "SE 2.X MetaSr 1.0" },

    /* televisions and consoles: a big screen */
    { desktop, "Mozilla/5.0 (Linux; Android 9; BRAVIA 4K GB) " CHROME
               "Safari/537.36" },
    { desktop, "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/538.1 "
               "(KHTML, like Gecko) Version/6.0 TV Safari/538.1" },
    { desktop, "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, "
               "like Gecko) Chrome/79.0.3945.79 Safari/537.36" },
    { desktop, "Mozilla/5.0 (PlayStation; PlayStation 5/2.26) "
               "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 "
               "Safari/605.1.15" },

    /* telephones */
    { mobile,  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) "
               WEBKIT "Version/17.4 Mobile/15E148 Safari/604.1" },
    { mobile,  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) "
               WEBKIT "CriOS/124.0.6367.88 Mobile/15E148 Safari/604.1" },
    { mobile,  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) "
               WEBKIT "FxiOS/125.0 Mobile/15E148 Safari/605.1.15" },
    { mobile,  "Mozilla/5.0 (iPod touch; CPU iPhone OS 12_5 like Mac OS X) "
               WEBKIT "Version/12.1.2 Mobile/15E148 Safari/604.1" },
    { mobile,  "Mozilla/5.0 (Linux; Android 10; K) " CHROME
               "Mobile Safari/537.36" },
    { mobile,  "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 "
               "(KHTML, like Gecko) SamsungBrowser/24.0 Chrome/117.0.0.0 "
               "Mobile Safari/537.36" },
    { mobile,  "Mozilla/5.0 (Android 14; Mobile; rv:125.0) Gecko/125.0 "
               "Firefox/125.0" },
    { mobile,  "Mozilla/5.0 (Linux; Android 11; CUBOT_NOTE_20) " CHROME
               "Mobile Safari/537.36" },
    { mobile,  "Mozilla/5.0 (Linux; Android 9; CUBOT X18 Plus) " CHROME
               "Mobile Safari/537.36" },
    { mobile,  "Mozilla/5.0 (Linux; Android 8.1.0; Cubot) " CHROME
               "Mobile Safari/537.36" },
    { mobile,  "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; "
               "Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) "
               "Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063" },
    { mobile,  "Mozilla/5.0 (compatible; MSIE 10.0; Windows Phone 8.0; "
               "Trident/6.0; IEMobile/10.0; ARM; Touch; NOKIA; Lumia 920)" },
    { mobile,  "Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 "
               "Firefox/48.0 KAIOS/2.5" },
    { mobile,  "Mozilla/5.0 (BB10; Touch) AppleWebKit/537.10+ (KHTML, like "
               "Gecko) Version/10.0.9.2372 Safari/537.10+" },
    { mobile,  "BlackBerry9700/5.0.0.862 Profile/MIDP-2.1 "
               "Configuration/CLDC-1.1 VendorID/331" },
    { mobile,  "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/29.3709; U; en) "
               "Presto/2.8.119 Version/11.10" },
    { mobile,  "Mozilla/5.0 (SymbianOS/9.4; Series60/5.0 Nokia5800d-1) "
               "AppleWebKit/525 (KHTML, like Gecko) BrowserNG/7.1.4" },
    { mobile,  "Mozilla/5.0 (Phone; OpenHarmony 5.0) " CHROME
               "Safari/537.36 ArkWeb/4.1.6.1" },

    /* inside other applications */
    { mobile,  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) "
               WEBKIT "Mobile/15E148 [FBAN/FBIOS;FBAV/460.0.0.31.103;"
               "FBBV/585684490;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;"
               "FBSV/17.4;FBSS/3;FBID/phone;FBLC/de_DE;FBOP/5]" },
    { mobile,  "Mozilla/5.0 (Linux; Android 13; Pixel 7 Build/TQ3A.230805; "
               "wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
               "Chrome/124.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;"
               "FBAV/460.0.0.48.109;FBPN/com.facebook.katana;]" },
    { mobile,  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) "
               WEBKIT "Mobile/15E148 Instagram 329.0.0.29.120 (iPhone14,5; "
               "iOS 17_4; de_DE; de; scale=3.00; 1170x2532)" },
    { mobile,  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) "
               WEBKIT "GSA/312.0.626018216 Mobile/15E148 Safari/604.1" },
    { mobile,  "Mozilla/5.0 (Linux; Android 13; wv) " CHROME
               "Mobile Safari/537.36 [Pinterest/Android]" },
    { mobile,  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) "
               WEBKIT "Mobile/15E148 [LinkedInApp]/9.29.8" },
    { mobile,  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) "
               WEBKIT "Mobile/15E148 Twitter for iPhone/10.38" },
    { mobile,  "Mozilla/5.0 (Linux; Android 13; SM-A536B) " CHROME
               "Mobile Safari/537.36 baiduboxapp/13.0" },
    { mobile,  "Mozilla/5.0 (Linux; Android 12; V2203) " CHROME
               "Mobile Safari/537.36 trill_2023 BytedanceWebview/d8a21c6" },
    { mobile,  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) "
               WEBKIT "Mobile/15E148 MicroMessenger/8.0.48 NetType/WIFI" },
    { mobile,  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) "
               WEBKIT "Mobile/15E148 WhatsApp/2.24.7.75" },
    { mobile,  "Mozilla/5.0 (Linux; Android 13) " CHROME
               "Mobile Safari/537.36 DuckDuckGo/5" },

    /* tablets */
    { tablet,  "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) " WEBKIT
               "Version/16.6 Mobile/15E148 Safari/604.1" },
    { tablet,  "Mozilla/5.0 (Linux; Android 13; SM-T870) " CHROME
               "Safari/537.36" },
    { tablet,  "Mozilla/5.0 (Android 13; Tablet; rv:125.0) Gecko/125.0 "
               "Firefox/125.0" },
    { tablet,  "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 "
               "(KHTML, like Gecko) Silk/120.4.1 like Chrome/120.0.6099.231 "
               "Safari/537.36" },
    { tablet,  "Mozilla/5.0 (PlayBook; U; RIM Tablet OS 2.1.0; en-US) "
               "AppleWebKit/536.2+ (KHTML, like Gecko) Version/7.2.1.0 "
               "Safari/536.2+" },
    { tablet,  "Mozilla/5.0 (X11; U; Linux armv7l like Android; en-us) "
               "AppleWebKit/531.2+ (KHTML, like Gecko) Version/5.0 "
               "Safari/533.2+ Kindle/3.0+" },

    /* the words of crawlers, where they mean something else */
    { desktop, "Amazon CloudFront" },    /* it takes the visitor's name away */
    { desktop, "Mozilla/5.0 (Windows NT 10.0; Site Kiosk; Route 66) " CHROME
               "Safari/537.36" },
    { mobile,  "Mozilla/5.0 (Linux; Android 12; CUBOT P60) " CHROME
               "Mobile Safari/537.36" },
    { mobile,  "Mozilla/5.0 (Linux; Android 14; Robotics One) " CHROME
               "Mobile Safari/537.36 Viber/22.0" },
    { mobile,  "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) "
               WEBKIT "Mobile/15E148 Snapchat/12.60 (like Safari/8615)" },
    { desktop, "Mozilla/5.0 (Windows NT 10.0; Developer Preview) " CHROME
               "Safari/537.36" },
    { mobile,  "Mozilla/5.0 (Linux; Android 13; Abbott) " CHROME
               "Mobile Safari/537.36 com.facebook.katana external http://x/" },

    /* libraries and tools: they do not say that they are crawlers */
    { desktop, "curl/8.5.0" },
    { desktop, "Wget/1.21.3" },
    { desktop, "python-requests/2.31.0" },
    { desktop, "Python-urllib/3.11" },
    { desktop, "Python/3.11 aiohttp/3.9.1" },
    { desktop, "Go-http-client/1.1" },
    { desktop, "okhttp/4.12.0" },
    { desktop, "Java/17.0.9" },
    { desktop, "Apache-HttpClient/4.5.14 (Java/17.0.9)" },
    { desktop, "libwww-perl/6.68" },
    { desktop, "axios/1.6.2" },
    { desktop, "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)" },
    { desktop, "Mozilla/5.0" },
    { desktop, "-" },
    { desktop, "" },
};

static const agent_case_t  crawlers[] = {
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (compatible; Googlebot/2.1; "
        "+http://www.google.com/bot.html)" },
    { ES_DEVICE_MOBILE, true, "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X "
        "Build/MMB29P) " CHROME "Mobile Safari/537.36 (compatible; "
        "Googlebot/2.1; +http://www.google.com/bot.html)" },
    { ES_DEVICE_DESKTOP, true, "Googlebot-Image/1.0" },
    { ES_DEVICE_DESKTOP, true, "Mediapartners-Google" },
    { ES_DEVICE_DESKTOP, true, "AdsBot-Google (+http://www.google.com/"
        "adsbot.html)" },
    { ES_DEVICE_DESKTOP, true, "GoogleOther" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (compatible; "
        "Google-InspectionTool/1.0;)" },
    { ES_DEVICE_DESKTOP, true, "FeedFetcher-Google; (+http://www.google.com/"
        "feedfetcher.html)" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like "
        "Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) "
        "Chrome/116.0.1938.76 Safari/537.36" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (Windows NT 6.1; WOW64) "
        "AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (compatible; Yahoo! Slurp; "
        "http://help.yahoo.com/help/us/ysearch/slurp)" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (compatible; Baiduspider/2.0; "
        "http://www.baidu.com/search/spider.html)" },
    { ES_DEVICE_DESKTOP, true, "Sogou web spider/4.0" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (compatible; YandexImages/3.0; "
        "+http://yandex.com/bots)" },
    { ES_DEVICE_DESKTOP, true, "DuckDuckBot/1.1" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (compatible; Yeti/1.1; "
        "+http://naver.me/spd)" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (Macintosh; Intel Mac OS X "
        "10_15_5) " WEBKIT "Version/13.1.1 Safari/605.1.15 (Applebot/0.1; "
        "http://www.apple.com/go/applebot)" },
    { ES_DEVICE_DESKTOP, true, "facebookexternalhit/1.1" },
    { ES_DEVICE_DESKTOP, true, "meta-externalagent/1.1" },
    { ES_DEVICE_DESKTOP, true, "Twitterbot/1.0" },
    { ES_DEVICE_DESKTOP, true, "LinkedInBot/1.0 (compatible; Mozilla/5.0)" },
    { ES_DEVICE_DESKTOP, true, "Slackbot-LinkExpanding 1.0 "
        "(+https://api.slack.com/robots)" },
    { ES_DEVICE_DESKTOP, true, "WhatsApp/2.23.20.0" },
    { ES_DEVICE_DESKTOP, true, "TelegramBot (like TwitterBot)" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (compatible; Discordbot/2.0)" },
    { ES_DEVICE_DESKTOP, true, "SkypeUriPreview Preview/0.5" },
    { ES_DEVICE_DESKTOP, true, "Quora Link Preview/1.0" },
    { ES_DEVICE_DESKTOP, true, "Pinterest/0.2 (+https://www.pinterest.com/)" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (compatible; AhrefsBot/7.0)" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (compatible; SemrushBot/7~bl)" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (compatible; MJ12bot/v1.4.8)" },
    { ES_DEVICE_DESKTOP, true, "Screaming Frog SEO Spider/20.0" },
    { ES_DEVICE_MOBILE, true, "Mozilla/5.0 (Linux; Android 5.0) "
        "AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 "
        "(compatible; Bytespider; spider-feedback@bytedance.com)" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like "
        "Gecko; compatible; GPTBot/1.2)" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like "
        "Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/" },
    { ES_DEVICE_DESKTOP, true, "CCBot/2.0 (https://commoncrawl.org/faq/)" },
    { ES_DEVICE_DESKTOP, true, "ia_archiver" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (compatible; archive.org_bot)" },
    { ES_DEVICE_DESKTOP, true, "Scrapy/2.11.0 (+https://scrapy.org)" },
    { ES_DEVICE_DESKTOP, true, "crawler4j" },
    { ES_DEVICE_DESKTOP, true, "HubSpot Crawler" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (compatible; UptimeRobot/2.0)" },
    { ES_DEVICE_DESKTOP, true, "Pingdom.com_bot_version_1.4_(http://x/)" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (Unknown; Linux x86_64) "
        "AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 "
        "Safari/538.1" },
    { ES_DEVICE_DESKTOP, false, "Mozilla/5.0 (X11; Linux x86_64) "
        "AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/124.0.0.0 "
        "Safari/537.36" },
    { ES_DEVICE_MOBILE, true, "Mozilla/5.0 (Linux; Android 11; moto g power "
        "(2022)) " CHROME "Mobile Safari/537.36 Chrome-Lighthouse" },
    { ES_DEVICE_DESKTOP, true, "W3C_Validator/1.3" },
    { ES_DEVICE_DESKTOP, true, "StatusCake" },
    { ES_DEVICE_DESKTOP, true, "check_http/v2.3.1 (monitoring-plugins "
        "2.3.1)" },
    { ES_DEVICE_DESKTOP, true, "ELB-HealthChecker/2.0" },
    { ES_DEVICE_DESKTOP, true, "kube-probe/1.27" },
    { robot, "Googlebot-News" },
    { robot, "Google-CloudVertexBot" },
    { robot, "Storebot-Google/1.0" },
    { robot, "Mozilla/5.0 (compatible; Google-Site-Verification/1.0)" },
    { robot, "GoogleProducer; (+https://developers.google.com/search/)" },
    { robot, "Mozilla/5.0 (compatible; adidxbot/2.0)" },
    { robot, "MicrosoftPreview/2.0 +https://aka.ms/MicrosoftPreview" },
    { robot, "Mozilla/5.0 (compatible; YandexBot/3.0)" },
    { robot, "Mozilla/5.0 (compatible; YandexMetrika/2.0; +http://yandex.com/"
        "bots yabs01)" },
    { robot, "Mozilla/5.0 (compatible; 360Spider/1.0)" },
    { robot, "Mozilla/5.0 (compatible; YisouSpider/5.0)" },
    { robot, "Mozilla/5.0 (compatible; Yeti/1.1)" },
    { robot, "Mozilla/5.0 (compatible; Daum/4.1; +http://cs.daum.net/faq/)" },
    { robot, "SeznamBot/3.2" },
    { ES_DEVICE_MOBILE, true, "Mozilla/5.0 (Linux; Android 7.0;) "
        "AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 "
        "(compatible; PetalBot)" },
    { robot, "Mozilla/5.0 (compatible; Qwantify/2.4w; "
        "+https://www.qwant.com/)" },
    { robot, "Mozilla/5.0 (compatible; Linux x86_64; Mail.RU_Bot/2.0)" },
    { robot, "Mozilla/5.0 (compatible; coccocbot-web/1.0)" },
    { robot, "Mozilla/5.0 (compatible; MojeekBot/0.11)" },
    { robot, "ICC-Crawler/3.0 (Mozilla-compatible)" },
    { robot, "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; "
        "OAI-SearchBot/1.0)" },
    { robot, "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; "
        "ClaudeBot/1.0; +claudebot@anthropic.com)" },
    { robot, "anthropic-ai" },
    { robot, "cohere-ai" },
    { robot, "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; "
        "PerplexityBot/1.0)" },
    { robot, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_10_1) "
        "AppleWebKit/600.2.5 (KHTML, like Gecko) Version/8.0.2 Safari/600.2.5 "
        "(Amazonbot/0.1)" },
    { robot, "meta-externalfetcher/1.1" },
    { robot, "facebookcatalog/1.0" },
    { robot, "Mozilla/5.0 (compatible; DotBot/1.2)" },
    { robot, "Mozilla/5.0 (compatible; DataForSeoBot/1.0)" },
    { robot, "Mozilla/5.0 (compatible; Barkrowler/0.9; "
        "+https://babbar.tech/)" },
    { robot, "Viber/22.0" },
    { robot, "Embedly/0.2" },
    { robot, "Mozilla/5.0 (compatible; XING-contenttabreceiver/2.0)" },
    { robot, "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)" },
    { robot, "Mozilla/5.0 (compatible; redditbot/1.0)" },
    { robot, "Mozilla/5.0 (X11; Linux x86_64) " CHROME
        "Safari/537.36 Site24x7" },
    { robot, "Mozilla/5.0 (X11; Linux x86_64) " CHROME
        "Safari/537.36 GTmetrix" },
    { robot, "Mozilla/5.0+(compatible; UptimeRobot/2.0; "
        "http://www.uptimerobot.com/)" },
    { robot, "Amazon-Route53-Health-Check-Service (ref 1234)" },
    { robot, "GoogleStackdriverMonitoring-UptimeChecks(https://cloud.google)" },
    { robot, "Uptime-Kuma/1.23.3" },
    { robot, "Prometheus/2.45.0" },
    { robot, "Feedbin feed-id:1234 - 5 subscribers" },
    { robot, "Feedly/1.0 (+http://www.feedly.com/fetcher.html)" },
    { robot, "Expanse, a Palo Alto Networks company, searches across the "
        "global IPv4 space multiple times per day" },
    { robot, "W3C-checklink/4.81 libwww-perl/6.05" },
    { robot, "Xenu Link Sleuth/1.3.8" },
    { robot, "WordPress/6.4.2; https://www.example.com" },
    { ES_DEVICE_DESKTOP, true, "Mozilla/5.0 (compatible; Cubot spider)" },
    { ES_DEVICE_DESKTOP, true, "SCUBOT/1.0" },
};


static void
check_agents(const agent_case_t *cases, size_t n)
{
    char        *exact;
    size_t       i, len;
    es_str_t     ua;
    es_agent_t   got;

    for (i = 0; i < n; i++) {
        len = strlen(cases[i].ua);
        exact = malloc(len ? len : 1);
        memcpy(exact, cases[i].ua, len);
        ua = (es_str_t) { len, exact };

        es_agent_classify(ua, &got);

        if (got.device != cases[i].device || got.crawler != cases[i].crawler) {
            fprintf(stderr, "%s%s: %s\n", es_device_name(got.device).data,
                    got.crawler ? ", crawler" : "", cases[i].ua);
        }

        check(got.device == cases[i].device);
        check(got.crawler == cases[i].crawler);
        check(es_agent_device(ua) == got.device);
        check(es_agent_crawler(ua) == got.crawler);

        free(exact);
    }
}


/* A word is found wherever it lies in the blocks that are looked at. */
static void
test_every_place(void)
{
    char    ua[512];
    size_t  i, len;

    static const char  word[] = "Googlebot";

    for (len = sizeof(word) - 1; len <= sizeof(ua); len++) {
        for (i = 0; i + sizeof(word) - 1 <= len; i += (len < 200 ? 1 : 7)) {
            memset(ua, ' ', len);
            memcpy(ua + i, word, sizeof(word) - 1);
            check(es_agent_crawler((es_str_t) { len, ua }));
            ua[i + sizeof(word) - 2] = 'x';
            check(!es_agent_crawler((es_str_t) { len, ua }));
        }
    }
}


static void
test_hostile(void)
{
    size_t  i, len = 1024 * 1024;
    char   *ua = malloc(len);

    memset(ua, 'b', len);
    check(!es_agent_crawler((es_str_t) { len, ua }));

    for (i = 0; i < len; i++) {
        ua[i] = "bot\0"[i % 4];
    }

    check(es_agent_crawler((es_str_t) { len, ua }));

    for (i = 0; i < len; i++) {
        ua[i] = (char) (i * 7 + (i >> 8));
    }

    check(es_agent_device((es_str_t) { len, ua }) == ES_DEVICE_DESKTOP);

    /* letters of other alphabets are none of ours */
    check(es_agent_crawler(es_str("\xd0\xb1\xd0\xbe\xd1\x82" "bot\xff")));
    check(!es_agent_crawler(es_str("\xe2\xef\xf4")));

    free(ua);
}


int
main(void)
{
    check_agents(people, sizeof(people) / sizeof(people[0]));
    check_agents(crawlers, sizeof(crawlers) / sizeof(crawlers[0]));
    test_every_place();
    test_hostile();

    check(es_agent_crawler(es_null_str) == false);
    check_str(es_device_name(ES_DEVICE_DESKTOP), "desktop");
    check_str(es_device_name(ES_DEVICE_MOBILE), "mobile");
    check_str(es_device_name(ES_DEVICE_TABLET), "tablet");

    return check_done();
}
