"""Who hears whom: conference, one-way listening, mute, changes without a click or a lost packet. Stepped."""

from __future__ import annotations

import errno
from itertools import pairwise

import numpy as np
import pytest

from tests.firmware_media.house import TONES_HZ, House, click, tones_in
from tests.firmware_media.judge import decode, level_dbm0, spectrum


def test_twelve_parties_each_hear_eleven_and_not_themselves() -> None:
    house = House(6, 6)
    mixer = house.engine.open_mixer()
    for party in (*house.slots, *house.streams):
        house.engine.join(party.id, mixer.id)
    house.run(1000, dict(enumerate(TONES_HZ[:6])), dict(enumerate(TONES_HZ[6:])))
    for n in range(12):
        heard = house.heard_by_slot(n, 500) if n < 6 else house.heard_by_stream(n - 6, 500)
        assert tones_in(heard) == set(range(12)) - {n}
    for got in house.got:
        assert {(b[2] - a[2]) & 0xFFFF for a, b in pairwise(got)} == {1}
        assert {(b[3] - a[3]) & 0xFFFFFFFF for a, b in pairwise(got)} == {160}


def test_a_listener_of_a_conference_hears_all_and_a_speaker_in_it_hears_nothing() -> None:
    house = House(4, 1)
    mixer = house.engine.open_mixer()
    for party in house.slots[:2]:
        house.engine.join(mixer.id, party.id)
    house.engine.listen(house.streams[0].id, mixer.id)
    house.engine.listen(mixer.id, house.slots[3].id)
    house.run(1000, {0: TONES_HZ[0], 1: TONES_HZ[1], 3: TONES_HZ[3]}, {0: TONES_HZ[8]})
    assert tones_in(house.heard_by_stream(0, 500)) == {0, 1, 3}
    assert tones_in(house.heard_by_slot(0, 500)) == {1, 3}
    assert tones_in(house.heard_by_slot(1, 500)) == {0, 3}
    assert set(house.card.heard[3]) == {0xD5}
    house.engine.mute(mixer.id, house.slots[1].id)
    house.run(600, {0: TONES_HZ[0], 1: TONES_HZ[1], 3: TONES_HZ[3]}, {0: TONES_HZ[8]})
    assert tones_in(house.heard_by_stream(0, 500)) == {0, 3}
    house.engine.mute(mixer.id, house.slots[1].id, on=False)
    house.run(600, {0: TONES_HZ[0], 1: TONES_HZ[1], 3: TONES_HZ[3]}, {0: TONES_HZ[8]})
    assert tones_in(house.heard_by_stream(0, 500)) == {0, 1, 3}


def test_a_conference_holds_sixteen_and_refuses_the_seventeenth() -> None:
    house = House(17, 0)
    mixer, other = house.engine.open_mixer(), house.engine.open_mixer()
    for party in house.slots[:16]:
        house.engine.join(party.id, mixer.id)
    house.engine.join(house.slots[0].id, mixer.id)
    with pytest.raises(OSError, match="join") as refused:
        house.engine.join(house.slots[16].id, mixer.id)
    assert refused.value.errno == errno.EBUSY
    house.slots[3].close()
    house.engine.join(house.slots[16].id, mixer.id)
    with pytest.raises(ValueError, match="join"):
        house.engine.join(mixer.id, other.id)
    mixer.close()
    house.run(40, {0: 1000}, {})
    assert set(house.card.heard[1][-160:]) == {0xD5}


def test_a_loud_conference_is_bent_softly_and_never_wraps() -> None:
    house = House(8, 0)
    mixer = house.engine.open_mixer()
    for party in house.slots:
        house.engine.join(party.id, mixer.id)
    house.run(500, {n: 440 for n in range(1, 8)}, {}, dbm0=0)
    heard = house.heard_by_slot(0, 200)
    assert np.abs(heard).max() <= 32767 and level_dbm0(heard) > 0
    assert spectrum(heard)[0][0] == pytest.approx(440, abs=3)
    assert np.count_nonzero(np.diff(np.sign(heard))) == pytest.approx(2 * 440 * 0.2, abs=2)  # a wrap changes sign


def test_joining_muting_and_leaving_make_no_click() -> None:
    """A telephone hears 500 Hz through every change; nothing above 1.6 kHz sounds where the edges changed."""
    house = House(3, 0)
    engine, (one, two, three) = house.engine, house.slots
    mixer = engine.open_mixer()
    said = {1: 500.0, 2: 437.0}
    engine.join(one.id, two.id)
    house.run(200, said, {}, dbm0=-10)
    start = len(house.card.heard[0])
    for change in (
        lambda: engine.mute(one.id, two.id),
        lambda: engine.mute(one.id, two.id, on=False),
        lambda: engine.listen(one.id, three.id),
        lambda: engine.join(one.id, two.id),
        lambda: engine.part(one.id),
        lambda: engine.join(mixer.id, one.id),
        lambda: engine.join(mixer.id, two.id),
        lambda: engine.join(mixer.id, three.id),
        lambda: engine.part(two.id),
        lambda: engine.part(one.id),
    ):
        change()
        house.run(100, said, {}, dbm0=-10)
    heard = decode("PCMA", bytes(house.card.heard[0][start:]))
    assert click(heard) < 500  # 350 is the noise of A-law at the loudest place
    cut = heard.copy()
    cut[1204:1600] = 0
    assert click(cut) > 1500  # so does a bare cut sound


