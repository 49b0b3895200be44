"""The telephones' lines of core: made from settings and ports, given their numbers, and told what happens to them.

`app.py` owns it as it owns the exchange lines (`app_trunks.py`). A port without settings gets a line without a number,
which can call but not be called.
"""

from __future__ import annotations

from functools import partial

from boards.wiring import Board
from drivers.ports import LineProfile, PortEvent
from firmware.config.line_settings import FxsLineSettings
from firmware.config.settings import Settings
from firmware.lines.fxs_line import FxsLine
from firmware.lines.line_options import LineTimers
from firmware.lines.own_tones import load_with_own_tones
from firmware.lines.profiles import dial_plan, echo_tail_ms, line_options, line_profile
from firmware.lines.send_profile import send_profile
from firmware.media.engine import Engine
from firmware.media.events import DigitHeard, MediaEvent
from firmware.pbx.routes import Extension, Routes
from firmware.pbx.services.codes import ServiceCodes
from firmware.pbx.services.subscribers import Subscribers
from firmware.telephony.countries import Country
from firmware.telephony.digit_map import UnitedPlans
from firmware.telephony.leg import LegListener, Party


def telephone_profiles(country: Country, settings: Settings) -> dict[str, LineProfile]:
    """By port name, what the driver is to make of each telephone's line."""
    return {name: line_profile(_country_of(line, country, settings), line) for name, line in settings.lines.items()}


def _country_of(line: FxsLineSettings, country: Country, settings: Settings) -> Country:
    """A line may be used as in a country of its own."""
    return country if line.country is None else load_with_own_tones(line.country, settings.tones)


class Telephones:
    """All telephones' lines of the board. country: of the house."""

    def __init__(self, settings: Settings, country: Country) -> None:
        self.lines: dict[str, FxsLine] = {}
        """By port name."""
        self._by_endpoint: dict[int, FxsLine] = {}
        self._settings = settings
        self._country = country

    def make(
        self,
        board: Board,
        engine: Engine,
        listener: LegListener,
        routes: Routes,
        subscribers: Subscribers,
        codes: ServiceCodes,
    ) -> None:
        """One line for each port, and the extensions that ring them."""
        pbx = self._settings.pbx
        timers = LineTimers(pbx.first_digit_s, pbx.inter_digit_s, pbx.complete_s, pbx.congestion_s, pbx.howler_s)
        plan = dial_plan(self._country, UnitedPlans(routes, codes), pbx.digit_map)
        for name, port in board.ports.items():
            settings = self._settings.lines.get(name, FxsLineSettings())
            slot = engine.open_slot(port.slot)
            slot.set_echo(echo_tail_ms(settings))
            slot.watch_modems(True)
            party = Party(settings.number, settings.name)
            country = _country_of(settings, self._country, self._settings)
            options = line_options(
                country, settings, numbers_known=bool(pbx.digit_map), recall_s=pbx.recall_s,
                jitter_fixed_ms=self._settings.media.jitter_fixed_ms,
                may_wait=partial(subscribers.waits, settings.number),
            )  # fmt: skip
            sends = send_profile(country, settings, self._settings.rings)
            line = FxsLine(port, slot, party, country, listener, plan, timers, options, sends)
            self.lines[name] = self._by_endpoint[slot.id] = line
            if settings.number:
                _give_numbers(line, settings, routes, subscribers)
        subscribers.load()

    def port_event(self, event: PortEvent) -> None:
        """Of one of these ports."""
        self.lines[event.port].port_event(event)

    def media_event(self, event: MediaEvent) -> bool:
        """Whether it was for one of these lines."""
        line = self._by_endpoint.get(event.endpoint)
        if line is not None and isinstance(event, DigitHeard):
            line.digit(event.digit)
        return line is not None


def _give_numbers(line: FxsLine, settings: FxsLineSettings, routes: Routes, subscribers: Subscribers) -> None:
    """Its own, and those of the old PBX that it may lead to."""
    subscribers.add(settings.number)
    make = subscribers.guarded(settings.number, line.make_leg)
    free = subscribers.guarded(settings.number, partial(line.make_leg, waits=False))
    for called in dict.fromkeys((settings.number, *settings.did)):
        routes.add(Extension(called, settings.name or line.name, make, is_line=True, make_free=free))
