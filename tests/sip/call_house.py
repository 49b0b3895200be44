"""The house and the phones of one random call, on fake time: the true agent and the true exchange.

Engine and records only take notes; the engine's media time-out is played, since no audio flows. Who makes the
scripts: `call_model.py`.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from firmware.media.events import MediaTimeout
from firmware.pbx.exchange import Exchange
from firmware.pbx.routes import Extension, Routes
from firmware.sip.agent import SipAgent
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Leg
from tests.pbx.exchange_bench import NotedRecords
from tests.sip.fake_engine import FakeEngine, FakeStream
from tests.sip.model_network import BadNetwork, Link
from tests.sip.model_phone import ModelPhone
from tests.sip.model_script import Script
from tests.sip.pairs import Address, PresetStore, agent_on

CALLER_IP = "10.0.1.1"
RTP_TIMEOUT_S = 60.0
TWIN_IP = "10.0.0.29"
SESSION_S = 120
LONGEST_S = 1500.0
LINGER_S = 140.0
"""Longer than any timer of the house."""


class JoiningEngine(FakeEngine):
    """A note-taking engine that joins. all: every stream that ever was, by id."""

    def __init__(self) -> None:
        super().__init__()
        self.joined: set[int] = set()
        self.all: dict[int, FakeStream] = {}

    def open_stream(self, local_ip: str) -> FakeStream:
        stream = super().open_stream(local_ip)
        self.all[stream.id] = stream
        return stream

    def join(self, a_id: int, b_id: int) -> None:
        self.joined |= {a_id, b_id}

    def part(self, endpoint_id: int) -> None:
        self.joined.clear()


class CountingExchange(Exchange):
    """Counts how often each leg was released. agent: set by `agent_on`."""

    agent: SipAgent

    def __init__(self, routes: Routes, media: JoiningEngine, records: NotedRecords) -> None:
        super().__init__(routes, media, records)
        self.released: Counter[str] = Counter()

    def leg_released(self, leg: Leg, cause: Cause) -> None:
        self.released[leg.leg_id] += 1
        super().leg_released(leg, cause)


class PlayedCall:
    """stops: (time, phone's address) of each media time-out told. errors: what the event loop had to report."""

    def __init__(self, dice: random.Random) -> None:
        self.network = BadNetwork(dice)
        self.engine, self.records, self.routes = JoiningEngine(), NotedRecords(), Routes()
        self.exchange = CountingExchange(self.routes, self.engine, self.records)
        self.stops: list[tuple[float, Address]] = []
        self.errors: list[str] = []
        self.begin_s = asyncio.get_running_loop().time()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.errors.append(str(context)))
        self.agent: SipAgent
        self.caller: ModelPhone
        self.callees: list[ModelPhone]

    async def start(self, caller: Script, callees: list[Script], twin: Script | None, links: list[Link]) -> None:
        """links: of the caller, then of the callees, then of the twin: a second phone behind the first's contact."""
        places = [("202", f"10.0.0.2{n}") for n in range(len(callees))]
        ips = (CALLER_IP, *(ip for _, ip in places), TWIN_IP)
        self.network.links = dict(zip(ips, links, strict=True))
        store = PresetStore(*places)
        self.agent = await agent_on(
            self.network, self.exchange, store=store, engine=self.engine, session_expires_s=SESSION_S
        )
        self.routes.add(Extension("202", "Luis", self._make_leg, is_line=False))
        self.caller = ModelPhone(self.network, CALLER_IP, "caller", caller)
        self.callees = [
            ModelPhone(self.network, ip, user, script) for (user, ip), script in zip(places, callees, strict=True)
        ]
        if twin is not None:
            front, behind = self.callees[0], ModelPhone(self.network, TWIN_IP, "202", twin)
            front.twin, behind.twin, behind.stands_behind = behind, front, front
            self.callees.append(behind)

    def _make_leg(self) -> Leg | Cause:
        return self.agent.call_user("202") or Cause.SUBSCRIBER_ABSENT

    @property
    def phones(self) -> dict[Address, ModelPhone]:
        return {phone.address: phone for phone in (self.caller, *self.callees)}

    @property
    def twins(self) -> dict[Address, Address]:
        """Who stands behind another's contact."""
        return {p.address: p.stands_behind.address for p in self.callees if p.stands_behind is not None}

    async def play(self) -> None:
        """Call, and let time pass until nothing moves any more and every timer has run out."""
        self.caller.call("202")
        while asyncio.get_running_loop().time() < self.begin_s + LONGEST_S:
            await asyncio.sleep(10)
            self._watch_media()
            if not any(phone.moves for phone in self.phones.values()) and not any(self.exchange.debug().values()):
                break
        await asyncio.sleep(LINGER_S)

    def _watch_media(self) -> None:
        """What the engine does: a stream that should receive and whose phone sends nothing times out."""
        now_s = asyncio.get_running_loop().time()
        for stream in list(self.engine.open.values()):
            phone = self.phones.get((stream.remote[0], 5060)) if stream.remote else None
            receives = stream.direction is not None and stream.direction[1]
            if phone is not None and receives and now_s - phone.spoke_s > RTP_TIMEOUT_S:
                self.stops.append((now_s, phone.address))
                self.agent.media_event(MediaTimeout(stream.id))
