"""What a relayed RTP packet costs the media engine beside the bare C relay, and how late it makes it.

Bare relay and one engine for each pair of codecs (`PAIRS`) run at the same time, each in a
process of its own, fed in turn by the same loop; only their own CPU is counted (schedstat, ns).
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from tests.bench.figures import Row

CALLS = 20
SPACING_S = 0.02
FEED_S = 3.0
PINGS = 1500
PAIRS = (("PCMA", "PCMA"), ("PCMA", "PCMU"), ("G722", "G722"), ("G722", "PCMA"))
"""What the far ends of an engine's calls speak. Of the last, half the packets are decoded and half are coded."""
TYPES = {"PCMA": 8, "PCMU": 0, "G722": 9}


def cpu_ns(pid: int) -> int:
    """CPU of all threads of a process so far."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


class Relay:
    """A relay process and our two sockets, the far ends of all its calls."""

    def __init__(self, command: list[str], codecs: tuple[str, str] = ("PCMA", "PCMA")) -> None:
        self._heads = [bytes([0x80, TYPES[codec]]) for codec in codecs]
        self.ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for end in self.ends:
            end.bind(("127.0.0.1", 0))
            end.setblocking(False)
        ports = [str(end.getsockname()[1]) for end in self.ends]
        self.process = subprocess.Popen([*command, str(CALLS), *ports], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline().split() for _ in range(CALLS)]
        self.ports = [(int(a), int(b)) for a, b in lines]

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.communicate()
        for end in self.ends:
            end.close()

    def send(self, call: int, side: int, number: int) -> None:
        head = self._heads[side] + (number & 0xFFFF).to_bytes(2, "big") + (160 * number).to_bytes(4, "big") + b"ssrc"
        self.ends[side].sendto(head + bytes(160), ("127.0.0.1", self.ports[call][side]))

    def drain(self) -> int:
        """Packets that came back since."""
        count = 0
        for end in self.ends:
            while True:
                try:
                    end.recv(2048)
                except BlockingIOError:
                    break
                count += 1
        return count


def feed(relays: list[Relay], first: int, seconds: float) -> list[float]:
    """CPU in us per relayed packet of each relay, all fed in turn, 50 packets/s each way and call.

    first: sequence number of the first packet; the engine drops doubles.
    """
    before = [cpu_ns(relay.process.pid) for relay in relays]
    counts = [0] * len(relays)
    began = time.perf_counter()
    for number in range(1, round(seconds / SPACING_S) + 1):
        for call in range(CALLS):
            for side in (0, 1):
                for i in range(len(relays)):  # in turn, so that none is always woken by the same neighbour
                    relays[(i + call) % len(relays)].send(call, side, first + number)
            for i, relay in enumerate(relays):
                counts[i] += relay.drain()
            time.sleep(max(0.0, began + (number - 1 + (call + 1) / CALLS) * SPACING_S - time.perf_counter()))
    time.sleep(0.05)
    counts = [count + relay.drain() for count, relay in zip(counts, relays, strict=True)]
    spent = [cpu_ns(relay.process.pid) - ns for relay, ns in zip(relays, before, strict=True)]
    sent = round(seconds / SPACING_S) * CALLS * 2
    assert min(counts) > 0.98 * sent, f"packets lost: {counts} of {sent}"
    return [ns / 1000 / count for ns, count in zip(spent, counts, strict=True)]


def latencies_ms(relay: Relay, first: int) -> list[float]:
    """From sendto to recv through the relay, one packet at a time; sorted."""
    far = relay.ends[1]
    relay.drain()
    far.settimeout(2)
    taken = []
    for number in range(first, first + PINGS):
        begin = time.perf_counter()
        relay.send(0, 0, number)
        far.recv(2048)
        taken.append(1000 * (time.perf_counter() - begin))
        time.sleep(0.0005)
    far.setblocking(False)
    return sorted(taken)


def media_rows(folder: Path, runs: int) -> list[Row]:
    """Rows of the media engine: CPU per packet and ratios, latency. folder: for the compiled bare relay."""
    binary = folder / "relay"
    source = Path(__file__).with_name("relay.c")
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-o", str(binary), str(source)], check=True)
    figures: list[list[float]] = []
    late: list[list[float]] = []
    with ExitStack() as stack:
        bare = stack.enter_context(Relay([str(binary)]))
        engines = [
            stack.enter_context(Relay([sys.executable, "-m", "tests.bench.media", *pair], pair)) for pair in PAIRS
        ]
        feed([bare, *engines], 0, 0.5)
        for run in range(1, runs + 1):
            figures.append(feed([bare, *engines], 2500 * run, FEED_S))
            late.append(
                [
                    late_ms[PINGS * part // 100]
                    for late_ms in (latencies_ms(bare, 2500 * run + 500), latencies_ms(engines[0], 2500 * run + 500))
                    for part in (50, 99)
                ]
            )
    bare_us, same_us, laws_us, wide_us, recoded_us = zip(*figures, strict=True)
    bare_p50, bare_p99, p50, p99 = zip(*late, strict=True)
    return [
        Row("bare relay, CPU per packet", "us", bare_us),
        Row("relayed packet, CPU per packet", "us", same_us),
        Row("relayed packet against bare relay", "times", ratios(same_us, bare_us), "<= 1.2"),
        Row("A-law/u-law packet against bare relay", "times", ratios(laws_us, bare_us), "<= 1.4"),
        Row("G.722 packet, relayed, against bare relay", "times", ratios(wide_us, bare_us), "<= 1.2"),
        Row("G.722/A-law packet, CPU per packet", "us", recoded_us),
        Row("G.722/A-law packet against bare relay", "times", ratios(recoded_us, bare_us)),
        Row("bare relay, socket to socket, p50", "ms", bare_p50),
        Row("bare relay, socket to socket, p99", "ms", bare_p99),
        Row("relayed packet, socket to socket, p50", "ms", p50, "< 0.1 added"),
        Row("relayed packet, socket to socket, p99", "ms", p99, "< 1 added"),
    ]


def ratios(over: tuple[float, ...], under: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(a / b for a, b in zip(over, under, strict=True))


def relay_with_engine(codecs: tuple[str, str], calls: int, ports: tuple[int, int]) -> None:
    """The engine as a relay process like relay.c; ends when its input does."""
    from firmware.media.engine import Engine

    first = 20_000 + os.getpid() % 200 * 100
    engine = Engine(rtp_ports=range(first, first + 4 * calls + 400), local_ip="127.0.0.1")
    engine.start()
    for _ in range(calls):
        pair = [engine.open_stream() for _ in range(2)]
        for stream, port, codec in zip(pair, ports, codecs, strict=True):
            stream.set_codec(TYPES[codec], codec, None)
            stream.set_remote("127.0.0.1", port)
        engine.join(pair[0].id, pair[1].id)
        print(pair[0].local_port, pair[1].local_port, flush=True)
    sys.stdin.read()
    engine.stop()


if __name__ == "__main__":
    if len(sys.argv) == 6:
        _, one, other, calls, *ports = sys.argv
        relay_with_engine((one, other), int(calls), (int(ports[0]), int(ports[1])))
    else:
        import tempfile

        with tempfile.TemporaryDirectory() as temporary:
            for row in media_rows(Path(temporary), int(sys.argv[1]) if len(sys.argv) > 1 else 3):
                print(row.line())
