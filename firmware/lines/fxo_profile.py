"""From a country and a line's settings to the electrical set-up and the habits of an exchange line.

What the figures mean: `drivers/exchange_port.py`, `fxo_options.py`; the terminations: `drivers/daa_countries.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping

from drivers.exchange_port import ExchangeLineProfile
from firmware.config.caller_settings import CallerSettings
from firmware.config.trunk_settings import FxoLineSettings
from firmware.lines.caller_id.sending import STANDARDS
from firmware.lines.caller_rules import CallerRule, CallerRules
from firmware.lines.fxo_options import FxoOptions, FxoTimers
from firmware.lines.send_profile import NOTHING, OF_COUNTRY
from firmware.telephony.cadence import Tone
from firmware.telephony.countries import Country
from firmware.telephony.tone_notation import read_segments

_ROWS = {
    "uk": "uk", "us": "usa", "us-old": "usa", "cz": "czech", "za": "southafrica", "nz": "newzealand", "ae": "uae",
    "ee": "tbr21", "lt": "tbr21", "tr": "tbr21", "cr": "usa", "pa": "usa", "ve": "usa",
}  # fmt: skip
"""Rows of the list whose name is not the country's; countries that the list lacks get the usual one of their
continent [M-]."""
_DAHDI_ROWS = {"usa": "fcc"}
_FAST_DIALS = {"jp": (34, 16)}
"""Pulse break and make in ms; elsewhere 60 and 40."""
PULSE_OR_RING_S = 1.2
BETWEEN_RINGS_S = 5.0
"""From the first ring's beginning: 2 s of ringing, up to 1.5 s to the data and up to 1.1 s of them."""


def termination(country: Country, source: str) -> str:
    """The row of that country in `daa_countries.toml`."""
    row = _ROWS.get(country.code, country.name.lower().replace(" ", ""))
    return _DAHDI_ROWS.get(row, row) if source == "dahdi" else row


def fxo_profile(country: Country, settings: FxoLineSettings) -> ExchangeLineProfile:
    """What the driver programs and watches for."""
    break_ms, make_ms = _FAST_DIALS.get(country.code, (60, 40))
    return ExchangeLineProfile(
        termination=termination(country, settings.termination),
        source=settings.termination,
        into_call_db=settings.tx_gain_db,
        to_line_db=settings.rx_gain_db,
        in_use_v=settings.in_use_v,
        loop_break_ms=settings.loop_break_ms,
        pulse_break_ms=break_ms,
        pulse_make_ms=make_ms,
    )


def fxo_options(
    country: Country, settings: FxoLineSettings, callers: Mapping[str, CallerSettings] | None = None
) -> FxoOptions:
    """What the line does by itself. callers: the caller rules of this line, by name."""
    standard = _standard(country, settings)
    return FxoOptions(
        target=settings.target or "",
        rings=settings.rings,
        hang_up_by=settings.hang_up_by,
        answer_by=settings.answer_by,
        silence_s=float(settings.silence_s),
        busy_tone=Tone("busy", read_segments(settings.busy_tone)) if settings.busy_tone else None,
        flash_ms=settings.flash_ms or sum(country.flash_ms) // 2,
        pass_flash=settings.pass_flash,
        pulses=settings.dial == "pulses",
        dial_blind=settings.without_dial_tone == "dial",
        pulse_coding=country.pulse_coding,
        caller_id=standard,
        fax_to=settings.fax_to or "",
        callers=CallerRules(
            tuple(
                CallerRule(name, rule.numbers, rule.target or "", rule.withheld)
                for name, rule in (callers or {}).items()
            ),
            settings.caller_add or "",
            settings.caller_form,
            country.numbering,
        ),
        caller_id_dtmf=country.caller_id_dtmf if settings.caller_id_dtmf == OF_COUNTRY else settings.caller_id_dtmf,
        caller_id_wait_s=_wait_s(standard) if settings.caller_id_wait_s is None else settings.caller_id_wait_s,
    )


def _standard(country: Country, settings: FxoLineSettings) -> str:
    if settings.caller_id == NOTHING:
        return ""
    return country.caller_id if settings.caller_id == OF_COUNTRY else settings.caller_id


def _wait_s(standard: str) -> float:
    """Only what comes between the first two rings has to be waited for; in Japan, whether the first one was a ring."""
    if standard == "japan":
        return PULSE_OR_RING_S
    return BETWEEN_RINGS_S if standard and STANDARDS[standard].alert == "during" else 0.0


def fxo_timers(settings: FxoLineSettings) -> FxoTimers:
    """How long it waits for what."""
    return FxoTimers(
        ring_timeout_s=settings.ring_timeout_s,
        dial_tone_s=settings.dial_tone_s,
        guard_s=settings.guard_s,
        max_call_s=float(settings.max_call_s),
    )
