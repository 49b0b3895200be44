"""Telephones and SIP ends around one stepped engine, saying tones, and who of them is heard where."""

from __future__ import annotations

import numpy as np

from firmware.media.endpoints import Stream
from firmware.media.engine import Engine
from tests.firmware_media.card import Card, Far
from tests.firmware_media.judge import Signal, decode, encode, sine

TONES_HZ = tuple(300 + 230 * n for n in range(12))
Packets = list[tuple[int, int, int, int, int, bytes]]


class House:
    """A card of `slots` telephones and `streams` SIP ends; `run` lets all of them say their tones."""

    def __init__(self, slots: int, streams: int, codecs: tuple[str, ...] = ("PCMA", "PCMU")) -> None:
        self.card = Card(slots=max(slots, 1))
        self.engine = Engine(highway_address=self.card.address, rtp_ports=range(20000, 20100), stepped=True, seed=9)
        self.slots = [self.engine.open_slot(n) for n in range(slots)]
        self.streams: list[Stream] = []
        self.fars: list[Far] = []
        for n in range(streams):
            stream, codec = self.engine.open_stream("192.0.2.1"), codecs[n % len(codecs)]
            far = Far(self.engine, stream, "192.0.2.7", 4000 + 2 * n)
            far.pt = 8 if codec == "PCMA" else 0
            stream.set_codec(far.pt, codec, None)
            stream.set_remote(far.ip, far.port)
            self.streams.append(stream)
            self.fars.append(far)
        self.at_ms = 0
        self.got: list[Packets] = [[] for _ in range(streams)]

    def codec(self, far: Far) -> str:
        return "PCMA" if far.pt == 8 else "PCMU"

    def run(self, ms: int, slots_hz: dict[int, float], streams_hz: dict[int, float], dbm0: float = -22) -> None:
        """ms: a multiple of 20. The tones run on from one call to the next."""
        for _ in range(ms // 20):
            for n, hz in slots_hz.items():
                self.card.said[n] += encode("PCMA", self._tone(hz, dbm0))
            for n, hz in streams_hz.items():
                self.fars[n].send(encode(self.codec(self.fars[n]), self._tone(hz, dbm0)), self.card.now_us)
            self.card.run(self.engine, 20)
            self.at_ms += 20
            out = self.engine.packets_out()
            for n, far in enumerate(self.fars):
                self.got[n] += far.received(out)

    def _tone(self, hz: float, dbm0: float) -> Signal:
        return sine(hz, 20, dbm0, 2 * np.pi * hz * self.at_ms / 1000)

    def heard_by_slot(self, n: int, last_ms: int) -> Signal:
        return decode("PCMA", bytes(self.card.heard[n][-8 * last_ms :]))

    def heard_by_stream(self, n: int, last_ms: int) -> Signal:
        audio = b"".join(p[5] for p in self.got[n])
        return decode(self.codec(self.fars[n]), audio[-8 * last_ms :])


def tones_in(signal: Signal) -> set[int]:
    """Which of TONES_HZ are in the signal above -30 dBm0."""
    size = np.abs(np.fft.rfft(signal * np.hanning(len(signal)))) * 4 / len(signal)
    levels = {n: size[round(hz * len(signal) / 8000)] for n, hz in enumerate(TONES_HZ)}
    return {n for n, peak in levels.items() if 20 * np.log10(peak / 22827 + 1e-12) > -30}


def click(signal: Signal) -> float:
    """Loudest sample of what is left when 0 to 1.6 kHz, where the tones and their ramps lie, is taken away."""
    band = np.fft.rfft(signal)
    band[: round(1600 * len(signal) / 8000)] = 0
    return float(np.abs(np.fft.irfft(band))[200:-200].max())
