"""The judge of digits, on tone pairs made here."""

import numpy as np
import pytest

from drivers.sim import measure, measure_dtmf
from drivers.sim.measure import sine
from drivers.sim.measure_dtmf import COLUMNS_HZ, KEYS, ROWS_HZ, dtmf

SILENCE = np.zeros(560, dtype=np.int16)


def _digit(key: str, ms: float, low_dbm0: float = -9.0, high_dbm0: float = -7.0, error: float = 0.0) -> np.ndarray:
    row = next(index for index, keys in enumerate(KEYS) if key in keys)
    low_hz, high_hz = ROWS_HZ[row] * (1 + error), COLUMNS_HZ[KEYS[row].index(key)] * (1 + error)
    return sine(low_hz, low_dbm0, ms / 1000) + sine(high_hz, high_dbm0, ms / 1000)


def test_all_sixteen_keys_with_their_times_and_levels() -> None:
    keys = "".join(KEYS)
    sound = np.concatenate([part for key in keys for part in (SILENCE, _digit(key, 70))] + [SILENCE])
    seen = dtmf(sound)
    assert "".join(one.digit for one in seen) == keys
    for index, one in enumerate(seen):
        assert one.start_ms == pytest.approx(70 + 140 * index, abs=3.5)
        assert one.ms == pytest.approx(70, abs=4)
        assert one.low.dbm0 == pytest.approx(-9, abs=0.3)
        assert one.high.dbm0 == pytest.approx(-7, abs=0.3)


@pytest.mark.parametrize(("low_dbm0", "high_dbm0"), [(-3, -3), (-25, -25), (-6, -14), (-14, -10)])
def test_range_of_levels_and_twist(low_dbm0: float, high_dbm0: float) -> None:
    sound = np.concatenate(
        [SILENCE, _digit("5", 40, low_dbm0, high_dbm0), SILENCE, _digit("5", 40, low_dbm0, high_dbm0)]
    )
    assert measure_dtmf.digits(sound) == "55"
    assert dtmf(sound)[0].twist_db == pytest.approx(high_dbm0 - low_dbm0, abs=0.6)


@pytest.mark.parametrize("error", [0.015, -0.015, 0.001])
def test_a_wrong_frequency_is_measured_not_hidden(error: float) -> None:
    (seen,) = dtmf(np.concatenate([SILENCE, _digit("8", 65, error=error), SILENCE]))
    assert seen.low.hz / 852 - 1 == pytest.approx(error, abs=2e-3)
    assert seen.high.hz / 1336 - 1 == pytest.approx(error, abs=2e-3)


def test_dial_tone_underneath_does_not_matter() -> None:
    sound = np.concatenate([SILENCE, _digit("1", 70), SILENCE, _digit("0", 70), SILENCE])
    dial = sine(425, -10, sound.size / 8000)
    assert measure_dtmf.digits(sound + dial) == "10"


def test_no_digit_in_tones_noise_and_short_blips() -> None:
    noise = np.random.default_rng(3).normal(0, 2000, 16000)
    for sound in (noise, sine(697, -9, 1.0), sine(425, -10, 1.0), _digit("5", 15), np.zeros(8000)):
        assert dtmf(np.concatenate([SILENCE, sound, SILENCE])) == ()
    assert measure.level_dbm0(noise) > -30


@pytest.mark.parametrize(("lost", "heard"), [(40, "7"), (120, "7"), (240, "77")])
def test_a_short_break_parts_a_digit_only_for_the_letter(lost: int, heard: str) -> None:
    """Samples lost in the middle of one key, as a receiver hears them that bridges 20 ms."""
    key = _digit("7", 120)
    key[400 : 400 + lost] = 0
    sound = np.concatenate([SILENCE, key, SILENCE])
    assert measure_dtmf.digits(sound, bridged_ms=20) == heard


def test_two_presses_of_one_key_stay_two() -> None:
    sound = np.concatenate([SILENCE, _digit("7", 70), SILENCE[:320], _digit("7", 70), SILENCE])
    assert measure_dtmf.digits(sound, bridged_ms=20) == "77"
