"""The sound with which a simulated exchange says who calls: messages, their FSK, DTMF digits.

Written from the standards on its own, so that the product does not judge itself: Telcordia GR-30, ETSI EN 300 659-3,
BT SIN 227, NTT's number display. When it is sent: `exchange_caller.py`.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.sim.dialling import KeyPad, dtmf_sound
from drivers.sim.exchange_habits import RATE_HZ, SINE_PEAK_AT_0_DBM0

Sound = NDArray[np.int16]
_STEPS = 20
"""Of a bit: three of them are a sample of 8 kHz."""
_MARK_SPACE = {"bellcore": (1200, 2200)}
_ALERT_HZ = (2130, 2750)


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """Who calls. number "" is not known, or with `private` not to be told. stamp: MMDDhhmm."""

    number: str = ""
    name: str = ""
    private: bool = False
    stamp: str = "11280815"

    @property
    def absent(self) -> str:
        return "P" if self.private else "O"


def silence(ms: float) -> Sound:
    return np.zeros(round(ms * RATE_HZ / 1000), dtype=np.int16)


def alert_tone(dbm0: float) -> Sound:
    """The dual tone that asks for attention, 100 ms, each tone at dbm0."""
    at = np.arange(RATE_HZ // 10) / RATE_HZ
    tones = np.sum([np.sin(2 * np.pi * hz * at) for hz in _ALERT_HZ], axis=0)
    return np.asarray(np.round(_peak(dbm0) * tones), dtype=np.int16)


def data(call: IncomingCall, standard: str, dbm0: float, form: str = "A-C") -> Sound:
    """standard: one of `exchange_caller.STANDARDS`. dbm0: of the whole. form: letters round DTMF."""
    if standard == "dtmf":
        each = dbm0 - 3.0
        return dtmf_sound(dtmf_digits(call, form), KeyPad(low_dbm0=each, high_dbm0=each))
    if standard == "japan":
        return _fsk(japan_frame(call), standard, dbm0, seizure=0, mark=72)
    octets = _single(call) if standard == "bellcore-number" else _multiple(call, standard)
    return _fsk(octets, standard, dbm0, seizure=300, mark=80 if standard == "uk" else 180)


def dtmf_digits(call: IncomingCall, form: str) -> str:
    start, end = form.split("-")
    if call.number:
        return f"{start}{call.number}{end}"
    return ("B10C" if call.private else "B00C") if end == "C" else ("D1#" if call.private else "D3#")


def _peak(dbm0: float) -> float:
    return float(SINE_PEAK_AT_0_DBM0 * 10 ** (dbm0 / 20))


def _single(call: IncomingCall) -> bytes:
    body = (call.stamp + (call.number or call.absent)).encode("ascii")
    return _with_sum(bytes([4, len(body)]) + body)


def _multiple(call: IncomingCall, standard: str) -> bytes:
    parts = [(0x11, b"\x01")] if standard == "uk" else []
    parts.append((1, call.stamp.encode("ascii")))
    parts.append((2, call.number.encode("ascii")) if call.number else (4, call.absent.encode("ascii")))
    parts.append((7, call.name.encode("latin-1")) if call.name else (8, call.absent.encode("ascii")))
    body = b"".join(bytes([kind, len(value)]) + value for kind, value in parts)
    return _with_sum(bytes([0x80, len(body)]) + body)


def _with_sum(octets: bytes) -> bytes:
    return octets + bytes([(256 - sum(octets) % 256) % 256])


def japan_frame(call: IncomingCall) -> bytes:
    value = (2, call.number.encode("ascii")) if call.number else (4, call.absent.encode("ascii"))
    content = bytes([value[0], len(value[1])]) + value[1]
    checked = _parity(b"\x07\x10\x02\x40" + bytes([len(content)]) + content + b"\x10\x03")
    mirrored = bytes(int(f"{octet:08b}"[::-1], 2) for octet in checked)
    check = int(f"{binascii.crc_hqx(mirrored, 0):016b}"[::-1], 2)
    return _parity(b"\x10\x01") + checked + check.to_bytes(2, "little")


def _parity(octets: bytes) -> bytes:
    return bytes(octet | 0x80 if f"{octet:b}".count("1") % 2 else octet for octet in octets)


def _fsk(octets: bytes, standard: str, dbm0: float, seizure: int, mark: int) -> Sound:
    bits = "01" * (seizure // 2) + "1" * mark
    bits += "".join("0" + f"{octet:08b}"[::-1] + "1" for octet in octets) + "1" * 8
    mark_hz, space_hz = _MARK_SPACE.get(standard.removesuffix("-number"), (1300, 2100))
    hz = np.repeat([mark_hz if bit == "1" else space_hz for bit in bits], _STEPS)
    turn = np.cumsum(hz) * 2 * np.pi / (RATE_HZ * 3)
    return np.asarray(np.round(_peak(dbm0) * np.sin(turn[::3])), dtype=np.int16)
