"""Which addresses are near: private ranges, and the networks our own cards are in.

Why: a peer in our own networks must be told our local address, everybody else the public one;
and a private address in a message from elsewhere is one we could never reach. Pure functions but
for `connected_networks`. Look next at `transports/own_addresses.py`, which decides by them.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

ROUTES = Path("/proc/net/route")
_SHORTEST_PREFIX = 8
"""A shorter one is a default route in disguise (0.0.0.0/1 of a VPN), no network of ours."""

_PRIVATE = [
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # RFC 1918
        "100.64.0.0/10",  # RFC 6598: behind the provider's NAT
        "169.254.0.0/16", "127.0.0.0/8", "0.0.0.0/8",
        "fc00::/7", "fe80::/10", "::1/128",
    )
]  # fmt: skip


@lru_cache(maxsize=1024)
def is_private(ip: str) -> bool:
    """Whether `ip` means something else, or nothing, in another network. False for what is no address."""
    return in_networks(ip, _PRIVATE)


def in_networks(ip: str, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    """Whether `ip` lies in one of `networks`. False for what is no address."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return False
    return any(address in network for network in networks)


def audio_way(said_ip: str, source_ip: str, *, direct: bool) -> tuple[str, str]:
    """Where audio goes first, and whose other ports may send it, for a peer whose SDP says `said_ip`.

    source_ip: where its signalling comes from; direct: by no proxy. The first is "0.0.0.0", which is
    nowhere until it was heard, when `said_ip` can only be an address behind the peer's NAT router; such
    an address might well be another machine in our own network, or this one. The second is "" when
    the peer might then speak from anywhere, and when the two are not of one family, which tells nothing.
    """
    trusted = source_ip if (":" in said_ip) == (":" in source_ip) else ""
    if said_ip == source_ip or not is_private(said_ip):
        return said_ip, trusted
    if is_private(source_ip) and (_is_loopback(source_ip) or not _is_loopback(said_ip)):
        return said_ip, trusted
    return "0.0.0.0", trusted if direct else ""


def _is_loopback(ip: str) -> bool:
    return ip.startswith("127.") or ip == "::1"


def networks_of_routes(text: str) -> list[ipaddress.IPv4Network]:
    """The directly connected networks in a text like /proc/net/route: routes without a gateway."""
    found = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) < 8 or words[2].strip("0"):
            continue
        mask = ipaddress.IPv4Address(_octets(words[7]))
        network = ipaddress.IPv4Network((_octets(words[1]), str(mask)), strict=False)
        if network.prefixlen >= _SHORTEST_PREFIX:
            found.append(network)
    return found


def connected_networks() -> list[ipaddress.IPv4Network]:
    """The IPv4 networks of our cards now (about 0.1 ms); none when the kernel does not say."""
    try:
        return networks_of_routes(ROUTES.read_text())
    except (OSError, ValueError):
        return []


def _octets(hexadecimal: str) -> bytes:
    return int(hexadecimal, 16).to_bytes(4, sys.byteorder)
