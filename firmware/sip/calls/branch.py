"""One INVITE of a called leg to one target (RFC 3261 13.2, RFC 6026).

Why: a called leg rings several targets, and each INVITE has a fate of its own that
may outlive the leg: a 200 that crosses our CANCEL still wants its ACK and BYE. A branch
knows its leg only while the leg is interested. Look next at `called.py`.
"""

from __future__ import annotations

from typing import Protocol

from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import Dialog
from firmware.sip.calls.targets import Target
from firmware.sip.messages.compose import Outgoing
from firmware.sip.messages.message import Response
from firmware.sip.transactions.client_transaction import ClientTransaction
from firmware.sip.transactions.timer_heap import Timer
from firmware.sip.transports.hop import Hop

RING_LIMIT_S = 181.0
"""Timer C (RFC 3261 16.6 step 11): a target that rings longer without news is given up."""


class BranchOwner(Protocol):
    """The called leg, as its branches see it."""

    def branch_rang(self, branch: Branch, response: Response) -> None: ...
    def branch_answered(self, branch: Branch, dialog: Dialog, response: Response) -> None: ...
    def branch_failed(self, branch: Branch, status: int, response: Response | None) -> None: ...


class Branch:
    """Sends its INVITE when made. from_tag: our tag in it. Lives as long as its transaction, so it is kept small.

    target: whom it rings, by the first of its ways. wanted: False once `cancel` or `stop_ringing` was called.
    """

    __slots__ = ("_acks", "_cancel_headers", "_context", "_from_tag", "_invite", "_leg", "_limit", "_transaction",
                 "target", "wanted")  # fmt: skip

    def __init__(
        self,
        leg: BranchOwner,
        context: SipContext,
        invite: Outgoing,
        from_tag: str,
        target: Target,
        hops: int,
    ) -> None:
        self._leg: BranchOwner | None = leg
        self._context = context
        self._invite = invite
        self._from_tag = from_tag
        self._acks: list[tuple[str, Hop, bytes]] = []
        self._cancel_headers: str | None = None
        self._limit: Timer | None = None
        self.target = target
        self.wanted = True
        self._transaction = context.transactions.request(invite, *target.ways[0].hop, self, max(hops, 0))

    def cancel(self, headers: str = "") -> None:
        """The leg has no more interest. CANCEL goes out once a provisional response came."""
        self._leg = None
        self.stop_ringing(headers)

    def stop_ringing(self, headers: str = "") -> None:
        """CANCEL, but the leg still takes a 200 that crosses it."""
        self._stop_limit()
        if not self.wanted:
            return
        self.wanted = False
        if self._transaction.may_cancel:
            self._transaction.cancel(headers)
        else:
            self._cancel_headers = headers

    def let_go(self) -> None:
        """The leg is dead; only resent 200s are acknowledged from now on."""
        self._leg = None
        self._stop_limit()

    def responded(self, transaction: ClientTransaction, response: Response) -> None:
        status = response.status
        if status < 200:
            self._rang(transaction, response)
        elif status < 300:
            self._accepted(response)
        elif self._leg is not None:
            self._failed(status, response)

    def unanswered(self, transaction: ClientTransaction, status: int) -> None:
        self._failed(status, None)

    def _rang(self, transaction: ClientTransaction, response: Response) -> None:
        if self._cancel_headers is not None:
            transaction.cancel(self._cancel_headers)
            self._cancel_headers = None
        elif self._leg is not None and self.wanted:
            if response.status > 100 or self._limit is None:
                self._stop_limit()
                self._limit = self._context.timers.after(RING_LIMIT_S, self._rang_too_long)
            self._leg.branch_rang(self, response)

    def _rang_too_long(self) -> None:
        self._limit = None
        self._failed(480, None)
        self.cancel()

    def _failed(self, status: int, response: Response | None) -> None:
        self._stop_limit()
        if self._leg is not None:
            self._leg.branch_failed(self, status, response)

    def _stop_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _accepted(self, response: Response) -> None:
        tag = response.to.tag
        for known, hop, octets in self._acks:
            if known == tag:
                hop.transport.send(octets, hop.address)
                return
        dialog = Dialog.as_client(self._invite, self._from_tag, response, self._transaction.transport)
        ack = dialog.ack(self._invite.cseq)
        self._acks.append((tag, dialog.hop, ack))
        self._stop_limit()
        self._invite.headers = self._invite.body = ""
        dialog.send(ack)
        if self._leg is not None and len(self._acks) == 1:
            self._leg.branch_answered(self, dialog, response)
        else:  # it lost against another answer, or crossed our CANCEL
            bye = dialog.request("BYE")
            self._context.transactions.request(bye, *dialog.hop, None)
