"""What a learner has to make of a stream of events: a second one, in Python.

It is written from the documentation (docs/learning.md, docs/events.md), for few
events and without any thought of speed, so that the program's own can be compared
with it: Model(topics, scores, settings).learn(entries), then look at its
`counts`, `visitors`, `profiles`, `leads` and `rejected`.
"""

import math
import re
from datetime import datetime, timezone
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

DAY = 86400000
LIMITS = {"id": 24, "ts": 20, "type": 32, "visitor": 64, "host": 255, "path": 1024,
          "status": 20, "country": 8, "language": 64, "industry": 32,
          "segments": 2048, "variants": 1024, "experiments": 1024, "referrer": 255,
          "source": 128, "medium": 128, "campaign": 128, "device": 16, "page": 24,
          "label": 256, "value": 32, "ms": 20}
SETTINGS = {"visit_minutes": 30, "interest_days": 14, "industry_score": 3,
            "industry_margin": 2, "lead_threshold": 50, "counter_values": 1000,
            "industries": "", "timezone": "UTC"}
TOUCH = ("source", "medium", "campaign", "referrer")
DIMENSIONS = ("all", "country", "language", "industry", "device", "segment",
              "campaign", "referrer", "page", "topic", "choice", "transition",
              "together", "rejected")


def cut(text, size=200):
    """Not longer than so many bytes, and no half letter at the end."""
    return text.encode()[:size].decode("utf-8", "ignore")


def parts(text):
    """What a list names, each once."""
    return list(dict.fromkeys(part for part in text.split(",") if part))


def rounded(x):
    """To a whole number, halves up; x is not negative."""
    whole = math.floor(x)
    return whole + (x - whole >= 0.5)


def thousandths(value):
    number = Decimal(value) * 1000
    limit = Decimal(10) ** 12
    number = max(-limit, min(limit, number))
    return int(number.quantize(Decimal(1), ROUND_HALF_UP))


def dwell(event):
    """No more than a day is believed."""
    return min(int(event.get("ms", 0)), 86400000)


def shown(score):
    """Millionths with two digits behind the point."""
    return f"{(score + 5000) // 10000 / 100:.2f}"


# -- what is an event

class Rejected(Exception):
    """Why an entry is no event."""


def event_of(id, flat):
    """An entry's fields as text, or Rejected."""
    fields = {}
    for name, value in zip(flat[::2], flat[1::2]):
        name = name.decode("utf-8", "replace")
        if name not in LIMITS:
            raise Rejected("unknown")
        if name in fields:
            raise Rejected("twice")
        if len(value) > LIMITS[name] and not (
                name in ("id", "page") and len(value) <= 64):
            raise Rejected("long")
        try:
            fields[name] = value.decode("utf-8")
        except UnicodeDecodeError:
            raise Rejected("text") from None
        if re.search(r"[\x00-\x1f\x7f]", fields[name]):
            raise Rejected("text")
    event = {name: value for name, value in fields.items() if value != ""}
    if not {"id", "ts", "type"} <= set(event):
        raise Rejected("missing")
    forms = {"id": r"[0-9a-f]{24}", "ts": r"[0-9]{12,14}", "type": r"[a-z0-9_-]+",
             "visitor": r"[A-Za-z0-9._-]+", "path": r"/.*", "country": r"[A-Z]{2}",
             "value": r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,20})?",
             "ms": r"[0-9]+"}
    for name, form in forms.items():
        if name in event and not re.fullmatch(form, event[name]):
            raise Rejected("form")
    event["ts"] = int(event["ts"])
    if "ms" in event and int(event["ms"]) >= 1 << 53:
        raise Rejected("form")
    written = int(id.split(b"-")[0])
    if event["ts"] < 946684800000 or event["ts"] > written + DAY:
        raise Rejected("time")
    return event


def referrer_of(event):
    """Other sites only."""
    host = event.get("referrer", "")
    return "" if host.lower() == event.get("host", "").lower() else host


def weight_of(event):
    """What a topic gains by it, in millionths."""
    if event["type"] == "dwell":
        ms = min(int(event.get("ms", 0)), 4 * 30000)
        return (ms * 1000000 + 15000) // 30000
    return {"view": 1, "click": 1, "goal": 5}.get(event["type"], 0) * 1000000


# -- a visitor

