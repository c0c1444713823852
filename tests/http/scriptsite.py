"""Pages with the browser script, and a collector as strict as the real one.

In Python and without a module: what the script does, and nothing else.
"""

import http.server
import json
import math
import re
import threading
import urllib.parse
import zlib

import scriptfile
from wait import until

MEMBERS = {"type", "path", "label", "value", "ms", "page"}
SCRIPT = '<script src="/_es?v=1" defer></script>'


def html(body, script=SCRIPT, head=""):
    return (f"<!DOCTYPE html><html><head><meta charset=utf-8>"
            f"<title>page</title>{head}{script}</head>"
            f"<body>{body}</body></html>")


def fault(event):
    """Why the collector would refuse an event; None if it would not."""
    number = (int, float)
    if not isinstance(event, dict) or set(event) - MEMBERS:
        return "members"
    if not re.fullmatch("[a-z0-9_-]{1,32}", event.get("type", "")):
        return "type"
    path = event.get("path", "/")
    if not path.startswith("/") or re.search("[?#]|%00", path):
        return "path"
    if "label" in event and not isinstance(event["label"], str):
        return "label"
    if "\0" in event.get("label", "") \
            or len(event.get("label", "").encode()) > 256:
        return "label"
    for name in ("value", "ms"):
        if name in event and (not isinstance(event[name], number)
                              or isinstance(event[name], bool)
                              or not math.isfinite(event[name])):
            return name
    if not 0 <= event.get("ms", 0) < 2 ** 53:
        return "ms"
    if not re.fullmatch("[0-9a-f]{24}", event.get("page", "0" * 24)):
        return "page"
    return None


def members(pairs):
    """An object's members; one that is there twice is refused."""
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), names
    return dict(pairs)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        site, path = self.server.site, self.path.split("?")[0]
        if path.endswith(("/_es", "/_es2")):
            self.answer(200, {"Content-Type": "application/javascript",
                              "Cache-Control": "no-store"},
                        scriptfile.served(site.cookie, site.optout).encode())
        elif urllib.parse.unquote(path) in site.pages:
            body, more = site.pages[urllib.parse.unquote(path)]
            tag = f'W/"{zlib.crc32(body.encode())}"'
            headers = {"Content-Type": "text/html", "ETag": tag,
                       "Server-Timing": f'es;desc="{site.new_view(path)}"',
                       **more}
            if self.headers.get("If-None-Match") == tag:
                self.answer(304, headers)
            else:
                self.answer(200, headers, body.encode())
        else:
            self.answer(404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/_es"):
            # a page of the test before may have had a last word
            if self.path == f"/{self.server.site.round}/_es":
                self.server.site.take(self.headers, body)
            self.answer(204)
        else:
            # a form's
            self.answer(200, {"Content-Type": "text/html"}, b"<p>thanks</p>")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass            # a browser that hangs up


class Site:
    """pages    path → (HTML, more headers)
    views    (path, id) of every page asked for
    batches  lists of events, as they came
    faults   what the collector would have refused
    """

    def __init__(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.site = self
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.counter = self.round = 0
        self.reset()
        threading.Thread(target=self.server.serve_forever,
                         kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def reset(self, cookie="consent", optout="gpc dnt"):
        self.round += 1
        self.cookie, self.optout = cookie, optout
        self.pages, self.views, self.batches = {}, [], []
        self.faults, self.bodies, self.cookies = [], [], []

    def put(self, body, path="/page", script=SCRIPT, head="", **headers):
        """A page; headers with _ for -. Returns its address."""
        more = {name.replace("_", "-"): value
                for name, value in headers.items()}
        page = html(body, script, head).replace("/_es", f"/{self.round}/_es")
        self.pages[path] = (page, more)
        return self.url + path

    def new_view(self, path):
        self.counter += 1
        self.views.append((path, f"{self.counter:024x}"))
        return self.views[-1][1]

    def take(self, headers, body):
        try:
            assert len(body) <= 8192, "long"
            assert headers["Content-Type"] == "application/json", "no JSON"
            batch = json.loads(body.decode(), object_pairs_hook=members)
            assert isinstance(batch, list) and 1 <= len(batch) <= 32, "many"
            for event in batch:
                assert not fault(event), f"{fault(event)}: {event}"
        except (AssertionError, ValueError) as error:
            self.faults.append(f"{error!r} in {body!r}")
            return
        self.bodies.append(body)
        self.cookies.append(headers.get("Cookie", ""))
        self.batches.append(batch)

    def events(self):
        assert not self.faults, self.faults
        return [event for batch in self.batches for event in batch]

    def wait(self, count):
        """The events, once there are so many."""
        until(lambda: len(self.events()) >= count, 10,
              f"{count} events; there are {self.events()}")
        return self.events()

    def all(self, browser, dwells=1):
        """Leave the page; its events, all of them.

        A page that is left tells its dwell, the last of so many.
        """
        browser.leave()
        until(lambda: len(self.dwells()) >= dwells, 10, "the last dwell")
        return self.events()

    def dwells(self):
        return [event for event in self.events() if event["type"] == "dwell"]

    def told(self, browser, *names, dwells=1):
        """Type and other members of all events but dwells, page left."""
        return [tuple(event.get(name) for name in ("type",) + names)
                for event in self.all(browser, dwells) if event["type"] != "dwell"]
