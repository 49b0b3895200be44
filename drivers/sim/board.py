"""The simulated board as one object: chips by the board file, copper by port name, faults, time.

Telephone lines end at a telephone, `copper`, exchange lines at an exchange, `offices`.

`SimBoard("sim", seed=7)` makes a stepped board: `step_ms` moves its clock, and
drivers in the same process use `spi_ops_address` and `highway_address`.
`serve(folder)` starts the real clock and the SPI socket instead; that is what
the process in `simboard.py` does. The chips themselves are C, `native/`.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from drivers.sim._sim import ffi, lib
from drivers.sim.board_file import CHIPS, SimPort, read_lifeline, read_ports
from drivers.sim.exchange_line import ExchangeLine
from drivers.sim.office_wires import OfficeWires
from drivers.sim.phone import Phone
from drivers.sim.rig_protocol import SPI_SOCKET_NAME, RigError

_EXCHANGE_LINE = "si3050"
FAULTS: dict[str, int] = {
    "dead-bus": lib.SIMBOARD_FAULT_DEAD_BUS,
    "wrong-identity": lib.SIMBOARD_FAULT_WRONG_IDENTITY,
    "over-temperature": lib.SIMBOARD_FAULT_OVER_TEMPERATURE,
    "stuck-interrupt": lib.SIMBOARD_FAULT_STUCK_INTERRUPT,
    "chip-reset": lib.SIMBOARD_FAULT_CHIP_RESET,
    "pcm-clock-loss": lib.SIMBOARD_FAULT_PCM_CLOCK_LOSS,
    "link-lost": lib.SIMBOARD_FAULT_LINK_LOST,
}
EVERY_PORT = "all"
"""Port name with which `pcm-clock-loss` stops the whole highway."""

_VIOLATIONS_OCTETS = 1 << 17


class SimBoard:
    """A board of simulated line chips. board_file: a path, or a name from `boards/` such as "sim".

    seed decides all that silicon leaves open; the same seed gives the same board.
    Raises RigError when the file is missing or names hardware there is no simulation of.
    """

    def __init__(self, board_file: str | os.PathLike[str], seed: int = 1) -> None:
        self.seed = seed
        self.ports = read_ports(board_file)
        self._board: Any = lib.simboard_new(seed)
        self.copper: dict[str, Phone] = {}
        """The telephone of each telephone port."""
        self.offices: dict[str, ExchangeLine] = {}
        """The exchange at each exchange line; `turn` lets them act."""
        self._numbers: dict[str, int] = {}
        for port in self.ports:
            number = self._numbers[port.name] = self._add(port)
            if number < 0:
                self.close()
                raise RigError(f"{board_file}: {port.name} cannot be added: {os.strerror(-number)}")
            if port.chip == _EXCHANGE_LINE:
                self.offices[port.name] = ExchangeLine(OfficeWires(self._board, number, port.name))
            else:
                self.copper[port.name] = Phone(self._board, number, port.name)
        self._join(board_file, read_lifeline(board_file))

    def _join(self, board_file: str | os.PathLike[str], pair: tuple[str, str] | None) -> None:
        """Solder the lifeline's relay in, if there is one."""
        if pair is None:
            return
        phone, line = (self._numbers.get(name, -1) for name in pair)
        if lib.simboard_add_lifeline(self._board, phone, line) < 0:
            self.close()
            raise RigError(f"{board_file}: no lifeline is possible between {pair[0]} and {pair[1]}")

    def _add(self, port: SimPort) -> int:
        if port.chip == _EXCHANGE_LINE:
            return int(lib.simboard_add_daa(self._board, port.cs, port.slot))
        return int(lib.simboard_add_slic(self._board, CHIPS[port.chip], port.cs, port.slot))

    # -- faces for a driver in this process ---------------------------------------------

    @property
    def spi_ops_address(self) -> int:
        """Address of the board's struct spi_ops."""
        return _address(lib.simboard_spi_ops(self._board))

    @property
    def highway_address(self) -> int:
        """Address of the board's struct highway (stepped boards)."""
        return _address(lib.simboard_highway(self._board))

    @property
    def step_address(self) -> int:
        """Address of `step_to(context, now_us)`, for `drivers.stepper`."""
        return _address(ffi.addressof(lib, "simboard_step_to"))

    @property
    def context_address(self) -> int:
        """The context that belongs to `step_address`."""
        return _address(self._board)

    # -- time -----------------------------------------------------------------------------

    @property
    def now_us(self) -> int:
        """The board's clock: from 0 when stepped, CLOCK_MONOTONIC when served."""
        return int(lib.simboard_now_us(self._board))

    def step_ms(self, ms: float) -> None:
        """Let board time pass (stepped boards)."""
        lib.simboard_step_us(self._board, round(ms * 1000))

    def turn(self) -> None:
        """Let the exchanges notice and do what is due; call it every few ms of board time."""
        for office in self.offices.values():
            office.step()

    def set_clock_ppm(self, ppm: float) -> None:
        """Error of the board's 8 kHz clock, -500 to 500 ppm, positive when fast."""
        lib.simboard_set_clock_ppm(self._board, ppm)

    def serve(self, run_folder: Path) -> None:
        """Start the real clock and the SPI socket in the folder. Raises RigError when the socket cannot be made."""
        path = run_folder / SPI_SOCKET_NAME
        failed = lib.simboard_serve(self._board, os.fsencode(path), b"")
        if failed:
            raise RigError(f"{path} cannot be served: {os.strerror(-failed)}")

    def close(self) -> None:
        """Stop serving and free the chips; the object is of no use after that."""
        if self._board is not None:
            lib.simboard_free(self._board)
            self._board = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # -- power --------------------------------------------------------------------------

    def power(self, on: bool) -> None:
        """Cut the card's supply, or give it back: chips forget all, the lifeline's relay falls."""
        lib.simboard_power(self._board, int(on))

    @property
    def powered(self) -> bool:
        """Whether the card has power."""
        return bool(lib.simboard_is_powered(self._board))

    @property
    def lifeline_joined(self) -> bool | None:
        """Whether the relay has its telephone on the exchange line; None where there is no such relay."""
        joined = lib.simboard_lifeline_joined(self._board)
        return None if joined < 0 else bool(joined)

    # -- faults and judgement -----------------------------------------------------------

    def phone(self, port: str) -> Phone:
        """The telephone of that port. Raises RigError naming the ports there are."""
        if port not in self.copper:
            raise RigError(f"there is no port {port!r} on this board, its ports are {', '.join(self.copper)}")
        return self.copper[port]

    def office(self, port: str) -> ExchangeLine:
        """The exchange at that port. Raises RigError naming the exchange lines there are."""
        if port not in self.offices:
            listed = ", ".join(self.offices) or "none"
            raise RigError(f"there is no exchange line {port!r} on this board, its exchange lines are {listed}")
        return self.offices[port]

    def _number(self, port: str) -> int:
        if port not in self._numbers:
            raise RigError(f"there is no port {port!r} on this board, its ports are {', '.join(self._numbers)}")
        return self._numbers[port]

    def fault(self, port: str, kind: str, on: bool = True) -> None:
        """Break or mend a port's hardware. kind: one of FAULTS. Raises RigError on other words."""
        if kind not in FAULTS:
            raise RigError(f"there is no fault {kind!r}, allowed are {', '.join(FAULTS)}")
        everywhere = port == EVERY_PORT and kind == "pcm-clock-loss"
        number = -1 if everywhere else self._number(port)
        if lib.simboard_fault(self._board, number, FAULTS[kind], int(on)) < 0:
            raise RigError(f"{port}: the board refuses the fault {kind}")

    def faults(self, port: str) -> list[str]:
        """The faults a port has now."""
        number = self._number(port)
        return [kind for kind, code in FAULTS.items() if lib.simboard_fault_state(self._board, number, code) == 1]

    @property
    def reset_high(self) -> bool:
        """Level of the card's RESET line: False holds every chip in reset."""
        return bool(lib.simboard_reset_level(self._board))

    def violations(self) -> list[str]:
        """Breaches of the data sheets, one sentence each, as "fxs1 0.012345 s: ..."."""
        text = ffi.new("char[]", _VIOLATIONS_OCTETS)
        lib.simboard_violations(self._board, text, _VIOLATIONS_OCTETS)
        lines: list[str] = ffi.string(text).decode().splitlines()
        return lines

    def clear_violations(self) -> None:
        """Forget the breaches so far (after provoking one on purpose)."""
        lib.simboard_clear_violations(self._board)


def _address(pointer: Any) -> int:
    return int(ffi.cast("uintptr_t", pointer))
