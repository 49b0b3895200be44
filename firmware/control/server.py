"""Core's side of the socket: answers requests, tells events.

Who may connect is decided by the kernel's word (SO_PEERCRED): our own user and root may do
everything; `guests` (the web page's user on the appliance) may only read. A reader that does
not keep up loses events, never core's memory: its queue holds 256, then it is told `resync`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pwd
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from firmware.control.messages import (
    LIMIT_OCTETS,
    PROTOCOL,
    RESYNC,
    BadMessage,
    ControlError,
    Request,
    pack,
    request_from,
    unpack,
)
from firmware.control.paths import check_length

log = logging.getLogger(__name__)

Verb = Callable[[dict[str, Any]], Awaitable[Any]]
QUEUE_EVENTS = 256
MAX_CLIENTS = 64
GUEST_VERBS = frozenset({"status", "calls", "subscribe"})


class ControlServer:
    """The socket `path`. verbs: name -> coroutine that takes the arguments and returns JSON data.

    A verb raises ControlError to answer with a sentence. `subscribe` is built in. guests: user
    ids that may only read; by default the user `tipring-web` where the machine has one.
    """

    def __init__(
        self, path: Path, verbs: Mapping[str, Verb], *, version: str = "", guests: Collection[int] | None = None
    ) -> None:
        self.path = path
        self.verbs = dict(verbs)
        self.version = version
        self.guests = _web_user() if guests is None else set(guests)
        self.seq = 0
        self._server: asyncio.Server | None = None
        self._clients: dict[_Client, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Listen. Raises ControlError when another core answers there already."""
        check_length(self.path)
        await asyncio.to_thread(_remove_stale, self.path)
        self._server = await asyncio.start_unix_server(self._connected, self.path, limit=LIMIT_OCTETS)
        self.path.chmod(0o666 if self.guests else 0o600)  # the kernel's word on who connects decides, not the mode

    async def stop(self) -> None:
        """Close the socket and every connection."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        tasks = list(self._clients.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.path.unlink(missing_ok=True)

    def publish(self, event: str, data: Mapping[str, Any]) -> None:
        """Tell every subscriber. Never waits; data must be JSON."""
        self.seq += 1
        subscribers = [c for c in self._clients if c.subscribed]
        if not subscribers:
            return
        line = pack({"event": event, "seq": self.seq, "data": dict(data)})
        for client in subscribers:
            client.tell(line, self.seq)

    @property
    def clients(self) -> int:
        """How many are connected now."""
        return len(self._clients)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(self, reader, writer)
        task = asyncio.current_task()
        assert task is not None
        self._clients[client] = task
        try:
            await client.serve(crowded=len(self._clients) > MAX_CLIENTS)
        except (OSError, asyncio.CancelledError):
            pass  # the client went away, or stop() ends us: nothing is left to do either way
        finally:
            del self._clients[client]
            writer.transport.abort()


class _Client:
    """One connection: requests are answered one after another, events go out between them."""

    def __init__(self, server: ControlServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.subscribed = False
        self._events: deque[bytes] = deque()
        self._lost = False
        self._told = asyncio.Event()
        self._uid = _peer_uid(writer)

    async def serve(self, *, crowded: bool) -> None:
        if self._uid not in {0, os.getuid()} and self._uid not in self.server.guests:
            log.warning("control: user %d was refused", self._uid)
            return await self._last_words(f"user {self._uid} may not talk to this core")
        if crowded:
            return await self._last_words("too many connections")
        self.writer.write(pack({"tipring": self.server.version, "protocol": PROTOCOL}))
        sender = asyncio.create_task(self._send_events(), name="control-events")
        try:
            await self._answer_requests()
        finally:
            sender.cancel()

    async def _answer_requests(self) -> None:
        while True:
            try:
                line = await self.reader.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                return await self._last_words(f"a line has more than {LIMIT_OCTETS} octets")
            if line.strip():
                self.writer.write(await self._answer(line))
                await self.writer.drain()

    async def _answer(self, line: bytes) -> bytes:
        request_id: int | str | None = None
        try:
            request = request_from(unpack(line))
            request_id = request.id
            return pack({"id": request_id, "ok": await self._do(request)})
        except ControlError as error:
            return pack({"id": request_id, "error": str(error)})
        except Exception:  # a bug in one verb must not cost the others their connection
            log.exception("control: a request failed")
            return pack({"id": request_id, "error": "internal error; the log of core says more"})

    async def _do(self, request: Request) -> Any:
        if self._uid in self.server.guests and request.do not in GUEST_VERBS:
            raise ControlError(f"{request.do} is not allowed to the web page")
        if request.do == "subscribe":
            self.subscribed = True
            return {"seq": self.server.seq}
        verb = self.server.verbs.get(request.do)
        if verb is None:
            known = ", ".join(sorted({*self.server.verbs, "subscribe"}))
            raise BadMessage(f"there is no {request.do!r:.60}; known: {known}")
        return await verb(request.args)

    def tell(self, line: bytes, seq: int) -> None:
        if len(self._events) >= QUEUE_EVENTS:
            self._events.clear()
            self._events.append(pack({"event": RESYNC, "seq": seq, "data": {}}))
        else:
            self._events.append(line)
        self._told.set()

    async def _send_events(self) -> None:
        try:
            while True:
                await self._told.wait()
                self._told.clear()
                while self._events:
                    self.writer.write(self._events.popleft())
                    await self.writer.drain()
        except ConnectionError:
            pass  # the reading side notices the same and ends the connection

    async def _last_words(self, sentence: str) -> None:
        self.writer.write(pack({"id": None, "error": sentence}))
        self.writer.write_eof()
        async with asyncio.timeout(1.0):
            while await self.reader.read(65536):  # closing with unread octets would take the sentence away
                pass


def _peer_uid(writer: asyncio.StreamWriter) -> int:
    sock = writer.get_extra_info("socket")
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, uid, _gid = struct.unpack("3i", credentials)
    return int(uid)


def _web_user() -> set[int]:
    try:
        return {pwd.getpwnam("tipring-web").pw_uid}
    except KeyError:
        return set()


def _remove_stale(path: Path) -> None:
    """Remove the socket a dead core left behind; a living one is left alone."""
    if not path.exists():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except OSError:
            pass
    raise ControlError(f"another core answers on {path}")
