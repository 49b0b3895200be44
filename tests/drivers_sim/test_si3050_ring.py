"""The simulated Si3050's ring detector: section 5 of the sheet."""

from __future__ import annotations

import numpy as np
import pytest

from drivers.sim.office_wires import WireFeed
from tests.drivers_sim.daa_bench import DaaBench


@pytest.mark.parametrize("hz", [15.0, 20.0, 25.0, 50.0, 68.0])
@pytest.mark.parametrize("v_rms", [30.0, 90.0])
def test_both_half_waves_of_every_usual_ringing_are_seen(hz: float, v_rms: float) -> None:
    bench = DaaBench()
    bench.power_up()
    bench.ring(hz, v_rms)
    bench.step_ms(200)
    seen = bench.rings_seen(400)
    assert (seen == 0x20).any() and (seen == 0x40).any()
    begins = int(np.sum((seen[1:] == 0x20) & (seen[:-1] != 0x20)))
    assert begins == pytest.approx(hz * 0.4, abs=1)


@pytest.mark.parametrize(
    ("rt2", "rt", "never_v", "always_v"), [(0, 0, 13.4, 16.6), (0, 1, 19.3, 23.7), (1, 1, 40.4, 49.6)]
)
def test_thresholds_in_every_piece_of_silicon(rt2: int, rt: int, never_v: float, always_v: float) -> None:
    for seed in range(5):
        for v_rms, wanted in ((never_v, False), (always_v, True)):
            bench = DaaBench(seed)
            bench.power_up(r16=rt, r17=rt2 << 4)
            bench.ring(50.0, v_rms)  # at 50 Hz the coupling takes next to nothing
            bench.step_ms(200)
            assert bench.rings_seen(100).any() == wanted, (seed, v_rms)


def test_half_wave_mode_shows_positive_half_waves_only() -> None:
    bench = DaaBench()
    bench.power_up(r18=0x00)
    bench.ring()
    assert set(bench.rings_seen(300)) == {0x00, 0x20}


def test_the_one_shot_lasts_5_seconds() -> None:
    bench = DaaBench()
    bench.power_up()
    bench.step_ms(5100)  # powering up is no ring, but the feed appears as a step
    assert not bench.read(5) & 0x04
    bench.ring()
    bench.step_ms(200)
    assert bench.read(5) & 0x04
    assert bench.read(4) & 0x80
    bench.wires.put(WireFeed.NORMAL)
    bench.step_ms(4500)
    assert bench.read(5) & 0x04
    bench.step_ms(700)
    assert not bench.read(5) & 0x04


@pytest.mark.parametrize(
    ("hz", "ras", "rmx", "valid"),
    [(25.0, 17, 12, True), (50.0, 17, 12, True), (10.0, 17, 12, False), (68.0, 17, 11, False), (20.0, 25, 22, True)],
)
def test_validation_by_frequency(hz: float, ras: int, rmx: int, valid: bool) -> None:
    bench = DaaBench()
    bench.power_up(r22=rmx, r23=0x0B, r24=0x80 | ras)  # RTO 128 ms, RCC 256 ms, no delay
    bench.ring(hz, 75.0)
    bench.step_ms(150)
    assert not bench.read(5) & 0x04  # not confirmed yet
    bench.step_ms(450)
    assert bool(bench.read(5) & 0x04) == valid
    bench.wires.put(WireFeed.NORMAL)
    bench.step_ms(400)
    assert not bench.read(5) & 0x04  # the envelope ends with the ringing


def test_a_reversal_is_a_short_blip() -> None:
    bench = DaaBench()
    bench.power_up()
    bench.wires.put(WireFeed.REVERSED)
    seen = bench.rings_seen(200)
    assert 1 <= np.count_nonzero(seen) < 60
    assert set(seen) == {0x00, 0x40}


def test_going_off_hook_clears_it() -> None:
    bench = DaaBench()
    bench.power_up()
    bench.ring()
    bench.step_ms(300)
    bench.wires.put(WireFeed.NORMAL)
    bench.seize(10)
    assert bench.read(5) & 0x64 == 0
