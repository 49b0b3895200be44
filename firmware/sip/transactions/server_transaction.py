"""A peer's request that we answer: resends of both sides are dealt with here (RFC 3261 17.2, RFC 6026).

Why: the legs say what to answer, once. Look next at `calling.py` and `tables.py`.
"""

from __future__ import annotations

from typing import Any, Protocol

from firmware.sip.messages import compose
from firmware.sip.messages.message import Request
from firmware.sip.transactions.tables import INVITE_SERVER, SERVER
from firmware.sip.transactions.transaction import Layer, Transaction
from firmware.sip.transports.transport import Address, Transport


class InviteUser(Protocol):
    """Who answers an INVITE: told of the ACK to its 2xx, and of a CANCEL before any final answer."""

    def acknowledged(self, ack: Request) -> None: ...
    def cancelled(self, cancel: Request) -> None: ...


class ServerTransaction(Transaction):
    """A request of a peer that we answer. Made by `TransactionLayer.accept`."""

    __slots__ = ("_sent_by_port", "_user", "merge_key", "request", "to_tag")

    def __init__(
        self,
        layer: Layer,
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
        self._sent_by_port = request.via.port or transport.default_port
        self.to_tag = ""
        """Of the dialog an INVITE begins; its CANCEL is answered with the same (RFC 3261 9.2)."""
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
        """Send a 2xx once more for who waits for its ACK (RFC 3261 13.3.1.4), or a reliable 1xx (RFC 3262 3)."""
        self._octets = octets
        self.step("answer_2xx" if self.answered else "answer_1xx")

    def cancelled(self, cancel: Request) -> None:
        """A CANCEL came for this INVITE."""
        if not self.answered and self._user is not None:
            self._user.cancelled(cancel)

    def let_go(self) -> None:
        """The user is not interested any more: the ACK came, or nobody waits for it."""
        self._user = None
        self.step("let_go")

    def _do_send(self, message: Any) -> None:
        """Where the request's connection is gone, to the port its Via names (RFC 3261 18.2.2)."""
        if self.transport.reliable and not self.transport.has_flow(self.address):
            self.address = (self.address[0], self._sent_by_port)
        super()._do_send(message)

    def _do_tell_ack(self, ack: Request) -> None:
        if self._user is not None:
            self._user.acknowledged(ack)
