"""The command line: exit codes, sentences, tables, against a small core and a small rig."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware import cli_check, cli_run
from firmware.cli import main, parser
from firmware.cli_output import clean, local_time, span, table
from firmware.cli_rig import state_text
from firmware.cli_run import ready_text
from firmware.config.load import load
from firmware.config.password import check_values
from firmware.config.sample import ensure_sample
from firmware.control.server import ControlServer
from firmware.telephony.codes import code_of, explained
from firmware.telephony.numbering import Numbering
from firmware.version import VERSION
from tests.web.sample_core import CALLS, STATUS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    monkeypatch.setenv("TIPRING_SOCKET", str(tmp_path / "core.sock"))
    monkeypatch.setattr(cli_check, "known_countries", lambda: {"es": Numbering(), "fr": Numbering()})
    monkeypatch.setattr(cli_run, "known_countries", lambda: {"es": Numbering(), "fr": Numbering()})


@pytest.fixture
def core(tmp_path: Path) -> Iterator[None]:
    """A core that answers the sample data, in a thread of its own."""

    async def answer_status(_args: dict[str, Any]) -> Any:
        return STATUS

    async def answer_calls(args: dict[str, Any]) -> Any:
        return CALLS[: args["limit"]]

    started, loop = threading.Event(), asyncio.new_event_loop()
    over = asyncio.Event()

    async def live() -> None:
        verbs = {"status": answer_status, "calls": answer_calls}
        server = ControlServer(tmp_path / "core.sock", verbs, version="0.1.0")
        await server.start()
        started.set()
        await over.wait()
        await server.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),))
    thread.start()
    assert started.wait(5)
    yield
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


def every_command() -> list[list[str]]:
    phone = ["rig", "phone", "fxs1"]
    acts = [[*phone, act] for act in ("lift", "hangup", "flash", "dial", "say", "hear", "state")]
    exchange = ["rig", "exchange", "fxo1"]
    acts += [
        [*exchange, act]
        for act in ("ring", "stop", "answer", "refuse", "hangup", "country", "expect-digits", "press", "meter")
    ]
    acts += [[*exchange, act] for act in ("say", "hear", "unplug", "plug", "state")]
    acts += [["rig", "power", act] for act in ("cut", "back")]
    return [["run"], ["check"], ["password"], ["status"], ["calls"], ["codes"], ["lamp"], ["rig"], *acts]


@pytest.mark.parametrize("command", every_command(), ids=" ".join)
def test_every_command_has_help_with_an_example(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*command, "--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert "example" in said and f"tipring {command[0]}" in said


def test_only_what_exists_is_offered(capsys: pytest.CaptureFixture[str]) -> None:
    for absent in (["explain"], ["rig", "phone", "fxs1", "fax-send"], ["hil"], []):
        with pytest.raises(SystemExit) as caught:
            main(absent)
        assert caught.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_check_tells_every_mistake_and_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tipring.toml"
    file.write_text('country = "xx"\n[lines.fxs1]\nnumber = "101"\nring_v_rms = 140\n')
    assert main(["check", str(file)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "tipring.toml: lines.fxs1.ring_v_rms is 140, allowed 40 to 90 V rms",
        'tipring.toml: country is "xx", allowed "es", "fr"',
    ]
    assert main(["check", "--json", str(file)]) == 2
    first = json.loads(capsys.readouterr().out)[0]
    assert first["key"] == "lines.fxs1.ring_v_rms" and first["value"] == "140"


def test_check_in_spanish(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "es_ES.UTF-8")
    (tmp_path / "x.toml").write_text("[web]\nport = 0\n")
    assert main(["check", str(tmp_path / "x.toml")]) == 2
    assert capsys.readouterr().err == "x.toml: web.port es 0, se permite de 1 a 65535\n"


def test_check_praises_a_good_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = ensure_sample(tmp_path / "data")
    assert main(["check", str(site.settings)]) == 0
    assert "no mistakes. 2 telephone line(s), 4 SIP user(s), country es" in capsys.readouterr().out
    assert main(["check", "--sample"]) == 0
    assert tomllib.loads(capsys.readouterr().out) == {}


def test_password_from_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a long secret\n"))
    assert main(["password", "201"]) == 0
    lines = tomllib.loads(capsys.readouterr().out)
    assert lines["ha1_md5"] == check_values("201", "a long secret").ha1_md5
    assert set(lines) == {"ha1_md5", "ha1_sha256"}
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))
    assert main(["password", "201"]) == 1
    assert main(["password", "anna"]) == 2


def test_a_password_is_never_an_argument() -> None:
    with pytest.raises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
        parser().parse_args(["password", "201", "secret"])


@pytest.mark.parametrize("command", [["status"], ["calls"], ["calls", "--follow"]])
def test_core_away_is_said_with_what_to_do(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) == 1
    said = capsys.readouterr().err
    assert "core is not running" in said and "tipring run" in said and "Traceback" not in said


@pytest.mark.parametrize("actor", [["phone", "fxs1", "lift"], ["exchange", "fxo1", "ring"], ["power", "cut"]])
def test_rig_without_a_board_says_what_to_do(actor: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rig", *actor]) == 1
    assert "tipring run" in capsys.readouterr().err


@pytest.mark.usefixtures("core")
def test_status_as_tables_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == STATUS
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert "fxs1" in said and "out of service: the chip does not answer" in said and "Ana" in said
    assert "In a power cut only the telephone of line fxs1 (101) works" in said
    assert "Peers outside are told 203.0.113.5:5060 (STUN stun.example.com)" in said.splitlines()
    assert all(line == line.rstrip() for line in said.splitlines())


@pytest.mark.usefixtures("core")
def test_calls_as_table_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calls", "--json", "--limit", "2"]) == 0
    assert json.loads(capsys.readouterr().out) == CALLS[:2]
    assert main(["calls"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].split() == ["START", "FROM", "TO", "TALKED", "ENDED", "CODEC", "MOS"]
    assert any("nobody answered" in line for line in said)
    assert any(line.endswith("busy (486)") for line in said)
    assert [line for line in said if line.startswith("busy (486): ")] == [f"busy (486): {explained(486)}"]
    assert sum(explained(603) in line for line in said) == 1


@pytest.mark.usefixtures("core")
def test_calls_in_spanish_say_what_to_do(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "es_ES.UTF-8")
    assert main(["calls"]) == 0
    assert f"ocupado (486): {explained(486, 'es')}" in capsys.readouterr().out.splitlines()


def test_a_code_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codes", "404"]) == 0
    said = capsys.readouterr().out
    for wanted in (
        "404 Not Found (RFC 3261 21.4.5)",
        code_of(404).en,
        code_of(404).do_en,
        "Q.850 cause 1.",
        "number unobtainable tone",
    ):
        assert wanted in said


def test_all_codes_are_listed_and_an_unknown_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codes"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 78
    assert main(["codes", "486", "499"]) == 1
    out, err = capsys.readouterr()
    assert "486 Busy Here" in out and err == "499 is no response code we know.\n"


def test_a_second_run_names_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from firmware.service_lock import RunLock

    if not (ROOT / "boards" / "sim.toml").exists():
        pytest.skip("no board file yet")
    with RunLock(tmp_path):
        assert main(["run", "--data", str(tmp_path / "data")]) == 1
    assert f"as process {os.getpid()}" in capsys.readouterr().err


def test_run_refuses_bad_settings_with_every_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not (ROOT / "boards" / "sim.toml").exists():
        pytest.skip("no board file yet")
    file = tmp_path / "bad.toml"
    file.write_text("a = 1\n[web]\nport = 0\n")
    assert main(["run", "--config", str(file), "--data", str(tmp_path / "data")]) == 2
    said = capsys.readouterr().err
    assert "bad.toml: a is not a setting" in said and "web.port" in said and "Mend the settings" in said
    assert main(["run", "--board", "../../etc"]) == 2


def test_run_says_which_port_another_program_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        file = tmp_path / "site.toml"
        file.write_text(f'[sip]\nlisten = "127.0.0.1"\nudp_port = {port}\n')
        assert main(["run", "--config", str(file), "--data", str(tmp_path / "data")]) == 1
    assert f"Another program uses UDP port {port}" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as page:
        assert cli_run.port_is_taken("127.0.0.1", page.getsockname()[1])


def test_the_words_when_ready_tell_how_to_dial(tmp_path: Path) -> None:
    site = ensure_sample(tmp_path)
    said = ready_text(load(site.settings), "sim", tmp_path, True, site)
    for wanted in (
        "http://127.0.0.1:8080/",
        f"TIPRING_SOCKET={tmp_path}/core.sock tipring rig phone fxs1 lift",
        "rig phone fxs1 dial 102",
        "127.0.0.1:5060",
        str(site.passwords_file),
    ):
        assert wanted in said
    assert not any(password in said for password in site.passwords.values())
    assert "does not answer" in ready_text(load(site.settings), "sim", tmp_path, False, site)


def test_a_phones_state_in_words() -> None:
    state = {
        "hook": "on", "loop_v": -48.2, "loop_ma": 0.0, "digits_sent": "20", "violations": [], "tones": [[425.0, -10.1]],
        "ringing": {"hz": 25.0, "v_rms": 60.2, "v_peak": 85.0, "cadence_ms": [1500, 3000]},
    }  # fmt: skip
    said = state_text("fxs1", state)
    assert "25.0 Hz, 60.2 V rms, 1500/3000 ms" in said and "425 Hz -10.1 dBm0" in said and "-48.2 V" in said


def test_small_things_of_the_output() -> None:
    assert [span(s) for s in (0, 7.9, 750, 11100, 187200)] == ["0:00", "0:07", "12:30", "3:05:00", "2 d 4 h"]
    assert clean("a\x1b[31m\n") == "a�[31m�"
    assert table(("A", "LONG"), [("xyz", "1")]) == "A    LONG\nxyz  1"
    assert local_time("nonsense") == "" and local_time("2026-11-29T10:00:00+00:00").startswith("2026-11-29")


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_a_reader_that_leaves_early_costs_no_traceback() -> None:
    done = subprocess.run(
        f"{sys.executable} -m firmware check --sample | head -1", cwd=ROOT, shell=True, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


@pytest.mark.usefixtures("core")
def test_follow_prints_what_has_ended_and_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "firmware", "calls", "--follow", "--json", "--limit", "3"]
    env = os.environ | {"TIPRING_SOCKET": str(tmp_path / "core.sock")}
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        ids = [json.loads(following.stdout.readline())["id"] for _ in range(3)]
        assert following.poll() is None
        following.terminate()
    assert ids == ["14", "15", "16"]
