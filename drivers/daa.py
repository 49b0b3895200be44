"""One FXO port on an Si3050: what `firmware/lines` commands and asks.

It fulfils `exchange_port.py`. Start-up (`daa_setup.py`) waits and belongs into a thread; everything else is a few
register accesses. What has a deadline, ringing, loop and voltages, pulses and the overload protection, is the native
scanner's (`exchange_watch.py`), which also notices failures and tells them as PortFailed.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress

from drivers.bus import Bus
from drivers.daa_chip import DaaChip, DaaIdentity
from drivers.daa_levels import DaaCodes, daa_codes
from drivers.daa_registers import CURRENT_STEP_MA, FORCED_RESISTOR, OFF_HOOK_BIT, ON_HOOK, Reg
from drivers.daa_setup import bring_up
from drivers.errors import ChipError, HardwareError, Trouble
from drivers.exchange_port import ExchangeLineProfile, ExchangeLineReadings
from drivers.exchange_watch import ExchangeWatch, native_profile
from drivers.ports import EventSink, PortRecovered
from drivers.scanner import Scanner
from drivers.slic_calibration import Waits
from drivers.slic_setup import run_together

log = logging.getLogger(__name__)


class Daa:
    """An FXO port. Commands raise HardwareError when the chip does not answer.

    name: of the port. cs: chip select. slot: PCM time slot, 0 to 127.
    """

    def __init__(self, name: str, bus: Bus, cs: int, slot: int, profile: ExchangeLineProfile) -> None:
        self.name = name
        self.slot = slot
        self.profile = profile
        self.in_service = False
        self.failure = "not started"
        self.trouble = Trouble.STARTING
        self.identity: DaaIdentity | None = None
        self.scanner: Scanner | None = None
        """Who watches the line once it is started; commands need it."""
        self.tell: EventSink = _tell_nobody
        """Told PortRecovered whenever the port comes into service, in the thread that starts it."""
        self._watch: ExchangeWatch | None = None
        self._chip = DaaChip(name, bus, cs)
        self._starting = threading.Lock()
        self._given_up = False

    @property
    def calibration(self) -> bytes:
        """Nothing to store: the chip calibrates itself whenever it goes off hook."""
        return b""

    # -- start and end ----------------------------------------------------------------------
    def recover(self) -> None:
        """Start anew without the card's reset line. Blocks for some 0.2 s, 6 s when the line side is dead."""
        with self._starting:
            self._end_watch()
            failures = run_together(self._chip.bus, {self.name: self.begin(after_reset=False)})
        if failures:
            raise failures[self.name]

    def begin(self, *, after_reset: bool) -> Waits:
        """The start as a generator for `run_together`; keeps the reason when it fails. It resets the chip anyway."""
        try:
            for wait_ms in self._begin():
                if self._given_up:
                    raise self._chip.error("closed before it was ready")
                yield wait_ms
        except HardwareError as error:
            self.out_of_service(error.reason, error.trouble)
            raise

    def _begin(self) -> Waits:
        self.identity = None
        try:
            codes = daa_codes(self.profile)
        except ValueError as error:
            raise self._chip.error(str(error)) from error
        found: list[DaaIdentity] = []
        yield from bring_up(self._chip, codes, self.slot, self.profile.law, found)
        self.identity = found[0]
        self.failure, self.in_service = "", True
        log.info("%s: %s in service, set up for %s", self.name, self.identity, self.profile.termination)
        self.tell(PortRecovered(self.name, self._chip.bus.now_us() / 1e6))
        self._begin_watch(codes)

    def _begin_watch(self, codes: DaaCodes) -> None:
        if self.scanner is None:
            return
        resistor = self._chip.read(Reg.RESISTOR) & FORCED_RESISTOR
        native = native_profile(self.profile, 0, resistor, codes.control5)
        if self._watch is None:
            self._watch = self.scanner.add_exchange_line(self.name, self._chip.cs, native)
        else:
            self._watch.rearm(native)

    def out_of_service(self, reason: str, trouble: Trouble = Trouble.SET_UP) -> None:
        """Note why the port is lost and release its line as far as the chip still listens."""
        if self.failure != reason:  # a port that is tried every few seconds says so once
            log.error("%s: out of service: %s", self.name, reason)
        self.in_service, self.failure, self.trouble = False, reason, trouble
        self._end_watch()
        self._hang_up()

    def give_up(self) -> None:
        """Let a start or recovery that runs in another thread end at its next step."""
        self._given_up = True

    def close(self) -> None:
        """Put the line on hook and stop talking to the chip; waits for a recovery in another thread to give up."""
        self.give_up()
        with self._starting:
            self.in_service, self.failure, self.trouble = False, "closed", Trouble.STARTING
            self._end_watch()
            self._hang_up()

    def _end_watch(self) -> None:
        if self._watch is not None:
            with suppress(HardwareError):  # the scanner has given it up already
                self._watch.remove()

    def _hang_up(self) -> None:
        if self.identity is None:
            return  # nothing that this driver knows answers there; it is not written to
        try:
            self._chip.write(Reg.HOOK, ON_HOOK)
        except HardwareError as error:
            log.warning("%s: line not known to be released: %s", self.name, error.reason)

    # -- commands ---------------------------------------------------------------------------
    def seize(self) -> None:
        """Take the line; LineSeized or NoLoopCurrent follows. ChipError while ringing voltage is on it."""
        self._serving().seize()

    def release(self) -> None:
        """Put the line on hook, whatever it does."""
        self._serving().release()

    def pulse_dial(self, digits: str) -> None:
        """Dial 1 to 32 digits 0-9 with pulses; DigitsSent follows."""
        self._serving().dial(digits)

    def flash(self, ms: int) -> None:
        """Open the loop for 50 to 1000 ms; FlashSent follows."""
        self._serving().flash(ms)

    def readings(self) -> ExchangeLineReadings:
        """Read voltage, current and states from the chip now (section 7)."""
        code = self._chip.read(Reg.VOLTAGE)
        return ExchangeLineReadings(
            off_hook=bool(self._chip.read(Reg.HOOK) & OFF_HOOK_BIT),
            ringing=self._watch is not None and self._watch.ringing,
            loop_v=float(code - 256 if code & 0x80 else code),
            loop_ma=self._chip.read(Reg.CURRENT) * CURRENT_STEP_MA,
        )

    def _serving(self) -> ExchangeWatch:
        if not self.in_service:
            raise ChipError(self.name, f"not in service: {self.failure}")
        if self._watch is None:
            raise ChipError(self.name, "no scanner watches this line")
        return self._watch


def _tell_nobody(_event: object) -> None:
    pass