def test_a_stream_that_is_closed_fades_out() -> None:
    house = House(1, 1, ("PCMA",))
    house.engine.join(house.slots[0].id, house.streams[0].id)
    house.run(300, {}, {0: 500}, dbm0=-10)
    house.streams[0].close()
    house.card.run(house.engine, 100)
    heard = house.heard_by_slot(0, 300)
    assert click(heard) < 300 and level_dbm0(heard[:1200]) > -11 and level_dbm0(heard[-760:]) < -60


def test_one_stream_is_heard_by_streams_on_arrival_and_by_a_telephone_at_one_time() -> None:
    house = House(1, 4)
    engine, said = house.engine, house.streams[0]
    for hearer in (*house.streams[1:], *house.slots):
        engine.listen(hearer.id, said.id)
    house.run(400, {}, {0: TONES_HZ[2]})
    for n in (1, 2, 3):
        assert len(house.got[n]) == 20  # of 20 packets
        assert {(b[3] - a[3]) & 0xFFFFFFFF for a, b in pairwise(house.got[n])} == {160}
        assert tones_in(house.heard_by_stream(n, 200)) == {2}
    assert tones_in(house.heard_by_slot(0, 200)) == {2}
    assert house.got[0] == []
    engine.part(said.id)  # it only is listened to: nothing was joined to it
    house.run(100, {}, {0: TONES_HZ[2]})
    assert len(house.got[1]) == 25


def test_mute_between_streams_keeps_the_packets_and_silences_them() -> None:
    house = House(0, 2)
    engine, (one, two) = house.engine, house.streams
    engine.join(one.id, two.id)
    house.run(200, {}, {0: TONES_HZ[1], 1: TONES_HZ[2]})
    engine.mute(two.id, one.id)
    house.run(200, {}, {0: TONES_HZ[1], 1: TONES_HZ[2]})
    assert len(house.got[1]) == len(house.got[0]) == 20
    assert set(house.got[1][11][5]) == {0xFF}
    assert tones_in(house.heard_by_stream(0, 200)) == {2}
    engine.mute(two.id, one.id, on=False)
    house.run(200, {}, {0: TONES_HZ[1], 1: TONES_HZ[2]})
    assert {(b[2] - a[2]) & 0xFFFF for a, b in pairwise(house.got[1])} == {1}
    heard = decode("PCMU", b"".join(p[5] for p in house.got[1]))
    assert level_dbm0(heard[2000:3100]) < -60 and level_dbm0(heard[-1200:]) == pytest.approx(-22, abs=0.3)
    assert np.abs(np.diff(heard)).max() < 1.3 * np.abs(np.diff(heard[:1600])).max()


@pytest.mark.parametrize("speaks", ["slot", "stream"])
def test_one_time_line_through_every_change_of_what_a_stream_hears(speaks: str) -> None:
    house = House(2, 3, ("PCMA",))
    engine, stream = house.engine, house.streams[0]
    mixer = engine.open_mixer()
    other = house.slots[1] if speaks == "slot" else house.streams[2]
    talks: dict[int, float] = {1: 500, 2: 700}
    for change in (
        lambda: engine.join(stream.id, house.slots[0].id),
        lambda: engine.join(stream.id, other.id),
        lambda: engine.mute(stream.id, other.id),
        lambda: engine.mute(stream.id, other.id, on=False),
        lambda: engine.listen(stream.id, house.streams[1].id),
        lambda: engine.join(stream.id, other.id),
        lambda: engine.join(stream.id, mixer.id),
        lambda: engine.join(house.streams[1].id, mixer.id),
        lambda: engine.join(stream.id, house.streams[1].id),
    ):
        change()
        house.run(200, {0: 300, 1: 400}, talks)
    got = house.got[0]
    assert len({p[4] for p in got}) == 1
    assert {(b[2] - a[2]) & 0xFFFF for a, b in pairwise(got)} == {1}
    steps = [(b[3] - a[3]) & 0xFFFFFFFF for a, b in pairwise(got)]
    assert min(steps) == 160 and max(steps) <= 480
    assert sum(steps) == pytest.approx(8 * 1800, abs=480)


def test_hold_by_listening_elsewhere_and_back() -> None:
    house = House(3, 0)
    engine, (one, two, music) = house.engine, house.slots
    engine.join(one.id, two.id)
    engine.listen(one.id, music.id)
    talk = {0: TONES_HZ[0], 1: TONES_HZ[1], 2: TONES_HZ[2]}
    house.run(300, talk, {})
    assert (tones_in(house.heard_by_slot(0, 200)), tones_in(house.heard_by_slot(1, 200))) == ({2}, {0})
    engine.join(one.id, two.id)
    house.run(300, talk, {})
    assert (tones_in(house.heard_by_slot(0, 200)), tones_in(house.heard_by_slot(1, 200))) == ({1}, {0})
    engine.listen(one.id, music.id)
    engine.part(one.id)
    house.run(300, talk, {})
    assert set(house.card.heard[0][-800:]) == set(house.card.heard[1][-800:]) == {0xD5}


def test_what_cannot_be_an_edge_is_refused() -> None:
    house = House(2, 0)
    engine, (one, two) = house.engine, house.slots
    with pytest.raises(ValueError, match="mute"):
        engine.mute(one.id, two.id)
    with pytest.raises(ValueError, match="out of range"):
        engine.listen(one.id, one.id)
    with pytest.raises(ValueError, match="closed"):
        engine.listen(one.id, 999)
    mixer = engine.open_mixer()
    assert engine.debug()["mixers"] == 1
    mixer.close()
    with pytest.raises(ValueError, match="closed"):
        engine.join(one.id, mixer.id)
