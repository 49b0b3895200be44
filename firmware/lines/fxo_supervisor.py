"""Notices what the far end of an exchange line does in a call: answers, is busy, hangs up, says nothing any more.

Evidence comes from the port (loop, polarity) and from the ear (`fxo_tones.py`); which of it counts, the line's
options say. It tells events of the machine and knows no state: the machine takes what means something then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from firmware.lines.fxo_machine import Event
from firmware.lines.fxo_options import FxoOptions
from firmware.lines.fxo_tones import ExchangeTones, Heard
from firmware.media.events import SegmentHeard
from firmware.telephony.countries import Country

log = logging.getLogger(__name__)

AFTER_FLASH_S = {Heard.DIAL_STEADY: 20.0, Heard.BUSY: 45.0, Heard.CONGESTION: 45.0}
"""For so long a tone is the exchange's answer to a flash, and no end of the call: dial tone, or what is heard of
somebody who is dialled then and cannot be reached [M]. A busy tone that is still there afterwards ends it."""
_ANSWERS = {Heard.RINGBACK_OVER: "ringback-end", Heard.VOICE: "voice"}
_ENDS = {Heard.BUSY: Event.FAR_BUSY, Heard.CONGESTION: Event.FAR_CONGESTION, Heard.DIAL_STEADY: Event.FAR_CLEARED}


class FarEnd:
    """Of one line. `tell` is called with each event, from the loop; while `held`, a call that is up does not end."""

    def __init__(
        self,
        name: str,
        country: Country,
        options: FxoOptions,
        tell: Callable[[Event], None],
        held: Callable[[], bool] = lambda: False,
    ) -> None:
        self._name = name
        self._options = options
        self._tell = tell
        self._held = held
        self._tones = ExchangeTones(country, options.busy_tone)
        self._timer: asyncio.TimerHandle | None = None
        self._silence: asyncio.TimerHandle | None = None
        self._talking = False
        self._outgoing = False
        self._flashed_s = float("-inf")
        self.gone_for_s = 0.0
        """While it tells that the far end has gone: for how long already."""
        self.gone = False
        """Since the line was seized it was noticed that the far end has hung up."""
        self._turned = False
        """Off hook: tip and ring stand otherwise than when the line was seized."""

    # -- stages of a call --------------------------------------------------------------
    def seized(self, *, outgoing: bool) -> None:
        """The line has just been taken."""
        self._outgoing, self._turned, self._talking, self.gone = outgoing, False, False, False
        self._tones.begin()

    def glared(self) -> None:
        """The line was taken for a call out and has a call that comes in: tip and ring stand as its caller wants."""
        self._outgoing, self._turned = False, False

    def dialled(self) -> None:
        """The number is out; what is heard now is its progress."""
        self._tones.begin()
        if "dialled" in self._options.answer_by:
            self._tell(Event.ANSWERED)

    def flashed(self) -> None:
        """The line was flashed: for a while the exchange's own tones answer it."""
        self._tones.begin()
        self._flashed_s = asyncio.get_running_loop().time()

    def talking(self) -> None:
        """The call is up."""
        self._talking = True
        self._cancel()
        self._tones.deadline_s = None
        self._heard_somebody()

    def deaf(self) -> None:
        """Nobody listens any more; what was half heard means nothing."""
        self._cancel()
        self._tones.begin()

    def over(self) -> None:
        """The line is on hook."""
        self._talking = False
        self.deaf()
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    # -- evidence ----------------------------------------------------------------------
    def loop_broken(self) -> None:
        """The exchange has opened the loop."""
        if "loop-break" in self._options.hang_up_by:
            log.info("%s: the exchange has opened the loop", self._name)
            self._end(Event.FAR_CLEARED)

    def polarity_changed(self) -> None:
        """Outgoing: the first turn is the answer, the turn back the end. Incoming: a turn is the end."""
        self._turned = not self._turned
        if self._outgoing and self._turned and "polarity" in self._options.answer_by:
            log.info("%s: answered, says the line's polarity", self._name)
            self._tell(Event.ANSWERED)
        elif self._turned != self._outgoing and "polarity" in self._options.hang_up_by:
            log.info("%s: the far end has gone, says the line's polarity", self._name)
            self._end(Event.FAR_CLEARED)

    def metered(self) -> None:
        """A metering pulse: a call that costs something has been answered."""
        if self._outgoing and not self._talking and "metering" in self._options.answer_by:
            log.info("%s: answered, says a metering pulse", self._name)
            self._tell(Event.ANSWERED)

    def segment(self, heard: SegmentHeard) -> None:
        """A piece of what the exchange says."""
        now_s = asyncio.get_running_loop().time()
        self._take(self._tones.segment(heard, now_s))
        if heard.kind != "silence":
            self._heard_somebody()

    # -- inside ------------------------------------------------------------------------
    def _take(self, all_heard: list[Heard]) -> None:
        for heard in all_heard:
            self._judge(heard)
        self._cancel()
        if self._tones.deadline_s is not None:
            self._timer = asyncio.get_running_loop().call_at(self._tones.deadline_s, self._time)

    def _judge(self, heard: Heard) -> None:
        log.debug("%s: hears %s", self._name, heard.name.lower())
        if heard is Heard.DIAL:
            self._tell(Event.DIAL_TONE)
        elif not self._talking and _ANSWERS.get(heard) in self._options.answer_by:
            self._tell(Event.ANSWERED)
        elif asyncio.get_running_loop().time() - self._flashed_s < AFTER_FLASH_S.get(heard, 0.0):
            log.debug("%s: after a flash", self._name)
        elif heard in _ENDS and (not self._talking or "tones" in self._options.hang_up_by):
            self._end(_ENDS[heard], self._tones.lasted_s)

    def _end(self, event: Event, gone_for_s: float = 0.0) -> None:
        if not self._talking or not self._held():
            self.gone, self.gone_for_s = True, gone_for_s
            self._tell(event)
            self.gone_for_s = 0.0

    def _time(self) -> None:
        self._timer = None
        self._take(self._tones.time(asyncio.get_running_loop().time()))

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _heard_somebody(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        if self._talking and self._options.silence_s and not self._tones.sounding:
            self._silence = asyncio.get_running_loop().call_later(self._options.silence_s, self._silent)

    def _silent(self) -> None:
        self._silence = None
        log.info("%s: nothing was heard for %.0f s", self._name, self._options.silence_s)
        self._end(Event.FAR_CLEARED, self._options.silence_s)
