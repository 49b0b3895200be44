"""Ringing of the simulated chips as a voltmeter and a stop-watch see it, from the sheet's raw constants."""

from __future__ import annotations

import numpy as np
import pytest

from tests.drivers_sim.chip_bench import ChipBench, frequency_hz, rms


def powered(part: int = 3210, *, ren: float = 0, **indirect: int) -> ChipBench:
    bench = ChipBench(part)
    bench.wire(ren=ren, loop_ohm=0)
    bench.power_up(**indirect)
    return bench


# Section 9: frequency, RCO, RNGX for 70 V peak
SINES = [
    (16.667, 0x7F4C, 0x0139), (20, 0x7EFD, 0x0178), (25, 0x7E6C, 0x01D6), (30, 0x7DBB, 0x0235), (50, 0x79BC, 0x03B2),
    (60, 0x7702, 0x0473),
]  # fmt: skip


@pytest.mark.parametrize(("hz", "rco", "rngx"), SINES)
def test_every_row_of_the_sine_table_is_70_v_peak(hz: float, rco: int, rngx: int) -> None:
    bench = powered(IR20=rco, IR21=rngx)
    bench.linefeed(4, 200)
    trace = bench.trace_of_next_ms(1200)
    assert frequency_hz(trace) == pytest.approx(hz, abs=0.15)
    assert trace.max() == pytest.approx(70.0, abs=0.7)
    assert trace.min() == pytest.approx(-70.0, abs=0.7)
    assert bench.violations == ""


@pytest.mark.parametrize("part", [3210, 3215])
def test_xorcom_preset_rings_20_hz_70_v_and_says_so(part: int) -> None:
    bench = powered(part, IR20=0x7EFD, IR21=0x0177)
    bench.linefeed(4, 200)
    trace = bench.trace_of_next_ms(1000)
    assert frequency_hz(trace) == pytest.approx(20.0, abs=0.1)
    assert rms(trace) == pytest.approx(70 / np.sqrt(2), abs=0.5)
    assert bench.read(64) == 0x44
    assert bench.read(34) & 0xA4 == 0xA4  # RSS, RDAC, ROE


@pytest.mark.parametrize("ren", [1, 3, 5])
def test_boosted_25_hz_rings_five_telephones(ren: float) -> None:
    bench = powered(ren=ren, IR20=0x7E6C, IR21=0x023A)  # TBR 21 preset, 85 V peak
    bench.write_all({74: 0x3F, 22: 0xFF})
    bench.write_indirect(29, 0x4600)
    bench.linefeed(4, 400)
    trace = bench.trace_of_next_ms(2000)
    assert rms(trace) > 40.0
    assert bench.read(68) == 0
    assert bench.read(19) == 0  # neither trip nor power alarm
    bench.lift()
    bench.step_ms(150)
    assert bench.read(68) & 0x02
    assert bench.read(19) & 0xFC == 0
    assert bench.violations == ""


def test_five_ringers_do_not_trip_and_sheet_setup_gives_40_v_rms() -> None:
    bench = powered(ren=5)
    bench.linefeed(4, 300)
    trace = bench.trace_of_next_ms(2000)
    assert rms(trace) > 40.0
    assert bench.read(68) == 0


def test_trapezoid_preset_is_20_hz_71_v_crest_1_3() -> None:
    bench = powered(IR20=0x018C, IR21=0x5EAB, IR22=0x00C8)
    bench.write(34, 0x01)
    bench.linefeed(4, 200)
    trace = bench.trace_of_next_ms(1000)
    assert frequency_hz(trace) == pytest.approx(20.0, abs=0.1)
    assert trace.max() == pytest.approx(71.0, abs=0.3)
    assert trace.max() / rms(trace) == pytest.approx(1.3, abs=0.02)


def test_ringing_above_the_battery_is_clipped_and_a_breach() -> None:
    bench = powered(IR20=0x7E6C, IR21=0x023A)
    bench.linefeed(4, 200)  # 85 V peak on 78 V
    assert bench.trace_of_next_ms(300).max() == pytest.approx(77.0, abs=0.3)
    assert "V peak" in bench.violations


