"""A call with a fax or modem is kept still: one delay, nothing concealed, nothing turned down. Stepped.

ITU-T G.168: 2,100 Hz with phase reversals switches the canceller off until the line is silent (`test_echo.py` has
the limits); any answer tone ends its non-linear part. For fax in G.711 the jitter buffer keeps one delay and
conceals nothing.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.firmware_media.echo_paths import hybrid, speech
from tests.firmware_media.house import House
from tests.firmware_media.judge import Signal, decode, encode, level_dbm0, silence, sine
from tests.firmware_media.network import delays_heard_ms, noise
from tests.firmware_media.test_signals import answer_tone, flags

SIGNALS = {
    "cng": sine(1100, 500, -12),
    "ced": answer_tone(2600, -12),
    "ansam": answer_tone(2600, -12, modulated=True),
    "v21": flags(1000, -12),
}
MODEMS = pytest.mark.parametrize("signal", SIGNALS)
SIDES = pytest.mark.parametrize("from_line", [True, False])
WEAK_DBM0 = -52
"""So far below the echo that the canceller takes it for what is left of one."""


class Call:
    """A telephone with an echo of 6 dB and a SIP end, through a network that delays its packets by up to jitter_ms."""

    def __init__(self, jitter_ms: int = 0, lost: int = -1) -> None:
        self.house = House(1, 1, ("PCMA",))
        self.slot, self.stream = self.house.slots[0], self.house.streams[0]
        self.slot.set_echo(64)
        self.slot.watch_modems(True)
        self.house.engine.join(self.slot.id, self.stream.id)
        self._response = hybrid(1, 6, 5)
        self._memory, self._echo = np.zeros(len(self._response) - 1), np.zeros(40)
        self._dice = np.random.default_rng(4)
        self._jitter_ms, self._lost = jitter_ms, lost
        self._under_way: list[tuple[float, bytes, int, int]] = []
        self._number = 0

    def say(self, far: Signal, near: Signal | None = None) -> tuple[Signal, Signal]:
        """Both of the same length, whole packets. What the line is given, and what the far end hears."""
        near = np.zeros(len(far)) if near is None else near
        before, given = len(self.house.got[0]), []
        for at in range(0, len(far), 160):
            self._send(encode("PCMA", far[at : at + 160]))
            for block in range(at, at + 160, 40):
                self._arrive()
                self.house.card.said[0] = bytearray(encode("PCMA", near[block : block + 40] + self._echo))
                self.house.card.step(self.house.engine)
                given.append(decode("PCMA", bytes(self.house.card.heard[0][-40:])))
                echo = np.convolve(given[-1], self._response)
                echo[: len(self._memory)] += self._memory
                self._echo, self._memory = echo[:40], echo[40:]
            self.house.got[0] += self.house.fars[0].received(self.house.engine.packets_out())
        heard = b"".join(packet[5] for packet in self.house.got[0][before:])
        return np.concatenate(given), decode("PCMA", heard)

    def _send(self, payload: bytes) -> None:
        late_us = 1000 * self._jitter_ms * self._dice.random()
        far = self.house.fars[0]
        if self._number != self._lost:
            self._under_way.append((self.house.card.now_us + late_us, payload, far.sequence, far.timestamp))
        far.sequence, far.timestamp = far.sequence + 1, far.timestamp + 160
        self._number += 1

    def _arrive(self) -> None:
        far, now_us = self.house.fars[0], self.house.card.now_us
        kept = far.sequence, far.timestamp
        for packet in sorted(p for p in self._under_way if p[0] <= now_us):
            self._under_way.remove(packet)
            _, payload, far.sequence, far.timestamp = packet
            far.send(payload, now_us)
        far.sequence, far.timestamp = kept

    def modem(self, signal: str, *, from_line: bool) -> None:
        """One of them says it, then both are silent for a while."""
        said = SIGNALS[signal]
        nobody = np.zeros(len(said))
        self.say(nobody if from_line else said, said if from_line else nobody)
        self.say(silence(200))

    def weak_dbm0(self) -> float:
        """How loud a weak tone of the line arrives while the far end speaks, beside the echo that is left."""
        _, heard = self.say(speech(3, 2), sine(1000, 2000, WEAK_DBM0))
        tone = np.abs(np.fft.rfft(heard[-8000:] * np.hanning(8000)))[1000] * 4 / 8000
        return float(20 * np.log10(tone / 22827))

    def is_linear(self) -> bool:
        figures = self.slot.stats()
        assert figures is not None
        return figures.linear


@MODEMS
@SIDES
def test_nothing_is_turned_down_until_the_call_is_over(signal: str, from_line: bool) -> None:
    call = Call()
    call.say(speech(1, 4))
    before = call.weak_dbm0()
    call.modem(signal, from_line=from_line)
    assert call.is_linear()
    assert call.weak_dbm0() == pytest.approx(WEAK_DBM0, abs=1)
    call.house.engine.part(call.slot.id)
    assert not call.is_linear()
    call.house.engine.join(call.slot.id, call.stream.id)
    assert max(before, call.weak_dbm0()) < WEAK_DBM0 - 4


@MODEMS
@SIDES
def test_the_delay_stays_as_it_is_and_a_lost_packet_is_silence(signal: str, from_line: bool) -> None:
    call = Call(jitter_ms=70, lost=1350)
    call.say(silence(5000))
    call.modem(signal, from_line=from_line)
    said = noise(25_000)
    given, _ = call.say(said)
    delays = delays_heard_ms(said, given)[2:]
    assert np.ptp(delays) == 0
    assert delays[0] == pytest.approx(105, abs=10)
    assert call.stream.stats().packets_late == 0
    runs = np.split(given, np.flatnonzero(np.diff(np.abs(given) <= 8)) + 1)
    assert [len(run) for run in runs if len(run) > 100 and abs(run[0]) <= 8][1:] == [160]  # the first: the beginning


def test_without_them_the_delay_is_adapted_and_loss_concealed() -> None:
    call = Call(jitter_ms=70, lost=1000)
    call.say(silence(5000))
    said = noise(25_000)
    given, _ = call.say(said)
    delays = delays_heard_ms(said, given)[2:]
    assert np.ptp(delays) > 0 and delays.mean() < 100
    assert call.stream.stats().concealed_ms > 10
    assert not call.is_linear()


def test_a_fixed_delay_of_the_settings_is_kept() -> None:
    call = Call(jitter_ms=20)
    call.stream.set_jitter(40)
    call.say(silence(3000))
    call.modem("ced", from_line=True)
    said = noise(8000)
    delays = delays_heard_ms(said, call.say(said)[0])[1:]
    assert np.ptp(delays) == 0 and delays[0] < 70


def test_speech_is_no_modem_and_a_line_may_go_unwatched() -> None:
    call = Call()
    call.say(speech(5, 30), speech(6, 30, "es"))
    assert not call.is_linear()
    call.slot.watch_modems(False)
    call.modem("ced", from_line=True)
    assert not call.is_linear()
    with pytest.raises(ValueError, match="closed"):
        call.slot.close()
        call.slot.watch_modems(True)


def test_the_level_of_what_a_fax_says_is_kept() -> None:
    call = Call()
    call.say(speech(1, 3))
    call.modem("v21", from_line=False)
    _, heard = call.say(silence(1000), sine(1800, 1000, -38))
    assert level_dbm0(heard[-4000:]) == pytest.approx(-38, abs=0.5)
