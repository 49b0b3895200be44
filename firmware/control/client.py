"""The other side of core's socket: for the page (async) and for the command line (`call_core`)."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any

from firmware.control.messages import (
    LIMIT_OCTETS,
    PROTOCOL,
    RESYNC,
    BadMessage,
    ControlError,
    CoreAway,
    Event,
    pack,
    unpack,
)
from firmware.control.paths import core_socket

QUEUE_EVENTS = 256
_AWAY = "core is not running (nobody answers on {path})"


class ControlClient:
    """One connection to core. `async with ControlClient(path) as core: await core.call("status")`."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = core_socket() if path is None else path
        self.version = ""
        """Version of core, from its greeting."""
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._events: asyncio.Queue[Event | None] = asyncio.Queue(QUEUE_EVENTS)
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    async def connect(self, timeout_s: float = 2.0) -> None:
        """Connect and read the greeting. Raises CoreAway, or ControlError when core refuses us."""
        try:
            async with asyncio.timeout(timeout_s):
                reader, writer = await asyncio.open_unix_connection(self.path, limit=LIMIT_OCTETS)
                line = await reader.readline()
        except (OSError, ValueError) as error:
            raise CoreAway(_AWAY.format(path=self.path)) from error
        if not line:
            writer.close()
            raise CoreAway(_AWAY.format(path=self.path))
        try:
            self.version = _greeted(line)
        except ControlError:
            writer.close()
            raise
        self._writer = writer
        self._task = asyncio.create_task(self._read(reader), name="control-client")

    async def close(self) -> None:
        """End the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def __aenter__(self) -> ControlClient:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def call(self, do: str, timeout_s: float = 5.0, **args: Any) -> Any:
        """Ask core to `do`. Raises ControlError with its sentence, CoreAway when the connection ended."""
        if self._writer is None or self._task is None or self._task.done():
            raise CoreAway(_AWAY.format(path=self.path))
        number = next(self._ids)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._writer.write(pack({"id": number, "do": do, "args": args}))
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise CoreAway(f"core did not answer {do} within {timeout_s:g} s") from None
        finally:
            del self._waiting[number]

    async def events(self) -> AsyncIterator[Event]:
        """Subscribe, then yield events until the connection ends. `resync` means: ask `status` again."""
        await self.call("subscribe")
        while (event := await self._events.get()) is not None:
            yield event

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._take(unpack(line))
        except (OSError, ValueError, BadMessage):
            pass  # ends the connection like an end of file does
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(CoreAway("core ended the connection"))
            self._offer(None)

    def _take(self, message: dict[str, Any]) -> None:
        if "event" in message:
            self._offer(Event(str(message["event"]), int(message.get("seq", 0)), message.get("data", {})))
            return
        answer = self._waiting.get(message.get("id", 0))
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(ControlError(str(message["error"])))
        else:
            answer.set_result(message.get("ok"))

    def _offer(self, event: Event | None) -> None:
        if self._events.full():
            while not self._events.empty():
                self._events.get_nowait()
            if event is not None:
                event = Event(RESYNC, event.seq, {})
        self._events.put_nowait(event)


def call_core(do: str, args: dict[str, Any] | None = None, *, path: Path | None = None, timeout_s: float = 5.0) -> Any:
    """One question to core, without asyncio. Raises CoreAway or ControlError."""
    where = core_socket() if path is None else path
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(timeout_s)
        try:
            sock.connect(str(where))
            with sock.makefile("rb") as lines:
                _greeted(lines.readline(LIMIT_OCTETS))
                sock.sendall(pack({"id": 1, "do": do, "args": args or {}}))
                answer = unpack(lines.readline(LIMIT_OCTETS + 1))
        except TimeoutError:
            raise CoreAway(f"core did not answer {do} within {timeout_s:g} s") from None
        except OSError as error:
            raise CoreAway(_AWAY.format(path=where)) from error
    if "error" in answer:
        raise ControlError(str(answer["error"]))
    return answer.get("ok")


def _greeted(line: bytes) -> str:
    """Core's version from its greeting. Raises ControlError when this is no core we understand."""
    if not line:
        raise CoreAway("core ended the connection")
    greeting = unpack(line)
    if "error" in greeting:
        raise ControlError(str(greeting["error"]))
    if greeting.get("protocol") != PROTOCOL:
        raise ControlError(f"core speaks protocol {greeting.get('protocol')}, this program {PROTOCOL}")
    return str(greeting.get("tipring", ""))
