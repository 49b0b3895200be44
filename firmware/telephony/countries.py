"""What a country's telephone network sounds like and expects: `countries.toml` as data.

Reading the file takes some 3 ms; only the country asked for is made into objects. Who uses
it: `lines/fxs_line.py` (tones, ringing), `lines/profiles.py` (electrical), settings (names).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from firmware.telephony.cadence import Cadence, Tone
from firmware.telephony.numbering import Numbering
from firmware.telephony.tone_notation import read_segments

_FILE = Path(__file__).with_name("countries.toml")
TONES = ("dial", "stutter", "recall", "busy", "congestion", "ringback", "call_waiting", "sit", "howler")
"""Every country has these; "record" is missing in one."""
PULSE_CODINGS = ("n", "n+1", "10-n")
CALLER_IDS = ("etsi-fsk", "bellcore", "bellcore-number", "uk", "japan", "dtmf")
CALLER_ID_ALERTS = ("", "during", "dt-as", "rp-as", "lr+dt-as", "reversal", "none")
"""How a telephone is told that data come; "" as the standard has it. What they mean: `lines/caller_id/sending.py`."""
CALLER_ID_DTMF = ("A-C", "D-C", "A-#", "D-#", "-#", "-C", "-")
"""Digits before and after a number sent in DTMF."""
FLASH_HABITS = ("codes", "hook")


class CountryError(Exception):
    """countries.toml has no such country, or a figure in it is wrong; the text says which."""


@dataclass(frozen=True, slots=True)
class Country:
    """One table of the file. Windows (min, max) are inclusive.

    ring_hz: 16 to 60. ring_v_rms_min: least voltage into 5 REN. impedance: a name of `drivers.ports`.
    pulse_coding: one of PULSE_CODINGS. flash_habit: one of FLASH_HABITS, what R does in a call. caller_id,
    caller_id_alert, caller_id_dtmf: one of the lists above.
    international: prefix that people dial for "+". numbering: the forms of its telephone numbers.
    disconnect_ms: open interval at the end of a call, 0 for none, 200 to 1000. dtmf_dbm0: high and low
    group in the national network.
    """

    code: str
    name: str
    ring_cadence_ms: Cadence
    ring_hz: float
    ring_v_rms_min: float
    impedance: str
    flash_ms: tuple[int, int]
    flash_habit: str
    pulse_ms: tuple[int, int]
    digit_gap_ms: int
    pulse_coding: str
    caller_id: str
    caller_id_alert: str
    caller_id_dtmf: str
    international: str
    numbering: Numbering
    disconnect_ms: int
    emergency: tuple[str, ...]
    dtmf_dbm0: tuple[int, int]
    tones: Mapping[str, Tone]

    @property
    def has_howler(self) -> bool:
        """False where a telephone left off hook only hears the congestion tone, and then nothing."""
        return any(segment.hz for segment in self.tones["howler"].segments)

    def tone(self, name: str) -> Tone:
        """One of TONES, by its key."""
        return self.tones[name]


def country_names() -> dict[str, str]:
    """Code -> English name of every country there is."""
    return {code: str(table["name"]) for code, table in _tables().items() if code != "default"}


def numberings() -> dict[str, Numbering]:
    """Code -> the forms of telephone numbers, of every country there is."""
    return {code: numbering_of(code) for code in country_names()}


def load_country(code: str) -> Country:
    """The country of that code, such as "es". Raises CountryError."""
    tables = _tables()
    if code == "default" or code not in tables:
        raise CountryError(f"no country {code!r}, known: {', '.join(sorted(country_names()))}")
    table = {**tables["default"], **tables[code]}
    tones = {**tables["default"]["tones"], **table["tones"]}
    try:
        country = _made(code, table, tones)
        _check(country)
    except (KeyError, TypeError, ValueError) as error:
        raise CountryError(f"countries.toml: {code}: {error!r}") from error
    return country


def numbering_of(code: str) -> Numbering:
    """The forms of telephone numbers in a country; as in one without prefixes where there is no such country."""
    tables = _tables()
    table = {**tables["default"], **tables.get(code, {})}
    return Numbering(
        table.get("calling_code", ""),
        table["international"],
        table["trunk_prefix"],
        tuple(table.get("emergency", ())),
        table.get("dialled_prefix", table["trunk_prefix"]),
        table.get("national_digits", 0),
    )


@cache
def _tables() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def _made(code: str, table: Mapping[str, Any], tones: Mapping[str, str]) -> Country:
    return Country(
        code=code,
        name=table["name"],
        ring_cadence_ms=tuple(table["ring_ms"]),
        ring_hz=float(table["ring_hz"]),
        ring_v_rms_min=float(table["ring_v_rms_min"]),
        impedance=table["impedance"],
        flash_ms=_pair(table["flash_ms"]),
        flash_habit=table["flash_habit"],
        pulse_ms=_pair(table["pulse_ms"]),
        digit_gap_ms=table["digit_gap_ms"],
        pulse_coding=table["pulse_coding"],
        caller_id=table["caller_id"],
        caller_id_alert=table["caller_id_alert"],
        caller_id_dtmf=table["caller_id_dtmf"],
        international=table["international"],
        numbering=numbering_of(code),
        disconnect_ms=table["disconnect_ms"],
        emergency=tuple(table["emergency"]),
        dtmf_dbm0=_pair(table["dtmf_dbm0"]),
        tones={name: _tone(name, text, table["howler_dbm0"]) for name, text in tones.items()},
    )


def _pair(values: list[int]) -> tuple[int, int]:
    first, second = values
    return first, second


def _tone(name: str, text: str, howler_dbm0: float) -> Tone:
    segments = read_segments(text)
    return Tone(name, segments, float(howler_dbm0)) if name == "howler" else Tone(name, segments)


def _check(country: Country) -> None:
    """Raises ValueError for a figure the line card or the engine could not follow."""
    numbering = country.numbering
    missing = [name for name in TONES if name not in country.tones]
    rules = {
        f"tones {', '.join(missing)} are missing": not missing,
        "ring_ms must be pairs of on and off, at most four": len(country.ring_cadence_ms) in (2, 4, 6, 8),
        "ring_hz must be 16 to 60": 16 <= country.ring_hz <= 60,
        "howler_dbm0 must be -30 to 0": -30 <= country.tones["howler"].level_dbm0 <= 0,
        "flash_ms must rise": country.flash_ms[0] < country.flash_ms[1],
        f"flash_habit must be one of {FLASH_HABITS}": country.flash_habit in FLASH_HABITS,
        "pulse_ms must rise": country.pulse_ms[0] < country.pulse_ms[1],
        f"pulse_coding must be one of {PULSE_CODINGS}": country.pulse_coding in PULSE_CODINGS,
        f"caller_id must be one of {CALLER_IDS}": country.caller_id in CALLER_IDS,
        f"caller_id_alert must be one of {CALLER_ID_ALERTS}": country.caller_id_alert in CALLER_ID_ALERTS,
        f"caller_id_dtmf must be one of {CALLER_ID_DTMF}": country.caller_id_dtmf in CALLER_ID_DTMF,
        "international must be digits": country.international.isdigit(),
        "calling_code and trunk_prefix must be digits": f"{numbering.calling_code}{numbering.trunk_prefix}".isdigit(),
        "disconnect_ms must be 0 or 200 to 1000": country.disconnect_ms == 0 or 200 <= country.disconnect_ms <= 1000,
        "emergency numbers must be digits": all(number.isdigit() for number in country.emergency),
    }
    for sentence, kept in rules.items():
        if not kept:
            raise ValueError(sentence)
