"""Two-stage dial-in, as a machine without I/O: a caller from outside dials a PIN, then a number of the house.

Digits, timeouts and refusals come in with the time at which they happen; the actions that come back are obeyed by
`dial_in_leg.py`. `*` begins the PIN or number anew, `#` or a pause ends it. It always comes to an end: after the last
wrong PIN or number, when nothing is dialled, and after `LONGEST_S` whatever is dialled. Who knows the PINs: `Door`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from firmware.telephony.cause import CAUSES, Cause
from firmware.telephony.number import Match

LONGEST_S = 120.0
"""From the first tone to a number that is called, and from a refusal to the next one."""
REFUSAL_S = 2.0
"""How long the tone of a wrong PIN or number is heard before the next try; keys pressed meanwhile mean nothing."""
FAREWELL_S = 4.0
"""How long the last tone is heard before we hang up."""
NUMBERS_MOST = 3
"""So many numbers that are not reached, and we hang up."""
DIGITS_MOST = 32
PIN_TONE = "pin"
AGAIN, END = "*", "#"


class Stage(enum.Enum):
    """What is waited for."""

    PIN = enum.auto()
    NUMBER = enum.auto()
    REFUSED = enum.auto()  # the tone of a refusal is heard, then comes the next try
    CALLING = enum.auto()  # nothing: not yet connected, or somebody rings or talks
    FAREWELL = enum.auto()
    OVER = enum.auto()


@dataclass(frozen=True, slots=True)
class Play:
    """A tone: `PIN_TONE`, or a country's key."""

    tone: str


@dataclass(frozen=True, slots=True)
class Wait:
    """`time_out` is due then, and not when it was before."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reach:
    """Call that number; when it is not reached, say so with `refused`."""

    number: str


@dataclass(frozen=True, slots=True)
class HangUp:
    cause: Cause


class Do(enum.Enum):
    """Actions without an argument."""

    HUSH = enum.auto()
    TO_TARGET = enum.auto()  # nothing was dialled: as if there were no dial-in


Action = Play | Wait | Reach | HangUp | Do


class Door(Protocol):
    """Who may come in by this call. longest: digits of the longest PIN. tries_left: wrong PINs until it is shut."""

    @property
    def longest(self) -> int: ...
    @property
    def tries_left(self) -> int: ...
    def enter(self, pin: str) -> bool:
        """Whether the PIN is right; a wrong one is counted."""

    def match(self, number: str) -> Match:
        """What is known of the number dialled so far, once a PIN was right."""


@dataclass(frozen=True, slots=True)
class DialInWaits:
    """Seconds: for the first digit, between two, and after a complete number that could be longer."""

    first_digit_s: float = 15.0
    inter_digit_s: float = 4.0
    complete_s: float = 4.0


class DialInMachine:
    """Of one caller. All times are of one clock, in seconds."""

    def __init__(self, door: Door, waits: DialInWaits) -> None:
        self.stage = Stage.CALLING
        self._door = door
        self._waits = waits
        self._digits = ""
        self._next = Stage.PIN
        self._until_s = 0.0
        self._numbers = 0
        self._farewell_cause = Cause.CALL_REJECTED

    def begin(self, now_s: float) -> list[Action]:
        """The caller hears us."""
        self._until_s = now_s + LONGEST_S
        return self._ask(Stage.PIN, now_s)

    def digit(self, digit: str, now_s: float) -> list[Action]:
        """A key: 0-9 * #; others mean nothing."""
        if self.stage not in {Stage.PIN, Stage.NUMBER}:
            return []
        if digit == AGAIN:
            return self._ask(self.stage, now_s)
        if digit == END:
            return self._entered(now_s) if self._digits else []
        if not (digit.isascii() and digit.isdigit()):
            return []
        self._digits += digit
        return [Do.HUSH, *(self._more_of_pin(now_s) if self.stage is Stage.PIN else self._more_of_number(now_s))]

    def time_out(self, now_s: float) -> list[Action]:
        """The last `Wait` is over."""
        if self.stage is Stage.FAREWELL:
            return self._hang_up(self._farewell_cause)
        if self.stage in {Stage.CALLING, Stage.OVER}:
            return []
        if now_s >= self._until_s:
            return self._hang_up(Cause.RECOVERY_ON_TIMER)
        if self.stage is Stage.REFUSED:
            return self._ask(self._next, now_s)
        return self._entered(now_s) if self._digits else self._nothing()

    def refused(self, cause: Cause, now_s: float) -> list[Action]:
        """The number of the last `Reach` was not reached."""
        if self.stage is not Stage.CALLING:
            return []
        self._until_s = now_s + LONGEST_S
        self._numbers += 1
        if self._numbers >= NUMBERS_MOST:
            return self._farewell(CAUSES[cause].tone, cause)
        return self._refuse(CAUSES[cause].tone, Stage.NUMBER, now_s)

    # -- inside ------------------------------------------------------------------------
    def _more_of_pin(self, now_s: float) -> list[Action]:
        if len(self._digits) >= self._door.longest:
            return self._entered(now_s)
        return [self._wait(self._waits.inter_digit_s, now_s)]

    def _more_of_number(self, now_s: float) -> list[Action]:
        match = self._door.match(self._digits)
        if (match.complete and not match.more_possible) or len(self._digits) >= DIGITS_MOST:
            return self._entered(now_s)
        return [self._wait(self._waits.complete_s if match.complete else self._waits.inter_digit_s, now_s)]

    def _entered(self, now_s: float) -> list[Action]:
        entered, self._digits = self._digits, ""
        if self.stage is Stage.NUMBER:
            self.stage = Stage.CALLING
            return [Do.HUSH, Reach(entered)]
        if self._door.enter(entered):
            return self._ask(Stage.NUMBER, now_s)
        if self._door.tries_left < 1:
            return self._farewell("congestion", Cause.CALL_REJECTED)
        return self._refuse("congestion", Stage.PIN, now_s)

    def _nothing(self) -> list[Action]:
        """Nothing was dialled."""
        if self.stage is Stage.NUMBER:
            return self._hang_up(Cause.INVALID_NUMBER_FORMAT)
        self.stage = Stage.OVER
        return [Do.HUSH, Do.TO_TARGET]

    def _ask(self, stage: Stage, now_s: float) -> list[Action]:
        self.stage, self._digits = stage, ""
        tone = PIN_TONE if stage is Stage.PIN else "dial"
        return [Play(tone), self._wait(self._waits.first_digit_s, now_s)]

    def _refuse(self, tone: str, then: Stage, now_s: float) -> list[Action]:
        self.stage, self._next = Stage.REFUSED, then
        return [Play(tone), self._wait(REFUSAL_S, now_s)]

    def _farewell(self, tone: str, cause: Cause) -> list[Action]:
        self.stage, self._farewell_cause = Stage.FAREWELL, cause
        return [Play(tone), Wait(FAREWELL_S)]

    def _hang_up(self, cause: Cause) -> list[Action]:
        self.stage = Stage.OVER
        return [Do.HUSH, HangUp(cause)]

    def _wait(self, seconds: float, now_s: float) -> Wait:
        return Wait(max(0.0, min(seconds, self._until_s - now_s)))
