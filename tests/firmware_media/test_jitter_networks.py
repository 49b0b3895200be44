"""The adaptive jitter buffer behind networks of 0 to 200 ms of jitter, and the fixed one. Seeded, stepped."""

import os

import numpy as np
import pytest

from firmware.media._engine import lib
from firmware.media.engine import Engine
from tests.firmware_media.card import Card, Far
from tests.firmware_media.network import NETWORKS, delays_heard_ms, delays_ms, noise, play

PACKETS = 20_000 if os.environ.get("TIPRING_SOAK") else 4000
SETTLED_S = 10


@pytest.mark.parametrize("jitter_ms", [0, 10, 40, 80, 120, 160, 200])
@pytest.mark.parametrize("network", NETWORKS)
def test_under_one_in_a_hundred_is_late_at_a_delay_near_the_jitter(network: str, jitter_ms: int) -> None:
    sent = noise(PACKETS * 20)
    arrivals_ms = np.arange(PACKETS) * 20 + delays_ms(network, jitter_ms, PACKETS, seed=jitter_ms)
    heard = play(sent, arrivals_ms)
    delays = delays_heard_ms(sent, heard.signal)[SETTLED_S:]
    assert heard.late < 0.01 * PACKETS
    assert np.mean(delays) <= jitter_ms + 20


@pytest.mark.parametrize("lost", [0.02, 0.05])
def test_loss_does_not_move_the_delay(lost: float) -> None:
    sent = noise(40_000)
    arrivals_ms = np.arange(2000) * 20.0
    arrivals_ms[np.random.default_rng(1).uniform(size=2000) < lost] = np.nan
    heard = play(sent, arrivals_ms)
    assert heard.late == 0
    assert delays_heard_ms(sent, heard.signal)[SETTLED_S:].max() <= 25


def test_a_longer_way_is_followed_at_once_and_a_shorter_one_slowly() -> None:
    sent = noise(120_000)
    arrivals_ms = np.arange(6000) * 20.0
    arrivals_ms[1000:3000] += 80
    heard = play(sent, arrivals_ms)
    delays = delays_heard_ms(sent, heard.signal)
    assert heard.late <= 8, "the first ones pass for outliers"
    assert 80 <= delays[25] <= 110
    assert delays[-1] <= 25
    assert np.abs(np.diff(delays[60:])).max() <= 6, "at most 5 ms a second"


def test_in_pauses_the_delay_shrinks_sooner() -> None:
    sent = noise(40_000)
    talk = (np.arange(len(sent)) // 8000) % 2
    arrivals_ms = np.arange(2000) * 20.0
    arrivals_ms[60] += 200
    alike = delays_heard_ms(sent, play(sent, arrivals_ms).signal)
    paused = delays_heard_ms(sent, play(sent * talk, arrivals_ms).signal)
    assert alike[2] > 150
    assert paused[14] < alike[14] - 30


@pytest.mark.parametrize("fixed_ms", [40, 100, 200])
def test_a_fixed_delay_stays_to_the_sample(fixed_ms: int) -> None:
    """Jitter within it; and not one octet is changed, for modems."""
    sent = noise(30_000)
    arrivals_ms = np.arange(1500) * 20 + delays_ms("uniform", fixed_ms - 10, 1500, seed=4)
    heard = play(sent, arrivals_ms, fixed_ms=fixed_ms)
    delays = delays_heard_ms(sent, heard.signal)
    assert heard.late == 0
    assert fixed_ms - 5 <= delays[0] <= 2 * fixed_ms
    assert set(delays) == {delays[0]}
    assert lib.jitter_concealed(heard.buffer) <= fixed_ms // 5


def test_what_comes_later_than_a_fixed_delay_is_dropped_and_moves_nothing() -> None:
    sent = noise(30_000)
    arrivals_ms = np.arange(1500) * 20.0
    arrivals_ms[200::50] += 90
    heard = play(sent, arrivals_ms, fixed_ms=60)
    assert heard.late == 26
    assert set(delays_heard_ms(sent, heard.signal)) == {delays_heard_ms(sent, heard.signal)[0]}


def test_a_fixed_buffer_that_everything_misses_begins_anew() -> None:
    sent = noise(30_000)
    arrivals_ms = np.arange(1500) * 20.0
    arrivals_ms[500:] += 150
    heard = play(sent, arrivals_ms, fixed_ms=60)
    assert heard.late <= 11
    assert delays_heard_ms(sent, heard.signal)[-1] == pytest.approx(210, abs=6)


def test_the_setting_reaches_the_streams_and_can_be_changed_in_a_call() -> None:
    card = Card()
    engine = Engine(
        highway_address=card.address, rtp_ports=range(20000, 20010), stepped=True, seed=5, jitter_fixed_ms=120
    )
    slot, stream = engine.open_slot(1), engine.open_stream("192.0.2.1")
    far = Far(engine, stream)
    stream.set_codec(8, "PCMA", None)
    stream.set_remote(far.ip, far.port)
    engine.join(slot.id, stream.id)

    def wait_ms() -> float:
        for _ in range(500):
            far.send(bytes(160), card.now_us)
            card.run(engine, 20)
        return stream.stats().buffer_ms

    assert wait_ms() == 120
    stream.set_jitter(0)
    assert wait_ms() == pytest.approx(75, abs=20), "10 s of shrinking"
    stream.set_jitter(200)
    assert wait_ms() == pytest.approx(200, abs=1)
    with pytest.raises(ValueError, match="out of range"):
        stream.set_jitter(301)
