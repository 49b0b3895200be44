"""The exchange lines of core: made from settings and ports, joined to the ways out, and told what happens to them.

`app.py` owns it as it owns the telephones' lines. A port without settings is watched, but takes and makes no call.
"""

from __future__ import annotations

import logging

from boards.wiring import Board
from drivers.exchange_port import ExchangeLineEvent, ExchangeLineProfile
from drivers.ports import PortEvent
from firmware.app_dial_in import with_dial_in
from firmware.app_numbers import inbound_table, with_direct_in, with_inbound
from firmware.config.settings import Settings
from firmware.config.trunk_settings import FxoLineSettings
from firmware.lines.fxo_line import FxoLine
from firmware.lines.fxo_profile import fxo_options, fxo_profile, fxo_timers
from firmware.media.engine import Engine
from firmware.media.events import DataHeard, DigitHeard, MediaEvent, SegmentHeard, SignalHeard
from firmware.pbx.routes import Routes
from firmware.pbx.trunk_routes import OutboundRoute
from firmware.telephony.countries import Country
from firmware.telephony.leg import LegListener, Party

log = logging.getLogger(__name__)


def trunk_profiles(country: Country, settings: Settings) -> dict[str, ExchangeLineProfile]:
    """By port name, what the driver is to make of each exchange line."""
    return {name: fxo_profile(country, line) for name, line in settings.exchange_lines.items()}


class Trunks:
    """All exchange lines of the board."""

    def __init__(self) -> None:
        self.lines: dict[str, FxoLine] = {}
        self._by_endpoint: dict[int, FxoLine] = {}

    def make(
        self,
        board: Board,
        engine: Engine,
        settings: Settings,
        country: Country,
        listener: LegListener,
        routes: Routes,
    ) -> None:
        """One line for each port, and the ways out over them."""
        inbound = inbound_table(settings, country.numbering)
        for name, port in board.exchange_ports.items():
            line = with_inbound(settings.exchange_lines.get(name, FxoLineSettings()), name, inbound)
            slot = engine.open_slot(port.slot)
            slot.set_echo(0 if line.echo == "off" else int(line.echo))
            party = Party(line.number or "", line.name or name)
            callers = {key: rule for key, rule in settings.callers.items() if not rule.lines or name in rule.lines}
            options = with_direct_in(line, fxo_options(country, line, callers))
            options = with_dial_in(name, options, settings)
            made = FxoLine(port, slot, party, country, listener, options, fxo_timers(line))
            self.lines[name] = self._by_endpoint[slot.id] = made
            if name in settings.exchange_lines:
                routes.outside.add_trunk(name, made.make_leg)
            if line.busy_out:
                routes.outside.busied_out.add(name)
        routes.outside.emergency = frozenset(country.emergency)
        for name, way in settings.outbound.items():
            present = tuple(line for line in way.lines if line in self.lines)
            if len(present) < len(way.lines):
                has = ", ".join(present) or "none of them"
                log.warning("outbound.%s.lines: %s; this board has %s", name, ", ".join(way.lines), has)
            if present:
                add, form, numbers = way.add or "", way.form, country.numbering
                routes.outside.add_route(
                    OutboundRoute(name, way.prefix, present, way.strip, add, way.order, way.calls_most, form, numbers)
                )

    def port_event(self, event: ExchangeLineEvent | PortEvent) -> bool:
        """Whether it was for one of these lines."""
        line = self.lines.get(event.port)
        if line is not None:
            line.port_event(event)
        return line is not None

    def media_event(self, event: MediaEvent) -> bool:
        """Whether it was for one of these lines."""
        line = self._by_endpoint.get(event.endpoint)
        if line is None:
            return False
        if isinstance(event, SegmentHeard):
            line.segment(event)
        elif isinstance(event, DataHeard):
            line.ear.data(event.octet)
        elif isinstance(event, SignalHeard) and event.signal == "cng":
            line.fax()
        elif isinstance(event, DigitHeard):
            line.digit(event.digit)
        return True
