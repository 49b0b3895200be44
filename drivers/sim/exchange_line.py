"""A simulated telephone exchange at the far end of an exchange line: it rings, hears digits, answers and clears.

`SimBoard.offices["fxo1"]`. It lives by its `Habits`; `step` lets it notice what happened on the wires since, and
must be called every few ms of board time (the process does, and stepped tests do). What is exact to a frame, ringing
and breaks, is planned on the wires (`office_wires.py`). How it rings and says who calls: `exchange_bell.py`; its tones:
`exchange_tone.py`. The person who directs it is `rig_exchange.py`.
"""

from __future__ import annotations

import enum
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from drivers.sim.exchange_bell import ExchangeBell
from drivers.sim.exchange_caller import Manner, manner_of
from drivers.sim.exchange_data import IncomingCall
from drivers.sim.exchange_ear import PulseCounter, ToneReceiver
from drivers.sim.exchange_habits import HANG_UPS, CallTone, Habits, habits_of
from drivers.sim.exchange_meter import ExchangeMeter
from drivers.sim.exchange_tone import ExchangeTone
from drivers.sim.office_wires import OfficeWires, WireFeed
from drivers.sim.rig_protocol import RigError

PARALLEL_OHM = 300.0
"""A lifted telephone."""


class Stage(enum.Enum):
    """Where the line's call is; the value is what `tipring rig exchange fxo1 state` shows."""

    IDLE = "idle"
    SEIZED = "seized"
    DIAL_TONE = "dial-tone"
    COLLECTING = "collecting"
    PROCEEDING = "proceeding"
    RINGBACK = "ringback"
    TALKING = "talking"
    RINGING = "ringing"
    CLEARED = "cleared"
    HELD = "held"


