"""One FXO port on an Si3050: what `firmware/lines` commands and asks.

It fulfils `exchange_port.py`. Start-up (`daa_setup.py`) waits and belongs into a thread; everything else is a few
register accesses. What has a deadline, ringing, loop and voltages, pulses and the overload protection, is the native
scanner's (`exchange_watch.py`), which also notices failures and tells them as PortFailed.
"""

from __future__ import annotations

import logging

from drivers.bus import Bus
from drivers.card_port import CardPort
from drivers.daa_chip import DaaChip, DaaIdentity
from drivers.daa_levels import DaaCodes, daa_codes
from drivers.daa_registers import CURRENT_STEP_MA, FORCED_RESISTOR, OFF_HOOK_BIT, ON_HOOK, Reg
from drivers.daa_setup import bring_up
from drivers.errors import HardwareError
from drivers.exchange_port import ExchangeLineProfile, ExchangeLineReadings
from drivers.exchange_watch import ExchangeWatch, native_profile
from drivers.ports import PortRecovered
from drivers.startup import Waits

log = logging.getLogger(__name__)


class Daa(CardPort[DaaChip, ExchangeWatch]):
    """An FXO port. Commands raise HardwareError when the chip does not answer.

    name: of the port. cs: chip select. slot: PCM time slot, 0 to 127. A start blocks for some 0.2 s, 6 s when the line
    side is dead; it resets the chip in any case.
    """

    def __init__(self, name: str, bus: Bus, cs: int, slot: int, profile: ExchangeLineProfile) -> None:
        super().__init__(name, slot, DaaChip(name, bus, cs))
        self.profile = profile
        self.identity: DaaIdentity | None = None

    @property
    def calibration(self) -> bytes:
        """Nothing to store: the chip calibrates itself whenever it goes off hook."""
        return b""

    # -- start and end ----------------------------------------------------------------------
    def _begin(self, after_reset: bool) -> Waits:
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

    def _make_safe(self) -> None:
        if self.identity is None:
            return  # nothing that this driver knows answers there; it is not written to
        try:
            self._chip.write(Reg.HOOK, ON_HOOK)
        except HardwareError as error:
            log.warning("%s: line not known to be released: %s", self.name, error.reason)

    # -- commands ---------------------------------------------------------------------------
    def seize(self, *, quick: bool = False) -> None:
        """Take the line; LineSeized or NoLoopCurrent follows. ChipError while ringing voltage is on it."""
        self._serving().seize(quick=quick)

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
