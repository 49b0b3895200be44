"""What listening costs a line: each listener of the engine, per 20 ms of sound, beside the same engine without it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from firmware.media.endpoints import Slot
from firmware.media.engine import Engine
from tests.bench.figures import Plan, Row, repeat
from tests.firmware_media.card import Card
from tests.firmware_media.judge import encode

SOUND_S = 20


def listener_rows(_: Path, plan: Plan) -> list[Row]:
    listeners: dict[str, Callable[[Slot], None]] = {
        "DTMF": lambda slot: slot.listen_digits(True),
        "fax and modem tones": lambda slot: slot.listen_signals(modems=True),
        "call progress": lambda slot: slot.listen_signals(progress=True),
    }
    return [
        Row(f"listening for {name}, 20 ms", "us", repeat(plan.runs, partial(_added_us, listen, plan)))
        for name, listen in listeners.items()
    ]


def _added_us(listen: Callable[[Slot], None], plan: Plan) -> float:
    sound_s = plan.count(SOUND_S)
    return _cost_us(listen, sound_s) - _cost_us(None, sound_s)


def _cost_us(listen: Callable[[Slot], None] | None, sound_s: int) -> float:
    """CPU per 20 ms of one line in noise, the card of Python among it."""
    card = Card(slots=1)
    engine = Engine(highway_address=card.address, rtp_ports=range(20000, 20010), stepped=True)
    slot = engine.open_slot(0)
    if listen is not None:
        listen(slot)
    card.said[0] += encode("PCMA", np.random.default_rng(1).normal(0, 2000, 8000 * sound_s))
    began = time.thread_time()
    card.run(engine, 1000 * sound_s)
    return (time.thread_time() - began) * 1e6 / (50 * sound_s)
