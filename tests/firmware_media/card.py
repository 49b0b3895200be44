"""A line card without hardware: a struct highway in the test's own memory, its slots played and recorded by numpy.

`Card.run` steps an engine block by block; `Far` is an RTP peer on the other side of a stepped stream.
"""

from __future__ import annotations

from typing import Any

from cffi import FFI

from firmware.media.endpoints import Stream
from firmware.media.engine import Engine
from tests.firmware_media.judge import parse, rtp

BLOCK_US = 5000
IDLE = {0: b"\xd5", 1: b"\xff"}

_ffi = FFI()
_ffi.cdef(
    """struct highway { void *self; int slots; int law; int clock_fd; int (*begin_block)(void *);
    void (*read)(void *, int, unsigned char *); void (*write)(void *, int, const unsigned char *);
    long (*slips)(void *); double (*drift_ppm)(void *); };"""
)


class Card:
    """law: 0 A-law, 1 u-law. `said[slot]` is consumed by the engine, `heard[slot]` collects what it gives."""

    def __init__(self, law: int = 0, slots: int = 4) -> None:
        self.law = law
        self.said = {slot: bytearray() for slot in range(slots)}
        self.heard = {slot: bytearray() for slot in range(slots)}
        self.now_us = 0
        self._due = 0
        self._keep: list[Any] = []
        self._highway = _ffi.new("struct highway *")
        self._highway.slots, self._highway.law, self._highway.clock_fd = slots, law, -1
        for name, kind, function in (
            ("begin_block", "int(void *)", self._begin),
            ("read", "void(void *, int, unsigned char *)", self._read),
            ("write", "void(void *, int, const unsigned char *)", self._write),
            ("slips", "long(void *)", lambda _: 0),
            ("drift_ppm", "double(void *)", lambda _: 0.0),
        ):
            callback = _ffi.callback(kind, function)
            self._keep.append(callback)
            setattr(self._highway, name, callback)
        self.address = int(_ffi.cast("intptr_t", self._highway))

    def _begin(self, _: Any) -> int:
        if self._due == 0:
            return 0
        self._due -= 1
        for slot in self.heard:
            self.heard[slot] += IDLE[self.law] * 40
        return 1

    def _read(self, _: Any, slot: int, out: Any) -> None:
        block = bytes(self.said[slot][:40]).ljust(40, IDLE[self.law])
        del self.said[slot][:40]
        _ffi.memmove(out, block, 40)

    def _write(self, _: Any, slot: int, octets: Any) -> None:
        self.heard[slot][-40:] = bytes(_ffi.buffer(octets, 40))

    def run(self, engine: Engine, ms: int) -> None:
        """Step the engine through `ms`, in blocks of 5 ms."""
        for _ in range(ms // 5):
            self.step(engine)

    def step(self, engine: Engine) -> None:
        self.now_us += BLOCK_US
        self._due = 1
        engine.tick(self.now_us)


class Far:
    """The far end of a stepped stream: sends packets of 20 ms, collects what it gets."""

    def __init__(self, engine: Engine, stream: Stream, ip: str = "192.0.2.7", port: int = 4000) -> None:
        self.engine, self.stream, self.ip, self.port = engine, stream, ip, port
        self.sequence, self.timestamp, self.ssrc, self.pt = 65530, 0xFFFFFF00, 0xCAFE, 8

    def send(self, payload: bytes, now_us: int, pt: int | None = None, samples: int | None = None) -> None:
        packet = rtp(self.sequence, self.timestamp, payload, self.pt if pt is None else pt, self.ssrc)
        self.engine.packet_in(self.stream.id, self.ip, self.port, packet, now_us)
        self.sequence += 1
        self.timestamp += len(payload) if samples is None else samples

    def received(self, out: list[tuple[int, str, int, bytes]]) -> list[tuple[int, int, int, int, int, bytes]]:
        """Of `engine.packets_out()`, the RTP that was sent to us, in order."""
        mine = [data for stream, _, port, data in out if stream == self.stream.id and port == self.port]
        return [parse(data) for data in mine]
