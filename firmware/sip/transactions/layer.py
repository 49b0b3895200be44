"""The transaction layer: a message finds its transaction, the rest goes to the agent (RFC 3261 17.1.3, 17.2.3).

Why: all transactions of one agent are kept here, and made here. How octets become messages, and a `Refusal` a
response: `arrivals.py`. Look next at `agent.py`, the user of this layer.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from firmware.sip.messages import compose
from firmware.sip.messages.message import Request, Response
from firmware.sip.messages.status import Refusal
from firmware.sip.transactions.aftermath import Remains
from firmware.sip.transactions.arrivals import Arrivals, Beside
from firmware.sip.transactions.client_transaction import ClientTransaction, ClientUser, client_key
from firmware.sip.transactions.leftovers import Leftovers
from firmware.sip.transactions.matching import merge_key, reply_via, server_key, tag_of_refusal
from firmware.sip.transactions.server_transaction import InviteUser, ServerTransaction
from firmware.sip.transactions.size_switch import LARGE_OCTETS, SizeSwitch
from firmware.sip.transactions.timer_heap import TimerHeap
from firmware.sip.transports.hop import Hop
from firmware.sip.transports.transport import Address, Transport, response_address

log = logging.getLogger(__name__)


class Agent(Protocol):
    """The user of the layer. `request_arrived` may raise Refusal or Silence; then nothing may be left behind."""

    def request_arrived(self, request: Request, transport: Transport) -> None: ...
    def ack_arrived(self, request: Request) -> None:
        """An ACK that belongs to no transaction: to a 2xx, or to nothing."""

    def answered_too(self, response: Response, transport: Transport) -> tuple[bytes, Hop]:
        """A 2xx to an INVITE of ours that another telephone has answered: ACK and BYE. The ACK, and where it went."""


class TransactionLayer:
    """All transactions of one agent. force_rport: see `response_address`. beside: set by the agent."""

    def __init__(self, agent: Agent, *, force_rport: bool = True) -> None:
        self.beside: Beside | None = None
        self.arrivals = Arrivals(self)
        """What the transports tell."""
        self._force_rport = force_rport
        self.timers = TimerHeap(asyncio.get_running_loop())
        self._agent = agent
        self._clients: dict[str, ClientTransaction] = {}
        self._servers: dict[str, ServerTransaction] = {}
        self._merging: set[int] = set()
        self._leftovers = Leftovers(self.timers, agent.answered_too, self._forget_merging)
        self.size_switch = SizeSwitch()
        self._settled: asyncio.Event | None = None

    def debug(self) -> dict[str, int]:
        """How many transactions and timers live, those included of which only copies are still expected."""
        return {
            "client": len(self._clients) + self._leftovers.of_ours,
            "server": len(self._servers) + self._leftovers.of_peers,
            "timers": len(self.timers),
        }

    @property
    def waiting(self) -> int:
        """Client transactions without a final answer yet."""
        return sum(
            1 for transaction in self._clients.values() if transaction.state in {"trying", "proceeding", "calling"}
        )

    async def settle(self, deadline_s: float) -> None:
        """Wait until every request of ours has its final answer, at most `deadline_s`."""
        if not self.waiting:
            return
        self._settled = asyncio.Event()
        try:
            async with asyncio.timeout(deadline_s):
                await self._settled.wait()
        except TimeoutError:
            log.info("sip: %d requests still without an answer", self.waiting)

    def close(self) -> None:
        self.timers.clear()
        self.arrivals.close()
        self._clients.clear()
        self._servers.clear()
        self._merging.clear()
        self._leftovers.clear()

    # -- sending ---------------------------------------------------------------
    def request(
        self,
        outgoing: compose.Outgoing,
        transport: Transport,
        address: Address,
        user: ClientUser | None,
        hops: int = 70,
    ) -> ClientTransaction:
        """Send a request (not ACK) and see it through."""
        transaction = ClientTransaction(self, outgoing, transport, address, user, hops)
        if len(transaction.octets) > LARGE_OCTETS and not transport.reliable:
            stream = self.size_switch.stream_for(outgoing, transport, address)
            if stream is not None:
                transaction.divert(stream)
        self._clients[transaction.key] = transaction
        transaction.step("start")
        return transaction

    def accept(self, request: Request, transport: Transport, user: InviteUser | None = None) -> ServerTransaction:
        """Keep state for a request: from now on its resends are absorbed. user: of an INVITE."""
        address = response_address(request.via, request.source, transport, force_rport=self._force_rport)
        transaction = ServerTransaction(self, request, server_key(request, request.method), transport, address, user)
        self._servers[transaction.key] = transaction
        if request.method == "INVITE":
            transaction.merge_key = merge_key(request)
            self._merging.add(transaction.merge_key)
        return transaction

    def answer_without_state(
        self,
        request: Request,
        transport: Transport,
        status: int,
        *,
        reason: str = "",
        to_tag: str = "",
        headers: str = "",
    ) -> None:
        """Answer and forget. Without `to_tag` it is one that is the same for a resent request (RFC 3261 8.2.7)."""
        tag = to_tag or tag_of_refusal(request)
        try:
            address = response_address(request.via, request.source, transport, force_rport=self._force_rport)
        except Refusal:
            address = request.source
        octets = compose.response(request, status, reason=reason, to_tag=tag, headers=headers)
        transport.send(octets, address)

    def forget(self, transaction: object) -> None:
        """A transaction ended."""
        if isinstance(transaction, ClientTransaction):
            self._clients.pop(transaction.key, None)
        elif isinstance(transaction, ServerTransaction):
            self._servers.pop(transaction.key, None)
            self._merging.discard(transaction.merge_key)

    def leave(self, transaction: object, life_s: float, octets: bytes) -> None:
        """A transaction ended; for `life_s` seconds its copies get `octets` for an answer, b"" for none."""
        if not life_s:
            self.forget(transaction)
        elif isinstance(transaction, ClientTransaction):
            self._clients.pop(transaction.key, None)
            self._leftovers.of_client(transaction, octets, life_s)
        elif isinstance(transaction, ServerTransaction):
            self._servers.pop(transaction.key, None)
            self._leftovers.of_server(transaction, octets, life_s)

    def _forget_merging(self, remains: Remains) -> None:
        self._merging.discard(remains.merge_key)
        if not self._merging:
            self._merging.clear()  # gives back its table

    def is_merged(self, request: Request) -> bool:
        """Whether this new INVITE is a copy of one in hand that came by another path (RFC 3261 8.2.2.2)."""
        return merge_key(request) in self._merging

    # -- receiving ---------------------------------------------------------------
    def connections_lost(self, lost: set[tuple[str, Address]]) -> None:
        """Requests of ours that wait on one of these fail."""
        for transaction in list(self._clients.values()):
            if transaction.transport.reliable and (transaction.transport.name, transaction.address) in lost:
                transaction.lost()
        self._tell_settled()

    def _tell_settled(self) -> None:
        if self._settled is not None and not self.waiting:
            self._settled.set()

    def response_arrived(self, response: Response) -> None:
        """To a request of ours, or to one that is over. Raises Refusal for one that cannot be used."""
        response.check()
        key = client_key(response.via.branch, response.cseq[1])
        transaction = self._clients.get(key)
        if transaction is not None:
            if self.beside is not None and not transaction.transport.reliable:
                self.beside.response_arrived(transaction.octets, response)
            transaction.received(response)
            self._tell_settled()
        elif not self._leftovers.take_response(response, key) and self.beside is not None:
            self.beside.stray_response(response)

    def request_arrived(self, request: Request, transport: Transport, new_welcome: bool) -> None:
        """Raises Refusal or Silence. new_welcome: False refuses what would begin something."""
        request.reply_via = reply_via(request)
        request.check()
        method = request.method
        key = server_key(request, "INVITE" if method in {"ACK", "CANCEL"} else method)
        transaction = self._servers.get(key)
        if transaction is None and (answered := self._leftovers.answered(key)) is not None:
            self._receive_copy(request, transport, answered)
        elif method == "ACK":
            if transaction is not None:
                transaction.step("ack", request)
            else:
                self._agent.ack_arrived(request)
        elif method == "CANCEL":
            self._receive_cancel(request, transport, transaction)
        elif transaction is not None:
            transaction.step("request")
        elif not new_welcome:
            raise self.arrivals.intake.refusal()
        else:
            self._agent.request_arrived(request, transport)

    def _receive_copy(self, request: Request, transport: Transport, answered: Remains) -> None:
        """To a transaction that is over."""
        if request.method == "CANCEL":
            self.answer_without_state(request, transport, 200, to_tag=answered.to_tag)
        elif request.method != "ACK" and answered.octets:
            answered.transport.send(answered.octets, answered.address)

    def _receive_cancel(self, request: Request, transport: Transport, invite: ServerTransaction | None) -> None:
        if invite is None:
            raise Refusal(481)
        self.answer_without_state(request, transport, 200, to_tag=invite.to_tag)
        invite.cancelled(request)
