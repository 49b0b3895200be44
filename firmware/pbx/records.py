"""Call records in SQLite: one row a call, written when it begins, is answered and ends.

Only core writes. One named thread owns the database and works off a queue in batches, so
that a slow disk never holds the event loop. A call that was open when core died is closed at
the next start, with what is known. Times are wall clock, ISO 8601 in UTC; talk_ms comes from
the monotonic clock, so a clock step does not change it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.telephony.cause import Cause
from firmware.telephony.clock import wall

log = logging.getLogger(__name__)

QUEUE_LIMIT = 20_000
BATCH = 500
GATHER_S = 0.05
"""How long lines gather before one transaction writes them: a burst costs few commits, a power cut this much."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, legs TEXT NOT NULL, caller TEXT NOT NULL, called TEXT NOT NULL,
    start TEXT NOT NULL, answer TEXT, end TEXT, talk_ms INTEGER NOT NULL DEFAULT 0,
    cause INTEGER, hung_up_by TEXT NOT NULL DEFAULT '', codec TEXT NOT NULL DEFAULT '',
    loss REAL, jitter_ms REAL, mos REAL, ports TEXT NOT NULL DEFAULT '', fax_id TEXT,
    failures TEXT NOT NULL DEFAULT '{}', quality TEXT NOT NULL DEFAULT '{}',
    services TEXT NOT NULL DEFAULT '{}'
);
"""
_ADDED = {name: "TEXT NOT NULL DEFAULT '{}'" for name in ("failures", "quality", "services")}
"""Columns that a file written by an earlier version lacks."""
_COLUMNS = (
    "id", "legs", "caller", "called", "start", "answer", "end", "talk_ms", "cause", "hung_up_by", "codec", "loss",
    "jitter_ms", "mos", "ports", "fax_id", "failures", "quality", "services",
)  # fmt: skip
_NEWEST = f"SELECT {', '.join(_COLUMNS)} FROM calls ORDER BY id DESC LIMIT ?"
_PUBLIC = {"caller": "from", "called": "to"}


@dataclass(frozen=True, slots=True)
class CallEnd:
    """What is known when a call is over. loss: 0 to 1. hung_up_by: the leg that ended it, "" for the exchange.

    failures: leg id -> the SIP status that leg failed with, the leg that decided the call first. codec to mos are of
    the leg that heard worse; quality: leg id -> the figures of each talking leg that has any (`LegStats`).
    services: what was done with the call: held_ms, how long one end held the other; metered, how many metering pulses
    its exchange line has shown; beside, the call that its
    caller had on hold; transfer_of, the two calls it came from, and by, whose telephone brought them together;
    became, the call that a transfer made of it; three_way_with, the other call of a conference of three, and
    three_way_ms, how long that lasted.
    """

    cause: Cause
    hung_up_by: str
    talk_ms: int
    legs: str
    codec: str = ""
    loss: float | None = None
    jitter_ms: float | None = None
    mos: float | None = None
    ports: str = ""
    failures: Mapping[str, int] = field(default_factory=dict)
    quality: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    services: Mapping[str, Any] = field(default_factory=dict)


_json = json.JSONEncoder(ensure_ascii=False).encode

Write = tuple[str, tuple[object, ...]]
"""A statement and its values."""


@dataclass(frozen=True, slots=True)
class Read:
    """Somebody asks for the newest `limit` calls."""

    limit: int
    answer: Future[list[dict[str, Any]]]


class CallRecords:
    """The table of calls in `folder`/calls.sqlite. `start` before use, `stop` writes everything out."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "calls.sqlite"
        self._jobs: queue.Queue[Write | Read | None] = queue.Queue(QUEUE_LIMIT)
        self._thread = threading.Thread(target=self._work, name="call-records", daemon=True)
        self._next_id = 0
        self._lost = 0

    def start(self) -> None:
        """Open the database, close what a crash left open. Raises OSError when the folder cannot be written.

        A damaged file is set aside (".damaged") and a new one begun.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._open()
        except sqlite3.OperationalError as error:
            raise OSError(f"{self._path}: {error}") from error
        except sqlite3.DatabaseError as error:
            log.error("records: %s is damaged (%s), set aside", self._path, error)
            self._path.replace(self._path.with_suffix(".damaged"))
            self._open()
        self._thread.start()

    def _open(self) -> None:
        with contextlib.closing(_connect(self._path)) as database, database:
            database.executescript(_SCHEMA)
            present = {row[1] for row in database.execute("PRAGMA table_info(calls)")}
            for column in _ADDED.keys() - present:
                database.execute(f"ALTER TABLE calls ADD COLUMN {column} {_ADDED[column]}")
            found = database.execute("SELECT max(id) FROM calls").fetchone()[0]
            self._next_id = int(found or 0)
            closed = database.execute(
                "UPDATE calls SET end = ?, cause = ? WHERE end IS NULL", (_now(), int(Cause.TEMPORARY_FAILURE))
            ).rowcount
        if closed:
            log.warning("records: %d calls were open when core ended; closed them", closed)

    def stop(self) -> None:
        """Write what is queued and close."""
        self._jobs.put(None)
        self._thread.join(5)

    def new_id(self) -> str:
        """A call id that no call of any run has had."""
        self._next_id += 1
        return str(self._next_id)

    def begin(self, call_id: str, caller: str, called: str, leg: str) -> None:
        """A call began now."""
        self._put(
            "INSERT OR REPLACE INTO calls (id, legs, caller, called, start) VALUES (?, ?, ?, ?, ?)",
            (call_id, leg, caller, called, _now()),
        )

    def name_caller(self, call_id: str, caller: str) -> None:
        """The caller's number has become known."""
        self._put("UPDATE calls SET caller = ? WHERE id = ?", (caller, call_id))

    def answer(self, call_id: str) -> None:
        """The call was answered now."""
        self._put("UPDATE calls SET answer = ? WHERE id = ?", (_now(), call_id))

    def end(self, call_id: str, end: CallEnd) -> None:
        """The call is over now."""
        self._put(
            "UPDATE calls SET end = ?, cause = ?, hung_up_by = ?, talk_ms = ?, legs = ?, codec = ?, loss = ?, "
            "jitter_ms = ?, mos = ?, ports = ?, failures = ?, quality = ?, services = ? WHERE id = ?",
            (
                _now(), int(end.cause), end.hung_up_by, end.talk_ms, end.legs, end.codec, end.loss, end.jitter_ms,
                end.mos, end.ports, _json(dict(end.failures)),
                _json(dict(end.quality)),
                json.dumps(dict(end.services), ensure_ascii=False), call_id,
            ),
        )  # fmt: skip

    async def newest(self, limit: int = 100) -> list[dict[str, Any]]:
        """The newest calls first. limit: 1 to 10000."""
        answer: Future[list[dict[str, Any]]] = Future()
        self._jobs.put_nowait(Read(max(1, min(limit, 10_000)), answer))
        return await asyncio.wrap_future(answer)

    # -- the thread --------------------------------------------------------------------
    def _put(self, sql: str, values: tuple[object, ...]) -> None:
        try:
            self._jobs.put_nowait((sql, tuple(_storable(value) for value in values)))
        except queue.Full:
            self._lost += 1
            if self._lost == 1 or self._lost % 1000 == 0:
                log.error("records: the disk does not keep up; %d lines were lost", self._lost)

    def _work(self) -> None:
        with contextlib.closing(_connect(self._path)) as database:
            running = True
            while running:
                batch = [self._jobs.get()]
                if isinstance(batch[0], tuple):
                    time.sleep(GATHER_S)
                while len(batch) < BATCH and not self._jobs.empty():
                    batch.append(self._jobs.get_nowait())
                running = None not in batch
                self._write(database, [job for job in batch if isinstance(job, tuple)])
                for job in batch:
                    if isinstance(job, Read):
                        _answer(database, job)  # after the commit: what was told is on disk

    def _write(self, database: sqlite3.Connection, writes: list[Write]) -> None:
        try:
            with database:
                for sql, values in writes:
                    database.execute(sql, values)
        except sqlite3.Error as error:
            log.error("records: %d lines could not be written: %s", len(writes), error)


def _answer(database: sqlite3.Connection, read: Read) -> None:
    if not read.answer.set_running_or_notify_cancel():
        return  # whoever asked is gone
    try:
        rows = database.execute(_NEWEST, (read.limit,)).fetchall()
    except sqlite3.Error as error:
        read.answer.set_exception(error)
        return
    names = [_PUBLIC.get(column, column) for column in _COLUMNS]
    records = [dict(zip(names, (str(row[0]), *row[1:]), strict=True)) for row in rows]
    for record in records:
        record.update({name: json.loads(record[name]) for name in _ADDED})
    read.answer.set_result(records)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, check_same_thread=False, timeout=5)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("PRAGMA cache_size = -256")  # KiB: only the newest pages are written
    return database


def _storable(value: object) -> object:
    """Odd octets of a peer's text, held as surrogates, written so that SQLite takes them."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _now() -> str:
    return wall().isoformat(timespec="milliseconds")
