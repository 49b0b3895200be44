"""DNS questions and answers as octets (RFC 1035 section 4, RFC 2308, RFC 2782, RFC 3403, RFC 6891).

Why: an answer is believed only if id, name and kind match, and of its records only those that
belong to the name asked for; everything else is as if it had never come.

Why not dnspython, which reads all of DNS: an answer of 5 kB whose names all point at one of 125
labels holds it, and with it every call, for half a second; and it is 2 MiB of memory. Five
kinds of record are all that is needed here. The tests let it judge what is written below.

Bounds: 256 records, names of 254 octets, pointers that lead backwards only; reading the worst
answer takes a few ms. Look next at `carrier.py`.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
import struct
from typing import NamedTuple

from firmware.sip.dns.answers import Naptr, Question, Srv

UDP_OCTETS = 1232
"""The answer size offered over UDP: fits nearly every path in one piece (RFC 9715 section 3)."""
_MAX_RECORDS = 256
_MAX_ALIASES = 8
_KINDS = {"A": 1, "CNAME": 5, "SOA": 6, "AAAA": 28, "SRV": 33, "NAPTR": 35}
_IN = 1
_OPT = struct.pack("!BHHIH", 0, 41, UDP_OCTETS, 0, 0)
_CODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
_MAY_LACK_QUESTION = {1, 2, 4, 5}
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_][a-z0-9_-]{0,62}(?:\.[a-z0-9_][a-z0-9_-]{0,62})*")

Record = str | Srv | Naptr
_Raw = tuple[str, int, int, int, int]
"""A record not yet read: owner, kind, TTL, where its data begins and ends."""


class Reply(NamedTuple):
    """What a server answered. code: "NOERROR", "NXDOMAIN", "SERVFAIL" and so on.

    ttl_s: how long it may be kept, for "there is none" too (RFC 2308 section 5). alias: the name
    that must be asked for next, when the server followed a CNAME only part of the way.
    """

    code: str
    truncated: bool
    records: tuple[Record, ...] = ()
    ttl_s: int = 0
    alias: str = ""


def is_name(text: str) -> bool:
    """Whether `text` can be asked for: labels of 1 to 63 lower-case letters, digits, "-", "_"; 253 octets in all."""
    return _NAME.fullmatch(text) is not None


class Query:
    """One question to one server, with an id of its own. edns: offer `UDP_OCTETS`; very old servers want it off.

    question.name must be a name by `is_name`.
    """

    __slots__ = ("_question", "octets")

    def __init__(self, question: Question, *, edns: bool = True) -> None:
        labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in question.name.split("."))
        header = struct.pack("!6H", secrets.randbits(16), 0x0100, 1, 0, 0, int(edns))
        self._question = question
        self.octets = header + labels + struct.pack("!BHH", 0, _KINDS[question.kind], _IN) + (_OPT if edns else b"")

    def read(self, octets: bytes) -> Reply | None:
        """The reply in `octets`, or None if they are not the answer to this question."""
        try:
            return self._read(octets)
        except (ValueError, IndexError, struct.error):
            return None

    def _read(self, octets: bytes) -> Reply | None:
        _, flags, questions, answers, authorities, _ = struct.unpack_from("!6H", octets)
        code = flags & 0xF
        if octets[:2] != self.octets[:2] or flags & 0xF800 != 0x8000 or answers + authorities > _MAX_RECORDS:
            return None
        if questions == 0 and code in _MAY_LACK_QUESTION:
            return Reply(_CODES[code], truncated=False)
        name, at = _name_at(octets, 12)
        kind, kin = struct.unpack_from("!HH", octets, at)
        if questions != 1 or (name, kind, kin) != (self._question.name, _KINDS[self._question.kind], _IN):
            return None
        truncated = bool(flags & 0x0200)
        found = [] if truncated else _raw_records(octets, at + 4, answers + authorities)
        records, ttl_s, alias = _follow(octets, found[:answers], found[answers:], self._question)
        return Reply(_CODES.get(code, str(code)), truncated, records, ttl_s, alias)


def _raw_records(octets: bytes, at: int, count: int) -> list[_Raw]:
    """The records from `at` on; a class other than IN gets kind 0, which is none."""
    found: list[_Raw] = []
    for _ in range(count):
        owner, at = _name_at(octets, at)
        kind, kin, ttl_s, length = struct.unpack_from("!HHIH", octets, at)
        at += 10 + length
        if at > len(octets):
            raise ValueError("record is cut off")
        ttl_s = ttl_s if ttl_s < 2**31 else 0  # RFC 2181 section 8
        found.append((owner, kind if kin == _IN else 0, ttl_s, at - length, at))
    return found


def _follow(
    octets: bytes, answers: list[_Raw], authorities: list[_Raw], question: Question
) -> tuple[tuple[Record, ...], int, str]:
    """(records, TTL, name left to ask for) at the end of the CNAMEs that begin at the question."""
    wanted, name, ttl_s = _KINDS[question.kind], question.name, 2**31
    for _ in range(_MAX_ALIASES):
        found = [raw for raw in answers if raw[0] == name and raw[1] == wanted]
        if found:
            records = (_record(octets, wanted, begin, end) for _, _, _, begin, end in found)
            return tuple(dict.fromkeys(records)), min(ttl_s, *(raw[2] for raw in found)), ""
        link = next((raw for raw in answers if raw[0] == name and raw[1] == _KINDS["CNAME"]), None)
        if link is None:
            break
        ttl_s, name = min(ttl_s, link[2]), _name_at(octets, link[3])[0]
    else:
        return (), ttl_s, name
    for _, kind, soa_ttl_s, _, end in authorities:
        if kind == _KINDS["SOA"]:
            (minimum_s,) = struct.unpack_from("!I", octets, end - 4)
            return (), min(ttl_s, soa_ttl_s, minimum_s), ""
    return (), 0, "" if name == question.name else name


def _record(octets: bytes, kind: int, begin: int, end: int) -> Record:
    """Raises ValueError, IndexError or struct.error for data that does not fill its place."""
    if kind == _KINDS["A"]:
        return str(ipaddress.IPv4Address(octets[begin:end]))
    if kind == _KINDS["AAAA"]:
        return str(ipaddress.IPv6Address(octets[begin:end]))
    if kind == _KINDS["SRV"]:
        priority, weight, port = struct.unpack_from("!3H", octets, begin)
        target, after = _name_at(octets, begin + 6)
        record: Record = Srv(priority, weight, port, target or ".")
    else:
        order, preference = struct.unpack_from("!2H", octets, begin)
        texts: list[str] = []
        after = begin + 4
        for _ in range(3):
            length = octets[after]
            texts.append(octets[after + 1 : after + 1 + length].decode("latin-1"))
            after += 1 + length
        replacement, after = _name_at(octets, after)
        record = Naptr(order, preference, texts[0].upper(), texts[1].upper(), texts[2], replacement or ".")
    if after != end:
        raise ValueError("record of another length")
    return record


def _name_at(octets: bytes, at: int) -> tuple[str, int]:
    """(a name in lower case, "" for the root; where reading goes on). A dot inside a label is written "\\."."""
    labels: list[str] = []
    size = end = 0
    before = at
    while (length := octets[at]) != 0:
        if length >= 0xC0:
            end = end or at + 2
            at = (length & 0x3F) << 8 | octets[at + 1]
            if at >= before:
                raise ValueError("pointer that does not lead back")
            before = at
            continue
        label = octets[at + 1 : at + 1 + length]
        size += length + 1
        if length > 63 or size > 254 or len(label) != length:
            raise ValueError("bad label")
        labels.append(label.lower().decode("latin-1").replace(".", "\\."))
        at += length + 1
    return ".".join(labels), end or at + 1
