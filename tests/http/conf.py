"""Pieces of nginx.conf."""

import re

# @name@ is replaced by Nginx; @http@ and @server@ last
TEMPLATE = """\
@load@
daemon off;
@user@
worker_processes @workers@;
pid @dir@/nginx.pid;
error_log @dir@/error.log @level@;
@main@
events { worker_connections 1024; }
http {
    types { text/html html; text/css css; application/javascript js;
            image/png png; application/json json; }
    default_type text/plain;
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path @dir@/tmp/body;
    proxy_temp_path @dir@/tmp/proxy;
    fastcgi_temp_path @dir@/tmp/fastcgi;
    uwsgi_temp_path @dir@/tmp/uwsgi;
    scgi_temp_path @dir@/tmp/scgi;
    set_real_ip_from 127.0.0.1;
    set_real_ip_from unix:;
    real_ip_header X-Forwarded-For;
@http@
    server {
        listen @listen@;
        server_name localhost;
        root @html@;
@server@
    }
}
"""


def fill(text, names):
    """Replace @name@ by names["name"]; an unknown name is an error."""
    def word(match):
        if match.group(1) not in names:
            raise KeyError(f"nobody said what {match.group(0)} is")
        return str(names[match.group(1)])
    return re.sub(r"@([a-z_0-9]+)@", word, text)


def quote(text):
    """A string as one parameter of a directive, `$` left to nginx."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def echo(*names, location="= /vars", extra="exportsite on;"):
    """A location that answers one line name=value for every variable.

    Names are given without `$exportsite_` unless they begin with `$`.
    """
    lines = []
    for name in names:
        full = name if name.startswith("$") else "$exportsite_" + name
        lines.append(f"{name.lstrip('$')}=${{{full[1:]}}}")
    body = "\\n".join(lines)
    return f'location {location} {{ {extra} return 200 "{body}\\n"; }}\n'


def choices(pairs, name="$choice", default="none"):
    """An exportsite_choose block out of (rule, value) pairs."""
    lines = [f"    {quote(rule)} {quote(value)};" for rule, value in pairs]
    lines.append(f"    default {quote(default)};")
    return "exportsite_choose %s {\n%s\n}\n" % (name, "\n".join(lines))
