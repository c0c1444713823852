#!/usr/bin/env python3
"""A stand-in for your application: greets, and tells what it was told.

    app.py SOCKET
"""

import html
import http.server
import os
import socketserver
import sys

GREETINGS = {
    "en": "Welcome", "de": "Willkommen", "es": "Bienvenido",
    "pt-BR": "Boas-vindas", "zh-Hans": "欢迎", "ja": "ようこそ",
}

PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head><meta charset="utf-8"><title>{greeting}</title></head>
<body>
<h1>{greeting}</h1>
<pre>
{told}
</pre>
</body>
</html>
"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        language = self.headers.get("X-Visitor-Language", "en")
        told = "\n".join(f"{name}: {value}"
                         for name, value in self.headers.items()
                         if name.lower().startswith("x-visitor"))
        body = PAGE.format(
            language=html.escape(language), told=html.escape(told),
            greeting=GREETINGS.get(language, GREETINGS["en"])).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "nginx"


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


if __name__ == "__main__":
    with Server(sys.argv[1], Handler) as server:
        os.chmod(sys.argv[1], 0o666)
        server.serve_forever()
