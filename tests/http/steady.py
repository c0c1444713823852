"""Visitors who come all the time, and notice every request that fails."""

import socket
import threading

END = b"</html>"
CHUNKED = END + b"\r\n0\r\n\r\n"


class Steady:
    """One request after the other on every thread, until stop().

    Even threads open a connection for each request, and count every failure.
    Odd ones keep theirs; a connection that nginx closed before a byte of the
    answer came is opened anew, once, as browsers do. Pages must answer 200 and
    end in </html>.

    asked   what was sent
    done    answered in full, and recorded
    failed  what went wrong: (path, what came of it)
    """

    def __init__(self, site, threads=2, pause=0.002):
        self.site = site
        self.pause = pause
        self.asked = []
        self.done = []
        self.failed = []
        self.halt = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(k,))
                        for k in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.halt.set()
        for thread in self.threads:
            thread.join()

    def _run(self, k):
        n, ask = 0, self._kept if k % 2 else self._fresh
        self_conn = Connection(self.site.address)
        while not self.halt.wait(self.pause):
            path = f"/p/{k}-{n}"
            n += 1
            self.asked.append(path)
            try:
                got = ask(self_conn, path)
            except OSError as error:
                got = repr(error).encode()
            if got.startswith(b"HTTP/1.1 200 ") and whole(got):
                self.done.append(path)
            else:
                self.failed.append((path, got[-200:]))
        self_conn.close()

    @staticmethod
    def _fresh(conn, path):
        """nginx closes when all is done, the recording too."""
        try:
            conn.open()
            conn.ask(path, b"Connection: close\r\n")
            return conn.read_all()
        finally:
            conn.close()

    @staticmethod
    def _kept(conn, path):
        if conn.sock:
            try:
                conn.ask(path)
                got = conn.read_page()
                if got:
                    return got
            except ConnectionError:
                pass
            conn.close()
        conn.open()
        conn.ask(path)
        return conn.read_page()


def whole(got):
    """Is this all of a page?"""
    chunked = b"\r\nTransfer-Encoding: chunked\r\n" in got
    return got.endswith(CHUNKED if chunked else END)


class Connection:
    def __init__(self, address):
        self.address = address
        self.sock = None

    def open(self):
        self.sock = socket.create_connection(self.address, 15)

    def close(self):
        if self.sock:
            self.sock.close()
            self.sock = None

    def ask(self, path, more=b""):
        self.sock.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
                          % (path.encode(), more))

    def read_all(self):
        got = b""
        while piece := self.sock.recv(65536):
            got += piece
        return got

    def read_page(self):
        got = b""
        while not whole(got):
            piece = self.sock.recv(65536)
            if not piece:
                break
            got += piece
        return got
