"""How a telephone dials: tone pairs as samples, dial pulses as edges of the hook contact.

Everything a test wants to bend can be bent: level of each tone, frequency error,
lengths, speed and break ratio of the dial. Figures: line-electrical.md sections 3
and 6. `phone.py` plays both on the copper.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.sim.rig_protocol import RigError

DTMF_KEYS = "123A456B789C*0#D"
PULSE_DIGITS = "1234567890"

_ROWS_HZ = (697.0, 770.0, 852.0, 941.0)
_COLUMNS_HZ = (1209.0, 1336.0, 1477.0, 1633.0)
_RATE_HZ = 8000
_SINE_PEAK_AT_0_DBM0 = 32767.0 / 10 ** (3.14 / 20)


@dataclass(frozen=True, slots=True)
class KeyPad:
    """How the tones of a key pad sound.

    low_dbm0, high_dbm0: level of the row and the column tone; -9 and -7 is an ordinary set.
    low_error, high_error: relative frequency error, 0.015 is 1.5 % high.
    on_ms, off_ms: tone and pause.
    """

    on_ms: float = 70.0
    off_ms: float = 70.0
    low_dbm0: float = -9.0
    high_dbm0: float = -7.0
    low_error: float = 0.0
    high_error: float = 0.0


@dataclass(frozen=True, slots=True)
class RotaryDial:
    """How a dial breaks the loop.

    pulses_per_s: 8 to 11 is usual, 20 in Japan. break_ratio: share of the pulse with the
    loop open, 0.60 or 0.667 in Europe. gap_ms: closed loop after every digit.
    """

    pulses_per_s: float = 10.0
    break_ratio: float = 0.6
    gap_ms: float = 800.0


ORDINARY_PAD = KeyPad()
ORDINARY_DIAL = RotaryDial()


def dtmf_sound(digits: str, pad: KeyPad = ORDINARY_PAD) -> NDArray[np.int16]:
    """The digits as samples, each followed by its pause. Raises RigError on a key no pad has."""
    _check(digits, DTMF_KEYS, "DTMF digits are")
    pause = np.zeros(round(pad.off_ms * _RATE_HZ / 1000), dtype=np.int16)
    parts = [part for key in digits for part in (_key_sound(key, pad), pause)]
    return np.concatenate(parts) if parts else pause[:0]


def pulse_edges(digits: str, start_us: int, dial: RotaryDial = ORDINARY_DIAL) -> list[tuple[int, bool]]:
    """(time in us, loop closed) of every edge, the first break at start_us. Raises RigError on other digits."""
    _check(digits, PULSE_DIGITS, "dial pulses are for the digits")
    period_us = 1e6 / dial.pulses_per_s
    edges = []
    at_us = float(start_us)
    for digit in digits:
        for _ in range(int(digit) or 10):
            edges += [(round(at_us), False), (round(at_us + dial.break_ratio * period_us), True)]
            at_us += period_us
        at_us += dial.gap_ms * 1000
    return edges


def bouncing(edges: list[tuple[int, bool]], bounce_ms: float, chance: random.Random) -> list[tuple[int, bool]]:
    """The same edges made by a contact that chatters: each is followed by up to three short relapses within bounce_ms.

    No relapse lasts longer than 3 ms, nor into the next edge.
    """
    made: list[tuple[int, bool]] = []
    for at_us, closed in edges:
        made.append((at_us, closed))
        after_us = float(at_us)
        for _ in range(chance.randint(0, 3)):
            begin_us = after_us + chance.uniform(300, 2000)
            end_us = begin_us + chance.uniform(300, 3000)
            if end_us > at_us + bounce_ms * 1000:
                break
            made += [(round(begin_us), not closed), (round(end_us), closed)]
            after_us = end_us
    return made


def _key_sound(key: str, pad: KeyPad) -> NDArray[np.int16]:
    row, column = divmod(DTMF_KEYS.index(key), 4)
    time_s = np.arange(round(pad.on_ms * _RATE_HZ / 1000)) / _RATE_HZ
    low = 10 ** (pad.low_dbm0 / 20) * np.sin(2 * np.pi * _ROWS_HZ[row] * (1 + pad.low_error) * time_s)
    high = 10 ** (pad.high_dbm0 / 20) * np.sin(2 * np.pi * _COLUMNS_HZ[column] * (1 + pad.high_error) * time_s)
    return np.clip(np.round((low + high) * _SINE_PEAK_AT_0_DBM0), -32768, 32767).astype(np.int16)


def _check(digits: str, allowed: str, words: str) -> None:
    wrong = sorted(set(digits) - set(allowed))
    if wrong or not digits:
        raise RigError(f"digits {digits!r} cannot be dialled, {words} {''.join(sorted(allowed))}")
