"""An exchange line's slot in the media engine, and how a number is dialled through it or by pulses.

`fxo_wires.py` owns the slot; the pulses themselves are made by the line scanner (`drivers/native/daa_watch.c`).
"""

from __future__ import annotations

from typing import Protocol

from drivers.exchange_port import ExchangeLinePort
from firmware.lines.fxo_options import FxoOptions
from firmware.media.events import DataKind, EchoStats
from firmware.telephony.cadence import Tone

TONE_MS = 100
PAUSE_MS = 50
"""Of the DTMF that is dialled: the engine's own pause between two digits."""


class TrunkVoice(Protocol):
    """The slot, as far as the line needs it (`media.endpoints.Slot`)."""

    id: int

    def play_tone(self, tone: Tone) -> None: ...
    def stop_tone(self) -> None: ...
    def listen_digits(self, on: bool) -> None: ...
    def listen_signals(self, *, modems: bool = False, progress: bool = False, data: DataKind | None = None) -> None: ...
    def play_digit(self, digit: str, ms: int) -> None: ...
    def stats(self) -> EchoStats | None: ...


def dial(port: ExchangeLinePort, voice: TrunkVoice, digits: str, options: FxoOptions) -> float | None:
    """Begin to dial. Returns after how many seconds the tones are out; None for pulses, whose end the port tells.

    Raises HardwareError when the port refuses.
    """
    if options.pulses:
        port.pulse_dial("".join(pulses_for(digit, options.pulse_coding) for digit in digits))
        return None
    for digit in digits:
        voice.play_digit(digit, TONE_MS)
    return len(digits) * (TONE_MS + PAUSE_MS) / 1000


def pulses_for(digit: str, coding: str) -> str:
    """What to pulse for `digit` where dials count by `coding`: "n", "n+1" (Sweden), "10-n" (New Zealand)."""
    if coding == "n+1":
        return str((int(digit) + 1) % 10)
    if coding == "10-n":
        return str((10 - int(digit)) % 10)
    return digit
