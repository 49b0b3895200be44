"""Voice through the simulated codec: levels, slots, companding, gains, loopbacks, tones."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.sim._sim import ffi, lib
from tests.drivers_sim.chip_bench import ChipBench, frequency_hz, rms

FULL_SCALE_DBM0 = 3.14
ALAW_ZERO = 0xD5


def sine(hz: float, dbm0: float, ms: float) -> NDArray[np.int16]:
    """In WAV scale."""
    count = int(ms * 8)
    peak = 32768.0 * 10 ** ((dbm0 - FULL_SCALE_DBM0) / 20)
    return np.round(peak * np.sin(2 * np.pi * hz * np.arange(count) / 8000)).astype(np.int16)


def level_dbm0(samples: NDArray[np.float64]) -> float:
    return float(20 * np.log10(max(rms(samples), 1e-3) * np.sqrt(2) / 32768.0) + FULL_SCALE_DBM0)


def alaw_decode(octets: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The judge's own table, from G.711's segment rule."""
    code = octets.astype(int) ^ 0x55
    segment, step = code >> 4 & 7, code & 15
    magnitude = np.where(segment == 0, step * 16 + 8, (step * 16 + 264) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.float64)


ALAW_TABLE = alaw_decode(np.arange(256, dtype=np.uint8))


def alaw_encode(samples: NDArray[np.int16]) -> NDArray[np.uint8]:
    order = np.argsort(ALAW_TABLE)
    borders = (ALAW_TABLE[order][1:] + ALAW_TABLE[order][:-1]) / 2
    return order[np.searchsorted(borders, samples)].astype(np.uint8)


