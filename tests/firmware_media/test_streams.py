"""RTP streams: whose packets count, relay between two of them, statistics, RTCP, ports, bad input. Stepped."""

import random
import struct
from itertools import pairwise

import pytest

from firmware.media.engine import Engine
from firmware.media.errors import PortsExhausted
from firmware.media.events import DigitHeard, StreamStats, mos
from tests.firmware_media.card import Far
from tests.firmware_media.judge import LEVELS, decode, encode, parse, rtp, spectrum


class Pair:
    """Two streams joined; a and b are their far ends."""

    def __init__(self, a_codec: str = "PCMA", b_codec: str = "PCMA", b_event: int | None = 96) -> None:
        self.engine = Engine(rtp_ports=range(20000, 20010), stepped=True, seed=3)
        self.now_us = 1_000_000
        self.one, self.two = self.engine.open_stream("192.0.2.1"), self.engine.open_stream("192.0.2.1")
        self.a, self.b = Far(self.engine, self.one, "192.0.2.7", 4000), Far(self.engine, self.two, "192.0.2.8", 5000)
        for stream, far, codec, event in ((self.one, self.a, a_codec, 101), (self.two, self.b, b_codec, b_event)):
            far.pt = 8 if codec == "PCMA" else 0
            stream.set_codec(far.pt, codec, event)
            stream.set_remote(far.ip, far.port)
        self.engine.tick(self.now_us)
        self.engine.join(self.one.id, self.two.id)

    def run(self, ms: int) -> None:
        for _ in range(ms // 5):
            self.now_us += 5000
            self.engine.tick(self.now_us)

    def a_says(self, payload: bytes, pt: int | None = None) -> list[tuple[int, int, int, int, int, bytes]]:
        """One packet from a, 20 ms later; what b got of it."""
        self.run(20)
        self.a.send(payload, self.now_us, pt)
        return self.b.received(self.engine.packets_out())


def steps(packets: list[tuple[int, int, int, int, int, bytes]], field: int, bits: int) -> list[int]:
    return [(y[field] - x[field]) % (1 << bits) for x, y in pairwise(packets)]


def test_a_packet_is_relayed_the_moment_it_arrives_on_our_own_time_line() -> None:
    pair = Pair()
    got = [p for i in range(20) for p in pair.a_says(bytes([i]) * 160)]
    assert [p[5] for p in got] == [bytes([i]) * 160 for i in range(20)]
    assert {p[4] for p in got} != {pair.a.ssrc} and len({p[4] for p in got}) == 1
    assert set(steps(got, 2, 16)) == {1} and set(steps(got, 3, 32)) == {160}
    assert got[0][0] == 1


def test_transcoding_by_table_and_payload_type() -> None:
    pair = Pair("PCMA", "PCMU")
    payload = bytes(range(256))
    ((_, pt, _, _, _, got),) = pair.a_says(payload)
    assert pt == 0
    wrong = [o for o, g in zip(payload, got, strict=True) if g != encode("PCMU", decode("PCMA", bytes([o])))[0]]
    assert all(LEVELS["PCMA"][o] < 0 for o in wrong)  # borders of two steps only


def test_loss_and_order_stay_visible_and_doubles_are_dropped() -> None:
    pair = Pair()
    pair.a_says(b"first" * 32)
    sequence, stamp = pair.a.sequence, pair.a.timestamp
    got = []
    for n in (0, 3, 2, 2, 5):
        pair.a.sequence, pair.a.timestamp = sequence + n, stamp + 160 * n
        got += pair.a_says(bytes([n]) * 160)
    assert [p[5][0] for p in got] == [0, 3, 2, 5]
    assert [(p[2] - got[0][2]) & 0xFFFF for p in got] == [0, 3, 2, 5]
    assert [(p[3] - got[0][3]) & 0xFFFFFFFF for p in got] == [0, 480, 320, 800]
    stats = pair.one.stats()
    assert (stats.packets_lost, stats.duplicates, stats.packets_received) == (2, 1, 5)


def test_time_line_goes_on_when_the_sender_changes() -> None:
    pair = Pair()
    got = [p for i in range(5) for p in pair.a_says(bytes(160))]
    pair.a.ssrc, pair.a.sequence, pair.a.timestamp = 0x77, 9, 123456
    got += [p for i in range(5) for p in pair.a_says(bytes(160))]
    assert len(got) == 10 and len({p[4] for p in got}) == 1
    assert set(steps(got, 2, 16)) == {1}
    assert steps(got, 3, 32) == [160] * 9
    assert [p[0] for p in got] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0]


