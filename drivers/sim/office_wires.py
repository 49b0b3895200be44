"""The exchange's end of a simulated exchange line, electrically: battery, ringing voltage, loop detector, voice.

`SimBoard.offices["fxo1"]` leads here through `exchange_line.py`, which has the exchange's character. Nothing
here waits: what shall happen later is planned on the board's own clock, exact to one frame. The C side is
`native/simoffice.h`; voice, wires and the voltmeter are those of every simulated line (`phone.py`).
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drivers.sim._sim import ffi, lib
from drivers.sim.phone import Phone
from drivers.sim.rig_protocol import RigError

OFFICE_RANGES: dict[str, tuple[float, float, str]] = {
    "battery_v": (0, 120, "V"),
    "feed_ohm": (100, 4000, "ohm"),
    "limit_ma": (5, 500, "mA"),
    "parallel_ohm": (0, 20_000, "ohm (0: no lifted telephone)"),
    "ring_v_rms": (0, 150, "V rms"),
    "ring_hz": (10, 100, "Hz"),
    "meter_v_rms": (0, 10, "V rms (0: no metering tone)"),
    "impedance": (0, 15, "(code of register 30)"),
}
_EDGES_AT_ONCE = 64


class WireFeed(enum.IntEnum):
    """What the exchange puts on the two wires."""

    NORMAL = lib.SIMOFFICE_NORMAL
    REVERSED = lib.SIMOFFICE_REVERSED
    NO_FEED = lib.SIMOFFICE_NO_FEED


@dataclass(frozen=True, slots=True)
class OfficeNow:
    """The line this instant. port_v: tip minus ring at the chip. off_hook: the chip's hook switch.

    audio: 0 none, 1 on-hook monitor, 2 off hook.
    """

    port_v: float
    loop_ma: float
    feed_ma: float
    closed: bool
    off_hook: bool
    feed: WireFeed
    ringing: bool
    linked: bool
    audio: int


@dataclass(frozen=True, slots=True)
class LoopEdge:
    """The exchange began or ceased to see loop current. at_us: on the board's clock."""

    at_us: int
    closed: bool


class OfficeWires:
    """One exchange line's wires. `board` is the C board, `port` its number there."""

    def __init__(self, board: Any, port: int, name: str) -> None:
        self._board = board
        self._port = port
        self.name = name
        self.voice = Phone(board, port, name)
        """Mouth, ear, voltmeter and wire of the far party; its hook methods mean nothing on an exchange line."""
        self._edges_seen = 0

    @property
    def now_us(self) -> int:
        """The board's clock."""
        return self.voice.now_us

    def now(self) -> OfficeNow:
        """Voltage, current and states this instant."""
        native = ffi.new("struct simboard_office_now *")
        lib.simboard_office_now(self._board, self._port, native)
        return OfficeNow(
            native.port_v,
            native.loop_ma,
            native.feed_ma,
            bool(native.closed),
            bool(native.off_hook),
            WireFeed(native.feed),
            bool(native.ringing),
            bool(native.linked),
            native.audio,
        )

    def plan(self, events: Sequence[tuple[int, WireFeed, bool]]) -> None:
        """Plan (time in us, feed, ringing) after what is planned; a time that is past means now.

        Raises RigError when times fall or more than 128 would wait.
        """
        planned = ffi.new("struct simboard_office_event[]", [(at, int(feed), int(on)) for at, feed, on in events])
        if lib.simboard_office_plan(self._board, self._port, planned, len(events)) < 0:
            raise RigError(f"{self.name}: {len(events)} changes of the feed cannot be planned behind those that wait")

    def put(self, feed: WireFeed, *, ringing: bool = False) -> None:
        """Forget what is planned and put this on the wires now."""
        lib.simboard_office_forget(self._board, self._port)
        self.plan([(0, feed, ringing)])

    def hush(self) -> None:
        """The far party falls silent at once."""
        lib.simboard_phone_hush(self._board, self._port)

    @property
    def planned(self) -> int:
        """Changes still to come."""
        return int(lib.simboard_office_planned(self._board, self._port))

    def new_edges(self) -> list[LoopEdge]:
        """Loop edges since the last call, oldest first."""
        at = ffi.new("long long *", self._edges_seen)
        native = ffi.new("struct simboard_loop_edge[]", _EDGES_AT_ONCE)
        edges: list[LoopEdge] = []
        while True:
            count = lib.simboard_office_edges(self._board, self._port, at, native, _EDGES_AT_ONCE)
            edges += [LoopEdge(edge.at_us, bool(edge.closed)) for edge in native[0:count]]
            at[0] += count
            if count < _EDGES_AT_ONCE:
                self._edges_seen = at[0]
                return edges

    def office(self) -> dict[str, float]:
        """Battery and so on, by the names of OFFICE_RANGES."""
        native = self._office()
        return {key: getattr(native, key) for key in OFFICE_RANGES}

    def set_office(self, **changes: float) -> None:
        """Change some of them. Raises RigError with the names and ranges allowed."""
        native = self._office()
        for key, value in changes.items():
            if key not in OFFICE_RANGES:
                raise RigError(f"{self.name}: an exchange has no {key!r}, allowed are {', '.join(OFFICE_RANGES)}")
            low, high, unit = OFFICE_RANGES[key]
            if not isinstance(value, int | float) or math.isnan(value) or not low <= value <= high:
                raise RigError(f"{self.name}: {key} is {value!r}, allowed {low:g} to {high:g} {unit}")
            setattr(native, key, int(value) if key == "impedance" else float(value))
        if lib.simboard_set_office(self._board, self._port, native) < 0:
            raise RigError(f"{self.name}: the board refuses this exchange: {changes}")

    def _office(self) -> Any:
        native = ffi.new("struct simboard_office *")
        lib.simboard_get_office(self._board, self._port, native)
        return native
