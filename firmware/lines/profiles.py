"""From a country and a port's settings to the electrical set-up of its line.

What the figures mean: `drivers/ports.py`; where they come from: `telephony/countries.toml`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from drivers.ports import HookProfile, LineProfile
from firmware.config.line_settings import FxsLineSettings
from firmware.lines.line_options import LineOptions, QuietHours, RotaryCodes, ServiceRules, Trunk
from firmware.telephony.countries import Country
from firmware.telephony.digit_map import DigitMap, UnitedPlans
from firmware.telephony.number import FixedNumbers, NumberPlan

log = logging.getLogger(__name__)

LONG_RING_V_RMS = 61.0
"""As much as the chips ring without clipping."""
LONG_LOOP_MA = 26
"""What 48 V drive through 1.3 kilohm of wire, the feed and a telephone: more would only warm the line card [C]."""
LONG_GAIN_DB = 3.0
"""Half the loss of some 4 km of 0.4 mm wire; all of it would sing [M-]."""
MOST_GAIN_DB = 6.0
MOST_REN = 5.0
LONG_MOST_REN = 3.0
"""At 1.3 kilohm a lifted telephone draws no more than five ringers beside the port; three it outdoes [C]."""

GLITCH_MS = 15
"""Openings and closures of the loop up to here are a contact that bounces [M: line sheet, section 3]."""
LONE_PULSE_MS = 79
"""The longest pulse that stands alone where flashes of 80 ms are sent [M, S: line sheet, section 3]."""


def line_profile(country: Country, settings: FxsLineSettings) -> LineProfile:
    """What the driver programs: the country's figures where the settings do not say otherwise."""
    if settings.ring_v_rms < country.ring_v_rms_min:
        log.warning(
            "line %s: rings with %.0f V rms, telephones of %s expect %.0f",
            settings.number, settings.ring_v_rms, country.name, country.ring_v_rms_min,
        )  # fmt: skip
    return LineProfile(
        ring_hz=settings.ring_hz or country.ring_hz,
        ring_v_rms=max(settings.ring_v_rms, LONG_RING_V_RMS) if settings.long_line else settings.ring_v_rms,
        impedance=settings.impedance or country.impedance,
        loop_ma=max(settings.loop_ma, LONG_LOOP_MA) if settings.long_line else settings.loop_ma,
        tx_gain_db=_gain_db(settings.tx_gain_db, settings),
        rx_gain_db=_gain_db(settings.rx_gain_db, settings),
        hook=hook_profile(country, settings),
        most_ren=LONG_MOST_REN if settings.long_line else MOST_REN,
        metering_hz=0 if settings.metering == "off" else int(settings.metering) * 1000,
    )


def line_options(
    country: Country,
    settings: FxsLineSettings,
    *,
    numbers_known: bool = False,
    recall_s: float = 30.0,
    jitter_fixed_ms: int = 100,
    may_wait: Callable[[], bool] = lambda: True,
) -> LineOptions:
    """What the line does beyond a plain telephone. numbers_known: see `LineOptions`; jitter_fixed_ms: the delay of a
    fax machine's calls; the others: `ServiceRules`.
    """
    if settings.use == "fax":
        log.info("line %s: faxes and modems pass as they are, by G.711; T.38 is not spoken", settings.number)
    for key in ("rotary_star", "rotary_hash"):
        code = getattr(settings, key)
        shadowed = [number for number in country.emergency if code and number.startswith(code)]
        if shadowed:
            log.warning(
                "line %s: %s %s begins the emergency number %s and is not taken",
                settings.number,
                key,
                code,
                shadowed[0],
            )
    return LineOptions(
        hotline=settings.hotline or "",
        hotline_s=settings.hotline_s,
        quiet=QuietHours.read(settings.quiet_hours) if settings.quiet_hours else None,
        rotary=RotaryCodes(settings.rotary_star or "", settings.rotary_hash or "", settings.rotary_recall or ""),
        numbers_known=numbers_known,
        longest_pulse_ms=country.pulse_ms[1] if settings.pulse_dialling else 0,
        services=ServiceRules(
            habit=country.flash_habit if settings.flash_services == "country" else settings.flash_services,
            transfer=settings.transfer_by_hanging_up,
            may_wait=lambda: settings.call_waiting and settings.use == "telephone" and may_wait(),
            recall_s=recall_s,
        ),
        steady_ms=jitter_fixed_ms if settings.use == "fax" else 0,
        trunk=_trunk(settings) if settings.use == "trunk" else None,
    )


def echo_tail_ms(settings: FxsLineSettings) -> int:
    """The longest echo that is taken out, 0 for none: a fax machine or modem wants its sound unchanged."""
    return 0 if settings.echo == "off" or settings.use == "fax" else int(settings.echo)


def _trunk(settings: FxsLineSettings) -> Trunk:
    return Trunk(frozenset(settings.did), settings.did_digits, settings.did_pause_s)


def dial_plan(country: Country, numbers: NumberPlan, digit_map: Sequence[str]) -> NumberPlan:
    """The numbers of the house, those of `digit_map`, and the emergency numbers: what a dialled number can be."""
    return UnitedPlans(numbers, FixedNumbers(country.emergency), DigitMap(digit_map))


def _gain_db(gain_db: float, settings: FxsLineSettings) -> float:
    """A long line's loss is made up for on top of what was asked for, as far as the chip goes."""
    return min(gain_db + LONG_GAIN_DB, MOST_GAIN_DB) if settings.long_line else gain_db


def hook_profile(country: Country, settings: FxsLineSettings) -> HookProfile:
    """What openings of the loop mean.

    Where the country's flash window begins inside the pulse window, an opening of up to LONE_PULSE_MS
    is a pulse as long as pulse dialling is on, a longer one only between others; a flash_min_ms of the
    settings moves the lone pulses' end instead.
    """
    pulse_min_ms, train_max_ms = country.pulse_ms
    pulse_max_ms = train_max_ms
    flash_min_ms, flash_max_ms = _flash_window(country, settings)
    if settings.pulse_dialling and flash_min_ms <= pulse_max_ms:
        if settings.flash_min_ms is None:
            pulse_max_ms = LONE_PULSE_MS
            flash_min_ms = max(flash_min_ms, min(pulse_max_ms + 1, flash_max_ms))
        else:
            pulse_max_ms = flash_min_ms - 1
    return HookProfile(
        glitch_ms=GLITCH_MS,
        pulse_min_ms=pulse_min_ms,
        pulse_max_ms=pulse_max_ms,
        train_max_ms=train_max_ms,
        flash_min_ms=flash_min_ms,
        flash_max_ms=flash_max_ms,
        digit_gap_ms=country.digit_gap_ms,
        pulse_dialling=settings.pulse_dialling,
    )


def _flash_window(country: Country, settings: FxsLineSettings) -> tuple[int, int]:
    """Shortest and longest flash in ms; a limit of the settings beyond the country's other one takes it along."""
    low, high = country.flash_ms
    width = high - low
    if settings.flash_min_ms is not None:
        low = settings.flash_min_ms
        high = high if high > low else low + width
    if settings.flash_max_ms is not None:
        high = settings.flash_max_ms
        low = low if low < high else max(high - width, country.pulse_ms[0])
    return low, high
