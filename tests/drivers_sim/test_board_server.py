"""The served board in real time: socket protocol, shared PCM blocks, clock."""

from __future__ import annotations

import array
import mmap
import os
import select
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.sim._sim import ffi, lib

OP = struct.Struct("BB4s4s")
BLOCK_S = 0.005


class Host:
    """A client of the board's SPI socket."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(5)
        self.socket.connect(str(path))

    def ask(self, *octets: int) -> int:
        self.socket.send(bytes(octets))
        return int(struct.unpack("i", self.socket.recv(4096)[:4])[0])

    def read(self, register: int, cs: int = 0) -> int:
        self.socket.send(bytes([1, 1]) + OP.pack(cs, 2, bytes([0x80 | register, 0]), b""))
        reply = self.socket.recv(4096)
        assert struct.unpack("i", reply[:4]) == (0,)
        return int(OP.unpack(reply[4:])[3][1])

    def open_pcm(self) -> tuple[int, int]:
        self.socket.send(bytes([4]))
        _, control, _, _ = self.socket.recvmsg(64, socket.CMSG_SPACE(8))
        fds = array.array("i")
        fds.frombytes(control[0][2][:8])
        return fds[0], fds[1]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[object, Path]]:
    board = lib.simboard_new(5)
    lib.simboard_add_slic(board, 3215, 0, 0)
    lib.simboard_add_slic(board, 3210, 1, 1)
    path = tmp_path / "simboard.spi"
    assert lib.simboard_serve(board, str(path).encode(), b"") == 0
    yield board, path
    lib.simboard_free(board)
    assert not path.exists()


def test_registers_answer_over_the_socket_to_several_clients(served: tuple[object, Path]) -> None:
    first, second = Host(served[1]), Host(served[1])
    assert first.read(8) == 0xFF  # still in reset
    assert first.ask(3, 0) == 0
    assert first.ask(2, 0, 1) == 0
    time.sleep(0.001)
    assert (first.read(8), second.read(8, cs=1), second.read(1)) == (2, 2, 0x88)
    assert second.ask(3, 1) == 1


def test_malformed_requests_are_answered_with_an_error(served: tuple[object, Path]) -> None:
    host = Host(served[1])
    assert host.ask(9) == -22
    assert host.ask(1, 3, 0) == -22
    assert host.ask(2, 0) == -22
    assert host.ask(3, 7) == -22
    assert host.read(8) == 0xFF


def test_a_dead_client_changes_nothing(served: tuple[object, Path]) -> None:
    first = Host(served[1])
    first.ask(2, 0, 1)
    first.socket.close()
    assert Host(served[1]).ask(3, 0) == 1


def test_blocks_pass_every_five_milliseconds(served: tuple[object, Path]) -> None:
    memory_fd, event_fd = Host(served[1]).open_pcm()
    memory = mmap.mmap(memory_fd, os.fstat(memory_fd).st_size)
    magic, version, slots, law, blocks, first = struct.unpack_from("6I", memory)
    assert (magic, version, slots, law, blocks) == (0x5450434D, 1, 32, 0, 16)
    started = time.monotonic()
    passed = 0
    while passed < 60:
        assert select.select([event_fd], [], [], 1.0)[0]
        passed += struct.unpack("Q", os.read(event_fd, 8))[0]
    took_s = time.monotonic() - started
    done = struct.unpack_from("6I", memory)[5] - first
    assert abs(done - took_s / BLOCK_S) <= 3
    assert abs(took_s - passed * BLOCK_S) < 0.05


def test_lost_pcm_clock_stops_the_blocks(served: tuple[object, Path]) -> None:
    memory_fd, _ = Host(served[1]).open_pcm()
    memory = mmap.mmap(memory_fd, os.fstat(memory_fd).st_size)
    assert lib.simboard_fault(served[0], -1, lib.SIMBOARD_FAULT_PCM_CLOCK_LOSS, 1) == 0
    before = struct.unpack_from("6I", memory)[5]
    time.sleep(0.03)
    assert struct.unpack_from("6I", memory)[5] == before


def test_board_time_is_the_monotonic_clock(served: tuple[object, Path]) -> None:
    assert abs(lib.simboard_now_us(served[0]) / 1e6 - time.monotonic()) < 0.05
    line = ffi.new("struct simboard_line *")
    assert lib.simboard_line(served[0], 1, line) == 0
    assert (line.in_reset, line.linefeed_state, line.part) == (1, 0, 3210)


def test_a_path_too_long_is_an_error_and_the_board_stays_usable() -> None:
    board = ffi.gc(lib.simboard_new(5), lib.simboard_free)
    assert lib.simboard_serve(board, b"/tmp/" + b"x" * 200, b"") == -36
    lib.simboard_step_us(board, 1000)
    assert lib.simboard_now_us(board) == 1000
