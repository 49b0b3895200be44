"""Plays meetings on an exchange line (`glare_patterns.py`) and judges by the copper that nobody is lost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from drivers.sim import measure
from drivers.sim.exchange_data import IncomingCall
from drivers.sim.exchange_line import ExchangeLine, Stage
from drivers.sim.office_wires import WireFeed
from drivers.sim.rig_protocol import RigError
from firmware.lines.fxo_wires import HELD_S
from tests.fake_time import stall
from tests.glare_patterns import Arrival, Meeting
from tests.stepped_house import STEP_MS
from tests.stepped_trunks import TrunkHouse

SETTLED_MS = 9000
"""From the seizure: dial tone is waited for during 4 s, then 102 answers."""
LONG_SETTLED_MS = {"two-lines": 12_000, "caller-id": 16_000}
"""The next line is waited for as well, or who calls."""
NO_ANSWER_MS = 60_000
"""A caller who has gone while 102 was rung for him, and whose tone our own ringback hid, is noticed then."""
LISTEN_S = 5.0
"""Longer than the pause in any tone."""
HEARD_DBM0 = -45.0
FREED_MS = {"loop-break": 1000, "polarity": 1000, "busy-tone": 2500, "congestion-tone": 9000}
_HELLOS = {
    name: np.concatenate([np.random.default_rng(seed).normal(0, 2500, 3200), np.zeros(4800)]).astype(np.int16)
    for seed, name in enumerate(("fxo1", "fxo2"))
}
WHO_CALLS = IncomingCall("600123456", "José")


class GlareDay:
    """seized_after_ms: from the first of 101's keys to the closed loop; `learn` finds it."""

    def __init__(self, house: TrunkHouse) -> None:
        self.house = house
        self.seized_after_ms = 0
        self.here: set[str] = set()
        """Lines that have a caller from outside who has not gone."""
        self._rung_ms = 0
        self._meeting: Meeting | None = None

    async def learn(self) -> None:
        """An ordinary call out, which tells how long dialling takes."""
        self.house.sim.copper["fxs1"].lift()
        await self.house.pass_ms(400)
        self.house.sim.copper["fxs1"].dial("05#")
        wires = self.house.office.wires
        self.seized_after_ms = await self.house.until("seized", lambda: wires.now().off_hook, 3000)
        self.house.sim.copper["fxs1"].hang_up()
        await self.rest()

    async def play(self, meeting: Meeting) -> None:
        """All of it, until everybody has hung up and the lines rest."""
        self._meeting, self.here, self._rung_ms = meeting, set(), 0
        for name in self.house.trunks:
            self.house.sim.offices[name].digits = ""
        await self._pass_through(sorted(self._events(meeting), key=lambda event: event[0]))
        self.judge()
        await self.part(meeting)
        await self.rest()
        if not meeting.caller_first:  # the exchange might hold a caller whom we have left
            stall(HELD_S + 1)

    # -- what happens --------------------------------------------------------------------
    def _events(self, meeting: Meeting) -> list[tuple[int, Callable[[], object]]]:
        one, two = self.house.sim.copper["fxs1"], self.house.sim.copper["fxs2"]
        dials_ms = -self.seized_after_ms
        events: list[tuple[int, Callable[[], object]]] = [
            (dials_ms - 400, one.lift),
            (dials_ms, lambda: one.dial("05#")),
        ]
        if meeting.other_dials_ms is not None:
            at_ms = dials_ms + meeting.other_dials_ms
            events += [(at_ms - 400, two.lift), (at_ms, lambda: two.dial("06#"))]
        if meeting.lifts_ms is not None:
            events.append((meeting.lifts_ms, two.lift))
        for name, arrival in meeting.arrivals.items():
            events += self._caller(name, arrival)
        return events

    def _caller(self, name: str, arrival: Arrival) -> list[tuple[int, Callable[[], object]]]:
        office = self.house.sim.offices[name]
        events: list[tuple[int, Callable[[], object]]] = [(arrival.at_ms, lambda: self._arrive(office, arrival))]
        if arrival.turned_ms is not None:
            events.append((arrival.turned_ms, lambda: office.wires.put(WireFeed.REVERSED)))
        if arrival.gives_up_ms is not None:
            events.append((arrival.gives_up_ms, lambda: self._give_up(office)))
        return events

    def _arrive(self, office: ExchangeLine, arrival: Arrival) -> None:
        assert self._meeting is not None
        office.live_by("es", first_ring_ms=arrival.first_ring_ms, dial=office.habits.dial)
        office.manner = self._meeting.manner
        try:
            office.ring(WHO_CALLS if self._meeting.kind == "caller-id" else None)
        except RigError:
            return  # the exchange had given us the line already; its caller hears busy
        self.here.add(office.name)

    def _give_up(self, office: ExchangeLine) -> None:
        assert self._meeting is not None
        self.here.discard(office.name)
        if office.stage is Stage.RINGING:
            office.stop()
        elif office.stage is Stage.TALKING:
            office.hang_up(self._meeting.manner_of_end)

    async def _pass_through(self, events: list[tuple[int, Callable[[], object]]]) -> None:
        assert self._meeting is not None
        until_ms = LONG_SETTLED_MS.get(self._meeting.kind, SETTLED_MS)
        for now_ms in range(events[0][0], until_ms, STEP_MS):
            while events and events[0][0] <= now_ms:
                events.pop(0)[1]()
            self._live()
            await self.house.pass_ms(STEP_MS)

    def _live(self) -> None:
        """The people: 102 answers its bell, callers who are put through say hello again and again."""
        assert self._meeting is not None
        self._rung_ms = self._rung_ms + STEP_MS if self.house.state("fxs2") == "ringing" else 0
        if self._rung_ms > self._meeting.answers_after_ms:
            self.house.sim.copper["fxs2"].lift()
        for name in self.here:
            office = self.house.sim.offices[name]
            if office.stage is Stage.TALKING and not office.wires.voice.unsaid_ms:
                office.say(_HELLOS[name])

    # -- the judge -----------------------------------------------------------------------
    def judge(self) -> None:
        """Each of them is answered, or hears a tone."""
        for port, phone in self.house.sim.copper.items():
            if phone.lifted and not (port == "fxs2" and self._rung_for_nobody):
                level = measure.level_dbm0(phone.heard_last(LISTEN_S))
                assert level > HEARD_DBM0, f"{port} hears nothing: {self._standing()}"
        for name in self.here:
            stage = self.house.sim.offices[name].stage
            assert stage is Stage.TALKING or self._may_wait(stage), f"the caller at {name} is lost: {self._standing()}"
            if stage is Stage.TALKING:
                told = measure.level_dbm0(self.house.sim.offices[name].wires.voice.heard_last(LISTEN_S)) > HEARD_DBM0
                assert told or self._heard(name), f"nobody hears the caller at {name}: {self._standing()}"

    @property
    def _rung_for_nobody(self) -> bool:
        """A turn of the wires soon after the seizure may be how the exchange announces a caller: 102 hears silence."""
        assert self._meeting is not None
        return self._meeting.kind == "gives-up" and self._meeting.manner_of_end == "polarity"

    def _may_wait(self, stage: Stage) -> bool:
        """A caller whom 102 cannot take, since it talks, hears ringing, or the exchange's tone when we have cleared."""
        return self.house.sim.copper["fxs2"].lifted and stage in {Stage.RINGING, Stage.IDLE}

    def _heard(self, name: str) -> bool:
        """Somebody whose telephone is joined to this line hears what its caller says."""
        said = _HELLOS[name][:1600].astype(float)
        for phone in self.house.sim.copper.values():
            heard = phone.heard_last(2.5).astype(float)
            fits = np.abs(np.correlate(heard, said, "valid")).max() / float(said @ said)
            if phone.lifted and fits > 0.5:
                return True
        return False

    def _standing(self) -> str:
        house = self.house
        lines = {port: house.state(port) for port in [*house.lines, *house.trunks]}
        return f"{lines} {[(name, office.stage.value) for name, office in house.sim.offices.items()]} {self._meeting}"

    async def part(self, meeting: Meeting) -> None:
        """All hang up; a line whose caller goes first is freed in time."""
        for name in sorted(self.here):
            office, wires = self.house.sim.offices[name], self.house.sim.offices[name].wires
            if office.stage is Stage.TALKING and meeting.caller_first:
                office.hang_up(meeting.manner_of_end)
                waits = self.house.state(name) == "glared"  # our ringback may hide the tone by which the caller goes
                most_ms = NO_ANSWER_MS if waits else FREED_MS[meeting.manner_of_end]
                await self.house.until(f"{self._standing()} freed", lambda w=wires: not w.now().off_hook, most_ms)
            elif office.stage is Stage.RINGING:
                office.stop()
        for phone in self.house.sim.copper.values():
            phone.hang_up()
        await self.house.pass_ms(1000)
        for name in sorted(self.here):
            if self.house.sim.offices[name].stage is Stage.TALKING:  # its call waited for 102
                self.house.sim.offices[name].hang_up(meeting.manner_of_end)

    async def rest(self) -> None:
        """Until every line can be seized and rung again."""
        house = self.house
        ports = [*house.lines, *house.trunks]

        def rests() -> bool:
            idle = all(house.state(port) == "idle" for port in ports)
            quiet = all(office.stage is Stage.IDLE for office in house.sim.offices.values())
            return idle and quiet and house.exchange.debug()["calls"] == 0

        await house.until(f"all rest {self._standing()}", rests, NO_ANSWER_MS + 5000)
