"""One `tipring run` per run folder: a lock the kernel frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

LOCK_FILE = "tipring.lock"


class AlreadyRunning(Exception):
    """Another supervisor holds the folder. pid: its process id, 0 when it cannot be read."""

    def __init__(self, folder: Path, pid: int) -> None:
        super().__init__(f"Tipring already runs on {folder}, as process {pid or '?'}")
        self.folder = folder
        self.pid = pid


class RunLock:
    """Held from `with RunLock(folder):` to its end. Raises AlreadyRunning."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = -1

    def __enter__(self) -> RunLock:
        file = os.open(self.folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            said = os.read(file, 20).strip()
            os.close(file)
            raise AlreadyRunning(self.folder, int(said) if said.isdigit() else 0) from None
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        self._file = file
        return self

    def __exit__(self, *_: object) -> None:
        os.ftruncate(self._file, 0)
        os.close(self._file)
