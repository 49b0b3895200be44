"""One INVITE of a called leg to one contact (RFC 3261 13.2, RFC 6026).

Why: a called leg rings every contact of its user, and each INVITE has a fate of its own that
may outlive the leg: a 200 that crosses our CANCEL still wants its ACK and BYE. A branch
knows its leg only while the leg is interested. Look next at `called.py`.
"""

from __future__ import annotations

from typing import Protocol

from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import Dialog
from firmware.sip.messages.compose import Outgoing
from firmware.sip.messages.message import Response
from firmware.sip.transactions.client_transaction import ClientTransaction
from firmware.sip.transports.hop import Hop


class BranchOwner(Protocol):
    """The called leg, as its branches see it."""

    def branch_rang(self, branch: Branch, response: Response) -> None: ...
    def branch_answered(self, branch: Branch, dialog: Dialog, response: Response) -> None: ...
    def branch_failed(self, branch: Branch, status: int, response: Response | None) -> None: ...


class Branch:
    """Sends its INVITE when made. from_tag: our tag in it. Lives as long as its transaction, so it is kept small."""

    __slots__ = ("_acks", "_cancel_headers", "_context", "_from_tag", "_invite", "_leg", "_transaction")

    def __init__(
        self,
        leg: BranchOwner,
        context: SipContext,
        invite: Outgoing,
        from_tag: str,
        hop: Hop,
        hops: int,
    ) -> None:
        self._leg: BranchOwner | None = leg
        self._context = context
        self._invite = invite
        self._from_tag = from_tag
        self._acks: list[tuple[str, Hop, bytes]] = []
        self._cancel_headers: str | None = None
        self._transaction = context.transactions.request(invite, *hop, self, hops)

    def cancel(self, headers: str = "") -> None:
        """The leg has no more interest. CANCEL goes out once a provisional response came."""
        self._leg = None
        self._cancel_headers = headers
        self._transaction.cancel(headers)

    def let_go(self) -> None:
        """The leg is dead; only resent 200s are acknowledged from now on."""
        self._leg = None

    def responded(self, transaction: ClientTransaction, response: Response) -> None:
        status = response.status
        if status < 200:
            if self._leg is not None:
                self._leg.branch_rang(self, response)
            elif self._cancel_headers is not None:
                transaction.cancel(self._cancel_headers)
                self._cancel_headers = None
        elif status < 300:
            self._accepted(response)
        elif self._leg is not None:
            self._leg.branch_failed(self, status, response)

    def unanswered(self, transaction: ClientTransaction, status: int) -> None:
        if self._leg is not None:
            self._leg.branch_failed(self, status, None)

    def _accepted(self, response: Response) -> None:
        tag = response.to.tag
        for known, hop, octets in self._acks:
            if known == tag:
                hop.transport.send(octets, hop.address)
                return
        dialog = Dialog.as_client(self._invite, self._from_tag, response, self._transaction.transport)
        ack = dialog.ack(self._invite.cseq)
        self._acks.append((tag, dialog.hop, ack))
        self._invite.headers = self._invite.body = ""
        dialog.send(ack)
        if self._leg is not None and len(self._acks) == 1:
            self._leg.branch_answered(self, dialog, response)
        else:  # it lost against another answer, or crossed our CANCEL
            bye = dialog.request("BYE")
            self._context.transactions.request(bye, *dialog.hop, None)
