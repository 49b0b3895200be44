"""The raw pieces that the media engine tells of an exchange line, joined to stretches of sound and silence in turn.

Who judges them: `fxo_tones.py` against the tones of a country; who learns a tone of them: `learned_tone.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.media.events import SegmentHeard

REMEMBERED = 48


@dataclass(slots=True)
class Part:
    """A stretch of sound (on) or silence. tones: its pieces of steady tone; sound_ms: how much was other sound."""

    on: bool
    ms: float = 0.0
    sound_ms: float = 0.0
    tones: list[SegmentHeard] = field(default_factory=list)

    @property
    def tone_ms(self) -> float:
        """How much of it was steady tone."""
        return sum(tone.ms for tone in self.tones)

    @property
    def hz(self) -> list[float]:
        """The frequencies of its tones, all together."""
        return [hz for tone in self.tones for hz in tone.hz]


class Stretches:
    """parts: the last REMEMBERED of them, oldest first."""

    def __init__(self) -> None:
        self.parts: list[Part] = []

    def add(self, heard: SegmentHeard) -> None:
        """A piece that is over."""
        on = heard.kind != "silence"
        if not self.parts or self.parts[-1].on != on:
            self.parts.append(Part(on))
            del self.parts[:-REMEMBERED]
        part = self.parts[-1]
        part.ms += heard.ms
        if heard.kind == "tone":
            part.tones.append(heard)
        elif heard.kind == "sound":
            part.sound_ms += heard.ms
