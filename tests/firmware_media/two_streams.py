"""Two stepped streams joined, each with a far end of its own codec and packet length."""

from __future__ import annotations

from firmware.media.codec_table import CODECS
from firmware.media.engine import Engine
from tests.firmware_media.card import Far

Packet = tuple[int, int, int, int, int, bytes]
"""(marker, payload type, sequence, timestamp, ssrc, payload)"""


class TwoStreams:
    """`a` speaks to stream one, `b` to stream two. asked: whether each of them wants its packet length and no other."""

    def __init__(self, a_codec: str, b_codec: str, *, ptimes: tuple[int, int] = (20, 20), asked: bool = False) -> None:
        self.engine = Engine(rtp_ports=range(20000, 20010), stepped=True, seed=3)
        self.now_us = 1_000_000
        self.one, self.two = self.engine.open_stream("192.0.2.1"), self.engine.open_stream("192.0.2.1")
        self.a, self.b = Far(self.engine, self.one, "192.0.2.7", 4000), Far(self.engine, self.two, "192.0.2.8", 5000)
        ends = ((self.one, self.a, a_codec, ptimes[0]), (self.two, self.b, b_codec, ptimes[1]))
        for stream, far, codec, ptime_ms in ends:
            far.pt = CODECS[codec].payload_type
            stream.set_codec(far.pt, codec, 101, ptime_ms, ptime_asked=asked)
            stream.set_remote(far.ip, far.port)
        self.engine.tick(self.now_us)
        self.engine.join(self.one.id, self.two.id)

    def run(self, ms: int) -> None:
        for _ in range(ms // 5):
            self.now_us += 5000
            self.engine.tick(self.now_us)

    def a_says(self, octets: bytes, ms: int = 20) -> list[Packet]:
        """In packets of so many milliseconds, in time. Returns what b got meanwhile."""
        got: list[Packet] = []
        for at in range(0, len(octets), 8 * ms):
            self.run(ms)
            self.a.send(octets[at : at + 8 * ms], self.now_us)
            got += self.b.received(self.engine.packets_out())
        return got
