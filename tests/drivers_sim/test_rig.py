"""The process `tipring-simboard` and its rig socket, in real time: one board for all tests of this file."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from drivers.bus import GPIO_RESET, Bus
from drivers.ports import LineProfile
from drivers.sim import measure
from drivers.sim.recording import read_wav, write_wav
from drivers.sim.rig_client import RigClient, RigError
from drivers.sim.rig_protocol import SOCKET_NAME, SPI_SOCKET_NAME
from drivers.slic import Slic

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "drivers.sim.simboard"]


def started(folder: Path, *options: str) -> subprocess.Popen[str]:
    """The process; ready when its first line is read."""
    return subprocess.Popen(
        [*COMMAND, "--run", str(folder), *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("run")
    process = started(folder, "--board", "boards/sim.toml", "--seed", "7")
    assert "fxs1, fxs2 on boards/sim.toml, seed 7" in first_line(process)
    yield folder
    process.terminate()
    assert process.wait(10) == 0
    assert list(folder.iterdir()) == [], "sockets are removed at the end, and nothing else was written"


@pytest.fixture
def rig(folder: Path) -> Iterator[RigClient]:
    with RigClient(folder / SOCKET_NAME, timeout_s=20) as rig:
        yield rig
        for port in ("fxs1", "fxs2"):
            rig.call("phone.hangup", port=port)


def power_up(folder: Path) -> None:
    """Start fxs2 as core would, over the board's SPI socket."""
    bus = Bus.simboard(folder / SPI_SOCKET_NAME)
    bus.gpio_set(GPIO_RESET, 0)
    bus.wait_ms(1)
    bus.gpio_set(GPIO_RESET, 1)
    bus.wait_ms(10)
    Slic("fxs2", bus, 1, 1, LineProfile(), chip="si3210").start()
    bus.close()


def test_state_of_a_board_whose_reset_is_held(rig: RigClient) -> None:
    state = rig.call("board.state")
    assert state["reset"] == "low"
    assert state["seed"] == 7
    assert [(name, port["chip"], port["open"]) for name, port in state["ports"].items()] == [
        ("fxs1", "si3215", True),
        ("fxs2", "si3210", True),
    ]
    phone = rig.call("phone.state", port="fxs1")
    assert (phone["hook"], phone["loop_v"], phone["ringing"], phone["violations"]) == ("on", 0.0, None, [])


@pytest.mark.parametrize(
    ("do", "args", "sentence"),
    [
        ("phone.lift", {"port": "fxs9"}, "there is no port 'fxs9' on this board, its ports are fxs1, fxs2"),
        ("phone.sing", {}, "there is no verb 'phone.sing', allowed are board.fault, board.power, board.state, "),
        ("phone.lift", {}, "phone.lift wants 'port', its arguments are port"),
        ("phone.flash", {"port": "fxs1", "sec": 1}, "phone.flash has no argument 'sec', allowed are port, ms"),
        ("phone.flash", {"port": "fxs1"}, "fxs1 is on hook, lift it first"),
        ("phone.flash", {"port": "fxs1", "ms": "long"}, "ms is 'long', allowed 1 to 5000 ms"),
        ("phone.wire", {"port": "fxs1", "ren": 99}, "fxs1: ren is 99, allowed 0 to 10 REN"),
        ("phone.wire", {"port": "fxs1", "ohm": 99}, "phone.wire has no argument 'ohm', allowed are port, loop_ohm"),
        ("phone.hear", {"port": "fxs1", "seconds": 0, "file": "x.wav"}, "seconds is 0, allowed 0.01 to 3600 s"),
        ("phone.say", {"port": "fxs1", "file": "/nowhere/x.wav"}, "/nowhere/x.wav cannot be read: No such file"),
        ("phone.machine", {"port": "fxs1", "rings": 0}, "rings is 0, allowed 1 to 20"),
        ("phone.pbx", {"port": "fxs1", "extensions": "a"}, "extensions are 'a', allowed is a list such as 301,302"),
        ("phone.seize", {"port": "fxs1", "digits": "101"}, "there is no PBX on fxs1, put one there first (pbx)"),
        (
            "phone.install",
            {"port": "fxs1", "ringer": "gong"},
            "there is no ringer 'gong', allowed are none, electronic",
        ),
        ("phone.install", {"port": "fxs1", "cable_km": 60}, "cable_km is 60, allowed 0 to 6 km"),
        ("board.fault", {"port": "fxs1", "kind": "rain"}, "there is no fault 'rain', allowed are dead-bus"),
    ],
)
def test_refusals_say_what_is_allowed(rig: RigClient, do: str, args: dict[str, object], sentence: str) -> None:
    with pytest.raises(RigError) as refusal:
        rig.call(do, **args)
    assert str(refusal.value).startswith(sentence)


def test_a_wav_of_another_shape_is_refused_with_the_way_to_mend_it(rig: RigClient, tmp_path: Path) -> None:
    stereo = tmp_path / "stereo.wav"
    with wave.open(str(stereo), "wb") as file:
        file.setparams((2, 2, 44100, 0, "NONE", ""))
        file.writeframes(bytes(400))
    with pytest.raises(RigError, match="has 2 channels, 44100 Hz and 16 bit, allowed is mono, 8000 Hz, 16 bit; `sox "):
        rig.call("phone.say", port="fxs1", file=stereo)
    stereo.write_bytes(b"no sound")
    with pytest.raises(RigError, match="is no WAV of plain samples"):
        rig.call("phone.say", port="fxs1", file=stereo)


