"""The calls of one exchange line: at most one leg, and of a call that comes in who makes it and when it is passed on.

`fxo_line.py` says what the line's machine wants of it. Who rings: `fxo_caller.py`; the leg itself: `fxo_leg.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from drivers.exchange_port import RingBegan, RingEnded
from firmware.lines.fxo_caller import FxoCaller
from firmware.lines.fxo_leg import FxoLeg, TrunkLine
from firmware.lines.fxo_machine import Event, FxoMachine, State
from firmware.lines.fxo_options import FxoOptions
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Leg, LegListener, Party

log = logging.getLogger(__name__)


class CalledLine(TrunkLine, Protocol):
    """The line, as far as its calls need it (`fxo_line.FxoLine`)."""

    name: str
    party: Party
    machine: FxoMachine

    def feed(self, event: Event) -> None: ...


class FxoCalls:
    """Of one line. listener: the exchange of the house. endpoint: the line's slot in the media engine."""

    def __init__(self, line: CalledLine, options: FxoOptions, listener: LegListener, endpoint: int) -> None:
        self.leg: FxoLeg | None = None
        self.caller = FxoCaller(line.name, options, self._caller_known)
        self._line = line
        self._options = options
        self._listener = listener
        self._endpoint = endpoint
        self._serial = 0

    @property
    def incoming(self) -> bool:
        """Whether there is a call that somebody outside has made."""
        return self.leg is not None and not self.leg.number

    # -- a call comes in ---------------------------------------------------------------
    def ring_began(self, event: RingBegan) -> None:
        """A burst of ringing voltage: one more ring of the same call, or the first."""
        self.caller.began(event.at_s, event.hz)
        self._line.feed(Event.RING)
        self._offer()

    def ring_ended(self, event: RingEnded) -> None:
        """A burst is over; in Japan it may have asked the line to fetch the number."""
        self.caller.rings.ended(event.at_s)
        self._line.feed(Event.QUIET)
        if self.caller.must_fetch(event.ms):
            self._line.feed(Event.FETCH)

    def announce(self) -> None:
        """Pass the call on to the exchange of the house."""
        leg = self.leg = self._new_leg()
        leg.party = self._calling_party()
        leg.called = Party(self.caller.target)
        leg.connects_later = True  # not in a burst of ringing
        asyncio.get_running_loop().call_soon(self._arrive, leg)

    def _offer(self) -> None:
        if self.caller.may_be_offered():
            self._line.feed(Event.RINGS_ENOUGH)

    def _caller_known(self) -> None:
        """Or waited for in vain."""
        if self.caller.party is not None:
            self._line.feed(Event.FETCHED)
        self._offer()
        leg = self.leg
        if leg is not None and self._line.machine.state is State.OFFERED and leg.party != self._calling_party():
            leg.party = self._calling_party()
            leg.tell(self._listener.leg_identified)

    def _calling_party(self) -> Party:
        caller = self.caller.party or Party("")  # the line's own number is not theirs
        return Party(self._options.callers.call_back(caller.number), caller.name or self._line.party.name)

    def _arrive(self, leg: FxoLeg) -> None:
        if self.leg is leg:
            self._listener.leg_arrived(leg)

    # -- a call goes out ---------------------------------------------------------------
    def outgoing(self, number: str) -> FxoLeg:
        """A leg that will dial `number`."""
        self.leg = self._new_leg()
        self.leg.number = number
        return self.leg

    # -- the leg -----------------------------------------------------------------------
    def tell(self, listener: Callable[[Leg], None]) -> None:
        """Tell the exchange of the house something of the leg, if there is one."""
        if self.leg is not None:
            self.leg.tell(listener)

    def digit(self, digit: str) -> None:
        """The far party pressed a key in a call."""
        if self.leg is not None:
            self.leg.tell(self._listener.leg_digit, digit)

    def metered(self) -> None:
        """The exchange has sent a metering pulse for the call."""
        if self.leg is not None:
            self.leg.metered += 1

    def fax(self) -> None:
        """The calling tone of a fax machine is heard in a call: told once, and only of one that came in."""
        leg = self.leg
        if leg is None or leg.number or leg.is_fax:
            return
        leg.is_fax = True
        log.info("%s: the calling tone of a fax machine", self._line.name)
        leg.tell(self._listener.leg_faxed, self._options.fax_to)

    def end(self, cause: Cause, gone_for_s: float) -> None:
        """The leg is over. gone_for_s: how long ago the far end had gone when that was noticed."""
        if self.leg is not None:
            self.leg.gone_for_s = gone_for_s
            self.leg.ended(cause)

    def _new_leg(self) -> FxoLeg:
        self._serial += 1
        line = self._line
        leg = FxoLeg(line, f"{line.name}/{self._serial}", line.party, self._listener, self._endpoint)
        leg.serves_flash = self._options.pass_flash
        return leg
