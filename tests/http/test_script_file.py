"""core/script.c is what scripts/make-script makes of script/exportsite.js."""

import hashlib
import re

import scriptfile


def test_made_of_this_source():
    """The sum in its head is that of the source; else run make-script."""
    with open(scriptfile.SOURCE, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    assert f" * {digest}\n" in scriptfile.read(scriptfile.MADE)


def test_small():
    """At most 4 KB, as it goes over the wire without compression."""
    assert 1000 < len(scriptfile.served("a" * 100)) <= 4096


def test_plain():
    """ASCII in one line, so that no charset matters."""
    text = scriptfile.minified()
    assert re.fullmatch(r"\([ -~]+\)", text)
    assert scriptfile.read(scriptfile.SOURCE).isascii()


def test_nothing_that_a_policy_forbids():
    """No eval, no HTML, no style, nothing stored, nobody else's address."""
    text = scriptfile.minified()
    for word in ("eval", "Function", "innerHTML", "document.write", "style",
                 "localStorage", "sessionStorage", "indexedDB", "https:",
                 "userAgent", "screen", "plugins", "import"):
        if word == "https:":
            assert re.findall("https:[^\"]", text) == []
        else:
            assert word not in text, word