def test_offset_shifts_the_wave() -> None:
    bench = powered(IR19=0x1400, IR21=0x0100)  # 15 V
    bench.write_all({34: 0x02, 72: 0x10})
    bench.linefeed(4, 200)
    assert bench.trace_of_next_ms(1000).mean() == pytest.approx(15.0, abs=0.2)


def test_hardware_cadence_two_on_four_off() -> None:
    bench = powered()
    bench.write_all({48: 0x80, 49: 0x3E, 50: 0x00, 51: 0x7D, 34: 0x18, 21: 0x30})
    bench.write(64, 4)
    trace = bench.trace_of_next_ms(9000)
    swinging = np.abs(trace.reshape(-1, 400).std(axis=1)) > 20  # 50 ms cells
    edges = np.flatnonzero(np.diff(swinging.astype(int))) * 50
    assert edges == pytest.approx([1950, 5950, 7950], abs=60)
    assert bench.read(18) == 0x30  # RGAP and RGIP
    assert bench.read(64) & 7 == 4


def test_trip_comes_within_150_ms_and_the_chip_goes_active_by_itself() -> None:
    bench = powered()
    bench.write(22, 0xFF)
    bench.wire(loop_ohm=300, phone_ohm=430, ren=1)
    bench.linefeed(4, 1000)
    bench.lift()
    waited_ms = 0
    while not bench.read(68) & 2 and waited_ms < 400:
        bench.step_ms(1)
        waited_ms += 1
    assert waited_ms < 150
    bench.step_ms(100)
    assert bench.read(64) == 0x14
    assert bench.read(68) & 3 == 3
    assert bench.read(19) == 0x03
    bench.linefeed(1)
    assert bench.read(68) & 3 == 1


def test_short_spike_and_leak_do_not_trip() -> None:
    bench = powered()
    bench.write(22, 0xFF)
    bench.wire(phone_ohm=200, ren=1, leak_ohm=10000)
    bench.linefeed(4, 300)
    bench.schedule((10, True), (22, False))
    bench.step_ms(400)
    assert bench.read(19) == 0
    assert bench.read(64) == 0x44


def test_off_hook_in_the_silent_part_is_found_with_its_own_debounce() -> None:
    bench = powered()
    bench.write_all({48: 0x80, 49: 0x0C, 50: 0x00, 51: 0x7D, 34: 0x18, 63: 0x50, 22: 0x02})  # 400 ms, 4 s, LCD 100 ms
    bench.write(64, 4)
    bench.step_ms(1000)
    bench.lift()
    bench.step_ms(90)
    assert bench.read(68) & 1 == 0
    bench.step_ms(30)
    assert bench.read(68) & 1 == 1
    bench.step_ms(10)
    assert bench.read(64) == 0x14


def test_hand_over_to_and_from_ringing_is_continuous() -> None:
    bench = powered()
    bench.write(64, 4)
    trace = bench.trace_of_next_ms(300)
    bench.write(64, 1)
    trace = np.concatenate([trace, bench.trace_of_next_ms(200)])
    assert np.abs(np.diff(trace)).max() < 6.0  # a 20 Hz sine of 70 V moves 1.1 V a frame


def test_second_tone_generator_and_reversal_while_ringing_are_breaches() -> None:
    bench = powered()
    for number in (16, 17, 18):
        bench.write_indirect(number, 0x0100)
    bench.linefeed(4, 100)
    bench.write(33, 0x06)
    assert "O2E=1, LF=4" in bench.violations
    bench.write(33, 0x00)
    bench.write(64, 5)
    assert "polarity toggled" in bench.violations


def test_amplitude_below_the_feed_is_a_breach() -> None:
    bench = powered(IR21=0x00A0)  # 30 V peak against VOC 48 V
    bench.linefeed(4, 300)
    assert "does not exceed VOC" in bench.violations
