"""A real shared cache in front of nginx: Debian's varnish."""

import os
import shutil
import signal
import subprocess
import tempfile

import ports
from httpclient import request
from wait import until

BINARY = shutil.which("varnishd") or "/usr/sbin/varnishd"

# Asked as "plain" it is as it comes: it lets pass who has cookies. As "cdn" it
# looks at no cookies, neither of requests nor of answers, but passes them on.
VCL = """vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "%d"; }
sub vcl_recv {
    if (req.http.Host == "cdn") { return (hash); }
}
sub vcl_backend_response {
    if (bereq.http.Host == "cdn"
        && beresp.http.Cache-Control !~ "(?i)private|no-store|no-cache"
        && beresp.http.Vary !~ "\\*")
    {
        return (deliver);
    }
}
sub vcl_deliver { set resp.http.X-Hits = obj.hits; }
"""
MODES = ("plain", "cdn")


class Varnish:
    """A varnish before the port of a server, with nothing in it."""

    def __init__(self, port):
        self.folder = tempfile.mkdtemp(prefix="exportsite-varnish-")
        os.chmod(self.folder, 0o755)          # its child is another user
        self.path = os.path.join(self.folder, "default.vcl")
        with open(self.path, "w") as file:
            file.write(VCL % port)
        self.port = ports.free()
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [BINARY, "-F", "-n", os.path.join(self.folder, "work"),
                 "-a", f"127.0.0.1:{self.port}", "-f", self.path,
                 "-s", "malloc,16m", "-T", "none",
                 "-p", "vsl_space=2M", "-p", "thread_pools=1"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            until(self._answers, 60, "varnish to answer", every=0.02)
        except AssertionError:
            self.close()
            raise

    def _answers(self):
        if self.process.poll() is not None:
            with open(self.log) as log:
                raise AssertionError("varnishd ended:\n" + log.read())
        try:
            return self.get("/varnish-is-up").status > 0
        except OSError:
            return False

    def get(self, target, headers=(), mode="plain"):
        return request(("127.0.0.1", self.port), "GET", target,
                       {"Host": mode, **dict(headers)})

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)
