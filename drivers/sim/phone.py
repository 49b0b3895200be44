"""A telephone on the simulated copper: hook, key pad, dial, mouth, ear and a voltmeter.

The outside world's end of a loop, `SimBoard.copper["fxs1"]`. Nothing here waits
or moves time: actions are planned on the board's own clock and happen while it
runs, stepped or real, so they are exact to one frame (125 us) in both. The
caller steps the board or sleeps. What the telephone's user would notice, judged
by `measure.py`, is put together in `phone_state.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.sim._sim import ffi, lib
from drivers.sim.dialling import ORDINARY_DIAL, ORDINARY_PAD, KeyPad, RotaryDial, dtmf_sound, pulse_edges
from drivers.sim.rig_protocol import RigError

RATE_HZ = 8000
FRAME_US = 125
MOST_SPEECH_SAMPLES: int = lib.SIMBOARD_MOUTH_SAMPLES
MOST_EDGES: int = lib.SIMBOARD_MAX_EDGES
LONGEST_MEMORY_S: float = lib.SIMBOARD_TRACE_SAMPLES / RATE_HZ

_PART = 8000
_LEAD_US = 1000

WIRE_RANGES: dict[str, tuple[float, float, str]] = {
    "loop_ohm": (0, 5000, "ohm"),
    "leak_ohm": (0, 10_000_000, "ohm (0: none)"),
    "ren": (0, 10, "REN"),
    "phone_ohm": (1, 20_000, "ohm"),
    "bounce_ms": (0, 50, "ms"),
    "erl_db": (0, 60, "dB"),
    "echo_ms": (0, 60, "ms"),
    "loss_db": (0, 40, "dB"),
    "noise_dbm0": (-120, 0, "dBm0"),
    "sidetone_db": (0, 60, "dB"),
    "cut": (0, 1, "(1: cut)"),
    "short_tip_ring": (0, 1, "(1: shorted)"),
    "tip_ground": (0, 1, "(1: on earth)"),
}
_SWITCHES = ("cut", "short_tip_ring", "tip_ground")


@dataclass(frozen=True, slots=True)
class LineNow:
    """The line this instant. Voltages tip minus ring, or against earth; loop_ma from tip to ring."""

    port_v: float
    phone_v: float
    loop_ma: float
    tip_v: float
    ring_v: float
    battery_v: float
    lifted: bool
    linefeed: int
    linefeed_state: int
    ringing: bool
    in_reset: bool
    dead: bool
    slot: int
    slot_hint: int
    part: int
    cs: int


class Phone:
    """The telephone of one port. `board` is the C board, `port` its number there."""

    def __init__(self, board: Any, port: int, name: str) -> None:
        self._board = board
        self.port = port
        self.name = name
        self.digits_sent = ""
        """What was dialled since the last lift, tones and pulses."""
        self.hook_moved_frame = 0
        """The frame in which the hook was last moved by hand."""

    # -- hook -------------------------------------------------------------------------

    @property
    def lifted(self) -> bool:
        """The hook contact now; False in the middle of a dial pulse."""
        return self.line().lifted

    def lift(self, resistance_ohm: float | None = None) -> None:
        """Take the handset off, with contact bounce as the wire says. resistance_ohm: of the set, off hook."""
        if resistance_ohm is not None:
            self.set_wire(phone_ohm=resistance_ohm)
        self.digits_sent = ""
        self._move_hook(True)

    def hang_up(self) -> None:
        """Put the handset back; what was still to be said or dialled is dropped."""
        self._move_hook(False)
        lib.simboard_phone_hush(self._board, self.port)

    def flash(self, ms: float) -> None:
        """Open the loop for ms, exact to a frame, beginning 1 ms from now."""
        start_us = self.now_us + _LEAD_US
        self.plan([(start_us, False), (start_us + round(ms * 1000), True)])

    def plan(self, edges: Sequence[tuple[int, bool]]) -> None:
        """Plan (time in us on the board's clock, loop closed) edges after those already planned.

        Raises RigError when a time is past or out of order, or more than MOST_EDGES would wait.
        """
        planned = ffi.new("struct simboard_edge[]", [(at_us, int(closed)) for at_us, closed in edges])
        if lib.simboard_phone_schedule(self._board, self.port, planned, len(edges)) < 0:
            waiting = self.edges_waiting
            raise RigError(
                f"{self.name}: {len(edges)} hook edges cannot be planned behind {waiting} that wait; "
                f"allowed are {MOST_EDGES} in all, in order of time"
            )

    @property
    def edges_waiting(self) -> int:
        """Planned hook edges still to come."""
        return int(lib.simboard_phone_edges(self._board, self.port))

    # -- dialling and speech ----------------------------------------------------------

    def dial(self, digits: str, pad: KeyPad = ORDINARY_PAD) -> float:
        """Press keys; returns how many ms it takes. Raises RigError over 8 s of tones: dial in parts."""
        sound = dtmf_sound(digits, pad)
        if self.say(sound) < sound.size:
            raise RigError(f"{self.name}: {digits!r} takes longer than 8 s to dial, dial it in parts")
        self.digits_sent += digits
        return sound.size * 1000 / RATE_HZ

    def pulse_dial(self, digits: str, dial: RotaryDial = ORDINARY_DIAL) -> float:
        """Turn the dial; returns how many ms it takes, last gap included. 12 zeros are the most at once."""
        start_us = self.now_us + _LEAD_US
        edges = pulse_edges(digits, start_us, dial)
        self.plan(edges)
        self.digits_sent += digits
        return (edges[-1][0] - start_us) / 1000 + dial.gap_ms

    def say(self, samples: NDArray[np.int16]) -> int:
        """Speak behind what is not yet spoken; returns how many samples fitted (8 s at most)."""
        pcm = np.ascontiguousarray(samples, dtype=np.int16)
        return int(lib.simboard_phone_say(self._board, self.port, ffi.from_buffer("short[]", pcm), pcm.size))

    @property
    def unsaid_ms(self) -> float:
        """How long the telephone will go on speaking."""
        return int(lib.simboard_phone_unsaid(self._board, self.port)) * 1000 / RATE_HZ

    # -- ear and voltmeter ------------------------------------------------------------

    @property
    def now_us(self) -> int:
        """The board's clock."""
        return int(lib.simboard_now_us(self._board))

    @property
    def frame(self) -> int:
        """Index of the next sample of ear and voltmeter."""
        return int(lib.simboard_frames(self._board))

    def heard_since(self, frame: int) -> NDArray[np.int16]:
        """What arrived at the ear since that frame, at most LONGEST_MEMORY_S back."""
        return self._collect(lib.simboard_phone_hear, "short[]", np.int16, frame)

    def heard_last(self, seconds: float) -> NDArray[np.int16]:
        """What arrived in the last seconds."""
        return self.heard_since(self.frame - round(seconds * RATE_HZ))

    def volts_since(self, frame: int) -> NDArray[np.float32]:
        """Tip minus ring at the telephone since that frame, 8000 values a second."""
        return self._collect(lib.simboard_phone_trace, "float[]", np.float32, frame)

    def volts_last(self, seconds: float) -> NDArray[np.float32]:
        """Tip minus ring at the telephone in the last seconds."""
        return self.volts_since(self.frame - round(seconds * RATE_HZ))

    def line(self) -> LineNow:
        """Voltage, current and states this instant."""
        now = ffi.new("struct simboard_line *")
        lib.simboard_line(self._board, self.port, now)
        raw = {field: getattr(now, field) for field in LineNow.__slots__}
        for flag in ("lifted", "ringing", "in_reset", "dead"):
            raw[flag] = bool(raw[flag])
        return LineNow(**raw)

    # -- wire -------------------------------------------------------------------------

    def wire(self) -> dict[str, float | bool]:
        """The line from port to telephone, by the names of WIRE_RANGES."""
        wire = self._wire()
        return {key: bool(getattr(wire, key)) if key in _SWITCHES else getattr(wire, key) for key in WIRE_RANGES}

    def set_wire(self, **changes: float) -> None:
        """Change some values of the line. Raises RigError with the names and ranges allowed."""
        wire = self._wire()
        for key, value in changes.items():
            if key not in WIRE_RANGES:
                raise RigError(f"{self.name}: a wire has no {key!r}, allowed are {', '.join(WIRE_RANGES)}")
            low, high, unit = WIRE_RANGES[key]
            if not isinstance(value, int | float) or math.isnan(value) or not low <= value <= high:
                raise RigError(f"{self.name}: {key} is {value!r}, allowed {low:g} to {high:g} {unit}")
            setattr(wire, key, int(value) if key in _SWITCHES else float(value))
        if lib.simboard_set_wire(self._board, self.port, wire) < 0:
            raise RigError(f"{self.name}: the board refuses this wire: {changes}")

    # ---------------------------------------------------------------------------------

    def _move_hook(self, lifted: bool) -> None:
        lib.simboard_phone_hook(self._board, self.port, int(lifted))
        self.hook_moved_frame = self.frame

    def _wire(self) -> Any:
        wire = ffi.new("struct simboard_wire *")
        lib.simboard_get_wire(self._board, self.port, wire)
        return wire

    def _collect(self, read: Any, kind: str, dtype: Any, frame: int) -> NDArray[Any]:
        at = ffi.new("long long *", max(0, frame))
        parts: list[NDArray[Any]] = []
        while True:
            part = np.empty(_PART, dtype=dtype)
            count = int(read(self._board, self.port, at, ffi.from_buffer(kind, part), _PART))
            parts.append(part[: max(0, count)])
            if count < _PART:
                return np.concatenate(parts)
            at[0] += count
