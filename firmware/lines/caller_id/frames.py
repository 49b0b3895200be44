"""Octets as a modem sends them: channel seizure, mark, then each octet between a start and a stop bit, 1200 bit/s.

What the octets say: `messages.py`, `japan.py`. Figures: reference sheet line-electrical, section 5 [M].
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.media import clip

_BEFORE_LAST_MARK = [1] * 8
"""Marks after the last octet, so that its end is heard: GR-30 allows 2 to 10 [M]."""


@dataclass(frozen=True, slots=True)
class Modem:
    """Frequencies of mark and space, level at the line in dBm, bits of seizure and mark before the first octet.

    waiting_mark: bits of mark in a call, where there is no seizure.
    """

    mark_hz: float
    space_hz: float
    dbm0: float = -13.5
    seizure: int = 300
    mark: int = 180
    waiting_mark: int = 80


BELL_202 = Modem(1200, 2200)
V_23 = Modem(1300, 2100)
V_23_UK = Modem(1300, 2100, mark=80)
V_23_JAPAN = Modem(1300, 2100, dbm0=-15.0, seizure=0, mark=72)


def bits(octets: bytes, seizure: int, mark: int) -> list[int]:
    """One value a bit. Seizure begins with a space and ends with a mark."""
    sent = [0, 1] * (seizure // 2) + [1] * mark
    for octet in octets:
        sent += [0, *(octet >> n & 1 for n in range(8)), 1]
    return sent + _BEFORE_LAST_MARK


def sound(modem: Modem, octets: bytes, gain_db: float = 0.0) -> bytes:
    """The message as a clip for a telephone on the hook. gain_db: what the line adds on its way, to be taken off."""
    return clip.data(bits(octets, modem.seizure, modem.mark), modem.mark_hz, modem.space_hz, modem.dbm0 - gain_db)


def sound_in_call(modem: Modem, octets: bytes, gain_db: float = 0.0) -> bytes:
    """The same for a telephone that talks: no seizure."""
    return clip.data(bits(octets, 0, modem.waiting_mark), modem.mark_hz, modem.space_hz, modem.dbm0 - gain_db)
