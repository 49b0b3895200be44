"""RTCP: injected loss, jitter and round trip come back within 10 %; where reports go; BYE; the mark of audio."""

import random
import socket
import struct

import pytest

from firmware.media.engine import Engine
from tests.firmware_media.card import Far
from tests.firmware_media.judge import rtp
from tests.interop.processes import free_port

NTP_1900_TO_1970_S = 2208988800


class Call:
    """A stream whose far end sends G.711 and reports of its own."""

    def __init__(self) -> None:
        self.engine = Engine(rtp_ports=range(20000, 20010), stepped=True, seed=9)
        self.stream = self.engine.open_stream("192.0.2.1")
        self.far = Far(self.engine, self.stream)
        self.stream.set_codec(8, "PCMA", None)
        self.stream.set_remote(self.far.ip, self.far.port)
        self.now_us = 1_000_000

    def run(self, ms: float) -> list[tuple[int, bytes]]:
        """What came out as (port, packet)."""
        self.now_us += round(1000 * ms)
        self.engine.tick(self.now_us)
        return [(port, data) for _, _, port, data in self.engine.packets_out()]

    def locks(self) -> None:
        """The far end's address is certain: from now on its RTCP counts on the RTP port too."""
        for n in range(5):
            packet = rtp(n, 160 * n, b"\xd5" * 160, 8, 0xCAFE)
            self.engine.packet_in(self.stream.id, self.far.ip, self.far.port, packet, self.now_us)

    def reports(self, packets: int, loss: float, jitter_ms: float) -> list[tuple[int, bytes]]:
        """The far end sends so many packets of 20 ms, some of them lost, each late by 0 to 2 * jitter_ms."""
        dice, out = random.Random(4), []
        due: list[tuple[float, int]] = []
        for n in range(packets):
            if dice.random() >= loss:
                due.append((20 * n + dice.choice((0, 2 * jitter_ms)), n))
        for at, n in sorted(due):
            wait = 1_000_000 + round(at * 1000) - self.now_us
            out += self.run(max(0, wait) / 1000)
            packet = rtp(n, 160 * n, b"\xd5" * 160, 8, 0xCAFE)
            self.engine.packet_in(self.stream.id, self.far.ip, self.far.port, packet, self.now_us)
        return [(port, data) for port, data in out if 200 <= data[1] <= 204]


def block_of(report: bytes) -> tuple[int, int, int, int, int, int]:
    """(fraction, lost, highest, jitter, LSR, DLSR) of the first report block."""
    at = 28 if report[1] == 200 else 8
    _, lost, highest, jitter, lsr, dlsr = struct.unpack_from("!IIIIII", report, at)
    return lost >> 24, lost & 0xFFFFFF, highest, jitter, lsr, dlsr


def kinds(report: bytes) -> list[int]:
    found, at = [], 0
    while at < len(report):
        found.append(report[at + 1])
        at += 4 * (struct.unpack_from("!H", report, at + 2)[0] + 1)
    assert at == len(report)
    return found


@pytest.mark.parametrize("loss", [0.02, 0.1, 0.3])
def test_injected_loss_is_reported(loss: float) -> None:
    call = Call()
    reports = call.reports(3000, loss, 0)
    stats = call.stream.stats()
    share = stats.packets_lost / (stats.packets_lost + stats.packets_received)
    dice = random.Random(4)
    truly = sum(dice.random() < loss or dice.choice((0, 0)) > 0 for _ in range(3000)) / 3000
    assert share == pytest.approx(truly, rel=0.1)
    fraction, lost, highest, *_ = block_of(reports[-1][1])
    assert lost / (highest + 1) == pytest.approx(truly, rel=0.1)
    mean = sum(block_of(data)[0] for _, data in reports) / len(reports) / 256
    assert mean == pytest.approx(truly, rel=0.1) and 0 <= fraction < 256


@pytest.mark.parametrize("jitter_ms", [2, 5, 9])
def test_injected_jitter_is_reported(jitter_ms: float) -> None:
    """Each packet is late by 0 or 2 j: the mean change of transit time is j."""
    call = Call()
    reports = call.reports(3000, 0, jitter_ms)
    told = [block_of(data)[3] / 8 for _, data in reports[2:]]
    assert sum(told) / len(told) == pytest.approx(jitter_ms, rel=0.1)
    assert call.stream.stats().jitter_ms == pytest.approx(jitter_ms, rel=0.5)  # one moment of a moving mean