def test_extension_csrc_and_padding_are_stripped() -> None:
    pair = Pair()
    payload = bytes(range(160))
    head = rtp(pair.a.sequence, pair.a.timestamp, b"")
    odd = bytes([0x80 | 0x20 | 0x10 | 2]) + head[1:] + bytes(8) + b"\xbe\xde\x00\x01abcd" + payload + b"\0\0\0\4"
    pair.engine.packet_in(pair.one.id, pair.a.ip, pair.a.port, odd, pair.now_us)
    assert [p[5] for p in pair.b.received(pair.engine.packets_out())] == [payload]


def test_events_are_relayed_under_the_other_number_and_told() -> None:
    pair = Pair()
    got = pair.a_says(bytes(160))
    stamp = pair.a.timestamp
    for i in range(1, 6):
        pair.a.timestamp = stamp
        got += pair.a_says(bytes([5, 0x80 * (i >= 3) | 10]) + (160 * min(i, 3)).to_bytes(2, "big"), 101)
    assert [p[1] for p in got[1:]] == [96] * 5
    assert len({p[3] for p in got[1:]}) == 1 and set(steps(got, 2, 16)) == {1}
    assert [e for e in pair.engine.drain() if isinstance(e, DigitHeard)] == [DigitHeard(pair.one.id, "5", "rtp", 60)]


def test_events_become_tones_for_an_end_without_events() -> None:
    pair = Pair(b_event=None)
    stamp = pair.a.timestamp
    got = []
    for i in range(1, 8):
        pair.a.timestamp = stamp
        got += pair.a_says(bytes([9, 0x80 * (i >= 5) | 10]) + (160 * min(i, 5)).to_bytes(2, "big"), 101)
    audio = decode("PCMA", b"".join(p[5] for p in got))
    assert [f for f, _ in sorted(spectrum(audio[80:640])[:2])] == pytest.approx([852, 1477], abs=3)


@pytest.mark.parametrize(("asked_ms", "gets_ms"), [(0, 10), (20, 20), (25, 20), (33, 30), (120, 60)])
def test_any_ptime_asked_for_becomes_one_we_send(asked_ms: int, gets_ms: int) -> None:
    pair = Pair()
    pair.one.set_codec(8, "PCMA", 8, asked_ms)  # events under the audio's number: no events
    pair.one.send_digit("1", 100)
    pair.run(130)
    assert {len(p[5]) for p in pair.a.received(pair.engine.packets_out())} == {gets_ms * 8}


def test_jitter_and_gap_follow_rfc_3550() -> None:
    pair = Pair()
    expected, dice, transit = 0.0, random.Random(4), None
    for n in range(200):
        at_us = 2_000_000 + 20_000 * n + dice.randrange(0, 8000)
        pair.engine.packet_in(pair.one.id, pair.a.ip, pair.a.port, rtp(n, 160 * n, bytes(160)), at_us)
        now = at_us / 125 - 160 * n
        expected += (abs(now - transit) - expected) / 16 if transit is not None else 0
        transit = now
    assert pair.one.stats().jitter_ms == pytest.approx(expected / 8, abs=0.15)
    assert 20 < pair.one.stats().max_gap_ms < 28


