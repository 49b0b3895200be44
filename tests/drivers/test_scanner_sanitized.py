"""Hook and scanner under the sanitizers, with chips and commands that change by chance (native/scanner_main.c)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NATIVE = HERE.parents[1] / "drivers" / "native"
SOURCES = [
    "hook", "line_feed", "line_loop", "line_ringing", "line_watch", "registers", "scanner", "scanner_commands",
    "scanner_event",
    "daa_hook_work", "daa_meter", "daa_registers", "daa_supervise", "daa_watch", "ring_heard", "scanner_daa",
]  # fmt: skip


def build(folder: Path, sanitizers: str) -> Path:
    program = folder / "scanner_main"
    sources = [HERE / "native" / "scanner_main.c", *(NATIVE / f"{name}.c" for name in SOURCES)]
    options = ["-std=c11", "-D_GNU_SOURCE", "-g", "-O1", "-Wall", "-Wextra", f"-fsanitize={sanitizers}"]
    subprocess.run(
        ["gcc", *options, "-fno-sanitize-recover=all", f"-I{NATIVE}", "-o", program, *sources, "-lpthread"], check=True
    )
    return program


def run(*command: str | Path) -> dict[str, int]:
    """Run and return the counts it prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("ok "), done.stdout
    return {name: int(count) for name, count in re.findall(r"(\w+) (\d+)", done.stdout[3:])}


def test_chance_finds_no_fault_in_memory_or_arithmetic(tmp_path: Path) -> None:
    program = build(tmp_path, "address,undefined")
    for seed in range(3):
        seen = run(program, "step", str(seed))
        assert min(seen.values()) > 5, seen


def test_threads_do_not_race(tmp_path: Path) -> None:
    program = build(tmp_path, "thread")
    probe = subprocess.run(["setarch", "-R", "true"], check=False)
    if probe.returncode:
        pytest.skip("this machine does not let the thread sanitizer choose its addresses")
    seen = run("setarch", "-R", program, "thread", "1")
    assert seen["off"] > 0
