"""What exchange lines make of a sound, as they would be told it by the true engine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware.lines.fxo_tones import ExchangeTones, Heard
from firmware.media.engine import Engine
from firmware.media.events import SegmentHeard
from firmware.telephony.countries import load_country
from tests.firmware_media.card import Card
from tests.firmware_media.judge import PEAK_0DBM0, Signal, encode

STEP_MS = 40
NOISE_DBM0 = -55.0


def heard(country: str, signal: Signal, step_ms: int = STEP_MS) -> list[tuple[float, Heard]]:
    """(seconds, what) as the line would be told it."""
    return heard_by([country], signal, step_ms)[country]


def heard_by(countries: Sequence[str], signal: Signal, step_ms: int = STEP_MS) -> dict[str, list[tuple[float, Heard]]]:
    """Likewise, by lines of several countries that hear the same."""
    draw = np.random.default_rng(3)
    noisy = signal + draw.normal(0, PEAK_0DBM0 / 2**0.5 * 10 ** (NOISE_DBM0 / 20), len(signal))
    card = Card()
    engine = Engine(highway_address=card.address, rtp_ports=range(20000, 20010), stepped=True)
    engine.open_slot(0).listen_signals(progress=True)
    card.said[0] += encode("PCMA", np.clip(noisy, -32000, 32000))
    lines = {country: ExchangeTones(load_country(country)) for country in countries}
    told: dict[str, list[tuple[float, Heard]]] = {country: [] for country in countries}
    for step in range(len(signal) // 8 // step_ms + 1):
        card.run(engine, step_ms)
        now_s = (step + 1) * step_ms / 1000
        pieces = [event for event in engine.drain() if isinstance(event, SegmentHeard)]
        for country, tones in lines.items():
            what = [one for piece in pieces for one in tones.segment(piece, now_s)]
            told[country] += [(now_s, one) for one in [*what, *tones.time(now_s)]]
    return told
