"""What the user of one telephone dials, with keys or a dial: from dial tone to a number, and in a call.

It takes the digits of `fxs_line.py`, knows hotline and the codes of a rotary set (`line_options.py`), and tells the
machine when a number is ready. How digits become a number: `dialling.py`.
"""

from __future__ import annotations

import logging
from typing import Protocol

from firmware.lines.dialling import DialledNumber, Progress, pulsed_digit
from firmware.lines.flash_table import Other
from firmware.lines.fxs_leg import FxsLeg
from firmware.lines.fxs_machine import Event, FxsMachine, State
from firmware.lines.line_options import LineOptions
from firmware.lines.other_call import OtherCall
from firmware.telephony.number import NumberPlan

log = logging.getLogger(__name__)


class Line(Protocol):
    """The line, as far as dialling goes (`fxs_line.FxsLine`)."""

    name: str
    machine: FxsMachine
    options: LineOptions
    other: OtherCall
    leg: FxsLeg | None

    def feed(self, event: Event) -> None: ...
    def flash(self) -> None: ...
    def wait_for_more(self) -> None: ...


class DialDesk:
    """Of one line. coding: the country's, see `dialling.pulsed_digit`."""

    def __init__(self, line: Line, plan: NumberPlan, coding: str) -> None:
        self.digit = ""
        """The last one."""
        self._line = line
        self._options = line.options
        self._number = DialledNumber(plan, line.options.rotary, numbers_known=line.options.numbers_known)
        self._coding = coding
        self._by_pulses = False

    @property
    def number(self) -> str:
        """What has been dialled so far."""
        return self._number.digits

    def clear(self) -> None:
        self._number.clear()

    @property
    def warm(self) -> bool:
        """Whether the hotline is called when nothing is dialled; not beside a call that is held."""
        return bool(self._options.hotline) and self._line.other.held is None

    # -- what the user does ------------------------------------------------------------
    def lifted(self) -> None:
        """The handset is off: dial tone, or the hotline at once."""
        resting = self._line.machine.state in (State.IDLE, State.OUT_OF_SERVICE)
        if resting and self._options.hotline and not self._options.hotline_s:
            self._call_hotline()
        else:
            self._line.feed(Event.OFF_HOOK)

    def take(self, digit: str, *, by_pulses: bool = False) -> None:
        """A digit, heard as a tone or counted as pulses."""
        log.debug("%s: a digit", self._line.name)
        self.digit, self._by_pulses = digit, by_pulses
        self._line.feed(Event.DIGIT)

    def take_pulses(self, counted: str) -> None:
        """A digit of the dial, or the one that stands for the R key in a call. counted: "0" for ten pulses."""
        digit = pulsed_digit(counted, self._coding)
        in_call = self._line.leg is not None and self._line.machine.state is not State.ORDERING
        if digit == self._options.rotary.recall and in_call:
            log.info("%s: recall by dial", self._line.name)
            self._line.flash()
        else:
            self.take(digit, by_pulses=True)

    def takes_flash(self, open_ms: float) -> bool:
        """True when an opening of that length was no R: nobody is held, so while dialling it was a slow dial's 1."""
        dialling = self._line.machine.state in (State.DIALLING, State.COLLECTING)
        alone = self._line.other.is_ is Other.NONE
        if not dialling or not alone or open_ms > self._options.longest_pulse_ms:
            return False
        self.take_pulses("1")
        return True

    def timed_out(self) -> bool:
        """Nothing was dialled in time: True when that calls the hotline."""
        if self._line.machine.state is not State.DIALLING or not self.warm:
            return False
        self._call_hotline()
        return True

    # -- what the machine says ---------------------------------------------------------
    def collect(self) -> None:
        """The last action of its rows, so that a ready number is called before the next digit comes."""
        progress = self._number.add(self.digit, by_pulses=self._by_pulses)
        if progress is Progress.READY:
            self._line.feed(Event.NUMBER_READY)
        elif progress is Progress.COMPLETE:
            self._line.wait_for_more()

    def pass_on(self) -> None:
        """Tones travel in the audio; pulses are heard by nobody, so the other end is told of them."""
        if (leg := self._line.leg) is None:
            return
        if self._by_pulses:
            leg.signalled(self.digit)
        else:
            leg.digit(self.digit)

    def _call_hotline(self) -> None:
        log.info("%s: calls its hotline %s", self._line.name, self._options.hotline)
        self._number.digits = self._options.hotline
        self._line.feed(Event.HOTLINE)
