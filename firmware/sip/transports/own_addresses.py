"""Our own address as a peer should know it: local for those in our networks, the public one for all others.

Why: Via, Contact and SDP must name an address the peer can reach, which depends on who asks.
All transports of an agent share one `OwnAddresses`, and so does the audio of calls. Look next at
`transport.py` and `nat/networks.py`.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Sequence

from firmware.sip.nat.networks import connected_networks, in_networks, is_private

_KEPT = 512
_KEPT_S = 30.0
ANY = ("0.0.0.0", "::")


class OwnAddresses:
    """listen: at most one IPv4 and one IPv6 address; "0.0.0.0" and "::" mean every network card.

    advertise_ip: what every IPv4 peer is told in place of all else, or None.
    local_networks: those of our cards need not be named, nor, while our public address is one of
    the Internet, private ones: whoever comes from there came by no NAT. Raises ValueError for a bad one.
    Cards that come, go or change are noticed within 30 s of the clock `now_s`.
    """

    def __init__(
        self,
        listen: Sequence[str],
        advertise_ip: str | None = None,
        local_networks: Sequence[str] = (),
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.listen = tuple(listen)
        self._fixed = {":" in ip: ip for ip in listen if ip not in ANY}
        self._advertised = advertise_ip
        if advertise_ip is not None:
            self._fixed[":" in advertise_ip] = advertise_ip
        self._local_networks = [ipaddress.ip_network(text) for text in local_networks]
        self._near: list[ipaddress.IPv4Network | ipaddress.IPv6Network] | None = None
        self._public: tuple[str, int] | None = None
        self._found: dict[str, str] = {}
        self._until_s = 0.0
        self._now_s = now_s

    # -- the public address --------------------------------------------------------
    @property
    def public(self) -> tuple[str, int] | None:
        """(IPv4 address, UDP port of SIP or 0 for our own) told to peers outside; None while not known."""
        return self._public

    @public.setter
    def public(self, public: tuple[str, int] | None) -> None:
        self._public = public
        self._found.clear()

    def outer_port(self, told_ip: str, port: int) -> int:
        """The UDP port that goes with `told_ip`; port: our own."""
        return self._public[1] or port if self._public is not None and told_ip == self._public[0] else port

    # -- what a peer is told -------------------------------------------------------
    def towards(self, remote_ip: str) -> str:
        """The address to tell `remote_ip`; of the same family."""
        if self._public is None and self._fixed:
            fixed = self._fixed.get(":" in remote_ip)
            if fixed is not None:
                return fixed
        now_s = self._now_s()
        if now_s > self._until_s or len(self._found) > _KEPT:
            self._found.clear()
            self._near = None
            self._until_s = now_s + _KEPT_S
        found = self._found.get(remote_ip)
        if found is None:
            found = self._found[remote_ip] = self._choose(remote_ip)
        return found

    def to_bind(self, told_ip: str, *, several: bool = False) -> str:
        """Where to receive what is sent to `told_ip`: there, or on what we listen to if it is not ours.

        several: what is sent to other addresses of ours is to be received there too.
        """
        if several or told_ip == self._advertised or (self._public is not None and told_ip == self._public[0]):
            return next((ip for ip in self.listen if (":" in ip) == (":" in told_ip)), told_ip)
        return told_ip

    def speaks_to(self, remote_ip: str) -> bool:
        """Whether we listen in the family of `remote_ip`."""
        return any((":" in ip) == (":" in remote_ip) for ip in self.listen)

    def _choose(self, remote_ip: str) -> str:
        outside = self._public is not None and self._advertised is None and ":" not in remote_ip
        if outside and self._public is not None and not self._is_local(remote_ip, self._public[0]):
            return self._public[0]
        return self._fixed.get(":" in remote_ip) or _route_to(remote_ip)

    def _is_local(self, remote_ip: str, public_ip: str) -> bool:
        if remote_ip.startswith("127.") or (is_private(remote_ip) and not is_private(public_ip)):
            return True
        if self._near is None:
            self._near = [*connected_networks(), *self._local_networks]
        return in_networks(remote_ip, self._near)


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
