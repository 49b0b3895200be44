"""What core tells about itself: the verbs `status`, `calls` and `debug` of its socket.

`status` is for people and the page, `debug` for bug reports and the tests that look for leaks.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from drivers.errors import HardwareError
from drivers.lifeline import Lifeline
from firmware import app_lifeline
from firmware.app_dial_in import dial_in_notices
from firmware.config.absent_ports import absent_ports
from firmware.config.load import Loaded
from firmware.control.messages import ControlError
from firmware.lines.fxo_line import FxoLine
from firmware.lines.fxs_line import FxsLine
from firmware.media.engine import Engine
from firmware.pbx.exchange import Exchange
from firmware.pbx.records import CallRecords
from firmware.pbx.services.dial_in import DialInPlan
from firmware.sip.agent import SipAgent
from firmware.telephony.clock import now_s
from firmware.telephony.leg import Leg
from firmware.version import VERSION

log = logging.getLogger(__name__)

_REGISTRATION = ("user", "name", "contact", "source", "transport", "agent", "expires_s")


class CoreStatus:
    """Read-only view of a running core."""

    def __init__(
        self,
        loaded: Loaded,
        lines: Sequence[FxsLine | FxoLine],
        agent: SipAgent,
        exchange: Exchange,
        records: CallRecords,
        engine: Engine,
        lifeline: Lifeline | None = None,
        dial_in: DialInPlan | None = None,
    ) -> None:
        self._loaded = loaded
        self._lines = lines
        self._agent = agent
        self._exchange = exchange
        self._records = records
        self._engine = engine
        self._lifeline = lifeline
        self._dial_in = dial_in or DialInPlan()
        self._began_s = now_s()
        self._absent = absent_ports(loaded.settings, [line.name for line in lines])
        for notice in self._absent:
            log.warning("%s", notice.en)

    async def status(self, _args: dict[str, Any]) -> dict[str, Any]:
        """The whole picture; reads every chip once (a few SPI accesses each)."""
        settings = self._loaded.settings
        return {
            "version": VERSION,
            "uptime_s": round(now_s() - self._began_s, 1),
            "country": settings.country,
            "language": settings.language,
            "ports": [self._port(line) for line in self._lines],
            "sip": [asdict(place) for place in self._agent.listening()],
            "registrations": [{name: getattr(r, name) for name in _REGISTRATION} for r in self._agent.registrations()],
            "public_address": known._asdict() if (known := self._agent.public_address()) is not None else None,
            "calls": self._exchange.status(),
            "lifeline": app_lifeline.told(self._lifeline),
            "notices": self._notices(),
        }

    def _notices(self) -> list[dict[str, str]]:
        settings = (*self._loaded.notices, *self._absent, *self._agent.notices())
        hardware = (*map(line_notice, self._lines), app_lifeline.notice(self._lifeline))
        return [
            *({"level": n.level, "en": n.en, "es": n.es} for n in settings),
            *(notice for notice in hardware if notice is not None),
            *dial_in_notices(self._dial_in),
        ]

    def _port(self, line: FxsLine | FxoLine) -> dict[str, Any]:
        known = line.status()
        measured = {"hook": "on", "loop_v": 0.0, "loop_ma": 0.0, "ringing": False}
        if known["in_service"]:
            try:
                read = line.port.readings()
            except HardwareError:
                pass  # the scanner is about to take the port out of service, with the reason
            else:
                measured = {
                    "hook": "off" if read.off_hook else "on",
                    "loop_v": round(read.loop_v, 1),
                    "loop_ma": round(read.loop_ma, 1),
                    "ringing": read.ringing,
                }
        subscriber = self._exchange.subscriber(line.party.number)
        quiet = subscriber is not None and subscriber.do_not_disturb
        echo = line.echo()
        return {
            **known,
            **measured,
            "reason": known["reason"] or app_lifeline.reason(self._lifeline, line.name),
            "peer": self._peer(line.leg),
            "other_peer": self._peer(line.other.leg if isinstance(line, FxsLine) else None),
            "do_not_disturb": quiet,
            "echo": asdict(echo) if echo is not None else None,
        }

    def _peer(self, leg: Leg | None) -> str:
        """The number at the other end of a leg's call."""
        call = self._exchange.call_of(leg.call_id) if leg is not None else None
        return call.peer_number(leg) if call is not None and leg is not None else ""

    async def calls(self, args: dict[str, Any]) -> list[dict[str, Any]]:
        """The newest call records first; limit: 1 to 10000, 100 by default."""
        limit = args.get("limit", 100)
        if not isinstance(limit, int) or not 1 <= limit <= 10_000:
            raise ControlError(f"limit is {limit!r}, allowed 1 to 10000")
        return await self._records.newest(limit)

    async def debug(self, _args: dict[str, Any]) -> dict[str, Any]:
        """Counts that must return to what they were after a burst of calls."""
        sip = self._agent.debug()
        return {
            "pid": os.getpid(),
            "tasks": len(asyncio.all_tasks()),
            "timers": sip["timers"] + self._exchange.debug()["call_timers"],
            "transactions": sip["client"] + sip["server"],
            "dialogs": sip["dialogs"],
            "streams": sip["streams"],
            "sip": sip,
            "exchange": self._exchange.debug(),
            "media": self._engine.debug(),
        }


def line_notice(line: FxsLine | FxoLine) -> dict[str, str] | None:
    """What somebody should do about a line, for status and page; None while all is well."""
    words = line.alarm.words
    if words is None:
        return None
    level = "warning" if line.port.in_service else "error"
    return {"level": level, "en": f"{line.name}: {words.en}", "es": f"{line.name}: {words.es}"}
