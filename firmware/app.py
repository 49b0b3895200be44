"""Core: joins lines, SIP, the exchange and the media engine, and runs until SIGTERM.

This is the one file that sees every room. In order: settings, the board and the media engine
on its PCM highway, SIP agent, exchange and routes, control socket; then the line cards are set
up in a thread, and each port comes into service when its chip is ready. The lines: `app_telephones.py`
and `app_trunks.py`. What core tells about itself: `app_status.py`. Who starts core: `service.py` or systemd.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from boards.wiring import Board, CalibrationStore, wire
from drivers.errors import HardwareError
from drivers.exchange_port import ExchangeLineEvent
from firmware.after_rush import AfterRush
from firmware.app_dial_in import dial_in_plan
from firmware.app_lamps import CoreLamps
from firmware.app_lifeline import tend_lifeline
from firmware.app_log import set_up_logging
from firmware.app_numbers import add_groups, direct_in_plan
from firmware.app_process import go_first, notify_ready
from firmware.app_sip import sip_settings, sip_users
from firmware.app_status import CoreStatus
from firmware.app_teach import CoreTeachIn
from firmware.app_telephones import Telephones, telephone_profiles
from firmware.app_trunks import Trunks, trunk_profiles
from firmware.config.load import Loaded, load_or_last_good
from firmware.config.mistake import SettingsError
from firmware.control.messages import ControlError
from firmware.control.server import ControlServer
from firmware.lines.own_tones import load_with_own_tones
from firmware.media.engine import Engine
from firmware.media.events import PlayerEnded
from firmware.media.hold_music import HoldMusic
from firmware.pbx.connection import Sounds
from firmware.pbx.exchange import Exchange
from firmware.pbx.records import CallRecords
from firmware.pbx.routes import Extension, LegMaker, Routes
from firmware.pbx.services.codes import ServiceCodes, confirmation_tone
from firmware.pbx.services.subscribers import Subscribers
from firmware.port_recovery import RETRY_S, PortRecovery
from firmware.sip.accounts.binding_store import BindingStore
from firmware.sip.agent import SipAgent
from firmware.telephony.cause import Cause
from firmware.telephony.clock import now_s
from firmware.telephony.countries import numberings
from firmware.telephony.leg import Leg
from firmware.version import VERSION

log = logging.getLogger(__name__)

EXIT_FAILED = 1
EXIT_SETTINGS = 2


class Core:
    """Everything of one appliance. `run` returns after SIGTERM, when all calls have ended."""

    def __init__(self, loaded: Loaded, data: Path, board: str, run: Path) -> None:
        self._loaded = loaded
        self._settings = loaded.settings
        self._data = data
        self._run = run
        self._country = load_with_own_tones(self._settings.country, self._settings.tones)
        self._board = self._wire(board)
        media = self._settings.media
        self._engine = Engine(
            highway_address=self._board.highway_address,
            rtp_ports=range(media.rtp_first, media.rtp_last + 1),
            dscp=media.dscp,
            jitter_fixed_ms=media.jitter_fixed_ms if media.jitter == "fixed" else 0,
        )
        self._routes = Routes()
        self._records = CallRecords(data)
        self._hold_music = HoldMusic(self._engine, Path(media.music_on_hold) if media.music_on_hold else None)
        self._subscribers = Subscribers(data / "lines.json")
        confirmation = confirmation_tone(self._country.tone("dial"))
        self._codes = ServiceCodes(asdict(self._settings.codes), self._subscribers, self._engine, confirmation)
        self._dial_in = dial_in_plan(self._settings, self._country, data)
        self._exchange = Exchange(
            self._routes, self._engine, self._records,
            no_answer_s=self._settings.pbx.no_answer_s,
            sounds=Sounds(self._hold_music.id, ringback=self._country.tone("ringback")), codes=self._codes,
            dial_in=self._dial_in, direct_in=direct_in_plan(self._settings, self._country),
        )  # fmt: skip
        self._agent = SipAgent(
            sip_settings(loaded), sip_users(loaded), self._engine, self._exchange,
            BindingStore(data / "registrations.sqlite"),
        )  # fmt: skip
        self._telephones = Telephones(self._settings, self._country)
        self._trunks = Trunks()

    def _wire(self, board: str) -> Board:
        telephones = telephone_profiles(self._country, self._settings)
        trunks = trunk_profiles(self._country, self._settings)
        return wire(board, self._run, {**telephones, **trunks}, CalibrationStore(self._data / "calibration"))

    # -- life --------------------------------------------------------------------------
    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raises OSError when a port or folder cannot be had."""
        loop = asyncio.get_running_loop()
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._agent.refresh_soon)
        self._records.start()
        self._engine.start()
        self._make_extensions()
        await self._agent.start()
        control = self._control_server()
        await control.start()
        loop.add_reader(self._engine.fileno(), self._hear_engine)
        loop.add_reader(self._board.scanner_fileno(), self._hear_ports)
        gc.freeze()  # what exists now lives as long as core: the collector need not look at it again
        notify_ready()
        async with asyncio.TaskGroup() as tasks:
            tending = [
                tasks.create_task(self._tend_cards(), name="tend-cards"),
                tasks.create_task(tend_lifeline(self._board.lifeline), name="lifeline"),
                tasks.create_task(AfterRush(self._in_hand, self._engine.trim).run(), name="after-rush"),
            ]
            await stopping.wait()
            for task in tending:
                task.cancel()
        await self._stop(control)

    async def _stop(self, control: ControlServer) -> None:
        log.info("core: stopping")
        self._exchange.release_all()
        await self._agent.stop(1.0)
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._board.scanner_fileno())
        loop.remove_reader(self._engine.fileno())
        await control.stop()
        self._engine.stop()
        await asyncio.to_thread(self._board.close)
        self._records.stop()
        self._subscribers.stop()
        self._dial_in.bans.stop()

    def _in_hand(self) -> int:
        sip = self._agent.debug()
        return self._exchange.debug()["calls"] + sip["client"] + sip["server"]

    async def _tend_cards(self) -> None:
        """Set the cards up, then try failed ports again, each try in a thread."""
        await asyncio.to_thread(self._board.start)
        recovery = PortRecovery()
        while True:
            await asyncio.sleep(RETRY_S)
            for port in self._board.all_ports.values():
                if recovery.due(port, now_s()):
                    try:
                        await asyncio.to_thread(port.recover)
                    except HardwareError as error:
                        log.debug("%s: still out of service: %s", port.name, error.reason)

    # -- parts -------------------------------------------------------------------------
    def _make_extensions(self) -> None:
        """Everything of the house that has a number, and the lines out of it."""
        self._telephones.make(self._board, self._engine, self._exchange, self._routes, self._subscribers, self._codes)
        self._trunks.make(self._board, self._engine, self._settings, self._country, self._exchange, self._routes)
        for number, user in self._settings.users.items():
            self._routes.add(Extension(number, user.name, self._sip_maker(number), is_line=False))
        add_groups(self._settings, self._routes)

    def _sip_maker(self, user: str) -> LegMaker:
        def make() -> Leg | Cause:
            return self._agent.call_user(user) or Cause.SUBSCRIBER_ABSENT

        return make

    def _control_server(self) -> ControlServer:
        status = CoreStatus(
            self._loaded, [*self._telephones.lines.values(), *self._trunks.lines.values()],
            self._agent, self._exchange, self._records, self._engine, self._board.lifeline, self._dial_in,
        )  # fmt: skip
        verbs = {
            "status": status.status,
            "calls": status.calls,
            "debug": status.debug,
            "lamp": CoreLamps(self._telephones.lines).lamp,
            "teach": CoreTeachIn(self._trunks.lines, self._settings.exchange_lines).teach,
        }
        return ControlServer(self._run / "core.sock", verbs, version=VERSION)

    # -- events ------------------------------------------------------------------------
    def _hear_ports(self) -> None:
        for event in self._board.drain_events():
            if not self._trunks.port_event(event) and not isinstance(event, ExchangeLineEvent):
                self._telephones.port_event(event)

    def _hear_engine(self) -> None:
        for event in self._engine.drain():
            if isinstance(event, PlayerEnded):
                self._hold_music.ended(event)
            elif not self._trunks.media_event(event) and not self._telephones.media_event(event):
                self._agent.media_event(event)


