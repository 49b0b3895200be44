"""Gains, impedance and long lines, measured at the telephone and in the chip's registers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drivers.sim import measure
from drivers.sim.measure_ringing import ringing
from drivers.sim.phone import Phone
from firmware.telephony.cadence import Tone, ToneSegment
from tests.fake_time import run
from tests.stepped_house import SteppedHouse

TEST_HZ = 1020.0
TEST = Tone("test", (ToneSegment((TEST_HZ,)),), level_dbm0=-15.0)


def house(folder: Path, **line: Any) -> SteppedHouse:
    return SteppedHouse({"fxs1": "101", "fxs2": "102"}, folder, settings={"fxs1": line}, traced=True)


async def talk(made: SteppedHouse) -> tuple[Phone, Phone]:
    """fxs2 calls fxs1."""
    one, two = made.sim.copper["fxs1"], made.sim.copper["fxs2"]
    two.lift()
    await made.pass_ms(400)
    two.dial("101")
    await made.until("fxs1 rings", lambda: made.state("fxs1") == "ringing", 1500)
    await made.pass_ms(1000)
    seen = ringing(one.volts_last(0.5))
    assert seen is not None and seen.v_rms > 40
    one.lift()
    await made.until("both talk", lambda: made.state("fxs1") == made.state("fxs2") == "talking", 500)
    await made.pass_ms(200)
    return one, two


async def level_from(speaker: Phone, hearer: Phone, made: SteppedHouse) -> float:
    speaker.say(measure.sine(TEST_HZ, -15.0, 0.4))
    await made.pass_ms(300)
    level = measure.level_dbm0(hearer.heard_last(0.15))
    await made.pass_ms(300)
    return level


@pytest.mark.parametrize("gain_db", [-12.0, -6.0, 0.0, 3.0, 6.0])
def test_gains_in_both_directions(gain_db: float, tmp_path: Path) -> None:
    made = house(tmp_path, tx_gain_db=gain_db, rx_gain_db=gain_db)

    async def day() -> None:
        one, two = await talk(made)
        assert await level_from(one, two, made) == pytest.approx(-15 + gain_db, abs=0.5)
        assert await level_from(two, one, made) == pytest.approx(-15 + gain_db, abs=0.5)

    run(day())
    assert made.sim.violations() == []
    made.close()


@pytest.mark.parametrize(
    ("impedance", "code"),
    [(None, 0x0C), ("600", 0x08), ("900", 0x09), ("220+820||120n", 0x0D), ("200+680||100n", 0x0F)],
)
def test_the_lines_own_impedance_reaches_the_chip(impedance: str | None, code: int, tmp_path: Path) -> None:
    made = house(tmp_path, **({} if impedance is None else {"impedance": impedance}))
    made.close()
    trace = (tmp_path / "bus.trace").read_text(encoding="ascii").splitlines()
    (written,) = [line for line in trace if " cs0 DR10 <- " in line]
    assert int(written.rpartition("0x")[2], 16) == code


@pytest.mark.parametrize(("loop_ohm", "ren"), [(0, 3), (600, 3), (1300, 2)])
def test_a_long_line_rings_is_answered_and_heard(loop_ohm: float, ren: float, tmp_path: Path) -> None:
    made = house(tmp_path, long_line=True)
    made.sim.copper["fxs1"].set_wire(loop_ohm=loop_ohm, loss_db=loop_ohm / 300, ren=ren)

    async def day() -> None:
        one, two = await talk(made)
        assert one.line().loop_ma == pytest.approx(26, abs=1)
        loss_db = loop_ohm / 300
        assert await level_from(one, two, made) == pytest.approx(-15 + 3 - loss_db, abs=0.5)
        assert await level_from(two, one, made) == pytest.approx(-15 + 3 - loss_db, abs=0.5)
        one.hang_up()
        await made.until("the hang-up", lambda: made.state("fxs1") == "idle", 1000)

    run(day())
    assert made.sim.violations() == []
    made.close()
