"""What an exchange line notices on its wires: no voltage, foreign one, a second telephone; and what it avoids then."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.errors import ChipError
from firmware.lines import fxo_alarm
from firmware.telephony.cause import Cause
from tests.exchange_calls import TWO_TRUNKS, call_in, call_out_in_vain, call_over, closed
from tests.fake_time import run
from tests.stepped_trunks import TrunkHouse

NOTICED_MS = 5000


def alarm(house: TrunkHouse) -> object:
    return house.trunk.alarm.words


@pytest.mark.parametrize("battery_v", [0.0, 90.0, 110.0], ids=["unplugged", "90V", "110V"])
def test_a_wrong_voltage_is_told_in_five_seconds_and_the_line_is_not_seized(tmp_path: Path, battery_v: float) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        await house.pass_ms(2000)
        house.office.wires.set_office(battery_v=battery_v)
        await house.until("told", lambda: alarm(house) is not None, NOTICED_MS)
        assert alarm(house) is (fxo_alarm.FOREIGN if battery_v else fxo_alarm.UNPLUGGED)
        assert house.state("fxo1") == "dead"
        await call_out_in_vain(house, Cause.NETWORK_OUT_OF_ORDER)
        assert not house.office.wires.now().off_hook
        house.office.wires.set_office(battery_v=48)
        await house.until("well again", lambda: alarm(house) is None and house.state("fxo1") == "idle", NOTICED_MS)

    run(day())
    closed(house)


@pytest.mark.parametrize("battery_v", [24.0, 48.0, 60.0])
def test_ordinary_batteries_also_while_they_ring_are_no_alarm(tmp_path: Path, battery_v: float) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        house.office.wires.set_office(battery_v=battery_v, ring_v_rms=90)
        await house.pass_ms(3000)
        assert (house.state("fxo1"), alarm(house)) == ("idle", None)
        await call_in(house)
        assert alarm(house) is None

    run(day())
    closed(house)


def test_a_line_on_which_a_second_telephone_talks_is_left_alone_and_the_next_one_taken(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path, board=TWO_TRUNKS)

    async def day() -> None:
        await house.pass_ms(2000)
        house.office.lift_parallel()
        assert await house.until("noticed", lambda: house.state("fxo1") == "in-use", NOTICED_MS) < 300
        await call_over(house, house.sim.offices["fxo2"])
        house.sim.offices["fxo2"].lift_parallel()
        await house.until("noticed", lambda: house.state("fxo2") == "in-use", NOTICED_MS)
        await call_out_in_vain(house, Cause.NO_CIRCUIT_AVAILABLE)
        assert not any(office.wires.now().off_hook for office in house.sim.offices.values())
        assert alarm(house) is None
        await house.pass_ms(100)

    run(day())
    closed(house)


def test_a_line_that_was_lifted_a_moment_ago_is_refused_before_its_state_is_told(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        await house.pass_ms(2000)
        house.office.lift_parallel()
        await house.pass_ms(40)
        assert house.state("fxo1") == "idle"
        with pytest.raises(ChipError, match="is refused"):
            house.trunk.port.seize()
        assert not house.office.wires.now().off_hook

    run(day())
    closed(house)


def test_a_second_telephone_lifted_in_our_call_is_told_until_it_is_put_back_or_we_hang_up(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        await call_in(house)
        await house.pass_ms(1000)
        for _ in range(2):
            house.office.lift_parallel()
            await house.until("told", lambda: alarm(house) is fxo_alarm.BESIDE, NOTICED_MS)
            assert house.state("fxo1") == "talking"
            house.office.hang_up_parallel()
            await house.until("over", lambda: alarm(house) is None, NOTICED_MS)
        house.office.lift_parallel()
        await house.until("told", lambda: alarm(house) is fxo_alarm.BESIDE, NOTICED_MS)
        house.sim.copper["fxs1"].hang_up()
        await house.until("it has the line", lambda: house.state("fxo1") == "in-use", NOTICED_MS)
        assert alarm(house) is None
        house.office.hang_up_parallel()
        await house.until("free", lambda: house.state("fxo1") == "idle", NOTICED_MS)

    run(day())
    closed(house)


@pytest.mark.parametrize("pulses_per_s", [8, 10, 20])
def test_a_second_telephone_that_dials_pulses_rings_nobody(tmp_path: Path, pulses_per_s: int) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        await house.pass_ms(1000)
        states: set[str] = set()
        house.office.lift_parallel()
        await house.pass_ms(300)
        period_ms = 1000 // pulses_per_s
        for _ in range(20):
            for act, share in ((house.office.hang_up_parallel, 60), (house.office.lift_parallel, 40)):
                act()
                await house.pass_ms(period_ms * share // 100 // 5 * 5)
                states.add(house.state("fxo1"))
        house.office.hang_up_parallel()
        await house.pass_ms(2000)
        assert states <= {"in-use", "idle"} and house.state("fxs1") == house.state("fxo1") == "idle"

    run(day())
    closed(house)


def test_a_second_telephone_left_off_hook_is_told_after_half_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fxo_alarm, "LEFT_S", 3.0)
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        house.office.lift_parallel()
        await house.pass_ms(2500)
        assert alarm(house) is None
        await house.pass_ms(1500)
        assert alarm(house) is fxo_alarm.LEFT_OFF_HOOK
        house.office.hang_up_parallel()
        await house.until("free", lambda: alarm(house) is None, NOTICED_MS)

    run(day())
    closed(house)