def main(argv: Sequence[str] | None = None) -> int:
    """`tipring-core`: 0 after SIGTERM, 2 for settings that cannot be used, 1 for what cannot be had."""
    parser = argparse.ArgumentParser(
        prog="tipring-core",
        description="The core process; `tipring run` or systemd starts it.",
        epilog="example: tipring-core --config /etc/tipring/tipring.toml --data /var/lib/tipring --board rpi-oak",
    )
    parser.add_argument("--config", type=Path, required=True, help="settings file")
    parser.add_argument("--data", type=Path, required=True, help="folder for records, registrations, calibrations")
    parser.add_argument("--board", default="sim", help="a board of boards/ (default: sim)")
    parser.add_argument("--run", type=Path, required=True, help="folder for sockets")
    parser.add_argument("--debug", action="store_true", help="log packets and registers")
    args = parser.parse_args(argv)
    go_first()
    set_up_logging("core", debug=args.debug, in_thread=True)
    try:
        loaded = load_or_last_good(args.config, args.data, numberings())
        for notice in loaded.notices:
            log.log(logging.WARNING if notice.level == "warning" else logging.ERROR, "settings: %s", notice.en)
        asyncio.run(Core(loaded, args.data, args.board, args.run).run())
    except SettingsError as error:
        for mistake in error.mistakes:
            log.error("settings: %s", mistake.text("en"))
        return EXIT_SETTINGS
    except (OSError, HardwareError, ControlError) as error:
        log.error("core: cannot start: %s", error)
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
