"""One FXS line: its port, its slot in the media engine, its machine, and at most one leg.

It feeds the machine with what the port and the engine tell, and obeys the actions. When the
chip does not obey, the scanner takes the port out of service and says so; nothing here retries.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from drivers.errors import HardwareError
from drivers.ports import (
    Feed,
    FxsPort,
    HookFlash,
    OffHook,
    OnHook,
    PortEvent,
    PortFailed,
    PortRecovered,
    PulseDigitDialled,
)
from firmware.lines.dialling import DialledNumber, pulsed_digit
from firmware.lines.fxs_leg import FxsLeg
from firmware.lines.fxs_machine import Action, Do, Event, FxsMachine, PlayTone, StartTimer, State
from firmware.media.events import EchoStats
from firmware.telephony.cadence import Tone
from firmware.telephony.cause import Cause
from firmware.telephony.countries import Country
from firmware.telephony.leg import Leg, LegListener, Party
from firmware.telephony.number import NumberPlan

log = logging.getLogger(__name__)


class Voice(Protocol):
    """The line's slot in the media engine, as far as the line needs it (`media.endpoints.Slot`)."""

    id: int

    def play_tone(self, tone: Tone) -> None: ...
    def stop_tone(self) -> None: ...
    def listen_digits(self, on: bool) -> None: ...
    def play_digit(self, digit: str, ms: int) -> None: ...
    def stats(self) -> EchoStats | None: ...


@dataclass(frozen=True, slots=True)
class LineTimers:
    """Seconds; defaults of architecture section 5."""

    first_digit_s: float = 15.0
    inter_digit_s: float = 4.0
    congestion_s: float = 30.0
    howler_s: float = 60.0


