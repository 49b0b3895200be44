"""The echo canceller on lines of its own (`echo_paths.py`), and in the engine's slots: judged by numpy.

The bars hold for every line here: 6 to 24 dB of return loss, 0 to 45 ms of delay. While both speak, 22 dB are asked;
what is turned down of the near end's softest sounds counts as left. After that, 30 dB at once.
"""

from __future__ import annotations

import numpy as np
import pytest

from firmware.media.events import EchoStats
from tests.firmware_media.echo_paths import Line, g711, hybrid, ratio_db, segments_db, speech
from tests.firmware_media.house import House
from tests.firmware_media.judge import Signal, decode, encode, key, level_dbm0, silence, sine

PATHS = [(1, 6, 0, "en"), (2, 6, 10, "es"), (3, 10, 20, "en"), (4, 12, 40, "es"), (7, 6, 30, "en"), (8, 9, 0, "es")]
MANY = pytest.mark.parametrize(("seed", "erl_db", "delay_ms", "talker"), PATHS)


def reversing(ms: int, every_ms: int = 450, hz: float = 2100, dbm0: float = -12) -> Signal:
    """2,100 Hz whose phase is turned round, as a modem answers (V.25)."""
    turns = np.arange(ms * 8) // (every_ms * 8) % 2
    return sine(hz, ms, dbm0) * np.where(turns, -1, 1)


@MANY
def test_echo_of_speech_is_gone(seed: int, erl_db: float, delay_ms: float, talker: str) -> None:
    line, out, _ = Line(hybrid(seed, erl_db, delay_ms)).say(speech(seed, 4, talker))
    assert ratio_db(line[800:8000], out[800:8000]) > 12  # while it learns
    assert ratio_db(line[8000:12000], out[8000:12000]) > 20
    assert ratio_db(line[12000:], out[12000:]) > 35


@pytest.mark.parametrize(("seed", "erl_db", "delay_ms"), [(5, 18, 5), (6, 24, 45)])
def test_a_weak_echo_ends_near_the_noise_of_the_line(seed: int, erl_db: float, delay_ms: float) -> None:
    line, out, _ = Line(hybrid(seed, erl_db, delay_ms)).say(speech(seed, 4))
    assert level_dbm0(out[16000:]) < -52
    assert ratio_db(line[16000:], out[16000:]) > 15


@pytest.mark.parametrize("seed", range(300, 324))
def test_echo_is_gone_on_lines_nobody_chose(seed: int) -> None:
    """6 to 12 dB of return loss, 0 to 45 ms, drawn by the seed; on these nothing was tuned."""
    rng = np.random.default_rng(seed)
    response, talker = hybrid(seed, rng.uniform(6, 12), rng.uniform(0, 45)), ("en", "es")[seed % 2]
    line, out, _ = Line(response).say(speech(seed, 4, talker))
    assert ratio_db(line[12000:], out[12000:]) > 25
    quiet = Line(response, exact=True)
    quiet.say(speech(seed, 4, talker))
    seen, out, near = quiet.say(speech(seed + 20, 6, talker), speech(seed + 50, 6, "es"))
    assert ratio_db(seen - near, out - near) > 20


@MANY
def test_both_talk(seed: int, erl_db: float, delay_ms: float, talker: str) -> None:
    """The echo stays down, the near end is heard as it was, and nothing has to be learnt again."""
    line = Line(hybrid(seed, erl_db, delay_ms), exact=True)
    line.say(speech(seed, 4, talker))
    seen, out, near = line.say(speech(seed + 20, 6, talker), speech(seed + 50, 6, "es"))
    left = out - near
    assert ratio_db(seen - near, left) > 22
    assert np.median(segments_db(near, left)) > 30
    after, gone, _ = line.say(speech(seed + 70, 1, talker))
    assert ratio_db(after[400:2000], gone[400:2000]) > 30  # 50 ms after the near end's last word


