"""Registrations that survive a restart: SQLite in the data folder, written behind the loop's back.

Why: the registrar works on a dictionary in memory and never waits for a disk. Changes go
into a queue; one thread named "bindings" writes what has gathered, 50 ms at a time, in one
transaction (WAL: a power cut loses at most that). Times in the file are wall-clock seconds.
Look next at `registrar.py`.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path

log = logging.getLogger(__name__)

_GATHER_S = 0.05

_SCHEMA = """
CREATE TABLE IF NOT EXISTS bindings (
    user TEXT NOT NULL, contact TEXT NOT NULL, call_id TEXT NOT NULL, cseq INTEGER NOT NULL,
    expires_wall_s REAL NOT NULL, q REAL NOT NULL, agent TEXT NOT NULL,
    source_ip TEXT NOT NULL, source_port INTEGER NOT NULL, transport TEXT NOT NULL,
    path TEXT NOT NULL DEFAULT '', instance TEXT NOT NULL DEFAULT '', reg_id INTEGER NOT NULL DEFAULT 0,
    gruu_key TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (user, contact, instance, reg_id)
) WITHOUT ROWID
"""
_FIRST_COLUMNS = "user, contact, call_id, cseq, expires_wall_s, q, agent, source_ip, source_port, transport"
"""Those of the first schema, whose key was (user, contact) and had no room for two flows of one telephone."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One contact of a user. expires_wall_s: Unix time at which it ends. q: 0.0 to 1.0.

    path: Route values towards it, with commas between, "" for none (RFC 3327). instance: the
    telephone, "urn:uuid:..." or "". reg_id: which of its flows this is, 0 for none (RFC 5626).
    gruu_key: of its temporary GRUUs, "" while it has none (RFC 5627).
    """

    user: str
    contact: str
    call_id: str
    cseq: int
    expires_wall_s: float
    q: float
    agent: str
    source_ip: str
    source_port: int
    transport: str = "UDP"
    path: str = ""
    instance: str = ""
    reg_id: int = 0
    gruu_key: str = ""

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What tells it apart from all others."""
        return self.user, self.contact, self.instance, self.reg_id


_ROW = attrgetter(*(field.name for field in fields(Binding)))


class BindingStore:
    """path: the database file, or None for memory only. `start` loads, `stop` writes what is left."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[tuple[str, Binding] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> list[Binding]:
        """The bindings of last time that have not expired. Raises OSError if the folder cannot be written.

        A damaged file is set aside (".damaged") and a new one begun: phones register again.
        """
        if self._path is None or self._thread is not None:
            return []
        try:
            found = self._load(self._path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise OSError(f"{self._path}: {error}") from error
            log.warning("registrations: %s is damaged (%s), set aside", self._path, error)
            self._path.replace(self._path.with_suffix(".damaged"))
            found = self._load(self._path)
        self._thread = threading.Thread(target=self._write, args=(self._path,), name="bindings", daemon=True)
        self._thread.start()
        return found

    def stop(self) -> None:
        """Write what is queued and end the thread (at most 2 s)."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(2.0)
            self._thread = None

    def put(self, binding: Binding) -> None:
        if self._thread is not None:
            self._queue.put(("put", binding))

    def drop(self, binding: Binding) -> None:
        if self._thread is not None:
            self._queue.put(("drop", binding))

    @staticmethod
    def _load(path: Path) -> list[Binding]:
        with contextlib.closing(sqlite3.connect(path)) as base:
            base.execute("PRAGMA journal_mode=WAL")
            _make_table(base)
            base.execute("DELETE FROM bindings WHERE expires_wall_s <= ?", (time.time(),))
            base.commit()
            return [Binding(*row) for row in base.execute("SELECT * FROM bindings")]

    def _write(self, path: Path) -> None:
        """The thread: gather, write, again."""
        with contextlib.closing(sqlite3.connect(path)) as base:
            base.execute("PRAGMA synchronous=NORMAL")
            going = True
            while going:
                changes = [self._queue.get()]
                if changes[0] is not None:
                    time.sleep(_GATHER_S)
                while not self._queue.empty():
                    changes.append(self._queue.get())
                going = None not in changes
                self._apply(base, [change for change in changes if change is not None])

    def _apply(self, base: sqlite3.Connection, changes: list[tuple[str, Binding]]) -> None:
        last = {binding.key: (what, binding) for what, binding in changes}
        rows = [_storable(_ROW(binding)) for what, binding in last.values() if what == "put"]
        gone = [_storable(binding.key) for what, binding in last.values() if what == "drop"]
        try:
            with base:
                base.executemany(
                    "DELETE FROM bindings WHERE user = ? AND contact = ? AND instance = ? AND reg_id = ?", gone
                )
                base.executemany("INSERT OR REPLACE INTO bindings VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)", rows)
        except sqlite3.Error as error:
            log.error("registrations: %s: cannot write: %s", self._path, error)


def _make_table(base: sqlite3.Connection) -> None:
    """The table, with the rows of an older file in it: all of it or nothing."""
    columns = {row[1] for row in base.execute("PRAGMA table_info(bindings)")}
    with base:
        base.execute("BEGIN")
        if columns and "reg_id" not in columns:
            base.execute("ALTER TABLE bindings RENAME TO bindings_of_old")
        base.execute(_SCHEMA)
        if columns and "reg_id" not in columns:
            base.execute(f"INSERT INTO bindings ({_FIRST_COLUMNS}) SELECT {_FIRST_COLUMNS} FROM bindings_of_old")
            base.execute("DROP TABLE bindings_of_old")


def _storable(values: Iterable[object]) -> tuple[object, ...]:
    """Odd octets of a peer's text, held as surrogates, written so that SQLite takes them."""
    return tuple(value.encode("utf-8", "replace").decode() if isinstance(value, str) else value for value in values)
