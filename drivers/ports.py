"""The face of a line port: events it tells, commands it takes.

`firmware/lines` sees only this file and `errors.py`; `slic.py` fulfils it for
FXS. Events are past tense and frozen, commands imperative. Commands are short
(a few SPI accesses, well under 1 ms) and never wait; set-up, which waits for
calibrations, runs in a thread before the port is handed over.

Times are seconds on the board's clock (CLOCK_MONOTONIC, or the stepped clock).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from drivers.errors import Trouble


@dataclass(frozen=True, slots=True)
class OffHook:
    """The loop was closed for longer than the debounce, or ringing was tripped (`ring_trip`)."""

    port: str
    at_s: float
    ring_trip: bool = False


@dataclass(frozen=True, slots=True)
class OnHook:
    """The loop stayed open for longer than every flash and pulse of the port's profile."""

    port: str
    at_s: float


@dataclass(frozen=True, slots=True)
class HookFlash:
    """The loop was open for a time inside the profile's flash window."""

    port: str
    at_s: float
    open_ms: float


@dataclass(frozen=True, slots=True)
class PulseDigitDialled:
    """A train of dial pulses ended: one digit, `0` for ten pulses."""

    port: str
    at_s: float
    digit: str


@dataclass(frozen=True, slots=True)
class PortFailed:
    """The port is out of service; `reason` is a plain sentence. Its line is open and silent."""

    port: str
    at_s: float
    reason: str
    trouble: Trouble = Trouble.SET_UP


@dataclass(frozen=True, slots=True)
class PortRecovered:
    """The port is in service again, on hook and idle."""

    port: str
    at_s: float


@dataclass(frozen=True, slots=True)
class RingPartBegan:
    """The part of the ringing that `RingOpening.told` asked for has begun."""

    port: str
    at_s: float
    part: int


PortEvent = OffHook | OnHook | HookFlash | PulseDigitDialled | PortFailed | PortRecovered | RingPartBegan


class Feed(enum.Enum):
    """Line-feed states a port machine asks for (Si321x linefeed states, data sheet DR64)."""

    OPEN = "open"
    ACTIVE = "active"
    ACTIVE_REVERSED = "active-reversed"
    ON_HOOK_TRANSMISSION = "on-hook-transmission"
    LOW_POWER = "low-power"  # forward active with the smallest current limit: parked off-hook telephones
    LAMP = "lamp"  # forward active with the highest voltage on hook: neon lamps of waiting messages light


@dataclass(frozen=True, slots=True)
class RingOpening:
    """How ringing begins where data are sent with it.

    first_ms: on, off[, on, off ...] played once before the cadence, at most four pairs; a first "on" of 0 lets
    it begin with a pause. told: part, counted from 0 through first_ms and cadence, whose beginning is told as
    `RingPartBegan`; -1 for none. In parts that are off the line carries sound. reversed: the polarity is
    reversed from the first part on, until the telephone is lifted or ringing stops.
    """

    first_ms: tuple[int, ...] = ()
    told: int = -1
    reversed: bool = False


AT_ONCE = RingOpening()
"""The cadence, and nothing before it."""


@dataclass(frozen=True, slots=True)
class HookProfile:
    """What an opening of the loop means, by its length in ms. Windows are inclusive.

    glitch_ms: shorter openings mean nothing. pulse_*: a dial pulse (ignored when
    `pulse_dialling` is off). flash_*: a hook flash. Longer than both maxima: on hook. train_max_ms: openings up
    to here are pulses too when another one is less than 100 ms away, as of a slow dial.
    digit_gap_ms: a closed loop this long ends a pulse digit (200 to 300 ms usual).
    """

    glitch_ms: int = 15
    pulse_min_ms: int = 15
    pulse_max_ms: int = 79
    train_max_ms: int = 96
    flash_min_ms: int = 80
    flash_max_ms: int = 130
    digit_gap_ms: int = 250
    pulse_dialling: bool = True


@dataclass(frozen=True, slots=True)
class LineProfile:
    """Electrical set-up of one FXS port, chosen by country and settings.

    ring_hz: 16 to 60. ring_v_rms: 40 to 90, at the port into 1 REN. impedance: a TISS name of
    the chip sheet's section 12, "600", "900", "tbr21", "220+820||120n" ... loop_ma: 20 to 41.
    tx_gain_db (telephone to highway) and rx_gain_db (highway to telephone): -12 to +6.
    law: "alaw" or "ulaw", the highway's companding. metering_hz: of `meter_pulse`, 12000 or 16000, 0 for none.
    most_ren: load of all ringers, 2 to 5; with fewer, a telephone at the end of a longer line trips the ringing.
    """

    ring_hz: float = 25.0
    ring_v_rms: float = 60.0
    impedance: str = "tbr21"
    loop_ma: int = 20
    tx_gain_db: float = 0.0
    rx_gain_db: float = 0.0
    law: str = "alaw"
    metering_hz: int = 0
    most_ren: float = 5.0
    hook: HookProfile = HookProfile()


@dataclass(frozen=True, slots=True)
class PortReadings:
    """What the chip measures now. loop_v is tip minus ring (negative when reversed)."""

    off_hook: bool
    ringing: bool
    loop_v: float
    loop_ma: float
    battery_v: float
    feed: str


class FxsPort(Protocol):
    """One FXS port in service or not. All commands raise HardwareError when the chip does not answer."""

    name: str
    slot: int
    """Time slot on the PCM highway."""
    in_service: bool
    failure: str
    """Why the port is out of service, "" when it is in service."""
    trouble: Trouble
    """The kind of it; without meaning while the port is in service."""

    def ring(self, cadence_ms: Sequence[int], opening: RingOpening = AT_ONCE) -> None:
        """Ring until lifted (`OffHook(ring_trip=True)`) or `stop_ring`. cadence_ms: on, off[, on, off ...].

        With an opening the cadence may be empty: the line falls silent after it. A burst waits while as many
        lines ring as the board can feed at one time.
        """

    def stop_ring(self) -> None:
        """Stop ringing; the line is back to idle feed."""

    def feed(self, state: Feed) -> None:
        """Put the line feed into `state`; refused (ChipError) while ringing."""

    def open_interval(self, ms: int) -> None:
        """Open the loop for 100 to 1000 ms, then feed again as before (CPC disconnect, GR-506)."""

    def now_s(self) -> float:
        """The board's clock, by which events are stamped."""

    def meter_pulse(self) -> None:
        """Send one metering pulse of the profile's frequency; refused (ChipError) by a chip that has none."""

    def readings(self) -> PortReadings:
        """Read voltage, current and states from the chip now."""

    def close(self) -> None:
        """Open the line and stop talking to the chip."""


EventSink = Callable[[PortEvent], None]
