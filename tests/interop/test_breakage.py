"""What happens when something breaks: the GIL held, processes killed, chips at fault, SIGTERM."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.interop.living_calls import LivingCalls
from tests.interop.processes import eventually
from tests.interop.raw_phone import RawPhone
from tests.interop.site import PASSWORDS, Site


@pytest.fixture
def gil_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with Site(tmp_path) as running:
        yield running


def phone_for(site: Site, user: str, answer: str = "200") -> RawPhone:
    return RawPhone(user, PASSWORDS[user], site.sip_port, answer).register()


def test_gil_held_300_ms_and_web_killed_lose_no_frame_and_make_none_late(gil_site: Site, tmp_path: Path) -> None:
    """A call between SIP telephones and one from copper go on; their far ends count."""
    site = gil_site
    with LivingCalls(site, tmp_path) as calls:
        core = site.child("firmware.app")
        calls.clear()
        for held in range(1, 6):
            begin = time.monotonic()
            os.kill(core, signal.SIGUSR2)
            site.core("debug")
            assert time.monotonic() - begin > 0.25  # it was held indeed
            calls.heard(30 * held)
        site.kill(site.child("firmware.web"))
        calls.heard(200)
        calls.unharmed(200)
        eventually("web is back", lambda: site.child("firmware.web"), 10)


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


def test_core_killed_while_four_ports_ring_and_talk_leaves_every_wire_without_voltage(tmp_path: Path) -> None:
    with Site(tmp_path, board="sim-4fxs") as site:
        for port, number in (("fxs1", "102"), ("fxs3", "104")):
            site.phone(port, "lift")
            site.phone(port, "dial", digits=number)
        for port in ("fxs2", "fxs4"):
            eventually(f"{port} rings", partial(lambda port: site.phone(port, "state")["ringing"], port), 5)
        site.phone("fxs2", "lift")
        eventually("two talk", lambda: [site.port(p)["state"] for p in ("fxs1", "fxs2")] == ["talking"] * 2, 5)
        site.kill(site.core_pid())
        killed = time.monotonic()

        def safe() -> bool:
            ports = site.rig("board.state")["ports"].values()
            return all(p["open"] and not p["ringing"] and abs(p["loop_ma"]) < 0.1 for p in ports)

        eventually("every line open and silent", safe, 1.0)
        assert time.monotonic() - killed < 1.0


@pytest.mark.parametrize("kind", ["dead-bus", "wrong-identity", "stuck-interrupt"])
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
