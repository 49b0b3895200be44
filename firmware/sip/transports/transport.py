"""Carrying SIP over the network: the face every transport has, and UDP (RFC 3261 section 18).

Why: everything above speaks to `Transport`, so that tests join two agents by a pipe and a
stream transport can stand beside UDP. A datagram goes straight from the socket to the
receiver; many are taken per wake-up, and when the socket stays full for long `behind` says so.
Look next at `layer.py`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Protocol

from firmware.sip.messages.headers import Via

log = logging.getLogger(__name__)

Address = tuple[str, int]
Receiver = Callable[["Transport", bytes, Address], None]

SOCKET_BUFFER_OCTETS = 4 * 1024 * 1024
_BATCH = 32
_BEHIND_AFTER_S = 0.25
_LOCAL_IP_KEPT = 512
_LOCAL_IP_KEPT_S = 30.0
_PEERS_KEPT = 4096


class Transport(Protocol):
    """One way of carrying messages. name: as in Via ("UDP"). reliable: no retransmissions wanted."""

    name: str
    reliable: bool
    port: int

    def send(self, data: bytes, address: Address) -> bool:
        """Send to (ip, port). False when the network refuses at once; loss is not noticed."""

    def local_ip(self, remote_ip: str) -> str:
        """Our address as `remote_ip` should know it."""

    def sent_by(self, remote_ip: str) -> str:
        """For Via: "UDP 192.0.2.1:5060"."""

    def contact_place(self, remote_ip: str) -> str:
        """For Contact and From: "192.0.2.1:5060", without the port if it is 5060."""

    @property
    def behind(self) -> bool:
        """Input has been arriving faster than it can be handled for a while: shed new work."""

    def close(self) -> None: ...


OpenTransport = Callable[[Receiver], Transport]


def response_address(via: Via, source: Address) -> Address:
    """Where a response goes over UDP (RFC 3261 18.2.2, RFC 3581 4): to the source with rport, else its sent-by port."""
    if "rport" in via.params:
        return source
    return source[0], via.port or 5060


class UdpTransport:
    """SIP over one IPv4 UDP socket.

    listen_ip "0.0.0.0" listens everywhere. port 0 lets the system choose; `port` tells.
    advertise_ip: what peers are told instead of the local address (behind NAT), or None.
    Raises OSError when the port is taken.
    """

    name = "UDP"
    reliable = False

    def __init__(self, receiver: Receiver, listen_ip: str, port: int, advertise_ip: str | None = None) -> None:
        self._receiver = receiver
        self._fixed_ip = advertise_ip or (listen_ip if listen_ip != "0.0.0.0" else None)
        self._local_ips: dict[str, str] = {}
        self._local_ips_until_s = 0.0
        self._full_since_s: float | None = None
        self._peers: dict[Address, Address] = {}
        self._buffer = bytearray(65536)
        self._view = memoryview(self._buffer)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        _enlarge_buffers(self._socket)
        try:
            self._socket.bind((listen_ip, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._readable)

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()

    def send(self, data: bytes, address: Address) -> bool:
        try:
            self._socket.sendto(data, address)
        except BlockingIOError:
            return True
        except (OSError, OverflowError) as error:
            log.info("sip: cannot send to %s:%s: %s", address[0], address[1], error)
            return False
        return True

    def local_ip(self, remote_ip: str) -> str:
        if self._fixed_ip is not None:
            return self._fixed_ip
        now_s = self._loop.time()
        if now_s > self._local_ips_until_s or len(self._local_ips) > _LOCAL_IP_KEPT:
            self._local_ips.clear()
            self._local_ips_until_s = now_s + _LOCAL_IP_KEPT_S
        found = self._local_ips.get(remote_ip)
        if found is None:
            found = self._local_ips[remote_ip] = _route_to(remote_ip)
        return found

    def sent_by(self, remote_ip: str) -> str:
        return f"UDP {self.local_ip(remote_ip)}:{self.port}"

    def contact_place(self, remote_ip: str) -> str:
        ip = self.local_ip(remote_ip)
        return ip if self.port == 5060 else f"{ip}:{self.port}"

    @property
    def behind(self) -> bool:
        return self._full_since_s is not None and self._loop.time() - self._full_since_s > _BEHIND_AFTER_S

    def _remember(self, source: Address) -> Address:
        """One tuple a peer, however many transactions keep it."""
        if len(self._peers) >= _PEERS_KEPT:
            self._peers.clear()
        self._peers[source] = source
        return source

    def _readable(self) -> None:
        receive = self._receiver
        for _ in range(_BATCH):
            try:
                octets, source = self._socket.recvfrom_into(self._buffer)
            except BlockingIOError:
                self._full_since_s = None
                return
            except OSError as error:
                log.debug("sip: receive error: %s", error)
                continue
            known = self._peers.get(source)
            if known is None:
                known = self._remember(source)
            receive(self, bytes(self._view[:octets]), known)
        if self._full_since_s is None:
            self._full_since_s = self._loop.time()


def _enlarge_buffers(sock: socket.socket) -> None:
    """Ask for room for a burst; with CAP_NET_ADMIN beyond the system's limit."""
    for forced, plain in ((33, socket.SO_RCVBUF), (32, socket.SO_SNDBUF)):  # SO_RCVBUFFORCE, SO_SNDBUFFORCE
        try:
            sock.setsockopt(socket.SOL_SOCKET, forced, SOCKET_BUFFER_OCTETS)
        except OSError:
            sock.setsockopt(socket.SOL_SOCKET, plain, SOCKET_BUFFER_OCTETS)


def _route_to(remote_ip: str) -> str:
    """The local address the kernel would use towards `remote_ip`; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((remote_ip, 9))
        except OSError:
            return "127.0.0.1"
        found: str = probe.getsockname()[0]
        return found
