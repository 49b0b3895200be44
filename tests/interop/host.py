"""Where a peer of a test lives: on this machine's loopback, or in a network of its own (`net_lab.py`).

A host makes sockets and starts programs; peers ask it and need not know where they are.
"""

from __future__ import annotations

import socket


class Host:
    """This machine's loopback. ip: its IPv4 or IPv6 address."""

    ip = "127.0.0.1"

    def socket(self, kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
        """A new socket of its address's family there, not bound."""
        return socket.socket(socket.AF_INET6 if ":" in self.ip else socket.AF_INET, kind)

    def argv(self, argv: list[str]) -> list[str]:
        """The command that runs `argv` there."""
        return argv


class _LoopbackOfIPv6(Host):
    ip = "::1"


LOOPBACK = Host()
LOOPBACK_IPV6 = _LoopbackOfIPv6()


def bracketed(ip: str) -> str:
    """As an address stands where a port may follow."""
    return f"[{ip}]" if ":" in ip else ip
