"""What tests of the learner share: rules and what they mean, all that a learner
wrote, and the comparison of that with the model."""

import time

from model import DIMENSIONS, Model
from resp import Connection

STREAM = "es:events"
LEASE = "es:lease:{es:events}:learn"

# name → (rule, the same in Python: of an event and the visitor as known before it)
TOPICS = {
    "pumps": ("path starts with /pumps/ or path starts with '/pumpen/'",
              lambda e, v: e.get("path", "").startswith(("/pumps/", "/pumpen/"))),
    "machinery": ('path ~ "^/(valves|mixers)/" or label = "button 7"',
                  lambda e, v: e.get("path", "").startswith(("/valves/", "/mixers/"))
                  or e.get("label") == "button 7"),
    "food": ("path starts with /food/", lambda e, v: e.get("path", "").startswith(
        "/food/")),
    "medical": ("path starts with /medical/ and not segment = trial",
                lambda e, v: e.get("path", "").startswith("/medical/")
                and "trial" not in e.get("segments", "").split(",")),
    "buyers": ("type = goal and value >= 10",      # 1.24e4 is no number of rules
               lambda e, v: e["type"] == "goal" and "e" not in e.get("value", "e")
               and float(e["value"]) >= 10),
    "returning": ("visits >= 1 and type = view",
                  lambda e, v: v is not None and v.visits >= 1
                  and e["type"] == "view"),
    "green": ("choice.cta = green and device != mobile",
              lambda e, v: "cta=green" in e.get("variants", "").split(",")
              and e.get("device") != "mobile"),
    "service": ("path starts with /service/ and country in (DE, AT, CH)",
                lambda e, v: e.get("path", "").startswith("/service/")
                and e.get("country") in ("DE", "AT", "CH")),
}

# name → (points, rule, the same in Python)
SCORES = {
    "quote": (25, "type = goal and label = quote",
              lambda e, v: e["type"] == "goal" and e.get("label") == "quote"),
    "call": (15, "type = goal and label = call",
             lambda e, v: e["type"] == "goal" and e.get("label") == "call"),
    "pumps": (2, "type = view and path starts with /pumps/",
              lambda e, v: e["type"] == "view"
              and e.get("path", "").startswith("/pumps/")),
    "jobs": (-10, "path starts with /jobs/",
             lambda e, v: e.get("path", "").startswith("/jobs/")),
    "reader": (3, "type = dwell and ms > 100000",
               lambda e, v: e["type"] == "dwell" and int(e.get("ms", 0)) > 100000),
    "often": (1, "views >= 10 and type = view",
              lambda e, v: v.views >= 10 and e["type"] == "view"),
}

SETTINGS = {"industries": "food medical machinery"}


def teach(redis, settings=()):
    """Topics, scores and settings as above into Redis."""
    redis("HSET", "es:topics", *[word for name, (rule, _) in TOPICS.items()
                                 for word in (name, rule)])
    redis("HSET", "es:scores", *[
        word for name, (points, rule, _) in SCORES.items()
        for word in (name, f"{points} when {rule}")])
    redis("HSET", "es:settings", *[
        word for pair in {**SETTINGS, **dict(settings)}.items() for word in pair])


def model(settings=(), gone=()):
    return Model({name: holds for name, (_, holds) in TOPICS.items()},
                 {name: (points, holds) for name, (points, _, holds)
                  in SCORES.items()},
                 {**SETTINGS, **dict(settings)}, gone)


def entries(redis, key=STREAM):
    """The whole stream, as XRANGE answers it."""
    found, start = [], "-"
    while rows := redis("XRANGE", key, start, "+", "COUNT", 5000):
        found += rows
        start = b"(" + rows[-1][0]
    return found


