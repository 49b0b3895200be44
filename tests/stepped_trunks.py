"""The stepped house with exchange lines beside its telephones: see `stepped_house.py`.

A number that begins with 0 goes out over the exchange lines in order; calls from outside ring 101.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from drivers.exchange_port import ExchangeLineProfile
from drivers.sim.exchange_line import ExchangeLine
from firmware.lines.fxo_line import FxoLine
from firmware.lines.fxo_options import FxoOptions, FxoTimers
from firmware.media.events import DataHeard, DigitHeard, SegmentHeard, SignalHeard
from firmware.pbx.services.dial_in import DialInPlan
from firmware.pbx.services.direct_in import DirectInPlan
from firmware.pbx.trunk_routes import OutboundRoute
from firmware.telephony.countries import load_country
from firmware.telephony.leg import Party
from tests.stepped_house import NOTHING_ELSE, STEP_MS, SteppedHouse

NUMBERS = {"fxs1": "101", "fxs2": "102"}


class TrunkHouse(SteppedHouse):
    """options, timers: changes to those of every exchange line. chip: the electrical set-up of fxo1, None for
    the default. echo_ms: as in `SteppedHouse`, here of those lines."""

    def __init__(
        self,
        folder: Path,
        country: str = "es",
        *,
        board: str = "sim-fxo",
        exchange: str = "es",
        options: dict[str, Any] | None = None,
        timers: dict[str, float] | None = None,
        habits: dict[str, Any] | None = None,
        lifted: str = "",
        chip: ExchangeLineProfile | None = None,
        settings: Mapping[str, Mapping[str, Any]] = NOTHING_ELSE,
        dial_in: DialInPlan | None = None,
        direct_in: DirectInPlan | None = None,
        echo_ms: int = 0,
    ) -> None:
        super().__init__(
            NUMBERS, folder, country, board=board, lifted=lifted, settings=settings, dial_in=dial_in,
            direct_in=direct_in, exchange_profiles={} if chip is None else {"fxo1": chip},
        )  # fmt: skip
        self.trunks: dict[str, FxoLine] = {}
        self._trunk_of: dict[int, FxoLine] = {}
        nation = load_country(country)
        wanted = replace(FxoOptions(target="101"), **(options or {}))
        for name, port in self._board.exchange_ports.items():
            slot = self._engine.open_slot(port.slot)
            slot.set_echo(echo_ms)
            lengths = replace(FxoTimers(), **(timers or {}))
            line = FxoLine(port, slot, Party("", name), nation, self.exchange, wanted, lengths)
            self.trunks[name] = self._trunk_of[slot.id] = line
            self.routes.outside.add_trunk(name, line.make_leg)
        self.routes.outside.emergency = frozenset(nation.emergency)
        self.routes.outside.add_route(OutboundRoute("city", "0", tuple(self.trunks), strip=1))
        for office in self.sim.offices.values():
            office.live_by(exchange, **(habits or {}))

    @property
    def trunk(self) -> FxoLine:
        return self.trunks["fxo1"]

    @property
    def office(self) -> ExchangeLine:
        """The exchange at fxo1."""
        return self.sim.offices["fxo1"]

    def state(self, port: str) -> str:
        line = self.trunks.get(port)
        return str(line.status()["state"]) if line is not None else super().state(port)

    async def pass_ms(self, ms: int) -> None:
        for _ in range(0, ms, STEP_MS):
            self._stepper.step_ms(STEP_MS)
            self.sim.turn()
            for told in self._board.drain_events():
                line = self.trunks.get(told.port) or self.lines.get(told.port)
                if line is not None:
                    line.port_event(told)  # type: ignore[arg-type]
            for heard in self._engine.drain():
                self._hear(heard)
            self._recovery.step()
            await asyncio.sleep(STEP_MS / 1000)

    def _hear(self, heard: object) -> None:
        if isinstance(heard, SegmentHeard):
            self._trunk_of[heard.endpoint].segment(heard)
        elif isinstance(heard, SignalHeard):
            if heard.signal == "cng" and heard.endpoint in self._trunk_of:
                self._trunk_of[heard.endpoint].fax()
        elif isinstance(heard, DataHeard):
            self._trunk_of[heard.endpoint].ear.data(heard.octet)
        elif isinstance(heard, DigitHeard):
            line = self._trunk_of.get(heard.endpoint) or self._by_endpoint[heard.endpoint]
            line.digit(heard.digit)
