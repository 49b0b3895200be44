"""How late sound is between a telephone's copper and a SIP telephone, and how soon the house notices the hook.

The simulated board lives in this process, so that its telephone is at hand; core is the true one. For the lateness, a
click is said on one side and sought on the other. Both clocks are CLOCK_MONOTONIC: the board's frames, and the kernel's
word on when a packet came. The jitter buffer keeps a delay that is known, so that it can be left out.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drivers.sim.board import SimBoard
from drivers.sim.phone import FRAME_US, RATE_HZ, Phone
from tests.bench.figures import Plan, Row, at_most
from tests.bench.start import BOARD
from tests.interop.processes import Process, eventually
from tests.interop.raw_phone import RawPhone
from tests.interop.rtp_peer import alaw_decode, alaw_encode
from tests.interop.site import PASSWORDS, TIPRING, Site

PACKET_MS, PACKET_SAMPLES = 20, 160
BUFFER_MS = 20
"""The jitter buffer's fixed delay, left out of the figure."""
CLICK = np.sin(2 * np.pi * 1000 * np.arange(16) / RATE_HZ)
CLICKS = 12
EVERY_PACKETS = 25
SETTLED_S = 2.5
"""A fixed jitter buffer keeps its delay from then on."""
LEAST = 0.1
"""Of full scale: what is louder is a click."""

Signal = NDArray[np.float64]


def copper_rows(folder: Path, plan: Plan) -> list[Row]:
    """Hook, then both ways of sound: a value for every try and every click."""
    clicks = plan.count(CLICKS * plan.runs, 2)
    with house_and_sip_phone(folder) as (site, copper, sip):
        tone_ms, trip_ms = zip(*(hook_ms(site, copper, sip) for _ in range(plan.count(2 * plan.runs))), strict=True)
        call(copper, sip)
        out_ms = to_sip_ms(copper, sip, clicks)
        back_ms = to_copper_ms(copper, sip, clicks, plan.seconds(SETTLED_S, 0.3))
    added = tuple(ms + PACKET_MS - BUFFER_MS for ms in back_ms)
    return [
        Row("hook to dial tone", "ms", tone_ms, at_most(200)),
        Row("hook to the end of ringing", "ms", trip_ms, at_most(150)),
        Row("telephone to SIP, the packet's 20 ms among it", "ms", tuple(out_ms), at_most(35)),
        Row("SIP to telephone, the packet's 20 ms, no jitter buffer", "ms", added, at_most(35)),
    ]


@contextmanager
def house_and_sip_phone(folder: Path) -> Iterator[tuple[Site, Phone, RawPhone]]:
    """Core on a board in this process, and 201 registered. The line neither echoes nor loses, and hears itself."""
    site = Site(folder, media_extra=f'jitter = "fixed"\njitter_fixed_ms = {BUFFER_MS}\n')
    site.data_folder.mkdir()
    argv = [str(TIPRING.parent / "tipring-core"), "--config", str(site.settings), "--data", str(site.data_folder),
            "--run", str(site.run_folder), "--board", str(BOARD)]  # fmt: skip
    with SimBoard("sim", seed=7) as board:
        board.serve(site.run_folder)
        core = Process("core", argv, folder / "core.log", env=site.environment)
        try:
            eventually("lines in service", lambda: all(p["in_service"] for p in site.status()["ports"]), 20)
            sip = RawPhone("201", PASSWORDS["201"], site.sip_port).register()
            copper = board.copper["fxs1"]
            copper.set_wire(sidetone_db=0, erl_db=60, noise_dbm0=-120)
            yield site, copper, sip
            sip.stop()
        finally:
            core.stop()


def call(copper: Phone, sip: RawPhone) -> None:
    """The telephone calls 201, which answers."""
    copper.lift()
    eventually("dial tone", lambda: _loudest(copper) > LEAST, 10)
    copper.dial("201")
    eventually("201 is asked", lambda: sip.media[1], 10)
    eventually("ringback is over", lambda: _loudest(copper) < LEAST / 10, 10)


