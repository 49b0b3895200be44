"""Client and server transactions: the machines of `tables.py` with sending and timers.

Why: a transaction hides loss from those above it: it resends, absorbs resent messages and
ends by itself. Memory matters, since each one lingers for 32 s after its work is done: it
sheds everything its last state does not need. Look next at `layer.py`, which finds the
transaction of a message.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Protocol

from firmware.sip import compose
from firmware.sip.message import Request, Response
from firmware.sip.tables import (
    CAPPED,
    CLIENT,
    DURATIONS_S,
    INVITE_CLIENT,
    INVITE_SERVER,
    ONLY_UNRELIABLE,
    SERVER,
    T1_S,
    T2_S,
    Table,
)
from firmware.sip.timer_heap import Timer
from firmware.sip.transport import Address, Transport

if TYPE_CHECKING:
    from firmware.sip.layer import TransactionLayer

log = logging.getLogger(__name__)


class ClientUser(Protocol):
    """Who sent a request. Told every response, or once that none will come."""

    def responded(self, transaction: ClientTransaction, response: Response) -> None: ...
    def unanswered(self, transaction: ClientTransaction, status: int) -> None:
        """status: 408 nothing came in time, 503 it could not be sent."""


class InviteUser(Protocol):
    """Who answers an INVITE: told of the ACK to its 2xx, and of a CANCEL before any final answer."""

    def acknowledged(self, ack: Request) -> None: ...
    def cancelled(self) -> None: ...


class _Transaction:
    """What all four machines share: the table, the two timers and the octets to resend."""

    __slots__ = (
        "_interval_s",
        "_layer",
        "_life",
        "_octets",
        "_resend",
        "_resend_cap_s",
        "_table",
        "address",
        "key",
        "state",
        "transport",
    )

    def __init__(
        self, layer: TransactionLayer, key: str, table: Table, state: str, transport: Transport, address: Address
    ) -> None:
        self._layer = layer
        self._table = table
        self._octets = b""
        self._resend: Timer | None = None
        self._life: Timer | None = None
        self._interval_s = 0.0
        self._resend_cap_s = 0.0
        self.key = key
        self.state = state
        self.transport = transport
        self.address = address

    def step(self, event: str, message: Any = None) -> None:
        """Feed one event: a column of the table, with the message that caused it if any."""
        row = self._table.get((self.state, event))
        if row is None:
            log.debug("sip: transaction %s: %s in state %s ignored", self.key, event, self.state)
            return
        self.state = row[0]
        for action in row[1]:
            if action[:5] == "life:":
                self._start_life(action[5])
            elif action[:7] == "resend:":
                self._start_resending(action[7])
            else:
                getattr(self, "_do_" + action)(message)

    def _start_life(self, letter: str) -> None:
        if self._life is not None:
            self._life.cancel()
        reliable = self.transport.reliable and letter in ONLY_UNRELIABLE
        self._life = self._layer.timers.after(0.0 if reliable else DURATIONS_S[letter], self._life_over)

    def _life_over(self) -> None:
        self.step("life_over")

    def _start_resending(self, letter: str) -> None:
        if not self.transport.reliable:
            self._interval_s = T1_S
            self._resend_cap_s = T2_S if letter in CAPPED else 64 * T1_S
            self._resend = self._layer.timers.after(T1_S, self.step, "resend")

    def _do_send(self, _: Any) -> None:
        if self._octets and not self.transport.send(self._octets, self.address):
            asyncio.get_running_loop().call_soon(self.step, "unreachable")

    def _do_again(self, _: Any) -> None:
        self._do_send(None)
        self._interval_s = min(self._interval_s * 2, self._resend_cap_s)
        self._resend = self._layer.timers.after(self._interval_s, self.step, "resend")

    def _do_quiet(self, _: Any) -> None:
        if self._resend is not None:
            self._resend.cancel()
            self._resend = None

    def _do_slow(self, _: Any) -> None:
        self._interval_s = T2_S

    def _do_stop_life(self, _: Any) -> None:
        if self._life is not None:
            self._life.cancel()
            self._life = None

    def _do_shed(self, _: Any) -> None:
        self._octets = b""

    def _do_end(self, _: Any) -> None:
        self._do_quiet(None)
        self._do_stop_life(None)
        self._layer.forget(self)


class ClientTransaction(_Transaction):
    """A request of ours. Made by `TransactionLayer.request`."""

    __slots__ = ("_outgoing", "_user")

    def __init__(
        self,
        layer: TransactionLayer,
        outgoing: compose.Outgoing,
        transport: Transport,
        address: Address,
        user: ClientUser | None,
        hops: int,
    ) -> None:
        invite = outgoing.method == "INVITE"
        table, state = (INVITE_CLIENT, "calling") if invite else (CLIENT, "trying")
        super().__init__(layer, client_key(outgoing.branch, outgoing.method), table, state, transport, address)
        self._outgoing: compose.Outgoing | None = outgoing
        self._user = user
        self._octets = outgoing.octets(transport.sent_by(address[0]), hops)

    @property
    def may_cancel(self) -> bool:
        """A provisional response came and no final one (RFC 3261 9.1)."""
        return self.state == "proceeding"

    def cancel(self, headers: str = "") -> None:
        """Send CANCEL for this INVITE; only while `may_cancel`. headers: Reason line or "".

        Without a final answer 32 s later the INVITE counts as unanswered.
        """
        if self._outgoing is not None and self.may_cancel:
            self._layer.request(self._outgoing.cancel(headers), self.transport, self.address, None)
            self.step("cancelled")

    def received(self, response: Response) -> None:
        status = response.status
        self.step("1xx" if status < 200 else "2xx" if status < 300 else "failure", response)

    def _do_tell(self, response: Response) -> None:
        if self._user is not None:
            self._user.responded(self, response)

    def _do_tell_timeout(self, _: Any) -> None:
        if self._user is not None:
            self._user.unanswered(self, 408)

    def _do_tell_unreachable(self, _: Any) -> None:
        if self._user is not None:
            self._user.unanswered(self, 503)

    def _do_ack(self, response: Response) -> None:
        """ACK a failure; the octets are kept for resent failures."""
        assert self._outgoing is not None
        ack = self._outgoing.ack_for(response)
        self._octets = ack.octets(self.transport.sent_by(self.address[0]))
        self.transport.send(self._octets, self.address)

    def _do_ack_again(self, _: Any) -> None:
        self.transport.send(self._octets, self.address)

    def _do_shed(self, _: Any) -> None:
        self._outgoing = None
        if self.state != "completed":
            self._octets = b""
        if self.state == "completed":
            self._user = None


class ServerTransaction(_Transaction):
    """A request of a peer that we answer. Made by `TransactionLayer.accept`."""

    __slots__ = ("_user", "merge_key", "request")

    def __init__(
        self,
        layer: TransactionLayer,
        request: Request,
        key: str,
        transport: Transport,
        address: Address,
        user: InviteUser | None,
    ) -> None:
        invite = request.method == "INVITE"
        table, state = (INVITE_SERVER, "proceeding") if invite else (SERVER, "trying")
        super().__init__(layer, key, table, state, transport, address)
        self.request: Request | None = request
        """None once it was answered for good."""
        self._user = user
        self.merge_key = 0
        """Of an INVITE, what a copy on another path shares with it (RFC 3261 8.2.2.2)."""

    def respond(
        self,
        status: int,
        *,
        reason: str = "",
        to_tag: str = "",
        headers: str = "",
        body: str = "",
    ) -> bytes:
        """Answer the request and return the octets; nothing happens if a final answer was given."""
        if self.request is None:
            return b""
        self._octets = octets = compose.response(
            self.request, status, reason=reason, to_tag=to_tag, headers=headers, body=body
        )
        if status >= 200:
            self.request = None
        if status >= 300:
            self._user = None
        self.step("answer_1xx" if status < 200 else "answer_2xx" if status < 300 else "answer_failure")
        return octets

    @property
    def answered(self) -> bool:
        return self.request is None

    def resend(self, octets: bytes) -> None:
        """Send a 2xx once more, for who waits for its ACK (RFC 3261 13.3.1.4)."""
        self._octets = octets
        self.step("answer_2xx")

    def cancelled(self) -> None:
        """A CANCEL came for this INVITE."""
        if not self.answered and self._user is not None:
            self._user.cancelled()

    def let_go(self) -> None:
        """The user is not interested any more."""
        self._user = None

    def _do_tell_ack(self, ack: Request) -> None:
        if self._user is not None:
            self._user.acknowledged(ack)


def client_key(branch: str, method: str) -> str:
    return f"{branch} {method}"
