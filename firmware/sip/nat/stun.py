"""STUN messages: the Binding method only (RFC 8489, and RFC 3489 for old phones).

Why: a server tells a client the address its packets come from; that is all we ask and all we
are asked. A message with a first octet of 0 or 1 can be no SIP, so both share the SIP port.
Look next at `stun_client.py` (we ask) and `binding_answer` (phones ask us, RFC 5626 4.4.2).
"""

from __future__ import annotations

import socket
import struct
import zlib
from dataclasses import dataclass, field

from firmware.sip.transports.transport import Address

HEADER_OCTETS = 20
_MAX_OCTETS = 1024
_COOKIE = b"\x21\x12\xa4\x42"
_REQUEST, _SUCCESS, _ERROR = 0x0001, 0x0101, 0x0111
_MAPPED, _ERROR_CODE, _UNKNOWN, _XOR_MAPPED, _FINGERPRINT = 0x0001, 0x0009, 0x000A, 0x0020, 0x8028
_UNDERSTOOD = {_MAPPED, _ERROR_CODE, _UNKNOWN, _XOR_MAPPED, 0x0002, 0x0003, 0x0006, 0x0008}
"""The last four are passed over: RESPONSE-ADDRESS and CHANGE-REQUEST of RFC 3489, USERNAME and MESSAGE-INTEGRITY."""
_FAMILIES = {1: (socket.AF_INET, 4), 2: (socket.AF_INET6, 16)}


class StunError(Exception):
    """No STUN message, or a broken one: not worth an answer."""


@dataclass(frozen=True, slots=True)
class StunMessage:
    """kind: message type. transaction: the 16 octets from the cookie on. attributes: (type, value), in order."""

    kind: int
    transaction: bytes
    attributes: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def is_request(self) -> bool:
        return self.kind == _REQUEST

    @property
    def has_cookie(self) -> bool:
        """False for a client of RFC 3489."""
        return self.transaction[:4] == _COOKIE

    def unknown(self) -> list[int]:
        """Attributes that must be understood and are not (RFC 8489 14)."""
        return [kind for kind, _ in self.attributes if kind < 0x8000 and kind not in _UNDERSTOOD]

    def has_fingerprint(self) -> bool:
        return any(kind == _FINGERPRINT for kind, _ in self.attributes)


def parse_stun(data: bytes) -> StunMessage:
    """Take a datagram apart; a FINGERPRINT is checked. Raises StunError."""
    if not HEADER_OCTETS <= len(data) <= _MAX_OCTETS or data[0] > 1:
        raise StunError("no STUN message")
    kind, length = struct.unpack_from("!HH", data)
    if length != len(data) - HEADER_OCTETS or length % 4:
        raise StunError("wrong length")
    attributes: list[tuple[int, bytes]] = []
    at = HEADER_OCTETS
    while at < len(data):
        name, size = struct.unpack_from("!HH", data, at)
        if at + 4 + size > len(data):
            raise StunError("attribute beyond the message")
        attributes.append((name, data[at + 4 : at + 4 + size]))
        if name == _FINGERPRINT:
            if attributes[-1][1] != _fingerprint(data[:at]):
                raise StunError("wrong fingerprint")
            break  # it is the last one (RFC 8489 14.7)
        at += 4 + (size + 3) // 4 * 4
    return StunMessage(kind, data[4:HEADER_OCTETS], attributes)


def binding_request(transaction_id: bytes) -> bytes:
    """A Binding request. transaction_id: 12 octets nobody can guess."""
    return _message(_REQUEST, _COOKIE + transaction_id, [], fingerprint=True)


def mapped_address(message: StunMessage, transaction_id: bytes) -> Address:
    """What the answer to our request says. Raises StunError: another's answer, an error, no usable address."""
    if message.transaction != _COOKIE + transaction_id:
        raise StunError("not the answer to our request")
    found = dict(reversed(message.attributes))
    if message.kind == _ERROR:
        code = found.get(_ERROR_CODE, b"")
        raise StunError(f"the server refused with {code[2] * 100 + code[3] if len(code) >= 4 else 'an error'}")
    if message.kind != _SUCCESS or message.unknown():
        raise StunError("no usable answer")
    if _XOR_MAPPED in found:
        return _read_address(found[_XOR_MAPPED], message.transaction)
    return _read_address(found.get(_MAPPED, b""), bytes(16))


def binding_answer(request: StunMessage, source: Address) -> bytes:
    """The answer to a Binding request that came from `source` (RFC 8489 6.3.1)."""
    unknown = request.unknown()
    if unknown:
        listed = b"".join(kind.to_bytes(2, "big") for kind in unknown)
        attributes = [(_ERROR_CODE, b"\0\0\x04\x14Unknown Attribute"), (_UNKNOWN, listed)]
        return _message(_ERROR, request.transaction, attributes, fingerprint=request.has_fingerprint())
    name, mask = (_XOR_MAPPED, request.transaction) if request.has_cookie else (_MAPPED, bytes(16))
    attributes = [(name, _written_address(source, mask))]
    return _message(_SUCCESS, request.transaction, attributes, fingerprint=request.has_fingerprint())


def _message(kind: int, transaction: bytes, attributes: list[tuple[int, bytes]], *, fingerprint: bool) -> bytes:
    body = b"".join(struct.pack("!HH", name, len(value)) + value + bytes(-len(value) % 4) for name, value in attributes)
    length = len(body) + (8 if fingerprint else 0)
    text = struct.pack("!HH", kind, length) + transaction + body
    return text + struct.pack("!HH", _FINGERPRINT, 4) + _fingerprint(text) if fingerprint else text


def _fingerprint(before: bytes) -> bytes:
    """CRC-32 of everything before the attribute, XOR "STUN" (RFC 8489 14.7)."""
    return (zlib.crc32(before) ^ 0x5354554E).to_bytes(4, "big")


def _read_address(value: bytes, mask: bytes) -> Address:
    """MAPPED-ADDRESS with a mask of zeros, XOR-MAPPED-ADDRESS with the transaction (RFC 8489 14.1, 14.2)."""
    family, octets = _FAMILIES.get(value[1] if len(value) > 1 else 0, (socket.AF_UNSPEC, 0))
    if not octets or len(value) != 4 + octets:
        raise StunError("no usable address in the answer")
    plain = bytes(a ^ b for a, b in zip(value[2:], mask[:2] + mask, strict=False))
    port = int.from_bytes(plain[:2], "big")
    if port == 0:
        raise StunError("no usable address in the answer")
    return socket.inet_ntop(family, plain[2:]), port


def _written_address(source: Address, mask: bytes) -> bytes:
    number = 2 if ":" in source[0] else 1
    plain = source[1].to_bytes(2, "big") + socket.inet_pton(_FAMILIES[number][0], source[0].partition("%")[0])
    return bytes([0, number]) + bytes(a ^ b for a, b in zip(plain, mask[:2] + mask, strict=False))
