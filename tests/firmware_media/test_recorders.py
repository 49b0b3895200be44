"""Calls recorded: two sides on two channels, pause, faults of the disk. Stepped; with a disk in `test_slow_disk.py`."""

from __future__ import annotations

import errno
import resource
import signal
from pathlib import Path

import numpy as np
import pytest

from firmware.media.events import RecorderError
from firmware.media.wav import read_wav
from tests.firmware_media.house import TONES_HZ, House, click, tones_in
from tests.firmware_media.judge import Signal, decode, level_dbm0


def channels(path: Path) -> tuple[Signal, Signal]:
    with path.open("rb") as file:
        sound = read_wav(path, file)
    assert (sound.encoding, sound.rate_hz, sound.channels) == ("A-law", 8000, 2)
    data = path.read_bytes()[sound.offset : sound.offset + sound.octets]
    return decode("PCMA", data[::2]), decode("PCMA", data[1::2])


def test_each_side_of_a_relayed_call_has_its_channel_and_the_call_is_not_touched(tmp_path: Path) -> None:
    house = House(0, 2, ("PCMA",))
    engine, (one, two) = house.engine, house.streams
    engine.join(one.id, two.id)
    recorder = engine.open_recorder(tmp_path / "call.wav")
    recorder.record(one.id, two.id)
    house.run(2000, {}, {0: TONES_HZ[1], 1: TONES_HZ[4]})
    assert [len(got) for got in house.got] == [100, 100]  # relayed on arrival, all of it
    recorder.close()
    left, right = channels(tmp_path / "call.wav")
    assert len(left) == len(right) == 16000
    assert (tones_in(left[4000:12000]), tones_in(right[4000:12000])) == ({1}, {4})
    assert engine.debug()["recorders"] == 0


def test_a_telephone_is_kept_bit_for_bit_and_a_conference_whole(tmp_path: Path) -> None:
    house = House(3, 0)
    mixer = house.engine.open_mixer()
    for party in house.slots:
        house.engine.join(party.id, mixer.id)
    recorder = house.engine.open_recorder(tmp_path / "call.wav")
    recorder.record(house.slots[0].id, mixer.id)
    house.run(20, {}, {})
    house.card.said[0] += bytes(range(256)) * 5
    house.run(160, {}, {})
    house.run(1000, {n: TONES_HZ[n] for n in range(3)}, {})
    recorder.close()
    _, mix = channels(tmp_path / "call.wav")
    assert bytes(range(256)) * 5 in (tmp_path / "call.wav").read_bytes()[58::2]
    assert tones_in(mix[4000:9000]) == {0, 1, 2}


def test_the_header_is_true_every_second_and_at_the_end(tmp_path: Path) -> None:
    house = House(1, 0)
    path = tmp_path / "call.wav"
    recorder = house.engine.open_recorder(path)
    recorder.record(house.slots[0].id)
    for _ in range(50):
        house.run(100, {0: TONES_HZ[0]}, {})
        if path.stat().st_size > 58:
            data = path.read_bytes()
            counted, riff = int.from_bytes(data[54:58], "little"), int.from_bytes(data[4:8], "little")
            assert riff == counted + 50 and 0 <= len(data) - 58 - counted < 16000 + 1600
    recorder.close()
    left, right = channels(path)
    assert len(left) == 5000 * 8 and set(right) == {8.0}


def test_pause_cuts_the_time_out_without_a_click(tmp_path: Path) -> None:
    house = House(1, 0)
    recorder = house.engine.open_recorder(tmp_path / "call.wav")
    recorder.record(house.slots[0].id)
    for paused in (False, True, False):
        recorder.pause(paused)
        house.run(1000, {0: 437}, {}, dbm0=-10)
    recorder.close()
    left, _ = channels(tmp_path / "call.wav")
    assert len(left) == 8 * 2005  # the block of the fade
    assert click(left) < 300 and level_dbm0(left) == pytest.approx(-10, abs=0.3)


def test_files_that_are_there_are_never_written_over(tmp_path: Path) -> None:
    house = House(1, 0)
    (tmp_path / "call.wav").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=r"call\.wav"):
        house.engine.open_recorder(tmp_path / "call.wav")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        house.engine.open_recorder(tmp_path / "nowhere" / "call.wav")
    assert (tmp_path / "call.wav").read_bytes() == b"mine"


def test_a_disk_that_takes_no_more_is_told_once_and_the_call_goes_on(tmp_path: Path) -> None:
    house = House(2, 0)
    house.engine.join(house.slots[0].id, house.slots[1].id)
    recorder = house.engine.open_recorder(tmp_path / "call.wav")
    recorder.record(house.slots[0].id)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (32768, before[1]))
    try:
        house.run(4000, {0: TONES_HZ[3]}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert house.engine.drain() == [RecorderError(recorder.id, errno.EFBIG, 0)]
    assert tones_in(house.heard_by_slot(1, 500)) == {3}
    recorder.close()
    left, _ = channels(tmp_path / "call.wav")
    assert 8000 <= len(left) <= 16384 and np.abs(left[400:]).max() > 1000
    with pytest.raises(ValueError, match="closed"):
        recorder.record(house.slots[0].id)
