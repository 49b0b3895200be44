"""Every country has a line termination that the chip's lists know, and settings become what the line obeys."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.daa_levels import daa_codes
from firmware.config.trunk_settings import FxoLineSettings
from firmware.lines.fxo_profile import fxo_options, fxo_profile, fxo_timers
from firmware.telephony.countries import country_names, load_country

BITS_OF_SPAIN = (0xC2, 0x02)


@pytest.mark.parametrize("source", ["datasheet", "dahdi"])
@pytest.mark.parametrize("code", sorted(country_names()))
def test_every_country_has_a_termination(code: str, source: str) -> None:
    profile = fxo_profile(load_country(code), FxoLineSettings(termination=source))
    codes = daa_codes(profile)
    if code == "es":
        assert (codes.dc, codes.ac) == BITS_OF_SPAIN


def test_settings_become_options_timers_and_profile() -> None:
    settings = FxoLineSettings(
        target="101", rings=2, dial="pulses", without_dial_tone="dial", silence_s=60, guard_s=2.0, tx_gain_db=3.0,
        loop_break_ms=200, hang_up_by=("polarity",),
    )  # fmt: skip
    zealand = load_country("nz")
    options, timers, profile = fxo_options(zealand, settings), fxo_timers(settings), fxo_profile(zealand, settings)
    assert (options.target, options.rings, options.pulses, options.dial_blind) == ("101", 2, True, True)
    assert (options.pulse_coding, options.silence_s, options.hang_up_by) == ("10-n", 60.0, ("polarity",))
    assert (timers.guard_s, timers.max_call_s) == (2.0, 14_400.0)
    assert (profile.termination, profile.into_call_db, profile.loop_break_ms) == ("newzealand", 3.0, 200)


def test_japan_dials_fast() -> None:
    profile = fxo_profile(load_country("jp"), FxoLineSettings())
    assert 1000 / (profile.pulse_break_ms + profile.pulse_make_ms) == 20


@pytest.mark.parametrize(
    ("code", "changes", "expected"),
    [
        ("es", {}, ("etsi-fsk", "A-C", 5.0)),
        ("us", {}, ("bellcore", "A-C", 5.0)),
        ("uk", {}, ("uk", "A-C", 0.0)),
        ("br", {}, ("dtmf", "A-C", 0.0)),
        ("jp", {}, ("japan", "A-C", 1.2)),
        ("es", {"caller_id": "off"}, ("", "A-C", 0.0)),
        ("es", {"caller_id": "dtmf", "caller_id_dtmf": "-#", "caller_id_wait_s": 3.0}, ("dtmf", "-#", 3.0)),
    ],
)
def test_the_country_says_how_the_caller_is_told(
    code: str, changes: dict[str, Any], expected: tuple[str, str, float]
) -> None:
    options = fxo_options(load_country(code), FxoLineSettings(**changes))
    assert (options.caller_id, options.caller_id_dtmf, options.caller_id_wait_s) == expected
