"""RFC 4733 event 16, a hook flash: told once, heard by nobody, and the digits around it are as ever."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.media.engine import Engine
from firmware.media.events import FLASH, DigitHeard
from tests.firmware_media.card import Far
from tests.firmware_media.digit_judge import Packet, heard_in_sound, on_time_line
from tests.firmware_media.judge import decode

EVENT_PT = 101
ENDS = 3


def packets(code: int, ms: int) -> list[bytes]:
    """One every 20 ms while it lasts, and the end three times."""
    lengths = [8 * at_ms for at_ms in range(20, ms + 1, 20)]
    return [
        bytes([code, 10]) + length.to_bytes(2, "big") for length in lengths
    ] + [bytes([code, 10 | 0x80]) + (8 * ms).to_bytes(2, "big")] * ENDS  # fmt: skip


@pytest.mark.parametrize("lost", [set(), {0, 1, 2}, {4, 5, 6}], ids=["none", "beginning", "end"])
def test_a_flash_is_told_once_and_heard_by_nobody(lost: set[int]) -> None:
    engine = Engine(rtp_ports=range(20000, 20010), stepped=True, seed=3)
    one, two = engine.open_stream("192.0.2.1"), engine.open_stream("192.0.2.1")
    phone, other = Far(engine, one, "192.0.2.7", 4000), Far(engine, two, "192.0.2.8", 5000)
    one.set_codec(8, "PCMA", EVENT_PT)
    two.set_codec(8, "PCMA", None)
    for stream, far in ((one, phone), (two, other)):
        stream.set_remote(far.ip, far.port)
    now_us = 1_000_000
    engine.tick(now_us)
    engine.join(one.id, two.id)
    told: list[str] = []
    got: list[Packet] = []
    due: dict[int, list[bytes]] = {
        300: packets(5, 100),
        350: packets(16, 80),
        400: packets(9, 100),
        450: packets(17, 80),
    }
    for step in range(550):
        for _ in range(4):
            now_us += 5000
            engine.tick(now_us)
        sending = next((at for at in due if at <= step < at + len(due[at])), None)
        if sending is None:
            phone.send(b"\xd5" * 160, now_us)
        elif due[sending][step - sending][0] == 16 and step - sending in lost:
            phone.sequence += 1
        else:
            phone.send(due[sending][step - sending], now_us, EVENT_PT, samples=0)
        if sending is not None and step == sending + len(due[sending]) - 1:
            phone.timestamp += 160 * len(due[sending])
        got += other.received(engine.packets_out())
        told += [event.digit for event in engine.drain() if isinstance(event, DigitHeard)]
    assert told == ["5", FLASH, "9"]
    sound = on_time_line(got, 8, {i: decode("PCMA", p[5]) for i, p in enumerate(got)})
    assert [digit for digit, _ in heard_in_sound(sound)] == ["5", "9"]
    flashed = sound[(350 - 5) * 160 : (350 + 20) * 160]
    assert np.max(np.abs(flashed)) < 100
