"""Direct inward dialling over an exchange line: once we have answered, the exchange sends the last digits of the number
called as tones, and these say who rings.

The house takes the line at once and says nothing. When all digits have come, or no more come, `pbx/inbound.py` knows
who rings; what follows is a call of its own, its caller hears ringback from us. Who cannot be reached is heard by his
tone, for the exchange counts the call as answered. Without any digit the line's target rings. Which lines: the setting
`did_digits`, made into `DirectInLine` by `firmware/app_numbers.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from firmware.pbx.call import Call
from firmware.pbx.call_account import side
from firmware.pbx.call_table import CallTable
from firmware.pbx.connection import Joiner
from firmware.pbx.routes import Routes
from firmware.pbx.services.hand_over import hand_over, take_back
from firmware.pbx.services.house_leg import HouseLeg
from firmware.telephony.cadence import Tone
from firmware.telephony.cause import CAUSES, Cause
from firmware.telephony.leg import Destination, Leg
from firmware.telephony.number import DIGITS

log = logging.getLogger(__name__)

DIRECT_IN = "direct-in"
"""What such a call has as its called number, until the digits have come; nobody can dial it."""
FIRST_DIGIT_S = 5.0
"""From our answer; exchanges send within a second or two [M-]."""
NEXT_DIGIT_S = 2.0
FAREWELL_S = 4.0
"""How long the tone of who cannot be reached is heard before we hang up."""


@dataclass(frozen=True, slots=True)
class DirectInLine:
    """One exchange line. digits: how many come. target: who rings when none of them leads to anybody, "" for nobody."""

    name: str
    digits: int
    target: str = ""


@dataclass(frozen=True, slots=True)
class DirectInPlan:
    """lines: by name, those over which digits come. find: who rings for digits on a line, "" for nobody. tones: the
    country's by key."""

    lines: Mapping[str, DirectInLine] = field(default_factory=dict)
    find: Callable[[str, str], str] = lambda digits, line: ""
    tones: Mapping[str, Tone] = field(default_factory=dict)


class DirectInLeg(HouseLeg):
    """One caller whose digits are awaited. done: called from the loop with those that came."""

    def __init__(
        self, caller: Leg, line: DirectInLine, media: Joiner, done: Callable[[DirectInLeg, str], None]
    ) -> None:
        super().__init__(caller, DIRECT_IN, media)
        self.line = line
        self._done = done
        self._digits = ""
        self._deaf = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """The caller is connected: from now on digits count."""
        if not self._digits:
            self._after(FIRST_DIGIT_S, self._over)

    def digit(self, digit: str) -> None:
        """One of them, or one too many."""
        if self.over or self._deaf or len(self._digits) >= self.line.digits or digit not in DIGITS:
            return
        self._digits += digit
        self._after(NEXT_DIGIT_S if len(self._digits) < self.line.digits else 0.0, self._over)

    def refuse(self, tone: Tone | None, cause: Cause) -> None:
        """Let the caller hear that he cannot be put through, then hang up."""
        self._deaf = True
        if tone is not None:
            self.play(tone)
        self._after(FAREWELL_S, partial(self.release, cause))

    def release(self, cause: Cause, *, elsewhere: bool = False) -> None:
        if not self.over:
            self._stop_timer()
            self.hush()
        super().release(cause, elsewhere=elsewhere)

    def _after(self, seconds: float, do: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, do)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _over(self) -> None:
        self._timer = None
        self._done(self, self._digits)


class DirectIn:
    """The exchange asks it about each call that arrives (`find`), and tells it what callers do."""

    def __init__(self, plan: DirectInPlan, calls: CallTable, routes: Routes, media: Joiner) -> None:
        self._plan = plan
        self._calls = calls
        self._routes = routes
        self._media = media
        self._legs: dict[Leg, DirectInLeg] = {}
        """By the caller's."""

    def __len__(self) -> int:
        return len(self._legs)

    def find(self, leg: Leg) -> Destination | None:
        """Who takes the digits of `leg`; None when it called somebody."""
        line = self._plan.lines.get(side(leg))
        if line is None or leg.called.number != DIRECT_IN:
            return None
        self._legs[leg] = DirectInLeg(leg, line, self._media, self._send_on)
        return Destination([self._legs[leg]], leg.called)

    def connected(self, leg: Leg) -> None:
        """The exchange line of `leg` has been taken: its digits come now."""
        if (ours := self._legs.get(leg)) is not None:
            ours.begin()

    def digit(self, leg: Leg, digit: str) -> None:
        """A digit from `leg`, whoever it is for."""
        if (ours := self._legs.get(leg)) is not None:
            ours.digit(digit)

    def released(self, leg: Leg) -> None:
        """That leg is over."""
        self._legs.pop(leg, None)

    # -- inside ------------------------------------------------------------------------
    def _send_on(self, ours: DirectInLeg, digits: str) -> None:
        call = self._calls.of(ours)
        if call is None or ours.over:
            return
        number = (digits and self._plan.find(digits, ours.line.name)) or ours.line.target
        log.info("call %s: %s: digits %s, %s", call.call_id, ours.line.name, digits or "none", number or "nobody")
        destination = Destination(cause=Cause.UNALLOCATED_NUMBER)
        if number:
            destination = self._routes.find(number, ours.caller, outside=False)
        if destination.cause is not None or not destination.legs:
            cause = destination.cause or Cause.SUBSCRIBER_ABSENT
            ours.refuse(self._plan.tones.get(CAUSES[cause].tone), cause)
            return
        self._legs.pop(ours.caller, None)
        hand_over(self._calls, call, destination, {"digits": digits}, partial(self._not_reached, ours))

    def _not_reached(self, before: DirectInLeg, call: Call, cause: Cause) -> bool:
        """Busy, or nobody answers: that call ends for the cause, and its caller hears so."""
        leg = call.caller
        ours = self._legs[leg] = DirectInLeg(leg, before.line, self._media, self._send_on)
        take_back(self._calls, call, ours, DIRECT_IN, cause)
        ours.refuse(self._plan.tones.get(CAUSES[cause].tone), cause)
        return True
