"""The board's end of the rig socket: newline JSON in, verbs done, newline JSON out.

One request at a time per connection; several connections work side by side, so
one can record while another speaks. The verbs are in `rig_verbs.py`, the other
end in `rig_client.py`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from pathlib import Path
from typing import Any

from drivers.sim.rig_protocol import LINE_LIMIT_OCTETS, RigError
from drivers.sim.rig_verbs import RigVerbs

log = logging.getLogger(__name__)


class RigServer:
    """Serves verbs at a socket file. `start` and `stop` once each."""

    def __init__(self, path: Path, verbs: RigVerbs) -> None:
        self._path = path
        self._verbs = verbs
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; a socket file left by a dead board is replaced. Raises RigError when one lives there."""
        refuse_living_twin(self._path)
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LINE_LIMIT_OCTETS)
        self._path.chmod(0o600)

    async def stop(self) -> None:
        """Drop every connection and remove the socket file."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while line := await reader.readline():
                answer = await self._answer(line)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError) as error:
            log.debug("rig: connection dropped: %s", error)
        except asyncio.CancelledError:
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        number: object = None
        try:
            number, verb, args = _request(line)
            return {"id": number, "ok": await self._verbs.do(verb, args)}
        except RigError as error:
            return {"id": number, "error": str(error)}


def refuse_living_twin(path: Path) -> None:
    """Raises RigError when another process answers at that socket file."""
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.connect(str(path))
    except OSError:
        return
    finally:
        probe.close()
    raise RigError(f"another simulated board already runs at {path}")


def _request(line: bytes) -> tuple[object, str, dict[str, Any]]:
    try:
        request = json.loads(line)
    except ValueError as error:
        raise RigError(f"this line is no JSON: {error}") from error
    if not isinstance(request, dict) or not isinstance(request.get("do"), str):
        raise RigError('a request looks like {"id": 1, "do": "phone.lift", "args": {"port": "fxs1"}}')
    args = request.get("args", {})
    if not isinstance(args, dict):
        raise RigError('"args" is an object, for example {"port": "fxs1"}')
    return request.get("id"), request["do"], args
