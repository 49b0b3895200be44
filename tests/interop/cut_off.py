"""Runs sites where there is no Internet and no DNS worth the name; started by `test_without_dns.py`.

`unshare ... python -m tests.interop.cut_off WHAT FOLDER` runs in a network and mount namespace of its
own: nothing but loopback, no route to anywhere, and an /etc/resolv.conf that names a silent server.
Prints what it saw as one line of JSON, the last of its output.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.interop.processes import eventually
from tests.interop.raw_phone import RawPhone, header
from tests.interop.site import PASSWORDS, Site
from tests.sip.dns_server import Script

HEALTHY, SILENT, SLOW, LYING, NOBODY, NOWHERE = (
    "127.0.0.53", "127.0.0.54", "127.0.0.55", "127.0.0.56", "127.0.0.57", "198.51.100.53",
)  # fmt: skip
RECORDS = {("stun.example.test", "A"): (60, ["127.0.0.99"])}
LIES = {("stun.example.test", "A"): (1, ["203.0.113.66", "0.0.0.0", "255.255.255.255"])}
CALLS = 30


class DnsServer:
    """A script on UDP port 53 of `ip`, in a thread; delays are kept by timers."""

    def __init__(self, ip: str, script: Script) -> None:
        self.script = script
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ip, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            data, source = self._socket.recvfrom(4096)
            delay_s, messages = self.script.answer(data, stream=False)
            for octets in messages:
                threading.Timer(delay_s, self._socket.sendto, (octets, source)).start()


def another_id_then_a_lie(true: bytes) -> list[bytes]:
    return [bytes([true[0] ^ 1]) + true[1:], true[:5], os.urandom(200)]


def start_dns() -> dict[str, Script]:
    scripts = {
        HEALTHY: Script(dict(RECORDS), delay_s=0.0),
        SILENT: Script(dict(RECORDS), silent={"*"}),
        SLOW: Script(dict(RECORDS), delay_s=5.0),
        LYING: Script(dict(LIES), delay_s=0.0, wrong=another_id_then_a_lie),
    }
    for ip, script in scripts.items():
        DnsServer(ip, script)
    return scripts


def cut_off(folder: Path) -> None:
    """Loopback alone, and a resolv.conf of our own over the system's."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    (folder / "resolv.conf").write_text(f"nameserver {SILENT}\n")
    subprocess.run(["mount", "--bind", str(folder / "resolv.conf"), "/etc/resolv.conf"], check=True)
    assert not subprocess.run(["ip", "route"], check=True, capture_output=True).stdout, "there is a route"


@contextlib.contextmanager
def site_with(folder: Path, dns: str) -> Iterator[Site]:
    """A site that asks `dns` for its STUN server as soon as it starts, with every name asked of the system noted."""
    folder.mkdir()
    sip = f'stun_server = "stun.example.test"\ndns_servers = ["{dns}"]\nfollow_redirects = "any"\n'
    site = Site(folder, sip_extra=sip, rtp_pairs=150)
    site.environment |= {"PYTHONPATH": str(Path(__file__).parent), "TIPRING_LOOKUPS": str(folder / "lookups")}
    with site:
        yield site


@contextlib.contextmanager
def phones(site: Site) -> Iterator[tuple[RawPhone, RawPhone]]:
    """A caller and a phone that rings and answers; both call themselves by names."""
    caller, called = (
        RawPhone(user, PASSWORDS[user], site.sip_port, host=f"phone{user}.example.test") for user in ("201", "202")
    )
    try:
        yield caller.register(), called.register()
    finally:
        caller.stop()
        called.stop()


class Away(RawPhone):
    """A phone that sends every call on to a host that is still to be looked up, another one each time."""

    def _serve(self, request: str) -> None:
        if not request.startswith("INVITE"):
            return
        copied = "".join(f"{name}: {header(request, name)}\r\n" for name in ("Via", "From", "Call-ID", "CSeq"))
        self.send(
            f"SIP/2.0 302 Moved Temporarily\r\n{copied}To: {header(request, 'To')};tag={self.tag}\r\n"
            f"Contact: <sip:204@away{len(self.received)}.example.test>\r\nContent-Length: 0\r\n\r\n"
        )


@contextlib.contextmanager
def calls_that_wait_for_dns(site: Site) -> Iterator[list[str]]:
    """203 calls 204 again and again, which is away; the status lines it got so far."""
    caller = RawPhone("203", PASSWORDS["203"], site.sip_port)
    away = Away("204", PASSWORDS["204"], site.sip_port)
    caller.register()
    away.register()
    ending = threading.Event()
    ends: list[str] = []

    def call_on() -> None:
        while not ending.wait(0.5):  # where names are told at once, one call would follow another too fast
            ends.append(caller.call("204").partition("\r\n")[0])

    calling = threading.Thread(target=call_on)
    calling.start()
    try:
        eventually("a call was sent on", lambda: any(text.startswith("INVITE") for text in away.received))
        yield ends
    finally:
        ending.set()
        calling.join()
        caller.stop()
        away.stop()


