"""The data message of the Japanese network (number display): headers, parity, CRC.

From memory of NTT's technical reference and as libspandsp reads it [M-]: DLE SOH, a header, DLE STX, one message
of parameters, DLE ETX, all with even parity in the eighth bit; then the CRC of ITU-T X.25 over what follows the first
DLE SOH. How octets become sound: `frames.py`.
"""

from __future__ import annotations

from firmware.lines.caller_id.caller import PRIVATE, Caller

SOH, STX, ETX, DLE = 0x01, 0x02, 0x03, 0x10
HEADER = 0x07
CALLER = 0x40
NUMBER = 0x02
NUMBER_ABSENT = 0x04
_CRC_POLYNOMIAL = 0x8408
"""x^16 + x^12 + x^5 + 1, lowest bit first."""


def call_setup(caller: Caller) -> bytes:
    """The octets of one message; the parity bit is in them, but not in the CRC's two."""
    if caller.number:
        body = _parameter(NUMBER, caller.number)
    else:
        body = _parameter(NUMBER_ABSENT, "P" if caller.absent == PRIVATE else "O")
    length = bytes([len(body)])
    plain = bytes([HEADER, DLE, STX, CALLER]) + _stuffed(length + body) + bytes([DLE, ETX])
    head, rest = _even(bytes([DLE, SOH])), _even(plain)
    crc = _crc(rest)
    return head + rest + bytes([crc & 0xFF, crc >> 8])


def _parameter(kind: int, text: str) -> bytes:
    return bytes([kind, len(text)]) + text.encode()


def _stuffed(octets: bytes) -> bytes:
    """A DLE among the data is doubled, so that it begins nothing."""
    return octets.replace(bytes([DLE]), bytes([DLE, DLE]))


def _even(octets: bytes) -> bytes:
    return bytes(octet | (octet.bit_count() & 1) << 7 for octet in octets)


def _crc(octets: bytes) -> int:
    crc = 0
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (_CRC_POLYNOMIAL if crc & 1 else 0)
    return crc
