"""`tipring status` and `tipring calls`: what core says, as tables or JSON."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from firmware.cli_output import clean, language, local_time, print_json, say, span, table
from firmware.control.client import ControlClient, call_core
from firmware.control.messages import CoreAway
from firmware.telephony.outcome import outcome
from firmware.web.words import Words, read_catalogue

LOOK_EVERY_S = 1.0


def add(commands: Any) -> None:
    """Add both commands to the command line."""
    status = commands.add_parser(
        "status",
        help="ports, registrations and calls now",
        description="Show ports, registrations and calls of the running core.",
        epilog="example:\n  tipring status --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    status.add_argument("--json", action="store_true", help="print all of it as JSON")
    status.set_defaults(do=print_status)

    calls = commands.add_parser(
        "calls",
        help="call records",
        description="Show the last calls, the newest last.",
        epilog="examples:\n  tipring calls --limit 50\n  tipring calls --follow --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    calls.add_argument("--json", action="store_true", help="print JSON (with --follow one record per line)")
    calls.add_argument("--limit", type=int, default=20, metavar="N", help="how many of the last calls (default 20)")
    calls.add_argument("--follow", action="store_true", help="go on and print each call when it ends")
    calls.set_defaults(do=print_calls)


# -- status ---------------------------------------------------------------------------------


def print_status(args: argparse.Namespace) -> int:
    """`tipring status`."""
    status = call_core("status")
    if args.json:
        print_json(status)
        return 0
    print(status_text(status))
    return 0


def _level(level: str) -> str:
    """As the log has it, in the reader's language."""
    return say("ERROR", "ERROR") if level == "error" else say("WARNING", "ATENCIÓN")


def status_text(status: Mapping[str, Any]) -> str:
    """Core's status for people."""
    parts = [f"Tipring {clean(status['version'])}, {say('up for', 'en marcha desde hace')} {span(status['uptime_s'])}"]
    parts += [f"{_level(n['level'])}: {clean(n[language()])}" for n in status["notices"]]
    none = say("none", "no hay")
    ports = [_port_row(port) for port in status["ports"]]
    parts += [
        "",
        _titled(
            ("PORT", "NUMBER", "STATE", "HOOK", "VOLTS", "MA", "WITH", "ECHO"),
            ("PUERTO", "NÚMERO", "ESTADO", "GANCHO", "VOLTIOS", "MA", "CON", "ECO"),
            ports,
            none,
        ),
    ]
    parts.append(Words(language(), read_catalogue()).without_power(status))
    places = [(s["transport"], " ".join(s["addresses"]), str(s["port"]), s["fault"]) for s in status["sip"]]
    parts += ["", _titled(("SIP BY", "ADDRESS", "PORT", ""), ("SIP POR", "DIRECCIÓN", "PUERTO", ""), places, none)]
    if (public := status["public_address"]) is not None:
        told = say("Peers outside are told", "A los de fuera se les da")
        source = f" (STUN {clean(public['stun_server'])})" if public["stun_server"] else ""
        parts.append(f"{told} {public['ip']}:{public['port']}{source}")
    phones = [
        (r["user"], r["name"], f"{r['source']} {r['transport']}", r["agent"], span(r["expires_s"]))
        for r in status["registrations"]
    ]
    parts += [
        "",
        _titled(
            ("SIP USER", "NAME", "ADDRESS", "PHONE", "EXPIRES IN"),
            ("USUARIO SIP", "NOMBRE", "DIRECCIÓN", "TELÉFONO", "CADUCA EN"),
            phones,
            none,
        ),
    ]
    words = Words(language(), read_catalogue())
    calls = [(str(c["id"]), c["from"], c["to"], words.call_state(c), span(c["since_s"])) for c in status["calls"]]
    parts += [
        "",
        _titled(("CALL", "FROM", "TO", "STATE", "FOR"), ("LLAMADA", "DE", "A", "ESTADO", "DURANTE"), calls, none),
    ]
    return "\n".join(parts)


def _port_row(port: Mapping[str, Any]) -> Sequence[str]:
    if not port["in_service"]:
        reason = say("out of service: ", "fuera de servicio: ") + str(port["reason"])
        return (port["name"], port["number"], reason, "", "", "", "", "")
    words = Words(language(), read_catalogue())
    return (
        port["name"],
        port["number"],
        words.line_state(port),
        words.known(f"hook.{port['hook']}", port["hook"]),
        f"{port['loop_v']:.1f}",
        f"{port['loop_ma']:.1f}",
        words.peers(port),
        words.echo(port["echo"]),
    )


def _titled(en: Sequence[str], es: Sequence[str], rows: Sequence[Sequence[str]], none: str) -> str:
    titles = es if language() == "es" else en
    return table(titles, rows) if rows else f"{titles[0]}: {none}"


# -- calls ----------------------------------------------------------------------------------


def print_calls(args: argparse.Namespace) -> int:
    """`tipring calls`."""
    records = call_core("calls", {"limit": args.limit})
    if not args.follow:
        if args.json:
            print_json(records)
        else:
            print(calls_text(records))
        return 0
    return asyncio.run(_follow(args.limit, args.json))


def calls_text(records: Sequence[Mapping[str, Any]]) -> str:
    """Call records for people, the newest last."""
    if not records:
        return say("No calls yet.", "Todavía no hay llamadas.")
    listed = table(_titles(), [_call_row(r) for r in _oldest_first(records)])
    ends = {end.text: end.explanation for r in records if (end := outcome(r, language())).explanation}
    return "\n".join([listed, *([""] if ends else []), *(f"{text}: {ends[text]}" for text in sorted(ends))])


def _titles() -> Sequence[str]:
    if language() == "es":
        return ("INICIO", "DE", "A", "HABLADO", "FIN", "CÓDEC", "MOS")
    return ("START", "FROM", "TO", "TALKED", "ENDED", "CODEC", "MOS")


def _oldest_first(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(records, key=lambda r: str(r["start"]))


def _call_row(record: Mapping[str, Any]) -> Sequence[str]:
    mos = record.get("mos")
    return (
        local_time(record["start"]),
        str(record["from"]),
        str(record["to"]),
        span(record["talk_ms"] / 1000) if record.get("talk_ms") else "",
        outcome(record, language()).text,
        str(record.get("codec") or ""),
        f"{mos:.1f}" if isinstance(mos, int | float) else "",
    )


async def _follow(limit: int, as_json: bool) -> int:
    """Print the last calls, then each new one, until interrupted or core ends."""
    async with ControlClient() as core:
        news = asyncio.Event()
        listening = asyncio.create_task(_listen(core, news), name="listen")
        seen: set[str] = set()
        while not listening.done():
            news.clear()
            await _print_new(core, limit, seen, as_json)
            limit = max(limit, 50)  # so many calls may end between two looks
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await news.wait()
    raise CoreAway("core has ended")


async def _listen(core: ControlClient, news: asyncio.Event) -> None:
    try:
        async for _ in core.events():
            news.set()
    finally:
        news.set()


async def _print_new(core: ControlClient, limit: int, seen: set[str], as_json: bool) -> None:
    ended = [r for r in await core.call("calls", limit=limit) if r.get("end")]
    records = [r for r in _oldest_first(ended) if str(r["id"]) not in seen]
    seen.update(str(r["id"]) for r in records)
    for record in records:
        line = "  ".join(map(clean, (*_call_row(record), outcome(record, language()).explanation)))
        print(json.dumps(record, ensure_ascii=False) if as_json else line.rstrip(), flush=True)
