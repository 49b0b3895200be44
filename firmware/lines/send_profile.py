"""What a line sends its telephone of its own accord, as country and settings say: input of `line_sender.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from firmware.config.line_settings import FxsLineSettings
from firmware.config.ring_settings import Ring
from firmware.lines.caller_id.sending import SILENT, STANDARDS, Manner
from firmware.lines.ring_classes import RingClass, read_cadence
from firmware.telephony.countries import Country

TRUNK_DISCONNECT_MS = 500
"""GR-506 [M]."""
OF_COUNTRY = "country"
NOTHING = "off"


@dataclass(frozen=True, slots=True)
class SendProfile:
    """manner: of caller ID. waiting: ways to tell of messages, of "stutter", "fsk", "reversal", "neon".

    answer_reversal: reverse the line while an outgoing call is answered. metering_s: between two pulses of such a
    call, 0 for none. disconnect_ms: open interval when the far end has hung up, 0 for none. rings: ring classes,
    the first that fits counts.
    """

    manner: Manner = SILENT
    waiting: frozenset[str] = frozenset({"stutter"})
    answer_reversal: bool = False
    disconnect_ms: int = 0
    metering_s: float = 0.0
    rings: tuple[RingClass, ...] = ()


SENDS_LITTLE = SendProfile()
"""No caller ID; stuttering dial tone while messages wait."""


def send_profile(country: Country, line: FxsLineSettings, rings: Mapping[str, Ring] | None = None) -> SendProfile:
    """The country's figures where the line's settings do not say otherwise."""
    return SendProfile(
        manner=_manner(country, line),
        waiting=frozenset(line.message_waiting),
        answer_reversal=line.answer_reversal,
        disconnect_ms=_disconnect_ms(country, line),
        metering_s=0.0 if line.metering == "off" else line.metering_s,
        rings=tuple(_ring_class(name, ring) for name, ring in (rings or {}).items()),
    )


def _disconnect_ms(country: Country, line: FxsLineSettings) -> int:
    """An old PBX has nobody who hears a busy tone: without the opening it would keep the line for ever."""
    if line.disconnect_ms is not None:
        return line.disconnect_ms
    return country.disconnect_ms or (TRUNK_DISCONNECT_MS if line.use == "trunk" else 0)


def _manner(country: Country, line: FxsLineSettings) -> Manner:
    standard = country.caller_id if line.caller_id == OF_COUNTRY else line.caller_id
    if standard == NOTHING:
        return SILENT
    alert = line.caller_id_alert
    if alert == OF_COUNTRY:
        alert = country.caller_id_alert if standard == country.caller_id else ""
    form = country.caller_id_dtmf if line.caller_id_dtmf == OF_COUNTRY else line.caller_id_dtmf
    return Manner(standard, alert or STANDARDS[standard].alert, form, country.international, line.rx_gain_db)


def _ring_class(name: str, ring: Ring) -> RingClass:
    return RingClass(name, read_cadence(ring.cadence), ring.callers, ring.called, ring.alert.casefold())
