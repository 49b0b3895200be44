"""Calls over an exchange line of a whole Tipring in real time: in and out, from a telephone and from a real SIP
telephone, hang-ups, and core killed in the middle."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.baresip import Baresip
from tests.interop.processes import eventually
from tests.interop.site import Site
from tests.interop.sounds import loudest_dbm0, read_wav, sine, tone_level_dbm0, write_wav

MOBILES = '[callers.mobiles]\nnumbers = ["611*"]\ntarget = "201"\n'
GROUP = '[groups.hall]\nnumber = "600"\nmembers = ["101", "203"]\n[inbound.city]\nlines = ["fxo1"]\ntarget = "600"\n'
"""Calls from outside ring a group; 203 is never registered."""
WAY_OUT = '[outbound.city]\nprefix = "0"\nstrip = 1\nlines = ["fxo1"]\n'


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("outside"), WAY_OUT + MOBILES + GROUP, board="sim-fxo") as site:
        yield site
        assert site.rig("board.violations")["violations"] == []


def exchange(site: Site, *words: str) -> str:
    done = site.tipring("rig", "exchange", "fxo1", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def stage(site: Site) -> str:
    return str(site.rig("exchange.state", port="fxo1")["stage"])


def lift(site: Site) -> None:
    site.phone("fxs1", "lift")
    eventually("dial tone is heard", lambda: site.phone("fxs1", "state")["tones"], 5)


def at_rest(site: Site) -> None:
    if site.phone("fxs1", "state")["hook"] == "off":
        site.phone("fxs1", "hangup")
    eventually("the line rests", lambda: (site.port("fxo1")["state"], stage(site)) == ("idle", "idle"), 12)


def call_in(site: Site) -> None:
    exchange(site, "ring", "--number", "600123456", "--name", "José")
    eventually("101 rings", lambda: site.phone("fxs1", "state")["ringing"], 8)
    site.phone("fxs1", "lift")
    eventually("both talk", lambda: site.port("fxo1")["state"] == site.port("fxs1")["state"] == "talking", 6)


def test_a_call_from_outside_is_answered_and_ended_by_the_exchange(outside: Site) -> None:
    call_in(outside)
    shown = outside.port("fxo1")
    assert shown["hook"] == "off" and shown["loop_ma"] > 20
    assert "fxo1" in outside.tipring("status").stdout
    exchange(outside, "hangup", "--how", "busy-tone")
    eventually("released", lambda: outside.port("fxs1")["state"] == "busy", 5)
    at_rest(outside)
    record = outside.records()[0]
    assert (record["from"], record["to"], record["cause"]) == ("600123456", "600", 16)


def test_a_call_to_the_outside_reaches_the_exchange(outside: Site) -> None:
    lift(outside)
    outside.phone("fxs1", "dial", digits="0600123456")
    assert exchange(outside, "expect-digits", "20") == "600123456\n"
    eventually("it rings there", lambda: stage(outside) == "ringback", 8)
    time.sleep(2.0)  # one ring: an answer before any cannot be told from a line gone quiet
    exchange(outside, "answer")
    eventually("both talk", lambda: outside.port("fxo1")["state"] == "talking", 8)
    at_rest(outside)


@pytest.fixture
def phone(outside: Site, tmp_path: Path) -> Iterator[Baresip]:
    running = Baresip(tmp_path, outside.account("201"))
    yield running.registered()
    running.stop()


def heard_outside_dbm0(site: Site, folder: Path) -> float:
    """Level of 1,000 Hz at the exchange in a second from now."""
    heard = folder / "outside-heard.wav"
    exchange(site, "hear", "1.5", str(heard))
    return tone_level_dbm0(read_wav(heard)[4000:], 1000)


def hear_each_other(site: Site, phone: Baresip, folder: Path) -> None:
    """baresip says 1,000 Hz all the time, the far party at the exchange 440 Hz."""
    eventually("1,000 Hz outside", lambda: heard_outside_dbm0(site, folder) > -25, 12)  # baresip reads its file first
    exchange(site, "say", str(write_wav(folder / "outside-says.wav", sine(440, 2.0, -10))))
    eventually("440 Hz at the phone", lambda: loudest_dbm0(phone.heard(), 440) > -25, 3)


def test_a_sip_telephone_is_called_from_outside_and_sees_by_whom(outside: Site, phone: Baresip, tmp_path: Path) -> None:
    exchange(outside, "ring", "--number", "611222333")
    phone.wait_incoming()
    assert "611222333" in phone.wait_event("CALL_INCOMING")["peeruri"]
    phone.accept()
    phone.wait_up()
    eventually("both talk", lambda: outside.port("fxo1")["state"] == "talking", 6)
    hear_each_other(outside, phone, tmp_path)
    exchange(outside, "hangup", "--how", "loop-break")
    phone.wait_closed()
    at_rest(outside)
    record = outside.records()[0]
    assert (record["from"], record["to"], record["cause"]) == ("611222333", "201", 16)


def test_a_sip_telephone_calls_out_and_hangs_up(outside: Site, phone: Baresip, tmp_path: Path) -> None:
    phone.dial("0600123456")
    assert exchange(outside, "expect-digits", "20") == "600123456\n"
    eventually("it rings there", lambda: stage(outside) == "ringback", 8)
    time.sleep(2.0)  # one ring, as above
    exchange(outside, "answer")
    phone.wait_up()
    hear_each_other(outside, phone, tmp_path)
    phone.hangup()
    phone.wait_closed()
    at_rest(outside)


def test_core_killed_in_a_call_releases_the_exchange_line_within_a_second(outside: Site) -> None:
    call_in(outside)
    dead = outside.core_pid()
    outside.kill(dead)
    killed = time.monotonic()
    eventually("on hook", lambda: outside.rig("exchange.state", port="fxo1")["loop"] == "open", 1.0)
    assert time.monotonic() - killed < 1.0
    outside.phone("fxs1", "hangup")
    eventually("core is back", lambda: outside.core_pid() != dead, 10)
    eventually("lines serve again", lambda: all(p["in_service"] for p in outside.status()["ports"]), 10)
    at_rest(outside)


def test_an_unplugged_line_is_shown_and_another_call_is_refused_at_once(outside: Site, tmp_path: Path) -> None:
    exchange(outside, "unplug")
    eventually("seen", lambda: outside.port("fxo1")["state"] == "dead", 4)
    notices = [notice["en"] for notice in outside.status()["notices"]]
    assert any(notice.startswith("fxo1: There is no voltage on the exchange line") for notice in notices)
    lift(outside)
    outside.phone("fxs1", "dial", digits="05#")
    eventually("congestion", lambda: outside.port("fxs1")["state"] == "congestion", 3)
    exchange(outside, "plug")
    eventually("well again", lambda: outside.port("fxo1")["state"] == "idle", 3)
    at_rest(outside)
