"""Country and settings become the figures the driver programs."""

from __future__ import annotations

import logging
from itertools import product

import pytest

from drivers.ports import HookProfile
from drivers.slic_levels import line_codes
from drivers.slic_registers import Family
from firmware.config.line_settings import FxsLineSettings
from firmware.lines.profiles import hook_profile, line_profile
from firmware.telephony.countries import country_names, load_country


def hook(country: str = "es", **settings: object) -> HookProfile:
    return hook_profile(load_country(country), FxsLineSettings(number="101", **settings))  # type: ignore[arg-type]


def windows(profile: HookProfile) -> tuple[int, int, int, int]:
    return (profile.pulse_min_ms, profile.pulse_max_ms, profile.flash_min_ms, profile.flash_max_ms)


def test_spain_with_a_rotary_dial_and_without() -> None:
    assert windows(hook()) == (23, 79, 80, 130)
    assert windows(hook(pulse_dialling=False)) == (23, 96, 50, 130)
    assert not hook(pulse_dialling=False).pulse_dialling
    assert hook().digit_gap_ms == 250


def test_the_countrys_flash() -> None:
    assert windows(hook("us")) == (23, 96, 300, 1000)
    assert windows(hook("fr")) == (23, 96, 240, 300)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"flash_min_ms": 60}, (23, 59, 60, 130)),
        ({"flash_max_ms": 600}, (23, 79, 80, 600)),
        ({"flash_min_ms": 300}, (23, 96, 300, 380)),
        ({"flash_min_ms": 300, "flash_max_ms": 900}, (23, 96, 300, 900)),
    ],
)
def test_settings_move_the_flash_window(settings: dict[str, int], expected: tuple[int, int, int, int]) -> None:
    assert windows(hook(**settings)) == expected


def test_no_setting_makes_a_window_that_is_upside_down() -> None:
    for country in country_names():
        for low, high, pulses in product((None, 30, 100, 800), (None, 40, 130, 1500), (True, False)):
            if low is not None and high is not None and low >= high:
                continue  # the settings' own check refuses these
            made = hook(country, flash_min_ms=low, flash_max_ms=high, pulse_dialling=pulses)
            assert made.flash_min_ms <= made.flash_max_ms, (country, low, high)
            assert high is None or made.flash_max_ms == high


def test_settings_reach_the_profile() -> None:
    settings = FxsLineSettings(number="101", ring_v_rms=50.0, loop_ma=26, tx_gain_db=-3.0, rx_gain_db=2.0)
    made = line_profile(load_country("us"), settings)
    assert (made.ring_hz, made.ring_v_rms, made.impedance, made.loop_ma) == (20.0, 50.0, "600", 26)
    assert (made.tx_gain_db, made.rx_gain_db, made.law) == (-3.0, 2.0, "alaw")


@pytest.mark.parametrize("family", list(Family))
def test_every_country_can_be_programmed_into_the_chips(family: Family) -> None:
    for code in country_names():
        line_codes(line_profile(load_country(code), FxsLineSettings(number="101")), family)


def test_too_little_ringing_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        line_profile(load_country("jp"), FxsLineSettings(number="101"))
    assert "rings with 60 V rms, telephones of Japan expect 65" in caplog.text
