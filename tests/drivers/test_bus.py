"""Register accesses, the socket transport against a small server, the trace, errors told in plain words."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.bus import GPIO_INT, GPIO_RESET, Bus
from drivers.bus_trace import trace
from drivers.errors import BusError
from drivers.transport import Transport, simboard_transport
from tests.drivers.scripted_spi import ScriptedSpi

OP = struct.Struct("BB4s4s")
TRANSFER, GPIO_SET, GPIO_GET = 1, 2, 3


class TinyBoard:
    """One client on a SEQPACKET socket; one chip of 128 octets that answers on every chip select."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.registers = bytearray(128)
        self.lines = {GPIO_RESET: 0, GPIO_INT: 1}
        self.requests = 0
        self.answer: Callable[[bytes], bytes | None] = self.board_answer
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def board_answer(self, request: bytes) -> bytes:
        self.requests += 1
        if request[0] == GPIO_SET:
            self.lines[request[1]] = request[2]
            return struct.pack("i", 0)
        if request[0] == GPIO_GET:
            return struct.pack("i", self.lines[request[1]])
        ops = [list(OP.unpack_from(request, 2 + n * OP.size)) for n in range(request[1])]
        assert len(request) == 2 + len(ops) * OP.size
        for op in ops:
            first, second = op[2][0], op[2][1]
            if first & 0x80:
                op[3] = bytes([0xFF, self.registers[first & 0x7F], 0xFF, 0xFF])
            else:
                self.registers[first] = second
        return struct.pack("i", 0) + b"".join(OP.pack(*op) for op in ops)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        with client:
            while request := client.recv(4096):
                reply = self.answer(request)
                if reply is None:
                    return
                client.send(reply)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[TinyBoard]:
    board = TinyBoard(tmp_path / "simboard.spi")
    yield board
    board.close()


@pytest.fixture
def bus(board: TinyBoard) -> Iterator[Bus]:
    bus = Bus.simboard(board.path)
    yield bus
    bus.close()


def test_registers_and_lines_over_the_socket(board: TinyBoard, bus: Bus) -> None:
    bus.write(3, 71, 5)
    assert board.registers[71] == 5
    board.registers[11] = 0x33
    assert bus.read(0, 11) == 0x33
    bus.gpio_set(GPIO_RESET, 1)
    assert board.lines[GPIO_RESET] == 1
    assert bus.gpio_get(GPIO_INT) == 1


def test_a_board_that_dies_is_a_bus_error_from_then_on(board: TinyBoard, bus: Bus) -> None:
    board.answer = lambda _request: None
    for _ in range(2):
        with pytest.raises(BusError, match="simulated board: read of register 68 on chip select 0 failed: Broken pipe"):
            bus.read(0, 68)


@pytest.mark.parametrize("reply", [b"", b"\0\0", b"\0\0\0\0", bytes(13), bytes(15), bytes(600)])
def test_a_reply_of_the_wrong_size_breaks_the_connection(board: TinyBoard, bus: Bus, reply: bytes) -> None:
    board.answer = lambda _request: reply
    with pytest.raises(BusError):
        bus.read(0, 68)
    board.answer = board.board_answer
    with pytest.raises(BusError):
        bus.read(0, 68)


def test_a_refusal_of_the_board_is_told_and_breaks_nothing(board: TinyBoard, bus: Bus) -> None:
    board.answer = lambda _request: struct.pack("i", -22)
    with pytest.raises(BusError, match="Invalid argument"):
        bus.read(0, 68)
    board.answer = board.board_answer
    assert bus.read(0, 68) == 0


def test_no_board_no_bus(tmp_path: Path) -> None:
    with pytest.raises(BusError, match=r"nowhere does not answer: No such file"):
        Bus.simboard(tmp_path / "nowhere")


def test_a_closed_bus_says_so(board: TinyBoard) -> None:
    bus = Bus.simboard(board.path)
    bus.close()
    bus.close()
    with pytest.raises(BusError, match="the bus is closed"):
        bus.read(0, 0)


def test_accesses_of_many_threads_never_meet(board: TinyBoard, bus: Bus) -> None:
    """Each thread owns an indirect register; with accesses interleaved, octets would land in another's."""
    store: dict[int, int] = {}

    def indirect(request: bytes) -> bytes:
        reply = board.board_answer(request)
        for n in range(request[1]):
            first = OP.unpack_from(request, 2 + n * OP.size)[2][0]
            if first == 30:
                low, high, address = board.registers[28], board.registers[29], board.registers[30]
                if (low, high) != (0, 0):
                    store[address] = high << 8 | low
                value = store.get(address, 0)
                board.registers[28:30] = bytes((value & 0xFF, value >> 8)) if (low, high) == (0, 0) else b"\0\0"
        return reply

    board.answer = indirect
    wrong: list[int] = []

    def work(address: int) -> None:
        for n in range(1, 60):
            bus.write_indirect(0, address, address << 8 | n)
            if store[address] != address << 8 | n:
                wrong.append(address)

    threads = [threading.Thread(target=work, args=(address,)) for address in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert board.requests == 4 * 59 * 2


def test_indirect_access_follows_the_chip_sheet() -> None:
    spi = ScriptedSpi("""
        R 31 01        ; busy with the access before
        R 31 00
        W 28 6C
        W 29 7E
        W 30 14
        R 31 00
        W 30 14
        R 31 01
        R 31 00
        R 28 6C
        R 29 7E
    """)
    bus = Bus.in_process(spi.address)
    bus.write_indirect(0, 20, 0x7E6C)
    assert bus.read_indirect(0, 20) == 0x7E6C
    assert spi.wrong == "" and spi.finished()
    bus.close()


def test_a_chip_busy_for_10_ms_is_an_error() -> None:
    spi = ScriptedSpi("R 31 01\n" * 1000)
    bus = Bus.in_process(spi.address)
    with pytest.raises(BusError, match="read of indirect register 5 on chip select 0 failed: Connection timed out"):
        bus.read_indirect(0, 5)
    assert 10_000 <= spi.now_us <= 11_000
    bus.close()


def test_the_trace_is_readable_and_complete(board: TinyBoard, tmp_path: Path) -> None:
    path = tmp_path / "bus.trace"
    bus = Bus(trace(simboard_transport(board.path), path))
    board.registers[68] = 1
    bus.write(2, 64, 4)
    assert bus.read(0, 68) == 1
    bus.gpio_set(GPIO_RESET, 1)
    board.answer = lambda _request: None
    with pytest.raises(BusError):
        bus.read(1, 19)
    bus.close()
    lines = [line.split(maxsplit=1)[1] for line in path.read_text().splitlines()]
    assert lines == [
        "cs2 DR64 <- 0x04",
        "cs0 DR68 -> 0x01",
        "RESET <- 1",
        "cs1 DR19 -> 0x00",
        "transfer failed: Broken pipe",
    ]


def test_a_trace_that_cannot_be_written_is_an_error(board: TinyBoard, tmp_path: Path) -> None:
    transport: Transport = simboard_transport(board.path)
    with pytest.raises(BusError, match="cannot be written: Is a directory"):
        trace(transport, tmp_path)
    transport.close()
    assert not [fd for fd in os.listdir("/proc/self/fd") if os.path.realpath(f"/proc/self/fd/{fd}") == str(tmp_path)]
