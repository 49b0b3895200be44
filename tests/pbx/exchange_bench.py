"""An exchange with legs, a media engine and records that only take notes."""

from __future__ import annotations

import asyncio
from typing import Any

from firmware.pbx.exchange import Exchange
from firmware.pbx.records import CallEnd
from firmware.pbx.routes import Extension, Routes
from firmware.pbx.services.dial_in import DialInPlan
from firmware.pbx.services.direct_in import DirectInPlan
from firmware.telephony.cadence import Tone
from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, Leg, LegListener, LegStats, Party


class ScriptedLeg(Leg):
    """Does nothing by itself; a test tells the exchange for it."""

    def __init__(self, name: str, listener: LegListener, endpoint: int, stats: LegStats | None = None) -> None:
        super().__init__(name, Party(name.partition("/")[0].removeprefix("sip:")), listener)
        self.endpoint = endpoint
        self.commands: list[Any] = []
        self.request: CallRequest | None = None
        self.over = False
        self.digits: list[tuple[str, int]] = []
        self._stats = stats or LegStats()

    def proceed(self) -> None:
        self.commands.append("proceed")

    def show_ringing(self) -> None:
        self.commands.append("ringing")

    def show_progress(self) -> None:
        self.commands.append("progress")

    def accept(self) -> None:
        self.commands.append("accept")

    def place(self, request: CallRequest) -> None:
        self.request = request
        self.commands.append("place")

    def release(self, cause: Cause, *, elsewhere: bool = False) -> None:
        if not self.over:
            self.commands.append(("release", cause, elsewhere))
            self.gone(cause)

    def gone(self, cause: Cause = Cause.NORMAL_CLEARING) -> None:
        """The leg ends, by a command or by itself; told from the loop."""
        self.over = True
        asyncio.get_running_loop().call_soon(self.listener.leg_released, self, cause)

    def keep_delay(self, delay_ms: int) -> None:
        self.commands.append(("keep_delay", delay_ms))

    def send_digit(self, digit: str, duration_ms: int = 100) -> None:
        self.digits.append((digit, duration_ms))

    def show_caller(self, party: Party) -> None:
        self.commands.append(("caller", party.number))

    def send_flash(self) -> None:
        self.commands.append("flash")

    def stats(self) -> LegStats:
        return self._stats


class NotedMixer:
    """A conference; its id is told apart from endpoints by its size."""

    def __init__(self, media: NotedMedia, mixer_id: int) -> None:
        self.id = mixer_id
        self._media = media

    def close(self) -> None:
        self._media.mixers -= 1
        self._media.part(self.id)


class NotedMedia:
    """Joins as pairs of endpoints; heard: (hearer, heard) of one-way listening; tones by endpoint."""

    def __init__(self) -> None:
        self.joined: list[tuple[int, int]] = []
        self.heard: list[tuple[int, int]] = []
        self.tones: dict[int, str] = {}
        self.mixers = 0
        self._last_mixer = 1000

    def play_tone(self, endpoint_id: int, tone: Tone) -> None:
        self.tones[endpoint_id] = tone.name

    def stop_tone(self, endpoint_id: int) -> None:
        self.tones.pop(endpoint_id, None)

    def open_mixer(self) -> NotedMixer:
        self._last_mixer += 1
        self.mixers += 1
        return NotedMixer(self, self._last_mixer)

    def join(self, a_id: int, b_id: int) -> None:
        for end in (a_id, b_id):
            if end < 1000:  # a mixer keeps its other parties
                self.joined = [pair for pair in self.joined if end not in pair]
        self.joined.append((a_id, b_id))

    def listen(self, hearer_id: int, heard_id: int) -> None:
        self.heard.append((hearer_id, heard_id))

    def part(self, endpoint_id: int) -> None:
        self.joined = [pair for pair in self.joined if endpoint_id not in pair]


class NotedRecords:
    """Call records in lists."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str, str, str]] = []
        self.answered: list[str] = []
        self.named: list[tuple[str, str]] = []
        self.ended: list[tuple[str, CallEnd]] = []

    def new_id(self) -> str:
        return str(len(self.begun) + 17)

    def begin(self, call_id: str, caller: str, called: str, leg: str) -> None:
        self.begun.append((call_id, caller, called, leg))

    def name_caller(self, call_id: str, caller: str) -> None:
        self.named.append((call_id, caller))

    def answer(self, call_id: str) -> None:
        self.answered.append(call_id)

    def end(self, call_id: str, end: CallEnd) -> None:
        self.ended.append((call_id, end))


class ExchangeBench:
    """Line 102, SIP users 201 (a leg) and 203 (not registered); more by `extend`."""

    def __init__(self, direct_in: DirectInPlan | None = None, dial_in: DialInPlan | None = None) -> None:
        self.media = NotedMedia()
        self.records = NotedRecords()
        self.routes = Routes()
        self.exchange = Exchange(self.routes, self.media, self.records, direct_in=direct_in, dial_in=dial_in)
        self.made: list[ScriptedLeg] = []
        self._endpoints = 0
        self.extend("102", lambda: self.leg("fxs2/1"), is_line=True)
        self.extend("201", lambda: self.leg("sip:201/1"))
        self.extend("203", lambda: Cause.SUBSCRIBER_ABSENT)

    def extend(self, number: str, make: Any, *, is_line: bool = False) -> None:
        self.routes.add(Extension(number, f"User {number}", make, is_line))

    def leg(self, name: str, stats: LegStats | None = None) -> ScriptedLeg:
        self._endpoints += 1
        made = ScriptedLeg(name, self.exchange, self._endpoints, stats)
        self.made.append(made)
        return made

    def call(self, number: str, caller: ScriptedLeg | None = None) -> tuple[ScriptedLeg, ScriptedLeg]:
        """fxs1 calls `number`; the caller's leg and the last one made."""
        leg = caller or self.leg("fxs1/1")
        leg.called = Party(number)
        self.exchange.leg_arrived(leg)
        return leg, self.made[-1]

    def leaves_nothing(self) -> bool:
        media = self.media
        return not any(self.exchange.debug().values()) and not (media.joined or media.tones or media.mixers)


async def settle() -> None:
    for _ in range(4):
        await asyncio.sleep(0)
