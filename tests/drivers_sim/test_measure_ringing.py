"""Frequency, volts and cadence of ringing from voltage traces made here."""

import numpy as np
import pytest

from drivers.sim.measure_ringing import ringing

IDLE_V = 48.0


def _idle(seconds: float) -> np.ndarray:
    return np.full(round(seconds * 8000), IDLE_V)


def _burst(hz: float, v_rms: float, seconds: float, dc_v: float = 0.0) -> np.ndarray:
    time_s = np.arange(round(seconds * 8000)) / 8000
    return dc_v + v_rms * np.sqrt(2) * np.sin(2 * np.pi * hz * time_s)


@pytest.mark.parametrize(("hz", "dc_v"), [(16.667, 0.0), (20.0, 48.0), (25.0, 0.0), (50.0, 10.0)])
def test_spanish_cadence_at_every_ringing_frequency(hz: float, dc_v: float) -> None:
    burst = _burst(hz, 45.0, 1.5, dc_v)
    seen = ringing(np.concatenate([_idle(0.5), burst, _idle(3.0), burst, _idle(0.2)]))
    assert seen is not None
    assert seen.hz == pytest.approx(hz, abs=0.05)
    assert seen.v_rms == pytest.approx(45.0, rel=0.02)
    assert seen.v_peak == pytest.approx(45.0 * np.sqrt(2), rel=0.02)
    assert seen.cadence_ms == pytest.approx((1500, 3000, 1500), abs=20)
    assert seen.bursts[0].dc_v == pytest.approx(dc_v, abs=1.5)
    assert seen.bursts[0].start_ms == pytest.approx(500, abs=20)


def test_double_ring_keeps_its_short_silence() -> None:
    burst = _burst(25.0, 60.0, 0.4)
    seen = ringing(np.concatenate([_idle(0.3), burst, _idle(0.2), burst, _idle(1.0)]))
    assert seen is not None
    assert seen.cadence_ms == pytest.approx((400, 200, 400), abs=20)


def test_what_is_no_ringing() -> None:
    pulses = np.concatenate([_idle(0.5)] + [np.concatenate([np.full(320, 12.0), np.full(480, IDLE_V)])] * 5)
    reversal = np.concatenate([_idle(0.5), -_idle(0.5)])
    for trace in (_idle(1.0), np.zeros(8000), pulses, reversal, _idle(0.01)):
        assert ringing(trace) is None