def test_lines_that_are_no_request_are_answered_and_the_connection_lives(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as raw:
        raw.connect(str(folder / SOCKET_NAME))
        lines = raw.makefile("rwb")
        for request, word in ((b"hello", "JSON"), (b"[1]", "a request looks like"), (b'{"do":"x","args":3}', "object")):
            lines.write(request + b"\n")
            lines.flush()
            assert word in json.loads(lines.readline())["error"]
        lines.write(b'{"id": 5, "do": "board.violations"}\n')
        lines.flush()
        assert json.loads(lines.readline())["id"] == 5


def test_a_telephone_lives_through_lift_speech_and_dialling(rig: RigClient, folder: Path, tmp_path: Path) -> None:
    power_up(folder)
    rig.call("phone.lift", port="fxs2")
    threading.Event().wait(0.1)
    assert rig.call("phone.state", port="fxs2")["loop_ma"] > 15
    assert rig.call("phone.wire", port="fxs2", sidetone_db=20)["sidetone_db"] == 20
    write_wav(tmp_path / "said.wav", measure.sine(1020, -10, 0.6))
    heard = tmp_path / "heard.wav"
    with RigClient(folder / SOCKET_NAME) as ear:
        recorder = threading.Thread(target=lambda: ear.call("phone.hear", port="fxs2", seconds=1.0, file=heard))
        recorder.start()
        assert rig.call("phone.say", port="fxs2", file=tmp_path / "said.wav") == {"seconds": 0.6}
        recorder.join()
    samples = read_wav(heard)
    assert samples.size == 8000
    loudest = max(measure.bursts(samples), key=lambda burst: burst.ms)
    assert loudest.ms == pytest.approx(600, abs=10)
    assert loudest.tones[0].dbm0 == pytest.approx(-30, abs=0.5)
    rig.call("phone.dial", port="fxs2", digits="12", on_ms=50, off_ms=50)
    rig.call("phone.flash", port="fxs2", ms=50)
    rig.call("phone.dial", port="fxs2", digits="1", pulse=True)
    assert rig.call("phone.state", port="fxs2")["digits_sent"] == "121"


def test_speech_ends_with_an_error_when_the_telephone_is_hung_up(rig: RigClient, folder: Path, tmp_path: Path) -> None:
    write_wav(tmp_path / "long.wav", np.zeros(80000, dtype=np.int16))
    rig.call("phone.lift", port="fxs1")
    with RigClient(folder / SOCKET_NAME) as other:
        threading.Timer(0.2, lambda: other.call("phone.hangup", port="fxs1")).start()
        with pytest.raises(RigError, match="fxs1 was hung up while it spoke"):
            rig.call("phone.say", port="fxs1", file=tmp_path / "long.wav")


def test_faults_and_breaches_are_told(rig: RigClient) -> None:
    rig.call("board.fault", port="fxs1", kind="over-temperature")
    assert rig.call("board.state")["ports"]["fxs1"]["faults"] == ["over-temperature"]
    rig.call("board.fault", port="fxs1", kind="over-temperature", on=False)
    assert rig.call("board.state")["ports"]["fxs1"]["faults"] == []
    rig.call("board.violations", clear=True)
    assert rig.call("board.violations") == {"violations": []}


def test_a_second_board_in_the_same_folder_is_refused(folder: Path) -> None:
    process = started(folder)
    assert process.wait(10) == 2
    assert process.stderr is not None
    assert "another simulated board already runs at" in process.stderr.read()
    with RigClient(folder / SOCKET_NAME) as rig:
        assert rig.call("board.state")["seed"] == 7


def test_a_killed_board_leaves_sockets_that_the_next_one_replaces(tmp_path: Path) -> None:
    killed = started(tmp_path)
    assert "seed" in first_line(killed)
    assert Path(f"/proc/{killed.pid}/comm").read_text().strip() == "tipring-simboar"
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait(10)
    assert (tmp_path / SOCKET_NAME).exists()
    with pytest.raises(RigError, match="no simulated board answers at"):
        RigClient(tmp_path / SOCKET_NAME)
    following = started(tmp_path)
    assert "seed" in first_line(following)
    RigClient(tmp_path / SOCKET_NAME).close()
    following.terminate()
    assert following.wait(10) == 0


def test_what_cannot_start_says_why(tmp_path: Path) -> None:
    for options, sentence in (
        (["--run", str(tmp_path / "none")], "is no folder, make it first"),
        (["--run", str(tmp_path), "--board", "mars"], "mars.toml cannot be read"),
    ):
        done = subprocess.run([*COMMAND, *options], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert sentence in done.stderr
    help_text = subprocess.run([*COMMAND, "--help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "example: tipring-simboard --run" in help_text


def test_the_client_needs_nothing_but_the_standard_library() -> None:
    code = "import sys, drivers.sim.rig_client; sys.exit('numpy' in sys.modules or 'cffi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