class Talk:
    """A lifted telephone on a fed line, and the highway's host."""

    def __init__(self, part: int = 3210, *, lifted: bool = True, **wire: float) -> None:
        self.bench = ChipBench(part)
        self.bench.power_up()
        self.bench.wire(**wire)
        self.bench.lift(lifted)
        self.bench.step_ms(100)
        self.highway = lib.simboard_highway(self.bench.board)
        while self.highway.begin_block(self.highway.self):
            pass

    def run(self, to_card: NDArray[np.uint8] | None = None, ms: int = 500, slot: int = 0) -> NDArray[np.uint8]:
        """Exchanges blocks in step; returns what the card sent in `slot`."""
        heard = []
        out = ffi.new("unsigned char[40]")
        for block in range(ms // 5):
            self.bench.step_ms(5)
            assert self.highway.begin_block(self.highway.self) == 1
            self.highway.read(self.highway.self, slot, out)
            heard.append(np.frombuffer(bytes(out), dtype=np.uint8))
            if to_card is not None and len(to_card) >= (block + 1) * 40:
                self.highway.write(self.highway.self, slot, to_card[block * 40 : block * 40 + 40].tobytes())
        return np.concatenate(heard)

    def say(self, samples: NDArray[np.int16]) -> None:
        pcm = np.ascontiguousarray(samples)
        buffer = ffi.from_buffer("short[]", pcm)
        assert lib.simboard_phone_say(self.bench.board, 0, buffer, len(pcm)) == len(pcm)

    def ear(self, ms: int) -> NDArray[np.float64]:
        """The last `ms` heard."""
        count = ms * 8
        start = ffi.new("long long *", lib.simboard_frames(self.bench.board) - count)
        out = ffi.new("short[]", count)
        assert lib.simboard_phone_hear(self.bench.board, 0, start, out, count) == count
        return np.frombuffer(ffi.buffer(out), dtype=np.int16).astype(np.float64)


@pytest.mark.parametrize("dbm0", [0.0, -10.0, -25.0])
def test_mouth_reaches_the_highway_at_its_level(dbm0: float) -> None:
    talk = Talk()
    talk.say(sine(1020, dbm0, 500))
    sent = alaw_decode(talk.run(ms=500))[800:3600]
    assert level_dbm0(sent) == pytest.approx(dbm0, abs=0.3)
    assert frequency_hz(sent) == pytest.approx(1020, abs=2)
    assert talk.bench.violations == ""


@pytest.mark.parametrize("dbm0", [0.0, -10.0, -25.0])
def test_highway_reaches_the_ear_at_its_level(dbm0: float) -> None:
    talk = Talk()
    talk.run(alaw_encode(sine(1020, dbm0, 500)))
    assert level_dbm0(talk.ear(300)) == pytest.approx(dbm0, abs=0.3)


def test_zero_dbm0_is_0_775_v_rms_on_the_copper() -> None:
    talk = Talk()
    talk.run(alaw_encode(sine(1000, 0, 400)), ms=200)
    trace = talk.bench.trace_of_next_ms(4)
    assert rms(trace - trace.mean()) == pytest.approx(0.775, abs=0.02)


def test_companding_agrees_with_the_judges_table_for_every_code() -> None:
    talk = Talk(erl_db=0)  # echo at full level: what goes in comes back
    codes = np.resize(np.arange(256, dtype=np.uint8), 4000)
    back = talk.run(codes, ms=500)
    shift = next(s for s in range(160) if np.array_equal(back[s : s + 3000], codes[:3000]))
    assert shift == 40 + 40  # written into the block after the one in progress


@pytest.mark.parametrize(("mode", "decoder"), [(0x28, "ulaw"), (0x20, "alaw")])
def test_law_bit_decides_the_code(mode: int, decoder: str) -> None:
    talk = Talk()
    talk.bench.write_all({9: 0x10, 1: mode})  # receive muted: no echo of the host's A-law idle code
    silence = talk.run(ms=100)[-1]
    assert silence == (0xFF if decoder == "ulaw" else ALAW_ZERO)


def test_sixteen_bit_linear_takes_two_slots() -> None:
    talk = Talk()
    talk.bench.write_all({9: 0x10, 1: 0x20 | 0x18 | 0x04})
    talk.say(sine(1000, 0, 500))
    high = talk.run(ms=100, slot=0).astype(np.int8)
    assert np.abs(high).max() == pytest.approx(22827 / 256 * 0.9966, abs=2)


def test_slot_registers_move_the_chip() -> None:
    talk = Talk()
    talk.bench.write(1, 0x00)
    talk.bench.write_all({2: 8 * 5, 4: 8 * 5, 1: 0x20})
    talk.say(sine(1000, 0, 500))
    assert level_dbm0(alaw_decode(talk.run(ms=200, slot=5))[400:]) == pytest.approx(0, abs=0.5)
    assert set(talk.run(ms=50, slot=0)) == {0xFF}  # nobody drives it
    assert talk.bench.line().slot == 5


@pytest.mark.parametrize(
    ("register", "change_db"),
    [({9: 0x04}, -3.5), ({9: 0x08}, +3.5), ({9: 0x20}, None), ({9: 0x0C}, None)],
)
def test_transmit_gains_and_mutes(register: dict[int, int], change_db: float | None) -> None:
    talk = Talk()
    talk.bench.write_all(register)
    talk.say(sine(1000, -10, 500))
    sent = alaw_decode(talk.run(ms=300))[800:]
    if change_db is None:
        assert level_dbm0(sent) < -60
    else:
        assert level_dbm0(sent) == pytest.approx(-10 + change_db, abs=0.3)


@pytest.mark.parametrize(("value", "change_db"), [(0x2000, -6.02), (0x7FF0, +6.0)])
def test_digital_gains(value: int, change_db: float) -> None:
    talk = Talk()
    talk.bench.write_indirect(27, value)
    talk.bench.write_indirect(26, value)
    talk.say(sine(1000, -10, 300))
    assert level_dbm0(alaw_decode(talk.run(ms=200))[800:]) == pytest.approx(-10 + change_db, abs=0.3)
    talk.bench.step_ms(200)
    while talk.highway.begin_block(talk.highway.self):
        pass
    talk.run(alaw_encode(sine(1000, -10, 500)))
    assert level_dbm0(talk.ear(200)) == pytest.approx(-10 + change_db, abs=0.3)


@pytest.mark.parametrize("erl_db", [6.0, 20.0, 30.0])
def test_echo_returns_erl_below_the_voice(erl_db: float) -> None:
    talk = Talk(erl_db=erl_db)
    back = alaw_decode(talk.run(alaw_encode(sine(1000, -6, 500))))[1600:]
    assert level_dbm0(back) == pytest.approx(-6 - erl_db, abs=0.4)


@pytest.mark.parametrize(("hyba", "echo_db"), [(3, -60.0), (7, -6.0), (0, -10.5)])
def test_hybrid_register_off_balance_echoes(hyba: int, echo_db: float) -> None:
    talk = Talk(erl_db=60)
    talk.bench.write(11, 0x30 | hyba)
    back = alaw_decode(talk.run(alaw_encode(sine(1000, 0, 500))))[1600:]
    assert level_dbm0(back) == pytest.approx(echo_db, abs=1.5)


def test_own_voice_is_thirty_db_down_in_the_ear_and_loss_counts_each_way() -> None:
    talk = Talk(loss_db=6, sidetone_db=30)
    talk.say(sine(1000, 0, 500))
    sent = alaw_decode(talk.run(ms=300))[800:]
    assert level_dbm0(sent) == pytest.approx(-6, abs=0.3)
    assert level_dbm0(talk.ear(200)) == pytest.approx(-30, abs=0.3)


def test_noise_has_its_level() -> None:
    talk = Talk(noise_dbm0=-40)
    assert level_dbm0(alaw_decode(talk.run(ms=500))[400:]) == pytest.approx(-40, abs=0.5)
    assert level_dbm0(talk.ear(400)) == pytest.approx(-40, abs=0.5)


def test_audio_is_powered_off_hook_and_in_transmission_only() -> None:
    talk = Talk(lifted=False)
    talk.run(alaw_encode(sine(1000, 0, 500)), ms=300)
    assert level_dbm0(talk.ear(200)) < -80
    talk.bench.linefeed(2)
    while talk.highway.begin_block(talk.highway.self):
        pass
    talk.run(alaw_encode(sine(1300, -13, 500)), ms=300)
    assert level_dbm0(talk.ear(200)) == pytest.approx(-13, abs=0.3)  # caller ID gets through


def test_digital_loopback_is_octet_exact_even_on_hook() -> None:
    talk = Talk(lifted=False)
    talk.bench.write(8, 0x02)
    codes = np.resize(np.arange(256, dtype=np.uint8), 2000)
    back = talk.run(codes, ms=250)
    assert np.array_equal(back[80:1500], codes[:1420])


def test_analog_loopbacks_return_the_line_to_the_line_and_the_highway_to_the_highway() -> None:
    talk = Talk(erl_db=60, sidetone_db=100)
    talk.bench.write(8, 0x01)
    talk.say(sine(1000, -10, 300))
    talk.bench.step_ms(250)
    assert level_dbm0(talk.ear(200)) == pytest.approx(-10, abs=0.3)
    talk.bench.write(8, 0x04)
    while talk.highway.begin_block(talk.highway.self):
        pass
    back = alaw_decode(talk.run(alaw_encode(sine(1000, -20, 500))))[1600:]
    assert level_dbm0(back) == pytest.approx(-20, abs=0.3)


def test_two_chips_on_one_slot_collide() -> None:
    talk = Talk()
    other = lib.simboard_add_slic(talk.bench.board, 3215, 1, 1)
    assert other == 1
    talk.bench.gpio(0, 1)  # releases the new one only
    talk.bench.step_ms(10)
    talk.bench.octets(1, 0x20, cs=1)
    talk.bench.step_ms(10)
    assert talk.bench.violations.count("two chips drive slot 0") == 1


# Section 8, the worked example DTMF 8 at half scale: 852 and 1336 Hz
@pytest.mark.parametrize(
    ("part", "low", "high"),
    [(3210, (0x6465, 0x0590), (0x3FC4, 0x0942)), (3215, (0x78E6, 0x02B3), (0x6EC8, 0x044B))],
)
def test_tone_generators_play_dtmf_8(part: int, low: tuple[int, int], high: tuple[int, int]) -> None:
    talk = Talk(part)
    for number, value in zip(range(13, 19), (*low, 0, *high, 0), strict=True):
        talk.bench.write_indirect(number, value)
    talk.bench.write_all({32: 0x06, 33: 0x06})
    talk.bench.step_ms(400)
    heard = talk.ear(300)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    peaks = sorted(8000 / len(heard) * np.argsort(spectrum)[-6:])
    assert peaks[0] == pytest.approx(852, abs=8)
    assert peaks[-1] == pytest.approx(1336, abs=8)
    assert level_dbm0(heard) == pytest.approx(3.17 - 6.0 + 3.0, abs=0.5)  # two tones of half scale
    assert talk.bench.violations == ""


def test_tone_cadence_and_its_interrupts() -> None:
    talk = Talk()
    for number, value in ((13, 0x7870), (14, 0x007D), (15, 0)):
        talk.bench.write_indirect(number, value)
    talk.bench.write_all({21: 0x03, 36: 0x40, 37: 0x06, 38: 0x40, 39: 0x06, 32: 0x1E})  # 200 ms on, 200 ms off
    talk.bench.step_ms(1000)
    cells = np.array([rms(cell) for cell in talk.ear(1000).reshape(-1, 160)]) > 500
    assert [len(run) for run in "".join("x" if c else "." for c in cells).replace(".", " ").split()] == [10, 10, 10]
    assert talk.bench.read(18) == 0x03
