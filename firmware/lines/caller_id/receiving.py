"""Who calls, read from the octets or digits that an exchange sends over a resting line.

The other direction: `messages.py`, `japan.py`, `dtmf.py`. Everything here comes from outside: what is broken, cut off
or no message at all gives nothing, and nothing raises. A message is looked for at every octet, so that noise in
front of it does no harm. How octets are heard: `firmware/media/native/data_rx.c`; who waits for them: `fxo_caller.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware.lines.caller_id import japan, messages
from firmware.lines.caller_id.caller import PRIVATE, UNAVAILABLE

LONGEST = 300
"""Octets kept: a message has at most 258."""
NUMBER_MOST = 32
NAME_MOST = 50
"""EN 300 659-3."""
_DIALLED = re.compile(rf"\+?[0-9*#]{{1,{NUMBER_MOST}}}")
_STAMP = re.compile(r"[0-9]{8}")
_PLAIN = rf"([0-9]{{2,{NUMBER_MOST}}})"
_ABSENT_DIGITS = {
    "B10C": PRIVATE, "D1#": PRIVATE, "D10C": PRIVATE, "B00C": UNAVAILABLE, "D00C": UNAVAILABLE, "D2#": UNAVAILABLE,
    "D3#": UNAVAILABLE,
}  # fmt: skip
"""ETSI ES 200 659 annex and as libspandsp lists them [M-]."""


@dataclass(frozen=True, slots=True)
class Heard:
    """number: as it can be dialled, "" with `absent` saying why. name: "" for none. stamp: MMDDhhmm by the
    exchange's clock, "" for none."""

    number: str = ""
    name: str = ""
    stamp: str = ""
    absent: str = UNAVAILABLE


class OctetReader:
    """Octets in, callers out. japan: the frames of that network."""

    def __init__(self, *, japan: bool = False) -> None:
        self._octets = bytearray()
        self._japan = japan

    def put(self, octet: int) -> Heard | None:
        """The caller, when this octet completed a message about one."""
        self._octets.append(octet & 0xFF)
        del self._octets[:-LONGEST]
        heard = _japanese(bytes(self._octets)) if self._japan else _message(bytes(self._octets))
        if heard is not None:
            self.end()
        return heard

    def end(self) -> None:
        """The carrier is lost."""
        self._octets.clear()


class DigitReader:
    """DTMF digits in, callers out.

    form: as in `dtmf.FORMS`. Which letters stand round the number differs from town to town; that they are there is
    asked for, since nothing else says that no digit is missing. A "?" among the digits says that one is.
    """

    def __init__(self, form: str = "A-C") -> None:
        first, last = form.split("-")
        self._form = re.compile(("[AD]" if first else "[AD]?") + _PLAIN + ("[C#]" if last else "[C#]?"))
        self._digits = ""

    def put(self, digit: int) -> Heard | None:
        """The caller, when this was the last digit of a form that has a last one. digit: in ASCII."""
        character = chr(digit & 0x7F)
        if character in "ABD" and not self._digits.startswith("B"):
            before, self._digits = self._digits, character  # perhaps a second number, that of who sent the call on
            return self._read(before + "#") if before else None
        self._digits = (self._digits + character)[-NUMBER_MOST - 2 :]
        return self.end() if character in "C#" else None

    def end(self) -> Heard | None:
        """No more digits come: the caller, when they were a number."""
        digits, self._digits = self._digits, ""
        return self._read(digits)

    def _read(self, digits: str) -> Heard | None:
        if digits in _ABSENT_DIGITS:
            return Heard(absent=_ABSENT_DIGITS[digits])
        found = self._form.fullmatch(digits)
        return Heard(found[1]) if found else None


# -- messages of type, length, parameters, checksum ---------------------------------------------


def _message(octets: bytes) -> Heard | None:
    """The caller of the message that ends with the last octet."""
    for start in range(len(octets) - 2):
        kind, length = octets[start], octets[start + 1]
        if kind not in (messages.CALL_SETUP, messages.CALL_SETUP_SINGLE) or start + length + 3 != len(octets):
            continue
        if sum(octets[start:]) & 0xFF == 0:
            body = octets[start + 2 : -1]
            heard = _single(body) if kind == messages.CALL_SETUP_SINGLE else _multiple(body)
            if heard is not None:
                return heard
    return None


def _single(body: bytes) -> Heard | None:
    text = body.decode("latin-1")
    stamp, number = text[:8], text[8:]
    if not _STAMP.fullmatch(stamp):
        return None
    if number in (PRIVATE, UNAVAILABLE, ""):
        return Heard(stamp=stamp, absent=number or UNAVAILABLE)
    return Heard(number, stamp=stamp) if _DIALLED.fullmatch(number) else None


def _multiple(body: bytes) -> Heard | None:
    parameters = _parameters(body)
    if parameters is None:
        return None
    number = parameters.get(messages.NUMBER, b"").decode("latin-1").strip()
    stamp = parameters.get(messages.DATE_TIME, b"").decode("latin-1")
    absent = parameters.get(messages.NUMBER_ABSENT, b"O").decode("latin-1")
    return Heard(
        number if _DIALLED.fullmatch(number) else "",
        _name(parameters.get(messages.NAME, b"")),
        stamp if _STAMP.fullmatch(stamp) else "",
        PRIVATE if absent == PRIVATE else UNAVAILABLE,
    )


def _parameters(body: bytes) -> dict[int, bytes] | None:
    """By their kind, the first of each; None when lengths do not fit."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 1 < len(body):
        end = at + 2 + body[at + 1]
        if end > len(body):
            return None
        found.setdefault(body[at], body[at + 2 : end])
        at = end
    return found if at == len(body) else None


def _name(octets: bytes) -> str:
    """Accents come as ISO 8859-1 (EN 300 659-3), from some exchanges as UTF-8, which no other text looks like."""
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        text = octets.decode("latin-1")
    return " ".join("".join(character for character in text if character.isprintable()).split())[:NAME_MOST]


# -- Japan --------------------------------------------------------------------------------------


def _japanese(octets: bytes) -> Heard | None:
    """The caller of the frame whose CRC the last two octets are: see `japan.py`."""
    plain = bytes(octet & 0x7F for octet in octets)
    start = plain.rfind(bytes([japan.DLE, japan.SOH]))
    if start < 0 or plain[-4:-2] != bytes([japan.DLE, japan.ETX]) or _remainder(octets[start + 2 :]) != 0:
        return None
    text = plain[start + 2 : -4]
    head = bytes([japan.HEADER, japan.DLE, japan.STX])
    if not text.startswith(head):
        return None
    content = text[len(head) :].replace(bytes([japan.DLE, japan.DLE]), bytes([japan.DLE]))
    if len(content) < 2 or content[0] != japan.CALLER or content[1] != len(content) - 2:
        return None
    parameters = _parameters(content[2:])
    if parameters is None:
        return None
    number = parameters.get(japan.NUMBER, b"").decode("ascii")
    absent = parameters.get(japan.NUMBER_ABSENT, b"O").decode("ascii")
    return Heard(number if _DIALLED.fullmatch(number) else "", absent=PRIVATE if absent == "P" else UNAVAILABLE)


def _remainder(octets: bytes) -> int:
    """Of the CRC of ITU-T X.25 without inversion; 0 over a whole frame with its check."""
    register = 0
    for octet in octets:
        for bit in range(8):
            carry = (register ^ octet >> bit) & 1
            register = register >> 1 ^ (0x8408 if carry else 0)
    return register
