"""Which way a request goes: transport and address for a URI, learnt from a message of the peer (RFC 3261 8.1.2, 18.1).

Why: a phone's Contact is often an address that only its own network knows, and a connection
it opened is the only way back to it. All of that is weighed here, once. A host NAME in a Contact
or Route is never looked up, on purpose: the peer is where its message came from, and a BYE that
waited for DNS would leave a line off hook. RFC 3261 8.1.2 would have us ask RFC 3263 instead;
names are located where a call begins (`dns/locate.py`). Look next at `calls/dialog.py`.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import NamedTuple

from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import Uri, parse_uri
from firmware.sip.nat.networks import is_private
from firmware.sip.transports.transport import Address, Transport


class Hop(NamedTuple):
    """The next station of a request."""

    transport: Transport
    address: Address


def next_hop(uri_text: str, transport: Transport, source: Address, *, near_only: bool = False) -> Hop:
    """Where requests for `uri_text` go, learnt from a message that came from `source` by `transport`.

    The URI's own address and transport if we can reach it; the living connection when it leads to
    the same machine; the source when the URI holds a name, a private address that is not the
    source's (the peer is behind NAT), or is a GRUU, which names us and not the peer. near_only: a
    proxy's route, whose address is taken as it stands.
    Raises Refusal 400 for a bad URI, 480 for a sips URI while we have no TLS.
    """
    uri = parse_uri(uri_text)
    chosen = _transport_of(uri, transport)
    if "gr" in uri.params:
        return Hop(transport, source)
    host = bare_ip(uri.host)
    if host == source[0].partition("%")[0]:
        if transport.reliable and (transport is chosen or uri.scheme == "sip") and transport.has_flow(source):
            return Hop(transport, source)
        return Hop(chosen, (source[0], uri.port or chosen.default_port))
    if not _is_address(host) or (not near_only and is_private(host)) or not chosen.own.speaks_to(host):
        return Hop(transport, source)
    return Hop(chosen, (host, uri.port or chosen.default_port))


def _transport_of(uri: Uri, transport: Transport) -> Transport:
    """What the URI asks for (RFC 3263 4.1); the way it was learnt by when it does not say, or asks for what we lack."""
    if uri.scheme == "sips":
        secure = transport.siblings.get("TLS")
        if secure is None:
            raise Refusal(480, "No TLS for a sips address")
        return secure
    asked = uri.params.get("transport")
    return transport.siblings.get(asked.upper(), transport) if asked else transport


@lru_cache(maxsize=1024)
def bare_ip(host: str) -> str:
    """The host of a URI or Via as an `Address` has it: IPv6 without brackets and in its shortest form."""
    if host[:1] != "[":
        return host
    try:
        return str(ipaddress.IPv6Address(host[1:-1]))
    except ValueError:
        return host


@lru_cache(maxsize=1024)
def _is_address(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not (address.is_multicast or address.is_unspecified or host == "255.255.255.255")
