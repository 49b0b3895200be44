"""The judge is judged: on arrays whose truth is known by construction."""

import numpy as np
import pytest

from drivers.sim import measure
from drivers.sim.measure import sine


def _alaw(pcm: np.ndarray) -> np.ndarray:
    """G.711 A-law there and back, written here from the recommendation's decision values."""
    magnitude = np.minimum(np.abs(pcm.astype(np.int32)) >> 3, 4095)
    exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(int) - 5, 0)
    step = np.where(exponent > 0, 1 << np.maximum(exponent, 1), 2)
    return (np.sign(pcm) * ((magnitude // step) * step + step / 2) * 8).astype(np.int16)


def test_full_scale_sine_is_3_14_dbm0() -> None:
    assert measure.level_dbm0(sine(1020, 3.14, 1.0)) == pytest.approx(3.14, abs=0.01)
    assert measure.peak_of(0.0) == pytest.approx(22827, abs=2)
    assert measure.level_dbm0(np.zeros(80)) == measure.SILENCE_DBM0
    assert measure.level_dbm0([]) == measure.SILENCE_DBM0


@pytest.mark.parametrize("seconds", [0.1, 0.2, 1.0])
@pytest.mark.parametrize("hz", [350.0, 425.0, 1004.0, 2130.7])
def test_frequency_to_a_thousandth_and_level_to_a_tenth(hz: float, seconds: float) -> None:
    (tone,) = measure.tones(_alaw(sine(hz, -10.0, seconds, start_phase=0.7)))
    assert tone.hz == pytest.approx(hz, rel=1e-3)
    assert tone.dbm0 == pytest.approx(-10.0, abs=0.1)


def test_neighbouring_tones_are_told_apart() -> None:
    low, high = measure.tones(sine(350, -13, 0.2) + sine(440, -16, 0.2))
    assert (low.hz, high.hz) == (pytest.approx(350, rel=1e-3), pytest.approx(440, rel=1e-3))
    assert (low.dbm0, high.dbm0) == (pytest.approx(-13, abs=0.1), pytest.approx(-16, abs=0.1))


def test_silence_and_faint_noise_hold_no_tone() -> None:
    noise = np.random.default_rng(1).normal(0, 8, 8000)
    assert measure.tones(np.zeros(8000)) == ()
    assert measure.tones(noise) == ()


def test_bursts_give_the_cadence_of_a_busy_tone() -> None:
    on, off = sine(425, -10, 0.2), np.zeros(1600, dtype=np.int16)
    heard = measure.bursts(np.concatenate([off, on, off, on, off, on]))
    assert [burst.start_ms for burst in heard] == pytest.approx([200, 600, 1000], abs=3)
    assert [burst.ms for burst in heard] == pytest.approx([200, 200, 200], abs=3)
    assert all(burst.tones[0].hz == pytest.approx(425, rel=1e-3) for burst in heard)


def test_one_lost_packet_is_one_gap() -> None:
    sound = sine(425, -10, 1.0)
    sound[4000:4160] = 0
    ((start_ms, length_ms),) = measure.gaps(sound)
    assert (start_ms, length_ms) == (pytest.approx(500, abs=2), pytest.approx(20, abs=2))
    assert measure.gaps(sine(425, -10, 1.0)) == ()


def test_distortion_of_a_known_third_harmonic() -> None:
    clean = sine(1020, -10, 0.5)
    assert measure.thd_percent(clean) < 0.02
    assert measure.thd_percent(clean + sine(3060, -50, 0.5)) == pytest.approx(1.0, abs=0.02)
    assert measure.thd_percent(_alaw(clean)) < 1.0


@pytest.mark.parametrize("late", [0, 1, 160, 1234, -333])
def test_delay_by_cross_correlation(late: int) -> None:
    speech_like = np.convolve(np.random.default_rng(2).normal(0, 3000, 8000), np.ones(5) / 5)
    padded = np.concatenate([np.zeros(400), speech_like, np.zeros(2000)])
    assert measure.delay_ms(padded, 0.3 * np.roll(padded, late)) == pytest.approx(late / 8, abs=0.02)
