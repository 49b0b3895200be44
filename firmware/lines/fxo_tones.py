"""What an exchange says on its line, judged from raw pieces: dial tone, ringback, busy, congestion, somebody's voice.

The media engine tells pieces of tone, sound and silence with their lengths (`SegmentHeard`); here they are held
against the country's tones. A call hangs on the verdict, so a cadence must have been heard for some periods. No clock:
time is an argument, and `deadline_s` says when to come back. Who acts on it: `fxo_supervisor.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

from firmware.lines.stretches import Part, Stretches
from firmware.media.events import SegmentHeard
from firmware.telephony.cadence import Tone, ToneSegment
from firmware.telephony.countries import Country

LONG_MS = 1000
"""A piece that goes on is told first at this length (`native/progress.h`)."""
PERIODS = 4
"""How often a cadence must be heard: three busy bursts happen in music."""
LONGEST_S = 9.0
"""Fewer periods, but two at least, where they would take longer."""
NEAR_HZ = 20.0
BEAT_HZ = 80.0
"""Two tones nearer than this beat, and come as the one in the middle, or as pieces of tone and sound."""
SLACK_MS = 65.0
SLACK_SHARE = 0.15
"""Of one stretch: where sound begins and ends, 40 ms may count to either side. Together with the one before it the
error is half of that."""
PAIR_SLACK_MS = 45.0
PAIR_SLACK_SHARE = 0.1
RINGBACK_SLACK_SHARE = 0.25
VOICE_MS = 240
GENERIC_DIAL_HZ = (300.0, 520.0)
"""Where the dial tones of all countries lie; one of a private exchange may be none of its country's."""
STEADY_S = 4.0
"""Beyond LONG_MS: in a call nobody whistles one note for so long, and no music holds one."""


class Heard(enum.Enum):
    """What it was."""

    DIAL = enum.auto()
    DIAL_STEADY = enum.auto()  # still, after 5 s
    RINGBACK = enum.auto()
    RINGBACK_OVER = enum.auto()  # it should have sounded again and did not
    BUSY = enum.auto()
    CONGESTION = enum.auto()
    VOICE = enum.auto()


class Pattern:
    """A tone of the country as alternating stretches of sound and silence."""

    def __init__(self, tone: Tone) -> None:
        self._bands = [band for segment in tone.segments for band in _bands(segment)]
        self.beats = any(high - low > 2 * NEAR_HZ for low, high in self._bands)
        pairs = {segment.hz for segment in tone.segments if segment.hz}
        self._chord = self._bands[:2] if len(pairs) == 1 and len(self._bands) >= 2 and not self.beats else []
        """Both of them are in each burst, where the tone is always the same two."""
        self.parts_ms = self._parts(tone)
        self.on_ms = self.parts_ms[0::2]
        self.off_ms = self.parts_ms[1::2]
        period_s = sum(self.parts_ms) / 1000
        self.periods = max(2, min(PERIODS, int(LONGEST_S / period_s))) if period_s else 0

    @staticmethod
    def _parts(tone: Tone) -> list[float]:
        """Lengths of sound and silence in turn, beginning with sound; [] for a tone without cadence."""
        parts: list[tuple[bool, float]] = []
        for segment in tone.segments:
            if segment.once:
                continue
            if segment.ms is None:
                return []
            on = bool(segment.hz)
            if parts and parts[-1][0] == on:
                parts[-1] = (on, parts[-1][1] + segment.ms)
            else:
                parts.append((on, float(segment.ms)))
        if len(parts) < 2 or len(parts) % 2:
            return []
        return [ms for _, ms in (parts if parts[0][0] else [*parts[1:], parts[0]])]

    def near(self, heard_hz: Sequence[float]) -> bool:
        """Whether these frequencies can be of this tone."""
        return all(any(low <= hz <= high for low, high in self._bands) for hz in heard_hz)

    def is_ours(self, part: Part) -> bool:
        """Whether a stretch of sound can be of this tone, by its frequencies."""
        if self.beats:
            return self.near(part.hz) or part.sound_ms > part.tone_ms
        both = all(any(low <= hz <= high for hz in part.hz) for low, high in self._chord)
        return self.near(part.hz) and bool(part.hz) and both and part.tone_ms >= 0.6 * part.ms

    def ends(self, parts: list[Part]) -> float:
        """How many seconds of this cadence `parts`, the last of them sound, end with; 0 for too few periods."""
        turn = len(self.parts_ms)
        wanted = self.periods * turn - 1
        if not turn or len(parts) < wanted:
            return 0.0
        tail = parts[-wanted:]
        fits = any(self._fits(tail, start) for start in range(0, turn, 2))
        return sum(part.ms for part in tail) / 1000 if fits else 0.0

    def _fits(self, tail: list[Part], start: int) -> bool:
        turn = len(self.parts_ms)
        wanted = [self.parts_ms[(start + number) % turn] for number in range(len(tail))]
        apart = [part.ms - ms for part, ms in zip(tail, wanted, strict=True)]
        single = all(abs(ms) <= max(SLACK_MS, SLACK_SHARE * of) for ms, of in zip(apart, wanted, strict=True))
        pairs = zip(apart, apart[1:], wanted, wanted[1:], strict=False)
        paired = all(abs(a + b) <= max(PAIR_SLACK_MS, PAIR_SLACK_SHARE * (c + d)) for a, b, c, d in pairs)
        return single and paired and all(self.is_ours(part) for part in tail if part.on) and _is_no_melody(tail)


