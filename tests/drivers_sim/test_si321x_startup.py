"""Start-up, converter and calibration of the simulated chips: section 5, and what a wrong order costs."""

from __future__ import annotations

import pytest

from tests.drivers_sim.chip_bench import INDIRECT, ChipBench


def prepared(part: int = 3210, seed: int = 7) -> ChipBench:
    """Indirect registers written, converter still off."""
    bench = ChipBench(part, seed)
    for number, value in INDIRECT.items():
        bench.write_indirect(number, value)
    bench.write_all({8: 0x00, 108: 0xEB, 67: 0x07, 66: 0x01, 74: 0x34})
    return bench


@pytest.mark.parametrize("part", [3210, 3215])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_sheets_order_commits_no_breach(part: int, seed: int) -> None:
    bench = ChipBench(part, seed)
    bench.power_up()
    assert bench.read(64) == 0x11
    assert bench.violations == ""


def test_battery_ramps_to_vbath_and_decays_slowly() -> None:
    bench = prepared()
    bench.write(14, 0x00)
    bench.step_ms(20)
    assert 20 < bench.read(82) * 0.376 < 60
    bench.step_ms(60)
    assert bench.read(82) * 0.376 == pytest.approx(78.0, abs=0.4)
    bench.write(14, 0x10)
    bench.step_ms(500)
    assert bench.read(82) > 6  # no leak on the line side


def test_ramp_time_differs_from_part_to_part() -> None:
    readings = set()
    for seed in range(5):
        bench = prepared(seed=seed)
        bench.write(14, 0x00)
        bench.step_ms(20)
        readings.add(bench.read(82))
    assert len(readings) > 2


def test_converter_calibration_is_busy_then_gives_a_peak_current() -> None:
    bench = prepared()
    bench.write(14, 0x00)
    bench.step_ms(100)
    bench.write(93, 0x99)
    assert bench.read(93) == 0x99
    bench.step_ms(5)
    assert bench.read(93) == 0x99
    bench.step_ms(40)
    assert bench.read(93) == 0x19
    assert 2 <= bench.read(107) <= 13


@pytest.mark.parametrize(("control", "settling_ms"), [(0x5F, 300), (0x7F, 30)])
def test_main_calibration_clears_itself(control: int, settling_ms: int) -> None:
    bench = prepared()
    bench.write(14, 0x00)
    bench.step_ms(100)
    bench.write_all({97: 0x1F, 96: control})
    started_us = bench.now_us
    while bench.read(96):
        bench.step_ms(1)
    took_ms = (bench.now_us - started_us) / 1000
    assert settling_ms + 90 < took_ms < settling_ms + 300
    assert bench.read(97) == 0
    assert [bench.read(r) for r in range(100, 106)] != [0x11, 0x11, 0x08, 0x88, 0x00, 0x00]


@pytest.mark.parametrize("seed", range(4))
def test_manual_gain_search_ends_at_the_parts_own_value(seed: int) -> None:
    bench = prepared(seed=seed)
    bench.write(14, 0x00)
    bench.step_ms(100)
    bench.write_all({97: 0x1E, 96: 0x47})
    bench.step_ms(700)
    ends = []
    for setting, current in ((98, 88), (99, 89)):
        for code in range(0x1F, 0, -1):
            bench.write(setting, code)
            bench.step_ms(1)
            if bench.read(current) == 0:
                break
        ends.append(code)
    assert all(5 <= end <= 20 for end in ends)


@pytest.mark.parametrize(("lifted_at_ms", "status"), [(None, 0x00), (200, 0x04)])
def test_balance_calibration_tells_when_the_hook_moved(lifted_at_ms: int | None, status: int) -> None:
    bench = ChipBench()
    bench.power_up()
    bench.write(23, 0x04)
    bench.linefeed(0)
    bench.write_all({97: 0x01, 96: 0x40})
    if lifted_at_ms:
        bench.schedule((lifted_at_ms, True))
    bench.step_ms(700)
    assert (bench.read(96), bench.read(20)) == (0, status)
    assert bench.violations == ""


def dead_after(bench: ChipBench, sentence: str) -> bool:
    """Tries to feed and to ring; True when the line stays open and the log tells why."""
    for command in (1, 4, 1):
        bench.linefeed(command, 50)
    line = bench.line()
    return bool(line.dead) and line.linefeed_state == 0 and abs(line.phone_v) < 0.5 and sentence in bench.violations


def test_feeding_without_battery_kills_the_line_until_reset() -> None:
    bench = prepared()
    bench.linefeed(1)
    assert dead_after(bench, "before the battery was up")
    bench.gpio(0, 0)
    bench.gpio(0, 1)
    bench.step_ms(10)
    bench.power_up()
    assert bench.read(64) == 0x11


def test_feeding_uncalibrated_kills_the_line() -> None:
    bench = prepared()
    bench.write(14, 0x00)
    bench.step_ms(100)
    assert dead_after(bench, "before calibration")


def test_calibrating_with_the_converter_off_is_a_breach_and_does_not_count() -> None:
    bench = prepared()
    bench.write_all({97: 0x1F, 96: 0x5F})
    bench.step_ms(700)
    bench.write(14, 0x00)
    bench.step_ms(100)
    assert dead_after(bench, "calibration with the converter off")


def test_converter_started_on_undefined_registers_kills_the_line() -> None:
    bench = ChipBench()
    bench.write_all({8: 0, 14: 0x00})
    assert dead_after(bench, "starting the converter")


def test_a_forgotten_indirect_register_is_told_by_number() -> None:
    bench = prepared(3215)
    bench.write(14, 0x00)
    bench.step_ms(100)
    bench.write_all({97: 0x1F, 96: 0x5F})
    bench.step_ms(700)
    assert bench.violations == ""
    fresh = ChipBench(3215)
    for number, value in INDIRECT.items():
        if number != 36:
            fresh.write_indirect(number, value)
    fresh.write_all({8: 0, 108: 0xEB, 74: 0x34, 14: 0x00})
    fresh.step_ms(100)
    fresh.write_all({97: 0x1F, 96: 0x5F})
    fresh.step_ms(700)
    fresh.linefeed(1)
    assert "indirect register 23 used uninitialised" in fresh.violations  # NRTP's number on the Si3215


def test_a_restored_vector_counts_as_calibrated() -> None:
    bench = prepared()
    bench.write(14, 0x00)
    bench.step_ms(100)
    vector = {96: 0, 97: 0, 98: 9, 99: 8, 100: 0x12, 101: 0x13, 102: 7, 103: 0x77, 104: 1, 105: 3, 106: 0x1F, 107: 8}
    bench.write_all(vector)
    bench.linefeed(1)
    assert bench.read(64) == 0x11
    assert bench.violations == ""
