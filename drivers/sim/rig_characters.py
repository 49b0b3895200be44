"""The verbs of the rig that put machines on the telephone lines, and say how a telephone is installed.

A machine acts by itself until `phone.alone` takes it away. What they do: `characters.py`; the other verbs of
telephones: `rig_verbs.py`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np

from drivers.sim import measure
from drivers.sim.board import SimBoard
from drivers.sim.characters import BEEP, AnsweringMachine, Character, PbxTrunk
from drivers.sim.installation import install
from drivers.sim.recording import read_wav
from drivers.sim.rig_protocol import RigError
from drivers.sim.rig_sound import absolute, number

ATTENDS_EVERY_S = 0.02
EXTENSION_TONE_S = 3.0
_FIRST_TONE_HZ = 700.0
_TONES_APART_HZ = 150.0

Answer = dict[str, Any]


class CharacterVerbs:
    """On one served board. At most one machine a line."""

    def __init__(self, board: SimBoard) -> None:
        self._board = board
        self._machines: dict[str, tuple[Character, asyncio.Task[None]]] = {}

    async def phone_machine(self, port: str, rings: int = 2, greeting: str = "", longest_s: float = 60.0) -> Answer:
        """Put an answering machine on the line: it answers after so many rings, speaks, hears the caller go."""
        _rings(rings)
        number("longest_s", longest_s, 1, 3600, "s")
        sound = read_wav(absolute(greeting)) if greeting else BEEP
        return self._settle(port, AnsweringMachine(self._board.phone(port), rings, sound, longest_s))

    async def phone_pbx(self, port: str, extensions: str = "301,302", digits: int = 3, rings: int = 1) -> Answer:
        """Put an old PBX on the line: it answers, takes digits, and each of its extensions answers with a tone."""
        _rings(rings)
        number("digits", digits, 0, 8, "digits")
        listed = [text for text in str(extensions).split(",") if text]
        if not listed or not all(text.isdigit() for text in listed):
            raise RigError(f"extensions are {extensions!r}, allowed is a list such as 301,302")
        sounds = {
            text: measure.sine(_FIRST_TONE_HZ + at * _TONES_APART_HZ, -10.0, EXTENSION_TONE_S).astype(np.int16)
            for at, text in enumerate(listed[:10])
        }
        return self._settle(port, PbxTrunk(self._board.phone(port), sounds, digits, rings))

    async def phone_seize(self, port: str, digits: str) -> Answer:
        """A user of the PBX on that line calls: it seizes the line, waits for dial tone, and dials."""
        machine = self._machines[port][0] if port in self._machines else None
        if not isinstance(machine, PbxTrunk):
            raise RigError(f"there is no PBX on {port}, put one there first (pbx)")
        machine.seize(str(digits))
        return {}

    async def phone_alone(self, port: str) -> Answer:
        """Take the machine off the line; its handset goes back."""
        phone = self._board.phone(port)
        if port in self._machines:
            self._machines.pop(port)[1].cancel()
            phone.hang_up()
        return {}

    async def phone_install(
        self, port: str, ringer: str = "bell", cable_km: float = 0.1, bounce_ms: float = 0.0
    ) -> Answer:
        """Change bell, cable (0.4 mm copper) and hook contact of the telephone; answers with the whole wire."""
        phone = self._board.phone(port)
        install(phone, ringer=ringer, cable_km=cable_km, bounce_ms=bounce_ms)
        return phone.wire()

    def _settle(self, port: str, machine: Character) -> Answer:
        if port in self._machines:
            self._machines.pop(port)[1].cancel()
        task = asyncio.get_running_loop().create_task(_attend(machine), name=f"machine-{port}")
        self._machines[port] = (machine, task)
        return {"port": port, "machine": type(machine).__name__}


async def _attend(machine: Character) -> None:
    while True:
        machine.attend()
        await asyncio.sleep(ATTENDS_EVERY_S)


def _rings(rings: object) -> None:
    if not isinstance(rings, int) or not 1 <= rings <= 20:
        raise RigError(f"rings is {rings!r}, allowed 1 to 20")
