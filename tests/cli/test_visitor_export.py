"""visitor export: all that is held on a person, and nobody else's."""

import base64
import json
import time

import pytest

from people import A, B, C, Site, aside, gone, profile, state


def export(run, visitor, code=0):
    result = run("visitor", "export", visitor)
    assert result.code == code, result
    return json.loads(result.out)


def test_export(redis, run):
    redis("HSET", "es:topics", "pumps", 'path ~ "^/pumps/"')
    redis("HSET", "es:scores", "looked", '60 when path ~ "^/pumps/"')
    site = Site(redis)
    for number in range(3):
        site.event(B, f"/pumps/{number}")
        site.event(C, f"/other/{number}")
        site.event(None, "/pumps/nobody")
    site.event(B, "/pumps/x", "view", ms="not a number")
    site.event(C, "/other/x", "view", ms="not a number")
    assert run("learn", "--once").code == 0
    redis("HSET", profile(B), "company", "ACME")

    told = export(run, B)
    assert told["visitor"] == B and told["became"] is None
    assert abs(told["exported"] / 1000 - time.time()) < 100
    assert told["profile"]["company"] == "ACME"
    assert told["profile"]["views"] == "3"
    assert told["learned"]["views"] == 3
    assert told["learned"]["topics"] == {"pumps": pytest.approx(3, abs=0.001)}
    assert told["learned"]["reasons"] == {"looked": {"points": 180, "times": 3}}
    assert told["learned_text"].encode() == redis("GET", state(B))
    assert told["merged"] == []
    assert [lead["fields"]["visitor"] for lead in told["leads"]] == [B]
    assert [entry["fields"]["visitor"] for entry in told["rejected"]] == [B]
    assert [event["fields"]["path"] for event in told["events"]] == [
        "/pumps/0", "/pumps/1", "/pumps/2", "/pumps/x"]
    first = redis("XRANGE", "es:events", "-", "+", "COUNT", "1")[0]
    assert told["events"][0]["entry"] == first[0].decode()
    flat = [text.decode() for text in first[1]]
    assert told["events"][0]["fields"] == dict(zip(flat[::2], flat[1::2]))


def test_export_nobody(redis, run):
    told = export(run, B)
    assert told["profile"] is None and told["learned"] is None
    assert told["events"] == told["leads"] == told["rejected"] == []
    assert redis("DBSIZE") == 0


def test_export_of_the_forgotten(redis, run):
    redis("SET", gone(B), "forgotten 1780000000000", "EX", "1000")
    became = export(run, B)["became"]
    assert became["forgotten"] == 1780000000000
    assert 990 < became["known_for"] <= 1000


def test_export_with_those_merged_into_it(redis, run):
    """By what became of the others, and by what the profile says."""
    redis("SET", gone(B), f"merged {A}")
    redis("SET", gone("deep"), f"merged {B}")
    redis("SET", gone("other"), f"merged {C}")
    redis("SET", gone("broken"), "merged ")
    redis("LPUSH", gone("wrong"), f"merged {A}")
    redis("HSET", profile(A), f"merged:{C}", "1", "merged:other", "1",
          "merged:{}*", "1")
    redis("HSET", profile(B), "left", "over")
    redis("SET", aside(B)[0], "1\n")
    redis("HSET", aside(B)[1], "company", "ACME")
    site = Site(redis)
    for visitor in (A, B, C, "deep", "other", "broken", "wrong", "{}*"):
        site.event(visitor)
    told = export(run, A)
    # C was merged into this one so long ago that only the profile knows
    assert {one["visitor"] for one in told["merged"]} == {B, C, "deep", "other"}
    one, = (one for one in told["merged"] if one["visitor"] == B)
    assert one["became"]["merged"] == A and one["profile"] == {"left": "over"}
    assert one["merging"] == "1\n"
    assert one["merging_profile"] == {"company": "ACME"}
    assert [event["fields"]["visitor"] for event in told["events"]] == [
        A, B, C, "deep", "other"]


def test_export_does_not_take_what_is_another_ones_by_now(redis, run):
    redis("HSET", profile(A), f"merged:{B}", "1")
    redis("SET", gone(B), f"merged {C}")
    Site(redis).event(B)
    told = export(run, A)
    assert told["merged"] == [] and told["events"] == []


def test_export_of_any_bytes(redis, run):
    evil = b"\x00\xff\x1b[31m\""
    redis("HSET", profile(B), "binary", evil, evil, "x", "text", "ü\x00\x1b")
    redis("SET", state(B), evil)
    redis("XADD", "es:events", "*", "visitor", B, "twice", "1", "twice", "2",
          "twice", "3", evil, evil)
    told = export(run, B)
    assert base64.b64decode(told["profile"]["binary"]["base64"]) == evil
    assert told["profile"]["text"] == "ü\x00\x1b"
    assert "x" in told["profile"].values()
    assert told["learned"] is None
    assert base64.b64decode(told["learned_text"]["base64"]) == evil
    assert told["events"][0]["fields"]["twice"] == ["1", "2", "3"]
    assert {"base64": base64.b64encode(evil).decode()} in \
        told["events"][0]["fields"].values()


def test_rejected_entries_that_name_them_anywhere(redis, run):
    for value in (B, f"/{B}/x", f"id={B}.", f"x{B[:-1]}", C, ""):
        redis("XADD", "es:events:rejected", "*", "path", value)
    redis("XADD", "es:events:rejected", "*", B, "as a name")
    assert len(export(run, B)["rejected"]) == 4
    # a short id might be in anything
    redis("XADD", "es:events:rejected", "*", "path", "a", "visitor", "a")
    redis("XADD", "es:events:rejected", "*", "path", "a")
    assert len(export(run, "a")["rejected"]) == 1


def test_export_by_other_names(redis, run):
    redis("XADD", "my[*]:clicks", "*", "visitor", B)
    redis("XADD", "my[*]:clicks:rejected", "*", "visitor", B)
    redis("SET", "my[*]:gone:{my[*]:profile:x}", f"merged {B}")
    redis("SET", "my-:gone:{my-:profile:y}", f"merged {B}")
    result = run("visitor", "export", B, "--prefix", "my[*]:", "--stream",
                 "clicks")
    told = json.loads(result.out)
    assert len(told["events"]) == len(told["rejected"]) == 1
    assert [one["visitor"] for one in told["merged"]] == ["x"]


def test_export_out_of_many(redis, run):
    Site(redis).fill(200000, [f"{number:032x}" for number in range(1999)] + [B])
    begin = time.monotonic()
    told = export(run, B)
    took = time.monotonic() - begin
    assert len(told["events"]) == 100
    assert len({event["entry"] for event in told["events"]}) == 100
    assert took < 15, f"{took:.1f} s"


def test_export_of_very_many(redis, run):
    Site(redis).fill(20000, [B])
    told = export(run, B)
    paths = [event["fields"]["path"] for event in told["events"]]
    assert paths == [f"/{number % 100}" for number in range(20000)]
