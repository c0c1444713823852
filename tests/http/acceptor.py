"""What the harness's small servers have in common: connections that come."""

import os
import socket
import threading


def unix(path):
    """A listening unix socket that nginx's workers may connect to."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, 0o777)
    listener.listen(64)
    return listener


def run(target, *args):
    threading.Thread(target=target, args=args, daemon=True).start()


def accept(listener, taken):
    """Call taken(sock) for each connection, in a thread of its own, until the
    listener is closed."""

    def loop():
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            taken(sock)

    run(loop)