def keys(redis, pattern):
    found, cursor = set(), b"0"
    while True:
        cursor, some = redis("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
        found.update(some)
        if cursor == b"0":
            return sorted(found)


def pairs(flat):
    text = [word.decode("utf-8", "backslashreplace") for word in flat]
    return dict(zip(text[::2], text[1::2]))


class Written:
    """All that a learner wrote: counts, marks, values, visitors (how many),
    profiles, states, leads, rejected, others (keys that are none of these)."""

    def __init__(self, redis):
        link = Connection(redis.socket, 60)
        try:
            self.read(link)
        finally:
            link.close()

    def read(self, link):
        names = [key for key in keys(link.command, "es:*") if key.decode() not in (
            STREAM, LEASE, "es:topics", "es:scores", "es:settings")]
        self.counts, self.marks, self.values = {}, {}, {}
        self.visitors, self.profiles, self.states = {}, {}, {}
        self.leads = [pairs(row[1]) for row in link.command(
            "XRANGE", "es:leads", "-", "+")]
        self.rejected = [pairs(row[1]) for row in link.command(
            "XRANGE", "es:events:rejected", "-", "+")]
        self.others = {}
        for key, reply in zip(names, link.pipeline([self.ask(k) for k in names])):
            self.take(key.decode(), reply)

    @staticmethod
    def ask(key):
        for head, command in ((b"es:count:", "HGETALL"), (b"es:profile:", "HGETALL"),
                              (b"es:visitors:", "PFCOUNT"), (b"es:state:", "GET"),
                              (b"es:mark:", "GET"), (b"es:gone:", "GET")):
            if key.startswith(head):
                return command, key
        return "TYPE", key

    def take(self, key, reply):
        kind = key.split(":")[1]
        if kind == "count":
            fields = pairs(reply)
            self.marks[key] = fields.pop("mark", None)
            self.values[key] = int(fields.pop("values", 0))
            self.counts[key] = {f: int(n) for f, n in fields.items() if int(n)}
        elif kind == "profile":
            self.profiles[key[len("es:profile:"):]] = pairs(reply)
        elif kind == "visitors":
            self.visitors[key] = reply
        elif kind == "state":
            self.states[key[len("es:state:{es:profile:"):-1]] = reply
        elif key not in ("es:leads", "es:events:rejected"):
            self.others[key] = reply

    def same_as(self, other):
        """Compares piece by piece, for the sake of whoever reads a failure."""
        for name in ("rejected", "counts", "values", "marks", "visitors", "leads",
                     "profiles", "states", "others"):
            compare(name, getattr(self, name), getattr(other, name))


def compare(name, found, wanted):
    """Equal, or a message with the first differences."""
    if found == wanted:
        return
    if isinstance(found, dict):
        differences = [
            (key, differing(found.get(key), wanted.get(key)))
            for key in sorted({**found, **wanted})
            if found.get(key) != wanted.get(key)]
    else:
        differences = [(n, f, w) for n, (f, w) in enumerate(zip(found, wanted))
                       if f != w] or [("length", len(found), len(wanted))]
    raise AssertionError(f"{name}: {len(differences)} differ, as (found, wanted): "
                         + "\n".join(map(repr, differences[:8])))


def differing(found, wanted):
    if isinstance(found, dict) and isinstance(wanted, dict):
        return [(key, found.get(key), wanted.get(key))
                for key in sorted({**found, **wanted})
                if found.get(key) != wanted.get(key)][:5]
    return found, wanted


def as_model(redis, wanted, written=None):
    """What is in Redis is what the model says, all of it."""
    written = written or Written(redis)
    compare("counts", written.counts, wanted.counts)
    compare("marks", written.marks, wanted.marks)
    compare("values", written.values,
            {key: len(values) for key, values in wanted.values.items()})
    compare("visitors", written.visitors, counted(redis, wanted.visitors))
    compare("profiles", written.profiles, wanted.profiles)
    compare("leads", [lead_of(lead) for lead in written.leads],
            [(id, str(ts), str(score)) for id, ts, score, *_ in wanted.leads])
    compare("rejected", [(row["entry"], row["reason"]) for row in written.rejected],
            wanted.rejected[-1000:])
    assert set(written.states) == set(wanted.people)
    assert {key.split(":")[-1].rstrip("}") for key in written.counts} <= set(
        DIMENSIONS)
    return written


def lead_of(lead):
    return lead["visitor"], lead["ts"], lead["score"]


def counted(redis, sets):
    """How many Redis makes of the ids of each key, its error included."""
    link = Connection(redis.socket, 60)
    link.pipeline([("PFADD", "scratch:" + key, *sorted(ids))
                   for key, ids in sets.items()])
    found = dict(zip(sets, link.pipeline(
        [("PFCOUNT", "scratch:" + key) for key in sets])))
    link.pipeline([("UNLINK", "scratch:" + key) for key in sets])
    link.close()
    return found


def group(redis, name=b"learn"):
    """The consumer group: pending, last-delivered-id, entries-read, lag."""
    for flat in redis("XINFO", "GROUPS", STREAM):
        found = dict(zip([word.decode() for word in flat[::2]], flat[1::2]))
        if found["name"] == name:
            return found
    return None


def caught_up(redis):
    """Is all that is in the stream learned?"""
    newest = redis("XREVRANGE", STREAM, "+", "-", "COUNT", 1)
    found = group(redis)
    return bool(found and newest and found["last-delivered-id"] == newest[0][0])


class Feed:
    """Adds events one at a time, with all that an event must have."""

    def __init__(self, redis, at=None):
        self.redis = redis
        self.now = at or int(time.time() * 1000) - 86400000
        self.serial = 0

    def __call__(self, type="view", visitor="v1", after=1000, ts=None, **more):
        """`after` ms after the one before, or at `ts`; a field that is None is
        left out. Returns the entry's id."""
        self.now += after
        self.serial += 1
        fields = {"id": f"{self.serial:024x}", "ts": ts or self.now, "type": type,
                  "visitor": visitor, **more}
        words = [word for name, value in fields.items() if value is not None
                 for word in (name, value)]
        return self.redis("XADD", STREAM, "*", *words).decode()
