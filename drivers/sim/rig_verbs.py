"""The verbs of the rig socket: what a person at the bench can do to the lines.

One method a verb, `phone.lift` is `phone_lift`; its keyword arguments are the
verb's. Every refusal is a RigError sentence that names what is allowed. They run
on a served board in real time: a verb that takes time answers when it is done.
`rig_server.py` carries them over the socket.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.sim.board import SimBoard
from drivers.sim.dialling import ORDINARY_DIAL, KeyPad, dtmf_sound, pulse_edges
from drivers.sim.phone import RATE_HZ, WIRE_RANGES, Phone
from drivers.sim.phone_state import phone_state
from drivers.sim.recording import read_wav
from drivers.sim.rig_characters import CharacterVerbs
from drivers.sim.rig_exchange import ExchangeVerbs, exchange_state
from drivers.sim.rig_protocol import RigError
from drivers.sim.rig_sound import POLL_S, absolute, number, record

_PIECE_SAMPLES = 4000
_LINEFEED = ("open", "active", "on-hook-transmission", "tip-open", "ringing", "reversed", "reversed-oht", "ring-open")

Answer = dict[str, Any]


class RigVerbs:
    """All verbs on one served board."""

    def __init__(self, board: SimBoard) -> None:
        self._board = board
        self._verbs: dict[str, Callable[..., Awaitable[Answer]]] = {
            name.replace("_", ".", 1): verb
            for name, verb in inspect.getmembers(self, inspect.iscoroutinefunction)
            if name.startswith(("phone_", "board_"))
        }
        self._verbs |= {
            name.replace("_", ".", 1): verb
            for more in (ExchangeVerbs(board), CharacterVerbs(board))
            for name, verb in inspect.getmembers(more, inspect.iscoroutinefunction)
            if name.startswith(("exchange_", "phone_"))
        }

    async def do(self, verb: str, args: dict[str, Any]) -> Answer:
        """Run one verb. Raises RigError for unknown verbs and arguments too."""
        method = self._verbs.get(verb)
        if method is None:
            raise RigError(f"there is no verb {verb!r}, allowed are {', '.join(sorted(self._verbs))}")
        _check_arguments(verb, method, args)
        return await method(**args)

    async def phone_lift(self, port: str) -> Answer:
        """Take the handset off."""
        self._phone(port).lift()
        return {}

    async def phone_hangup(self, port: str) -> Answer:
        """Put the handset back."""
        self._phone(port).hang_up()
        return {}

    async def phone_flash(self, port: str, ms: float = 100) -> Answer:
        """Open the loop for ms (1 to 5000); answers when it is closed again."""
        number("ms", ms, 1, 5000, "ms")
        phone = self._lifted(port)
        phone.flash(ms)
        await _edges_made(phone)
        return {}

    async def phone_dial(
        self, port: str, digits: str, pulse: bool = False, on_ms: float = 70, off_ms: float = 70
    ) -> Answer:
        """Dial by tones (0-9, *, #, A-D) or pulses (0-9); answers when the last digit is out."""
        number("on_ms", on_ms, 10, 5000, "ms")
        number("off_ms", off_ms, 10, 5000, "ms")
        phone = self._lifted(port)
        if pulse:
            pulse_edges(str(digits), 0)
            for digit in str(digits):
                phone.pulse_dial(digit)
                await _edges_made(phone)
                await asyncio.sleep(ORDINARY_DIAL.gap_ms / 1000)
        else:
            sound = dtmf_sound(str(digits), KeyPad(on_ms=on_ms, off_ms=off_ms))
            await self._speak(phone, sound)
            phone.digits_sent += str(digits)
        return {"digits_sent": phone.digits_sent}

    async def phone_say(self, port: str, file: str) -> Answer:
        """Speak a WAV (mono, 8 kHz, 16-bit); answers when it was played to the end."""
        samples = read_wav(absolute(file))
        await self._speak(self._lifted(port), samples)
        return {"seconds": samples.size / RATE_HZ}

    async def phone_hear(self, port: str, seconds: float, file: str) -> Answer:
        """Record what arrives at the ear from now on; answers when the WAV is written."""
        return await record(self._phone(port), seconds, file)

    async def phone_state(self, port: str) -> Answer:
        """Hook, volts, ringing, tones heard, digits sent, breaches of the chip's data sheet."""
        phone = self._phone(port)
        return phone_state(phone) | {"violations": self._violations(port)}

    async def phone_wire(self, port: str, **changes: float) -> Answer:
        """Change the line to the telephone (no changes: only tell it)."""
        phone = self._phone(port)
        phone.set_wire(**changes)
        return phone.wire()

    async def board_fault(self, port: str, kind: str, on: bool = True) -> Answer:
        """Break (on) or mend (off) a port's hardware; port "all" with pcm-clock-loss stops the highway."""
        self._board.fault(port, kind, bool(on))
        return {}

    async def board_power(self, on: bool) -> Answer:
        """Cut the card's supply (false) or give it back; the answer says where the lifeline's telephone is."""
        self._board.power(bool(on))
        return {"power": self._power(), "lifeline": self._lifeline()}

    async def board_violations(self, clear: bool = False) -> Answer:
        """Breaches of the data sheets since the start, and forget them if asked."""
        found = self._board.violations()
        if clear:
            self._board.clear_violations()
        return {"violations": found}

    async def board_state(self) -> Answer:
        """Reset line and, for every port, its line feed and faults."""
        ports = {}
        for name, phone in self._board.copper.items():
            line = phone.line()
            ports[name] = {
                "chip": f"si{line.part}",
                "linefeed": _LINEFEED[line.linefeed_state],
                "open": line.linefeed_state == 0,
                "ringing": line.ringing,
                "loop_v": round(line.port_v, 2),
                "loop_ma": round(line.loop_ma, 2),
                "battery_v": round(line.battery_v, 2),
                "in_reset": line.in_reset,
                "dead": line.dead,
                "slot": line.slot,
                "faults": self._board.faults(name),
            }
        return {
            "seed": self._board.seed,
            "reset": "high" if self._board.reset_high else "low",
            "power": self._power(),
            "lifeline": self._lifeline(),
            "ports": ports,
            "exchange_lines": {name: exchange_state(office) for name, office in self._board.offices.items()},
        }

    # ---------------------------------------------------------------------------------

    def _power(self) -> str:
        return "on" if self._board.powered else "off"

    def _lifeline(self) -> str:
        return {None: "none", True: "joined", False: "apart"}[self._board.lifeline_joined]

    def _phone(self, port: str) -> Phone:
        return self._board.phone(port)

    def _lifted(self, port: str) -> Phone:
        phone = self._phone(port)
        if not phone.lifted:
            raise RigError(f"{port} is on hook, lift it first")
        return phone

    def _violations(self, port: str) -> list[str]:
        prefix = f"{self._phone(port).name} "
        return [line for line in self._board.violations() if line.startswith(prefix)]

    async def _speak(self, phone: Phone, samples: NDArray[np.int16]) -> None:
        """Hand samples to the mouth as they fit, and wait for the last. Raises RigError on a hang-up meanwhile."""
        spoken = 0
        while spoken < samples.size or phone.unsaid_ms > 0:
            if not phone.lifted and phone.edges_waiting == 0:
                raise RigError(f"{phone.name} was hung up while it spoke")
            spoken += phone.say(samples[spoken : spoken + _PIECE_SAMPLES])
            await asyncio.sleep(POLL_S if spoken == samples.size else phone.unsaid_ms / 2000)


def _check_arguments(verb: str, method: Callable[..., Awaitable[Answer]], args: dict[str, Any]) -> None:
    known = dict(inspect.signature(method).parameters)
    if known.pop("changes", None):
        known |= dict.fromkeys(WIRE_RANGES, inspect.Parameter("x", inspect.Parameter.KEYWORD_ONLY, default=None))
    unknown = sorted(set(args) - set(known))
    missing = [name for name, parameter in known.items() if parameter.default is parameter.empty and name not in args]
    allowed = ", ".join(known) or "none"
    if unknown:
        raise RigError(f"{verb} has no argument {unknown[0]!r}, allowed are {allowed}")
    if missing:
        raise RigError(f"{verb} wants {missing[0]!r}, its arguments are {allowed}")


async def _edges_made(phone: Phone) -> None:
    """The board runs in threads of its own and tells nobody: look until the last planned edge is past."""
    while phone.edges_waiting:  # noqa: ASYNC110
        await asyncio.sleep(POLL_S)
