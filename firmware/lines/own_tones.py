"""A country with the installer's own tones laid over it: `[tones.busy]` of the settings file.

They hold for every line, whatever country its telephone is from, and for the SIP telephones of the house.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from firmware.config.tone_settings import OwnTone
from firmware.telephony.cadence import Tone
from firmware.telephony.countries import Country, load_country
from firmware.telephony.tone_notation import read_segments


def load_with_own_tones(code: str, own: Mapping[str, OwnTone]) -> Country:
    """The country of that code with `own` tones by name. Raises CountryError, as `load_country` does."""
    country = load_country(code)
    tones = {name: _laid_over(country.tones.get(name), name, tone) for name, tone in own.items()}
    return replace(country, tones={**country.tones, **tones}) if tones else country


def _laid_over(country: Tone | None, name: str, own: OwnTone) -> Tone:
    """A tone that the country does not have, and that got only a level, is silence."""
    base = country or Tone(name, read_segments("-"))
    segments = base.segments if own.pattern is None else read_segments(own.pattern)
    return Tone(name, segments, base.level_dbm0 if own.level_dbm0 is None else own.level_dbm0)
