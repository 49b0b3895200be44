"""The boundary to the kernel's spidev and to RPi.GPIO, with stand-ins on the other side."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers._native import ffi, lib
from drivers.bus import GPIO_INT, GPIO_LIFELINE, GPIO_RESET, Bus
from drivers.errors import BusError
from drivers.gpio import CardGpio

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

PROGRAM = """
from drivers._native import ffi, lib
from drivers.bus import Bus
from drivers.errors import BusError

bus = Bus.spidev(7, [0, 1], 2_500_000)
bus.write(1, 64, 0x04)
bus.write(0, 64, 0x01)
print(bus.read(1, 64), bus.read(0, 64))
ops = ffi.new("struct spi_op[]", 40)
for n in range(40):
    lib.registers_op_read(ffi.addressof(ops, n), n // 36, 64)
result = lib.registers_transfer(bus.registers, ops, 40)
print(result, {getattr(op, "in")[1] for op in ops[0:36]}, getattr(ops[39], "in")[1])
for cs in (2, 16):
    try:
        bus.read(cs, 0)
    except BusError as error:
        print(error)
try:
    bus.write(1, 127, 5)
except BusError as error:
    print(error)
bus.close()
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    source = HERE / "native" / "spidev_shim.c"
    subprocess.run(["gcc", "-O1", "-Wall", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def test_one_chip_select_pulse_an_octet_in_mode_3(shim: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    environment = os.environ | {"LD_PRELOAD": str(shim), "SHIM_LOG": str(log)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "4 1",
        "0 {1} 4",
        "spidev7: read of register 0 on chip select 2 failed: Invalid argument",
        "spidev7: read of register 0 on chip select 16 failed: Invalid argument",
        "spidev7: write of register 127 on chip select 1 failed: Input/output error",
    ]
    lines = log.read_text().splitlines()
    assert lines.count("mode 3") >= 2
    assert "speed 2500000" in lines
    messages = [line.split()[1:] for line in lines if line.startswith("message")]
    assert messages[:2] == [["7.1", "1/1", "1/0"], ["7.0", "1/1", "1/0"]]
    batch = messages[4:-1]
    assert [(m[0], len(m) - 1) for m in batch] == [("7.0", 64), ("7.0", 8), ("7.1", 8)]
    for _, *segments in messages:
        assert set(segments[:-1]) == {"1/1"} and segments[-1] == "1/0"


def test_a_bus_that_is_not_there() -> None:
    with pytest.raises(BusError, match=r"spidev9: /dev/spidev9\.3 cannot be used: No such file or directory"):
        Bus.spidev(9, [3], 2_500_000)


class FakePins(types.ModuleType):
    """The RPi.GPIO interface as far as it is used; pins are a dictionary."""

    BCM, OUT, IN, LOW, HIGH, PUD_UP, BOTH = "BCM", "OUT", "IN", 0, 1, "UP", "BOTH"

    def __init__(self) -> None:
        super().__init__("RPi.GPIO")
        self.calls: list[tuple[object, ...]] = []
        self.levels: dict[int, int] = {}
        self.edge: Callable[[int], None] | None = None

    def setwarnings(self, _on: bool) -> None: ...

    def setmode(self, mode: str) -> None:
        self.calls.append(("mode", mode))

    def setup(self, pin: int, way: str, initial: int = 1, pull_up_down: str = "") -> None:
        self.calls.append(("setup", pin, way, pull_up_down))
        self.levels[pin] = initial

    def output(self, pin: int, level: int) -> None:
        self.levels[pin] = level

    def input(self, pin: int) -> int:
        return self.levels[pin]

    def add_event_detect(self, _pin: int, _edge: str, callback: Callable[[int], None]) -> None:
        self.edge = callback

    def remove_event_detect(self, pin: int) -> None:
        self.calls.append(("remove", pin))


@pytest.fixture
def pins(monkeypatch: pytest.MonkeyPatch) -> FakePins:
    pins = FakePins()
    package = types.ModuleType("RPi")
    package.GPIO = pins  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "RPi", package)
    monkeypatch.setitem(sys.modules, "RPi.GPIO", pins)
    return pins


def test_reset_starts_low_and_keeps_its_level_at_the_end(pins: FakePins) -> None:
    gpio = CardGpio(17)
    assert pins.levels[17] == 0
    gpio.set_reset(1)
    assert pins.levels[17] == 1
    gpio.set_reset(0)
    gpio.close()
    assert pins.levels[17] == 0


def test_the_lifelines_relay_is_not_drawn_at_first_and_obeys_its_own_line(pins: FakePins) -> None:
    bus = Bus.spidev(0, [], 2_500_000, CardGpio(17, None, 5))
    assert pins.levels[5] == 0
    bus.gpio_set(GPIO_LIFELINE, 1)
    assert (pins.levels[5], pins.levels[17]) == (1, 0)
    bus.gpio_set(GPIO_LIFELINE, 0)
    assert pins.levels[5] == 0
    bus.close()


def test_edges_of_the_interrupt_reach_the_native_side(pins: FakePins) -> None:
    gpio = CardGpio(17, 23)
    assert ("setup", 23, "IN", "UP") in pins.calls
    bus = Bus.spidev(0, [], 2_500_000, gpio)
    assert bus.gpio_get(GPIO_INT) == 1
    pins.levels[23] = 0
    assert pins.edge is not None
    pins.edge(23)
    assert bus.gpio_get(GPIO_INT) == 0
    bus.gpio_set(GPIO_RESET, 1)
    assert pins.levels[17] == 1
    bus.close()
    assert ("remove", 23) in pins.calls


def test_a_card_without_an_interrupt_line_has_none() -> None:
    dev = lib.spi_dev_new()
    ops = lib.spi_dev_ops(dev)
    assert ops.gpio_get(ops.self, GPIO_INT) < 0
    assert lib.spi_dev_add(dev, 16, 0) < 0 and lib.spi_dev_add(dev, 0, -1) < 0
    assert ops.transfer(ops.self, ffi.NULL, 0) < 0
    lib.spi_dev_free(dev)


def test_a_machine_without_gpio_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "RPi", None)
    with pytest.raises(BusError, match="gpio: no GPIO on this machine"):
        CardGpio(17)
