"""One exchange line: its port, its slot in the media engine, its machine, and at most one leg.

It feeds the machine with what the port tells and what `fxo_supervisor.py` makes of it, and obeys the actions. Settings
become its options in `fxo_profile.py`; calls reach it through `make_leg` (`pbx/trunk_routes.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from drivers.errors import HardwareError
from drivers.exchange_port import (
    DigitsSent,
    ExchangeLineEvent,
    ExchangeLinePort,
    ForeignVoltage,
    LineDead,
    LineInUse,
    LineOverloaded,
    LineSeized,
    LoopBroken,
    NoLoopCurrent,
    PolarityChanged,
    RingBegan,
    RingEnded,
)
from drivers.ports import PortEvent, PortFailed, PortRecovered
from firmware.lines.fxo_alarm import FxoAlarm
from firmware.lines.fxo_caller import FxoCaller
from firmware.lines.fxo_ear import LineEar
from firmware.lines.fxo_leg import FxoLeg
from firmware.lines.fxo_machine import OFF_HOOK, TIMER_ENDS, Action, Do, EndLeg, Event, FxoMachine, StartTimer, State
from firmware.lines.fxo_options import FxoOptions, FxoTimers
from firmware.lines.fxo_supervisor import FarEnd
from firmware.lines.fxo_voice import TrunkVoice, dial
from firmware.lines.named_timers import NamedTimers
from firmware.lines.teach_session import TeachSession
from firmware.media.events import EchoStats, SegmentHeard
from firmware.telephony.cause import Cause
from firmware.telephony.clock import now_s
from firmware.telephony.countries import Country
from firmware.telephony.leg import Leg, LegListener, Party

log = logging.getLogger(__name__)

HELD_S = 120.0
"""A called-party-clear exchange may hold the caller of a call that came in for so long after we hung up: a line without
dial tone is then no glare [M: 90 s and more are usual]."""
_EVENTS: dict[type, Event] = {
    NoLoopCurrent: Event.NO_CURRENT,
    LineOverloaded: Event.OVERLOAD,
    DigitsSent: Event.DIALLED,
    PortFailed: Event.FAILED,
    PortRecovered: Event.RECOVERED,
}


class FxoLine:
    """Owner of one exchange-line port. Events come in from the loop; `make_leg` serves a call out over it."""

    def __init__(
        self,
        port: ExchangeLinePort,
        voice: TrunkVoice,
        party: Party,
        country: Country,
        listener: LegListener,
        options: FxoOptions,
        timers: FxoTimers,
    ) -> None:
        self.port = port
        self.party = party
        self.name = port.name
        self.machine = FxoMachine(port.name)
        self.alarm = FxoAlarm(port)
        self.leg: FxoLeg | None = None
        self._voice = voice
        self._country = country
        self._listener = listener
        self._options = options
        self._lengths = timers
        self.caller = FxoCaller(port.name, options, self._caller_known)
        self.ear = LineEar(voice, self.caller)
        self._far_end = FarEnd(port.name, country, options, self.feed, held=lambda: self.lesson is not None)
        self._timers = NamedTimers(self._time_out)
        self._serial = 0
        self._incoming_over_s = float("-inf")
        """When our end of the last call that came in was put down."""
        if not port.in_service:
            self.machine.state = State.OUT_OF_SERVICE
        self._obeying: dict[Do, Callable[[], None]] = {
            Do.STOP_TIMERS: self._timers.stop,
            Do.ANNOUNCE: self._announce,
            Do.SEIZE: self._seize,
            Do.SEIZE_WHEN_QUIET: self._seize_when_quiet,
            Do.RELEASE_LINE: self._release_line,
            Do.LEAVE_TO_RING: port.release,
            Do.LISTEN: self.ear.to_progress,
            Do.TALK: self._talk,
            Do.DEAFEN: self._deafen,
            Do.DIAL: self._dial,
            Do.PLAY_RINGBACK: lambda: voice.play_tone(country.tone("ringback")),
            Do.STOP_TONE: voice.stop_tone,
            Do.TELL_RINGING: lambda: self._tell(listener.leg_ringing),
            Do.TELL_PROGRESS: self._tell_progress,
            Do.TELL_ANSWERED: lambda: self._tell(listener.leg_answered),
        }
        self.ear.to_who_calls()

    # -- what happens ------------------------------------------------------------------
    def port_event(self, event: ExchangeLineEvent | PortEvent) -> None:
        """Take an event of the port."""
        self.alarm.follow(event)
        if self.lesson is not None:
            self.lesson.port_event(event)
        match event:
            case RingBegan():
                self._ring(event)
            case RingEnded():
                self.caller.rings.ended(event.at_s)
                self.feed(Event.QUIET)
                if self.caller.must_fetch(event.ms):
                    self.feed(Event.FETCH)
            case LineSeized():
                log.info("%s: seized, %.0f mA at %.0f V", self.name, event.loop_ma, event.line_v)
                self._far_end.seized(outgoing=self.machine.state is State.SEIZING)
                self.feed(Event.SEIZED)
            case LoopBroken():
                self._far_end.loop_broken()
            case PolarityChanged() if self.machine.state in OFF_HOOK:
                self._far_end.polarity_changed()
            case LineDead():
                self.feed(Event.BATTERY_GONE if event.dead else Event.BATTERY_BACK)
            case ForeignVoltage():
                self.feed(Event.BATTERY_GONE if event.foreign else Event.BATTERY_BACK)
            case LineInUse():
                self.feed(Event.PARALLEL_LIFTED if event.in_use else Event.PARALLEL_GONE)
            case _ if (known := _EVENTS.get(type(event))) is not None:
                self.feed(known)

    def segment(self, heard: SegmentHeard) -> None:
        """A piece of what the exchange says."""
        if self.lesson is not None:
            self.lesson.segment(heard)
        self._far_end.segment(heard)

    @property
    def talking(self) -> bool:
        """Whether a call is up."""
        return self.machine.state is State.TALKING

    @property
    def caller_id(self) -> str:
        """The standard in which the exchange is expected to say who calls, "" for none."""
        return self._options.caller_id

    def end_call(self) -> None:
        """As if the far end had been noticed to hang up."""
        self.feed(Event.FAR_CLEARED)

    @property
    def lesson(self) -> TeachSession | None:
        """A teach-in that watches; it ends the calls itself."""
        return self.ear.lesson

    def teach(self, lesson: TeachSession | None) -> None:
        """Let a teach-in watch, listen for what it wants to hear now, or neither."""
        self.ear.lesson = lesson
        if self.machine.state not in OFF_HOOK:
            self.ear.to_who_calls()

    def digit(self, digit: str) -> None:
        """The far party pressed a key."""
        if self.lesson is not None and not self.talking:
            self.lesson.caller.digit(digit)
        if self.leg is not None and self.talking:
            self.leg.tell(self._listener.leg_digit, digit)

    def fax(self) -> None:
        """The calling tone of a fax machine is heard: told once a call, and only of one that came in."""
        leg = self.leg
        if leg is None or not self.talking or leg.number or leg.is_fax:
            return
        leg.is_fax = True
        log.info("%s: the calling tone of a fax machine", self.name)
        leg.tell(self._listener.leg_faxed, self._options.fax_to)

    def play_digit(self, digit: str, ms: int) -> None:
        """Let the far party's end hear a digit that came beside the audio."""
        self._voice.play_digit(digit, ms)

    def flash(self) -> None:
        """Flash to the exchange in a call; what it answers, a dial tone often, is no end of the call."""
        if not self.talking:
            return
        try:
            self.port.flash(self._options.flash_ms)
        except HardwareError as error:
            log.info("%s: no flash: %s", self.name, error.reason)
        else:
            self._far_end.flashed()

    def feed(self, event: Event) -> None:
        """Let the machine take `event` and obey what it says."""
        before = self.machine.state
        for action in self.machine.feed(event):
            self._obey(action)
        if self.machine.state is before:
            return
        log.debug("%s: %s -> %s", self.name, before.value, self.machine.state.value)
        if self.machine.state is State.IDLE:
            self.caller.forget()

    def leg_event(self, leg: FxoLeg, event: Event) -> None:
        """The exchange of the house wants something of the leg."""
        if leg is self.leg:
            self.feed(event)

    def make_leg(self, number: str) -> Leg | Cause:
        """A leg that will dial `number` on this line, or why it cannot: in use, dead, out of order."""
        state = self.machine.state
        if state in {State.OUT_OF_SERVICE, State.DEAD}:
            return Cause.NETWORK_OUT_OF_ORDER
        if state is not State.IDLE or self.leg is not None or self.caller.coming:
            return Cause.NO_CIRCUIT_AVAILABLE
        self.leg = self._new_leg()
        self.leg.number = number
        return self.leg

    def leg_ended(self, leg: FxoLeg) -> None:
        """The leg is over; the line may still have to rest."""
        if self.leg is leg:
            self.leg = None

    def status(self) -> dict[str, Any]:
        """What the line is doing, without asking the chip."""
        return {
            "name": self.name,
            "kind": "fxo",
            "number": self.party.number,
            "state": self.machine.state.value,
            "in_service": self.machine.state is not State.OUT_OF_SERVICE,
            "reason": self.port.failure,
            "alarm": self.alarm.texts(),
            "call": self.leg.call_id if self.leg is not None else None,
            "other": "",
            "fax": self.leg is not None and self.leg.is_fax,
        }

    def echo(self) -> EchoStats | None:
        """What the line's echo canceller has measured; None without one."""
        return self._voice.stats()

    # -- obeying -----------------------------------------------------------------------
    def _obey(self, action: Action) -> None:
        try:
            match action:
                case StartTimer():
                    self._timers.start(action.name, getattr(self._lengths, action.name))
                case EndLeg():
                    if self.leg is not None:
                        self.leg.gone_for_s = self._far_end.gone_for_s
                        self.leg.ended(action.cause)
                case _:
                    self._obeying[action]()
        except HardwareError as error:
            # The scanner finds the same fault and sends PortFailed with the full reason.
            log.warning("%s: %s failed: %s", self.name, action, error.reason)

    def _time_out(self, name: str) -> None:
        event = TIMER_ENDS[name]
        self.feed(self._without_dial_tone() if event is Event.NO_DIAL_TONE else event)

    def _without_dial_tone(self) -> Event:
        if self._options.dial_blind:
            return Event.DIAL_TONE
        held = now_s() - self._incoming_over_s < HELD_S
        log.warning("%s: no dial tone within %.0f s", self.name, self._lengths.dial_tone_s)
        return Event.GLARE if self._options.target and not held else Event.NO_DIAL_TONE

    def _ring(self, event: RingBegan) -> None:
        self.caller.began(event.at_s, event.hz)
        self.feed(Event.RING)
        if self.caller.may_be_offered():
            self.feed(Event.RINGS_ENOUGH)

    def _caller_known(self) -> None:
        """Or waited for in vain."""
        if self.caller.party is not None:
            self.feed(Event.FETCHED)
        if self.caller.may_be_offered():
            self.feed(Event.RINGS_ENOUGH)
        leg = self.leg
        if leg is not None and self.machine.state is State.OFFERED and leg.party != self._calling_party():
            leg.party = self._calling_party()
            leg.tell(self._listener.leg_identified)

    def _new_leg(self) -> FxoLeg:
        self._serial += 1
        return FxoLeg(self, f"{self.name}/{self._serial}", self.party, self._listener, self._voice.id)

    def _announce(self) -> None:
        leg = self.leg = self._new_leg()
        leg.party = self._calling_party()
        leg.called = Party(self.caller.target)
        leg.connects_later = True  # not in a burst of ringing
        asyncio.get_running_loop().call_soon(self._arrive, leg)

    def _calling_party(self) -> Party:
        caller = self.caller.party or Party("")  # the line's own number is not theirs
        return Party(self._options.callers.call_back(caller.number), caller.name or self.party.name)

    def _arrive(self, leg: FxoLeg) -> None:
        if self.leg is leg:
            self._listener.leg_arrived(leg)

    def _seize(self) -> None:
        try:
            self.port.seize(quick=self.machine.state is State.FETCHING)
        except HardwareError as error:
            log.info("%s: cannot be seized: %s", self.name, error.reason)
            asyncio.get_running_loop().call_soon(self.feed, Event.NO_CURRENT)

    def _seize_when_quiet(self) -> None:
        """Ringing voltage is on the line for two seconds at most; the line is taken in the pause after it."""
        if not self.caller.rings.in_burst:
            self._seize()

    def _release_line(self) -> None:
        self._far_end.over()
        self.caller.forget()
        if self.leg is not None and not self.leg.number:
            self._incoming_over_s = now_s()
        self.port.release()

    def _talk(self) -> None:
        self.ear.to_call(faxes=self.leg is not None and not self.leg.number)
        self._far_end.talking()

    def _deafen(self) -> None:
        self._far_end.deaf()
        self.ear.to_who_calls()

    def _dial(self) -> None:
        assert self.leg is not None
        digits = self.leg.number
        log.info("%s: dials %s by %s", self.name, digits, "pulses" if self._options.pulses else "tones")
        took_s = dial(self.port, self._voice, digits, self._options)
        if took_s is not None:
            asyncio.get_running_loop().call_later(took_s, self.feed, Event.DIALLED)

    def _tell_progress(self) -> None:
        self._tell(self._listener.leg_progress)
        self._far_end.dialled()

    def _tell(self, listener: Callable[[Leg], None]) -> None:
        if self.leg is not None:
            self.leg.tell(listener)
