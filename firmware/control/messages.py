"""The words on core's socket: newline-separated JSON objects, at most 1 MiB each.

    core     {"tipring": "0.1.0", "protocol": 1}                 greeting, at once
    client   {"id": 1, "do": "status", "args": {}}
    core     {"id": 1, "ok": {...}}   or   {"id": 1, "error": "sentence"}
    core     {"event": "call.ended", "seq": 7, "data": {...}}    to who asked `subscribe`
    core     {"event": "resync", "seq": 9, "data": {}}           events were lost: ask `status` again

`server.py` speaks one side, `client.py` the other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

PROTOCOL = 1
LIMIT_OCTETS = 1 << 20
RESYNC = "resync"


class ControlError(Exception):
    """A request failed; the text is a sentence for people. Verbs raise it to answer an error."""


class CoreAway(ControlError):
    """Nobody answers on the socket, or the connection ended."""


class BadMessage(ControlError):
    """A line that is not a message of this protocol."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client wants. id: the client's own, returned with the answer."""

    id: int | str
    do: str
    args: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened. seq: counts up by one per event of this run of core."""

    name: str
    seq: int
    data: dict[str, Any]


def pack(message: dict[str, Any]) -> bytes:
    """One line. Raises BadMessage when it would be longer than 1 MiB or is not JSON."""
    try:
        line = json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise BadMessage(f"cannot be written as JSON: {error}") from None
    if len(line) > LIMIT_OCTETS:
        raise BadMessage(f"the message has {len(line)} octets, at most {LIMIT_OCTETS} are allowed")
    return line


def unpack(line: bytes) -> dict[str, Any]:
    """The object in one line. Raises BadMessage."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {error}") from None
    if not isinstance(message, dict):
        raise BadMessage("a message is a JSON object")
    return message


def request_from(message: dict[str, Any]) -> Request:
    """Check the shape of a client's message. Raises BadMessage."""
    request_id, do, args = message.get("id"), message.get("do"), message.get("args", {})
    if isinstance(request_id, bool) or not isinstance(request_id, int | str):
        raise BadMessage('a request needs "id", a number or a text')
    if not isinstance(do, str):
        raise BadMessage('a request needs "do", the name of a verb')
    if not isinstance(args, dict):
        raise BadMessage('"args" must be an object')
    return Request(request_id, do, args)