class Visitor:
    def __init__(self):
        self.visits = self.views = self.goals = self.clicks = self.dwell = 0
        self.first_seen = self.last_seen = 0
        self.known = {}                    # device, country, language
        self.first, self.last = (0, {}), (0, {})
        self.active = self.viewed = 0      # of the visit
        self.campaign = self.referrer = ""
        self.pages, self.recent = [], []
        self.topics, self.scored = {}, None
        self.industry = ""                 # the last that was clear
        self.points, self.lead, self.reasons = 0, 0, {}

    def apply(self, event, topics, points, model):
        """Returns what the event means for the counters."""
        ts, type = event["ts"], event["type"]
        self.views += type == "view"
        self.clicks += type == "click"
        self.goals += type == "goal"
        if type == "dwell":
            self.dwell += dwell(event)
        self.see(event)
        outcome = self.visit(event, model.number("visit_minutes") * 60000)
        self.score(event, topics, model.number("interest_days") * DAY)
        self.industry = self.clear_industry(model) or self.industry
        for name, gain in points:
            times, gained = self.reasons.get(name, (0, 0))
            self.reasons[name] = times + 1, gained + gain
        self.points = max(0, self.points + sum(gain for _, gain in points))
        if not self.lead and self.points >= model.number("lead_threshold"):
            self.lead = ts
            outcome["lead"] = True
        return outcome

    def see(self, event):
        ts = event["ts"]
        for name in ("device", "country", "language"):
            value = event.get(name, "")
            if name == "country" and value == "XX":
                continue
            if value and (ts >= self.last_seen or name not in self.known):
                self.known[name] = value
        self.first_seen = min(self.first_seen or ts, ts)
        self.last_seen = max(self.last_seen, ts)
        touch = {name: event.get(name, "") for name in TOUCH}
        touch["referrer"] = referrer_of(event)
        if event["type"] == "view" and any(touch.values()):
            if not self.first[0] or ts < self.first[0]:
                self.first = ts, touch
            if ts >= self.last[0]:
                self.last = ts, touch

    def visit(self, event, gap):
        ts, view = event["ts"], event["type"] == "view"
        path = cut(event.get("path", ""))
        outcome = {"visit": False, "from": None, "seen": [], "page": path,
                   "lead": False}
        within = self.active and ts - self.active <= gap
        if view and not within:
            outcome["visit"] = True
            self.visits += 1
            self.active, self.viewed = ts, 0
            self.campaign = self.referrer = ""
            self.pages = []
        elif within:
            self.active = max(self.active, ts)
        if view:
            self.campaign = self.campaign or event.get("campaign", "")
            self.referrer = self.referrer or referrer_of(event)
        if view and path:
            late = ts < self.viewed
            if not late and self.pages and self.recent[0] != path:
                outcome["from"] = self.recent[0]
            self.viewed = max(self.viewed, ts)
            self.recent.insert(1 if late and self.recent else 0, path)
            del self.recent[5:]
            if len(self.pages) < 16 and path not in self.pages:
                outcome["seen"] = list(self.pages)
                self.pages.append(path)
        outcome["campaign"], outcome["referrer"] = self.campaign, self.referrer
        return outcome

    def score(self, event, topics, half_life):
        ts = event["ts"]
        if self.scored is not None and ts > self.scored:
            factor = 2.0 ** (-(ts - self.scored) / half_life)
            self.topics = {name: rounded(score * factor)
                           for name, score in self.topics.items()}
        self.scored = max(self.scored or 0, ts)
        weight = weight_of(event)
        if weight:
            for name in topics:
                self.topics[name] = self.topics.get(name, 0) + weight
        order = sorted(self.topics, key=lambda name: (-self.topics[name], name))
        self.topics = {name: self.topics[name] for name in order[:32]
                       if self.topics[name] >= 50000}
        if not self.topics:
            self.scored = None

    @property
    def interest(self):
        """They are in order."""
        return next(iter(self.topics), "")

    def clear_industry(self, model):
        found = [(score, name) for name, score in self.topics.items()
                 if model.is_industry(name)]
        if not found:
            return ""
        second = found[1][0] if len(found) > 1 else 0
        clear = found[0][0] >= model.number("industry_score") * 1000000 and \
            found[0][0] >= model.number("industry_margin") * second
        return found[0][1] if clear else ""

    def profile(self):
        """Its fields; what is 0 or empty is not there."""
        fields = {name: getattr(self, name) for name in (
            "visits", "views", "goals", "clicks", "dwell", "first_seen", "last_seen",
            "lead", "interest")}
        fields["score"] = self.points
        fields.update(self.known)
        for when, (_, touch) in (("first", self.first), ("last", self.last)):
            fields.update({f"{when}_{name}": value for name, value in touch.items()})
        fields.update({f"topic:{name}": shown(score)
                       for name, score in self.topics.items()})
        if self.industry:
            fields.update(industry=self.industry, industry_source="learned")
        return {name: str(value) for name, value in fields.items() if value}


