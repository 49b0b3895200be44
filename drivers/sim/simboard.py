"""The process `tipring-simboard`: a card with telephones and exchange lines, in place of hardware.

It stays alive when core dies, as hardware would. Drivers reach it at
`simboard.spi` in the run folder (SPI, GPIO, PCM), the bench at `simboard.rig`.
It writes no files but these sockets and ends on SIGTERM or Ctrl-C. The board is
`board.py`, the bench `rig_server.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import secrets
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from drivers.sim.board import SimBoard
from drivers.sim.rig_protocol import SOCKET_NAME, SPI_SOCKET_NAME, RigError
from drivers.sim.rig_server import RigServer, refuse_living_twin
from drivers.sim.rig_verbs import RigVerbs

PROCESS_NAME = "tipring-simboard"
TURN_S = 0.01


def main(argv: Sequence[str] | None = None) -> int:
    """Run the board until SIGTERM. Returns 0, or 2 with a sentence on stderr when it cannot start."""
    options = _parser().parse_args(argv)
    _name_process(PROCESS_NAME)
    seed = secrets.randbits(32) if options.seed is None else options.seed
    try:
        if not options.run.is_dir():
            raise RigError(f"{options.run} is no folder, make it first")
        asyncio.run(_serve(options.run, options.board, seed))
    except RigError as error:
        print(f"{PROCESS_NAME}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass
    return 0


async def _serve(run_folder: Path, board_file: str, seed: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    refuse_living_twin(run_folder / SOCKET_NAME)
    with SimBoard(board_file, seed) as board:
        board.serve(run_folder)
        server = RigServer(run_folder / SOCKET_NAME, RigVerbs(board))
        try:
            await server.start()
            exchanges = asyncio.create_task(_turn(board), name="exchanges") if board.offices else None
            names = ", ".join((*board.copper, *board.offices))
            print(f"{PROCESS_NAME}: {names} on {board_file}, seed {seed}, sockets in {run_folder}", flush=True)
            await stop.wait()
            if exchanges:
                exchanges.cancel()
        finally:
            await server.stop()
            (run_folder / SPI_SOCKET_NAME).unlink(missing_ok=True)


async def _turn(board: SimBoard) -> None:
    """Let the exchanges live."""
    while True:
        board.turn()
        await asyncio.sleep(TURN_S)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROCESS_NAME,
        description="A simulated line card with telephones: what `tipring run` uses where there is no hardware.",
        epilog="example: tipring-simboard --run /tmp/tipring-1000 --board boards/sim.toml --seed 7",
    )
    parser.add_argument("--run", metavar="DIR", type=Path, required=True, help="folder of the sockets")
    parser.add_argument(
        "--board", metavar="FILE", default="sim", help='board file, or a name from boards/ (default "sim")'
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, help="decides all that silicon leaves open (default: drawn and printed)"
    )
    return parser


def _name_process(name: str) -> None:
    """What `ps` and `top` show; the kernel keeps 15 characters."""
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(name[:15], encoding="ascii")


if __name__ == "__main__":
    sys.exit(main())
