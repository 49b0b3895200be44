"""The engine's thread on real sockets: relay, ports in use, tones without a card, and the GIL held by others."""

import multiprocessing as mp
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from firmware.media.endpoints import Stream
from firmware.media.engine import Engine
from firmware.media.events import DigitHeard, SourceLocked
from firmware.telephony.cadence import Tone, ToneSegment
from tests.firmware_media.judge import decode, parse, rtp, spectrum


def free_range(count: int) -> range:
    """A range of ports nobody seems to use now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        first = min(int(probe.getsockname()[1]), 65000 - count)
    return range(first, first + count)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(rtp_ports=free_range(60), local_ip="127.0.0.1")
    engine.start()
    yield engine
    engine.stop()


def peer(ip: str = "127.0.0.1") -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((ip, 0))
    sock.settimeout(5)
    return sock


def stream_to(engine: Engine, sock: socket.socket, codec: str = "PCMA", event_pt: int | None = 101) -> Stream:
    ip, port = sock.getsockname()[:2]
    stream = engine.open_stream(ip)
    stream.set_codec(8 if codec == "PCMA" else 0, codec, event_pt)
    stream.set_remote(ip, port)
    return stream


@pytest.mark.parametrize(
    ("ip", "other_ip"),
    [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::1", "127.0.0.1"), ("127.0.0.1", "::1")],
)
def test_relay_through_sockets_and_events_wake_the_loop(engine: Engine, ip: str, other_ip: str) -> None:
    with peer(ip) as a, peer(other_ip) as b:
        one, two = stream_to(engine, a), stream_to(engine, b, "PCMU")
        engine.join(one.id, two.id)
        for n in range(10):
            a.sendto(rtp(n, 160 * n, bytes(160)), (ip, one.local_port))
            _, pt, _, _, _, payload = parse(b.recv(2048))
            assert (pt, len(payload)) == (0, 160)
        assert select.select([engine], [], [], 5)[0]
        assert SourceLocked(one.id, *a.getsockname()[:2]) in engine.drain()
        assert not select.select([engine], [], [], 0)[0]
        a.sendto(rtp(10, 1600, bytes([3, 0x8A, 1, 0x40]), pt=101), (ip, one.local_port))
        assert select.select([engine], [], [], 5)[0]
        assert engine.drain() == [DigitHeard(one.id, "3", "rtp", 40)]


def test_a_tone_ticks_without_a_card_and_the_timer_rests_again(engine: Engine) -> None:
    with peer() as a:
        stream = stream_to(engine, a)
        stream.play_tone(Tone("ringback", (ToneSegment((425,)),)))
        packets = [parse(a.recv(2048)) for _ in range(15)]
        stream.stop_tone()
        audio = decode("PCMA", b"".join(p[5] for p in packets))
        assert spectrum(audio[400:])[0][0] == pytest.approx(425, abs=2)
        a.settimeout(0.3)
        with pytest.raises(TimeoutError):
            while True:
                a.recv(2048)
        blocks = engine.debug()["blocks"]
        time.sleep(0.05)
        assert engine.debug()["blocks"] == blocks


def test_reports_arrive_over_ipv6_on_the_port_above(engine: Engine) -> None:
    with peer("::1") as a, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as rtcp:
        rtcp.bind(("::1", a.getsockname()[1] + 1))
        rtcp.settimeout(10)
        stream = stream_to(engine, a)
        stream.play_tone(Tone("ringback", (ToneSegment((425,)),)))
        report, source = rtcp.recvfrom(2048)
        assert report[1] == 200 and source[1] == stream.local_port + 1


def test_one_family_does_not_take_the_other_ones_ports(engine: Engine) -> None:
    ports = free_range(4)
    own = Engine(rtp_ports=ports, local_ip="::")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", ports.start + ports.start % 2))
        assert own.open_stream("::").local_port == ports.start + ports.start % 2


def test_a_port_somebody_else_has_is_passed_over(engine: Engine) -> None:
    ports = free_range(8)
    own = Engine(rtp_ports=ports, local_ip="127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", ports.start + ports.start % 2 + 1))  # the RTCP port of the first pair
        assert own.open_stream().local_port == ports.start + ports.start % 2 + 2


def test_garbage_on_both_sockets_is_counted_and_survived(engine: Engine) -> None:
    with peer() as a:
        stream = stream_to(engine, a)
        for size in (0, 1, 11, 12, 100, 1500, 9000):
            for port in (stream.local_port, stream.local_port + 1):
                a.sendto(b"\x80\xc8" + b"\xff" * size, ("127.0.0.1", port))
        deadline = time.monotonic() + 5
        while stream.stats().invalid < 4 and time.monotonic() < deadline:
            time.sleep(0.005)
        assert stream.stats().invalid >= 4


def test_opening_and_closing_under_traffic(engine: Engine) -> None:
    stop = threading.Event()
    with peer() as a:

        def flood() -> None:
            n = 0
            while not stop.is_set():
                for port in engine_ports:
                    a.sendto(rtp(n, 160 * n, bytes(160)), ("127.0.0.1", port))
                n += 1
                time.sleep(0.001)

        engine_ports = list(range(20000, 20001))
        flooding = threading.Thread(target=flood)
        flooding.start()
        for _ in range(12):
            one, two = stream_to(engine, a), stream_to(engine, a)
            engine_ports[:] = [one.local_port, two.local_port]
            engine.join(one.id, two.id)
            time.sleep(0.01)
            one.close()
            two.close()
        stop.set()
        flooding.join()
    assert engine.debug()["streams"] == 0


def hold_the_gil(port_pipe: "mp.connection.Connection", peer_port: int) -> None:
    """A core whose Python thread keeps the GIL for 200 ms at a time."""
    import ctypes

    engine = Engine(rtp_ports=free_range(60), local_ip="127.0.0.1")
    engine.start()
    one, two = engine.open_stream(), engine.open_stream()
    for stream in (one, two):
        stream.set_codec(8, "PCMA", None)
        stream.set_remote("127.0.0.1", peer_port)
    engine.join(one.id, two.id)
    port_pipe.send(one.local_port)
    python = ctypes.PyDLL(None)
    for _ in range(4):
        python.usleep(200_000)
    port_pipe.recv()
    engine.stop()


def test_frames_pass_while_python_holds_the_gil() -> None:
    ours, theirs = mp.Pipe()
    with peer() as a:
        core = mp.get_context("spawn").Process(target=hold_the_gil, args=(theirs, a.getsockname()[1]))
        core.start()
        port = ours.recv()
        late_ms = []
        for n in range(30):
            begin = time.perf_counter()
            a.sendto(rtp(n, 160 * n, struct.pack("!d", begin) * 20), ("127.0.0.1", port))
            assert parse(a.recv(2048))[5][:8] == struct.pack("!d", begin)
            late_ms.append(1000 * (time.perf_counter() - begin))
            time.sleep(max(0, 0.02 - (time.perf_counter() - begin)))
        ours.send(None)
        core.join(10)
    assert sorted(late_ms)[len(late_ms) // 2] < 5
    assert max(late_ms) < 60  # 200 ms would be the GIL; a busy test machine gets the rest
