"""The pages of bench/slots, the contents of their slots, and what must come of the
two: the reference, put together from the same parts, without looking for marks."""

import itertools

import crowd

SIZE = 32768                 # of the page with its marks; a "<" in 29 bytes
SLOTS = ("hero", "offer", "contact")
CONTENT = 400                # bytes, of each
KINDS = ["general"] + crowd.INDUSTRIES

HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pumps for whatever has to be moved</title>
<meta name="description" content="Progressing cavity pumps, spare parts, service.">
<link rel="canonical" href="https://www.example.com/pumps/">
<link rel="stylesheet" href="/assets/site.css?v=31">
<style>body > main { max-width: 72rem } a:hover { color: #057 }</style>
<script type="application/ld+json">
{"@context": "https://schema.org", "@type": "Organization", "name": "Pumps & Co."}
</script>
</head>
<body class="page wide">
<!-- the navigation, of all pages -->
<header class="top"><a class="logo" href="/"><img src="/assets/logo.svg" alt=""></a>
<nav aria-label="Main"><ul>
"""

ENTRY = '<li><a class="nav" href="/pumps/%d/">Pumps of series %d</a></li>\n'

SECTION = """\
<section id="s%d" class="card" data-track="card">
<h2>Series %d</h2>
<p>Gentle, <strong>self-priming</strong> and reversible: up to 240&nbsp;m&sup3;/h at
48&nbsp;bar, for whatever is thick, sticky, <em>abrasive</em> or sensitive. See the
<a href="/downloads/series-%d.pdf" rel="nofollow">data sheet</a> for details.</p>
<p>A rotor turns in a stator, and between the two move chambers that never open: so the
flow is even, and what is in it stays whole. The speed sets how much is moved, at almost
any pressure; it runs forward or back, upright or lying, and takes solids as large as
the chambers let through. Spare parts are on stock for twenty years, and most of them
are changed on site, without taking the pump out of the pipe. Ask for a trial: we bring
one, you bring what has to be moved, and both of us will know more by the evening. And
if another kind of pump would do better, then that is what we shall tell you.</p>
<img src="/images/series-%d.webp" width="640" height="360" loading="lazy" alt="A pump">
<ul class="facts"><li>Stator: NBR, EPDM or FKM<li>Rotor: hardened steel</ul>
<table><tr><th>Type</th><th>m&sup3;/h</th><th>bar</th></tr>
<tr><td>NX 10</td><td>12</td><td>24</td></tr>
<tr><td>NX 40</td><td>48</td><td>12</td></tr></table>
<!-- generated: series %d -->
</section>
"""

FOOT = """\
</main>
<footer><p>&copy; Pumps &amp; Co. <a href="/imprint/">Imprint</a></p></footer>
<script>
document.querySelectorAll("a").forEach(a => { if (a.x < 1 && a.y) a.title += "<b>" })
</script>
</body>
</html>
"""


def own(slot):
    """What the page itself has in a slot: one line, which is all that subs_filter
    can find."""
    text = (f'<div class="slot {slot}"><h2>Pumps for everyone</h2><p>Tell us what has '
            f'to be moved, and we shall tell you how. <a class="button" '
            f'href="/{slot}/">Ask us</a></p>')
    return text + "<p>" + "Day and night. " * 9 + "</p></div>"


def content(slot, language, kind="general"):
    """What a visitor of this language and industry gets in it."""
    text = (f'<div class="slot {slot}" lang="{language}"><h2>{kind}: größer, '
            f'schöner — {slot}</h2><p>')
    room = CONTENT - len(text.encode()) - len("</p></div>\n")
    return text + ("Tag und Nacht. " * 30)[:room] + "</p></div>\n"


def _page(marks, inside):
    def slot(name):
        text = inside(name)
        return (f"<!-- es:{name} -->{text}<!-- /es:{name} -->\n" if marks
                else f"{text}\n")

    start = HEAD + "".join(ENTRY % (n, n) for n in range(1, 21)) + (
        "</ul></nav></header>\n<main>\n")
    rest = SIZE - len(start + FOOT) - sum(
        len(f"<!-- es:{name} -->{own(name)}<!-- /es:{name} -->\n") for name in SLOTS)
    sections = []
    for n in itertools.count(1):
        section = SECTION % (n, n, n, n, n)
        if len(section) + 10 > rest:
            break
        sections.append(section)
        rest -= len(section)
    padding = "<p>" + "." * (rest - len("<p></p>\n")) + "</p>\n"
    middle = len(sections) // 2
    return (start + slot("hero") + "".join(sections[:middle]) + slot("offer")
            + "".join(sections[middle:]) + padding + slot("contact") + FOOT)


PAGE, PLAIN = _page(True, own), _page(False, own)
assert len(PAGE.encode()) == SIZE


def filled(language, kind="general"):
    """The page as this visitor must get it."""
    key = language, kind
    if key not in _filled:
        _filled[key] = _page(True, lambda slot: content(slot, language, kind))
    return _filled[key]


_filled = {}


def write(folder):
    """The pages and contents below the web root."""
    (folder / "page.html").write_text(PAGE)
    (folder / "plain.html").write_text(PLAIN)
    for language, kind, slot in itertools.product(crowd.LANGUAGES, KINDS, SLOTS):
        path = folder / "slots" / language / kind
        path.mkdir(parents=True, exist_ok=True)
        (path / f"{slot}.html").write_text(content(slot, language, kind))


def commands(prefix):
    """The Redis commands that set the contents."""
    for language, slot in itertools.product(crowd.LANGUAGES, SLOTS):
        yield ["SET", f"{prefix}slot:{slot}:{language}", content(slot, language)]
