"""Four telephones on stepped copper: somebody goes in every moment of a service, and all of it at random.

Whatever happens, nothing is left in lines, exchange and engine, and all ears are quiet in the end. The same without
copper, and far more often: `test_random_calls.py`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flash_town import NUMBERS, A, B, C, Town, live, town_of


@pytest.fixture
def town(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Town]:
    """Of the country that the test names, Spain without one."""
    with town_of(tmp_path, getattr(request, "param", "es")) as town:
        yield town


@pytest.mark.parametrize("moment", ["consulting", "dialling", "ringing", "ordering", "three", "waited", "recall"])
@pytest.mark.parametrize("who", ["1", "2", "3", "12", "123"])
def test_whoever_goes_in_whatever_moment_nothing_is_left(town: Town, moment: str, who: str) -> None:
    async def day() -> None:
        await town.call(A, B)
        if moment == "waited":
            await town.lift(C)
            await town.dial(C, A)
        elif moment in ("dialling", "recall"):
            await town.flash(A)
            if moment == "recall":
                await town.hang_up(A)
        else:
            await town.consult(A, C, answer=moment != "ringing")
            if moment == "three":
                await town.flash(A, "3")
            elif moment == "ordering":
                await town.flash(A)
        for n in who:
            if town.phones[f"fxs{n}"].lifted:
                town.phones[f"fxs{n}"].hang_up()
        await town.house.pass_ms(600)

    live(town, day)


class Crowd:
    """Four people who lift, dial, press R and digits, answer or not, and hang up, in any order."""

    def __init__(self, town: Town, chance: random.Random) -> None:
        self.town = town
        self.chance = chance
        self.seen: set[str] = set()

    async def act(self) -> None:
        """One of them does something; then up to half a second passes, more rarely ten."""
        busy = [port for port in NUMBERS if self.town.state(port) in ("ordering", "dialling", "ringing")]
        port = self.chance.choice(busy if busy and self.chance.random() < 0.6 else list(NUMBERS))
        state, phone = self.town.state(port), self.town.phones[port]
        likely = self.chance.random()
        if not phone.lifted and not phone.edges_waiting:
            if likely < (0.9 if state == "ringing" else 0.3):
                phone.lift()
        elif state == "dialling" and not phone.unsaid_ms and likely < 0.9:
            phone.dial(self.chance.choice([*NUMBERS.values()] * 3 + ["*26#", "#26#", "*66", "*69"]))
        elif state == "ordering" and not phone.unsaid_ms:
            phone.dial(self.chance.choice("0123347"))
        elif likely < {"talking": 0.1, "calling": 0.05, "ringback": 0.05}.get(state, 0.5):
            phone.hang_up()
        elif likely < {"talking": 0.7}.get(state, 0.15) and not phone.edges_waiting:
            phone.flash(self.town.flash_ms)
        await self.town.house.pass_ms(self.chance.choice((5, 50, 200, 500, 500, 1000, 1000, 3000)))
        self.seen |= {self.town.other(each) for each in NUMBERS} | {self.town.state(each) for each in NUMBERS}

    async def go_home(self) -> None:
        """Everybody hangs up as often as needed."""
        for _ in range(5):
            for phone in self.town.phones.values():
                phone.hang_up()
            await self.town.house.pass_ms(2000)
        for port in NUMBERS:
            await self.town.house.until(f"{port} idle", lambda port=port: self.town.state(port) == "idle", 70_000)  # type: ignore[misc]


@pytest.mark.parametrize(("town", "seed"), [("es", 1), ("es", 2), ("us", 3), ("us", 4)], indirect=["town"])
def test_whatever_four_people_do_nothing_is_left_and_the_ears_are_quiet(town: Town, seed: int) -> None:
    crowd = Crowd(town, random.Random(seed))

    async def day() -> None:
        for _ in range(250):
            await crowd.act()
        await crowd.go_home()

    live(town, day)
    assert crowd.seen >= {"held", "waiting", "three-way", "talking", "ringback", "ringing"}, crowd.seen
    assert len(town.house.records.begun) == len(town.house.records.ended) > 5
