"""Who hears whom in one call: its two ends, who of them holds, and what is heard meanwhile.

A call says what is the case (`join`, `alert`, `hold`, `meet`), `_apply` makes the engine's edges of it. A
telephone busy with another of its calls has `endpoint` 0 in this one: the other end then hears the music on
hold, or the hold tone. Only endpoints that this call itself has joined are ever parted, because a telephone's
endpoint goes from call to call. Who decides: `call.py` and `services/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from firmware.telephony.cadence import Tone, ToneSegment
from firmware.telephony.leg import Leg

HOLD_TONE = Tone("hold", (ToneSegment((425,), 200), ToneSegment((), 5000)), -20.0)
"""Without music, a soft beep says that the call still stands. No standard asks for one [M]."""
RINGBACK = Tone("ringback", (ToneSegment((425,), 1500), ToneSegment((), 3000)))
"""Only until a country's own is given (`Sounds`)."""


class Mixer(Protocol):
    """A conference of the engine."""

    id: int

    def close(self) -> None: ...


class Joiner(Protocol):
    """The media engine, as far as calls need it."""

    def join(self, a_id: int, b_id: int) -> None: ...
    def listen(self, hearer_id: int, heard_id: int) -> None: ...
    def part(self, endpoint_id: int) -> None: ...
    def play_tone(self, endpoint_id: int, tone: Tone) -> None: ...
    def stop_tone(self, endpoint_id: int) -> None: ...
    def open_mixer(self) -> Mixer: ...


@dataclass(frozen=True, slots=True)
class Sounds:
    """What somebody hears who waits. music: the engine's node that plays it, 0 for none."""

    music: int = 0
    hold_tone: Tone = HOLD_TONE
    ringback: Tone = RINGBACK


class Connection:
    """The edges of one call. `holders` are the legs that hold the other end."""

    __slots__ = ("_ends", "_media", "_mixer", "_one", "_sounds", "_toned", "_two", "holders")

    def __init__(self, media: Joiner, sounds: Sounds) -> None:
        self.holders: set[Leg] = set()
        self._media = media
        self._sounds = sounds
        self._one: Leg | None = None
        self._two: Leg | None = None
        self._mixer = 0
        self._ends: dict[Leg, int] = {}
        self._toned: set[Leg] = set()

    def join(self, one: Leg, two: Leg) -> None:
        """These two are the ends from now on."""
        self._one, self._two = one, two
        self._apply()

    def alert(self, one: Leg) -> None:
        """`one`, who is connected to us already, hears ringback: the other end rings."""
        self._one, self._two = one, None
        self._apply()

    def hold(self, leg: Leg, held: bool) -> None:
        """`leg` holds the other end, or talks with it again."""
        if held:
            self.holders.add(leg)
        else:
            self.holders.discard(leg)
        self._apply()

    def meet(self, mixer_id: int) -> None:
        """Both ends go into a mixer, where they hear others too; 0: apart from those again."""
        self._mixer = mixer_id
        self._apply()

    def end(self) -> None:
        """Everybody hears silence."""
        self._hush()
        for end in self._ends.values():
            self._media.part(end)
        self._one = self._two = None
        self._mixer = 0
        self._ends = {}
        self.holders.clear()

    # -- inside ------------------------------------------------------------------------
    def _apply(self) -> None:
        if self._one is None:
            return
        self._hush()
        legs = [leg for leg in (self._one, self._two) if leg is not None]
        for leg, end in self._ends.items():
            if leg not in legs or leg.endpoint != end:
                self._media.part(end)
        self._ends = {leg: leg.endpoint for leg in legs if leg.endpoint}
        if self._mixer:
            for end in self._ends.values():
                self._media.join(end, self._mixer)
        elif self._two is None:
            self._play(self._one, self._sounds.ringback)
        else:
            self._pair(self._one, self._two)

    def _pair(self, one: Leg, two: Leg) -> None:
        if one.endpoint and two.endpoint:
            self._media.join(one.endpoint, two.endpoint)
        for holder, other in ((one, two), (two, one)):
            if not other.endpoint or holder not in self.holders:
                continue
            if self._sounds.music:
                self._media.listen(other.endpoint, self._sounds.music)
            elif not holder.endpoint:
                self._play(other, self._sounds.hold_tone)

    def _play(self, leg: Leg, tone: Tone) -> None:
        if leg.endpoint:
            self._media.play_tone(leg.endpoint, tone)
            self._toned.add(leg)

    def _hush(self) -> None:
        """Stop our tones; a telephone that has gone elsewhere plays its own by now."""
        for leg in self._toned:
            if leg.endpoint and leg.endpoint == self._ends.get(leg):
                self._media.stop_tone(leg.endpoint)
        self._toned.clear()
