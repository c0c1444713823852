"""The nginx configurations that are measured. @name@ is filled in by workbench.py."""

from dataclasses import dataclass

import crowd

# Shared by all. sendfile is off, because for 8 KB it costs more than it saves.
NGINX = """\
@load@
daemon off;
worker_processes @workers@;
worker_rlimit_nofile 8192;
pcre_jit on;
pid @run@/pid;
error_log @run@/error.log warn;
@main@
events { worker_connections 4096; }

http {
    types { text/html html; }
    default_type text/html;
    access_log off;
    sendfile off;
    keepalive_requests 1000000000;
    open_file_cache max=1000 inactive=1h;
    open_file_cache_valid 60s;
    open_file_cache_errors on;
    client_body_temp_path @run@/body;
    proxy_temp_path @run@/proxy;
    fastcgi_temp_path @run@/fastcgi;
    uwsgi_temp_path @run@/uwsgi;
    scgi_temp_path @run@/scgi;
@http@
    server {
        listen 127.0.0.1:@port@;
        root @www@;
        location = /served { stub_status; }
@server@
    }
}
"""

EXPORTSITE = "load_module @module@;"

REALIP = """
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
    real_ip_recursive on;
"""

SITE = REALIP + f"""
    exportsite_zone @zone@;
    exportsite_geo @mmdb@;
    exportsite_redis 127.0.0.1:@redis@ prefix=@name@: timeout=@timeout@;
    exportsite_stream @stream@;
    exportsite_languages {' '.join(crowd.LANGUAGES)};
    exportsite_language_from accept;
    exportsite_industries {' '.join(crowd.INDUSTRIES)};
    exportsite_secret @secret@;
    exportsite_consent on;
"""

STATUS = "location = /status { exportsite_status; }\n"

# for those who can not read Accept-Language: every header there is in this benchmark,
# which is less work than to read one
LANGUAGE = """
    map_hash_bucket_size 512;
    map $http_accept_language $language {
        default en;
%s    }
""" % "".join(f'        "{header}" {crowd.language_of(header)};\n'
              for header, _ in crowd.HEADERS if header)

ONE_PAGE = "location / { try_files /en/general/index.html =404; }\n"

BY_INDUSTRY = """
        location / {
            try_files /$exportsite_language/$exportsite_industry/index.html
                      /$exportsite_language/general/index.html =404;
        }
"""

BY_HERO = """
        location / {
            try_files /$exportsite_language/$hero/index.html
                      /$exportsite_language/general/index.html =404;
        }
"""

HERO = "    exportsite_choose $hero {\n%s        default general;\n    }\n" % "".join(
    f'        "{rule}" {value};\n' for rule, value, _ in crowd.HEROES)

LUA = """
    @geoip2@
    lua_package_path "@here@/?.lua;;";
    lua_shared_dict profiles 64m;
    init_by_lua_block {
        peer = require "peer"
        peer.init {
            root = "@www@", redis = @redis@,
            languages = { %s }, industries = { %s }
        }
    }
    init_worker_by_lua_block { peer.start() }
""" % tuple(", ".join(f'"{word}"' for word in words)
            for words in (crowd.LANGUAGES, crowd.INDUSTRIES))

LUA_SERVER = """
        set $page "";
        location / {
            rewrite_by_lua_block { peer.visit() }
            log_by_lua_block { peer.log() }
            try_files $page =404;
        }
"""


@dataclass
class Contender:
    """One configuration: what to load, what stands in http and in server, which
    page and which event a request must have."""
    name: str
    load: str = ""
    http: str = ""
    server: str = ONE_PAGE
    page: object = lambda q: crowd.page("en", "general")
    event: object = None

    @property
    def ours(self):
        return "exportsite_status" in self.server


BARE = Contender("bare")

# the same without a module of anybody's: an address to look at, two variables
PLUMBING = Contender("plumbing", http=REALIP, server="""
        location / {
            set $language en;
            set $industry machinery;
            try_files /$language/$industry/index.html
                      /$language/general/index.html =404;
        }
""", page=lambda q: crowd.page("en", "machinery"))

# what nginx alone can do of the job: there is no profile to ask, so the page is by
# language only, and the event is a line of a file
STOCK = Contender(
    "stock", load="@load_geoip2@", http=REALIP + LANGUAGE + """
    @geoip2@
    log_format event escape=json '{"ts":$msec,"visitor":"$cookie_vid","path":"$uri",'
        '"status":$status,"country":"$country","language":"$language",'
        '"referrer":"$http_referer","campaign":"$arg_utm_campaign"}';
""", server="""
        location / {
            access_log @run@/events.log event buffer=64k flush=1s;
            try_files /$language/general/index.html =404;
        }
""", page=lambda q: q.page("general"))

LOADED = Contender("loaded", load=EXPORTSITE)

OFF = Contender("off", load=EXPORTSITE, http=SITE.replace(REALIP, ""),
                server=STATUS + ONE_PAGE)

NOTHING = Contender("nothing", load=EXPORTSITE,
                    http="    exportsite_secret @secret@;\n",
                    server="exportsite on;\n" + STATUS + ONE_PAGE)

SELECT = Contender(
    "select", load=EXPORTSITE,
    http=SITE + "    exportsite_visitor $cookie_vid;\n",
    server=STATUS.replace("{", "{ exportsite off;") + "exportsite on;\n"
    + BY_INDUSTRY,
    page=lambda q: q.page(q.industry), event=lambda q: q.event(False))

FULL = Contender(
    "full", load=EXPORTSITE,
    http=SITE + HERO,
    server=STATUS.replace("{", "{ exportsite off;") + "exportsite on;\n" + BY_HERO,
    page=lambda q: q.page(q.hero), event=lambda q: q.event(True))

PEER = Contender(
    "lua", load="load_module @modules@/ndk_http_module.so;\n"
    "load_module @modules@/ngx_http_lua_module.so;\n@load_geoip2@",
    http=REALIP + LUA, server=LUA_SERVER,
    page=lambda q: q.page(q.industry), event=lambda q: q.event(False))

ALL = [BARE, PLUMBING, STOCK, LOADED, OFF, NOTHING, SELECT, FULL, PEER]
