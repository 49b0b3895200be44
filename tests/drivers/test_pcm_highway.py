"""The simulated highway's host side, in memory made by hand: which block is read, which written, what is lost."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers._native import ffi, lib
from drivers.errors import BusError
from drivers.pcm import Highway

BLOCKS, SLOTS, SAMPLES = lib.PCM_SHM_BLOCKS, lib.PCM_SHM_SLOTS, lib.PCM_SHM_SAMPLES
SIZE = ffi.sizeof("struct pcm_shm")


class Board:
    """The board's side: shared memory and the eventfd of passed blocks."""

    def __init__(self, done: int = 0, **wrong: int) -> None:
        self.memory_fd = os.memfd_create("highway")
        os.ftruncate(self.memory_fd, SIZE)
        self.clock_fd = os.eventfd(0, os.EFD_NONBLOCK)
        fields = {"magic": lib.PCM_SHM_MAGIC, "version": 1, "slots": SLOTS, "law": 0, "blocks": BLOCKS, "done": done}
        self.write(0, struct.pack("6I", *(fields | wrong).values()))
        self.done = done

    def write(self, offset: int, data: bytes) -> None:
        os.pwrite(self.memory_fd, data, offset)

    def pass_block(self, first_octet: int) -> dict[int, bytes]:
        """End the block on the wire: slot 3 of it carried `first_octet`. Returns what the host had for it."""
        at = self.done % BLOCKS
        rx, tx = 24, 24 + BLOCKS * SLOTS * SAMPLES
        valid = tx + BLOCKS * SLOTS * SAMPLES + at * SLOTS
        self.write(rx + (at * SLOTS + 3) * SAMPLES, bytes([first_octet % 256]) * SAMPLES)
        marks = os.pread(self.memory_fd, SLOTS, valid)
        played = {
            slot: os.pread(self.memory_fd, SAMPLES, tx + (at * SLOTS + slot) * SAMPLES)
            for slot, mark in enumerate(marks)
            if mark
        }
        self.write(valid, bytes(SLOTS))
        self.done = (self.done + 1) % 2**32
        self.write(20, struct.pack("I", self.done))
        os.eventfd_write(self.clock_fd, 1)
        return played


class Host:
    """The engine's side, through the struct highway."""

    def __init__(self, board: Board) -> None:
        self.highway = Highway.shared_memory(os.dup(board.memory_fd), os.dup(board.clock_fd))
        self.face: Any = ffi.cast("struct highway *", self.highway.address)
        self._out = ffi.new("unsigned char[]", SAMPLES)

    def begin(self) -> bool:
        return bool(self.face.begin_block(self.face.self))

    def read(self, slot: int = 3) -> int:
        self.face.read(self.face.self, slot, self._out)
        return int(self._out[SAMPLES - 1])

    def write(self, octet: int, slot: int = 3) -> None:
        self.face.write(self.face.self, slot, bytes([octet % 256]) * SAMPLES)

    def slips(self) -> int:
        return int(self.face.slips(self.face.self))


@pytest.fixture(params=[0, 5, 2**32 - 20])
def board(request: pytest.FixtureRequest) -> Iterator[Board]:
    board = Board(done=request.param)
    yield board
    os.close(board.memory_fd)
    os.close(board.clock_fd)


def test_every_block_is_read_once_and_answered_two_blocks_on(board: Board) -> None:
    host = Host(board)
    assert (host.face.slots, host.face.law) == (SLOTS, lib.HIGHWAY_LAW_A)
    assert not host.begin()
    played = []
    for n in range(100):
        played.append(board.pass_block(n))
        assert host.begin()
        assert host.read() == n
        host.write(n)
        assert not host.begin()
    # Block n is answered in block n + 2; nothing was there for the first two.
    assert played[:2] == [{}, {}]
    assert played[2:] == [{3: bytes([n]) * SAMPLES} for n in range(98)]
    assert host.slips() == 0
    host.highway.close()


