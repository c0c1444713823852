"""A link to Redis that can be slow, deaf or cut."""

import socket
import threading
import time

from acceptor import accept, run, unix


class SlowLink:
    """Passes bytes between clients on its own unix socket and `target`.

    delay    seconds every reply is held back (may be changed while running)
    swallow  when true, replies are thrown away
    deaf     when true, requests are thrown away
    drop     pieces of a reply that hold these bytes are thrown away
    """

    def __init__(self, path, target, delay=0.0):
        self.path = path
        self.target = target
        self.delay = delay
        self.swallow = False
        self.deaf = False
        self.drop = None
        self.pairs = []
        self.lock = threading.Lock()
        self.listener = unix(path)
        self.open = True
        accept(self.listener, self._taken)

    def __str__(self):
        return f"unix:{self.path}"

    def _taken(self, client):
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.target)
        except OSError:
            server.close()
            client.close()
            return
        with self.lock:
            self.pairs.append((client, server))
        for step in (self._requests, self._replies):
            run(step, client, server)

    def _requests(self, client, server):
        try:
            while data := client.recv(65536):
                if not self.deaf:
                    server.sendall(data)
        except OSError:
            pass
        self._hang_up(client, server)

    def _replies(self, client, server):
        """Hold every piece back by itself, so that delays do not add up."""
        waiting = []
        more = threading.Condition()
        sender = threading.Thread(target=self._send_late,
                                  args=(client, waiting, more), daemon=True)
        sender.start()
        try:
            while data := server.recv(65536):
                if self.swallow or (self.drop and self.drop in data):
                    continue
                with more:
                    waiting.append((time.monotonic() + self.delay, data))
                    more.notify()
        except OSError:
            pass
        with more:
            waiting.append((0, b""))
            more.notify()
        sender.join()
        self._hang_up(client, server)

    @staticmethod
    def _send_late(client, waiting, more):
        while True:
            with more:
                while not waiting:
                    more.wait()
                due, data = waiting.pop(0)
            if not data:
                return
            time.sleep(max(0, due - time.monotonic()))
            try:
                client.sendall(data)
            except OSError:
                return

    def _hang_up(self, *socks):
        for sock in socks:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        """End every connection; new ones are taken as before."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            self._hang_up(*pair)
        return len(pairs)

    def close(self):
        if self.open:
            self.open = False
            self._hang_up(self.listener)
            self.listener.close()
            self.cut()
