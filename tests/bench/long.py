"""How many calls a second the house sustains, and its memory after 5,000, 25,000 and 50,000 calls.

sipp calls sipp through core, without digest and without audio. A rate counts as sustained when for 10 s no call
failed and nothing had to be sent again. Finished calls are remembered for 32 s, so that memory first grows with the
rate; after that it must not grow with the number of calls.
"""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench.calls import callee
from tests.bench.figures import Bar, Plan, Row, at_least, at_most, cpu_s, resident_mib
from tests.interop.processes import eventually
from tests.interop.sipp import Sipp, SippResult
from tests.interop.site import Site

RATES = (200, 300, 400, 500, 600, 800)
MARKS = (5_000, 25_000, 50_000)
SHARE = 0.5
"""Of the rate that was sustained for 10 s: minutes at the limit would measure how calls are refused."""
FLAT = at_most(10, "(flat: less than one small object a call)")
NONE_FAILED = Bar("<=", 0, every=True)
RTP_PAIRS = 5_000  # a port rests 4 s after use, and a call takes two


def long_rows(folder: Path, plan: Plan) -> list[Row]:
    with Site(folder, sip_extra='trusted_networks = ["127.0.0.0/8"]\n', rtp_pairs=RTP_PAIRS) as site:
        answering = callee(site, folder)
        rows = [throughput(site, folder, plan)]
        await_rest(site, plan)
        rows += memory_over_calls(site, folder, plan, max(100, round(rows[0].median * SHARE)))
        answering.stop()
    return rows


def await_rest(site: Site, plan: Plan) -> None:
    """Until no finished call is remembered, which takes half a minute; only when it is done in earnest."""
    if plan.whole:
        eventually("at rest", lambda: site.core("debug")["transactions"] == 0, 80, every_s=1)


def burst(site: Site, folder: Path, count: int, rate: int) -> SippResult:
    return Sipp(
        folder, "trusted-caller", "-m", str(count), "-r", str(rate), "-l", "3000", "-s", "900", "-key", "callee", "202",
        "-d", "100", "-key", "rtp_port", "9", remote=f"127.0.0.1:{site.sip_port}",
    ).run(count / rate + 120)  # fmt: skip


def throughput(site: Site, folder: Path, plan: Plan) -> Row:
    """The highest of `RATES` that is sustained."""
    best = 0.0
    for rate in RATES if plan.whole else RATES[:1]:
        count = plan.count(10 * rate, 4)
        result = burst(site, folder, count, rate)
        if result.count("SuccessfulCall(C)") < count or result.count("Retransmissions(C)"):
            break
        best = float(rate)
    return Row("calls a second, none failed, nothing sent again", "calls/s", (best,), at_least(400))


def memory_over_calls(site: Site, folder: Path, plan: Plan, rate: int) -> list[Row]:
    """Resident memory of core as calls go on at one rate, at rest afterwards, and the CPU of a call meanwhile."""
    pid = site.core_pid()
    rows = [Row("core before, resident", "MiB", (resident_mib(pid),))]
    spent_s, done, failed = cpu_s(pid), 0, 0
    for mark in (plan.count(mark, 4) for mark in MARKS):
        result = burst(site, folder, mark - done, rate)
        done, failed = mark, failed + result.count("FailedCall(C)")
        rows.append(Row(f"core after {mark:,} calls at {rate}/s, resident", "MiB", (resident_mib(pid),)))
    rows.append(Row("CPU a call over all of them", "ms CPU", ((cpu_s(pid) - spent_s) / done * 1000,), at_most(1.2)))
    growth_kib = (rows[-2].median - rows[-3].median) * 1024
    per_1000 = growth_kib / ((MARKS[2] - MARKS[1]) * plan.share / 1000)
    rows.append(Row("growth per 1,000 calls over the last half", "KiB", (per_1000,), FLAT))
    rows.append(Row(f"calls that failed of {done:,}", "calls", (float(failed),), NONE_FAILED))
    await_rest(site, plan)
    time.sleep(plan.seconds(12, 0))  # so often memory is given back (`firmware/after_rush.py`)
    rows.append(Row("core at rest afterwards, resident", "MiB", (resident_mib(pid),)))
    return rows