def _is_no_melody(parts: Sequence[Part]) -> bool:
    """Whether the bursts that are one pure tone each have the same pitch: a tone that beats may be found anywhere
    between its two, but not now here, now there."""
    pitches = [part.hz[0] for part in parts if part.on and len(part.hz) == 1 and not part.sound_ms]
    return not pitches or max(pitches) - min(pitches) <= 2 * NEAR_HZ


def _bands(segment: ToneSegment) -> list[tuple[float, float]]:
    """Where the engine may find a piece's frequencies: beside each, or anywhere between two that beat."""
    if len(segment.hz) == 2 and segment.am:
        carrier, modulation = segment.hz
        return [(carrier - modulation - NEAR_HZ, carrier + modulation + NEAR_HZ)]
    if len(segment.hz) == 2 and abs(segment.hz[0] - segment.hz[1]) < BEAT_HZ:
        return [(min(segment.hz) - NEAR_HZ, max(segment.hz) + NEAR_HZ)]
    return [(hz - NEAR_HZ, hz + NEAR_HZ) for hz in segment.hz]


def may_be_dial(hz: Sequence[float]) -> bool:
    """Whether a steady tone of these frequencies can be the dial tone of any exchange."""
    low, high = GENERIC_DIAL_HZ
    return all(low <= one <= high for one in hz)


def _same(one: Sequence[float], other: Sequence[float]) -> bool:
    return len(one) == len(other) and all(abs(a - b) <= NEAR_HZ for a, b in zip(one, other, strict=True))


class ExchangeTones:
    """Listens to one line. `begin` when a call begins or its stage changes so that what was heard means nothing.

    learned_busy: a busy tone of the line's own exchange, which counts like the country's.
    """

    def __init__(self, country: Country, learned_busy: Tone | None = None) -> None:
        self._dial = Pattern(country.tone("dial"))
        self._dial.periods = 1  # some have a cadence; nothing else is expected where dial tone is
        self._stutter = Pattern(country.tone("stutter"))
        self._ringback = Pattern(country.tone("ringback"))
        self._busy = [Pattern(tone) for tone in (country.tone("busy"), learned_busy) if tone is not None]
        self._congestion = Pattern(country.tone("congestion"))
        # The next burst is told at its end, or when it has lasted a second.
        told_ms = min(max(self._ringback.on_ms), LONG_MS)
        self._next_ringback_s = (max(self._ringback.off_ms) * 1.1 + told_ms + 200) / 1000
        self.deadline_s: float | None = None
        self.sounding = False
        """A sound has been told of that goes on."""
        self.lasted_s = 0.0
        """How long the busy, congestion or steady dial tone told last had sounded by then."""
        self._steady = False
        self._steady_hz: tuple[float, ...] = ()
        self._heard = Stretches()

    def begin(self) -> None:
        """Forget what was heard so far."""
        self._heard = Stretches()
        self.sounding = False
        self.deadline_s = None

    def segment(self, heard: SegmentHeard, now_s: float) -> list[Heard]:
        """A piece came from the engine; what it makes certain."""
        on = heard.kind != "silence"
        self.sounding = heard.lasts and on
        if heard.lasts and heard.ms >= 2 * LONG_MS and _same(heard.hz, self._steady_hz):
            return []  # told once more, and still the same
        if on or self._steady:
            self.deadline_s, self._steady = None, False
        if heard.lasts:
            return self._goes_on(heard, now_s) if on and heard.ms < 2 * LONG_MS else []
        self._heard.add(heard)
        return self._ended(now_s) if on else []

    def time(self, now_s: float) -> list[Heard]:
        """The deadline has come."""
        if self.deadline_s is None or now_s < self.deadline_s:
            return []
        self.deadline_s = None
        self.lasted_s = LONG_MS / 1000 + STEADY_S
        return [Heard.DIAL_STEADY if self._steady else Heard.RINGBACK_OVER]

    def _goes_on(self, heard: SegmentHeard, now_s: float) -> list[Heard]:
        """A piece of a second that has not ended."""
        if heard.kind == "sound":
            return [Heard.DIAL] if self._dial.beats else [] if self._ringback.beats else [Heard.VOICE]
        if not self._dial.near(heard.hz) and not may_be_dial(heard.hz):
            return []
        self._steady, self._steady_hz, self.deadline_s = True, tuple(heard.hz), now_s + STEADY_S
        return [Heard.DIAL]

    def _ended(self, now_s: float) -> list[Heard]:
        """A stretch of sound has ended, or at least one piece of it."""
        parts = self._heard.parts
        part = parts[-1]
        self.lasted_s = self._congestion.ends(parts)
        if self.lasted_s:
            return [Heard.CONGESTION]
        self.lasted_s = max(busy.ends(parts) for busy in self._busy)
        if self.lasted_s:
            return [Heard.BUSY]
        if self._is_ringback(part):
            self.deadline_s = now_s + self._next_ringback_s
            return [Heard.RINGBACK]
        in_pieces = self._dial.beats and part.ms >= LONG_MS and self._dial.is_ours(part)
        if self._dial.ends(parts) or self._stutter.ends(parts) or in_pieces:
            return [Heard.DIAL]
        return [Heard.VOICE] if part.sound_ms >= VOICE_MS and not self._beating(part) else []

    def _is_ringback(self, part: Part) -> bool:
        return self._ringback.is_ours(part) and any(
            abs(part.ms - ms) <= max(SLACK_MS, RINGBACK_SLACK_SHARE * ms) for ms in self._ringback.on_ms
        )

    def _beating(self, part: Part) -> bool:
        """Pieces of a tone whose frequencies beat look like sound."""
        return any(p.beats and p.is_ours(part) and part.hz for p in (self._ringback, *self._busy, self._congestion))
