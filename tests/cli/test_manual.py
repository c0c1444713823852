"""The manual page, bash's completion, and what `make install-cli` puts where."""

import os
import re
import shutil
import subprocess

import pytest

import program


def read(*names):
    with open(os.path.join(program.ROOT, *names), encoding="utf-8") as file:
        return file.read()


def manual(form):
    result = program.run("manual", form)
    assert result.code == 0 and result.err == "", result
    return result.out


def verbs():
    """Names of verbs, as --help lists them."""
    lines = program.run("--help").out.split("\n\n")[1].splitlines()
    names = [re.match(r"  ([a-z]+( [a-z]+)?)(?= |$)", line)[1]
             for line in lines]
    assert "doctor" in names and "segment set" in names
    return names


def options(*words):
    """Names of options that the help of a verb lists; of all verbs: of none."""
    return re.findall(r"^  (--[a-z-]+)", program.run(*words, "--help").out, re.M)


# -- in general

@pytest.mark.parametrize("form, name", [("man", "exportsite.1"),
                                        ("bash", "exportsite.bash")])
def test_the_copy_in_the_sources_is_what_the_program_prints(form, name):
    assert manual(form) == read("conf", name), "run: make manual"


def test_another_form_is_refused():
    result = program.run("manual", "html\033[2J")
    assert result.code == 2
    assert '"html?[2J"' in result.err
    assert program.run("manual").code == 2


# -- the manual page

def plain(page):
    """The page as text, on lines that are not broken."""
    if not shutil.which("groff"):
        pytest.skip("there is no groff")
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-P-cbou", "-ww", "-rLL=2000n", "-rIN=2n"],
        input=page, text=True, capture_output=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_the_page_has_no_fault_that_groff_knows_of():
    page = manual("man")
    plain(page)
    macros = {line.split()[0] for line in page.splitlines()
              if line.startswith(".")}
    assert macros <= {".\\\"", ".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".BR",
                      ".br", ".nf", ".fi", ".RS", ".RE"}
    assert not any(line.startswith("'") for line in page.splitlines())
    assert page.isascii()


def test_the_page_is_shown_by_man(scratch):
    if not shutil.which("man"):
        pytest.skip("there is no man")
    path = os.path.join(scratch, "exportsite.1")
    with open(path, "w", encoding="ascii") as file:
        file.write(manual("man"))
    done = subprocess.run(["man", "--warnings", "-l", path], text=True,
                          capture_output=True, check=False,
                          env={**os.environ, "MANWIDTH": "80"})
    assert done.returncode == 0 and done.stderr == "", done
    assert "EXPORTSITE(1)" in done.stdout


def test_the_page_tells_what_help_tells():
    text = plain(manual("man"))
    words = " ".join(text.split())
    for verb in verbs():
        shown = program.run(*verb.split(), "--help").out
        for line in shown.splitlines():
            line = re.sub(r"^  (--\S+ \S+|--\S+) +", "", line)
            line = line.removeprefix("exportsite ").removesuffix("[OPTION...]")
            line = " ".join(line.split())
            if line not in ("Options:", "Example:"):
                assert line in words or line[:1].upper() + line[1:] in words, \
                    f"{verb}: {line!r} is not in the manual page"
        for option in options(*verb.split()):
            assert f" {option} " in words
    for option in options():
        assert f" {option} " in words


def test_the_page_shows_examples_as_they_are_typed():
    lines = [line.strip() for line in plain(manual("man")).splitlines()]
    for verb in verbs():
        shown = program.run(*verb.split(), "--help").out
        for line in shown.split("\nExample:\n")[1].splitlines():
            assert line.strip() in lines


# -- bash

@pytest.fixture
def complete(scratch):
    """complete("segment", "s"): what may follow that, the last being begun."""
    path = os.path.join(scratch, "completion")
    with open(path, "w", encoding="utf-8") as file:
        file.write(manual("bash"))

    def ask(*words):
        done = subprocess.run(
            ["bash", "-c", 'source "$1"; shift; complete -p exportsite >&2; '
             'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _exportsite; '
             'printf "%s\\n" "${COMPREPLY[@]}"',
             "bash", path, "exportsite", *words],
            cwd=scratch, text=True, capture_output=True, check=True)
        assert done.stderr == "complete -F _exportsite exportsite\n"
        return sorted(done.stdout.split("\n")[:-1]) if done.stdout != "\n" \
            else []
    return ask


