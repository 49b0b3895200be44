"""The hook's meaning, by table and by chance: openings, pulse trains, bounce. No chip, 1 ms feeds."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest

from drivers._native import ffi, lib

SPAIN = dict(
    glitch_ms=15,
    pulse_min_ms=15,
    pulse_max_ms=79,
    train_max_ms=0,
    flash_min_ms=80,
    flash_max_ms=130,
    digit_gap_ms=250,
    pulse_dialling=1,
)
SPAIN_TONE_ONLY = SPAIN | dict(flash_min_ms=50, pulse_dialling=0)
UNITED_STATES = SPAIN | dict(flash_min_ms=300, flash_max_ms=1000)
LONG_PULSES = SPAIN | dict(pulse_max_ms=200, flash_min_ms=80, flash_max_ms=1250)
SLOW_DIAL = SPAIN | dict(train_max_ms=95)
PROFILES = [SPAIN, SPAIN_TONE_ONLY, UNITED_STATES, LONG_PULSES, SLOW_DIAL]

NAMES = {lib.HOOK_OFF_HOOK: "off", lib.HOOK_ON_HOOK: "on", lib.HOOK_FLASH: "flash", lib.HOOK_DIGIT: "digit"}
Told = tuple[str, int, float]
"""What, its value, and when in ms."""


class Telephone:
    """A hook contact, fed to the C code every `every_ms`."""

    def __init__(self, profile: dict[str, int], off_hook: bool = True, every_ms: float = 1.0, phase_ms: float = 0.0):
        self._hook = ffi.new("struct hook *", {"profile": profile})
        self._out = ffi.new("struct hook_event[]", lib.HOOK_MAX_EVENTS)
        self._every_ms = every_ms
        self._next_ms = phase_ms
        self.now_ms = 0.0
        self.told: list[Told] = []
        lib.hook_reset(self._hook, 0, off_hook)

    def hold(self, closed: int, ms: float) -> None:
        """Keep the contact as it is for ms."""
        self.now_ms += ms
        while self._next_ms < self.now_ms:
            count = lib.hook_feed(self._hook, round(self._next_ms * 1000), closed, self._out)
            for event in self._out[0:count]:
                self.told.append((NAMES[event.kind], event.value, self._next_ms))
            self._next_ms += self._every_ms

    def play(self, lengths_ms: Iterable[float], closed: int) -> None:
        """Hold each length in turn, beginning with `closed`."""
        for ms in lengths_ms:
            self.hold(closed, ms)
            closed = 1 - closed

    def kinds(self) -> list[tuple[str, int]]:
        return [(what, value if what == "digit" else 0) for what, value, _ in self.told]


def meaning(profile: dict[str, int], open_ms: int) -> list[tuple[str, int]]:
    """What the profile says about one opening of a lifted telephone, read off its definition in ports.py."""
    longest = max(profile["flash_max_ms"], profile["pulse_max_ms"] if profile["pulse_dialling"] else 0)
    if open_ms < profile["glitch_ms"]:
        return []
    if profile["pulse_dialling"] and profile["pulse_min_ms"] <= open_ms <= profile["pulse_max_ms"]:
        return [("digit", 1)]
    if profile["flash_min_ms"] <= open_ms <= profile["flash_max_ms"]:
        return [("flash", 0)]
    return [("on", 0), ("off", 0)] if open_ms > longest else []


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("every_ms", [1.0, 2.0])
def test_every_opening_means_what_the_profile_says(profile: dict[str, int], every_ms: float) -> None:
    lengths = [5, 10, 14, *range(20, 1501, 5)]
    lengths += [profile[k] + d for k in profile if k.startswith(("pulse_m", "flash_m")) for d in (-2, -1, 0, 1, 2)]
    for open_ms in lengths:
        if open_ms % every_ms:
            continue  # a poll every 2 ms cannot tell 79 ms from 80 ms
        telephone = Telephone(profile, every_ms=every_ms)
        telephone.play([500, open_ms, 500], closed=1)
        assert telephone.kinds() == meaning(profile, open_ms), f"{open_ms} ms"


def test_on_hook_comes_only_after_the_longest_flash_and_soon_after() -> None:
    for profile in PROFILES:
        telephone = Telephone(profile)
        telephone.play([500, 3000], closed=1)
        (what, _, at_ms), *rest = telephone.told
        longest = max(profile["flash_max_ms"], profile["pulse_max_ms"] * profile["pulse_dialling"])
        assert what == "on" and not rest
        assert 500 + longest < at_ms <= 500 + longest + 2


def test_off_hook_is_told_after_the_debounce() -> None:
    telephone = Telephone(SPAIN, off_hook=False)
    telephone.play([100, 300], closed=0)
    assert telephone.told == [("off", 0, 115.0)]


def test_a_flash_tells_its_length() -> None:
    telephone = Telephone(SPAIN)
    telephone.play([500, 103, 200], closed=1)
    ((what, value, at_ms),) = telephone.told
    assert (what, value) == ("flash", 103_000)
    assert at_ms == 500 + 103 + 10


def pulses(digit: int, per_second: float, break_share: float) -> list[float]:
    """Open and closed times of one digit, ending closed."""
    period_ms = 1000 / per_second
    return [period_ms * break_share, period_ms * (1 - break_share)] * (digit or 10)


@pytest.mark.parametrize("per_second", [8, 9, 10, 11, 12])
@pytest.mark.parametrize("break_share", [0.55, 0.60, 0.667, 0.70])
def test_pulse_digits(per_second: float, break_share: float) -> None:
    chance = random.Random(per_second * 1000 + round(break_share * 100))
    telephone = Telephone(SLOW_DIAL, every_ms=2.0, phase_ms=chance.random() * 2)
    alone = 1000 / per_second * break_share <= 77  # a single longer pulse is a flash
    digits = [0, *range(1 if alone else 2, 10)]
    chance.shuffle(digits)
    telephone.hold(1, 400)
    for digit in digits:
        telephone.play(pulses(digit, per_second, break_share), closed=0)
        telephone.hold(1, chance.uniform(350, 900))
    assert telephone.kinds() == [("digit", digit) for digit in digits]


@pytest.mark.parametrize("open_ms", [80, 87, 95])
def test_a_long_opening_is_a_pulse_between_others_and_a_flash_alone(open_ms: int) -> None:
    telephone = Telephone(SLOW_DIAL)
    telephone.play([500, open_ms, 37, open_ms, 37, 60, 600], closed=1)
    assert telephone.kinds() == [("digit", 3)]
    telephone = Telephone(SLOW_DIAL)
    telephone.play([500, open_ms, 99], closed=1)
    assert telephone.told == []
    telephone.hold(1, 400)
    assert telephone.told == [("flash", open_ms * 1000, 500.0 + open_ms + 100)]
    telephone.play([open_ms, 101, open_ms, 400, open_ms, 50, 300], closed=0)
    assert [what for what, _, _ in telephone.told] == ["flash", "flash", "flash", "on"]


def test_japanese_dial_of_20_pulses_a_second() -> None:
    telephone = Telephone(SPAIN, every_ms=2.0)
    for digit in (1, 5, 0):
        telephone.hold(1, 700)
        telephone.play(pulses(digit, 20, 0.667), closed=0)
    telephone.hold(1, 700)
    assert telephone.kinds() == [("digit", 1), ("digit", 5), ("digit", 0)]


def test_spikes_inside_a_digit_do_not_count() -> None:
    telephone = Telephone(SPAIN)
    telephone.hold(1, 400)
    for _ in range(3):
        telephone.play([25, 4, 31, 20, 5, 15], closed=0)  # a make of 4 ms in the break, a break of 5 ms in the make
    telephone.hold(1, 600)
    assert telephone.kinds() == [("digit", 3)]


def test_eleven_pulses_are_no_digit() -> None:
    telephone = Telephone(SPAIN)
    telephone.hold(1, 400)
    telephone.play([60, 40] * 11, closed=0)
    telephone.hold(1, 600)
    telephone.play([60, 600], closed=0)
    assert telephone.kinds() == [("digit", 1)]


def test_a_digit_ends_before_the_flash_that_follows_and_dies_with_the_call() -> None:
    telephone = Telephone(SPAIN)
    telephone.play([400, 60, 100, 100, 400, 60, 100, 1000], closed=1)
    assert telephone.kinds() == [("digit", 1), ("flash", 0), ("on", 0)]


def bounce(chance: random.Random, total_ms: float) -> Sequence[float]:
    """An even number of contact times that together last less than total_ms."""
    cuts = sorted(chance.uniform(0, total_ms) for _ in range(2 * chance.randint(1, 6) + 1))
    return [b - a for a, b in pairwise(cuts)]


def test_20_ms_of_bounce_give_one_event_each_way() -> None:
    chance = random.Random(31)
    for _ in range(300):
        telephone = Telephone(SPAIN, off_hook=False, every_ms=chance.choice([1.0, 2.0]), phase_ms=chance.random())
        telephone.hold(0, 300)
        telephone.play(bounce(chance, 20), closed=1)
        telephone.hold(1, 600)
        telephone.play(bounce(chance, 20), closed=0)
        telephone.hold(0, 600)
        assert telephone.kinds() == [("off", 0), ("on", 0)]


def test_random_openings_mean_what_the_profile_says() -> None:
    """Sequences of openings far apart: each is judged by itself, whatever came before."""
    chance = random.Random(32)
    for _ in range(60):
        profile = chance.choice(PROFILES)
        telephone = Telephone(profile)
        expected: list[tuple[str, int]] = []
        telephone.hold(1, 300)
        for _ in range(10):
            open_ms = chance.choice([chance.randint(1, 200), chance.randint(200, 1500)])
            telephone.play([open_ms, chance.randint(300, 900)], closed=0)
            expected += meaning(profile, open_ms)
        assert telephone.kinds() == expected