def test_near_speech_alone_passes_untouched() -> None:
    line = Line(hybrid(1, 6, 10))
    line.say(speech(1, 3))
    line.say(silence(2000))
    near = speech(9, 2, "es")
    seen, out, _ = line.say(silence(2000), near)
    assert np.array_equal(seen, out)


@pytest.mark.parametrize("tail_ms", [32, 64, 128])
def test_figures_name_the_line(tail_ms: int) -> None:
    line = Line(hybrid(3, 10, 15), tail_ms)
    assert line.figures()[0] is False
    line.say(speech(3, 4))
    known, off, erl_db, erle_db, delay_ms = line.figures()
    assert known and not off
    assert abs(erl_db - 10) < 2
    assert erle_db > 25
    assert 25 <= delay_ms <= 30  # 15 and the card's 10, and a few of the hybrid's own


def test_tones_digits_and_silence_do_no_harm() -> None:
    """Narrow sounds never add to what comes back, and most of what it knew of speech is still there after them."""
    line = Line(hybrid(2, 6, 10))
    line.say(speech(2, 4))
    for far in (sine(425, 3000, -10), *(key(digit, 200) for digit in "159#"), sine(2100, 2000, -10), silence(3000)):
        seen, out, _ = line.say(far)
        assert level_dbm0(out) <= level_dbm0(seen) + 0.5
    seen, out, _ = line.say(speech(22, 1))
    assert ratio_db(seen[400:], out[400:]) > 15


def test_another_line_is_learnt() -> None:
    line = Line(hybrid(1, 6, 0))
    line.say(speech(1, 3))
    line.response = hybrid(3, 8, 0)
    seen, out, _ = line.say(speech(4, 5))
    assert level_dbm0(out[:16000]) < level_dbm0(seen[:16000]) + 1
    assert ratio_db(seen[24000:], out[24000:]) > 20


@pytest.mark.parametrize("from_line", [True, False])
@pytest.mark.parametrize("hz", [2100.0, 2079.0, 2121.0])
def test_a_modem_switches_it_off_until_it_is_silent(hz: float, from_line: bool) -> None:
    line = Line(hybrid(2, 12, 10))
    line.say(speech(2, 3))
    tone = reversing(1500, hz=hz)
    near, far = (tone, silence(1500)) if from_line else (silence(1500), tone)
    line.say(far, near)
    assert line.figures()[1]
    seen, out, _ = line.say(speech(3, 2), speech(4, 2))
    assert np.array_equal(seen, out)
    line.say(silence(200))
    assert line.figures()[1]
    line.say(silence(250))
    assert not line.figures()[1]
    seen, out, _ = line.say(speech(5, 1))
    assert ratio_db(seen, out) > 20


