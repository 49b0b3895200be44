"""The trade's notation for tones ("425/200, -/200") as segments.

`countries.toml` explains the notation in its head; `countries.py` reads the file with it.
"""

from __future__ import annotations

import re

from firmware.telephony.cadence import ToneSegment

MOST_SEGMENTS = 32
"""What the media engine plays (firmware/media/native/tone.h)."""

_GROUP = re.compile(r"(\d+)x\(([^()]*)\)\s*(?:,\s*|$)")
_SEGMENT = re.compile(r"(?:-|(\d+(?:\.\d+)?)(?:([+*])(\d+(?:\.\d+)?))?(?:@-(\d+))?)(?:/(\d+))?")


def read_segments(text: str) -> tuple[ToneSegment, ...]:
    """The segments of a tone. Raises ValueError with the part that is wrong.

    A segment without length must be the last; groups "3x(...)" stand before all others.
    """
    segments: list[ToneSegment] = []
    rest = text.strip()
    while found := _GROUP.match(rest):
        segments += [_segment(part, once=True) for part in found[2].split(",")] * int(found[1])
        rest = rest[found.end() :]
    if rest:
        segments += [_segment(part, once=False) for part in rest.split(",")]
    if not 1 <= len(segments) <= MOST_SEGMENTS:
        raise ValueError(f"{len(segments)} segments, allowed 1 to {MOST_SEGMENTS}")
    if any(segment.ms is None for segment in segments[:-1]):
        raise ValueError("a segment without length is followed by another")
    return tuple(segments)


def _segment(part: str, *, once: bool) -> ToneSegment:
    found = _SEGMENT.fullmatch(part.strip())
    if not found:
        raise ValueError(f'"{part.strip()}" is no segment')
    first, joint, second, att_db, ms = found.groups()
    hz = tuple(float(f) for f in (first, second) if f)
    return ToneSegment(hz, int(ms) if ms else None, am=joint == "*", once=once, att_db=float(att_db or 0))
