"""From core's data to what the page shows: rows of ready texts in one language. Pure functions.

The templates only arrange these; escaping is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from firmware.telephony.outcome import outcome
from firmware.web.core_feed import Snapshot
from firmware.web.words import Words

_GOOD_MOS, _FAIR_MOS = 4.0, 3.6  # ITU-T G.107 annex B: satisfied, some users dissatisfied


def page_data(snapshot: Snapshot, words: Words, now: datetime) -> dict[str, Any]:
    """Everything the sections need. now: aware, for telling today's calls from older ones."""
    status = snapshot.status
    ports = [_port(port, words) for port in status["ports"]]
    return {
        "version": status["version"],
        "country": status["country"].upper(),
        "summary": {
            "lines": f"{sum(p['in_service'] for p in status['ports'])}/{len(ports)}",
            "phones": str(len({r["user"] for r in status["registrations"]})),
            "calls": str(len(status["calls"])),
            "uptime": rough_span(status["uptime_s"]),
        },
        "notices": [_notice(notice, words) for notice in status["notices"]],
        "ports": ports,
        "power": words.without_power(status),
        "calls": [_call(call, words) for call in status["calls"]],
        "public_address": _public_address(status["public_address"]),
        "phones": [_phone(r) for r in status["registrations"]],
        "records": [_record(r, words, now) for r in snapshot.calls if r.get("end")],
    }


def _public_address(known: Mapping[str, Any] | None) -> str:
    """What peers outside are told, "" when that is our local address."""
    if known is None:
        return ""
    source = f" (STUN {known['stun_server']})" if known["stun_server"] else ""
    return f"{known['ip']}:{known['port']}{source}"


def _notice(notice: Mapping[str, Any], words: Words) -> dict[str, str]:
    level = "error" if notice["level"] == "error" else "warning"
    return {"level": level, "label": words(f"notices.{level}"), "text": notice[words.language]}


def _port(port: Mapping[str, Any], words: Words) -> dict[str, str]:
    if not port["in_service"]:
        return {
            "name": port["name"],
            "number": port["number"],
            "kind": "out",
            "state": words("state.out_of_service"),
            "reason": port["reason"],
            "hook": "",
            "volts": "",
            "milliamperes": "",
            "peer": "",
            "echo": "",
        }
    state = "ringing" if port["ringing"] else port["state"]
    return {
        "name": port["name"],
        "number": port["number"],
        "kind": _kind(state, port["hook"]),
        "state": words.line_state(port),
        "reason": "",
        "hook": words.known(f"hook.{port['hook']}", port["hook"]),
        "volts": f"{words.number(port['loop_v'])} V",
        "milliamperes": f"{words.number(port['loop_ma'])} mA",
        "peer": words.peers(port),
        "echo": words.echo(port["echo"]),
    }


def _kind(state: str, hook: str) -> str:
    """The colour class of a state: idle, ringing, talking, or busy for everything between."""
    if state in {"idle", "ringing", "talking"}:
        return state
    return "busy" if hook == "off" else "idle"


def _call(call: Mapping[str, Any], words: Words) -> dict[str, str]:
    return {
        "from": call["from"],
        "to": call["to"],
        "kind": "busy" if call["state"] == "trying" else call["state"],
        "state": words.call_state(call),
        "duration": exact_span(call["since_s"]),
    }


def _phone(registration: Mapping[str, Any]) -> dict[str, str]:
    return {
        "user": registration["user"],
        "name": registration["name"],
        "source": f"{registration['source']} {registration['transport']}",
        "agent": registration["agent"] or "",
        "expires": rough_span(registration["expires_s"]),
    }


def _record(record: Mapping[str, Any], words: Words, now: datetime) -> dict[str, str]:
    talked = bool(record.get("talk_ms"))
    end = outcome(record, words.language)
    return {
        "start": _when(record["start"], now),
        "iso": str(record["start"]),
        "from": record["from"],
        "to": record["to"],
        "kind": "answered" if talked else "missed",
        "talked": exact_span(record["talk_ms"] / 1000) if talked else "",
        "result": end.text,
        "phrase": end.phrase,
        "explanation": end.explanation,
        "quality": _quality(record.get("mos"), words),
    }


def _quality(mos: object, words: Words) -> str:
    """A mean opinion score of 1 to 4.5 in a word and a figure."""
    if not isinstance(mos, int | float):
        return ""
    verdict = "good" if mos >= _GOOD_MOS else "fair" if mos >= _FAIR_MOS else "poor"
    return f"{words(f'quality.{verdict}')} ({words.number(mos)})"


def _when(stamp: object, now: datetime) -> str:
    """A record's UTC time on the clock of `now`'s zone: the hour alone for today."""
    try:
        when = datetime.fromisoformat(str(stamp)).astimezone(now.tzinfo)
    except (ValueError, OverflowError):
        return ""
    return when.strftime("%H:%M" if when.date() == now.date() else "%Y-%m-%d %H:%M")


def exact_span(seconds: float) -> str:
    """0:07, 12:30, 3:05:00."""
    total = max(0, int(seconds))
    hours, minutes = divmod(total // 60, 60)
    return f"{hours}:{minutes:02}:{total % 60:02}" if hours else f"{minutes}:{total % 60:02}"


def rough_span(seconds: float) -> str:
    """48 s, 4 min, 3 h 20 min, 2 d 4 h: what does not need a second's precision."""
    total = max(0, int(seconds))
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60} min"
    if total < 86400:
        return f"{total // 3600} h {total % 3600 // 60} min"
    return f"{total // 86400} d {total % 86400 // 3600} h"
