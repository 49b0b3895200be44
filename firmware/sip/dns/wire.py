"""DNS questions and answers as octets, by dnspython (RFC 1035, RFC 6891, RFC 2308).

Why: an answer is believed only if id, question and kind match, whatever address it came from;
everything else is as if it had never come. dnspython is loaded with the first question: it is
2 MiB that a house which dials numbers only never spends.

Bounds: an answer of more than 256 records is not read, since names that point at names make
reading slow. Look next at `carrier.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from firmware.sip.dns.answers import Naptr, Question, Srv

if TYPE_CHECKING:
    import dns.message
    import dns.name
    import dns.rdata

UDP_OCTETS = 1232
"""The answer size offered over UDP: fits every path unfragmented (DNS flag day 2020)."""
_MAX_RECORDS = 256
_MAX_ALIASES = 8
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*")


class Reply(NamedTuple):
    """What a server answered. code: "NOERROR", "NXDOMAIN", "SERVFAIL" and so on.

    ttl_s: how long it may be kept, for "there is none" too (RFC 2308 section 5). alias: the name
    that must be asked for next, when the server followed a CNAME only part of the way.
    """

    code: str
    truncated: bool
    records: tuple[str | Srv | Naptr, ...]
    ttl_s: int
    alias: str = ""


def is_name(text: str) -> bool:
    """Whether `text` can be asked for: labels of 1 to 63 letters, digits, "-" and "_", 253 in all."""
    return _NAME.fullmatch(text) is not None and all(len(label) < 64 for label in text.split("."))


class Query:
    """One question to one server, with an id of its own. edns: offer `UDP_OCTETS`; very old servers want it off."""

    __slots__ = ("_message", "_question", "octets")

    def __init__(self, question: Question, *, edns: bool = True) -> None:
        import dns.message

        self._question = question
        self._message = dns.message.make_query(
            f"{question.name}.", question.kind, use_edns=0 if edns else False, payload=UDP_OCTETS
        )
        self.octets: bytes = self._message.to_wire()

    def read(self, octets: bytes) -> Reply | None:
        """The reply in `octets`, or None if they are not the answer to this question."""
        import dns.exception
        import dns.flags
        import dns.message
        import dns.rcode

        if len(octets) < 12 or octets[:2] != self.octets[:2]:
            return None
        if sum(int.from_bytes(octets[at : at + 2], "big") for at in (6, 8, 10)) > _MAX_RECORDS:
            return None
        try:
            answer = dns.message.from_wire(octets, ignore_trailing=True)
            if not self._message.is_response(answer):
                return None
            code = dns.rcode.to_text(answer.rcode())
            records, ttl_s, alias = _follow(answer, self._question.kind, self._message.question[0].name)
        except (dns.exception.DNSException, ValueError):
            return None
        return Reply(code, bool(answer.flags & dns.flags.TC), records, ttl_s, alias)


def _follow(
    answer: dns.message.Message, kind: str, name: dns.name.Name
) -> tuple[tuple[str | Srv | Naptr, ...], int, str]:
    """(records, TTL, name left to ask for) at the end of the CNAMEs that begin at `name`."""
    import dns.rdataclass
    import dns.rdatatype

    wanted, asked, ttl_s = dns.rdatatype.from_text(kind), name, 2**31
    for _ in range(_MAX_ALIASES):
        found = answer.get_rrset(answer.answer, name, dns.rdataclass.IN, wanted)
        if found is not None:
            return tuple(_record(kind, data) for data in found), min(ttl_s, found.ttl), ""
        link = answer.get_rrset(answer.answer, name, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if link is None:
            break
        ttl_s, name = min(ttl_s, link.ttl), link[0].target
    for authority in answer.authority:
        if authority.rdtype == dns.rdatatype.SOA:
            return (), min(ttl_s, authority.ttl, authority[0].minimum), ""
    return (), 0, "" if name == asked else _text(name)


def _record(kind: str, data: Any) -> str | Srv | Naptr:
    if kind == "SRV":
        return Srv(data.priority, data.weight, data.port, _text(data.target))
    if kind == "NAPTR":
        flags, service, regexp = (value.decode("latin-1") for value in (data.flags, data.service, data.regexp))
        return Naptr(data.order, data.preference, flags.upper(), service.upper(), regexp, _text(data.replacement))
    return str(data.address)


def _text(name: dns.name.Name) -> str:
    text: str = name.to_text(omit_final_dot=True).lower()
    return text
