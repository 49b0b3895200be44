"""The caller's end of the rig socket: move telephones from a command line or a test.

    with RigClient(run_folder / "simboard.rig") as rig:
        rig.call("phone.lift", port="fxs1")

Synchronous and standard library only, because `tipring rig` imports it and must
start at once. The verbs are described in `rig_verbs.py`.
"""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from drivers.sim.rig_protocol import LINE_LIMIT_OCTETS, RigError

__all__ = ["RigClient", "RigError"]


class RigClient:
    """One connection to a simulated board's rig socket.

    path: the socket's file. timeout_s: longest wait for one answer; `phone.say` and
    `phone.hear` answer only when the sound is over. Raises RigError when nobody listens.
    """

    def __init__(self, path: str | os.PathLike[str], timeout_s: float = 600.0) -> None:
        self._id = 0
        self._pending = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(os.fspath(path))
        except OSError as error:
            self._socket.close()
            raise RigError(f"no simulated board answers at {path} ({error.strerror}): is `tipring run` up?") from error

    def call(self, do: str, /, **args: Any) -> dict[str, Any]:
        """Do one verb and return its answer. `file` may be relative to the caller's folder. Raises RigError."""
        if "file" in args:
            args["file"] = str(Path(args["file"]).resolve())
        self._id += 1
        request = {"id": self._id, "do": do, "args": args}
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(self._line())
        except (OSError, ValueError) as error:
            raise RigError(f"the simulated board did not answer {do}: {error}") from error
        if "error" in answer:
            raise RigError(str(answer["error"]))
        ok: dict[str, Any] = answer["ok"]
        return ok

    def close(self) -> None:
        """End the connection; telephones stay as they are."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _line(self) -> bytes:
        while b"\n" not in self._pending:
            octets = self._socket.recv(65536)
            if not octets:
                raise OSError("it closed the connection")
            self._pending += octets
            if len(self._pending) > LINE_LIMIT_OCTETS:
                raise OSError("its answer is longer than 1 MiB")
        line, _, self._pending = self._pending.partition(b"\n")
        return line
