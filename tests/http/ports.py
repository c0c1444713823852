"""Free TCP ports.

They are below those the kernel gives to connections (from 32,768 on): between
the moment a port is found free and the moment nginx binds it, and while a
killed server is away, none of the machine's connections may get it. And every
process takes them from a block of its own, so that tests that run side by side
cannot find the same one free.
"""

import itertools
import socket

FIRST, BLOCK, BLOCKS = 12000, 400, 50

_ours = None        # holds the block for as long as this process lives
_turn = None        # the block's ports, in turn: an old one comes up again late


def _take_block():
    """Reserve a block by a name that no other process can have at once."""
    global _ours, _turn
    for n in range(BLOCKS):
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.bind(f"\0exportsite-test-ports-{n}")
        except OSError:
            sock.close()
            continue
        _ours = sock
        first = FIRST + n * BLOCK
        _turn = itertools.cycle(range(first, first + BLOCK))
        return
    raise RuntimeError(f"all {BLOCKS} blocks of ports are in use")


def _is_free(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as sock:
        # as nginx and Redis do: closed connections of the last one may linger
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
        except OSError:
            return False
    return True


def free(host="127.0.0.1"):
    """A port that nobody listens on just now, nor another test soon."""
    if _turn is None:
        _take_block()
    for port in itertools.islice(_turn, BLOCK):
        if _is_free(host, port):
            return port
    raise RuntimeError(f"no port of {BLOCK} is free")
