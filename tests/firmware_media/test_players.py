"""Files played to telephones: encodings, rates, end, loop, seek, pause, many hearers, bad files. Stepped."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from firmware.media.errors import BadSoundFile
from firmware.media.events import PlayerEnded
from tests.firmware_media.house import House, click
from tests.firmware_media.judge import Signal, encode, level_dbm0, spectrum


def wav(
    path: Path, sound: bytes, tag: int = 1, rate_hz: int = 8000, channels: int = 1, length: int | None = None
) -> Path:
    """A WAV file with a chunk of odd length before its sound."""
    bits = 16 if tag == 1 else 8
    width = channels * bits // 8
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, channels, rate_hz, rate_hz * width, width, bits)
    other = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    data = b"data" + struct.pack("<I", len(sound) if length is None else length) + sound
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(form + other + data)) + b"WAVE" + form + other + data)
    return path


def linear(signal: Signal) -> bytes:
    return np.round(signal).astype("<i2").tobytes()


def tone(hz: float, ms: int, rate_hz: int = 8000, dbm0: float = -10) -> Signal:
    return 22827 * 10 ** (dbm0 / 20) * np.sin(2 * np.pi * hz * np.arange(ms * rate_hz // 1000) / rate_hz)


@pytest.mark.parametrize("form", ["linear", "A-law", "u-law", "16 kHz", "stereo", "left open by a kill"])
def test_every_form_is_heard_as_it_is(tmp_path: Path, form: str) -> None:
    signal = tone(1011, 1000)
    path = tmp_path / "a.wav"
    if form == "A-law":
        wav(path, encode("PCMA", signal), 6)
    elif form == "u-law":
        wav(path, encode("PCMU", signal), 7)
    elif form == "16 kHz":
        wav(path, linear(tone(1011, 1000, 16000) + tone(5000, 1000, 16000)), rate_hz=16000)
    elif form == "stereo":
        wav(path, linear(np.repeat(2 * signal, 2) * np.tile([1, 0], 8000)), channels=2)
    else:
        wav(path, linear(signal), length=0xFFFFFFFF if form != "linear" else None)
    house = House(1, 0)
    player = house.engine.open_player(path)
    assert player.seconds == pytest.approx(1)
    house.engine.listen(house.slots[0].id, player.id)
    house.run(900, {}, {})
    heard = house.heard_by_slot(0, 800)
    assert level_dbm0(heard) == pytest.approx(-10, abs=0.2)
    assert [hz for hz, dbm0 in spectrum(heard) if dbm0 > -47 and abs(hz - 1011) > 30] == []
    assert spectrum(heard)[0][0] == pytest.approx(1011, abs=1)


def test_the_end_is_told_once_and_silence_follows(tmp_path: Path) -> None:
    house = House(1, 0)
    player = house.engine.open_player(wav(tmp_path / "a.wav", linear(tone(500, 203))))
    house.run(500, {}, {})
    assert house.engine.drain() == []  # it rests while nobody listens
    house.engine.listen(house.slots[0].id, player.id)
    house.run(180, {}, {})
    assert house.engine.drain() == []
    house.run(500, {}, {})
    assert house.engine.drain() == [PlayerEnded(player.id, 0)]
    sounding = np.abs(house.heard_by_slot(0, 680)) > 100
    assert np.flatnonzero(sounding)[-1] == pytest.approx(203 * 8, abs=8)
    player.seek(100)
    house.run(500, {}, {})
    assert house.engine.drain() == [PlayerEnded(player.id, 0)]


def test_a_loop_has_no_seam(tmp_path: Path) -> None:
    house = House(1, 0)
    player = house.engine.open_player(wav(tmp_path / "a.wav", linear(tone(500, 314))), loop=True)
    house.engine.listen(house.slots[0].id, player.id)
    house.run(6000, {}, {})
    heard = house.heard_by_slot(0, 5900)
    assert click(heard) < 300 and level_dbm0(heard) == pytest.approx(-10, abs=0.1)
    assert house.engine.drain() == []


def test_seek_and_pause_are_faded(tmp_path: Path) -> None:
    house = House(1, 0)
    sound = np.concatenate([tone(500, 2000), tone(700, 2000), tone(900, 2000)])
    player = house.engine.open_player(wav(tmp_path / "a.wav", linear(sound)))
    house.engine.listen(house.slots[0].id, player.id)
    for ms, hz in ((0, 500), (4111, 900), (2222, 700)):
        player.seek(ms)
        house.run(300, {}, {})
        assert spectrum(house.heard_by_slot(0, 200))[0][0] == pytest.approx(hz, abs=1)
    player.pause()
    house.run(300, {}, {})
    assert set(house.heard_by_slot(0, 200)) == {8.0}
    player.pause(on=False)
    house.run(300, {}, {})
    assert spectrum(house.heard_by_slot(0, 200))[0][0] == pytest.approx(700, abs=1)
    assert click(house.heard_by_slot(0, 1500)) < 300
    player.seek(9000)
    house.run(100, {}, {})
    assert house.engine.drain() == [PlayerEnded(player.id, 0)]
    with pytest.raises(ValueError, match="seek"):
        player.seek(-1)


def test_all_who_wait_hear_the_same_music_at_one_time(tmp_path: Path) -> None:
    house = House(2, 2)
    player = house.engine.open_player(wav(tmp_path / "a.wav", linear(tone(530, 5000))), loop=True)
    for node in (*house.slots, *house.streams):
        house.engine.listen(node.id, player.id)
    house.run(1000, {}, {})
    assert house.card.heard[0] == house.card.heard[1]
    for n, got in enumerate(house.got):
        assert spectrum(house.heard_by_stream(n, 500))[0][0] == pytest.approx(530, abs=1)
        assert {(b[3] - a[3]) & 0xFFFFFFFF for a, b in pairwise(got)} == {160}
    player.close()
    house.run(100, {}, {})
    assert click(house.heard_by_slot(0, 600)) < 300


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda data: b"RIFX" + data[4:], "is no WAV file"),
        (lambda data: b"", "is no WAV file"),
        (lambda data: data[:20], "cut short"),
        (lambda data: data.replace(b"data", b"dada"), "ends before its sound"),
        (lambda data: data.replace(b"fmt ", b"fmd "), "before its format"),
        (lambda data: data.replace(struct.pack("<HHI", 1, 1, 8000), struct.pack("<HHI", 85, 1, 8000)), "encoding 85"),
        (lambda data: data.replace(struct.pack("<HHI", 1, 1, 8000), struct.pack("<HHI", 1, 1, 44100)), "44100 samples"),
        (lambda data: data.replace(struct.pack("<HHI", 1, 1, 8000), struct.pack("<HHI", 1, 6, 8000)), "6 channels"),
        (lambda data: data[: data.index(b"data") + 8], "no sound"),
    ],
)
def test_a_bad_file_is_named_with_its_fault(tmp_path: Path, change: object, fault: str) -> None:
    path = wav(tmp_path / "spoilt.wav", linear(tone(500, 100)))
    assert callable(change)
    path.write_bytes(change(path.read_bytes()))
    house = House(1, 0)
    with pytest.raises(BadSoundFile, match=rf"spoilt\.wav: .*{fault}"):
        house.engine.open_player(path)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.wav"):
        house.engine.open_player(tmp_path / "nowhere.wav")
    assert house.engine.debug()["players"] == 0


def test_a_file_cut_short_while_it_plays_ends(tmp_path: Path) -> None:
    house = House(1, 0)
    path = wav(tmp_path / "a.wav", linear(tone(500, 20_000)))
    player = house.engine.open_player(path, loop=False)
    house.engine.listen(house.slots[0].id, player.id)
    house.run(1000, {}, {})
    with path.open("r+b") as file:
        file.truncate(16 * 6000)
    house.run(6000, {}, {})
    assert house.engine.drain() == [PlayerEnded(player.id, 0)]
