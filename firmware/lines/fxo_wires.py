"""The wires of one exchange line: what the port tells of them becomes events, what is wanted of them goes to the port.

Beside the port this has the line's slot in the media engine: dialling and listening. `fxo_line.py` says what the line's
machine wants of it. What the far end does on the wires: `fxo_supervisor.py`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

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
)
from drivers.ports import PortEvent, PortFailed, PortRecovered
from firmware.lines.fxo_ear import LineEar
from firmware.lines.fxo_machine import OFF_HOOK, Event, FxoMachine, State
from firmware.lines.fxo_options import FxoOptions
from firmware.lines.fxo_supervisor import FarEnd
from firmware.lines.fxo_voice import TrunkVoice, dial
from firmware.telephony.clock import now_s
from firmware.telephony.countries import Country

log = logging.getLogger(__name__)

HELD_S = 120.0
"""A called-party-clear exchange may hold the caller of a call that came in for so long after we hung up first: a line
without dial tone is then no glare [M: 90 s and more are usual]."""
_SEIZED = frozenset(OFF_HOOK) - {State.SEIZING, State.ANSWERING}
"""Before that, how tip and ring stand means nothing yet."""
_EVENTS: dict[type, Event] = {
    NoLoopCurrent: Event.NO_CURRENT,
    LineOverloaded: Event.OVERLOAD,
    DigitsSent: Event.DIALLED,
    PortFailed: Event.FAILED,
    PortRecovered: Event.RECOVERED,
}


class WiredLine(Protocol):
    """The line, as far as its wires need it (`fxo_line.FxoLine`)."""

    port: ExchangeLinePort
    machine: FxoMachine

    def feed(self, event: Event) -> None: ...


class FxoWires:
    """Of one line. voice: its slot in the media engine. ear: what that slot listens for."""

    def __init__(self, line: WiredLine, voice: TrunkVoice, ear: LineEar, country: Country, options: FxoOptions) -> None:
        self.name = line.port.name
        self.far_end = FarEnd(self.name, country, options, line.feed, held=lambda: ear.lesson is not None)
        self._line = line
        self._port = line.port
        self._voice = voice
        self._ear = ear
        self._options = options
        self._incoming_over_s = float("-inf")
        """When our end of the last call that came in was put down, and the caller had not gone."""

    # -- what the port tells -----------------------------------------------------------
    def told(self, event: ExchangeLineEvent | PortEvent) -> None:
        """Take an event of the port that is not ringing."""
        match event:
            case LineSeized():
                log.info("%s: seized, %.0f mA at %.0f V", self.name, event.loop_ma, event.line_v)
                self.far_end.seized(outgoing=self._line.machine.state is State.SEIZING)
                self._line.feed(Event.SEIZED)
            case LoopBroken():
                self.far_end.loop_broken()
            case PolarityChanged() if self._line.machine.state in _SEIZED:
                self.far_end.polarity_changed()
            case LineDead():
                self._line.feed(Event.BATTERY_GONE if event.dead else Event.BATTERY_BACK)
            case ForeignVoltage():
                self._line.feed(Event.BATTERY_GONE if event.foreign else Event.BATTERY_BACK)
            case LineInUse():
                self._line.feed(Event.PARALLEL_LIFTED if event.in_use else Event.PARALLEL_GONE)
            case _ if (known := _EVENTS.get(type(event))) is not None:
                self._line.feed(known)

    def without_dial_tone(self, waited_s: float) -> Event:
        """What it means that none was heard for so long after the line was seized."""
        if self._options.dial_blind:
            return Event.DIAL_TONE
        held = now_s() - self._incoming_over_s < HELD_S
        log.warning("%s: no dial tone within %.0f s", self.name, waited_s)
        fetches = self._options.caller_id == "japan"  # then we fetched a number; on hook again the line is rung
        if held or fetches or not self._options.target:
            return Event.NO_DIAL_TONE
        self.far_end.glared()
        return Event.GLARE

    # -- what is wanted of them --------------------------------------------------------
    def seize(self) -> None:
        """Take the line; a port that cannot is told of as if no current had come."""
        try:
            self._port.seize(quick=self._line.machine.state is State.FETCHING)
        except HardwareError as error:
            log.info("%s: cannot be seized: %s", self.name, error.reason)
            asyncio.get_running_loop().call_soon(self._line.feed, Event.NO_CURRENT)

    def release(self, *, incoming: bool) -> None:
        """Put the line down. incoming: its call came in. Raises HardwareError."""
        self.far_end.over()
        if incoming and not self.far_end.gone:
            self._incoming_over_s = now_s()
        self._port.release()

    def dial(self, digits: str) -> None:
        """By tones or pulses; `Event.DIALLED` tells their end. Raises HardwareError."""
        log.info("%s: dials %s by %s", self.name, digits, "pulses" if self._options.pulses else "tones")
        took_s = dial(self._port, self._voice, digits, self._options)
        if took_s is not None:
            asyncio.get_running_loop().call_later(took_s, self._line.feed, Event.DIALLED)

    def flash(self) -> None:
        """Flash to the exchange in a call; what it answers, a dial tone often, is no end of the call."""
        try:
            self._port.flash(self._options.flash_ms)
        except HardwareError as error:
            log.info("%s: no flash: %s", self.name, error.reason)
        else:
            self.far_end.flashed()

    def talk(self, *, faxes: bool) -> None:
        """A call is up: its keys are listened for, and its end. faxes: fax machines too."""
        self._ear.to_call(faxes=faxes)
        self.far_end.talking()

    def deafen(self) -> None:
        """What the exchange says is of no interest now."""
        self.far_end.deaf()
        self._ear.to_who_calls()
