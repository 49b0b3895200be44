"""A media engine that only takes notes: for tests of signalling without sound."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from firmware.media.errors import PortsExhausted


@dataclass
class Figures:
    packets_received: int = 50
    packets_lost: int = 1
    jitter_ms: float = 2.5
    mos: float | None = 4.3
    rtt_ms: float | None = 12.0
    far_lost: int | None = 2
    packets_sent: int = 40


@dataclass
class FakeStream:
    engine: FakeEngine
    id: int
    local_port: int
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    remote: tuple[str, int] | None = None
    signal_ip: str = ""
    codec: tuple[Any, ...] | None = None
    direction: tuple[bool, bool] | None = None
    ptime_asked: bool = False
    rtcp: tuple[int, bool] = (0, False)
    closed: bool = False
    digits: str = "agreed"

    def set_remote(self, ip: str, port: int, signal_ip: str = "") -> None:
        self.remote = (ip, port)
        self.signal_ip = signal_ip

    def set_codec(
        self, pt: int, codec: str, event_pt: int | None, ptime_ms: int = 20, *, ptime_asked: bool = False
    ) -> None:
        self.codec = (pt, codec, event_pt, ptime_ms)
        self.ptime_asked = ptime_asked

    def set_rtcp(self, port: int, *, mux: bool) -> None:
        self.rtcp = (port, mux)

    def set_direction(self, send: bool, receive: bool) -> None:
        self.direction = (send, receive)

    def set_jitter(self, fixed_ms: int) -> None:
        self.calls.append(("jitter", fixed_ms))

    def relearn_source(self) -> None:
        self.calls.append(("relearn",))

    def set_digits(self, how: str) -> None:
        self.digits = how

    def send_digit(self, digit: str, ms: int) -> None:
        self.calls.append(("digit", digit, ms))

    def stats(self) -> Figures:
        return Figures()

    def close(self) -> None:
        assert not self.closed, "closed twice"
        self.closed = True
        self.engine.open.pop(self.id)


class FakeEngine:
    """ports: how many streams may be open at a time."""

    def __init__(self, ports: int = 5000) -> None:
        self.ports = ports
        self.open: dict[int, FakeStream] = {}
        self._serial = 0

    def open_stream(self, local_ip: str) -> FakeStream:
        if len(self.open) >= self.ports:
            raise PortsExhausted
        self._serial += 1
        stream = FakeStream(self, self._serial, 10000 + 2 * (self._serial % 500))
        self.open[self._serial] = stream
        return stream
