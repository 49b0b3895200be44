"""Compiles the whole board with a plain C main under sanitizers and runs it: no Python in between."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "drivers" / "sim" / "native"


def test_board_runs_clean_under_address_and_undefined_sanitizers(tmp_path: Path) -> None:
    binary = tmp_path / "board"
    sources = [str(source) for source in sorted(NATIVE.glob("*.c"))]
    flags = ["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"]
    include = [f"-I{NATIVE}", f"-I{ROOT / 'drivers' / 'native'}"]
    main = str(ROOT / "tests" / "drivers_sim" / "board_sanitized.c")
    subprocess.run(
        ["gcc", *flags, "-fno-sanitize-recover=all", *include, "-o", str(binary), main, *sources, "-lm", "-lpthread"],
        check=True,
    )
    run = subprocess.run([str(binary), str(tmp_path)], capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
