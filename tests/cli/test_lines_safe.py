"""Core is killed: on the simulated copper every line is open within a second, before a new core starts."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path

from drivers.sim.rig_client import RigClient
from firmware.config.settings import Settings
from firmware.lines_safe import main as lines_safe
from firmware.service import BoardLines, Plan, Supervisor, plan
from firmware.service_child import Program

# A core that wires the board, waits for its first port and answers `status`.
CORE = """
import asyncio, sys
from pathlib import Path
from boards.wiring import CalibrationStore, wire
from firmware.control.server import ControlServer
run = Path(sys.argv[1])
board = wire("sim", run, {}, CalibrationStore(run / "calibration"))
board.start()
with (run / "core.starts").open("a") as file:
    file.write("x")
async def status(args):
    return {"ports": []}
async def main():
    await ControlServer(run / "core.sock", {"status": status}).start()
    await asyncio.Event().wait()
asyncio.run(main())
"""


def feeds(run: Path) -> list[str]:
    with RigClient(run / "simboard.rig", timeout_s=5) as rig:
        return [port["linefeed"] for port in rig.call("board.state")["ports"].values()]


def test_a_killed_core_leaves_no_line_fed_for_more_than_a_second(tmp_path: Path) -> None:
    simboard = plan(tmp_path, tmp_path, "sim", tmp_path, Settings()).simboard
    core = Program("core", (sys.executable, "-c", CORE, str(tmp_path)))
    web = Program("web", (sys.executable, "-c", "import time; time.sleep(60)"))
    ready = asyncio.Event()
    page = socket.create_server(("127.0.0.1", 0))

    async def story() -> tuple[float, int]:
        supervisor = Supervisor(
            Plan(tmp_path, core, web, page.getsockname(), simboard),
            BoardLines("sim", tmp_path),
            lambda _page: ready.set(),
        )
        running = asyncio.create_task(supervisor.run())
        await ready.wait()
        assert "open" not in await asyncio.to_thread(feeds, tmp_path)
        killed_s = time.monotonic()
        os.kill(supervisor.children["core"].pid, signal.SIGKILL)
        while set(await asyncio.to_thread(feeds, tmp_path)) != {"open"}:
            assert time.monotonic() - killed_s < 5.0
        safe_after_s = time.monotonic() - killed_s
        assert (tmp_path / "core.starts").read_text() == "x", "the lines were safe before a new core came"
        os.kill(os.getpid(), signal.SIGTERM)
        return safe_after_s, await running

    async def main() -> tuple[float, int]:
        async with asyncio.timeout(60):
            return await story()

    safe_after_s, code = asyncio.run(main())
    page.close()
    assert safe_after_s < 1.0
    assert code == 0


def test_without_a_board_the_program_says_so(tmp_path: Path) -> None:
    assert lines_safe(["--board", "sim", "--run", str(tmp_path)]) == 1
