"""Carries one DNS question to one server and its answer back, over UDP or TCP (RFC 1035 4.2, RFC 7766).

Why: every question has a socket of its own, connected to its server. So the system picks a
random port for it, drops what other addresses send, and tells at once when nothing listens
there (ICMP). What does not match is passed over: a forged datagram must not keep out the true
answer behind it.

Nothing here has a time-out: `resolver.py` cancels what takes too long.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing
from typing import Protocol

from firmware.sip.dns.wire import Query, Reply

Server = tuple[str, int]
"""A name server's numeric IP address and port. A link-local one ends in "%" and its interface."""

MAX_STREAM_OCTETS = 16384
_MAX_WRONG = 64


class Carrier(Protocol):
    """How questions travel; tests put a pipe in its place. Both raise OSError when the server cannot be reached."""

    async def datagram(self, server: Server, query: Query) -> Reply:
        """Send once, wait for the answer; what does not match is passed over."""

    async def stream(self, server: Server, query: Query) -> Reply:
        """The same over TCP, for answers that do not fit in a datagram."""


class SocketCarrier:
    """The true one."""

    async def datagram(self, server: Server, query: Query) -> Reply:
        loop = asyncio.get_running_loop()
        with closing(_open(server, socket.SOCK_DGRAM)) as sock:
            sock.connect(_place(server))
            sock.send(query.octets)
            for _ in range(_MAX_WRONG):
                reply = query.read(await loop.sock_recv(sock, 65535))
                if reply is not None:
                    return reply
                await asyncio.sleep(0)  # a server that floods must not hold the loop
        raise OSError(f"{_MAX_WRONG} answers that do not fit the question")

    async def stream(self, server: Server, query: Query) -> Reply:
        loop = asyncio.get_running_loop()
        with closing(_open(server, socket.SOCK_STREAM)) as sock:
            await loop.sock_connect(sock, _place(server))
            await loop.sock_sendall(sock, len(query.octets).to_bytes(2, "big") + query.octets)
            length = int.from_bytes(await _exactly(sock, 2), "big")
            if length > MAX_STREAM_OCTETS:
                raise OSError(f"an answer of {length} octets")
            reply = query.read(await _exactly(sock, length))
        if reply is None:
            raise OSError("an answer that does not fit the question")
        return reply


def _open(server: Server, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    return socket.socket(family, kind | socket.SOCK_NONBLOCK)


def _place(server: Server) -> tuple[str, int] | tuple[str, int, int, int]:
    """The address for connect(2), its interface as a number so that no name look-up can happen."""
    ip, percent, interface = server[0].partition("%")
    return (ip, server[1], 0, socket.if_nametoindex(interface)) if percent else server


async def _exactly(sock: socket.socket, count: int) -> bytes:
    loop = asyncio.get_running_loop()
    got = b""
    while len(got) < count:
        more = await loop.sock_recv(sock, count - len(got))
        if not more:
            raise OSError("the connection ended in the middle of an answer")
        got += more
    return got
