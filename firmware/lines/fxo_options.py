"""What the owner of an exchange line wants of it: made by `fxo_profile.py`, obeyed by the `fxo_*.py` beside this."""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.lines.caller_rules import CallerRules
from firmware.telephony.cadence import Tone


@dataclass(frozen=True, slots=True)
class FxoTimers:
    """Seconds. ring_timeout_s: without a burst, so long after the last one, the caller has given up. dial_tone_s:
    longest wait for dial tone. fetch_s: longest time off hook to fetch the caller's
    number (Japan). guard_s: after a call the line rests so long. max_call_s: longest call."""

    ring_timeout_s: float = 8.0
    dial_tone_s: float = 4.0
    fetch_s: float = 4.0
    guard_s: float = 1.0
    max_call_s: float = 14_400.0


@dataclass(frozen=True, slots=True)
class FxoOptions:
    """target: the number of the house that calls from this line ring. rings: how many before the call is passed on.

    hang_up_by: "loop-break", "polarity", "tones"; what of these means that the far party has gone.
    answer_by: "polarity", "ringback-end", "voice", "metering", "dialled"; the first of them answers a call out.
    silence_s: a call whose far party is not heard for so long is over; 0 never. flash_ms: length of a hook flash to the
    exchange; pass_flash: a telephone's R key in a call is for the exchange. busy_tone: of this line's exchange, beside
    the country's. pulses: dial by pulses. dial_blind: dial also without dial tone. pulse_coding: of the country.
    caller_id: the standard of the caller's data, "" for none; caller_id_dtmf: its form in DTMF. caller_id_wait_s: after
    that many rings, wait so long for them, or until the next ring. callers: what else becomes of some callers.
    fax_to: the number of the house that fax machines get which call on this line, "" for none.
    """

    target: str = ""
    rings: int = 1
    hang_up_by: tuple[str, ...] = ("loop-break", "polarity", "tones")
    answer_by: tuple[str, ...] = ("polarity", "ringback-end", "voice")
    silence_s: float = 0.0
    flash_ms: int = 100
    pass_flash: bool = False
    busy_tone: Tone | None = None
    pulses: bool = False
    dial_blind: bool = False
    pulse_coding: str = "n"
    caller_id: str = ""
    caller_id_dtmf: str = "A-C"
    caller_id_wait_s: float = 0.0
    fax_to: str = ""
    callers: CallerRules = field(default_factory=CallerRules)
