"""A house with four telephones on stepped copper, and what the people at them do and hear.

Chips, drivers, engine, lines and exchange are the true ones. Every person hums a note of his own; an ear is asked
which notes are in it, with numpy. Used by `test_flash_on_copper.py` and `test_flash_at_random.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from drivers.sim import measure
from firmware.pbx.records import CallEnd
from tests.fake_time import run
from tests.stepped_house import SteppedHouse

NUMBERS = {f"fxs{n}": f"10{n}" for n in range(1, 5)}
NOTES_HZ = {"fxs1": 540.0, "fxs2": 820.0, "fxs3": 1010.0, "fxs4": 1130.0}
HEARD_DBM0 = -20.0
"""Notes are sent at -13 dBm0; what comes back of one's own lies far below."""
A, B, C, D = NUMBERS
Heard = dict[str, set[str]]


class Town:
    """A house with four telephones of one country. settings: of a line, by port."""

    def __init__(self, folder: Path, country: str, **settings: dict[str, object]) -> None:
        board = str(Path(__file__).with_name("four_telephones.toml"))
        self.house = SteppedHouse(NUMBERS, folder, country, board=board, settings=settings)
        self.phones = self.house.sim.copper
        self.flash_ms = 100.0 if country == "es" else 500.0

    # -- what people do ------------------------------------------------------------------
    async def lift(self, port: str) -> None:
        self.phones[port].lift()
        await self.house.until(f"{port} notices", lambda: self.state(port) not in ("idle", "ringing"), 400)

    async def hang_up(self, *ports: str) -> None:
        for port in ports:
            self.phones[port].hang_up()
        await self.house.pass_ms(300 if self.flash_ms < 200 else 1400)

    async def flash(self, port: str, digit: str = "") -> None:
        before = self.state(port), self.other(port), self.house.lines[port].leg
        self.phones[port].flash(self.flash_ms)
        await self.house.until(
            "R counts", lambda: (self.state(port), self.other(port), self.house.lines[port].leg) != before, 1500
        )
        if digit:
            await self.house.until("recall tone", lambda: self.state(port) == "ordering", 100)
            await self.house.pass_ms(100)
            self.phones[port].dial(digit)
            await self.house.until("the digit counts", lambda: self.state(port) != "ordering", 600)

    async def dial(self, port: str, other: str) -> None:
        await self.house.pass_ms(150)
        self.phones[port].dial(NUMBERS[other])
        await self.house.until(f"{port} calls", lambda: self.state(port) not in ("dialling", "collecting"), 1500)

    async def answer(self, port: str) -> None:
        await self.house.until(f"{port} rings", lambda: self.phones[port].line().ringing, 3500)
        await self.lift(port)
        await self.house.until(f"{port} talks", lambda: self.state(port) == "talking", 300)

    async def call(self, port: str, other: str) -> None:
        await self.lift(port)
        await self.house.pass_ms(100)
        await self.dial(port, other)
        await self.answer(other)

    async def consult(self, port: str, other: str, *, answer: bool = True) -> None:
        await self.flash(port)
        await self.dial(port, other)
        if answer:
            await self.answer(other)

    # -- what is seen and heard ------------------------------------------------------------
    def state(self, port: str) -> str:
        return self.house.state(port)

    def other(self, port: str) -> str:
        return str(self.house.lines[port].status()["other"])

    async def heard(self) -> Heard:
        """Everybody hums for half a second: whose notes are in whose ear."""
        for port, phone in self.phones.items():
            phone.say(measure.sine(NOTES_HZ[port], -13.0, 0.5))
        await self.house.pass_ms(450)
        ears = {port: phone.heard_last(0.25) for port, phone in self.phones.items()}
        await self.house.pass_ms(150)
        return {port: self._notes_in(ear, but=port) for port, ear in ears.items()}

    @staticmethod
    def _notes_in(ear: Any, but: str) -> set[str]:
        samples = np.asarray(ear, dtype=np.float64) / 32768
        window = np.hanning(len(samples))
        notes = set()
        for port, hz in NOTES_HZ.items():
            phasor = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / 8000)
            peak = 2 * abs(np.sum(samples * window * phasor)) / np.sum(window)
            if port != but and 20 * np.log10(max(peak, 1e-9)) + 3.14 > HEARD_DBM0:
                notes.add(port)
        return notes

    async def talk(self, *groups: str) -> None:
        """Those of each group hear each other, and nobody else hears anything of anybody."""
        expected: Heard = {port: set() for port in NUMBERS}
        for group in groups:
            members = [f"fxs{n}" for n in group]
            for port in members:
                expected[port] = set(members) - {port}
        assert await self.heard() == expected

    async def hears(self, port: str, hz: list[int], within_ms: int = 6000) -> None:
        """Within that time these sines, and only these, fill a tenth of a second."""

        def now() -> bool:
            return [round(t.hz, -1) for t in measure.tones(self.phones[port].heard_last(0.1))] == hz

        await self.house.until(f"{port} hears {hz}", now, within_ms)

    def ends(self) -> dict[str, CallEnd]:
        return dict(self.house.records.ended)

    async def all_idle(self) -> None:
        """Everybody hangs up; nothing is left."""
        lifted = [port for port, phone in self.phones.items() if phone.lifted]
        await self.hang_up(*lifted)
        for port in NUMBERS:
            if self.state(port) == "ringing":  # somebody was held: take it and let it go
                await self.lift(port)
                await self.hang_up(port)
        await self.house.until("all idle", lambda: all(self.state(p) == "idle" for p in NUMBERS), 2000)
        assert not any(self.house.exchange.debug().values())
        assert self.house.engine_counts["mixers"] == 0
        assert all(line.leg is None and line.other.leg is None for line in self.house.lines.values())
        await self.talk()


@contextlib.contextmanager
def town_of(folder: Path, country: str, **settings: dict[str, object]) -> Iterator[Town]:
    """One that is closed in the end, and whose board saw no breach of its data sheets. settings: see `Town`."""
    town = Town(folder, country, **settings)
    yield town
    assert town.house.sim.violations() == []
    town.house.close()


def live(town: Town, day: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Let the day happen; in the evening nothing may be left."""

    async def whole() -> None:
        await day()
        await town.all_idle()

    run(whole())
