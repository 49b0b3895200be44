"""A whole house without SIP, stepped: simulated copper and chips, true drivers, engine, lines and exchange.

No thread and no socket: `pass_ms` moves the board, the scanner and the engine on, hands their
events to the lines, and lets the event loop's own (fake) time keep step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from boards.calibration_store import CalibrationStore
from boards.description import load
from boards.wiring import Board
from drivers._native import ffi
from drivers.bus import Bus
from drivers.bus_trace import trace
from drivers.exchange_port import ExchangeLineProfile
from drivers.sim.board import SimBoard
from drivers.sim.characters import Character
from drivers.stepper import Stepper
from drivers.transport import Transport
from firmware.config.code_settings import Codes
from firmware.config.declaration import defaults
from firmware.config.line_settings import FxsLineSettings
from firmware.config.ring_settings import Ring
from firmware.config.tone_settings import OwnTone
from firmware.lines.fxs_line import FxsLine
from firmware.lines.line_options import LineOptions, LineTimers
from firmware.lines.own_tones import load_with_own_tones
from firmware.lines.profiles import dial_plan, echo_tail_ms, line_options, line_profile
from firmware.lines.send_profile import SendProfile, send_profile
from firmware.media.engine import Engine
from firmware.media.events import DigitHeard
from firmware.pbx.connection import Sounds
from firmware.pbx.exchange import Exchange
from firmware.pbx.routes import Extension, Routes
from firmware.pbx.services.codes import ServiceCodes, confirmation_tone
from firmware.pbx.services.dial_in import DialInPlan
from firmware.pbx.services.direct_in import DirectInPlan
from firmware.pbx.services.subscribers import Subscribers
from firmware.telephony.digit_map import UnitedPlans
from firmware.telephony.leg import Party
from firmware.telephony.number import NumberPlan
from tests.pbx.exchange_bench import NotedRecords
from tests.stepped_recovery import SteppedRecovery

NOTHING_ELSE: Mapping[str, Any] = MappingProxyType({})
STEP_MS = 5
"""Events reach the lines this often; the true house takes well under a millisecond."""


class SteppedHouse:
    """numbers: by port name. lifted: the port whose telephone is off hook from the start.
    echo_ms: tail of the echo cancellers, 0 for none. settings: of a line beside its number, by port name.
    rings: ring classes. board: a name or board file. traced: every register access is written to
    folder/bus.trace. exchange_profiles: of exchange lines, by port name. Ports that failed are tried again as core
    does it.

    Used inside `fake_time.run`, closed with `close`.
    """

    def __init__(
        self,
        numbers: dict[str, str],
        folder: Path,
        country: str = "es",
        *,
        lifted: str = "",
        echo_ms: int = 0,
        settings: Mapping[str, Mapping[str, Any]] = NOTHING_ELSE,
        rings: Mapping[str, Ring] = NOTHING_ELSE,
        board: str = "sim",
        traced: bool = False,
        digit_map: Sequence[str] = (),
        own_tones: Mapping[str, OwnTone] = NOTHING_ELSE,
        exchange_profiles: Mapping[str, ExchangeLineProfile] = NOTHING_ELSE,
        dial_in: DialInPlan | None = None,
        direct_in: DirectInPlan | None = None,
    ) -> None:
        self.sim = SimBoard(board, seed=7)
        if lifted:
            self.sim.copper[lifted].lift()
        self.country = spain = load_with_own_tones(country, own_tones)
        said = {name: FxsLineSettings(number=number, **settings.get(name, {})) for name, number in numbers.items()}
        profiles = {name: line_profile(spain, line) for name, line in said.items()}
        transport = Transport("stepped board", ffi.cast("struct spi_ops *", self.sim.spi_ops_address))
        self._bus = Bus(trace(transport, folder / "bus.trace") if traced else transport)
        everybody = {**profiles, **exchange_profiles}
        self._board = Board(load(board), self._bus, None, everybody, CalibrationStore(folder))
        self._board.start(stepped=True)
        self._engine = Engine(
            highway_address=self.sim.highway_address, rtp_ports=range(20000, 20010), stepped=True, seed=7
        )
        self.records = NotedRecords()
        self.routes = routes = Routes()
        sounds = Sounds(ringback=spain.tone("ringback"))
        self.subscribers = Subscribers()
        codes = ServiceCodes(defaults(Codes), self.subscribers, self._engine, confirmation_tone(spain.tone("dial")))
        self.exchange = Exchange(
            routes, self._engine, self.records, sounds=sounds, codes=codes, dial_in=dial_in, direct_in=direct_in
        )  # fmt: skip
        self.lines: dict[str, FxsLine] = {}
        self._by_endpoint: dict[int, FxsLine] = {}
        plan = dial_plan(spain, UnitedPlans(routes, codes), digit_map)
        for name, number in numbers.items():
            line = said[name]
            may_wait = partial(self.subscribers.waits, number)
            options = line_options(spain, line, numbers_known=bool(digit_map), may_wait=may_wait)
            self._add_line(name, line, plan, options, send_profile(spain, line, rings), echo_ms)
        members = [
            (self.sim.step_address, self.sim.context_address),
            (self._board.scanner.step_address, self._board.scanner.context_address),
            (self._engine.tick_address, self._engine.ctx_address, 5),
        ]
        self._stepper = Stepper(members, self._bus.now_us)
        self._recovery = SteppedRecovery(self._board)
        self.people: list[Character] = []
        """Those that act by themselves while time passes."""

    def _add_line(
        self, name: str, said: FxsLineSettings, plan: NumberPlan, options: LineOptions, sends: SendProfile, echo_ms: int
    ) -> None:
        """A telephone's line on its port, at the numbers that `said` gives it."""
        number = said.number
        assert number is not None
        port = self._board.ports[name]
        slot = self._engine.open_slot(port.slot)
        slot.set_echo(echo_ms and echo_tail_ms(said))
        self.subscribers.add(number)
        party = Party(number, said.name)
        line = FxsLine(port, slot, party, self.country, self.exchange, plan, LineTimers(), options, sends)
        self.lines[name] = self._by_endpoint[slot.id] = line
        make = self.subscribers.guarded(number, line.make_leg)
        free = self.subscribers.guarded(number, partial(line.make_leg, waits=False))
        for called in (number, *said.did):
            self.routes.add(Extension(called, name, make, is_line=True, make_free=free))

    @property
    def engine_counts(self) -> dict[str, int]:
        return self._engine.debug()

    def state(self, port: str) -> str:
        return str(self.lines[port].status()["state"])

    async def pass_ms(self, ms: int) -> None:
        """Let that much time pass everywhere."""
        for _ in range(0, ms, STEP_MS):
            self._stepper.step_ms(STEP_MS)
            for told in self._board.drain_events():
                if told.port in self.lines:
                    self.lines[told.port].port_event(told)
            for heard in self._engine.drain():
                if isinstance(heard, DigitHeard):
                    self._by_endpoint[heard.endpoint].digit(heard.digit)
            self._recovery.step()
            for somebody in self.people:
                somebody.attend()
            await asyncio.sleep(STEP_MS / 1000)

    async def until(self, what: str, true: Callable[[], bool], most_ms: int) -> int:
        """Let time pass until `true` holds; how many ms it took."""
        for waited_ms in range(0, most_ms, STEP_MS):
            if true():
                return waited_ms
            await self.pass_ms(STEP_MS)
        raise AssertionError(f"{what}: not within {most_ms} ms; lines are {[self.state(p) for p in self.lines]}")

    def close(self) -> None:
        self._board.close()
        self._engine.stop()
        self.sim.close()
