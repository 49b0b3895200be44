"""From a country and a port's settings to the electrical set-up of its line."""

from __future__ import annotations

from drivers.ports import HookProfile, LineProfile
from firmware.config.settings import FxsLineSettings
from firmware.telephony.countries import Country


def line_profile(country: Country, settings: FxsLineSettings) -> LineProfile:
    """What the driver programs: the country's figures where the settings do not say otherwise."""
    return LineProfile(
        ring_hz=country.ring_hz,
        ring_v_rms=settings.ring_v_rms,
        impedance=country.impedance,
        loop_ma=settings.loop_ma,
        tx_gain_db=settings.tx_gain_db,
        rx_gain_db=settings.rx_gain_db,
        hook=hook_profile(country, settings),
    )


def hook_profile(country: Country, settings: FxsLineSettings) -> HookProfile:
    """What openings of the loop mean.

    Where a country's flash window begins inside the pulse window, an opening that could be a pulse
    is one, as long as pulse dialling is on; flashes are then accepted from just above it.
    """
    pulse_min_ms, pulse_max_ms = country.pulse_ms
    flash_min_ms = settings.flash_min_ms or country.flash_ms[0]
    flash_max_ms = settings.flash_max_ms or country.flash_ms[1]
    if settings.pulse_dialling:
        if settings.flash_min_ms is None:
            flash_min_ms = max(flash_min_ms, pulse_max_ms + 1)
        else:
            pulse_max_ms = min(pulse_max_ms, flash_min_ms - 1)
    return HookProfile(
        glitch_ms=pulse_min_ms,
        pulse_min_ms=pulse_min_ms,
        pulse_max_ms=pulse_max_ms,
        flash_min_ms=flash_min_ms,
        flash_max_ms=max(flash_max_ms, flash_min_ms),
        pulse_dialling=settings.pulse_dialling,
    )
