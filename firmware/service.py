"""The supervisor behind `tipring run`: starts the processes, watches them, ends them in order.

    simboard   (simulated board only) the hardware; when it dies, all end loudly
    core       restarted with back-off; before that its lines are made safe
    web        restarted with back-off

On the appliance systemd does the same (`systemd/`). Children: `service_child.py`. The words
printed when all is up: `cli_run.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from boards.description import is_simulated
from firmware.config.settings import Settings
from firmware.control.client import ControlClient
from firmware.control.messages import ControlError
from firmware.service_child import Child, Program, how_it_ended

log = logging.getLogger(__name__)

BACK_OFF_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_S = 30.0
"""After so long a run, the next death counts as the first."""
SIMBOARD_PATIENCE_S = 15.0
CORE_SLOW_S = 15.0
LINES_PATIENCE_S = 8.0
CORE_ENDS_S = 1.4
OTHERS_END_S = 0.3
EXIT_SETTINGS = 2
"""Core's exit code for settings it cannot use: restarting would not mend them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start. simboard is None on a real board. page: address and port of the web page."""

    run: Path
    core: Program
    web: Program
    page: tuple[str, int]
    simboard: Program | None = None


class Lines(Protocol):
    """The way to open every line when core cannot."""

    def prepare(self) -> None:
        """Do now what would cost time later."""

    def make_safe(self) -> None:
        """Pull the cards' reset line. Raises when the board does not answer."""


class BoardLines:
    """`Lines` of a board, by its wiring."""

    def __init__(self, board: str, run: Path) -> None:
        self.board = board
        self.run = run

    def prepare(self) -> None:
        importlib.import_module("boards.wiring")

    def make_safe(self) -> None:
        from boards.wiring import make_safe

        make_safe(self.board, self.run)


def plan(config: Path, data: Path, board: str, run: Path, settings: Settings) -> Plan:
    """The processes of one appliance, with their arguments."""

    def python(module: str, *args: object) -> tuple[str, ...]:
        return (sys.executable, "-m", module, *map(str, args))

    listen, port = settings.web.listen, settings.web.port
    simboard = None
    if is_simulated(board):
        simboard = Program("simboard", python("drivers.sim.simboard", "--run", run, "--board", board), signal.SIGKILL)
    return Plan(
        run,
        Program("core", python("firmware.app", "--config", config, "--data", data, "--board", board, "--run", run)),
        Program(
            "web",
            python(
                "firmware.web.server", "--run", run, "--listen", listen, "--port", port, "--language", settings.language
            ),
        ),
        ("127.0.0.1" if listen == "0.0.0.0" else listen, port),
        simboard,
    )


