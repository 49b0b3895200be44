"""Core's log never holds core up: whoever should read it may have stopped reading."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from firmware.app_log import MAX_WAITING

ROOT = Path(__file__).resolve().parents[2]
LINES = 3 * MAX_WAITING

SCRIPT = f"""
import logging, sys
from firmware.app_log import set_up_logging
set_up_logging("core", in_thread=True)
log = logging.getLogger("x")
for n in range({LINES}):
    log.info("line %d é\\udcff", n)
print("said everything", flush=True)
sys.stdin.readline()
log.info("afterwards")
"""


def start(script: str) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name != "JOURNAL_STREAM"}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", script], stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT, env=environment
    )


def test_a_process_whose_log_nobody_reads_goes_on_and_says_later_what_was_lost() -> None:
    child = start(SCRIPT)
    assert child.stdout is not None and child.stdin is not None and child.stderr is not None
    assert child.stdout.readline() == b"said everything\n"  # with its standard error full since line 3000 or so
    child.stdin.write(b"\n")
    child.stdin.flush()
    text = child.stderr.read().decode()
    assert child.wait(10) == 0
    lines = text.splitlines()
    numbers = [int(line.split()[5]) for line in lines if " line " in line]
    assert numbers[:100] == list(range(100)) and numbers == sorted(numbers)
    assert "core INFO line 0 é\\udcff" in lines[0]
    lost = sum(int(line.split("log: ")[1].split()[0]) for line in lines if "were lost" in line)
    assert lost > 0 and len(numbers) + text.count("afterwards") + lost == LINES + 1


def test_what_is_said_last_is_written_and_means_what_it_meant_when_it_was_said() -> None:
    script = """
import logging
from firmware.app_log import set_up_logging
set_up_logging("core", in_thread=True)
log = logging.getLogger("x")
changing = ["before"]
log.info("it was %s", changing)
changing[0] = "after"
log.debug("not shown")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("last words")
"""
    child = start(script)
    _, errors = child.communicate(timeout=20)
    text = errors.decode()
    assert "core INFO it was ['before']" in text and "not shown" not in text
    assert text.rstrip().endswith("ZeroDivisionError: division by zero")


def test_a_log_that_nobody_can_read_any_more_ends_nothing() -> None:
    child = start(SCRIPT)
    assert child.stdout is not None and child.stderr is not None and child.stdin is not None
    child.stderr.close()
    assert child.stdout.readline() == b"said everything\n"
    child.stdin.close()
    assert child.wait(10) == 0