@pytest.mark.parametrize("tone", [sine(2100, 3000, -12), reversing(3000, hz=2040), reversing(3000, dbm0=-42)])
def test_other_tones_do_not(tone: Signal) -> None:
    line = Line(hybrid(2, 12, 10))
    line.say(silence(len(tone) // 8), tone)
    assert not line.figures()[1]


@pytest.mark.parametrize("talker", ["en", "es"])
def test_speech_is_never_taken_for_a_modem(talker: str) -> None:
    line = Line(hybrid(2, 12, 10))
    line.say(speech(30, 60, talker), speech(31, 60, talker))
    assert not line.figures()[1]


# -- in the engine ----------------------------------------------------------------------------


def hear_back(house: House, far: Signal, response: Signal) -> tuple[Signal, Signal]:
    """The far end speaks; the telephone's line answers with its echo. Returns it, and what the far end hears."""
    echoes, heard = [np.zeros(80)], []
    memory = np.zeros(len(response) - 1)
    for at in range(0, len(far), 160):
        house.fars[0].send(encode("PCMA", far[at : at + 160]), house.card.now_us)
        for _ in range(4):
            house.card.said[0] = bytearray(encode("PCMA", echoes[-1][:40]))
            house.card.step(house.engine)
            given = decode("PCMA", bytes(house.card.heard[0][-40:]))
            echo = np.convolve(given, response)
            echo[: len(memory)] += memory
            memory = echo[40:]
            echoes[-1] = echoes[-1][40:]
            echoes[-1] = np.concatenate([echoes[-1], echo[:40]])
            heard.append(echo[:40])
        house.got[0] += house.fars[0].received(house.engine.packets_out())
    return np.concatenate(heard), house.heard_by_stream(0, len(far) // 8)


def test_the_far_end_does_not_hear_itself() -> None:
    house = House(1, 1)
    house.slots[0].set_echo(64)
    assert house.slots[0].stats() == EchoStats(64)
    house.engine.join(house.slots[0].id, house.streams[0].id)
    echo, heard = hear_back(house, speech(1, 5), hybrid(1, 8, 5))
    assert ratio_db(echo[-16000:], heard[-16000:]) > 25
    figures = house.slots[0].stats()
    assert figures is not None and figures.erl_db is not None and figures.delay_ms is not None
    assert abs(figures.erl_db - 8) < 2
    assert 15 <= figures.delay_ms <= 21
    house.slots[0].set_echo(0)
    assert house.slots[0].stats() is None
    echo, heard = hear_back(house, speech(2, 1), hybrid(1, 8, 5))
    assert ratio_db(echo, heard) < 3


def test_a_new_call_finds_the_line_known_and_the_modem_forgotten() -> None:
    house = House(1, 1)
    slot, stream = house.slots[0], house.streams[0]
    slot.set_echo(64)
    house.engine.join(slot.id, stream.id)
    hear_back(house, speech(1, 4), hybrid(1, 8, 5))
    hear_back(house, reversing(1400), hybrid(1, 8, 5))
    assert (figures := slot.stats()) is not None and figures.off_by_tone
    house.engine.part(stream.id)
    assert (figures := slot.stats()) is not None and not figures.off_by_tone
    house.engine.join(slot.id, stream.id)
    echo, heard = hear_back(house, speech(2, 1), hybrid(1, 8, 5))
    assert ratio_db(echo[1600:], heard[1600:]) > 20


def test_only_slots_and_only_such_tails() -> None:
    house = House(1, 1)
    for tail_ms in (-1, 1, 31, 129):
        with pytest.raises(ValueError, match="out of range"):
            house.slots[0].set_echo(tail_ms)
    house.slots[0].close()
    with pytest.raises(ValueError, match="closed"):
        house.slots[0].set_echo(64)
    with pytest.raises(ValueError, match="closed"):
        house.slots[0].stats()


def test_without_a_canceller_every_octet_passes() -> None:
    house = House(1, 1)
    house.engine.join(house.slots[0].id, house.streams[0].id)
    said = encode("PCMA", speech(1, 0.5))
    house.card.said[0] += said
    for at in range(0, 4000, 160):
        house.fars[0].send(encode("PCMA", g711(speech(2, 0.5)[at : at + 160])), house.card.now_us)
        house.card.run(house.engine, 20)
    got = b"".join(packet[5] for packet in house.fars[0].received(house.engine.packets_out()))
    assert said[800:3000] in got


@pytest.mark.parametrize("loss_db", [20, 30])
@pytest.mark.parametrize("delay_ms", [10, 35])
def test_an_exchanges_tone_that_comes_back_from_the_far_end_stays_as_it_is(loss_db: float, delay_ms: int) -> None:
    """Somebody's telephone returns the busy tone of an exchange line, which is no echo of what it returns."""
    beat = np.concatenate([sine(425, 200, -10), silence(200)])
    tone = np.tile(beat, 40)
    hello = np.random.default_rng(1).normal(0, 2500, 3200)
    tone = np.concatenate([*[hello, silence(600)] * 6, tone])
    back = np.concatenate([silence(delay_ms), tone])[: tone.size] * 10 ** (-loss_db / 20)
    line = Line(hybrid(1, 20, 5))
    _, out, _ = line.say(back, tone)
    middles = [level_dbm0(out[at + 400 : at + 1200]) for at in range(48_000, tone.size, beat.size // 2)]
    assert min(middles[0::2]) > -13 and max(middles[1::2]) < -30
