"""The visitor's cookie as a stranger with the key would make it."""

import hashlib
import struct

MASK = (1 << 64) - 1


def _turn(x, n):
    return (x << n | x >> (64 - n)) & MASK


def _round(a, b, c, d):
    a = (a + b) & MASK
    b = _turn(b, 13) ^ a
    a = _turn(a, 32)
    c = (c + d) & MASK
    d = _turn(d, 16) ^ c
    a = (a + d) & MASK
    d = _turn(d, 21) ^ a
    c = (c + b) & MASK
    b = _turn(b, 17) ^ c
    return a, b, _turn(c, 32), d


def siphash128(key, data):
    """SipHash-2-4 with 16 bytes of result."""
    k0, k1 = struct.unpack("<QQ", key)
    state = (k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d ^ 0xee,
             k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573)
    data += bytes(-(len(data) + 1) % 8) + bytes([len(data) & 255])
    for (word,) in struct.iter_unpack("<Q", data):
        a, b, c, d = state
        a, b, c, d = _round(*_round(a, b, c, d ^ word))
        state = a ^ word, b, c, d
    result = b""
    for index, mark in ((2, 0xee), (1, 0xdd)):
        state = tuple(x ^ mark if i == index else x
                      for i, x in enumerate(state))
        for _ in range(4):
            state = _round(*state)
        a, b, c, d = state
        result += struct.pack("<Q", a ^ b ^ c ^ d)
    return result


def token(secret, visitor):
    """What the cookie holds for a visitor's id, by the text of the key file."""
    key = hashlib.sha256(secret.encode()).digest()[:16]
    return visitor + "." + siphash128(key, b"es visit" + visitor.encode()).hex()
