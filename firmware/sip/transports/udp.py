"""SIP over UDP: one socket an address family (RFC 3261 section 18).

Why: a datagram goes straight from the socket to the receiver, many a wake-up: what waits in
user space can be put in order, what waits in the kernel is lost without a look. IPv4 and IPv6
have a socket each, so that no address is ever written in its mapped form. Look next at
`transport.py`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

from firmware.sip.transports.own_addresses import OwnAddresses
from firmware.sip.transports.sockets import listening_sockets
from firmware.sip.transports.transport import Address, Receiver, Transport

log = logging.getLogger(__name__)

SOCKET_BUFFER_OCTETS = 4 * 1024 * 1024
_BATCH = 256
_PEERS_KEPT = 4096


class UdpTransport(Transport):
    """SIP over UDP on every address of `own.listen`.

    port 0 lets the system choose; `port` tells. Raises OSError when the port is taken.
    """

    name = "UDP"
    reliable = False

    def __init__(self, receiver: Receiver, own: OwnAddresses, port: int) -> None:
        super().__init__(own)
        self._receiver = receiver
        self._peers: dict[Any, Address] = {}
        self._buffer = bytearray(65536)
        self._view = memoryview(self._buffer)
        self._loop = asyncio.get_running_loop()
        self._sockets, self.port = listening_sockets(own.listen, port, socket.SOCK_DGRAM)
        self._by_family = {":" in ip: sock for ip, sock in self._sockets.items()}
        for sock in self._sockets.values():
            _enlarge_buffers(sock)
            self._loop.add_reader(sock.fileno(), self._readable, sock)

    def close(self) -> None:
        for sock in self._sockets.values():
            if sock.fileno() >= 0:
                self._loop.remove_reader(sock.fileno())
                sock.close()

    def send(self, data: bytes, address: Address) -> bool:
        sock = self._by_family.get(":" in address[0])
        if sock is None:
            log.info("sip: cannot send to %s:%s: we do not listen in its address family", *address)
            return False
        try:
            sock.sendto(data, address)
        except BlockingIOError:
            return True
        except (OSError, OverflowError) as error:
            log.info("sip: cannot send to %s:%s: %s", address[0], address[1], error)
            return False
        return True

    def told_port(self, told_ip: str) -> int:
        """Outside, the one our NAT router gave us, if STUN has told it."""
        return self.own.outer_port(told_ip, self.port)

    def _remember(self, source: Any) -> Address:
        """One tuple a peer, however many transactions keep it; of an IPv6 source only ip and port."""
        if len(self._peers) >= _PEERS_KEPT:
            self._peers.clear()
        known: Address = source if len(source) == 2 else (source[0], source[1])
        self._peers[source] = known
        return known

    def _readable(self, sock: socket.socket) -> None:
        receive = self._receiver
        for _ in range(_BATCH):
            try:
                octets, source = sock.recvfrom_into(self._buffer)
            except BlockingIOError:
                return
            except OSError as error:
                log.debug("sip: receive error: %s", error)
                continue
            known = self._peers.get(source)
            if known is None:
                known = self._remember(source)
            receive(self, bytes(self._view[:octets]), known)


def _enlarge_buffers(sock: socket.socket) -> None:
    """Ask for room for a burst; with CAP_NET_ADMIN beyond the system's limit."""
    for forced, plain in ((33, socket.SO_RCVBUF), (32, socket.SO_SNDBUF)):  # SO_RCVBUFFORCE, SO_SNDBUFFORCE
        try:
            sock.setsockopt(socket.SOL_SOCKET, forced, SOCKET_BUFFER_OCTETS)
        except OSError:
            sock.setsockopt(socket.SOL_SOCKET, plain, SOCKET_BUFFER_OCTETS)
