"""Our own address as a peer should know it: told, listened on, or the one the kernel would send from.

Why: Via, Contact and SDP must name an address the peer can reach, which depends on who asks.
All transports of an agent share one `OwnAddresses`. Look next at `transport.py`.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence

_KEPT = 512
_KEPT_S = 30.0
ANY = ("0.0.0.0", "::")


class OwnAddresses:
    """listen: at most one IPv4 and one IPv6 address; "0.0.0.0" and "::" mean every network card.

    advertise_ip: what IPv4 peers are told instead of the local address (behind NAT), or None.
    """

    def __init__(self, listen: Sequence[str], advertise_ip: str | None = None) -> None:
        self.listen = tuple(listen)
        self._fixed = {":" in ip: ip for ip in listen if ip not in ANY}
        if advertise_ip is not None:
            self._fixed[":" in advertise_ip] = advertise_ip
        self._found: dict[str, str] = {}
        self._until_s = 0.0

    def towards(self, remote_ip: str) -> str:
        """The address to tell `remote_ip`; of the same family."""
        fixed = self._fixed.get(":" in remote_ip) if self._fixed else None
        if fixed is not None:
            return fixed
        now_s = time.monotonic()
        if now_s > self._until_s or len(self._found) > _KEPT:
            self._found.clear()
            self._until_s = now_s + _KEPT_S
        found = self._found.get(remote_ip)
        if found is None:
            found = self._found[remote_ip] = _route_to(remote_ip)
        return found

    def speaks_to(self, remote_ip: str) -> bool:
        """Whether we listen in the family of `remote_ip`."""
        return any((":" in ip) == (":" in remote_ip) for ip in self.listen)


def _route_to(remote_ip: str) -> str:
    """The local address the kernel would use towards `remote_ip`; no packet is sent."""
    family = socket.AF_INET6 if ":" in remote_ip else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((remote_ip, 9))
            found: str = probe.getsockname()[0]
    except OSError:
        return "::1" if family == socket.AF_INET6 else "127.0.0.1"
    return found.partition("%")[0]