class FxsLine:
    """Owner of one port. Events come in from the loop; `make_leg` serves a call to this telephone."""

    def __init__(
        self,
        port: FxsPort,
        voice: Voice,
        party: Party,
        country: Country,
        listener: LegListener,
        plan: NumberPlan,
        timers: LineTimers,
    ) -> None:
        self.port = port
        self.party = party
        self.name = port.name
        self.machine = FxsMachine(port.name)
        self.leg: FxsLeg | None = None
        self._voice = voice
        self._country = country
        self._listener = listener
        self._number = DialledNumber(plan)
        self._timers = timers
        self._timer: asyncio.TimerHandle | None = None
        self._serial = 0
        self._digit = ""
        if not port.in_service:
            self.machine.state = State.OUT_OF_SERVICE
        self._obeying: dict[Do, Callable[[], None]] = {
            Do.STOP_TONE: voice.stop_tone,
            Do.STOP_TIMER: self._stop_timer,
            Do.LISTEN: lambda: voice.listen_digits(True),
            Do.DEAFEN: lambda: voice.listen_digits(False),
            Do.COLLECT_DIGIT: self._collect,
            Do.FORGET_DIGITS: self._number.clear,
            Do.PLACE_CALL: self._place_call,
            Do.RING: self._ring,
            Do.STOP_RINGING: port.stop_ring,
            Do.ANSWER: self._answer,
            Do.HANG_UP: lambda: self._end_leg(Cause.NORMAL_CLEARING),
            Do.FAIL_LEG: lambda: self._end_leg(Cause.DESTINATION_OUT_OF_ORDER),
            Do.PASS_DIGIT: self._pass_digit,
            Do.PASS_FLASH: self._pass_flash,
            Do.LOW_POWER: lambda: port.feed(Feed.LOW_POWER),
            Do.FULL_POWER: lambda: port.feed(Feed.ACTIVE),
        }

    # -- what happens ------------------------------------------------------------------
    def port_event(self, event: PortEvent) -> None:
        """Take an event of the port."""
        match event:
            case OffHook():
                log.info("%s: off hook%s", self.name, " (ring trip)" if event.ring_trip else "")
                self.feed(Event.OFF_HOOK)
            case OnHook():
                log.info("%s: on hook", self.name)
                if self.machine.state is not State.IDLE:
                    self.feed(Event.ON_HOOK)
            case HookFlash():
                log.info("%s: hook flash, %.0f ms", self.name, event.open_ms)
                self.feed(Event.FLASH)
            case PulseDigitDialled():
                self.digit(pulsed_digit(event.digit, self._country.pulse_coding))
            case PortFailed():
                log.error("%s: out of service: %s", self.name, event.reason)
                self.feed(Event.FAILED)
            case PortRecovered():
                log.info("%s: in service", self.name)
                self.feed(Event.RECOVERED)

    def digit(self, digit: str) -> None:
        """A digit, heard as a tone or counted as pulses."""
        log.debug("%s: digit %s", self.name, digit)
        self._digit = digit
        self.feed(Event.DIGIT)

    def play_digit(self, digit: str, ms: int) -> None:
        """Let the telephone hear a digit that the far end signalled beside the audio."""
        self._voice.play_digit(digit, ms)

    def feed(self, event: Event) -> None:
        """Let the machine take `event` and obey what it says."""
        before = self.machine.state
        for action in self.machine.feed(event):
            self._obey(action)
        if self.machine.state is not before:
            log.debug("%s: %s -> %s", self.name, before.value, self.machine.state.value)

    def make_leg(self) -> Leg | Cause:
        """A leg that will ring this telephone, or why it cannot: out of order, busy."""
        if self.machine.state is State.OUT_OF_SERVICE:
            return Cause.DESTINATION_OUT_OF_ORDER
        if self.machine.state is not State.IDLE or self.leg is not None:
            return Cause.USER_BUSY
        self.leg = self._new_leg()
        return self.leg

    def leg_ended(self, leg: FxsLeg) -> None:
        """The leg is over; the telephone may still be off hook."""
        if self.leg is leg:
            self.leg = None

    def status(self) -> dict[str, Any]:
        """What the line is doing, without asking the chip."""
        return {
            "name": self.name,
            "kind": "fxs",
            "number": self.party.number,
            "state": self.machine.state.value,
            "in_service": self.machine.state is not State.OUT_OF_SERVICE,
            "reason": self.port.failure,
            "call": self.leg.call_id if self.leg is not None else None,
        }

    def echo(self) -> EchoStats | None:
        """What the line's echo canceller has measured; None without one."""
        return self._voice.stats()

    # -- obeying -----------------------------------------------------------------------
    def _obey(self, action: Action) -> None:
        try:
            match action:
                case PlayTone():
                    self._voice.play_tone(self._country.tone(action.name))
                case StartTimer():
                    self._start_timer(getattr(self._timers, action.name))
                case _:
                    self._obeying[action]()
        except HardwareError as error:
            # The scanner finds the same fault and sends PortFailed with the full reason.
            log.warning("%s: %s failed: %s", self.name, action, error.reason)

    def _start_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._time_out)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_out(self) -> None:
        self._timer = None
        self.feed(Event.TIME_OUT)

    def _collect(self) -> None:
        """The last action of its rows, so that a ready number is called before the next digit comes."""
        if self._number.add(self._digit):
            self.feed(Event.NUMBER_READY)

    def _new_leg(self) -> FxsLeg:
        self._serial += 1
        return FxsLeg(self, f"{self.name}/{self._serial}", self.party, self._listener, self._voice.id)

    def _place_call(self) -> None:
        leg = self.leg = self._new_leg()
        leg.called = Party(self._number.digits)
        asyncio.get_running_loop().call_soon(self._announce, leg)

    def _announce(self, leg: FxsLeg) -> None:
        if self.leg is leg:
            self._listener.leg_arrived(leg)

    def _ring(self) -> None:
        leg = self.leg
        assert leg is not None
        try:
            self.port.ring(self._country.ring_cadence_ms)
        except HardwareError as error:
            log.warning("%s: cannot ring: %s", self.name, error.reason)
            # A port in service refuses only when its telephone is being lifted right now.
            cause = Cause.USER_BUSY if self.port.in_service else Cause.DESTINATION_OUT_OF_ORDER
            asyncio.get_running_loop().call_soon(leg.release, cause)
            return
        leg.ringing()

    def _answer(self) -> None:
        if self.leg is not None:
            self.leg.answered()

    def _end_leg(self, cause: Cause) -> None:
        if self.leg is not None:
            self.leg.ended(cause)

    def _pass_digit(self) -> None:
        if self.leg is not None:
            self.leg.digit(self._digit)

    def _pass_flash(self) -> None:
        if self.leg is not None:
            self.leg.flashed()
