"""What happens when something breaks: the GIL held, processes killed, chips at fault, SIGTERM."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.processes import eventually
from tests.interop.raw_phone import RawPhone
from tests.interop.rtp_peer import missing, worst_lateness_ms
from tests.interop.site import PASSWORDS, Site
from tests.interop.sounds import sine

LATE_MS = 60.0


@pytest.fixture
def gil_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with Site(tmp_path) as running:
        yield running


def phone_for(site: Site, user: str, answer: str = "200") -> RawPhone:
    return RawPhone(user, PASSWORDS[user], site.sip_port, answer).register()


def test_gil_held_and_web_killed_lose_no_frame(gil_site: Site) -> None:
    """Two calls, one between SIP telephones, one from copper: their receivers count every frame, none late."""
    site = gil_site
    caller, callee, third = phone_for(site, "201"), phone_for(site, "202"), phone_for(site, "203")
    assert caller.call("202").startswith("SIP/2.0 200")
    caller.rtp.talk(sine(700, 5), caller.media)
    site.phone("fxs1", "lift")
    site.phone("fxs1", "dial", digits="203")
    eventually("all hear", lambda: all(len(p.rtp.arrivals) > 25 for p in (callee, third)), 5)
    marks = {p.user: len(p.rtp.arrivals) for p in (callee, third)}
    core = site.child("firmware.app")
    for _ in range(5):
        os.kill(core, signal.SIGUSR2)
        time.sleep(0.3)
    site.kill(site.child("firmware.web"))
    time.sleep(1.0)
    for phone in (callee, third):
        arrivals = phone.rtp.arrivals[marks[phone.user] :]
        assert len(arrivals) > 100
        assert missing(arrivals) == 0
        assert worst_lateness_ms(arrivals) < LATE_MS
    eventually("web is back", lambda: site.child("firmware.web"), 10)
    for phone in (caller, callee, third):
        phone.stop()


def test_core_killed_opens_every_line_within_a_second_and_registrations_return(own_site: Site) -> None:
    site = own_site
    phone = phone_for(site, "201", answer="")
    eventually("registration stored", lambda: site.status()["registrations"], 3)
    site.phone("fxs1", "lift")
    site.phone("fxs1", "dial", digits="102")
    eventually("fxs2 rings", lambda: site.phone("fxs2", "state")["ringing"], 5)
    time.sleep(0.5)  # let the registration reach the disk
    dead = site.core_pid()
    site.kill(dead)
    killed = time.monotonic()

    def safe() -> bool:
        ports = site.rig("board.state")["ports"].values()
        return all(p["open"] and not p["ringing"] for p in ports)

    eventually("all lines open and silent", safe, 1.0)
    assert time.monotonic() - killed < 1.0
    site.phone("fxs1", "hangup")
    eventually("core is back", lambda: site.core_pid() != dead, 10)
    assert [r["user"] for r in site.status()["registrations"]] == ["201"]
    eventually("lines serve again", lambda: all(p["in_service"] for p in site.status()["ports"]), 10)
    site.phone("fxs1", "lift")
    eventually("dial tone again", lambda: site.port("fxs1")["state"] == "dialling", 3)
    interrupted = [r for r in site.records() if r["to"] == "102"]
    assert interrupted and interrupted[0]["end"]
    phone.stop()


@pytest.mark.parametrize("kind", ["dead-bus", "wrong-identity", "over-temperature", "stuck-interrupt"])
def test_chip_fault_takes_one_port_out_and_the_other_calls(own_site: Site, kind: str) -> None:
    site = own_site
    site.rig("board.fault", port="fxs2", kind=kind, on=True)
    if kind == "wrong-identity":
        site.rig("board.fault", port="fxs2", kind="chip-reset", on=True)  # it is looked at again after a reset
    failed = eventually("fxs2 out of service", lambda: (p := site.port("fxs2")) and not p["in_service"] and p, 10)
    assert len(failed["reason"]) > 15 and "Traceback" not in failed["reason"]
    assert failed["reason"] in site.tipring("status").stdout
    phone = phone_for(site, "201")
    site.phone("fxs1", "lift")
    site.phone("fxs1", "dial", digits="201")
    eventually("fxs1 talks", lambda: site.port("fxs1")["state"] == "talking", 5)
    site.phone("fxs1", "hangup")
    phone.stop()
    site.rig("board.fault", port="fxs2", kind=kind, on=False)
    eventually("fxs2 back", lambda: site.port("fxs2")["in_service"], 20)


def test_sigterm_ends_calls_properly_and_fast(own_site: Site) -> None:
    site = own_site
    phone = phone_for(site, "201")
    site.phone("fxs1", "lift")
    site.phone("fxs1", "dial", digits="201")
    eventually("talking", lambda: site.port("fxs1")["state"] == "talking", 5)
    family = [pid for pid, _ in site.children()]
    begin = time.monotonic()
    assert site.terminate() == 0
    assert time.monotonic() - begin < 2.0
    assert any(m.startswith("BYE") for m in phone.received)
    assert not [pid for pid in family if Path(f"/proc/{pid}").exists()]
    phone.stop()
