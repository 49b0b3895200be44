"""Where a peer of a test lives: on this machine's loopback, or in a network of its own (`net_lab.py`).

A host makes sockets and starts programs; peers ask it and need not know where they are.
"""

from __future__ import annotations

import socket


class Host:
    """This machine's loopback."""

    ip = "127.0.0.1"

    def socket(self, kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
        """A new IPv4 socket there, not bound."""
        return socket.socket(socket.AF_INET, kind)

    def argv(self, argv: list[str]) -> list[str]:
        """The command that runs `argv` there."""
        return argv


LOOPBACK = Host()
