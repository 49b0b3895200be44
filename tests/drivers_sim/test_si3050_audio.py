"""The simulated Si3050's voice in dBm and dBm0: sections 6, 10, 11 and 12 of the sheet."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.sim import measure
from tests.drivers_sim.daa_bench import DaaBench

IDLE = b"\xd5"


def a_law(octets: bytes) -> NDArray[np.float64]:
    """A judge's own expansion, G.711 table 1a."""
    codes = np.frombuffer(octets, dtype=np.uint8).astype(int) ^ 0x55
    exponent, mantissa = codes >> 4 & 7, codes & 15
    magnitude = np.where(exponent == 0, mantissa * 2 + 1, (mantissa * 2 + 33) << np.maximum(exponent - 1, 0)) * 8
    return np.where(codes & 0x80, magnitude, -magnitude).astype(float)


def a_law_sine(hz: float, dbm0: float, ms: int) -> bytes:
    samples = measure.sine(hz, dbm0, ms / 1000)
    table = a_law(bytes(range(256)))
    return bytes(int(np.argmin(np.abs(table - sample))) for sample in samples)


def level(samples: NDArray[np.float64], hz: float) -> float:
    """dBm0 of that frequency."""
    tones = [tone for tone in measure.tones(samples.astype(np.int16)) if abs(tone.hz - hz) < 10]
    return tones[0].dbm0 if tones else -99.0


@pytest.mark.parametrize(
    ("overrides", "gain_db"),
    [
        ({}, 3.14 - 0.9),  # normal mode: 0 dBm is full scale
        ({"r31": 0xA8, "r26": 0xC0}, 3.14 - 0.9 - 3.2),
        ({"r30": 0x12}, 3.14 - 0.9 - 6.0),
        ({"r39": 0x03, "r41": 0x05}, 3.14 - 0.9 + 3.5),
        ({"r39": 0x16, "r41": 0x12}, 3.14 - 0.9 - 6.2),
        ({"r59": 0x04}, 3.14 - 0.9 + 1.0),
    ],
)
def test_receive_gain(overrides: dict[str, int], gain_db: float) -> None:
    bench = DaaBench()
    bench.power_up(**overrides)
    bench.exchange.live_by("es", dial=None)
    bench.seize(450)
    bench.wires.voice.say(measure.sine(1000, -15.0, 0.5))
    heard = a_law(bench.talk(400))[-1600:]
    assert level(heard, 1000) == pytest.approx(-15.0 + gain_db, abs=0.3)


@pytest.mark.parametrize(
    ("overrides", "gain_db"),
    [({}, -3.14), ({"r31": 0xA8, "r26": 0xC0}, 3.2 - 3.14), ({"r38": 0x02, "r40": 0x14}, -3.14 + 1.6)],
)
def test_transmit_gain(overrides: dict[str, int], gain_db: float) -> None:
    bench = DaaBench()
    bench.power_up(**overrides)
    bench.seize(450)
    bench.talk(400, a_law_sine(1000, -10.0, 1000))
    ear = bench.wires.voice.heard_last(0.2)
    assert level(ear.astype(float), 1000) == pytest.approx(-10.0 + gain_db, abs=0.3)


def test_the_monitor_path_hears_the_line_on_hook_and_sends_nothing() -> None:
    bench = DaaBench()
    bench.power_up()
    bench.wires.voice.say(measure.sine(1000, -20.0, 0.5))
    heard = a_law(bench.talk(400, a_law_sine(600, -10.0, 1000)))[-1600:]
    assert level(heard, 1000) == pytest.approx(-20.0 + 3.14 - 0.9 - 2.74, abs=0.4)
    assert level(heard, 600) == -99.0
    assert abs(float(np.mean(heard))) <= 0.1 * 32768
    assert not bench.wires.voice.heard_last(0.2).any()
    assert bench.wires.now().audio == 1


def test_on_hook_without_monitor_the_ring_detector_is_what_comes() -> None:
    bench = DaaBench()
    bench.power_up(r18=0x02)
    bench.write(5, 0x00)
    bench.step_ms(20)
    assert float(np.mean(a_law(bench.talk(100))[-400:])) == pytest.approx(1228, rel=0.05)
    bench.ring()
    rung = a_law(bench.talk(300))
    assert rung.max() > 31000 and rung.min() < -31000


def test_with_the_line_side_down_the_host_hears_itself() -> None:
    bench = DaaBench()
    bench.write(33, 0x20)
    heard = a_law(bench.talk(300, a_law_sine(1000, -10.0, 1000)))[-800:]
    assert level(heard, 1000) == pytest.approx(-10.9, abs=0.3)
    bench.write(10, 0x01)  # DDL: octet by octet
    sent = a_law_sine(1000, -10.0, 1000)
    assert set(bench.talk(100, sent)[-200:]) <= set(sent)


def test_mutes() -> None:
    bench = DaaBench()
    bench.power_up(r15=0x88)
    bench.exchange.live_by("es", dial=None)
    bench.seize(450)
    bench.wires.voice.say(measure.sine(1000, -10.0, 0.5))
    heard = bench.talk(200, a_law_sine(600, -10.0, 1000))
    assert set(heard[-400:]) == {0xD5}
    assert not bench.wires.voice.heard_last(0.1).any()


def test_more_than_full_scale_is_told() -> None:
    bench = DaaBench()
    bench.power_up()
    bench.exchange.live_by("es", dial=None)
    bench.seize(450)
    assert not bench.read(4) & 0x40
    bench.wires.voice.say(measure.sine(1000, 2.0, 0.5))
    bench.step_ms(100)
    assert bench.read(4) & 0x40 and bench.read(17) & 0x02  # ROVI, ROV
    bench.step_ms(500)
    assert not bench.read(19) & 0x04  # OVL has gone
    bench.write(17, 0x00)
    assert not bench.read(4) & 0x40


@pytest.mark.parametrize(("acim", "echo_below_db"), [(2, 25.0), (0, 13.0)])
def test_a_wrong_termination_lets_more_echo_back(acim: int, echo_below_db: float) -> None:
    bench = DaaBench()
    bench.power_up(r30=acim)
    bench.exchange.live_by("es", dial=None)
    bench.wires.voice.set_wire(erl_db=28)
    bench.seize(450)
    heard = a_law(bench.talk(400, a_law_sine(1000, -10.0, 1000)))[-800:]
    sent_dbm = -13.14
    assert level(heard, 1000) - 2.24 == pytest.approx(sent_dbm - (28 if acim == 2 else 14.5), abs=2.0)
    assert sent_dbm - (level(heard, 1000) - 2.24) > echo_below_db
