"""The judge of ringing, fed as the scanner feeds it, every 2 ms: what is ringing and what is not."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from drivers._native import ffi, lib

THRESHOLD = 0.5
Wave = Callable[[float], float]


def events(
    wave: Wave, seconds: float = 0.0, lowest_hz: int = 15, highest_hz: int = 68, looks: list[float] | None = None
) -> list[tuple[int, int, float]]:
    """(kind, value, at_s) of what a wave between -1 and 1 makes the judge say. looks: when it is fed."""
    ring = ffi.new("struct ring_heard *")
    ring.limits.lowest_hz, ring.limits.highest_hz, ring.limits.confirm_ms = lowest_hz, highest_hz, 150
    lib.ring_reset(ring)
    told = []
    value = ffi.new("int *")
    for at_s in looks or [step * 0.002 for step in range(round(seconds * 500))]:
        now = wave(at_s)
        half = 1 if now > THRESHOLD else -1 if now < -THRESHOLD else 0
        if kind := lib.ring_feed(ring, round(at_s * 1e6), half, value):
            told.append((kind, value[0], at_s))
    return told


def burst(hz: float, start_s: float, ms: float) -> Wave:
    return lambda t: math.sin(2 * math.pi * hz * (t - start_s)) if start_s <= t < start_s + ms / 1000 else 0.0


@pytest.mark.parametrize("hz", [15, 16.7, 20, 25, 30, 33, 50, 60, 68])
def test_ringing_is_recognised_with_its_frequency_and_length(hz: float) -> None:
    began, ended = events(burst(hz, 0.5, 1000), 2.0)
    assert began[0] == lib.RING_BEGAN
    assert began[1] / 10 == pytest.approx(hz, rel=0.06)
    assert 0.65 <= began[2] <= 0.75
    assert ended[0] == lib.RING_ENDED
    assert ended[1] == pytest.approx(1000, abs=50)
    assert ended[2] <= 1.65


def test_a_double_burst_is_two() -> None:
    first, second = burst(25, 0.2, 400), burst(25, 0.8, 400)
    assert [kind for kind, _, _ in events(lambda t: first(t) + second(t), 2.0)] == [1, 2, 1, 2]


@pytest.mark.parametrize("pulses_per_s", [8, 9, 10, 11, 14, 16, 20, 22])
@pytest.mark.parametrize("break_ratio", [0.6, 0.667, 0.7])
def test_dial_pulses_of_another_telephone_are_no_ringing(pulses_per_s: float, break_ratio: float) -> None:
    """Seen through the detector's coupling: one polarity while open, the other while closed."""
    assert not events(lambda t: 1.0 if t * pulses_per_s % 1 < break_ratio else -1.0, 1.5)


@pytest.mark.parametrize("hz", [8, 10, 12, 90, 100])
def test_frequencies_outside_the_limits_are_not(hz: float) -> None:
    assert not events(burst(hz, 0.1, 2000), 2.5)


def test_limits_are_the_lines_own() -> None:
    assert not events(burst(50, 0.1, 1000), 1.5, highest_hz=30)
    assert events(burst(12, 0.1, 1000), 1.5, lowest_hz=10)


def test_a_short_burst_and_a_reversal_are_not() -> None:
    assert not events(burst(25, 0.1, 120), 1.0)
    assert not events(lambda t: math.exp(-(t - 0.1) / 0.02) if t >= 0.1 else 0.0, 1.0)
    flips = [math.copysign(1.0, number % 2 - 0.5) for number in range(20)]
    assert not events(lambda t: flips[int(t / 0.5)] * math.exp(-(t % 0.5) / 0.02), 5.0)


def test_looks_that_come_late_lose_no_ringing() -> None:
    """Every now and then nobody looks for 5 to 40 ms, as on a machine under load; pulses stay no ringing."""
    draw = random.Random(3)
    for wave, rings in ((burst(25, 0.1, 1500), True), (burst(50, 0.1, 1500), True), (pulses, False)):
        for _ in range(20):
            looks, at_s = [], 0.0
            while at_s < 1.5:
                looks.append(at_s)
                at_s += 0.002 if draw.random() > 0.03 else draw.uniform(0.005, 0.04)
            began = [kind for kind, _, _ in events(wave, looks=looks) if kind == lib.RING_BEGAN]
            assert bool(began) == rings


def pulses(t: float) -> float:
    return 1.0 if t * 10 % 1 < 0.6 else -1.0


def test_chance_is_not() -> None:
    draw = random.Random(7)
    heard = sum(len(events(lambda _t: draw.choice((-1.0, 0.0, 1.0)), 10.0)) for _ in range(10))
    assert heard == 0
