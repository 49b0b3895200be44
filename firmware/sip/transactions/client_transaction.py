"""A request of ours until its final response and a while longer (RFC 3261 17.1, RFC 6026).

Why: resends it, acknowledges a refused INVITE, and can cancel one. Look next at `branch.py`,
which sends INVITEs, and `tables.py`.
"""

from __future__ import annotations

from typing import Any, Protocol

from firmware.sip.messages import compose
from firmware.sip.messages.message import Response
from firmware.sip.transactions.aftermath import Acknowledge
from firmware.sip.transactions.tables import CLIENT, INVITE_CLIENT
from firmware.sip.transactions.transaction import Layer, Transaction
from firmware.sip.transports.hop import Hop
from firmware.sip.transports.transport import Address, Transport


class ClientUser(Protocol):
    """Who sent a request. Told every response, or once that none will come."""

    def responded(self, transaction: ClientTransaction, response: Response) -> None: ...
    def unanswered(self, transaction: ClientTransaction, status: int) -> None:
        """status: 408 nothing came in time, 503 it could not be sent."""


class ClientTransaction(Transaction):
    """A request of ours. Made by `TransactionLayer.request`."""

    __slots__ = ("_hops", "_outgoing", "_retreat", "_user", "others", "to_tag")

    def __init__(
        self,
        layer: Layer,
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
        self._hops = hops
        self._retreat: Transport | None = None
        self.to_tag: str | None = None
        """Of the 2xx that was acknowledged; None: there was none."""
        self.others: Acknowledge | None = None
        self._octets = outgoing.octets(transport.sent_by(address[0]), hops)

    @property
    def octets(self) -> bytes:
        """The request as sent; b"" when it need not be sent any more."""
        return self._octets

    def divert(self, transport: Transport) -> None:
        """Go by `transport`; by the first one after all when no connection can be made (RFC 3261 18.1.1)."""
        assert self._outgoing is not None
        self._retreat = self.transport
        self.transport = transport
        self._octets = self._outgoing.octets(transport.sent_by(self.address[0]), self._hops)

    def lost(self) -> None:
        first, outgoing = self._retreat, self._outgoing
        if first is None or outgoing is None or self.state not in {"calling", "trying"}:
            super().lost()
            return
        self._retreat = None
        self.transport = first
        self._octets = outgoing.octets(first.sent_by(self.address[0]), self._hops)
        self._layer.size_switch.went_back(self.address)
        self.step("start")

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

    def acknowledge(self, to_tag: str, octets: bytes, hop: Hop, others: Acknowledge | None = None) -> None:
        """Send the ACK to a 2xx just told; whoever sends a copy of that gets it again (RFC 3261 13.2.2.4).

        to_tag: of the 2xx. others: who deals with the 2xx of further telephones, None for the agent.
        """
        hop.transport.send(octets, hop.address)
        self._octets = octets
        self.transport, self.address = hop
        self.to_tag = to_tag
        self.others = others

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

    def _do_let_go(self, _: Any) -> None:
        """User and transaction know each other; without this only the garbage collector could free them."""
        self._user = None

    def _do_ack(self, response: Response) -> None:
        """ACK a failure; the octets are kept for resent failures."""
        assert self._outgoing is not None
        ack = self._outgoing.ack_for(response)
        self._octets = ack.octets(self.transport.sent_by(self.address[0]))
        self.transport.send(self._octets, self.address)

    def _do_spare(self, _: Any) -> None:
        self._octets = b""
        if self._outgoing is not None:
            self._outgoing.headers = self._outgoing.body = ""

    def _do_shed(self, _: Any) -> None:
        self._do_quiet(None)
        self._outgoing = None
        self._octets = b""


def client_key(branch: str, method: str) -> str:
    return f"{branch} {method}"
