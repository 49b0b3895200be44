"""The face of an exchange-line port (FXO): events it tells, commands it takes.

As `ports.py` is for telephone ports: `firmware/lines` sees only this file and `errors.py`, `daa.py` fulfils it.
Events are past tense and frozen, commands imperative, short, and never wait. PortFailed and PortRecovered of `ports.py`
are told of these ports too. Times are seconds on the board's clock; voltages are tip minus ring.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from drivers.errors import Trouble


@dataclass(frozen=True, slots=True)
class RingBegan:
    """Ringing voltage was recognised: the right frequency for long enough. hz: within a few per cent."""

    port: str
    at_s: float
    hz: float


@dataclass(frozen=True, slots=True)
class RingEnded:
    """The burst is over; the next one, or none, follows. ms: its length."""

    port: str
    at_s: float
    ms: int


@dataclass(frozen=True, slots=True)
class LineSeized:
    """After `seize`: the exchange feeds current. Audio is usable."""

    port: str
    at_s: float
    loop_ma: float
    line_v: float


@dataclass(frozen=True, slots=True)
class NoLoopCurrent:
    """After `seize`: nothing feeds the line; it is on hook again."""

    port: str
    at_s: float
    line_v: float


@dataclass(frozen=True, slots=True)
class LoopBroken:
    """Off hook, and no current for the profile's loop_break_ms: the exchange has opened the loop."""

    port: str
    at_s: float


@dataclass(frozen=True, slots=True)
class LoopMade:
    """Current flows again. ms: how long it did not."""

    port: str
    at_s: float
    ms: int


@dataclass(frozen=True, slots=True)
class PolarityChanged:
    """Tip and ring have changed places, on hook or off."""

    port: str
    at_s: float
    reversed: bool


@dataclass(frozen=True, slots=True)
class LineDead:
    """On hook: no battery for a second (dead), or it is back."""

    port: str
    at_s: float
    dead: bool


@dataclass(frozen=True, slots=True)
class ForeignVoltage:
    """On hook: for a second more than 75 V without ringing, as no exchange feeds (foreign), or no more."""

    port: str
    at_s: float
    foreign: bool
    line_v: float


@dataclass(frozen=True, slots=True)
class LineInUse:
    """Another telephone on the same wires was lifted (in_use) or put back; our line is on hook."""

    port: str
    at_s: float
    in_use: bool
    line_v: float


@dataclass(frozen=True, slots=True)
class ParallelLifted:
    """Off hook: voltage and current fell because another telephone was lifted (lifted), or rose again, or we went on
    hook; what is on the wires from then on is told as LineInUse."""

    port: str
    at_s: float
    lifted: bool


@dataclass(frozen=True, slots=True)
class LineOverloaded:
    """Far too much current, as from a digital extension; the line is on hook again."""

    port: str
    at_s: float
    line_v: float


@dataclass(frozen=True, slots=True)
class DigitsSent:
    """The last digit of `pulse_dial` is out."""

    port: str
    at_s: float


@dataclass(frozen=True, slots=True)
class FlashSent:
    """The loop is closed again after `flash`."""

    port: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Metered:
    """Off hook: the exchange sent a metering pulse (12 or 16 kHz). overload: so strong that voice suffers meanwhile.

    Told at its beginning, of pulses of up to 200 ms that come no faster than three a second. One too weak for the chip
    to see is not told.
    """

    port: str
    at_s: float
    overload: bool


ExchangeLineEvent = (
    RingBegan
    | RingEnded
    | LineSeized
    | NoLoopCurrent
    | LoopBroken
    | LoopMade
    | PolarityChanged
    | LineDead
    | LineInUse
    | ForeignVoltage
    | ParallelLifted
    | LineOverloaded
    | DigitsSent
    | FlashSent
    | Metered
)


@dataclass(frozen=True, slots=True)
class ExchangeLineProfile:
    """Electrical set-up of one exchange line, chosen by country and settings.

    termination: a row of `daa_countries.toml`. source: the list it stands in, "datasheet", "dahdi" or "vendor".
    law: "alaw" or "ulaw". into_call_db and to_line_db: gain from the exchange into the call and back, -12 to +6.
    ring_lowest_hz, ring_highest_hz, ring_confirm_ms: what counts as ringing. in_use_v: on hook, less voltage
    than this is another telephone's doing. loop_break_ms: an opening this long is told as LoopBroken.
    pulse_*: how digits are pulsed.
    """

    termination: str = "spain"
    source: str = "datasheet"
    law: str = "alaw"
    into_call_db: float = 0.0
    to_line_db: float = 0.0
    ring_lowest_hz: int = 15
    ring_highest_hz: int = 68
    ring_confirm_ms: int = 150
    in_use_v: int = 18
    loop_break_ms: int = 80
    pulse_break_ms: int = 60
    pulse_make_ms: int = 40
    digit_gap_ms: int = 800


@dataclass(frozen=True, slots=True)
class ExchangeLineReadings:
    """What the chip measures now."""

    off_hook: bool
    ringing: bool
    loop_v: float
    loop_ma: float


class ExchangeLinePort(Protocol):
    """One FXO port in service or not. All commands raise HardwareError when the chip does not answer or refuses."""

    name: str
    slot: int
    in_service: bool
    failure: str
    """Why the port is out of service, "" when it is in service."""
    trouble: Trouble
    """The kind of failure, while it is out of service."""

    def seize(self, *, quick: bool = False) -> None:
        """Take the line; LineSeized or NoLoopCurrent follows half a second later.

        quick: sound passes 10 ms after the loop is closed instead of 400, the chip is not calibrated (section 8).
        ChipError while ringing voltage is on it (seize after RingEnded), while another telephone on the wires is
        lifted, and with foreign voltage.
        """

    def release(self) -> None:
        """Put the line on hook, whatever it does."""

    def pulse_dial(self, digits: str) -> None:
        """Dial 1 to 32 digits 0-9 with pulses; DigitsSent follows. ChipError unless seized and idle."""

    def flash(self, ms: int) -> None:
        """Open the loop for 50 to 1000 ms; FlashSent follows. ChipError unless seized and idle."""

    def readings(self) -> ExchangeLineReadings:
        """Read voltage, current and states from the chip now."""

    def close(self) -> None:
        """Put the line on hook and stop talking to the chip."""