@pytest.mark.parametrize("trip_ms", [5, 80, 700])
def test_injected_round_trip_is_measured_and_ours_can_be(trip_ms: int) -> None:
    call = Call()
    call.stream.play_digit("1", 8000)  # so that we send
    out: list[bytes] = []
    while not out:
        out = [data for _, data in call.run(5) if data[1] == 200]
    ssrc, seconds, part = struct.unpack_from("!III", out[0], 4)
    lsr = (seconds & 0xFFFF) << 16 | part >> 16
    held_ms = 250
    call.run(trip_ms + held_ms)
    answer = struct.pack("!BBHI", 0x81, 201, 7, 0xCAFE)
    answer += struct.pack("!IIIIII", ssrc, 64 << 24 | 12, 900, 40, lsr, held_ms * 65536 // 1000)
    call.locks()
    call.engine.packet_in(call.stream.id, call.far.ip, call.far.port, answer, call.now_us)
    stats = call.stream.stats()
    assert stats.rtt_ms == pytest.approx(trip_ms, rel=0.1)
    assert (stats.far_lost, stats.far_loss, stats.far_jitter_ms) == (12, 0.25, 5.0)


def test_our_report_lets_the_far_end_measure_too() -> None:
    call = Call()
    sender = struct.pack("!BBHIIIIII", 0x80, 200, 6, 0xCAFE, 0x11112222, 0x33334444, 0, 5, 800)
    call.locks()
    call.engine.packet_in(call.stream.id, call.far.ip, call.far.port, sender, call.now_us)
    heard_us, out = call.now_us, []
    while not out:
        out = [data for _, data in call.run(5) if data[1] in (200, 201)]
    *_, lsr, dlsr = block_of(out[0])
    assert lsr == 0x22223333
    assert dlsr / 65536 == pytest.approx((call.now_us - heard_us) / 1e6, rel=0.1)


@pytest.mark.parametrize(
    ("port", "mux", "goes_to"), [(0, False, 4001), (4711, False, 4711), (0, True, 4000), (4711, True, 4000)]
)
def test_where_reports_go(port: int, mux: bool, goes_to: int) -> None:
    call = Call()
    call.stream.set_rtcp(port, mux=mux)
    reports = call.reports(600, 0, 0)
    assert len(reports) >= 2 and {to for to, _ in reports} == {goes_to}
    assert all(kinds(data) == [201, 202] for _, data in reports)


def test_bye_when_a_stream_that_spoke_is_closed() -> None:
    call = Call()
    call.reports(600, 0, 0)
    call.run(0)
    call.stream.close()
    ((port, bye),) = [(port, data) for _, _, port, data in call.engine.packets_out()]
    assert port == 4001 and kinds(bye) == [201, 202, 203]
    assert bye[-4:] == bye[4:8]


def test_no_bye_to_whom_nothing_was_ever_sent() -> None:
    call = Call()
    call.stream.close()
    assert call.engine.packets_out() == []


def test_an_impossible_port_is_an_error() -> None:
    with pytest.raises(ValueError, match="70000"):
        Call().stream.set_rtcp(70000, mux=False)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
@pytest.mark.parametrize("dscp", [46, 0, 34])
def test_audio_carries_its_mark(family: socket.AddressFamily, dscp: int) -> None:
    """As the receiver sees it, in the header of the packet (RFC 3246: Expedited Forwarding is 46)."""
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    first = free_port() // 2 * 2 - 40
    engine = Engine(rtp_ports=range(first, first + 40), local_ip=host, dscp=dscp)
    engine.start()
    with socket.socket(family, socket.SOCK_DGRAM) as peer:
        peer.bind((host, 0))
        peer.settimeout(5)
        if family == socket.AF_INET:
            peer.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        else:
            peer.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        stream = engine.open_stream()
        stream.set_codec(8, "PCMA", None)
        stream.set_remote(host, peer.getsockname()[1])
        stream.play_digit("5", 200)
        _, ancillary, _, _ = peer.recvmsg(2048, 256)
    engine.stop()
    ((_, _, mark),) = ancillary
    assert mark[0] >> 2 == dscp


def test_an_impossible_mark_is_an_error() -> None:
    with pytest.raises(ValueError, match="DSCP"):
        Engine(rtp_ports=range(20000, 20010), stepped=True, dscp=64)
