#!/usr/bin/env python3
"""A stand-in for an application whose pages take a while to make.

    app.py SOCKET

A page tells whom it was made for. Those below /news/ are good for a second, all
others for a minute. /_made tells what was asked for until now.
"""

import hashlib
import html
import http.server
import json
import os
import socketserver
import sys
import threading
import time

GREETINGS = {"en": "Welcome", "de": "Willkommen", "pt-BR": "Boas-vindas",
             "ja": "ようこそ"}

PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head><meta charset="utf-8"><title>{greeting}</title></head>
<body>
<h1>{greeting}</h1>
<p>Made for {kind}</p>
</body>
</html>
"""

lock = threading.Lock()
made = {}             # "path kind" -> how often it was made
unchanged = 0         # how often a 304 was enough


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/_made":
            self.answer(200, json.dumps({"made": made, "unchanged": unchanged}),
                        {"Cache-Control": "no-store",
                         "Content-Type": "application/json"})
        else:
            self.page()

    def page(self):
        global unchanged
        told = [self.headers.get("X-Visitor-" + name, "-")
                for name in ("Language", "Market", "Industry")]
        kind = "/".join(told)
        body = PAGE.format(
            language=html.escape(told[0]), kind=html.escape(kind),
            greeting=GREETINGS.get(told[0], GREETINGS["en"]))
        tag = '"%s"' % hashlib.sha256(body.encode()).hexdigest()[:16]
        age = 1 if self.path.startswith("/news/") else 60
        head = {"Content-Type": "text/html; charset=utf-8", "ETag": tag,
                "Cache-Control": f"public, max-age={age}"}

        if self.headers.get("If-None-Match") == tag:
            with lock:
                unchanged += 1
            self.answer(304, "", head)
            return

        time.sleep(0.05)                # databases, templates, and so on
        with lock:
            name = f"{self.path} {kind}"
            made[name] = made.get(name, 0) + 1
        self.answer(200, body, head)

    def answer(self, status, text, head):
        body = text.encode()
        self.send_response(status)
        for name, value in head.items():
            self.send_header(name, value)
        if status != 304:
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
