"""Dial-in of core: from the settings to the lines and people, the tones callers hear, and the file of bans."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from firmware.app_numbers import inbound_table, with_inbound
from firmware.config.settings import Settings
from firmware.lines.fxo_options import FxoOptions
from firmware.pbx.services.dial_in import DialInPlan
from firmware.pbx.services.dial_in_bans import LINE_MOST, DialInBans
from firmware.pbx.services.dial_in_machine import PIN_TONE, DialInWaits
from firmware.pbx.services.dial_in_people import DIAL_IN, DialInLine, person
from firmware.telephony.cadence import Tone, ToneSegment
from firmware.telephony.countries import TONES, Country


def dial_in_plan(settings: Settings, country: Country, data: Path) -> DialInPlan:
    """What `Exchange` needs of it; without a `[dial_in.NAME]` in the settings no line has dial-in."""
    pbx = settings.pbx
    bans = DialInBans(float(pbx.dial_in_ban_s), data / "dial_in.json")
    bans.load()
    waits = DialInWaits(pbx.first_digit_s, pbx.inter_digit_s, pbx.complete_s)
    return DialInPlan(dial_in_lines(settings, country), bans, dial_in_tones(country), waits)


def dial_in_lines(settings: Settings, country: Country) -> dict[str, DialInLine]:
    """By name, the exchange lines over which somebody may dial in."""
    found: dict[str, DialInLine] = {}
    if not settings.dial_in:
        return found
    inbound = inbound_table(settings, country.numbering)
    for name, alone in settings.exchange_lines.items():
        line = with_inbound(alone, name, inbound)
        people = tuple(
            person(who, said.pin, outside=said.outside, unknown_callers=said.unknown_callers)
            for who, said in settings.dial_in.items()
            if name in said.lines
        )
        if people:
            found[name] = DialInLine(name, line.target or "", people)
    return found


def with_dial_in(name: str, options: FxoOptions, settings: Settings) -> FxoOptions:
    """What that exchange line does: with dial-in, it is the target of all calls that no rule of `[callers]` sends
    elsewhere."""
    has_dial_in = any(name in who.lines for who in settings.dial_in.values())
    return replace(options, target=DIAL_IN) if has_dial_in else options


def dial_in_notices(plan: DialInPlan) -> list[dict[str, str]]:
    """The lines at which somebody tries PINs, for status and page."""
    found: list[dict[str, str]] = []
    for name in plan.lines:
        if shut_s := plan.bans.shut_s(name):
            most, minutes = LINE_MOST, math.ceil(shut_s / 60)
            en = f"{name}: {most} wrong PINs were dialled, nobody can dial in over this line for {minutes} min"
            es = f"{name}: se marcaron {most} PIN equivocados, nadie puede entrar por esta línea durante {minutes} min"
            found.append({"level": "warning", "en": en, "es": es})
    return found


def dial_in_tones(country: Country) -> dict[str, Tone]:
    """The country's, and the one that asks for a PIN: its dial tone in pieces, which is no other tone anywhere [M]."""
    dial = country.tone("dial")
    hz = next(segment.hz for segment in dial.segments if segment.hz)
    pieces = (ToneSegment(hz, 1200), ToneSegment((), 150), ToneSegment(hz, 150), ToneSegment((), 150))
    return {PIN_TONE: Tone(PIN_TONE, pieces, dial.level_dbm0), **{name: country.tone(name) for name in TONES}}
