"""Cutting a stream into SIP messages (RFC 3261 18.3, RFC 5626 4.4.1): octets in, messages out.

Why: TCP and TLS hand over octets in any pieces. No socket and no clock here; whoever feeds
closes the connection once `fault` is set, since nobody knows where the next message begins.
Look next at `connection.py`.
"""

from __future__ import annotations

import re

from firmware.sip.messages.status import Refusal, Silence

MAX_MESSAGE_OCTETS = 65536
MAX_HEAD_OCTETS = 16384

_LENGTH = re.compile(rb"\n(?:content-length|l)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE)
_LINE_ENDS = frozenset(b"\r\n")


class Framing:
    """One direction of one connection.

    pings: keep-alives (two line ends between messages) since the user last set it to 0.
    fault: None while all is well. A Refusal: the last message given is only the head of a request
    that is to be refused with it. A Silence: what came is no SIP.
    """

    __slots__ = ("_held", "_line_ends", "_need", "_scanned", "fault", "pings")

    def __init__(self) -> None:
        self._held = bytearray()
        self._scanned = 0  # octets of the head in which its end is not
        self._need = 0  # length of the message once its head is whole
        self._line_ends = 0
        self.pings = 0
        self.fault: Refusal | Silence | None = None

    @property
    def partial(self) -> bool:
        """A message has begun and is not whole."""
        return bool(self._held)

    def feed(self, data: bytes | memoryview) -> list[bytes]:
        """The messages that are whole with `data`, in order. Time is linear in all that was ever fed."""
        held = self._held
        held += data
        found: list[bytes] = []
        start = 0
        try:
            while self.fault is None:
                if not self._need:
                    if not self._scanned:
                        start = self._skip_line_ends(start)
                    self._find_head(start)
                if not self._need or len(held) - start < self._need:
                    break
                found.append(bytes(held[start : start + self._need]))
                start += self._need
                self._need = self._scanned = 0
        except Silence as fault:
            self.fault = fault
        except Refusal as fault:
            self.fault = fault
            found.append(self._broken_head(start))
        del held[:start]
        return found

    def _skip_line_ends(self, at: int) -> int:
        """The first octet of the next message; two line ends in a row are a ping."""
        held, end = self._held, len(self._held)
        while at < end and held[at] in _LINE_ENDS:
            at += 1
            self._line_ends += 1
        self.pings += self._line_ends // 4
        self._line_ends = self._line_ends % 4 if at == end else 0
        return at

    def _find_head(self, start: int) -> None:
        """Set `_need` if the head is whole. Raises Refusal or Silence."""
        held = self._held
        if start < len(held) and not 0x20 < held[start] < 0x7F:
            raise Silence("not SIP")
        end = held.find(b"\r\n\r\n", start + max(self._scanned - 3, 0))
        self._scanned = (len(held) if end < 0 else end) - start
        if self._scanned > MAX_HEAD_OCTETS:
            raise Refusal(513, "Header too long")
        if end >= 0:
            head = bytes(held[start : end + 2])
            if b"SIP/" not in head.partition(b"\n")[0].upper():
                raise Silence("not SIP")
            self._need = len(head) + 2 + _content_length(head)
            if self._need > MAX_MESSAGE_OCTETS:
                raise Refusal(413)

    def _broken_head(self, start: int) -> bytes:
        """The whole lines of a head that is to be refused."""
        head = bytes(self._held[start : start + MAX_HEAD_OCTETS])
        return head.partition(b"\r\n\r\n")[0] if b"\r\n\r\n" in head else head.rpartition(b"\n")[0]


def _content_length(head: bytes) -> int:
    """0 when absent. Raises Refusal 400 when it is no number, or given twice and not the same."""
    lengths = {bytes(found).strip() for found in _LENGTH.findall(head)}
    if not lengths:
        return 0
    text = lengths.pop()
    if lengths or not text.isdigit() or len(text) > 20:
        raise Refusal(400, "Bad Content-Length")
    return int(text)
