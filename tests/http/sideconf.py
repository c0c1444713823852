"""Configurations of nginx' own modules, with what is asked of each.

A row of PLACES is a location, the targets in it, and the list of requests for
each of them. @side@ is what the variants of a test differ in; it stands in
every server.
"""

import gzip
import os
import platform
import struct
import zlib

from siderequests import (BODIES, CODINGS, CONDITIONS, METHODS, PLAIN, RANGES,
                          READS, SOME, STATIC, VISITORS, ask)
from webserver import BINARY

MODULES = "/usr/lib/nginx/modules"
EXTRA = ["http_image_filter", "http_perl", "http_xslt_filter"]
LEAKING = ["http_xslt_filter"]
if platform.freedesktop_os_release().get("VERSION_ID") != "12":
    LEAKING.append("http_image_filter")

DAY = 1577836800                # the first of 2020, see siderequests.py

PAGE = (b"<!doctype html><html><head><title>Pumps</title></head><body>"
        b"<h1 data-es-slot=hero>own</h1><!-- es:hero -->x<!-- /es:hero -->")
PAGE += b"<p>row</p>\n" * ((8192 - len(PAGE)) // 11)
PAGE += b"." * (8192 - len(PAGE))

HTTP = r"""
    log_format side '"$request" $status $body_bytes_sent $request_length '
                    '$connection_requests $pipe "$request_completion" '
                    '"$http_user_agent" "$uri" "$args" "$upstream_status" '
                    '"$sent_http_content_type" "$upstream_cache_status" '
                    '"$sent_http_etag" "$gzip_ratio" "$remote_user"';
    large_client_header_buffers 4 8k;
    proxy_cache_path @dir@/cache keys_zone=pages:1m;
    limit_req_zone $binary_remote_addr$uri zone=once:1m rate=1r/m;
    limit_conn_zone $binary_remote_addr zone=many:1m;
    map $http_user_agent $is_bot { default no; ~*bot yes; }
    map $arg_x $mapped { default "got $arg_x"; "" nothing; ~^(?<n>\d+)$ "n $n"; }
    geo $from { default far; 127.0.0.0/8 near; 192.0.2.0/24 test; }
    geo $http_x_forwarded_for $forwarded { default no; 192.0.2.1 yes; }
    split_clients "$http_user_agent$arg_x" $half { 50% one; * two; }
    charset_map iso-8859-15 utf-8 { E4 C3A4; }
    upstream own { server 127.0.0.1:@inner@; keepalive 4; }
    upstream dead { server 127.0.0.1:1 max_fails=0;
                    server 127.0.0.1:2 max_fails=0 backup; }
    server {
        listen 127.0.0.1:@inner@;
        root @html@;
        access_log off;
        location /put/ { dav_methods PUT DELETE; }
    }
    server {
        listen 127.0.0.1:@inner2@ http2;
        root @html@;
        access_log @dir@/h2.log side;
        @side@
        location / { gzip on; gzip_min_length 1; }
        location /ssi/ { ssi on; alias @html@/; }
        location = /echo { proxy_pass http://@tell@; }
        location = /page { proxy_pass http://@tell@; proxy_cache pages; }
        location = /push { http2_push_preload on; proxy_pass http://@tell@/cookies; }
        location /old { return 301 /new; }
    }
    server {
        listen 127.0.0.1:@odd@;
        server_name odd;
        root @html@;
        access_log @dir@/odd.log side;
        @side@
        merge_slashes off;
        ignore_invalid_headers off;
        underscores_in_headers on;
        keepalive_requests 3;
        client_header_buffer_size 128;
        large_client_header_buffers 2 512;
        client_max_body_size 1k;
        lingering_timeout 100ms;
        server_tokens off;
        msie_padding off;
        port_in_redirect off;
        recursive_error_pages on;
        etag off;
        set $level server;
        if ($arg_teapot) { return 418; }
        if ($http_x_else) { rewrite ^ /page.html?from=$uri; }
        rewrite ^/renamed/(.*)$ /$1;
        error_page 400 414 494 495 @bad;
        error_page 404 /missing.html;
        error_page 405 413 =200 /page.html;
        location @bad { default_type text/html; return 200 "bad: $status $level\n"; }
        location / { }
        location /say { return 200 "$level $uri $args\n"; }
        location = /missing.html { error_page 404 = @bad; }
    }
    server {
        listen 127.0.0.1:@late@;
        root @html@;
        access_log @dir@/late.log side;
        @side@
        client_header_timeout 1s;
        client_body_timeout 1s;
        error_page 408 /page.html;
        location /up { proxy_pass http://@tell@/echo; }
        location /hang { proxy_pass http://@hanging@; }
    }
"""

# the rest of the server that everything below stands in
SERVER = r"""
    access_log @dir@/access.log side;
    @side@
    client_max_body_size 1m;
    lingering_timeout 100ms;
    error_page 418 @teapot;
    location @teapot { return 418 "short and stout\n"; }
    location @named { add_header X-Named $uri always; rewrite ^ /page.html break; }
    location /inside/ { internal; alias @html@/; add_header X-Inside $args; }
    location = /allow { internal; add_header X-User known; return 204; }
    location = /forbid { internal; return 403; }
    location = /login { internal; return 401;
                        add_header WWW-Authenticate 'Basic realm="sub"' always; }
    location = /ws { proxy_pass http://@tell@; proxy_http_version 1.1;
                     proxy_set_header Upgrade $http_upgrade;
                     proxy_set_header Connection upgrade; }
    location /reval/ { proxy_pass http://@tell@/; proxy_cache pages;
                       proxy_cache_valid 1h; proxy_cache_revalidate on;
                       add_header X-Cache $upstream_cache_status; }
    location /stale/ { proxy_pass http://@tell@/; proxy_cache pages;
                       proxy_cache_valid 200 1h;
                       proxy_cache_use_stale http_500;
                       add_header X-Cache $upstream_cache_status; }
    location /later/ { proxy_pass http://@tell@/; proxy_cache pages;
                       proxy_cache_valid 1h; proxy_cache_use_stale updating;
                       proxy_cache_background_update on;
                       add_header X-Cache $upstream_cache_status; }
"""

# for the server with the odd settings
ODD = ["/?teapot=1", "/renamed/page.html", "/renamed/none", "/say?x=1", "/none",
       "/closed/", "/" + "x" * 500]
ODD_REQUESTS = PLAIN + BODIES[:2] + [ask("GET", "X-Else: 1"),
                                     ask("GET", "X_Under: 1", "Bad Name: 2")]

FILE = ["page.html", "plain.txt"]

PLACES = [
    ("location / { }", ["/", "/plain.txt"], STATIC),
    ("location = /big.bin { }", ["/page.html", "/big.bin"], READS),
    ("location /send/ { sendfile on; tcp_nopush on; sendfile_max_chunk 16k; %s }",
     FILE + ["big.bin"], READS),
    ("location /small/ { sendfile off; output_buffers 1 7; %s }", FILE, READS),
    ("location /post/ { sendfile off; output_buffers 2 1k; postpone_output 0;"
     " tcp_nodelay off; %s }", FILE, READS),
    ("location /threads/ { aio threads; sendfile on; %s }",
     FILE + ["big.bin"], READS),
    ("location /threads2/ { aio threads; sendfile off; aio_write on; "
     "output_buffers 1 4k; %s }", FILE + ["big.bin"], READS),
    ("location /direct/ { @direct@ %s }", FILE + ["big.bin"], READS),
    ("location /cached-files/ { open_file_cache max=9; open_file_cache_errors on;"
     " %s }", FILE + ["none"], READS),
    ("location /gzip/ { gzip on; gzip_vary on; gzip_min_length 1; gzip_proxied "
     "any; gzip_types text/plain; %s }", FILE, STATIC),
    ("location /gzip1/ { gzip on; gzip_http_version 1.0; gzip_disable bot;"
     " gzip_comp_level 9; gzip_buffers 2 1k; sendfile on; %s }", FILE,
     CODINGS + VISITORS),
    ("location /gz/ { gzip_static on; gzip_vary on; %s }", FILE,
     CODINGS + READS + RANGES[:3]),
    ("location /gz-always/ { gzip_static always; gunzip on; %s }", FILE,
     CODINGS + READS + CONDITIONS[:3]),
    ("location /ssi/ { ssi on; ssi_last_modified on; ssi_value_length 99; %s }",
     ["ssi.html", "nest.html", "page.html", "plain.txt"], SOME),
    ("location /ssi-gzip/ { ssi on; gzip on; gzip_min_length 1; addition_types "
     "*; add_after_body /plain.txt; sub_filter row ROW; %s }", ["nest.html"],
     SOME),
    ("location /sub/ { sub_filter 'row' 'column'; sub_filter own OWN; "
     "sub_filter_once off; sub_filter_last_modified on; %s }", FILE, SOME),
    ("location /add/ { add_before_body /before.html; add_after_body "
     "/after.html; addition_types text/plain; %s }", FILE, SOME),
    ("location /add-none/ { add_after_body /none; %s }", FILE, PLAIN),
    ("location /charset/ { charset utf-8; source_charset iso-8859-15; "
     "charset_types *; override_charset on; %s }", FILE + ["latin.html"], SOME),
    ("location /headers/ { expires 1h; add_header X-A $uri; add_header Vary "
     "X-B; add_header X-C c always; add_trailer X-D $status; %s }",
     FILE + ["none"], SOME),
    ("location /modified/ { expires modified +1d; add_header Last-Modified '';"
     " %s }", FILE, READS + CONDITIONS),
    ("location /epoch/ { expires epoch; etag off; if_modified_since before; %s }",
     FILE, READS + CONDITIONS),
    ("location /ims-off/ { if_modified_since off; max_ranges 1; %s }", FILE,
     CONDITIONS + RANGES),
    ("location /no-ranges/ { max_ranges 0; chunked_transfer_encoding off; "
     "gzip on; %s }", FILE, READS + CODINGS),
    ("location /relative/ { absolute_redirect off; %s }",
     ["folder", "page.html"], PLAIN),
    ("location /own-name/ { server_name_in_redirect on; port_in_redirect off; %s }",
     ["folder"], PLAIN),
    ("location /auto/ { autoindex on; %s }", ["folder/"], SOME),
    ("location /auto-json/ { autoindex on; autoindex_format json; %s }",
     ["folder/"], PLAIN),
    ("location /auto-xml/ { autoindex on; autoindex_format xml; "
     "autoindex_exact_size off; %s }", ["folder/"], PLAIN),
    ("location /random/ { random_index on; %s }", ["folder/"], SOME),
    ("location /index/ { index none.html $arg_i page.html /after.html; %s }",
     ["", "?i=plain.txt", "folder/"], SOME),
    ("location /stub { stub_status; }", ["/stub"], PLAIN),
    ("location /empty.gif { empty_gif; }", ["/empty.gif"], SOME),
    ("location /flv/ { flv; %s }", ["film.flv", "film.flv?start=4000",
                                     "film.flv?start=x"], PLAIN + RANGES[:2]),
    ("location /mp4/ { mp4; %s }", ["film.flv", "film.flv?start=1",
                                     "film.flv?end=0"], PLAIN),
    ("location /dav/ { root @dir@; dav_methods PUT DELETE MKCOL COPY MOVE; "
     "create_full_put_path on; min_delete_depth 1; }", ["/dav/a/b"],
     [ask("PUT", body="new"), ask(), ask("PUT", body="newer"),
      ask("COPY", "Destination: /dav/c"), ask("MKCOL"), ask("DELETE"), ask(),
      ask("MOVE", "Destination: http://localhost/dav/d"), ask("PROPFIND"),
      ask("PUT", "Content-Range: bytes 0-1/2", body="xx")]),
    ("location /secure/ { secure_link $arg_md5,$arg_expires; secure_link_md5 "
     "'$secure_link_expires$uri key'; if ($secure_link = '') { return 403; } "
     "return 200 '$secure_link'; }",
     ["/secure/x", "/secure/x?md5=ZZ&expires=1"], PLAIN),
    ("location /userid/ { userid on; userid_name uid; userid_path /; %s }",
     FILE, SOME),
    ("location /cookies/ { add_header Set-Cookie a=1; userid v1; return 200 x; }",
     ["/cookies/"], PLAIN + VISITORS[3:5]),
    ("location /vars { return 200 '$mapped|$from|$forwarded|$half|$is_bot|"
     "$remote_addr|$realip_remote_addr|$host|$uri|$args|$request_uri|"
     "$request_body|$http_cookie|$cookie_c|$scheme|$document_root'; }",
     ["/vars", "/vars?x=12", "/vars?x=y&y=%20"], PLAIN + BODIES + VISITORS),
    ("location /ret/ { location /ret/301 { return 301 /x?y; } "
     "location /ret/abs { return 302 https://example.com/$args; } "
     "location /ret/204 { return 204; } location /ret/444 { return 444; } "
     "location /ret/html { default_type text/html; return 200 '<p>$uri</p>'; }"
     " location /ret/500 { return 500; } location /ret/499 { return 499; }"
     " location /ret/418 { return 418; } location /ret/none { return 200; }"
     " location /ret/999 { return 999 odd; } location /ret/416 { return 416; }"
     " location /ret/304 { return 304; } location /ret/206 { return 206 x; } }",
     ["/ret/" + n for n in ("301", "abs?q=1", "204", "html", "500", "418",
                            "none", "999", "416", "304", "206", "unknown")],
     PLAIN + RANGES[:1] + CONDITIONS[2:3] + VISITORS[:1]),
    ("location /rw/ { rewrite ^/rw/last/(.*) /page.html?was=$1 last;"
     " rewrite ^/rw/break/(.*) /$1 break; rewrite ^/rw/redir/(.*) /$1 redirect;"
     " rewrite ^/rw/perm/(.*) /$1? permanent; rewrite ^/rw/loop /rw/loop last;"
     " rewrite ^/rw/abs http://example.com/ ;"
     " rewrite ^/rw/cap/(?<c>.)(.) /vars?x=$c; set $z $c$2; return 200 'z$z'; }",
     ["/rw/last/a?b=c", "/rw/break/page.html", "/rw/redir/x?y", "/rw/perm/x?y",
      "/rw/loop", "/rw/abs", "/rw/cap/ab", "/rw/cap/", "/rw/break/none"],
     PLAIN + RANGES[:1] + CONDITIONS[:1]),
    ("location /if/ { set $a 1; if ($arg_a) { set $a 2; add_header X-A $a; } "
     "if ($request_method = POST) { return 405; } if ($http_user_agent ~ bot) "
     "{ rewrite ^ /plain.txt last; } if (-f $request_filename) { break; } "
     "if ($arg_p) { proxy_pass http://@tell@; } if ($arg_g) { gzip on; } "
     "gzip_min_length 1; %s }",
     ["page.html", "page.html?a=1", "none?p=1", "page.html?g=1", "none?a=1&g=1"],
     PLAIN + CODINGS[:1] + VISITORS[8:9] + RANGES[:1]),
    ("location /try/ { try_files $uri $uri/index.html /folder/$arg_f @tried; }"
     " location @tried { add_header X-Tried $uri; return 404 'tried\\n'; }",
     ["/try/x", "/try/?f=page.html", "/try/x?f=../plain.txt"], SOME),
    ("location /try2/ { try_files /none /page.html; }", ["/try2/x"], SOME),
    ("location /try3/ { try_files $uri =418; }", ["/try3/x"], SOME),
    ("location /try4/ { try_files /a /b /try2/; } location /try5/ { try_files "
     "$uri @named; }", ["/try4/x", "/try5/x"], SOME),
    ("location /err/ { error_page 404 /page.html; error_page 403 =200 /page.html;"
     " error_page 405 = /vars; error_page 402 @named; error_page 410 =201 "
     "@teapot; error_page 500 https://example.com/sorry; error_page 501 =307 "
     "/elsewhere; error_page 503 /none; error_page 416 /plain.txt; "
     "location /err/403 { deny all; } location /err/402 { return 402; } "
     "location /err/410 { return 410; } location /err/500 { return 500; } "
     "location /err/501 { return 501; } location /err/503 { return 503; } %s }",
     ["none", "403", "402", "410", "500", "501", "503", "page.html"],
     PLAIN + RANGES[:1] + RANGES[8:9] + METHODS[:2] + CONDITIONS[:1]),
    ("location /auth/ { auth_request /allow; auth_request_set $user "
     "$sent_http_x_user; add_header X-User $user; %s }", FILE, SOME),
    ("location /auth-no/ { auth_request /forbid; error_page 403 = @named; %s }"
     " location /auth-no2/ { auth_request /forbid; }", FILE, SOME),
    ("location /auth-401/ { auth_request /login; %s }", FILE, PLAIN),
    ("location /auth-up/ { auth_request /ask/echo; %s }"
     " location /ask/ { internal; proxy_pass http://@tell@; "
     "proxy_pass_request_body off; proxy_set_header Content-Length ''; }",
     FILE, PLAIN),
    ("location /basic/ { auth_basic closed; auth_basic_user_file @dir@/users; %s }",
     FILE, SOME + VISITORS[-4:]),
    ("location /satisfy/ { satisfy any; deny all; auth_basic x; "
     "auth_basic_user_file @dir@/users; auth_delay 1ms; %s }", FILE,
     PLAIN + VISITORS[-4:]),
    ("location /satisfy2/ { satisfy any; auth_request /forbid; allow "
     "127.0.0.1; deny all; %s }", FILE, SOME),
    ("location /denied/ { deny all; %s }", FILE, PLAIN),
    ("location /mirror/ { mirror /mirrored; mirror_request_body on; %s }"
     " location = /mirrored { internal; proxy_pass http://@tell@/echo; }",
     FILE, SOME),
    ("location /except/ { limit_except GET { deny all; } %s }", FILE,
     PLAIN + METHODS),
    ("location /once/ { limit_req zone=once; limit_req_status 429; %s }",
     ["page.html"], PLAIN),
    ("location /once2/ { limit_req zone=once burst=9 nodelay; %s }",
     ["page.html"], PLAIN),
    ("location /conn/ { limit_conn many 50; limit_rate 4m; limit_rate_after 1k; %s }",
     ["page.html", "big.bin"], READS),
    ("location /image/ { image_filter resize 5 5; image_filter_jpeg_quality 50; %s }",
     ["dot.png", "plain.txt"], SOME),
    ("location /image-size/ { image_filter size; %s } location /image-rot/ { "
     "image_filter rotate 90; error_page 415 = /empty.gif; %s }",
     ["dot.png", "page.html"], PLAIN),
    ("location /perl { perl 'sub { my $r = shift; $r->send_http_header("
     "\"text/html\"); return OK if $r->header_only; $r->print(\"<p>\", $r->uri,"
     " $r->variable(\"args\"), \"</p>\"); $r->flush; $r->sendfile("
     "\"@html@/plain.txt\"); return OK; }'; }", ["/perl", "/perl?x"], SOME),
    ("location /perl-body { perl 'sub { my $r = shift; return OK if "
     "$r->has_request_body(sub { my $r = shift; $r->send_http_header(); "
     "$r->print($r->request_body); return OK; }); $r->internal_redirect("
     "\"/page.html\"); return OK; }'; }", ["/perl-body"],
     PLAIN + BODIES[:1]),
    ("location /xslt/ { xslt_stylesheet @dir@/sheet.xsl; xslt_types text/html "
     "text/plain; %s }", ["data.xml", "page.html"], SOME),
    ("location /memc { set $memcached_key $args; memcached_pass @memcached@; "
     "error_page 404 = @named; default_type text/html; }",
     ["/memc?key", "/memc?missing"], SOME),
    ("location /fcgi { fastcgi_pass @fastcgi@; fastcgi_param REQUEST_URI "
     "$request_uri; fastcgi_param REQUEST_METHOD $request_method; "
     "fastcgi_param HTTP_MAPPED $mapped; }", ["/fcgi?x=1"], SOME),
    ("location /uwsgi { uwsgi_pass @uwsgi@; uwsgi_param REQUEST_URI "
     "$request_uri; uwsgi_param REQUEST_METHOD $request_method; uwsgi_param "
     "CONTENT_LENGTH $content_length; }", ["/uwsgi?x=1"], SOME),
    ("location /scgi { scgi_pass @scgi@; scgi_param REQUEST_URI $request_uri; "
     "scgi_param REQUEST_METHOD $request_method; scgi_param CONTENT_LENGTH "
     "$content_length; }", ["/scgi?x=1"], SOME),
    ("location /grpc { grpc_pass grpc://@grpc@; grpc_set_header X-A $uri; }",
     ["/grpc"], SOME),
    ("location /grpc-own/ { grpc_pass grpc://127.0.0.1:@inner2@; rewrite "
     "^/grpc-own(/.*) $1 break; }", ["/grpc-own/plain.txt"], READS),
    ("location /up/ { proxy_pass http://@tell@/; }",
     ["/up/" + n for n in ("echo?a=b", "page", "head-only", "chunked", "close",
                           "cookies", "gone", "broken", "empty", "login",
                           "moved", "accel", "accel-named", "accel-charset",
                           "nonsense", "cut", "silent")], SOME),
    ("location /up-un/ { proxy_pass http://@tell@/; proxy_buffering off; "
     "proxy_request_buffering off; proxy_http_version 1.1; }",
     ["/up-un/" + n for n in ("echo", "page", "chunked", "close", "empty",
                              "accel")], SOME),
    ("location /up-int/ { proxy_pass http://@tell@/; proxy_intercept_errors on;"
     " error_page 404 500 /page.html; error_page 401 @named; error_page 302 = "
     "@follow; proxy_redirect default; proxy_hide_header ETag; "
     "proxy_cookie_path / /x; proxy_ignore_headers Vary; proxy_pass_header "
     "Server; } location @follow { proxy_pass http://@tell@; }",
     ["/up-int/" + n for n in ("gone", "broken", "login", "cookies")], SOME),
    ("location /up-mod/ { proxy_pass http://@tell@/page; gzip on; gzip_proxied "
     "any; gzip_min_length 1; sub_filter own OWN; ssi on; proxy_set_header "
     "Accept-Encoding ''; proxy_force_ranges on; }", ["/up-mod/x"], SOME),
    ("location /dead { proxy_pass http://dead; proxy_next_upstream_tries 2; "
     "error_page 502 504 = @named; } location /dead2 { proxy_pass http://dead; }",
     ["/dead", "/dead2"], PLAIN),
    ("location /keep/ { proxy_pass http://own/; proxy_http_version 1.1; "
     "proxy_set_header Connection ''; }",
     ["/keep/page.html", "/keep/none", "/keep/folder"], SOME + CONDITIONS),
    ("location /slice/ { slice 1k; proxy_pass http://own/; proxy_set_header "
     "Range $slice_range; proxy_http_version 1.1; }", ["/slice/page.html"],
     READS + RANGES),
    ("location /store/ { root @dir@; error_page 404 = @store; } "
     "location @store { rewrite ^/store(/.*) $1 break; proxy_pass http://own; "
     "proxy_store @dir@/store$uri; proxy_store_access all:r; }",
     ["/store/plain.txt"], READS),
    ("location /cache/ { proxy_pass http://@tell@/; proxy_cache pages; "
     "proxy_cache_key $uri; proxy_cache_valid 1h; proxy_cache_methods GET HEAD;"
     " proxy_cache_lock on; add_header X-Cache $upstream_cache_status always; }",
     ["/cache/page", "/cache/cookies", "/cache/gone", "/cache/echo",
      "/cache/accel", "/cache/moved"], SOME + CONDITIONS),
    ("location /bypass/ { proxy_pass http://@tell@/; proxy_cache pages; "
     "proxy_cache_bypass $arg_b; proxy_no_cache $arg_n; proxy_cache_valid any "
     "1h; proxy_cache_convert_head off; add_header X-Cache "
     "$upstream_cache_status; }",
     ["/bypass/page", "/bypass/page?b=1", "/bypass/page?n=1"], SOME),
    ("location /slices/ { slice 1k; proxy_pass http://own/; proxy_cache pages; "
     "proxy_set_header Range $slice_range; proxy_cache_key $uri$slice_range; "
     "proxy_cache_valid 1h; proxy_http_version 1.1; }", ["/slices/page.html"],
     READS + RANGES),
    ("location /action/ { post_action /acted; %s } location = /acted { "
     "internal; proxy_pass http://@tell@/echo; }", ["page.html"], PLAIN),
    ("location ~ ^/re/(?<file>[a-z.]+)$ { alias @html@/$file; disable_symlinks "
     "on; } location ^~ /re/x { return 200 prefix; } location = /re/y { return "
     "200 exact; }", ["/re/page.html", "/re/xyz", "/re/y", "/re/1"], SOME),
    ("location /types/ { types { } default_type 'text/html; charset=x'; %s } "
     "location /no-type/ { types { } default_type ''; %s }",
     ["page.html"], SOME),
    ("location /log-not/ { log_not_found off; log_subrequest on; access_log "
     "@dir@/access.log side if=$arg_l; %s }", ["none", "none?l=1"], PLAIN),
    ("location /body/ { client_body_in_file_only clean; client_body_buffer_size "
     "16; proxy_pass http://@tell@/echo; } location /body1/ { "
     "client_body_in_single_buffer on; client_max_body_size 10; proxy_pass "
     "http://@tell@/echo; proxy_set_body 'b $request_body'; }",
     ["/body/x", "/body1/x"], PLAIN + BODIES),
    ("location /keepalive/ { keepalive_disable msie6; chunked_transfer_encoding "
     "off; proxy_pass http://@tell@/echo; reset_timedout_connection on; "
     "lingering_close always; }", ["/keepalive/x"], PLAIN[:1]),
]

NEEDS = {"image_filter": "http_image_filter", "perl ": "http_perl",
         "xslt_": "http_xslt_filter"}


def missing():
    """The modules of Debian that are not installed, or not for this nginx; and
    under sanitizers those whose own libraries leak 104 bytes."""
    return [name for name in EXTRA
            if os.path.realpath(BINARY) != "/usr/sbin/nginx"
            or not os.path.exists(f"{MODULES}/ngx_{name}_module.so")
            or (name in LEAKING and os.environ.get("ES_PRELOAD"))]


def load():
    """The lines that load Debian's modules."""
    return "".join(f"load_module {MODULES}/ngx_{name}_module.so;\n"
                   for name in EXTRA if name not in missing())


def places():
    """The rows of PLACES that this nginx has the modules for, their targets
    made whole: those that do not say so are files of the location."""
    absent = missing()
    for conf, targets, requests in PLACES:
        if any(word in conf and module in absent
               for word, module in NEEDS.items()):
            continue
        name = conf.split("{")[0].split()[-1]
        conf = conf.replace("%s", "alias @html@/;")
        yield conf, [t if t.startswith("/") else name + t
                     for t in targets], requests


def server():
    return SERVER + "".join(conf + "\n" for conf, _, _ in places())


def _png(width, height):
    def part(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    rows = b"".join(b"\0" + bytes([x % 256 for x in range(width * 3)])
                    for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n"
            + part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0,
                                        0))
            + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b""))


