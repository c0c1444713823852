"""Prometheus' text exposition format, version 0.0.4, read strictly.

parse() refuses what a lenient reader lets pass: samples without HELP and TYPE
before them, families in pieces, series twice, counters that are not called so,
histograms that do not add up.
"""

import collections
import re

TYPE = "text/plain; version=0.0.4; charset=utf-8"
KINDS = {"counter", "gauge", "histogram"}
METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="')
VALUE = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?|[+-]Inf|NaN")
ESCAPES = {"\\": "\\", '"': '"', "n": "\n"}

# samples: {(name, ((label, value), …)): number}
Family = collections.namedtuple("Family", "name kind help samples")


class Bad(AssertionError):
    """The text is not what it should be."""


def need(truth, *what):
    if not truth:
        raise Bad(" ".join(str(w) for w in what))


def _text(line, at, quoted):
    """Text with escapes, to the closing quote, or to the end of the line."""
    out = []
    while at < len(line):
        char = line[at]
        if char == '"' and quoted:
            return "".join(out), at + 1
        if char == "\\":
            at += 1
            need(at < len(line) and line[at] in ESCAPES
                 and (quoted or line[at] != '"'), "an escape in", line)
            char = ESCAPES[line[at]]
        out.append(char)
        at += 1
    need(not quoted, "no closing quote in", line)
    return "".join(out), at


def _labels(line, at):
    labels = []
    while line[at:at + 1] != "}":
        found = LABEL.match(line, at)
        need(found, "no label at", at, "in", line)
        value, at = _text(line, found.end(), True)
        labels.append((found.group(1), value))
        need(line[at:at + 1] in (",", "}"), "no , or } in", line)
        at += line[at] == ","
    need(len({name for name, _ in labels}) == len(labels),
         "a label twice in", line)
    return tuple(labels), at + 1


def _sample(line):
    found = METRIC.match(line)
    need(found, "no name in", line)
    at, labels = found.end(), ()
    if line[at:at + 1] == "{":
        labels, at = _labels(line, at + 1)
        need(labels, "no label between braces in", line)
    need(line[at:at + 1] == " ", "no blank before the number in", line)
    need(VALUE.fullmatch(line, at + 1), "no number in", line)
    return found.group(), labels, float(line[at + 1:])


def _of(family):
    """The names that samples of a family may have."""
    if family.kind == "histogram":
        return {family.name + end for end in ("_bucket", "_sum", "_count")}
    return {family.name}


def _check_histogram(family):
    groups = collections.defaultdict(list)
    for (name, labels), value in family.samples.items():
        if name.endswith("_bucket"):
            bound = dict(labels)["le"]
            need(bound == "+Inf" or "." in bound or bound.isdigit(), bound)
            rest = tuple(pair for pair in labels if pair[0] != "le")
            groups[rest].append((float(bound), value))
    need(groups, "no buckets in", family.name)
    for rest, buckets in groups.items():
        need(buckets == sorted(buckets), "buckets out of order", buckets)
        counts = [count for _, count in buckets]
        need(counts == sorted(counts), "not cumulative:", counts)
        need(buckets[-1][0] == float("inf"), "no +Inf in", family.name)
        need((family.name + "_count", rest) in family.samples, "no _count")
        need((family.name + "_sum", rest) in family.samples, "no _sum")
        need(family.samples[family.name + "_count", rest] == counts[-1],
             "_count is not the bucket +Inf")


def _check_family(family):
    need((family.kind == "counter") == family.name.endswith("_total"),
         family.name, "is a", family.kind)
    need(family.help.endswith("."), "no sentence:", family.help)
    for (name, labels), value in family.samples.items():
        need(family.kind == "gauge" or value >= 0, name, "is negative")
    if family.kind == "histogram":
        _check_histogram(family)


def parse(text):
    """{name: Family} of a whole text."""
    need(text.endswith("\n"), "no newline at the end")
    need("\r" not in text, "a carriage return")
    families = {}
    family = told = None
    for line in text[:-1].split("\n"):
        need(line and line == line.strip(), "blanks around", repr(line))
        if line.startswith("# HELP "):
            name, rest = line[7:].split(" ", 1)
            need(METRIC.fullmatch(name), "no name in", line)
            need(name not in families, name, "is there twice")
            told, family = (name, _text(rest, 0, False)[0]), None
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            need(told and told[0] == name, "no HELP before", line)
            need(kind in KINDS, "no such kind:", line)
            families[name] = family = Family(name, kind, told[1], {})
            told = None
        else:
            need(not line.startswith("#"), "a comment:", line)
            name, labels, value = _sample(line)
            need(family and name in _of(family), "not its family:", line)
            key = name, tuple(labels)
            need(tuple(sorted(labels)) not in
                 {tuple(sorted(at)) for n, at in family.samples if n == name},
                 "a series twice:", line)
            family.samples[key] = value
    need(told is None, "a HELP without TYPE:", told)
    for family in families.values():
        _check_family(family)
    return families


def value(families, name, **labels):
    """One sample's number; `name` may be that of a histogram's part."""
    found = [number for family in families.values()
             for (series, at), number in family.samples.items()
             if series == name and dict(at) == labels]
    assert len(found) == 1, (name, labels, found)
    return found[0]


def by_label(families, name):
    """{value of its only label: number} of a family."""
    return {at[0][1]: number
            for (_, at), number in families[name].samples.items()}
