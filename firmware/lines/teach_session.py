"""A teach-in on one exchange line of the living house: watches one call or two, holds them while there is something
to learn, ends them, and proposes settings.

It hangs on `FxoLine.lesson`: while it does, the line tells it what happens and leaves the far end's hang-up to it.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from drivers.exchange_port import ExchangeLineEvent, LineSeized, LoopBroken, LoopMade, PolarityChanged, RingBegan
from drivers.ports import PortEvent
from firmware.lines.teach_caller import CallerTrial
from firmware.lines.teach_in import CallWatch, Lesson
from firmware.lines.teach_proposal import Proposal, propose
from firmware.media.events import SegmentHeard

LOOK_S = 0.25
WAITS_S = 900.0
"""A teach-in during which nobody calls ends by itself."""


class TaughtLine(Protocol):
    """The line, as far as the teach-in needs it (`FxoLine`)."""

    name: str

    @property
    def lesson(self) -> TeachSession | None: ...
    @property
    def talking(self) -> bool: ...
    @property
    def caller_id(self) -> str: ...
    def teach(self, lesson: TeachSession | None) -> None: ...
    def end_call(self) -> None: ...


class TeachSession:
    """calls: how many it wants to see. tx_gain_db: the line's setting. Begins at once; see `report`."""

    def __init__(self, line: TaughtLine, calls: int, tx_gain_db: float = 0.0) -> None:
        self.line = line
        self.caller = CallerTrial(line.caller_id)
        self.lessons: list[Lesson] = []
        self._calls = calls
        self._gain_db = tx_gain_db
        self._watch: CallWatch | None = None
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._until_s = self._loop.time() + WAITS_S
        self._timer = self._loop.call_later(LOOK_S, self._look)
        line.teach(self)

    @property
    def over(self) -> bool:
        """Whether it watches no more."""
        return self.line.lesson is not self

    def stop(self) -> None:
        """Watch no more; what was learnt stays."""
        self._timer.cancel()
        if not self.over:
            self.line.teach(None)

    def port_event(self, event: ExchangeLineEvent | PortEvent) -> None:
        """What the port tells, before the line acts on it."""
        if isinstance(event, LineSeized | RingBegan):
            self.caller.call_came()
        if not self.line.talking:
            return
        watch, now_s = self._watching(), self._loop.time()
        match event:
            case LoopBroken():
                watch.loop_broken(now_s)
            case LoopMade():
                watch.loop_made(now_s, event.ms)
            case PolarityChanged():
                watch.polarity_changed(now_s)

    def segment(self, heard: SegmentHeard) -> None:
        """What is heard of the exchange."""
        if self.line.talking:
            self._watching().segment(heard, self._loop.time())

    def report(self) -> dict[str, Any]:
        """stage: "waiting" for a call, "call", "done"; lessons so far; the proposal once it is done."""
        stage = "done" if self.over else "call" if self.line.talking else "waiting"
        listed = [{"manner": one.manner, "confidence": one.confidence, "why": one.why} for one in self.lessons]
        made = self.proposal().data() if self.over else None
        return {"port": self.line.name, "stage": stage, "calls": listed, "wanted": self._calls, "proposal": made}

    def proposal(self) -> Proposal:
        """What all the calls so far say."""
        return propose(self.line.name, self.lessons, self._gain_db, self.caller.settings())

    def _watching(self) -> CallWatch:
        if self._watch is None:
            self._watch = CallWatch(self._loop.time())
        return self._watch

    def _look(self) -> None:
        now_s = self._loop.time()
        if self.line.talking:
            if self._watching().done(now_s) and not self._closing:
                self._closing = True
                self.line.end_call()
        elif self._watch is None and now_s >= self._until_s:
            return self.stop()
        if self._watch is not None and not self.line.talking:
            self.lessons.append(self._watch.lesson(now_s))
            self._watch, self._closing = None, False
            self.caller.call_over()
            if len(self.lessons) >= self._calls:
                return self.stop()
            self.line.teach(self)
        self._timer = self._loop.call_later(LOOK_S, self._look)