class ExchangeLine:
    """One line of an exchange. Methods without a matching stage raise RigError."""

    def __init__(self, wires: OfficeWires, country: str = "es") -> None:
        self.wires = wires
        self.name = wires.name
        self.habits: Habits = habits_of(country)
        self.manner: Manner = manner_of(country)
        """How it tells who calls."""
        self.stage = Stage.IDLE
        self.digits = ""
        """What the line has dialled since it was seized."""
        self.flashes = 0
        self.flash_ms = 0.0
        """How long the loop was open at the last one."""
        self.answered_us = 0
        """Board time at which the last call was answered, either way."""
        self.cleared_us = 0
        """Board time at which our end was seen to release the line last."""
        self._incoming = False
        self._bell = ExchangeBell(wires)
        self._tone = ExchangeTone(wires)
        self.meter = ExchangeMeter(wires)
        self._due_us = 0
        self._opened_us = 0
        self._pulses = PulseCounter()
        self._tones = ToneReceiver(wires.voice)
        self.wires.set_office(ring_hz=self.habits.ring_hz)

    # -- what a person at the exchange does ------------------------------------------------
    def live_by(self, country: str, **changes: object) -> None:
        """Take on a country's habits, some of them changed. Raises RigError for an unknown country."""
        self.manner = manner_of(country)
        self.live_as(replace(habits_of(country), **changes))  # type: ignore[arg-type]

    def live_as(self, habits: Habits) -> None:
        """Take on habits of no country's (`exchange_draw.py`)."""
        self.habits = habits
        self.wires.set_office(ring_hz=habits.ring_hz)

    def ring(self, call: IncomingCall | None = None) -> None:
        """A call arrives for this line: ring until it is seized or `stop`. call: who calls, None is not told."""
        self._want("ring", Stage.IDLE)
        self._incoming = True
        self.stage = Stage.RINGING
        self._bell.begin(call, self.manner, self.habits)

    def stop(self) -> None:
        """The caller gives up."""
        self._want("stop", Stage.RINGING)
        self._tone.stop()
        self.wires.put(WireFeed.NORMAL)
        self.stage = Stage.IDLE

    def answer(self) -> None:
        """The party that the line has called answers."""
        self._want("answer", Stage.PROCEEDING, Stage.RINGBACK)
        self._tone.stop()
        self._talk()
        if self.habits.answer_reversal:
            self.wires.put(WireFeed.REVERSED)

    def refuse(self, how: str = "busy-tone") -> None:
        """The call goes nowhere: "busy-tone" or "congestion-tone"."""
        self._want("refuse", Stage.COLLECTING, Stage.PROCEEDING, Stage.RINGBACK)
        self._clear_by_tone(how)

    def hang_up(self, how: str | None = None) -> None:
        """The far party hangs up. how: one of HANG_UPS, None as its habit is. Raises RigError on other words."""
        self._want("hang up", Stage.TALKING)
        manner: str = how or self.habits.hang_up
        if manner not in HANG_UPS:
            raise RigError(f"{self.name}: nobody hangs up by {manner!r}, allowed are {', '.join(HANG_UPS)}")
        self.wires.hush()
        feed = self.wires.now().feed
        if manner == "loop-break":
            self.wires.put(WireFeed.NO_FEED)
            self.wires.plan([(self.wires.now_us + self.habits.break_ms * 1000, WireFeed.NORMAL, False)])
        elif manner == "polarity":
            self.wires.put(WireFeed.NORMAL if feed is WireFeed.REVERSED else WireFeed.REVERSED)
        elif manner != "silence":
            self._clear_by_tone(manner)
        self.stage = Stage.CLEARED

    def unplug(self) -> None:
        """The cord comes out of the wall."""
        self.wires.voice.set_wire(cut=1)

    def plug(self) -> None:
        """And in again."""
        self.wires.voice.set_wire(cut=0)

    def lift_parallel(self) -> None:
        """Somebody lifts a second telephone on the same wires."""
        self.wires.set_office(parallel_ohm=PARALLEL_OHM)

    def hang_up_parallel(self) -> None:
        """And puts it back."""
        self.wires.set_office(parallel_ohm=0)

    def say(self, samples: NDArray[np.int16]) -> int:
        """The far party speaks; returns how many samples fitted (8 s at most)."""
        return self.wires.voice.say(samples)

    # -- what it does by itself ------------------------------------------------------------
    def step(self) -> None:
        """Notice edges of the loop, hear digits, keep tones going, obey time."""
        now_us = self.wires.now_us
        for edge in self.wires.new_edges():
            if edge.closed:
                self._closed(edge.at_us)
            else:
                self._opened_us = edge.at_us
        own_break = self.stage is Stage.CLEARED and self.wires.planned > 0
        if self._opened_us and not own_break and now_us - self._opened_us > self.habits.release_ms * 1000:
            self._opened_us = 0
            self._released(now_us)
        self._digits(now_us)
        self._time(now_us)
        self._tone.keep()
        self.meter.keep(now_us)

    def _closed(self, at_us: int) -> None:
        open_ms = (at_us - self._opened_us) / 1000 if self._opened_us else 0.0
        self._opened_us = 0
        if self.stage is Stage.IDLE:
            self.digits, self.flashes = "", 0
            self.stage = Stage.SEIZED
            self._due_us = at_us + self.habits.dial_delay_ms * 1000
        elif self.stage is Stage.RINGING:
            self._tone.stop()
            if not self._bell.lifted(at_us):
                self._talk()
        elif self.stage is Stage.HELD:
            self.stage = Stage.TALKING
        elif self.stage in {Stage.DIAL_TONE, Stage.COLLECTING} and self._pulses.opening(open_ms, at_us):
            self._dialling()
        elif self.stage is Stage.TALKING and open_ms >= 40:
            self.flashes += 1
            self.flash_ms = open_ms

    def _released(self, now_us: int) -> None:
        """The line is on hook."""
        if self.stage is Stage.RINGING:  # it has fetched the number; now it is rung
            self._bell.fetched(now_us)
            return
        self.cleared_us = now_us
        self.meter.stop()
        self._tone.stop()
        self.wires.put(WireFeed.NORMAL)
        holds = self._incoming and self.stage is Stage.TALKING and self.habits.hold_ms > 0
        self.stage = Stage.HELD if holds else Stage.IDLE
        self._due_us = now_us + self.habits.hold_ms * 1000
        self._incoming = self._incoming and holds

    def _digits(self, now_us: int) -> None:
        if self.stage not in {Stage.DIAL_TONE, Stage.COLLECTING}:
            return
        heard = self._pulses.digit(now_us) + self._tones.hear()
        if heard:
            self.digits += heard
            self._dialling()
            self._due_us = now_us + self.habits.inter_digit_ms * 1000

    def _dialling(self) -> None:
        self.stage = Stage.COLLECTING
        self._due_us = self.wires.now_us + self.habits.inter_digit_ms * 1000
        self._tone.stop()

    def _time(self, now_us: int) -> None:
        if self.stage is Stage.RINGING:
            self._bell.keep(now_us)
        if now_us < self._due_us:
            return
        if self.stage is Stage.SEIZED:
            self.stage = Stage.DIAL_TONE
            self._tone.begin(self.habits.dial)
            self._tones.begin()
        elif self.stage is Stage.COLLECTING:
            self.stage = Stage.PROCEEDING
            self._due_us = now_us + self.habits.post_dial_ms * 1000
        elif self.stage is Stage.PROCEEDING:
            self.stage = Stage.RINGBACK
            self._tone.begin(self.habits.ringback)
        elif self.stage is Stage.HELD:
            self.stage, self._incoming = Stage.IDLE, False

    # -- inside ----------------------------------------------------------------------------
    def _talk(self) -> None:
        self.stage = Stage.TALKING
        self.answered_us = self.wires.now_us

    def _clear_by_tone(self, how: str) -> None:
        allowed: dict[str, CallTone] = {"busy-tone": self.habits.busy, "congestion-tone": self.habits.congestion}
        if how not in allowed:
            raise RigError(f"{self.name}: no tone {how!r}, allowed are {', '.join(allowed)}")
        self._tone.begin(allowed[how])
        self.stage = Stage.CLEARED

    def _want(self, what: str, *stages: Stage) -> None:
        if self.stage not in stages:
            allowed = " or ".join(stage.value for stage in stages)
            raise RigError(f"{self.name}: it cannot {what} while {self.stage.value}, only while {allowed}")
