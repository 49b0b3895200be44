"""Line profile -> register values, held against the table rows printed in the chip sheet."""

import math
import re

import pytest

from drivers import slic_levels as levels
from drivers.ports import LineProfile
from drivers.slic_registers import Family

SHEET_RINGING = [  # section 9: Hz, RCO, RNGX for 65, 70 and 85 V peak
    (50 / 3, 0x7F4C, (0x123, 0x139, 0x17C)),
    (20.0, 0x7EFD, (0x15D, 0x178, 0x1C8)),
    (25.0, 0x7E6C, (0x1B5, 0x1D6, 0x23B)),
    (30.0, 0x7DBB, (0x20C, 0x235, 0x2AE)),
    (40.0, 0x7BFA, (0x2BD, 0x2F3, 0x394)),
    (50.0, 0x79BC, (0x36F, 0x3B2, 0x47D)),
    (60.0, 0x7702, (0x422, 0x473, 0x568)),
]


@pytest.mark.parametrize(("hz", "rco", "rngx"), SHEET_RINGING)
def test_ring_generator_reproduces_the_sheet(hz: float, rco: int, rngx: tuple[int, ...]) -> None:
    assert levels.ring_frequency(hz) == rco
    assert tuple(levels.ring_amplitude(hz, peak) for peak in (65.0, 70.0, 85.0)) == rngx


@pytest.mark.parametrize(
    ("hz", "row"),
    [
        (16.0, (0x0200, 0x0F)),
        (16.667, (0x0200, 0x0F)),
        (20.0, (0x0320, 0x0B)),
        (25.0, (0x0320, 0x0B)),
        (30.0, (0x0380, 0x09)),
        (40.0, (0x0400, 0x07)),
        (50.0, (0x06A8, 0x05)),
        (60.0, (0x0800, 0x05)),
    ],
)
def test_ring_trip_filter_is_the_row_at_or_below(hz: float, row: tuple[int, int]) -> None:
    assert levels.ring_trip_filter(hz) == row


def test_ring_trip_threshold_is_the_sheets_up_to_70_v_peak_and_grows_above() -> None:
    assert levels.ring_trip_threshold(56.6) == levels.ring_trip_threshold(70.0) == 0x3600
    # 85 V peak into 5 REN behind 160 ohm: 34.7 mA mean; the threshold must lie above it.
    threshold_ma = (levels.ring_trip_threshold(85.0) >> 9) * 1.27
    assert 85.0 * 2 / math.pi / 1560 * 1000 + 4.0 < threshold_ma < 45.0


@pytest.mark.parametrize(("ma", "code"), [(10.16, 0x1000), (8.89, 0x0E00), (34.3, 0x3600), (44.5, 0x4600)])
def test_current_thresholds_reproduce_the_sheet(ma: float, code: int) -> None:
    assert levels.threshold_code(ma) == code


@pytest.mark.parametrize(
    ("peak_v", "code"), [(56.6, 0x32), (67.5, 0x32), (70.0, 0x34), (84.9, 0x3E), (87.0, 0x3F), (99.0, 0x3F)]
)
def test_battery_stands_7_5_v_above_the_ringing_peak(peak_v: float, code: int) -> None:
    assert levels.battery_code(peak_v) == code
    assert peak_v > 87.0 or code * 1.5 >= peak_v + 7.5


def test_ring_voltage_is_meant_at_one_ren_and_never_clips() -> None:
    peak_v = levels.ring_peak_v(45.0)
    assert peak_v * 7000 / 7160 / math.sqrt(2) == pytest.approx(45.0)
    assert levels.ring_peak_v(90.0) == 87.0
    assert levels.ring_ceiling_v_rms() == pytest.approx(60.14, abs=0.01)


@pytest.mark.parametrize(
    ("gain_db", "code"), [(0.0, 0x4000), (6.0, 0x7FB0), (6.5, 0x7FF0), (-6.0, 0x2010), (-12.0, 0x1010), (-100.0, 0)]
)
def test_gain_is_a_linear_field_in_bits_15_to_4(gain_db: float, code: int) -> None:
    assert levels.gain_code(gain_db) == code


@pytest.mark.parametrize(("ma", "code"), [(18, 0), (20, 0), (22, 0), (23, 1), (26, 2), (40, 6), (41, 7), (60, 7)])
def test_current_limit_never_exceeds_the_wish(ma: int, code: int) -> None:
    assert levels.current_limit_code(ma) == code


@pytest.mark.parametrize(
    ("name", "si3210", "si3215"),
    [
        ("600", 0x08, 0x08),
        ("900", 0x09, 0x09),
        ("tbr21", 0x0C, 0x0C),
        ("270+750||150n", 0x0C, 0x0C),
        ("220+820||120n", 0x0D, 0x0D),
        ("220+820||115n", 0x0E, 0x0E),
        ("600+2.16u", 0x0A, 0x08),
        ("370+620||310n", 0x0F, 0x0C),
        ("200+680||100n", 0x0E, 0x0F),
        ("320+1050||230n", 0x0C, 0x0C),
    ],
)
def test_impedance_code_depends_on_the_family(name: str, si3210: int, si3215: int) -> None:
    assert levels.impedance_code(name, Family.SI3210) == si3210
    assert levels.impedance_code(name, Family.SI3215) == si3215


@pytest.mark.parametrize(
    ("profile", "sentence"),
    [
        (LineProfile(ring_hz=90.0), "ring frequency 90 Hz is not possible, allowed 16 to 60 Hz"),
        (LineProfile(impedance="75"), "impedance 75 is unknown, allowed 200+680||100n, "),
        (LineProfile(law="slin"), "companding law slin is unknown, allowed alaw or ulaw"),
    ],
)
def test_an_impossible_wish_is_refused_in_plain_words(profile: LineProfile, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        levels.line_codes(profile, Family.SI3215)


def test_the_spanish_profile_as_a_whole() -> None:
    codes = levels.line_codes(LineProfile(), Family.SI3215)
    assert (codes.ring_frequency, codes.battery_high, codes.impedance) == (0x7E6C, 0x3F, 0x0C)
    assert (codes.pcm_format, codes.current_limit, codes.transmit_gain) == (0x00, 0, 0x4000)
    assert levels.pcm_format("ulaw") == 0x08
