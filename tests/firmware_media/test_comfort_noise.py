"""Comfort noise (RFC 3389): heard as noise of its level by telephones, passed on between streams. Stepped."""

import numpy as np
import pytest

from tests.firmware_media import judge
from tests.firmware_media.test_wideband import Telephone
from tests.firmware_media.two_streams import TwoStreams

FULL_SCALE_DBM0 = 20 * np.log10(32768 / (judge.PEAK_0DBM0 / np.sqrt(2)))
"""0 dBov: the power of a square wave at the overload point."""


def pause(phone: Telephone, level: int, ms: int) -> np.ndarray:
    """The far end says nothing but one packet of noise; what the telephone heard in the last 200 ms of it."""
    phone.far.send(bytes([level]), phone.card.now_us, 13, 0)
    phone.card.run(phone.engine, ms)
    phone.far.timestamp += 8 * ms
    return judge.decode("PCMA", bytes(phone.card.heard[2]))[-1600:]


@pytest.mark.parametrize("codec", ["PCMA", "G722"])
@pytest.mark.parametrize("level", [30, 45, 60])
def test_a_telephone_hears_noise_of_the_level_told(level: int, codec: str) -> None:
    phone = Telephone()
    phone.far.pt = {"PCMA": 8, "G722": 9}[codec]
    phone.stream.set_codec(phone.far.pt, codec, 101)
    phone.hears(b"\xd5" * 1600 if codec == "PCMA" else bytes(1600))
    before_ms = phone.stream.stats().concealed_ms
    heard = pause(phone, level, 500)
    assert judge.level_dbm0(heard) == pytest.approx(FULL_SCALE_DBM0 - level, abs=1.5)
    assert phone.stream.stats().concealed_ms == before_ms  # it is no loss


def test_noise_before_any_sound_and_a_level_of_nothing() -> None:
    assert judge.level_dbm0(pause(Telephone(), 40, 400)) == pytest.approx(FULL_SCALE_DBM0 - 40, abs=1.5)
    assert np.abs(pause(Telephone(), 127, 400)).max() <= 8


def test_speech_ends_the_noise_and_what_was_still_to_be_played_does_not() -> None:
    phone = Telephone()
    said = judge.encode("PCMA", judge.sine(1000, 1000, -10))
    phone.far.pt = 8
    phone.stream.set_codec(8, "PCMA", 101)
    phone.hears(said[:3200])
    assert judge.level_dbm0(pause(phone, 40, 600)) == pytest.approx(FULL_SCALE_DBM0 - 40, abs=1.5)
    heard = phone.hears(said[:3200])[-1600:]
    assert judge.level_dbm0(heard) == pytest.approx(-10, abs=0.5)
    phone.card.run(phone.engine, 300)  # and then nothing at all: silence, no noise
    assert np.abs(judge.decode("PCMA", bytes(phone.card.heard[2]))[-800:]).max() <= 8


def test_between_streams_noise_passes_as_it_is() -> None:
    pair = TwoStreams("PCMA", "G722")
    before = pair.a_says(b"\xd5" * 480)
    pair.run(20)
    pair.a.send(b"\x2d\x01", pair.now_us, 13, 0)
    (noise,) = pair.b.received(pair.engine.packets_out())
    assert (noise[1], noise[5]) == (13, b"\x2d\x01")
    assert noise[2] == (before[-1][2] + 1) & 0xFFFF and noise[3] == (before[-1][3] + 160) & 0xFFFFFFFF
    pair.run(1000)
    pair.a.timestamp += 8000
    (after,) = pair.a_says(b"\xd5" * 160)
    assert (after[3] - noise[3]) & 0xFFFFFFFF == 8000
    pair.a.send(b"", pair.now_us, 13, 0)  # no level: nothing to pass on
    assert not pair.b.received(pair.engine.packets_out())
