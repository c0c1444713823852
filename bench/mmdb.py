"""A reader of MMDB files in plain Python: slow, and nobody else's code, so that
it can be the judge of the countries that nginx finds."""

import ipaddress


class Database:
    """By the MaxMind DB File Format Specification, version 2.0."""

    MARK = b"\xab\xcd\xefMaxMind.com"

    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = file.read()
        start = self.bytes.rindex(self.MARK) + len(self.MARK)
        self.pointers_from = start
        meta = self._value(start)[0]
        self.nodes = meta["node_count"]
        self.bits = meta["record_size"]
        self.version = meta["ip_version"]
        self.tree_size = self.nodes * self.bits // 4
        self.pointers_from = self.tree_size + 16

    def country(self, address):
        """Two letters, or XX."""
        found = self.find(address) or {}
        if "country" in found and isinstance(found["country"], dict):
            return found["country"].get("iso_code", "XX")
        return found.get("country_code", "XX")

    def find(self, address):
        """What the database has of an address; None if nothing."""
        ip = ipaddress.ip_address(address)
        number, width = int(ip), ip.max_prefixlen
        if ip.version == 4 and self.version == 6:
            width = 128                     # ::a.b.c.d
        node = 0
        for bit in range(width - 1, -1, -1):
            node = self._child(node, number >> bit & 1)
            if node >= self.nodes:
                break
        if node <= self.nodes:
            return None
        return self._value(node - self.nodes + self.tree_size)[0]

    def _child(self, node, right):
        at = node * self.bits // 4
        both = self.bytes[at:at + self.bits // 4]
        if self.bits == 28:
            high = both[3] & 15 if right else both[3] >> 4
            low = both[4:7] if right else both[:3]
            return high << 24 | int.from_bytes(low, "big")
        half = len(both) // 2
        return int.from_bytes(both[half:] if right else both[:half], "big")

    def _value(self, at):
        """The value that begins at `at`, and where it ends."""
        control = self.bytes[at]
        at += 1
        kind = control >> 5
        if kind == 1:
            return self._pointer(control, at)
        if kind == 0:
            kind = 7 + self.bytes[at]
            at += 1
        size = control & 31
        if size > 28:
            more = size - 28
            size = (29, 285, 65821)[more - 1] + int.from_bytes(
                self.bytes[at:at + more], "big")
            at += more
        if kind == 7:                       # a map
            pairs = {}
            for _ in range(size):
                key, at = self._value(at)
                pairs[key], at = self._value(at)
            return pairs, at
        if kind == 11:                      # an array
            items = []
            for _ in range(size):
                item, at = self._value(at)
                items.append(item)
            return items, at
        if kind == 14:                      # a boolean
            return bool(size), at
        data = self.bytes[at:at + size]
        if kind == 2:
            return data.decode(), at + size
        if kind in (5, 6, 8, 9, 10):
            return int.from_bytes(data, "big"), at + size
        return data, at + size

    def _pointer(self, control, at):
        more = (control >> 3 & 3) + 1
        number = int.from_bytes(self.bytes[at:at + more], "big")
        if more < 4:
            number += ((control & 7) << 8 * more) + (0, 2048, 526336)[more - 1]
        return self._value(self.pointers_from + number)[0], at + more
