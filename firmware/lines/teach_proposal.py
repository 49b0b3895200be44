"""From what the calls of a teach-in taught to settings of that line, each with its confidence, ready to be accepted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from firmware.lines.teach_in import Lesson

UNSURE_UNDER = 0.6
USUAL_DBM0 = (-15.0, -5.0)
"""Level of an exchange's tones: -10 dBm0 and 5 dB to either side (ITU-T E.180)."""
GAIN_DB = (-12.0, 6.0)
"""What `tx_gain_db` may be."""
SILENCE_S = 60
"""After so long without a sound a call ends on a line that gives no other sign."""
SHORTEST_BREAK_MS, LONGEST_BREAK_MS = 40, 400
"""Half of the break that was seen counts as one, within these."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """One setting of the line. confidence: 0 to 1; under UNSURE_UNDER it is shown but not proposed."""

    key: str
    value: Any
    confidence: float
    why: str

    @property
    def unsure(self) -> bool:
        """Too little is known to propose it."""
        return self.confidence < UNSURE_UNDER

    def toml(self) -> str:
        """A line for the settings file; a comment when it is unsure."""
        line = f"{self.key} = {json.dumps(self.value)}  # {self.confidence:.0%}: {self.why}"
        return f"# unsure: {line}" if self.unsure else line


@dataclass(frozen=True, slots=True)
class Proposal:
    """manner: how the far end's hang-up shows ("" not understood), with its confidence; settings: what follows."""

    port: str
    manner: str
    confidence: float
    why: str
    settings: tuple[Proposed, ...]

    @property
    def unsure(self) -> bool:
        """Whether even the manner of hanging up is not known well enough."""
        return self.confidence < UNSURE_UNDER

    def accepted(self) -> dict[str, Any]:
        """The settings that are proposed."""
        return {one.key: one.value for one in self.settings if not one.unsure}

    def toml(self) -> str:
        """For the settings file."""
        head = f"# hang-up by {self.manner or '?'}{', unsure' if self.unsure else ''}: {self.why}"
        return "\n".join([f"[lines.{self.port}]", head, *(one.toml() for one in self.settings)]) + "\n"

    def data(self) -> dict[str, Any]:
        """For programs."""
        listed = [
            {"key": one.key, "value": one.value, "confidence": one.confidence, "unsure": one.unsure, "why": one.why}
            for one in self.settings
        ]
        return {
            "port": self.port, "manner": self.manner, "confidence": self.confidence, "unsure": self.unsure,
            "why": self.why, "settings": listed, "toml": self.toml(),
        }  # fmt: skip


def propose(port: str, lessons: Sequence[Lesson], tx_gain_db: float = 0.0, more: Sequence[Proposed] = ()) -> Proposal:
    """What the calls say together. tx_gain_db: the line's setting during them. more: what was found out otherwise.

    Calls that agree make surer; calls that contradict each other make it unsure.
    """
    known = [lesson for lesson in lessons if lesson.manner]
    if not known:
        return Proposal(port, "", 0.0, lessons[-1].why if lessons else "no call was seen", tuple(more))
    best = max(known, key=lambda lesson: lesson.confidence)
    doubt = 1.0
    for lesson in known:
        doubt *= 1.0 - lesson.confidence
    agree = {lesson.manner for lesson in known} == {best.manner}
    sure = round(min(0.99, 1.0 - doubt) if agree else best.confidence / 2, 2)
    settings = [*_hang_up(best, sure), *_level(best, tx_gain_db), *more]
    return Proposal(
        port, best.manner, sure, best.why if agree else "the calls ended in different ways", tuple(settings)
    )


def _hang_up(lesson: Lesson, sure: float) -> list[Proposed]:
    if lesson.manner == "silence":
        return [Proposed("silence_s", SILENCE_S, sure, lesson.why)]
    made = [Proposed("hang_up_by", [lesson.manner], sure, lesson.why)]
    if lesson.break_ms:
        half = round(min(max(lesson.break_ms / 2, SHORTEST_BREAK_MS), LONGEST_BREAK_MS))
        made.append(Proposed("loop_break_ms", half, sure, "half of what was seen"))
    if lesson.tone is not None:
        tone_sure = sure if lesson.manner == "tones" else lesson.tone.confidence
        made.append(Proposed("busy_tone", lesson.tone.pattern, tone_sure, f"at {lesson.tone.dbm0:.0f} dBm0"))
    return made


def _level(lesson: Lesson, tx_gain_db: float) -> list[Proposed]:
    """A gain that brings the exchange's tone to where tones are, when it is outside."""
    if lesson.tone is None:
        return []
    dbm0 = lesson.tone.dbm0
    low, high = USUAL_DBM0
    wanted = tx_gain_db + min(max(dbm0, low), high) - dbm0
    gain = round(2 * min(max(wanted, GAIN_DB[0]), GAIN_DB[1])) / 2
    if gain == tx_gain_db:
        return []
    why = f"tones come at {dbm0:.0f} dBm0, usual is {low:.0f} to {high:.0f}"
    return [Proposed("tx_gain_db", gain, min(0.8, lesson.tone.confidence), why)]
