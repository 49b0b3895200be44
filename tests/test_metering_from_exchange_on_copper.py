"""Metering pulses that an exchange sends on its line: counted where the chip sees them, warned of if they harm speech.

The chip tells that there was a billing tone, and whether its input is overloaded; the tone itself lies beyond what a
simulated wire carries as sound, so the chip's model is told its voltage (`drivers/sim/native/si3050_line.c`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drivers.sim import measure
from firmware.telephony.cause import Cause
from tests.exchange_calls import call_in, call_out, closed, talk
from tests.fake_time import run
from tests.stepped_trunks import TrunkHouse

NOTE_DBM0 = -15.0


async def quietest_db(house: TrunkHouse, ms: int) -> float:
    """The far party hums for so long: the faintest 50 ms of it in the telephone, against the loudest."""
    house.office.say(measure.sine(1000, NOTE_DBM0, ms / 1000))
    await house.pass_ms(ms - 200)
    heard = house.sim.copper["fxs1"].heard_last((ms - 400) / 1000).astype(float)
    parts = [np.sqrt(np.mean(part**2)) for part in np.array_split(heard, round((ms - 400) / 50))]
    return float(20 * np.log10((min(parts) + 1e-9) / max(parts)))


@pytest.mark.parametrize("outgoing", [False, True], ids=["in", "out"])
@pytest.mark.parametrize("pulses", [1, 7])
def test_pulses_are_counted_in_the_record_and_nobody_notices(tmp_path: Path, outgoing: bool, pulses: int) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        await talk(house, outgoing=outgoing)
        await house.pass_ms(600)
        house.office.meter.send(pulses, 0.5)
        assert await quietest_db(house, 3800) > -1.0
        assert house.office.meter.sent == pulses
        house.office.meter.send(2, 0.05)  # too weak for the chip
        await house.pass_ms(1500)
        assert house.state("fxo1") == "talking" and house.trunk.alarm.texts() is None
        house.sim.copper["fxs1"].hang_up()
        await house.until("idle", lambda: house.state("fxo1") == "idle", 3000)
        end = house.records.ended[0][1]
        assert end.services["metered"] == pulses and end.cause is Cause.NORMAL_CLEARING

    run(day())
    closed(house)


def test_pulses_that_overload_the_input_are_warned_of_once_and_end_no_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = TrunkHouse(tmp_path)

    def warning() -> bool:
        texts = house.trunk.alarm.texts()
        return texts is not None and "filter" in texts["en"] and "filtro" in texts["es"]

    async def day() -> None:
        for call in (1, 2):
            await call_in(house)
            await house.pass_ms(600)
            house.office.meter.send(4, 2.0)
            assert await quietest_db(house, 3000) < -20.0  # speech is lost meanwhile: that is what the warning is for
            assert house.state("fxo1") == house.state("fxs1") == "talking" and warning()
            assert await quietest_db(house, 800) > -1.0
            house.sim.copper["fxs1"].hang_up()
            await house.until("idle", lambda: house.state("fxo1") == "idle", 3000)
            assert house.records.ended[-1][1].services["metered"] == 4
            assert len([r for r in caplog.records if "metering filter" in r.getMessage()]) == 1, call
        house.office.unplug()
        await house.until("unplugged", lambda: house.state("fxo1") == "dead", 3000)
        house.office.plug()
        await house.until("plugged in with a filter", lambda: house.state("fxo1") == "idle", 3000)
        assert not warning()

    run(day())
    closed(house)


def test_loud_speech_is_no_metering_and_a_weak_pulse_after_it_no_overload(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        await call_in(house)
        house.office.say(measure.sine(1000, 3.0, 1.0))
        await house.pass_ms(1200)
        house.office.meter.send(1, 0.3)
        await house.pass_ms(600)
        assert house.trunk.leg is not None and house.trunk.leg.metered == 1
        assert house.trunk.alarm.texts() is None

    run(day())
    closed(house)


def test_a_pulse_answers_a_call_where_the_installer_says_so(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path, options={"answer_by": ("metering",)})

    async def day() -> None:
        await call_out(house)
        await house.pass_ms(5000)
        assert house.state("fxo1") == "outgoing"
        house.office.answer()
        house.office.meter.send(1, 0.5)
        await house.until("answered", lambda: house.state("fxo1") == house.state("fxs1") == "talking", 500)

    run(day())
    closed(house)


def test_pulses_before_a_flash_and_dialling_leave_no_trace_after_it(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        await call_in(house)
        house.office.meter.send(1, 0.5)
        await house.pass_ms(100)
        assert house.trunk.leg is not None
        house.trunk.leg.send_flash()
        await house.pass_ms(1500)
        assert house.trunk.leg.metered == 1
        house.office.meter.send(1, 0.5)
        await house.pass_ms(500)
        assert house.trunk.leg.metered == 2

    run(day())
    closed(house)
