"""CPU that core spends on a call and on a REGISTER, driven by sipp; memory with and without calls."""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench.figures import Row, calibration_ms, cpu_s, resident_mib
from tests.interop.processes import eventually
from tests.interop.sipp import Sipp
from tests.interop.site import PASSWORDS, Site

CALLS = 1500
RATE = 100
REGISTERS = 3000


def callee(site: Site, folder: Path) -> Sipp:
    """sipp as user 202, registered, answering every call."""
    answering = Sipp(folder, "callee", "-key", "rtp_port", "9").start()
    registers(site, folder, "202", answering.port, 1)
    return answering


def registers(site: Site, folder: Path, user: str, contact_port: int, count: int) -> None:
    result = Sipp(
        folder, "register", "-m", str(count), "-r", "500", "-s", user, "-key", "contact_port", str(contact_port),
        "-au", user, "-ap", PASSWORDS[user], remote=f"127.0.0.1:{site.sip_port}",
    ).run(120)  # fmt: skip
    assert result.status == 0, result.errors[-2000:]


def calls(site: Site, folder: Path, scenario: str, count: int, rate: int, talk_ms: int) -> float:
    """CPU of core in ms per call, beyond what core takes at rest (scanner, engine, the page's questions)."""
    pid = site.core_pid()
    resting = idle_share(pid)
    before, begin = cpu_s(pid), time.monotonic()
    # A caller that is no user of ours: those are challenged even from a trusted network.
    user = "900" if scenario == "trusted-caller" else "201"
    result = Sipp(
        folder, scenario, "-m", str(count), "-r", str(rate), "-l", "3000", "-s", user, "-key", "callee", "202",
        "-au", "201", "-ap", PASSWORDS["201"], "-d", str(talk_ms), "-key", "rtp_port", "9",
        remote=f"127.0.0.1:{site.sip_port}",
    ).run(count / rate + 60)  # fmt: skip
    assert result.status == 0, result.errors[-2000:]
    return (cpu_s(pid) - before - resting * (time.monotonic() - begin)) / count * 1000


def idle_share(pid: int, seconds: float = 4.0) -> float:
    """CPU seconds a second that the process takes now."""
    before = cpu_s(pid)
    time.sleep(seconds)
    return (cpu_s(pid) - before) / seconds


def call_rows(folder: Path, runs: int) -> list[Row]:
    """Rows for calls with and without digest, and REGISTER, each also as a ratio to the Python loop."""
    with Site(folder, sip_extra='trusted_networks = ["127.0.0.0/8"]\n', rtp_pairs=1800) as site:
        answering = callee(site, folder)
        rows: list[Row] = []
        loops = []
        for what, scenario, bar in (
            ("call set-up and tear-down, no digest", "trusted-caller", "<= 1.2 ms"),
            ("call set-up and tear-down, digest", "caller", "<= 1.5 ms"),
        ):
            values = []
            for _ in range(runs):
                loops.append(calibration_ms())
                values.append(calls(site, folder, scenario, CALLS, RATE, 100))
            rows.append(Row(what, "ms CPU", tuple(values), bar))
            rows.append(Row("  per 100 ms of the Python loop", "", ratios(values, loops[-runs:])))
        answering.stop()
        rows += register_rows(site, folder, runs)
    rows.append(Row("Python calibration loop", "ms CPU", tuple(loops)))
    return rows


def ratios(values: list[float], loops: list[float]) -> tuple[float, ...]:
    return tuple(value / loop * 100 for value, loop in zip(values, loops, strict=True))


def register_rows(site: Site, folder: Path, runs: int) -> list[Row]:
    pid = site.core_pid()
    values = []
    for _ in range(runs):
        before = cpu_s(pid)
        registers(site, folder, "203", 9, REGISTERS)
        values.append((cpu_s(pid) - before) / REGISTERS * 1000)
    return [Row("REGISTER with digest (challenge included)", "ms CPU", tuple(values), "<= 0.4 ms")]


def memory_rows(folder: Path) -> list[Row]:
    """Resident memory of core and web at rest, and of core with 100 calls up."""
    with Site(folder, rtp_pairs=600) as site:
        web = site.child("firmware.web")
        core = site.core_pid()
        time.sleep(1.0)
        rows = [
            Row("core idle, resident", "MiB", (resident_mib(core),), "<= 40 MB"),
            Row("core and web idle, resident", "MiB", (resident_mib(core) + resident_mib(web),), "<= 90 MB"),
        ]
        answering = callee(site, folder)
        caller = Sipp(
            folder, "caller", "-m", "100", "-r", "50", "-s", "201", "-key", "callee", "202",
            "-au", "201", "-ap", PASSWORDS["201"], "-d", "6000", "-key", "rtp_port", "9",
            remote=f"127.0.0.1:{site.sip_port}",
        ).start()  # fmt: skip
        eventually("100 calls up", lambda: len(site.status()["calls"]) == 100, 20)
        rows.append(Row("core with 100 calls, resident", "MiB", (resident_mib(core),), "<= 80 MB"))
        caller.stop()
        answering.stop()
    return rows
