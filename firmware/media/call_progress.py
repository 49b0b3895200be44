"""What an exchange says (ringing, busy, congestion, dial tone) from the raw pieces the engine tells of it.

The engine tells pieces of silence, tone and sound (`SegmentHeard`, `Endpoint.listen_signals`); which cadence they make
is judged here, against the tones of a country (`telephony/countries.py`). Sound within or beside a tone, as where a
modulated one begins, belongs to it; a burst that is mostly sound is speech and begins everything anew.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from firmware.media.events import SegmentHeard
from firmware.telephony.cadence import Tone, ToneSegment

LISTENED_FOR = ("ringback", "busy", "congestion", "dial")
DIAL_MS = 3000
"""A tone that goes on so long is a dial tone: longer than any ringing. Where one is awaited, 1000 will do."""
SHORT_ROUND_MS = 2500
"""A cadence with a shorter round must be heard for four pieces, a longer one for one round."""
MOST_PIECES = 32
OFF_MS, OFF_PART = 45, 0.12
"""A piece may be so much longer or shorter: 20 ms at each end by the engine, the rest by the exchange (ITU-T E.180)."""
OFF_HZ = 25.0
APART_HZ = 75.0
"""Nearer frequencies are heard as the one in the middle (`native/progress.h`)."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """hz: one, or two that are APART_HZ; none for silence. ms 0: for ever."""

    hz: tuple[float, ...]
    ms: int
    off_hz: float = OFF_HZ


class CallProgress:
    """Listens to one call. tones: a country's, by name; of those LISTENED_FOR are recognised. dial_ms: see DIAL_MS."""

    def __init__(self, tones: Mapping[str, Tone], *, dial_ms: int = DIAL_MS) -> None:
        self._dial_ms = dial_ms
        wanted = {name: _round(tones[name]) for name in LISTENED_FOR if name in tones}
        self._lasting = {name: pieces[0] for name, pieces in wanted.items() if len(pieces) == 1 and pieces[0].hz}
        self._cadences = {name: pieces for name, pieces in wanted.items() if len(pieces) > 1}
        self._heard: deque[_Piece] = deque(maxlen=MOST_PIECES)
        self._burst: list[SegmentHeard] = []
        self._told = ""

    def feed(self, piece: SegmentHeard) -> str | None:
        """The next piece of this call. The name of a tone when it becomes certain, else None.

        It is not named again until something else was heard.
        """
        if piece.lasts:
            return self._tell(self._lasting_tone(piece))
        if piece.kind != "silence":
            self._burst.append(piece)
            return None
        self._end_burst()
        self._heard.append(_Piece((), piece.ms))
        return self._tell(self._cadence())

    def _tell(self, name: str) -> str | None:
        if not name or name == self._told:
            return None
        self._told = name
        return name

    def _end_burst(self) -> None:
        """What sounded since the last silence is one piece, if most of it was a tone."""
        if not self._burst:
            return
        tones = [part for part in self._burst if part.kind == "tone"]
        whole, toned = sum(part.ms for part in self._burst), sum(part.ms for part in tones)
        longest = max(tones, key=lambda part: part.ms, default=None)
        self._burst = []
        if longest is None or 2 * toned < whole:
            self._heard.clear()
            self._told = ""
        else:
            self._heard.append(_Piece(longest.hz, whole))

    def _lasting_tone(self, piece: SegmentHeard) -> str:
        if piece.kind != "tone" or piece.ms < self._dial_ms:
            return ""
        fits = (name for name, lasting in self._lasting.items() if _same_hz(piece.hz, lasting))
        return next(fits, "")

    def _cadence(self) -> str:
        """The nearest of those that fit, as soon as enough was heard to tell it from the others."""
        heard = list(self._heard)
        possible = {name: pieces for name, pieces in self._cadences.items() if _off(pieces, heard[-_needed(pieces) :])}
        most = max(map(_needed, possible.values()), default=0)
        off = {name: found for name, pieces in possible.items() if (found := _off(pieces, heard[-most:]))}
        return min(off, key=lambda name: off[name]) if off and len(heard) >= most else ""


def _round(tone: Tone) -> tuple[_Piece, ...]:
    """One round of the tone: sounding and silent pieces in turn; neighbours that sound are one."""
    pieces: list[_Piece] = []
    for segment in (segment for segment in tone.segments if not segment.once):
        hz, off_hz = _as_heard(segment)
        if pieces and bool(pieces[-1].hz) == bool(hz):
            pieces[-1] = _Piece(pieces[-1].hz, pieces[-1].ms + (segment.ms or 0), pieces[-1].off_hz)
        else:
            pieces.append(_Piece(hz, segment.ms or 0, off_hz))
    return tuple(pieces)


def _as_heard(segment: ToneSegment) -> tuple[tuple[float, ...], float]:
    """Frequencies as the engine tells them, and by how much they may be off: a modulated tone may show a side band."""
    if segment.am:
        return segment.hz[:1], OFF_HZ + segment.hz[1] / 2
    if len(segment.hz) == 2 and abs(segment.hz[0] - segment.hz[1]) < APART_HZ:
        return (sum(segment.hz) / 2,), OFF_HZ
    return tuple(sorted(segment.hz)), OFF_HZ


def _same_hz(heard: tuple[float, ...], wanted: _Piece) -> bool:
    if len(wanted.hz) == 1 and len(heard) == 2:
        heard = (sum(heard) / 2,)
    return len(heard) == len(wanted.hz) and all(
        abs(h - w) <= wanted.off_hz for h, w in zip(heard, wanted.hz, strict=True)
    )


def _needed(cadence: tuple[_Piece, ...]) -> int:
    short = sum(piece.ms for piece in cadence) < SHORT_ROUND_MS
    return max(4, len(cadence)) if short else len(cadence)


def _off(cadence: tuple[_Piece, ...], heard: list[_Piece]) -> int:
    """By how many ms, and one, these pieces are off the cadence, begun where it fits best; 0: they do not fit."""
    found = (_off_at(cadence, at, heard) for at in range(len(cadence)))
    return min((off for off in found if off), default=0)


def _off_at(cadence: tuple[_Piece, ...], at: int, heard: list[_Piece]) -> int:
    total = 1
    for number, piece in enumerate(heard):
        wanted = cadence[(at + number) % len(cadence)]
        off = abs(piece.ms - wanted.ms)
        if not _same_hz(piece.hz, wanted) or off > max(OFF_MS, OFF_PART * wanted.ms):
            return 0
        total += off
    return total
