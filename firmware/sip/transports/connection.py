"""One connection of a stream transport, accepted or opened (RFC 3261 18).

Why: an asyncio protocol without tasks or timers of its own, so that a thousand idle phones
cost little memory; its owner looks now and then whether it is still worth keeping
(`overdue`). All connections read into one buffer, which also bounds how many messages of
one peer are handled before the next peer's turn. Look next at `stream.py`, the owner, and
`framing.py`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import dataclass
from typing import Protocol

from firmware.sip.messages.status import Refusal
from firmware.sip.transports.framing import Framing
from firmware.sip.transports.sockets import mark_signalling
from firmware.sip.transports.transport import Address

log = logging.getLogger(__name__)

PONG = b"\r\n"
_SEND_BUFFER_OCTETS = 131072
_BUFFER = memoryview(bytearray(16384))  # asyncio reads into it and hands it over at once


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What a stream transport and its connections may take.

    partial_s: for a whole message once it has begun, for the first one after the peer connected,
    and for the peer to read what we wrote: who needs longer is broken or means harm.
    idle_s: without a message; longer than a registration may last, so that a registered phone
    keeps its connection. queue_octets: what may wait to be sent. total, per_ip: connections.
    """

    partial_s: float = 30.0
    idle_s: float = 3900.0
    queue_octets: int = 262144
    total: int = 2000
    per_ip: int = 256


class Owner(Protocol):
    """The stream transport."""

    limits: StreamLimits

    def opened(self, connection: Connection) -> None: ...
    def arrived(self, connection: Connection, message: bytes, fault: Refusal | None) -> None: ...
    def closed(self, connection: Connection) -> None: ...


class Connection(asyncio.BufferedProtocol):
    """address: the peer's. opened_for: the name or address we opened it towards, "" when it came in."""

    __slots__ = (
        "_framing",
        "_heard_s",
        "_owner",
        "_partial_since_s",
        "_stuck_since_s",
        "_transport",
        "_waiting",
        "address",
        "heard",
        "opened_for",
    )

    def __init__(self, owner: Owner, address: Address, now_s: float, opened_for: str = "") -> None:
        self.address = address
        self.opened_for = opened_for
        self.heard = False
        """A whole message came."""
        self._owner = owner
        self._framing = Framing()
        self._transport: asyncio.Transport | None = None
        self._waiting: list[bytes] = []  # to be sent once connected
        self._heard_s = now_s
        self._partial_since_s: float | None = None
        self._stuck_since_s: float | None = None

    # -- sending -----------------------------------------------------------------------
    def send(self, data: bytes) -> bool:
        """Queue a message. False when the peer has not read for so long that the queue is full; it is then closed."""
        transport = self._transport
        if transport is None:
            if sum(map(len, self._waiting)) + len(data) > self._owner.limits.queue_octets:
                return False
            self._waiting.append(data)
            return True
        if transport.is_closing():
            return False
        transport.write(data)
        if transport.get_write_buffer_size() > self._owner.limits.queue_octets:
            self.abort("the peer does not read")
            return False
        return True

    def close(self) -> None:
        """Send what is queued, then close."""
        if self._transport is not None:
            self._transport.close()

    def abort(self, why: str) -> None:
        log.info("sip: connection with %s:%d closed: %s", *self.address, why)
        if self._transport is not None:
            self._transport.abort()

    def overdue(self, now_s: float) -> str:
        """Why the connection is to be closed, "" while it may stay."""
        limits = self._owner.limits
        if self._partial_since_s is not None and now_s - self._partial_since_s > limits.partial_s:
            return "half a message and no more"
        if self._stuck_since_s is not None and now_s - self._stuck_since_s > limits.partial_s:
            return "the peer does not read"
        idle_s = limits.idle_s if self.heard or self.opened_for else limits.partial_s
        return "nothing came" if now_s - self._heard_s > idle_s else ""

    # -- told by asyncio ----------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=0)
        _tune(transport.get_extra_info("socket"))
        for data in self._waiting:
            transport.write(data)
        self._waiting = []
        self._owner.opened(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        framing, now_s = self._framing, asyncio.get_running_loop().time()
        messages = framing.feed(_BUFFER[:nbytes])
        if messages or self.heard:
            self._heard_s = now_s
        if framing.pings:
            framing.pings = 0
            self.send(PONG)
        if not framing.partial:
            self._partial_since_s = None
        elif messages or self._partial_since_s is None:
            self._partial_since_s = now_s
        fault = framing.fault if isinstance(framing.fault, Refusal) else None
        for place, message in enumerate(messages, 1):
            self.heard = True
            self._owner.arrived(self, message, fault if place == len(messages) else None)
        if framing.fault is not None and self._transport is not None:
            log.info("sip: connection with %s:%d closed: %s", *self.address, framing.fault)
            self._transport.close()

    def pause_writing(self) -> None:
        self._stuck_since_s = asyncio.get_running_loop().time()

    def resume_writing(self) -> None:
        self._stuck_since_s = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._owner.closed(self)


def _tune(sock: socket.socket) -> None:
    """Let the kernel notice within 2 min that the peer lost power or its network, and queue little for it."""
    mark_signalling(sock)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_OCTETS)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 15_000)
