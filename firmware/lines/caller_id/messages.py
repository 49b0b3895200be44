"""Data messages of the FSK standards: a type, a length, parameters, a checksum.

Telcordia GR-30 and GR-31 (North America), ETSI EN 300 659-3, BT SIN 227 share the form; they differ in what they
put in and in which order. Numbers of types and parameters: reference sheet line-electrical, section 5 [M+]. Japan
is another world: `japan.py`. How octets become sound: `frames.py`.
"""

from __future__ import annotations

from firmware.lines.caller_id.caller import UNAVAILABLE, Caller

CALL_SETUP = 0x80
CALL_SETUP_SINGLE = 0x04
WAITING = 0x82
WAITING_SINGLE = 0x06
DATE_TIME = 0x01
NUMBER = 0x02
NUMBER_ABSENT = 0x04
NAME = 0x07
NAME_ABSENT = 0x08
INDICATOR = 0x0B
CALL_TYPE = 0x11
MESSAGES = 0x13
VOICE_CALL = 0x01
BELLCORE_NAME_MOST = 15
ETSI_NAME_MOST = 20
"""Longest name: GR-1188 15 characters; EN 300 659-3 allows 50, displays show 20 [M]."""
_LAMP = {True: 0xFF, False: 0x00}
_LAMP_SINGLE = {True: b"\x42\x42\x42", False: b"\x6f\x6f\x6f"}


def checked(octets: bytes) -> bytes:
    """With its checksum: all octets together are 0 modulo 256."""
    return octets + bytes([-sum(octets) & 0xFF])


def parameter(kind: int, value: bytes) -> bytes:
    return bytes([kind, len(value)]) + value


def message(kind: int, *parameters: bytes) -> bytes:
    """A multiple-data message. Its parameters together have at most 255 octets."""
    body = b"".join(parameters)
    return checked(bytes([kind, len(body)]) + body)


def call_setup(caller: Caller, name_most: int, *first: bytes, names: bool = True) -> bytes:
    """Date and time, number and name, or why they are absent. first: parameters that stand before them."""
    number = parameter(NUMBER, caller.number.encode()) if caller.number else _absent(NUMBER_ABSENT, caller)
    parts = [*first, parameter(DATE_TIME, caller.stamp.encode()), number]
    if names:
        name = caller.name[:name_most].rstrip().encode("ascii")
        parts.append(parameter(NAME, name) if name else _absent(NAME_ABSENT, caller))
    return message(CALL_SETUP, *parts)


def call_setup_single(caller: Caller) -> bytes:
    """The single-data form, which old displays want: date, time and number only."""
    body = (caller.stamp + (caller.number or caller.absent)).encode()
    return checked(bytes([CALL_SETUP_SINGLE, len(body)]) + body)


def waiting(count: int, *, counted: bool) -> bytes:
    """Lamp on or off. counted: how many messages is said too (EN 300 659-3)."""
    parts = [parameter(INDICATOR, bytes([_LAMP[count > 0]]))]
    if counted:
        parts.append(parameter(MESSAGES, bytes([min(count, 255)])))
    return message(WAITING, *parts)


def waiting_single(count: int) -> bytes:
    """The single-data form of the same."""
    body = _LAMP_SINGLE[count > 0]
    return checked(bytes([WAITING_SINGLE, len(body)]) + body)


def _absent(kind: int, caller: Caller) -> bytes:
    return parameter(kind, (caller.absent if not caller.number else UNAVAILABLE).encode())
