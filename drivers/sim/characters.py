"""Characters on the simulated lines: machines that act by themselves, as a test directs them.

An answering machine, a rotary set with a worn dial, an old PBX. Each sits on a `Phone` and is asked to `attend`
again and again while time passes, stepped by a test or by the served board every 20 ms; it looks at the copper and
moves the hook, speaks and dials. What they notice: `ears.py`; how they are wired: `installation.py`.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import deque

import numpy as np
from numpy.typing import NDArray

from drivers.sim import measure
from drivers.sim.dialling import ORDINARY_DIAL, RotaryDial, bouncing, pulse_edges
from drivers.sim.ears import Bell, FarEnd
from drivers.sim.measure_dtmf import digits
from drivers.sim.phone import RATE_HZ, Phone

Sound = NDArray[np.int16]

BEEP = measure.sine(1000.0, -10.0, 0.4)
SPEAKS_AFTER_MS = 600.0
DIGITS_WAIT_MS = 6000.0
DIGITS_LOOK_MS = 100.0


class Character(ABC):
    """Somebody or something at a telephone."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone

    @abstractmethod
    def attend(self) -> None:
        """Look at the line and do what is due."""


class _Answering(Character):
    """One that lifts after some rings and hangs up when the other end has gone. why: it hung up last."""

    def __init__(self, phone: Phone, rings: int) -> None:
        super().__init__(phone)
        self.why = ""
        self.calls = 0
        """How many it has answered."""
        self._rings = rings
        self._bell = Bell(phone)
        self._far_end: FarEnd | None = None
        self._lifted_us = 0

    def attend(self) -> None:
        if self._far_end is None:
            self._bell.look()
            if self._bell.rings >= self._rings:
                self.calls += 1
                self._begin()
                self.answered()
            return
        self._far_end.look()
        if self._far_end.gone:
            self._end(self._far_end.gone)
        else:
            self.talk(self._up_ms)

    @abstractmethod
    def answered(self) -> None:
        """The handset was just lifted for a call."""

    @abstractmethod
    def talk(self, up_ms: float) -> None:
        """The call goes on, so many ms after the lift."""

    @property
    def _up_ms(self) -> float:
        return (self.phone.now_us - self._lifted_us) / 1000

    def _begin(self) -> None:
        self.phone.lift()
        self._lifted_us = self.phone.now_us
        self._far_end = FarEnd(self.phone)

    def _end(self, why: str) -> None:
        self.why = why
        self.phone.hang_up()
        self._far_end = None
        self._bell.forget()


class AnsweringMachine(_Answering):
    """Answers after `rings` rings, speaks its greeting, and listens until the caller has gone or longest_s are over."""

    def __init__(self, phone: Phone, rings: int = 2, greeting: Sound = BEEP, longest_s: float = 30.0) -> None:
        super().__init__(phone, rings)
        self._greeting = greeting
        self._longest_ms = longest_s * 1000
        self._spoken = False
        self.messages = 0

    def answered(self) -> None:
        self._spoken = False

    def talk(self, up_ms: float) -> None:
        if not self._spoken and up_ms >= SPEAKS_AFTER_MS:
            self._spoken = True
            self.messages += 1
            self.phone.say(self._greeting)
        if up_ms >= self._longest_ms:
            self._end("full")


class PbxTrunk(_Answering):
    """An old PBX or intercom: its trunk answers, takes the digits of an extension, and puts the caller through.

    extensions: number as it arrives -> what is heard there. An unknown one gets the PBX's busy tone. `seize` dials
    out: it waits for dial tone, as a PBX does for its users.
    """

    def __init__(self, phone: Phone, extensions: dict[str, Sound], did_digits: int = 3, rings: int = 1) -> None:
        super().__init__(phone, rings)
        self.extension = ""
        """The last one asked for, "" when no digits came in time."""
        self._extensions = extensions
        self._did_digits = did_digits
        self._through = False
        self._outward = ""
        self._looked_ms = 0.0
        self._frame = 0

    def seize(self, number: str) -> None:
        """One of its users calls `number`."""
        self._outward = number
        self._through = False
        self._looked_ms = 0.0
        self._begin()

    def release(self) -> None:
        """Its user hangs up."""
        self._end("released")

    def answered(self) -> None:
        self.extension, self._outward, self._through = "", "", False
        self._looked_ms, self._frame = 0.0, self.phone.frame

    def talk(self, up_ms: float) -> None:
        if self._through or up_ms - self._looked_ms < DIGITS_LOOK_MS:
            return
        self._looked_ms = up_ms
        if self._outward:
            if measure.tones(self.phone.heard_last(0.2)):
                self.phone.dial(self._outward)
                self._through = True
            return
        heard = digits(self.phone.heard_since(self._frame))
        if len(heard) >= self._did_digits or up_ms >= DIGITS_WAIT_MS:
            self.extension, self._through = heard[: self._did_digits], True
            self.phone.say(self._extensions.get(self.extension, pbx_busy_tone()))


class RotarySet(Character):
    """A set with a dial. bounce_ms: how long each of the dial's contacts chatters, 0 for a new one."""

    def __init__(self, phone: Phone, dial: RotaryDial = ORDINARY_DIAL, bounce_ms: float = 0.0, seed: int = 1) -> None:
        super().__init__(phone)
        self._dial = dial
        self._bounce_ms = bounce_ms
        self._chance = random.Random(seed)
        self._waiting: deque[str] = deque()
        self._free_us = 0

    @property
    def idle(self) -> bool:
        """Every digit is out, and the gap after the last one too."""
        return not self._waiting and self.phone.now_us >= self._free_us

    def dial(self, number: str) -> None:
        """Turn the dial for each digit, one after the other. Raises RigError for anything but digits."""
        pulse_edges(number, 0, self._dial)
        self._waiting.extend(number)

    def attend(self) -> None:
        if not self._waiting or self.phone.now_us < self._free_us:
            return
        digit = self._waiting.popleft()
        start_us = self.phone.now_us + 1000
        edges = pulse_edges(digit, start_us, self._dial)
        self.phone.plan(bouncing(edges, self._bounce_ms, self._chance))
        self.phone.digits_sent += digit
        self._free_us = edges[-1][0] + round(self._dial.gap_ms * 1000)


def pbx_busy_tone() -> Sound:
    """Three seconds of it, as old switches make it: 400 Hz, 500 ms on and off."""
    on, off = measure.sine(400.0, -10.0, 0.5), np.zeros(RATE_HZ // 2, dtype=np.int16)
    return np.concatenate([on, off] * 3)