def set_up_ms(caller: RawPhone) -> float:
    """Call 202 and hang up; from the INVITE that was let in to its 180."""
    sent_at_s: list[float] = []
    send = caller.send

    def noting(message: str | bytes) -> None:
        if isinstance(message, str) and message.startswith("INVITE"):
            sent_at_s.append(time.monotonic())
        send(message)

    caller.send = noting  # type: ignore[method-assign]
    try:
        answer = caller.call("202")
        assert answer.startswith("SIP/2.0 200"), answer
    finally:
        caller.send = send  # type: ignore[method-assign]
    rang = next(
        at_s
        for at_s, text in zip(caller.heard_at_s, caller.received, strict=False)
        if text.startswith("SIP/2.0 180") and header(text, "Call-ID") == caller.call_id
        and header(text, "CSeq").startswith(f"{caller.sequence} ")
    )  # fmt: skip
    assert caller.bye().startswith("SIP/2.0 200")
    return (rang - sent_at_s[-1]) * 1000


def counts(site: Site) -> list[int]:
    """What core holds of calls."""
    debug = site.core("debug")
    return [debug["streams"], debug["dialogs"]]


def side_by_side(folder: Path, dns: str) -> dict[str, Any]:
    """A site with healthy DNS and one with `dns`, calls on each by turns in a drawn order."""
    scripts = start_dns()
    order = random.Random(53)
    times_ms: dict[str, list[float]] = {"healthy": [], "sick": []}
    with (
        site_with(folder / "healthy", HEALTHY) as well, site_with(folder / "sick", dns) as sick,
        phones(well) as (well_caller, _), phones(sick) as (sick_caller, _),
    ):  # fmt: skip
        with calls_that_wait_for_dns(well), calls_that_wait_for_dns(sick) as ends:
            for _ in range(CALLS):
                pair = [("healthy", well_caller), ("sick", sick_caller)]
                order.shuffle(pair)
                for name, caller in pair:
                    times_ms[name].append(set_up_ms(caller))
            eventually("a call sent on has ended", lambda: ends)
        eventually("all calls are over", lambda: not any(counts(well) + counts(sick)), 40)
    lookups = [(folder / name / "lookups").read_text().splitlines() for name in ("healthy", "sick")]
    return {
        "ms": times_ms,
        "asked": {ip: sorted(set(script.asked)) for ip, script in scripts.items()},
        "lookups": lookups,
        "sent on": sorted(set(ends)),
    }


def alone(folder: Path) -> dict[str, Any]:
    """A site with nothing but itself: it starts, its page answers, SIP and analog telephones call each other."""
    seen: dict[str, Any] = {}
    with site_with(folder / "site", NOWHERE) as site, phones(site) as (caller, _):
        with urllib.request.urlopen(f"http://127.0.0.1:{site.web_port}/?lang=en", timeout=10) as page:
            seen["page"] = page.status, "fxs1" in page.read().decode()
        seen["status"] = site.tipring("status").returncode
        seen["sip to sip"] = set_up_ms(caller)
        seen["sip to line"] = sip_to_line(site, caller)
        seen["line to line"] = line_to_line(site)
        site.wait_idle()
        seen["records"] = [record["cause"] for record in site.records()]
    return seen


def sip_to_line(site: Site, caller: RawPhone) -> bool:
    """201 calls the telephone on fxs1."""
    answers: list[str] = []
    calling = threading.Thread(target=lambda: answers.append(caller.call("101")))
    calling.start()
    eventually("fxs1 rings", lambda: site.phone("fxs1", "state")["ringing"])
    site.phone("fxs1", "lift")
    calling.join()
    caller.bye()
    site.phone("fxs1", "hangup")
    site.wait_idle()
    return answers[0].startswith("SIP/2.0 200")


def line_to_line(site: Site) -> bool:
    """The telephone on fxs1 calls the one on fxs2."""
    site.phone("fxs1", "lift")
    site.phone("fxs1", "dial", digits="102")
    eventually("fxs2 rings", lambda: site.phone("fxs2", "state")["ringing"])
    site.phone("fxs2", "lift")
    eventually("both talk", lambda: site.port("fxs1")["state"] == site.port("fxs2")["state"] == "talking")
    for port in ("fxs1", "fxs2"):
        site.phone(port, "hangup")
    return True


WHAT: dict[str, Callable[[Path], dict[str, Any]]] = {
    "silent": lambda folder: side_by_side(folder, SILENT),
    "slow": lambda folder: side_by_side(folder, SLOW),
    "lying": lambda folder: side_by_side(folder, LYING),
    "nobody": lambda folder: side_by_side(folder, NOBODY),
    "alone": alone,
}

if __name__ == "__main__":
    place = Path(sys.argv[2])
    cut_off(place)
    result = WHAT[sys.argv[1]](place)
    print(json.dumps(result), flush=True)
    os._exit(0)  # the servers' threads and timers have nothing to finish
