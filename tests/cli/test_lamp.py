"""`tipring lamp` through core's socket to the line it means."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from firmware.app_lamps import CoreLamps
from firmware.cli import main
from firmware.control.server import ControlServer
from tests.lines.line_bench import LineBench


def asked(arguments: list[str], tmp_path: Path) -> tuple[int, int]:
    """Exit code of the command, and how many messages the line then knows of."""

    async def live() -> tuple[int, int]:
        bench = LineBench()
        server = ControlServer(tmp_path / "core.sock", {"lamp": CoreLamps({"fxs1": bench.line}).lamp})
        await server.start()
        code = await asyncio.to_thread(main, ["lamp", *arguments])
        await server.stop()
        return code, bench.line.sender.lamp.messages

    return asyncio.run(live())


def test_lamp_on_and_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIPRING_SOCKET", str(tmp_path / "core.sock"))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    assert asked(["fxs1", "2"], tmp_path) == (0, 2)
    assert capsys.readouterr().out == "fxs1: 2 message(s) wait.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["fxs9", "1"], "port is 'fxs9', allowed fxs1"),
        (["fxs1", "10000"], "messages is 10000, allowed 0 to 9999"),
        (["fxs1", "--", "-1"], "messages is -1, allowed 0 to 9999"),
    ],
)
def test_what_is_refused(
    arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("TIPRING_SOCKET", str(tmp_path / "core.sock"))
    assert asked(arguments, tmp_path) == (1, 0)
    assert sentence in capsys.readouterr().err
