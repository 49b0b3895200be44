"""Call records on disk: written behind the loop, read back in order, closed after a crash."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from firmware.pbx.records import CallEnd, CallRecords
from firmware.telephony.cause import Cause

END = CallEnd(Cause.NORMAL_CLEARING, "fxs1", 65000, "fxs1/1 sip:201/1", "PCMA", 0.01, 2.5, 4.2, "fxs1")


@pytest.fixture
def records(tmp_path: Path) -> Iterator[CallRecords]:
    opened = CallRecords(tmp_path)
    opened.start()
    yield opened
    opened.stop()


def newest(records: CallRecords, limit: int = 100) -> list[dict[str, Any]]:
    return asyncio.run(records.newest(limit))


def test_a_call_is_written_as_it_goes_on(records: CallRecords) -> None:
    call = records.new_id()
    records.begin(call, "101", "201", "fxs1/1")
    row = newest(records)[0]
    assert (row["id"], row["from"], row["to"], row["end"], row["talk_ms"]) == (call, "101", "201", None, 0)
    records.name_caller(call, "600123456")
    records.answer(call)
    records.end(call, END)
    (row,) = newest(records)
    assert row["from"] == "600123456"
    began, answered, ended = (datetime.fromisoformat(row[name]) for name in ("start", "answer", "end"))
    assert began <= answered <= ended
    assert began.utcoffset() == timedelta(0)
    expected = {
        "cause": 16, "hung_up_by": "fxs1", "talk_ms": 65000, "legs": "fxs1/1 sip:201/1", "codec": "PCMA",
        "loss": 0.01, "jitter_ms": 2.5, "mos": 4.2, "ports": "fxs1", "fax_id": None,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_the_sip_status_of_each_failed_leg_is_kept_in_order(records: CallRecords) -> None:
    call = records.new_id()
    records.begin(call, "101", "600", "fxs1/1")
    assert newest(records)[0]["failures"] == {}
    failures = {"sip:202/3": 486, "sip:201/2": 480, 'sip:a"\udcff/4': 500}
    records.end(call, replace(END, failures=failures))
    assert list(newest(records)[0]["failures"].items()) == [("sip:202/3", 486), ("sip:201/2", 480), ('sip:a"?/4', 500)]


def test_the_figures_of_each_leg_are_kept(records: CallRecords) -> None:
    call = records.new_id()
    records.begin(call, "201", "202", "sip:201/1")
    assert newest(records)[0]["quality"] == {}
    quality = {"sip:201/1": {"codec": "G722", "mos": 4.4}, "sip:202/2": {"codec": "PCMA", "rtt_ms": 40.5}}
    records.end(call, replace(END, quality=quality))
    assert newest(records)[0]["quality"] == quality


def test_what_was_done_with_a_call_is_kept(records: CallRecords) -> None:
    call = records.new_id()
    records.begin(call, "201", "102", "sip:201/1")
    assert newest(records)[0]["services"] == {}
    services = {"transfer_of": ["17", "18"], "by": "fxs1", "held_ms": 1200}
    records.end(call, replace(END, services=services))
    assert newest(records)[0]["services"] == services


def test_a_file_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "calls.sqlite")) as old, old:
        old.execute(
            "CREATE TABLE calls (id INTEGER PRIMARY KEY, legs TEXT NOT NULL, caller TEXT NOT NULL,"
            "called TEXT NOT NULL, start TEXT NOT NULL, answer TEXT, end TEXT, talk_ms INTEGER NOT NULL DEFAULT 0,"
            "cause INTEGER, hung_up_by TEXT NOT NULL DEFAULT '', codec TEXT NOT NULL DEFAULT '',"
            "loss REAL, jitter_ms REAL, mos REAL,"
            "ports TEXT NOT NULL DEFAULT '', fax_id TEXT)"
        )
        old.execute("INSERT INTO calls (legs, caller, called, start, end) VALUES ('fxs1/1', '101', '102', 'a', 'b')")
    for expected in ([{}], [{"sip:201/1": 404}, {}], [{"sip:201/1": 404}, {"sip:201/1": 404}, {}]):
        records = CallRecords(tmp_path)
        records.start()
        if len(expected) > 1:
            call = records.new_id()
            records.begin(call, "101", "201", "fxs1/1")
            records.end(call, replace(END, failures={"sip:201/1": 404}))
        assert [row["failures"] for row in newest(records)] == expected
        assert all(row["services"] == {} for row in newest(records))
        records.stop()


def test_newest_come_first_and_not_more_than_asked(records: CallRecords) -> None:
    for _ in range(120):
        records.begin(records.new_id(), "101", "201", "fxs1/1")
    assert [row["id"] for row in newest(records, 3)] == ["120", "119", "118"]
    assert len(newest(records)) == 100


def test_ids_go_on_after_a_restart(tmp_path: Path) -> None:
    seen = []
    for _ in range(3):
        records = CallRecords(tmp_path)
        records.start()
        for _ in range(4):
            seen.append(records.new_id())
            records.begin(seen[-1], "101", "201", "fxs1/1")
        records.stop()
    assert len(set(seen)) == 12


def test_a_call_open_when_core_was_killed_is_closed_at_the_next_start(tmp_path: Path) -> None:
    program = (
        "import asyncio, os, pathlib, signal, sys\n"
        "from firmware.pbx.records import CallRecords\n"
        "records = CallRecords(pathlib.Path(sys.argv[1]))\n"
        "records.start()\n"
        "for _ in range(2):\n"
        "    call = records.new_id()\n"
        "    records.begin(call, '101', '201', 'fxs1/1')\n"
        "records.answer(call)\n"
        "asyncio.run(records.newest())\n"  # everything before it is written now
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, cwd=Path.cwd(), timeout=30)
    assert killed.returncode == -9
    records = CallRecords(tmp_path)
    records.start()
    rows = newest(records)
    assert [row["cause"] for row in rows] == [Cause.TEMPORARY_FAILURE] * 2
    assert all(row["end"] for row in rows)
    assert [bool(row["answer"]) for row in rows] == [True, False]
    assert records.new_id() == "3"
    records.stop()


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "calls.sqlite").write_bytes(b"no database at all, " * 500)
    records = CallRecords(tmp_path)
    records.start()
    records.begin(records.new_id(), "101", "201", "fxs1/1")
    assert len(newest(records)) == 1
    records.stop()
    assert (tmp_path / "calls.damaged").exists()


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "calls.sqlite").mkdir()
    with pytest.raises(OSError, match=r"calls\.sqlite"):
        CallRecords(tmp_path).start()


def test_odd_text_of_a_peer_does_no_harm(records: CallRecords) -> None:
    records.begin(records.new_id(), "\udcff'; DROP TABLE calls; --", "2\x0001", "sip:in/1")
    records.begin(records.new_id(), "101", "201", "fxs1/1")
    first, second = newest(records)
    assert first["from"] == "101"
    assert second["from"] == "?'; DROP TABLE calls; --"


def test_whoever_asked_and_left_stops_nothing(records: CallRecords) -> None:
    async def impatient() -> None:
        for _ in range(50):
            asking = asyncio.create_task(records.newest())
            await asyncio.sleep(0)
            asking.cancel()

    asyncio.run(impatient())
    records.begin(records.new_id(), "101", "201", "fxs1/1")
    assert len(newest(records)) == 1


def test_stop_writes_what_is_queued(tmp_path: Path) -> None:
    records = CallRecords(tmp_path)
    records.start()
    for _ in range(2000):
        call = records.new_id()
        records.begin(call, "101", "201", "fxs1/1")
        records.end(call, END)
    records.stop()
    with sqlite3.connect(tmp_path / "calls.sqlite") as base:
        assert base.execute("SELECT count(*) FROM calls WHERE end IS NOT NULL").fetchone() == (2000,)
    base.close()
