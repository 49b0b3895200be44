"""`tipring teach` through core's socket, and the verb behind it, with a line that only notes what it is told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from drivers.exchange_port import LoopBroken, LoopMade
from firmware import cli_teach
from firmware.app_teach import CoreTeachIn
from firmware.cli import main
from firmware.config.trunk_settings import FxoLineSettings
from firmware.control.messages import ControlError
from firmware.control.server import ControlServer
from firmware.lines.fxo_machine import State
from firmware.lines.teach_in import Lesson
from firmware.lines.teach_proposal import propose
from tests.fake_time import run

LEARNT = propose("fxo1", [Lesson("loop-break", 0.95, "the loop opened for 500 ms", 500)]).data()
UNSURE = propose("fxo1", [Lesson("", 0.0, "no sign of it")]).data()


class Line(SimpleNamespace):
    """As much of an FxoLine as the verb needs."""

    def __init__(self, state: State = State.IDLE) -> None:
        super().__init__(name="fxo1", lesson=None, talking=False, caller_id="", machine=SimpleNamespace(state=state))

    def teach(self, lesson: object) -> None:
        self.lesson = lesson

    def end_call(self) -> None:
        self.talking = False


def verb(line: Line) -> CoreTeachIn:
    return CoreTeachIn({"fxo1": line}, {"fxo1": FxoLineSettings(target="101")})  # type: ignore[dict-item]


def test_the_verb_watches_a_call_ends_it_and_reports() -> None:
    async def day() -> None:
        line = Line()
        teach = verb(line).teach
        report = await teach({"port": "fxo1", "act": "start"})
        assert (report["stage"], report["target"], report["proposal"]) == ("waiting", "101", None)
        with pytest.raises(ControlError, match="going on"):
            await teach({"port": "fxo1", "act": "start"})
        line.talking = True
        await asyncio.sleep(2)
        assert (await teach({"port": "fxo1", "act": "report"}))["stage"] == "call"
        line.lesson.port_event(LoopBroken("fxo1", 0.0))
        await asyncio.sleep(0.5)
        line.lesson.port_event(LoopMade("fxo1", 0.0, 500))
        await asyncio.sleep(5)
        report = await teach({"port": "fxo1", "act": "report"})
        assert report["stage"] == "done" and line.lesson is None and not line.talking
        assert report["proposal"]["manner"] == "loop-break"

    run(day())


def test_nobody_calls_and_it_ends_by_itself() -> None:
    async def day() -> None:
        line = Line()
        teach = verb(line).teach
        await teach({"port": "fxo1", "act": "start", "calls": 2})
        await asyncio.sleep(1000)
        report = await teach({"port": "fxo1", "act": "report"})
        assert report["stage"] == "done" and report["proposal"]["unsure"]
        assert line.lesson is None

    run(day())


@pytest.mark.parametrize(
    ("args", "state", "sentence"),
    [
        ({"port": "fxo9", "act": "start"}, State.IDLE, "port is 'fxo9', allowed fxo1"),
        ({"port": "fxo1", "act": "learn"}, State.IDLE, "act is 'learn', allowed start, report, stop"),
        ({"port": "fxo1", "act": "report"}, State.IDLE, "fxo1: no teach-in was started"),
        ({"port": "fxo1", "act": "start", "calls": 3}, State.IDLE, "calls is 3, allowed 1 to 2"),
        ({"port": "fxo1", "act": "start"}, State.DEAD, "fxo1: the line is dead, not idle"),
    ],
)
def test_what_the_verb_refuses(args: dict[str, Any], state: State, sentence: str) -> None:
    async def day() -> None:
        with pytest.raises(ControlError) as refused:
            await verb(Line(state)).teach(args)
        assert str(refused.value) == sentence

    run(day())


def commanded(arguments: list[str], folder: Path, proposal: dict[str, Any]) -> int:
    """Exit code of the command with a core that has watched a call after three looks."""
    stages = iter(["waiting", "waiting", "call", "done"])

    async def teach(args: dict[str, Any]) -> dict[str, Any]:
        stage = next(stages)
        made = proposal if stage == "done" else None
        return {"port": "fxo1", "stage": stage, "calls": [], "wanted": 1, "target": "101", "proposal": made}

    async def live() -> int:
        server = ControlServer(folder / "core.sock", {"teach": teach})
        await server.start()
        code = await asyncio.to_thread(main, ["teach", *arguments])
        await server.stop()
        return code

    return asyncio.run(live())


def test_the_command_tells_what_to_do_and_prints_lines_for_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIPRING_SOCKET", str(tmp_path / "core.sock"))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    monkeypatch.setattr(cli_teach, "LOOK_S", 0.01)
    assert commanded(["fxo1"], tmp_path, LEARNT) == 0
    said = capsys.readouterr().out
    assert "Call fxo1 from a mobile. 101 rings" in said
    assert said.count("The call is up") == 1
    assert "[lines.fxo1]\n# hang-up by loop-break: " in said
    assert 'hang_up_by = ["loop-break"]  # 95%' in said
    assert commanded(["fxo1", "--json"], tmp_path, UNSURE) == cli_teach.UNSURE
    assert json.loads(capsys.readouterr().out)["proposal"]["unsure"] is True
    monkeypatch.setenv("LANG", "es_ES.UTF-8")
    assert commanded(["fxo1"], tmp_path, UNSURE) == cli_teach.UNSURE
    assert "No es seguro" in capsys.readouterr().out
