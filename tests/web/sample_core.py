"""What a busy core would say: data for the tests of the page and of the command line.

Run as a program it is a small core on a socket, to look at the page without any hardware:
`python -m tests.web.sample_core /tmp/demo/core.sock`
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firmware.control.server import ControlServer


def port(name: str, number: str, state: str, **changed: Any) -> dict[str, Any]:
    idle = {
        "name": name, "kind": "fxs", "number": number, "state": state, "hook": "on", "loop_v": -48.3, "loop_ma": 0.0,
        "ringing": False, "in_service": True, "reason": "", "call": None, "peer": "", "echo": None,
    }  # fmt: skip
    return idle | changed


STATUS: dict[str, Any] = {
    "version": "0.1.0",
    "uptime_s": 93784.2,
    "country": "es",
    "language": "es",
    "ports": [
        port("fxs1", "101", "talking", hook="off", loop_v=-9.4, loop_ma=20.1, call="17", peer="201 Ana",
             echo={"tail_ms": 64, "off_by_tone": False, "erl_db": 11.6, "erle_db": 33.4, "delay_ms": 12.1}),
        port("fxs2", "102", "ringing", ringing=True, loop_v=-47.9, call="18", peer="600 123 123"),
        port("fxs3", "103", "idle"),
        port("fxs4", "104", "failed", in_service=False, reason="the chip does not answer", loop_v=0.0),
    ],
    "sip": [
        {"transport": "UDP", "addresses": ["0.0.0.0"], "port": 5060, "connections": 0, "fault": ""},
        {"transport": "TLS", "addresses": ["0.0.0.0"], "port": 5061, "connections": 1, "fault": ""},
    ],
    "registrations": [
        {"user": "201", "name": "Ana", "contact": "sip:201@192.168.1.21:5060", "source": "192.168.1.21:5060",
         "transport": "UDP", "agent": "Yealink SIP-T31P 124.86", "expires_s": 212},
        {"user": "204", "name": "<b>Luis & hijos</b>", "contact": "sip:204@192.168.1.24:5062",
         "source": "192.168.1.24:5062", "transport": "TLS", "agent": "baresip v1.0.0 (x86_64/linux)", "expires_s": 48},
    ],
    "public_address": {"ip": "203.0.113.5", "port": 5060, "stun_server": "stun.example.com"},
    "calls": [
        {"id": "17", "from": "101", "to": "201", "state": "talking", "since_s": 83.4, "legs": ["fxs1/3", "sip:201/7"]},
        {"id": "18", "from": "600123123", "to": "102", "state": "ringing", "since_s": 4.0, "legs": ["sip:in/2"]},
    ],
    "lifeline": {"telephone": "fxs1", "line": "fxo1", "joined": False},
    "notices": [
        {"level": "warning", "en": "fxs4: the chip does not answer; the other lines work.",
         "es": "fxs4: el chip no responde; las demás líneas funcionan."},
    ],
}  # fmt: skip


def record(number: int, minute: int, **changed: Any) -> dict[str, Any]:
    plain = {
        "id": str(number), "from": "101", "to": "201", "start": f"2026-11-24T10:{minute:02}:07+00:00",
        "answer": f"2026-11-24T10:{minute:02}:12+00:00", "end": f"2026-11-24T10:{minute + 1:02}:20+00:00",
        "talk_ms": 68000, "cause": 16, "hung_up_by": "101", "codec": "PCMA", "loss": 0.0, "jitter_ms": 1.2, "mos": 4.4,
        "ports": "fxs1", "failures": {},
    }  # fmt: skip
    return plain | changed


MISSED = {"answer": None, "talk_ms": 0, "codec": "", "loss": None, "jitter_ms": None, "mos": None}
CALLS: list[dict[str, Any]] = [
    record(16, 41),
    record(15, 33, **MISSED, cause=19, to="102", **{"from": "600123123"}),
    record(14, 20, **MISSED, cause=17, to="204", failures={"sip:204/7": 486}),
    record(13, 5, talk_ms=1925000, mos=3.6, jitter_ms=18.4, loss=0.021, codec="PCMU"),
    record(12, 2, **MISSED, cause=1, to="999"),
    record(11, 1, **MISSED, cause=21, to="600123123", failures={"sip:trunk/4": 603, "sip:204/2": 480}),
]


def verbs(status: Mapping[str, Any] = STATUS) -> dict[str, Any]:
    """The verbs of a core that always says the same."""

    async def answer_status(_args: dict[str, Any]) -> Any:
        return status

    async def answer_calls(args: dict[str, Any]) -> Any:
        return CALLS[: args.get("limit", 20)]

    return {"status": answer_status, "calls": answer_calls}


async def main(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    await ControlServer(path, verbs(), version="0.1.0").start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
