"""An RTP end that a test holds in its hand: sends a tone on time, notes every packet that arrives.

Arrival times are the kernel's (SO_TIMESTAMPNS), so that a busy test process does not blame the
firmware. A-law by the textbook, sharing nothing with the engine.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from dataclasses import dataclass

import numpy as np

from tests.interop.host import LOOPBACK, Host
from tests.interop.sounds import RATE_HZ, Samples

SO_TIMESTAMPNS = 35  # asm-generic/socket.h
PACKET_SAMPLES = 160


def alaw_encode(samples: Samples) -> bytes:
    """ITU-T G.711 A-law, from its segment definition; samples -1 to 1."""
    linear = np.clip(samples * 4096, -4095, 4095).astype(int)
    sign = np.where(linear >= 0, 0x80, 0)
    magnitude = np.minimum(np.abs(linear), 4095)
    segment = np.clip(np.floor(np.log2(np.maximum(magnitude, 1))).astype(int) - 4, 0, 7)
    mantissa = np.where(magnitude < 32, magnitude >> 1, (magnitude >> segment) & 0x0F)
    segment = np.where(magnitude < 32, 0, segment)
    low = (magnitude >= 32) & (magnitude < 64)
    segment = np.where(low, 1, segment)
    mantissa = np.where(low, (magnitude >> 1) & 0x0F, mantissa)
    return bytes(((sign | (segment << 4) | mantissa) ^ 0x55).astype(np.uint8))


def alaw_decode(octets: bytes) -> Samples:
    code = np.frombuffer(octets, np.uint8) ^ 0x55
    segment = ((code >> 4) & 7).astype(int)
    mantissa = (code & 15).astype(int)
    value = np.where(segment == 0, 2 * mantissa + 1, (2 * mantissa + 33) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, value, -value) / 4096.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """One packet: kernel arrival time, sender, and its header's fields."""

    at_s: float
    source: tuple[str, int]
    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


class RtpPeer:
    """Bind, then `talk(samples, remote)` loops the samples until `hush` or `stop`; `arrivals` grows by itself."""

    def __init__(self, host: Host = LOOPBACK) -> None:
        self.socket = host.socket()
        self.socket.bind((host.ip, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.settimeout(0.2)
        self.port = int(self.socket.getsockname()[1])
        self.arrivals: list[Arrival] = []
        self._ending = threading.Event()
        self._hushed = threading.Event()
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def _listen(self) -> None:
        while not self._ending.is_set():
            try:
                data, ancillary, _, source = self.socket.recvmsg(2048, 64)
            except TimeoutError:
                continue
            except OSError:
                return
            if len(data) < 12 or 192 <= data[1] <= 223:
                continue
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
            first, second, sequence, timestamp, ssrc = struct.unpack("!BBHII", data[:12])
            del first
            self.arrivals.append(
                Arrival(
                    seconds + nanoseconds / 1e9,
                    source,
                    second & 127,
                    second > 127,
                    sequence,
                    timestamp,
                    ssrc,
                    data[12:],
                )
            )

    def talk(self, samples: Samples, remote: tuple[str, int], payload_type: int = 8) -> None:
        self.hush()
        self._hushed = threading.Event()
        thread = threading.Thread(target=self._talk, args=(alaw_encode(samples), remote, payload_type), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _talk(self, octets: bytes, remote: tuple[str, int], payload_type: int) -> None:
        packets = [octets[i : i + PACKET_SAMPLES] for i in range(0, len(octets) - PACKET_SAMPLES + 1, PACKET_SAMPLES)]
        begin = time.monotonic()
        number = 0
        hushed = self._hushed
        while not self._ending.is_set() and not hushed.is_set():
            header = struct.pack(
                "!BBHII", 0x80, payload_type | (0x80 if number == 0 else 0), number & 0xFFFF, number * 160, 0x1234ABCD
            )
            try:
                self.socket.sendto(header + packets[number % len(packets)], remote)
            except OSError:
                return
            number += 1
            time.sleep(max(0.0, begin + number * 0.02 - time.monotonic()))

    def hush(self) -> None:
        """End what `talk` began."""
        self._hushed.set()

    def heard(self, last_s: float | None = None) -> Samples:
        """What arrived as sound, in order of sequence numbers, G.711 A-law only."""
        audio = [a for a in list(self.arrivals) if a.payload_type == 8]
        if last_s is not None:
            audio = audio[-int(last_s * RATE_HZ / PACKET_SAMPLES) :]
        return alaw_decode(b"".join(a.payload for a in audio))

    def stop(self) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(2)
        self.socket.close()


def missing(arrivals: list[Arrival]) -> int:
    """Sequence numbers that never came between the first and the last."""
    seen = sorted({(a.sequence - arrivals[0].sequence) & 0xFFFF for a in arrivals})
    return seen[-1] + 1 - len(seen)


def worst_lateness_ms(arrivals: list[Arrival]) -> float:
    """How late the latest packet came against the steady 20 ms clock of the earliest ones."""
    offsets = [a.at_s - ((a.sequence - arrivals[0].sequence) & 0xFFFF) * 0.02 for a in arrivals]
    return (max(offsets) - min(offsets)) * 1000