# -- all of it

class Model:
    def __init__(self, topics=(), scores=(), settings=(), gone=(), prefix="es:"):
        """topics: name → function of (event, visitor); scores: name → (points,
        function); gone: id → what its key holds."""
        self.topics, self.scores = dict(topics), dict(scores)
        self.settings = {**SETTINGS, **dict(settings)}
        self.gone, self.prefix = dict(gone), prefix
        self.zone = timezone.utc if self.settings["timezone"] == "UTC" \
            else ZoneInfo(self.settings["timezone"])
        self.people = {}
        self.counts = {}        # key → field → number; the marks in `marks`
        self.visitors = {}      # key → ids
        self.marks, self.values = {}, {}
        self.leads, self.rejected, self.dropped = [], [], []

    def number(self, setting):
        return float(self.settings[setting])

    def is_industry(self, topic):
        listed = self.settings["industries"].split()
        return topic in listed if listed else \
            re.fullmatch("[a-z0-9-]{1,32}", topic) is not None

    def learn(self, entries):
        """Entries as XRANGE answers them."""
        for id, flat in entries:
            try:
                self.take(id, event_of(id, flat))
            except Rejected as why:
                self.rejected.append((id.decode(), str(why)))
                self.add(id, self.day(int(id.split(b"-")[0])), "rejected", str(why),
                         {"events": 1})
        return self

    @property
    def profiles(self):
        return {id: visitor.profile() for id, visitor in self.people.items()
                if not id.startswith("log-")}

    def day(self, ms):
        return datetime.fromtimestamp(ms // 1000, self.zone).strftime("%Y-%m-%d")

    def take(self, id, event):
        name, visitor, outcome = event.get("visitor"), None, None
        for _ in range(9):
            what, _, more = self.gone.get(name, "").partition(" ")
            if what == "forgotten" and event["ts"] <= int(more):
                self.dropped.append(id.decode())
                return
            if what != "merged":
                break
            name = more
        if name:
            visitor = self.people.setdefault(name, Visitor())
        topics = [t for t, holds in self.topics.items() if holds(event, visitor)]
        if visitor:
            points = [(s, gain) for s, (gain, holds) in self.scores.items()
                      if holds(event, visitor)]
            outcome = visitor.apply(event, topics, points, self)
            if outcome["lead"] and not name.startswith("log-"):
                self.leads.append((name, event["ts"], visitor.points, visitor))
        self.count(id, event, name, outcome, topics)

    def count(self, id, event, name, outcome, topics):
        day = self.day(event["ts"])
        type = event["type"]
        metrics = {"events": 1, "views": type == "view", "goals": type == "goal",
                   "clicks": type == "click",
                   "visits": bool(outcome and outcome["visit"]),
                   "dwell": dwell(event) if type == "dwell" else 0,
                   "worth": thousandths(event.get("value", "0"))
                   if type == "goal" else 0}
        source = outcome or {"campaign": event.get("campaign", ""),
                             "referrer": referrer_of(event)}
        values = {"all": ["all"], "page": [event.get("path", "")], "topic": topics,
                  "segment": parts(event.get("segments", "")),
                  "choice": parts(event.get("variants", "")),
                  "campaign": [source["campaign"]],
                  "referrer": [source["referrer"]]}
        for dimension in ("country", "language", "industry", "device"):
            values[dimension] = [event.get(dimension, "")]
        for dimension, found in values.items():
            for value in found:
                self.add(id, day, dimension, cut(value), metrics, name)
        if outcome and outcome["from"]:
            self.add(id, day, "transition", f"{outcome['from']}\t{outcome['page']}",
                     {"events": 1, "views": 1})
        for page in outcome["seen"] if outcome else ():
            pair = sorted((page, outcome["page"]), key=str.encode)
            self.add(id, day, "together", "\t".join(pair),
                     {"events": 1, "visits": 1})

    def add(self, id, day, dimension, value, metrics, visitor=None):
        if value == "":
            return
        place = f"{{{day}:{dimension}}}"
        key = f"{self.prefix}count:{place}"
        known = self.values.setdefault(key, set())
        if value not in known:
            if len(known) < self.number("counter_values"):
                known.add(value)
            else:
                value = "(other)"
        counts = self.counts.setdefault(key, {})
        for metric, delta in metrics.items():
            if delta:
                field = f"{metric}:{value}"
                counts[field] = counts.get(field, 0) + int(delta)
        self.marks[key] = id.decode()
        if visitor:
            self.visitors.setdefault(f"{self.prefix}visitors:{place}:{value}",
                                     set()).add(visitor)