class Supervisor:
    """Runs a `Plan` until a signal, or until it makes no sense to go on.

    on_ready(page_answers): called once, when core answers on its socket.
    """

    def __init__(self, plan: Plan, lines: Lines, on_ready: Callable[[bool], None]) -> None:
        self.plan = plan
        self.lines = lines
        self.on_ready = on_ready
        self.children: dict[str, Child] = {}
        self._ending = False
        self._over: asyncio.Future[int] | None = None

    async def run(self) -> int:
        """Returns the exit code: 0 after a signal, 1 when the board died, 2 when core refused its settings."""
        loop = asyncio.get_running_loop()
        self._over = loop.create_future()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._finish, 0)
        tasks: list[asyncio.Task[None]] = []
        try:
            if self.plan.simboard is None or await self._start_simboard(self.plan.simboard):
                tasks = [
                    asyncio.create_task(self._keep(self.plan.core, self._core_died), name="keep-core"),
                    asyncio.create_task(self._keep(self.plan.web, None), name="keep-web"),
                    asyncio.create_task(self._announce(), name="announce"),
                ]
                for task in tasks:
                    task.add_done_callback(self._task_ended)
            return await self._over
        finally:
            self._ending = True
            for task in tasks:
                task.cancel()
            await self._end_children()

    def _finish(self, code: int) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_result(code)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        """A bug in a task of ours must not leave half a house standing."""
        if not task.cancelled() and task.exception() is not None and self._over is not None and not self._over.done():
            self._over.set_exception(task.exception() or RuntimeError(task.get_name()))

    # -- the simulated board ------------------------------------------------------------------

    async def _start_simboard(self, program: Program) -> bool:
        for name in ("simboard.rig", "simboard.spi"):
            (self.plan.run / name).unlink(missing_ok=True)
        child = self.children["simboard"] = Child(program)
        child.ended.add_done_callback(lambda ended: self._simboard_died(ended.result()))
        assert self._over is not None
        ready = asyncio.create_task(_answers(self.plan.run / "simboard.rig"), name="await-simboard")
        either: set[asyncio.Future[Any]] = {ready, self._over}
        await asyncio.wait(either, timeout=SIMBOARD_PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            if not self._over.done():
                log.error("simboard: not ready after %.0f s", SIMBOARD_PATIENCE_S)
                self._finish(1)
        return not self._over.done()

    def _simboard_died(self, code: int) -> None:
        if not self._ending:
            log.error("simboard: the simulated board ended (%s); everything ends with it", how_it_ended(code))
            self._finish(1)

    # -- core and web -------------------------------------------------------------------------

    async def _keep(self, program: Program, died: Callable[[int], asyncio.Future[None] | None] | None) -> None:
        """Start `program` again whenever it ends."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            started_s = loop.time()
            child = self.children[program.name] = Child(program)
            log.info("%s: started as process %d", program.name, child.pid)
            code = await asyncio.shield(child.ended)
            if self._ending:
                return
            if died is not None and (work := died(code)) is not None:
                await work
            if code == EXIT_SETTINGS:
                log.error("%s: refused to start, see above", program.name)
                return self._finish(EXIT_SETTINGS)
            failures = 1 if loop.time() - started_s > STEADY_S else failures + 1
            wait_s = BACK_OFF_S[min(failures, len(BACK_OFF_S)) - 1]
            log.error("%s: ended (%s), starts again in %.1f s", program.name, how_it_ended(code), wait_s)
            await asyncio.sleep(wait_s)

    def _core_died(self, _code: int) -> asyncio.Future[None]:
        return asyncio.ensure_future(self._make_safe())

    async def _make_safe(self) -> None:
        try:
            async with asyncio.timeout(1.0):
                await asyncio.to_thread(self.lines.make_safe)
            log.warning("lines: made safe, every line is open")
        except Exception as error:  # whatever it is, core must be started again
            log.error("lines: could not be made safe: %s", error)

    async def _announce(self) -> None:
        """Tell when core answers, and whether the page does."""
        await asyncio.to_thread(self.lines.prepare)
        answers = asyncio.create_task(_core_answers(self.plan.run / "core.sock"), name="await-core")
        if not (await asyncio.wait({answers}, timeout=CORE_SLOW_S))[0]:
            log.warning("core: does not answer yet after %.0f s; its messages above say why", CORE_SLOW_S)
        await answers
        page = True
        try:
            async with asyncio.timeout(5.0):
                await _answers(self.plan.page)
        except TimeoutError:
            page = False
        self.on_ready(page)

    # -- the end ------------------------------------------------------------------------------

    async def _end_children(self) -> None:
        """Core and web first, the hardware last."""
        core, web, simboard = (self.children.get(name) for name in ("core", "web", "simboard"))
        ends = [child.end(patience) for child, patience in ((core, CORE_ENDS_S), (web, OTHERS_END_S)) if child]
        await asyncio.gather(*ends)
        board_is_there = simboard is None or not simboard.ended.done()
        if core is not None and core.ended.result() != 0 and board_is_there:
            await self._make_safe()
        if simboard is not None:
            await simboard.end(OTHERS_END_S)


async def _answers(where: Path | tuple[str, int]) -> None:
    """Wait until somebody accepts connections there."""
    while True:
        family = socket.AF_UNIX if isinstance(where, Path) else socket.AF_INET
        with socket.socket(family) as probe, contextlib.suppress(OSError):
            probe.setblocking(False)
            address = str(where) if isinstance(where, Path) else where
            await asyncio.get_running_loop().sock_connect(probe, address)
            return
        await asyncio.sleep(0.02)


async def _core_answers(path: Path) -> None:
    """Wait until core answers, and then a while for its lines: at the very first start they are calibrated."""
    loop = asyncio.get_running_loop()
    patience_ends_s: float | None = None
    while True:
        client = ControlClient(path)
        try:
            await client.connect()
            status = await client.call("status")
        except ControlError:
            await asyncio.sleep(0.05)
            continue
        finally:
            await client.close()
        if patience_ends_s is None:
            patience_ends_s = loop.time() + LINES_PATIENCE_S
        if all(port["in_service"] for port in status["ports"]) or loop.time() > patience_ends_s:
            return
        await asyncio.sleep(0.1)
