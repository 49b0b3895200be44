"""Settings of one tone of the installer's own, `[tones.busy]`, in place of the country's.

The notation is that of `telephony/countries.toml`; who lays them over the country: `lines/own_tones.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware.config.declaration import Rule, Words, setting

TONE_NAMES = (
    "dial", "stutter", "recall", "busy", "congestion", "ringback", "call_waiting", "record", "sit", "howler",
)  # fmt: skip
"""What a country may have; `telephony/countries.py`."""
_MOST_SEGMENTS = 32
_HZ = r"(\d{1,4}(?:\.\d{1,2})?)"
_PIECE = re.compile(rf"(-|{_HZ}(?:[+*]{_HZ})?(?:@-([0-9]{{1,2}}))?)(?:/([0-9]{{1,5}}))?")
_GROUP = re.compile(r"([1-9][0-9]?)x\(([^()]*)\)\s*(?:,\s*|$)")


def _is_piece(text: str, *, last: bool) -> bool:
    found = _PIECE.fullmatch(text.strip())
    if not found:
        return False
    _, first, second, softer_db, ms = found.groups()
    heard = all(hz is None or 10 <= float(hz) <= 3900 for hz in (first, second))
    timed = 10 <= int(ms) <= 60_000 if ms else last
    return heard and timed and int(softer_db or 0) <= 30


def _is_pattern(text: str) -> bool:
    count, rest = 0, text.strip()
    while group := _GROUP.match(rest):
        pieces = group[2].split(",")
        if not all(_is_piece(piece, last=False) for piece in pieces):
            return False
        count += int(group[1]) * len(pieces)
        rest = rest[group.end() :]
    pieces = rest.split(",") if rest else []
    fits = all(_is_piece(piece, last=number == len(pieces)) for number, piece in enumerate(pieces, 1))
    return fits and 1 <= count + len(pieces) <= _MOST_SEGMENTS


TONE_NAME = Rule(TONE_NAMES.__contains__, Words(", ".join(TONE_NAMES), ", ".join(TONE_NAMES)))
PATTERN = Rule(
    _is_pattern,
    Words(
        'pieces of Hz/ms such as "425/200, -/200": "-" is silence, "350+440" both at once, "400*25" the first rising '
        'and falling with the second, "@-6" softer by 6 dB, "3x(425/100, -/100), 425" the group first; '
        "10 to 3900 Hz, 10 to 60000 ms, only the last piece without a length, 32 pieces at most",
        'partes de Hz/ms como "425/200, -/200": "-" es silencio, "350+440" los dos a la vez, "400*25" el primero sube '
        'y baja con el segundo, "@-6" 6 dB más suave, "3x(425/100, -/100), 425" el grupo primero; '
        "de 10 a 3900 Hz, de 10 a 60000 ms, solo la última parte sin duración, 32 partes como mucho",
    ),
)

CADENCE = Rule(
    lambda text: (
        _is_pattern(text)
        and "-/" in text
        and not text.strip().endswith(")")
        and _is_piece(text.split(",")[-1], last=False)
    ),
    Words(
        'pieces of Hz/ms with a silence among them, each with its length, such as "425/200, -/200" or '
        '"480+620/500, -/500"; 10 to 3900 Hz, 10 to 60000 ms, 32 pieces at most',
        'partes de Hz/ms con un silencio entre ellas, cada una con su duración, como "425/200, -/200" o '
        '"480+620/500, -/500"; de 10 a 3900 Hz, de 10 a 60000 ms, 32 partes como mucho',
    ),
)
"""Of a tone that is to be recognised: it comes and goes."""


@dataclass(frozen=True, slots=True)
class OwnTone:
    """One tone; what is absent stays as the country has it."""

    pattern: str | None = setting(
        None,
        rule=PATTERN,
        example="425/200, -/200",
        help_en="Frequencies and cadence, such as 425/200, -/200: 425 Hz for 200 ms, silence for 200 ms, and again",
        help_es="Frecuencias y cadencia, como 425/200, -/200: 425 Hz durante 200 ms, silencio 200 ms, y así siempre",
    )
    level_dbm0: float | None = setting(
        None,
        low=-40.0,
        high=0.0,
        unit="dBm0",
        example=-10.0,
        help_en="How loud; -10 when absent, -3 for the howler",
        help_es="Volumen; si falta, -10, y -3 para el aviso de descolgado",
    )
