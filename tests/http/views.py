"""Views with numbers, many of them, and what became of each."""

import collections
import socket
import threading
import time

from wait import until

PAGES = ("location /p/ { exportsite on; default_type text/html; "
         "return 200 '<p>ok</p>'; }\n"
         "location = /status { exportsite_status; }\n")
MARK = b"<p>ok</p>"


def path(n):
    return f"/p/{n}"


def paths(first, count):
    return [path(n) for n in range(first, first + count)]


def _ask(sock, targets, close=False):
    last = b"Connection: close\r\n" if close else b""
    sock.sendall(b"".join(
        b"GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
        % (target.encode(), last) for target in targets))


def view(site, first=0, count=1, chunk=100):
    """The views /p/first … in this order, over one connection.

    They are complete, recorded too, when this returns their paths.
    """
    asked = paths(first, count)
    with socket.create_connection(site.address, 15) as sock:
        for n in range(0, count, chunk):
            part = asked[n:n + chunk]
            _ask(sock, part)
            got = b""
            while got.count(MARK) < len(part):
                piece = sock.recv(65536)
                assert piece, f"only {got.count(MARK)} of {len(part)} pages"
                got += piece
        # an event is made after its page: it is there when the next answer is
        _ask(sock, ["/nothing"], close=True)
        while sock.recv(65536):
            pass
    return asked


class Load:
    """Views of several connections, all the time, until stop().

    asked   what was sent
    done    what is complete: the same connection had a later answer
    failed  connections that ended in the middle
    """

    def __init__(self, site, threads=2, chunk=8, pause=0.0):
        self.site = site
        self.chunk = chunk
        self.pause = pause
        self.asked = []
        self.done = []
        self.failed = 0
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
        n = 0
        while not self.halt.is_set():
            last = None
            try:
                with socket.create_connection(self.site.address, 10) as sock:
                    while not self.halt.wait(self.pause):
                        part = [f"/p/{k}-{n + i}" for i in range(self.chunk)]
                        n += self.chunk
                        self.asked += part
                        got = self._take(sock, part)
                        complete = part[:got]
                        if last and complete:
                            self.done.append(last)
                        last = complete.pop() if complete else None
                        self.done += complete
                        if got < len(part):
                            self.failed += 1
                            break
                    else:
                        _ask(sock, ["/nothing"], close=True)
                        if last and sock.recv(65536):
                            self.done.append(last)
            except OSError:
                self.failed += 1
                self.halt.wait(0.005)

    @staticmethod
    def _take(sock, part):
        """How many of the pages came."""
        got = b""
        try:
            _ask(sock, part)
            while got.count(MARK) < len(part):
                piece = sock.recv(65536)
                if not piece:
                    break
                got += piece
        except OSError:
            pass
        return got.count(MARK)


# -- the stream

def stream(redis, key="es:events"):
    """Paths in the stream, oldest first; each event has an id of its own."""
    events = redis.stream(key)
    ids = collections.Counter(event["id"] for event in events)
    twice = [i for i, n in ids.items() if n > 1]
    assert not twice, (
        f"{len(twice)} events are there twice, such as "
        + ", ".join(e["path"] for e in events if e["id"] in twice[:3]))
    return [event["path"] for event in events]


def arrive(redis, count, timeout=10.0, key="es:events"):
    """The stream's paths, once it holds at least so many."""
    until(lambda: redis("XLEN", key) >= count, timeout,
          f"{count} events in {key}", every=0.02)
    return stream(redis, key)


def arrive_all(redis, want, timeout=12.0, key="es:events", spare=0):
    """The stream's paths, once all that are wanted are among them, but `spare`."""
    want = set(want)
    missing = None
    deadline = time.monotonic() + timeout
    while missing is None or (len(missing) > spare
                              and time.monotonic() < deadline):
        time.sleep(0 if missing is None else 0.1)
        missing = want
        if redis("XLEN", key) >= len(want) - spare:
            missing = want - set(stream(redis, key))
    got = stream(redis, key)
    missing = want - set(got)
    assert len(missing) <= spare, (f"{len(missing)} of {len(want)} missing, such as "
                         f"{sorted(missing)[:5]}")
    return got


def settle(site, timeout=10.0):
    """The status page, once nothing waits any more, in memory or on disk."""
    def calm():
        got = site.json()
        return got if not waiting(got) else None
    return until(calm, timeout, "nothing to wait", every=0.03)


def connected(site, timeout=5.0):
    until(lambda: site.json()["redis"]["state"] == "connected", timeout,
          "a connection to Redis")


# -- the status page

def waiting(status):
    """Events that are not in Redis yet."""
    return status["events"]["queued"] + status["spool"]["events"]


def lost(status, *reasons):
    """Events lost for these reasons, or for any."""
    by = status["events"]["lost_by"]
    if not reasons:
        assert status["events"]["lost"] == sum(by.values()), status["events"]
        return status["events"]["lost"]
    return sum(by[reason] for reason in reasons)


# -- the verdict

FRESH_WAITS = 1900      # ms, of the two seconds that it waits for a replay


def check(redis, want, ordered=True):
    """The stream holds these paths, each once, and nothing else.

    In this order, too; only where a replay takes longer than two seconds,
    because the machine is busy, may fresh events go beside it.
    """
    got = stream(redis)
    missing = set(want) - set(got)
    extra = set(got) - set(want)
    assert not missing and not extra, (
        f"{len(missing)} missing ({sorted(missing)[:5]}), "
        f"{len(extra)} too many ({sorted(extra)[:5]})")
    assert len(got) == len(want)
    if ordered and got != list(want):
        n = next(i for i, path in enumerate(got) if path != want[i])
        place = {path: i for i, path in enumerate(want)}
        assert (lasted(redis, n) >= FRESH_WAITS
                and is_merged([place[path] for path in got])), (
            f"the order: at {n} stands {got[n]}, not {want[n]}")


def lasted(redis, n):
    """Milliseconds that the run of entries before the n-th took."""
    times = [int(entry[0].split(b"-")[0])
             for entry in redis("XRANGE", "es:events", "-", "+")[:n + 1]]
    first = n
    while first > 0 and times[first] - times[first - 1] < 500:
        first -= 1
    return times[n] - times[first]


def is_merged(numbers):
    """Whether two rising sequences were merged to make this one."""
    one = two = -1
    for number in numbers:
        if number > one:
            one = number
        elif number > two:
            two = number
        else:
            return False
    return True
