"""One exchange line: its machine, and what joins that to the wires below it and the calls above it.

The machine is fed by `fxo_wires.py` (what the port tells) and `fxo_calls.py` (who rings); its actions are obeyed by the
same two. Settings become its options in `fxo_profile.py`; calls reach it through `make_leg` (`pbx/trunk_routes.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from drivers.errors import HardwareError
from drivers.exchange_port import ExchangeLineEvent, ExchangeLinePort, Metered, RingBegan, RingEnded
from drivers.ports import PortEvent
from firmware.lines.fxo_alarm import FxoAlarm
from firmware.lines.fxo_calls import FxoCalls
from firmware.lines.fxo_ear import LineEar
from firmware.lines.fxo_leg import FxoLeg
from firmware.lines.fxo_machine import OFF_HOOK, TIMER_ENDS, Action, Do, EndLeg, Event, FxoMachine, StartTimer, State
from firmware.lines.fxo_options import FxoOptions, FxoTimers
from firmware.lines.fxo_voice import TrunkVoice
from firmware.lines.fxo_wires import FxoWires
from firmware.lines.named_timers import NamedTimers
from firmware.lines.teach_session import TeachSession
from firmware.media.events import EchoStats, SegmentHeard
from firmware.telephony.cause import Cause
from firmware.telephony.countries import Country
from firmware.telephony.leg import Leg, LegListener, Party

log = logging.getLogger(__name__)


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
        self._voice = voice
        self._options = options
        self._lengths = timers
        self._timers = NamedTimers(self._time_out)
        self.calls = FxoCalls(self, options, listener, voice.id)
        self.ear = LineEar(voice, self.calls.caller)
        self._wires = FxoWires(self, voice, self.ear, country, options)
        if not port.in_service:
            self.machine.state = State.OUT_OF_SERVICE
        self._obeying = self._deeds(country, listener)
        self.ear.to_who_calls()

    @property
    def leg(self) -> FxoLeg | None:
        """Of the call on the line, if there is one."""
        return self.calls.leg

    # -- what happens ------------------------------------------------------------------
    def port_event(self, event: ExchangeLineEvent | PortEvent) -> None:
        """Take an event of the port."""
        self.alarm.follow(event)
        if self.lesson is not None:
            self.lesson.port_event(event)
        match event:
            case RingBegan():
                self.calls.ring_began(event)
            case RingEnded():
                self.calls.ring_ended(event)
            case Metered():
                self.calls.metered()
                self._wires.far_end.metered()
            case _:
                self._wires.told(event)

    def segment(self, heard: SegmentHeard) -> None:
        """A piece of what the exchange says."""
        if self.lesson is not None:
            self.lesson.segment(heard)
        self._wires.far_end.segment(heard)

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
        if self.talking:
            self.calls.digit(digit)

    def fax(self) -> None:
        """The calling tone of a fax machine is heard."""
        if self.talking:
            self.calls.fax()

    def play_digit(self, digit: str, ms: int) -> None:
        """Let the far party's end hear a digit that came beside the audio."""
        self._voice.play_digit(digit, ms)

    def flash(self) -> None:
        """Flash to the exchange, in a call."""
        if self.talking:
            self._wires.flash()

    def feed(self, event: Event) -> None:
        """Let the machine take `event` and obey what it says."""
        before = self.machine.state
        for action in self.machine.feed(event):
            self._obey(action)
        if self.machine.state is before:
            return
        log.debug("%s: %s -> %s", self.name, before.value, self.machine.state.value)
        if self.machine.state is State.IDLE:
            self.calls.caller.forget()

    def leg_event(self, leg: FxoLeg, event: Event) -> None:
        """The exchange of the house wants something of the leg."""
        if leg is self.leg:
            self.feed(event)

    def make_leg(self, number: str) -> Leg | Cause:
        """A leg that will dial `number` on this line, or why it cannot: in use, dead, out of order."""
        state = self.machine.state
        if state in {State.OUT_OF_SERVICE, State.DEAD}:
            return Cause.NETWORK_OUT_OF_ORDER
        if state is not State.IDLE or self.leg is not None or self.calls.caller.coming:
            return Cause.NO_CIRCUIT_AVAILABLE
        return self.calls.outgoing(number)

    def leg_ended(self, leg: FxoLeg) -> None:
        """The leg is over; the line may still have to rest."""
        if self.leg is leg:
            self.calls.leg = None

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
                    self.calls.end(action.cause, self._wires.far_end.gone_for_s)
                case _:
                    self._obeying[action]()
        except HardwareError as error:
            # The scanner finds the same fault and sends PortFailed with the full reason.
            log.warning("%s: %s failed: %s", self.name, action, error.reason)

    def _time_out(self, name: str) -> None:
        event = TIMER_ENDS[name]
        if event is Event.NO_DIAL_TONE:
            event = self._wires.without_dial_tone(self._lengths.dial_tone_s)
        self.feed(event)

    def _seize_when_quiet(self) -> None:
        """Ringing voltage is on the line for two seconds at most; the line is taken in the pause after it."""
        if not self.calls.caller.rings.in_burst:
            self._wires.seize()

    def _deeds(self, country: Country, listener: LegListener) -> dict[Do, Callable[[], None]]:
        """How the machine's actions are obeyed."""
        wires = self._wires
        return {
            Do.STOP_TIMERS: self._timers.stop,
            Do.ANNOUNCE: self.calls.announce,
            Do.SEIZE: wires.seize,
            Do.SEIZE_WHEN_QUIET: self._seize_when_quiet,
            Do.RELEASE_LINE: self._release_line,
            Do.LEAVE_TO_RING: self.port.release,
            Do.LISTEN: self.ear.to_progress,
            Do.TALK: lambda: wires.talk(faxes=self.calls.incoming),
            Do.DEAFEN: wires.deafen,
            Do.DIAL: self._dial,
            Do.PLAY_RINGBACK: lambda: self._voice.play_tone(country.tone("ringback")),
            Do.STOP_TONE: self._voice.stop_tone,
            Do.TELL_RINGING: lambda: self.calls.tell(listener.leg_ringing),
            Do.TELL_PROGRESS: lambda: self._tell_progress(listener),
            Do.TELL_ANSWERED: lambda: self.calls.tell(listener.leg_answered),
        }

    def _release_line(self) -> None:
        self.calls.caller.forget()
        self._wires.release(incoming=self.calls.incoming)

    def _dial(self) -> None:
        assert self.leg is not None
        self._wires.dial(self.leg.number)

    def _tell_progress(self, listener: LegListener) -> None:
        self.calls.tell(listener.leg_progress)
        self._wires.far_end.dialled()
