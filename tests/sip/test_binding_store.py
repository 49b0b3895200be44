"""Registrations on disk: files of older versions, a killed process, power that fails in the middle of a write."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from firmware.sip.accounts.binding_store import Binding, BindingStore
from tests.interop.processes import eventually

OLD_SCHEMA = """
CREATE TABLE bindings (
    user TEXT NOT NULL, contact TEXT NOT NULL, call_id TEXT NOT NULL, cseq INTEGER NOT NULL,
    expires_wall_s REAL NOT NULL, q REAL NOT NULL, agent TEXT NOT NULL,
    source_ip TEXT NOT NULL, source_port INTEGER NOT NULL, transport TEXT NOT NULL,
    PRIMARY KEY (user, contact)
) WITHOUT ROWID
"""
WRITER = """
import sys, time
from pathlib import Path
from firmware.sip.accounts.binding_store import Binding, BindingStore
store = BindingStore(Path(sys.argv[1]))
store.start()
for number in range(10**9):
    store.put(Binding("201", f"sip:{number:08d}@h", "c", number, time.time() + 9999, 1.0, "", "10.0.0.9", 5060))
    if number % 10 == 0:
        time.sleep(0.001)
"""


def size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def numbers(path: Path) -> list[int]:
    store = BindingStore(path)
    found = sorted(binding.cseq for binding in store.start())
    store.stop()
    with sqlite3.connect(path) as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    base.close()
    return found


def test_a_file_of_the_first_version_is_read_and_then_holds_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "registrations.sqlite"
    ends_s = time.time() + 99
    with sqlite3.connect(path) as base:
        base.execute(OLD_SCHEMA)
        base.execute(
            "INSERT INTO bindings VALUES ('201', 'sip:a@h', 'c', 7, ?, 0.5, 'Phone', '10.0.0.9', 5060, 'TCP')",
            (ends_s,),
        )
    base.close()
    store = BindingStore(path)
    (old,) = store.start()
    assert old == Binding("201", "sip:a@h", "c", 7, ends_s, 0.5, "Phone", "10.0.0.9", 5060, "TCP")
    flows = [
        Binding("201", "sip:a@h", "c", 1, ends_s, 1.0, "", "10.0.0.9", 5060, "TCP", "<sip:p;lr>", "urn:x", n, "key")
        for n in (1, 2)
    ]
    for binding in flows:
        store.put(binding)
    store.stop()
    again = BindingStore(path)
    assert sorted(again.start(), key=lambda binding: binding.reg_id) == [old, *flows]
    again.drop(flows[0])
    again.stop()
    assert len(BindingStore(path).start()) == 2


@pytest.mark.parametrize("seed", range(3))
def test_a_process_killed_while_it_writes_leaves_all_up_to_some_moment(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    path = tmp_path / "registrations.sqlite"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
    try:
        wal = path.with_name(path.name + "-wal")
        wanted = chance.randint(20_000, 300_000)
        eventually("enough is written", lambda: size(wal) > wanted, 30, every_s=0.001)
    finally:
        writer.kill()
        writer.wait()
    found = numbers(path)
    assert found and found == list(range(len(found)))


def test_power_that_fails_in_the_middle_of_a_write_loses_only_the_last_writes(tmp_path: Path) -> None:
    """What is on the disk then is some first part of the log: every length of it is a good file."""
    path = tmp_path / "registrations.sqlite"
    store = BindingStore(path)
    store.start()
    wal = path.with_name(path.name + "-wal")
    for number in range(40):
        store.put(Binding("201", f"sip:{number:08d}@h", "c", number, time.time() + 99, 1.0, "", "10.0.0.9", 5060))
        before = size(wal)
        if number % 10 == 9:
            eventually("these are written", lambda before=before: size(wal) > before, 10, every_s=0.001)
    whole = tmp_path / "whole" / path.name
    whole.parent.mkdir()

    def all_written() -> bool:
        """The log has grown by the first page of the last writes before it has the rest of them."""
        whole.write_bytes(path.read_bytes())
        whole.with_name(whole.name + "-wal").write_bytes(log := wal.read_bytes())
        logs.append(log)
        return len(numbers(whole)) == 40

    logs: list[bytes] = []
    eventually("all are written", all_written)
    base_octets, log_octets = path.read_bytes(), logs[-1]
    store.stop()
    chance = random.Random(1)
    counts = set()
    for length in [0, 31, 32, len(log_octets), *(chance.randrange(len(log_octets)) for _ in range(40))]:
        copy = tmp_path / f"cut-{length}" / path.name
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(base_octets)
        copy.with_name(copy.name + "-wal").write_bytes(log_octets[:length])
        found = numbers(copy)
        assert found == list(range(len(found)))
        counts.add(len(found))
        shutil.rmtree(copy.parent)
    assert {0, 40} <= counts and len(counts) > 2
