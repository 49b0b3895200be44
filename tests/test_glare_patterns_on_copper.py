"""Calls that meet on exchange lines in every manner that could be thought of: nobody is lost, no line stays stuck.

The meetings are drawn (`glare_patterns.py`). `TIPRING_SOAK=1` plays 500.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.exchange_calls import TWO_TRUNKS, call_over, closed
from tests.fake_time import run
from tests.glare_day import GlareDay
from tests.glare_patterns import KINDS, draw
from tests.stepped_trunks import TrunkHouse

MEETINGS = 504 if os.environ.get("TIPRING_SOAK") else 24
A_HOUSE = 3
"""Meetings of one house, one after the other: each finds the lines as the one before has left them."""


@pytest.mark.parametrize("first", range(0, MEETINGS // len(KINDS), A_HOUSE))
@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_lost_and_no_line_is_stuck(tmp_path: Path, kind: str, first: int) -> None:
    house = house_of(tmp_path, kind, first)
    day = GlareDay(house)

    async def meet() -> None:
        await day.learn()
        for seed in range(first, first + A_HOUSE):
            await day.play(replace(draw(kind, seed), manner=draw(kind, first).manner))
        await call_over(house, house.office)
        house.office.ring()
        await house.until("102 rings", lambda: house.state("fxs2") == "ringing", 9000)
        house.office.stop()
        await day.rest()

    run(meet())
    closed(house)


def house_of(folder: Path, kind: str, seed: int) -> TrunkHouse:
    options: dict[str, Any] = {"target": "102", "dial_blind": kind == "blind"}
    if kind == "caller-id":
        manner = draw(kind, seed).manner
        options |= {"caller_id": manner.standard, "caller_id_dtmf": manner.form, "caller_id_wait_s": 5.0}
    house = TrunkHouse(folder, options=options, board=TWO_TRUNKS if kind == "two-lines" else "sim-fxo", echo_ms=64)
    if kind == "blind":
        house.office.habits = replace(house.office.habits, dial=None)
    return house