def test_the_clock_is_readable_until_the_blocks_are_taken(board: Board) -> None:
    import select

    host = Host(board)

    def readable() -> bool:
        return bool(select.select([host.face.clock_fd], [], [], 0)[0])

    assert not readable()
    board.pass_block(0)
    board.pass_block(1)
    assert readable()
    while host.begin():
        pass
    assert not readable()
    host.highway.close()


def test_a_slot_not_written_stays_idle(board: Board) -> None:
    host = Host(board)
    board.pass_block(0)
    host.begin()
    host.write(7, slot=1)
    host.write(7, slot=SLOTS)  # no such slot: nothing happens
    host.write(7, slot=-1)
    board.pass_block(1)
    assert list(board.pass_block(2)) == [1]
    assert board.pass_block(3) == {}
    host.highway.close()


def test_a_late_host_catches_up_and_counts_what_was_lost(board: Board) -> None:
    host = Host(board)
    assert not host.begin()
    for n in range(5):
        board.pass_block(n)
    heard = []
    while host.begin():
        heard.append(host.read())
        host.write(heard[-1])
    assert heard == [0, 1, 2, 3, 4]
    assert host.slips() == 4
    # 4 is in time; 3 belongs to the block on the wire; what came too late is never played.
    assert [board.pass_block(n).get(3, b"-")[0] for n in (5, 6)] == [3, 4]
    for n in range(7, 40):
        assert board.pass_block(n) == {}
    host.highway.close()


def test_a_very_late_host_skips_to_the_present(board: Board) -> None:
    host = Host(board)
    assert not host.begin()
    for n in range(40):
        board.pass_block(n)
    assert host.begin()
    assert host.read() == 39
    assert not host.begin()
    assert host.slips() == 39
    host.highway.close()


def test_blocks_before_the_first_look_are_no_loss(board: Board) -> None:
    host = Host(board)
    for n in range(600):
        board.pass_block(n)
    assert host.begin()
    assert host.read() == 599 % 256
    assert not host.begin()
    assert host.slips() == 0
    host.highway.close()


@pytest.mark.parametrize("ppm", [-100.0, 0.0, 40.0, 300.0])
def test_drift_is_found_through_scheduling_noise(ppm: float) -> None:
    import random

    chance = random.Random(ppm)
    drift = ffi.new("struct clock_drift *")
    lib.clock_drift_start(drift, 5000.0, 800)
    block_us = 5000.0 / (1 + ppm * 1e-6)
    for n in range(1, 24_001):  # two minutes
        lib.clock_drift_feed(drift, 1, 1e9 + n * block_us + chance.expovariate(1 / 300))
    assert lib.clock_drift_ppm(drift) == pytest.approx(ppm, abs=1.0)


@pytest.mark.parametrize("wrong", [{"magic": 1}, {"version": 2}, {"slots": 8}, {"blocks": 4}])
def test_memory_that_is_no_highway_is_refused(wrong: dict[str, int]) -> None:
    board = Board(**wrong)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(BusError, match="is no PCM highway of this version"):
        Highway.shared_memory(board.memory_fd, board.clock_fd)
    assert len(os.listdir("/proc/self/fd")) == before - 2


def test_memory_cut_short_is_refused() -> None:
    board = Board()
    os.ftruncate(board.memory_fd, SIZE - 1)
    with pytest.raises(BusError, match="is no PCM highway of this version"):
        Highway.shared_memory(board.memory_fd, board.clock_fd)


def test_the_highway_comes_over_the_boards_socket(tmp_path: Path) -> None:
    board = Board()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(tmp_path / "spi"))
    listener.listen()

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            assert client.recv(100) == b"\x04"
            socket.send_fds(client, [struct.pack("i", 0)], [board.memory_fd, board.clock_fd])

    thread = threading.Thread(target=serve)
    thread.start()
    highway = Highway.simboard(tmp_path / "spi")
    thread.join()
    listener.close()
    face = ffi.cast("struct highway *", highway.address)
    board.pass_block(9)
    assert face.begin_block(face.self) == 1
    highway.close()
    with pytest.raises(BusError, match="closed"):
        _ = highway.address
    with pytest.raises(BusError, match="does not answer"):
        Highway.simboard(tmp_path / "nowhere")