def test_words_of_verbs(complete):
    first = {verb.split()[0] for verb in verbs()}
    assert set(complete("")) == first | {"help"}
    assert complete("doc") == ["doctor"]
    assert complete("segment", "s") == ["set", "show"]
    assert set(complete("segment", "")) == {
        verb.split()[1] for verb in verbs() if verb.startswith("segment ")}
    assert complete("segment", "list", "") == []
    assert complete("help", "d") == ["doctor"]
    assert complete("help", "slot", "r") == ["rm"]
    assert complete("manual", "") == ["bash", "man"]
    assert complete("nonsense", "") == []


def test_options_of_verbs(complete):
    common = options()
    assert sorted(complete("--")) == sorted(common)
    for verb in verbs():
        assert complete(*verb.split(), "--") \
            == sorted(set(common + options(*verb.split())))
    assert complete("doctor", "--ng") == ["--nginx", "--nginx-prefix"]
    assert complete("segment", "--js") == ["--json"]


def test_options_between_words(complete):
    assert complete("--json", "segment", "sh") == ["show"]
    assert complete("--prefix", "slot", "seg") == ["segment"]
    assert complete("--prefix", "=", "slot", "seg") == ["segment"]
    assert complete("segment", "--db", "3", "sh") == ["show"]


def test_values_of_options(complete, scratch):
    for name in ("nginx.conf", "a file.txt"):
        with open(os.path.join(scratch, name), "w", encoding="utf-8"):
            pass
    assert complete("doctor", "--conf", "ngi") == ["nginx.conf"]
    assert complete("doctor", "--conf", "=") == \
        ["a file.txt", "completion", "nginx.conf"]
    assert complete("doctor", "--conf", "=", "ngi") == ["nginx.conf"]
    assert complete("doctor", "--redis", "") == []
    assert complete("import", "a") == ["a file.txt"]
    assert complete("import", "--h") == ["--help", "--host"]


def test_completion_has_no_fault_that_shellcheck_knows_of(scratch):
    if not shutil.which("shellcheck"):
        pytest.skip("there is no shellcheck")
    path = os.path.join(scratch, "completion")
    with open(path, "w", encoding="utf-8") as file:
        file.write(manual("bash"))
    done = subprocess.run(["shellcheck", "-s", "bash", path], text=True,
                          capture_output=True, check=False)
    assert done.stdout == ""


# -- installed

def install(folder, prefix):
    subprocess.run(["make", "-s", "-o", "build/exportsite", "install-cli",
                    f"DESTDIR={folder}", f"PREFIX={prefix}"],
                   cwd=program.ROOT, check=True, capture_output=True)


def test_install(scratch):
    if not os.path.exists(os.path.join(program.ROOT, "build/exportsite")):
        pytest.skip("build/exportsite is not there")
    install(scratch, "/opt/es")
    found = {os.path.relpath(os.path.join(folder, name), scratch)
             for folder, _, names in os.walk(scratch) for name in names}
    assert found == {
        "opt/es/bin/exportsite",
        "opt/es/share/man/man1/exportsite.1",
        "opt/es/share/bash-completion/completions/exportsite",
        "opt/es/lib/systemd/system/exportsite-learn.service"}
    path = os.path.join(scratch, "opt/es")
    assert os.access(os.path.join(path, "bin/exportsite"), os.X_OK)
    unit = os.path.join(path, "lib/systemd/system/exportsite-learn.service")
    with open(unit, encoding="utf-8") as file:
        text = file.read()
    assert "ExecStart=/opt/es/bin/exportsite learn\n" in text
    assert "/usr/local" not in text


def test_unit_has_no_fault_that_systemd_knows_of(scratch):
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze")
    path = os.path.join(scratch, "exportsite-learn.service")
    with open(path, "w", encoding="utf-8") as file:
        file.write(read("conf/exportsite-learn.service").replace(
            "/usr/local/bin/exportsite", program.PROGRAM))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", path],
                          text=True, capture_output=True, check=False)
    assert "exportsite" not in done.stdout + done.stderr, done
