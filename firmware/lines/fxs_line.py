"""One FXS line: its port, its slot in the media engine, its machine, and who of its parts obeys that.

The line feeds the machine with what the port and the engine tell, and has the actions obeyed: its calls are in
`fxs_calls.py`, a second one in `other_call.py`, what is dialled in `dial_desk.py`, what the telephone is sent in
`line_sender.py`, what is waited for in `fxs_waits.py`. When the chip does not obey, the scanner takes the port out of
service and says so; nothing here retries.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
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
from firmware.lines.dial_desk import DialDesk
from firmware.lines.flash_services import FlashServices
from firmware.lines.flash_table import Other
from firmware.lines.fxs_calls import FxsCalls
from firmware.lines.fxs_leg import FxsLeg
from firmware.lines.fxs_machine import Action, Do, Event, FxsMachine, PlayTone, StartTimer, State
from firmware.lines.fxs_waits import FxsWaits
from firmware.lines.line_alarm import LineAlarm
from firmware.lines.line_options import LineOptions, LineTimers, ServiceRules
from firmware.lines.line_sender import LineSender
from firmware.lines.other_call import OtherCall
from firmware.lines.send_profile import SENDS_LITTLE, SendProfile
from firmware.media.events import EchoStats
from firmware.telephony.cadence import Tone
from firmware.telephony.cause import Cause
from firmware.telephony.clock import wall
from firmware.telephony.countries import Country
from firmware.telephony.leg import Leg, LegListener, Party
from firmware.telephony.number import NumberPlan

log = logging.getLogger(__name__)


class Voice(Protocol):
    """The line's slot in the media engine, as far as the line needs it (`media.endpoints.Slot`)."""

    id: int

    def play_tone(self, tone: Tone) -> None: ...
    def stop_tone(self) -> None: ...
    def yield_tone(self) -> None: ...
    def listen_digits(self, on: bool) -> None: ...
    def play_digit(self, digit: str, ms: int) -> None: ...
    def play_clip(self, pcm: bytes) -> None: ...
    def stats(self) -> EchoStats | None: ...


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
        options: LineOptions | None = None,
        sends: SendProfile = SENDS_LITTLE,
    ) -> None:
        self.port = port
        self.party = party
        self.name = port.name
        self.machine = FxsMachine(port.name)
        self.leg: FxsLeg | None = None
        """The one the telephone is busy with."""
        self._voice = voice
        self._country = country
        self.options = options or LineOptions(services=ServiceRules(country.flash_habit))
        rules = self.options.services
        self.other = OtherCall(self, voice.id, country.tone("call_waiting"), rules.recall_s)
        self.services = FlashServices(self, rules)
        self.alarm = LineAlarm(port)
        self._desk = DialDesk(self, plan, country.pulse_coding)
        self._lengths = timers if country.has_howler else replace(timers, howler_s=0.0)
        self._waits = FxsWaits(self, self._desk, self.services, self._lengths)
        self.sender = LineSender(port, voice, country.ring_cadence_ms, sends, lambda: self.feed(Event.OFF_HOOK))
        self._calls = FxsCalls(self, voice, listener)
        if not port.in_service:
            self.machine.state = State.OUT_OF_SERVICE
        self._obeying = self._table()

    # -- what happens ------------------------------------------------------------------
    def port_event(self, event: PortEvent) -> None:
        """Take an event of the port."""
        if self.sender.takes(event):
            return
        match event:
            case OffHook():
                log.info("%s: off hook%s", self.name, " (ring trip)" if event.ring_trip else "")
                self._desk.lifted()
            case OnHook():
                log.info("%s: on hook", self.name)
                if self.machine.state is not State.IDLE:
                    self.services.hang_up()
            case HookFlash():
                log.info("%s: hook flash, %.0f ms", self.name, event.open_ms)
                if not self._desk.takes_flash(event.open_ms):
                    self.flash()
            case PulseDigitDialled():
                self._desk.take_pulses(event.digit)
            case PortFailed():
                log.error("%s: out of service: %s", self.name, event.reason)
                self.feed(Event.FAILED)
            case PortRecovered():
                log.info("%s: in service", self.name)
                self.feed(Event.RECOVERED)

    def digit(self, digit: str) -> None:
        """A digit, heard as a tone."""
        if not self.sender.takes_digit(digit):
            self._desk.take(digit)

    def flash(self) -> None:
        """R was pressed."""
        self.sender.drop_waiting_call()
        if not self.services.flash():
            self.feed(Event.FLASH)

    def wait_for_more(self) -> None:
        """The number could be called, or go on: wait for the shorter time."""
        self._waits.start("complete_s")

    def feed(self, event: Event) -> None:
        """Let the machine take `event` and obey what it says."""
        before = self.machine.state
        for action in self.machine.feed(event):
            self._obey(action)
        if self.machine.state is not before:
            self.alarm.follow(self.machine.state)
            if event is not Event.RESUMED and (self.other.is_ is Other.NONE or self.machine.state is State.TALKING):
                self.sender.state_changed(before, self.machine.state)
            log.debug("%s: %s -> %s", self.name, before.value, self.machine.state.value)

    def make_leg(self, *, waits: bool = True) -> Leg | Cause:
        """A leg that will ring this telephone or wait for its user, or why not: out of order, busy, quiet hours.

        waits: False for a call that others may take, which is no reason to disturb who talks.
        """
        if self.machine.state is State.OUT_OF_SERVICE:
            return Cause.DESTINATION_OUT_OF_ORDER
        if waits and self.services.may_wait:
            leg = self._calls.new_leg()
            self.other.wait(leg)
            return leg
        if self.machine.state is not State.IDLE or self.leg is not None:
            return Cause.USER_BUSY
        if self.options.quiet is not None and self.options.quiet.hold(wall()):
            log.info("%s: does not ring at this hour", self.name)
            return Cause.USER_BUSY
        self.leg = self._calls.new_leg()
        return self.leg

    def play_over(self, tone: Tone) -> None:
        """Play a tone that ends by itself over the call."""
        self._voice.play_tone(tone)

    def show_waiting(self, caller: Party) -> None:
        """Let the telephone show who waits, if it can."""
        self.sender.caller_id_waiting(caller.number, caller.name)

    def status(self) -> dict[str, Any]:
        """What the line is doing, without asking the chip."""
        return {
            "name": self.name,
            "kind": "fxs",
            "number": self.party.number,
            "state": self.machine.state.value,
            "in_service": self.machine.state is not State.OUT_OF_SERVICE,
            "reason": self.port.failure,
            "alarm": self.alarm.texts(),
            "call": self.leg.call_id if self.leg is not None else None,
            "other": self.other.is_.value,
        }

    def echo(self) -> EchoStats | None:
        """What the line's echo canceller has measured; None without one."""
        return self._voice.stats()

    # -- obeying -----------------------------------------------------------------------
    def _table(self) -> dict[Do, Callable[[], None]]:
        """Who obeys each action."""
        voice, calls = self._voice, self._calls
        return {
            Do.STOP_TONE: voice.stop_tone,
            Do.YIELD_TONE: voice.yield_tone,
            Do.STOP_TIMER: self._waits.stop,
            Do.LISTEN: lambda: voice.listen_digits(True),
            Do.DEAFEN: lambda: voice.listen_digits(False),
            Do.COLLECT_DIGIT: self._desk.collect,
            Do.FORGET_DIGITS: self._desk.clear,
            Do.PLACE_CALL: lambda: calls.place(self._desk.number),
            Do.RING: calls.ring,
            Do.STOP_RINGING: calls.stop_ringing,
            Do.ANSWER: calls.answer,
            Do.HANG_UP: lambda: calls.end(Cause.NORMAL_CLEARING),
            Do.FAIL_LEG: calls.fail,
            Do.PASS_DIGIT: self._desk.pass_on,
            Do.PASS_FLASH: calls.pass_flash,
            Do.TAKE_ORDER: lambda: self.services.order(self._desk.digit),
            Do.GO_ON: self.other.go_on,
            Do.LOW_POWER: lambda: self.port.feed(Feed.LOW_POWER),
            Do.FULL_POWER: self.sender.full_power,
        }

    def _obey(self, action: Action) -> None:
        try:
            match action:
                case PlayTone():
                    self._play(action.name)
                case StartTimer():
                    self._waits.start(action.name)
                case _:
                    self._obeying[action]()
        except HardwareError as error:
            # The scanner finds the same fault and sends PortFailed with the full reason.
            log.warning("%s: %s failed: %s", self.name, action, error.reason)

    def _play(self, tone: str) -> None:
        if tone == "howler" and not self._lengths.howler_s:
            self._voice.stop_tone()
        else:
            self._voice.play_tone(self._country.tone(self.sender.tone(tone)))
