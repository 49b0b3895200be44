"""Calls that meet on an exchange line, one coming in and one going out, at every moment: nobody is lost, nothing stuck.

`TIPRING_SOAK=1` runs 500 meetings.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from drivers.sim.exchange_line import Stage
from drivers.sim.office_wires import WireFeed
from drivers.sim.rig_protocol import RigError
from tests.exchange_calls import call_in
from tests.fake_time import run
from tests.stepped_trunks import TrunkHouse

MEETINGS = 500 if os.environ.get("TIPRING_SOAK") else 8
A_HOUSE = 4
"""Meetings of one house, one after the other."""


@pytest.mark.parametrize("seed", range(MEETINGS // A_HOUSE))
def test_both_are_served_or_told_and_the_line_rests_again(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    house = TrunkHouse(tmp_path, options={"target": "102"})

    async def day() -> None:
        for _ in range(A_HOUSE):
            house.office.live_by("es", first_ring_ms=draw.randrange(50, 2500))
            await meet(house, draw.randrange(400, 3500))

    run(day())
    assert house.sim.violations() == []
    house.close()


async def meet(house: TrunkHouse, coming_ms: int) -> None:
    """101 dials out; after `coming_ms` the exchange has a caller for us, and 102 answers whatever rings it."""
    one, two = house.sim.copper["fxs1"], house.sim.copper["fxs2"]
    before = len(house.records.ended)
    one.lift()
    await house.pass_ms(400)
    one.dial("05#")
    await house.pass_ms(coming_ms)
    try:
        house.office.ring()
        arrived = True
    except RigError:
        arrived = False  # the exchange had given us the line already; its caller hears busy
    if arrived:
        await house.until("102 rings", lambda: house.state("fxs2") == "ringing", 15_000)
        two.lift()
        await house.until("the caller is heard", lambda: house.state("fxo1") == house.state("fxs2") == "talking", 4000)
        assert len(house.records.ended) > before, "who called out was told"
        assert house.state("fxs1") in {"congestion", "busy"}
        two.hang_up()
    else:
        await house.until("the number is out", lambda: house.office.digits == "5", 9000)
        await house.until("it rings there", lambda: house.office.stage is Stage.RINGBACK, 9000)
    one.hang_up()
    await house.until("all rest", lambda: (house.state("fxo1"), house.office.stage) == ("idle", Stage.IDLE), 9000)
    assert house.exchange.debug()["calls"] == 0


async def glare(house: TrunkHouse) -> None:
    """101 dials out while a caller comes in, whom 102 answers."""
    house.sim.copper["fxs1"].lift()
    await house.pass_ms(400)
    house.sim.copper["fxs1"].dial("05#")
    house.office.live_by("es", first_ring_ms=2000)
    house.office.ring()
    await house.until("102 rings", lambda: house.state("fxs2") == "ringing", 9000)
    house.sim.copper["fxs2"].lift()
    await house.until("102 has the caller", lambda: house.state("fxo1") == house.state("fxs2") == "talking", 2000)


async def all_hang_up(house: TrunkHouse) -> None:
    for phone in house.sim.copper.values():
        phone.hang_up()
    await house.until("all rest", lambda: (house.state("fxo1"), house.office.stage) == ("idle", Stage.IDLE), 9000)


@pytest.mark.parametrize("how", ["polarity", "loop-break"])
def test_a_caller_who_was_met_and_goes_first_frees_the_line_and_may_be_met_again_at_once(
    tmp_path: Path, how: str
) -> None:
    house = TrunkHouse(tmp_path, options={"target": "102"})

    async def day() -> None:
        for _ in range(2):
            await glare(house)
            house.office.hang_up(how)
            await house.until("freed", lambda: not house.office.wires.now().off_hook, 1000)
            assert house.state("fxs2") == "busy"
            await all_hang_up(house)

    run(day())
    assert house.sim.violations() == []
    house.close()


def test_a_turn_of_the_wires_while_the_line_is_taken_ends_no_call_out(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        await call_in(house)  # a turn would end this one
        await all_hang_up(house)
        house.sim.copper["fxs1"].lift()
        await house.pass_ms(400)
        house.sim.copper["fxs1"].dial("05#")
        await house.until("off hook", lambda: house.office.wires.now().off_hook, 2000)
        house.office.wires.put(WireFeed.REVERSED)
        await house.until("the number is out", lambda: house.office.digits == "5", 9000)
        await all_hang_up(house)

    run(day())
    assert house.sim.violations() == []
    house.close()
