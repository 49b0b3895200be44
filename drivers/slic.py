"""One FXS port on a Si3210 or Si3215: what `firmware/lines` commands and asks.

It fulfils `ports.FxsPort`. Start-up (`slic_setup.py`) waits and belongs into a thread;
everything else is a few register accesses. What has a deadline, the ring cadence, open intervals
and the hook, is done by the native scanner (`scanner.py`), to which the port hands its wishes;
the scanner also notices alarms and tells them as PortFailed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from drivers.bus import Bus
from drivers.card_port import CardPort
from drivers.errors import HardwareError
from drivers.ports import AT_ONCE, Feed, LineProfile, PortReadings, PortRecovered, RingOpening
from drivers.scanner import ScannerPort
from drivers.slic_calibration import is_finished
from drivers.slic_chip import Identity, SlicChip
from drivers.slic_feed import ON_HOOK_CODE, prove, quiet
from drivers.slic_levels import LineCodes, line_codes, ring_ceiling_v_rms
from drivers.slic_metering import can_meter, prepare, pulse
from drivers.slic_registers import (
    LOOP_CURRENT_STEP_MA,
    LOOP_VOLT_STEP_V,
    MAGNITUDE_BITS,
    SENSE_STEP_V,
    SIGN_BIT,
    Direct,
    Linefeed,
)
from drivers.slic_setup import Outcome, Wanted, power_up
from drivers.startup import Waits

log = logging.getLogger(__name__)

_LINEFEED = {
    Feed.OPEN: Linefeed.OPEN,
    Feed.ACTIVE: Linefeed.FORWARD_ACTIVE,
    Feed.ACTIVE_REVERSED: Linefeed.REVERSE_ACTIVE,
    Feed.ON_HOOK_TRANSMISSION: Linefeed.FORWARD_ON_HOOK_TRANSMISSION,
    Feed.LOW_POWER: Linefeed.FORWARD_ACTIVE,
    Feed.LAMP: Linefeed.FORWARD_ACTIVE,
}
_FEED_NAMES = {
    Linefeed.OPEN: "open",
    Linefeed.FORWARD_ACTIVE: "active",
    Linefeed.FORWARD_ON_HOOK_TRANSMISSION: "on-hook-transmission",
    Linefeed.TIP_OPEN: "tip-open",
    Linefeed.RINGING: "ringing",
    Linefeed.REVERSE_ACTIVE: "active-reversed",
    Linefeed.REVERSE_ON_HOOK_TRANSMISSION: "on-hook-transmission-reversed",
    Linefeed.RING_OPEN: "ring-open",
}
_LOWEST_CURRENT = 0
"""ILIM code of 20 mA, the least the chip can limit to."""


class Slic(CardPort[SlicChip, ScannerPort]):
    """An FXS port. Commands raise HardwareError when the chip does not answer.

    name: of the port. cs: chip select. slot: PCM time slot, 0 to 127. calibration: what `calibration`
    gave at an earlier start, or None. chip: the family the board file names, None for either. A start blocks for up to
    5 s the first time.
    """

    def __init__(
        self,
        name: str,
        bus: Bus,
        cs: int,
        slot: int,
        profile: LineProfile,
        calibration: bytes | None = None,
        chip: str | None = None,
    ) -> None:
        super().__init__(name, slot, SlicChip(name, bus, cs))
        self.profile = profile
        self.identity: Identity | None = None
        self._expected = chip
        self._calibration = calibration or b""
        self._codes: LineCodes | None = None
        self._meters = False

    # -- start and end ----------------------------------------------------------------------
    def _begin(self, after_reset: bool) -> Waits:
        self.identity = None
        identity = self._chip.identify(self._expected, after_reset)
        self.identity = identity
        self._meters = False
        if self.profile.metering_hz and not can_meter(identity.family):
            log.warning("%s: a %s has no metering pulses, none will be sent", self.name, identity.part)
        try:
            self._codes = line_codes(self.profile, identity.family)
        except ValueError as error:
            raise self._chip.error(str(error)) from error
        if self.profile.ring_v_rms > ring_ceiling_v_rms():
            log.warning("%s: rings with %.0f V rms, not %.0f", self.name, ring_ceiling_v_rms(), self.profile.ring_v_rms)
        outcome = Outcome()
        vector = self._stored_vector(identity)
        yield from power_up(self._chip, identity, Wanted(self._codes, self.slot, vector), outcome)
        if not after_reset:
            yield from prove(self._chip)
        self._calibration = identity.octets + outcome.vector if outcome.complete else b""
        self.failure, self.in_service = "", True
        log.info("%s: %s in service, calibration %s", self.name, identity, "stored" if vector else "new")
        self.tell(PortRecovered(self.name, self._chip.bus.now_us() / 1e6))
        self._begin_watch()  # last, so that an off-hook telephone is told after PortRecovered

    def _stored_vector(self, identity: Identity) -> bytes | None:
        """The stored calibration when it was made by a chip like this one."""
        vector = self._calibration[len(identity.octets) :]
        if self._calibration.startswith(identity.octets) and is_finished(vector):
            return vector
        if self._calibration:
            log.info("%s: stored calibration does not fit %s, calibrates anew", self.name, identity)
        return None

    @property
    def calibration(self) -> bytes:
        """Octets to store for the next start; b"" when calibration was not complete (telephone off hook)."""
        return self._calibration

    def _begin_watch(self) -> None:
        if self.scanner is None:
            return
        if self._watch is None:
            self._watch = self.scanner.add(self.name, self._chip.cs, self.profile.hook)
        else:
            self._watch.rearm()

    def _make_safe(self) -> None:
        if self.identity is None:
            return  # nothing that this driver knows answers there; it is not written to
        try:
            quiet(self._chip)
        except HardwareError as error:
            log.warning("%s: line not known to be open: %s", self.name, error.reason)

    # -- commands ---------------------------------------------------------------------------

    def ring(self, cadence_ms: Sequence[int], opening: RingOpening = AT_ONCE) -> None:
        """Ring until lifted (`OffHook(ring_trip=True)`) or `stop_ring`. cadence_ms: on, off[, on, off ...]."""
        self._serving().ring(cadence_ms, opening)

    def stop_ring(self) -> None:
        """Stop ringing; the line is back to its idle feed."""
        self._serving().stop_ring()

    def open_interval(self, ms: int) -> None:
        """Open the loop for 100 to 1000 ms, then feed as before."""
        if not 100 <= ms <= 1000:
            raise ValueError(f"{self.name}: open interval of {ms} ms, allowed 100 to 1000 ms")
        self._serving().open_interval(ms)

    def feed(self, state: Feed) -> None:
        """Put the line feed into `state`; refused while ringing."""
        watch = self._serving()
        if watch.ringing:
            raise self._chip.error(f"line feed {state.value} refused while ringing")
        assert self._codes is not None
        limit = _LOWEST_CURRENT if state is Feed.LOW_POWER else self._codes.current_limit
        self._chip.write(Direct.LOOP_CURRENT_LIMIT, limit)
        self._chip.write(Direct.ON_HOOK_VOLTAGE, self._codes.lamp_voltage if state is Feed.LAMP else ON_HOOK_CODE)
        watch.feed(_LINEFEED[state])

    def now_s(self) -> float:
        """The board's clock, by which events are stamped."""
        return self._chip.bus.now_us() / 1e6

    def meter_pulse(self) -> None:
        """Send one metering pulse; refused where profile or chip have none."""
        self._serving()
        assert self.identity is not None
        if not self.profile.metering_hz or not can_meter(self.identity.family):
            raise self._chip.error(f"a {self.identity.part} has no metering pulses, or the line wants none")
        if not self._meters:
            prepare(self._chip, self.profile.metering_hz)
            self._meters = True
        pulse(self._chip)

    def readings(self) -> PortReadings:
        """Read voltage, current and states from the chip now (sections 4 and 11)."""
        state = Linefeed(self._chip.read(Direct.LINEFEED) >> 4 & 0x07)
        status = self._chip.read(Direct.LOOP_STATUS)
        ringing = state is Linefeed.RINGING or (self._watch is not None and self._watch.ringing)
        return PortReadings(
            off_hook=bool(status & 0x01),
            ringing=ringing,
            loop_v=signed(self._chip.read(Direct.LOOP_VOLTAGE)) * LOOP_VOLT_STEP_V,
            loop_ma=signed(self._chip.read(Direct.LOOP_CURRENT)) * LOOP_CURRENT_STEP_MA,
            battery_v=self._chip.read(Direct.BATTERY_SENSE) * SENSE_STEP_V,
            feed=_FEED_NAMES[state],
        )


def signed(code: int) -> int:
    """Sign and magnitude of DR78 and DR79: positive when tip stands above ring."""
    magnitude = code & MAGNITUDE_BITS
    return -magnitude if code & SIGN_BIT else magnitude
