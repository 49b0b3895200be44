"""G.722 through the engine: untouched between wideband ends, recoded for G.711 and telephones. Stepped."""

from itertools import pairwise

import numpy as np
import pytest

from firmware.media.engine import Engine
from tests.firmware_media import judge
from tests.firmware_media.card import Card, Far
from tests.firmware_media.test_g722 import decode, encode, gain_db, sine
from tests.firmware_media.two_streams import TwoStreams

PEAK = 8000


def octets_of(packets: list[tuple[int, int, int, int, int, bytes]]) -> bytes:
    return b"".join(p[5] for p in packets)


def test_between_wideband_ends_nothing_is_touched() -> None:
    pair = TwoStreams("G722", "G722")
    said = encode(sine(6000, 1000))
    got = pair.a_says(said)
    assert octets_of(got) == said
    assert {p[1] for p in got} == {9}
    assert {(b[3] - a[3]) % 2**32 for a, b in pairwise(got)} == {160}  # RFC 3551 4.5.2: counts 8 kHz
    assert gain_db(decode(octets_of(got)), 6000, 16000) > -0.5


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
def test_relayed_to_g711_the_moment_it_arrives(codec: str) -> None:
    pair = TwoStreams("G722", codec)
    got = pair.a_says(encode(sine(1000, 1000)))
    assert len(got) == 50 and {len(p[5]) for p in got} == {160}
    heard = judge.decode(codec, octets_of(got))
    assert abs(gain_db(heard, 1000, 8000)) < 0.5
    (hz, level), *others = judge.spectrum(heard[800:])
    assert hz == pytest.approx(1000, abs=2) and all(other < level - 30 for _, other in others)


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
def test_relayed_from_g711(codec: str) -> None:
    pair = TwoStreams(codec, "G722")
    got = pair.a_says(judge.encode(codec, sine(1000, 1000, 8000).astype(float)))
    assert len(got) == 50 and {len(p[5]) for p in got} == {160} and {p[1] for p in got} == {9}
    heard = decode(octets_of(got))
    assert abs(gain_db(heard, 1000, 16000)) < 0.5
    assert gain_db(heard, 7000, 16000) < -40


def test_each_of_several_hearers_gets_its_own_codec() -> None:
    pair = TwoStreams("G722", "PCMA")
    third = pair.engine.open_stream("192.0.2.1")
    c = Far(pair.engine, third, "192.0.2.9", 6000)
    third.set_codec(0, "PCMU", None)
    third.set_remote(c.ip, c.port)
    pair.engine.listen(third.id, pair.one.id)
    by_b: list[bytes] = []
    by_c: list[bytes] = []
    said = encode(sine(1000, 1000))
    for at in range(0, len(said), 160):
        pair.run(20)
        pair.a.send(said[at : at + 160], pair.now_us)
        out = pair.engine.packets_out()
        by_b += [p[5] for p in pair.b.received(out)]
        by_c += [p[5] for p in c.received(out)]
    b, c_heard = judge.decode("PCMA", b"".join(by_b)), judge.decode("PCMU", b"".join(by_c))
    assert abs(gain_db(b, 1000, 8000)) < 0.5 and abs(gain_db(c_heard, 1000, 8000)) < 0.5
    assert np.abs(b[800:] - c_heard[800:]).max() < 600  # two laws of one decoding


def test_mute_between_wideband_ends_is_silence_and_keeps_the_packets() -> None:
    pair = TwoStreams("G722", "G722")
    said = encode(sine(1000, 2000))
    pair.a_says(said[:8000])
    pair.engine.mute(pair.two.id, pair.one.id, True)
    muted = pair.a_says(said[8000:])
    assert len(muted) == 50
    assert np.abs(decode(octets_of(muted))[1600:]).max() < 40


class Telephone:
    """Slot 2 joined to a stream of G.722."""

    def __init__(self) -> None:
        self.card = Card()
        self.engine = Engine(highway_address=self.card.address, rtp_ports=range(20000, 20010), stepped=True, seed=5)
        self.slot = self.engine.open_slot(2)
        self.stream = self.engine.open_stream("192.0.2.1")
        self.far = Far(self.engine, self.stream)
        self.far.pt = 9
        self.stream.set_codec(9, "G722", 101)
        self.stream.set_remote(self.far.ip, self.far.port)
        self.engine.join(self.slot.id, self.stream.id)

    def hears(self, octets: bytes, lost: frozenset[int] = frozenset()) -> np.ndarray:
        for number, at in enumerate(range(0, len(octets), 160)):
            if number in lost:
                self.far.sequence, self.far.timestamp = self.far.sequence + 1, self.far.timestamp + 160
            else:
                self.far.send(octets[at : at + 160], self.card.now_us)
            self.card.run(self.engine, 20)
        return judge.decode("PCMA", bytes(self.card.heard[2]))

    def says(self, octets: bytes) -> bytes:
        self.card.said[2] += octets
        self.card.run(self.engine, len(octets) // 8)
        return octets_of(self.far.received(self.engine.packets_out()))


def test_a_telephone_hears_a_wideband_end() -> None:
    heard = Telephone().hears(encode(sine(1000, 1000)))
    assert abs(gain_db(heard[800:], 1000, 8000)) < 0.5


def test_a_telephone_is_heard_by_a_wideband_end() -> None:
    said = judge.encode("PCMA", sine(1000, 1000, 8000).astype(float))
    octets = Telephone().says(said)
    assert len(octets) >= 7800
    assert abs(gain_db(decode(octets), 1000, 16000)) < 0.5


def test_a_lost_packet_of_g722_is_concealed_for_the_telephone() -> None:
    phone = Telephone()
    phone.hears(encode(sine(300, 200)))
    before_ms = phone.stream.stats().concealed_ms
    heard = phone.hears(encode(sine(300, 2000)), lost=frozenset({40, 60, 80}))[3200:]
    steepest = 2 * np.pi * 300 / 8000 * PEAK
    assert np.abs(np.diff(heard)).max() < 2 * steepest
    assert min(np.abs(heard[i : i + 80]).max() for i in range(0, len(heard) - 80, 80)) > PEAK / 4
    assert phone.stream.stats().concealed_ms == before_ms + 60


def test_a_tone_and_a_digit_towards_a_wideband_end_are_coded_too() -> None:
    phone = Telephone()
    phone.stream.set_codec(9, "G722", None)
    phone.stream.play_digit("5", 200)
    phone.card.run(phone.engine, 300)
    octets = octets_of(phone.far.received(phone.engine.packets_out()))
    heard = decode(octets)
    assert gain_db(heard, 770, 16000) > -20 and gain_db(heard, 1336, 16000) > -20


def test_codecs_may_change_within_a_call() -> None:
    pair = TwoStreams("G722", "PCMA")
    for _ in range(3):
        for pt, codec in ((8, "PCMA"), (9, "G722")):
            pair.a.pt = pt
            pair.one.set_codec(pt, codec, 101)
            said = encode(sine(1000, 400)) if pt == 9 else judge.encode("PCMA", sine(1000, 400, 8000).astype(float))
            heard = judge.decode("PCMA", octets_of(pair.a_says(said)))
            assert abs(gain_db(heard, 1000, 8000)) < 0.7
