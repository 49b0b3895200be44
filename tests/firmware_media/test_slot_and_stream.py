"""A telephone's slot joined to an RTP stream: octets, delay, codecs, digits both ways, hold, time-out. Stepped."""

from itertools import pairwise

import numpy as np
import pytest

from firmware.media._engine import ffi, lib
from firmware.media.endpoints import Slot, Stream
from firmware.media.engine import Engine
from firmware.media.events import DigitHeard, MediaTimeout
from firmware.telephony.cadence import Tone, ToneSegment
from tests.firmware_media.card import Card, Far
from tests.firmware_media.judge import COLUMNS_HZ, KEYS, ROWS_HZ, decode, encode, key, level_dbm0, sine, spectrum

EVENT_PT = 101
BEFORE = {"PCMA": b"\xd5" * 160, "PCMU": b"\xff" * 160}
"""A packet of silence: the first 5 ms of an edge are ramped."""


class Call:
    """Slot 2 joined to a stream whose far end is `far`."""

    def __init__(self, law: int = 0, codec: str = "PCMA", event_pt: int | None = EVENT_PT, ptime_ms: int = 20) -> None:
        self.card = Card(law)
        self.engine = Engine(highway_address=self.card.address, rtp_ports=range(20000, 20010), stepped=True, seed=5)
        self.slot: Slot = self.engine.open_slot(2)
        self.stream: Stream = self.engine.open_stream("192.0.2.1")
        self.far = Far(self.engine, self.stream)
        self.far.pt = 8 if codec == "PCMA" else 0
        self.stream.set_codec(self.far.pt, codec, event_pt, ptime_ms)
        self.stream.set_remote(self.far.ip, self.far.port)
        self.engine.join(self.slot.id, self.stream.id)

    def say(self, octets: bytes) -> list[tuple[int, int, int, int, int, bytes]]:
        """The telephone says octets; what the far end got meanwhile."""
        self.card.said[2] += octets
        self.card.run(self.engine, len(octets) // 8)
        return self.far.received(self.engine.packets_out())

    def far_says(self, octets: bytes) -> bytes:
        """The far end says octets in 20 ms packets; what the telephone heard meanwhile."""
        start = len(self.card.heard[2])
        for at in range(0, len(octets), 160):
            self.far.send(octets[at : at + 160], self.card.now_us)
            self.card.run(self.engine, 20)
        return bytes(self.card.heard[2][start:])


@pytest.mark.parametrize(("law", "codec"), [(0, "PCMA"), (1, "PCMU")])
def test_octets_pass_unchanged_both_ways_where_the_laws_agree(law: int, codec: str) -> None:
    call = Call(law, codec, event_pt=None)
    octets = np.random.default_rng(1).integers(0, 256, 12000, dtype=np.uint8).tobytes()
    packets = call.say(BEFORE[codec] + octets)[1:]
    assert b"".join(p[5] for p in packets) == octets
    heard = call.far_says(octets)
    start = heard.index(octets[:200])
    assert start <= 40 * 8
    assert heard[start:] == octets[: len(heard) - start]


def test_other_law_is_converted_by_the_nearest_octet() -> None:
    call = Call(0, "PCMU")
    octets = encode("PCMA", sine(1020, 1000, -10))
    sent = b"".join(p[5] for p in call.say(BEFORE["PCMA"] + octets)[1:])
    assert (
        sent == encode("PCMU", decode("PCMA", octets))
        or np.abs(decode("PCMU", sent) - decode("PCMA", octets)).max() <= 512
    )
    heard = decode("PCMA", call.far_says(encode("PCMU", sine(1020, 1000, -10))))[800:]
    assert level_dbm0(heard) == pytest.approx(-10, abs=0.2)


def test_a_packet_leaves_with_the_block_that_fills_it() -> None:
    """20 ms of packetisation is all the delay there is: with the highway's 5 to 10 ms well under 35 ms."""
    call = Call()
    call.card.said[2] += bytes(range(160))
    for _ in range(3):
        call.card.step(call.engine)
    assert call.engine.packets_out() == []
    call.card.step(call.engine)
    (packet,) = call.far.received(call.engine.packets_out())
    assert packet[5][40:] == bytes(range(40, 160))


@pytest.mark.parametrize("ptime_ms", [10, 20, 30, 40, 60])
def test_sequence_and_timestamps_run_on(ptime_ms: int) -> None:
    call = Call(ptime_ms=ptime_ms)
    packets = call.say(bytes(8 * 1200))
    assert len(packets) == 1200 // ptime_ms
    assert [p[0] for p in packets] == [1] + [0] * (len(packets) - 1)
    assert {p[4] for p in packets} == {packets[0][4]}
    assert {(b[2] - a[2]) & 0xFFFF for a, b in pairwise(packets)} == {1}
    assert {(b[3] - a[3]) & 0xFFFFFFFF for a, b in pairwise(packets)} == {ptime_ms * 8}


def test_the_time_line_survives_part_tone_and_rejoin() -> None:
    call = Call()
    packets = call.say(bytes(1600))
    call.engine.part(call.slot.id)
    packets += call.say(bytes(8 * 500))
    call.stream.play_tone(Tone("ringback", (ToneSegment((425,)),)))
    packets += call.say(bytes(8 * 300))
    call.stream.stop_tone()
    call.engine.join(call.stream.id, call.slot.id)
    packets += call.say(bytes(8 * 300))
    assert {p[4] for p in packets} == {packets[0][4]}
    assert {(b[2] - a[2]) & 0xFFFF for a, b in pairwise(packets)} == {1}
    steps = [(b[3] - a[3]) & 0xFFFFFFFF for a, b in pairwise(packets)]
    assert min(steps) == 160 and sum(steps) == pytest.approx(8 * (200 + 500 + 300 + 300) - 160, abs=320)
    assert packets[10][0] == 0  # what was heard last fades out in a packet of its own
    assert packets[11][0] == 1  # a new spurt is marked


@pytest.mark.parametrize("digit", KEYS)
def test_a_digit_from_the_telephone_becomes_one_event_and_is_not_heard(digit: str) -> None:
    call = Call()
    signal = np.concatenate([sine(300, 203, -20), key(digit, 90), sine(300, 307, -20)])
    packets = call.say(encode("PCMA", signal))
    events = [p for p in packets if p[1] == EVENT_PT]
    assert {p[5][0] for p in events} == {"0123456789*#ABCD".index(digit)}
    assert len({p[3] for p in events}) == 1 and [p[0] for p in events] == [1] + [0] * (len(events) - 1)
    durations = [int.from_bytes(p[5][2:], "big") for p in events]
    assert durations == sorted(durations) and 50 <= durations[-1] / 8 <= 130
    assert [p[5][1] >> 7 for p in events][-3:] == [1, 1, 1] and sum(p[5][1] >> 7 for p in events) == 3
    audio = b"".join(p[5] for p in packets if p[1] == 8)
    row, column = divmod(KEYS.index(digit), 4)
    loud = 0
    for at in range(0, len(audio) - 80, 40):  # how long both tones are left in the audio
        peaks = [f for f, dbm0 in spectrum(decode("PCMA", audio[at : at + 80])) if dbm0 > -25]
        loud += any(abs(f - ROWS_HZ[row]) < 60 for f in peaks) and any(abs(f - COLUMNS_HZ[column]) < 60 for f in peaks)
    assert loud * 5 <= 25
    rx = lib.dtmf_rx_new()
    pcm = decode("PCMA", audio).astype(np.int16)
    assert lib.dtmf_rx_feed(rx, ffi.cast("int16_t *", pcm.ctypes.data), len(pcm), ffi.new("char[]", 9), 9) == 0
    lib.dtmf_rx_free(rx)


def test_without_telephone_event_a_digit_stays_in_the_audio() -> None:
    call = Call(event_pt=None)
    octets = encode("PCMA", key("5", 200))
    assert b"".join(p[5] for p in call.say(BEFORE["PCMA"] + octets)[1:]) == octets


def test_digits_are_told_only_when_asked_for() -> None:
    call = Call()
    call.say(encode("PCMA", np.concatenate([key("1", 60), np.zeros(800)])))
    assert call.engine.drain() == []
    call.slot.listen_digits(True)
    call.say(encode("PCMA", np.concatenate([key("2", 60), np.zeros(480), key("#", 60), np.zeros(480)])))
    told = call.engine.drain()
    assert [(e.digit, e.by, e.endpoint) for e in told if isinstance(e, DigitHeard)] == [
        ("2", "dtmf", call.slot.id),
        ("#", "dtmf", call.slot.id),
    ]


def test_an_event_from_the_far_end_is_played_as_tones_and_told_once() -> None:
    call = Call()
    call.far_says(b"\xd5" * 1600)
    start = len(call.card.heard[2])
    stamp = call.far.timestamp
    for i in range(1, 9):
        end = i >= 6
        payload = bytes([7, 0x80 * end | 10]) + (min(i, 6) * 160).to_bytes(2, "big")
        call.far.timestamp = stamp
        if i not in (1, 3, 6):  # lost: the first with the marker, one between, the first end
            call.far.send(payload, call.card.now_us, EVENT_PT, samples=0)
        else:
            call.far.sequence += 1
        call.card.run(call.engine, 20)
    call.card.run(call.engine, 100)
    assert [e for e in call.engine.drain() if isinstance(e, DigitHeard)] == [
        DigitHeard(call.stream.id, "7", "rtp", 120)
    ]
    signal = decode("PCMA", bytes(call.card.heard[2][start:]))
    on = [at for at in range(0, len(signal) - 40, 40) if level_dbm0(signal[at : at + 40]) > -15]
    assert 100 <= len(on) * 5 <= 145
    tones = sorted(spectrum(signal[on[2] : on[2] + 640])[:2])
    assert [t[0] for t in tones] == pytest.approx([852, 1209], abs=3)
    assert [t[1] for t in tones] == pytest.approx([-9, -7], abs=0.3)


def test_our_own_digit_echoing_on_the_line_is_not_sent_back() -> None:
    call = Call()
    call.slot.play_digit("5", 200)
    for _ in range(80):
        call.card.said[2] += bytes(call.card.heard[2][-40:]) or b"\xd5" * 40  # a bad line: all of it comes back
        call.card.step(call.engine)
    assert all(p[1] != EVENT_PT for p in call.far.received(call.engine.packets_out()))


def test_send_digit_queues_events_with_pauses() -> None:
    call = Call()
    for digit in "12":
        call.stream.send_digit(digit, 100)
    packets = call.say(b"\xd5" * 8 * 600)
    events = [p for p in packets if p[1] == EVENT_PT]
    assert [p[5][0] for p in events] == [1] * 7 + [2] * 7
    assert [int.from_bytes(p[5][2:], "big") for p in events[:7]] == [160, 320, 480, 640, 800, 800, 800]
    assert 150 * 8 <= events[7][3] - events[0][3] <= 160 * 8
    assert {(b[2] - a[2]) & 0xFFFF for a, b in pairwise(packets)} == {1}


def test_send_digit_without_events_plays_tones_into_the_stream() -> None:
    call = Call(event_pt=None)
    call.stream.send_digit("9", 100)
    audio = decode("PCMA", b"".join(p[5] for p in call.say(b"\xd5" * 8 * 200)))
    assert [f for f, _ in sorted(spectrum(audio[80:720])[:2])] == pytest.approx([852, 1477], abs=3)


def test_hold_stops_what_it_says_it_stops() -> None:
    call = Call()
    call.stream.set_direction(send=False, receive=True)
    assert call.say(bytes(1600)) == []
    heard = call.far_says(b"\x2a" * 3200)
    assert b"\x2a" * 160 in heard
    call.stream.set_direction(send=True, receive=False)
    assert len(call.say(bytes(1600))) == 10
    assert b"\x2a" * 40 not in call.far_says(b"\x2a" * 3200)[400:]


def test_silence_of_the_far_end_is_told_once_and_again_after_it_spoke() -> None:
    call = Call()
    call.card.run(call.engine, 30_300)
    assert call.engine.drain() == [MediaTimeout(call.stream.id)]
    call.card.run(call.engine, 31_000)
    assert call.engine.drain() == []
    call.far_says(b"\xd5" * 160)
    call.card.run(call.engine, 31_000)
    assert call.engine.drain() == [MediaTimeout(call.stream.id)]
    call.stream.set_direction(send=True, receive=False)
    call.card.run(call.engine, 31_000)
    assert call.engine.drain() == []


def test_a_tone_that_yields_lasts_until_the_far_end_sends() -> None:
    call = Call()
    call.slot.play_tone(Tone("ringback", (ToneSegment((425,)),)))
    call.slot.yield_tone()
    call.say(BEFORE["PCMA"] * 20)
    assert level_dbm0(decode("PCMA", bytes(call.card.heard[2][-1600:]))) == pytest.approx(-10, abs=0.2)
    heard = decode("PCMA", call.far_says(encode("PCMA", sine(1000, 1000, -10))))[-1600:]
    assert [round(hz) for hz, dbm0 in spectrum(heard) if dbm0 > -40] == [1000]
    call.slot.play_tone(Tone("busy", (ToneSegment((425,)),)))
    assert level_dbm0(decode("PCMA", call.far_says(BEFORE["PCMA"] * 10))[-800:]) == pytest.approx(-10, abs=0.2)


def test_two_telephones_hear_each_other_bit_for_bit() -> None:
    card = Card()
    engine = Engine(highway_address=card.address, rtp_ports=range(20000, 20010), stepped=True)
    engine.join(engine.open_slot(0).id, engine.open_slot(1).id)
    card.run(engine, 5)
    card.heard[0].clear()
    card.heard[1].clear()
    card.said[0] += bytes(range(200))
    card.said[1] += bytes(range(200, 0, -1))
    card.run(engine, 25)
    assert bytes(card.heard[1]) == bytes(range(200))
    assert bytes(card.heard[0]) == bytes(range(200, 0, -1))
