"""Every manner of hanging up, from both ends of calls in and out: the line is free, and the record's talk time true.

The judge is the copper: when the loop closed or the feed turned at the exchange, and when the far party hung up there.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drivers.sim import measure
from drivers.sim.exchange_line import Stage
from firmware.telephony.cause import Cause
from tests.exchange_calls import call_in, call_out, closed
from tests.fake_time import run
from tests.stepped_trunks import TrunkHouse

SILENCE_S = 15.0
MOST_MS = {"loop-break": 1000, "polarity": 1000, "busy-tone": 2000, "congestion-tone": 8000, "silence": 16_000}
"""Break and reversal in a second, a tone within four periods of it, silence within a second of its limit."""


@pytest.mark.parametrize("outgoing", [False, True], ids=["in", "out"])
@pytest.mark.parametrize("how", [*MOST_MS, "we do"])
def test_the_record_has_the_time_that_they_talked(tmp_path: Path, how: str, outgoing: bool) -> None:
    habits = {"answer_reversal": outgoing and how in {"polarity", "we do"}, "inter_digit_ms": 1500}
    house = TrunkHouse(tmp_path, habits=habits, options={"silence_s": SILENCE_S})

    async def day() -> None:
        await (answered_out(house) if outgoing else call_in(house))
        await house.pass_ms(3000)
        house.office.say(measure.sine(800, -15.0, 0.5))
        await house.pass_ms(500)
        gone_us = house.office.wires.now_us
        if how == "we do":
            house.sim.copper["fxs1"].hang_up()
        else:
            house.office.hang_up(how)
        await house.until("on hook", lambda: not house.office.wires.now().off_hook, MOST_MS.get(how, 1000))
        await house.until("recorded", lambda: bool(house.records.ended), 100)
        ((_, record),) = house.records.ended
        assert record.talk_ms == pytest.approx((gone_us - house.office.answered_us) / 1000, abs=500)
        assert record.cause is Cause.NORMAL_CLEARING
        assert record.hung_up_by == ("fxs1" if how == "we do" else "fxo1")
        await house.until("all rest", lambda: house.state("fxo1") == "idle", 3000)

    run(day())
    closed(house)


async def answered_out(house: TrunkHouse) -> None:
    """A call out whose party answers with a short word: a voice counts as an answer when its first sound has ended."""
    await call_out(house, "05#")
    await house.pass_ms(1900)  # one ring
    house.office.answer()
    if not house.office.habits.answer_reversal:
        house.office.say(np.random.default_rng(1).normal(0, 2500, 2400).astype(np.int16))
    await house.until("answered", lambda: house.state("fxo1") == "talking", 6000)


@pytest.mark.parametrize("after_ms", [0, 400, 900, 1300])
def test_a_call_answered_in_a_ring_counts_from_the_seizure_after_it(tmp_path: Path, after_ms: int) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        house.office.ring()
        await house.until("101 rings", lambda: house.sim.copper["fxs1"].line().ringing, 1500)
        await house.pass_ms(after_ms)
        house.sim.copper["fxs1"].lift()
        await house.until("seized", lambda: house.office.stage is Stage.TALKING, 3000)
        await house.pass_ms(4000)
        gone_us = house.office.wires.now_us
        house.sim.copper["fxs1"].hang_up()
        await house.until("recorded", lambda: bool(house.records.ended), 1000)
        assert house.records.ended[0][1].talk_ms == pytest.approx((gone_us - house.office.answered_us) / 1000, abs=500)

    run(day())
    closed(house)


def test_who_hangs_up_before_the_line_is_taken_has_not_talked(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        house.office.ring()
        await house.until("101 rings", lambda: house.sim.copper["fxs1"].line().ringing, 1500)
        house.sim.copper["fxs1"].lift()
        await house.until("answered", lambda: house.state("fxo1") == "answering", 500)
        house.sim.copper["fxs1"].hang_up()
        await house.until("recorded", lambda: bool(house.records.ended), 1000)
        assert house.records.ended[0][1].talk_ms == 0
        assert house.records.answered == []

    run(day())
    closed(house)
