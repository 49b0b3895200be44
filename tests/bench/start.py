"""How soon after start the house answers: first OPTIONS, dial tone on a lifted handset."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from tests.bench.figures import Plan, Row, at_most
from tests.interop.processes import Process, eventually
from tests.interop.site import TIPRING, Site

BOARD = Path(__file__).resolve().parents[2] / "boards" / "sim.toml"
OPTIONS = (
    "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKbench{number};rport\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:bench@127.0.0.1>;tag=bench\r\nTo: <sip:127.0.0.1>\r\n"
    "Call-ID: bench-{number}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


def first_options_s(sip_port: int, begin: float) -> float:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        probe.settimeout(0.02)
        for number in range(1000):
            message = OPTIONS.format(port=probe.getsockname()[1], number=number)
            probe.sendto(message.encode(), ("127.0.0.1", sip_port))
            try:
                if probe.recv(4096).startswith(b"SIP/2.0 200"):
                    return time.monotonic() - begin
            except OSError:
                time.sleep(0.005)
    raise AssertionError("OPTIONS never answered")


def one_start(site: Site) -> tuple[float, float]:
    """(first OPTIONS, dial tone on a lifted handset) in s after the start of core on a waiting board."""
    core = [str(TIPRING.parent / "tipring-core"), "--config", str(site.settings), "--data", str(site.data_folder)]
    simboard = [str(TIPRING.parent / "tipring-simboard"), "--run", str(site.run_folder), "--board", str(BOARD)]
    board = Process("simboard", simboard, site.folder / "board.log", env=site.environment)
    try:
        eventually("board", lambda: site.rig("board.state"), 10)
        begin = time.monotonic()
        running = Process("core", [*core, "--board", "sim", "--run", str(site.run_folder), "--board", str(BOARD)],
                          site.folder / "core.log", env=site.environment)  # fmt: skip
        try:
            options = first_options_s(site.sip_port, begin)
            site.phone("fxs1", "lift")
            eventually("dial tone", lambda: site.phone("fxs1", "state")["tones"], 15)
            dial_tone = time.monotonic() - begin
        finally:
            running.stop()
    finally:
        board.stop()
    return options, dial_tone


def start_rows(folder: Path, plan: Plan) -> list[Row]:
    """The very first start calibrates the chips; later ones reuse what was stored."""
    site = Site(folder)
    first = one_start(site)
    later = [one_start(site) for _ in range(plan.runs)]
    return [
        Row("start to first OPTIONS answered", "s", tuple(o for o, _ in later), at_most(0.7)),
        Row("start to dial tone, stored calibration", "s", tuple(d for _, d in later), at_most(1.5)),
        Row("very first start to dial tone", "s", (first[1],), at_most(6)),
    ]
