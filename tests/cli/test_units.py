"""The unit files, judged by systemd's own tools where this machine has them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).resolve().parents[2] / "systemd"
UNITS = sorted(unit.name for unit in SYSTEMD.glob("*.service"))
EXPOSURE_AT_MOST = {"tipring-core.service": 35, "tipring-web.service": 25, "tipring-lines-safe.service": 20}
"""Tenths of `systemd-analyze security`'s figure, 0 (closed) to 100."""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as on an appliance, but with this machine's Python and user."""
    for name in UNITS:
        text = (SYSTEMD / name).read_text(encoding="utf-8").replace("/usr/bin/python3", sys.executable)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def analyze(*args: object) -> subprocess.CompletedProcess[str]:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("no systemd-analyze here")
    return subprocess.run([tool, *map(str, args)], capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_every_line(unit: str, installed: Path) -> None:
    done = analyze("verify", "--man=no", installed / unit)
    ours = [
        line for line in (done.stderr + done.stdout).splitlines() if "tipring" in line and "Unknown user" not in line
    ]
    assert not ours


@pytest.mark.parametrize("unit", UNITS)
def test_each_process_is_closed_in(unit: str, installed: Path) -> None:
    limit = EXPOSURE_AT_MOST[unit]
    done = analyze("security", "--offline=true", "--no-pager", f"--threshold={limit}", installed / unit)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_the_lines_are_made_safe_however_core_ended() -> None:
    core = (SYSTEMD / "tipring-core.service").read_text(encoding="utf-8")
    assert re.search(r"^ExecStopPost=.* -m firmware\.lines_safe ", core, re.MULTILINE)
    assert "RestartPreventExitStatus=2" in core


def test_one_user_and_runtime_folder_per_process() -> None:
    for name, user, folder in (("core", "tipring-core", "tipring"), ("web", "tipring-web", "tipring-web")):
        unit = (SYSTEMD / f"tipring-{name}.service").read_text(encoding="utf-8")
        assert f"User={user}\n" in unit and f"RuntimeDirectory={folder}\n" in unit
        assert f"u {user} " in (SYSTEMD / "tipring.sysusers").read_text(encoding="utf-8")
