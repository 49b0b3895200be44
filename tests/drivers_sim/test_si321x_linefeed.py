"""The simulated line feed in volts and milliamperes: raw constants of the sheet, no driver."""

from __future__ import annotations

import pytest

from drivers.sim._sim import lib
from tests.drivers_sim.chip_bench import ChipBench


def fed(part: int = 3210, **wire: float) -> ChipBench:
    bench = ChipBench(part)
    bench.wire(ren=0, loop_ohm=0, **wire)
    bench.power_up()
    return bench


def test_idle_line_carries_voc() -> None:
    bench = fed()
    assert bench.line().phone_v == pytest.approx(48.0, abs=0.1)
    assert bench.read(78) == 32  # 48 V in 1.5 V, TIP above RING
    bench.write(72, 0x10)
    bench.step_ms(50)
    assert bench.line().phone_v == pytest.approx(24.0, abs=0.1)


@pytest.mark.parametrize(("ohm", "volts"), [(600, 12.0), (430, 8.6), (200, 4.0)])
def test_twenty_milliampere_limit(ohm: float, volts: float) -> None:
    bench = fed(phone_ohm=ohm)
    bench.lift()
    bench.step_ms(60)
    assert bench.line().phone_v == pytest.approx(volts, abs=0.01)
    assert bench.line().loop_ma == pytest.approx(20.0, abs=0.01)
    assert bench.read(79) == 16  # 20 mA in 1.25 mA


def test_limit_register_steps_by_three_milliampere() -> None:
    bench = fed(phone_ohm=200)
    bench.lift()
    for code in range(8):
        bench.write(71, code)
        bench.step_ms(30)
        assert bench.line().loop_ma == pytest.approx(20 + 3 * code, abs=0.01)


def test_long_loop_follows_voc_behind_160_ohm() -> None:
    bench = fed(phone_ohm=2400)
    bench.lift()
    bench.step_ms(60)
    assert bench.line().loop_ma == pytest.approx(48.0 / (160 + 2400) * 1000, abs=0.05)
    assert bench.read(68) & 1 == 1


@pytest.mark.parametrize(("ma", "closed"), [(10.6, True), (9.8, False)])
def test_loop_closure_threshold_0x1000_is_10_16_ma(ma: float, closed: bool) -> None:
    bench = fed(phone_ohm=48.0 / ma * 1000 - 160)
    bench.lift()
    bench.step_ms(100)
    assert bench.read(68) & 1 == closed


@pytest.mark.parametrize(("ma", "closed"), [(9.3, True), (8.5, False)])
def test_hysteresis_opens_below_8_89_ma(ma: float, closed: bool) -> None:
    bench = fed(phone_ohm=600)
    bench.lift()
    bench.step_ms(100)
    bench.wire(phone_ohm=48.0 / ma * 1000 - 160)
    bench.step_ms(100)
    assert bench.read(68) & 1 == closed


@pytest.mark.parametrize("leak_ohm", [10000.0, 15000.0])
def test_leaking_line_stays_on_hook(leak_ohm: float) -> None:
    bench = fed(leak_ohm=leak_ohm)
    bench.step_ms(200)
    assert bench.read(68) & 1 == 0


def test_closure_must_hold_for_the_whole_debounce_time() -> None:
    bench = fed()
    bench.write(69, 0x20)  # 40 ms
    bench.schedule((10, True), (45, False), (48, True))  # 35 ms, relapse, then for good
    bench.step_ms(85)
    assert bench.read(68) & 1 == 0
    bench.step_ms(6)
    assert bench.read(68) & 1 == 1


def test_reversed_polarity_reads_negative() -> None:
    bench = fed()
    bench.linefeed(5, 60)
    line = bench.line()
    assert line.phone_v == pytest.approx(-48.0, abs=0.1)
    assert line.tip_v < line.ring_v
    assert bench.read(78) == 0x40 | 32
    assert bench.read(64) == 0x55
    assert bench.violations == ""


def test_state_shadow_lags_the_command_by_its_transition_time() -> None:
    bench = fed()
    bench.write(64, 2)
    assert bench.read(64) == 0x12
    bench.step_ms(6)
    assert bench.read(64) == 0x22


def test_loop_closure_turns_transmission_into_active_by_itself() -> None:
    bench = fed()
    bench.linefeed(2)
    bench.write(67, 0x05)  # without AOLD
    bench.lift()
    bench.step_ms(60)
    assert bench.read(64) == 0x22
    bench.lift(False)
    bench.step_ms(60)
    bench.write(67, 0x07)
    bench.lift()
    bench.step_ms(60)
    assert bench.read(64) == 0x12


def test_open_line_draws_nothing_and_says_so() -> None:
    bench = fed()
    bench.lift()
    bench.step_ms(60)
    bench.linefeed(0, 5)
    assert bench.line().loop_ma == pytest.approx(0, abs=0.01)
    assert bench.read(64) == 0
    assert bench.read(68) == 0


def test_battery_follows_the_line_when_tracking_and_stops_at_vbatl_when_not() -> None:
    bench = fed(phone_ohm=200)
    bench.step_ms(200)
    assert bench.line().battery_v == pytest.approx(3 + 48 + 9, abs=0.2)
    bench.lift()
    bench.step_ms(300)
    assert bench.line().battery_v == pytest.approx(3 + 4 + 9, abs=0.2)
    bench.write(66, 0x00)
    bench.step_ms(300)
    assert bench.line().battery_v == pytest.approx(24, abs=0.2)


def test_short_circuit_holds_the_limit_and_raises_no_alarm() -> None:
    bench = fed()
    bench.write(22, 0xFF)
    bench.wire(short_tip_ring=1)
    bench.step_ms(5000)
    assert bench.line().loop_ma == pytest.approx(20.0, abs=0.1)
    assert bench.read(64) == 0x11
    assert bench.read(19) == 0x02  # a closed loop, no transistor too hot


def test_tip_on_earth_opens_the_line_with_a_power_alarm() -> None:
    bench = fed()
    bench.write_all({22: 0xFF, 73: 0x04})
    bench.wire(tip_ground=1)
    bench.step_ms(4000)
    assert bench.read(64) == 0x00
    assert bench.read(19) & 0x80  # Q6
    assert bench.line().linefeed_state == 0


def test_over_temperature_alarms_again_until_it_is_over() -> None:
    bench = fed()
    bench.write_all({22: 0xFF, 76: 5})
    lib.simboard_fault(bench.board, 0, lib.SIMBOARD_FAULT_OVER_TEMPERATURE, 1)
    bench.step_ms(2000)
    assert bench.read(64) == 0x00
    assert bench.read(77) * 0.0304 > 0.5  # Q6 still warm
    bench.write(19, 0xFF)
    bench.linefeed(1, 2000)
    assert bench.read(64) == 0x00
    lib.simboard_fault(bench.board, 0, lib.SIMBOARD_FAULT_OVER_TEMPERATURE, 0)
    bench.step_ms(5000)
    bench.linefeed(1, 1000)
    assert bench.read(64) == 0x11
    assert bench.violations == ""
