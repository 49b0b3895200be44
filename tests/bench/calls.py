"""CPU that core spends on a call and on a REGISTER, driven by sipp; memory with and without calls."""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench.figures import Plan, Row, at_most, calibration_ms, cpu_s, ratios, resident_mib
from tests.interop.processes import eventually
from tests.interop.sipp import Sipp
from tests.interop.site import PASSWORDS, Site

SECONDS = 12
RATE = 300
"""Near the 400 calls/s that are asked for: what a call costs where cost matters."""
CALM_RATE = 100
"""Told beside it: a processor that dozes off between calls finds its caches cold, which is its cost, not a call's."""
RTP_PAIRS = 5_000  # a port rests 4 s after use, and a call takes two
REGISTERS = 3000
IDLE_S = 4.0


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


def calls(site: Site, folder: Path, scenario: str, plan: Plan, rate: int) -> float:
    """CPU of core in ms per call, beyond what core takes at rest (scanner, engine, the page's questions)."""
    pid, count = site.core_pid(), plan.count(SECONDS * rate, 2)
    resting = idle_share(pid, plan.seconds(IDLE_S, 0.2))
    before, begin = cpu_s(pid), time.monotonic()
    # A caller that is no user of ours: those are challenged even from a trusted network.
    user = "900" if scenario == "trusted-caller" else "201"
    result = Sipp(
        folder, scenario, "-m", str(count), "-r", str(rate), "-l", "3000", "-s", user, "-key", "callee", "202",
        "-au", "201", "-ap", PASSWORDS["201"], "-d", "100", "-key", "rtp_port", "9",
        remote=f"127.0.0.1:{site.sip_port}",
    ).run(count / rate + 60)  # fmt: skip
    assert result.status == 0, result.errors[-2000:]
    return (cpu_s(pid) - before - resting * (time.monotonic() - begin)) / count * 1000


def idle_share(pid: int, seconds: float) -> float:
    """CPU seconds a second that the process takes now."""
    before = cpu_s(pid)
    time.sleep(seconds)
    return (cpu_s(pid) - before) / seconds


def call_rows(folder: Path, plan: Plan) -> list[Row]:
    """Rows for calls with and without digest, and REGISTER, each also as a ratio to the Python loop."""
    with Site(folder, sip_extra='trusted_networks = ["127.0.0.0/8"]\n', rtp_pairs=RTP_PAIRS) as site:
        answering = callee(site, folder)
        rows: list[Row] = []
        loops = []
        for what, scenario, rate, bar in (
            (f"call set-up and tear-down, no digest, {RATE}/s", "trusted-caller", RATE, at_most(1.2)),
            (f"call set-up and tear-down, digest, {RATE}/s", "caller", RATE, at_most(1.5)),
            (f"  no digest, {CALM_RATE}/s", "trusted-caller", CALM_RATE, None),
        ):
            values = []
            for _ in range(plan.runs):
                loops.append(calibration_ms())
                values.append(calls(site, folder, scenario, plan, rate))
            rows.append(Row(what, "ms CPU", tuple(values), bar))
            rows.append(Row("  per 100 ms of the Python loop", "", per_loop(values, loops[-plan.runs :])))
        answering.stop()
        rows += register_rows(site, folder, plan)
    rows.append(Row("Python calibration loop", "ms CPU", tuple(loops)))
    return rows


def per_loop(values: list[float], loops: list[float]) -> tuple[float, ...]:
    return tuple(100 * ratio for ratio in ratios(tuple(values), tuple(loops)))


def register_rows(site: Site, folder: Path, plan: Plan) -> list[Row]:
    pid, count = site.core_pid(), plan.count(REGISTERS)
    values = []
    for _ in range(plan.runs):
        before = cpu_s(pid)
        registers(site, folder, "203", 9, count)
        values.append((cpu_s(pid) - before) / count * 1000)
    return [Row("REGISTER with digest (challenge included)", "ms CPU", tuple(values), at_most(0.4))]


def memory_rows(folder: Path, plan: Plan) -> list[Row]:
    """Resident memory of core and web at rest, and of core with 100 calls up."""
    most = plan.count(100, 4)
    with Site(folder, rtp_pairs=600) as site:
        web = site.child("firmware.web")
        core = site.core_pid()
        time.sleep(plan.seconds(1.0, 0.1))
        rows = [
            Row("core idle, resident", "MiB", (resident_mib(core),), at_most(40)),
            Row("core and web idle, resident", "MiB", (resident_mib(core) + resident_mib(web),), at_most(90)),
        ]
        answering = callee(site, folder)
        caller = Sipp(
            folder, "caller", "-m", str(most), "-r", "50", "-s", "201", "-key", "callee", "202",
            "-au", "201", "-ap", PASSWORDS["201"], "-d", str(plan.count(6000, 1500)), "-key", "rtp_port", "9",
            remote=f"127.0.0.1:{site.sip_port}",
        ).start()  # fmt: skip
        eventually("all calls up", lambda: len(site.status()["calls"]) == most, 20)
        rows.append(Row(f"core with {most} calls, resident", "MiB", (resident_mib(core),), at_most(80)))
        caller.stop()
        answering.stop()
    return rows