def test_reports_go_to_the_port_above_and_give_the_round_trip() -> None:
    pair = Pair()
    for _ in range(400):
        pair.run(20)
        pair.a.send(bytes(160), pair.now_us)
        pair.b.send(bytes(160), pair.now_us)
        out = pair.engine.packets_out()
        reports = [d for s, ip, port, d in out if s == pair.one.id and port == 4001]
        if reports:
            break
    assert reports[0][:2] == b"\x81\xc8"
    ssrc, ntp_s, ntp_part = struct.unpack("!III", reports[0][4:16])
    about, lost = struct.unpack("!II", reports[0][28:36])
    assert about == pair.a.ssrc and lost == 0
    middle = (ntp_s << 16 | ntp_part >> 16) & 0xFFFFFFFF
    block = struct.pack("!IIIIII", ssrc, 0, 0, 0, middle, 65536 // 10)
    answer = struct.pack("!BBHI", 0x81, 201, 7, pair.a.ssrc) + block
    sent_us = pair.now_us
    pair.engine.packet_in(pair.one.id, pair.a.ip, pair.a.port, answer, sent_us + 150_000)
    assert pair.one.stats().rtt_ms == pytest.approx(50, abs=1)


def test_ports_are_even_rested_and_run_out_with_an_error() -> None:
    engine = Engine(rtp_ports=range(30001, 30010), stepped=True)
    engine.tick(1_000_000)
    streams = [engine.open_stream("192.0.2.1") for _ in range(4)]
    assert [s.local_port for s in streams] == [30002, 30004, 30006, 30008]
    with pytest.raises(PortsExhausted):
        engine.open_stream("192.0.2.1")
    streams[1].close()
    streams[1].close()
    with pytest.raises(PortsExhausted):
        engine.open_stream("192.0.2.1")
    engine.tick(6_000_000)
    assert engine.open_stream("192.0.2.1").local_port == 30004
    with pytest.raises(ValueError, match="no pair"):
        Engine(rtp_ports=range(5001, 5002), stepped=True)


def test_a_closed_or_wrong_endpoint_is_refused() -> None:
    pair = Pair()
    pair.two.close()
    with pytest.raises(ValueError, match="join"):
        pair.engine.join(pair.one.id, pair.two.id)
    with pytest.raises(ValueError, match="closed"):
        pair.two.stats()
    with pytest.raises(ValueError, match="not an IP address"):
        pair.one.set_remote("host.example", 1)
    with pytest.raises(ValueError, match="out of range"):
        pair.one.set_codec(8, "PCMA", 128)
    assert pair.a_says(bytes(160)) == []
    assert pair.engine.debug()["streams"] == 1


def test_mutated_packets_never_hurt_and_never_pass_as_sound() -> None:
    pair = Pair()
    dice = random.Random(11)
    for n in range(20_000):
        packet = bytearray(rtp(n, 160 * n, bytes(160), pt=dice.choice((8, 8, 101, 13, 72))))
        for _ in range(dice.randrange(0, 6)):
            packet[dice.randrange(0, min(len(packet), 24))] = dice.randrange(256)
        cut = dice.randrange(0, len(packet)) if dice.random() < 0.3 else len(packet)
        source = ("192.0.2.7", 4000) if dice.random() < 0.8 else ("203.0.113.1", dice.randrange(1, 65536))
        pair.engine.packet_in(pair.one.id, *source, bytes(packet[:cut]), pair.now_us + 20_000 * n)
        if n % 50 == 0:
            for _, _, _, data in pair.engine.packets_out():
                if not 200 <= data[1] < 210:
                    parse(data)
    assert pair.one.stats().invalid > 1000


def test_score_falls_with_loss_and_delay() -> None:
    assert StreamStats().mos is None
    assert mos(0, 20) == pytest.approx(4.4, abs=0.05)
    assert mos(0, 20) > mos(1, 20) > mos(5, 20) > mos(5, 400) > 1
    assert StreamStats(packets_received=95, packets_lost=5).mos == pytest.approx(mos(5, 20))
    stats = StreamStats(codec="G722", packets_received=97, packets_lost=1, packets_late=2, rtt_ms=100, buffer_ms=30)
    assert stats.mos == pytest.approx(mos(100 * 3 / 98, 100, "G722"))


@pytest.mark.parametrize(
    ("loss", "delay_ms", "score"),
    [(0, 0, 4.41), (0, 20, 4.40), (1, 20, 4.32), (5, 150, 3.77), (10, 150, 3.23), (0, 400, 3.05), (90, 500, 1.0)],
)
def test_score_by_the_e_model(loss: float, delay_ms: float, score: float) -> None:
    """R = 93.2 - 0.024 d - 0.11 (d - 177.3, if above) - 95 p / (p + 25.1); the score of it by G.107 annex B."""
    assert mos(loss, delay_ms) == pytest.approx(score, abs=0.02)
