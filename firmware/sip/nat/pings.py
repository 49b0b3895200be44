"""Keeps the way to phones behind NAT open: an OPTIONS to each, every half minute or so.

Why: a NAT router forgets a phone's port after 30 to 180 s without packets, and then no call
reaches the phone. Bare CRLF would be cheaper, but many routers only count what comes from
inside, so the phone must answer; and every phone answers OPTIONS. They go out evenly over the
interval, each is sent once, and a phone that has stopped answering is named in the log once.
Look next at `care.py`.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable

from firmware.sip.accounts.binding_store import Binding
from firmware.sip.calls.targets import Way
from firmware.sip.messages.compose import Outgoing
from firmware.sip.messages.identifiers import new_call_id, new_tag
from firmware.sip.messages.message import Response
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import parse_uri
from firmware.sip.transports.hop import bare_ip

log = logging.getLogger(__name__)

_TICK_S = 1.0
_MISSED_MOST = 3
"""So many unanswered in a row, and the phone counts as silent."""


class _Phone:
    """What was sent last to one contact. missed: pings without an answer since the last answer."""

    __slots__ = ("binding", "branch", "missed", "sent")

    def __init__(self, binding: Binding) -> None:
        self.binding = binding
        self.branch = ""
        self.sent = b""
        self.missed = 0

    @property
    def name(self) -> str:
        return f"sip:{self.binding.user}: the phone at {self.binding.source_ip}:{self.binding.source_port}"


class Pings:
    """bindings: all there are now. way: to one of them; may raise Refusal. every_s: 0 pings nobody."""

    def __init__(self, bindings: Callable[[], list[Binding]], way: Callable[[Binding], Way], every_s: float) -> None:
        self._bindings = bindings
        self._way = way
        self._every_s = every_s
        self._phones: dict[tuple[str, str, str, int], _Phone] = {}
        self._by_branch: dict[str, _Phone] = {}
        self._due: deque[_Phone] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        if self._every_s > 0:
            self._round()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def answered(self, response: Response) -> bytes:
        """Take the response to a ping and return the ping; b"" when it is to nothing of ours."""
        phone = self._by_branch.pop(response.via.branch, None)
        if phone is None:
            return b""
        if phone.missed > _MISSED_MOST:
            log.info("%s answers again", phone.name)
        phone.missed = 0
        return phone.sent

    def _round(self) -> None:
        """Begin an interval: see who is behind NAT now, and spread them over it."""
        before, self._phones = self._phones, {}
        for binding in filter(is_behind_nat, self._bindings()):
            phone = self._phones[binding.key] = before.get(binding.key) or _Phone(binding)
            phone.binding = binding
        self._by_branch = {phone.branch: phone for phone in self._phones.values() if phone.missed}
        self._due = deque(self._phones.values())
        self._tick(math.ceil(len(self._due) * _TICK_S / self._every_s), self._every_s)

    def _tick(self, at_once: int, left_s: float) -> None:
        for _ in range(min(at_once, len(self._due))):
            self._ping(self._due.popleft())
        loop = asyncio.get_running_loop()
        if self._due:
            self._timer = loop.call_later(_TICK_S, self._tick, at_once, left_s - _TICK_S)
        else:
            self._timer = loop.call_later(max(left_s, _TICK_S), self._round)

    def _ping(self, phone: _Phone) -> None:
        binding = phone.binding
        try:
            way = self._way(binding)
        except Refusal:
            return
        self._by_branch.pop(phone.branch, None)
        if phone.missed == _MISSED_MOST:
            log.info("%s does not answer any more", phone.name)
        phone.missed += 1
        transport, address = way.hop
        place = transport.contact_place(address[0])
        ping = Outgoing(
            "OPTIONS",
            way.uri,
            from_line=f"<sip:{place}>;tag={new_tag()}",
            to_line=f"<{way.uri}>",
            call_id=new_call_id(parse_uri(way.uri).host),
            cseq=1,
            routes=way.routes,
            headers=f"Contact: {transport.contact(address[0])}\r\nAccept: application/sdp\r\n",
        )
        phone.branch, phone.sent = ping.branch, ping.octets(transport.sent_by(address[0]))
        self._by_branch[phone.branch] = phone
        transport.send(phone.sent, address)


def is_behind_nat(binding: Binding) -> bool:
    """Whether a phone reached over UDP calls itself another address than its packets come from.

    One behind a proxy is left to that (its Path, RFC 3327).
    """
    if binding.transport != "UDP" or binding.path:
        return False
    return bare_ip(parse_uri(binding.contact).host) != binding.source_ip.partition("%")[0]
