"""What exchanges say, made by numpy from the tables' figures, and the pieces that the true engine tells of it."""

from __future__ import annotations

import numpy as np

from firmware.media.engine import Engine
from firmware.media.events import SegmentHeard
from firmware.telephony.cadence import Tone
from firmware.telephony.countries import country_names, load_country
from tests.firmware_media.card import Card
from tests.firmware_media.judge import PEAK_0DBM0, Signal, encode

STEP_MS = 500
LASTING_MS = 14_000
"""Of a tone without end, in one piece."""


def unlike(*names: str) -> list[str]:
    """Countries that differ in these tones: one of each kind."""
    kinds = {tuple(load_country(code).tone(name).segments for name in names): code for code in sorted(country_names())}
    return sorted(kinds.values())


def period_s(tone: Tone) -> float:
    return sum(s.ms or 0 for s in tone.segments if not s.once) / 1000


def sound_of(tone: Tone, ms: int, dbm0: float = -15.0, start_ms: int = 0) -> Signal:
    """The tone as an exchange sends it, from `start_ms` of its cadence on."""
    rate = 8
    parts = []
    for segment in [s for s in tone.segments if not s.once] or tone.segments:
        count = (segment.ms or ms) * rate
        at = np.arange(count) / 8000
        if not segment.hz:
            parts.append(np.zeros(count))
        elif segment.am:
            carrier, modulation = segment.hz
            envelope = (1 + 0.85 * np.sin(2 * np.pi * modulation * at)) / 1.85
            parts.append(envelope * np.sin(2 * np.pi * carrier * at))
        else:
            waves = [np.sin(2 * np.pi * hz * at) for hz in segment.hz]
            parts.append(np.sum(waves, axis=0) / len(waves) ** 0.5)
    period = np.concatenate(parts)
    whole = np.tile(period, (start_ms + ms) * rate // period.size + 2)
    return PEAK_0DBM0 * 10 ** (dbm0 / 20) * whole[start_ms * rate :][: ms * rate]


def sounding(tone: Tone, seconds: float, dbm0: float, seed: int) -> Signal:
    """The tone joined 0.4 s late, as a line that was just connected does, 40 dB above noise."""
    parts: list[Signal] = []
    repeated = [segment for segment in tone.segments if not segment.once]
    made = 0.0
    while made < seconds + 0.4:
        for segment in repeated:
            ms = LASTING_MS if segment.ms is None else segment.ms
            time_s = made + np.arange(round(ms * 8)) / 8000
            made += ms / 1000
            waves = [np.sin(2 * np.pi * hz * time_s + n) for n, hz in enumerate(segment.hz)]
            if segment.am:  # 90 % deep, as the engine plays it
                part = waves[0] * (1 + 0.9 * waves[1]) / np.sqrt(1 + 0.9**2 / 2)
            else:
                part = np.sum(waves, axis=0) / np.sqrt(len(waves)) if waves else np.zeros(len(time_s))
            parts.append(part * 10 ** ((dbm0 - segment.att_db) / 20))
    whole = np.concatenate([np.zeros(2400), np.concatenate(parts)[3200 : round(8000 * seconds) + 800]])
    return PEAK_0DBM0 * (whole + np.random.default_rng(seed).normal(0, 10 ** ((dbm0 - 40) / 20), len(whole)))


def told(signals: list[Signal]) -> list[list[SegmentHeard]]:
    """What is told of lines that say these, all at once."""
    card = Card(slots=len(signals))
    engine = Engine(highway_address=card.address, rtp_ports=range(20000, 20010), stepped=True)
    pieces: dict[int, list[SegmentHeard]] = {}
    for slot, signal in enumerate(signals):
        line = engine.open_slot(slot)
        line.listen_signals(progress=True)
        pieces[line.id] = []
        card.said[slot] += encode("PCMA", np.clip(signal, -32000, 32000))
    for _ in range(len(signals[0]) // (8 * STEP_MS) + 1):
        card.run(engine, STEP_MS)
        for event in engine.drain():
            assert isinstance(event, SegmentHeard)
            pieces[event.endpoint].append(event)
    assert engine.debug()["news_dropped"] == 0
    return list(pieces.values())
