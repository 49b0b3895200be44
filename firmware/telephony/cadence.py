"""Tones and cadences as data: what a country plays and how it rings.

The media engine and the line scanner get these; `countries.py` reads them from
`countries.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToneSegment:
    """One piece of a tone.

    hz: none (silence), one or two frequencies. ms: its length, None for "for ever".
    am: the first frequency is amplitude-modulated by the second instead of summed.
    once: played only the first time round; the other segments repeat.
    att_db: how far below the tone's level this piece is, 0 to 30 dB.
    """

    hz: tuple[float, ...]
    ms: int | None = None
    am: bool = False
    once: bool = False
    att_db: float = 0.0


@dataclass(frozen=True, slots=True)
class Tone:
    """A call-progress tone. level_dbm0 is of all its frequencies together (pairs carry half the power each)."""

    name: str
    segments: tuple[ToneSegment, ...]
    level_dbm0: float = -10.0


Cadence = tuple[int, ...]
"""Ring cadence in ms: on, off[, on, off ...], repeated."""
