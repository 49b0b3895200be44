"""From a board's description to live ports: the one place that puts bus, chips, scanner and highway together.

`wire("sim", ...)` and `wire("rpi-oak", ...)` are the same call; what differs stands in the board
file. `Board.start` blocks and belongs into a thread. `make_safe` is for the supervisor when core has
died: it only pulls the reset line, so that every line opens. Descriptions: `description.py`;
what a port can do: `drivers/ports.py`.
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

from boards.calibration_store import CalibrationStore
from boards.description import NO_GPIO, BoardDescription, PortDescription, load
from drivers.bus import GPIO_RESET, Bus
from drivers.daa import Daa
from drivers.errors import HardwareError
from drivers.exchange_port import ExchangeLineEvent, ExchangeLineProfile
from drivers.gpio import CardGpio
from drivers.lifeline import Lifeline
from drivers.pcm import Highway
from drivers.ports import LineProfile, PortEvent, PortFailed
from drivers.scanner import Scanner
from drivers.slic import Slic
from drivers.startup import run_together

__all__ = ["Board", "CalibrationStore", "make_safe", "wire"]

SPI_SOCKET = "simboard.spi"
Profiles = Mapping[str, LineProfile | ExchangeLineProfile]
"""By port name."""
RESET_PULSE_MS = 1
AFTER_RESET_MS = 10
"""The chip sheet wants 100 ns and 2 ms at least (sections 2.4 and 5)."""


class Board:
    """A board with its ports. `start` and each port's `recover` block; everything else is quick."""

    def __init__(
        self,
        described: BoardDescription,
        bus: Bus,
        highway: Highway | None,
        profiles: Profiles,
        store: CalibrationStore,
    ) -> None:
        self.described = described
        self.bus = bus
        self.scanner = Scanner(bus)
        self.scanner.set_ring_most(described.ring_at_once)
        self.ports: dict[str, Slic] = {}
        """Telephone ports."""
        self.exchange_ports: dict[str, Daa] = {}
        """Exchange-line ports."""
        self._highway = highway
        self._store = store
        self._told: deque[PortEvent | ExchangeLineEvent] = deque()
        self._starting = threading.Lock()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._events = select.epoll()
        self._events.register(self._bell, select.EPOLLIN)
        self._events.register(self.scanner.fileno(), select.EPOLLIN)
        for port in described.ports:
            self._make(port, profiles.get(port.name))
        relay = described.lifeline
        self.lifeline: Lifeline | None = None
        """The relay that puts a telephone on an exchange line without power; core lets it step."""
        if relay.telephone:
            phone, line = self.ports[relay.telephone], self.exchange_ports[relay.line]
            self.lifeline = Lifeline(bus, phone, line, self._put)

    def _make(self, port: PortDescription, profile: LineProfile | ExchangeLineProfile | None) -> None:
        made: Slic | Daa
        if port.kind == "fxo":
            exchange = profile if isinstance(profile, ExchangeLineProfile) else ExchangeLineProfile()
            made = self.exchange_ports[port.name] = Daa(port.name, self.bus, port.cs, port.slot, exchange)
        else:
            line = profile if isinstance(profile, LineProfile) else LineProfile()
            stored = self._store.load(port.name)
            made = self.ports[port.name] = Slic(port.name, self.bus, port.cs, port.slot, line, stored, port.chip)
        made.scanner = self.scanner
        made.tell = self._tell

    @property
    def all_ports(self) -> dict[str, Slic | Daa]:
        """Every port by name."""
        return {**self.ports, **self.exchange_ports}

    @property
    def highway_address(self) -> int:
        """Address of the struct highway; 0 on a board without voice."""
        return self._highway.address if self._highway else 0

    def start(self, *, stepped: bool = False) -> None:
        """Reset the card and start all its chips side by side. Blocks up to 5 s, 0.3 s with stored calibrations.

        A port that fails stays out of service with its reason in `failure`; the others go on.
        Each port that becomes ready is told as PortRecovered at once, and watched.
        stepped: no scanner thread; the caller steps it.
        """
        with self._starting:
            try:
                self._reset_card()
                if not stepped:
                    self.scanner.start()
            except HardwareError as error:
                for port in self.all_ports.values():
                    port.out_of_service(error.reason, error.trouble)
                return
            run_together(self.bus, {name: port.begin(after_reset=True) for name, port in self.all_ports.items()})

    def _reset_card(self) -> None:
        if self.lifeline is not None:
            self.lifeline.fall()
        self.bus.gpio_set(GPIO_RESET, 0)
        self.bus.wait_ms(RESET_PULSE_MS)
        self.bus.gpio_set(GPIO_RESET, 1)
        self.bus.wait_ms(AFTER_RESET_MS)

    def scanner_fileno(self) -> int:
        """Readable while `drain_events` has something to give."""
        return self._events.fileno()

    def drain_events(self) -> list[PortEvent | ExchangeLineEvent]:
        """All events so far. A port told as failed is out of service when this returns."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        events: list[PortEvent | ExchangeLineEvent] = []
        while self._told:
            events.append(self._told.popleft())
        events += self.scanner.drain()
        for event in events:
            if isinstance(event, PortFailed):
                self.all_ports[event.port].out_of_service(event.reason, event.trouble)
        return self.lifeline.sift(events) if self.lifeline is not None else events

    def _tell(self, event: PortEvent) -> None:
        """A port came into service; runs in the thread that started it."""
        calibration = self.all_ports[event.port].calibration
        if calibration and calibration != self._store.load(event.port):
            self._store.save(event.port, calibration)
        self._put(event)

    def _put(self, event: PortEvent) -> None:
        self._told.append(event)
        os.eventfd_write(self._bell, 1)

    def close(self) -> None:
        """Open all lines, pull the reset line and let go of the hardware. Once is enough."""
        if self._events.closed:
            return
        for port in self.all_ports.values():
            port.give_up()
        with self._starting:  # a start in another thread must have let go of the bus
            pass
        for port in self.all_ports.values():
            port.close()
        self.scanner.close()
        with suppress(HardwareError):
            if self.lifeline is not None:
                self.lifeline.fall()
            self.bus.gpio_set(GPIO_RESET, 0)
        if self._highway is not None:
            self._highway.close()
        self.bus.close()
        self._events.close()
        os.close(self._bell)


def wire(board: str, run_dir: Path, profiles: Profiles, store: CalibrationStore) -> Board:
    """Open the hardware of `board` (a name in boards/ or a .toml file); its ports are not started yet.

    run_dir: where the simulated board's socket lies. profiles: by port name, others get the default.
    Raises SettingsError for a bad board file, BusError when the hardware cannot be opened.
    """
    described = load(board)
    # The PCM clock must run before the chips leave reset (chip sheet, section 2.4): highway first.
    highway = Highway.simboard(run_dir / SPI_SOCKET) if described.highway.kind == "simboard" else None
    try:
        bus = _open_bus(described, run_dir)
    except HardwareError:
        if highway is not None:
            highway.close()
        raise
    return Board(described, bus, highway, profiles, store)


def make_safe(board: str, run_dir: Path) -> None:
    """Pull the card's reset line: every telephone line opens. Raises BusError when the board does not answer."""
    described = load(board)
    if described.bus.kind == "simboard":
        with closing(Bus.simboard(run_dir / SPI_SOCKET)) as bus:
            bus.gpio_set(GPIO_RESET, 0)
    else:
        _card_gpio(described).close()  # opening it drives the line low, closing leaves it so


def _open_bus(described: BoardDescription, run_dir: Path) -> Bus:
    if described.bus.kind == "simboard":
        return Bus.simboard(run_dir / SPI_SOCKET)
    selects = [port.cs for port in described.ports]
    return Bus.spidev(described.bus.number, selects, described.bus.speed_hz, _card_gpio(described))


def _card_gpio(described: BoardDescription) -> CardGpio:
    pins = (described.bus.reset_gpio, described.bus.interrupt_gpio, described.lifeline.relay_gpio)
    return CardGpio(*(None if pin == NO_GPIO else pin for pin in pins))
