"""The supervisor, with small stand-ins for its children: order, back-off, safe lines, no orphans."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from firmware.config.settings import Settings
from firmware.service import Plan, Supervisor, plan
from firmware.service_child import Program, how_it_ended
from firmware.service_lock import AlreadyRunning, RunLock

ROOT = Path(__file__).resolve().parents[2]
# A core that answers `status`, notes its starts and how it was ended.
CORE = """
import asyncio, os, signal, sys
from pathlib import Path
from firmware.control.server import ControlServer
run = Path(sys.argv[1])
with (run / "core.starts").open("a") as file:
    file.write(f"{os.getpid()}\\n")
async def status(args):
    return {"ports": []}
async def main():
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    server = ControlServer(run / "core.sock", {"status": status})
    await server.start()
    await over.wait()
    await server.stop()
    (run / "core.ended").touch()
asyncio.run(main())
"""
# A board that listens on the rig's socket.
BOARD = """
import socket, sys, time
rig = socket.socket(socket.AF_UNIX); rig.bind(sys.argv[1] + "/simboard.rig"); rig.listen()
time.sleep(60)
"""
WEB = """
import socket, sys, time
page = socket.create_server(("127.0.0.1", int(sys.argv[2])))
time.sleep(60)
"""


class FakeLines:
    def __init__(self) -> None:
        self.made_safe_s: list[float] = []

    def prepare(self) -> None:
        pass

    def make_safe(self) -> None:
        self.made_safe_s.append(time.monotonic())


def python(name: str, code: str, *args: object, orphan: signal.Signals = signal.SIGTERM) -> Program:
    return Program(name, (sys.executable, "-c", code, *map(str, args)), orphan)


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def house(run: Path, **changed: str) -> Plan:
    port = free_port()
    codes = {"core": CORE, "web": WEB, "simboard": BOARD} | changed
    made = {name: python(name, code, run, port) for name, code in codes.items()}
    return Plan(run, made["core"], made["web"], ("127.0.0.1", port), made["simboard"])


class Watched(Supervisor):
    """A supervisor that remembers when it was ready."""

    def __init__(self, made: Plan) -> None:
        self.fake_lines = FakeLines()
        self.ready: list[bool] = []
        super().__init__(made, self.fake_lines, self.ready.append)

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():  # noqa: ASYNC110 - other processes are waited for
            await asyncio.sleep(0.01)


def live(made: Plan, story: Callable[[Watched], Awaitable[None]]) -> tuple[int, Watched]:
    async def main() -> tuple[int, Watched]:
        async with asyncio.timeout(20):
            supervisor = Watched(made)
            running = asyncio.create_task(supervisor.run())
            await story(supervisor)
            return await running, supervisor

    return asyncio.run(main())


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_start_ready_and_a_proper_end(tmp_path: Path) -> None:
    ended_s = 0.0

    async def story(house: Watched) -> None:
        nonlocal ended_s
        await house.until(lambda: bool(house.ready))
        ended_s = time.monotonic()
        os.kill(os.getpid(), signal.SIGTERM)

    code, house_ = live(house(tmp_path), story)
    assert code == 0
    assert time.monotonic() - ended_s < 2.0
    assert house_.ready == [True]
    assert (tmp_path / "core.ended").exists()
    assert not house_.fake_lines.made_safe_s, "core closed its lines by itself"
    assert not any(alive(child.pid) for child in house_.children.values())


def test_core_killed_lines_safe_first_then_a_new_core(tmp_path: Path) -> None:
    times: list[float] = []

    async def story(house: Watched) -> None:
        await house.until(lambda: bool(house.ready))
        first = house.children["core"]
        times.append(time.monotonic())
        os.kill(first.pid, signal.SIGKILL)
        await house.until(lambda: len((tmp_path / "core.starts").read_text().split()) == 2)
        times.append(time.monotonic())
        assert house.children["simboard"].ended.done() is False
        os.kill(os.getpid(), signal.SIGINT)

    code, house_ = live(house(tmp_path), story)
    assert code == 0
    safe_s = house_.fake_lines.made_safe_s[0]
    assert times[0] < safe_s < times[0] + 0.5
    assert safe_s < times[1]


def test_web_killed_is_started_again_and_core_does_not_notice(tmp_path: Path) -> None:
    async def story(house: Watched) -> None:
        await house.until(lambda: bool(house.ready))
        first = house.children["web"]
        os.kill(first.pid, signal.SIGKILL)
        await house.until(lambda: house.children["web"] is not first)
        os.kill(os.getpid(), signal.SIGTERM)

    code, house_ = live(house(tmp_path), story)
    assert code == 0 and not house_.fake_lines.made_safe_s
    assert len((tmp_path / "core.starts").read_text().split()) == 1


def test_the_death_of_the_board_ends_all_loudly(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story(house: Watched) -> None:
        await house.until(lambda: bool(house.ready))
        os.kill(house.children["simboard"].pid, signal.SIGKILL)

    code, house_ = live(house(tmp_path), story)
    assert code == 1
    assert "the simulated board ended (killed by SIGKILL)" in caplog.text
    assert not any(alive(child.pid) for child in house_.children.values())


def test_a_board_that_cannot_start_ends_at_once(tmp_path: Path) -> None:
    async def story(_house: Watched) -> None:
        pass

    code, house_ = live(house(tmp_path, simboard="raise SystemExit(3)"), story)
    assert code == 1 and list(house_.children) == ["simboard"]


def test_core_that_refuses_its_settings_is_not_restarted(tmp_path: Path) -> None:
    async def story(_house: Watched) -> None:
        pass

    assert live(house(tmp_path, core="raise SystemExit(2)"), story)[0] == 2


def test_a_core_deaf_to_sigterm_is_killed_in_time_and_lines_made_safe(tmp_path: Path) -> None:
    deaf = CORE.replace("over.set", "print")

    async def story(house: Watched) -> None:
        await house.until(lambda: bool(house.ready))
        os.kill(os.getpid(), signal.SIGTERM)

    began_s = time.monotonic()
    code, house_ = live(house(tmp_path, core=deaf), story)
    assert code == 0 and house_.fake_lines.made_safe_s
    assert not alive(house_.children["core"].pid)
    assert time.monotonic() - began_s < 10


def test_killed_without_a_word_it_leaves_no_orphans(tmp_path: Path) -> None:
    (tmp_path / "core.py").write_text(CORE)
    (tmp_path / "board.py").write_text(BOARD)
    (tmp_path / "web.py").write_text(WEB)
    script = textwrap.dedent(f"""
        import asyncio, sys
        from pathlib import Path
        from firmware.service import Plan, Supervisor
        from firmware.service_child import Program
        run = Path({str(tmp_path)!r})
        class Lines:
            def prepare(self): pass
            def make_safe(self): pass
        def ready(page):
            pids = " ".join(str(c.pid) for c in supervisor.children.values())
            print(pids, flush=True)
        port = {free_port()}
        names = ("core", "web", "board")
        made = [Program(n, (sys.executable, str(run / (n + ".py")), str(run), str(port))) for n in names]
        supervisor = Supervisor(Plan(run, made[0], made[1], ("127.0.0.1", port), made[2]), Lines(), ready)
        asyncio.run(supervisor.run())
    """)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=env) as boss:
        assert boss.stdout is not None
        pids = [int(p) for p in boss.stdout.readline().split()]
        boss.kill()
    assert len(pids) == 3
    end_s = time.monotonic() + 5
    while any(map(alive, pids)) and time.monotonic() < end_s:
        time.sleep(0.02)
    left = [pid for pid in pids if alive(pid)]
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not left


def test_a_second_start_names_the_first(tmp_path: Path) -> None:
    with RunLock(tmp_path):
        with pytest.raises(AlreadyRunning, match=f"as process {os.getpid()}") as caught, RunLock(tmp_path):
            pass
        assert caught.value.pid == os.getpid()
    with RunLock(tmp_path):
        pass


def test_the_plan_of_a_real_board_has_no_simulated_one(tmp_path: Path) -> None:
    config = tmp_path / "tipring.toml"
    assert plan(config, tmp_path, "rpi-oak", tmp_path, Settings()).simboard is None
    made = plan(config, tmp_path, "sim", tmp_path, Settings())
    assert made.simboard is not None and made.simboard.argv[2] == "drivers.sim.simboard"
    assert list(made.core.argv[3:]) == [
        "--config",
        str(config),
        "--data",
        str(tmp_path),
        "--board",
        "sim",
        "--run",
        str(tmp_path),
    ]


def test_exit_codes_in_words() -> None:
    assert how_it_ended(-9) == "killed by SIGKILL"
    assert how_it_ended(-99) == "killed by signal 99"
    assert how_it_ended(3) == "exit code 3"
