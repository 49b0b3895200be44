"""The nine conversions of digits between two SIP streams: tones, RFC 4733 events and SIP INFO, each into each.

Stepped and seeded; what comes out is decoded by `digit_judge.py`. INFO is its true text, written
and read by the SIP room; who sends it on inside a call is proved in `tests/sip/test_info_out.py`.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from firmware.media.endpoints import DigitWay
from firmware.media.engine import Engine
from firmware.media.events import DigitDue
from tests.firmware_media.card import Far
from tests.firmware_media.digit_judge import (
    Digits,
    Packet,
    Press,
    events,
    heard_by_spandsp,
    heard_in_events,
    heard_in_sound,
    lasts_ms,
    on_time_line,
    script,
    sound,
)
from tests.firmware_media.judge import decode, encode

COUNT = 1000 if os.environ.get("TIPRING_SOAK") else 100
EVENT_PT = 101
EVENT_OUT_PT = 96
WAYS: dict[str, tuple[int | None, DigitWay]] = {
    "tones": (None, "agreed"),
    "events": (EVENT_OUT_PT, "agreed"),
    "info": (None, "told"),
}


class Exchange:
    """A caller who dials in the one form, and a called one who gets it in the other."""

    def __init__(self, dials: str, gets: str, seed: int, loss: float) -> None:
        self.engine = Engine(rtp_ports=range(20000, 20010), stepped=True, seed=seed)
        self.dials, self.loss = dials, loss
        self.dice = np.random.default_rng(seed)
        self.one, self.two = self.engine.open_stream("192.0.2.1"), self.engine.open_stream("192.0.2.1")
        self.a, self.b = Far(self.engine, self.one, "192.0.2.7", 4000), Far(self.engine, self.two, "192.0.2.8", 5000)
        self.one.set_codec(8, "PCMA", EVENT_PT if dials == "events" else None)
        event_pt, way = WAYS[gets]
        self.two.set_codec(8, "PCMA", event_pt)
        self.two.set_digits(way)
        for stream, far in ((self.one, self.a), (self.two, self.b)):
            stream.set_remote(far.ip, far.port)
        self.now_us = 1_000_000
        self.engine.tick(self.now_us)
        self.engine.join(self.one.id, self.two.id)
        self.due: Digits = []
        self.got: list[Packet] = []

    def dial(self, presses: list[Press], beside_hz: tuple[float, ...] = ()) -> None:
        spoken = sound(presses if self.dials == "tones" else [], 1, beside_hz) if self.dials == "tones" else None
        ends = {(press.at_ms + press.ms) // 20 * 20: press for press in presses}
        for at_ms in range(20, lasts_ms(presses) + 2000, 20):
            for _ in range(4):
                self.now_us += 5000
                self.engine.tick(self.now_us)
            self._a_sends(presses, at_ms, spoken)
            if self.dials == "info" and at_ms in ends:
                self._informed(ends[at_ms].digit, ends[at_ms].ms)
            self.got += self.b.received(self.engine.packets_out())
            self.due += [(e.digit, e.ms) for e in self.engine.drain() if isinstance(e, DigitDue)]

    def _a_sends(self, presses: list[Press], at_ms: int, spoken: np.ndarray | None) -> None:
        event = events(presses, at_ms) if self.dials == "events" else []
        if self.dice.random() < self.loss:
            self.a.sequence, self.a.timestamp = self.a.sequence + 1, self.a.timestamp + 160
        elif event:
            self.a.timestamp -= event[0][0]
            self.a.send(event[0][1], self.now_us, EVENT_PT, samples=160 + event[0][0])
        elif spoken is not None and 8 * at_ms <= len(spoken):
            self.a.send(encode("PCMA", spoken[8 * (at_ms - 20) : 8 * at_ms]), self.now_us)
        else:
            self.a.send(b"\xd5" * 160, self.now_us)

    def _informed(self, digit: str, ms: int) -> None:
        """What the leg of the called one does with a digit that came by INFO."""
        if self.two.digits == "told":
            self.due.append((digit, ms))
        else:
            self.two.send_digit(digit, ms)

    def heard(self, gets: str) -> Digits:
        if gets == "info":
            return self.due
        return heard_in_events(self.got, EVENT_OUT_PT) if gets == "events" else heard_in_sound(self.sound())

    def sound(self) -> np.ndarray:
        return on_time_line(self.got, 8, {i: decode("PCMA", p[5]) for i, p in enumerate(self.got)})


def same(heard: Digits, presses: list[Press], within_ms: float) -> None:
    assert "".join(digit for digit, _ in heard) == "".join(press.digit for press in presses)
    off = [ms - press.ms for (_, ms), press in zip(heard, presses, strict=True)]
    assert max(map(abs, off)) <= within_ms, (min(off), max(off))


@pytest.mark.parametrize("gets", WAYS)
@pytest.mark.parametrize("dials", WAYS)
def test_every_digit_arrives_once_and_as_long_as_it_was(dials: str, gets: str) -> None:
    presses = script(7, COUNT)
    exchange = Exchange(dials, gets, 1, loss=0)
    exchange.dial(presses)
    same(exchange.heard(gets), presses, 10)
    if gets != "tones":
        assert heard_in_sound(exchange.sound(), 20) == []


@pytest.mark.parametrize("dials", WAYS)
def test_spandsp_hears_the_tones_that_come_out(dials: str) -> None:
    """A second judge, as strict as telephone equipment is: its level, twist and timing limits are not ours."""
    presses = script(11, COUNT)
    exchange = Exchange(dials, "tones", 5, loss=0)
    exchange.dial(presses)
    assert heard_by_spandsp(exchange.sound()) == "".join(press.digit for press in presses)


@pytest.mark.parametrize("gets", ["events", "info"])
@pytest.mark.parametrize("dial_tone", [(425,), (350, 440)], ids=str)
def test_tones_are_converted_with_dial_tone_beside(gets: str, dial_tone: tuple[float, ...]) -> None:
    presses = script(8, COUNT)
    exchange = Exchange("tones", gets, 2, loss=0)
    exchange.dial(presses, dial_tone)
    same(exchange.heard(gets), presses, 10)


@pytest.mark.parametrize("gets", WAYS)
def test_events_survive_5_percent_loss(gets: str) -> None:
    presses = script(9, COUNT)
    exchange = Exchange("events", gets, 3, loss=0.05)
    exchange.dial(presses)
    same(exchange.heard(gets), presses, 10)


@pytest.mark.parametrize("gets", ["events", "info"])
def test_tones_survive_5_percent_loss(gets: str) -> None:
    """Lost edges make a digit shorter, so only the digits themselves are compared."""
    presses = script(10, COUNT, shortest_ms=100)
    exchange = Exchange("tones", gets, 4, loss=0.05)
    exchange.dial(presses)
    same(exchange.heard(gets), presses, 100)
