"""Four telephones whose people do anything at any moment: whatever they do, nothing is left behind.

They lift and hang up, dial, press R and the digits after it, take or leave the second call; ports break.
Lines and exchange are true, ports and slots take notes; seeds make each run the same every time.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from drivers.ports import HookFlash, OffHook, OnHook, PortFailed, PortRecovered
from firmware.lines.fxs_line import FxsLine
from firmware.lines.line_options import LineTimers
from firmware.pbx.exchange import Exchange
from firmware.pbx.routes import Extension, Routes
from firmware.telephony.cadence import Tone
from firmware.telephony.cause import Cause
from firmware.telephony.countries import load_country
from firmware.telephony.leg import Leg, Party
from tests.fake_time import run
from tests.lines.line_bench import ScriptedPort, ScriptedSlot, settle
from tests.pbx.exchange_bench import NotedMedia, NotedRecords

NUMBERS = ("101", "102", "103", "10")
ACTIONS = 1500


class CountingExchange(Exchange):
    """Counts how often each leg was released."""

    def __init__(self, routes: Routes, media: NotedMedia, records: NotedRecords) -> None:
        super().__init__(routes, media, records)
        self.released: Counter[str] = Counter()

    def leg_released(self, leg: Leg, cause: Cause) -> None:
        self.released[leg.leg_id] += 1
        super().leg_released(leg, cause)


class Ear(ScriptedSlot):
    """A slot with one tone at a time, whoever plays it: the line or the exchange."""

    def __init__(self, endpoint: int, media: NotedMedia) -> None:
        super().__init__(endpoint)
        self._media = media

    def play_tone(self, tone: Tone) -> None:
        self._media.play_tone(self.id, tone)

    def stop_tone(self) -> None:
        self._media.stop_tone(self.id)


class Person:
    """Somebody at a telephone; knows only whether the handset is lifted."""

    def __init__(self, line: FxsLine, port: ScriptedPort, chance: random.Random) -> None:
        self.line = line
        self.port = port
        self.chance = chance
        self.lifted = False

    def do_something(self) -> None:
        state = self.line.status()["state"]
        if not self.port.in_service and self.chance.random() < 0.5:
            self.break_or_mend()
        elif state in ("ringing", "idle") and self.chance.random() < 0.5:
            self.move_hook()
        elif state == "dialling" and self.chance.random() < 0.8:
            self.press()
        elif state == "ordering" and self.chance.random() < 0.8:
            self.line.digit(self.chance.choice("01234"))
        else:
            deeds = [self.move_hook, self.press, self.flash, self.break_or_mend]
            often = [2, 3, 6, 0.1] if state == "talking" else [12, 12, 4, 1]
            self.chance.choices(deeds, often)[0]()

    def move_hook(self) -> None:
        self.lifted = not self.lifted
        if self.port.in_service:
            self.line.port_event(OffHook(self.port.name, 0.0) if self.lifted else OnHook(self.port.name, 0.0))

    def press(self) -> None:
        if self.lifted and self.port.in_service:
            for digit in self.chance.choice((*NUMBERS, "#", "9", "1")):
                self.line.digit(digit)

    def flash(self) -> None:
        if self.lifted and self.port.in_service:
            self.line.port_event(HookFlash(self.port.name, 0.0, 100.0))

    def break_or_mend(self) -> None:
        name = self.port.name
        if self.port.in_service:
            self.port.in_service = False
            self.port.refuses = True
            self.port.commands.append(("open and silent",))
            if self.chance.random() < 0.8:
                self.line.port_event(PortFailed(name, 0.0, "broken by the test"))
            return
        self.port.in_service, self.port.refuses = True, False
        self.line.port_event(PortFailed(name, 0.0, "told late"))
        events = [PortRecovered(name, 0.0)] + ([OffHook(name, 0.0)] if self.lifted else [])
        self.chance.shuffle(events)
        for event in events:
            self.line.port_event(event)

    def go_home(self) -> None:
        if not self.port.in_service:
            self.break_or_mend()
        if self.lifted:
            self.move_hook()


@pytest.mark.parametrize("round_", range(3))
def test_nothing_is_left_behind(round_: int) -> None:
    tried: set[str] = set()
    for seed in range(20):
        run(_a_day(random.Random(20 * round_ + seed), tried))
    others = {"waiting", "held", "three-way"}
    services = {"beside", "held_ms", "transfer_of", "by", "became", "three_way_with", "three_way_ms"}
    assert tried - {""} == others | services


async def _a_day(chance: random.Random, tried: set[str]) -> None:
    routes, media, records = Routes(), NotedMedia(), NotedRecords()
    exchange = CountingExchange(routes, media, records)
    people = []
    country = load_country(chance.choice(("es", "us")))  # R with a digit after it, and R alone
    for at, number in enumerate(NUMBERS, start=1):
        port, slot = ScriptedPort(f"fxs{at}"), Ear(at, media)
        line = FxsLine(port, slot, Party(number), country, exchange, routes, LineTimers())
        routes.add(Extension(number, port.name, line.make_leg, is_line=True))
        people.append(Person(line, port, chance))
    talked = False
    for _ in range(ACTIONS):
        chance.choice(people).do_something()
        await asyncio.sleep(chance.choice((0, 0, 0, 0, 0.1, 0.1, 1.0, 3.0, 5.0, 20.0, 70.0)))
        talked = talked or bool(media.joined)
        tried |= {person.line.status()["other"] for person in people}
    for person in people:
        person.go_home()
    await settle()
    await asyncio.sleep(60)  # recalls and transferred calls ring out
    assert talked, "this seed tried nothing"
    assert not any(exchange.debug().values()) and not media.joined and not media.mixers and not media.tones
    tried |= {key for _, end in records.ended for key in end.services}
    assert len(records.ended) == len(records.begun) > 10
    assert set(exchange.released.values()) == {1}
    for person in people:
        assert person.line.status()["state"] == "idle" and person.line.leg is None
        assert not person.port.commands or person.port.commands[-1][0] != "ring"
    await asyncio.sleep(300)
    assert all(person.line.status()["state"] == "idle" for person in people)
