"""The rules by which a SIP URI leads to places: NAPTR, SRV, addresses (RFC 3263 section 4, RFC 2782, RFC 7984).

Why: a generator that yields questions and is sent their answers, so that the same rules run at
once on what the cache knows and, only when something is missing, from a task. Pure: no clock,
no network; chance comes from outside.

Decisions:
- A step that gets no answer counts as "has none" and the search goes on: routers exist that
  drop NAPTR and SRV questions, and their users want to call too. Only a target of "." ends it.
- All services found are in the list, not only the first: it is a list for failing over.
- `Target.name` is the host of the URI, never a name out of DNS: a certificate must prove whom
  the caller meant (RFC 5922 section 4), and DNS can lie.
- Addresses beside an SRV answer (its additional section) are not used: they are asked for,
  and the cache makes that free.

Look next at `locate.py`, which carries a search out.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Generator, Iterable, Sequence
from functools import lru_cache
from itertools import chain, zip_longest
from typing import NamedTuple, TypeVar

from firmware.sip.dns.answers import Answer, Naptr, Question, Srv
from firmware.sip.messages.uri import Uri

T = TypeVar("T")

MAX_TARGETS = 24
_MAX_NAMES = 8
_SRV_PREFIX = {"UDP": "_sip._udp.", "TCP": "_sip._tcp.", "TLS": "_sips._tcp."}
_SERVICES = {"SIP+D2U": "UDP", "SIP+D2T": "TCP", "SIPS+D2T": "TLS"}
_ASKED_FOR = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}
_KINDS = {4: "A", 6: "AAAA"}


class Target(NamedTuple):
    """A place to send to. transport: "UDP", "TCP" or "TLS". name: whom a TLS certificate must prove."""

    transport: str
    ip: str
    port: int
    name: str


class Means(NamedTuple):
    """What we can send over: transports and IP families (4, 6), each with the one liked best first."""

    transports: Sequence[str] = ("UDP",)
    families: Sequence[int] = (4,)


class NotFound(Exception):
    """A search ended without a target; the text completes "cannot find X: " in plain words."""


class _Place(NamedTuple):
    transport: str
    host: str
    port: int


Step = Generator[list[Question], list[Answer], T]
"""Yields questions, is sent their answers in the same order, returns a T. Raises NotFound."""


def search(uri: Uri, means: Means, chance: random.Random) -> Step[list[Target]]:
    """The targets of a sip or sips URI, the one to try first first; never empty."""
    host = uri.params.get("maddr", "").lower().rstrip(".") or uri.host.rstrip(".")
    allowed = _allowed(uri, means)
    if uri.port or numeric(host) is not None:
        places = [_Place(allowed[0], host, uri.port or _default_port(allowed[0]))]
    else:
        services = [(transport, _SRV_PREFIX[transport] + host) for transport in allowed]
        if not uri.params.get("transport"):
            services = (yield from _by_naptr(host, allowed)) or services
        places = yield from _by_srv(services, host, chance)
    return (yield from _addresses(places, means.families, host))


def _allowed(uri: Uri, means: Means) -> list[str]:
    """Transports that this URI may use and we have, the best first (RFC 3263 4.1)."""
    asked = uri.params.get("transport", "").lower()
    if uri.scheme == "sips":
        wanted: Sequence[str] = ("TLS",) if asked in {"", "tcp", "tls"} else ()
    elif asked:
        wanted = (_ASKED_FOR[asked],) if asked in _ASKED_FOR else ()
    else:
        wanted = means.transports
    allowed = [transport for transport in wanted if transport in means.transports]
    if not allowed:
        raise NotFound(f"{uri.scheme} over {asked or 'tls'} is not available here")
    return allowed


def _by_naptr(host: str, allowed: Sequence[str]) -> Step[list[tuple[str, str]]]:
    """(transport, SRV name) of every service that we can use, by order and preference."""
    (answer,) = yield [Question(host, "NAPTR")]
    usable = [
        record
        for record in answer.records
        if isinstance(record, Naptr)
        and record.flags == "S"
        and not record.regexp
        and _SERVICES.get(record.service) in allowed
    ]
    usable.sort(key=lambda record: (record.order, record.preference))
    return [(_SERVICES[record.service], record.replacement) for record in usable[:_MAX_NAMES]]


def _by_srv(services: Sequence[tuple[str, str]], host: str, chance: random.Random) -> Step[list[_Place]]:
    """Servers of every service; the host itself, at the default port, when there is no SRV record at all."""
    answers = yield [Question(name, "SRV") for _, name in services]
    places: list[_Place] = []
    refused = False
    for (transport, _), answer in zip(services, answers, strict=True):
        records = [record for record in answer.records if isinstance(record, Srv)]
        refused = refused or any(record.target == "." for record in records)
        usable = [record for record in records if record.port and record.target != "."]
        places += [_Place(transport, record.target, record.port) for record in in_srv_order(usable, chance)]
    if refused and not places:
        raise NotFound("its DNS entry says that it has no SIP service")
    transport = services[0][0]
    return places or [_Place(transport, host, _default_port(transport))]


def _addresses(places: Sequence[_Place], families: Sequence[int], name: str) -> Step[list[Target]]:
    """Every place with every address it has; within a place the families take turns (RFC 7984 section 4)."""
    hosts = list(dict.fromkeys(place.host for place in places if numeric(place.host) is None))[:_MAX_NAMES]
    found = {place.host: _own_address(place.host, families) for place in places if place.host not in hosts}
    cause = ""
    if hosts:
        answers = iter((yield [Question(host, _KINDS[family]) for host in hosts for family in families]))
        for host in hosts:
            lists: list[list[str]] = []
            for _ in families:
                answer = next(answers)
                cause = cause or answer.cause
                lists.append([ip for ip in map(str, answer.records) if _is_sendable(ip)])
            found[host] = _take_turns(lists)
    targets = [Target(p.transport, ip, p.port, name) for p in places for ip in found[p.host]]
    if not targets:
        raise NotFound(cause or "its addresses cannot be reached from here")
    return list(dict.fromkeys(targets))[:MAX_TARGETS]


def _own_address(host: str, families: Sequence[int]) -> list[str]:
    """The address that a numeric host is, if we can send to it; nothing for a name beyond the bound."""
    ip = numeric(host)
    return [ip] if ip is not None and (6 if ":" in ip else 4) in families and _is_sendable(ip) else []


def _take_turns(lists: Iterable[list[T]]) -> list[T]:
    return [item for item in chain.from_iterable(zip_longest(*lists)) if item is not None]


def in_srv_order(records: Iterable[Srv], chance: random.Random) -> list[Srv]:
    """By priority, and within one by chance in proportion to weight (RFC 2782, "Weight")."""
    ordered: list[Srv] = []
    left = sorted(records, key=lambda record: (record.priority, record.weight))
    while left:
        group = [record for record in left if record.priority == left[0].priority]
        mark = chance.randint(0, sum(record.weight for record in group))
        for record in group:  # those of weight 0 stand first, so they have their small chance
            mark -= record.weight
            if mark <= 0:
                break
        ordered.append(record)
        left.remove(record)
    return ordered


@lru_cache(maxsize=1024)
def numeric(host: str) -> str | None:
    """The IP address that `host` is ("[2001:db8::1]" too), without brackets, or None for a name."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _is_sendable(ip: str) -> bool:
    address = ipaddress.ip_address(ip)
    return not (address.is_multicast or address.is_unspecified or ip == "255.255.255.255")


def _default_port(transport: str) -> int:
    return 5061 if transport == "TLS" else 5060
