"""The examples: each line of their `expect` holds, and the demo walks."""

import json
import os
import shutil
import signal
import subprocess

import pytest

import httpclient
import ports
import webserver
from resp import Connection
from wait import until

EXAMPLES = os.path.join(webserver.ROOT, "lua-free-examples")
SCRIPTS = os.path.join(webserver.ROOT, "scripts")
NAMES = sorted(name for name in os.listdir(EXAMPLES)
               if os.path.isdir(os.path.join(EXAMPLES, name)))

# the addresses that the examples come from, as the real database has them
NETWORKS = [("129.27.0.0/16", {"country_code": "AT"}),
            ("133.1.0.0/16", {"country_code": "JP"}),
            ("143.107.0.0/16", {"country_code": "BR"})]


class Example:
    """An example that scripts/example runs."""

    def __init__(self, name, database):
        self.port = ports.free()
        self.process = subprocess.Popen(
            [os.path.join(SCRIPTS, "example"), name],
            env=dict(os.environ, PORT=str(self.port), ES_MMDB=database,
                     ES_MODULE=webserver.MODULE, ES_KEEP="1"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("ready http://127.0.0.1:"), line
        self.folder = line.split()[2]
        self.redis = Connection(os.path.join(self.folder, "redis.sock"))
        self.jars = {}
        self.last = None

    def close(self):
        self.redis.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.process.stdout.close()
        text = ""
        for name in "error.log", "stderr.log":
            with open(os.path.join(self.folder, name)) as file:
                text += file.read()
        if "ES_KEEP" not in os.environ:
            shutil.rmtree(self.folder)
        bad = [line for line in text.splitlines()
               if webserver.BAD_LINE.search(line)]
        assert not bad, "\n".join(bad)

    def ask(self, line):
        """The answer to a line's request, as one text."""
        headers = dict(line.get("as", {}))
        jar = self.jars.setdefault(line.get("jar"), {})
        if jar:
            headers["Cookie"] = "; ".join("=".join(c) for c in jar.items())
        method = "POST" if "post" in line else "GET"
        self.last = reply = httpclient.request(
            ("127.0.0.1", self.port), method, line[method.lower()], headers,
            line.get("body", "").encode() or None)
        if "jar" in line:
            for cookie in reply.all("Set-Cookie"):
                name, value = cookie.split(";")[0].split("=", 1)
                jar[name] = value
        reason = httpclient.http.client.responses[reply.status]
        head = [f"{reply.status} {reason}"]
        head += [f"{name}: {value}" for name, value in reply.headers]
        return "\n".join(head) + "\n\n" + reply.text

    def command(self, line):
        """What Redis answers to a line's command, a word a line."""
        words = [self.filled(word) for word in line["redis"]]
        return "\n".join(self.words(self.redis.command(*words)))

    def filled(self, word):
        """{X-Name} stands for that header of the last answer."""
        for name, value in self.last.headers if self.last else []:
            word = word.replace("{%s}" % name, value)
        return word

    def words(self, answer):
        if isinstance(answer, list):
            return [word for part in answer for word in self.words(part)]
        return [answer.decode() if isinstance(answer, bytes) else str(answer)]

    def answer(self, line):
        return self.command(line) if "redis" in line else self.ask(line)


def fault(line, answer):
    """What an answer lacks of what the line promises; "" if nothing."""
    for text in line.get("has", []):
        if text not in answer:
            return f"no {text!r} in:\n{answer}"
    for text in line.get("lacks", []):
        if text in answer:
            return f"{text!r} in:\n{answer}"
    return ""


def lines(name):
    with open(os.path.join(EXAMPLES, name, "expect"), encoding="utf-8") as f:
        return [json.loads(text) for text in f]


@pytest.mark.parametrize("name", NAMES)
def test_example(name, mmdb):
    """An example answers as its `expect` says, from top to bottom."""
    example = Example(name, mmdb(NETWORKS, kind="ip-location-db"))
    patient = False
    try:
        for line in lines(name):
            wrong = fault(line, example.answer(line))
            if wrong and (patient or "redis" in line):
                until(lambda: not fault(line, example.answer(line)), 10,
                      f"{name}: {line['what']}: {wrong}", every=0.02)
            else:
                assert not wrong, f"{name}: {line['what']}: {wrong}"
            patient = "redis" in line
    finally:
        example.close()


def test_expectations_can_fail():
    """fault() notices what is missing, and what should be."""
    assert fault({"has": ["a", "b"]}, "a") and fault({"lacks": ["a"]}, "a")
    assert not fault({"has": ["a"], "lacks": ["b"]}, "a")


def test_demo():
    """scripts/demo --check finds everyone in the real database served."""
    found = subprocess.run([os.path.join(SCRIPTS, "fetch-mmdb")],
                           capture_output=True, text=True, timeout=300)
    if found.returncode != 0 and not os.environ.get("CI"):
        pytest.skip("no country database: " + found.stderr)
    assert found.returncode == 0, found.stderr
    env = {name: value for name, value in os.environ.items() if name != "PORT"}
    done = subprocess.run(
        [os.path.join(SCRIPTS, "demo"), "--check"], timeout=300, text=True,
        env=dict(env, ES_MODULE=webserver.MODULE,
                 ES_MMDB=found.stdout.strip()),
        stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for place in "Graz", "Osaka", "São Paulo":
        assert place in done.stdout
