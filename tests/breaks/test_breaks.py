"""Do the rules notice? Each deliberate break of `breaks.toml` must turn its rule red.

A copy of the tree is spoilt in one place and the one rule is run there, by a pytest of its own. CI does
that for the first break and sees that the others still fit the code; `make soak` does it for all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.interop.rule_notation import read_rules

ROOT = Path(__file__).resolve().parents[2]
BREAKS = tomllib.loads((Path(__file__).parent / "breaks.toml").read_text(encoding="utf-8"))["break"]
SOAK = bool(os.environ.get("TIPRING_SOAK"))


def names(entry: dict[str, str]) -> str:
    return entry["rule"]


def test_there_are_enough() -> None:
    assert len(BREAKS) >= 12


@pytest.mark.parametrize("entry", BREAKS, ids=names)
def test_break_fits_the_code(entry: dict[str, str]) -> None:
    assert (ROOT / entry["file"]).read_text(encoding="utf-8").count(entry["old"]) == 1
    assert entry["old"] != entry["new"]
    rules = (ROOT / "tests/interop/rules").glob("*.rules")
    assert entry["rule"] in {rule.name for path in rules for rule in read_rules(path)}


@pytest.mark.parametrize("entry", BREAKS if SOAK else BREAKS[:1], ids=names)
def test_break_is_noticed(entry: dict[str, str], tmp_path: Path) -> None:
    copy = tmp_path / "tree"
    for part in ("firmware", "drivers", "boards", "tests", "pyproject.toml", "image"):
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / part)
    (copy / ".venv").symlink_to(ROOT / ".venv")
    spoilt = copy / entry["file"]
    assert run_rule(copy, entry["rule"], tmp_path).returncode == 0, "red already without the break"
    spoilt.write_text(spoilt.read_text(encoding="utf-8").replace(entry["old"], entry["new"]), encoding="utf-8")
    done = run_rule(copy, entry["rule"], tmp_path)
    assert done.returncode == 1 and "1 failed" in done.stdout, f"{entry['what']}: nobody noticed\n{done.stdout[-3000:]}"


def run_rule(tree: Path, rule: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={folder / 'base'}",
         f"tests/interop/test_rules.py::test_rule[{rule}]"],
        check=False, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