def hook_ms(site: Site, copper: Phone, sip: RawPhone) -> tuple[float, float]:
    """From lifting until dial tone is heard; from lifting a ringing telephone until it rings no more."""
    copper.lift()
    lifted = copper.hook_moved_frame
    eventually("dial tone", lambda: _loudest(copper) > LEAST, 10)
    tone_ms = (_first_loud(copper.heard_since(lifted) / 32768)) * FRAME_US / 1000
    copper.hang_up()
    caller = threading.Thread(target=lambda: sip.call("101"))
    _await_rest(site, copper)
    caller.start()
    eventually("it rings", lambda: copper.line().ringing, 10)
    lifted_us = copper.now_us
    copper.lift()
    eventually("ringing trips", lambda: not copper.line().ringing, 5, every_s=0.001)
    trip_ms = (copper.now_us - lifted_us) / 1000
    caller.join()
    sip.bye()
    copper.hang_up()
    _await_rest(site, copper)
    return tone_ms, trip_ms


def _await_rest(site: Site, copper: Phone) -> None:
    eventually("the line rests", lambda: site.port("fxs1")["state"] == "idle" and _loudest(copper) < LEAST / 10, 10)


def to_sip_ms(copper: Phone, sip: RawPhone, clicks: int) -> list[float]:
    """From the copper until the packet arrives that holds the click, of that packet's first sample."""
    ahead_s = time.time() - time.monotonic()
    found = []
    for number in range(clicks):
        said_from, seen = copper.frame, len(sip.rtp.arrivals)
        copper.say((CLICK * 12000).astype(np.int16))
        time.sleep(0.2 + 0.007 * (number % 3))  # so that clicks lie anywhere in a packet
        said_s = _frame_s(copper, said_from + _first_loud(copper.heard_since(said_from) / 32768))
        packets = [a for a in sip.rtp.arrivals[seen:] if np.abs(alaw_decode(a.payload)).max() > LEAST]
        sample = _first_loud(alaw_decode(packets[0].payload))
        found.append(1000 * (packets[0].at_s - ahead_s - said_s + sample / RATE_HZ))
    return found


def to_copper_ms(copper: Phone, sip: RawPhone, clicks: int, settled_s: float) -> list[float]:
    """From sendto until the first sample of the packet is on the copper."""
    settled, began, first_frame = round(1000 * settled_s / PACKET_MS), time.monotonic(), copper.frame
    sent_s: list[float] = []
    heard: list[float] = []
    for number in range(settled + EVERY_PACKETS * clicks + EVERY_PACKETS):
        loud = number >= settled and (number - settled) % EVERY_PACKETS == 0 and len(sent_s) < clicks
        sound = np.zeros(PACKET_SAMPLES)
        if loud:
            sound[: len(CLICK)] = CLICK * 0.5
            first_frame = copper.frame
            sent_s.append(time.monotonic())
        head = struct.pack("!BBHII", 0x80, 8, number & 0xFFFF, number * PACKET_SAMPLES, 0x7A11)
        sip.rtp.socket.sendto(head + alaw_encode(sound), sip.media)
        if sent_s and len(heard) < len(sent_s) and number % EVERY_PACKETS == (settled + 15) % EVERY_PACKETS:
            at = first_frame + _first_loud(copper.heard_since(first_frame) / 32768)
            heard.append(1000 * (_frame_s(copper, at) - sent_s[-1]))
        time.sleep(max(0.0, began + (number + 1) * PACKET_MS / 1000 - time.monotonic()))
    return heard


def _frame_s(copper: Phone, frame: int) -> float:
    """When that sample was on the copper, by CLOCK_MONOTONIC."""
    now_us, now = copper.now_us, copper.frame
    return (now_us - (now - frame) * FRAME_US) / 1e6


def _loudest(copper: Phone) -> float:
    return float(np.abs(copper.heard_last(0.2)).max()) / 32768


def _first_loud(sound: Signal) -> int:
    loud = np.flatnonzero(np.abs(sound) > LEAST)
    assert loud.size, "the click was not heard"
    return int(loud[0])
