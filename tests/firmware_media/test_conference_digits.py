"""Digits that a SIP end sends as RFC 4733 events are tones for the others of its conference, and on a recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.firmware_media.digit_judge import Digits, Press, events, heard_in_sound, lasts_ms, script
from tests.firmware_media.house import House
from tests.firmware_media.judge import Signal, decode, level_dbm0
from tests.firmware_media.test_recorders import channels

EVENT_PT = 101
COUNT = 20


class Conference:
    """Two telephones and two SIP ends; the first SIP end dials by events. The second one's call is recorded."""

    def __init__(self, folder: Path, loss: float = 0) -> None:
        self.house = House(2, 2, ("PCMA",))
        self.loss, self.dice = loss, np.random.default_rng(3)
        engine = self.house.engine
        self.house.streams[0].set_codec(8, "PCMA", EVENT_PT)
        self.mixer = engine.open_mixer()
        for party in (*self.house.slots, *self.house.streams):
            engine.join(party.id, self.mixer.id)
        self.recorder = engine.open_recorder(folder / "call.wav")
        self.recorder.record(self.mixer.id, self.house.streams[0].id)

    def dial(self, presses: list[Press]) -> None:
        far, card = self.house.fars[0], self.house.card
        for at_ms in range(20, lasts_ms(presses), 20):
            event = events(presses, at_ms)
            if self.dice.random() < self.loss:
                far.sequence, far.timestamp = far.sequence + 1, far.timestamp + 160
            elif event:
                far.timestamp -= event[0][0]
                far.send(event[0][1], card.now_us, EVENT_PT, samples=160 + event[0][0])
            else:
                far.send(b"\xd5" * 160, card.now_us)
            self.house.fars[1].send(b"\xd5" * 160, card.now_us)
            card.run(self.house.engine, 20)
            out = self.house.engine.packets_out()
            for n, end in enumerate(self.house.fars):
                self.house.got[n] += end.received(out)
        self.recorder.close()

    def by_slot(self, n: int) -> Signal:
        return decode("PCMA", bytes(self.house.card.heard[n]))

    def by_stream(self, n: int) -> Signal:
        return decode("PCMA", b"".join(packet[5] for packet in self.house.got[n] if packet[1] == 8))


def same(heard: Digits, presses: list[Press]) -> None:
    assert [digit for digit, _ in heard] == [press.digit for press in presses]
    assert [ms for _, ms in heard] == pytest.approx([press.ms for press in presses], abs=10)


@pytest.mark.parametrize("loss", [0, 0.05])
def test_all_others_hear_each_digit_once_and_as_long_as_it_was(loss: float, tmp_path: Path) -> None:
    conference = Conference(tmp_path, loss)
    presses = script(5, COUNT)
    conference.dial(presses)
    for n in range(2):
        same(heard_in_sound(conference.by_slot(n)), presses)
    same(heard_in_sound(conference.by_stream(1)), presses)
    mixed, said = channels(tmp_path / "call.wav")
    same(heard_in_sound(mixed), presses)
    same(heard_in_sound(said), presses)
    assert level_dbm0(conference.by_stream(0)) < -60  # and not who dials


def test_who_is_muted_in_it_dials_in_silence(tmp_path: Path) -> None:
    conference = Conference(tmp_path)
    conference.house.engine.mute(conference.mixer.id, conference.house.streams[0].id)
    conference.dial(script(6, 3))
    assert level_dbm0(conference.by_slot(0)) < -60


def test_a_digit_under_way_when_its_end_leaves_is_over(tmp_path: Path) -> None:
    conference = Conference(tmp_path)
    house = conference.house
    far = house.fars[0]
    for duration in range(160, 1600, 160):
        far.send(bytes([5, 10]) + duration.to_bytes(2, "big"), house.card.now_us, EVENT_PT, samples=0)
        house.card.run(house.engine, 20)
    house.engine.part(house.streams[0].id)
    house.card.run(house.engine, 400)
    assert level_dbm0(conference.by_slot(0)[:1440]) > -20
    assert level_dbm0(conference.by_slot(0)[-2400:]) < -60
    house.engine.join(house.streams[0].id, conference.mixer.id)
    house.card.run(house.engine, 400)
    assert level_dbm0(conference.by_slot(0)[-2400:]) < -60
