"""The life of a conference as a service leads it through the engine's face: greeting, talk, mute, an announcement to
all, a recording with a pause, somebody put out, and an end that leaves nothing behind. Stepped."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.media.events import PlayerEnded
from tests.firmware_media.house import TONES_HZ, House, tones_in
from tests.firmware_media.test_players import linear, tone, wav
from tests.firmware_media.test_recorders import channels

TALK = ({n: TONES_HZ[n] for n in range(3)}, {0: TONES_HZ[3], 1: TONES_HZ[4]})
GREETING, ANNOUNCEMENT = 7, 9
NOTHING = dict.fromkeys(("slots", "streams", "mixers", "players", "recorders"), 0)


def heard(house: House) -> list[set[int]]:
    """The tones at each telephone and SIP end after 400 ms of talk."""
    house.run(400, *TALK)
    return [tones_in(house.heard_by_slot(n, 200)) for n in range(3)] + [
        tones_in(house.heard_by_stream(n, 200)) for n in range(2)
    ]


def test_from_greeting_to_the_last_one_gone(tmp_path: Path) -> None:
    house = House(3, 2)
    engine = house.engine
    everybody = (*house.slots, *house.streams)
    for name, number in (("greeting", GREETING), ("announcement", ANNOUNCEMENT)):
        wav(tmp_path / f"{name}.wav", linear(tone(TONES_HZ[number], 1000)))
    mixer = engine.open_mixer()
    for party in everybody[:4]:
        engine.join(party.id, mixer.id)

    late = everybody[4]
    greeting = engine.open_player(tmp_path / "greeting.wav")
    engine.listen(late.id, greeting.id)
    assert heard(house) == [{1, 2, 3}, {0, 2, 3}, {0, 1, 3}, {0, 1, 2}, {GREETING}]
    engine.join(late.id, mixer.id)
    greeting.close()
    assert heard(house) == [set(range(5)) - {n} for n in range(5)]

    recorder = engine.open_recorder(tmp_path / "room.wav")
    recorder.record(mixer.id, house.slots[0].id)
    engine.mute(mixer.id, house.slots[0].id)
    assert heard(house) == [{1, 2, 3, 4}, {2, 3, 4}, {1, 3, 4}, {1, 2, 4}, {1, 2, 3}]
    recorder.pause()
    announcement = engine.open_player(tmp_path / "announcement.wav")
    engine.listen(mixer.id, announcement.id)
    assert all(ANNOUNCEMENT in tones for tones in heard(house))
    house.run(800, *TALK)
    assert PlayerEnded(announcement.id, 0) in engine.drain()
    announcement.close()
    recorder.pause(on=False)
    engine.part(late.id)
    got = len(house.got[1])
    assert heard(house)[1:4] == [{2, 3}, {1, 3}, {1, 2}]
    assert len(house.got[1]) <= got + 1  # what was begun

    recorder.close()
    room, first = channels(tmp_path / "room.wav")
    assert len(room) / 8 == pytest.approx(800, abs=10)  # the pause is cut out
    assert (tones_in(room[1600:3000]), tones_in(room[-1600:])) == ({1, 2, 3, 4}, {1, 2, 3})
    assert tones_in(first[1600:3000]) == {0}  # muted in the room, but recorded of his own
    mixer.close()
    assert heard(house)[:3] == [set()] * 3
    for party in everybody:
        party.close()
    left = engine.debug()
    assert {name: left[name] for name in NOTHING} == NOTHING
