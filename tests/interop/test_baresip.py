"""A real SIP telephone (baresip) registered as 201, and telephones on simulated copper."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.baresip import Baresip
from tests.interop.processes import eventually
from tests.interop.site import Site
from tests.interop.sounds import read_wav, sine, tone_level_dbm0, write_wav

Maker = Callable[..., Baresip]


def lift_and_dial(site: Site, digits: str, port: str = "fxs1") -> None:
    site.phone(port, "lift")
    site.phone(port, "dial", digits=digits)


def talking(site: Site, port: str = "fxs1") -> None:
    eventually(f"{port} talks", lambda: site.port(port)["state"] == "talking", 5)


def hear_tone(site: Site, folder: Path, hz: float = 1000) -> float:
    wav = folder / "fxs1-heard.wav"
    time.sleep(0.4)
    site.phone("fxs1", "hear", seconds=1.5, file=str(wav))
    return tone_level_dbm0(read_wav(wav)[800:], hz)


def say_tone(site: Site, folder: Path, hz: float = 440) -> None:
    site.phone("fxs1", "say", file=str(write_wav(folder / "say.wav", sine(hz, 2.0, -10))))


def test_telephone_calls_baresip_tone_both_ways(site: Site, baresip: Maker, tmp_path: Path) -> None:
    phone = baresip("201")
    lift_and_dial(site, "201")
    phone.wait_event("CALL_INCOMING")
    eventually("ringback", lambda: site.port("fxs1")["state"] == "ringback", 3)
    phone.command("accept")
    talking(site)
    assert hear_tone(site, tmp_path) == pytest.approx(-10, abs=1.5)
    say_tone(site, tmp_path)
    phone.command("hangup")
    eventually("busy tone", lambda: site.port("fxs1")["state"] == "busy", 3)
    recording = read_wav(phone.recordings("dec")[-1])
    loud = max(tone_level_dbm0(recording[i : i + 4000], 440) for i in range(0, len(recording) - 4000, 800))
    assert loud == pytest.approx(-10, abs=1.5)
    record = site.records()[0]
    assert (record["from"], record["to"], record["cause"]) == ("101", "201", 16)
    assert record["hung_up_by"].startswith("sip:201") and record["codec"] == "PCMA"


def test_baresip_calls_telephone_and_telephone_hangs_up(site: Site, baresip: Maker, tmp_path: Path) -> None:
    phone = baresip("201")
    phone.dial("101")
    eventually("fxs1 rings", lambda: site.phone("fxs1", "state")["ringing"], 5)
    phone.wait_event("CALL_RINGING")
    site.phone("fxs1", "lift")
    phone.wait_event("CALL_ESTABLISHED")
    assert hear_tone(site, tmp_path) == pytest.approx(-10, abs=1.5)
    site.phone("fxs1", "hangup")
    phone.wait_event("CALL_CLOSED")
    eventually("idle", lambda: site.port("fxs1")["state"] == "idle", 1.5)


def test_digits_both_ways(site: Site, baresip: Maker) -> None:
    phone = baresip("201", answer="auto")
    lift_and_dial(site, "201")
    talking(site)
    time.sleep(0.5)
    mark = len(phone.events)
    site.phone("fxs1", "dial", digits="159*0#")
    eventually(
        "baresip heard six digits",
        lambda: len([e for e in phone.events[mark:] if e["type"] == "CALL_DTMF_START"]) >= 6,
        5,
    )
    heard = [e["param"] for e in phone.events[mark:] if e["type"] == "CALL_DTMF_START"]
    assert "".join(heard) == "159*0#"
    site.phone("fxs1", "state")  # forgets nothing: digits are decoded on the copper from here on
    for digit in "2580":
        phone.command("sndcode", digit)
        time.sleep(0.35)
    eventually("telephone heard the digits", lambda: site.phone("fxs1", "state")["digits_heard"][-4:] == "2580", 3)


def test_digits_dialled_by_pulses_in_a_call_leave_as_events(site: Site, baresip: Maker) -> None:
    """Baresip takes them from RFC 4733 alone; in the audio there is nothing to hear."""
    phone = baresip("201", answer="auto")
    lift_and_dial(site, "201")
    talking(site)
    mark = len(phone.events)
    site.phone("fxs1", "dial", digits="207", pulse=True)
    heard = eventually(
        "baresip heard three digits",
        lambda: len(d := [e["param"] for e in phone.events[mark:] if e["type"] == "CALL_DTMF_START"]) >= 3 and d,
        5,
    )
    assert "".join(heard) == "207"


def test_caller_gives_up_before_answer(site: Site, baresip: Maker) -> None:
    phone = baresip("201")
    lift_and_dial(site, "201")
    phone.wait_event("CALL_INCOMING")
    site.phone("fxs1", "hangup")
    phone.wait_event("CALL_CLOSED", timeout_s=3)


def test_baresip_gives_up_before_answer(site: Site, baresip: Maker) -> None:
    phone = baresip("201")
    phone.dial("101")
    eventually("fxs1 rings", lambda: site.phone("fxs1", "state")["ringing"], 5)
    phone.command("hangup")
    eventually("ringing ends", lambda: site.port("fxs1")["state"] == "idle", 2)


def test_busy_unknown_and_unregistered(site: Site, baresip: Maker) -> None:
    phone = baresip("201")
    site.phone("fxs1", "lift")
    eventually("off hook is noticed", lambda: site.port("fxs1")["state"] == "dialling", 3)
    for number, reason in (("101", "486"), ("999", "404"), ("203", "480")):
        mark = len(phone.events)
        phone.dial(number)
        closed = phone.wait_event("CALL_CLOSED", after=mark)
        assert reason in closed["param"], closed


def test_two_phones_of_one_user_ring_and_the_loser_is_cancelled(site: Site, baresip: Maker) -> None:
    winner, loser = baresip("202"), baresip("202")
    eventually("two contacts", lambda: len([r for r in site.status()["registrations"] if r["user"] == "202"]) == 2, 5)
    lift_and_dial(site, "202")
    winner.wait_event("CALL_INCOMING")
    loser.wait_event("CALL_INCOMING")
    winner.command("accept")
    loser.wait_event("CALL_CLOSED")
    talking(site)
    site.phone("fxs1", "hangup")
    winner.wait_event("CALL_CLOSED")


def test_hold_and_resume(site: Site, baresip: Maker, tmp_path: Path) -> None:
    phone = baresip("201", answer="auto")
    lift_and_dial(site, "201")
    talking(site)
    assert hear_tone(site, tmp_path) == pytest.approx(-10, abs=1.5)
    phone.command("hold")
    time.sleep(0.5)
    assert hear_tone(site, tmp_path) < -40
    phone.command("resume")
    assert hear_tone(site, tmp_path) == pytest.approx(-10, abs=1.5)


def test_two_baresips_talk_through_the_relay(site: Site, baresip: Maker, tmp_path: Path) -> None:
    caller = baresip("201")
    caller.say(sine(600, 30))
    callee = baresip("202", answer="auto")
    caller.dial("202")
    caller.wait_event("CALL_ESTABLISHED")
    time.sleep(2.5)
    caller.command("hangup")
    callee.wait_event("CALL_CLOSED")
    heard = {p.account.user: read_wav(p.recordings("dec")[-1]) for p in (caller, callee)}
    assert tone_level_dbm0(heard["202"][8000:12000], 600) == pytest.approx(-10, abs=1)
    assert tone_level_dbm0(heard["201"][8000:12000], 1000) == pytest.approx(-10, abs=1)
