"""What a call on an exchange line teaches of its exchange: how it clears, its busy tone, its level.

Pure logic: it is told what the port and the ear notice, and when (seconds of any clock). The house must not end the
call meanwhile (`FxoLine.lesson`); `done` says when there is nothing more to learn. What comes out: `teach_proposal.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from firmware.lines.fxo_tones import may_be_dial
from firmware.lines.learned_tone import LearnedTone, learn
from firmware.lines.stretches import Stretches
from firmware.media.events import SegmentHeard

Manner = Literal["loop-break", "polarity", "tones", "silence", ""]
SETTLED_S = 0.5
"""A loop or a polarity that moves so soon after the call came up belongs to its beginning."""
AFTERMATH_S = 3.0
"""After the loop or the polarity told of the end: the rest of a break is waited for so long."""
BURSTS_S = 9.0
"""A tone is listened to for so long, and then believed or not."""
SILENT_S = 15.0
"""Whoever was told to speak and hang up, and is not heard for so long, has hung up."""
LONGEST_S = 60.0
"""A call whose end nobody notices."""
STEADY_MS = 3000


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one call has taught. manner "": how it ended was not understood. break_ms: of the loop, 0 not measured."""

    manner: Manner
    confidence: float
    why: str
    break_ms: int = 0
    tone: LearnedTone | None = None


class CallWatch:
    """One call, from the moment it talks."""

    def __init__(self, at_s: float) -> None:
        self._began_s = at_s
        self._heard = Stretches()
        self._sound_s = at_s
        """When a sound was heard last."""
        self._sounding = False
        self._steady = False
        self._spoke = False
        self._tone: LearnedTone | None = None
        self._bursts_s: float | None = None
        """Since when there are bursts of one tone."""
        self._broken_s: float | None = None
        self._break_ms = 0
        self._turned_s: float | None = None

    def loop_broken(self, at_s: float) -> None:
        """The exchange has opened the loop."""
        if at_s - self._began_s > SETTLED_S and self._broken_s is None:
            self._broken_s = at_s

    def loop_made(self, at_s: float, ms: int) -> None:
        """And closed it again, after `ms`."""
        if self._broken_s is not None and not self._break_ms and at_s > self._broken_s:
            self._break_ms = ms

    def polarity_changed(self, at_s: float) -> None:
        """Tip and ring have changed places."""
        if at_s - self._began_s > SETTLED_S and self._turned_s is None:
            self._turned_s = at_s

    def segment(self, heard: SegmentHeard, at_s: float) -> None:
        """A piece of what comes from the exchange."""
        on = heard.kind != "silence"
        if on:
            self._sound_s = at_s
        self._sounding = heard.lasts and on
        if heard.lasts:
            self._steady = heard.kind == "tone" and heard.ms >= STEADY_MS and may_be_dial(heard.hz)
            return
        self._spoke = self._spoke or heard.kind == "sound"
        self._heard.add(heard)
        found = learn(self._heard.parts)
        if found is not None and self._bursts_s is None:
            self._bursts_s = at_s
        if found is not None and (self._tone is None or found.confidence >= self._tone.confidence):
            self._tone = found

    def done(self, at_s: float) -> bool:
        """Whether there is nothing more to learn of this call."""
        first = min((s for s in (self._broken_s, self._turned_s) if s is not None), default=None)
        if first is not None and at_s - first >= AFTERMATH_S:
            return True
        heard_out = (
            self._tone is not None
            and self._bursts_s is not None
            and (self._tone.confidence >= 0.8 or at_s - self._bursts_s >= BURSTS_S)
        )
        silent = not self._sounding and at_s - self._sound_s >= SILENT_S
        return heard_out or silent or self._steady or at_s - self._began_s >= LONGEST_S

    def lesson(self, at_s: float) -> Lesson:
        """What it has taught, `at_s` being its end. The plainest sign wins: the loop, polarity, a tone, silence."""
        if self._broken_s is not None:
            sure, length = (0.95, f"for {self._break_ms} ms") if self._break_ms else (0.8, "and it stayed open")
            return Lesson("loop-break", sure, f"the loop opened {length}", self._break_ms, self._tone)
        if self._turned_s is not None:
            return Lesson("polarity", 0.9, "tip and ring changed places", tone=self._tone)
        if self._tone is not None:
            why = f"{self._tone.pattern} at {self._tone.dbm0:.0f} dBm0"
            return Lesson("tones", self._tone.confidence, why, tone=self._tone)
        if self._steady:
            return Lesson("tones", 0.7, "dial tone, which every country's settings know")
        if self._spoke and not self._sounding and at_s - self._sound_s >= SILENT_S:
            odd = self._is_odd()
            return Lesson("silence", 0.2 if odd else 0.7, f"nothing was heard for {at_s - self._sound_s:.0f} s")
        return Lesson("", 0.0, "no sign of the other end's hang-up was understood")

    def _is_odd(self) -> bool:
        """Whether what was heard last can have been a tone that no rule was found for."""
        last = [part for part in self._heard.parts if part.on][-4:]
        return sum(part.tone_ms >= 0.6 * part.ms for part in last) >= 2
