"""One FXS port on a Si3210 or Si3215: what `firmware/lines` commands and asks.

It fulfils `ports.FxsPort`. Start-up (`slic_setup.py`) waits and belongs into a thread;
everything else is a few register accesses. What has a deadline, the ring cadence, open intervals
and the hook, is done by the native scanner (`scanner.py`), to which the port hands its wishes;
the scanner also notices alarms and tells them as PortFailed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress

from drivers.bus import Bus
from drivers.errors import ChipError, HardwareError, Trouble
from drivers.ports import AT_ONCE, EventSink, Feed, LineProfile, PortReadings, PortRecovered, RingOpening
from drivers.scanner import Scanner, ScannerPort
from drivers.slic_calibration import Waits, is_finished
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
from drivers.slic_setup import Outcome, Wanted, power_up, run_together

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
_NOT_STARTED = "not started"


class Slic:
    """An FXS port. Commands raise HardwareError when the chip does not answer.

    name: of the port. cs: chip select. slot: PCM time slot, 0 to 127. calibration: what `calibration`
    gave at an earlier start, or None. chip: the family the board file names, None for either.
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
        self.name = name
        self.slot = slot
        self.profile = profile
        self.in_service = False
        self.failure = _NOT_STARTED
        self.trouble = Trouble.STARTING
        self.identity: Identity | None = None
        self.scanner: Scanner | None = None
        """Who watches the line once it is started; commands need it."""
        self.tell: EventSink = _tell_nobody
        """Told PortRecovered whenever the port comes into service, in the thread that starts it."""
        self._watch: ScannerPort | None = None
        self._chip = SlicChip(name, bus, cs)
        self._expected = chip
        self._calibration = calibration or b""
        self._codes: LineCodes | None = None
        self._starting = threading.Lock()
        self._given_up = False
        self._meters = False

    # -- start and end ----------------------------------------------------------------------

    def start(self) -> None:
        """Start after the card's reset line was released at least 10 ms ago. Blocks up to 5 s the first time."""
        with self._starting:
            self._run(after_reset=True)

    def recover(self) -> None:
        """Start anew without the card's reset line, which would silence the other chips. Blocks likewise."""
        with self._starting:
            self._end_watch()
            self._run(after_reset=False)

    def _run(self, *, after_reset: bool) -> None:
        failures = run_together(self._chip.bus, {self.name: self.begin(after_reset=after_reset)})
        if failures:
            raise failures[self.name]

    def begin(self, *, after_reset: bool) -> Waits:
        """The start as a generator for `slic_setup.run_together`; keeps the reason when it fails."""
        try:
            for wait_ms in self._begin(after_reset):
                if self._given_up:
                    raise self._chip.error("closed before it was ready")
                yield wait_ms
        except HardwareError as error:
            self.out_of_service(error.reason, error.trouble)
            raise

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

    def out_of_service(self, reason: str, trouble: Trouble = Trouble.SET_UP) -> None:
        """Note why the port is lost and make its line safe as far as the chip still listens."""
        if self.failure != reason:  # a port that is tried every few seconds says so once
            log.error("%s: out of service: %s", self.name, reason)
        self.in_service, self.failure, self.trouble = False, reason, trouble
        self._end_watch()
        self._open_line()

    def give_up(self) -> None:
        """Let a start or recovery that runs in another thread end at its next step."""
        self._given_up = True

    def close(self) -> None:
        """Open the line and stop talking to the chip; waits for a recovery in another thread to give up."""
        self.give_up()
        with self._starting:
            self.in_service, self.failure, self.trouble = False, "closed", Trouble.STARTING
            self._end_watch()
            self._open_line()

    def _begin_watch(self) -> None:
        if self.scanner is None:
            return
        if self._watch is None:
            self._watch = self.scanner.add(self.name, self._chip.cs, self.profile.hook)
        else:
            self._watch.rearm()

    def _end_watch(self) -> None:
        if self._watch is not None:
            with suppress(HardwareError):  # the scanner has given it up already
                self._watch.remove()

    def _open_line(self) -> None:
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

    def _serving(self) -> ScannerPort:
        if not self.in_service:
            raise ChipError(self.name, f"not in service: {self.failure}")
        if self._watch is None:
            raise ChipError(self.name, "no scanner watches this line")
        return self._watch


def _tell_nobody(_event: object) -> None:
    pass


def signed(code: int) -> int:
    """Sign and magnitude of DR78 and DR79: positive when tip stands above ring."""
    magnitude = code & MAGNITUDE_BITS
    return -magnitude if code & SIGN_BIT else magnitude
