"""Two telephones talk over simulated copper whose hybrid returns what it is given: with echo cancellers nobody
hears himself, and what the line is like can be read.

The hybrid's echo here is a delay and a loss (`drivers/sim/native/phone.c`), and the chip's own leak; dispersed ones are
in `tests/firmware_media/test_echo.py`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests import fake_time
from tests.firmware_media.echo_paths import speech
from tests.firmware_media.judge import Signal, level_dbm0
from tests.stepped_house import SteppedHouse


def talk(folder: Path, echo_ms: int, said: list[tuple[str, Signal]]) -> tuple[SteppedHouse, float]:
    """fxs1 calls fxs2, whose line echoes; then each says its part. How loud fxs1 hears the last second of it."""
    house = SteppedHouse({"fxs1": "101", "fxs2": "102"}, folder, echo_ms=echo_ms)
    level = 0.0

    async def day() -> None:
        nonlocal level
        one, two = house.sim.copper["fxs1"], house.sim.copper["fxs2"]
        one.set_wire(sidetone_db=60)
        two.set_wire(erl_db=10, echo_ms=20)
        one.lift()
        await house.pass_ms(400)
        one.dial("102")
        await house.until("fxs2 rings", lambda: house.state("fxs2") == "ringing", 1500)
        await house.pass_ms(200)
        two.lift()
        await house.until("both talk", lambda: house.state("fxs1") == house.state("fxs2") == "talking", 500)
        for who, words in said:
            for at in range(0, len(words), 4000):
                house.sim.copper[who].say(words[at : at + 4000].astype(np.int16))
                await house.pass_ms(500)
        level = level_dbm0(one.heard_last(1).astype(np.float64))

    try:
        fake_time.run(day())
    finally:
        house.close()
    return house, level


def test_nobody_hears_himself(tmp_path: Path) -> None:
    words = [("fxs1", speech(1, 5))]
    _, before = talk(tmp_path / "without", 0, words)
    house, after = talk(tmp_path / "with", 64, words)
    assert before > -36
    assert after < before - 25
    assert (line := house.lines["fxs2"].echo()) is not None
    assert line.erl_db is not None and line.erle_db is not None and line.delay_ms is not None
    assert abs(line.erl_db - 10) < 2.5
    assert line.erle_db > 20
    assert 28 < line.delay_ms < 36  # the hybrid's 20, the highway's 10, the chip's filters
    _, heard = talk(tmp_path / "near", 64, [*words, ("fxs2", speech(2, 2, "es"))])
    assert heard > -24  # the other one is heard as ever