FILES = {
    "page.html": PAGE, "index.html": PAGE,
    "plain.txt": (b"0123456789abcde\n" * 512),
    "big.bin": bytes(range(256)) * 800,
    "page.html.gz": gzip.compress(PAGE, mtime=0),
    "plain.txt.gz": gzip.compress(b"0123456789abcde\n" * 512, mtime=0),
    "latin.html": b"<p>\xe4</p>", "before.html": b"<!-- before -->",
    "after.html": b"<!-- after -->", "dot.png": _png(20, 10),
    "film.flv": b"FLV\1\1\0\0\0\x09\0\0\0\0" + b"film" * 2000,
    "data.xml": b"<?xml version='1.0'?><doc><p>one</p><p>two</p></doc>",
    "folder/page.html": PAGE[:100], "closed/index.html": b"closed",
    "secret.html": b"nobody reads this",
    "ssi.html": b"a<!--#include virtual=\"/plain.txt\" -->b"
                b"<!--#echo var=\"args\" --><!--#set var=\"v\" value=\"w\" -->"
                b"<!--# if expr=\"$v = w\" -->yes<!--# else -->no<!--# endif -->"
                b"<!--# include virtual=\"/none\" --><!--# block name=\"s\" -->"
                b"stub<!--# endblock --><!--# include virtual=\"/empty-one\" "
                b"stub=\"s\" -->c<!--# include virtual=\"/up/echo\" -->d",
    "nest.html": b"1<!--# include virtual=\"/ssi/ssi.html?x\" wait=\"yes\" -->2"
                 b"<!--# include virtual=\"/up/page\" set=\"got\" -->3"
                 b"<!--# include virtual=\"/gzip/plain.txt\" -->4"
                 b"<!--# include virtual=\"/up/chunked\" -->"
                 b"<!--# include file=\"page.html\" -->5<!--# echo var=\"got\" "
                 b"-->",
}

SHEET = """<?xml version="1.0"?>
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="html"/><xsl:template match="/"><ul><xsl:for-each
select="doc/p"><li><xsl:value-of select="."/></li></xsl:for-each></ul>
</xsl:template></xsl:stylesheet>
"""


def write_files(site):
    """The files of all places, as old as siderequests.py says."""
    for name, data in FILES.items():
        site.write("html/" + name, data)
    site.write("sheet.xsl", SHEET)
    site.write("users", "user:{PLAIN}pass\n")
    for name in ("dav", "store"):
        os.mkdir(site.path(name))
        os.chmod(site.path(name), 0o777)
    os.chmod(site.path("html/closed"), 0)
    os.chmod(site.path("html/secret.html"), 0)
    for folder, folders, files in os.walk(site.html):
        for name in folders + files:
            os.utime(os.path.join(folder, name), (DAY, DAY))


def direct(folder):
    """directio, where the file system has it."""
    try:
        os.close(os.open(os.path.join(folder, "direct"),
                         os.O_CREAT | os.O_RDWR | os.O_DIRECT))
        return "directio 512; output_buffers 1 16k;"
    except OSError:
        return ""
