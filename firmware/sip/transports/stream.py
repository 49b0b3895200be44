"""SIP over connections: what TCP and TLS have in common (RFC 3261 18, RFC 5923).

Why: one table holds every connection by its peer's address, those that came in and those we
opened. A response and a request to a registered phone find the connection by the address the
phone's message came from; one that came in is never used for anybody else. Everything a peer
can make us keep is bounded (`connection.StreamLimits`). Look next at `tcp.py` and `tls.py`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Coroutine
from typing import Any

from firmware.sip.messages.status import Refusal
from firmware.sip.transports.connection import Connection, StreamLimits
from firmware.sip.transports.own_addresses import OwnAddresses
from firmware.sip.transports.sockets import listening_sockets
from firmware.sip.transports.transport import Address, Transport, TransportUser

log = logging.getLogger(__name__)

CONNECT_S = 4.0
_SWEEP_S = 5.0
_BACKLOG = 256
_ACCEPT_BATCH = 32
_ACCEPT_PAUSE_S = 1.0


class StreamTransport(Transport):
    """SIP over the connections of one kind, listening on every address of `own.listen`.

    port 0 lets the system choose; `port` tells. Nobody is let in before `listen`.
    Raises OSError when the port is taken.
    """

    reliable = True

    def __init__(self, user: TransportUser, own: OwnAddresses, port: int, limits: StreamLimits) -> None:
        super().__init__(own)
        self.limits = limits
        self._user = user
        self._loop = asyncio.get_running_loop()
        self._all: set[Connection] = set()
        self._connections: dict[Address, Connection] = {}
        self._per_ip: dict[str, int] = {}
        self._refused: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.TimerHandle | None = None
        sockets, self.port = listening_sockets(own.listen, port, socket.SOCK_STREAM)
        self._bound = list(sockets.values())

    def listen(self) -> None:
        """Take connections from now on."""
        for sock in self._bound:
            sock.listen(_BACKLOG)
            self._loop.add_reader(sock.fileno(), self._acceptable, sock)

    def close(self) -> None:
        for sock in self._bound:
            if sock.fileno() >= 0:
                self._loop.remove_reader(sock.fileno())
                sock.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
        for task in self._tasks:
            task.cancel()
        for connection in list(self._all):
            connection.close()

    @property
    def connections(self) -> int:
        return len(self._all)

    # -- sending -----------------------------------------------------------------------
    def send(self, data: bytes, address: Address) -> bool:
        connection = self._connections.get(address) or self._open(address)
        return connection is not None and connection.send(data)

    def has_flow(self, address: Address) -> bool:
        return address in self._connections

    def forget(self, address: Address) -> None:
        """Let the connection to `address` end when its peer wants; the next message opens another."""
        self._connections.pop(address, None)

    def _open(self, address: Address) -> Connection | None:
        """A connection that is being made; None beyond the limits."""
        if not self._room_for(address[0]):
            return None
        connection = Connection(self, address, self._loop.time(), self._name_wanted(address))
        self._connections[address] = connection
        self._start(connection, self._connect(connection))
        return connection

    async def _connect(self, connection: Connection) -> None:
        ip, port = connection.address
        try:
            async with asyncio.timeout(CONNECT_S):
                options = await self._opening_options(connection)
                await self._loop.create_connection(lambda: connection, ip, port, **options)
        except (OSError, OverflowError) as error:  # time-outs and refused certificates are OSErrors too
            why = str(error) or "no answer"
            log.info("sip: no %s connection to %s:%d: %s", self.name, ip, port, why)
            self.closed(connection)

    # -- for TLS --------------------------------------------------------------------------
    def _accepting_options(self) -> dict[str, Any]:
        """What asyncio needs to know besides the socket; TLS names its certificate here."""
        return {}

    async def _opening_options(self, connection: Connection) -> dict[str, Any]:
        """The same for a connection we open. Raises OSError when none can be made."""
        return {}

    def _name_wanted(self, address: Address) -> str:
        """Whom the peer at `address` has to prove to be."""
        return address[0]

    # -- accepting -----------------------------------------------------------------------
    def _acceptable(self, listening: socket.socket) -> None:
        for _ in range(_ACCEPT_BATCH):
            try:
                sock, place = listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                log.warning("sip: cannot take a connection: %s", error)
                self._loop.remove_reader(listening.fileno())
                self._loop.call_later(_ACCEPT_PAUSE_S, self._accept_again, listening)
                return
            address = (place[0], place[1])
            if not self._room_for(address[0]):
                sock.close()
                continue
            sock.setblocking(False)
            connection = Connection(self, address, self._loop.time())
            self._start(connection, self._accept(sock, connection))

    def _accept_again(self, listening: socket.socket) -> None:
        if listening.fileno() >= 0:
            self._loop.add_reader(listening.fileno(), self._acceptable, listening)

    async def _accept(self, sock: socket.socket, connection: Connection) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: connection, sock, **self._accepting_options())
        except OSError as error:
            log.info("sip: no %s connection from %s:%d: %s", self.name, *connection.address, error)
            sock.close()
            self.closed(connection)

    def _room_for(self, ip: str) -> bool:
        """Whether one more connection with `ip` is within the limits."""
        here, everywhere = self._per_ip.get(ip, 0), len(self._all)
        if here < self.limits.per_ip and everywhere < self.limits.total:
            return True
        if ip not in self._refused:
            self._refused.add(ip)
            log.warning("sip: %s connection with %s refused: it has %d of %d", self.name, ip, here, everywhere)
        return False

    def _start(self, connection: Connection, work: Coroutine[Any, Any, None]) -> None:
        ip = connection.address[0]
        self._all.add(connection)
        self._per_ip[ip] = self._per_ip.get(ip, 0) + 1
        task = self._loop.create_task(work, name=f"{self.name} connection")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(_SWEEP_S, self._sweep)

    # -- told by the connections ----------------------------------------------------------
    def opened(self, connection: Connection) -> None:
        """It is connected (and over TLS the handshake is done)."""
        self._connections[connection.address] = connection

    def arrived(self, connection: Connection, message: bytes, fault: Refusal | None) -> None:
        self._user.receive(self, message, connection.address, fault)

    def closed(self, connection: Connection) -> None:
        """It is over, or was never made."""
        if connection not in self._all:
            return
        self._all.remove(connection)
        ip = connection.address[0]
        self._per_ip[ip] -= 1
        if not self._per_ip[ip]:
            del self._per_ip[ip]
        if self._connections.get(connection.address) is connection:
            del self._connections[connection.address]
            self._user.lost(self, connection.address)

    # -- house-keeping -----------------------------------------------------------------------
    def _sweep(self) -> None:
        """Close what is overdue; rests while there is no connection."""
        now_s = self._loop.time()
        self._refused.clear()
        for connection in list(self._all):
            why = connection.overdue(now_s)
            if why:
                connection.abort(why)
        self._sweeping = self._loop.call_later(_SWEEP_S, self._sweep) if self._all else None
