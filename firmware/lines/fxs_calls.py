"""The calls of one telephone line: its legs from the first ring or the number dialled to their end.

`fxs_line.py` says what the line's machine wants of the call that the telephone is busy with. A second one, on hold or
waiting: `other_call.py`. The leg itself: `fxs_leg.py`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from drivers.errors import HardwareError
from drivers.ports import FxsPort
from firmware.lines.did_digits import DidDigits
from firmware.lines.flash_table import Other
from firmware.lines.fxs_leg import FxsLeg
from firmware.lines.fxs_machine import RELEASES, Event
from firmware.lines.line_options import LineOptions
from firmware.lines.line_sender import LineSender
from firmware.lines.other_call import OtherCall
from firmware.telephony.cause import Cause
from firmware.telephony.leg import LegListener, Party

log = logging.getLogger(__name__)


class CalledLine(Protocol):
    """The line, as far as its calls need it (`fxs_line.FxsLine`)."""

    name: str
    port: FxsPort
    party: Party
    options: LineOptions
    other: OtherCall
    sender: LineSender
    leg: FxsLeg | None

    def feed(self, event: Event) -> None: ...


class Voice(Protocol):
    """The line's slot in the media engine, as far as calls go (`media.endpoints.Slot`)."""

    id: int

    def play_digit(self, digit: str, ms: int) -> None: ...


class FxsCalls:
    """Of one line, to whose legs it listens. listener: the exchange of the house."""

    def __init__(self, line: CalledLine, voice: Voice, listener: LegListener) -> None:
        self._line = line
        self._voice = voice
        self._listener = listener
        self._serial = 0
        trunk = line.options.trunk
        self._did = DidDigits(trunk, voice.play_digit) if trunk is not None else None

    def new_leg(self) -> FxsLeg:
        """One more leg of this line, beside the party on hold if there is one."""
        self._serial += 1
        line = self._line
        leg = FxsLeg(self, f"{line.name}/{self._serial}", line.party, self._listener, self._voice.id)
        leg.beside = line.other.held
        leg.steady_ms = line.options.steady_ms
        return leg

    # -- what the legs tell ------------------------------------------------------------
    def leg_event(self, leg: FxsLeg, event: Event) -> None:
        """What the exchange says to a leg: to the machine, if the telephone is busy with that one."""
        other = self._line.other
        if leg is not self._line.leg:
            if event is Event.CALL_COMES:
                other.alert(leg)
        elif not (event in RELEASES and other.is_ is Other.THREE_WAY):
            self._line.feed(event)

    def leg_ended(self, leg: FxsLeg) -> None:
        """The leg is over; the telephone may still be off hook."""
        if self._did is not None:
            self._did.stop()
        self._line.other.ended(leg)

    def play_digit(self, digit: str, ms: int) -> None:
        """Let the telephone hear a digit that the far end signalled beside the audio."""
        self._voice.play_digit(digit, ms)

    # -- what the machine says ---------------------------------------------------------
    def place(self, number: str) -> None:
        """Call `number` for the telephone."""
        leg = self._line.leg = self.new_leg()
        leg.called = Party(number)
        asyncio.get_running_loop().call_soon(self._announce, leg)

    def _announce(self, leg: FxsLeg) -> None:
        if not leg.over:
            self._listener.leg_arrived(leg)

    def ring(self) -> None:
        """Ring the telephone for its leg, which ends if that cannot be."""
        leg = self._line.leg
        assert leg is not None
        try:
            self._line.sender.ring(leg.rings_for)
        except HardwareError as error:
            log.warning("%s: cannot ring: %s", self._line.name, error.reason)
            # A port in service refuses only when its telephone is being lifted right now.
            cause = Cause.USER_BUSY if self._line.port.in_service else Cause.DESTINATION_OUT_OF_ORDER
            asyncio.get_running_loop().call_soon(leg.release, cause)
            return
        leg.ringing()

    def stop_ringing(self) -> None:
        """Answered, or given up. Raises HardwareError."""
        self._line.sender.stop()
        self._line.port.stop_ring()

    def answer(self) -> None:
        """The telephone that rang was lifted. An old PBX is told first whom the call is for."""
        leg, other = self._line.leg, self._line.other
        if self._did is not None and leg is not None and not leg.up:
            self._did.pass_on(leg.request.called.number, other.answered)
        else:
            other.answered()

    def end(self, cause: Cause) -> None:
        """The call that the telephone is busy with is over."""
        if self._line.leg is not None:
            self._line.leg.ended(cause)

    def fail(self) -> None:
        """The line is out of order, and every call of it is over."""
        self._line.other.end(Cause.DESTINATION_OUT_OF_ORDER)
        self.end(Cause.DESTINATION_OUT_OF_ORDER)

    def pass_flash(self) -> None:
        """Tell the exchange of a flash that is no service of the telephone."""
        if self._line.leg is not None:
            self._line.leg.flashed()
